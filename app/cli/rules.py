"""`plumbline rules`: the rule set as a file, in and out; a file is taken whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.output import as_option, installation, json_option, print_json
from app.errors import UserError
from app.time import real_now

if TYPE_CHECKING:
    from app.services.rulebook import RuleChange
    from rules.rulefile import RuleDraft, RuleFileError

PACKS = ("open-source", "scrum", "kanban", "waterfall")
_INPUT = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@click.group("rules")
def command() -> None:
    """Apply, export and check rule files.

    \b
    Examples:
      plumbline rules apply --pack open-source
      plumbline rules export rules.yaml
      plumbline rules check rules.yaml
    """


@command.command("apply")
@click.argument("file", type=_INPUT, required=False)
@click.option("--pack", type=click.Choice(PACKS), help="A packaged rule set instead of a file.")
@click.option("--prune", is_flag=True, help="Remove the rules in force that the file does not name.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@json_option
@as_option
def apply(*, file: Path | None, pack: str | None, prune: bool, dry_run: bool, as_json: bool, author: str) -> int:
    """Put the rules of FILE in force (`-`: standard input), or those of a pack, and say what changes.

    A file with any mistake is refused whole: every mistake is printed as file:line:column: field: message, nothing is
    changed, and the exit code is 1. Rules are told by name; those that the file lacks stay, unless --prune.

    \b
    Examples:
      plumbline rules apply rules.yaml --dry-run
      plumbline rules apply rules.yaml --prune
      plumbline rules apply --pack scrum
    """
    from app.services import rulebook
    from rules.rulefile import RuleFileError

    if (file is None) == (pack is None):
        raise UserError("Give a FILE of rules (`-` for standard input), or one of the packs with --pack.")
    try:
        drafts = read_drafts(file, pack)
    except RuleFileError as error:
        _say_mistakes(error)
        click.echo("Nothing was changed.", err=True)
        return 1
    runtime = installation()
    changes = rulebook.compare(runtime.db, drafts, prune=prune)
    if not dry_run:
        rulebook.apply(runtime.db, drafts, author=author, prune=prune, now=runtime.world().now(), real=real_now())
    if as_json:
        print_json([{"name": change.name, "state": change.state, "fields": _fields(change)} for change in changes])
    else:
        _say_changes(changes, dry_run=dry_run)
    for project, needs in rulebook.cannot_be_written(runtime.db, drafts):
        click.echo(f"{project} is only read: live rules show there on the pages alone. It needs {needs}.", err=True)
    return 0


def read_drafts(file: Path | None, pack: str | None) -> list[RuleDraft]:
    """The rules of a file, or of a pack. Raises RuleFileError with everything that is wrong."""
    from rules.packs.load import load
    from rules.rulefile import parse

    if pack is not None:
        return load(pack)
    assert file is not None, "one of the two is given"
    return parse(_read(file), source=_name(file))


def _name(file: Path) -> str:
    return "standard input" if str(file) == "-" else str(file)


def _read(file: Path) -> str:
    """The text of a file. Raises RuleFileError where it is not UTF-8."""
    from rules.rulefile import Mistake, RuleFileError

    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise RuleFileError([Mistake(_name(file), line, column, "file", "is not UTF-8 text")]) from None


def _fields(change: RuleChange) -> dict[str, dict[str, object]]:
    return {name: {"before": before, "after": after} for name, before, after in change.fields}


def _say_mistakes(error: RuleFileError) -> None:
    for mistake in error.mistakes:
        click.echo(str(mistake), err=True)
    count = len(error.mistakes)
    click.echo(f"{count} {'mistake' if count == 1 else 'mistakes'}.", err=True)


def _say_changes(changes: Sequence[RuleChange], *, dry_run: bool) -> None:
    for change in changes:
        click.echo(f"{change.state:9}  {change.name}")
        for name, before, after in change.fields:
            click.echo(f"             {name}: {_shown(before)} -> {_shown(after)}")
    counts = {state: sum(change.state == state for change in changes) for state in ("new", "changed", "removed")}
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "Nothing changes"
    click.echo(f"{said}.{' This was a dry run: nothing was changed.' if dry_run else ''}")
    if not dry_run and any(counts.values()):
        click.echo("Everything is judged anew, behind what is in line.")


def _shown(value: object) -> str:
    if value in (None, "", []):
        return "(default)"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path), required=False)
def export(*, file: Path | None) -> None:
    """Write the rules in force as one YAML file, to FILE or to standard output. `rules apply` reads it back unchanged.

    \b
    Examples:
      plumbline rules export
      plumbline rules export rules.yaml
    """
    from app.services import rulebook

    text = rulebook.export(installation().db)
    if file is None or str(file) == "-":
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot write {file}: {error.strerror}.") from None
    click.echo(f"Written to {file}.", err=True)


@command.command("check")
@click.argument("file", type=_INPUT)
@json_option
def check(*, file: Path, as_json: bool) -> int:
    """Check a file of rules (`-`: standard input). Needs no installation and changes nothing.

    Exit code 0 when it could be applied, 1 when not; every mistake is printed as file:line:column: field: message.

    \b
    Examples:
      plumbline rules check rules.yaml
      plumbline rules check rules.yaml --json
    """
    from rules.rulefile import RuleFileError

    try:
        drafts = read_drafts(file, None)
    except RuleFileError as error:
        if as_json:
            print_json(error.mistakes)
        else:
            _say_mistakes(error)
        return 1
    if as_json:
        print_json([])
    else:
        click.echo(f"{_name(file)}: {len(drafts)} {'rule' if len(drafts) == 1 else 'rules'}, no mistakes.")
    return 0


@command.command("packs")
@click.argument("name", required=False, type=click.Choice(PACKS))
def packs(*, name: str | None) -> None:
    """List the packaged rule sets; with NAME print that one, to start a file of your own from.

    \b
    Examples:
      plumbline rules packs
      plumbline rules packs scrum > rules.yaml
    """
    from rules.packs.load import load, text

    if name is not None:
        click.echo(text(name), nl=False)
        return
    for pack in PACKS:
        about = text(pack).partition("\n")[0].removeprefix("#").strip()
        click.echo(f"{pack:12} {len(load(pack))} rules. {about}")


@command.command("approve")
@click.argument("name")
@as_option
def approve(*, name: str, author: str) -> None:
    """Let a rule write what was held back because it was so much at once.

    A rule that goes live and would begin on more than twenty items asks first: its labels and comments wait, each item
    says why, and nothing is lost meanwhile.

    \b
    Example:
      plumbline rules approve stalled-review
    """
    from app.services import floods

    runtime = installation()
    items = floods.approve(runtime.db, name, who=author, now=runtime.world().now(), real=real_now())
    click.echo(f"{name} may write now, on {items} {'item' if items == 1 else 'items'}; at most ten comments a day.")
