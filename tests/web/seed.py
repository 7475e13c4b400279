"""A small world like the one in the design's pages: one project with its flags, milestones and deliveries, and an empty one beside it.

Standings are what the rules themselves say of the seeded items, so that pages and judgements agree.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.services.explain import explain
from app.services.memory import dump_standing
from app.store import models as m
from app.store import statistics
from app.store.database import Database, Tx
from app.store.trackers import TRACKER_LANE
from app.time import to_iso
from rules.catalog.registry import TYPES
from rules.standing import Standing
from rules.statistics import Forecast, Usual
from rules.verdict import Outcome
from rules.wording.codec import dump_verdict

NOW = datetime(2026, 7, 31, 17, 10, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script> \"><img src=x onerror=alert(1)> & more"
COMMENT = """**Quiet for 30 days; it looks like the author's turn.**

- Last step: [review comments of 26 Jun](https://github.com/demo/curve/pull/1874#r1), not answered yet
- Checks are green, no conflicts

**What helps:** an answer, a push, or a word that it is on hold. Handing it over is fine too; just say so.

<sub>This note is edited in place and nothing gets closed. Answer with `/plumb snooze 2w reason`, `/plumb wrong reason` or `/plumb help`. [Why this note?](https://plumb.example/i/1)</sub>
<!-- plumbline:1:7f3c -->
"""


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def seed(db: Database) -> dict[str, int]:
    """Fill an empty, migrated database; returns ids by name (`project`, `item`, `hostile`, `milestone`, `aside`, `flags`)."""
    with db.write() as tx:
        tx.execute(sa.update(m.instance).values(origin_real=NOW, origin_world=NOW, rate=0.0, demo=True))
        ids = _people_and_project(tx)
        _milestones(tx, ids)
        _items(tx, ids)
        _rules(tx)
        _deliveries(tx, ids)
        _likely(tx, ids)
    ids["flags"] = judge(db, ids["project"])
    with db.write() as tx:
        _written(tx, ids)
        _upkeep(tx, ids)
        ids["person"] = _insert(
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
                _item(project_id, 10_000 + n, f"Bulk change {n}", author=who or 1, pull=True, quiet=40 + n % 20, age=60)
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


def _insert(tx: Tx, table: sa.Table, **values: Any) -> int:
    return int(tx.execute(sa.insert(table).values(**values)).inserted_primary_key[0])


def _people_and_project(tx: Tx) -> dict[str, int]:
    tracker = _insert(
        tx,
        m.tracker,
        name="demo",
        kind="github",
        base_url="https://github.com",
        webhook_secret=b"",
        created_at=days_ago(400),
    )
    _insert(tx, m.lane, tracker_id=tracker, name=f"{TRACKER_LANE}{tracker}")
    lane = _insert(tx, m.lane, tracker_id=tracker, name="demo/curve")
    other_lane = _insert(tx, m.lane, tracker_id=tracker, name="demo/field")
    connection = _insert(
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
    project = _insert(
        tx, m.project, lane_id=lane, native_id="1", key="demo/curve", url="https://github.com/demo/curve",
        last_delivery_at=NOW - timedelta(minutes=4), **common,
    )  # fmt: skip
    field = _insert(
        tx,
        m.project,
        lane_id=other_lane,
        native_id="2",
        key="demo/field",
        url="https://github.com/demo/field",
        **common,
    )
    for number in range(1, 8):
        person = _insert(tx, m.person, tracker_id=tracker, native_id=str(number), login=f"dev-{number:02}", bot=False)
        tx.execute(
            sa.insert(m.participant).values(project_id=project, person_id=person, member=True, as_of=days_ago(300))
        )
    bot = _insert(tx, m.person, tracker_id=tracker, native_id="99", login="helper[bot]", bot=True)
    return {
        "tracker": tracker,
        "lane": lane,
        "connection": connection,
        "project": project,
        "field": field,
        "bot": bot,
        "person": 1,
    }


def _milestones(tx: Tx, ids: dict[str, int]) -> None:
    def add(number: int, title: str, **values: Any) -> int:
        values = {"members_total": 0, "members_open": 0, "is_open": True, "created_at": days_ago(183), **values}
        return _insert(
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


def _items(tx: Tx, ids: dict[str, int]) -> None:
    project = ids["project"]

    def add(number: int, title: str, **values: Any) -> int:
        return _insert(tx, m.item, **_item(project, number, title, **values))

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
    _history(tx, ids)


def _history(tx: Tx, ids: dict[str, int]) -> None:
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


def _item(
    project: int,
    number: int,
    title: str,
    *,
    author: int,
    quiet: float,
    age: float,
    pull: bool = False,
    closed: float | None = None,
    draft: bool = False,
    review: str = "commented",
    last: str = "comment",
    side: str = "reviewer",
    labels: list[str] | None = None,
    milestones: list[Any] | None = None,
) -> dict[str, Any]:
    url = f"https://github.com/demo/curve/{'pull' if pull else 'issues'}/{number}"
    step = {"kind": last, "at": to_iso(days_ago(quiet)), "url": f"{url}#r{number}", "side": side}
    state = "done" if closed is not None else "in_review" if pull and not draft else "in_progress" if pull else "todo"
    size = {
        "checklist_total": 0,
        "checklist_done": 0,
        "estimate": None,
        "lines": 98 if pull else None,
        "files": 5 if pull else None,
        "body_length": 120,
    }
    derived: dict[str, Any] = {
        "state": state,
        "state_since": to_iso(days_ago(closed if closed is not None else age)),
        "last_movement": step,
        "started_at": to_iso(days_ago(age)) if pull else None,
        "acted_at": None,
        "size": size,
        "at_start": None,
        "pull": None,
    }
    if pull:
        derived["pull"] = {
            "review": review,
            "last_word": step,
            "last_push": {**step, "kind": "push", "side": "author"},
            "first_review_at": to_iso(days_ago(quiet)),
            "ready_at": to_iso(days_ago(age)),
            "size_at_first_review": None,
        }
    return {
        "project_id": project,
        "native_id": f"1/{number}",
        "number": number,
        "key": f"#{number}",
        "kind": "pull_request" if pull else "issue",
        "title": title,
        "url": url,
        "author_id": author,
        "created_at": days_ago(age),
        "is_open": closed is None,
        "status": "open" if closed is None else "merged" if pull else "closed",
        "closed_at": days_ago(closed) if closed is not None else None,
        "closed_as": None if closed is None else "merged" if pull else "completed",
        "labels": labels or [],
        "milestone_natives": milestones or [],
        "head_sha": f"sha{number}" if pull else None,
        "pull": {"draft": draft, "mergeable": True, "reviewers": [], "reviewer_teams": []} if pull else None,
        "checks": {"ci": ["green", to_iso(days_ago(quiet)), f"sha{number}"]} if pull else {},
        "state": state,
        "state_since": days_ago(closed if closed is not None else age),
        "began_at": days_ago(age) if pull else None,
        "moved_at": days_ago(quiet),
        "derived": derived,
        "judged_at": NOW,
    }


def _rules(tx: Tx) -> None:
    modes = {"stalled-review": "live", "scope-creep": "live", "missed-due-date": "off"}
    for type_ in TYPES:
        rule = _insert(tx, m.rule, name=type_.name, type=type_.name, version=2, created_at=days_ago(90))
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
            _insert(
                tx, m.rule_version, rule_id=rule, version=version, valid_from=days_ago(90 - 60 * (version - 1)), title=type_.title,
                params=params, scope={"projects": ["demo/*"] if version == 2 else [], "kinds": [], "condition": None}, severity="warning",
                reach="comment", mode=modes.get(type_.name, "observe"), live_since=days_ago(30) if modes.get(type_.name) == "live" else None,
                author="Open source pack" if version == 1 else "dev-02",
            )  # fmt: skip
    broken = _insert(tx, m.rule, name="broken-rule", type="stalled-work", version=1, created_at=days_ago(3))
    _insert(
        tx, m.rule_version, rule_id=broken, version=1, valid_from=days_ago(3), title="Claimed and forgotten", params={"no_such": 0}, scope={},
        severity="note", reach="page", mode="observe", author="dev-02",
    )  # fmt: skip


def _deliveries(tx: Tx, ids: dict[str, int]) -> None:
    real = datetime.now(UTC)
    rows = (
        (65, "issue_comment", "created", "#1903", "done", "1 change, 6 rules judged"),
        (60, "pull_request", "synchronize", "#1885", "done", "2 changes, 6 rules judged"),
        (55, "pull_request", "labeled", "#1874", "ignored", "Our own label, seen coming back"),
        (30, "pull_request_review", "submitted", "#1786", "aside", "No head repository in the payload"),
        (20, "pull_request", "milestoned", "#1903", "done", "1 change, 0.8.0 judged again"),
        (10, "ping", None, None, "ignored", "says nothing we keep"),
        (4, "issues", "closed", "#1175", "pending", ""),
    )
    payload = {
        "action": "submitted",
        "review": {"state": "commented", "body": HOSTILE},
        "pull_request": {"number": 1786, "head": {"ref": "tidy-tests", "repo": None}},
    }
    body = zlib.compress(json.dumps(payload).encode())
    for place, (minutes, event, action, about, status, reason) in enumerate(rows):
        at = real - timedelta(minutes=minutes)
        aside = status == "aside"
        ids["aside" if aside else f"delivery{place}"] = _insert(
            tx, m.delivery, tracker_id=ids["tracker"], lane_id=ids["lane"], project_id=ids["project"] if event != "ping" else None,
            guid=f"7d1f0c5{place}-5c1e-11f0-8000-0242ac120002", event=event, action=action, about=about, received_at=at, world_at=NOW,
            size=24_310, body=body, status=status, reason=reason, attempts=1 if aside else 0,
            trace="PermanentError at pull_request.head.repo\n  expected an object, found null\ntrace 4be2" if aside else "",
            done_at=at + timedelta(milliseconds=31) if status != "pending" else None,
        )  # fmt: skip


def _written(tx: Tx, ids: dict[str, int]) -> None:
    tx.execute(
        sa.insert(m.publication).values(
            item_id=ids["item"], project_id=ids["project"], connection_id=ids["connection"], want_labels=["plumb:stalled"],
            shown_labels=["plumb:stalled"], want_body=COMMENT, shown_body=COMMENT, comment_id="9", status="settled",
            comment_url="https://github.com/demo/curve/pull/1874#issuecomment-9", commented_at=days_ago(5),
        )
    )  # fmt: skip
    for kind, ago in (("label_added", 5), ("comment_created", 5), ("label_added", 0.2)):
        item = ids["item"] if ago == 5 else ids["hostile"]
        tx.execute(
            sa.insert(m.written).values(
                connection_id=ids["connection"], project_id=ids["project"], item_id=item, at=days_ago(ago), world_at=days_ago(ago), kind=kind,
                detail="plumb:stalled",
            )
        )  # fmt: skip


def _likely(tx: Tx, ids: dict[str, int]) -> None:
    """A milestone whose date is not likely to hold, what is usual in the project, and two sprints beside each other."""
    made = {"tracker_id": ids["tracker"], "project_id": ids["project"]}
    due = date(2026, 8, 20)
    ids["likely"] = _insert(
        tx, m.milestone, native_id="m11", number=11, kind="milestone", title="0.9.0", due=due, created_at=days_ago(80),
        dues=[["2026-08-06", "2026-05-12T09:00:00Z"], ["2026-08-20", "2026-07-20T09:00:00Z"]],
        url="https://github.com/demo/curve/milestone/11", members_total=9, members_open=4, **made,
    )  # fmt: skip
    closed = (60, 50, 40, 12, 4, None, None, None, None)
    for place, ago in enumerate(closed):
        joined = 79 if place < 7 else 20 - place
        item = _insert(
            tx, m.item, **_item(ids["project"], 1700 + place, f"Part {place + 1} of the new interface", author=1 + place % 5, pull=place % 2 == 0,
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
        _insert(
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
    _usual(tx, ids)
    _sprints(tx, ids)


def _usual(tx: Tx, ids: dict[str, int]) -> None:
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


def _sprints(tx: Tx, ids: dict[str, int]) -> None:
    """Four sprints that ended and one that runs, with what was done in them anyway."""
    for number, (ends, first, last) in enumerate(((95, 31, 35), (74, 24, 29), (53, 17, 23), (32, 10, 16), (-17, 3, 9))):
        end, closed = days_ago(ends), ends > 0
        sprint = _insert(
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


def _upkeep(tx: Tx, ids: dict[str, int]) -> None:
    """What waits, is held back or was refused, a version of settings, a target, and what people did."""
    real = datetime.now(UTC)
    rows: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("out", "hostile", {"status": "waiting", "due_at": NOW + timedelta(minutes=40)}),
        ("refused", "1885", {"status": "refused", "detail": "forbidden: the account may not write here"}),
        ("tried", "1903", {"status": "waiting", "due_at": NOW, "attempts": 2, "retry_at": real + timedelta(minutes=5),
                           "detail": "the tracker did not answer"}),
        ("held", "1850", {"status": "held", "detail": "10 new comments were written today; this one waits",
                          "due_at": NOW + timedelta(hours=15)}),
    )  # fmt: skip
    for name, item, values in rows:
        ids[name] = _insert(
            tx, m.publication, item_id=ids[item], project_id=ids["project"], connection_id=ids["connection"],
            want_labels=["plumb:stalled"], want_body=COMMENT.replace("30 days", "31 days"), **values,
        )  # fmt: skip
    tx.execute(sa.insert(m.sync).values(id=ids["project"], next_at=real + timedelta(hours=1)))
    calendar = {"zone": "Europe/Berlin", "weekdays": [0, 1, 2, 3, 4], "country": "DE"}
    versions: tuple[tuple[float, str, dict[str, Any], dict[str, Any]], ...] = (
        (300, "command line", {}, {}),
        (20, "dev-02", {"comments_per_day": 5, "left_out_labels": ["on hold", HOSTILE]}, calendar),
    )
    for ago, author, settings, document in versions:
        tx.execute(
            sa.insert(m.project_settings).values(
                project_id=ids["field"], valid_from=days_ago(ago), author=author, settings=settings, calendar=document
            )
        )
    tx.execute(
        sa.insert(m.project_settings).values(
            project_id=ids["project"], valid_from=days_ago(300), author="command line", settings={}, calendar={}
        )
    )
    ids["target"] = _insert(tx, m.target, name="curve-lead", kind="mailtos", address="", per_day=10, created_at=real)
    acts: tuple[tuple[int, str, str, str, dict[str, Any]], ...] = (
        (9, "command line", "project added", "demo/curve", {}),
        (5, "dev-02", "settings changed", "demo/field",
         {"before": {}, "after": {"comments_per_day": 5, "label_prefix": HOSTILE}}),
        (1, "owner", "paused all writing", "", {}),
    )  # fmt: skip
    for hours, who, what, subject, detail in acts:
        at = real - timedelta(hours=hours)
        tx.execute(sa.insert(m.audit).values(at=at, who=who, what=what, subject=subject, detail=detail))
