"""What the fake Jira answers of itself, its people, projects, versions, boards and sprints."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.contract.fake_jira_calls import (
    Answer,
    Call,
    FakeJira,
    Refused,
    route,
    values,
    visible,
)
from tests.contract.fake_jira_world import ADMIN, CUSTOM, EPIC, FLAG, POINTS, SPRINT, STATUSES, Json

SCHEMAS = {
    POINTS: ("number", "com.pyxis.greenhopper.jira:jsw-story-points"), SPRINT: ("array", "com.pyxis.greenhopper.jira:gh-sprint"),
    EPIC: ("any", "com.pyxis.greenhopper.jira:gh-epic-link"), FLAG: ("array", "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"),
}  # fmt: skip


@route("GET", "/myself")
def _myself(jira: FakeJira, call: Call) -> Answer:
    return 200, jira.world.user(call.who) | ({"emailAddress": jira.mail} if jira.world.cloud else {})


@route("GET", "/mypermissions")
def _my_permissions(jira: FakeJira, call: Call) -> Answer:
    key = call.query.get("projectKey")
    if key is not None and (key not in jira.world.projects or not jira.world.may(call.who, key, "BROWSE_PROJECTS")):
        raise Refused(404, f"No project could be found with key '{key}'.")
    asked = call.query.get("permissions", "").split(",") if jira.world.cloud else sorted(ADMIN)
    if jira.world.cloud and asked == [""]:
        raise Refused(400, "The 'permissions' query parameter is required.")
    has = {
        right
        for (project, who), some in jira.world.rights.items()
        if who == call.who and key in (None, project)
        for right in some
    }
    shown = {
        one: {
            "id": "0",
            "key": one,
            "name": one.title(),
            "type": "PROJECT",
            "description": "",
            "havePermission": one in has,
        }
        for one in asked
    }
    return 200, {"permissions": shown}


@route("GET", "/field")
def _fields(jira: FakeJira, call: Call) -> Answer:
    system = [
        {"id": one, "name": one.title(), "custom": False, "orderable": True, "navigable": True, "searchable": True, "clauseNames": [one],
         "schema": {"type": "string", "system": one}} for one in ("summary", "status", "labels", "duedate")
    ]  # fmt: skip
    custom = [
        {"id": one, "name": CUSTOM[one], "custom": True, "orderable": True, "navigable": True, "searchable": True,
         "clauseNames": [f"cf[{one[12:]}]", CUSTOM[one]], "schema": {"type": kind, "custom": word, "customId": int(one[12:])}}
        for one, (kind, word) in SCHEMAS.items()
    ]  # fmt: skip
    return 200, system + custom


@route("GET", "/status")
def _statuses(jira: FakeJira, call: Call) -> Answer:
    return 200, [jira.world.status(name) for name in STATUSES]


@route("GET", "/user/search")
def _find_users(jira: FakeJira, call: Call) -> Answer:
    if "query" not in call.query and "username" not in call.query:
        raise Refused(400, "The query parameter is required.")
    return 200, _people(jira, call, list(jira.world.users))


@route("GET", "/user/permission/search")
def _users_who_may(jira: FakeJira, call: Call) -> Answer:
    key, rights = call.query.get("projectKey", ""), call.query.get("permissions", "").split(",")
    if not jira.world.may(call.who, key, "ADMINISTER_PROJECTS"):
        raise Refused(403, "You do not have permission to administer this project.")
    if unknown := [one for one in rights if one not in ADMIN]:
        raise Refused(400, f"Permissions not recognised: {unknown}")
    return 200, _people(
        jira, call, [name for name in jira.world.users if all(jira.world.may(name, key, one) for one in rights)]
    )


def _people(jira: FakeJira, call: Call, names: list[str]) -> list[Json]:
    """Those that match as Jira matches: an account exactly, words by how a name begins."""
    query = call.query
    if not jira.world.cloud and "username" not in query:
        raise Refused(400, "The username query parameter was not provided")
    if "accountId" in query and jira.world.cloud:
        found = [name for name in names if jira.world.account(name) == query["accountId"]]
    else:
        word = query.get("query" if jira.world.cloud else "username", "").casefold()
        found = [
            name
            for name in names
            if jira.world.users[name]["shown"].casefold().startswith(word) or (not jira.world.cloud and word in name)
        ]
    start, size = int(query.get("startAt", 0)), int(query.get("maxResults", 50))
    return [jira.world.user(name) for name in found[start : start + size]]


# --- projects, versions, boards, sprints --------------------------------------------------------------------------------------


def _seen_projects(jira: FakeJira, call: Call) -> list[Json]:
    return [_project(jira, key) for key in jira.world.projects if jira.world.may(call.who, key, "BROWSE_PROJECTS")]


def _project(jira: FakeJira, key: str) -> Json:
    return jira.world.project(key) | (
        {"isPrivate": False, "style": "classic", "properties": {}} if jira.world.cloud else {"archived": False}
    )


@route("GET", "/project")
def _projects(jira: FakeJira, call: Call) -> Answer:
    return 200, _seen_projects(jira, call)


@route("GET", "/project/search")
def _project_search(jira: FakeJira, call: Call) -> Answer:
    if not jira.world.cloud:
        raise Refused(404, "No project could be found with key 'search'.")
    return 200, values(call, _seen_projects(jira, call))


@route("GET", "/project/*")
def _one_project(jira: FakeJira, call: Call) -> Answer:
    return 200, _project(jira, visible(jira, call, call.parts[0]))


@route("GET", "/project/*/versions")
def _versions(jira: FakeJira, call: Call) -> Answer:
    key = visible(jira, call, call.parts[0])
    return 200, [jira.world.version(one) for one in jira.world.versions.values() if one["project"] == key]


@route("POST", "/version")
def _add_version(jira: FakeJira, call: Call) -> Answer:
    project = next(key for key, one in jira.world.projects.items() if one["id"] == str(call.body["projectId"]))
    return 201, jira.world.version(
        jira.world.add_version(project, call.body["name"], **_dates(call.body, start="startDate", due="releaseDate"))
    )


@route("PUT", "/version/*")
def _edit_version(jira: FakeJira, call: Call) -> Answer:
    given = {key: call.body[key] for key in ("name", "released", "archived") if key in call.body}
    dates = _dates(call.body, start="startDate", due="releaseDate")
    return 200, jira.world.version(jira.world.edit_version(int(call.parts[0]), **given, **dates))


def _dates(body: Json, **names: str) -> Json:
    return {key: date.fromisoformat(body[name]) for key, name in names.items() if body.get(name)}


@route("GET", "/agile/1.0/board")
def _boards(jira: FakeJira, call: Call) -> Answer:
    key = visible(jira, call, call.query["projectKeyOrId"]) if "projectKeyOrId" in call.query else None
    kinds = call.query.get("type", "scrum,kanban,simple").split(",")
    shown = [
        {"id": one["id"], "self": f"{jira.url}/rest/agile/1.0/board/{one['id']}", "name": one["name"], "type": one["kind"]}
        for one in jira.world.boards.values() if key in (None, one["project"]) and one["kind"] in kinds
    ]  # fmt: skip
    return 200, values(call, shown)


@route("GET", "/agile/1.0/board/*/sprint")
def _sprints(jira: FakeJira, call: Call) -> Answer:
    board = jira.world.boards.get(int(call.parts[0]))
    if board is None or not jira.world.may(call.who, board["project"], "BROWSE_PROJECTS"):
        raise Refused(
            404,
            "The requested board cannot be viewed because it either does not exist or you do not have permission to view it.",
        )
    if board["kind"] == "kanban":
        raise Refused(400, "The board does not support sprints")
    return 200, values(
        call, [jira.world.sprint(one) for one in jira.world.sprints.values() if one["board"] == board["id"]]
    )


@route("POST", "/agile/1.0/sprint")
def _add_sprint(jira: FakeJira, call: Call) -> Answer:
    return 201, jira.world.sprint(
        jira.world.add_sprint(call.body["originBoardId"], call.body["name"], **_times(call.body))
    )


@route("POST", "/agile/1.0/sprint/*")
def _edit_sprint(jira: FakeJira, call: Call) -> Answer:
    given = {key: call.body[key] for key in ("name", "state", "goal") if key in call.body}
    return 200, jira.world.sprint(jira.world.edit_sprint(int(call.parts[0]), **given, **_times(call.body)))


@route("POST", "/agile/1.0/sprint/*/issue")
def _into_sprint(jira: FakeJira, call: Call) -> Answer:
    sprint = int(call.parts[0])
    for key in call.body["issues"]:
        issue = jira.issue_of(call, key, needs="EDIT_ISSUES", write=True)
        closed = [one for one in issue.fields["sprints"] if jira.world.sprints[one]["state"] == "closed"]
        jira.world.edit(issue, by=call.who, sprints=[*closed, sprint])
    return 204, None


def _times(body: Json) -> Json:
    names = {"start": "startDate", "end": "endDate"}
    return {key: datetime.fromisoformat(body[name]).astimezone(UTC) for key, name in names.items() if body.get(name)}
