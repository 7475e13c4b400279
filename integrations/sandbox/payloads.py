"""GitHub's webhook objects (users, labels, milestones, issues, pull requests, ...) made from recorded state.

Shapes follow GitHub's webhook payloads of API version 2022-11-28, with all keys that GitHub always sends; `*_url`
templates are limited to the usual ones. Instants are UTC to the second with `Z`. Numeric ids are functions of what
they identify. Sub-objects (users, labels, the repository) are shared between payloads: treat payloads as read-only.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha1, sha256
from typing import Any

from integrations.sandbox.recording import Association, Header, Person
from integrations.sandbox.state import ItemState, MilestoneState

Payload = dict[str, Any]

# The 12 fields of a pull request that payloads of reviews and review comments lack.
ONLY_IN_PULL_REQUEST_EVENTS = (
    "merged", "mergeable", "rebaseable", "mergeable_state", "merged_by", "comments", "review_comments",
    "maintainer_can_modify", "commits", "additions", "deletions", "changed_files",
)  # fmt: skip
_HEX = re.compile("[0-9a-f]{7,40}")


class Shapes:
    """Builds the objects of one repository; keeps those that do not change."""

    def __init__(self, header: Header) -> None:
        self.full_name = header.repository
        self._api = f"https://api.github.com/repos/{header.repository}"
        self._web = f"https://github.com/{header.repository}"
        self._people = {person.login: person for person in header.people}
        self._users: dict[str, Payload] = {}
        self._labels: dict[str, Payload] = {}
        self.repository = self._repository(private=header.private)

    def user(self, login: str) -> Payload:
        """The account; one the header does not name is a stranger, and a bot if its login says so."""
        if login not in self._users:
            person = self._people.get(login) or Person(login=login, bot=login.endswith("[bot]"))
            identity = number_of("user", login)
            self._users[login] = {
                "login": login, "id": identity, "node_id": f"U_{identity}", "avatar_url": "", "gravatar_id": "",
                "url": f"https://api.github.com/users/{login}", "html_url": f"https://github.com/{login}",
                "type": "Bot" if person.bot else "User", "site_admin": False,
            }  # fmt: skip
        return self._users[login]

    def label(self, name: str) -> Payload:
        """The label, with a colour of its own."""
        if name not in self._labels:
            identity = number_of("label", self.full_name, name)
            self._labels[name] = {
                "id": identity, "node_id": f"LA_{identity}", "url": f"{self._api}/labels/{name}", "name": name,
                "color": f"{identity & 0xFFFFFF:06x}", "default": False, "description": None,
            }  # fmt: skip
        return self._labels[name]

    def milestone(self, milestone: MilestoneState) -> Payload:
        """The milestone with its totals as they are now. `due_on` is midnight UTC of the due date."""
        identity = number_of("milestone", self.full_name, milestone.number)
        return {
            "url": f"{self._api}/milestones/{milestone.number}",
            "html_url": f"{self._web}/milestone/{milestone.number}",
            "labels_url": f"{self._api}/milestones/{milestone.number}/labels", "id": identity,
            "node_id": f"MI_{identity}", "number": milestone.number, "title": milestone.title, "description": None,
            "creator": self.user(milestone.creator), "open_issues": milestone.open_items,
            "closed_issues": milestone.closed_items, "state": "closed" if milestone.closed_at else "open",
            "created_at": stamp(milestone.created_at), "updated_at": stamp(milestone.updated_at),
            "due_on": f"{milestone.due.isoformat()}T00:00:00Z" if milestone.due else None,
            "closed_at": _stamp(milestone.closed_at),
        }  # fmt: skip

    def issue(self, item: ItemState, milestone: MilestoneState | None) -> Payload:
        """The item as an issue; for a pull request, as its comments' webhooks show it."""
        payload = self._common(item, milestone) | {
            "repository_url": self._api, "labels_url": f"{self._api}/issues/{item.number}/labels{{/name}}",
            "comments_url": f"{self._api}/issues/{item.number}/comments",
            "events_url": f"{self._api}/issues/{item.number}/events", "url": f"{self._api}/issues/{item.number}",
            "id": number_of("issue", self.full_name, item.number), "comments": item.comments,
            "reactions": _reactions(), "performed_via_github_app": None, "state_reason": None,
            "timeline_url": f"{self._api}/issues/{item.number}/timeline",
        }  # fmt: skip
        if item.pull:
            payload["draft"] = item.draft
            payload["pull_request"] = {
                "url": f"{self._api}/pulls/{item.number}", "html_url": f"{self._web}/pull/{item.number}",
                "diff_url": f"{self._web}/pull/{item.number}.diff",
                "patch_url": f"{self._web}/pull/{item.number}.patch",
                "merged_at": _stamp(item.closed_at) if item.merged_by else None,
            }  # fmt: skip
        return payload

    def pull_request(self, item: ItemState, milestone: MilestoneState | None, *, in_review: bool = False) -> Payload:
        """The item as a pull request. Its size is the final one from the first push on: no other is recorded.

        `in_review` leaves out what payloads of reviews and review comments lack.
        """
        size, api = item.opening, f"{self._api}/pulls/{item.number}"
        merged_at = _stamp(item.closed_at) if item.merged_by else None
        payload = self._common(item, milestone) | {
            "url": api, "id": number_of("pull", self.full_name, item.number),
            "diff_url": f"{self._web}/pull/{item.number}.diff", "patch_url": f"{self._web}/pull/{item.number}.patch",
            "issue_url": f"{self._api}/issues/{item.number}",
            "merged_at": merged_at, "merge_commit_sha": full_sha(f"merge {item.sha}") if merged_at else None,
            "requested_reviewers": self._users_of(item.reviewers), "requested_teams": [],
            "commits_url": f"{api}/commits", "review_comments_url": f"{api}/comments",
            "review_comment_url": f"{api}/comments{{/number}}",
            "comments_url": f"{self._api}/issues/{item.number}/comments",
            "statuses_url": f"{self._api}/statuses/{full_sha(item.sha)}",
            "head": self._branch(item.author, f"change-{item.number}", item.sha),
            "base": self._branch(self.full_name.split("/")[0], "main", f"base of {item.number}"),
            "_links": {"self": {"href": api}, "html": {"href": f"{self._web}/pull/{item.number}"}},
            "auto_merge": None, "draft": item.draft,
        }  # fmt: skip
        if not in_review:
            payload |= {
                "merged": merged_at is not None, "mergeable": None, "rebaseable": None, "mergeable_state": "unknown",
                "merged_by": self.user(item.merged_by) if item.merged_by else None, "comments": item.comments,
                "review_comments": item.review_comments, "maintainer_can_modify": False, "commits": size.commits,
                "additions": size.additions, "deletions": size.deletions, "changed_files": size.changed_files,
            }  # fmt: skip
        return payload

    def comment(self, item: ItemState, *, identity: int, by: str, body: str, at: datetime) -> Payload:
        """A comment in the item's conversation."""
        kind = "pull" if item.pull else "issues"
        return {
            "url": f"{self._api}/issues/comments/{identity}", "issue_url": f"{self._api}/issues/{item.number}",
            "html_url": f"{self._web}/{kind}/{item.number}#issuecomment-{identity}", "id": identity,
            "node_id": f"IC_{identity}", "user": self.user(by), "created_at": stamp(at), "updated_at": stamp(at),
            "author_association": self.association(item, by), "body": body, "reactions": _reactions(),
            "performed_via_github_app": None,
        }  # fmt: skip

    def review(self, item: ItemState, *, identity: int, by: str, state: str, body: str, at: datetime) -> Payload:
        """A review; `state` in lower case, as webhooks have it (the REST API has capitals)."""
        return {
            "id": identity, "node_id": f"PRR_{identity}", "user": self.user(by), "body": body or None,
            "commit_id": full_sha(item.sha), "submitted_at": stamp(at), "state": state,
            "html_url": f"{self._web}/pull/{item.number}#pullrequestreview-{identity}",
            "pull_request_url": f"{self._api}/pulls/{item.number}", "author_association": self.association(item, by),
            "_links": {"html": {"href": f"{self._web}/pull/{item.number}#pullrequestreview-{identity}"},
                       "pull_request": {"href": f"{self._api}/pulls/{item.number}"}},
        }  # fmt: skip

    def review_comment(self, item: ItemState, *, identity: int, by: str, path: str, body: str, at: datetime) -> Payload:
        """A comment on a line. The review it belongs to is not recorded; the id given for it is made up."""
        return {
            "url": f"{self._api}/pulls/comments/{identity}", "pull_request_review_id": identity + 1, "id": identity,
            "node_id": f"PRRC_{identity}", "diff_hunk": "", "path": path, "position": None, "original_position": None,
            "commit_id": full_sha(item.sha), "original_commit_id": full_sha(item.sha), "user": self.user(by),
            "body": body, "created_at": stamp(at), "updated_at": stamp(at),
            "html_url": f"{self._web}/pull/{item.number}#discussion_r{identity}",
            "pull_request_url": f"{self._api}/pulls/{item.number}", "author_association": self.association(item, by),
            "_links": {"pull_request": {"href": f"{self._api}/pulls/{item.number}"}}, "reactions": _reactions(),
        }  # fmt: skip

    def association(self, item: ItemState, login: str) -> Association:
        """What a person is to the repository: one answer per person, as GitHub gives; an author nobody lists has what
        was recorded with the item.
        """
        if login in self._people:
            return self._people[login].association
        return item.association if login == item.author else "NONE"

    def _common(self, item: ItemState, milestone: MilestoneState | None) -> Payload:
        return {
            "html_url": f"{self._web}/{'pull' if item.pull else 'issues'}/{item.number}",
            "node_id": f"{'PR' if item.pull else 'I'}_{number_of('issue', self.full_name, item.number)}",
            "number": item.number, "title": item.title, "user": self.user(item.author),
            "labels": [self.label(name) for name in item.labels], "state": "closed" if item.closed_at else "open",
            "locked": item.locked, "assignee": self.user(item.assignees[0]) if item.assignees else None,
            "assignees": self._users_of(item.assignees), "milestone": self.milestone(milestone) if milestone else None,
            "created_at": stamp(item.created_at), "updated_at": stamp(item.updated_at),
            "closed_at": _stamp(item.closed_at), "author_association": self.association(item, item.author),
            "active_lock_reason": None,
            "body": item.body or None,
        }  # fmt: skip

    def _users_of(self, logins: Iterable[str]) -> list[Payload]:
        return [self.user(login) for login in logins]

    def _branch(self, owner: str, ref: str, sha: str) -> Payload:
        return {
            "label": f"{owner}:{ref}", "ref": ref, "sha": full_sha(sha), "user": self.user(owner),
            "repo": self.repository,
        }  # fmt: skip

    def _repository(self, *, private: bool) -> Payload:
        owner, name = self.full_name.split("/")
        identity = number_of("repository", self.full_name)
        return {
            "id": identity, "node_id": f"R_{identity}", "name": name, "full_name": self.full_name, "private": private,
            "owner": self.user(owner), "html_url": self._web, "description": None, "fork": False, "url": self._api,
            "archived": False, "disabled": False, "has_issues": True, "default_branch": "main",
            "visibility": "private" if private else "public",
        }  # fmt: skip


def number_of(*parts: object) -> int:
    """A stable positive id below 2**48 for what `parts` name; small enough for every JSON reader."""
    return int.from_bytes(sha256("\0".join(map(str, parts)).encode()).digest()[:6]) | 1 << 40


def full_sha(name: str) -> str:
    """Forty hex digits for a short sha, which they begin with, or for any other name of a commit."""
    digest = sha1(name.encode(), usedforsecurity=False).hexdigest()
    return (name + digest)[:40] if _HEX.fullmatch(name) else digest


def stamp(at: datetime) -> str:
    """An instant as GitHub writes it; `at` must be UTC."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _stamp(at: datetime | None) -> str | None:
    return stamp(at) if at else None


def _reactions() -> Payload:
    return dict.fromkeys(("total_count", "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"), 0)
