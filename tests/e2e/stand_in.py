"""One repository of the stand-in for GitHub, the server that watches it, and one time for both."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import github
from github import Auth, Github
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.PullRequest import PullRequest
from github.Repository import Repository

from app.services import connect, rulebook
from app.store import runs, sync, trackers
from app.time import real_now
from rules.rulefile import parse
from tests.e2e.support import Shift
from tests.support_up import Installation

SECRET = "between two machines"
REPO = "ada/shop"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
AT_ONCE = {"settle_minutes": 0, "clear_minutes": 0, "all_hours": True}


class World:
    """The server under test, the stand-in, and one time for both."""

    def __init__(self, here: Installation, shift: Shift, api: str, *, people: tuple[str, ...]) -> None:
        self.here, self.shift, self.api, self.now = here, shift, api, START
        self.people = {
            login: Github(
                auth=Auth.Token(login), base_url=api, seconds_between_requests=0, seconds_between_writes=0, retry=None
            )
            for login in people
        }
        self.travel()

    def repo(self, login: str) -> Repository:
        return self.people[login].get_repo(REPO)

    def travel(self, **ahead: float) -> None:
        """Let time pass, once all that has been said has been heard."""
        if ahead:
            self.here.wait_idle(still=0.4)
        self.jump(**ahead)

    def jump(self, **ahead: float) -> None:
        """Let time pass, whatever is still to be done."""
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

    def comments(self, number: int) -> list[IssueComment]:
        found = self.item(number)
        return list(found.get_comments() if isinstance(found, Issue) else found.get_issue_comments())

    def our_comment(self, number: int) -> IssueComment:
        """The one comment on an item that Plumbline wrote."""
        (ours,) = [comment for comment in self.comments(number) if comment.user.login == "plumb"]
        return ours

    def words(self, comment: IssueComment) -> str:
        """A comment's text without what differs from run to run."""
        text = comment.body.replace("\u200b", "").replace(self.here.url, "HERE").replace(f"{self.api}/{REPO}", "HUB")
        return re.sub(r"<!-- plumbline:1:[0-9a-f:]+ -->", "<!-- MARKER -->", re.sub(r"HERE/i/\d+", "HERE/i/N", text))

    def check_untouched(self, issues: list[Issue]) -> None:
        """Members of a flagged milestone carry none of its labels and comments."""
        for issue in issues:
            assert self.labels(issue.number) == set()
            assert self.comments(issue.number) == []

    def settle(self) -> None:
        """Wait until all that is due has been judged and written."""
        self.here.wait_idle(still=1.5)

    def tell_of_everything(self) -> None:
        """Have the stand-in send its webhooks to the server."""
        hook = {"url": f"{self.here.url}/webhooks/github/hub", "secret": SECRET, "content_type": "json"}
        self.repo("ada").create_hook("web", hook, events=["*"], active=True)


def imported(here: Installation) -> bool:
    """Whether the repository's past, short as it is, has been read: from here on nothing is."""
    with here.runtime.db.read() as tx:
        (project,) = trackers.projects(tx)
        row = sync.get(tx, project.id)
        return row is not None and row.catching_up_at is None and runs.open_run(tx, project.id) is None


def connected(here: Installation, api: str, *, rules: str, now: datetime) -> None:
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
    rulebook.apply(this.db, parse(rules, source="rules.yaml"), author="test", prune=True, now=now, real=real_now())
