"""`python -m app.cli.docs [--check]`: docs/reference/, made from the code that runs.

Without --check the pages are written; with it nothing is, and exit code 1 says which pages are stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import click

from app.cli.main import COMMANDS, cli
from app.services.history import reference as history
from app.settings import ENV_PREFIX, Settings
from app.web.api.document import document
from app.web.api.document import page as api_page
from app.web.api.routes import api
from rules.docs import FOLDER as RULES_FOLDER
from rules.docs import pages as rule_pages
from rules.docs import schema

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "docs/reference"
MADE = "<!-- Made from the code by `make docs`; do not edit. -->"
WIDTH = 100
"""Columns of help texts: fixed, so that the terminal of whoever writes them does not matter."""

#: Where a default depends on other settings, what it then is.
_FILLED_IN = {
    "home": "`./var`",
    "database_url": "SQLite, `plumbline.db` in the home",
    "redis_url": "the embedded broker",
    "secret_key": "`secret.key` in the home, made on first use",
    "base_url": "`http://127.0.0.1:PORT`",
}


def pages() -> dict[str, str]:
    """Every generated file by its path from the repository's root; the same for the same code."""
    made = rule_pages() | {
        f"{FOLDER}/README.md": _index(),
        f"{FOLDER}/cli.md": _command_line(),
        f"{FOLDER}/settings.md": _settings(),
        f"{FOLDER}/rule-file.schema.json": json.dumps(schema(), indent=2, ensure_ascii=False) + "\n",
        f"{FOLDER}/api.md": api_page(MADE, api.all),
        f"{FOLDER}/openapi.json": json.dumps(document(api.all), indent=2, ensure_ascii=False) + "\n",
        f"{FOLDER}/history.md": history.page(MADE),
        f"{FOLDER}/history.schema.json": json.dumps(history.schema(), indent=2, ensure_ascii=False) + "\n",
    }
    return dict(sorted(made.items()))


def stale(root: Path) -> list[str]:
    """Paths under `root` that are missing, differ, or are made no more."""
    made = pages()
    wrong = [path for path, text in made.items() if not _holds(root / path, text)]
    return sorted([*wrong, *_left_over(root, made)])


def write(root: Path) -> list[str]:
    """Bring docs/reference under `root` up to date; gives the paths that changed."""
    changed = stale(root)
    made = pages()
    for path in changed:
        file = root / path
        if path not in made:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made[path], encoding="utf-8")
    return changed


def _holds(file: Path, text: str) -> bool:
    return file.is_file() and file.read_bytes() == text.encode()


def _left_over(root: Path, made: Mapping[str, str]) -> Iterator[str]:
    for file in sorted((root / FOLDER).rglob("*")):
        path = file.relative_to(root).as_posix()
        if file.is_file() and path not in made:
            yield path


def _index() -> str:
    rules = RULES_FOLDER.removeprefix(f"{FOLDER}/")
    return f"""{MADE}

# Reference

- [Command line](cli.md): every command with its options
- [API](api.md): every operation of the API, and what it needs
- [openapi.json](openapi.json): the same for programs
- [Settings](settings.md): the environment variables of an installation
- [Rule types]({rules}/index.md): what each looks for, its parameters, when it is wrong
- [Conditions]({rules}/conditions.md): the fields a rule's condition may ask for
- [rule-file.schema.json](rule-file.schema.json): JSON Schema of rule files, for editors
- [The history format](history.md): every record of a history, and every field of it
- [history.schema.json](history.schema.json): JSON Schema of its lines
"""


def _command_line() -> str:
    top = click.Context(
        cli, info_name="plumbline", terminal_width=WIDTH, max_content_width=WIDTH, **cli.context_settings
    )
    parts = [MADE, "# Command line", _help(top)]
    for name in COMMANDS:
        loaded = cli.get_command(top, name)
        if loaded is not None:
            parts += _command(loaded, name, top)
    return "\n\n".join(parts) + "\n"


def _command(loaded: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(loaded, parent=parent, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    yield f"## {context.command_path}"
    yield _help(context)
    if isinstance(loaded, click.Group):
        for under in loaded.list_commands(context):
            found = loaded.get_command(context, under)
            if found is not None:
                yield from _command(found, under, context)


def _help(context: click.Context) -> str:
    text = "\n".join(line.rstrip() for line in context.get_help().splitlines())
    return f"```text\n{text}\n```"


def _settings() -> str:
    rows = ["| variable | default | allowed | meaning |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = _FILLED_IN.get(name, f"`{_plain(field.default)}`")
        about = " ".join((field.description or "").split())
        rows.append(f"| `{ENV_PREFIX}{name.upper()}` | {default} | {_allowed(field)} | {about} |")
    about_files = (
        "Environment variables; in containers also files of the same name, in lower case, in `/run/secrets`.\n"
        "An empty variable counts as not set. A value that is wrong stops the start and is named, never shown."
    )
    return f"{MADE}\n\n# Settings\n\n{about_files}\n\n" + "\n".join(rows) + "\n"


def _allowed(field: Any) -> str:
    if get_origin(field.annotation) is not None and all(isinstance(value, str) for value in get_args(field.annotation)):
        return ", ".join(f"`{value}`" for value in get_args(field.annotation))
    bounds = {name: getattr(part, name) for part in field.metadata for name in ("ge", "le") if hasattr(part, name)}
    if bounds:
        return f"{bounds['ge']} to {bounds['le']}"
    return "true, false" if field.annotation is bool else ""


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def main(argv: Sequence[str]) -> int:
    """Write the pages, or only look; gives the exit code."""
    if list(argv) not in ([], ["--check"]):
        click.echo("Usage: python -m app.cli.docs [--check]", err=True)
        return 2
    if not argv:
        for path in write(ROOT):
            click.echo(f"wrote {path}" if (ROOT / path).exists() else f"removed {path}")
        return 0
    wrong = stale(ROOT)
    for path in wrong:
        click.echo(f"stale: {path}", err=True)
    if wrong:
        click.echo("`make docs` brings them up to date.", err=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
