"""`/plumb baseline` and `/plumb home`: a milestone's plan made anew, and the item that speaks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.services.projects import Projects
from app.store import milestone_facts, subjects, wishes
from app.store.answers import Answer
from app.store.database import Tx
from rules import baseline
from rules.answers import Command, Verb, clean_reason
from rules.facts import Item
from rules.verdict import Said, Value


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: whether it was done, what we say, and a note for the record."""

    done: bool
    reply: Said
    detail: str = ""


def take(
    tx: Tx, one: Answer, command: Command, item: Item, *, lane_id: int, projects: Projects, now: datetime
) -> Taken:
    """Do what `baseline` or `home` asks for; the milestone is judged anew right after."""
    titles = wishes.milestones_by_title(tx, item.project.id)
    homes = wishes.milestones_at_home(tx, item.id)
    found, rest = named(command.rest, titles)
    if found is None:
        found = _meant(titles, homes, item.milestone_ids)
    if found is None:
        return Taken(False, Said("reply.which", {"verb": command.verb.value}), "which milestone")
    milestone_id, title = found
    if command.verb is Verb.HOME:
        wishes.set_home(tx, milestone_id, item.id)
        subjects.add_marks(tx, [(lane_id, "milestone", milestone_id, now)], reason="its home was named")
        return Taken(True, Said("reply.home", {"milestone": title}), f"milestone {milestone_id}")
    reason = clean_reason(rest)
    if reason is None:
        return Taken(False, Said("reply.reason", {"milestone": title}), "no reason")
    milestone = milestone_facts.load_milestones(tx, [milestone_id], projects=projects.facts)[milestone_id]
    planned = baseline.baseline_at(milestone, one.at)
    newest = milestone.baseline
    if newest is None or newest.how != "command" or newest.as_of <= one.at:
        subjects.save_baseline(
            tx,
            milestone_id,
            as_of=one.at,
            how="command",
            frozen=True,
            members=planned.members,
            now=now,
            author=one.who,
            reason=reason,
        )
    subjects.add_marks(tx, [(lane_id, "milestone", milestone_id, now)], reason="its plan was made anew")
    values: dict[str, Value] = {"milestone": title, "on": one.at, "reason": reason, "planned": len(planned.members)}
    return Taken(True, Said("reply.baseline", values), f"milestone {milestone_id}")


def named(text: str, titles: Sequence[tuple[int, str]]) -> tuple[tuple[int, str] | None, str]:
    """The milestone whose title a text begins with (the longest such), and what follows it; else None and the text.
    A title may stand in quotation marks.
    """
    folded = text.casefold()
    best: tuple[int, str] | None = None
    rest = text
    for id_, title in sorted(titles, key=lambda one: len(one[1])):
        for spelled in (" ".join(title.split()), f'"{title}"'):
            whole = folded == spelled.casefold() or folded.startswith(f"{spelled.casefold()} ")
            if title.strip() and whole:
                best, rest = (id_, title), text[len(spelled) :].strip()
    return best, rest


def _meant(titles: Sequence[tuple[int, str]], homes: Sequence[int], own: Sequence[int]) -> tuple[int, str] | None:
    """The one milestone that this item speaks for, or else is in."""
    for ids in (homes, own):
        found = [one for one in titles if one[0] in ids]
        if len(found) == 1:
            return found[0]
    return None
