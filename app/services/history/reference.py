"""The reference page and the JSON Schema of the history format, made from the records: what is documented is read."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app.services.history.fields import BEGINNING
from app.services.history.records import RECORDS, VERSION, ChangeField

INTRO = f"""# The history format, version {VERSION}

What trackers told and what people decided, as a file: JSON Lines in UTF-8, packed with gzip or not.
`plumbline history export` writes it, `plumbline history import` takes it in, `plumbline backtest --history` plays it.
[Bring your own history](../how-to/bring-your-own-history.md) says how to make one from other data;
[history.schema.json](history.schema.json) is the JSON Schema of a line.

- The first line is the header, `{{"kind": "history", "version": {VERSION}}}`. Every other line is one record; `kind`
  says which.
- Ids are texts that mean something within the file alone. A record refers to records above it; milestones alone may
  stand below what names them.
- A field that is not listed is a mistake, and so is a record that refers to nothing. A file with a mistake is refused
  whole.
- Instants carry an offset (`2026-03-02T09:00:00Z`) and lie between 1970 and 2199; days are `2026-03-02`. A due date
  after 2199 is read as none.
- Changes may stand in any order. One that stands there twice, told by its `key`, counts once.
- What is derived (states, stays in milestones, sums, statistics) is never in the file, nor is anything secret, nor what
  was written to a tracker.

Where a file contradicts itself, the rest of it still counts: an item that is open and closed is open, one that is open
and deleted is deleted; a milestone that items name and that stands nowhere is not judged; a rule that cannot be used
is left out. Each is said when the file is read. A change before the creation of its item, a date before its start, a
negative estimate are taken as they are.
"""

CHANGES = {
    "state": "the tracker's word: open, closed, merged; a Jira status. `before` is null when it was made",
    "title, body, type, milestone_title, project, security": "the text that was there, and the one that is",
    "label, milestone": "`after` when put on or in, `before` when taken off or out; of `milestone` ids of milestones",
    "assignee, reviewer": "likewise, logins; of `reviewer` also names of teams",
    "draft": "`draft` or `ready`",
    "lock": "`after`: locked or unlocked",
    "queue": "`after` or `before`: auto_merge, queued",
    "flag": "`after` when raised, `before` when taken down",
    "comment": "`after`: question, where it asks something; of its text nothing is kept",
    "review_comment, worklog": "nothing is needed; `who` and `url` say enough",
    "review": "`after`: approved, changes_requested, commented, dismissed",
    "push": "`after`: the commit that is the head then",
    "due": "days",
    "estimate": "numbers, as texts",
    "effort": "`timespent:`, `timeoriginalestimate:` or `timeestimate:` and seconds",
    "link": "`after`: words that end in the other item's key",
    "milestone_state": "of a milestone: open, closed",
}


def page(made: str) -> str:
    """The reference page; `made` says how it came to be."""
    parts = [made, INTRO.strip(), "## Records, in the order in which an export writes them"]
    shown: list[type[BaseModel]] = []
    for kind, model in RECORDS.items():
        parts += _section(f"### `{kind}`", model)
        for inner in _inner(model):
            if inner not in shown:
                shown.append(inner)
                parts += _section(f"#### {inner.__name__}, within `{kind}`", inner)
    rows = ["| field | what `before` and `after` hold |", "| --- | --- |"]
    rows += [f"| {', '.join(f'`{one}`' for one in name.split(', '))} | {what} |" for name, what in CHANGES.items()]
    parts += ["## What changes hold", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def documented_changes() -> set[str]:
    """The fields of changes that the page explains."""
    return {one for names in CHANGES for one in names.split(", ")}


def change_fields() -> set[str]:
    """The fields of changes that there are."""
    return set(get_args(ChangeField))


def schema() -> dict[str, Any]:
    """JSON Schema of a line."""
    made = TypeAdapter(Union[tuple(RECORDS.values())]).json_schema()  # type: ignore[arg-type]  # noqa: UP007
    title = f"A line of a Plumbline history, version {VERSION}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **made}


def _section(heading: str, model: type[BaseModel]) -> list[str]:
    about = " ".join((model.__doc__ or "").split())
    rows = ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
    for name, field in model.model_fields.items():
        if name != "kind":
            rows.append(f"| `{name}` | {_type(field)} | {_default(field)} | {field.description} |")
    return [heading, about, "\n".join(rows)]


def _type(field: FieldInfo) -> str:
    return " or ".join(dict.fromkeys(_words(field.annotation)))


_NAMES = {str: "text", int: "number", float: "number", bool: "true or false", dict: "object"}


def _words(annotation: Any) -> list[str]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _words(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [word for part in get_args(annotation) if part is not type(None) for word in _words(part)]
    if origin is Literal:
        return [", ".join(f"`{value}`" for value in get_args(annotation))]
    if origin is list:
        return [f"list of {', '.join(_words(get_args(annotation)[0]))}"]
    if origin is dict:
        return ["object"]
    if hasattr(annotation, "__members__"):
        return [", ".join(f"`{one.value}`" for one in annotation)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation.__name__]
    return [_NAMES.get(annotation, "day" if getattr(annotation, "__name__", "") == "date" else "instant")]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or value in ("", [], {}) or isinstance(value, BaseModel):
        return ""
    if value == BEGINNING:
        return "1970"
    plain = getattr(value, "value", value)
    return f"`{str(plain).lower() if isinstance(plain, bool) else plain}`"


def _inner(model: type[BaseModel]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []
    for field in model.model_fields.values():
        for part in _models(field.annotation):
            found += [part, *_inner(part)]
    return found


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
