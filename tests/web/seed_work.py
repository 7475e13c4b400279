"""The seeded world's milestones, items and their past."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from tests.web.seed_rows import HOSTILE, days_ago, insert, item_row


def milestones(tx: Tx, ids: dict[str, int]) -> None:
    def add(number: int, title: str, **values: Any) -> int:
        values = {"members_total": 0, "members_open": 0, "is_open": True, "created_at": days_ago(183), **values}
        return insert(
            tx, m.milestone, tracker_id=ids["tracker"], project_id=ids["project"], native_id=f"m{number}", number=number, kind="milestone", title=title,
            url=f"https://github.com/demo/curve/milestone/{number}", **values,
        )  # fmt: skip

    dues = [
        ["2026-04-19", "2026-01-30T09:00:00Z"],
        ["2026-07-17", "2026-05-04T09:00:00Z"],
        ["2026-08-02", "2026-07-28T09:00:00Z"],
    ]
    ids["milestone"] = add(8, "0.8.0", due=date(2026, 8, 2), dues=dues, members_total=9, members_open=2)
    ids["late"] = add(
        7,
        "0.7.3",
        due=date(2026, 7, 24),
        dues=[["2026-07-24", "2026-06-20T09:00:00Z"]],
        members_total=2,
        members_open=1,
        created_at=days_ago(60),
    )
    ids["bucket"] = add(9, "Next breaking release", members_total=1, members_open=1)
    add(10, HOSTILE, members_total=0)
    add(
        6,
        "0.7.1",
        is_open=False,
        closed_at=days_ago(190),
        due=date(2026, 1, 20),
        dues=[["2026-01-20", "2025-11-20T09:00:00Z"]],
        created_at=days_ago(260),
    )


def items(tx: Tx, ids: dict[str, int]) -> None:
    project = ids["project"]

    def add(number: int, title: str, **values: Any) -> int:
        return insert(tx, m.item, **item_row(project, number, title, **values))

    ids["item"] = add(
        1874,
        "Name the oldest supported toolchain",
        author=3,
        pull=True,
        quiet=35,
        age=44,
        last="review_comment",
        labels=["assurance", "development"],
    )
    for number, quiet, title in (
        (1878, 38, "Say that the half result is not normalised"),
        (1648, 31, "Speed up batch checks"),
        (1791, 22, "Tidy the tests"),
        (1840, 19, "Document the flags"),
        (1566, 19, "Half aggregation of signatures"),
    ):
        add(number, title, author=4, pull=True, quiet=quiet, age=quiet * 4, review="approved", last="review")
    add(1754, "Full aggregation module", author=5, pull=True, quiet=20, age=210, last="push", side="author")
    add(1786, "Rework the build", author=2, pull=True, quiet=16, age=30, last="push", side="author")
    ids["hostile"] = add(
        1799, HOSTILE, author=2, pull=True, quiet=34, age=80, last="review_comment", labels=["<b>bold</b>"]
    )
    for number in range(1500, 1530):
        add(
            number,
            f"An old idea, number {number}",
            author=6,
            pull=True,
            quiet=100 + (number % 7) * 90,
            age=400 + (number % 11) * 130,
            draft=number % 5 == 0,
        )
    for number in range(1600, 1640):
        add(
            number,
            f"Finished change {number}",
            author=1 + number % 5,
            pull=True,
            quiet=3 * (number % 40) + 2,
            age=3 * (number % 40) + 2 + (number % 9) * 6 + 1,
            closed=3 * (number % 40) + 2,
        )
    for number in range(1200, 1260):
        add(
            number,
            f"An issue about {number}",
            author=1 + number % 6,
            quiet=60 + number % 50,
            age=500 + number % 200,
            closed=5 * (number % 30) if number % 2 else None,
        )
    stays: list[tuple[str, int, str, float, float | None, bool]] = [
        ("milestone", 1175, "Signed release archives", 182, 0.3, False),
        ("milestone", 1709, "Describe signing of archives", 182, 0.2, False),
        ("milestone", 1885, "Wipe temporary scalars", 3.3, None, True),
        ("milestone", 1863, "Keep the seed out of the hash buffer", 3.3, 1.2, True),
        ("milestone", 1903, "Release note for the hash override", 1.2, None, True),
        ("milestone", 1899, "Release notes: two missing entries", 3.2, 3.1, True),
        ("milestone", 1900, "Use the hash override in helper functions", 2.3, 2.1, True),
        ("late", 1850, "Check the vectors again", 40, None, False),
        ("late", 1851, "Drop the old build file", 40, 9, False),
        ("bucket", 1111, "Break the old interface", 150, None, False),
    ]
    for milestone, number, title, joined, closed, pull in stays:
        native = tx.scalar(sa.select(m.milestone.c.native_id).where(m.milestone.c.id == ids[milestone]))
        item = add(
            number,
            title,
            author=1 + number % 6,
            pull=pull,
            quiet=closed if closed is not None else 0.5,
            age=joined + 20,
            closed=closed,
            milestones=[native],
            last="push",
            side="author",
        )
        tx.execute(
            sa.insert(m.membership).values(item_id=item, milestone_id=ids[milestone], joined_at=days_ago(joined))
        )
        ids[str(number)] = item
    history(tx, ids)


def history(tx: Tx, ids: dict[str, int]) -> None:
    url = "https://github.com/demo/curve/pull/1874#x"
    entries: Iterable[tuple[float, str, int | None, str | None, str | None, bool]] = (
        (17, "link", 4, None, "#1889", False),
        (22, "label", 2, None, "development", False),
        (24, "comment", ids["bot"], None, None, False),
        (35, "review_comment", 2, None, None, False),
        (35.01, "review", 2, None, "commented", False),
        (42, "push", 3, None, "4be2c1", False),
        (43, "milestone", 3, None, "m8", True),
        (43.5, "title", 3, HOSTILE, "Name the oldest supported toolchain", False),
    )
    for place, (ago, field, actor, before, after, bulk) in enumerate(entries):
        tx.execute(
            sa.insert(m.change).values(
                project_id=ids["project"], natural_key=f"n{place}", item_id=ids["item"], at=days_ago(ago), field=field,
                actor_id=actor, before=before, after=after, url=url, bulk=bulk,
            )
        )  # fmt: skip
