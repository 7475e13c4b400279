"""What `plumbline project` says of a project's history: how far reading it is, and what can be judged then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from app.cli.output import print_json, print_table
from app.errors import UserError
from app.time import real_now

if TYPE_CHECKING:
    from app.bootstrap import Runtime
    from app.services.coverage import Card
    from app.services.digest import Digest
    from app.store.runs import Run
    from app.store.trackers import ProjectRow

_TURN = 2.0
_PATIENCE = 60.0
"""Seconds without a step after which the rest is left to the server."""


def project_of(runtime: Runtime, key: str) -> ProjectRow:
    """The project of that name. Raises UserError."""
    from app.store import trackers

    with runtime.db.read() as tx:
        found = trackers.projects(tx, key=key)
    if not found:
        raise UserError(f"There is no project {key!r}. `plumbline project list` names them.")
    return found[0]


def read_history(runtime: Runtime, project: ProjectRow, *, quiet: bool) -> int:
    """Read the project's past, here or by looking on while a worker does; give the exit code. Ended early, it goes on
    from there the next time.
    """
    run = _latest(runtime, project.id)
    if run is None:
        return 0  # this kind of tracker has no past to read
    total = max(run.total or 0, run.done, 1)
    with click.progressbar(length=total, label=f"Reading {project.key}", hidden=quiet) as bar:
        shown, moved_at = 0, time.monotonic()
        while run.is_open and not _waits(run) and time.monotonic() - moved_at < _PATIENCE:
            worked = _work(runtime, project)
            run = _latest(runtime, project.id) or run
            if run.total and not quiet:
                bar.length = max(run.total, run.done, 1)
            if run.done > shown or worked:
                bar.update(run.done - shown)
                shown, moved_at = run.done, time.monotonic()
            else:
                time.sleep(0.2)
    return _told(run, project.key, quiet=quiet)


def _latest(runtime: Runtime, project_id: int) -> Run | None:
    from app.services.importing import IMPORT
    from app.store import runs

    with runtime.db.read() as tx:
        return runs.latest(tx, project_id, kind=IMPORT)


def _waits(run: Run) -> bool:
    return run.resume_at is not None and (run.resume_at - real_now()).total_seconds() > _TURN


def _work(runtime: Runtime, project: ProjectRow) -> bool:
    """A turn of reading and taking in, unless workers are at it; True where something was done."""
    from app.services import syncing
    from app.services.drain import Drain, drain

    more = syncing.sync_project(runtime.syncing, project.id, seconds=_TURN)
    drained = drain(
        Drain(
            db=runtime.db,
            adapters=runtime.adapters,
            people=runtime.people,
            ringer=runtime.ringer,
            base_url=runtime.settings.base_url,
        ),
        project.lane_id,
    )
    return more or drained > 0


def _told(run: Run, key: str, *, quiet: bool) -> int:
    if run.status == "done":
        if not quiet:
            click.echo(f"{run.done} items read with {run.calls} requests.")
        return 0
    words = run.detail or "Reading goes on in the background, while Plumbline is running."
    click.echo(f"{run.done} of {run.total or 'an unknown number of'} items read so far. {words}", err=True)
    if run.status != "failed":
        click.echo(f"`plumbline project import {key}` goes on from here.", err=True)
    return 1 if run.status in ("failed", "stopped") else 0


def print_digest(project: ProjectRow, found: Digest) -> None:
    """Say how a project keeps up, and what happened to many items, labels and items at once."""
    state = "writing is paused" if project.paused_at else project.status_detail or project.status
    click.echo(f"{project.key}: {state}")
    if found.status is not None and found.status.words:
        click.echo(found.status.words)
    for title, headings, rows in (
        (
            "Edits of many items at once, last 7 days",
            ("when (UTC)", "items", "what", "by"),
            [(one.at, one.items, one.field, one.who) for one in found.edits],
        ),
        (
            "Labels that rest",
            ("item", "label", "until (UTC)", "rules"),
            [(one.item_key, one.label, one.until, ", ".join(one.rules)) for one in found.resting],
        ),
        (
            "Items that are gone, last 30 days",
            ("item", "when (UTC)", "what became of it"),
            [(one.key, one.at, one.words) for one in found.left],
        ),
    ):
        if rows:
            click.echo(f"\n{title}")
            print_table(headings, rows, empty="")


def print_card(runtime: Runtime, project_id: int, *, as_json: bool) -> None:
    """Say what can be judged, and what would change that."""
    from app.services import coverage

    with runtime.db.read() as tx:
        card = coverage.card(tx, project_id)
    if as_json:
        print_json(card)
    else:
        _print_lines(card)


def _print_lines(card: Card) -> None:
    click.echo()
    click.echo("What can be judged here")
    for line in card.lines:
        click.echo(f"  {line.topic:<12}{line.known}")
        if line.change:
            click.echo(f"  {'':<12}→ {line.change}")
