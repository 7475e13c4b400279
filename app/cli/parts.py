"""`plumbline web | worker | clock`: the parts of `plumbline up`, run apart on several machines or in containers.

The command becomes the part (exec), so a signal reaches it directly and no process stands between it and its init.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from app.cli.up import check_port
from app.settings import EVERY_QUEUE, load_settings, to_env


@click.command("web")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (default 8080).")
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
def web(port: int | None, host: str | None) -> None:
    """Serve webhooks, pages and the API. Stops on SIGTERM, after the requests in flight.

    \b
    Example:
      PLUMBLINE_REDIS_URL=redis://broker/0 plumbline web --host 0.0.0.0
    """
    settings = load_settings(port=port, host=host)
    check_port(settings.host, settings.port)
    _become("app.web", to_env(settings))


@click.command("worker")
@click.option("--queue", type=click.Choice(EVERY_QUEUE), help="Take only jobs of this queue.")
def worker(queue: str | None) -> None:
    """Run one worker: judges what is due and writes to trackers. Run more of them for more hands.

    Previews of rules take minutes, so they wait for a worker that does nothing else: run one with --queue previews.
    Stops on SIGTERM, after the job in hand.

    \b
    Examples:
      PLUMBLINE_REDIS_URL=redis://broker/0 plumbline worker
      PLUMBLINE_REDIS_URL=redis://broker/0 plumbline worker --queue previews
    """
    _become("app.worker", to_env(load_settings()), *(("--queue", queue) if queue else ()))


@click.command("clock")
def clock() -> None:
    """Run the clock: rings once a second for whatever is due. Two clocks are harmless.

    \b
    Example:
      PLUMBLINE_REDIS_URL=redis://broker/0 plumbline clock
    """
    _become("app.clock", to_env(load_settings()))


def _become(module: str, env: dict[str, str], *arguments: str) -> NoReturn:
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", module, *arguments], env)  # noqa: S606 (no shell is the point)
