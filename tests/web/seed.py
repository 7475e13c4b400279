"""A small world like the one in the design's pages: one project with its flags, milestones and deliveries, and an empty one beside it.

Standings are what the rules themselves say of the seeded items, so that pages and judgements agree.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app.services.explain import explain
from app.services.memory import dump_standing
from app.store import models as m
from app.store.database import Database, Tx
from app.store.trackers import TRACKER_LANE
from rules.catalog.registry import TYPES
from rules.standing import Standing
from rules.verdict import Outcome
from rules.wording.codec import dump_verdict
from tests.web.seed_plans import likely
from tests.web.seed_rows import NOW, days_ago, insert, item_row
from tests.web.seed_upkeep import deliveries, upkeep, written
from tests.web.seed_work import items, milestones


def seed(db: Database) -> dict[str, int]:
    """Fill an empty, migrated database; returns ids by name (`project`, `item`, `hostile`, `milestone`, `aside`, `flags`)."""
    with db.write() as tx:
        tx.execute(sa.update(m.instance).values(origin_real=NOW, origin_world=NOW, rate=0.0, demo=True))
        ids = _people_and_project(tx)
        milestones(tx, ids)
        items(tx, ids)
        _rules(tx)
        deliveries(tx, ids)
        likely(tx, ids)
    ids["flags"] = judge(db, ids["project"])
    with db.write() as tx:
        written(tx, ids)
        upkeep(tx, ids)
        ids["person"] = insert(
            tx, m.account, name="Grace Hopper", name_key="grace hopper", mail="grace@example.org", role="editor",
            all_projects=True, created_at=days_ago(9),
        )  # fmt: skip
    return ids


def add_items(db: Database, project_id: int, count: int) -> None:
    """Many more pull requests, for counting queries and looking at speed."""
    with db.write() as tx:
        who = tx.scalar(sa.select(m.person.c.id).limit(1))
        tx.execute(
            sa.insert(m.item),
            [
                item_row(
                    project_id, 10_000 + n, f"Bulk change {n}", author=who or 1, pull=True, quiet=40 + n % 20, age=60
                )
                for n in range(count)
            ],
        )


def judge(db: Database, project_id: int) -> int:
    """Let every rule judge every subject and keep what they flag; returns how many flags are open."""
    with db.read() as tx:
        subjects = [("item", i) for i in tx.scalars(sa.select(m.item.c.id).where(m.item.c.project_id == project_id))]
        subjects += [
            ("milestone", i)
            for i in tx.scalars(sa.select(m.milestone.c.id).where(m.milestone.c.project_id == project_id))
        ]
        known = {(row[0], row[1]) for row in tx.execute(sa.select(m.standing.c.subject_kind, m.standing.c.subject_id))}
    rows = []
    for kind, subject_id in subjects:
        if (kind, subject_id) in known:
            continue
        for judgement in explain(db, kind, subject_id, now=NOW).judgements:
            verdict = judgement.verdict
            if verdict.outcome is not Outcome.FLAGGED:
                continue
            rows.append(
                {
                    "rule_id": judgement.rule.id,
                    "rule_version": judgement.rule.version,
                    "project_id": project_id,
                    "subject_kind": kind,
                    "subject_id": subject_id,
                    "shown_on": subject_id if kind == "item" else None,
                    "outcome": "flagged",
                    "severity": verdict.severity.value,
                    "reach": verdict.reach.value,
                    "code": verdict.reason.code,
                    "opened_at": verdict.since or NOW,
                    "since": verdict.since,
                    "verdict": dump_verdict(verdict),
                    "memory": dump_standing(
                        Standing(
                            opened_at=verdict.since or NOW,
                            said=verdict,
                            verdict=verdict,
                            since=verdict.since or NOW,
                            changed_at=verdict.since or NOW,
                        )
                    ),
                }
            )
    with db.write() as tx:
        if rows:
            tx.execute(sa.insert(m.standing), rows)
    return len(rows)


def _people_and_project(tx: Tx) -> dict[str, int]:
    tracker = insert(
        tx,
        m.tracker,
        name="demo",
        kind="github",
        base_url="https://github.com",
        webhook_secret=b"",
        created_at=days_ago(400),
    )
    insert(tx, m.lane, tracker_id=tracker, name=f"{TRACKER_LANE}{tracker}")
    lane = insert(tx, m.lane, tracker_id=tracker, name="demo/curve")
    other_lane = insert(tx, m.lane, tracker_id=tracker, name="demo/field")
    connection = insert(
        tx,
        m.connection,
        tracker_id=tracker,
        kind="token",
        login="plumb-bot",
        credentials=b"",
        status="ok",
        installation=None,
    )
    common = {"tracker_id": tracker, "connection_id": connection, "public": True, "created_at": days_ago(400)}
    project = insert(
        tx, m.project, lane_id=lane, native_id="1", key="demo/curve", url="https://github.com/demo/curve",
        last_delivery_at=NOW - timedelta(minutes=4), **common,
    )  # fmt: skip
    field = insert(
        tx,
        m.project,
        lane_id=other_lane,
        native_id="2",
        key="demo/field",
        url="https://github.com/demo/field",
        **common,
    )
    for number in range(1, 8):
        person = insert(tx, m.person, tracker_id=tracker, native_id=str(number), login=f"dev-{number:02}", bot=False)
        tx.execute(
            sa.insert(m.participant).values(project_id=project, person_id=person, member=True, as_of=days_ago(300))
        )
    bot = insert(tx, m.person, tracker_id=tracker, native_id="99", login="helper[bot]", bot=True)
    return {
        "tracker": tracker,
        "lane": lane,
        "connection": connection,
        "project": project,
        "field": field,
        "bot": bot,
        "person": 1,
    }


def _rules(tx: Tx) -> None:
    modes = {"stalled-review": "live", "scope-creep": "live", "missed-due-date": "off"}
    for type_ in TYPES:
        rule = insert(tx, m.rule, name=type_.name, type=type_.name, version=2, created_at=days_ago(90))
        params = type_.params().model_dump(mode="json")
        for version in (1, 2):
            if version == 2 and type_.name == "stalled-review":
                params = {
                    **params,
                    "author_days": 14,
                    "author_comment_days": 30,
                    "reviewer_days": 14,
                    "merger_days": 14,
                }
            insert(
                tx, m.rule_version, rule_id=rule, version=version, valid_from=days_ago(90 - 60 * (version - 1)), title=type_.title,
                params=params, scope={"projects": ["demo/*"] if version == 2 else [], "kinds": [], "condition": None}, severity="warning",
                reach="comment", mode=modes.get(type_.name, "observe"), live_since=days_ago(30) if modes.get(type_.name) == "live" else None,
                author="Open source pack" if version == 1 else "dev-02",
            )  # fmt: skip
    broken = insert(tx, m.rule, name="broken-rule", type="stalled-work", version=1, created_at=days_ago(3))
    insert(
        tx, m.rule_version, rule_id=broken, version=1, valid_from=days_ago(3), title="Claimed and forgotten", params={"no_such": 0}, scope={},
        severity="note", reach="page", mode="observe", author="dev-02",
    )  # fmt: skip
