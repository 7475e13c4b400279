"""The embedded broker: adopt a live one, take over from a dead one, never two in one directory."""

from __future__ import annotations

import os
import signal

import pytest
import redis

from app.cli import broker
from app.errors import UnavailableError, UserError
from app.settings import load_settings
from tests.support import alive, eventually, python

pytestmark = pytest.mark.process


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True)


def server_pid(url: str) -> int:
    with client(url) as connection:
        return int(connection.info("server")["process_id"])


def test_it_starts_answers_and_keeps_what_it_was_told_across_a_kill(short_dir):
    files = broker.BrokerFiles(short_dir)
    first = broker.start_broker(short_dir)
    with client(files.url) as connection:
        connection.set("bell", "rung")
        connection.execute_command("WAITAOF", 1, 0, 2000)
    first.kill()
    first.wait()
    second = broker.start_broker(short_dir)
    with client(files.url) as connection:
        assert connection.get("bell") == "rung"
    assert files.socket.stat().st_mode & 0o077 == 0
    second.terminate()
    assert second.wait(10) == 0


def test_a_second_one_adopts_the_first_and_takes_over_when_it_is_gone(short_dir):
    files = broker.BrokerFiles(short_dir)
    first = broker.start_broker(short_dir)
    second = broker.start_broker(short_dir)
    try:
        assert server_pid(files.url) == first.pid
        assert second.poll() is None
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        eventually(lambda: broker.answers(files.url) and server_pid(files.url) == second.pid, what="the take-over")
    finally:
        second.terminate()
        second.wait(10)


def test_ending_the_one_that_waits_leaves_the_server_alone(short_dir):
    files = broker.BrokerFiles(short_dir)
    first = broker.start_broker(short_dir)
    second = broker.start_broker(short_dir)
    second.terminate()
    second.wait(10)
    assert server_pid(files.url) == first.pid
    first.terminate()
    first.wait(10)


def test_it_dies_with_a_parent_that_is_killed(short_dir):
    code = f"import time; from pathlib import Path; from app.cli.broker import start_broker; \
start_broker(Path({str(short_dir)!r})); print('up', flush=True); time.sleep(60)"
    log = short_dir / "log"
    with python("-c", code, out=log) as parent:
        eventually(lambda: "up" in log.read_text())
        server = server_pid(broker.BrokerFiles(short_dir).url)
        parent.kill()
        parent.wait()
        eventually(lambda: not alive(server), what="the server's end")
    again = broker.start_broker(short_dir)
    again.terminate()
    again.wait(10)


def test_a_directory_with_a_space_and_a_percent_sign_will_do(short_dir):
    home = short_dir / "my 50% home"
    process = broker.start_broker(load_settings(home=home).broker_dir)
    assert load_settings(home=home).redis_url == broker.BrokerFiles(home / "broker").url
    process.terminate()
    process.wait(10)


def test_a_path_too_long_for_a_socket_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match=r"too long.*\n.*shorter home directory.*PLUMBLINE_REDIS_URL"):
        broker.check_broker(tmp_path / ("x" * 100))


def test_no_server_program_says_what_to_do(monkeypatch, short_dir):
    monkeypatch.setattr(broker, "server_binary", lambda: None)
    with pytest.raises(UserError, match=r"Install one .* or set PLUMBLINE_REDIS_URL"):
        broker.check_broker(short_dir)


def test_waiting_for_nobody_ends_with_the_address(short_dir):
    url = broker.BrokerFiles(short_dir).url
    assert not broker.answers(url)
    with pytest.raises(UnavailableError, match=url):
        broker.wait_for_broker(url, timeout=0.05)
