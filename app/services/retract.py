"""Taking back: our labels come off and our comments are deleted, and nothing is written there again unless asked.

By level like all writing: what is to go is marked, the publisher sends it, paced and restartable, also while writing is
paused. Without a filter the labels that we made in the repository go too, so that it is as it was before us.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.errors import UserError
from app.process import own_name
from app.services import bells, judge, publish
from app.services.markers import marker
from app.services.memory import dump_standing, load_standing
from app.services.projects import Projects, load
from app.services.publish import Connected
from app.services.wishes import may_be_written
from app.store import control, instance, leases, publications, retractions, rules, standings, subjects, trackers, wishes
from app.store.database import Database, Tx
from app.store.publications import Shown
from app.store.standings import Kept
from app.time import real_now, to_iso
from integrations.errors import IntegrationError
from integrations.ports import Adapters
from rules.engine import PreparedRule
from rules.wording.note import retracted


@dataclass(frozen=True, slots=True)
class Back:
    """One write to take back: `kind` is label, comment, edit (the comment stays, less of it) or repository label."""

    project: str
    item: str
    url: str
    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Filter:
    """What to take back: of one project, of one rule, of flags opened since an instant of world time. None: of all."""

    project: str | None = None
    rule: str | None = None
    since: datetime | None = None

    @property
    def is_whole(self) -> bool:
        return self.rule is None and self.since is None


@dataclass(frozen=True, slots=True)
class Retracted:
    """What is (or would be) taken back, and the projects concerned."""

    writes: tuple[Back, ...]
    project_ids: tuple[int, ...]


def retract(
    db: Database, adapters: Adapters, wanted: Filter, *, dry_run: bool, who: str, now: datetime, real: datetime
) -> Retracted:
    """Mark what is to be taken back; `finish` sends it, or any worker does. `now` is world time. Raises UserError for a
    project or rule that does not exist.
    """
    context = db.read() if dry_run else db.write()
    with context as tx:
        projects = load(tx, key=wanted.project) if wanted.project else load(tx)
        if wanted.project and not projects.rows:
            raise UserError(f"There is no project {wanted.project!r}. `plumbline project list` names them.")
        prepared = judge.prepared_rules(rules.in_force(tx))
        if wanted.rule and all(one.rule.name != wanted.rule for one in prepared):
            raise UserError(f"There is no rule {wanted.rule!r}. `plumbline rules export` names them.")
        by_id = {one.rule.id: one for one in prepared}
        tag = instance.load(tx).tag
        shown = retractions.written_on(tx, sorted(projects.rows))
        told = standings.ever_on(tx, [one.item_id for one in shown]) if not wanted.is_whole else {}
        targets = publications.targets_of(tx, [one.item_id for one in shown])
        writes: list[Back] = []
        for one in shown:
            gone, rest = _sorted(told.get(one.item_id, ()), wanted, by_id)
            if not wanted.is_whole and not gone:
                continue
            whole = wanted.is_whole or not any(_is_told(kept, by_id) for kept in rest)
            target = targets[one.item_id]
            writes += _whole(one, projects, target) if whole else _part(one, gone, rest, projects, by_id, target)
            if dry_run:
                continue
            if whole:
                kind = projects.rows[one.project_id].tracker_kind
                note = retracted(project=projects.facts[one.project_id])
                line = adapters[kind].render(note, marker(tag, one.item_id))
                retractions.take_back(tx, one.id, line=line, at=to_iso(now), who=who, world=now)
            else:
                _withdraw(tx, gone, now)
                lane_id = projects.rows[one.project_id].lane_id
                subjects.add_marks(tx, [(lane_id, "plan", one.item_id, now)], reason="taken back")
        if wanted.is_whole:
            writes += [
                Back(row.key, "", row.url, "repository label", name)
                for row in projects.rows.values()
                for name in retractions.made_labels(tx, row.id)
            ]
        if not dry_run:
            detail = {"rule": wanted.rule, "since": wanted.since and to_iso(wanted.since), "writes": len(writes)}
            subject = wanted.project or "everything"
            control.audit(tx, who=who, what="retracted", subject=subject, at=real, detail=detail)
    return Retracted(tuple(writes), tuple(sorted(projects.rows)))


def undo(db: Database, *, project: str | None, who: str, now: datetime, real: datetime) -> int:
    """Let items that were taken back be written on again; gives how many."""
    with db.write() as tx:
        projects = load(tx, key=project) if project else load(tx)
        found = retractions.retracted(tx, sorted(projects.rows))
        for one in found:
            publications.amend(tx, one.id, lambda doc: doc.pop("retracted", None))
        lanes = {row.id: row.lane_id for row in projects.rows.values()}
        marks = [(lanes[one.project_id], "plan", one.item_id, now) for one in found]
        subjects.add_marks(tx, marks, reason="asked to be written again")
        control.audit(tx, who=who, what="retraction ended", subject=project or "everything", at=real)
    return len(found)


def finish(
    db: Database,
    done: Retracted,
    *,
    connect: Callable[[int], Connected],
    ringer: bells.Ringer,
    whole: bool,
    patience: float = 600.0,
) -> int:
    """Send what was marked and wait until it is gone; gives how many items could not be cleaned in `patience`
    seconds, with those that the tracker refuses to have cleaned. `whole`: the labels we made in the repositories go at
    the end.
    """
    with db.read() as tx:
        rows = trackers.projects(tx, ids=list(done.project_ids))
    connections = sorted({row.connection_id for row in rows if row.connection_id is not None})
    started = time.monotonic()
    while True:
        for connection_id in connections:
            publish.publish(db, connection_id, connect=connect, ringer=ringer)
        with db.read() as tx:
            left = retractions.retracting(tx, list(done.project_ids))
        if not left or time.monotonic() - started > patience:
            break
        time.sleep(0.5)
    if whole and not left:
        until = started + patience
        for connection_id in connections:
            ours = [row for row in rows if row.connection_id == connection_id]
            _unmake(db, connection_id, ours, connect, ringer=ringer, until=until)
    with db.read() as tx:
        return left + retractions.refused(tx, list(done.project_ids))


def _unmake(
    db: Database,
    connection_id: int,
    rows: Sequence[trackers.ProjectRow],
    connect: Callable[[int], Connected],
    *,
    ringer: bells.Ringer,
    until: float,
) -> None:
    """Delete the labels that we made in repositories, when it is our turn: whoever sent the last of the rest may not
    have let go of the connection yet, and others may write over it. `until` is when we give up, and say so.
    """
    with db.read() as tx:
        names = [(row, name) for row in rows for name in retractions.made_labels(tx, row.id)]
    if not names:
        return
    while (lease := leases.take(db, "connection", connection_id, holder=own_name())) is None:
        if time.monotonic() > until:
            raise UserError("Another process is writing all the time: the labels in the repository are still there.")
        time.sleep(0.2)
    connected = connect(connection_id)
    try:
        for row, name in names:
            connected.client.delete_label(row.key, name)
            with db.write() as tx:
                leases.confirm(tx, lease)
                retractions.forget_label(tx, row.id, name)
                publications.record(
                    tx,
                    connection_id=connection_id,
                    project_id=row.id,
                    item_id=None,
                    kind="label_deleted",
                    detail=name,
                    real=real_now(),
                    world=wishes.world_now(tx),
                )
            time.sleep(connected.pace.seconds_between_writes)
    except IntegrationError as error:
        raise UserError(f"A label could not be deleted: {error}") from error
    finally:
        connected.client.close()
        if leases.release(db, lease):
            ringer.wake("connection", connection_id)  # rung while we held the lease


def _sorted(told: Sequence[Kept], wanted: Filter, by_id: Mapping[int, PreparedRule]) -> tuple[list[Kept], list[Kept]]:
    """The flags that are meant, and the rest."""
    gone: list[Kept] = []
    rest: list[Kept] = []
    for kept in told:
        rule = by_id.get(kept.rule_id)
        meant = (wanted.rule is None or (rule is not None and rule.rule.name == wanted.rule)) and (
            wanted.since is None or kept.opened_at >= wanted.since
        )
        (gone if meant and "retracted_at" not in kept.memory else rest).append(kept)
    return gone, rest


def _is_told(kept: Kept, by_id: Mapping[int, PreparedRule]) -> bool:
    rule = by_id.get(kept.rule_id)
    return rule is not None and may_be_written(rule, load_standing(kept.memory))


def _withdraw(tx: Tx, gone: Sequence[Kept], now: datetime) -> None:
    memories = {kept.id: dump_standing(replace(load_standing(kept.memory), retracted_at=now)) for kept in gone}
    standings.remember(tx, memories)


def _whole(one: Shown, projects: Projects, target: tuple[str, str]) -> list[Back]:
    key = projects.rows[one.project_id].key
    item, url = target
    labels = [Back(key, item, url, "label", name) for name in one.shown_labels]
    comment = [Back(key, item, url, "comment", "our comment")] if one.comment_id or one.sending_at else []
    return [*labels, *comment]


def _part(
    one: Shown,
    gone: Sequence[Kept],
    rest: Sequence[Kept],
    projects: Projects,
    by_id: Mapping[int, PreparedRule],
    target: tuple[str, str],
) -> list[Back]:
    """What goes where other flags stay told."""
    prefix = projects.facts[one.project_id].settings.label_prefix

    def labels(flags: Sequence[Kept]) -> set[str]:
        told = [by_id[kept.rule_id] for kept in flags if kept.closed_at is None and kept.rule_id in by_id]
        return {f"{prefix}{rule.label}" for rule in told if rule.label}

    key = projects.rows[one.project_id].key
    item, url = target
    names = sorted((labels(gone) - labels([kept for kept in rest if _is_told(kept, by_id)])) & set(one.shown_labels))
    found = [Back(key, item, url, "label", name) for name in names]
    open_ = any(kept.closed_at is None for kept in gone)
    return [*found, Back(key, item, url, "edit", "our comment, less of it")] if one.comment_id and open_ else found
