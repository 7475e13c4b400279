"""Links as rows: owned by their source, pointed at their target once that is known, whichever end came first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx, insert

Edge = tuple[str, str, str, bool]
"""(source, kind, target, removed): one link told by an event."""


def save(
    tx: Tx,
    project_id: int,
    *,
    ids: Mapping[str, int],
    numbers: Mapping[str, int],
    texts: Mapping[str, Sequence[tuple[str, str]]],
    edges: Sequence[Edge],
) -> set[int]:
    """Store what texts and events tell, with a fixed number of statements; gives the ids of items that lost a link.

    `ids` and `numbers` are those of the items at hand, by native id. A text's links (kind, target) replace what the
    same text named before.
    """
    want: dict[tuple[int, str, str, str], bool] = {}
    said = {ids[source]: set(links) for source, links in texts.items() if source in ids}
    for source_id, links in said.items():
        want.update({(source_id, kind, "text", target): True for kind, target in links})
    for source, kind, target, removed in edges:
        if source in ids:
            want[(ids[source], kind, "event", target)] = not removed
    have = _of(tx, {*said, *(key[0] for key in want)})
    gone = {key for key in have if want.get(key) is False or (key[2] == "text" and key[0] in said and key not in want)}
    table = models.link
    if gone:
        tx.execute(sa.delete(table).where(table.c.id.in_([have[key][0] for key in gone])))
    fresh = sorted(key for key, wanted in want.items() if wanted and key not in have)
    if fresh:
        tx.execute(
            insert(tx, table).on_conflict_do_nothing(),
            [
                {"project_id": project_id, "source_item_id": source, "kind": kind, "origin": origin, "target": target}
                for source, kind, origin, target in fresh
            ],
        )
    _resolve(tx, project_id, ids, numbers)
    return {lost for key in gone if (lost := have[key][1]) is not None}


def _of(tx: Tx, source_ids: set[int]) -> dict[tuple[int, str, str, str], tuple[int, int | None]]:
    """The links of these sources: (source, kind, origin, target) -> (row id, target item)."""
    table = models.link
    rows = tx.execute(sa.select(table).where(table.c.source_item_id.in_(sorted(source_ids)))) if source_ids else ()
    return {(row.source_item_id, row.kind, row.origin, row.target): (row.id, row.target_item_id) for row in rows}


def _resolve(tx: Tx, project_id: int, ids: Mapping[str, int], numbers: Mapping[str, int]) -> None:
    """Point links at items that are known by now, whichever end came first. Targets are native ids or words like
    "acme/shop#12".
    """
    link, item, project = models.link, models.item, models.project
    if not ids:
        return
    sources = sorted(ids.values())
    key = tx.scalar(sa.select(project.c.key).where(project.c.id == project_id))
    spoken = {f"{key}#{numbers[native]}": id_ for native, id_ in ids.items()}
    targets = {**spoken, **ids}
    # "+ 0": SQLite would walk all links that wait for their target, of any project
    waiting = tx.execute(
        sa.select(link.c.id, link.c.target).where(
            (link.c.target_item_id + 0).is_(None), link.c.target.in_(list(targets))
        )
    ).all()
    own = tx.execute(
        sa.select(link.c.id, link.c.target).where(
            (link.c.target_item_id + 0).is_(None), link.c.source_item_id.in_(sources)
        )
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
        for row in tx.execute(
            sa.select(item.c.id, item.c.native_id).where(
                item.c.project_id.in_(sa.select(project.c.id)), item.c.native_id.in_(plain)
            )
        ):
            targets[row.native_id] = row.id
        keys = {target.rpartition("#")[0] for target in worded}
        by_number = {int(number) for target in worded if (number := target.rpartition("#")[2]).isdecimal()}
        if keys:
            found = tx.execute(
                sa.select(item.c.id, by_words.label("words"))
                .join(project, project.c.id == item.c.project_id)
                .where(project.c.key.in_(keys), item.c.number.in_(by_number), by_words.in_(worded))
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
