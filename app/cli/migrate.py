"""`plumbline migrate`: bring the database to this version's schema."""

from __future__ import annotations

import click

from app.settings import load_settings


@click.command("migrate")
def command() -> None:
    """Bring the database to this version's schema; safe to repeat. `plumbline up` does it by itself.

    \b
    Example:
      PLUMBLINE_DATABASE_URL=postgresql://plumbline@db/plumbline plumbline migrate
    """
    from app.bootstrap import migrate

    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    migrate(settings)
    click.echo("The database is up to date.")
