"""Targets on the command line: their addresses go in and never come out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sqlalchemy as sa

from app.cli.doctor import examine
from app.settings import load_settings
from app.store import models, trackers
from app.time import real_now
from tests.support import free_port

SECRET = "hush-4711"


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a service on this machine, and what it was sent."""
    told: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"json://user:{SECRET}@127.0.0.1:{server.server_port}/hook", told
    server.shutdown()
    server.server_close()


def test_a_target_is_added_tried_out_listed_and_forgotten(home, plumbline, stored, inbox, db):
    address, told = inbox
    said = plumbline("target", "add", "room", "--per-day", "5", stdin=f"{address}\n")
    assert (said.code, said.out) == (0, "room (json) is stored. Try it: plumbline target test room\n")
    assert SECRET.encode() not in stored()
    assert plumbline("target", "test", "room").code == 0
    assert [one["title"] for one in told] == ["A message to try it out"]
    (listed,) = plumbline("target", "list", "--json").data
    assert (listed["name"], listed["kind"], listed["per_day"]) == ("room", "json", 5)
    again = plumbline("target", "add", "room", stdin=f"{address}2\n")
    assert "has a new address" in again.out
    shown = plumbline("target", "list")
    assert "room" in shown.out and SECRET not in shown.out + again.out + again.err
    assert plumbline("target", "remove", "room").code == 2
    assert plumbline("target", "remove", "room", "--yes").out == "room is forgotten.\n"
    assert "There is no target yet" in plumbline("target", "list").out
    with db.read() as tx:
        audit = [row.what for row in tx.execute(sa.select(models.audit).order_by(models.audit.c.id))]
    assert audit == ["target added", "target changed", "target removed"]


def test_what_is_wrong_is_said_without_the_address(home, plumbline):
    for name, address, why in (
        ("room", f"nothing://{SECRET}", "no address of a service"),
        ("a room", f"json://{SECRET}", "letters, digits"),
        ("person:", f"json://{SECRET}", "letters, digits"),
        ("room", "", "it is empty"),
    ):
        said = plumbline("target", "add", name, stdin=f"{address}\n")
        assert said.code == 2 and why in said.err and SECRET not in said.err
    for command in (("test", "room"), ("remove", "room", "--yes")):
        assert "There is no target 'room'" in plumbline("target", *command).err
    plumbline("target", "add", "person:ada lovelace", stdin=f"json://user:{SECRET}@127.0.0.1:{free_port()}/\n")
    said = plumbline("target", "test", "person:ada lovelace")
    assert (said.code, SECRET in said.err) == (3, False)


def test_doctor_names_what_keeps_targets_from_working(home, plumbline, db):
    def looked() -> tuple[str, str]:
        found = next(one for one in examine(load_settings(port=free_port())) if one.check == "targets")
        return found.state, found.what

    assert looked() == ("ok", "none")
    plumbline("target", "add", "room", stdin="json://127.0.0.1/\n")
    assert looked() == ("ok", "1, each with an address")
    with db.write() as tx:
        tx.execute(sa.update(models.target).values(detail="the service answered with status 503"))
    assert looked() == ("note", "room: the service answered with status 503")
    with db.write() as tx:
        tracker = trackers.add_tracker(
            tx, name="w", kind="sandbox", base_url="http://s", webhook_secret="", now=real_now()
        )
        trackers.add_project(
            tx, tracker_id=tracker.id, connection_id=None, native_id="1", key="acme/shop", url="", public=True,
            now=real_now(), settings={"lead": "boss", "channel": "room"}, calendar={}, author="test",
        )  # fmt: skip
    assert looked() == ("problem", "acme/shop names boss as its lead, and there is no such target")
    with db.write() as tx:
        tx.execute(sa.update(models.target).values(address="not sealed"))
    state, what = looked()
    assert state == "problem" and "does not open with the present key" in what
