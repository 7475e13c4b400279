"""Rules and their versions. Append-only: what was in force at an instant can be told later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
from rules.spec import Actions, Rule, Rung, Scope, Tell
from rules.verdict import Reach, Severity


def _versions() -> sa.Select[Any]:
    """Every version of every rule, with the columns of a rule; to be narrowed."""
    rule, version = models.rule, models.rule_version
    return sa.select(
        rule.c.id,
        rule.c.name,
        rule.c.type,
        version.c.version,
        version.c.title,
        version.c.params,
        version.c.scope,
        version.c.severity,
        version.c.reach,
        version.c.mode,
        version.c.live_since,
        version.c.valid_from,
        version.c.ladder,
        version.c.actions,
    ).join(version, version.c.rule_id == rule.c.id)


def in_force(tx: Tx) -> list[Rule]:
    """The newest version of every rule, in order of name."""
    rule, version = models.rule, models.rule_version
    newest = sa.and_(version.c.version == rule.c.version, rule.c.removed_at.is_(None))
    return [_rule(row) for row in tx.execute(_versions().where(newest).order_by(rule.c.name))]


def named(tx: Tx, name: str) -> Rule | None:
    """A rule in force by name; None where there is none."""
    rule, version = models.rule, models.rule_version
    newest = sa.and_(version.c.version == rule.c.version, rule.c.removed_at.is_(None), rule.c.name == name)
    row = tx.execute(_versions().where(newest)).one_or_none()
    return _rule(row) if row is not None else None


def version_of(tx: Tx, rule_id: int, number: int) -> Rule | None:
    """A rule as one of its versions had it; None where it has none of that number."""
    found = sa.and_(models.rule_version.c.version == number, models.rule.c.id == rule_id)
    row = tx.execute(_versions().where(found)).one_or_none()
    return _rule(row) if row is not None else None


def first_opened(tx: Tx, rule_id: int) -> datetime | None:
    """When the oldest flag of a rule that stands now was opened; None where none stands."""
    standing = models.standing.c
    found = sa.select(sa.func.min(standing.opened_at)).where(
        standing.rule_id == rule_id, standing.closed_at.is_(None), standing.outcome == "flagged"
    )
    at: datetime | None = tx.scalar(found)
    return at


def through_time(tx: Tx) -> list[tuple[datetime, list[Rule]]]:
    """The rules in force from each instant at which any of them changed, oldest first, each in order of name. Those
    that were taken out are off.
    """
    version = models.rule_version
    rows = tx.execute(_versions().order_by(version.c.valid_from, version.c.rule_id, version.c.version)).all()
    found = []
    for turn in sorted({row.valid_from for row in rows}):
        newest = {row.id: row for row in rows if row.valid_from <= turn}
        found.append((turn, [_rule(row) for row in sorted(newest.values(), key=lambda row: row.name)]))
    return found


def _rule(row: Any) -> Rule:
    return Rule(
        id=row.id,
        version=row.version,
        name=row.name,
        type=row.type,
        params=row.params,
        scope=Scope(
            projects=tuple(row.scope.get("projects", ())),
            kinds=tuple(row.scope.get("kinds", ())),
            condition=row.scope.get("condition"),
        ),
        severity=Severity(row.severity),
        reach=Reach(row.reach),
        mode=row.mode,
        title=row.title,
        live_since=row.live_since,
        valid_from=row.valid_from,
        ladder=tuple(Rung(after=rung["after"], tell=Tell(rung["tell"])) for rung in row.ladder),
        actions=Actions(**row.actions),
    )


def save(
    tx: Tx,
    *,
    name: str,
    type_name: str,
    title: str,
    params: Mapping[str, Any],
    scope: Mapping[str, Any],
    severity: str,
    reach: str,
    mode: str,
    author: str,
    now: datetime,
    ladder: Sequence[Mapping[str, Any]] = (),
    actions: Mapping[str, Any] = MappingProxyType({}),
    written_since: datetime | None = None,
) -> bool:
    """Make a rule, or a new version of it where something differs. False: nothing differs. `live_since` is carried on
    while it stays live; `written_since` puts it back, so that flags opened since then are written too.
    """
    rule, version = models.rule, models.rule_version
    known = tx.execute(sa.select(rule).where(rule.c.name == name)).one_or_none()
    number = 1
    live_since = (written_since or now) if mode == "live" else None
    if known is not None:
        last = tx.execute(
            sa.select(version).where(version.c.rule_id == known.id, version.c.version == known.version)
        ).one()
        same = (
            known.removed_at is None
            and known.type == type_name
            and (last.title, last.params, last.scope, last.severity, last.reach, last.mode, last.ladder, last.actions)
            == (title, dict(params), dict(scope), severity, reach, mode, list(ladder), dict(actions))
            and (mode != "live" or written_since in (None, last.live_since))
        )
        if same:
            return False
        number = known.version + 1
        if mode == "live" and last.mode == "live" and known.removed_at is None:
            live_since = written_since or last.live_since
        tx.execute(sa.update(rule).where(rule.c.id == known.id).values(version=number, type=type_name, removed_at=None))
        rule_id = known.id
    else:
        rule_id = tx.execute(
            sa.insert(rule).values(name=name, type=type_name, version=1, created_at=now).returning(rule.c.id)
        ).scalar_one()
    tx.execute(
        sa.insert(version).values(
            rule_id=rule_id,
            version=number,
            valid_from=now,
            title=title,
            params=dict(params),
            scope=dict(scope),
            severity=severity,
            reach=reach,
            mode=mode,
            live_since=live_since,
            ladder=list(ladder),
            actions=dict(actions),
            author=author,
        )
    )
    return True


def remove(tx: Tx, name: str, *, author: str, now: datetime) -> None:
    """Take a rule out of force. Its versions stay, with a last one that is off: when it held can be told later."""
    rule, version = models.rule, models.rule_version
    known = tx.execute(sa.select(rule).where(rule.c.name == name, rule.c.removed_at.is_(None))).one_or_none()
    if known is None:
        return
    last = tx.execute(sa.select(version).where(version.c.rule_id == known.id, version.c.version == known.version)).one()
    kept = {key: value for key, value in last._mapping.items() if key != "id"}
    off = {"version": known.version + 1, "valid_from": now, "mode": "off", "live_since": None, "author": author}
    tx.execute(sa.insert(version).values(**kept | off))
    tx.execute(sa.update(rule).where(rule.c.id == known.id).values(version=known.version + 1, removed_at=now))
