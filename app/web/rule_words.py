"""A rule as pages show it: its parameters with title and unit, what is wrong with it, what differs between versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from app.services import pages, rulebook
from app.store.views.rules import RuleRow, VersionRow
from app.web.rule_fields import OPTIONS, ParamField, fields_of
from rules.engine import problems
from rules.rulefile import RuleDraft
from rules.spec import Actions, RuleType, Rung, Scope, Tell
from rules.verdict import Reach, Severity

NAMES: Mapping[str, str] = {
    "type": "Type",
    "title": "Title",
    "mode": "Mode",
    "severity": "Severity",
    "reach": "Reach",
    "scope.projects": "Projects",
    "scope.kinds": "Kinds",
    "scope.condition": "Only when",
    "ladder": "Told to",
    "actions.label": "Label",
    "actions.color": "Colour",
    "actions.remark": "Remark",
    "actions.settle_minutes": "Hold for",
}
"""What the parts of a rule are called that every type has."""
TELLS: Mapping[str, str] = {
    "author": "the author",
    "assignee": "the assignee",
    "lead": "the lead",
    "channel": "the channel",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a rule as the page shows it. `changed`: it differs from the default."""

    name: str
    title: str
    unit: str
    help: str
    value: object
    default: object
    share: bool = False

    @property
    def changed(self) -> bool:
        """Whether it differs from the default."""
        return self.value != self.default


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that keeps a rule from being judged: which part of it, what would be right, and what stands there."""

    title: str
    message: str
    given: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a rule that differs: what it is called, and its value before and after, in words."""

    name: str
    title: str
    before: str
    after: str


def parameters(params: Mapping[str, Any], type_: RuleType | None) -> list[Parameter]:
    """The parameters of a rule, defaults filled in."""
    if type_ is None:
        return [Parameter(name, name, "", "", value, value) for name, value in params.items()]
    return [
        Parameter(
            name=one.name,
            title=one.title,
            unit=one.unit,
            help=one.help,
            value=params.get(one.name, one.default),
            default=one.default,
            share=one.kind == "share",
        )
        for one in fields_of(type_)
    ]


def numbers(params: Mapping[str, Any], type_: RuleType | None) -> dict[str, object]:
    """The parameters in force by name, defaults filled in."""
    return {parameter.name: parameter.value for parameter in parameters(params, type_)}


def draft_of_row(row: RuleRow | VersionRow, *, name: str, type_name: str) -> RuleDraft:
    """A row of a list, or a version of a rule, as a draft."""
    return RuleDraft(
        name=name,
        type=type_name,
        title=row.title,
        mode=row.mode,
        severity=Severity(row.severity),
        reach=Reach(row.reach),
        params=row.params,
        scope=Scope(
            projects=tuple(row.scope.get("projects", ())),
            kinds=tuple(row.scope.get("kinds", ())),
            condition=row.scope.get("condition"),
        ),
        ladder=tuple(Rung(after=rung["after"], tell=Tell(rung["tell"])) for rung in row.ladder),
        actions=Actions(**row.actions),
    )


def faults(draft: RuleDraft) -> list[Fault]:
    """Everything that keeps a rule from being judged; nothing where it can be."""
    titles = _titles(draft.type)
    return [
        Fault(titles.get(problem.field, problem.field.removeprefix("params.")), problem.message, problem.given)
        for problem in problems(draft.as_rule())
    ]


def differences(before: RuleDraft, after: RuleDraft, *, without: Collection[str] = ("type",)) -> tuple[Difference, ...]:
    """What differs between two versions of a rule, in words."""
    titles = _titles(after.type)
    known = {f"params.{one.name}": one for one in fields_of(pages.rule_types()[after.type])} if titles else {}
    return tuple(
        Difference(
            name=name,
            title=titles.get(name, name.removeprefix("params.")),
            before=in_words(name, then, known.get(name)),
            after=in_words(name, now, known.get(name)),
        )
        for name, then, now in rulebook.changes_of(after, before)
        if name not in without
    )


def in_words(name: str, value: Any, one: ParamField | None = None) -> str:
    """A value of a rule as a page says it. Never empty."""
    if one is not None and one.kind == "flag":
        return "on" if value else "off"
    if one is not None and one.kind == "choice":
        return dict(one.options).get(str(value), str(value))
    if one is not None:
        shown = one.shown(value)
        return " ".join(filter(None, [shown, one.unit if one.numeric else ""])) if shown else "none"
    if name == "ladder":
        rungs = [f"{TELLS.get(rung['tell'], rung['tell'])} after {rung['after']:g}" for rung in value or ()]
        return ", ".join(rungs) or "nobody beside the tracker"
    if name == "reach":
        return OPTIONS.get(str(value), str(value))
    if name in ("mode", "severity"):
        return str(value).capitalize()
    if name in ("scope.projects", "scope.kinds"):
        return ", ".join(str(part).replace("_", " ") for part in value or ()) or "all"
    if value in (None, "", []):
        return "as usual" if name.startswith("actions.") else "none"
    return str(value)


def _titles(type_name: str) -> dict[str, str]:
    type_ = pages.rule_types().get(type_name)
    found = {f"params.{one.name}": one.title for one in fields_of(type_)} if type_ is not None else {}
    return dict(NAMES) | found
