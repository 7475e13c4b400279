"""A GitHub repository in memory: what people do there, as the webhooks GitHub would send.

    hub = Hub("acme/shop")
    posts = [hub.issue(7, at=MONDAY, author="ann"), hub.comment(7, "On it.", by="ann", at=TUESDAY)]

Every method does one thing at one instant and gives its webhook, with the item as it was just after. Payloads are
copies: the order in which a test posts them is its own affair.
"""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from integrations.sandbox.payloads import ONLY_IN_PULL_REQUEST_EVENTS, Shapes, full_sha, number_of, stamp
from integrations.sandbox.recording import Header
from integrations.sandbox.replay import Webhook

Doc = dict[str, Any]
MEMBERS = ("lead", "mel")
"""Logins that are members of every repository here; all others are strangers."""


class Hub:
    """One repository. Numbers are given by the test, so that they can be read in it."""

    def __init__(self, name: str = "acme/shop") -> None:
        self.shapes = Shapes(Header(repository=name, until=datetime(2030, 1, 1, tzinfo=UTC)))
        self.repository = self.shapes.repository
        self.native_id = str(self.repository["id"])
        self.items: dict[int, Doc] = {}
        self.milestones: dict[int, Doc] = {}
        self._ids = count(1)

    # --- items

    def issue(self, number: int, *, at: datetime, author: str = "ann", **values: Any) -> Webhook:
        """An issue is opened. `labels` and `assignees` are names, `milestone` a number."""
        self.items[number] = self._item(number, "issues", at, author, values) | {"state_reason": None}
        return self._hook("issues", "opened", number, at, author)

    def pull(
        self, number: int, *, at: datetime, author: str = "ann", sha: str = "", lines: int = 10, **values: Any
    ) -> Webhook:
        """A pull request is opened."""
        extra = {key: values.pop(key) for key in ("draft", "head", "base", "fork") if key in values}
        head = full_sha(sha or f"first of {number}")
        self.items[number] = self._item(number, "pull", at, author, values) | {
            "draft": extra.get("draft", False), "merged": False, "merged_at": None, "mergeable": None,
            "head": {"sha": head, "ref": extra.get("head", f"change-{number}"), "repo": {"id": 1 if extra.get("fork") else self.repository["id"]}},
            "base": {"sha": full_sha("base"), "ref": extra.get("base", "main"), "repo": {"id": self.repository["id"]}},
            "additions": lines, "deletions": 0, "changed_files": 1, "commits": 1, "comments": 0, "review_comments": 0,
            "merged_by": None, "rebaseable": None, "mergeable_state": "unknown", "maintainer_can_modify": False,
            "requested_reviewers": [], "requested_teams": [], "auto_merge": None,
        }  # fmt: skip
        return self._hook("pull_request", "opened", number, at, author)

    def _item(self, number: int, path: str, at: datetime, author: str, values: Doc) -> Doc:
        milestone = values.get("milestone")
        return {
            "id": number_of("item", number), "number": number, "title": values.get("title", f"Item {number}"),
            "body": values.get("body", ""), "user": self._user(author), "author_association": _association(author),
            "html_url": f"https://github.com/{self.repository['full_name']}/{path}/{number}", "state": "open",
            "locked": False, "labels": [self.shapes.label(name) for name in values.get("labels", ())],
            "assignees": [self._user(who) for who in values.get("assignees", ())],
            "milestone": self.milestones[milestone] if milestone else None,
            "created_at": stamp(at), "updated_at": stamp(at), "closed_at": None,
        }  # fmt: skip

    def act(
        self, number: int, action: str, *, at: datetime, by: str = "ann", extra: Doc | None = None, **changes: Any
    ) -> Webhook:
        """Any action on an item, with fields of its snapshot replaced."""
        self.items[number] |= changes
        return self._hook(self._event(number), action, number, at, by, **(extra or {}))

    def label(self, number: int, name: str, *, at: datetime, by: str = "ann", on: bool = True) -> Webhook:
        label = self.shapes.label(name)
        rest = [one for one in self.items[number]["labels"] if one["name"] != name]
        labels = [*rest, label] if on else rest
        return self.act(number, "labeled" if on else "unlabeled", at=at, by=by, extra={"label": label}, labels=labels)

    def assign(self, number: int, who: str, *, at: datetime, by: str = "ann", on: bool = True) -> Webhook:
        rest = [one for one in self.items[number]["assignees"] if one["login"] != who]
        people = [*rest, self._user(who)] if on else rest
        action = "assigned" if on else "unassigned"
        return self.act(number, action, at=at, by=by, extra={"assignee": self._user(who)}, assignees=people)

    def edit(
        self, number: int, *, at: datetime, by: str = "ann", title: str | None = None, body: str | None = None
    ) -> Webhook:
        item, changes, values = self.items[number], {}, {}
        for key, value in (("title", title), ("body", body)):
            if value is not None:
                changes[key], values[key] = {"from": item[key]}, value
        return self.act(number, "edited", at=at, by=by, extra={"changes": changes}, **values)

    def close(
        self, number: int, *, at: datetime, by: str = "ann", reason: str = "completed", merged: bool = False
    ) -> Webhook:
        values: Doc = {"state": "closed", "closed_at": stamp(at)}
        if self._event(number) == "issues":
            values["state_reason"] = reason
        elif merged:
            values |= {"merged": True, "merged_at": stamp(at)}
        return self.act(number, "closed", at=at, by=by, **values)

    def reopen(self, number: int, *, at: datetime, by: str = "ann") -> Webhook:
        return self.act(
            number,
            "reopened",
            at=at,
            by=by,
            state="open",
            closed_at=None,
            **({"state_reason": "reopened"} if self._event(number) == "issues" else {}),
        )

    def delete(self, number: int, *, at: datetime, by: str = "lead") -> Webhook:
        return self.act(number, "deleted", at=at, by=by)

    def push(self, number: int, sha: str, *, at: datetime, by: str = "ann", lines: int = 10) -> Webhook:
        item = self.items[number]
        before, after = item["head"]["sha"], full_sha(sha)
        extra = {"before": before, "after": after}
        return self.act(
            number, "synchronize", at=at, by=by, extra=extra, head=item["head"] | {"sha": after}, additions=lines
        )

    def draft(self, number: int, *, at: datetime, by: str = "ann", on: bool = True) -> Webhook:
        return self.act(number, "converted_to_draft" if on else "ready_for_review", at=at, by=by, draft=on)

    def ask(self, number: int, who: str, *, at: datetime, by: str = "ann") -> Webhook:
        """A review is asked for."""
        asked = [*self.items[number]["requested_reviewers"], self._user(who)]
        return self.act(
            number,
            "review_requested",
            at=at,
            by=by,
            extra={"requested_reviewer": self._user(who)},
            requested_reviewers=asked,
        )

    def comment(
        self, number: int, body: str = "A word.", *, at: datetime, by: str = "ann", association: str | None = None
    ) -> Webhook:
        self.items[number]["updated_at"] = stamp(at)
        identity = 5000 + next(self._ids)
        comment = {
            "id": identity, "user": self._user(by), "created_at": stamp(at), "updated_at": stamp(at), "body": body,
            "author_association": association or _association(by),
            "html_url": f"{self.items[number]['html_url']}#issuecomment-{identity}",
        }  # fmt: skip
        payload = {"action": "created", "issue": self._as_issue(number), "comment": comment}
        return self._sent("issue_comment", at, by, payload)

    def review(
        self, number: int, state: str = "commented", *, at: datetime, by: str = "mel", identity: int | None = None
    ) -> Webhook:
        """A review is given; `state` dismissed takes back the one of that `identity`."""
        item = self.items[number]
        item["updated_at"] = stamp(at)
        number_ = 7000 + next(self._ids) if identity is None else identity
        shown = {key: value for key, value in item.items() if key not in ONLY_IN_PULL_REQUEST_EVENTS}
        review = {
            "id": number_, "user": self._user(by), "submitted_at": stamp(at), "state": state, "body": None,
            "author_association": _association(by), "commit_id": item["head"]["sha"],
            "html_url": f"{item['html_url']}#pullrequestreview-{number_}",
        }  # fmt: skip
        payload = {"action": "submitted", "pull_request": shown, "review": review}
        return self._sent("pull_request_review", at, by, payload)

    def dismiss(self, review: Webhook, *, at: datetime, by: str = "lead") -> Webhook:
        """The review of an earlier webhook is dismissed; it keeps the time it was given at."""
        item = self.items[review.payload["pull_request"]["number"]]
        item["updated_at"] = stamp(at)
        shown = {key: value for key, value in item.items() if key not in ONLY_IN_PULL_REQUEST_EVENTS}
        payload = {
            "action": "dismissed",
            "pull_request": shown,
            "review": review.payload["review"] | {"state": "dismissed"},
        }
        return self._sent(review.event, at, by, payload)

    def check(
        self, sha: str, conclusion: str | None, *, at: datetime, name: str = "build", pulls: tuple[int, ...] = ()
    ) -> Webhook:
        run = {
            "name": name, "head_sha": full_sha(sha), "status": "completed" if conclusion else "in_progress",
            "conclusion": conclusion, "started_at": stamp(at), "completed_at": stamp(at) if conclusion else None,
            "app": {"id": 1, "slug": "ci"}, "pull_requests": [{"number": number} for number in pulls],
        }  # fmt: skip
        return self._sent("check_run", at, "ci[bot]", {"action": "completed", "check_run": run})

    # --- milestones

    def milestone(
        self, number: int, *, at: datetime, due: date | None = None, title: str = "", by: str = "lead"
    ) -> Webhook:
        made = {
            "id": number_of("milestone", self.native_id, number), "number": number, "title": title or f"{number}.0",
            "state": "open", "created_at": stamp(at), "updated_at": stamp(at), "closed_at": None, "due_on": _day(due),
            "html_url": f"https://github.com/{self.repository['full_name']}/milestone/{number}",
        }  # fmt: skip
        self.milestones[number] = made
        return self._milestone_hook("created", number, at, by)

    def move(self, number: int, due: date | None, *, at: datetime, by: str = "lead") -> Webhook:
        """The milestone's due date is set, moved or taken away."""
        before = self.milestones[number]["due_on"]
        return self.change_milestone(
            number, "edited", at=at, by=by, extra={"changes": {"due_on": {"from": before}}}, due_on=_day(due)
        )

    def change_milestone(
        self, number: int, action: str, *, at: datetime, by: str = "lead", extra: Doc | None = None, **values: Any
    ) -> Webhook:
        self.milestones[number] |= {**values, "updated_at": stamp(at)}
        return self._milestone_hook(action, number, at, by, **(extra or {}))

    def plan(self, number: int, milestone: int, *, at: datetime, by: str = "lead", on: bool = True) -> Webhook:
        """An item joins a milestone, or leaves it."""
        shown = self.milestones[milestone]
        extra = {"milestone": copy.deepcopy(shown)}
        return self.act(
            number, "milestoned" if on else "demilestoned", at=at, by=by, extra=extra, milestone=shown if on else None
        )

    def _milestone_hook(self, action: str, number: int, at: datetime, by: str, **extra: Any) -> Webhook:
        return self._sent("milestone", at, by, {"action": action, "milestone": self.milestones[number], **extra})

    # --- payloads

    def _event(self, number: int) -> str:
        return "pull_request" if "head" in self.items[number] else "issues"

    def _hook(self, event: str, action: str, number: int, at: datetime, by: str, **extra: Any) -> Webhook:
        self.items[number]["updated_at"] = stamp(at)
        key = "pull_request" if event == "pull_request" else "issue"
        return self._sent(event, at, by, {"action": action, "number": number, key: self.items[number], **extra})

    def _as_issue(self, number: int) -> Doc:
        item = self.items[number]
        if "head" not in item:
            return item
        keys = "id number title body user author_association html_url state locked labels assignees milestone created_at updated_at closed_at draft"
        return {key: item[key] for key in keys.split()} | {
            "pull_request": {"merged_at": item["merged_at"]},
            "state_reason": None,
        }

    def _sent(self, event: str, at: datetime, by: str, payload: Doc) -> Webhook:
        whole = payload | {"repository": self.repository, "sender": self._user(by)}
        return Webhook(at, event, payload["action"], copy.deepcopy(whole))

    def _user(self, login: str) -> Doc:
        return self.shapes.user(login)


def _association(login: str) -> str:
    return "MEMBER" if login in MEMBERS else "NONE"


def _day(due: date | None) -> str | None:
    return f"{due.isoformat()}T00:00:00Z" if due else None
