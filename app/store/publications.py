"""Publications: what one tracker item should show and what it shows. The lane's owner writes the wish, the publisher
what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models, sync
from app.store.database import Tx, insert

OPEN_STATUSES = ("waiting", "sending", "held")


@dataclass(frozen=True, slots=True)
class Shown:
    """What is remembered of one item's publication. Instants named `due_at` are world time; `retry_at` and
    `sending_at` are real time.
    """

    id: int
    item_id: int
    project_id: int
    connection_id: int | None
    want_labels: tuple[str, ...]
    want_body: str | None
    want_quiet: bool
    shown_labels: tuple[str, ...]
    shown_body: str | None
    comment_id: str | None
    commented_at: datetime | None
    edits: tuple[str, ...]
    status: str
    due_at: datetime | None
    retry_at: datetime | None
    sending_at: datetime | None
    attempts: int
    detail: str
    answers: Mapping[str, Any]
    retracting: bool = False


def shown_of(row: Any) -> Shown:
    """A row of the table as what is remembered."""
    return Shown(
        id=row.id,
        item_id=row.item_id,
        project_id=row.project_id,
        connection_id=row.connection_id,
        want_labels=tuple(row.want_labels),
        want_body=row.want_body,
        want_quiet=row.want_quiet,
        shown_labels=tuple(row.shown_labels),
        shown_body=row.shown_body,
        comment_id=row.comment_id,
        commented_at=row.commented_at,
        edits=tuple(row.edits),
        status=row.status,
        due_at=row.due_at,
        retry_at=row.retry_at,
        sending_at=row.sending_at,
        attempts=row.attempts,
        detail=row.detail,
        answers=row.answers,
        retracting=row.retracting,
    )


def of_items(tx: Tx, item_ids: Sequence[int]) -> dict[int, Shown]:
    table = models.publication
    return {row.item_id: shown_of(row) for row in tx.execute(sa.select(table).where(table.c.item_id.in_(item_ids)))}


def wish(
    tx: Tx,
    *,
    item_id: int,
    project_id: int,
    connection_id: int | None,
    known: Shown | None,
    labels: Sequence[str],
    body: str | None,
    quiet: bool,
    due_at: datetime,
    hold: str = "",
    delete: bool = False,
    prompt: bool = False,
    about: Sequence[int] = (),
) -> bool:
    """Record what an item should show. True: it differs from what it shows, so there is something to send.

    `hold` says why it is not to be sent yet; `delete`: the comment goes, if there is one; `prompt`: somebody asked
    and waits, so no ceiling holds it; `about`: the people whose turn a first comment speaks of.
    """
    table = models.publication
    shown_labels = known.shown_labels if known else ()
    shown_body = known.shown_body if known else None
    goes = delete and known is not None and known.comment_id is not None
    differs = sorted(labels) != sorted(shown_labels) or (body is not None and body != shown_body) or goes
    unsure = known is not None and known.sending_at is not None
    values: dict[str, Any] = {
        "want_labels": sorted(labels),
        "want_body": body,
        "want_quiet": quiet,
        "connection_id": connection_id,
        "status": "settled" if not (differs or unsure) else "held" if hold else "waiting",
        "due_at": due_at if (differs or unsure) and not hold else None,
        "detail": hold if differs else "",
    }
    if known is None:
        if not differs:
            return False
        answers: dict[str, Any] = {"about": list(about)} if about else {}
        tx.execute(sa.insert(table).values(item_id=item_id, project_id=project_id, answers=answers, **values))
        return True
    same = (
        sorted(known.want_labels) == values["want_labels"]
        and known.want_body == body
        and known.want_quiet == quiet
        and known.connection_id == connection_id
    )
    waits = (known.status in OPEN_STATUSES and (known.due_at is None) == bool(hold)) or known.status == "refused"
    if same and waits and differs and not prompt:
        return False  # already on its way, or already refused for the same content
    tx.execute(sa.update(table).where(table.c.id == known.id).values(attempts=0, retry_at=None, **values))
    fresh: dict[str, Any] = {"prompt": True} if prompt and differs else {}
    if about and known.comment_id is None and list(about) != known.answers.get("about"):
        fresh["about"] = list(about)
    if fresh:
        amend(tx, known.id, lambda doc: doc.update(fresh))
    return differs


def due(
    tx: Tx, connection_id: int, *, world: datetime, real: datetime, limit: int, paused: bool = False
) -> list[Shown]:
    """Publications of a connection whose time has come, oldest wish first; projects that are paused, not active or
    catching up after a gap are left out. What is being taken back goes out even while writing is paused (`paused`: all
    of it is).
    """
    table, project = models.publication, models.project
    rows = tx.execute(
        sa.select(table)
        .join(project, project.c.id == table.c.project_id)
        .where(
            table.c.connection_id == connection_id,
            table.c.status.in_(OPEN_STATUSES),
            table.c.due_at <= world,
            sa.or_(table.c.retry_at.is_(None), table.c.retry_at <= real),
            table.c.retracting if paused else sa.or_(project.c.paused_at.is_(None), table.c.retracting),
            project.c.status == "active",
            ~sync.is_catching_up(table.c.project_id),
        )
        .order_by(table.c.due_at, table.c.id)
        .limit(limit)
    )
    return [shown_of(row) for row in rows]


def connections_with_due(tx: Tx, *, world: datetime, real: datetime, paused: bool = False) -> list[int]:
    """Connections with something to send; `paused`: only what is being taken back."""
    table, project = models.publication, models.project
    return list(
        tx.scalars(
            sa.select(table.c.connection_id)
            .join(project, project.c.id == table.c.project_id)
            .where(
                table.c.retracting if paused else sa.or_(project.c.paused_at.is_(None), table.c.retracting),
                project.c.status == "active",
                table.c.connection_id.is_not(None),
                table.c.status.in_(OPEN_STATUSES),
                table.c.due_at <= world,
                sa.or_(table.c.retry_at.is_(None), table.c.retry_at <= real),
                ~sync.is_catching_up(table.c.project_id),
            )
            .distinct()
        )
    )


def get(tx: Tx, publication_id: int) -> Shown:
    table = models.publication
    return shown_of(tx.execute(sa.select(table).where(table.c.id == publication_id)).one())


def update(tx: Tx, publication_id: int, **values: Any) -> None:
    table = models.publication
    tx.execute(sa.update(table).where(table.c.id == publication_id).values(**values))


def amend(tx: Tx, publication_id: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the document `answers` of a publication; drains and publishers both do, so the row is locked first."""
    table = models.publication
    query = sa.select(table.c.answers).where(table.c.id == publication_id).with_for_update()
    doc = dict(tx.execute(query).scalar_one())
    change(doc)
    update(tx, publication_id, answers=doc)


def ensure(tx: Tx, item_id: int, *, project_id: int, connection_id: int | None) -> int:
    """The publication of an item, made where there is none. Gives its id."""
    table = models.publication
    tx.execute(
        insert(tx, table)
        .values(item_id=item_id, project_id=project_id, connection_id=connection_id)
        .on_conflict_do_nothing()
    )
    return int(tx.execute(sa.select(table.c.id).where(table.c.item_id == item_id)).scalar_one())


def comment_on(tx: Tx, project_id: int, number: int) -> str | None:
    """The id of our comment on an item of a project, by the item's number; None where there is none."""
    table, item = models.publication, models.item
    found: str | None = tx.scalar(
        sa.select(table.c.comment_id)
        .join(item, item.c.id == table.c.item_id)
        .where(item.c.project_id == project_id, item.c.number == number)
    )
    return found


def new_comments_since(tx: Tx, project_id: int, since: datetime) -> int:
    """How many new comments were written in a project since an instant of world time."""
    table = models.publication
    return int(
        tx.scalar(sa.select(sa.func.count()).where(table.c.project_id == project_id, table.c.commented_at >= since))
        or 0
    )


def record(
    tx: Tx,
    *,
    connection_id: int,
    project_id: int,
    item_id: int | None,
    kind: str,
    detail: str,
    real: datetime,
    world: datetime,
) -> None:
    """Note one write to the tracker."""
    tx.execute(
        sa.insert(models.written).values(
            connection_id=connection_id,
            project_id=project_id,
            item_id=item_id,
            at=real,
            world_at=world,
            kind=kind,
            detail=detail,
        )
    )


def known_labels(tx: Tx, project_id: int) -> set[str]:
    table = models.known_label
    return set(tx.scalars(sa.select(table.c.name).where(table.c.project_id == project_id)))


def add_known_label(tx: Tx, project_id: int, name: str, *, made: bool) -> None:
    """A label of ours exists in the tracker; `made`: because we made it."""
    values = {"project_id": project_id, "name": name, "made": made}
    tx.execute(insert(tx, models.known_label).values(values).on_conflict_do_nothing())


def target_of(tx: Tx, item_id: int) -> tuple[str, int, str, str]:
    """Where to write: (project key, number, item key, url)."""
    item, project = models.item, models.project
    row = tx.execute(
        sa.select(project.c.key.label("project_key"), item.c.number, item.c.key, item.c.url)
        .join(project, project.c.id == item.c.project_id)
        .where(item.c.id == item_id)
    ).one()
    return row.project_key, row.number, row.key, row.url


def targets_of(tx: Tx, item_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """What items are called and where they are in the tracker, by id: (key, url). A query for every thousand."""
    item = models.item
    found: dict[int, tuple[str, str]] = {}
    for first in range(0, len(item_ids), 1000):
        query = sa.select(item.c.id, item.c.key, item.c.url).where(item.c.id.in_(item_ids[first : first + 1000]))
        found |= {row.id: (row.key, row.url) for row in tx.execute(query)}
    return found


def budget(tx: Tx, connection_id: int) -> tuple[datetime | None, list[str]]:
    """When the next write may go out, and the instants of creates in the last hour (ISO, real time)."""
    table = models.connection
    row = tx.execute(sa.select(table.c.next_write_at, table.c.writes_in_hour).where(table.c.id == connection_id)).one()
    return row.next_write_at, list(row.writes_in_hour)


def save_budget(tx: Tx, connection_id: int, *, next_write_at: datetime, writes_in_hour: Sequence[str]) -> None:
    table = models.connection
    tx.execute(
        sa.update(table)
        .where(table.c.id == connection_id)
        .values(next_write_at=next_write_at, writes_in_hour=list(writes_in_hour))
    )


def settle_uncertain(tx: Tx, item_id: int, *, comment_id: str, body: str, url: str | None, world: datetime) -> bool:
    """An echo tells what became of a create that was never answered: this is our comment."""
    table = models.publication
    return (
        tx.execute(
            sa.update(table)
            .where(table.c.item_id == item_id, table.c.comment_id.is_(None))
            .values(
                comment_id=comment_id,
                comment_url=url,
                shown_body=body,
                commented_at=sa.func.coalesce(table.c.commented_at, world),
                sending_at=None,
            )
        ).rowcount
        == 1
    )
