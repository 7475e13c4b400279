"""Moves between versions and growth of versions, as our memberships tell them, over recorded issues of public Jiras.

    python -m bench versions            a few minutes

All recorded issues are told to a fresh core as an import tells them. Looked for at `../shared/data` beside the folder
of the project, or where SHARED_DATA says; not part of it. Of versions the source keeps no start, so what was in when an
issue was made counts as planned, and what joined by a change as added.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from app.bootstrap import migrate_url
from app.services import projects
from app.store import milestone_facts
from app.store import models as m
from bench.table import memory_folder, table
from rules.baseline import QUICK_DAYS, growth
from rules.facts import Baseline, Milestone
from tests.services import jira_past
from tests.services.jira_world import JiraWorld
from tests.support import SHARED

BOOKKEEPING = ("member.done-before", "member.done-quickly")


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves between versions by issue: as we say, and as the source counted them."""

    ours: Mapping[str, int]
    theirs: Mapping[str, int]

    @property
    def disagreeing(self) -> list[str]:
        return sorted(one for one, number in self.theirs.items() if self.ours[one] != number)


@dataclass(frozen=True, slots=True)
class Additions:
    """Issues that a change put into a dated version, by what they are to its growth; and of all `joins` by a change,
    into whatever version, those of issues that were done before or within a working day (`quick`).
    """

    versions: int
    roles: Counter[str]
    joins: int
    quick: int

    @property
    def bookkeeping(self) -> int:
        return sum(self.roles[code] for code in BOOKKEEPING)

    @property
    def carried(self) -> int:
        return self.roles["member.carried-over"]

    @property
    def total(self) -> int:
        return sum(self.roles.values())


def main() -> None:
    """Take everything in and print both tables."""
    if not (SHARED / "jira").exists():
        print("versions: skipped, there are no recorded issues of Jira beside this folder")
        return
    with tempfile.TemporaryDirectory(prefix="plumb-versions-", dir=memory_folder()) as folder:
        world = told(f"sqlite:///{Path(folder) / 'versions.db'}", every=1)
        print(moves_table(moves(world, every=1)), additions_table(additions(world)), sep="\n\n")
        world.close()


def told(url: str, *, every: int) -> JiraWorld:
    """A core that was told every so manieth of the recorded issues."""
    migrate_url(url)
    at = jira_past.instant(jira_past.ASKED_AT)
    world = JiraWorld(url, jira_past.projects(every), at=at, site=jira_past.SITE)
    world.tell(jira_past.told_versions(every))
    world.tell(jira_past.told(life) for life in jira_past.lives(every))
    world.drain()
    return world


def moves(world: JiraWorld, *, every: int) -> Moves:
    """A move is an instant at which an issue left one version and joined another."""
    native = {row.id: row.native_id for row in world.rows(sa.select(m.item.c.id, m.item.c.native_id))}
    joined: dict[str, set[datetime]] = {}
    left: dict[str, set[datetime]] = {}
    for row in world.rows(sa.select(m.membership)):
        if row.joined_at is not None:
            joined.setdefault(native[row.item_id], set()).add(row.joined_at)
        if row.left_at is not None:
            left.setdefault(native[row.item_id], set()).add(row.left_at)
    ours = {one: len(joined.get(one, set()) & left.get(one, set())) for one in native.values()}
    theirs = {one: labels["version_moves"] for one, labels in jira_past.derived(every).items()}
    return Moves(ours, theirs)


def additions(world: JiraWorld) -> Additions:
    """What joined each version that has a date after the issue was made."""
    with world.db.read() as tx:
        facts = projects.load(tx, tracker_id=world.tracker_id).facts
        ids = tx.scalars(sa.select(m.milestone.c.id).where(m.milestone.c.kind == "version")).all()
        found = milestone_facts.load_milestones(tx, ids, projects=facts)
    roles: Counter[str] = Counter()
    joins = quick = 0
    for version in found.values():
        if version.due is not None:
            roles.update(_roles(version, now=world.now))
        calendar = version.project.calendar
        for stay in version.members:
            if stay.joined_at is not None and stay.joined_at > stay.created_at:
                joins += 1
                settled = calendar.add_working_days(stay.joined_at, QUICK_DAYS)
                quick += stay.closed_at is not None and stay.closed_at <= settled
    return Additions(sum(version.due is not None for version in found.values()), roles, joins, quick)


def _roles(version: Milestone, *, now: datetime) -> Iterable[str]:
    """The reasons of all that was not in from its own beginning."""
    began = {stay.item.id: stay.estimate for stay in version.members if stay.joined_at == stay.created_at}
    first = min((stay.created_at for stay in version.members), default=now)
    made = Baseline(as_of=first, how="reconstructed", members=began)
    return [row.why.code for row in growth(version, baseline=made, now=now).rows if row.member.item.id not in began]


def moves_table(found: Moves) -> str:
    agree = sum(found.ours[one] == number for one, number in found.theirs.items())
    moved = [one for one, number in found.theirs.items() if number]
    rows: list[tuple[str, object]] = [
        ("issues", len(found.theirs)),
        ("of which both count the same", agree),
        ("issues that moved, by the source", len(moved)),
        ("of which both count the same", sum(found.ours[one] == found.theirs[one] for one in moved)),
        ("moves, by the source", sum(found.theirs.values())),
        ("moves, by our memberships", sum(found.ours.values())),
    ]
    rows += [(f"not the same: {one}", f"{found.ours[one]}, not {found.theirs[one]}") for one in found.disagreeing]
    return table("Moves between versions", ("what", "number"), rows)


def additions_table(found: Additions) -> str:
    rows: list[tuple[str, object, str]] = [("added to a version with a date", found.total, "100 %")]
    rows += [(code, number, f"{number / found.total:.0%}") for code, number in found.roles.most_common()]
    rows.append(("bookkeeping together", found.bookkeeping, f"{found.bookkeeping / found.total:.0%}"))
    rows.append(("all joins, dated or not", found.joins, ""))
    rows.append(("  of what was done before or within a day", found.quick, f"{found.quick / found.joins:.0%}"))
    return table(f"Added to {found.versions} versions with a date", ("as what", "issues", "share"), rows)
