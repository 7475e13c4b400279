"""`plumbline link`: another one-time link that signs in."""

from __future__ import annotations

import click

from app.cli.output import as_option, installation
from app.time import real_now


@click.command("link")
@click.option("--for", "name", metavar="NAME", help="A link with which this person chooses a password.")
@as_option
def command(*, name: str | None, author: str) -> None:
    """Print a new link that works once, within 24 hours.

    It leads to making the first account; where there are accounts already, it signs in as an admin for recovery.

    \b
    Examples:
      plumbline link
      plumbline link --for ada
    """
    from app.services import accounts
    from app.services.access import new_sign_in_link

    runtime = installation()
    base = runtime.settings.base_url
    if name is None:
        click.echo(new_sign_in_link(runtime.db, base, real_now()))
        return
    with runtime.db.read() as tx:
        row = accounts.named(tx, name)
    click.echo(accounts.password_link(runtime.db, base, row.id, who=author, now=real_now()))
