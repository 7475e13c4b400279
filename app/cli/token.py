"""`plumbline token`: bearer tokens for the API."""

from __future__ import annotations

import click

from app.cli.output import installation
from app.time import real_now


@click.group("token")
def command() -> None:
    """Create tokens for the API.

    \b
    Example:
      plumbline token create dashboard
    """


@command.command("create")
@click.argument("name")
@click.option("--scope", type=click.Choice(["read"]), default="read", show_default=True, help="What it may do.")
def create(*, name: str, scope: str) -> None:
    """Make a token and print it, this once: only its digest is stored. NAME says what it is for.

    \b
    Examples:
      plumbline token create dashboard
      curl -H "Authorization: Bearer $(plumbline token create dashboard)" http://127.0.0.1:8080/api/v1/flags
    """
    from app.services.access import create_token

    runtime = installation()
    token = create_token(runtime.db, name, scope=scope, now=real_now())
    click.echo(token)
    click.echo("Keep it now: it cannot be shown again.", err=True)
