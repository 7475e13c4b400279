"""The command line as a whole: help without loading, problems in one line, exit codes as documented."""

from __future__ import annotations

import subprocess
import sys
import types

import click
import pytest

from app.cli import main
from app.errors import UnavailableError, UserError
from tests.support import ROOT


@pytest.fixture
def failing(monkeypatch):
    """A command `boom` that raises what it is told to."""

    def install(error: BaseException | None, result: int | None = None) -> None:
        @click.command("boom")
        def command() -> int | None:
            if error:
                raise error
            return result

        module = types.ModuleType("app.cli.boom")
        module.command = command
        monkeypatch.setitem(sys.modules, "app.cli.boom", module)
        monkeypatch.setitem(main.COMMANDS, "boom", ("app.cli.boom", "Fails."))

    return install


def test_help_names_every_command_and_loads_none():
    code = "import sys; from app.cli.main import run; run(['--help']); \
print([m for m in sys.modules if m.startswith('app.cli.') and m != 'app.cli.main' or m in ('sqlalchemy', 'redis', 'flask')])"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.endswith("[]\n")
    for name in main.COMMANDS:
        assert f"  {name} " in said


@pytest.mark.parametrize("name", ["up", "web", "worker", "clock", "migrate", "doctor"])
def test_every_command_has_help_with_an_example(name, capsys):
    assert main.run([name, "--help"]) == 0
    assert "Example" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("Do it thus."), 2),
        (UnavailableError("Do it thus."), 3),
        (click.UsageError("Do it thus."), 2),
    ],
)
def test_problems_are_said_in_a_line_without_a_trace(failing, capsys, error, code):
    failing(error)
    assert main.run(["boom"]) == code
    said = capsys.readouterr()
    assert "Do it thus." in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_what_does_not_answer_is_exit_3(failing, capsys):
    import redis
    import sqlalchemy.exc

    failing(redis.ConnectionError("nobody there"))
    assert main.run(["boom"]) == 3
    failing(sqlalchemy.exc.OperationalError("select 1", {}, Exception("no such host\nmore")))
    assert main.run(["boom"]) == 3
    said = capsys.readouterr().err
    assert "nobody there" in said
    assert "no such host" in said
    assert "more\n" not in said
    assert "select 1" not in said


def test_a_bug_keeps_its_trace(failing):
    failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main.run(["boom"])


def test_interrupting_is_130(failing, capsys):
    failing(KeyboardInterrupt())
    assert main.run(["boom"]) == 130
    assert "Interrupted" in capsys.readouterr().err


def test_a_number_returned_is_the_exit_code(failing):
    failing(None, result=1)
    assert main.run(["boom"]) == 1
    failing(None, result=None)
    assert main.run(["boom"]) == 0


def test_an_unknown_command_is_used_wrongly(capsys):
    assert main.run(["frobnicate"]) == 2
    assert "frobnicate" in capsys.readouterr().err


def test_a_command_that_is_not_there_says_so(monkeypatch, capsys):
    monkeypatch.setitem(main.COMMANDS, "later", ("app.cli.later", "Comes later."))
    assert main.run(["later"]) == 2
    assert "`plumbline later` is not part of this version." in capsys.readouterr().err


def test_wrong_settings_are_named_by_their_variable(monkeypatch, capsys):
    monkeypatch.setenv("PLUMBLINE_PORT", "http")
    assert main.run(["doctor"]) == 2
    assert "PLUMBLINE_PORT: " in capsys.readouterr().err
