"""`plumbline retract`: takes our labels and comments back from the trackers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from app.cli.output import as_option, installation, json_option, print_json, print_table
from app.time import real_now

if TYPE_CHECKING:
    from app.bootstrap import Runtime
    from app.services.retract import Filter


@click.command("retract")
@click.option("--rule", help="Only what this rule said.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), help="Only of flags opened since (UTC).")
@click.option("--project", metavar="OWNER/REPO", help="Only in this project (default: everywhere).")
@click.option("--dry-run", is_flag=True, help="Only list what would be taken back.")
@click.option("--undo", is_flag=True, help="Let items that were taken back be written on again.")
@json_option
@as_option
def command(
    *,
    rule: str | None,
    since: datetime | None,
    project: str | None,
    dry_run: bool,
    undo: bool,
    as_json: bool,
    author: str,
) -> int:
    """Take our labels off and delete our comments; nothing is written on those items again unless you ask (--undo).

    Every write that is taken back is listed. Without --rule and --since the labels that we made in the repository are
    deleted too, so that it is as it was before. Works while writing is paused, which is a good moment: rules that are
    live go on to write on other items.

    Exit code 0 when all is gone; 1 when some items could not be cleaned, which the pages name.

    \b
    Examples:
      plumbline retract --dry-run
      plumbline retract --project acme/shop
      plumbline retract --rule stalled-review --since 2026-12-01
    """
    from app.services import retract
    from app.services.retract import Filter

    runtime = installation()
    now = runtime.world().now()
    if undo:
        items = retract.undo(runtime.db, project=project, who=author, now=now, real=real_now())
        click.echo(f"{items} {'item' if items == 1 else 'items'} may be written on again.")
        return 0
    wanted = Filter(project=project, rule=rule, since=since.replace(tzinfo=UTC) if since else None)
    if dry_run or as_json:
        would = retract.retract(
            runtime.db, runtime.adapters, wanted, dry_run=True, who=author, now=now, real=real_now()
        )
        if as_json:
            print_json(would.writes)
        else:
            _say(would)
            click.echo("This was a dry run: nothing was taken back.")
        if dry_run:
            return 0
    return take_back(runtime, wanted, author=author, silent=as_json)


def take_back(runtime: Runtime, wanted: Filter, *, author: str, silent: bool = False) -> int:
    """Take back, list it and wait until it is gone; gives the exit code."""
    from app.services import retract

    done = retract.retract(
        runtime.db,
        runtime.adapters,
        wanted,
        dry_run=False,
        who=author,
        now=runtime.world().now(),
        real=real_now(),
    )
    if not silent:
        _say(done)
    left = retract.finish(runtime.db, done, connect=runtime.connect, ringer=runtime.ringer, whole=wanted.is_whole)
    if left:
        click.echo(f"{left} {'item' if left == 1 else 'items'} could not be cleaned yet: see the pages.", err=True)
        return 1
    if not silent and done.writes:
        click.echo("All of it is gone.")
    return 0


def _say(done: object) -> None:
    from app.services.retract import Retracted

    assert isinstance(done, Retracted)
    rows = [(write.project, write.item or "-", write.kind, write.what, write.url) for write in done.writes]
    print_table(("project", "item", "kind", "what", "where"), rows, empty="There is nothing to take back.")
