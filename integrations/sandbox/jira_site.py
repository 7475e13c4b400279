"""A small Jira in memory, which tells each change by the webhook that Jira would send.

    site = JiraSite()
    site.add_project("PAY", "Payments")
    site.open(at, "PAY-231", by="Kim", summary="Charge a saved card")
    site.change(at, "PAY-231", by="Kim", status="In Progress")
    site.hooks                                   # the webhooks so far, oldest first

What happens is told in the order of time; `ValueError` where it is not. Pure: no clock, no I/O.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime

from integrations.sandbox import jira_shapes as shapes
from integrations.sandbox.jira_shapes import Payload
from integrations.sandbox.payloads import number_of
from integrations.sandbox.replay import Webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue as it stands. `sprints` and `versions` are ids, `epic` and `blocked_by` keys, `hours_planned` and
    `hours_spent` hours.
    """

    key: str
    summary: str
    created: datetime
    creator: str
    type: str = "Story"
    status: str = "To Do"
    assignee: str | None = None
    points: float | None = None
    sprints: tuple[int, ...] = ()
    versions: tuple[int, ...] = ()
    epic: str | None = None
    blocked_by: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    due: date | None = None
    text: str | None = None
    hours_planned: float | None = None
    hours_spent: float | None = None
    done_at: datetime | None = None


@dataclass(slots=True)
class JiraSite:
    """One site; see the module."""

    hooks: list[Webhook] = field(default_factory=list)
    _projects: dict[str, Payload] = field(default_factory=dict)
    _issues: dict[str, Issue] = field(default_factory=dict)
    _sprints: dict[int, Payload] = field(default_factory=dict)
    _versions: dict[int, Payload] = field(default_factory=dict)

    def add_project(self, key: str, name: str) -> None:
        """Make a project; Jira tells nobody who is not an administrator."""
        self._projects[key] = shapes.project(key, name)

    def add_sprint(self, at: datetime, number: int, *, name: str, start: datetime, end: datetime, board: int) -> None:
        """Plan a sprint."""
        self._sprints[number] = {
            "id": number, "self": f"{shapes.BASE}/rest/agile/1.0/sprint/{number}", "state": "future", "name": name,
            "createdDate": shapes.stamp(at), "startDate": shapes.stamp(start), "endDate": shapes.stamp(end),
            "originBoardId": board, "goal": "",
        }  # fmt: skip
        self._tell(at, "sprint_created", sprint=dict(self._sprints[number]))

    def start_sprint(self, at: datetime, number: int) -> None:
        """Start it."""
        self._sprints[number] |= {"state": "active", "activatedDate": shapes.stamp(at)}
        self._tell(at, "sprint_started", sprint=dict(self._sprints[number]))

    def close_sprint(self, at: datetime, number: int, *, by: str, rest_to: int | None) -> None:
        """Complete it; what is not done goes to the sprint `rest_to`, or back to the backlog."""
        self._sprints[number] |= {"state": "closed", "completeDate": shapes.stamp(at)}
        self._tell(at, "sprint_closed", sprint=dict(self._sprints[number]))
        for issue in [one for one in self._issues.values() if number in one.sprints and one.status != "Done"]:
            if rest_to is not None and rest_to not in issue.sprints:
                self.change(at, issue.key, by=by, sprints=(*issue.sprints, rest_to))

    def add_version(
        self, at: datetime, number: int, *, project: str, name: str, start: date | None, release: date | None
    ) -> None:
        """Plan a version."""
        self._versions[number] = {
            "id": str(number), "self": f"{shapes.BASE}/rest/api/2/version/{number}", "name": name, "released": False,
            "archived": False, "projectId": int(self._projects[project]["id"]), "description": "",
            **({"startDate": start.isoformat()} if start else {}),
            **({"releaseDate": release.isoformat()} if release else {}),
        }  # fmt: skip
        self._tell(at, "jira:version_created", version=dict(self._versions[number]))

    def open(
        self,
        at: datetime,
        key: str,
        *,
        by: str,
        summary: str,
        kind: str = "Story",
        points: float | None = None,
        sprints: tuple[int, ...] = (),
        versions: tuple[int, ...] = (),
        epic: str | None = None,
        text: str | None = None,
        hours_planned: float | None = None,
    ) -> None:
        """Make an issue."""
        issue = Issue(
            key=key, summary=summary, created=at, creator=by, type=kind, points=points, sprints=sprints,
            versions=versions, epic=epic, text=text, hours_planned=hours_planned,
        )  # fmt: skip
        self._issues[key] = issue
        entries = [_words("status", None, issue.status)]
        self._tell_issue(at, issue, by=by, event="jira:issue_created", name="issue_created", entries=entries)

    def change(
        self,
        at: datetime,
        key: str,
        *,
        by: str,
        status: str | None = None,
        assignee: str | None = None,
        points: float | None = None,
        sprints: tuple[int, ...] | None = None,
        versions: tuple[int, ...] | None = None,
        due: date | None = None,
        hours_spent: float | None = None,
    ) -> None:
        """Change an issue at one go; what is None stays. `hours_spent` are all that were ever spent on it."""
        old = self._issues[key]
        given = {
            "status": status, "assignee": assignee, "points": points, "sprints": sprints, "versions": versions,
            "due": due, "hours_spent": hours_spent,
        }  # fmt: skip
        changed = {name: value for name, value in given.items() if value is not None}
        new = replace(old, **changed)  # type: ignore[arg-type]
        new = replace(new, done_at=(old.done_at or at) if new.status == "Done" else None)
        self._issues[key] = new
        self._tell_issue(
            at, new, by=by, event="jira:issue_updated", name="issue_generic", entries=list(self._entries(old, new))
        )

    def block(self, at: datetime, key: str, *, by: str, blocker: str) -> None:
        """Say that an issue is blocked by another one, of whatever project."""
        issue = self._issues[key]
        self._issues[key] = issue = replace(issue, blocked_by=(*issue.blocked_by, blocker))
        words = f"This issue is blocked by {blocker}"
        entry = {"field": "Link", "fieldtype": "jira", "from": None, "fromString": None, "to": blocker}
        entry["toString"] = words
        self._tell_issue(at, issue, by=by, event="jira:issue_updated", name="issue_updated", entries=[entry])

    def comment(self, at: datetime, key: str, *, by: str, body: str) -> None:
        """Say something on an issue."""
        issue = self._issues[key]
        shown = self._issue(issue, at)
        few = ("summary", "issuetype", "project", "assignee", "priority", "status")
        identity, author = number_of("comment", key, at.isoformat()) % 1_000_000, shapes.user(by)
        comment = {
            "self": f"{shapes.address(key)}/comment/{identity}", "id": str(identity), "author": author,
            "updateAuthor": author, "body": body, "jsdPublic": True, "created": shapes.stamp(at),
            "updated": shapes.stamp(at),
        }  # fmt: skip
        part = shown | {"fields": {name: shown["fields"][name] for name in few}}
        self._tell(at, "comment_created", user=author, comment=comment, issue=part)

    # --- what is told

    def _tell_issue(
        self, at: datetime, issue: Issue, *, by: str, event: str, name: str, entries: list[Payload]
    ) -> None:
        history = str(number_of("history", issue.key, len(self.hooks), at.isoformat()))
        self._tell(
            at, event, issue_event_type_name=name, user=shapes.user(by), issue=self._issue(issue, at),
            changelog={"id": history, "items": entries},
        )  # fmt: skip

    def _tell(self, at: datetime, event: str, **rest: object) -> None:
        if self.hooks and at < self.hooks[-1].at:
            raise ValueError(f"{event} at {at}: it happened after {self.hooks[-1].at} was told")
        payload = {"timestamp": shapes.millis(at), "webhookEvent": event, **rest}
        action = rest.get("issue_event_type_name")
        self.hooks.append(Webhook(at, event, None if action is None else str(action), payload))

    def _entries(self, old: Issue, new: Issue) -> Iterator[Payload]:
        """The changelog of what is different, as Cloud writes it."""
        for one in fields(Issue):
            before, after = getattr(old, one.name), getattr(new, one.name)
            if before == after:
                continue
            match one.name:
                case "status":
                    yield _words("status", before, after)
                    if "Done" in (before, after):
                        was, now = ("Done" if word == "Done" else None for word in (before, after))
                        yield _words("resolution", was, now)
                case "assignee":
                    was, now = (None if who is None else f"demo:{who}" for who in (before, after))
                    ids = {"from": was, "to": now, "tmpFromAccountId": was, "tmpToAccountId": now}
                    yield _words("assignee", before, after) | ids
                case "points":
                    was, now = (None if value is None else f"{value:g}" for value in (before, after))
                    custom = {"fieldtype": "custom", "fieldId": shapes.POINTS}
                    yield _words("Story Points", was, now) | custom
                case "sprints":
                    yield self._moved(before, after)
                case "due":
                    was, now = (None if day is None else day.isoformat() for day in (before, after))
                    yield _words("duedate", was, now)
                case "hours_spent":
                    was, now = (None if hours is None else str(_seconds(hours)) for hours in (before, after))
                    yield _words("timespent", was, now)
                case "versions":
                    for number in (*(v for v in before if v not in after), *(v for v in after if v not in before)):
                        there = (str(number), self._versions[number]["name"])
                        left, joined = (there, (None, None)) if number in before else ((None, None), there)
                        yield {
                            "field": "Fix Version", "fieldtype": "jira", "fieldId": "fixVersions", "from": left[0],
                            "fromString": left[1], "to": joined[0], "toString": joined[1],
                        }  # fmt: skip

    def _moved(self, before: tuple[int, ...], after: tuple[int, ...]) -> Payload:
        """Another list of sprints."""
        was, now = (", ".join(map(str, ids)) for ids in (before, after))
        words = [", ".join(self._sprints[number]["name"] for number in ids) for ids in (before, after)]
        return {
            "field": "Sprint", "fieldtype": "custom", "fieldId": shapes.SPRINT, "from": was, "fromString": words[0],
            "to": now, "toString": words[1],
        }  # fmt: skip

    def _issue(self, issue: Issue, at: datetime) -> Payload:
        """The whole issue."""
        project = self._projects[issue.key.rpartition("-")[0]]
        maker = shapes.user(issue.creator)
        values = {
            "summary": issue.summary, "description": issue.text, "issuetype": shapes.issuetype(issue.type),
            "status": shapes.status(issue.status), "resolution": {"name": "Done"} if issue.done_at else None,
            "resolutiondate": shapes.stamp(issue.done_at) if issue.done_at else None, "project": project,
            "assignee": None if issue.assignee is None else shapes.user(issue.assignee), "reporter": maker,
            "creator": maker, "priority": {"name": "Medium"}, "labels": list(issue.labels), "components": [],
            "created": shapes.stamp(issue.created), "updated": shapes.stamp(at),
            "duedate": issue.due.isoformat() if issue.due else None, "timetracking": _tracked(issue),
            "subtasks": [], "fixVersions": [self._version(number) for number in issue.versions],
            "issuelinks": list(self._links(issue)), shapes.POINTS: issue.points,
            shapes.SPRINT: [self._sprint(number) for number in issue.sprints] or None, shapes.FLAGGED: None,
        }  # fmt: skip
        if issue.epic is not None:
            values["parent"] = self._brief(issue.epic)
        return {
            "id": shapes.issue_id(issue.key), "self": shapes.address(issue.key), "key": issue.key, "fields": values,
        }  # fmt: skip

    def _links(self, issue: Issue) -> Iterator[Payload]:
        kind = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
        for key in issue.blocked_by:
            yield {"id": str(number_of("link", key, issue.key)), "type": kind, "inwardIssue": self._brief(key)}
        for other in self._issues.values():
            if issue.key in other.blocked_by:
                link = {"id": str(number_of("link", issue.key, other.key)), "type": kind}
                yield link | {"outwardIssue": self._brief(other.key)}

    def _brief(self, key: str) -> Payload:
        other = self._issues[key]
        few = {
            "summary": other.summary, "status": shapes.status(other.status),
            "issuetype": shapes.issuetype(other.type),
        }  # fmt: skip
        return {"id": shapes.issue_id(key), "key": key, "self": shapes.address(key), "fields": few}

    def _version(self, number: int) -> Payload:
        names = ("id", "self", "name", "released", "archived", "releaseDate")
        return {name: value for name, value in self._versions[number].items() if name in names}

    def _sprint(self, number: int) -> Payload:
        sprint = {name: value for name, value in self._sprints[number].items() if name != "originBoardId"}
        return sprint | {"boardId": self._sprints[number]["originBoardId"]}


def _tracked(issue: Issue) -> Payload:
    """Hours as Jira tells them; what was never said is not there."""
    hours = {"originalEstimateSeconds": issue.hours_planned, "timeSpentSeconds": issue.hours_spent}
    return {name: _seconds(value) for name, value in hours.items() if value is not None}


def _seconds(hours: float) -> int:
    return round(hours * 3600)


def _words(name: str, before: str | None, after: str | None) -> Payload:
    """An entry of a changelog whose values are words."""
    return {
        "field": name, "fieldtype": "jira", "fieldId": name,
        "from": _id(name, before), "fromString": before, "to": _id(name, after), "toString": after,
    }  # fmt: skip


def _id(name: str, value: str | None) -> str | None:
    return shapes.status_id(value) if name == "status" and value else value
