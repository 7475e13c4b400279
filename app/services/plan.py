"""Planning: recording what each item should show, and when to ask again. By level: the whole wish each time, never a
step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from app.services import floods, gone
from app.services.markers import marker, page_of
from app.services.projects import Projects
from app.services.wishes import Render, wish_of
from app.store import facts as store_facts
from app.store import publications, standings, subjects
from app.store.database import Tx
from app.store.standings import Kept
from integrations.ports import Adapters
from rules.engine import PreparedRule
from rules.facts import Item


def plan(
    tx: Tx,
    item_ids: Sequence[int],
    *,
    lane_id: int,
    projects: Projects,
    rules: Mapping[int, PreparedRule],
    adapters: Adapters,
    tag: str,
    base_url: str,
    now: datetime,
    prompt: Collection[int] = (),
) -> None:
    """Work out and record the wish of each item, and leave a mark for when to do so again. `prompt` are items on which
    somebody gave an answer and waits: no ceiling and no hours hold what is said there.
    """
    if not item_ids:
        return
    told = standings.shown_on(tx, item_ids)
    known = publications.of_items(tx, item_ids)
    wanted = sorted((set(told) | set(known)) - gone.settle(tx, known))
    items = store_facts.load_items(tx, wanted, projects=projects.facts)
    held = _held(tx, items, told, rules)
    marks = []
    for item_id in wanted:
        item = items.get(item_id)
        if item is None:
            continue
        row = projects.rows[item.project.id]
        if row.connection_id is None:
            continue  # only read here, as what an imported history tells of is
        calendar = projects.calendars[item.project.id]
        wish = wish_of(
            item,
            told.get(item_id, ()),
            known.get(item_id),
            rules=rules,
            held=held.get(item.project.id, {}),
            settle=timedelta(minutes=calendar.settle_minutes),
            linger=timedelta(minutes=calendar.clear_minutes),
            render=_renderer(adapters, row.tracker_kind, marker(tag, item_id)),
            page=page_of(base_url, item_id),
            now=now,
        )
        publications.wish(
            tx,
            item_id=item_id,
            project_id=item.project.id,
            connection_id=row.connection_id,
            known=known.get(item_id),
            labels=wish.labels,
            body=wish.body,
            quiet=wish.quiet,
            due_at=now if item_id in prompt or wish.delete else item.project.calendar.next_open(now),
            hold=wish.hold,
            delete=wish.delete,
            prompt=item_id in prompt,
            about=wish.about,
        )
        if wish.again_at is not None:
            marks.append((lane_id, "plan", item_id, wish.again_at))
    subjects.add_marks(tx, marks, reason="to settle")


def _renderer(adapters: Adapters, kind: str, hidden: str) -> Render:
    return lambda found: adapters[kind].render(found, hidden)


def _held(
    tx: Tx, items: Mapping[int, Item], told: Mapping[int, Sequence[Kept]], rules: Mapping[int, PreparedRule]
) -> dict[int, dict[int, str]]:
    """By project: the rules with open flags here that wait to be approved."""
    wanted: dict[int, set[int]] = {}
    for item in items.values():
        flags = [kept.rule_id for kept in told.get(item.id, ()) if kept.closed_at is None]
        wanted.setdefault(item.project.id, set()).update(flags)
    projects = {item.project.id: item.project for item in items.values()}
    return {
        id_: floods.held(tx, [rules[rule_id] for rule_id in sorted(found) if rule_id in rules], project=projects[id_])
        for id_, found in wanted.items()
        if found
    }
