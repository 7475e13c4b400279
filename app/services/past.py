"""An item's past as derivation reads it: its changes, who made them, and what each of them is to the item. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.facts import Side

WORDS = {"push", "review", "review_comment", "comment"}
"""Fields of changes that are somebody's word on an item."""
MOVES_BY_STATE = {"state", "draft", "worklog"}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """One change as derivation needs it."""

    at: datetime
    field: str
    actor_id: int | None
    before: str | None
    after: str | None
    url: str | None
    natural_key: str
    bulk: bool = False
    """Part of an edit of many items at once: nobody moved this one."""


@dataclass(frozen=True, slots=True)
class Who:
    """An actor as seen from one project."""

    bot: bool
    member: bool
    login: str = ""


NOBODY = Who(bot=False, member=False)


class Sides:
    """Who an actor is to this item: its author, somebody who reviews or works on it, a bystander, or automation."""

    def __init__(self, row: Row, changes: Sequence[Past], people: Mapping[int, Who]) -> None:
        self.author = row["author_id"]
        self.assignees = set(row["assignee_ids"])
        self.people = people
        asked = set((row["pull"] or {}).get("reviewers", ()))
        reviewed = {change.actor_id for change in changes if change.field == "review"}
        self.reviewers = asked | reviewed | {int(who) for who in row["reviews"]}

    def of(self, actor_id: int | None) -> Side:
        if actor_id is None:
            return Side.BYSTANDER
        who = self.people.get(actor_id, NOBODY)
        if who.bot:
            return Side.AUTOMATION
        if actor_id == self.author:
            return Side.AUTHOR
        if who.member or actor_id in self.assignees or actor_id in self.reviewers:
            return Side.REVIEWER
        return Side.BYSTANDER
