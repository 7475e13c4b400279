"""What is likely, what is usual, and the sprints of the seeded world."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from app.store import models as m
from app.store import statistics
from app.store.database import Tx
from app.time import to_iso
from rules.statistics import Forecast, Usual
from tests.web.seed_rows import NOW, days_ago, insert, item_row


def likely(tx: Tx, ids: dict[str, int]) -> None:
    """A milestone whose date is not likely to hold, what is usual in the project, and two sprints beside each other."""
    made = {"tracker_id": ids["tracker"], "project_id": ids["project"]}
    due = date(2026, 8, 20)
    ids["likely"] = insert(
        tx, m.milestone, native_id="m11", number=11, kind="milestone", title="0.9.0", due=due, created_at=days_ago(80),
        dues=[["2026-08-06", "2026-05-12T09:00:00Z"], ["2026-08-20", "2026-07-20T09:00:00Z"]],
        url="https://github.com/demo/curve/milestone/11", members_total=9, members_open=4, **made,
    )  # fmt: skip
    closed = (60, 50, 40, 12, 4, None, None, None, None)
    for place, ago in enumerate(closed):
        joined = 79 if place < 7 else 20 - place
        item = insert(
            tx, m.item, **item_row(ids["project"], 1700 + place, f"Part {place + 1} of the new interface", author=1 + place % 5, pull=place % 2 == 0,
            quiet=ago if ago is not None else 2, age=joined + 3, closed=ago, last="push", side="author", milestones=["m11"]),
        )  # fmt: skip
        tx.execute(sa.insert(m.membership).values(item_id=item, milestone_id=ids["likely"], joined_at=days_ago(joined)))
        tx.execute(
            sa.insert(m.change).values(
                project_id=ids["project"], natural_key=f"joined{place}", item_id=item, at=days_ago(joined), field="milestone",
                actor_id=1 + place % 5, after="m11", url=f"https://github.com/demo/curve/issues/{1700 + place}#event-{place}",
            )
        )  # fmt: skip
    for number, (title, ended, late) in enumerate((("0.7.2", 70, 3), ("0.7.0", 300, 33), ("0.6.1", 380, 12))):
        end = days_ago(ended).date()
        insert(
            tx, m.milestone, native_id=f"m{20 + number}", number=20 + number, kind="milestone", title=title, is_open=False,
            due=end - timedelta(days=late), closed_at=days_ago(ended), dues=[[str(end - timedelta(days=late)), to_iso(days_ago(ended + 60))]],
            created_at=days_ago(ended + 60), **made,
        )  # fmt: skip
    for ago, early, late in ((15, 24, 37), (8, 23, 36), (1, 21, 33), (0.5, 21, 33)):
        said = Forecast(
            as_of=days_ago(ago), chance=0.21, early=NOW.date() + timedelta(days=early), likely=NOW.date() + timedelta(days=early + 5),
            late=NOW.date() + timedelta(days=late), open_items=4, active_days=41, horizon=date(2027, 7, 30), due=due, by85=None,
            safe=date(2026, 9, 1), done_items=52, weeks=26.0, driver="growth", growth=2.2, items_out=2,
        )  # fmt: skip
        kept = statistics.Statistic("milestone", ids["likely"], "forecast", said)
        statistics.save(tx, ids["project"], [kept], now=said.as_of)
    usual(tx, ids)
    sprints(tx, ids)


def usual(tx: Tx, ids: dict[str, int]) -> None:
    """What is usual in the project."""
    said = Usual(
        as_of=days_ago(0.7),
        p50_days={"pull_request/in_review": 9.0, "any/in_review": 9.0, "issue/in_progress": 4.5, "any/in_progress": 4.5},
        p85_days={"pull_request/in_review": 34.0, "any/in_review": 34.0, "issue/in_progress": 16.0, "any/in_progress": 16.0},
        counts={"pull_request/in_review": 44, "any/in_review": 44, "issue/in_progress": 31, "any/in_progress": 31},
        p85_wip={"in_progress": 12, "in_review": 30}, wip_days=64,
    )  # fmt: skip
    statistics.save(
        tx, ids["project"], [statistics.Statistic("project", ids["project"], "usual", said)], now=said.as_of
    )


def sprints(tx: Tx, ids: dict[str, int]) -> None:
    """Four sprints that ended and one that runs, with what was done in them anyway."""
    for number, (ends, first, last) in enumerate(((95, 31, 35), (74, 24, 29), (53, 17, 23), (32, 10, 16), (-17, 3, 9))):
        end, closed = days_ago(ends), ends > 0
        sprint = insert(
            tx, m.milestone, tracker_id=ids["tracker"], project_id=ids["project"], native_id=f"s{number}", kind="sprint",
            title=f"Sprint {number + 8}", start=days_ago(ends + 20).date(), due=end.date(), is_open=not closed,
            closed_at=end if closed else None, created_at=days_ago(ends + 25), dues=[[str(end.date()), to_iso(days_ago(ends + 25))]],
            members_total=last - first, members_open=0,
        )  # fmt: skip
        ids["sprint"] = sprint
        for number_of in range(1600 + first, 1600 + last):
            item = tx.scalar(sa.select(m.item.c.id).where(m.item.c.key == f"#{number_of}"))
            tx.execute(sa.update(m.item).where(m.item.c.id == item).values(estimate=1.0 + number_of % 3))
            tx.execute(
                sa.insert(m.membership).values(item_id=item, milestone_id=sprint, joined_at=days_ago(ends + 20.5))
            )
