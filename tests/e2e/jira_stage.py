"""A site of the fake Jira and an installation beside it, with one time for both; commands are given as people give them.

`Stage` is all in one process: webhooks go through the web application, `work` does what workers and clock would do
until nothing is left, and nothing sleeps. `Processes` is the same over real processes, which do so by themselves.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from app import bootstrap
from app.cli.main import run
from app.services import access, publish, rulebook, syncing
from app.services.drain import Drain, drain
from app.store import instance, trackers
from app.time import WorldClock, real_now
from app.web.app import create_app
from integrations.jira.adapter import JiraAdapter
from integrations.jira.verify import signature
from integrations.ports import Pace
from rules.rulefile import parse
from tests.contract.fake_jira import FakeJira
from tests.contract.fake_jira_world import Issue, Json
from tests.support_up import Installation

SECRET = "between Jira and us"
PAST = datetime(2026, 2, 2, 9, tzinfo=UTC)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""Mondays: when Jira's past begins, and when the server is connected."""
AT_ONCE = ("--settle", "0", "--hours", "all", "--set", "clear_minutes=0")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    words: str


@dataclass(slots=True)
class Stage:
    """See the module. `tells`: whether Jira's webhooks reach us."""

    jira: FakeJira
    runtime: bootstrap.Runtime
    web: FlaskClient | None = None
    tells: bool = True
    waiting: list[Json] = field(default_factory=list)
    path: str = "/webhooks/jira/plans"
    refused: list[Any] = field(default_factory=list)

    # --- commands and pages

    def command(self, *words: str) -> Said:
        """Run `plumbline WORDS`."""
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            code = run(list(words))
        return Said(code, out.getvalue())

    def connect(self, *, url: str | None = None, token: str = "good", account: str | None = "") -> Said:
        """`plumbline tracker add jira plans`, with the credentials that fit unless others are given."""
        if account == "":
            account = self.jira.mail if self.jira.world.cloud else None
        more = ("--account", account) if account else ()
        address = url or self.jira.url
        return self.command(
            "tracker", "add", "jira", "plans", "--url", address, "--token", token, "--webhook-secret", SECRET, *more
        )

    def watch(self, key: str = "PAY", *more: str) -> Said:
        """`plumbline project add plans KEY`, which reads its past."""
        return self.command("project", "add", "plans", key, *AT_ONCE, *more)

    def rules(self, text: str) -> None:
        now = self.jira.world.now
        rulebook.apply(
            self.runtime.db, parse(text, source="rules.yaml"), author="test", prune=True, now=now, real=real_now()
        )

    def page(self, path: str) -> str:
        """A page as somebody sees it who is signed in."""
        assert self.web is not None
        answer = self.web.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.get_data(as_text=True)

    def project_page(self, key: str = "PAY") -> str:
        return self.page(f"/projects/{self.ask('SELECT id FROM project WHERE key = :key', key=key)[0][0]}")

    # --- time, and what is done in it

    def travel(self, **ahead: float) -> None:
        """Let all be done, then time pass."""
        self.work()
        self.jira.world.now += timedelta(**ahead)
        self.work()

    def work(self) -> None:
        """Deliver, take in, judge, read and write, until nothing is left."""
        for _ in range(30):
            self._set_clock()
            told, self.waiting[:] = list(self.waiting), []
            for payload in told if self.tells else ():
                self.deliver(payload)
            done = sum(self._drain(lane) for lane in self.lanes())
            for project in self.projects():
                syncing.sync_project(self.runtime.syncing, project)
            done += sum(self._drain(lane) for lane in self.lanes())
            for (connection,) in self.ask("SELECT id FROM connection ORDER BY id"):
                done += publish.publish(
                    self.runtime.db, connection, connect=self.runtime.connect, ringer=self.runtime.ringer
                )
            if not done and not told and not self.waiting:
                return
        raise AssertionError("it never comes to rest")

    def deliver(self, payload: Any, *, path: str | None = None, headers: dict[str, str] | None = None) -> Any:
        """Send one webhook, signed unless `headers` say otherwise."""
        assert self.web is not None
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        given = {"X-Hub-Signature": signature(raw, SECRET)} if headers is None else headers
        answer = self.web.post(path or self.path, data=raw, headers={"Content-Type": "application/json", **given})
        if answer.status_code != 202:
            self.refused.append((answer.status_code, answer.get_json()))
        return answer

    def _set_clock(self) -> None:
        with self.runtime.db.write() as tx:
            instance.set_clock(tx, WorldClock(origin_real=real_now(), origin_world=self.jira.world.now, rate=0))

    def lanes(self) -> list[int]:
        with self.runtime.db.read() as tx:
            return sorted(trackers.lane_names(tx))

    def projects(self) -> list[int]:
        with self.runtime.db.read() as tx:
            return [row.id for row in trackers.projects(tx)]

    def _drain(self, lane: int) -> int:
        this = self.runtime
        deps = Drain(
            db=this.db, adapters=this.adapters, people=this.people, ringer=this.ringer, base_url=this.settings.base_url
        )
        return drain(deps, lane)

    # --- what is there

    def ask(self, sql: str, **values: Any) -> list[Any]:
        """Rows of the database."""
        with self.runtime.db.read() as tx:
            return list(tx.execute(sa.text(sql), values))

    def flags(self) -> list[tuple[str, str]]:
        """Open flags: (rule, key of the item or title of the milestone)."""
        found = self.ask(
            "SELECT r.name, COALESCE(i.key, m.title) FROM standing s JOIN rule r ON r.id = s.rule_id"
            " LEFT JOIN item i ON s.subject_kind = 'item' AND i.id = s.subject_id"
            " LEFT JOIN milestone m ON s.subject_kind = 'milestone' AND m.id = s.subject_id"
            " WHERE s.closed_at IS NULL ORDER BY 1, 2"
        )
        return [tuple(row) for row in found]

    def ours(self, issue: Issue) -> list[Json]:
        """The comments on an issue that our account wrote."""
        return [one for one in issue.comments if one["by"] == "plumb"]

    def words(self, issue: Issue) -> str:
        """Our one comment, without what differs from run to run."""
        (one,) = self.ours(issue)
        return plain(one["body"], self.jira.url, self.runtime.settings.base_url)

    def lead(self, issue: Issue) -> str:
        return self.words(issue).splitlines()[0]

    def answers(self) -> list[tuple[str, str, str]]:
        """What has been answered: (verb, who, what came of it)."""
        return [tuple(row) for row in self.ask("SELECT verb, who, status FROM answer ORDER BY id")]

    def asked(self, issue: Issue, *commands: str, by: str) -> str:
        """Our one comment after commands in one comment, which is never another one than before."""
        before = [one["id"] for one in self.ours(issue)]
        self.jira.world.comment(issue, by, "\n".join(f"/plumb {command}" for command in commands))
        self.work()
        assert [one["id"] for one in self.ours(issue)] == before
        return self.words(issue)

    def check_all_taken_in(self) -> None:
        """No delivery was refused or set aside."""
        assert self.refused == []
        left = self.ask("SELECT event, status, reason FROM delivery WHERE status NOT IN ('done', 'ignored')")
        assert left == []


_LISTS = re.compile(r"(?<=fixVersion%3D)\d+")


def plain(body: str, jira: str, here: str) -> str:
    """A comment of ours without what differs from run to run."""
    text = body.replace("\r\n", "\n").replace("\u200b", "").replace(jira, "JIRA").replace(here, "HERE")
    return re.sub(r"plumbline:1:[0-9a-f:]+", "MARKER", re.sub(r"/i/\d+#", "/i/N#", _LISTS.sub("VERSION", text)))


@dataclass(slots=True)
class Processes(Stage):
    """The same over real processes."""

    here: Installation | None = None
    logs: Path = Path()

    def command(self, *words: str) -> Said:
        assert self.here is not None
        log = self.logs / f"{words[0]}-{time.monotonic_ns()}.log"
        with self.here.run("-m", "app.cli", *words, log=log) as process:
            return Said(process.wait(60), log.read_text("utf-8"))

    def work(self, *, still: float = 0.8) -> None:
        assert self.here is not None
        self.jira.settle()
        self.here.wait_idle(still=still)

    def travel(self, **ahead: float) -> None:
        assert self.here is not None
        self.work(still=0.4)
        self.jira.world.now += timedelta(**ahead)
        self.here.set_clock(self.jira.world.now, rate=1.0)
        self.work()


def prepare(jira: FakeJira) -> None:
    """People, and a text that comes back from Jira otherwise than it went there."""
    jira.world.now = PAST
    jira.world.add_user("ben")
    jira.world.allow("PAY", "ben", "triage")
    jira.world.keep = lambda body: body.replace("\n", "\r\n")


@contextmanager
def staged(jira: FakeJira, template: Path, home: Path, monkeypatch: Any) -> Iterator[Stage]:
    """An installation of the test's own, with nothing connected, at the time when Jira's past begins."""
    home.mkdir(mode=0o700)
    shutil.copy(template, home / "plumbline.db")
    monkeypatch.setenv("PLUMBLINE_HOME", str(home))
    monkeypatch.setenv("PLUMBLINE_BASE_URL", "http://plumb.example")
    bootstrap.runtime.cache_clear()
    this = bootstrap.runtime()
    adapter = this.adapters["jira"]
    assert isinstance(adapter, JiraAdapter)
    adapter.pace = Pace(seconds_between_writes=0, creates_per_minute=10_000, creates_per_hour=100_000)
    app = create_app(this)
    web = app.test_client()
    jira.limited = False  # nothing waits here, and Jira's limits on writes count in real time
    prepare(jira)
    found = Stage(jira, this, web)
    jira.world.tell = found.waiting.append
    found._set_clock()
    link = access.new_sign_in_link(this.db, "", real_now())
    form = web.get(link).get_data(as_text=True).split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    web.post(link, data={"csrf_token": form, "name": "First", "password": "four words in a row"})
    try:
        yield found
    finally:
        this.commits.close()
        this.db.dispose()
        this.broker.close()
        bootstrap.runtime.cache_clear()
