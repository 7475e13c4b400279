"""`plumbline user`: people who sign in, their roles and what they see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from app.cli.output import as_option, installation, json_option, print_json, print_table, secret
from app.errors import UserError
from app.time import real_now

if TYPE_CHECKING:
    from app.store.database import Tx

ROLES = ("viewer", "editor", "admin")


@click.group("user")
def command() -> None:
    """Add people, say what they may and see, shut them out.

    \b
    Examples:
      plumbline user add ada --role editor --programme checkout
      plumbline user list
    """


@command.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="What they may do.")
@click.option("--mail", default="", help="Their mail address; not needed.")
@click.option("--programme", "programmes", multiple=True, metavar="NAME", help="A programme whose projects they see.")
@click.option("--all-projects", is_flag=True, help="They see all projects.")
@click.option("--secured", is_flag=True, help="They see items that not everybody may see.")
@click.option("--password", metavar="-", help="Their password, asked for or read from standard input; else a link.")
@as_option
def add(
    *,
    name: str,
    role: str,
    mail: str,
    programmes: Sequence[str],
    all_projects: bool,
    secured: bool,
    password: str | None,
    author: str,
) -> None:
    """Add a person, and print a link with which they choose a password: once, within 24 hours.

    \b
    Examples:
      plumbline user add ada --role admin
      plumbline user add grace --programme checkout --programme platform
      plumbline user add bob --all-projects --password -
    """
    from app.services import accounts
    from app.services.access import Role

    if password not in (None, "-"):
        raise UserError("--password: write - and type it, or pipe it in. On the command line others could read it.")
    runtime = installation()
    with runtime.db.read() as tx:
        ids = _programmes(tx, programmes)
    may = accounts.May(role=Role(role), all_projects=all_projects, programmes=ids, secured=secured)
    word, now = secret(password, what="Password"), real_now()
    try:
        id_ = accounts.add(runtime.db, name=name, mail=mail, may=may, password=word, who=author, now=now)
    except accounts.AccountError as error:
        raise _by_field(error) from None
    click.echo(f"{name} is {role} from now on.", err=True)
    if word is None:
        click.echo(accounts.password_link(runtime.db, runtime.settings.base_url, id_, who=author, now=now))


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the people with their roles and what they see.

    \b
    Examples:
      plumbline user list
      plumbline user list --json
    """
    from app.store import accounts as rows

    runtime = installation()
    with runtime.db.read() as tx:
        found = rows.accounts(tx, limit=10_000).rows
        names = dict(rows.known_programmes(tx))
    if as_json:
        print_json(
            [
                {
                    "name": one.name, "mail": one.mail, "role": one.role, "all_projects": one.all_projects,
                    "programmes": sorted(names[id_] for id_ in one.programmes), "secured": one.secured,
                    "seen_at": one.seen_at, "disabled_at": one.disabled_at,
                }
                for one in found
            ]
        )  # fmt: skip
        return
    print_table(
        ("name", "role", "sees", "last came", "in or out"),
        (
            (
                one.name,
                one.role,
                "all projects"
                if one.all_projects or one.role == "admin"
                else ", ".join(sorted(names[id_] for id_ in one.programmes)) or "no project",
                one.seen_at or "never",
                "shut out" if one.disabled_at else "in",
            )
            for one in found
        ),
        empty="Nobody has an account yet: plumbline user add NAME",
    )


@command.command("change")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="What they may do; with another one they sign in anew.")
@click.option("--programme", "programmes", multiple=True, metavar="NAME", help="They see these programmes, only these.")
@click.option("--all-projects", is_flag=True, help="They see all projects.")
@click.option("--secured/--not-secured", default=None, help="Whether they see items that not everybody may see.")
@as_option
def change(
    *, name: str, role: str | None, programmes: Sequence[str], all_projects: bool, secured: bool | None, author: str
) -> None:
    """Change what somebody may and sees. What is not named stays as it is.

    \b
    Examples:
      plumbline user change ada --role admin
      plumbline user change grace --programme checkout
    """
    from app.services import accounts
    from app.services.access import Role

    if programmes and all_projects:
        raise UserError("Name programmes or --all-projects, not both.")
    runtime = installation()
    with runtime.db.read() as tx:
        row = accounts.named(tx, name)
        ids = _programmes(tx, programmes)
    may = accounts.May(
        role=Role(role or row.role),
        all_projects=all_projects or (row.all_projects and not programmes),
        programmes=ids or row.programmes,
        secured=row.secured if secured is None else secured,
    )
    accounts.change(runtime.db, row.id, may=may, who=author, now=real_now())
    click.echo(f"{row.name} is set as you say.")


@command.command("disable")
@click.argument("name")
@as_option
def disable(*, name: str, author: str) -> None:
    """Shut somebody out at once, with their sessions, links and tokens.

    \b
    Example:
      plumbline user disable ada
    """
    click.echo(f"{_set(name, disabled=True, author=author)} is shut out.")


@command.command("enable")
@click.argument("name")
@as_option
def enable(*, name: str, author: str) -> None:
    """Let somebody in again.

    \b
    Example:
      plumbline user enable ada
    """
    click.echo(f"{_set(name, disabled=False, author=author)} may sign in.")


@command.command("password")
@click.argument("name")
@as_option
def password(*, name: str, author: str) -> None:
    """Set somebody's password, asked for or read from standard input. Their sessions and links end.

    \b
    Examples:
      plumbline user password ada
      pwgen 24 1 | plumbline user password ada
    """
    from app.services import accounts

    runtime = installation()
    with runtime.db.read() as tx:
        row = accounts.named(tx, name)
    word = secret("-", what="New password") or ""
    try:
        accounts.set_password(runtime.db, row.id, password=word, who=author, now=real_now())
    except accounts.AccountError as error:
        raise _by_field(error) from None
    click.echo(f"{row.name} signs in with it from now on.")


def _set(name: str, *, disabled: bool, author: str) -> str:
    from app.services import accounts

    runtime = installation()
    with runtime.db.read() as tx:
        row = accounts.named(tx, name)
    accounts.set_disabled(runtime.db, row.id, disabled=disabled, who=author, now=real_now())
    return row.name


def _programmes(tx: Tx, names: Sequence[str]) -> frozenset[int]:
    from app.store import accounts as rows

    known = {name: id_ for id_, name in rows.known_programmes(tx)}
    for name in names:
        if name not in known:
            raise UserError(f"There is no programme {name!r}. `plumbline programme list` names them.")
    return frozenset(known[name] for name in names)


def _by_field(error: Exception) -> UserError:
    return UserError(f"{getattr(error, 'field', '').capitalize()}: {error}.")
