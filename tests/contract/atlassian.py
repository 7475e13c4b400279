"""Atlassian's OpenAPI documents of Jira Cloud, and whether a request and its answer are as they say.

The documents are of v3; v2 has the same shapes but for texts, which are wiki markup there and unspecified in v3.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.support import shared

ROOT = Path(__file__).resolve().parents[2]
FILES = ("jira-cloud-v3.openapi.json.gz", "jira-software-cloud.openapi.json.gz")


@cache
def documents() -> list[dict[str, Any]]:
    """The documents; skips, saying so, where they are absent."""
    return [json.loads(gzip.decompress(shared("specs", name).read_bytes())) for name in FILES]


@cache
def _operations() -> list[tuple[re.Pattern[str], str, dict[str, Any], int]]:
    found = []
    for place, document in enumerate(documents()):
        for path, verbs in document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + r"\Z")
            shared_parameters = verbs.get("parameters", [])
            for verb, operation in verbs.items():
                if verb in ("get", "put", "post", "delete"):
                    asked = [*shared_parameters, *operation.get("parameters", [])]
                    found.append((pattern, verb.upper(), {**operation, "parameters": asked, "path": path}, place))
    return found


def faults(verb: str, path: str, query: dict[str, str], body: Any, status: int, answer: Any) -> list[str]:
    """What Atlassian's document says against a request and its answer."""
    path = path.replace("/rest/api/2/", "/rest/api/3/")
    fitting = [(one, place) for pattern, wanted, one, place in _operations() if wanted == verb and pattern.match(path)]
    if not fitting:
        return [f"{verb} {path}: there is no such operation"]
    # /project/search fits /project/{key} too: the one with the fewest names in it is meant.
    operation, place = min(fitting, key=lambda one: one[0]["path"].count("{"))
    found = _query(operation, query, place)
    given = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body is not None and given is None:
        found.append("a body, where none is taken")
    elif body is not None:
        found += _schema(given, body, place)
    elif operation.get("requestBody", {}).get("required"):
        found.append("no body")
    told = operation["responses"].get(str(status))
    if told is None and status not in (401, 403, 404, 410, 429):
        found.append(f"an answer of {status}, which is not described")
    schema = ((told or {}).get("content") or {}).get("application/json", {}).get("schema") if status < 400 else None
    if schema is not None and answer is not None:
        found += _schema(schema, answer, place)
    return [f"{verb} {operation['path']} {status}: {one}" for one in found]


def _query(operation: dict[str, Any], query: dict[str, str], place: int) -> list[str]:
    known = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
    found = [f"query {name} is not known" for name in query if name not in known]
    found += [f"query {name} is required" for name, one in known.items() if one.get("required") and name not in query]
    for name, value in query.items():
        schema = known.get(name, {}).get("schema", {})
        typed: Any = value
        if schema.get("type") == "integer":
            typed = int(value)
        elif schema.get("type") == "boolean":
            typed = {"true": True, "false": False}.get(value, value)
        elif schema.get("type") == "array":
            typed = value.split(",")
        found += [f"query {name}: {one}" for one in _schema(schema, typed, place)]
    return found


@cache
def _registry() -> Registry:
    some = [(f"urn:{place}", Resource(document, DRAFT202012)) for place, document in enumerate(documents())]
    return Registry().with_resources(some)


def _schema(schema: dict[str, Any], value: Any, place: int) -> list[str]:
    absolute = json.loads(json.dumps(schema).replace('"#/components', f'"urn:{place}#/components'))
    validator = OAS30Validator(absolute, registry=_registry())
    return [
        f"{'.'.join(map(str, one.absolute_path)) or 'body'}: {one.message[:200]}"
        for one in validator.iter_errors(value)
    ]
