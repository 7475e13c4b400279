"""Conditions on rules: an expression (CEL) over one item, milestone or flow, checked when it is written, bounded when
it runs.

An expression sees `item`, `milestone` or `flow` with the fields of `FIELDS`, `today` (the beginning of the local day)
and `days(n)`. Ages are whole days that change at local midnight. A number that is not known makes the answer "not
applicable", never false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cel_expr_python import cel
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)

from rules.condition_hints import hinted
from rules.facts import Flow, Item, Milestone, State, Subject

MAX_LENGTH = 2000
MAX_LIST_TESTS = 6
MAX_TEXT = 2048
"""Characters of one text that an expression sees: what it can build from them in memory is bounded by it (measured)."""
MAX_ENTRIES = 100
MACRO = re.compile(r"\.\s*(exists|exists_one|all|filter|map)\s*\(|\bcel\s*\.\s*bind\s*\(")
LITERAL = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', re.S)
POSITION = re.compile(r"<input>:(\d+):(\d+): (.*)")

_FILE = descriptor_pb2.FieldDescriptorProto
_WELL_KNOWN = {
    "number": ".google.protobuf.Value",
    "name": ".google.protobuf.StringValue",
    "time": ".google.protobuf.Timestamp",
}
_DEPENDS = (struct_pb2.DESCRIPTOR.name, timestamp_pb2.DESCRIPTOR.name, wrappers_pb2.DESCRIPTOR.name)


class ConditionError(ValueError):
    """An expression that cannot be used: what is wrong, and where (line and column from 1)."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


@dataclass(frozen=True, slots=True)
class Field:
    """One fact that expressions may use. `type` is text, name (text or null), texts, flag, number (or null) or time
    (may be absent).
    """

    type: str
    description: str
    read: Callable[[Any, datetime], Any]
    ages: bool = False


def _age(subject: Subject, since: datetime, now: datetime) -> int:
    calendar = subject.project.calendar
    return (calendar.local_date(now) - calendar.local_date(since)).days


def _until_due(subject: Item | Milestone, now: datetime) -> int | None:
    return None if subject.due is None else (subject.due - subject.project.calendar.local_date(now)).days


_COMMON: dict[str, Field] = {
    "kind": Field("text", "What it is, such as issue, pull_request, sprint or version.", lambda s, _: s.kind.value),
    "key": Field("text", "Its key or number as the tracker shows it.", lambda s, _: s.key),
    "title": Field("text", "Its title.", lambda s, _: s.title),
    "project": Field("text", "The key of its project.", lambda s, _: s.project.key),
    "tracker": Field("text", "github or jira.", lambda s, _: s.project.tracker),
    "public": Field("flag", "Whether everybody may read its project.", lambda s, _: s.project.public),
    "days_until_due": Field(
        "number", "Days until its due date; below 0 after it; null without one.", _until_due, ages=True
    ),
}

FIELDS: Mapping[type[Subject], Mapping[str, Field]] = {
    Item: _COMMON
    | {
        "state": Field("text", "todo, in_progress, in_review, done or dropped.", lambda s, _: s.state.value),
        "status": Field("text", "The tracker's own word for the state.", lambda s, _: s.status),
        "body": Field("text", "The first 2,048 characters of the description.", lambda s, _: s.body),
        "labels": Field("texts", "Its labels.", lambda s, _: s.labels),
        "author": Field("name", "The author's login; null where not known.", lambda s, _: s.author and s.author.login),
        "author_is_bot": Field("flag", "Whether a machine wrote it.", lambda s, _: bool(s.author and s.author.bot)),
        "author_is_member": Field(
            "flag", "Whether its author may write to the project.", lambda s, _: bool(s.author and s.author.member)
        ),
        "assignees": Field("texts", "The logins of its assignees.", lambda s, _: [p.login for p in s.assignees]),
        "milestone": Field("name", "The title of its milestone; null without one.", lambda s, _: s.milestone_title),
        "has_parent": Field("flag", "Whether it is part of another item.", lambda s, _: s.parent is not None),
        "children": Field("number", "How many parts it has.", lambda s, _: s.children_total),
        "estimate": Field("number", "Its size in the team's unit; null where unsized.", lambda s, _: s.size.estimate),
        "lines": Field("number", "Changed lines of a pull request; null otherwise.", lambda s, _: s.size.lines),
        "files": Field("number", "Changed files of a pull request; null otherwise.", lambda s, _: s.size.files),
        "boxes": Field("number", "Boxes of its check list.", lambda s, _: s.size.checklist_total),
        "boxes_done": Field("number", "Ticked boxes of its check list.", lambda s, _: s.size.checklist_done),
        "is_draft": Field("flag", "Whether it is a draft.", lambda s, _: bool(s.pull_request and s.pull_request.draft)),
        "checks": Field("name", "The sum of its checks; null if no pull request.", lambda s, _: _pull(s, "checks")),
        "review": Field("name", "The sum of its reviews; null if no pull request.", lambda s, _: _pull(s, "review")),
        "times_reopened": Field("number", "How often people opened it again.", lambda s, _: len(s.reopened)),
        "has_question": Field(
            "flag",
            "Whether a question to its author or assignees stands unanswered.",
            lambda s, _: s.question is not None,
        ),
        "created_at": Field("time", "When it was opened.", lambda s, _: s.created_at),
        "age_days": Field("number", "Days since it was opened.", lambda s, now: _age(s, s.created_at, now), ages=True),
        "state_days": Field("number", "Days in its state.", lambda s, now: _age(s, s.state_since, now), ages=True),
        "quiet_days": Field(
            "number", "Days since it last moved.", lambda s, now: _age(s, s.last_movement.at, now), ages=True
        ),
    },
    Milestone: _COMMON
    | {
        "open": Field("flag", "Whether it is open.", lambda s, _: s.open),
        "number": Field("number", "Its number on GitHub; null elsewhere.", lambda s, _: s.number),
        "has_home": Field("flag", "Whether an item is its home.", lambda s, _: s.home is not None),
        "members": Field("number", "Items in it.", lambda s, now: len(_members(s, now))),
        "members_open": Field(
            "number", "Open items in it.", lambda s, now: sum(m.state.is_open for m in _members(s, now))
        ),
    },
    Flow: {name: _COMMON[name] for name in ("kind", "key", "tracker", "public")}
    | {
        "in_progress": Field("number", "Items in progress.", lambda s, _: _standing(s, State.IN_PROGRESS)),
        "in_review": Field("number", "Items in review.", lambda s, _: _standing(s, State.IN_REVIEW)),
    },
}


JUDGED: Mapping[str, type[Subject]] = {"item": Item, "milestone": Milestone, "flow": Flow}
"""What an expression calls its subject."""


def _pull(item: Item, name: str) -> str | None:
    return str(getattr(item.pull_request, name)) if item.pull_request is not None else None


def _standing(flow: Flow, state: State) -> int:
    return sum(len(column.waiting) for column in flow.columns if column.state is state)


def _members(milestone: Milestone, now: datetime) -> list[Any]:
    return [member for member in milestone.members if member.left_at is None or member.left_at > now]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a condition holds; None: not applicable, and `why` says what it lacked."""

    holds: bool | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled expression. `uses_time` says that its answer may change at local midnight."""

    text: str
    judges: type[Subject]
    uses_time: bool
    expression: Any

    def answer(self, subject: Subject, now: datetime) -> Answer:
        """Ask it of one subject. Never raises for what the subject holds or lacks."""
        calendar = subject.project.calendar
        data = {_root(self.judges): _fill(subject, now), "today": calendar.midnight(calendar.local_date(now))}
        try:
            value = self.expression.eval(data=data)
        except RuntimeError as error:  # the library raises for a spent budget only
            return Answer(None, "it takes too long to answer" if "udget" in str(error) else _plain(str(error)))
        if value.type().name() != "BOOL":
            return Answer(None, _plain(str(value.plain_value())))
        return Answer(bool(value.plain_value()))

    def holds(self, subject: Subject, now: datetime) -> bool | None:
        return self.answer(subject, now).holds


def compile_condition(text: str, judges: type[Subject]) -> Condition:
    """Check and compile an expression over what a rule judges. Raises ConditionError with line and column."""
    return _compiled(text, _root(judges))


@lru_cache(maxsize=512)
def _compiled(text: str, root: str) -> Condition:
    bare = _guard(text)
    judges = JUDGED[root]
    try:
        expression = _environment(root).compile(text)
    except RuntimeError as error:
        raise _located(str(error), text, root) from None
    if expression.return_type().name() not in ("BOOL", "DYN"):
        raise ConditionError("a condition must be true or false, such as item.labels.exists(l, l == 'bug')")
    words = set(re.findall(r"\w+", bare))
    ages = {name for name, field in FIELDS[judges].items() if field.ages} | {"today"}
    return Condition(text=text, judges=judges, uses_time=bool(words & ages), expression=expression)


def _guard(text: str) -> str:
    """The text without its string literals, once it is known to be small enough to run."""
    if not text.strip():
        raise ConditionError("the condition is empty")
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"the condition is longer than {MAX_LENGTH} characters")
    bare = LITERAL.sub('""', text)
    found = [(match[1] or "bind", match.start()) for match in MACRO.finditer(bare)]
    if any(name == "map" for name, _ in found):
        raise ConditionError("map() is not allowed in a condition")
    if len(found) > MAX_LIST_TESTS:
        raise ConditionError(f"more than {MAX_LIST_TESTS} list tests (exists, all, filter) in one condition")
    return bare


def _located(said: str, text: str, root: str) -> ConditionError:
    """The compiler's first complaint, with what to write instead where that can be told."""
    found = POSITION.search(said)
    if found is None:
        return ConditionError(_plain(said))
    line, column = int(found[1]), int(found[2])
    fields = FIELDS[JUDGED[root]]
    told = hinted(text, _plain(found[3]), line=line, column=column, root=root, fields=fields, roots=JUDGED)
    return ConditionError(told.message, line=told.line, column=told.column)


def _plain(text: str) -> str:
    """The library's message in words for whoever wrote the condition."""
    text = text.split("\n", maxsplit=1)[0].removesuffix(" [INVALID_ARGUMENT]")
    if (unknown := re.search(r"undefined field '(\w+)'", text)) is not None:
        return f"there is no field {unknown[1]!r}"
    if (unknown := re.search(r"undeclared reference to '([^']*)'", text)) is not None:
        return f"{unknown[1]!r} is not known here; conditions use item, milestone or flow, today and days(n)"
    if "null_type" in text:
        return "a value that it compares is not known"
    if (types := re.search(r"applied to '\((.*)\)'", text)) is not None:
        return f"these cannot be compared or combined: {types[1]}"
    if text.startswith("Syntax error"):
        return text.split(" expecting ")[0]
    return text.split(": ", 1)[-1]


def _root(judges: type[Subject]) -> str:
    return next(root for root, judged in JUDGED.items() if judged is judges)


@lru_cache(maxsize=len(JUDGED))
def _message(root: str) -> Any:
    """The protobuf class that holds the facts of one subject; typed, so that mistakes show when the condition is
    written.
    """
    name = root.capitalize()
    file = descriptor_pb2.FileDescriptorProto(
        name=f"plumbline/{name}.proto", package="plumbline", syntax="proto3", dependency=_DEPENDS
    )
    message = file.message_type.add(name=name)
    for number, (field_name, field) in enumerate(FIELDS[JUDGED[root]].items(), 1):
        entry = message.field.add(name=field_name, number=number, label=_FILE.LABEL_OPTIONAL)
        if field.type in _WELL_KNOWN:
            entry.type, entry.type_name = _FILE.TYPE_MESSAGE, _WELL_KNOWN[field.type]
        else:
            entry.type = _FILE.TYPE_BOOL if field.type == "flag" else _FILE.TYPE_STRING
            entry.label = _FILE.LABEL_REPEATED if field.type == "texts" else _FILE.LABEL_OPTIONAL
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"plumbline.{name}"))


@lru_cache(maxsize=len(JUDGED))
def _environment(root: str) -> Any:
    _message(root)  # the type must be in the pool before an environment can name it
    overload = cel.Overload(
        "days_int", return_type=cel.Type.DURATION, parameters=[cel.Type.INT], is_member=False, impl=_days
    )
    variables = {root: cel.Type(f"plumbline.{root.capitalize()}"), "today": cel.Type.TIMESTAMP}
    return cel.NewEnv(variables=variables, functions=[cel.FunctionDecl("days", [overload])])


def _days(count: int) -> timedelta:
    return timedelta(days=max(-100_000, min(100_000, count)))


def _fill(subject: Subject, now: datetime) -> Any:
    judges = type(subject)
    message = _message(_root(judges))()
    for name, field in FIELDS[judges].items():
        value = field.read(subject, now)
        if value is None:
            continue
        if field.type == "number":
            getattr(message, name).number_value = value
        elif field.type == "time":
            getattr(message, name).FromDatetime(value.astimezone(UTC).replace(tzinfo=None))
        elif field.type == "texts":
            getattr(message, name).extend(_text(entry) for entry in list(value)[:MAX_ENTRIES])
        elif field.type == "name":
            getattr(message, name).value = _text(value)
        else:
            setattr(message, name, _text(value) if field.type == "text" else value)
    return message


def _text(value: str) -> str:
    """Cut, and without the lone surrogates that protobuf refuses."""
    return value[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
