"""Why, and why not: what every rule in scope says of one subject now. The very evaluator that runs live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.services import projects
from app.services.judge import prepared_rules
from app.store import facts, milestone_facts, rules, subjects
from app.store.database import Database
from rules import engine
from rules.facts import Subject
from rules.spec import Judgement


@dataclass(frozen=True, slots=True)
class Explanation:
    """A subject and every rule's verdict on it, in order of the rules' names."""

    subject: Subject
    judgements: tuple[Judgement, ...]


def explain(db: Database, subject_kind: str, subject_id: int, *, now: datetime) -> Explanation:
    """Judge one subject now. `subject_kind`: item or milestone. Raises LookupError where there is none."""
    with db.read() as tx:
        project_id = subjects.project_of(tx, subject_kind, subject_id)
        if project_id is None:
            raise LookupError(f"no {subject_kind} {subject_id}")
        known = projects.load(tx, ids=[project_id]).facts
        load = facts.load_items if subject_kind == "item" else milestone_facts.load_milestones
        found = load(tx, [subject_id], projects=known)
        in_force = rules.in_force(tx)
    if subject_id not in found:
        raise LookupError(f"no {subject_kind} {subject_id}")
    subject: Subject = found[subject_id]
    return Explanation(subject=subject, judgements=engine.judge(prepared_rules(in_force), subject, now))
