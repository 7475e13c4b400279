"""Short ways to make facts for tests; every default is a plain, unflagged thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from rules.calendar import Calendar
from rules.facts import (
    Checks,
    Item,
    Kind,
    Link,
    LinkKind,
    Member,
    Milestone,
    MilestoneKind,
    Person,
    Project,
    PullRequest,
    Ref,
    Side,
    State,
    Step,
)
from rules.intents import Line, Note
from rules.risk import model
from rules.risk.priors import QUIET_PULL, SHORTFALL
from rules.settings import Settings
from rules.statistics import Forecast, Outlook, Risk, Usual

WEEK = Calendar(zone="UTC", weekdays=frozenset({0, 1, 2, 3, 4}))
PLAIN = Calendar()
ADA = Person(1, "ada", member=True)
BOT = Person(2, "dependabot[bot]", bot=True)


def at(text: str) -> datetime:
    """An instant from "2026-11-24" or "2026-11-24 10:00", in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def project(calendar: Calendar = PLAIN, **fields: Any) -> Project:
    base: dict[str, Any] = {"id": 1, "key": "acme/shop", "tracker": "github", "url": "https://github.com/acme/shop"}
    return Project(calendar=calendar, **(base | fields))


def jira(calendar: Calendar = WEEK, **fields: Any) -> Project:
    return project(calendar, **({"key": "PAY", "tracker": "jira", "url": "https://jira.example/PAY"} | fields))


def usual(p85: float = 6.0, *, finished: int = 40, **fields: Any) -> Usual:
    """40 finished of each kind, 85 of 100 through each state within 6 days, half of them within 2."""
    keys = [f"{kind}/{state}" for kind in ("any", *Kind) for state in ("in_progress", "in_review")]
    base: dict[str, Any] = {
        "as_of": at("2026-11-22"),
        "p85_days": dict.fromkeys(keys, p85),
        "p50_days": dict.fromkeys(keys, p85 / 3),
        "counts": dict.fromkeys(keys, finished),
        "p85_wip": {"in_progress": 4, "in_review": 3},
        "wip_days": 60,
        "worklog_share": 0.8,
        "worklog_of": 40,
    }
    return Usual(**(base | fields))


def risks(threshold: float | None = 0.6, *, own: model.Model = QUIET_PULL) -> dict[str, Risk]:
    """The documented priors, with one threshold for every precision."""
    steps = dict.fromkeys(("0.6", "0.7", "0.8", "0.9"), threshold)
    learnt = {"quiet-pull": own, "shortfall": SHORTFALL}
    return {name: Risk(at("2026-11-22"), model.dump(one), steps, examples=40) for name, one in learnt.items()}


def settings(**fields: Any) -> Settings:
    return replace(Settings(), **fields)


def ref(id_: int, key: str | None = None, *, of: str = "acme/shop") -> Ref:
    key = key or f"#{id_}"
    return Ref(id=id_, key=key, url=f"https://github.com/{of}/issues/{key.lstrip('#')}", project=of)


def step(kind: str, when: str, *, side: Side = Side.AUTHOR, url: str | None = None) -> Step:
    return Step(kind=kind, at=at(when), url=url, side=side)


def item(id_: int = 1, *, moved: str = "2026-11-24 10:00", **fields: Any) -> Item:
    base: dict[str, Any] = {
        "project": project(),
        "key": f"#{id_}",
        "kind": Kind.ISSUE,
        "title": "Export as CSV",
        "url": f"https://github.com/acme/shop/issues/{id_}",
        "state": State.IN_PROGRESS,
        "status": "In Progress",
        "created_at": at("2026-11-01"),
        "state_since": at("2026-11-20"),
        "last_movement": step("comment", moved),
        "author": ADA,
    }
    return Item(id=id_, **(base | fields))


def pull(
    id_: int = 482, *, moved: str = "2026-11-24 10:00", by: Side = Side.AUTHOR, word: str = "push", **fields: Any
) -> Item:
    """A pull request whose last word was spoken at `moved`; fields of `PullRequest` go to it, others to the item."""
    last = step(word, moved, side=by, url=f"https://github.com/acme/shop/pull/{id_}#x")
    own = {name: fields.pop(name) for name in list(fields) if name in PullRequest.__slots__}
    known: dict[str, Any] = {"last_word": last, "checks": Checks.GREEN, "mergeable": True}
    facts = PullRequest(**(known | own))
    base: dict[str, Any] = {
        "kind": Kind.PULL_REQUEST,
        "state": State.IN_REVIEW,
        "last_movement": last,
        "pull_request": facts,
    }
    return item(id_, **(base | fields))


def link(kind: LinkKind, other: Ref, *, inbound: bool = True, state: State = State.IN_REVIEW, **fields: Any) -> Link:
    return Link(kind=kind, inbound=inbound, other=other, other_state=state, **fields)


def member(id_: int, *, joined: str | None = "2026-11-20", left: str | None = None, **fields: Any) -> Member:
    base: dict[str, Any] = {
        "item": ref(id_),
        "kind": Kind.ISSUE,
        "title": f"Item {id_}",
        "state": State.TODO,
        "created_at": at("2026-11-01"),
        "state_since": at("2026-11-20"),
        "joined_at": at(joined) if joined else None,
        "left_at": at(left) if left else None,
    }
    return Member(**(base | fields))


def done(id_: int, on: str, **fields: Any) -> Member:
    base: dict[str, Any] = {"state": State.DONE, "closed_at": at(on), "state_since": at(on)}
    return member(id_, **(base | fields))


def planned(count: int, *, first: int = 1, **fields: Any) -> tuple[Member, ...]:
    return tuple(member(first + number, **fields) for number in range(count))


def milestone(members: Sequence[Member] = (), **fields: Any) -> Milestone:
    """2.4: planned on 24 Nov (a working day after its start), due on Fri 11 Dec 2026."""
    base: dict[str, Any] = {
        "id": 24,
        "project": project(),
        "kind": MilestoneKind.MILESTONE,
        "key": "2.4",
        "title": "2.4",
        "url": "https://github.com/acme/shop/milestone/24",
        "open": True,
        "number": 24,
        "start": date(2026, 11, 23),
        "due": date(2026, 12, 11),
        "created_at": at("2026-11-01"),
    }
    return Milestone(members=tuple(members), **(base | fields))


def sprint(members: Sequence[Member] = (), **fields: Any) -> Milestone:
    base = {"kind": MilestoneKind.SPRINT, "title": "Sprint 31", "key": "31", "number": None, "project": jira()}
    whole = milestone(members, **(base | {"due": date(2026, 12, 4)} | fields))
    own = whole.project.key  # a sprint's items are of its own project
    return replace(whole, members=tuple(replace(one, item=replace(one.item, project=own)) for one in whole.members))


def forecast(on: str, chance: float | None, **fields: Any) -> Forecast:
    """What was expected at four in the morning of a day: likely on 23 Dec, between the 16th and 8 January."""
    base: dict[str, Any] = {
        "early": date(2026, 12, 16),
        "likely": date(2026, 12, 23),
        "late": date(2027, 1, 8),
        "open_items": 9,
        "active_days": 20,
        "done_items": 30,
        "weeks": 26.0,
        "horizon": date(2027, 11, 26),
    }
    return Forecast(as_of=at(f"{on} 04:00"), chance=chance, **(base | fields))


def outlook(on: str, chance: float, **fields: Any) -> Outlook:
    """What was expected of a sprint at midnight of a day: nine items in it, two done, four sprints before it."""
    base: dict[str, Any] = {"items": 9, "done": 2, "fewer": 3, "sprints": 4, "because": ("over", "left")}
    return Outlook(as_of=at(on), chance=chance, **(base | fields))


def markdown(line: Line, *, strong: bool = False) -> str:
    """A line as the plainest Markdown, unescaped: tests read it, trackers never do."""
    out = ""
    for span in line:
        text = f"`{span.text}`" if span.code else span.text
        text = f"**{text}**" if span.strong and not strong else text
        out += f"[{text}]({span.url})" if span.url else text
    return f"**{out}**" if strong else out


def page(note: Note) -> str:
    """A whole note as the model comments are written."""
    blocks = []
    for section in note.sections:
        blocks.append(markdown(section.headline, strong=not note.quiet))
        if section.lines:
            blocks.append("\n".join(f"- {markdown(line)}" for line in section.lines))
        if section.table:
            rows = ["| " + " | ".join(markdown(cell) for cell in row) + " |" for row in section.table]
            blocks.append("\n".join([rows[0], "| --- | --- | --- |", *rows[1:]]))
        blocks.extend(markdown(line) for line in section.below)
    if note.helps:
        blocks.append((f"**{note.helps_lead}** " if note.helps_lead else "") + markdown(note.helps))
    if note.small:
        blocks.append("<sub>" + " ".join(markdown(line) for line in note.small) + "</sub>")
    return "\n\n".join(blocks)
