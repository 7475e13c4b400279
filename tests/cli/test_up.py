"""`plumbline up` before it starts anything: it refuses with a sentence, never with a trace."""

from __future__ import annotations

import http.server
import socket
import threading
from typing import ClassVar

import pytest

from app.cli.main import run
from app.cli.up import announce_when_ready, check_port, is_ready, parts_of, prepare
from app.errors import UnavailableError, UserError
from app.settings import load_settings
from tests.support import eventually, free_port


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_named_with_a_way_out(taken, short_dir, capsys):
    assert run(["up", "--port", str(taken), "--home", str(short_dir / "home")]) == 2
    said = capsys.readouterr().err
    assert f"Cannot listen on 127.0.0.1 port {taken}: another program listens there." in said
    assert "make run PORT=9000" in said


def test_web_alone_says_the_same(taken, capsys):
    assert run(["web", "--port", str(taken)]) == 2
    assert "another program listens there" in capsys.readouterr().err


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(UserError, match="this machine has no such address"):
        check_port("192.0.2.1", free_port())


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="PLUMBLINE_HOME or --home"):
        prepare(load_settings(home=tmp_path / "file" / "home"))


def test_a_home_too_deep_for_the_broker_is_refused_before_anything_starts(tmp_path, capsys):
    assert run(["up", "--port", str(free_port()), "--home", str(tmp_path / ("d" * 100))]) == 2
    assert "too long for a unix socket" in capsys.readouterr().err


def test_a_configured_broker_that_does_not_answer_is_unavailable(short_dir, monkeypatch):
    monkeypatch.setenv("PLUMBLINE_REDIS_URL", f"unix://{short_dir}/nobody.sock")
    monkeypatch.setattr("app.cli.up._BROKER_WITHIN", 0.1)
    with pytest.raises(UnavailableError, match=r"nobody\.sock"):
        prepare(load_settings(home=short_dir, port=free_port()))


def test_home_is_for_its_owner_only(short_dir):
    settings = load_settings(home=short_dir / "home", port=free_port())
    prepare(settings)
    assert settings.home.stat().st_mode & 0o077 == 0


def test_the_broker_is_a_part_only_when_none_is_configured(short_dir, monkeypatch):
    names = [part.name for part in parts_of(load_settings(home=short_dir))]
    assert names == ["broker", "worker-1", "worker-2", "previews", "clock", "web"]
    monkeypatch.setenv("PLUMBLINE_REDIS_URL", "redis://elsewhere/0")
    monkeypatch.setenv("PLUMBLINE_WORKERS", "1")
    assert [part.name for part in parts_of(load_settings(home=short_dir))] == ["worker-1", "previews", "clock", "web"]


class Handler(http.server.BaseHTTPRequestHandler):
    answers: ClassVar = [503, 200]

    def do_GET(self):
        self.send_response(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_address_is_printed_once_it_is_ready(short_dir, capsys):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings = load_settings(home=short_dir, port=server.server_port)
        assert not is_ready(f"http://127.0.0.1:{free_port()}/readyz")
        announce_when_ready(settings, welcome=lambda: f"Open {settings.base_url}")
        said = []
        eventually(
            lambda: said.append(capsys.readouterr().out) or any("Open http://127.0.0.1" in text for text in said)
        )
        server.shutdown()
        thread.join()
