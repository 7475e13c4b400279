"""What a delivery was read as: its payload decoded once more, in lines that people can check against the payload."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.errors import BadPayload, Ignored
from integrations.ports import Adapters
from integrations.readings import ChangeSeen, ItemSeen, PersonSeen, Reading

MOST = 40
"""Lines of a kind that are shown; a long read tells of hundreds of changes."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was read: what it is about, and what is said of it."""

    about: str
    said: str


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What a payload says as it is read now. `ignored`: why nothing is kept of it; `problem`: why it cannot be read;
    `more`: facts that are not shown.
    """

    facts: tuple[Fact, ...] = ()
    more: int = 0
    ignored: str = ""
    problem: str = ""


def read_as(
    adapters: Adapters, *, kind: str, site: Mapping[str, Any], event: str, body: bytes, received_at: datetime
) -> ReadAs:
    """Decode a payload as a drain would, and say what comes of it. Never raises: what is wrong is said."""
    try:
        reading = adapters[kind].decode(event, json.loads(body), received_at, site)
    except Ignored as reason:
        return ReadAs(ignored=str(reason))
    except BadPayload as error:
        return ReadAs(problem=str(error))
    except Exception as error:  # noqa: BLE001 (whatever stopped the drain stops this too, and is what people look for)
        return ReadAs(problem=f"{type(error).__name__}: {error}")
    facts: list[Fact] = []
    more = 0
    for lines in (_items(reading), _changes(reading), _rest(reading)):
        found = list(lines)
        facts += found[:MOST]
        more += max(0, len(found) - MOST)
    return ReadAs(facts=tuple(facts), more=more)


def _items(reading: Reading) -> Iterator[Fact]:
    for item in reading.items:
        said = list(_item(item))
        if item.native_id in reading.whole:
            said.append("read whole, with its history")
        yield Fact(item.key, "; ".join(said) or "named only")
    for milestone in reading.milestones:
        due = f", due {milestone.due}" if milestone.due else ""
        yield Fact(f"{milestone.kind} {milestone.title}", f"{'open' if milestone.open else 'closed'}{due}")


def _item(item: ItemSeen) -> Iterator[str]:
    if item.deleted:
        yield "deleted"
    if item.moved_to:
        yield f"moved to {item.moved_to}"
    if item.text is not None:
        yield f"title “{item.text.title[:80]}”"
    if item.state is not None:
        yield f"status {item.state.status}"
    if item.labels is not None:
        yield f"labels {', '.join(item.labels) or 'none'}"
    if item.assignees is not None:
        yield f"assigned to {_people(item.assignees)}"
    if item.plan is not None:
        yield f"milestones {', '.join(one.title for one in item.plan.milestones) or 'none'}"
        if item.plan.due is not None:
            yield f"due {item.plan.due}"
        if item.plan.estimate is not None:
            yield f"estimate {item.plan.estimate:g}"
    if item.pull is not None:
        yield f"{'draft' if item.pull.draft else 'ready'}, {item.pull.head_ref} into {item.pull.base_ref}"
    if item.as_of is None:
        yield "without a time of its own, so it overwrites nothing"


def _changes(reading: Reading) -> Iterator[Fact]:
    keys = {item.native_id: item.key for item in reading.items}
    for change in reading.changes:
        yield Fact(keys.get(change.item or "", change.item or change.milestone or "project"), _change(change))


def _change(change: ChangeSeen) -> str:
    what = change.field.value.replace("_", " ")
    if change.before and change.after:
        what += f": {change.before[:80]} → {change.after[:80]}"
    elif change.after:
        what += f": {change.after[:80]}"
    elif change.before:
        what += f": no longer {change.before[:80]}"
    who = f", by {change.actor.login}" if change.actor is not None else ""
    return f"{what}{who}, {change.at:%Y-%m-%d %H:%M:%S} UTC"


def _rest(reading: Reading) -> Iterator[Fact]:
    for review in reading.reviews:
        yield Fact("review", f"{review.state.replace('_', ' ')} by {review.reviewer.login}")
    for check in reading.checks:
        yield Fact("checks", f"{check.name}: {check.state.value} on {check.head_sha[:10]}")
    for comment in reading.comments:
        yield Fact("comment", f"{comment.event} by {comment.author.login}")
    for text in reading.texts:
        named = (*text.closes, *text.mentions, *text.implements)
        if named:
            yield Fact("names", ", ".join(named))
    for link in reading.links:
        yield Fact("link", f"{link.source} {link.kind.value.replace('_', ' ')} {link.target}")
    for label in reading.labels:
        yield Fact("label", f"{label.name} {label.event}")
    for event in reading.project_events:
        yield Fact("project", f"{event.kind} {event.detail or ''}".strip())
    for native in reading.needs_read:
        yield Fact("to be read", f"{native}: the payload tells only a part of it")


def _people(people: Iterable[PersonSeen]) -> str:
    return ", ".join(person.login for person in people) or "nobody"
