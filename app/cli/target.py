"""`plumbline target`: where messages go that rules' ladders ask for."""

from __future__ import annotations

import click

from app.cli.output import as_option, confirm, installation, json_option, print_json, print_table, secret
from app.time import real_now


@click.group("target")
def command() -> None:
    """Add, list, try out and remove the places that messages go to: channels, mailboxes, people's own.

    A rule's ladder says whom its flags are told to (author, assignee, lead, channel); a project says which target is
    its lead and which its channel.

    \b
    Examples:
      plumbline target add shop-lead
      plumbline target test shop-lead
      plumbline project add work acme/shop --set lead=shop-lead --set channel=shop-room
    """


@command.command("add")
@click.argument("name")
@click.option(
    "--address",
    envvar="PLUMBLINE_TARGET_ADDRESS",
    show_envvar=True,
    default="-",
    help="Address of the service, as apprise writes them; `-` (the default) asks for it.",
)
@click.option("--per-day", type=click.IntRange(1, 1000), default=10, show_default=True, help="Messages a day, at most.")
@as_option
def add(*, name: str, address: str, per_day: int, author: str) -> None:
    """Store a target as NAME. Given again, it gets the new address.

    A person's own target is called person:LOGIN, after their login in the tracker: it is where ladders that tell an
    author or an assignee reach them. The address holds secrets: it is stored encrypted and never shown again.

    \b
    Addresses:
      slack://BOT@TOKEN_A/TOKEN_B/TOKEN_C/#channel      a Slack channel
      workflows://HOST/WORKFLOW/SIGNATURE               a Teams channel
      mailtos://USER:PASSWORD@HOST?to=LEAD@ACME.EXAMPLE mail
      jsons://HOST/PATH                                 a webhook of your own

    \b
    Examples:
      plumbline target add shop-room
      PLUMBLINE_TARGET_ADDRESS=… plumbline target add person:ada --per-day 5
    """
    from app.services import targets

    runtime = installation()
    found = secret(address, what=f"Address of {name}") or ""
    kind, added = targets.add(
        runtime.db,
        runtime.vault,
        runtime.notifier,
        name=name,
        address=found,
        per_day=per_day,
        author=author,
        now=real_now(),
    )
    click.echo(f"{name} ({kind}) {'is stored' if added else 'has a new address'}. Try it: plumbline target test {name}")


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the targets, without their addresses.

    \b
    Examples:
      plumbline target list
      plumbline target list --json
    """
    from app.store import targets

    runtime = installation()
    with runtime.db.read() as tx:
        found = targets.targets(tx)
    if as_json:
        names = ("name", "kind", "per_day", "created_at", "detail")
        print_json([{name: getattr(one, name) for name in names} for one in found])
        return
    print_table(
        ("target", "kind", "messages a day", "latest"),
        ((one.name, one.kind, f"at most {one.per_day}", one.detail or "all well") for one in found),
        empty="There is no target yet: plumbline target add NAME",
    )


@command.command("test")
@click.argument("name")
def test(*, name: str) -> None:
    """Send one message to a target, now.

    Exit code 2 where it is refused, 3 where the service does not answer.

    \b
    Example:
      plumbline target test shop-room
    """
    from app.services import targets

    runtime = installation()
    targets.try_out(runtime.db, runtime.vault, runtime.notifier, name)
    click.echo(f"A message went to {name}. Look whether it is there.")


@command.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_option
def remove(*, name: str, yes: bool, author: str) -> None:
    """Forget a target and its address. What waits for it is never sent.

    \b
    Example:
      plumbline target remove shop-room
    """
    from app.services import targets

    runtime = installation()
    confirm(f"Forget {name}, for good?", yes=yes)
    targets.remove(runtime.db, name, author=author, now=real_now())
    click.echo(f"{name} is forgotten.")
