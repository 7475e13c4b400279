"""Items that are gone: each has one right outcome. Its flags close with that reason, what we show there is settled
without another try, and its page and its project's page say what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.store import gone as store
from app.store.database import Tx
from app.store.gone import Gone
from integrations.readings import DISCUSSION

WORDS = {
    "deleted": "It was deleted.",
    "discussion": "It was turned into a discussion.",
    "moved": "It was moved to another repository; its old address leads there.",
}
MOVED_TO = "It was moved to {place}."


def how(one: Gone) -> str:
    """What became of it: deleted, discussion or moved."""
    if one.moved_to is None:
        return "deleted"
    return "discussion" if one.moved_to == DISCUSSION else "moved"


def words(one: Gone) -> str:
    """The same as a sentence."""
    return MOVED_TO.format(place=one.place) if one.place is not None else WORDS[how(one)]


def code(one: Gone | None) -> str:
    """Why a flag closes without a verdict: its item is gone, or (None) its rule no longer looks there."""
    return "engine.withdrawn" if one is None else f"gone.{how(one)}"


def settle(tx: Tx, item_ids: Iterable[int]) -> set[int]:
    """Settle what those of these items show that are gone; gives them."""
    found = store.of(tx, item_ids)
    store.close(tx, {id_: words(one) for id_, one in found.items()})
    return set(found)
