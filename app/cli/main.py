"""The command line. Commands are loaded when they are called, so that `plumbline --help` answers at once.

Exit codes: 0 done; 1 it ran and found problems; 2 used wrongly, or something you can put right; 3 something Plumbline
needs (database, broker, tracker) does not answer; 130 interrupted.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from app.errors import UserError

#: name → (module that holds a click object named `command`, or module:name; what it does). The order is the help's.
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("app.cli.up", "Run everything: web, worker, clock and, if need be, a broker."),
    "web": ("app.cli.parts:web", "Run the web part alone."),
    "worker": ("app.cli.parts:worker", "Run one worker alone."),
    "clock": ("app.cli.parts:clock", "Run the clock alone."),
    "migrate": ("app.cli.migrate", "Bring the database to this version's schema."),
    "tracker": ("app.cli.tracker", "Connect, check, list and remove trackers."),
    "project": ("app.cli.project", "Add, list and remove watched projects."),
    "programme": ("app.cli.programme", "Group projects, and make milestones of several trackers one release."),
    "history": ("app.cli.history", "Write the history of projects to a file, and take one in."),
    "target": ("app.cli.target", "Say where messages go that rules' ladders ask for."),
    "rules": ("app.cli.rules", "Apply, export and check rule files."),
    "backtest": ("app.cli.backtest", "Play the past and say what rules would have flagged."),
    "pause": ("app.cli.pause:pause", "Stop writing to trackers at once; judging goes on."),
    "resume": ("app.cli.pause:resume", "Write again what is still wanted."),
    "retract": ("app.cli.retract", "Take our labels and comments back."),
    "deliveries": ("app.cli.deliveries", "List and replay received webhooks."),
    "user": ("app.cli.user", "Add people, say what they may and see, shut them out."),
    "token": ("app.cli.token", "Create, list and revoke tokens for the API."),
    "link": ("app.cli.link", "Print a new one-time link that signs in."),
    "doctor": ("app.cli.doctor", "Check this installation and say what to put right."),
}

EXIT_FOUND = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3
EXIT_INTERRUPTED = 130

#: Failures of what Plumbline stands on, by module and class, so that naming them imports nothing.
_UNAVAILABLE = {
    ("sqlalchemy.exc", "OperationalError"),
    ("redis.exceptions", "ConnectionError"),
    ("redis.exceptions", "TimeoutError"),
    ("requests.exceptions", "ConnectionError"),
    ("integrations.errors", "TransientError"),
}

_EPILOG = """\b
Exit codes:
  0  done
  1  it ran and found problems
  2  used wrongly, or something you can put right
  3  something needed (database, broker, tracker) does not answer

\b
Examples:
  plumbline up --demo
  plumbline rules check rules.yaml
  plumbline doctor --json

Settings come from the environment (PLUMBLINE_HOME, PLUMBLINE_DATABASE_URL, …): docs/operations.md.
"""


class LazyGroup(click.Group):
    """A click group whose commands are modules, imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        try:
            loaded = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise UserError(f"`plumbline {cmd_name}` is not part of this version.") from None
        command: click.Command = getattr(loaded, attribute or "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List all commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in COMMANDS.items()])


@click.group(cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plumbline", prog_name="plumbline")
def cli() -> None:
    """Plumbline watches GitHub and Jira and says, in the tracker, where work has left its plan."""


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; problems are said in one line, on standard error."""
    try:
        result: Any = cli.main(args=None if argv is None else list(argv), prog_name="plumbline", standalone_mode=False)
    except UserError as error:
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return EXIT_INTERRUPTED
    except Exception as error:
        if not _is_unavailable(error):
            raise
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()
        click.echo(f"Error: not available: {reason[0] if reason else type(error).__name__}", err=True)
        click.echo("`plumbline doctor` says what does not answer.", err=True)
        return EXIT_UNAVAILABLE
    return result if isinstance(result, int) else 0


def main() -> None:
    """Entry point of the `plumbline` script."""
    sys.exit(run())


def _is_unavailable(error: BaseException) -> bool:
    return any((kind.__module__, kind.__name__) in _UNAVAILABLE for kind in type(error).__mro__)


if __name__ == "__main__":
    main()
