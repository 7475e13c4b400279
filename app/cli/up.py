"""`plumbline up`: the whole of Plumbline in one command, as one tree of processes.

Order of starting: broker (unless one is configured), workers, clock, web. Order of stopping: the reverse.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import click

from app.cli.broker import check_broker, wait_for_broker
from app.cli.supervisor import Part, Supervisor
from app.errors import UserError
from app.log import configure_logging
from app.settings import PREVIEW_QUEUE, Settings, load_settings, to_env

_READY_WITHIN = 90.0
_BROKER_WITHIN = 5.0


@click.command("up")
@click.option("--demo", is_flag=True, help="Replay a real project's recorded history; writes to no tracker.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (default 8080).")
@click.option("--home", type=click.Path(path_type=Path), help="Directory for all data (default ./var).")
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
def command(demo: bool, port: int | None, home: Path | None, host: str | None) -> None:  # noqa: FBT001 (click's)
    """Run everything: web, worker, clock and, unless PLUMBLINE_REDIS_URL is set, an embedded broker.

    Stops cleanly on Ctrl-C or SIGTERM. Data stays under --home; the next start goes on from there.

    \b
    Examples:
      plumbline up                          data in ./var, http://127.0.0.1:8080
      plumbline up --demo --port 9000
      PLUMBLINE_DATABASE_URL=postgresql://plumbline@db/plumbline plumbline up
    """
    settings = load_settings(port=port, home=home, host=host, demo=demo or None)
    configure_logging(level=settings.log_level, style=settings.log_format)
    prepare(settings)

    from app.bootstrap import migrate, welcome
    from app.cli import demo_setup

    click.echo(f"Plumbline keeps its data in {settings.home}")
    migrate(settings)
    if settings.demo:
        demo_setup.prepare(settings)
    announce_when_ready(settings, welcome=lambda: welcome(settings))
    Supervisor(parts_of(settings)).run()
    click.echo("Plumbline has stopped.")


def prepare(settings: Settings) -> None:
    """Make the home directory and see that all parts can start. Raises UserError saying what to change."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(settings.home, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "not writable")
    except OSError as error:
        raise UserError(
            f"Cannot write to {settings.home} ({error.strerror}).\nChoose another directory: PLUMBLINE_HOME or --home."
        ) from None
    check_port(settings.host, settings.port)
    if settings.embedded_broker:
        check_broker(settings.broker_dir)
    else:
        wait_for_broker(settings.redis_url, timeout=_BROKER_WITHIN)


def check_port(host: str, port: int) -> None:
    """Raise UserError, naming a way out, unless this process may listen on `host`:`port`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        why = {
            errno.EADDRINUSE: "another program listens there",
            errno.EACCES: "ports below 1024 need more rights",
            errno.EADDRNOTAVAIL: "this machine has no such address",
        }.get(error.errno or 0, error.strerror or str(error))
        raise UserError(
            f"Cannot listen on {host} port {port}: {why}.\n"
            "Choose another port: PLUMBLINE_PORT, --port, or `make run PORT=9000`."
        ) from None


def parts_of(settings: Settings) -> list[Part]:
    """Return the parts of one installation in the order in which they start."""
    env = to_env(settings)
    python = sys.executable
    parts = []
    if settings.embedded_broker:
        parts.append(Part("broker", (python, "-m", "app.cli.broker", str(settings.broker_dir)), env))
    # A job is bounded work (a batch); 20 s let it end by itself.
    parts += [
        Part(f"worker-{number}", (python, "-m", "app.worker"), env, stop_after=20.0)
        for number in range(1, settings.workers + 1)
    ]
    # A preview takes minutes and may be lost: it is asked for again, or taken up by the next start.
    previews = (python, "-m", "app.worker", "--queue", PREVIEW_QUEUE)
    parts.append(Part("previews", previews, env, stop_after=2.0))
    parts.append(Part("clock", (python, "-m", "app.clock"), env))
    parts.append(Part("web", (python, "-m", "app.web"), env, stop_after=15.0))
    if settings.demo:
        parts.append(Part("demo", (python, "-m", "app.cli.demo"), env))
    return parts


def announce_when_ready(settings: Settings, *, welcome: Callable[[], str]) -> None:
    """Print `welcome()` once the web part says it is ready, without keeping anybody waiting."""
    address = ready_address(settings)

    def wait() -> None:
        end = time.monotonic() + _READY_WITHIN
        while time.monotonic() < end:
            if is_ready(address):
                click.echo(welcome())
                return
            time.sleep(0.2)
        click.echo(f"Not ready after {_READY_WITHIN:.0f} s: see the log above, or ask `plumbline doctor`.", err=True)

    threading.Thread(target=wait, name="announce", daemon=True).start()


def is_ready(address: str) -> bool:
    """Return whether `address` (…/readyz) answers 200 within a second."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=1.0) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def ready_address(settings: Settings) -> str:
    """Return where to ask, from this machine, whether the web part is ready."""
    plain = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 (not bound here)
    return f"http://[{plain}]:{settings.port}/readyz" if ":" in plain else f"http://{plain}:{settings.port}/readyz"
