from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from app.log import HIDDEN, bound, configure_logging, redact


@pytest.fixture
def lines():
    stream = io.StringIO()
    configure_logging(level="info", style="json", stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_lines_and_libraries_lines_carry_what_is_bound(lines):
    with bound(delivery="d-1"):
        structlog.get_logger("ours").info("decoded", items=3)
        logging.getLogger("theirs").warning("slow %s", "answer")
    structlog.get_logger("ours").info("after")
    ours, theirs, after = lines()
    assert (ours["event"], ours["items"], ours["delivery"], ours["level"]) == ("decoded", 3, "d-1", "info")
    assert (theirs["event"], theirs["delivery"], theirs["logger"]) == ("slow answer", "d-1", "theirs")
    assert "delivery" not in after
    assert ours["timestamp"].endswith("Z")


def test_below_the_level_nothing_is_said(lines):
    structlog.get_logger("ours").debug("whisper")
    assert lines() == []


def test_a_trace_is_one_line_and_blanked_too(lines):
    try:
        raise RuntimeError("no way in with Bearer hunter2")
    except RuntimeError:
        structlog.get_logger("ours").exception("failed")
    (line,) = lines()
    assert "RuntimeError" in line["exception"]
    assert "hunter2" not in json.dumps(line)


@pytest.mark.parametrize(
    "event",
    [
        {"token": "hunter2"},
        {"webhook_secret": "hunter2"},
        {"headers": {"Authorization": "Basic hunter2", "X-Hub-Signature": "hunter2"}},
        {"event": "GET with token ghp_hunter2hunter2hunter2"},
        {"event": "github_pat_hunter2hunter2hunter2_x"},
        {"url": "postgresql://plumbline:hunter2@db/plumbline"},
        {"nested": [{"private-key": "hunter2"}]},
        {"event": "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----"},
    ],
)
def test_secrets_are_blanked_by_name_and_by_look(event):
    clean = str(redact(None, "info", event))
    assert "hunter2" not in clean
    assert HIDDEN in clean


def test_what_only_sounds_secret_is_kept():
    event = {"event": "2 keys rotated", "tokens_left": 0, "item": "acme/shop#7", "key": "PROJ-12"}
    assert redact(None, "info", event) == event


def test_people_get_plain_lines_whose_traces_show_no_variables(capsys):
    configure_logging(style="console")
    password = "hunter2"
    try:
        raise RuntimeError("no way in with Bearer hunter3")
    except RuntimeError:
        structlog.get_logger("ours").exception("hello", token=password)
    said = capsys.readouterr().err
    assert "hello" in said
    assert "RuntimeError" in said
    assert "hunter" not in said
