"""Taking back: which publications show something, which are on their way back, and the labels that we made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from app.store import models, publications
from app.store.database import Tx
from app.store.publications import Shown, shown_of

NOT_THERE = ("gone", "moved")
"""Refusals of an item that is not there any more, and what we wrote on it neither."""


def written_on(tx: Tx, project_ids: Sequence[int]) -> list[Shown]:
    """Publications of projects that show something, or may."""
    table = models.publication
    query = sa.select(table).where(
        table.c.project_id.in_(project_ids),
        sa.or_(
            table.c.comment_id.is_not(None),
            table.c.sending_at.is_not(None),
            sa.cast(table.c.shown_labels, sa.Text) != "[]",
        ),
    )
    return [shown_of(row) for row in tx.execute(query.order_by(table.c.id))]


def take_back(tx: Tx, publication_id: int, *, line: str, at: str, who: str, world: datetime) -> None:
    """Have all that an item shows taken back, now and even while writing is paused; nothing is written there again.
    `line` is what stays of a comment that cannot be deleted.
    """
    publications.amend(tx, publication_id, lambda doc: doc.update(retracted={"at": at, "who": who, "line": line}))
    publications.update(
        tx,
        publication_id,
        want_labels=[],
        want_body=None,
        want_quiet=False,
        status="waiting",
        due_at=world,
        retry_at=None,
        attempts=0,
        retracting=True,
    )


def retracted(tx: Tx, project_ids: Sequence[int]) -> list[Shown]:
    """Publications of projects that were taken back."""
    table = models.publication
    query = sa.select(table).where(table.c.project_id.in_(project_ids)).order_by(table.c.id)
    return [shown for row in tx.execute(query) if "retracted" in (shown := shown_of(row)).answers]


def retracting(tx: Tx, project_ids: Sequence[int]) -> int:
    """How many publications of projects are still on their way back."""
    table = models.publication
    query = sa.select(sa.func.count()).where(
        table.c.project_id.in_(project_ids), table.c.retracting, table.c.status.in_(publications.OPEN_STATUSES)
    )
    return int(tx.scalar(query) or 0)


def refused(tx: Tx, project_ids: Sequence[int]) -> int:
    """How many publications of projects the tracker refused to have taken back, though their items are there."""
    table = models.publication
    query = sa.select(sa.func.count()).where(
        table.c.project_id.in_(project_ids),
        table.c.retracting,
        table.c.status == "refused",
        sa.not_(sa.or_(*(table.c.detail.startswith(f"{code}:") for code in NOT_THERE))),
    )
    return int(tx.scalar(query) or 0)


def made_labels(tx: Tx, project_id: int) -> list[str]:
    """Labels of a project that we made ourselves."""
    table = models.known_label
    query = sa.select(table.c.name).where(table.c.project_id == project_id, table.c.made).order_by(table.c.name)
    return list(tx.scalars(query))


def forget_label(tx: Tx, project_id: int, name: str) -> None:
    """A label of ours exists no more."""
    table = models.known_label
    tx.execute(sa.delete(table).where(table.c.project_id == project_id, table.c.name == name))
