"""What the fake Jira holds: people, projects, issues with every change kept, sprints, versions, boards; and the webhooks that changes send.

One world is one edition: Cloud (people by accountId, field ids in the changelog) or Data Center (people by name, epic links, sprints as strings
in webhooks). Its clock stands still but for a second with each change. Nothing here knows HTTP; `fake_jira` serves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.readings import PersonSeen

POINTS, SPRINT, EPIC, FLAG = "customfield_10016", "customfield_10020", "customfield_10014", "customfield_10021"
CUSTOM = {POINTS: "Story Points", SPRINT: "Sprint", EPIC: "Epic Link", FLAG: "Flagged"}
STATUSES = {
    "To Do": ("10000", 2, "new", "blue-gray"),
    "In Progress": ("3", 4, "indeterminate", "yellow"),
    "In Review": ("10001", 4, "indeterminate", "yellow"),
    "Done": ("10002", 3, "done", "green"),
}
CATEGORIES = {"new": "To Do", "indeterminate": "In Progress", "done": "Done"}
TYPES = {"Epic": "10000", "Story": "10001", "Task": "10002", "Sub-task": "10003", "Bug": "10004"}
LINKS = {"Blocks": ("10000", "is blocked by", "blocks"), "Relates": ("10003", "relates to", "relates to")}
LINKS["Cloners"] = ("10001", "is cloned by", "clones")
READ = frozenset({"BROWSE_PROJECTS"})
EDIT = READ | {"EDIT_ISSUES", "ADD_COMMENTS", "EDIT_OWN_COMMENTS", "DELETE_OWN_COMMENTS"}
MANAGE = EDIT | {"MANAGE_SPRINTS_PERMISSION"}
ADMIN = MANAGE | {"ADMINISTER_PROJECTS", "EDIT_ALL_COMMENTS", "DELETE_ALL_COMMENTS"}
RIGHTS = {"none": frozenset[str](), "read": READ, "triage": EDIT, "maintain": MANAGE, "admin": ADMIN}
Json = dict[str, Any]


@dataclass
class Issue:
    """One issue. `fields` are in our own words; `World.fields` says them as Jira does."""

    id: int
    project: str
    number: int
    created: datetime
    updated: datetime
    fields: Json
    histories: list[Json] = field(default_factory=list)
    comments: list[Json] = field(default_factory=list)
    worklogs: list[Json] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    remote: dict[str, Json] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.project}-{self.number}"


@dataclass
class World:
    """A site. `tell` gets every webhook that a change sends, in order; `sent` keeps them."""

    edition: str = "cloud"
    url: str = "http://jira.invalid"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Berlin"))
    now: datetime = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    users: dict[str, Json] = field(default_factory=dict)
    rights: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    projects: dict[str, Json] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    versions: dict[int, Json] = field(default_factory=dict)
    boards: dict[int, Json] = field(default_factory=dict)
    sprints: dict[int, Json] = field(default_factory=dict)
    sent: list[Json] = field(default_factory=list)
    tell: Callable[[Json], None] | None = None
    keep: Callable[[str], str] = str
    """A comment's text as it is kept: Cloud turns wiki markup into its own documents, and tells these as markup again."""
    _last: int = 10_000

    @property
    def cloud(self) -> bool:
        return self.edition == "cloud"

    def next(self) -> int:
        self._last += 1
        return self._last

    def tick(self, seconds: float = 1.0) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def stamp(self, at: datetime) -> str:
        """An instant as Jira writes it, in the site's zone."""
        local = at.astimezone(self.zone)
        return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"

    # --- preparing ---

    def add_user(
        self, name: str, shown: str | None = None, *, kind: str = "atlassian", zone: str = "Europe/Berlin"
    ) -> str:
        self.users[name] = {"name": name, "shown": shown or name.title(), "kind": kind, "zone": zone}
        return name

    def account(self, name: str) -> str:
        """The account id on Cloud, the user key on Data Center."""
        return f"70121:{name}-4f1a" if self.cloud else f"JIRAUSER{sum(map(ord, name))}"

    def person(self, name: str) -> PersonSeen:
        """Somebody as payloads show them."""
        return PersonSeen(self.account(name), self.users[name]["shown"] if self.cloud else name)

    def add_project(self, key: str, name: str = "Payments", *, kind: str = "software") -> Json:
        self.projects[key] = {"id": str(self.next()), "key": key, "name": name, "kind": kind, "last": 0}
        return self.projects[key]

    def allow(self, project: str, name: str, may: str) -> None:
        self.rights[project, name] = RIGHTS[may]

    def may(self, name: str, project: str, right: str) -> bool:
        return right in self.rights.get((project, name), frozenset())

    def sees(self, name: str, issue: Issue) -> bool:
        return self.may(name, issue.project, "BROWSE_PROJECTS") and name not in issue.fields["hidden_from"]

    def find(self, key: str) -> Issue | None:
        if key.isdigit():
            return self.issues.get(int(key))
        found = next((one for one in self.issues.values() if one.key == key), None)
        return found if found is not None else self.issues.get(self.moved.get(key, 0))

    def add_issue(self, project: str, summary: str, *, by: str = "ada", **fields: Any) -> Issue:
        self.tick()
        home = self.projects[project]
        home["last"] += 1
        given: Json = {
            "summary": summary, "description": None, "type": "Task", "status": "To Do", "resolution": None, "resolved": None,
            "priority": "Medium", "labels": [], "components": [], "versions": [], "assignee": None, "creator": by, "reporter": by, "due": None,
            "estimate": None, "left": None, "spent": None, "points": None, "sprints": [], "epic": None, "parent": None,
            "flagged": False, "security": None, "hidden_from": set(), "links": [],
        }  # fmt: skip
        issue = Issue(self.next(), project, home["last"], self.now, self.now, given | fields)
        self.issues[issue.id] = issue
        self._send("jira:issue_created", by, issue_event_type_name="issue_created", issue=self.issue(issue))
        return issue

    def add_version(self, project: str, name: str, **given: Any) -> Json:
        self.tick()
        found = {"id": self.next(), "project": project, "name": name, "released": False, "archived": False} | given
        self.versions[found["id"]] = found
        self._send("jira:version_created", None, version=self.version(found))
        return found

    def edit_version(self, number: int, **given: Any) -> Json:
        self.tick()
        found = self.versions[number]
        word = "updated"
        if given.get("released", found["released"]) != found["released"]:
            word = "released" if given["released"] else "unreleased"
        found.update(given)
        self._send(f"jira:version_{word}", None, version=self.version(found))
        return found

    def merge_version(self, number: int, into: int) -> None:
        """Delete a version and give its issues to another."""
        gone = self.versions.pop(number)
        for issue in [one for one in self.issues.values() if number in one.fields["versions"]]:
            self.edit(issue, by="ada", versions=[into if one == number else one for one in issue.fields["versions"]])
        self.tick()
        shown = self.version(gone)
        self._send("jira:version_deleted", None, version=shown, mergedTo=self.version(self.versions[into]))

    def add_board(self, project: str, name: str, kind: str = "scrum") -> int:
        number = self.next() - 10_000
        self.boards[number] = {"id": number, "project": project, "name": name, "kind": kind}
        return number

    def add_sprint(self, board: int, name: str, **given: Any) -> Json:
        self.tick()
        found = {"id": self.next() - 10_000, "board": board, "name": name, "state": "future", "goal": ""} | given
        self.sprints[found["id"]] = found
        self._send("sprint_created", None, sprint=self.sprint(found))
        return found

    def edit_sprint(self, number: int, **given: Any) -> Json:
        """Change a sprint; by its state it starts or is completed, which moves what is not done to `moves_to` (None: the backlog)."""
        self.tick()
        found = self.sprints[number]
        moves_to = given.pop("moves_to", None)
        was, state = found["state"], given.get("state", found["state"])
        found.update(given)
        if (was, state) == ("active", "closed"):
            found["completed"] = self.now
            for issue in [one for one in self.issues.values() if number in one.fields["sprints"]]:
                if STATUSES[issue.fields["status"]][2] != "done":
                    self.edit(issue, by="ada", sprints=[*issue.fields["sprints"], *([moves_to] if moves_to else [])])
        word = {("future", "active"): "started", ("active", "closed"): "closed"}.get((was, state), "updated")
        self._send(f"sprint_{word}", None, sprint=self.sprint(found))
        return found

    # --- changing issues ---

    def edit(self, issue: Issue, *, by: str, kind: str = "issue_updated", **changes: Any) -> None:
        """Change fields: one history, one webhook; none where nothing differs."""
        items: list[Json] = []
        at = self.now + timedelta(seconds=1)
        status = changes.get("status")
        if status is not None and status != issue.fields["status"]:
            done = STATUSES[status][2] == "done"
            changes.setdefault("resolution", (issue.fields["resolution"] or "Done") if done else None)
            changes["resolved"] = at if done else None
        for name, value in changes.items():
            if name != "resolved" and value != issue.fields[name]:
                items += self._items(name, issue.fields[name], value)
            issue.fields[name] = value
        if not items:
            return
        issue.updated = self.tick()
        history = {"id": str(self.next()), "by": by, "at": issue.updated, "items": items}
        issue.histories.append(history)
        changelog = {"id": history["id"], "items": [self._webhook_item(one) for one in items]}
        self._send("jira:issue_updated", by, issue_event_type_name=kind, issue=self.issue(issue), changelog=changelog)

    def touch(self, issue: Issue, *, by: str, items: list[Json]) -> None:
        """A history whose fields are not `edit`'s: a move, a link, time logged."""
        issue.updated = self.tick()
        issue.histories.append({"id": str(self.next()), "by": by, "at": issue.updated, "items": items})

    def move(self, issue: Issue, to: str, *, by: str = "ada") -> None:
        """Move an issue to another project: a new key; the old one still leads to it."""
        old, home = issue.key, self.projects[issue.project]
        self.moved[old] = issue.id
        there = self.projects[to]
        there["last"] += 1
        issue.project, issue.number = to, there["last"]
        items = [
            _item("project", home["id"], home["name"], there["id"], there["name"]),
            _item("Key", None, old, None, issue.key),
        ]
        self.touch(issue, by=by, items=items)
        changelog = {"id": issue.histories[-1]["id"], "items": [self._webhook_item(one) for one in items]}
        self._send(
            "jira:issue_updated", by, issue_event_type_name="issue_moved", issue=self.issue(issue), changelog=changelog
        )

    def delete(self, issue: Issue, *, by: str = "ada") -> None:
        self.tick()
        shown = self.issue(issue)
        del self.issues[issue.id]
        self._send("jira:issue_deleted", by, issue=shown)

    def link(self, source: Issue, target: Issue, kind: str = "Blocks", *, by: str = "ada") -> Json:
        """`source` blocks `target`."""
        _, inward, outward = LINKS[kind]
        found = {"id": self.next(), "kind": kind, "source": source.id, "target": target.id}
        for one, other, words in ((source, target, outward), (target, source, inward)):
            one.fields["links"] = [*one.fields["links"], found]
            self.touch(one, by=by, items=[_item("Link", None, None, other.key, f"This issue {words} {other.key}")])
        self._send("issuelink_created", None, issueLink=self.webhook_link(found))
        return found

    def unlink(self, number: int, *, by: str = "ada") -> None:
        found = next(link for one in self.issues.values() for link in one.fields["links"] if link["id"] == number)
        _, inward, outward = LINKS[found["kind"]]
        source, target = self.issues[found["source"]], self.issues[found["target"]]
        for one, other, words in ((source, target, outward), (target, source, inward)):
            one.fields["links"] = [link for link in one.fields["links"] if link["id"] != number]
            self.touch(one, by=by, items=[_item("Link", other.key, f"This issue {words} {other.key}", None, None)])
        self._send("issuelink_deleted", None, issueLink=self.webhook_link(found))

    def comment(self, issue: Issue, by: str, body: str, *, internal: bool = False) -> Json:
        issue.updated = self.tick()
        found = {
            "id": self.next(),
            "by": by,
            "body": self.keep(body),
            "created": self.now,
            "updated": self.now,
            "internal": internal,
        }
        issue.comments.append(found)
        self._send_comment("created", issue, found, by)
        return found

    def edit_comment(self, issue: Issue, found: Json, by: str, body: str) -> None:
        issue.updated = self.tick()
        found.update(body=self.keep(body), updated=self.now, editor=by)
        self._send_comment("updated", issue, found, by)

    def delete_comment(self, issue: Issue, found: Json, by: str) -> None:
        issue.updated = self.tick()
        issue.comments.remove(found)
        self._send_comment("deleted", issue, found, by)

    def log_work(self, issue: Issue, by: str, seconds: int, text: str = "") -> Json:
        spent = issue.fields["spent"] or 0
        left = issue.fields["left"]
        issue.fields.update(spent=spent + seconds, left=None if left is None else max(left - seconds, 0))
        self.touch(issue, by=by, items=self._items("spent", spent or None, spent + seconds))
        found = {"id": self.next(), "by": by, "at": self.now, "seconds": seconds, "text": text}
        issue.worklogs.append(found)
        self._send("worklog_created", None, worklog=self.worklog(issue, found))
        changelog = {
            "id": issue.histories[-1]["id"],
            "items": [self._webhook_item(one) for one in issue.histories[-1]["items"]],
        }
        self._send(
            "jira:issue_updated",
            by,
            issue_event_type_name="issue_work_logged",
            issue=self.issue(issue),
            changelog=changelog,
        )
        return found

    # --- as Jira says it ---

    def user(self, name: str) -> Json:
        one = self.users[name]
        shown: Json = {
            "self": f"{self.url}/rest/api/2/user?" + (f"accountId={self.account(name)}" if self.cloud else f"username={name}"),
            "avatarUrls": dict.fromkeys(("48x48", "24x24", "16x16", "32x32"), f"{self.url}/avatar/{name}"),
            "displayName": one["shown"], "active": True, "timeZone": one["zone"],
        }  # fmt: skip
        if self.cloud:
            return shown | {"accountId": self.account(name), "accountType": one["kind"]}
        return shown | {"name": name, "key": self.account(name), "emailAddress": f"{name}@acme.example"}

    def project(self, key: str) -> Json:
        one = self.projects[key]
        avatars = dict.fromkeys(("48x48", "24x24", "16x16", "32x32"), f"{self.url}/secure/projectavatar")
        shown: Json = {
            "self": f"{self.url}/rest/api/2/project/{one['id']}", "id": one["id"], "key": key, "name": one["name"],
            "projectTypeKey": one["kind"], "avatarUrls": avatars,
        }  # fmt: skip
        return shown | {"simplified": False} if self.cloud else shown

    def status(self, name: str) -> Json:
        number, category, key, color = STATUSES[name]
        return {
            "self": f"{self.url}/rest/api/2/status/{number}", "description": "", "iconUrl": f"{self.url}/", "name": name, "id": number,
            "statusCategory": {
                "self": f"{self.url}/rest/api/2/statuscategory/{category}", "id": category, "key": key, "colorName": color,
                "name": CATEGORIES[key],
            },
        }  # fmt: skip

    def kind(self, name: str) -> Json:
        return {
            "self": f"{self.url}/rest/api/2/issuetype/{TYPES[name]}", "id": TYPES[name], "description": "", "avatarId": 10318,
            "iconUrl": f"{self.url}/secure/viewavatar", "name": name, "subtask": name == "Sub-task",
        }  # fmt: skip

    def version(self, one: Json) -> Json:
        shown = {
            "self": f"{self.url}/rest/api/2/version/{one['id']}", "id": str(one["id"]), "description": "", "name": one["name"],
            "archived": one["archived"], "released": one["released"], "projectId": int(self.projects[one["project"]]["id"]),
        }  # fmt: skip
        if one.get("start"):
            shown["startDate"] = str(one["start"])
        if one.get("due"):
            shown |= {"overdue": False, "releaseDate": str(one["due"]), "userReleaseDate": f"{one['due']:%d/%b/%y}"}
        return shown

    def sprint(self, one: Json) -> Json:
        shown = {
            "id": one["id"],
            "self": f"{self.url}/rest/agile/1.0/sprint/{one['id']}",
            "state": one["state"],
            "name": one["name"],
        }
        for key, name in (("start", "startDate"), ("end", "endDate"), ("completed", "completeDate")):
            if one.get(key):
                shown[name] = f"{one[key].astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
        return shown | {"originBoardId": one["board"], "goal": one["goal"]}

    def _sprint_field(self, number: int) -> Any:
        one = self.sprints[number]
        if self.cloud:
            return {"id": number, "name": one["name"], "state": one["state"], "boardId": one["board"]} | {
                key: value
                for key, value in self.sprint(one).items()
                if key in ("goal", "startDate", "endDate", "completeDate")
            }
        ends = {key: self.stamp(one[key]) if one.get(key) else "<null>" for key in ("start", "end", "completed")}
        return (
            f"com.atlassian.greenhopper.service.sprint.Sprint@5e2f[id={number},rapidViewId={one['board']},state={one['state'].upper()},"
            f"name={one['name']},startDate={ends['start']},endDate={ends['end']},completeDate={ends['completed']},sequence={number},goal=]"
        )

    def issue(self, issue: Issue) -> Json:
        return {
            "id": str(issue.id), "self": f"{self.url}/rest/api/2/issue/{issue.id}", "key": issue.key, "fields": self.fields(issue),
        }  # fmt: skip

    def _brief(self, issue: Issue) -> Json:
        """An issue as a link, a parent or a sub-task shows it."""
        fields = {
            "summary": issue.fields["summary"], "status": self.status(issue.fields["status"]), "issuetype": self.kind(issue.fields["type"]),
            "priority": {**_named(self.url, "priority", "3", issue.fields["priority"]), "iconUrl": f"{self.url}/medium.svg"},
        }  # fmt: skip
        return {
            "id": str(issue.id),
            "key": issue.key,
            "self": f"{self.url}/rest/api/2/issue/{issue.id}",
            "fields": fields,
        }

    def fields(self, issue: Issue) -> Json:
        """All fields. Comments and work are added where they are asked for."""
        one = issue.fields
        versions = [self.version(self.versions[number]) for number in one["versions"] if number in self.versions]
        for shown in versions:
            (
                shown.pop("projectId"),
                shown.pop("userReleaseDate", None),
                shown.pop("startDate", None),
                shown.pop("overdue", None),
            )
        epic = self.find(one["epic"]) if one["epic"] else None
        parent = self.find(one["parent"]) if one["parent"] else (epic if self.cloud else None)
        left = (
            one["left"]
            if one["left"] is not None or one["estimate"] is None
            else max(one["estimate"] - (one["spent"] or 0), 0)
        )
        hours = {"originalEstimate": one["estimate"], "remainingEstimate": left, "timeSpent": one["spent"]}
        shown = {
            "issuetype": self.kind(one["type"]), "project": self.project(issue.project), "summary": one["summary"],
            "description": one["description"], "status": self.status(one["status"]), "fixVersions": versions, "versions": [],
            "resolution": None if one["resolution"] is None else _named(self.url, "resolution", "10000", one["resolution"]),
            "resolutiondate": None if one["resolved"] is None else self.stamp(one["resolved"]),
            "priority": {**_named(self.url, "priority", "3", one["priority"]), "iconUrl": f"{self.url}/medium.svg"},
            "labels": list(one["labels"]), "components": [_named(self.url, "component", "10000", name) for name in one["components"]],
            "assignee": None if one["assignee"] is None else self.user(one["assignee"]), "creator": self.user(one["creator"]),
            "reporter": self.user(one["reporter"]), "created": self.stamp(issue.created), "updated": self.stamp(issue.updated),
            "duedate": None if one["due"] is None else str(one["due"]), "environment": None, "lastViewed": None, "attachment": [],
            "security": None if one["security"] is None else _named(self.url, "securitylevel", "10000", one["security"]),
            "timeoriginalestimate": one["estimate"], "timeestimate": left, "timespent": one["spent"], "aggregatetimespent": one["spent"],
            "aggregatetimeestimate": left, "aggregatetimeoriginalestimate": one["estimate"], "workratio": -1,
            "timetracking": {f"{name}Seconds": value for name, value in hours.items() if value is not None},
            "progress": {"progress": one["spent"] or 0, "total": (one["spent"] or 0) + (left or 0)},
            "aggregateprogress": {"progress": one["spent"] or 0, "total": (one["spent"] or 0) + (left or 0)},
            "votes": {"self": f"{self.url}/rest/api/2/issue/{issue.key}/votes", "votes": 0, "hasVoted": False},
            "watches": {"self": f"{self.url}/rest/api/2/issue/{issue.key}/watchers", "watchCount": 1, "isWatching": False},
            "issuelinks": [self._issue_link(link, issue) for link in one["links"]],
            "subtasks": [self._brief(sub) for sub in self.issues.values() if sub.fields["parent"] == issue.key],
            POINTS: one["points"], SPRINT: [self._sprint_field(number) for number in one["sprints"]] or None,
            EPIC: None if epic is None else epic.key, FLAG: [{"value": "Impediment", "id": "10019"}] if one["flagged"] else None,
        }  # fmt: skip
        if self.cloud:
            shown["statuscategorychangedate"] = self.stamp(issue.updated)
        if parent is not None:
            shown["parent"] = self._brief(parent)
        return shown

    def _issue_link(self, link: Json, seen_from: Issue) -> Json:
        number, inward, outward = LINKS[link["kind"]]
        away = link["source"] == seen_from.id
        other = self.issues[link["target" if away else "source"]]
        kind = {
            "id": number,
            "name": link["kind"],
            "inward": inward,
            "outward": outward,
            "self": f"{self.url}/rest/api/2/issueLinkType/{number}",
        }
        return {
            "id": str(link["id"]), "self": f"{self.url}/rest/api/2/issueLink/{link['id']}", "type": kind,
            "outwardIssue" if away else "inwardIssue": self._brief(other),
        }  # fmt: skip

    def webhook_link(self, link: Json) -> Json:
        number, inward, outward = LINKS[link["kind"]]
        kind = {"id": int(number), "name": link["kind"], "outwardName": outward, "inwardName": inward}
        return {
            "id": link["id"], "sourceIssueId": link["source"], "destinationIssueId": link["target"], "systemLink": False,
            "issueLinkType": kind | {"isSubTaskLinkType": False, "isSystemLinkType": False},
        }  # fmt: skip

    def said(self, issue: Issue, one: Json) -> Json:
        """A comment."""
        shown = {
            "self": f"{self.url}/rest/api/2/issue/{issue.id}/comment/{one['id']}", "id": str(one["id"]), "author": self.user(one["by"]),
            "body": one["body"], "updateAuthor": self.user(one.get("editor", one["by"])), "created": self.stamp(one["created"]),
            "updated": self.stamp(one["updated"]),
        }  # fmt: skip
        return shown | {"jsdPublic": not one["internal"]} if self.cloud else shown

    def worklog(self, issue: Issue, one: Json) -> Json:
        return {
            "self": f"{self.url}/rest/api/2/issue/{issue.id}/worklog/{one['id']}", "author": self.user(one["by"]),
            "updateAuthor": self.user(one["by"]), "comment": one["text"], "created": self.stamp(one["at"]), "updated": self.stamp(one["at"]),
            "started": self.stamp(one["at"]), "timeSpent": f"{one['seconds'] // 60}m", "timeSpentSeconds": one["seconds"],
            "id": str(one["id"]), "issueId": str(issue.id),
        }  # fmt: skip

    def history(self, one: Json) -> Json:
        """A history as the REST API gives it."""
        items = [{key: value for key, value in item.items() if key != "people"} for item in one["items"]]
        if not self.cloud:
            items = [{key: value for key, value in item.items() if key != "fieldId"} for item in items]
        return {"id": one["id"], "author": self.user(one["by"]), "created": self.stamp(one["at"]), "items": items}

    # --- changelog items ---

    def _items(self, name: str, old: Any, new: Any) -> list[Json]:  # noqa: PLR0912
        match name:
            case "versions":
                gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
                names = {
                    one: self.versions[one]["name"] if one in self.versions else "deleted" for one in (*gone, *come)
                }
                return [_item("Fix Version", str(one), names[one], None, None, of="fixVersions") for one in gone] + [
                    _item("Fix Version", None, None, str(one), names[one], of="fixVersions") for one in come
                ]
            case "components":
                gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
                return [_item("Component", "10000", one, None, None, of="components") for one in gone] + [
                    _item("Component", None, None, "10000", one, of="components") for one in come
                ]
            case "status":
                return [_item("status", STATUSES[old][0], old, STATUSES[new][0], new)]
            case "type":
                return [_item("issuetype", TYPES[old], old, TYPES[new], new)]
            case "assignee" | "reporter":
                ends = [
                    (None, None) if one is None else (self.account(one), self.users[one]["shown"]) for one in (old, new)
                ]
                people = {"tmpFromAccountId": ends[0][0], "tmpToAccountId": ends[1][0]} if self.cloud else {}
                return [{**_item(name, *ends[0], *ends[1]), "people": people}]
            case "sprints":
                ends = [
                    (", ".join(map(str, some)), ", ".join(self.sprints[one]["name"] for one in some))
                    for some in (old, new)
                ]
                return [_item("Sprint", *ends[0], *ends[1], of=SPRINT)]
            case "epic":
                ends = [
                    (None, None) if one is None else (str(found.id), one) if (found := self.find(one)) else (None, one)
                    for one in (old, new)
                ]
                word = "IssueParentAssociation" if self.cloud else "Epic Link"
                return [_item(word, *ends[0], *ends[1], of="parent" if self.cloud else EPIC, custom=not self.cloud)]
            case "parent":
                ends = [
                    (None, None) if one is None else (str(found.id), one) if (found := self.find(one)) else (None, one)
                    for one in (old, new)
                ]
                return [_item("IssueParentAssociation" if self.cloud else "Parent", *ends[0], *ends[1], of="parent")]
            case "points":
                return [_item("Story Points", None, _number(old), None, _number(new), of=POINTS)]
            case "flagged":
                ends = [("[10019]", "Impediment") if one else ("", "") for one in (old, new)]
                return [_item("Flagged", *ends[0], *ends[1], of=FLAG)]
            case "due":
                ends = [(None, None) if one is None else (str(one), f"{one} 00:00:00.0") for one in (old, new)]
                return [_item("duedate", *ends[0], *ends[1])]
            case "estimate" | "left" | "spent":
                field = {"estimate": "timeoriginalestimate", "left": "timeestimate", "spent": "timespent"}[name]
                ends = [(None, None) if one is None else (str(one), str(one)) for one in (old, new)]
                return [_item(field, *ends[0], *ends[1])]
            case "labels":
                return [_item("labels", None, " ".join(old), None, " ".join(new))]
            case "resolution" | "priority" | "security":
                ends = [(None, None) if one is None else ("10000", one) for one in (old, new)]
                return [_item("Security Level" if name == "security" else name, *ends[0], *ends[1], of=name)]
            case "summary" | "description":
                return [_item(name, None, old, None, new)]
            case _:
                return []

    def _webhook_item(self, item: Json) -> Json:
        shown = {key: value for key, value in item.items() if key != "people"} | item.get("people", {})
        return shown if self.cloud else {key: value for key, value in shown.items() if key != "fieldId"}

    # --- webhooks ---

    def _send_comment(self, word: str, issue: Issue, found: Json, by: str) -> None:
        said = self.said(issue, found)
        if self.cloud:
            trimmed = {
                key: self.fields(issue)[key]
                for key in ("summary", "issuetype", "project", "assignee", "priority", "status")
            }
            self._send(f"comment_{word}", None, comment=said, issue={**self.issue(issue), "fields": trimmed})
            return
        kind = {"created": "issue_commented", "updated": "issue_comment_edited", "deleted": "issue_comment_deleted"}[
            word
        ]
        self._send(f"comment_{word}", None if word == "created" else by, comment=said)
        extra = {} if word == "deleted" else {"comment": said}
        self._send("jira:issue_updated", by, issue_event_type_name=kind, issue=self.issue(issue), **extra)

    def _send(self, event: str, by: str | None, /, **parts: Any) -> None:
        payload: Json = {"timestamp": int(self.now.timestamp() * 1000), "webhookEvent": event}
        if by is not None:
            payload["user"] = self.user(by)
        payload |= parts
        self.sent.append(payload)
        if self.tell is not None:
            self.tell(payload)


def _item(
    word: str, old: Any, old_word: Any, new: Any, new_word: Any, /, *, of: str | None = None, custom: bool | None = None
) -> Json:
    is_custom = custom if custom is not None else (of or "").startswith("customfield")
    known = {"project": "project", "Key": None, "Link": None}
    field_id = of if of is not None else known.get(word, word)
    found = {"field": word, "fieldtype": "custom" if is_custom else "jira", "fieldId": field_id}
    found |= {"from": old, "fromString": old_word, "to": new, "toString": new_word}
    return found if field_id is not None else {key: value for key, value in found.items() if key != "fieldId"}


def _named(url: str, kind: str, number: str, name: str) -> Json:
    return {"self": f"{url}/rest/api/2/{kind}/{number}", "id": number, "name": name}


def _number(value: Any) -> str | None:
    return None if value is None else f"{value:g}"
