"""From GitHub's own webhook to a label and a comment and back, through the real processes.

`plumbline up` with its embedded broker, against a stand-in for GitHub that sends signed webhooks of what is done in
it through PyGithub. Both live in one shifted world time, so that days pass at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import github
import pytest
from github import Auth, Github
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.PullRequest import PullRequest
from github.Repository import Repository

from app.services import connect, rulebook
from app.time import real_now
from rules.rulefile import parse
from tests.e2e.support import Shift, counting_proxy
from tests.support import eventually, free_port
from tests.support_up import Installation

pytestmark = pytest.mark.e2e

SECRET = "between two machines"
REPO = "ada/shop"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
SEED = """
tokens:
  plumb: {login: plumb, scopes: [repo]}
  ada: {login: ada, scopes: [repo]}
  ben: {login: ben, scopes: [repo]}
github:
  users:
    - {login: ada, name: Ada}
    - {login: ben, name: Ben}
    - {login: plumb, name: Plumb}
  repos:
    - {owner: ada, name: shop, auto_init: true}
"""
RULES = """
rules:
- {name: quiet work, type: stalled-work, mode: live, params: {quiet_days: 4}}
- {name: quiet reviews, type: stalled-review, mode: live, params: {author_days: 4, author_comment_days: 4}}
- {name: grown milestones, type: scope-creep, mode: live, params: {min_items: 3, min_share: 0.2}}
- {name: late milestones, type: missed-milestone, mode: live, params: {comment_after: 0}}
"""
AT_ONCE = {"settle_minutes": 0, "clear_minutes": 0, "all_hours": True}


class World:
    """The server under test, the stand-in, and one time for both."""

    def __init__(self, here: Installation, shift: Shift, api: str) -> None:
        self.here, self.shift, self.now = here, shift, START
        self.people = {
            login: Github(
                auth=Auth.Token(login), base_url=api, seconds_between_requests=0, seconds_between_writes=0, retry=None
            )
            for login in ("ada", "ben", "plumb")
        }
        self.travel()

    def repo(self, login: str) -> Repository:
        return self.people[login].get_repo(REPO)

    def travel(self, **ahead: float) -> None:
        """Let time pass, once all that has been said has been heard."""
        if ahead:
            self.here.wait_idle(still=0.4)
        self.now += timedelta(**ahead)
        self.shift.to(self.now)
        self.here.set_clock(self.now, rate=1.0)

    def item(self, number: int) -> Issue | PullRequest:
        """An issue; or, which the stand-in does not show as an issue, a pull request."""
        try:
            return self.repo("ada").get_issue(number)
        except github.UnknownObjectException:
            return self.repo("ada").get_pull(number)

    def labels(self, number: int) -> set[str]:
        return {label.name for label in self.item(number).labels}

    def ours(self, number: int) -> list[IssueComment]:
        """The comments on an item that Plumbline wrote."""
        found = self.item(number)
        comments = found.get_comments() if isinstance(found, Issue) else found.get_issue_comments()
        return [comment for comment in comments if comment.user.login == "plumb"]

    def settle(self) -> None:
        """Wait until all that is due has been judged and written."""
        self.here.wait_idle(within=40, still=1.5)


@pytest.fixture
def shift(tmp_path, monkeypatch) -> Shift:
    found = Shift(tmp_path / "ahead")
    found.to(START)
    for name, value in found.env().items():
        monkeypatch.setenv(name, value)
    return found


def test_round_trip(emulate, shift, short_dir, tmp_path, monkeypatch):
    stand_in = emulate(SEED)
    for name in shift.env():
        monkeypatch.delenv(name)
    here = Installation(short_dir / "home", free_port())
    here.migrate()
    world = World(here, shift, stand_in.url)
    with counting_proxy(stand_in.url) as proxy:
        connected(here, proxy.url, now=world.now)
        hook = {"url": f"{here.url}/webhooks/github/hub", "secret": SECRET, "content_type": "json"}
        world.repo("ada").create_hook("web", hook, events=["*"], active=True)
        with here.up(tmp_path / "up.log") as process:
            here.wait_ready(process)
            proxy.calls.clear()
            tell(world, proxy)


def connected(here: Installation, api: str, *, now: datetime) -> None:
    """The tracker, the project and the rules, before anything happens in them."""
    this = here.runtime
    connect.add_tracker(
        this.db,
        this.vault,
        name="hub",
        kind="github",
        base_url=api,
        webhook_secret=SECRET,
        secrets={"token": "plumb"},
        installation=None,
        author="test",
        now=real_now(),
    )
    (checked,) = connect.check(this.db, this.vault, this.adapters, tracker="hub", now=real_now())
    assert checked.check is not None
    assert checked.check.login == "plumb"
    connect.add_project(
        this.db,
        this.vault,
        this.adapters,
        tracker="hub",
        key=REPO,
        settings={},
        calendar=AT_ONCE,
        author="test",
        now=now,
    )
    rulebook.apply(this.db, parse(RULES, source="rules.yaml"), author="test", prune=True, now=now, real=real_now())


def tell(world, proxy):
    ada, ben = world.repo("ada"), world.repo("ben")
    milestone = ada.create_milestone("2.4", due_on=datetime(2026, 3, 20, 8, tzinfo=UTC))
    ada.create_label("release", "ffffff")
    home = ada.create_issue("Release 2.4", milestone=milestone, labels=["release"])
    planned = [ada.create_issue(title, milestone=milestone) for title in ("Export as CSV", "Audit log", "A guide")]
    quiet = ada.create_issue("Move to the new queue", assignees=["ben"])
    ben.get_issue(quiet.number).create_comment("I am on it")
    ada.create_git_ref("refs/heads/safari", ada.get_git_ref("heads/main").object.sha)
    ada.create_file("login.txt", "Fix login", "on Safari", branch="safari")
    pull = ben.create_pull("main", "safari", title="Fix login on Safari", body="")
    ada.get_pull(pull.number).create_review(body="What about iPad?", event="COMMENT")
    world.travel(days=3)
    added = [ada.create_issue(t, milestone=milestone) for t in ("Audit log, part 2", "Dark mode", "Import from CSV")]
    world.travel(days=2, hours=3)
    world.settle()

    def show():
        for n in range(1, 10):
            i = world.item(n)
            print(n, world.labels(n), [(c.id, c.body) for c in world.ours(n)])
        print(proxy.calls)
    show()
    world.travel(days=16)
    world.settle()
    show()
    ben.get_issue(quiet.number).create_comment("Back from leave, it is done tomorrow")
    ben.get_pull(pull.number).create_issue_comment("Works on iPad")
    added[0].edit(milestone=None)
    milestone.edit("2.4", due_on=datetime(2026, 3, 27, 8, tzinfo=UTC))
    world.settle()
    show()
    assert 0
