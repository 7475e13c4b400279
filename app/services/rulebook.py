"""The rule set as people handle it: whole files in, whole files out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from app.store import control, rules, subjects, trackers
from app.store.database import Database
from rules.rulefile import RuleDraft, dump, plain_actions, plain_ladder
from rules.spec import Rule


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a file changed, by rule name."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def apply(
    db: Database, drafts: Sequence[RuleDraft], *, author: str, prune: bool, now: datetime, real: datetime
) -> Applied:
    """Put drafts in force, all or none; every subject is judged anew behind the deliveries. `prune` removes rules
    that the file lacks.

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
                ladder=plain_ladder(draft.ladder),
                actions=plain_actions(draft.actions),
                author=author,
                now=now,
            )
            (changed if saved else unchanged).append(draft.name)
        removed = sorted(before - {draft.name for draft in drafts}) if prune else []
        for name in removed:
            rules.remove(tx, name, author=author, now=now)
        if changed or removed:
            lanes = sorted({project.lane_id for project in trackers.projects(tx)})
            subjects.add_sweep(tx, lanes, reason="rules changed")
            control.audit(tx, who=author, what="rules applied", subject=", ".join([*changed, *removed])[:200], at=real)
    return Applied(changed=tuple(changed), unchanged=tuple(unchanged), removed=tuple(removed))


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What would become of a rule.

    `state` is new, changed, unchanged, removed or kept (in force, not in the file); `fields` are (name, before, after).
    """

    name: str
    state: str
    fields: tuple[tuple[str, Any, Any], ...] = ()


def compare(db: Database, drafts: Sequence[RuleDraft], *, prune: bool) -> tuple[RuleChange, ...]:
    """What `apply` would change, in the order of the drafts, then what a file lacks: that stays unless `prune`."""
    with db.read() as tx:
        before = {rule.name: _flat(draft_of(rule)) for rule in rules.in_force(tx)}
    found = [_change(draft, before.get(draft.name)) for draft in drafts]
    kept = {draft.name for draft in drafts}
    gone = sorted(before.keys() - kept)
    return (*found, *(RuleChange(name, "removed" if prune else "kept") for name in gone))


def _change(draft: RuleDraft, before: Mapping[str, Any] | None) -> RuleChange:
    if before is None:
        return RuleChange(draft.name, "new")
    after = _flat(draft)
    fields = tuple(
        (name, before.get(name), after.get(name))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )
    return RuleChange(draft.name, "changed" if fields else "unchanged", fields)


def _flat(draft: RuleDraft) -> dict[str, Any]:
    """A draft as one level of names, as they stand in messages: params.quiet_days, scope.condition."""
    return {
        "type": draft.type,
        "title": draft.title,
        "mode": draft.mode,
        "severity": draft.severity.value,
        "reach": draft.reach.value,
        **{f"params.{name}": value for name, value in draft.params.items()},
        **{f"scope.{name}": value for name, value in _scope_doc(draft).items()},
        "ladder": plain_ladder(draft.ladder),
        **{f"actions.{name}": value for name, value in plain_actions(draft.actions).items()},
    }


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
        ladder=rule.ladder,
        actions=rule.actions,
    )


def cannot_be_written(db: Database, drafts: Sequence[RuleDraft]) -> list[tuple[str, str]]:
    """Projects that live rules of these look at, but whose connection only reads: (project, what it needs)."""
    live = [draft for draft in drafts if draft.mode == "live"]
    with db.read() as tx:
        found = trackers.projects(tx) if live else []
        readers = {row.id: row.status_detail for row in trackers.connections(tx) if row.status == "read_only"}
    return [
        (row.key, readers[row.connection_id] or "the right to write issues and pull requests")
        for row in found
        if row.connection_id in readers
        and any(
            not draft.scope.projects or any(fnmatchcase(row.key, glob) for glob in draft.scope.projects)
            for draft in live
        )
    ]
