"""Two made stories in which, in the end, something of every kind is off: a public repository alone, and a company with a
Jira beside a private one. Each is told of in a table: which types flag something, and how far that is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from integrations.sandbox.jira_site import JiraSite
from integrations.sandbox.replay import Webhook
from tests.hub import Hub
from tests.services.across import Across
from tests.services.live import play
from tests.world import World

COMMENT, LABEL, PAGE = "comment", "label", "page"

REPOSITORY = {
    "stalled-review": COMMENT,
    "red-checks": LABEL,
    "stalled-work": COMMENT,
    "abandoned-assignment": PAGE,
    "scope-creep": PAGE,  # its milestone has no home item
    "scope-growth": COMMENT,
    "missed-milestone": COMMENT,
    "repeat-moves": PAGE,
    "blocked-too-long": COMMENT,
    "waiting-for-answer": LABEL,
    "state-mismatch": COMMENT,
    "reopened": PAGE,
    "overload": PAGE,
    "custom": COMMENT,
    "unreviewed-merge": PAGE,
}
COMPANY = {
    "stalled-review": COMMENT,
    "stalled-work": COMMENT,
    "ageing-work": LABEL,
    "abandoned-assignment": PAGE,
    "scope-creep": COMMENT,
    "sprint-injection": PAGE,
    "missed-milestone": COMMENT,
    "missed-due-date": COMMENT,
    "milestone-at-risk": COMMENT,
    "repeat-slip": LABEL,
    "unready-milestone": PAGE,
    "blocked-too-long": COMMENT,
    "dependency-at-risk": COMMENT,
    "state-mismatch": COMMENT,
    "unlinked-work": COMMENT,
    "estimate-overrun": PAGE,
    "budget-burn": PAGE,
    "overload": PAGE,
    "bottleneck": PAGE,
    "missing-acceptance-criteria": PAGE,
    "unestimated-work": PAGE,
}
"""What each story tells of, and the farthest that a flag of the type is heard there."""

PARAMS = {
    "overload": "{in_progress: 1, days: 0}",
    "blocked-too-long": "{days: 1}",
    "state-mismatch": "{days: 1}",
    "abandoned-assignment": "{quiet_days: 3}",
    "sprint-injection": "{ask_swap: true}",
    "milestone-at-risk": "{least_done: 1}",
    "unreviewed-merge": "{merger_counts: false}",
    "custom": "{when: \"item.title.contains('Urgent')\", for_days: 0, message: 'Urgent for {age_days} days.'}",
}


def text_of(name: str, mode: str, *more: str) -> str:
    """A rule of a type, called as the type is; `more` are further entries of it."""
    params = (f"params: {PARAMS[name]}",) if name in PARAMS else ()
    return f"{{{', '.join((f'name: {name}', f'type: {name}', f'mode: {mode}', *params, *more))}}}"


# --- a repository

SPRING = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
"""A Monday, within the hours."""


def repository(url: str, folder: Path, rules: tuple[str, ...]) -> World:
    """Nine days of a public repository, under these rules; what happened on the first is heard of in its evening."""
    world = World(url, folder, at=SPRING, settings={"reviews_required": True})
    world.rules(*rules)
    hooks = in_the_repository()
    world.at(evening := SPRING + timedelta(hours=8))
    world.play(hook for hook in hooks if hook.at < evening)
    world.drain()
    play(world, (hook for hook in hooks if hook.at >= evening), until=SPRING + timedelta(days=9))
    return world


def in_the_repository() -> list[Webhook]:
    hub = Hub()
    clock = iter(SPRING + n * timedelta(minutes=7) for n in range(200))

    def at_(days: float = 0) -> datetime:
        return next(clock) + timedelta(days=days)

    made = [
        hub.milestone(1, at=at_(), due=(SPRING + timedelta(days=20)).date()),
        hub.milestone(2, at=at_(), due=(SPRING + timedelta(days=7)).date()),
        hub.milestone(3, at=at_(), due=(SPRING + timedelta(days=30)).date()),
        hub.issue(1, at=at_(), author="ann", milestone=2, body="- [ ] one\n- [ ] two"),
        hub.issue(2, at=at_(), author="ann", assignees=("dev",)),
        hub.issue(3, at=at_(), author="ann", assignees=("eve",), labels=("blocked",)),
        hub.issue(4, at=at_(), author="ann", assignees=("dev",)),
        hub.issue(5, at=at_(), author="ann"),
        hub.issue(6, at=at_(), author="ann", assignees=("eve",)),
        hub.issue(7, at=at_(), author="ann", milestone=2),
        hub.issue(8, at=at_(), author="ann", milestone=2, labels=("tracking",)),
        hub.issue(9, at=at_(), author="ann", milestone=3),
        hub.issue(10, at=at_(), author="ann", title="Urgent: nobody can sign in"),
        *(hub.issue(n, at=at_(), author="ann", milestone=1) for n in (31, 32, 33)),
        hub.assign(1, "dev", at=at_()),
        hub.assign(7, "eve", at=at_()),
        hub.comment(1, "On it.", by="dev", at=at_()),
        hub.comment(3, "On it.", by="eve", at=at_()),
        hub.comment(6, "On it.", by="eve", at=at_()),
        hub.pull(20, at=at_(), author="bob", sha="a1"),
        hub.review(20, "commented", by="mel", at=at_()),
        hub.pull(21, at=at_(), author="bob", sha="b1"),
        hub.check("b1", "failure", pulls=(21,), at=at_()),
        hub.pull(23, at=at_(), author="eve", sha="c1", body="Closes #6"),
        hub.pull(25, at=at_(), author="dev", sha="d1", body="Closes #4"),
        hub.review(25, "commented", by="mel", at=at_()),
        hub.comment(4, "Which version is that?", by="mel", association="MEMBER", at=at_()),
        hub.close(5, at=at_()),
    ]
    later = [
        hub.edit(1, body="\n".join(f"- [ ] {n}" for n in range(9)), at=at_(1)),
        hub.close(23, at=at_(1), merged=True),
        hub.reopen(5, at=at_(2)),
        *(hub.issue(n, at=at_(4), author="ann", milestone=1) for n in (41, 42, 43, 44)),
        *(hub.move(1, (SPRING + timedelta(days=20 + n)).date(), at=at_(4)) for n in (1, 2, 3, 4)),
        hub.pull(26, at=at_(5), author="dev", sha="e1"),
        hub.close(26, at=at_(6), by="dev", merged=True),
        hub.change_milestone(3, "closed", at=(closed := at_(6)), state="closed", closed_at=closed.isoformat()),
    ]
    return [*made, *later]


# --- a company

START, WATCHED, END = (
    datetime(2026, month, day, hour, tzinfo=UTC) for month, day, hour in ((3, 2, 7), (3, 26, 8), (4, 1, 10))
)
"""A Monday; a Thursday, from when on each thing is judged when it happens; a Wednesday, within the hours."""
BOARD = 12
SMALL, BIG, NEXT = 51, 52, 53
"""Versions: Mobile 5.1, which was due, Mobile 5.2, which will not be done in time, and Mobile 5.3, about to begin."""


def march(day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC) + timedelta(days=day - 1)


class Notes:
    """What happens in a Jira, noted down by subject and told in the order of time."""

    def __init__(self) -> None:
        self.site = JiraSite()
        self._acts: list[tuple[datetime, Callable[[datetime], None]]] = []

    def __call__(self, at: datetime, act: Callable[..., None], *args: Any, **values: Any) -> None:
        self._acts.append((at, lambda at: act(at, *args, **values)))

    def hooks(self) -> list[Webhook]:
        for at, act in sorted(self._acts, key=lambda one: one[0]):
            act(at)
        return self.site.hooks


def company(url: str, folder: Path, rules: tuple[str, ...]) -> World:
    """A month of a Jira with sprints, versions and hours, and of the repository where its work is done. What lies before
    the last week is known, and was not judged day by day.
    """
    world = Across(url, folder, at=START, projects=("PAY", "PLAT"))
    hooks = sorted([*in_the_jira(), *at_the_code()], key=lambda hook: hook.at)
    world.at(WATCHED)
    world.play(hook for hook in hooks if hook.at < WATCHED)
    world.drain()
    world.rules(*rules)
    play(world, (hook for hook in hooks if hook.at >= WATCHED), until=END)
    return world


def in_the_jira() -> list[Webhook]:
    note = Notes()
    for key, name in (("PAY", "Payments"), ("PLAT", "Platform")):
        note.site.add_project(key, name)
    _finished(note)
    _versions(note)
    _sprints(note)
    _stuck(note)
    return note.hooks()


def _finished(note: Notes) -> None:
    """Two dozen small things, each done within a day, with its hours: what is usual here."""
    days = [day for day in range(3, 26) if march(day).weekday() < 4][:12]
    for place, day in enumerate(sorted(days * 2)):
        key = f"PAY-{101 + place}"
        change = partial(note.site.change, key=key, by="Ari")
        note(march(2, 8, place), note.site.open, key, by="Noor", summary=f"Small thing {place}", hours_planned=4.0)
        note(march(day, 9, place), change, status="In Progress", assignee="Ari")
        note(march(day + 1, 8, place), change, status="Done", hours_spent=4.0)


def _versions(note: Notes) -> None:
    """One that is due with something open and most of its hours gone; one that grows, and will not be done in time; one
    that begins on Friday with nobody on its work.
    """
    site = note.site
    add = partial(site.add_version, project="PAY")
    note(march(6, 9), add, SMALL, name="Mobile 5.1", start=date(2026, 3, 9), release=date(2026, 3, 27))
    note(march(6, 9), add, BIG, name="Mobile 5.2", start=date(2026, 3, 16), release=date(2026, 4, 2))
    note(march(6, 9), add, NEXT, name="Mobile 5.3", start=date(2026, 4, 3), release=date(2026, 4, 30))
    note(march(6, 11), site.open, "PAY-55", by="Noor", summary="For later", versions=(NEXT,))
    for minute, (epic, version) in enumerate((("PAY-1", SMALL), ("PAY-2", BIG))):
        note(march(6, 10, minute), site.open, epic, by="Noor", summary=epic, kind="Epic", versions=(version,))
    planned = (("PAY-1", SMALL, range(11, 15)), ("PAY-2", BIG, range(21, 27)))
    for epic, version, numbers in planned:
        for number in numbers:
            note(
                march(6, 11, number), site.open, f"PAY-{number}", by="Noor", summary=f"Piece {number}", epic=epic,
                versions=(version,), hours_planned=8.0, points=3,
            )  # fmt: skip
    for number in (11, 12):
        note(march(10, 9, number), site.change, f"PAY-{number}", by="Kim", status="In Progress", assignee="Kim")
        note(march(12, 9, number), site.change, f"PAY-{number}", by="Kim", status="Done", hours_spent=20.0)
    note(march(26, 9), site.change, "PAY-13", by="Kim", status="In Progress", assignee="Kim", hours_spent=13.0)
    for number in range(31, 36):
        note(
            march(number - 12, 10), site.open, f"PAY-{number}", by="Noor", summary=f"Came in {number}", epic="PAY-2",
            versions=(BIG,), points=3,
        )  # fmt: skip


def _sprints(note: Notes) -> None:
    """Two that are over and one that runs; two pieces of work go through all of them."""
    site = note.site
    spans = ((1, march(9, 8), march(13, 15)), (2, march(16, 8), march(20, 15)), (3, march(23, 8), march(33, 15)))
    for number, start, end in spans:
        note(march(6, 12), site.add_sprint, number, name=f"Sprint {number}", start=start, end=end, board=BOARD)
        note(start, site.start_sprint, number)
        if number < 3:
            note(end, site.close_sprint, number, by="Noor", rest_to=number + 1)
    for number, sprint in {41: 1, 42: 1, 43: 2, **dict.fromkeys((44, 46, 47, 48, 49, 50, 51), 3)}.items():
        note(
            march(6, 13, number), site.open, f"PAY-{number}", by="Noor", summary=f"Work {number}", sprints=(sprint,),
            points=2,
        )  # fmt: skip
    note(march(18, 9), site.change, "PAY-43", by="Kim", status="Done", assignee="Kim")
    note(march(23, 9), site.change, "PAY-44", by="Noor", assignee="Lee")
    note(march(25, 9), site.open, "PAY-45", by="Noor", summary="Came into the sprint", sprints=(3,))


def _stuck(note: Notes) -> None:
    """What is quiet, waits, blocks, is late, or is told otherwise than it is."""
    site = note.site
    for minute, number in enumerate((41, 49, 50, 51, 46, 47)):  # four of them quiet, all at one person's turn
        note(march(24, 9, minute), site.change, f"PAY-{number}", by="Kim", status="In Progress", assignee="Kim")
    note(march(6, 14), site.open, "PLAT-1", by="Sascha", summary="Certificate for the wallet")
    note(march(26, 10), site.block, "PAY-46", by="Kim", blocker="PAY-47")
    note(march(26, 11), site.block, "PAY-47", by="Kim", blocker="PLAT-1")
    note(march(26, 12), site.block, "PAY-48", by="Kim", blocker="PAY-31")
    for number in (61, 62, 63):
        note(march(20, 9, number - 60), site.open, f"PAY-{number}", by="Noor", summary=f"Told apart {number}")
    note(march(20, 10), site.change, "PAY-63", by="Noor", due=date(2026, 3, 27))
    note(march(27, 9), site.change, "PAY-61", by="Kim", status="In Progress", assignee="Kim")
    note(march(27, 9, 5), site.change, "PAY-62", by="Kim", status="In Progress", assignee="Kim")


def at_the_code() -> Iterator[Webhook]:
    """A pull request that waits for a review, one that is merged with its issue left as it was, one of no issue."""
    hub = Hub("acme/shop-api")
    yield hub.pull(482, at=march(27, 9, 30), author="mel", title="PAY-61 Charge a saved card")
    yield hub.pull(483, at=march(27, 10, 5), author="mel", title="PAY-62 Ask again")
    yield hub.review(483, "approved", by="lead", at=march(27, 10, 10))
    yield hub.close(483, at=march(27, 11), by="mel", merged=True)
    yield hub.pull(484, at=march(27, 12), author="mel", title="Check webhooks with SHA-256", lines=200)
