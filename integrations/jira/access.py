"""What a connection may do, and what others may: rights of Jira in the core's words.

Edit Issues is a triager's right, Manage Sprints or Administer Projects a maintainer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations import read
from integrations.errors import BadPayload, PermanentError, TransientError
from integrations.jira.auth import Connection, wanted
from integrations.jira.decode import parts
from integrations.ports import Check
from integrations.readings import PersonSeen
from integrations.wire import Answer

BROWSE, EDIT, COMMENT = "BROWSE_PROJECTS", "EDIT_ISSUES", "ADD_COMMENTS"
EDIT_OWN, DELETE_OWN = "EDIT_OWN_COMMENTS", "DELETE_OWN_COMMENTS"
SPRINTS, ADMINISTER = "MANAGE_SPRINTS_PERMISSION", "ADMINISTER_PROJECTS"
NEEDED: Mapping[str, str] = {
    BROWSE: "Browse Projects",
    EDIT: "Edit Issues",
    COMMENT: "Add Comments",
    EDIT_OWN: "Edit Own Comments",
    DELETE_OWN: "Delete Own Comments",
}
"""What the account must have been given, as Jira's permission scheme names it."""
_PEOPLE = 100
"""How many people of one name or beginning are looked through."""


def check(connection: Connection, project: str | None) -> Check:
    """Ask Jira (two calls, three with a project).

    Raises `PermanentError("unauthorised")` where the credentials themselves are refused, or are of the other edition.
    """
    _same_edition(connection)
    who = myself(connection)
    if project is None:
        detail = "Jira Cloud" if connection.cloud else "Jira Data Center"
        return Check(ok=True, login=who.login, can_read=True, can_write=True, detail=detail)
    has = _own_rights(connection, project)
    if has is None:
        hidden = (f"access to the project {project} (or it does not exist)",)
        return Check(ok=False, login=who.login, can_read=False, can_write=False, missing=hidden, detail=_mend(project))
    missing = tuple(f"permission {name}" for right, name in NEEDED.items() if right not in has)
    detail = _mend(project) if missing else _beyond(has)
    can_read = BROWSE in has
    return Check(
        ok=not missing,
        login=who.login,
        can_read=can_read,
        can_write=can_read and EDIT in has and COMMENT in has,
        missing=missing,
        detail=detail,
    )


def _mend(project: str) -> str:
    return f"a project administrator can give it: {project} > Project settings > Permissions"


def _beyond(has: frozenset[str]) -> str:
    """What administering would add."""
    if ADMINISTER in has:
        return ""
    return (
        "without Administer Projects, Jira mails watchers when a comment is edited, and does not say who else may "
        "manage the project: then only what webhooks tell decides who may answer"
    )


def _same_edition(connection: Connection) -> None:
    """Whether the address is of the edition that the credentials are for (one call; anybody may ask)."""
    try:
        data = connection.call("GET", "/serverInfo").data
    except PermanentError as error:
        if error.code in ("unauthorised", "forbidden"):
            return  # closed to strangers: the next call tells
        raise PermanentError("invalid", f"{connection.base_url} answers, but not as a Jira does: {error}") from error
    kind = data.get("deploymentType") if isinstance(data, dict) else None
    if kind is None:
        raise PermanentError("invalid", f"{connection.base_url} answers, but not as a Jira does")
    cloud = kind == "Cloud"
    if cloud != connection.cloud:
        here, given = ("Jira Cloud", "without an account") if cloud else ("Jira Data Center", "with an account")
        raise PermanentError(
            "unauthorised", f"{connection.base_url} is {here}, but the token came {given}: {wanted(cloud=cloud)}"
        )


def myself(connection: Connection) -> PersonSeen:
    """Whose account this is (one call)."""
    try:
        answer = connection.call("GET", "/myself")
    except PermanentError as error:
        if error.code not in ("unauthorised", "forbidden"):
            raise
        raise PermanentError("unauthorised", f"{error}; {wanted(cloud=connection.cloud)}") from error
    try:
        return parts.person(data_of(answer), "myself")
    except BadPayload as error:
        raise TransientError(f"Jira's answer is not as expected: {error}") from error


def _own_rights(connection: Connection, project: str) -> frozenset[str] | None:
    """What the account may do in a project; None where it cannot see it (one call)."""
    asked = ",".join((*NEEDED, ADMINISTER))
    try:
        answer = connection.call("GET", "/mypermissions", query={"projectKey": project, "permissions": asked})
    except PermanentError as error:
        if error.code != "gone":
            raise
        return None
    rights = read.soft_obj(data_of(answer), "permissions")
    return frozenset(one for one in rights if read.soft_obj(rights, one).get("havePermission") is True)


def right(connection: Connection, project: str, person: PersonSeen) -> str:
    """What somebody may do: read, triage or maintain.

    One call for who may not edit, two for who may manage sprints, else three. On Cloud the account's id decides, since
    anybody can take another's display name; on Data Center the user name, which nobody else can have.

    Raises `PermanentError("forbidden")` where our account does not administer the project: then Jira does not tell.
    """
    account = person.native_id if connection.cloud else person.login
    if not _may(connection, project, account, EDIT):
        return "read"
    if _may(connection, project, account, SPRINTS) or _may(connection, project, account, ADMINISTER):
        return "maintain"
    return "triage"


def _may(connection: Connection, project: str, account: str, permission: str) -> bool:
    """Whether somebody has a permission in a project (one call)."""
    query: dict[str, Any] = {"projectKey": project, "permissions": permission, "maxResults": _PEOPLE}
    query["accountId" if connection.cloud else "username"] = account
    try:
        people = list_of(connection.call("GET", "/user/permission/search", query=query))
    except PermanentError as error:
        if error.code != "invalid" or permission != SPRINTS:
            raise
        return False  # a Jira that knows no such permission: boards are not installed, or it is an old one
    # Data Center finds whoever's name holds the word.
    return any(one.get("accountId" if connection.cloud else "name") == account for one in people)


def data_of(answer: Answer) -> Mapping[str, Any]:
    """An answer that must be an object."""
    if not isinstance(answer.data, dict):
        raise TransientError("Jira's answer is not an object")
    return answer.data


def list_of(answer: Answer) -> list[Mapping[str, Any]]:
    """An answer that must be a list of objects."""
    if not isinstance(answer.data, list) or not all(isinstance(one, dict) for one in answer.data):
        raise TransientError("Jira's answer is not a list of objects")
    return answer.data
