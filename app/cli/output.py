"""What the commands share: the installation they work on, who gives the order, tables, JSON, secrets."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.errors import UserError
from app.log import configure_logging
from app.settings import Settings, load_settings
from app.time import to_iso

if TYPE_CHECKING:
    from app.bootstrap import Runtime

Function = TypeVar("Function", bound=Callable[..., Any])

_WIDEST_CELL = 70


def installation() -> Runtime:
    """The runtime of the installation that the environment names.

    Raises UserError where there is none yet or its schema is another: a command given in the wrong directory must not
    quietly begin a new installation there.
    """
    settings = load_settings()
    # A command's own words are its news; of what lies below, only trouble.
    configure_logging(
        level="warning" if settings.log_level == "info" else settings.log_level, style=settings.log_format
    )
    _check_schema(settings)
    from app.bootstrap import runtime

    return runtime()


def _check_schema(settings: Settings) -> None:
    if settings.is_sqlite and not Path(settings.database_url.removeprefix("sqlite:///")).exists():
        raise UserError(
            f"There is no installation in {settings.home} yet.\n"
            "Start one with `plumbline up` (or `plumbline migrate`), or name another: PLUMBLINE_HOME."
        )
    from app.bootstrap import schema_revisions

    present, wanted = schema_revisions(settings.database_url)
    if present != wanted:
        raise UserError(f"The database holds schema {present or 'none'}, {wanted} is needed: plumbline migrate")


def as_option(function: Function) -> Function:
    """The option --as, which gives `author`: who stands in the audit log for this command."""
    return click.option(
        "--as",
        "author",
        metavar="NAME",
        default=current_user,
        help="Who gives the order, for the audit log (default: you).",
    )(function)


def json_option(function: Function) -> Function:
    """The option --json, which gives `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(function)


def current_user() -> str:
    """The name of the operating system's user; their number where they have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def print_json(data: object) -> None:
    """Print data as JSON: dataclasses as objects, instants in ISO 8601 UTC."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return to_iso(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print rows under headings, or `empty` where there are none. Cells are cut to 70 characters, the last is not."""
    cells = [[_cell(value, cut=place < len(row) - 1) for place, value in enumerate(row)] for row in rows]
    if not cells:
        click.echo(empty)
        return
    lines = [list(headings), *cells]
    widths = [max(len(line[place]) for line in lines) for place in range(len(headings))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object, *, cut: bool) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    # What a tracker sent may hold line breaks and control characters; a terminal obeys those.
    text = "".join(letter if letter.isprintable() else " " for letter in str("" if value is None else value))
    return text if len(text) <= _WIDEST_CELL or not cut else f"{text[: _WIDEST_CELL - 1]}…"


def secret(value: str | None, *, what: str) -> str | None:
    """A secret as given, or for `-` asked for: unseen on a terminal, else the next line of standard input.

    Raises UserError where it is empty.
    """
    if value is None:
        return None
    if value == "-":
        value = click.prompt(what, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    value = value.strip()
    if not value:
        raise UserError(f"{what}: it is empty.")
    return value


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is taken away. Raises UserError where nobody can be asked, Abort on no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError(f"{question} Say so with --yes.")
    click.confirm(question, abort=True)
