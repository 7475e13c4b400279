"""`plumbline token`: bearer tokens for the API."""

from __future__ import annotations

from collections.abc import Sequence

import click

from app.cli.output import as_option, confirm, installation, json_option, print_json, print_table
from app.errors import UserError
from app.time import real_now

SCOPES = ("read", "answer", "rules", "operate", "admin")


@click.group("token")
def command() -> None:
    """Create, list and revoke tokens for the API.

    \b
    Example:
      plumbline token create dashboard
    """


@command.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    help="What it may do, beside reading: answer for items, change rules, operate (replay, pause, retry), admin.",
)
@click.option("--for", "owner", metavar="PERSON", help="Whom it acts for: it never may or sees more than they do.")
@as_option
def create(*, name: str, scopes: Sequence[str], owner: str | None, author: str) -> None:
    """Make a token and print it, this once: only its digest is stored. NAME says what it is for.

    Without --for it acts for nobody in particular and sees all projects. No token sees secured items.

    \b
    Examples:
      plumbline token create dashboard
      plumbline token create bot --scope answer --for ada
      curl -H "Authorization: Bearer $(plumbline token create dashboard)" http://127.0.0.1:8080/api/v1/flags
    """
    from app.services import access, accounts

    runtime = installation()
    owner_id = None
    if owner is not None:
        with runtime.db.read() as tx:
            owner_id = accounts.named(tx, owner).id
    token = access.create_token(runtime.db, name, scope=" ".join(scopes), owner=owner_id, who=author, now=real_now())
    click.echo(token)
    click.echo("Keep it now: it cannot be shown again.", err=True)


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the tokens in use: whose they are, what they may, when they were last used.

    \b
    Examples:
      plumbline token list
      plumbline token list --json
    """
    from app.store import access as rows

    runtime = installation()
    with runtime.db.read() as tx:
        found = rows.every_token(tx)
    if as_json:
        print_json(found)
        return
    print_table(
        ("name", "of", "may", "made", "last used"),
        ((one.name, one.owner, one.scope.replace(" ", ", "), one.created_at, one.used_at or "never") for one in found),
        empty="There is no token: plumbline token create NAME",
    )


@command.command("revoke")
@click.argument("name")
@click.option("--of", "owner", metavar="PERSON", help="Whose token; needed where several people have one of that name.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_option
def revoke(*, name: str, owner: str | None, yes: bool, author: str) -> None:
    """Revoke a token: from now on it opens nothing.

    \b
    Examples:
      plumbline token revoke dashboard
      plumbline token revoke bot --of ada --yes
    """
    from app.services import access
    from app.store import access as rows

    runtime = installation()
    with runtime.db.read() as tx:
        found = [one for one in rows.every_token(tx) if one.name == name and owner in (None, one.owner)]
    if not found:
        raise UserError(f"There is no token {name!r} in use. `plumbline token list` names them.")
    if len(found) > 1:
        raise UserError(f"{len(found)} people have a token {name!r}: say whose with --of.")
    confirm(f"Revoke {name}? Programs that use it get in no more.", yes=yes)
    machine = access.User(name=author, signed_in_at=real_now(), role=access.Role.ADMIN)
    access.revoke_token(runtime.db, found[0].id, user=machine, now=real_now())
    click.echo(f"{name} opens nothing any more.")
