"""Operations of the API: what each takes and answers with is said once, and route, checks and document follow from it.

A view is a plain function: it takes `query` and `body` where its operation has them, and the parts of its path.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, TypeVar

from flask import Blueprint, Response, abort, g, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.errors import UnavailableError, UserError
from app.web.security import json_error
from rules.mistakes import in_words

View = TypeVar("View", bound=Callable[..., Any])
M = TypeVar("M", bound=BaseModel)

MOST = 200
PAGE_SIZE = 50
PLACE = re.compile(r"<(?:(\w+):)?(\w+)>")


def _whole(value: object) -> object:
    """A number in an address: figures alone."""
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            raise ValueError(f"must be a whole number, not {value[:20]!r}")
        return int(value)
    return value


Whole = Annotated[int, BeforeValidator(_whole)]


class Query(BaseModel):
    """What may stand behind the question mark. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Paged(Query):
    """A page of a list."""

    project: str | None = Field(None, max_length=300, description="Only of this project, by its key (`acme/shop`).")
    after: str | None = Field(None, max_length=1000, description="The `next` of the page before.")
    limit: Whole = Field(PAGE_SIZE, ge=1, le=MOST, description="How many at most.")


class Body(BaseModel):
    """What is sent with a change. Unknown names are refused, and so is a text where a number belongs."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Wrong(BaseModel):
    """What is wrong: `code` for programs, `message` for people, `field` where one is to blame."""

    code: str
    message: str
    field: str | None


class Problem(BaseModel):
    """Every answer that is no success."""

    error: Wrong


@dataclass(frozen=True, slots=True)
class Operation:
    """One address with one method. `path` is as Flask has it; `answer` None: 204, nothing to say."""

    method: str
    path: str
    name: str
    summary: str
    about: str
    tag: str
    scope: str
    query: type[Query] | None
    body: type[Body] | None
    answer: type[BaseModel] | None
    status: int
    media: str

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """The parts of the path: (name, kind), the kind as Flask calls it."""
        return tuple((name, kind or "string") for kind, name in PLACE.findall(self.path))

    @property
    def errors(self) -> tuple[int, ...]:
        """The statuses that say no."""
        found = {401, 403}
        if self.query is not None or self.body is not None:
            found.add(400)
        if self.places or (self.query is not None and "project" in self.query.model_fields):
            found.add(404)
        if self.body is not None:
            found |= {413, 415}
        if self.method != "GET":
            found |= {409, 503}
        return tuple(sorted(found))


class Operations:
    """The operations of a blueprint, in the order in which they were written down."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.all: list[Operation] = []

    def add(
        self,
        method: str,
        path: str,
        *,
        tag: str,
        answer: type[BaseModel] | None = None,
        scope: str = "read",
        query: type[Query] | None = None,
        body: type[Body] | None = None,
        status: int | None = None,
        media: str = "application/json",
    ) -> Callable[[View], View]:
        """Make a view an operation. Its docstring says what it does: the first line in few words, then the rest."""

        def wrap(view: View) -> View:
            summary, _, about = inspect.getdoc(view).partition("\n")  # type: ignore[union-attr]
            operation = Operation(
                method=method,
                path=path,
                name=view.__name__,
                summary=summary.rstrip("."),
                about=" ".join(about.split()),
                tag=tag,
                scope=scope,
                query=query,
                body=body,
                answer=answer,
                status=status or (200 if answer is not None or media != "application/json" else 204),
                media=media,
            )
            self.all.append(operation)

            @wraps(view)
            def answered(**places: Any) -> Response:
                return _answered(operation, view, places)

            self.blueprint.add_url_rule(path, endpoint=view.__name__, view_func=answered, methods=[method])
            return view

        return wrap


def _answered(operation: Operation, view: Callable[..., Any], places: dict[str, Any]) -> Response:
    if not g.user.allows(operation.scope):
        abort(json_error(403, f"this token does not reach that far: it needs the scope {operation.scope}"))
    values = dict(places)
    if operation.query is not None:
        values["query"] = _query(operation.query)
    elif request.args:
        name = next(iter(request.args))
        abort(json_error(400, f"{name[:40]}: is not known here", field=name[:40]))
    if operation.body is not None:
        values["body"] = _body(operation.body)
    try:
        found = view(**values)
    except UnavailableError as error:
        abort(json_error(503, str(error), code="unavailable"))
    except UserError as error:
        abort(json_error(409, str(error), code="refused"))
    if isinstance(found, Response):
        return found
    if found is None:
        return Response(status=operation.status)
    return Response(found.model_dump_json(), status=operation.status, mimetype="application/json")


def _query(model: type[Query]) -> Query:
    doubled = next((name for name, texts in request.args.lists() if len(texts) > 1), None)
    if doubled is not None:
        abort(json_error(400, f"{doubled[:40]}: stands in the address twice", field=doubled[:40]))
    # a filter that is left empty is none
    return _checked(lambda: model.model_validate({name: text for name, text in request.args.items() if text}))


def _body(model: type[Body]) -> Body:
    if request.mimetype != "application/json":
        abort(json_error(415, "send JSON: Content-Type: application/json"))
    return _checked(lambda: model.model_validate_json(request.get_data()))


def _checked(read: Callable[[], M]) -> M:
    try:
        return read()
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "json_invalid":
            abort(json_error(400, f"the body is not JSON: {first['msg']}"))
        abort(
            json_error(400, f"{field[:80]}: {in_words(first)}" if field else in_words(first), field=field[:80] or None)
        )
