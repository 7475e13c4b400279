"""Answers: what people say to us in comments or on a page, heard once and taken in the lane's own transaction.

`heard` reads commands out of comments, `take` is the same for a button; `app.services.taking` takes them. An answer is
kept under its comment and line before anything comes of it, so a redelivery, or any order of arrival, takes it once.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from app.errors import UserError
from app.services import bells, rights
from app.store import answers as kept
from app.store import subjects, trackers
from app.store.answers import ASKING, READY, Heard
from app.store.database import Database
from app.store.work import Row
from integrations.readings import CommentSeen, PersonSeen, Reading
from rules.answers import Command, Verb, added, commands
from rules.settings import Settings


def heard(
    readings: Sequence[Reading],
    *,
    items: Mapping[str, Row],
    people: Mapping[str, int],
    members: Mapping[int, bool],
    settings: Settings,
    own_marker: str,
) -> list[Heard]:
    """The commands in a batch of readings: of comments that are new, and those that an edit brought in.

    `items` are rows by native id, `people` ours by native id, `members` by our id. Bots and we ourselves say nothing.
    """
    found = []
    for reading in readings:
        for comment in reading.comments:
            row = items.get(comment.item)
            who = comment.author if comment.event == "created" else (comment.actor or comment.author)
            if row is None or not row["id"] or is_ours(comment, own_marker) or _is_machine(who, settings):
                continue
            person = people.get(who.native_id)
            for command in _commands(comment):
                may = _nearby(row, person, members)
                found.append(_heard(comment, command, row["id"], who=who, person=person, may=may))
    return found


def is_ours(comment: CommentSeen, own_marker: str) -> bool:
    """Whether a comment carries the mark of this installation."""
    return comment.marker is not None and comment.marker.startswith(own_marker)


def _commands(comment: CommentSeen) -> Iterable[Command]:
    if comment.event == "created":
        return commands(comment.body)
    if comment.event == "edited" and comment.before is not None:
        return added(comment.body, comment.before)
    return ()


def _is_machine(who: PersonSeen, settings: Settings) -> bool:
    return bool(who.bot) or who.login.endswith("[bot]") or who.login in settings.automation


def _nearby(row: Row, person: int | None, members: Mapping[int, bool]) -> str | None:
    """The right that needs no asking."""
    if person is None:
        return None
    if person == row["author_id"]:
        return "author"
    if person in row["assignee_ids"]:
        return "assignee"
    return "member" if members.get(person) else None


def _heard(
    comment: CommentSeen, command: Command, item_id: int, *, who: PersonSeen, person: int | None, may: str | None
) -> Heard:
    line = sha256(command.line.encode()).hexdigest()[:16]
    return Heard(
        item_id=item_id,
        key=f"comment:{comment.native_id}:{who.native_id}:{line}",
        at=comment.at,
        person_id=person,
        who=who.login,
        verb=command.verb.value,
        command=dump(command),
        status=READY if rights.is_decided(command.verb.value, may) else ASKING,
        may=may,
    )


def take(db: Database, ringer: bells.Ringer, *, item_id: int, who: str, may: str, command: str, now: datetime) -> None:
    """Take a command given on a page, such as "snooze 5d release week", as if it stood in a comment. `may` is the right
    of whoever is signed in; `now` is world time. Raises UserError where it is no command or the item is gone.
    """
    found = commands(f"/plumb {' '.join(command.split())}")
    if not found or found[0].problem is not None:
        verbs = ", ".join(verb.value for verb in Verb)
        raise UserError(f"{command!r} is no answer: use one of {verbs}; snooze and expect need a time such as 5d.")
    with db.write() as tx:
        project_id = subjects.project_of(tx, "item", item_id)
        if project_id is None:
            raise UserError("There is no such item.")
        told = Heard(
            item_id=item_id,
            key=f"page:{uuid.uuid4()}",
            at=now,
            person_id=None,
            who=who,
            verb=found[0].verb.value,
            command=dump(found[0]),
            may=may,
        )
        kept.hear(tx, project_id, [told])
        lane_id = trackers.projects(tx, ids=[project_id])[0].lane_id
        subjects.add_marks(tx, [(lane_id, "item", item_id, now)], reason="an answer")
    bells.ring(db, ringer, "lane", [lane_id])


def dump(command: Command) -> dict[str, Any]:
    """A command as plain JSON values."""
    doc = {name: value for name, value in asdict(command).items() if value not in (None, "")}
    if command.until is not None:
        doc["until"] = command.until.isoformat()
    return {**doc, "verb": command.verb.value}


def load(doc: Mapping[str, Any]) -> Command:
    """The command of `dump`."""
    until = doc.get("until")
    return Command(
        verb=Verb(doc["verb"]),
        line=doc["line"],
        until=date.fromisoformat(until) if until else None,
        days=doc.get("days"),
        reason=doc.get("reason"),
        rest=doc.get("rest", ""),
        problem=doc.get("problem"),
    )
