"""What an item waits for: the question that stands unanswered on it, and since when it is called waiting. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.services.past import MOVES_BY_STATE, WORDS, Past, Row, Sides
from integrations.readings import ASKS
from rules.facts import Side, Step
from rules.settings import Settings, fold

OF_A_REVIEW = ("review", "review_comment")


def question_of(changes: Sequence[Past], sides: Sides) -> Step | None:
    """The first of the questions with which the talk ends, where nobody they are put to has answered since; None: the
    last word is no question. `changes` in order of time.

    It is asked by somebody with a part in the item who did not open it, and put to its author and assignees. An answer
    is a word of one of these, a push, or a change of state; any other word ends the talk without a question. What comes
    with the same review as the question changes nothing.
    """
    asked: Past | None = None
    for change in changes:
        side = sides.of(change.actor_id)
        if change.bulk or (side in (Side.AUTOMATION, Side.BYSTANDER) and change.field != "push"):
            continue
        if change.field in WORDS - {"push"}:
            asked = _after_a_word(asked, change, sides)
        elif change.field == "push" or change.field in MOVES_BY_STATE:
            asked = None
    if asked is None:
        return None
    return Step(kind=asked.field, at=asked.at, url=asked.url, side=sides.of(asked.actor_id))


def _after_a_word(asked: Past | None, change: Past, sides: Sides) -> Past | None:
    """The question that stands after a comment or a review."""
    asks = change.after == ASKS and sides.of(change.actor_id) is Side.REVIEWER and bool(_put_to(change, sides))
    if asked is None or change.actor_id in _put_to(asked, sides):
        return change if asks else None
    same_review = change.field in OF_A_REVIEW and change.actor_id == asked.actor_id and change.after != "approved"
    return asked if asks or same_review else None


def _put_to(question: Past, sides: Sides) -> set[int]:
    """Whom a question is for: the people who wrote the item or work on it, without the one who asks."""
    concerned = {who for who in (sides.author, *sides.assignees) if who is not None}
    return {who for who in concerned if sides.of(who) is not Side.AUTOMATION} - {question.actor_id}


def waiting_since(row: Row, changes: Sequence[Past], settings: Settings, *, opened: datetime) -> datetime | None:
    """Since when its status or a label says that somebody outside is to act; None: neither does."""
    since = []
    status = row["status"]
    if status and (settings.statuses.get(fold(status)) == "waiting" or fold(status) in settings.waiting_labels):
        since.append(max((c.at for c in changes if c.field == "state" and c.after == status), default=opened))
    since.extend(
        max((c.at for c in changes if c.field == "label" and c.after == label), default=opened)
        for label in row["labels"]
        if fold(label) in settings.waiting_labels
    )
    return min(since, default=None)
