"""From verdicts to standings: what the judging of one subject changes in what is remembered of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from app.services import gone
from app.services.memory import dump_standing, quiet_of, standing_of, withdrawn
from app.store import standings
from app.store.standings import Kept, Saved
from rules import engine
from rules.facts import Flow, Item, Subject
from rules.spec import Judgement, Rule
from rules.standing import Standing, step
from rules.verdict import Outcome, Verdict
from rules.wording.codec import dump_verdict

log = structlog.get_logger()

PENDING = Outcome.PENDING.value


def turned(saved: Sequence[Saved], kept: Mapping[standings.Key, Kept]) -> set[int]:
    """Subjects with a flag that opened, closed, or is told of elsewhere than before."""
    found = set()
    for row in saved:
        if row.outcome == PENDING:
            continue
        known = kept.get((row.rule_id, row.subject_kind, row.subject_id))
        stood = known is not None and known.outcome != PENDING
        before = (known.verdict.get("reach"), known.verdict.get("severity")) if known is not None and stood else None
        if row.closed_at is not None or before != (row.reach, row.severity):
            found.add(row.subject_id)
    return found


def _home_of(subject: Subject) -> int | None:
    """The item whose comment tells of a subject: itself, a milestone's home item; none tells of a flow."""
    if isinstance(subject, Item):
        return subject.id
    if isinstance(subject, Flow):
        return None
    return subject.home.id if subject.home is not None else None


@dataclass(slots=True)
class Stepped:
    """The standings of one subject that change: to save, and (by id) to forget. `opens` says when pending ones may
    become flags.
    """

    saved: list[Saved] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    opens: list[datetime | None] = field(default_factory=list)


def steps(
    kind: str,
    subject: Subject,
    judgements: Sequence[Judgement],
    kept: dict[int, Kept],
    prepared: Sequence[engine.PreparedRule],
    now: datetime,
) -> Stepped:
    """What changes in the memory of one subject."""
    out = Stepped()
    judged = set()
    for judgement in judgements:
        rule = judgement.rule
        judged.add(rule.id)
        known = kept.get(rule.id)
        before = standing_of(known, rule)
        after, _events = step(before, judgement.verdict, rule, calendar=subject.project.calendar, now=now)
        if judgement.verdict.outcome is Outcome.ERROR:
            log.error(
                "a rule stopped with an error",
                rule=rule.name,
                kind=kind,
                id=subject.id,
                **judgement.verdict.reason.values,
            )
        if after is None:
            out.dropped += [known.id] if known is not None else []
            continue
        out.opens.append(after.opens_at)
        if after != before or known is None or known.shown_on != shown_on(subject, after):
            out.saved.append(_saved(kind, subject, rule, known, after, judgement.verdict))
    for rule_id, known in kept.items():
        if rule_id in judged:
            continue
        if known.outcome == PENDING:
            out.dropped.append(known.id)
        else:  # off, removed, or it no longer looks here: the flag closes with the rule
            in_force = next((one.rule for one in prepared if one.rule.id == rule_id), None)
            out.saved.append(withdrawn(known, in_force, now, code=gone.code(None)))
    return out


def shown_on(subject: Subject, standing: Standing) -> int | None:
    """The item that tells of it: none while it is no flag yet."""
    return None if standing.is_pending else _home_of(subject)


def _saved(kind: str, subject: Subject, rule: Rule, known: Kept | None, after: Standing, verdict: Verdict) -> Saved:
    answered, quiet_until = quiet_of(after)
    return Saved(
        id=known.id if known is not None else None,
        rule_id=rule.id,
        rule_version=rule.version,
        project_id=subject.project.id,
        subject_kind=kind,
        subject_id=subject.id,
        shown_on=shown_on(subject, after),
        outcome=PENDING if after.is_pending else verdict.outcome.value,
        severity=verdict.severity.value,
        reach=verdict.reach.value,
        code=verdict.reason.code,
        opened_at=after.opened_at,
        since=after.since,
        closed_at=after.cleared_at,
        verdict=dump_verdict(verdict),
        memory=dump_standing(after),
        answered=answered,
        quiet_until=quiet_until,
    )
