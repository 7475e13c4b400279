"""`plumbline deliveries`: what came in, what became of it, and another try for what failed."""

from __future__ import annotations

from collections.abc import Sequence

import click

from app.cli.output import as_option, installation, json_option, print_json, print_table
from app.errors import UserError
from app.time import real_now


@click.group("deliveries")
def command() -> None:
    """List and replay received webhooks.

    \b
    Examples:
      plumbline deliveries list --status aside
      plumbline deliveries replay --aside
    """


@command.command("list")
@click.option(
    "--status",
    type=click.Choice(["aside", "pending", "done", "ignored"]),
    help="aside: failed too often and waits for you; pending: in line; ignored: says nothing Plumbline keeps.",
)
@click.option("--project", metavar="OWNER/REPO", help="Only those of one project.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many, newest first.")
@json_option
def list_(*, status: str | None, project: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, newest first, each with what became of it and why. Times are UTC.

    \b
    Examples:
      plumbline deliveries list --status aside
      plumbline deliveries list --project acme/shop --limit 200 --json
    """
    from app.store import trackers
    from app.store.views.deliveries import DeliveryFilter, deliveries
    from app.store.views.scope import Visible

    runtime = installation()
    with runtime.db.read() as tx:
        found = trackers.projects(tx, key=project) if project else []
        if project and not found:
            raise UserError(f"There is no project {project!r}. `plumbline project list` names them.")
        visible = Visible(projects=frozenset(row.id for row in found) if project else None, secured=True)
        rows = deliveries(tx, visible=visible, where=DeliveryFilter(status=status), limit=limit).rows
    if as_json:
        print_json(rows)
        return
    print_table(
        ("id", "received", "status", "event", "project", "about", "tries", "what became of it"),
        (
            (row.id, row.received_at, row.status, row.name, row.project, row.about, row.attempts, row.reason)
            for row in rows
        ),
        empty="No delivery came in yet." if status is None and project is None else "There is none of this kind.",
    )


@command.command("replay")
@click.argument("ids", nargs=-1, type=click.IntRange(1, 2**63 - 1), metavar="[ID]...")
@click.option("--aside", is_flag=True, help="All that were set aside.")
@as_option
def replay(*, ids: Sequence[int], aside: bool, author: str) -> None:
    """Put deliveries back in line, by their ids or all that were set aside. What they said before is not said twice.

    An id that does not exist stops it, and then nothing is replayed.

    \b
    Examples:
      plumbline deliveries replay 4711 4712
      plumbline deliveries replay --aside
    """
    from app.services.replay import replay as replay_these
    from app.services.replay import replay_aside

    if bool(ids) == aside:
        raise UserError("Name the deliveries by their ids, or all that were set aside with --aside.")
    runtime = installation()
    now = real_now()
    if aside:
        count = replay_aside(runtime.db, runtime.ringer, author=author, now=now)
    else:
        count = replay_these(runtime.db, runtime.ringer, ids, author=author, now=now)
    click.echo(f"{count} {'delivery is' if count == 1 else 'deliveries are'} back in line.")
