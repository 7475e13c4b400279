"""The form of a rule: from a draft to what stands in its fields, and from what was sent back to a draft.

The names of its fields are `type, name, title, mode, severity, reach, params.<field>, scope.projects` (many),
`scope.patterns, scope.kinds` (many), `scope.condition, ladder.<n>.after, ladder.<n>.tell, actions.label,
actions.color, actions.remark, actions.settle_minutes` and `version`: the version in force that it was made from, 0 for
a new rule.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from math import isfinite
from typing import Any

from werkzeug.datastructures import MultiDict

from app.web.forms import Form
from app.web.rule_fields import fields_of
from rules.catalog.registry import by_name
from rules.engine import problems
from rules.rulefile import RuleDraft, plain_actions
from rules.spec import MODES, Actions, RuleType, Rung, Scope, Tell
from rules.verdict import Reach, Severity

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
RESERVED = frozenset({"new", "import", "export", "packs", "preview"})
"""Names that addresses of pages need."""
LONGEST_TITLE = 120
RUNG = re.compile(r"ladder\.(\d{1,3})\.(?:after|tell)")
BEFORE_CARET = 22
"""Characters that are shown before a mistake in a long line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a text a mistake is: line and column from 1, and the line in three pieces, the middle one in error."""

    line: int
    column: int
    before: str
    wrong: str
    after: str


@dataclass(slots=True)
class RuleForm(Form):
    """The form of a rule. `places`: by field, where in its text the mistake is. `rungs`: the numbers of the ladder's
    rows.
    """

    places: dict[str, Place] = field(default_factory=dict)
    rungs: tuple[int, ...] = ()

    @property
    def version(self) -> int:
        """The version in force that the form was made from; 0: a new rule."""
        text = self.value("version")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def read_draft(sent: MultiDict[str, str], *, nameless: bool = False) -> tuple[RuleDraft | None, RuleForm]:
    """Read what was sent. The draft is None where anything is wrong; the form says what, each at its field. With
    `nameless` a new rule needs no name or title yet: to see what it would do.
    """
    form = RuleForm(values=_values(sent), rungs=_rungs(sent))
    draft = _read(form, nameless=nameless)
    return (draft if form.good else None), form


def draft_without_condition(sent: MultiDict[str, str], *, nameless: bool = False) -> RuleDraft | None:
    """What was sent without its condition, where that alone is wrong; else None."""
    draft, form = read_draft(sent, nameless=nameless)
    if draft is not None or set(form.errors) != {"scope.condition"}:
        return None
    rest: MultiDict[str, str] = MultiDict(sent)
    rest.poplist("scope.condition")
    return read_draft(rest, nameless=nameless)[0]


def form_of(draft: RuleDraft, *, version: int, projects: Collection[str]) -> RuleForm:
    """The form of a draft. `projects` are the keys that have a box each; what else the scope names is a pattern."""
    type_ = by_name(draft.type)
    values: dict[str, object] = {
        "type": draft.type,
        "name": draft.name,
        "title": draft.title,
        "mode": draft.mode,
        "severity": draft.severity.value,
        "reach": draft.reach.value,
        "scope.projects": [key for key in draft.scope.projects if key in projects],
        "scope.patterns": ", ".join(key for key in draft.scope.projects if key not in projects),
        "scope.kinds": list(draft.scope.kinds),
        "scope.condition": draft.scope.condition or "",
        "version": str(version),
    }
    for one in fields_of(type_):
        values[f"params.{one.name}"] = one.shown(draft.params.get(one.name, one.default))
    values |= {f"actions.{name}": str(value) for name, value in plain_actions(draft.actions).items()}
    for number, rung in enumerate(draft.ladder):
        values |= {f"ladder.{number}.after": f"{rung.after:g}", f"ladder.{number}.tell": rung.tell.value}
    return RuleForm(values=values, rungs=tuple(range(len(draft.ladder))))


def with_mistakes(form: RuleForm, draft: RuleDraft) -> RuleForm:
    """The form of a draft that cannot be used as it stands, with what is wrong at each field."""
    _check(form, draft, dict(enumerate(form.rungs)))
    return form


def place_in(text: str, line: int, column: int) -> Place:
    """Where a mistake is, with enough of the line around it to find it."""
    lines = text.splitlines() or [""]
    whole = lines[min(line, len(lines)) - 1]
    at = min(max(column - 1, 0), len(whole))
    found = re.compile(r"\w+|\S").match(whole, at)
    wrong = found[0] if found else ""
    before = whole[:at]
    return Place(
        line=line,
        column=column,
        before=before if len(before) <= BEFORE_CARET else "… " + before[-BEFORE_CARET:],
        wrong=wrong,
        after=whole[at + len(wrong) :],
    )


def slug(title: str) -> str:
    """A name from a title: "Reviews that wait" is reviews-that-wait."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:80].strip("-")


def _values(sent: MultiDict[str, str]) -> dict[str, object]:
    values: dict[str, object] = {name: sent[name].strip() for name in sent}
    for name in ("scope.projects", "scope.kinds"):
        values[name] = [text.strip() for text in sent.getlist(name) if text.strip()]
    # browsers send line ends as CR LF: columns are counted in plain lines
    return {name: v.replace("\r\n", "\n") if isinstance(v, str) else v for name, v in values.items()}


def _rungs(sent: MultiDict[str, str]) -> tuple[int, ...]:
    return tuple(sorted({int(found[1]) for name in sent if (found := RUNG.fullmatch(name))}))


def _read(form: RuleForm, *, nameless: bool) -> RuleDraft | None:
    try:
        type_ = by_name(form.value("type"))
    except KeyError:
        form.errors["type"] = "is not known: choose one of the list"
        return None
    title = form.value("title")
    if len(title) > LONGEST_TITLE:
        form.errors["title"] = f"must have at most {LONGEST_TITLE} characters"
    ladder, places = _ladder(form)
    projects = (*_many(form, "scope.projects"), *_split(form.value("scope.patterns")))
    draft = RuleDraft(
        name=_name(form, title, nameless=nameless),
        type=type_.name,
        title=title,
        mode=_one_of(form, "mode", MODES, "observe"),
        severity=Severity(_one_of(form, "severity", [one.value for one in Severity], "warning")),
        reach=Reach(_one_of(form, "reach", [one.value for one in Reach], "comment")),
        params=_params(form, type_),
        scope=Scope(
            projects=tuple(dict.fromkeys(projects)),
            kinds=tuple(dict.fromkeys(_many(form, "scope.kinds"))),
            condition=form.value("scope.condition") or None,
        ),
        ladder=ladder,
        actions=_actions(form),
    )
    _check(form, draft, places)
    return replace(draft, params=_plain(draft.params, type_)) if form.good else None


def _name(form: RuleForm, title: str, *, nameless: bool) -> str:
    """The name of a rule: one in force keeps its own; a new one without has it from its title."""
    name = form.value("name")
    if form.version:
        return name
    name = name or slug(title) or ("nameless" if nameless else "")
    if not name:
        form.errors["title"] = "is needed: a few words that lists show"
    elif not NAME.fullmatch(name) or name in RESERVED:
        form.errors["name"] = "must be small letters, digits and hyphens, such as reviews-that-wait"
        if name in RESERVED:
            form.errors["name"] = f"must be another word: {name} is the address of a page"
    return name


def _one_of(form: RuleForm, name: str, allowed: Collection[str], default: str) -> str:
    text = form.value(name) or default
    if text in allowed:
        return text
    form.errors[name] = f"must be one of {', '.join(allowed)}"
    return default


def _many(form: RuleForm, name: str) -> tuple[str, ...]:
    found = form.values.get(name, ())
    return tuple(found) if isinstance(found, list) else ()


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[,\s]+", text) if part)


def _params(form: RuleForm, type_: RuleType) -> dict[str, Any]:
    """What was typed for each parameter. One that was not sent keeps its default; a box that was not sent is off."""
    params: dict[str, Any] = {}
    for one in fields_of(type_):
        name = f"params.{one.name}"
        if name not in form.values and one.kind != "flag":
            continue
        try:
            params[one.name] = one.stored(form.value(name))
        except ValueError as error:
            form.errors[name] = str(error)
    return params


def _plain(params: Mapping[str, Any], type_: RuleType) -> dict[str, Any]:
    """Parameters that hold, as they are stored; those that are as by default are left out."""
    found = type_.params.model_validate(dict(params)).model_dump()
    return {
        one.name: value.value if isinstance(value := found[one.name], Enum) else value
        for one in fields_of(type_)
        if found[one.name] != one.default
    }


def _ladder(form: RuleForm) -> tuple[tuple[Rung, ...], dict[int, int]]:
    """The rungs of a ladder, and of each its row in the form. A row with nothing in it is none."""
    rungs: list[Rung] = []
    places: dict[int, int] = {}
    for row in form.rungs:
        after, tell = form.value(f"ladder.{row}.after"), form.value(f"ladder.{row}.tell")
        if not after and not tell:
            continue
        try:
            days = float(after)
        except ValueError:
            days = float("nan")
        if not isfinite(days):
            form.errors[f"ladder.{row}.after"] = "must be a number of working days; 0: at once"
        if tell not in list(Tell):
            form.errors[f"ladder.{row}.tell"] = "is needed: choose whom to tell"
        if isfinite(days) and tell in list(Tell):
            places[len(rungs)] = row
            rungs.append(Rung(after=days, tell=Tell(tell)))
    return tuple(rungs), places


def _actions(form: RuleForm) -> Actions:
    """What flags do in the tracker. An empty field is as usual."""
    text, minutes = form.value("actions.settle_minutes"), None
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        form.errors["actions.settle_minutes"] = "must be a whole number of minutes"
    elif text:
        minutes = int(text)
    return Actions(
        label=form.value("actions.label"),
        color=form.value("actions.color").removeprefix("#").lower(),
        remark=form.value("actions.remark"),
        settle_minutes=minutes,
    )


def _check(form: RuleForm, draft: RuleDraft, rows: Mapping[int, int]) -> None:
    """What the engine finds wrong, at the fields of the form; what is said there already stands."""
    known = set(form.errors)
    for problem in problems(draft.as_rule()):
        name = re.sub(r"^ladder\[(\d+)\]", lambda found: f"ladder.{rows.get(int(found[1]), 0)}", problem.field)
        if re.fullmatch(r"ladder\.\d+", name):
            name += ".after"
        if name in known or name in form.places:
            continue
        form.errors.setdefault(name, problem.message)
        if problem.line is not None and problem.column is not None:
            form.places[name] = place_in(form.value(name), problem.line, problem.column)
