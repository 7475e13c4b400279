"""The supervisor, with real processes: nothing it started may outlive it, and nothing may stay down."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.support import alive, eventually, family, free_port, python

pytestmark = pytest.mark.process

SLEEPER = (
    "import pathlib, os, sys, time; from app.process import die_with_parent; die_with_parent(grace=0.5); {first}; \
pathlib.Path({file!r}).open('a').write(str(os.getpid()) + '\\n'); time.sleep(60)"
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
#: A child of the part that knows nothing of supervisors and ignores SIGTERM.
WITH_CHILD = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import signal, time; \
signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)'])"


def part(name: str, folder: Path, *, first: str = "pass", stop_after: float = 5.0) -> dict[str, object]:
    return {"name": name, "code": SLEEPER.format(first=first, file=str(folder / name)), "stop_after": stop_after}


def pids(folder: Path, name: str) -> list[int]:
    file = folder / name
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


def tree(*parts: dict[str, object], out: Path | None = None):
    return python("-m", "tests.support_tree", json.dumps(parts), out=out)


def test_sigterm_stops_parts_in_reverse_order_and_leaves_none(tmp_path):
    log = tmp_path / "log"
    with tree(*(part(name, tmp_path) for name in ("broker", "worker", "clock", "web")), out=log) as supervisor:
        eventually(lambda: all(pids(tmp_path, name) for name in ("broker", "worker", "clock", "web")))
        children = family(supervisor.pid)
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(10) == 0
        assert not [pid for pid in children if alive(pid)]
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert [line["part"] for line in lines if line["event"] == "part stopped"] == ["web", "clock", "worker", "broker"]


def test_sigint_stops_it_too(tmp_path):
    with tree(part("a", tmp_path)) as supervisor:
        eventually(lambda: pids(tmp_path, "a"))
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(10) == 0


def test_sigkill_of_the_supervisor_leaves_no_orphan_even_a_stubborn_one(tmp_path):
    with tree(part("easy", tmp_path), part("stubborn", tmp_path, first=STUBBORN)) as supervisor:
        eventually(lambda: pids(tmp_path, "easy") and pids(tmp_path, "stubborn"))
        children = family(supervisor.pid)
        assert len(children) == 2
        supervisor.kill()
        supervisor.wait(10)
        eventually(lambda: not [pid for pid in children if alive(pid)], what="the end of all parts")


def test_a_dead_part_is_started_again_and_the_rest_of_its_group_is_gone(tmp_path):
    with tree(part("a", tmp_path, first=WITH_CHILD), part("b", tmp_path)) as supervisor:
        eventually(lambda: pids(tmp_path, "a") and pids(tmp_path, "b"))
        first = pids(tmp_path, "a")[0]
        leftovers = family(first)
        assert len(leftovers) == 1
        os.kill(first, signal.SIGKILL)
        eventually(lambda: len(pids(tmp_path, "a")) == 2)
        assert not alive(leftovers[0])
        assert len(pids(tmp_path, "b")) == 1
        assert supervisor.poll() is None


def test_a_part_that_dies_at_once_is_tried_with_growing_pauses(tmp_path):
    log = tmp_path / "log"
    with tree({"name": "a", "code": "raise SystemExit(7)"}, out=log) as supervisor:
        eventually(lambda: log.read_text().count("part died") >= 4)
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(10) == 0
    deaths = [json.loads(line) for line in log.read_text().splitlines() if "part died" in line]
    assert [death["pause"] for death in deaths[:4]] == [0.05, 0.1, 0.2, 0.2]
    assert deaths[0]["exit"] == "code 7"


def test_a_part_that_ignores_sigterm_is_killed_after_its_time_with_its_children(tmp_path):
    with tree(part("a", tmp_path, first=f"{STUBBORN}; {WITH_CHILD}", stop_after=0.3)) as supervisor:
        eventually(lambda: pids(tmp_path, "a"))
        children = family(supervisor.pid)
        assert len(children) == 2
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(5) == 0
        assert not [pid for pid in children if alive(pid)]


def test_a_second_signal_does_not_wait(tmp_path):
    with tree(part("a", tmp_path, first=STUBBORN, stop_after=60.0)) as supervisor:
        eventually(lambda: pids(tmp_path, "a"))
        supervisor.send_signal(signal.SIGINT)
        with pytest.raises(Exception, match="timed out"):
            supervisor.wait(0.3)
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(5) == 0


def test_the_real_tree_of_broker_worker_and_web_dies_with_its_supervisor(short_dir):
    """Granian's serving process is a grandchild, Valkey no Python at all: both must go when the supervisor is shot."""
    port = free_port()
    env = {"PLUMBLINE_HOME": str(short_dir), "PLUMBLINE_PORT": str(port)}
    web = "from app.process import *; from app.settings import *; from app.web.server import serve; die_with_parent(); \
serve(load_settings(), target='tests.support_wsgi:application')"
    parts = [
        {"name": "broker", "argv": ["-m", "app.cli.broker", str(short_dir / "broker")]},
        {"name": "worker", "argv": ["-m", "app.worker"]},
        {"name": "web", "code": web},
    ]
    from app.cli.up import is_ready

    log = short_dir / "log"
    with python("-m", "tests.support_tree", json.dumps(parts), env=env, out=log) as supervisor:
        eventually(lambda: is_ready(f"http://127.0.0.1:{port}/readyz"), within=20, what="the web part's start")
        children = family(supervisor.pid)
        assert len(children) >= 4
        supervisor.kill()
        supervisor.wait(10)
        eventually(lambda: not [pid for pid in children if alive(pid)], within=12, what="the end of all processes")
    # Nothing is broken for the next start: the port and the broker's directory are free again.
    with python("-m", "tests.support_tree", json.dumps(parts), env=env, out=log) as supervisor:
        eventually(lambda: is_ready(f"http://127.0.0.1:{port}/readyz"), within=20, what="the second start")
        children = family(supervisor.pid)
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(20) == 0
        assert not [pid for pid in children if alive(pid)]
