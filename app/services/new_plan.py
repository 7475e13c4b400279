"""`/plumb baseline` and `/plumb home`: a milestone's plan made anew, which its page can do too, and its home named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.services import bells
from app.services import projects as projects_of
from app.services.projects import Projects
from app.store import control, milestone_facts, subjects, wishes
from app.store.answers import Answer
from app.store.database import Database, Tx
from app.store.views import milestones
from app.store.views.scope import Visible
from rules import baseline
from rules.answers import Command, Verb, clean_reason
from rules.facts import Item, Milestone
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
    planned = _keep(tx, milestone, at=one.at, who=one.who, reason=reason, lane_id=lane_id, now=now)
    values: dict[str, Value] = {"milestone": title, "on": one.at, "reason": reason, "planned": planned}
    return Taken(True, Said("reply.baseline", values), f"milestone {milestone_id}")


def draw_up(
    db: Database,
    ringer: bells.Ringer,
    milestone_id: int,
    *,
    visible: Visible,
    reason: str,
    who: str,
    now: datetime,
    real: datetime,
) -> int | None:
    """Let what is in a milestone now be its plan; gives how many items that are. None: there is no such milestone to be
    seen, it is closed, or another speaks for it. `now` is world time, `real` for the audit log.
    """
    with db.write() as tx:
        row = milestones.milestone_row(tx, milestone_id, visible=visible)
        if row is None or not row.open or row.joined_to is not None:
            return None
        lane_id = subjects.hold_lanes(tx, [row.project_id])[row.project_id]
        facts = projects_of.load(tx).facts
        milestone = milestone_facts.load_milestones(tx, [milestone_id], projects=facts)[milestone_id]
        said = clean_reason(reason) or ""
        planned = _keep(tx, milestone, at=now, who=who, reason=said, lane_id=lane_id, now=now)
        control.audit(
            tx,
            who=who,
            what="plan made anew",
            subject=f"{row.project} {row.title}",
            at=real,
            detail={"milestone": milestone_id, "planned": planned, "reason": said},
        )
    bells.ring(db, ringer, "lane", [lane_id])
    return planned


def _keep(tx: Tx, milestone: Milestone, *, at: datetime, who: str, reason: str, lane_id: int, now: datetime) -> int:
    """Keep what was in a milestone at an instant as its plan, unless a newer one was made since; gives how many items
    that are. It is judged anew right after.
    """
    planned = baseline.baseline_at(milestone, at)
    newest = milestone.baseline
    if newest is None or newest.how != "command" or newest.as_of <= at:
        subjects.save_baseline(
            tx,
            milestone.id,
            as_of=at,
            how="command",
            frozen=True,
            members=planned.members,
            now=now,
            author=who,
            reason=reason,
        )
    subjects.add_marks(tx, [(lane_id, "milestone", milestone.id, now)], reason="its plan was made anew")
    return len(planned.members)


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
