"""Small histories that are strange and yet can be: hypothesis strategies of lines."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

BASE = datetime(2026, 3, 2, tzinfo=UTC)
FAR = [datetime(1970, 1, 1, tzinfo=UTC), datetime(1999, 12, 31, 23, 59, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)]
INSTANTS = st.one_of(
    st.integers(-2000, 2000).map(lambda hours: BASE + timedelta(hours=hours)),
    st.integers(-40, 40).map(lambda days: BASE + timedelta(days=days)),
    st.sampled_from(FAR),
).map(lambda at: at.isoformat())
DAYS = st.one_of(
    st.integers(-60, 60).map(lambda days: (BASE + timedelta(days=days)).date()),
    st.sampled_from([date(1970, 1, 1), date(2199, 12, 31), date(9999, 12, 31)]),
).map(lambda day: day.isoformat())
SIZES = st.one_of(st.integers(-5, 13).map(float), st.sampled_from([0.0, 1e-9, 1e15, -1e15]))
STATUSES = ["Open", "In Progress", "In Review", "Done", "open", "closed", "merged", "blocked", "\u200bwaiting"]
WORDS = st.sampled_from(
    ["", "x", "quiet", "- [ ] a\n- [x] b", "Closes #1", "PAY-2", "Ünï ☃\u2028", "size/3", "blocked"]
)
ITEMS, MILESTONES, PEOPLE = ["1", "2", "3", "4"], ["m1", "sprint/31", "epic/1", "nowhere"], ["ann", "bob", "ci[bot]"]
HELD = {
    "state": st.sampled_from(STATUSES),
    "title": WORDS,
    "body": WORDS,
    "label": WORDS,
    "assignee": st.sampled_from([*PEOPLE, "stranger"]),
    "reviewer": st.sampled_from([*PEOPLE, "a team"]),
    "milestone": st.sampled_from(MILESTONES),
    "draft": st.sampled_from(["draft", "ready"]),
    "review": st.sampled_from(["approved", "changes_requested", "commented", "dismissed", "odd"]),
    "push": st.sampled_from(["aaa", "bbb", "ccc"]),
    "due": DAYS,
    "link": st.sampled_from(["blocks #2", "#1", "This is blocked by PAY-1"]),
    "lock": st.sampled_from(["locked", "unlocked"]),
    "milestone_state": st.sampled_from(["open", "closed"]),
    "estimate": SIZES.map(str),
    "worklog": WORDS,
    "queue": st.sampled_from(["auto_merge", "queued"]),
    "flag": st.sampled_from(["Impediment", ""]),
    "type": WORDS,
    "effort": st.sampled_from(["timespent:3600", "timeestimate:", "timeoriginalestimate:-60"]),
    "security": WORDS,
    "comment": WORDS,
    "review_comment": WORDS,
    "milestone_title": WORDS,
    "project": WORDS,
}


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


def subset(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=3)


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """The lines of a history that is accepted, whatever it tells."""
    kind = draw(st.sampled_from(["github", "jira"]))
    docs: list[dict[str, Any]] = [
        {"kind": "history", "version": 1},
        {"kind": "tracker", "id": "t", "tracker_kind": kind, "statuses": {"Done": "done", "Open": "todo"}},
    ]
    projects = draw(st.sampled_from([["PAY"], ["PAY", "acme/shop"]]))
    known = maybe(known_from=INSTANTS, public=st.booleans())
    docs += [{"kind": "project", "key": key, **draw(known)} for key in projects]
    docs += [{"kind": "settings", "project": draw(st.sampled_from(projects)), **one} for one in draw(_SETTINGS)]
    docs.append({"kind": "programme", "name": "both", "projects": projects, "same_readers": True})
    for who in PEOPLE:
        parts = [{"project": key, "member": draw(st.booleans())} for key in projects]
        docs.append({"kind": "person", "id": who, "bot": who.endswith("[bot]"), "parts": parts})
    items = ITEMS[: draw(st.integers(1, 4))]
    for id_ in items:
        docs.append({"kind": "item", "id": id_, "project": draw(st.sampled_from(projects)), **draw(_item(id_))})
    milestones = draw(st.lists(st.sampled_from(MILESTONES[:3]), unique=True))
    for id_ in milestones:
        of = {"m1": "milestone", "sprint/31": "sprint", "epic/1": "epic"}[id_]
        project = {"project": projects[0]} if of == "milestone" else {}
        docs.append({"kind": "milestone", "id": id_, "milestone_kind": of, **project, **draw(_MILESTONE)})
    for id_ in draw(subset(milestones) if milestones else st.just([])):
        members = {one: draw(some(SIZES)) for one in draw(subset(items))}
        docs.append({"kind": "baseline", "milestone": id_, "as_of": draw(INSTANTS), "members": members})
    docs += draw(st.lists(_links(items), max_size=4))
    docs += draw(st.lists(_changes(items, milestones), max_size=14))
    return [json.dumps(doc) for doc in docs]


_SETTINGS = st.lists(
    st.fixed_dictionaries(
        {"valid_from": INSTANTS},
        optional={
            "settings": maybe(
                policy=st.sampled_from(["scope", "train"]), blocked_labels=st.just(["blocked"]),
                statuses=st.just({"In Review": "in_review", "Done": "todo"}), size_from=st.sampled_from(["label", "title"]),
            ),
            "calendar": maybe(
                zone=st.sampled_from(["UTC", "Pacific/Kiritimati", "America/New_York"]), country=st.just("DE"),
                weekdays=st.sampled_from([[0, 1, 2, 3, 4], [6]]),
            ),
        },
    ),
    max_size=2,
)  # fmt: skip
_MILESTONE = maybe(
    created_at=INSTANTS, closed_at=INSTANTS, open=st.booleans(), start=DAYS, due=DAYS, released=st.booleans(),
    deleted_at=INSTANTS, growth=SIZES, kept=SIZES, merged_into=st.sampled_from(MILESTONES),
    home=st.just("1"), dues=st.lists(st.fixed_dictionaries({"due": some(DAYS), "as_of": INSTANTS}), max_size=3),
)  # fmt: skip
_PULL = maybe(
    draft=st.booleans(), merged=st.booleans(), auto_merge=st.booleans(), reviewers=subset(PEOPLE),
    heads=st.lists(st.fixed_dictionaries({"sha": st.sampled_from(["aaa", "bbb"]), "lines": st.integers(0, 9)}), max_size=2),
)  # fmt: skip


def _item(id_: str) -> st.SearchStrategy[dict[str, Any]]:
    needed = {
        "key": st.sampled_from([f"#{id_}", f"PAY-{id_}"]),
        "title": WORDS,
        "created_at": INSTANTS,
        "item_kind": st.sampled_from(["issue", "pull_request", "epic", "subtask"]),
    }
    return st.fixed_dictionaries(
        needed,
        optional={
            "body": WORDS, "author": st.sampled_from(PEOPLE), "open": st.booleans(), "status": st.sampled_from(STATUSES),
            "closed_at": INSTANTS, "closed_as": st.sampled_from(["completed", "not_planned", "merged", "unmerged"]),
            "labels": st.lists(WORDS, max_size=2), "assignees": subset(PEOPLE), "milestones": subset(MILESTONES),
            "due": DAYS, "estimate": SIZES, "spent": SIZES, "planned": SIZES, "left": SIZES, "type": WORDS,
            "flagged": st.booleans(), "secured": st.booleans(), "head_sha": st.sampled_from(["aaa", "bbb"]),
            "head_ref": st.sampled_from(["x", "main"]), "base_ref": st.sampled_from(["x", "main"]), "pull": _PULL,
            "reviews": st.lists(
                st.fixed_dictionaries({
                    "who": st.sampled_from(PEOPLE), "at": INSTANTS,
                    "state": st.sampled_from(["approved", "changes_requested", "dismissed"]),
                }), max_size=2,
            ),
            "checks": st.lists(
                st.fixed_dictionaries({
                    "name": st.just("build@x"), "state": st.sampled_from(["green", "red", "pending"]), "at": INSTANTS,
                    "sha": st.sampled_from(["aaa", "bbb"]),
                }), max_size=2,
            ),
            "gap": st.booleans(), "deleted_at": INSTANTS, "locked": st.booleans(),
        },
    )  # fmt: skip


def _links(items: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    kinds = ["closes", "implements", "blocks", "relates", "mentions", "split_from", "parent"]
    return st.fixed_dictionaries(
        {
            "kind": st.just("link"), "source": st.sampled_from(items), "link_kind": st.sampled_from(kinds),
            "target": st.sampled_from(["PAY-1", "acme/shop#2", "1", "OTHER-9"]),
        },
        optional={"to": st.sampled_from(items), "at": INSTANTS},
    )  # fmt: skip


def _changes(items: list[str], milestones: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    def of(field: str) -> st.SearchStrategy[dict[str, Any]]:
        on = st.sampled_from(items).map(lambda id_: {"item": id_})
        if milestones and field.startswith("milestone_"):
            on = st.sampled_from(milestones).map(lambda id_: {"milestone": id_})
        rest = st.fixed_dictionaries(
            {"kind": st.just("change"), "field": st.just(field), "at": INSTANTS},
            optional={
                "before": some(HELD[field]), "after": some(HELD[field]), "who": st.sampled_from(PEOPLE),
                "bulk": st.booleans(),
            },
        )  # fmt: skip
        return st.builds(lambda one, two: {**one, **two, "project": "PAY"}, rest, on)

    return st.sampled_from(sorted(HELD)).flatmap(of)
