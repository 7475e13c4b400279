"""Programmes: projects that belong together, and milestones of theirs that people say are one.

A change is felt at once: what readers may be told and what is judged together is worked out anew, in the lanes that it
concerns. Every change stands in the audit log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from app.errors import UserError
from app.services import projects
from app.store import control, instance, milestone_facts, subjects, trackers
from app.store import programmes as store
from app.store.database import Database, Tx
from app.store.programmes import MilestoneName, ProgrammeRow
from rules import baseline


@dataclass(frozen=True, slots=True)
class Release:
    """Milestones that are one: the first speaks for the others."""

    leader: MilestoneName
    parts: tuple[MilestoneName, ...]

    @property
    def spelled(self) -> str:
        """As people read it."""
        return " + ".join(one.spelled for one in (self.leader, *self.parts))


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme with its projects' keys and its releases."""

    name: str
    same_readers: bool
    projects: tuple[str, ...]
    releases: tuple[Release, ...]


def save(
    db: Database, *, name: str, keys: Sequence[str], same_readers: bool, author: str, now: datetime
) -> tuple[Release, ...]:
    """Make a programme, or give one other projects. Gives the releases that fell apart because their projects are
    together no more. `now` is real time. Raises UserError.
    """
    name = name.strip()
    if not name:
        raise UserError("NAME: a programme needs a name, so that people can tell it from others.")
    with db.write() as tx:
        rows = [_project(tx, key) for key in keys]
        if len({row.id for row in rows}) < 2:
            raise UserError(f"PROJECT: a programme has at least two projects, {name!r} would have {len(set(keys))}.")
        before = _row(tx, name)
        store.save(tx, name=name, project_ids=[row.id for row in rows], same_readers=same_readers, now=now)
        concerned = {row.id for row in rows} | {id_ for id_, _ in (before.projects if before else ())}
        apart = _settle(tx, concerned, author=author, now=now)
        detail = {"projects": sorted(row.key for row in rows), "same_readers": same_readers}
        what = "programme changed" if before else "programme added"
        control.audit(tx, who=author, what=what, subject=name, at=now, detail=detail)
    return apart


def remove(db: Database, *, name: str, author: str, now: datetime) -> tuple[Release, ...]:
    """Forget a programme; its projects stay. Gives the releases that fell apart. Raises UserError."""
    with db.write() as tx:
        row = _known(tx, name)
        store.remove(tx, row.id)
        apart = _settle(tx, {id_ for id_, _ in row.projects}, author=author, now=now)
        control.audit(tx, who=author, what="programme removed", subject=row.name, at=now)
    return apart


def programmes(tx: Tx) -> list[Programme]:
    """All programmes with their releases."""
    rows = store.programmes(tx)
    every = _releases(tx, {id_ for row in rows for id_, _ in row.projects})
    return [
        Programme(
            name=row.name,
            same_readers=row.same_readers,
            projects=tuple(key for _, key in row.projects),
            releases=tuple(one for one in every if _is_within(one, row)),
        )
        for row in rows
    ]


def rename(db: Database, *, name: str, to: str, author: str, now: datetime) -> None:
    """Give a programme another name. Raises UserError for one that is taken."""
    to = to.strip()
    if to == name.strip():
        return
    with db.write() as tx:
        row = _known(tx, name)
        if not to or _row(tx, to) is not None:
            raise UserError("is taken by another programme; choose another one" if to else "is needed")
        store.rename(tx, row.id, to)
        control.audit(tx, who=author, what="programme renamed", subject=to, at=now, detail={"before": row.name})


@dataclass(frozen=True, slots=True)
class Spelled:
    """A project as a programme names it."""

    id: int
    key: str
    tracker: str

    @property
    def spelled(self) -> str:
        """TRACKER/KEY, which is clear whatever other trackers have."""
        return f"{self.tracker}/{self.key}"


def spelled_projects(tx: Tx) -> list[Spelled]:
    """All projects in use, to choose from."""
    return [Spelled(row.id, row.key, row.tracker_name) for row in trackers.projects(tx)]


def open_milestones(tx: Tx, programme_id: int) -> list[tuple[str, str]]:
    """Open milestones of a programme's projects to choose from, each as it is spelled."""
    row = next((row for row in store.programmes(tx) if row.id == programme_id), None)
    every = [] if row is None else store.milestones_of(tx, [id_ for id_, _ in row.projects])
    return [(one.spelled, one.spelled) for one in every if one.is_open]


def join(db: Database, *, name: str, milestones: Sequence[str], author: str, now: datetime) -> Release:
    """From now on these milestones ("TRACKER/PROJECT:TITLE") of a programme's projects are one; the first speaks for
    the others. Joined again with others, it takes those in too. Raises UserError.
    """
    with db.write() as tx:
        row = _known(tx, name)
        every = store.milestones_of(tx, [id_ for id_, _ in row.projects])
        found = [_milestone(tx, row, every, text) for text in milestones]
        if len({one.id for one in found}) < 2:
            raise UserError("MILESTONE: name at least two different ones; the first speaks for the others.")
        leader, parts = found[0], [one for one in found[1:] if one.id != found[0].id]
        _check_free(leader, parts, every)
        store.join(tx, leader.id, [one.id for one in parts])
        _judge_anew(tx, [leader, *parts], author=author, now=now, why="made one with others")
        made = next(one for one in _releases(tx, [id_ for id_, _ in row.projects]) if one.leader.id == leader.id)
        control.audit(tx, who=author, what="milestones joined", subject=made.spelled[:200], at=now)
    return made


def part(db: Database, *, name: str, milestones: Sequence[str], author: str, now: datetime) -> tuple[Release, ...]:
    """Let releases fall apart again, each named by any of its milestones. Gives them as they were. Raises UserError."""
    with db.write() as tx:
        row = _known(tx, name)
        ids = [id_ for id_, _ in row.projects]
        every, known = store.milestones_of(tx, ids), _releases(tx, ids)
        apart: dict[int, Release] = {}
        for text in milestones:
            one = _milestone(tx, row, every, text)
            release = next((r for r in known if one.id in {r.leader.id, *(p.id for p in r.parts)}), None)
            if release is None:
                raise UserError(f"{one.spelled} is joined to nothing: there is nothing to part.")
            apart[release.leader.id] = release
        for release in apart.values():
            _part(tx, release, author=author, now=now)
    return tuple(apart.values())


# --- what is named, and what may be ----------------------------------------------------------------------------------


def _row(tx: Tx, name: str) -> ProgrammeRow | None:
    return next((row for row in store.programmes(tx) if row.name == name.strip()), None)


def _known(tx: Tx, name: str) -> ProgrammeRow:
    row = _row(tx, name)
    if row is None:
        raise UserError(f"There is no programme {name.strip()!r}. `plumbline programme list` names them.")
    return row


def _project(tx: Tx, key: str) -> trackers.ProjectRow:
    """A project by its key, or by TRACKER/KEY where two trackers have the same."""
    found = trackers.projects(tx, key=key)
    tracker, _, rest = key.partition("/")
    found = found or [row for row in trackers.projects(tx, key=rest) if row.tracker_name == tracker]
    if not found:
        raise UserError(f"There is no project {key!r}. `plumbline project list` names them.")
    if len(found) > 1:
        ways = " or ".join(f"{row.tracker_name}/{row.key}" for row in found)
        raise UserError(f"PROJECT: {key!r} is in {len(found)} trackers; write {ways}.")
    return found[0]


def _milestone(tx: Tx, programme: ProgrammeRow, every: Sequence[MilestoneName], text: str) -> MilestoneName:
    where, colon, title = text.partition(":")
    tracker, slash, key = where.partition("/")
    title = title.strip()
    if not (colon and slash and tracker and key and title):
        raise UserError(f"MILESTONE: {text!r}: write TRACKER/PROJECT:TITLE, such as jira/PAY:5.2")
    watched = trackers.projects(tx)
    if tracker not in {row.tracker_name for row in watched}:
        raise UserError(f"MILESTONE: {text!r}: there is no tracker {tracker!r}. `plumbline tracker list` names them.")
    rows = [row for row in watched if (row.tracker_name, row.key) == (tracker, key)]
    if not rows:
        raise UserError(f"MILESTONE: {text!r}: no project {key!r} of {tracker} is watched.")
    if rows[0].id not in {id_ for id_, _ in programme.projects}:
        raise UserError(
            f"MILESTONE: {text!r}: {key} is not in the programme {programme.name}; "
            "`plumbline programme add` gives it other projects."
        )
    own = [one for one in every if one.project_id == rows[0].id]
    named = [one for one in own if one.title.casefold() == title.casefold()]
    still_open = [one for one in named if one.is_open]
    named = still_open or named
    if not named:
        near = get_close_matches(title, [one.title for one in own], n=1, cutoff=0.4)
        raise UserError(
            f"MILESTONE: {text!r}: {key} has no milestone {title!r}" + (f"; did you mean {near[0]!r}?" if near else ".")
        )
    if len(named) > 1:
        kinds = ", ".join(one.kind for one in named)
        raise UserError(f"MILESTONE: {text!r} is {len(named)} milestones ({kinds}); rename one in the tracker.")
    return named[0]


def _check_free(leader: MilestoneName, parts: Iterable[MilestoneName], every: Iterable[MilestoneName]) -> None:
    if leader.joined_to is not None:
        raise UserError(f"{leader.spelled} is a part of another release and cannot speak for one; part that first.")
    leading = {one.joined_to for one in every if one.joined_to is not None}
    for one in parts:
        if one.joined_to not in (None, leader.id):
            raise UserError(f"{one.spelled} is a part of another release already; part that first.")
        if one.id in leading:
            raise UserError(f"{one.spelled} speaks for a release of its own; part that first.")


# --- releases --------------------------------------------------------------------------------------------------------


def _releases(tx: Tx, project_ids: Iterable[int]) -> list[Release]:
    every = store.milestones_of(tx, project_ids)
    by_id = {one.id: one for one in every}
    parts: dict[int, list[MilestoneName]] = {}
    for one in every:
        if one.joined_to is not None:
            parts.setdefault(one.joined_to, []).append(one)
    return [Release(by_id[id_], tuple(found)) for id_, found in sorted(parts.items()) if id_ in by_id]


def _is_within(release: Release, programme: ProgrammeRow) -> bool:
    ids = {id_ for id_, _ in programme.projects}
    return all(one.project_id in ids for one in (release.leader, *release.parts))


def _settle(tx: Tx, project_ids: set[int], *, author: str, now: datetime) -> tuple[Release, ...]:
    """After a change of programmes: part what is together no more, and judge the projects concerned anew."""
    left = store.programmes(tx)
    apart = tuple(one for one in _releases(tx, project_ids) if not any(_is_within(one, row) for row in left))
    for release in apart:
        _part(tx, release, author=author, now=now)
    lanes = sorted({row.lane_id for row in trackers.projects(tx, ids=sorted(project_ids))})
    subjects.add_sweep(tx, lanes, reason="programmes changed")
    return apart


def _part(tx: Tx, release: Release, *, author: str, now: datetime) -> None:
    store.part(tx, release.leader.id)
    _judge_anew(tx, [release.leader, *release.parts], author=author, now=now, why="parted from others")
    control.audit(tx, who=author, what="milestones parted", subject=release.spelled[:200], at=now)


def _judge_anew(tx: Tx, milestones: Sequence[MilestoneName], *, author: str, now: datetime, why: str) -> None:
    """Have milestones judged, and the plan of the first, where it was made already, drawn up as of the same instant
    from all that is in it now: else what came with its parts would count as added since.
    """
    world = instance.load(tx).clock.now()
    subjects.add_marks(tx, [(one.lane_id, "milestone", one.id, world) for one in milestones], reason=f"it was {why}")
    leader = milestones[0]
    known = projects.load(tx, ids=[leader.project_id]).facts
    found = milestone_facts.load_milestones(tx, [leader.id], projects=known).get(leader.id)
    frozen, _ = subjects.baselines_begun(tx, [leader.id])
    if found is None or found.baseline is None or leader.id not in frozen:
        return  # no plan yet, or one that is still drawn up whenever it is judged
    plan = baseline.baseline_at(found, found.baseline.as_of)
    subjects.save_baseline(
        tx,
        leader.id,
        as_of=plan.as_of,
        how="command" if found.baseline.how == "command" else "reconstructed",
        frozen=True,
        members={**plan.members, **{id_: size for id_, size in found.baseline.members.items() if id_ in plan.members}},
        now=now,
        author=author,
        reason=why,
    )
