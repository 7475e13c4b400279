"""`plumbline pause` and `plumbline resume`: writing stops at once, judging goes on."""

from __future__ import annotations

import click

from app.cli.output import as_option, installation
from app.time import real_now

_PROJECT = click.option("--project", metavar="OWNER/REPO", help="Only this project (default: everywhere).")


@click.command("pause")
@_PROJECT
@as_option
def pause(*, project: str | None, author: str) -> None:
    """Stop writing to trackers, from the very next write on, everywhere or in one project.

    Webhooks are taken in and judged as before; what should be written waits. What was written stays: `plumbline
    retract` takes it back, also while paused.

    \b
    Examples:
      plumbline pause
      plumbline pause --project acme/shop
    """
    from app.services import control

    runtime = installation()
    if project is None:
        control.pause(runtime.db, author, real_now())
    else:
        control.pause_project(runtime.db, project, who=author, now=real_now())
    click.echo(f"Nothing is written {f'to {project}' if project else 'to any tracker'} until: plumbline resume")


@click.command("resume")
@_PROJECT
@as_option
def resume(*, project: str | None, author: str) -> None:
    """Write again what is still wanted. What was settled meanwhile is never written.

    \b
    Examples:
      plumbline resume
      plumbline resume --project acme/shop
    """
    from app.services import control

    runtime = installation()
    if project is None:
        control.resume(runtime.db, author, real_now())
    else:
        control.resume_project(runtime.db, project, who=author, now=real_now())
    click.echo(f"Writing goes on{f' in {project}' if project else ''}.")
