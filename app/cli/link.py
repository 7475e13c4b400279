"""`plumbline link`: another one-time link that signs in."""

from __future__ import annotations

import click

from app.cli.output import installation
from app.time import real_now


@click.command("link")
def command() -> None:
    """Print a new link that signs a browser in: once, within 24 hours.

    \b
    Example:
      plumbline link
    """
    from app.services.access import new_sign_in_link

    runtime = installation()
    click.echo(new_sign_in_link(runtime.db, runtime.settings.base_url, real_now()))
