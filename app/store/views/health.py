"""Numbers about the machine room, each read by an index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx


@dataclass(frozen=True, slots=True)
class Measures:
    """Counts and oldest instants (real time). None: there is none."""

    deliveries: dict[str, float]
    publications: dict[str, float]
    notices: dict[str, float]
    flags: dict[str, float]
    oldest_pending: datetime | None
    oldest_bell: datetime | None
    latest_delivery: datetime | None
    ticked_at: datetime | None
    paused: bool


def measures(tx: Tx) -> Measures:
    """Everything but what depends on the world's time. Five queries."""
    delivery, publication, standing = m.delivery.c, m.publication.c, m.standing.c
    by_delivery = tx.execute(sa.select(delivery.status, sa.func.count()).group_by(delivery.status)).all()
    by_publication = tx.execute(sa.select(publication.status, sa.func.count()).group_by(publication.status)).all()
    by_notice = tx.execute(sa.select(m.notice.c.status, sa.func.count()).group_by(m.notice.c.status)).all()
    by_type = tx.execute(
        sa.select(m.rule.c.type, sa.func.count())
        .join(m.rule, m.rule.c.id == standing.rule_id)
        .where(standing.closed_at.is_(None), standing.outcome == "flagged")
        .group_by(m.rule.c.type)
    ).all()
    first = sa.select(delivery.received_at).where(delivery.status == "pending").order_by(delivery.id).limit(1)
    last = sa.select(delivery.received_at).order_by(delivery.id.desc()).limit(1)
    row = tx.execute(
        sa.select(
            first.scalar_subquery().label("pending"),
            last.scalar_subquery().label("latest"),
            sa.select(sa.func.min(m.bell.c.rung_at)).where(m.bell.c.kind == "lane").scalar_subquery().label("bell"),
            sa.select(m.instance.c.paused_at).limit(1).scalar_subquery().label("paused"),
            sa.select(m.instance.c.ticked_at).limit(1).scalar_subquery().label("ticked"),
        )
    ).one()
    return Measures(
        deliveries={"pending": 0.0, "aside": 0.0, **{status: float(n) for status, n in by_delivery}},
        publications={"waiting": 0.0, "held": 0.0, **{status: float(n) for status, n in by_publication}},
        notices={"waiting": 0.0, "failed": 0.0, **{status: float(n) for status, n in by_notice}},
        flags={type_: float(n) for type_, n in by_type},
        oldest_pending=row.pending,
        oldest_bell=row.bell,
        latest_delivery=row.latest,
        ticked_at=row.ticked,
        paused=row.paused is not None,
    )


def subjects_due(tx: Tx, *, now: datetime) -> int:
    """Items and milestones whose time to be judged has come. `now` is the world's."""
    due = [
        sa.select(sa.func.count()).where(table.c.next_check_at <= now).scalar_subquery()
        for table in (m.item, m.milestone)
    ]
    items, milestones = tx.execute(sa.select(*due)).one()
    return int(items + milestones)
