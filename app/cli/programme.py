"""`plumbline programme`: projects that belong together, across trackers, and releases that they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from app.cli.output import as_option, installation, json_option, print_json, print_table
from app.time import real_now

if TYPE_CHECKING:
    from app.services.programmes import Release


@click.group("programme")
def command() -> None:
    """Group projects of any tracker, and say which of their milestones are one release.

    \b
    Examples:
      plumbline programme add checkout PAY acme/shop-api --same-readers
      plumbline programme release checkout jira/PAY:5.2 github/acme/shop-api:v5.2
      plumbline programme list
    """


@command.command("add")
@click.argument("name")
@click.argument("projects", metavar="PROJECT…", nargs=-1, required=True)
@click.option("--same-readers", is_flag=True, help="The same people read all of them: notes may name and tell across.")
@as_option
def add(*, name: str, projects: Sequence[str], same_readers: bool, author: str) -> None:
    """Make a programme of at least two projects. Given again, it has these projects, and only these.

    A PROJECT is a key such as PAY or acme/shop; where two trackers have the same key, TRACKER/KEY. Without
    --same-readers a note names items of the other projects by key and link only; nothing is told in a public project.

    \b
    Examples:
      plumbline programme add checkout PAY acme/shop-api
      plumbline programme add checkout PAY acme/shop-api acme/shop-web --same-readers
    """
    from app.services import programmes

    runtime = installation()
    apart = programmes.save(
        runtime.db, name=name, keys=projects, same_readers=same_readers, author=author, now=real_now()
    )
    told = " Notes in one may tell of the others." if same_readers else ""
    click.echo(f"{name}: {', '.join(dict.fromkeys(projects))}.{told}")
    _print_parted(apart)


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the programmes with their projects and releases.

    \b
    Examples:
      plumbline programme list
      plumbline programme list --json
    """
    from app.services import programmes

    runtime = installation()
    with runtime.db.read() as tx:
        found = programmes.programmes(tx)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    print_table(
        ("programme", "same readers", "projects", "releases"),
        (
            (
                one.name,
                "yes" if one.same_readers else "no",
                ", ".join(one.projects),
                "; ".join(release.spelled for release in one.releases),
            )
            for one in found
        ),
        empty="There is no programme yet: plumbline programme add NAME PROJECT PROJECT",
    )


@command.command("remove")
@click.argument("name")
@as_option
def remove(*, name: str, author: str) -> None:
    """Forget a programme. Its projects stay; releases whose projects are together in no other programme fall apart.

    \b
    Example:
      plumbline programme remove checkout
    """
    from app.services import programmes

    runtime = installation()
    apart = programmes.remove(runtime.db, name=name, author=author, now=real_now())
    click.echo(f"{name} is no programme any more; its projects stay as they are.")
    _print_parted(apart)


@command.command("release")
@click.argument("name")
@click.argument("milestones", metavar="TRACKER/PROJECT:TITLE…", nargs=-1, required=True)
@click.option("--part", "parted", is_flag=True, help="Undo it: the release that these are in falls apart.")
@as_option
def release(*, name: str, milestones: Sequence[str], parted: bool, author: str) -> None:
    """Make milestones of a programme's projects one release. The first speaks for all: its date counts, its project's
    rules judge it with everything that is in any of them, and notes stand on its home item.

    \b
    Examples:
      plumbline programme release checkout jira/PAY:5.2 github/acme/shop-api:v5.2
      plumbline programme release checkout --part jira/PAY:5.2
    """
    from app.services import programmes

    runtime = installation()
    if parted:
        _print_parted(
            programmes.part(runtime.db, name=name, milestones=milestones, author=author, now=real_now()), why=""
        )
        return
    made = programmes.join(runtime.db, name=name, milestones=milestones, author=author, now=real_now())
    click.echo(f"{made.spelled} are judged as one; {made.leader.spelled} speaks for all.")


def _print_parted(apart: Iterable[Release], *, why: str = ", because its projects are together no more") -> None:
    for one in apart:
        click.echo(f"{one.spelled}: judged each by itself again{why}.")
