"""The OpenAPI document of the API, made from its operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.web.api.operations import PLACE, Operation, Problem, Query

Mode = Literal["validation", "serialization"]

ABOUT = (
    "The same services as the pages. Send a token: `Authorization: Bearer plb_…`. Instants are ISO 8601 in UTC, dates "
    "are dates, `null` is not known or none. Lists come in pages: send the `next` of a page as `after`. What a token "
    "may not see is not there (404)."
)
SAID = {
    400: "Something in the request cannot be read; `field` names it.",
    401: "No token, or one that is not known or was revoked.",
    403: "The token or its owner's role does not reach that far.",
    404: "Not there, or not for this token to see.",
    409: "It cannot be done as things stand; the message says why.",
    413: "Too large.",
    415: "Not JSON.",
    503: "Something that is needed does not answer; try again.",
}
KINDS: dict[str, dict[str, Any]] = {
    "int": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
    "string": {"type": "string", "minLength": 1},
    "path": {"type": "string", "minLength": 1},
}
REF = "#/components/schemas/{model}"


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    wanted: list[tuple[type[BaseModel], Mode]] = [(Problem, "serialization")]
    for one in operations:
        wanted += [(one.answer, "serialization")] if one.answer is not None else []
        wanted += [(one.body, "validation")] if one.body is not None else []
    refs, schemas = models_json_schema(list(dict.fromkeys(wanted)), ref_template=REF)
    paths: dict[str, Any] = {}
    for one in operations:
        paths.setdefault(PLACE.sub(r"{\2}", one.path), {})[one.method.lower()] = _operation(one, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Plumbline", "version": "1", "description": ABOUT},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas["$defs"],
        },
    }


def _operation(one: Operation, refs: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"description": "Done."}
    if one.answer is not None:
        told["content"] = {"application/json": {"schema": refs[one.answer, "serialization"]}}
    elif one.media != "application/json":
        told["content"] = {one.media: {}}
    problem = {"application/json": {"schema": refs[Problem, "serialization"]}}
    found: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "description": f"{one.about} Needs the scope `{one.scope}`.".strip(),
        "tags": [one.tag],
        "parameters": [_place(name, kind) for name, kind in one.places] + (_parameters(one.query) if one.query else []),
        "responses": {
            str(one.status): told,
            **{str(status): {"description": SAID[status], "content": problem} for status in one.errors},
        },
    }
    if one.body is not None:
        schema = refs[one.body, "validation"]
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _place(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": KINDS[kind]}


def _parameters(query: type[Query]) -> list[dict[str, Any]]:
    schema = query.model_json_schema()
    found = []
    for name, field in schema["properties"].items():
        kept = {key: value for key, value in field.items() if key not in ("title", "description", "default", "anyOf")}
        # not sent is said by not sending it
        kept |= next((one for one in field.get("anyOf", ()) if one.get("type") != "null"), {})
        if "enum" in kept:
            kept["enum"] = [*kept["enum"], ""]  # empty is as good as not sent
        found.append({"name": name, "in": "query", "description": field.get("description", ""), "schema": kept})
    return found


def page(made: str, operations: Sequence[Operation]) -> str:
    """The same as a page for people. `made` says at its top that it is made."""
    parts = [made, "# API", ABOUT, "Everything is below `/api/v1`; [openapi.json](openapi.json) has it for programs."]
    for tag in dict.fromkeys(one.tag for one in operations):
        rows = [_row(one) for one in operations if one.tag == tag]
        parts += [
            f"## {tag.capitalize()}",
            "\n".join(["| operation | what it does | scope |", "| --- | --- | --- |", *rows]),
        ]
    return "\n\n".join(parts) + "\n"


def _row(one: Operation) -> str:
    path = PLACE.sub(r"{\2}", one.path)
    about = f"{one.summary}. {one.about}" if one.about else f"{one.summary}."
    return f"| `{one.method} {path}` | {about} | {one.scope} |"
