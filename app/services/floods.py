"""Keeping noise down: a label that flips rests, a rule's first flood waits for somebody's look, and an edit of many
items at once is one event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from app.errors import UserError
from app.store import control, publications, standings, subjects, writes
from app.store import floods as store
from app.store.database import Database, Tx
from app.store.floods import Alike
from app.store.publications import Shown
from app.time import from_iso, real_now, to_iso
from rules.catalog.registry import by_name
from rules.engine import PreparedRule
from rules.facts import Project
from rules.verdict import Said, Value
from rules.wording.render import plain

FLIPS = 4
FLIP_WINDOW = timedelta(days=7)
ASK_ABOVE = 20
"""Items that a rule may begin to write on at once; for more somebody has to approve it first."""
BULK_ITEMS = 50
BULK_WINDOW = timedelta(seconds=60)


# --- labels that flip -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fight:
    """A label that rests until an instant of world time, and why."""

    until: datetime
    said: str


def fight_over(tx: Tx, shown: Shown, label: str, *, project: Project, now: datetime) -> Fight | None:
    """Whether a label has been put on and taken off so often that it is not put on again for now. The first time it is
    noted with the rules that fight over it, and in the audit log.
    """
    flips = writes.flips(tx, shown.item_id, label=label, since=now - FLIP_WINDOW)
    if len(flips) < FLIPS:
        return None
    until = flips[-FLIPS] + FLIP_WINDOW
    told = store.rules_told_on(tx, shown.item_id, since=now - FLIP_WINDOW)
    prefix = project.settings.label_prefix
    names = [name for name, type_ in told if f"{prefix}{by_name(type_).label}" == label]
    known = shown.answers.get("quarantine", {}).get(label)
    if known is None or from_iso(known["until"]) <= now:
        control.audit(
            tx,
            who="plumbline",
            what="label rests",
            subject=label,
            at=real_now(),
            detail={"item": shown.item_id, "rules": names, "changes": len(flips)},
        )

    def note(doc: dict[str, Any]) -> None:
        doc["quarantine"] = {**doc.get("quarantine", {}), label: {"until": to_iso(until), "rules": names}}

    publications.amend(tx, shown.id, note)
    values: dict[str, Value] = {
        "label": label,
        "changes": len(flips),
        "days": FLIP_WINDOW.days,
        "until": until,
        "rules": ", ".join(names) or "-",
    }
    return Fight(until, plain(Said("held.quarantine", values), project=project))


# --- a rule's first flood -------------------------------------------------------------------------------------------


def held(tx: Tx, wanted: Iterable[PreparedRule], *, project: Project) -> dict[int, str]:
    """The rules that would write on too many items at once and that nobody has approved since they went live, with
    what to say of it.
    """
    live = {rule.rule.id: rule.rule for rule in wanted if rule.rule.mode == "live" and rule.rule.live_since is not None}
    approved = store.approvals(tx, live) if live else {}
    found = {}
    for id_, rule in live.items():
        since = rule.live_since
        if since is None or (id_ in approved and approved[id_] >= since):
            continue
        count = standings.unwritten(tx, id_, project_id=project.id, since=since)
        if count > ASK_ABOVE:
            found[id_] = plain(Said("held.flood", {"rule": rule.name, "items": count}), project=project)
    return found


def approve(db: Database, name: str, *, who: str, now: datetime, real: datetime) -> int:
    """Let a rule write what was held back; gives on how many items. `now` is world time. Raises UserError."""
    with db.write() as tx:
        rule_id = store.approve(tx, name, now=now)
        if rule_id is None:
            raise UserError(f"There is no rule {name!r}. `plumbline rules export` names them.")
        items = standings.items_told_by(tx, rule_id)
        lanes = store.lanes_of(tx, items)
        subjects.add_marks(tx, [(lanes[id_], "plan", id_, now) for id_ in items], reason="the rule was approved")
        control.audit(tx, who=who, what="rule approved", subject=name, at=real)
    return len(items)


# --- many items changed alike ---------------------------------------------------------------------------------------


def mark_bulk(tx: Tx, project_id: int, seen: Iterable[tuple[int | None, datetime]]) -> set[int]:
    """Find bulk edits around changes that just came in, given as (actor, when), and mark them; gives the items to
    derive anew. In whatever order changes come, the last of a bulk edit finds all the others.
    """
    spans = _spans({(actor, at) for actor, at in seen if actor is not None})
    if not spans:
        return set()
    return store.mark_bulk(tx, bulk_of(store.near(tx, project_id, spans)))


def _spans(seen: Iterable[tuple[int, datetime]]) -> list[tuple[int, datetime, datetime]]:
    """For each person the spans in which a window around one of these instants may lie, those that touch joined."""
    spans: list[tuple[int, datetime, datetime]] = []
    for actor, at in sorted(seen):
        begins, ends = at - BULK_WINDOW, at + BULK_WINDOW
        if spans and spans[-1][0] == actor and begins <= spans[-1][2]:
            spans[-1] = (actor, spans[-1][1], ends)
        else:
            spans.append((actor, begins, ends))
    return spans


def bulk_of(changes: Iterable[Alike]) -> set[int]:
    """The changes that belong to a bulk edit: within a minute of it, one person changed one field of more than
    `BULK_ITEMS` items.
    """
    found: set[int] = set()
    ordered = sorted(changes, key=lambda one: (one.actor_id, one.field, one.at, one.id))
    for _, group in groupby(ordered, key=lambda one: (one.actor_id, one.field)):
        found |= _within_a_minute(list(group))
    return found


def _within_a_minute(run: list[Alike]) -> set[int]:
    found: set[int] = set()
    counts: dict[int, int] = {}
    first = marked = 0
    for place, one in enumerate(run):
        counts[one.item_id] = counts.get(one.item_id, 0) + 1
        while one.at - run[first].at > BULK_WINDOW:
            left = run[first].item_id
            counts[left] -= 1
            if not counts[left]:
                del counts[left]
            first += 1
        if len(counts) > BULK_ITEMS:
            found |= {each.id for each in run[max(first, marked) : place + 1]}
            marked = place + 1
    return found


def reasons(found: Mapping[int, str], rule_ids: Iterable[int]) -> str:
    """Why these rules' flags are held, in one text; empty where none is."""
    return " ".join(dict.fromkeys(found[id_] for id_ in rule_ids if id_ in found))
