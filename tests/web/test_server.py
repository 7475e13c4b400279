"""Granian as it is launched: comes back after a kill, finishes what it has begun."""

from __future__ import annotations

import os
import signal
import threading
import urllib.request

import pytest

from tests.support import alive, eventually, family, free_port, python

pytestmark = pytest.mark.process

CODE = "from app.settings import load_settings; from app.log import configure_logging; configure_logging(); \
from app.web.server import serve; serve(load_settings(), target='tests.support_wsgi:application')"


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def answers(url: str) -> bool:
    try:
        return bool(get(url))
    except OSError:
        return False


@pytest.fixture
def server():
    port = free_port()
    with python("-c", CODE, env={"PLUMBLINE_PORT": str(port)}) as process:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/"), within=20)
        yield process, f"http://127.0.0.1:{port}"


def test_sigterm_finishes_the_request_in_flight(server):
    process, url = server
    said = []
    thread = threading.Thread(target=lambda: said.append(get(f"{url}/slow")))
    thread.start()
    eventually(thread.is_alive)
    threading.Event().wait(0.3)
    process.send_signal(signal.SIGTERM)
    thread.join(10)
    assert said == ["ready"]
    assert process.wait(10) == 0


def test_a_killed_serving_process_is_replaced(server):
    process, url = server
    first = int(get(f"{url}/pid"))
    assert first != process.pid
    os.kill(first, signal.SIGKILL)
    eventually(lambda: answers(f"{url}/pid") and int(get(f"{url}/pid")) != first, within=20)
    assert process.poll() is None


def test_the_serving_process_goes_when_its_starter_is_killed(server):
    process, url = server
    children = family(process.pid)
    assert int(get(f"{url}/pid")) in children
    process.kill()
    process.wait()
    eventually(lambda: not [pid for pid in children if alive(pid)], what="the end of the serving process")
