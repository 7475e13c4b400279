"""Standings as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from app.store.standings import Kept, Quiet, Saved
from app.time import from_iso, to_iso
from rules.spec import Rule, Tell
from rules.standing import Reached, Standing
from rules.verdict import Outcome, Severity, Verdict
from rules.wording.codec import dump_verdict, load_verdict

VERDICTS = ("said", "verdict")
ESCALATED = "escalated"


def dump_standing(standing: Standing) -> dict[str, Any]:
    """A standing as plain JSON values; fields that hold their default are left out."""
    out: dict[str, Any] = {}
    for field in fields(standing):
        value = getattr(standing, field.name)
        if value == field.default:
            continue
        if isinstance(value, Verdict):
            out[field.name] = dump_verdict(value)
        elif isinstance(value, datetime):
            out[field.name] = to_iso(value)
        elif field.name == ESCALATED:
            out[field.name] = [[reached.tell.value, to_iso(reached.at)] for reached in value]
        else:
            out[field.name] = value
    return out


def load_standing(doc: Mapping[str, Any]) -> Standing:
    """The standing of `dump_standing`."""
    values: dict[str, Any] = {}
    for field in fields(Standing):
        value = doc.get(field.name)
        if value is None:
            continue
        if field.name in VERDICTS:
            value = load_verdict(value)
        elif field.name == "acknowledged_severity":
            value = Severity(value)
        elif field.name == ESCALATED:
            value = tuple(Reached(Tell(tell), from_iso(at)) for tell, at in value)
        elif isinstance(value, str) and not field.name.endswith("_reason"):
            value = from_iso(value)
        values[field.name] = value
    return Standing(**values)


def quiet_of(standing: Standing) -> Quiet:
    """What people answered, as lists are narrowed by it; nothing for a flag that is closed or has got worse since."""
    if not standing.is_open:
        return "", None
    if standing.dismissed_at is not None:
        return "wrong", None
    if standing.is_acknowledged:
        return "acknowledged", None
    asked = [
        (until, word)
        for until, word in ((standing.snoozed_until, "snoozed"), (standing.expected, "expected"))
        if until is not None
    ]
    if not asked:
        return "", None
    until, word = max(asked)
    return word, until


def standing_of(known: Kept | None, rule: Rule) -> Standing | None:
    """What is remembered of a rule's verdict. How long another version of it has held says nothing of this one."""
    if known is None or (known.outcome == Outcome.PENDING and known.rule_version != rule.version):
        return None
    return load_standing(known.memory)


def withdrawn(known: Kept, rule: Rule | None, now: datetime, *, code: str) -> Saved:
    """A standing that closes without a verdict: nobody looks there any more. `code` says why."""
    before = load_standing(known.memory)
    return Saved(
        id=known.id,
        rule_id=known.rule_id,
        rule_version=rule.version if rule else 0,
        project_id=known.project_id,
        subject_kind=known.subject_kind,
        subject_id=known.subject_id,
        shown_on=known.shown_on,
        outcome=Outcome.SKIPPED.value,
        severity=known.verdict["severity"],
        reach=known.verdict["reach"],
        code=code,
        opened_at=before.opened_at,
        since=before.since,
        closed_at=now,
        verdict=known.verdict,
        memory={**known.memory, "withdrawn": True},
    )
