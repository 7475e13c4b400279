"""What readings name: the people, items, milestones and commits whose rows must be at hand. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.readings import PersonSeen, Reading


def people_of(readings: Iterable[Reading]) -> dict[str, tuple[str, bool | None]]:
    """Everybody that readings name, as native id -> (login, bot or None where not said)."""
    seen: dict[str, tuple[str, bool | None]] = {}
    for reading in readings:
        for person in everybody(reading):
            if person is not None:
                known = seen.get(person.native_id)
                bot = person.bot if person.bot is not None else (known[1] if known else None)
                seen[person.native_id] = (person.login, bot)
    return seen


def everybody(reading: Reading) -> Iterable[PersonSeen | None]:
    """The people of one reading; None where a place for one is empty."""
    yield reading.actor
    for item in reading.items:
        yield item.text.author if item.text else None
        yield from item.assignees or ()
        yield from item.pull.reviewers if item.pull else ()
    yield from (change.actor for change in reading.changes)
    yield from (review.reviewer for review in reading.reviews)
    for comment in reading.comments:
        yield comment.author
        yield comment.actor


def natives_of(readings: Iterable[Reading]) -> tuple[set[str], set[str], set[str]]:
    """Native ids of items and milestones, and head commits, that readings mention."""
    items: set[str] = set()
    milestones: set[str] = set()
    heads: set[str] = set()
    for reading in readings:
        for item in reading.items:
            items.add(item.native_id)
            heads.update(filter(None, [item.pull.head_sha if item.pull else None]))
            milestones.update(milestone.native_id for milestone in (item.plan.milestones if item.plan else ()))
        milestones.update(milestone.native_id for milestone in reading.milestones)
        for change in reading.changes:
            items.update(filter(None, [change.item]))
            milestones.update(filter(None, [change.milestone]))
        items.update(review.item for review in reading.reviews)
        items.update(comment.item for comment in reading.comments)
        items.update(text.source for text in reading.texts)
        items.update(end for link in reading.links for end in (link.source, link.target))
        items.update(reading.needs_read)
        for check in reading.checks:
            heads.add(check.head_sha)
            items.update(check.items)
    return items, milestones, heads
