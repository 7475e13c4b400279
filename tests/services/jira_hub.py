"""A made Jira Cloud: acts on it give the webhooks that Jira sends, and it tells each issue as it is in the end.

    hub = JiraHub(at=monday)
    pay = hub.issue("PAY-1", by=ADA); hub.status(pay, "Done"); hub.hooks; hub.tell(pay)

Every act takes an hour and a minute; the webhooks of one act are milliseconds apart.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from tests.integrations.jira.payloads import BASE, ada, bob, iso, millis

ADA, BOB = ada(), bob()
PROJECTS = {"PAY": "10", "SHOP": "20", "OLD": "30"}
STAGES = {"To Do": "new", "In Progress": "indeterminate", "Done": "done"}
TYPES = {
    "Story": {"name": "Story", "subtask": False, "hierarchyLevel": 0},
    "Bug": {"name": "Bug", "subtask": False, "hierarchyLevel": 0},
    "Epic": {"name": "Epic", "subtask": False, "hierarchyLevel": 1},
    "Sub-task": {"name": "Sub-task", "subtask": True, "hierarchyLevel": -1},
}
BLOCKS = {"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
POINTS, SPRINT, FLAG = "customfield_10016", "customfield_10020", "customfield_10021"


class JiraHub:
    """See the module. `hooks` are the webhooks so far, in order of time."""

    def __init__(self, *, at: datetime) -> None:
        self.now = at
        self.hooks: list[dict[str, Any]] = []
        self.issues: dict[str, dict[str, Any]] = {}
        self.sprints: dict[int, dict[str, Any]] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        self.gone: dict[str, str] = {}
        self._ids = iter(range(1000, 9000))

    # --- issues

    def issue(self, key: str, *, kind: str = "Story", by: Any = None, parent: str | None = None, **fields: Any) -> str:
        """Make an issue; gives its id."""
        at, native_id = self._tick(), str(next(self._ids))
        self.issues[native_id] = {
            "key": key, "created": at, "updated": at, "summary": f"Work on {key}", "description": "- [ ] one",
            "type": kind, "status": "To Do", "resolved": None, "assignee": None, "reporter": by or ADA, "labels": [],
            "parent": parent, "sprints": [], "versions": [], "links": [], "points": None, "flag": False, "spent": None,
            "histories": [], "comments": [], "worklogs": [], **fields,
        }  # fmt: skip
        made = {"id": str(next(self._ids)), "items": [_item("status", None, "1", (None, "To Do"))]}
        self._send("jira:issue_created", at, user=by or ADA, issue=self._shown(native_id), changelog=made)
        return native_id

    def change(self, native_id: str, *items: Any, by: Any = None, **values: Any) -> None:
        """Change an issue, and tell of it."""
        self._change(self._tick(), native_id, items, by or ADA, values)

    def _change(self, at: datetime, native_id: str, items: Any, by: Any, values: dict[str, Any]) -> None:
        issue = self.issues[native_id]
        issue.update(values, updated=at)
        history = {"id": str(next(self._ids)), "items": list(items)}
        issue["histories"].append({**history, "created": iso(at), "author": by})
        self._send("jira:issue_updated", at, user=by, issue=self._shown(native_id), changelog=history)

    def status(self, native_id: str, name: str, *, by: Any = None) -> None:
        old = self.issues[native_id]["status"]
        done = self.now + timedelta(minutes=61) if name == "Done" else None
        self.change(native_id, _item("status", "1", "2", (old, name)), by=by, status=name, resolved=done)

    def assign(self, native_id: str, who: Any) -> None:
        old = self.issues[native_id]["assignee"] or {}
        entry = _item(
            "assignee", old.get("accountId"), (who or {}).get("accountId"), (old.get("displayName"), (who or {}).get("displayName"))
        )  # fmt: skip
        self.change(native_id, entry, assignee=who)

    def edit(self, native_id: str, **values: Any) -> None:
        """Another summary or description."""
        items = [_item(name, None, None, (self.issues[native_id][name], new)) for name, new in values.items()]
        self.change(native_id, *items, **values)

    def label(self, native_id: str, *names: str) -> None:
        old = " ".join(self.issues[native_id]["labels"])
        self.change(native_id, _item("labels", None, None, (old, " ".join(names))), labels=list(names))

    def points(self, native_id: str, value: float | None) -> None:
        old = self.issues[native_id]["points"]
        words = tuple(None if one is None else f"{one:g}" for one in (old, value))
        self.change(native_id, _custom("Story point estimate", POINTS, None, None, words), points=value)

    def flag(self, native_id: str, *, up: bool = True) -> None:
        words = ("", "Impediment") if up else ("Impediment", "")
        self.change(native_id, _custom("Flagged", FLAG, None, None, words), flag=up)

    def under(self, native_id: str, parent: str | None) -> None:
        """Into an epic, or out of it."""
        old = self.issues[native_id]["parent"]
        words = tuple(None if one is None else self.issues[one]["key"] for one in (old, parent))
        entry = _item("IssueParentAssociation", old, parent, words)
        self.change(native_id, entry, parent=parent)

    def move(self, native_id: str, key: str) -> None:
        """To another project."""
        old = self.issues[native_id]["key"]
        projects = [(PROJECTS[one], one) for one in (old.partition("-")[0], key.partition("-")[0])]
        items = [
            _item("project", projects[0][0], projects[1][0], (projects[0][1], projects[1][1])),
            _item("Key", None, None, (old, key)),
        ]
        self.change(native_id, *items, key=key)

    def delete(self, native_id: str) -> None:
        at = self._tick()
        self._send("jira:issue_deleted", at, user=ADA, issue=self._shown(native_id))
        self.gone[native_id] = self.issues[native_id]["key"]

    # --- what hangs on issues

    def comment(self, native_id: str, body: str = "Any news?", *, by: Any = None) -> None:
        at, issue, number = self._tick(), self.issues[native_id], str(next(self._ids))
        comment = {
            "id": number, "self": f"{BASE}/rest/api/2/issue/{native_id}/comment/{number}", "author": by or BOB,
            "updateAuthor": by or BOB, "body": body, "created": iso(at), "updated": iso(at),
        }  # fmt: skip
        issue["comments"].append(comment)
        issue["updated"] = at
        whole = self._shown(native_id)
        part = ("summary", "issuetype", "project", "assignee", "priority", "status")
        shown = whole | {"fields": {name: whole["fields"].get(name) for name in part}}
        self._send("comment_created", at, comment=comment, issue=shown)

    def worklog(self, native_id: str, seconds: int, *, by: Any = None) -> None:
        """Two webhooks: of the work log, with ids alone, and of the issue."""
        at, issue = self._tick(), self.issues[native_id]
        log = {
            "id": str(next(self._ids)), "issueId": native_id, "author": by or BOB, "timeSpentSeconds": seconds,
            "created": iso(at), "updated": iso(at), "started": iso(at),
        }  # fmt: skip
        issue["worklogs"].append(log)
        self._send("worklog_created", at, worklog=log)
        spent = (issue["spent"] or 0) + seconds
        entry = _item("timespent", issue["spent"], str(spent), (issue["spent"], str(spent)))
        self._change(at + timedelta(milliseconds=1), native_id, [entry], by or BOB, {"spent": spent})

    def link(self, source: str, target: str, *, on: bool = True) -> None:
        """Three webhooks: of both issues, and of the link, with ids alone."""
        at = self._tick()
        for place, (mine, other, outward) in enumerate(((source, target, True), (target, source, False))):
            links = [one for one in self.issues[mine]["links"] if one != (other, outward)]
            key = self.issues[other]["key"]
            words = f"This issue {'blocks' if outward else 'is blocked by'} {key}"
            ends = (None, key, (None, words)) if on else (key, None, (words, None))
            values = {"links": [*links, (other, outward)] if on else links}
            self._change(at + timedelta(milliseconds=place), mine, [_item("Link", *ends)], ADA, values)
        link = {
            "id": next(self._ids), "sourceIssueId": int(source), "destinationIssueId": int(target),
            "issueLinkType": {"id": 1, "name": "Blocks", "outwardName": "blocks", "inwardName": "is blocked by",
                              "isSubTaskLinkType": False, "isSystemLinkType": False},
        }  # fmt: skip
        self._send(f"issuelink_{'created' if on else 'deleted'}", at + timedelta(milliseconds=2), issueLink=link)

    # --- sprints and versions

    def sprint(self, native_id: int, event: str, **values: Any) -> None:
        at = self._tick()
        known = self.sprints.setdefault(
            native_id, {"id": native_id, "name": f"Sprint {native_id}", "state": "future", "boardId": 5, "created": at}
        )
        old = self._sprint(native_id, own=True)
        known.update(values)
        if event == "closed":
            known.update(state="closed", completeDate=iso(at))
        elif event == "started":
            known["state"] = "active"
        more = {"oldValue": old} if event == "updated" else {}
        self._send(f"sprint_{event}", at, sprint=self._sprint(native_id, own=True), **more)

    def _sprint(self, native_id: int, *, own: bool = False) -> dict[str, Any]:
        """As the sprint's own event shows it, or as an issue does."""
        known = self.sprints[native_id]
        shape = {name: value for name, value in known.items() if name not in ("created", "boardId")}
        if own:
            return shape | {"originBoardId": known["boardId"], "createdDate": iso(known["created"])}
        return shape | {"boardId": known["boardId"]}

    def plan(self, native_id: str, *sprints: int) -> None:
        """The sprints it is in from now on; those that are over stay listed."""
        old = self.issues[native_id]["sprints"]
        new = [*(one for one in old if self.sprints[one]["state"] == "closed"), *sprints]
        ids = [", ".join(str(one) for one in all_) for all_ in (old, new)]
        self.change(native_id, _custom("Sprint", SPRINT, *ids, tuple(ids)), sprints=new)

    def version(self, native_id: str, event: str = "created", **values: Any) -> None:
        at = self._tick()
        known = self.versions.setdefault(
            native_id, {"id": native_id, "name": native_id, "archived": False, "released": False, "projectId": 10}
        )
        merged = values.pop("mergedTo", None)
        known.update(values)
        more = {} if merged is None else {"mergedTo": self.versions[merged]}
        self._send(f"jira:version_{event}", at, version=known, **more)
        for issue in self.issues.values():
            if event == "deleted" and native_id in issue["versions"]:  # the issues say nothing of it
                issue["versions"] = [one for one in issue["versions"] if one != native_id] + (
                    [merged] if merged else []
                )

    def fix(self, native_id: str, version: str, *, on: bool = True) -> None:
        old = [one for one in self.issues[native_id]["versions"] if one != version]
        ends = (None, version) if on else (version, None)
        words = tuple(None if one is None else self.versions[one]["name"] for one in ends)
        entry = _item("Fix Version", *ends, words, fieldId="fixVersions")
        self.change(native_id, entry, versions=[*old, version] if on else old)

    # --- what it tells

    def tell(self, native_id: str, *, asked_at: datetime) -> dict[str, Any] | None:
        """What Jira tells of an issue when asked by its id."""
        if native_id in self.gone:
            return {"told": "gone", "why": "gone", "asked_at": iso(asked_at), "id": native_id, "key": self.gone[native_id], "moved_to": None}  # fmt: skip
        issue = self.issues[native_id]
        return {
            "told": "issue", "why": "repair", "asked_at": iso(asked_at), "since": None, "issue": self._shown(native_id),
            "histories": issue["histories"], "comments": issue["comments"], "worklogs": issue["worklogs"],
        }  # fmt: skip

    def _shown(self, native_id: str) -> dict[str, Any]:
        issue = self.issues[native_id]
        key, parent = issue["key"], issue["parent"]
        prefix = key.partition("-")[0]
        fields = {
            "summary": issue["summary"], "description": issue["description"], "created": iso(issue["created"]),
            "updated": iso(issue["updated"]), "issuetype": TYPES[issue["type"]],
            "project": {"id": PROJECTS[prefix], "key": prefix, "projectTypeKey": "software"},
            "status": _status(issue["status"]), "resolution": {"name": "Done"} if issue["resolved"] else None,
            "resolutiondate": None if issue["resolved"] is None else iso(issue["resolved"]), "labels": issue["labels"],
            "assignee": issue["assignee"], "reporter": issue["reporter"], "creator": issue["reporter"],
            "priority": {"name": "Medium"}, "components": [], "duedate": None,
            "timetracking": {} if issue["spent"] is None else {"timeSpentSeconds": issue["spent"]},
            "fixVersions": [self.versions[one] for one in issue["versions"]],
            "issuelinks": [
                {"type": BLOCKS, "outwardIssue" if outward else "inwardIssue": {"id": other, "key": self.issues[other]["key"]}}
                for other, outward in issue["links"]
            ],
            "subtasks": [
                {"id": one, "key": other["key"]}
                for one, other in self.issues.items() if other["parent"] == native_id and other["type"] == "Sub-task"
            ],
            SPRINT: [self._sprint(one) for one in issue["sprints"]] or None, POINTS: issue["points"],
            FLAG: [{"value": "Impediment"}] if issue["flag"] else None,
        }  # fmt: skip
        if parent is not None:
            above = self.issues[parent]
            shown = {"summary": above["summary"], "issuetype": TYPES[above["type"]], "status": _status(above["status"])}
            fields["parent"] = {"id": parent, "key": above["key"], "fields": shown}
        return {"id": native_id, "key": key, "self": f"{BASE}/rest/api/2/issue/{native_id}", "fields": fields}

    def _tick(self) -> datetime:
        self.now += timedelta(minutes=61)
        return self.now

    def _send(self, event: str, at: datetime, **parts: Any) -> None:
        self.hooks.append({"timestamp": millis(at), "webhookEvent": event} | deepcopy(parts))


def _status(name: str) -> dict[str, Any]:
    return {"name": name, "statusCategory": {"key": STAGES[name]}}


def _item(field: str, before: Any, after: Any, words: Any, **more: Any) -> dict[str, Any]:
    entry = {"field": field, "fieldId": field if field != "Key" else "issuekey", "fieldtype": "jira"}
    return entry | {"from": before, "fromString": words[0], "to": after, "toString": words[1]} | more


def _custom(name: str, field_id: str, before: Any, after: Any, words: Any) -> dict[str, Any]:
    return _item(name, before, after, words, fieldId=field_id, fieldtype="custom")
