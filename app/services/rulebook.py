"""The rule set as people handle it: whole files in and out, and one rule changed at a time.

Every change makes a version, is in the audit trail, and lets every subject be judged anew behind the deliveries. `now`
is world time (versions hold from it), `real` is for the audit trail.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from app.errors import UserError
from app.store import control, floods, rules, subjects, trackers
from app.store.database import Database, Tx
from rules.catalog.registry import by_name
from rules.engine import problems
from rules.packs import load as packs
from rules.rulefile import RuleDraft, dump, plain_actions, plain_ladder
from rules.spec import MODES, Rule


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a file changed, by rule name."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def apply(
    db: Database, drafts: Sequence[RuleDraft], *, author: str, prune: bool, now: datetime, real: datetime
) -> Applied:
    """Put drafts in force, all or none. `prune` removes rules that the file lacks."""
    changed: list[str] = []
    unchanged: list[str] = []
    with db.write() as tx:
        before = {rule.name for rule in rules.in_force(tx)}
        for draft in drafts:
            saved = _put(tx, draft, who=author, now=now)
            (changed if saved else unchanged).append(draft.name)
        removed = sorted(before - {draft.name for draft in drafts}) if prune else []
        for name in removed:
            rules.remove(tx, name, author=author, now=now)
        if changed or removed:
            named = ", ".join([*changed, *removed])[:200]
            _noted(tx, "rules applied", named, who=author, real=real)
    return Applied(changed=tuple(changed), unchanged=tuple(unchanged), removed=tuple(removed))


def _put(tx: Tx, draft: RuleDraft, *, who: str, now: datetime, written_since: datetime | None = None) -> bool:
    return rules.save(
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
        author=who,
        now=now,
        written_since=written_since,
    )


def _noted(tx: Tx, what: str, name: str, *, who: str, real: datetime, detail: Mapping[str, Any] | None = None) -> None:
    """Have every subject judged anew, and note who changed the rules."""
    lanes = sorted({project.lane_id for project in trackers.projects(tx)})
    subjects.add_sweep(tx, lanes, reason="rules changed")
    control.audit(tx, who=who, what=what, subject=name, at=real, detail=detail)


# --- one rule -------------------------------------------------------------------------------------------------------


class RuleChangedError(UserError):
    """Somebody else has changed the rule meanwhile: `version` is the one in force, 0 where it was taken out."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(f"The rule {name!r} was changed meanwhile. Look at what changed, then save again.")
        self.version = version


class NameTakenError(UserError):
    """There is a rule of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a rule named {name!r} already. Take another name.")


def rule_named(db: Database, name: str) -> Rule | None:
    """A rule in force; None where there is none."""
    with db.read() as tx:
        return rules.named(tx, name)


def version_named(db: Database, name: str, number: int) -> Rule | None:
    """A rule in force as one of its versions had it; None where there is none."""
    with db.read() as tx:
        known = rules.named(tx, name)
        return rules.version_of(tx, known.id, number) if known is not None else None


def save_rule(db: Database, draft: RuleDraft, *, expected: int, who: str, now: datetime, real: datetime) -> int:
    """Put one rule in force, made from version `expected` (0: a new rule); gives the version in force then. A rule in
    which nothing differs makes no version.

    Raises NameTakenError, RuleChangedError, or UserError with everything that is wrong in it.
    """
    _refuse_mistakes(draft)
    with db.write() as tx:
        known = rules.named(tx, draft.name)
        found = known.version if known is not None else 0
        if found != expected:
            raise NameTakenError(draft.name) if expected == 0 else RuleChangedError(draft.name, found)
        if known is not None:
            draft = _said_as(draft, draft_of(known))
        if _put(tx, draft, who=who, now=now):
            fields = [name for name, _, _ in changes_of(draft, draft_of(known))] if known is not None else []
            detail = {"version": found + 1, "fields": fields}
            _noted(
                tx, "rule saved" if known is not None else "rule made", draft.name, who=who, real=real, detail=detail
            )
        saved = rules.named(tx, draft.name)
        return saved.version if saved is not None else 0


def set_mode(
    db: Database, name: str, mode: str, *, write_known: bool = False, who: str, now: datetime, real: datetime
) -> None:
    """Set a rule off, to observe, or live. With `write_known` what it has flagged until now is written too; that
    somebody asked for it also answers whether it is too much at once. Raises UserError.
    """
    if mode not in MODES:
        raise UserError(f"There is no mode {mode!r}. Known: {', '.join(MODES)}.")
    with db.write() as tx:
        known = _known(tx, name)
        draft = replace(draft_of(known), mode=mode)
        if mode != "off":
            _refuse_mistakes(draft)
        since = rules.first_opened(tx, known.id) if write_known and mode == "live" else None
        if since is not None and known.live_since is not None:
            since = min(since, known.live_since)
        if not _put(tx, draft, who=who, now=now, written_since=since):
            return
        if since is not None:
            floods.approve(tx, name, now=now)
        detail = {"before": known.mode, "after": mode, "known too": write_known}
        _noted(tx, "rule mode set", name, who=who, real=real, detail=detail)


def restore(db: Database, name: str, number: int, *, who: str, now: datetime, real: datetime) -> int:
    """Put a rule in force again as one of its versions had it, as a new version; gives that. Its mode stays what it
    is. Raises UserError.
    """
    with db.write() as tx:
        known = _known(tx, name)
        before = rules.version_of(tx, known.id, number)
        if before is None:
            raise UserError(f"The rule {name!r} has no version {number}.")
        draft = replace(draft_of(before), mode=known.mode)
        _refuse_mistakes(draft)
        if _put(tx, draft, who=who, now=now):
            _noted(tx, "rule restored", name, who=who, real=real, detail={"from": number, "version": known.version + 1})
            return known.version + 1
        return known.version


def remove_rule(db: Database, name: str, *, who: str, now: datetime, real: datetime) -> None:
    """Take a rule out: its open flags close, its labels come off and its comments shrink to one line. Its versions
    stay. Raises UserError.
    """
    with db.write() as tx:
        known = _known(tx, name)
        rules.remove(tx, name, author=who, now=now)
        _noted(tx, "rule removed", name, who=who, real=real, detail={"version": known.version})


def add_pack(db: Database, name: str, *, only: Collection[str], who: str, now: datetime, real: datetime) -> Applied:
    """Add those rules of a pack that are named in `only` and not in force yet, as the pack has them: observing, or off.
    Raises UserError for an unknown pack.
    """
    if name not in packs.NAMES:
        raise UserError(f"There is no pack {name!r}. There are {', '.join(packs.NAMES)}.")
    with db.read() as tx:
        taken = {rule.name for rule in rules.in_force(tx)}
    drafts = [draft for draft in packs.load(name) if draft.name in only and draft.name not in taken]
    return apply(db, drafts, author=who, prune=False, now=now, real=real)


def _known(tx: Tx, name: str) -> Rule:
    known = rules.named(tx, name)
    if known is None:
        raise UserError(f"There is no rule {name!r}.")
    return known


def _refuse_mistakes(draft: RuleDraft) -> None:
    found = problems(draft.as_rule())
    if found:
        raise UserError("The rule needs mending first: " + "; ".join(str(one) for one in found) + ".")


def _said_as(draft: RuleDraft, before: RuleDraft) -> RuleDraft:
    """A draft that spells out those defaults that the version before spelled out: else they would count as changed."""
    params = dict(draft.params)
    if draft.type == before.type:
        full = all_params(draft)
        params |= {name: full[name] for name in before.params if name in full and name not in params}
    return replace(draft, params={name: params[name] for name in [*before.params, *params] if name in params})


def all_params(draft: RuleDraft) -> dict[str, Any]:
    """The parameters of a draft by name, defaults filled in; those as they stand where they do not hold."""
    try:
        type_ = by_name(draft.type)
    except KeyError:
        return dict(draft.params)
    fields = type_.params.model_fields
    plain = {name: field.get_default(call_default_factory=True) for name, field in fields.items()}
    return {name: getattr(value, "value", value) for name, value in (plain | dict(draft.params)).items()}


def changes_of(draft: RuleDraft, before: RuleDraft) -> tuple[tuple[str, Any, Any], ...]:
    """What differs between two drafts as (name, before, after), defaults filled in."""
    then = _flat(replace(before, params=all_params(before)))
    now = _flat(replace(draft, params=all_params(draft)))
    names = dict.fromkeys([*then, *now])
    return tuple((name, then.get(name), now.get(name)) for name in names if then.get(name) != now.get(name))


# --- files ----------------------------------------------------------------------------------------------------------


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


def export(db: Database, *, name: str | None = None) -> str:
    """The rules in force, or the one of that name, as one YAML file. A name that is not in force gives no rules."""
    with db.read() as tx:
        return dump([draft_of(rule) for rule in rules.in_force(tx) if name in (None, rule.name)])


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
