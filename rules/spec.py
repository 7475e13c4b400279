"""What a rule type is, and what a rule made from it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from rules.facts import Flow, FlowKind, Item, Kind, Milestone, MilestoneKind, Subject
from rules.verdict import Reach, Severity, Verdict

MODES = ("off", "observe", "live")
"""Of a rule: not judged; judged and shown in Plumbline only; written to the tracker."""


class Params(BaseModel):
    """Base of every rule type's parameters: frozen, unknown keys refused. Fields carry title, unit
    (`json_schema_extra`), bounds and default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _number_is_no_flag(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse `yes` for a number: pydantic would read it as 1."""
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation in (int, float):
            raise ValueError("must be a number")
        return value


class NoParams(Params):
    """A rule type with nothing to set."""


@dataclass(frozen=True, slots=True)
class RuleType:
    """A kind of judgement: code in `rules/catalog/`, one file each, named after the bad pattern.

    `judge(subject, params, now)` is pure. `judges` names what it looks at (`Item`, `Milestone` or `Flow`) and `kinds`
    which of those. `label` is the family label (without prefix, with its colour) that its flags carry. `yields_to` are
    the types that speak for the same fact: where one of them has flagged the subject, this one is skipped. `sentence`
    says in one line what it looks for.
    """

    name: str
    title: str
    sentence: str
    judges: type[Subject]
    params: type[Params]
    judge: Callable[[Any, Any, datetime], Verdict]
    doc: str
    kinds: frozenset[Kind] | frozenset[MilestoneKind] | frozenset[FlowKind] = frozenset()
    label: str | None = None
    label_color: str = "d4d4d4"
    yields_to: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    """Statistics that it goes by: usual, forecast, outlook, risk."""


KINDS: Mapping[type[Subject], type[Kind | MilestoneKind | FlowKind]] = {
    Item: Kind,
    Milestone: MilestoneKind,
    Flow: FlowKind,
}
"""The kinds that there are of each subject."""


def kinds_of(type_: RuleType) -> tuple[str, ...]:
    """The kinds that rules of a type may look at, sorted."""
    return tuple(sorted(kind.value for kind in type_.kinds or KINDS[type_.judges]))


@dataclass(frozen=True, slots=True)
class Scope:
    """Which subjects a rule looks at: project keys or globs (`acme/*`), kinds, and a CEL condition. Empty: all."""

    projects: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    condition: str | None = None


class Tell(StrEnum):
    """Whom a rung of a ladder tells. Who that is, people say per project (lead, channel) or for themselves."""

    AUTHOR = "author"
    ASSIGNEE = "assignee"
    LEAD = "lead"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung: tell somebody once a flag has stood for so many working days. 0: at once."""

    after: float
    tell: Tell


@dataclass(frozen=True, slots=True)
class Actions:
    """What the flags of a rule do in the tracker where that differs from the usual: a `label` of its own (without the
    project's prefix) instead of its type's, the `color` it is made with (six hex digits), a `remark` of the team below
    the flag, and after how many minutes a flag is written instead of the project's (None: the project's).
    """

    label: str = ""
    color: str = ""
    remark: str = ""
    settle_minutes: int | None = None


LABEL_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""What every tracker takes as a label."""
COLOR = re.compile(r"[0-9a-f]{6}")
MAX_REMARK = 300
"""Characters."""
MAX_SETTLE = 1440
"""Minutes, a day."""
MAX_RUNGS = 10
MAX_AFTER = 260.0
"""Working days, about a year."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in force: one version of one row. `reach` and `severity` cap what its type asks for; `live_since` is
    None unless mode is live. `ladder` says whom its flags are told to beside the tracker, and after how long; `actions`
    what they do in it.
    """

    id: int
    version: int
    name: str
    type: str
    params: Mapping[str, Any] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    severity: Severity = Severity.WARNING
    reach: Reach = Reach.COMMENT
    mode: str = "observe"
    title: str = ""
    live_since: datetime | None = None
    valid_from: datetime | None = None
    ladder: tuple[Rung, ...] = ()
    actions: Actions = field(default_factory=Actions)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One rule's verdict on one subject at one instant."""

    rule: Rule
    subject: Subject
    verdict: Verdict
    at: datetime
