"""A history taken into this instance: projects that are judged and shown like others, and never written to.

Nothing of it is seen before all of it is in. A project whose key is watched here already is refused, so a history is
taken in once: what two versions of a past disagree on, nobody here could tell. Take the first out to take in another.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.errors import UserError
from app.secret import SecretBox
from app.services import rulebook
from app.services.deriving import derive_items
from app.services.history.load import load
from app.services.history.rows import draft_of
from app.services.history.told import Told
from app.services.projects import Projects
from app.store import control, derivation, links, moves, programmes, purge, rules, subjects, trackers
from app.store import history as store
from app.store.database import Database
from app.time import real_now
from rules.rulefile import RuleDraft

Open = Callable[[], Iterable[str | bytes]]
"""The lines of a history, from the first on, each time it is called."""
ROWS, PAGE = 250, 50
"""Rows put in, and items derived, in one transaction: others write meanwhile."""
GIVEN_UP = timedelta(minutes=10)
"""An import that did nothing for so long has ended in the middle."""
DETAIL = "an imported history: it is judged, and nothing is written"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in: trackers by their names here, projects, and the rules that are in force now. `twice` are
    changes and links that the file holds twice.
    """

    trackers: tuple[str, ...]
    projects: tuple[str, ...]
    rules: tuple[str, ...]
    twice: int


def check(lines: Iterable[str | bytes], *, source: str) -> Told:
    """Read a history to its end without keeping any of it. Raises HistoryError."""
    told = Told()
    for _ in load(lines, source=source, told=told):
        pass
    return told


def check_keys(db: Database, told: Told) -> None:
    """Raises UserError where the file holds no project, or one whose key is watched here already."""
    if not told.projects:
        raise UserError("The file holds no project: there is nothing to judge in it.")
    keys = [one.key for one in told.projects]
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    if doubled:
        raise UserError(f"The file holds two projects with the key {doubled[0]!r}: here a key is one project's.")
    with db.read() as tx:
        known = {row.key: row.tracker_name for row in trackers.projects(tx)}
    taken = [f"{key} (on {known[key]})" for key in keys if key in known]
    if taken:
        raise UserError(
            f"Watched here already: {', '.join(taken)}. A history is taken in once.\n"
            "Take that project out first (plumbline project remove KEY --purge), or import into an instance of its own."
        )


def take(
    db: Database,
    vault: SecretBox,
    open_: Open,
    *,
    told: Told,
    source: str,
    with_rules: bool,
    author: str,
    now: datetime,
) -> Taken:
    """Take in a history that was checked (`told`). `now` is world time. Raises UserError, and HistoryError where the
    file is another by now; then nothing of it is left.
    """
    check_keys(db, told)
    _clear_up(db)
    coming = _Coming(db, vault)
    try:
        for table, rows in load(open_(), source=source):
            coming.put(table, rows)
        coming.derive()
        names, keys, twice = coming.show(author=author)
    except BaseException:
        coming.undo()
        raise
    drafts = fresh_rules(db, told) if with_rules else []
    if drafts:
        rulebook.apply(db, drafts, author=author, prune=False, now=now, real=real_now())
    return Taken(names, keys, tuple(draft.name for draft in drafts), twice)


def fresh_rules(db: Database, told: Told) -> list[RuleDraft]:
    """The newest versions of a history's rules that were in force at its end and whose names are free here. None of
    them is live: what it would write, nobody here has looked at.
    """
    with db.read() as tx:
        known = {rule.name for rule in rules.in_force(tx)}
    newest = {one.name: one for one in sorted(told.rules, key=lambda one: one.version)}
    drafts = [draft_of(one) for one in newest.values() if one.removed_at is None and one.name not in known]
    return [_quiet(draft) for draft in drafts]


def _quiet(draft: RuleDraft) -> RuleDraft:
    return replace(draft, mode="observe") if draft.mode == "live" else draft


class _Coming:
    """A history on its way in, out of use until all of it is there."""

    def __init__(self, db: Database, vault: SecretBox) -> None:
        self.db, self.vault = db, vault
        self.rows = store.Put()
        self.names: list[str] = []

    def put(self, table: str, rows: Sequence[store.Row]) -> None:
        """Put in rows of a table, so few at a time that others need not wait for long."""
        if table not in ("rule", "rule_version"):
            for start in range(0, len(rows), ROWS):
                self._put(table, list(rows[start : start + ROWS]))

    def _put(self, table: str, rows: list[store.Row]) -> None:
        with self.db.write() as tx:
            now = real_now()
            if table == "tracker":
                taken = {row.name for row in trackers.trackers(tx)}
                rows = [self._tracker(row, taken, now) for row in rows]
            elif table == "project":
                rows = [{**row, "status": store.COMING, "removed_at": now} for row in rows]
            elif table == "programme":
                taken = {row.name for row in programmes.programmes(tx)}
                rows = [{**row, "name": _free(row["name"], taken)} for row in rows]
            self.rows.rows(tx, table, rows)
            store.hide(tx, self._ids("project"), now=now)

    def _tracker(self, row: store.Row, taken: set[str], now: datetime) -> store.Row:
        name = _free(row["name"], taken)
        taken.add(name)
        self.names.append(name)
        # nobody knows this secret: whatever is sent to this tracker's hook is refused
        return {**row, "name": name, "webhook_secret": self.vault.seal(secrets.token_hex(32)), "created_at": now}

    def _ids(self, table: str) -> list[int]:
        return list(self.rows.ids.get(table, {}).values())

    def derive(self) -> None:
        """What is derived from snapshots and changes, a page at a time."""
        ids = self._ids("project")
        with self.db.read() as tx:
            found = trackers.projects(tx, ids=ids, in_use=False)
            known = Projects(found, trackers.settings_of(tx, ids))
        for row in found:
            last = 0
            while True:
                with self.db.write() as tx:
                    page = store.item_pages(tx, row.id, after=last, size=PAGE)
                    links.point(tx, page, tracker_id=row.tracker_id)
                    concerned = derive_items(tx, known, row.id, page)
                    moves.settle_owners(tx, concerned)
                    store.hide(tx, ids, now=real_now())
                if len(page) < PAGE:
                    break
                last = page[-1]
        milestones = self._ids("milestone")
        for start in range(0, len(milestones), PAGE):
            with self.db.write() as tx:
                derivation.save_milestone_sums(tx, milestones[start : start + PAGE])

    def show(self, *, author: str) -> tuple[tuple[str, ...], tuple[str, ...], int]:
        """Take it into use, to be judged behind the deliveries; gives the names of trackers and projects, and how many
        rows stood there twice.
        """
        with self.db.write() as tx:
            ids = self._ids("project")
            store.show(tx, ids, detail=DETAIL, now=real_now())
            rows = trackers.projects(tx, ids=ids)
            subjects.add_sweep(tx, sorted({row.lane_id for row in rows}), reason="a history was imported")
            keys = tuple(row.key for row in rows)
            control.audit(
                tx, who=author, what="history imported", subject=", ".join(keys)[:200], at=real_now(),
                detail={"trackers": self.names, "items": len(self._ids("item"))},
            )  # fmt: skip
            twice = self.rows.twice(tx)
        return tuple(self.names), keys, twice

    def undo(self) -> None:
        """Take out what is in."""
        for tracker_id in self._ids("tracker"):
            _forget(self.db, tracker_id)


def _free(name: str, taken: Iterable[str]) -> str:
    """A name that nothing has, near to this one."""
    tries = 1
    found = name
    while found in set(taken):
        tries += 1
        found = f"{name} {tries}"
    return found


def _clear_up(db: Database) -> None:
    """Delete what imports that ended in the middle have left."""
    with db.read() as tx:
        left = store.broken_off(tx, before=real_now() - GIVEN_UP)
    for tracker_id in left:
        _forget(db, tracker_id)


def _forget(db: Database, tracker_id: int) -> None:
    with db.read() as tx:
        projects = store.projects_on(tx, tracker_id)
    for project_id in projects:
        for _ in purge.purge(db, project_id):
            pass
    with db.write() as tx:
        store.forget_tracker(tx, tracker_id)
