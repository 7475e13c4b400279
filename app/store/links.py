"""Links between items: rows owned by their source, pointing at a target that may not be known yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx, insert

if TYPE_CHECKING:
    from app.store.work import Work

Edge = tuple[int, str, str, str]
"""(source item id, kind, origin, target)."""


def save(tx: Tx, work: Work) -> None:
    """Replace what texts say and add or remove what events said, then point links at items that are known by now."""
    added = [*_texts(tx, work), *_events(tx, work)]
    if added:
        tx.execute(
            insert(tx, models.link).on_conflict_do_nothing(),
            [
                {
                    "project_id": work.project_id,
                    "source_item_id": source,
                    "kind": kind,
                    "origin": origin,
                    "target": target,
                }
                for source, kind, origin, target in added
            ],
        )
    if added or work.fresh_items:
        _resolve(tx, work)


def _texts(tx: Tx, work: Work) -> Iterable[Edge]:
    """Take away what texts no longer name; gives what they name anew."""
    table = models.link
    wanted = {work.items[text.source]["id"]: set(text.links) for text in work.texts if text.source in work.items}
    if not wanted:
        return []
    have: dict[int, set[tuple[str, str]]] = {source: set() for source in wanted}
    gone: list[int] = []
    for row in tx.execute(
        sa.select(table.c.id, table.c.source_item_id, table.c.kind, table.c.target).where(
            table.c.source_item_id.in_(sorted(wanted)), table.c.origin == "text"
        )
    ):
        edge = (row.kind, row.target)
        have[row.source_item_id].add(edge)
        if edge not in wanted[row.source_item_id]:
            gone.append(row.id)
    if gone:
        tx.execute(sa.delete(table).where(table.c.id.in_(gone)))
    return [
        (source, kind, "text", target)
        for source in sorted(wanted)
        for kind, target in sorted(wanted[source] - have[source])
    ]


def _events(tx: Tx, work: Work) -> Iterable[Edge]:
    """Take away what events removed; gives what they added. Of several events about one edge the last counts."""
    table = models.link
    last = {
        (work.items[edge.source]["id"], edge.kind, edge.target): edge.removed
        for edge in work.edges
        if edge.source in work.items
    }
    removed = [key for key, is_removed in last.items() if is_removed]
    if removed:
        tx.execute(
            sa.delete(table).where(
                table.c.source_item_id == sa.bindparam("the_source"),
                table.c.kind == sa.bindparam("the_kind"),
                table.c.target == sa.bindparam("the_target"),
                table.c.origin == "event",
            ),
            [{"the_source": source, "the_kind": kind, "the_target": target} for source, kind, target in removed],
        )
    return [(source, kind, "event", target) for (source, kind, target), is_removed in last.items() if not is_removed]


def _resolve(tx: Tx, work: Work) -> None:
    """Point links at items that are known by now, whichever end came first. Targets are native ids or words like
    "acme/shop#12".
    """
    link, item, project = models.link, models.item, models.project
    natives = [native for native in work.items if work.items[native]["id"] is not None]
    sources = [work.items[native]["id"] for native in natives]
    if not natives:
        return
    key = tx.scalar(sa.select(project.c.key).where(project.c.id == work.project_id))
    spoken = {f"{key}#{work.items[native]['number']}": work.items[native]["id"] for native in natives}
    targets = {**spoken, **{native: work.items[native]["id"] for native in natives}}
    waiting = tx.execute(
        sa.select(link.c.id, link.c.target).where(link.c.target_item_id.is_(None), link.c.target.in_(list(targets)))
    ).all()
    own = tx.execute(
        sa.select(link.c.id, link.c.target).where(link.c.target_item_id.is_(None), link.c.source_item_id.in_(sources))
    ).all()
    unknown = [row.target for row in own if row.target not in targets]
    if unknown:
        by_words = (
            sa.func.concat(project.c.key, "#", item.c.number)
            if tx.dialect.name != "sqlite"
            else project.c.key + "#" + sa.cast(item.c.number, sa.Text)
        )
        plain = [target for target in unknown if "#" not in target]
        worded = [target for target in unknown if "#" in target]
        for row in tx.execute(sa.select(item.c.id, item.c.native_id).where(item.c.native_id.in_(plain))):
            targets[row.native_id] = row.id
        keys = {target.rpartition("#")[0] for target in worded}
        if keys:
            found = tx.execute(
                sa.select(item.c.id, by_words.label("words"))
                .join(project, project.c.id == item.c.project_id)
                .where(project.c.key.in_(keys), by_words.in_(worded))
            )
            targets.update({row.words: row.id for row in found})
    resolved = {row.id: targets[row.target] for row in [*waiting, *own] if row.target in targets}
    if resolved:
        tx.execute(
            sa.update(link)
            .where(link.c.id == sa.bindparam("the_id"))
            .values(target_item_id=sa.bindparam("the_target")),
            [{"the_id": link_id, "the_target": target} for link_id, target in resolved.items()],
        )
