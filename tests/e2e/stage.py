"""What a test of manners sees and does: the world, what goes through the proxy, and commands in processes of their own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.stand_in import World
from tests.e2e.support import Counted
from tests.support import eventually


@dataclass
class Stage:
    """The world, what goes through the proxy, and a folder for logs."""

    world: World
    proxy: Counted
    logs: Path

    def working(self, title: str, *, author: str = "ada", by: str) -> int:
        """An issue that somebody is at work on, and goes quiet from now on."""
        number = self.world.repo(author).create_issue(title, assignees=[by]).number
        self.say(number, "I am on it", by=by)
        return number

    def say(self, number: int, text: str, *, by: str) -> None:
        self.world.repo(by).get_issue(number).create_comment(text)

    def answers(self) -> list[tuple[str, str]]:
        """What has been answered, and what came of it: (verb, status)."""
        found = self.world.here.ask(
            "SELECT verb, status FROM answer WHERE status NOT IN ('ready', 'asking') ORDER BY id"
        )
        return [tuple(row) for row in found]

    def asked(self, number: int, *commands: str, by: str) -> str:
        """Our one comment on an item after commands in one comment, which never is another one than before."""
        before = self.world.our_comment(number)
        self.world.travel(minutes=1)
        known = self.answers()
        self.say(number, "\n".join(f"/plumb {command}" for command in commands), by=by)
        eventually(lambda: len(self.answers()) == len(known) + len(commands), what="an answer")
        self.world.here.wait_idle(still=0.2)
        after = self.world.our_comment(number)
        assert after.id == before.id
        return after.body

    def lead(self, number: int) -> str:
        return self.world.words(self.world.our_comment(number)).splitlines()[0]

    def ours(self, number: int) -> list[str]:
        return [one.body for one in self.world.comments(number) if one.user.login == "plumb"]

    def command(self, *words: str) -> str:
        """Run `plumbline WORDS` as a process of its own; gives what it said."""
        log = self.logs / f"{words[0]}-{time.monotonic_ns()}.log"
        with self.world.here.run("-m", "app.cli", *words, log=log) as process:
            assert process.wait(60) == 0, log.read_text("utf-8")
        return log.read_text("utf-8")

    def flagged(self, number: int) -> bool:
        """Whether an item is judged to be flagged, written or not."""
        return bool(
            self.world.here.ask(
                "SELECT 1 FROM standing s JOIN item i ON i.id = s.subject_id"
                " WHERE s.subject_kind = 'item' AND s.closed_at IS NULL AND i.number = :number",
                number=number,
            )
        )

    def picture(self, *, without_us: bool = False) -> dict[str, Any]:
        """All that people see in the repository; or what of it is not ours."""
        repo = self.world.repo("ada")
        items = {}
        for issue in repo.get_issues(state="all"):
            labels = {one.name for one in issue.labels}
            said = [(one.user.login, one.body) for one in issue.get_comments()]
            if without_us:
                labels = {name for name in labels if not name.startswith("plumb:")}
                said = [one for one in said if one[0] != "plumb"]
            plan = issue.milestone.title if issue.milestone else None
            items[issue.number] = (issue.title, issue.body, issue.state, plan, labels, said)
        made = {one.name for one in repo.get_labels()}
        return {"items": items, "labels": {name for name in made if not (without_us and name.startswith("plumb:"))}}
