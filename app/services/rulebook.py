"""The rule set as people handle it: whole files in, whole files out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.store import control, rules, subjects, trackers
from app.store.database import Database
from rules.rulefile import RuleDraft, dump
from rules.spec import Rule


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a file changed, by rule name."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def apply(db: Database, drafts: Sequence[RuleDraft], *, author: str, prune: bool, now: datetime, real: datetime) -> Applied:
    """Put drafts in force, all or none; every subject is judged anew behind the deliveries. `prune` removes rules that the file lacks.

    `now` is world time (versions hold from it), `real` is for the audit trail.
    """
    changed: list[str] = []
    unchanged: list[str] = []
    with db.write() as tx:
        before = {rule.name for rule in rules.in_force(tx)}
        for draft in drafts:
            saved = rules.save(
                tx,
                name=draft.name,
                type_name=draft.type,
                title=draft.title,
                params=draft.params,
                scope=_scope_doc(draft),
                severity=draft.severity.value,
                reach=draft.reach.value,
                mode=draft.mode,
                author=author,
                now=now,
            )
            (changed if saved else unchanged).append(draft.name)
        removed = sorted(before - {draft.name for draft in drafts}) if prune else []
        for name in removed:
            rules.remove(tx, name, now=now)
        if changed or removed:
            lanes = sorted({project.lane_id for project in trackers.projects(tx)})
            subjects.add_sweep(tx, lanes, reason="rules changed")
            control.audit(
                tx, who=author, what="rules applied", subject=", ".join([*changed, *removed])[:200], at=real
            )
    return Applied(changed=tuple(changed), unchanged=tuple(unchanged), removed=tuple(removed))


def _scope_doc(draft: RuleDraft) -> Mapping[str, Any]:
    scope = draft.scope
    return {"projects": list(scope.projects), "kinds": list(scope.kinds), "condition": scope.condition}


def export(db: Database) -> str:
    """The rules in force as one YAML file."""
    with db.read() as tx:
        return dump([draft_of(rule) for rule in rules.in_force(tx)])


def draft_of(rule: Rule) -> RuleDraft:
    """A rule in force as a draft."""
    return RuleDraft(
        name=rule.name,
        type=rule.type,
        title=rule.title,
        mode=rule.mode,
        severity=rule.severity,
        reach=rule.reach,
        params=rule.params,
        scope=rule.scope,
    )
