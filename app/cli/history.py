"""`plumbline history`: what is known of projects as a file, out and in."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.output import as_option, installation, json_option, print_json
from app.errors import UserError

if TYPE_CHECKING:
    from app.services.history.mistakes import HistoryError
    from app.services.history.take import Taken
    from app.services.history.told import Told
    from app.store.database import Tx
    from app.store.trackers import ProjectRow
    from rules.rulefile import RuleDraft

_IN = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_OUT = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
SHOWN = 12
"""So many kinds of strange things are told one by one."""


@click.group("history")
def command() -> None:
    """Write what is known of projects to a file, and take such a file in.

    \b
    Examples:
      plumbline history export --project acme/shop --output shop.jsonl.gz
      plumbline history import shop.jsonl.gz --dry-run
      plumbline history import shop.jsonl.gz
    """


@command.command("export")
@click.option("--project", "keys", multiple=True, metavar="KEY", help="A project; may be given again (default: all).")
@click.option("--output", type=_OUT, default="-", help="Where to; a name that ends in .gz is packed (default: stdout).")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Leave out what was over before that day.")
def export(*, keys: Sequence[str], output: Path, since: datetime | None) -> None:
    """Write the history of projects as JSON Lines: items, changes, milestones, people, settings, rules.

    It holds nothing secret, no deliveries, no flags and no notes; names and texts are in it as in the tracker, so keep
    it as you keep the tracker. docs/reference/history.md tells every field.

    \b
    Examples:
      plumbline history export --output all.jsonl.gz
      plumbline history export --project acme/shop --since 2026-01-01 > shop.jsonl
    """
    from app.services.history import export as service
    from app.services.history import files
    from app.store import history as store

    runtime = installation()
    written = service.Written()
    with runtime.db.read() as tx:
        store.hold_still(tx)
        projects = _projects(tx, keys)
        header = service.header_of(
            since=None if since is None else since.date(),
            now=runtime.world().now(),
            made_by="Plumbline",
        )
        lines = service.export(tx, projects, header=header, written=written)
        if str(output) == "-":
            files.put(lines, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            files.write(lines, output)
    counts = written.counts
    where = "standard output" if str(output) == "-" else str(output)
    click.echo(f"{where}: {_some(counts, 'project', 'item', 'change')}.", err=str(output) == "-")


def _projects(tx: Tx, keys: Sequence[str]) -> list[ProjectRow]:
    from app.store import trackers

    found = trackers.projects(tx)
    for key in keys:
        if not any(row.key == key for row in found):
            raise UserError(f"There is no project {key!r}. `plumbline project list` names them.")
    found = [row for row in found if not keys or row.key in keys]
    if not found:
        raise UserError("No project is watched yet: there is no history to write.")
    return found


@command.command("import")
@click.argument("file", type=_IN)
@click.option("--dry-run", is_flag=True, help="Only check the file and say what is in it.")
@click.option("--rules", "with_rules", is_flag=True, help="Take its rules too, those whose names are free; none live.")
@json_option
@as_option
def import_(*, file: Path, dry_run: bool, with_rules: bool, as_json: bool, author: str) -> int:
    """Take in a history (`-`: standard input; packed or not): its projects are judged and shown, and never written to.

    A file with any mistake is refused whole: up to 50 are printed as file:line:column: field: message, nothing is
    changed, and the exit code is 1. What is strange and yet can be (clocks that disagree, dates in the wrong order) is
    taken as it is, and said. A project that is watched here already is refused.

    \b
    Examples:
      plumbline history import shop.jsonl.gz --dry-run
      plumbline history import shop.jsonl.gz --rules
    """
    from app.services.history import files, take
    from app.services.history.mistakes import HistoryError

    source = "standard input" if str(file) == "-" else str(file)
    with _on_disk(file) as path:
        try:
            told = take.check(files.lines_of(path), source=source)
        except HistoryError as error:
            return _refused(error, as_json=as_json)
        if not as_json:
            _say(source, told)
        if dry_run:
            _dry(told, with_rules=with_rules, as_json=as_json)
            return 0
        runtime = installation()
        taken = take.take(
            runtime.db,
            runtime.vault,
            lambda: files.lines_of(path),
            told=told,
            source=source,
            with_rules=with_rules,
            author=author,
            now=runtime.world().now(),
        )
    if as_json:
        print_json(_data(told, taken))
    else:
        _say_taken(taken)
    return 0


@contextmanager
def _on_disk(file: Path) -> Iterator[Path]:
    """A file that can be read twice."""
    if str(file) != "-":
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="plumb-history-") as folder:
        path = Path(folder, "history")
        with path.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        yield path


def _refused(error: HistoryError, *, as_json: bool) -> int:
    if as_json:
        print_json({"mistakes": error.mistakes})
        return 1
    for mistake in error.mistakes:
        click.echo(str(mistake), err=True)
    count = len(error.mistakes)
    click.echo(f"{count} {'mistake' if count == 1 else 'mistakes'}. Nothing was changed.", err=True)
    return 1


def _dry(told: Told, *, with_rules: bool, as_json: bool) -> None:
    """What an import would do, as far as there is an installation to do it in."""
    from app.services.history import take

    drafts: list[RuleDraft] = []
    try:
        db = installation().db
    except UserError:
        db = None  # a file can be checked anywhere
    if db is not None:
        take.check_keys(db, told)
        drafts = take.fresh_rules(db, told) if with_rules else []
    if as_json:
        print_json(_data(told, None))
        return
    if drafts:
        click.echo(f"Rules that would be put in force: {', '.join(draft.name for draft in drafts)}.")
    click.echo("This was a dry run: nothing was changed.")


def _data(told: Told, taken: Taken | None) -> dict[str, Any]:
    return {
        "counts": dict(told.counts),
        "projects": [one.key for one in told.projects],
        "first": told.first,
        "last": told.last,
        "notes": [{"line": note.line, "times": note.times, "note": words} for words, note in told.notes.items()],
        "rules": sorted({one.name for one in told.rules}),
        "taken": taken,
    }


def _say(source: str, told: Told) -> None:
    header = told.header
    assert header is not None, "a history that was read has one"
    made = f", written {header.made_at:%Y-%m-%d}" if header.made_at is not None else ""
    by = f" by {header.made_by}" if header.made_by else ""
    click.echo(f"{source}: a history{made}{by}")
    click.echo(f"  {_some(told.counts, 'project', 'item', 'milestone', 'person', 'change')}")
    if told.first is not None and told.last is not None:
        click.echo(f"  changes from {told.first:%Y-%m-%d} to {told.last:%Y-%m-%d}")
    for one in told.projects:
        click.echo(f"  {one.key}")
    for name in sorted({one.name for one in told.rules}):
        versions = [one for one in told.rules if one.name == name]
        newest = max(versions, key=lambda one: one.version)
        gone = ", out of force" if newest.removed_at is not None else ""
        click.echo(f"  rule {name}: {newest.rule_type}, version {newest.version}, {newest.mode}{gone}")
    if told.notes:
        click.echo("Strange, and taken all the same:")
    for words, note in list(told.notes.items())[:SHOWN]:
        more = f" and {note.times - 1} more" if note.times > 1 else ""
        click.echo(f"  line {note.line}{more}: {words}")
    if len(told.notes) > SHOWN:
        click.echo(f"  and {len(told.notes) - SHOWN} more; --json has them all")


def _say_taken(taken: Taken) -> None:
    click.echo(f"{', '.join(taken.projects)} can be seen now, on {', '.join(taken.trackers)}.")
    click.echo("It is judged behind what is in line, and nothing is ever written to it.")
    if taken.twice:
        click.echo(f"{taken.twice} lines stood there twice and count once.")
    if taken.rules:
        click.echo(f"Rules in force now: {', '.join(taken.rules)}.")


_PLURALS = {"person": "people"}


def _some(counts: dict[str, int], *kinds: str) -> str:
    """Counts in words: "2 projects, 1 item"."""
    told = []
    for kind in kinds:
        number = counts.get(kind, 0)
        told.append(f"{number:,} {kind if number == 1 else _PLURALS.get(kind, f'{kind}s')}")
    return ", ".join(told)
