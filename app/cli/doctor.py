"""`plumbline doctor`: looks at everything an installation needs and says what to put right."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from app.cli.broker import answers, check_broker
from app.cli.up import check_port, is_ready, ready_address
from app.errors import UserError
from app.secret import load_keys
from app.settings import Settings, load_settings

_LEAST_FREE = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw. `problem` means that Plumbline will not work; `note` that somebody should know."""

    check: str
    state: Literal["ok", "note", "problem"]
    what: str


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> int:  # noqa: FBT001 (click's)
    """Check this installation: Python, directories, key, database, broker, port, disk, targets. Changes nothing.

    Exit code 0 when all is well, 1 when something must be put right.

    \b
    Examples:
      plumbline doctor
      plumbline doctor --json
    """
    findings = examine(load_settings())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.state:8} {finding.check:9} {finding.what}")
    return 1 if any(finding.state == "problem" for finding in findings) else 0


def examine(settings: Settings) -> list[Finding]:
    """Run all checks; none of them raises."""
    checks: list[tuple[str, Callable[[Settings], Finding]]] = [
        ("python", _python),
        ("home", _home),
        ("disk", _disk),
        ("key", _key),
        ("database", _database),
        ("broker", _broker),
        ("port", _port),
        ("targets", _targets),
    ]
    return [_guarded(name, check, settings) for name, check in checks]


def _guarded(name: str, check: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return check(settings)
    except UserError as error:
        return Finding(name, "problem", str(error))
    except Exception as error:  # noqa: BLE001 (a doctor reports, whatever it meets)
        first = str(getattr(error, "orig", None) or error).strip().splitlines()
        return Finding(name, "problem", first[0] if first else type(error).__name__)


def _python(_settings: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036 (a checkout may be run with anything)
        return Finding("python", "problem", f"Python {version}; 3.11 or later is needed")
    return Finding("python", "ok", f"Python {version}")


def _home(settings: Settings) -> Finding:
    home = settings.home
    if not home.exists():
        return Finding("home", "note", f"{home} does not exist yet; `plumbline up` makes it")
    try:
        scratch = home / ".doctor"
        scratch.write_bytes(b"")
        scratch.unlink()
    except OSError as error:
        return Finding("home", "problem", f"{home}: {error.strerror}; choose another with PLUMBLINE_HOME")
    if home.stat().st_mode & 0o007:
        return Finding("home", "note", f"{home} is open to all users of this machine: chmod o-rwx {home}")
    return Finding("home", "ok", str(home))


def _disk(settings: Settings) -> Finding:
    place = next(folder for folder in [settings.home, *settings.home.parents] if folder.exists())
    free = shutil.disk_usage(place).free
    words = f"{free / 1024**3:.1f} GiB free at {place}"
    return Finding("disk", "ok" if free >= _LEAST_FREE else "problem", words)


def _key(settings: Settings) -> Finding:
    if settings.secret_key:
        keys = load_keys(secret_key=settings.secret_key.get_secret_value(), key_file=settings.key_file)
        return Finding("key", "ok", f"{len(keys)} from PLUMBLINE_SECRET_KEY")
    if not settings.key_file.exists():
        return Finding("key", "note", f"{settings.key_file} does not exist yet; it is made on first use")
    load_keys(secret_key=None, key_file=settings.key_file)
    return Finding("key", "ok", f"{settings.key_file}, readable by its owner only; keep a copy apart from backups")


def _database(settings: Settings) -> Finding:
    if settings.is_sqlite and not Path(settings.database_url.removeprefix("sqlite:///")).exists():
        return Finding("database", "note", "no SQLite file yet; `plumbline up` or `plumbline migrate` makes it")
    from app.bootstrap import schema_revisions

    present, wanted = schema_revisions(settings.database_url)
    kind = "SQLite" if settings.is_sqlite else "PostgreSQL"
    if present != wanted:
        seen = present or "nothing"
        return Finding("database", "problem", f"{kind} holds schema {seen}, {wanted} is needed: plumbline migrate")
    return Finding("database", "ok", f"{kind}, schema {present}")


def _broker(settings: Settings) -> Finding:
    if answers(settings.redis_url):
        return Finding("broker", "ok", "embedded, running" if settings.embedded_broker else "answers")
    if settings.embedded_broker:
        check_broker(settings.broker_dir)
        return Finding("broker", "note", "embedded, not running; `plumbline up` starts it")
    return Finding("broker", "problem", "nothing answers at PLUMBLINE_REDIS_URL")


def _port(settings: Settings) -> Finding:
    if is_ready(ready_address(settings)):
        return Finding("port", "ok", f"{settings.port}: Plumbline is running and ready")
    check_port(settings.host, settings.port)
    return Finding("port", "ok", f"{settings.port} is free")


def _targets(settings: Settings) -> Finding:
    if _database(settings).state != "ok":
        return Finding("targets", "note", "not looked at: the database comes first")
    from app.bootstrap import look_at_targets

    found = look_at_targets(settings)
    if found.problems:
        return Finding("targets", "problem", "; ".join(found.problems))
    if found.notes:
        return Finding("targets", "note", "; ".join(found.notes))
    return Finding("targets", "ok", f"{found.count}, each with an address" if found.count else "none")
