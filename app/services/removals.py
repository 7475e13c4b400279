"""People's removals, which are answers too: our label taken off, our comment edited, deleted or hidden.

Webhooks tell of most; a whole read of an item tells of the rest, in nobody's name where its history names nobody. Our
own writes come back as well. They are told by what was written: a label that we no longer want, a comment in words of
ours; by the account only where it is ours alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from app.store import publications, writes
from app.store.answers import READY, Heard
from app.store.database import Tx
from app.store.publications import Shown
from app.time import to_iso
from integrations.readings import ChangeSeen, CommentSeen, Field, ItemSeen, PersonSeen, Reading

APART = timedelta(minutes=1)
"""A read that was asked for sooner than this after we put a label on may not show it yet."""
UNLABEL, EDIT, DELETE, HIDE = "unlabel", "edit", "delete", "hide"
VERBS = frozenset({UNLABEL, EDIT, DELETE, HIDE})
TOLD = frozenset({"edited", "deleted", "minimized"})
"""What may become of a comment of ours, in the words of `CommentSeen`."""


def digest(body: str) -> str:
    """What a body is known by: its letters and digits. Trackers end lines in ways of their own, and some keep a text in
    a form of theirs and give it back in other markup.
    """
    return sha256("".join(sign for sign in body if sign.isalnum()).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Us:
    """The account we write under; None where it is shared with a person."""

    login: str | None

    def acted(self, actor: PersonSeen | None) -> bool:
        return self.login is not None and actor is not None and actor.login == self.login


def noticed(
    tx: Tx, readings: Sequence[Reading], *, items: Mapping[str, int], people: Mapping[str, int], us: Us
) -> list[Heard]:
    """The removals that a batch tells of. `items` and `people` map native ids to ours."""
    comments = [one for reading in readings for one in reading.comments if one.event in TOLD]
    taken_off = [
        change
        for reading in readings
        for change in reading.changes
        if change.field is Field.LABEL and change.before is not None and change.after is None
    ]
    whole = [
        (seen, reading.asked_at)
        for reading in readings
        for seen in reading.items
        if seen.native_id in reading.whole and reading.asked_at is not None
    ]
    natives = {one.item for one in comments} | {change.item for change in taken_off if change.item is not None}
    natives |= {seen.native_id for seen, _ in whole}
    wanted = sorted(items[native] for native in natives if native in items)
    if not wanted:
        return []
    shown = publications.of_items(tx, wanted)
    by_native = {native: shown[items[native]] for native in natives if items.get(native) in shown}
    told = list(_labels(tx, taken_off, by_native, people, us))
    known = {(one.item_id, one.command["label"]) for one in told}
    missing = [one for one in _missing(tx, whole, by_native) if (one.item_id, one.command["label"]) not in known]
    return [*_comments(comments, by_native, people, us), *told, *missing]


def _comments(
    comments: Iterable[CommentSeen], shown: Mapping[str, Shown], people: Mapping[str, int], us: Us
) -> Iterable[Heard]:
    for comment in comments:
        ours = shown.get(comment.item)
        if ours is None or ours.comment_id != comment.native_id or us.acted(comment.actor):
            continue
        if comment.event != "edited" and "retracted" in ours.answers:
            continue  # we are taking it back ourselves
        if comment.event == "deleted":
            yield _heard(ours, DELETE, f"comment:{comment.native_id}:deleted", comment.at, comment.actor, people)
            continue
        if comment.event == "minimized":
            yield _heard(ours, HIDE, hidden_key(comment.native_id), comment.at, comment.actor, people)
            continue
        known = {digest(body) for body in (ours.shown_body, ours.want_body) if body is not None}
        new = digest(comment.body)
        if new not in known and new not in ours.answers.get("digests", ()):
            key = f"comment:{comment.native_id}:edited:{new}"
            yield _heard(ours, EDIT, key, comment.at, comment.actor, people, body=comment.body)


def _labels(
    tx: Tx, changes: Iterable[ChangeSeen], shown: Mapping[str, Shown], people: Mapping[str, int], us: Us
) -> Iterable[Heard]:
    for change in changes:
        ours = shown.get(change.item or "")
        name = change.before
        if ours is None or name not in ours.shown_labels or change.actor is None or us.acted(change.actor):
            continue
        if name not in ours.want_labels:
            continue  # we are taking it off ourselves
        put_on = writes.last_written(tx, ours.item_id, kind="label_added", detail=name)
        if put_on is not None and change.at < put_on.replace(microsecond=0):
            continue  # older than what is there: an echo that came late
        yield _heard(ours, UNLABEL, f"change:{change.natural_key}", change.at, change.actor, people, label=name)


def _missing(tx: Tx, whole: Iterable[tuple[ItemSeen, datetime]], shown: Mapping[str, Shown]) -> Iterable[Heard]:
    """Labels of ours that a whole read does not find, though they were on when it was asked for."""
    for seen, asked_at in whole:
        ours = shown.get(seen.native_id)
        if ours is None or seen.labels is None or seen.deleted or seen.moved_to:
            continue
        there = {label.casefold() for label in seen.labels}
        for name in sorted(set(ours.shown_labels) & set(ours.want_labels)):
            put_on = writes.last_written(tx, ours.item_id, kind="label_added", detail=name)
            if name.casefold() in there or (put_on is not None and asked_at < put_on + APART):
                continue
            key = f"label:{name}:gone:{to_iso(put_on or asked_at)}"
            yield _heard(ours, UNLABEL, key, asked_at, None, {}, label=name)


def hidden_key(comment_id: str) -> str:
    """What makes the hiding of a comment one answer, whoever notices it."""
    return f"comment:{comment_id}:hidden"


def _heard(
    shown: Shown,
    verb: str,
    key: str,
    at: datetime,
    actor: PersonSeen | None,
    people: Mapping[str, int],
    **command: str,
) -> Heard:
    return Heard(
        item_id=shown.item_id,
        key=key,
        at=at,
        person_id=None if actor is None else people.get(actor.native_id),
        who="somebody" if actor is None else actor.login,
        verb=verb,
        command=command | ({"bot": "yes"} if actor is not None and actor.bot else {}),
        status=READY,
        may="person",
    )
