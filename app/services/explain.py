"""Why, and why not: what every rule in scope says of one subject now. The very evaluator that runs live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.services import projects, usual
from app.services.judge import prepared_rules
from app.services.memory import standing_of
from app.store import facts, milestone_facts, rules, standings, subjects
from app.store.database import Database, Tx
from app.store.standings import Kept
from app.store.walks import Walks
from rules import engine
from rules.facts import Project, Subject
from rules.spec import Judgement
from rules.standing import step
from rules.verdict import Outcome, Said, Verdict


@dataclass(frozen=True, slots=True)
class Explanation:
    """A subject and every rule's verdict on it, in order of the rules' names."""

    subject: Subject
    judgements: tuple[Judgement, ...]


def explain(db: Database, subject_kind: str, subject_id: int, *, now: datetime) -> Explanation:
    """Judge one subject now. `subject_kind`: item, milestone or flow. Raises LookupError where there is none."""
    with db.read() as tx:
        project_id = subjects.project_of(tx, subject_kind, subject_id)
        if project_id is None:
            raise LookupError(f"no {subject_kind} {subject_id}")
        known = projects.load(tx, ids=[project_id]).facts
        subject = _load(tx, subject_kind, subject_id, projects=known, now=now)
        in_force = rules.in_force(tx)
        kept = {one.rule_id: one for one in standings.open_of(tx, subject_kind, [subject_id]).values()}
    if subject is None:
        raise LookupError(f"no {subject_kind} {subject_id}")
    judgements = engine.judge(prepared_rules(in_force), subject, now)
    return Explanation(subject=subject, judgements=tuple(_remembered(one, kept, now) for one in judgements))


def _load(
    tx: Tx, subject_kind: str, subject_id: int, *, projects: Mapping[int, Project], now: datetime
) -> Subject | None:
    if subject_kind == "item":
        return facts.load_items(tx, [subject_id], projects=projects).get(subject_id)
    if subject_kind == "milestone":
        return milestone_facts.load_milestones(tx, [subject_id], projects=projects).get(subject_id)
    return usual.flow(Walks(tx), projects[subject_id], now=now)


def _remembered(judgement: Judgement, kept: Mapping[int, Kept], now: datetime) -> Judgement:
    """What must hold for some days is shown as no flag until it has."""
    verdict, known = judgement.verdict, kept.get(judgement.rule.id)
    if verdict.outcome is not Outcome.FLAGGED or not verdict.hold_for:
        return judgement
    before = standing_of(known, judgement.rule)
    calendar = judgement.subject.project.calendar
    after, _events = step(before, verdict, judgement.rule, calendar=calendar, now=now)
    if after is None or not after.is_pending:
        return judgement
    reason = Said("engine.pending", {"said": (verdict.reason,), "until": after.opens_at})
    again = [at for at in (verdict.recheck_at, after.opens_at) if at is not None]
    pending = Verdict(Outcome.PENDING, reason, since=after.pending_since, recheck_at=min(again, default=None))
    return replace(judgement, verdict=pending)
