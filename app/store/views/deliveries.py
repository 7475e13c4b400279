"""Deliveries: every webhook as it came in, and one of them whole."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import COUNT_LIMIT, PAGE_SIZE, Page, Visible, after_key, begins, decode_cursor, page_of

STATUSES = ("pending", "done", "ignored", "aside")


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries a list shows. `text`: an event, an event.action, what it is about (#1885), a delivery id or how
    one begins. Received from `since` on and before `until` (real time).
    """

    status: str | None = None
    event: str | None = None
    text: str = ""
    retrying: bool = False
    since: datetime | None = None
    until: datetime | None = None

    @property
    def asks(self) -> bool:
        """Whether it leaves anything out."""
        return self != DeliveryFilter()


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery without its body. All instants are real time but `world_at`."""

    id: int
    guid: str
    event: str
    action: str | None
    about: str | None
    project_id: int | None
    project: str | None
    tracker: str
    received_at: datetime
    world_at: datetime
    size: int
    status: str
    reason: str
    attempts: int
    next_attempt_at: datetime | None
    done_at: datetime | None

    @property
    def name(self) -> str:
        """Event and action, as trackers' own pages write them."""
        return f"{self.event}.{self.action}" if self.action else self.event


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """One delivery whole. `body` is what was sent, unpacked; `item_id` is the item it names, where we know it: `gap`
    says whether a part of its past is missing, `read_at` when it is read from the tracker (real time). `tracker_kind`
    and `site` are what decoding goes by.
    """

    row: DeliveryRow
    trace: str
    body: bytes
    item_id: int | None
    gap: bool
    read_at: datetime | None
    readable: bool
    """Whether its project can be read from the tracker at all."""
    tracker_kind: str
    site: Mapping[str, Any]

    @property
    def let_go(self) -> bool:
        """Whether its payload is not kept any more."""
        return not self.body


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """How many there are, each count up to COUNT_LIMIT, and when the latest came."""

    today: int
    aside: int
    pending: int
    retrying: int
    last_at: datetime | None


def deliveries(
    tx: Tx, *, visible: Visible, where: DeliveryFilter, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[DeliveryRow]:
    """Deliveries, newest first. One query, and another for readers who may not see everything, whose pages may be
    shorter. Raises BadCursorError.
    """
    query = _base().where(_seen(visible), *_matches(tx, where))
    if after is not None:
        query = query.where(after_key([m.delivery.c.id], decode_cursor(after, like=(int,)), descending=True))
    rows = tx.execute(query.order_by(m.delivery.c.id.desc()).limit(limit + 1)).all()
    page = page_of(rows, limit=limit, make=_row, key=lambda row: (row.id,))
    return Page(rows=_told(tx, page.rows, visible, text=where.text), next=page.next)


def delivery_counts(tx: Tx, *, visible: Visible, day_start: datetime) -> DeliveryCounts:
    """The counts above the list. One query. `day_start`: real time."""
    delivery = m.delivery.c
    row = tx.execute(
        sa.select(
            _count(visible, delivery.received_at >= day_start).label("today"),
            _count(visible, delivery.status == "aside").label("aside"),
            _count(visible, delivery.status == "pending").label("pending"),
            _count(visible, delivery.status == "pending", delivery.attempts > 0).label("retrying"),
            sa.select(delivery.received_at)
            .where(_seen(visible))
            .order_by(delivery.id.desc())
            .limit(1)
            .scalar_subquery()
            .label("last_at"),
        )
    ).one()
    return DeliveryCounts(
        today=row.today, aside=row.aside, pending=row.pending, retrying=row.retrying, last_at=row.last_at
    )


def delivery_page(tx: Tx, delivery_id: int, *, visible: Visible) -> DeliveryPage | None:
    """One delivery by our id; None where there is none to be seen. Two queries.

    A payload may tell of anything, so it is for those who may see everything.
    """
    if not visible.secured:
        return None
    query = (
        _base()
        .add_columns(
            m.delivery.c.trace,
            m.delivery.c.body,
            sa.exists().where(m.sync.c.id == m.delivery.c.project_id).correlate(m.delivery).label("readable"),
            m.tracker.c.kind.label("tracker_kind"),
            m.tracker.c.site,
        )
        .where(m.delivery.c.id == delivery_id, _seen(visible))
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    named = _named(tx, row.project_id, row.about or "")
    try:
        body = zlib.decompress(row.body)
    except zlib.error:
        body = row.body
    return DeliveryPage(
        row=_row(row),
        trace=row.trace,
        body=body,
        item_id=None if named is None else named.id,
        gap=named is not None and named.gap,
        read_at=None if named is None else named.read_at,
        readable=bool(row.readable),
        tracker_kind=row.tracker_kind,
        site=row.site or {},
    )


def _named(tx: Tx, project_id: int | None, about: str) -> Any:
    """The item that a delivery names, by its number; None where it is not known."""
    number = _NUMBER.search(about)
    if project_id is None or number is None:
        return None
    item, wanted = m.item.c, m.wanted_read.c
    read_at = (
        sa.select(sa.func.min(wanted.not_before))
        .where(wanted.project_id == item.project_id, wanted.number == item.number)
        .correlate(m.item)
        .scalar_subquery()
    )
    query = sa.select(item.id, item.gap, read_at.label("read_at"))
    query = query.where(item.project_id == project_id, item.number == int(number[0]), item.key == about)
    return tx.execute(query.order_by(item.id).limit(1)).one_or_none()


def matching(tx: Tx, *, visible: Visible, where: DeliveryFilter, after: int, upto: int, limit: int) -> list[int]:
    """Ids of the deliveries that match, the oldest first, behind one id and up to another. One query."""
    delivery = m.delivery.c
    query = sa.select(delivery.id).where(_seen(visible), *_matches(tx, where), delivery.id > after, delivery.id <= upto)
    return list(tx.scalars(query.order_by(delivery.id).limit(limit)))


def count_matching(tx: Tx, *, visible: Visible, where: DeliveryFilter) -> int:
    """How many deliveries match, all of them counted: for something that will walk over them. One query."""
    query = sa.select(sa.func.count()).select_from(m.delivery).where(_seen(visible), *_matches(tx, where))
    return int(tx.scalar(query) or 0)


def newest_id(tx: Tx) -> int:
    """The id of the latest delivery; 0 where none came."""
    return int(tx.scalar(sa.select(sa.func.max(m.delivery.c.id))) or 0)


def seen_ids(tx: Tx, ids: Sequence[int], *, visible: Visible) -> set[int]:
    """Those of these deliveries that a reader may see. One query."""
    return set(tx.scalars(sa.select(m.delivery.c.id).where(m.delivery.c.id.in_(ids), _seen(visible))))


def why_ignored(tx: Tx, *, visible: Visible) -> tuple[tuple[str, int], ...]:
    """Why the latest deliveries that were ignored were (up to COUNT_LIMIT of them), the most frequent first. One
    query.
    """
    recent = (
        sa.select(m.delivery.c.reason)
        .where(m.delivery.c.status == "ignored", _seen(visible))
        .order_by(m.delivery.c.id.desc())
        .limit(COUNT_LIMIT)
        .subquery()
    )
    count = sa.func.count()
    query = sa.select(recent.c.reason, count).group_by(recent.c.reason).order_by(count.desc(), recent.c.reason)
    return tuple((row[0], row[1]) for row in tx.execute(query.limit(20)))


def set_aside(tx: Tx, *, visible: Visible, limit: int = 1) -> tuple[DeliveryRow, ...]:
    """The latest deliveries that were set aside. One query, and another as above."""
    query = _base().where(m.delivery.c.status == "aside", _seen(visible)).order_by(m.delivery.c.id.desc()).limit(limit)
    return _told(tx, [_row(row) for row in tx.execute(query)], visible)


def events(tx: Tx, *, visible: Visible) -> tuple[str, ...]:
    """The events seen among the latest deliveries, for the filter. One query."""
    recent = (
        sa.select(m.delivery.c.event)
        .where(_seen(visible))
        .order_by(m.delivery.c.id.desc())
        .limit(COUNT_LIMIT)
        .subquery()
    )
    return tuple(tx.scalars(sa.select(recent.c.event).distinct().order_by(recent.c.event)))


def _seen(visible: Visible) -> sa.ColumnElement[bool]:
    """Deliveries of no project are the administrator's, who sees everything."""
    if visible.projects is None and visible.chosen is None:
        return sa.true()
    return visible.clause(m.delivery.c.project_id)


_NUMBER = re.compile(r"[0-9]{1,18}\Z")


def _told(tx: Tx, rows: Sequence[DeliveryRow], visible: Visible, *, text: str = "") -> tuple[DeliveryRow, ...]:
    """Deliveries as a reader may see them. Who may not see secured items is not told of deliveries about those, nor
    what one is about, or what went wrong with it, where that is not an item known to be for everybody; so one that
    was found by what it is about (`text`) is then left out.
    """
    if visible.secured:
        return tuple(rows)
    items = m.item.c
    numbers = {int(found[0]) for row in rows if row.about and (found := _NUMBER.search(row.about))}
    known = {
        (row.project_id, row.key): row.secured
        for row in tx.execute(
            sa.select(items.project_id, items.key, items.secured).where(
                items.project_id.in_(sorted({row.project_id for row in rows if row.project_id is not None})),
                items.number.in_(sorted(numbers)),
            )
        )
    }
    out = []
    for row in rows:
        secured = known.get((row.project_id or 0, row.about or ""))
        if secured is None and (not text or row.guid.startswith(text) or text in (row.event, row.name)):
            troubled = row.status in ("pending", "aside")
            out.append(replace(row, about=None, reason="" if troubled else row.reason))
        elif secured is False:
            out.append(row)
    return tuple(out)


_ABOUT = re.compile(r"#?[0-9]{1,18}|[A-Za-z][A-Za-z0-9_]*-[0-9]{1,15}")
LIKE_AN_ID = 7
"""From so many digits on a number may be how an id begins; a shorter one is an item's."""
_EVENT = re.compile(r"[a-z][a-z_:]*(\.[a-z_]+)?")


def _matches(tx: Tx, where: DeliveryFilter) -> list[sa.ColumnElement[bool]]:
    delivery = m.delivery.c
    conditions: list[sa.ColumnElement[bool]] = []
    if where.status is not None:
        conditions.append(delivery.status == where.status)
    if where.retrying:
        conditions += [delivery.status == "pending", delivery.attempts > 0]
    if where.event is not None:
        conditions.append(delivery.event == where.event)
    if where.since is not None:
        conditions.append(delivery.received_at >= where.since)
    if where.until is not None:
        conditions.append(delivery.received_at < where.until)
    if where.text:
        conditions.append(_found(tx, where.text))
    return conditions


def _found(tx: Tx, text: str) -> sa.ColumnElement[bool]:
    """What a text in the search field means, told by its shape: each kind has an index of its own."""
    delivery = m.delivery.c
    if _EVENT.fullmatch(text):
        event, _, action = text.partition(".")
        named = sa.and_(delivery.event == event, delivery.action == action) if action else delivery.event == event
        return sa.or_(named, delivery.about == text, delivery.guid == text)
    if _ABOUT.fullmatch(text):
        about = delivery.about.in_([text, f"#{text}", text.upper()])
        as_id = text.isdigit() and (len(text) >= LIKE_AN_ID or text.startswith("0"))
        return sa.or_(about, begins(tx, delivery.guid, text) if as_id else delivery.guid == text)
    return sa.or_(begins(tx, delivery.guid, text), delivery.about == text)


def _count(visible: Visible, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    inner = sa.select(m.delivery.c.id).where(_seen(visible), *conditions).limit(COUNT_LIMIT).subquery()
    return sa.select(sa.func.count()).select_from(inner).scalar_subquery()


def _base() -> sa.Select[Any]:
    return (
        sa.select(
            *(column for column in m.delivery.c if column.name not in {"body", "trace"}),
            m.project.c.key.label("project"),
            m.tracker.c.name.label("tracker"),
        )
        .join(m.tracker, m.tracker.c.id == m.delivery.c.tracker_id)
        .outerjoin(m.project, m.project.c.id == m.delivery.c.project_id)
    )


def _row(row: Any) -> DeliveryRow:
    return DeliveryRow(
        id=row.id,
        guid=row.guid,
        event=row.event,
        action=row.action,
        about=row.about,
        project_id=row.project_id,
        project=row.project,
        tracker=row.tracker,
        received_at=row.received_at,
        world_at=row.world_at,
        size=row.size,
        status=row.status,
        reason=row.reason,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        done_at=row.done_at,
    )
