"""What a connection may do: whose name it speaks under, what it can read and write, which permission is lacking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations import read
from integrations.errors import BadPayload, PermanentError, TransientError
from integrations.github.auth import Connection
from integrations.ports import Check
from integrations.wire import Answer

APP_PERMISSIONS: Mapping[str, str] = {
    "metadata": "read",
    "issues": "write",
    "pull_requests": "write",
    "checks": "read",
    "statuses": "read",
}
"""What the App must have been given:

labels and comments are written to issues and pull requests, checks and statuses are read.
"""
_RANK = {"read": 1, "write": 2, "admin": 3}


def check(connection: Connection, project: str | None) -> Check:
    """Ask GitHub (two to four calls).

    Raises `PermanentError("unauthorised")` where the credentials themselves are refused.
    """
    return _app(connection, project) if connection.is_app else _token(connection, project)


RIGHTS = ("admin", "maintain", "write", "triage", "read", "none")
_FLAGS = (("admin", "admin"), ("maintain", "maintain"), ("push", "write"), ("triage", "triage"), ("pull", "read"))


def right(data: Any) -> str:
    """The right that GitHub's answer about a collaborator tells: by role, else (a role of the organisation's own) by
    what it includes. The old word `permission` knows neither triage nor maintain.
    """
    if not isinstance(data, dict):
        return "none"
    if data.get("role_name") in RIGHTS:
        return str(data["role_name"])
    user = data.get("user")
    flags = user.get("permissions") if isinstance(user, dict) else None
    if isinstance(flags, dict):
        return next((name for flag, name in _FLAGS if flags.get(flag) is True), "none")
    return str(data["permission"]) if data.get("permission") in RIGHTS else "none"


def own_login(connection: Connection) -> str:
    """The login our comments appear under (one call)."""
    if connection.is_app:
        return f"{_text(connection.app().call('GET', '/app'), 'slug')}[bot]"
    return _text(connection.transport().call("GET", "/user"), "login")


@dataclass(frozen=True, slots=True)
class _Seen:
    """How a repository looks to the connection."""

    readable: bool
    public: bool = False
    archived: bool = False
    push: bool = False
    triage: bool = False
    issues: bool = True


def _token(connection: Connection, project: str | None) -> Check:
    acting = connection.transport()
    who = acting.call("GET", "/user")
    login = _text(who, "login")
    listed = who.headers.get("x-oauth-scopes")
    scopes = None if listed is None else {one.strip() for one in listed.split(",") if one.strip()}
    seen = None if project is None else _repository(connection, project)
    missing: list[str] = []
    if scopes is not None and "repo" not in scopes:
        if seen is not None and seen.readable and seen.public:
            missing += [] if "public_repo" in scopes else ["scope public_repo (or repo)"]
        elif "public_repo" not in scopes or (seen is not None and not seen.readable):
            missing.append("scope repo")
    if seen is not None:
        missing += _lacking(seen)
    kind = "fine-grained token or one that tells no scopes" if scopes is None else "classic token"
    return _result(login, seen, missing, kind=kind, dedicated=False)


def _app(connection: Connection, project: str | None) -> Check:
    login = own_login(connection)
    installation = connection.credentials.installation
    if not installation:
        return Check(
            ok=False,
            login=login,
            can_read=False,
            can_write=False,
            missing=("an installation: install the App on the account first",),
            dedicated=True,
        )
    try:
        answer = connection.app().call("GET", f"/app/installations/{installation}")
    except PermanentError as error:
        if error.code != "gone":
            raise
        raise PermanentError(
            "unauthorised", f"the App has no installation {installation}: it was taken away"
        ) from error
    data = answer.data if isinstance(answer.data, dict) else {}
    if data.get("suspended_at"):
        raise PermanentError("forbidden", "the App's installation is suspended")
    given = read.soft_obj(data, "permissions")
    missing = [
        f"permission {name}: {level}"
        for name, level in APP_PERMISSIONS.items()
        if _RANK.get(str(given.get(name)), 0) < _RANK[level]
    ]
    seen = None if project is None else _repository(connection, project)
    if seen is not None and not seen.readable:
        missing += _lacking(seen)
    # What an installation may do is its permissions; the role in the answer is a user's.
    writes = all(f"permission {name}: write" not in missing for name in ("issues", "pull_requests"))
    return _result(login, seen, missing, kind="GitHub App", dedicated=True, writes=writes)


def _repository(connection: Connection, project: str) -> _Seen:
    """The repository as the connection sees it (two calls: the repository, and whether its issues can be listed)."""
    acting = connection.transport()
    try:
        answer = acting.call("GET", f"/repos/{project}")
    except PermanentError as error:
        if error.code in ("gone", "forbidden"):
            return _Seen(readable=False)
        raise
    data = answer.data if isinstance(answer.data, dict) else {}
    role = read.soft_obj(data, "permissions")
    issues = True
    try:
        acting.call("GET", f"/repos/{project}/issues", query={"per_page": 1})
    except PermanentError as error:
        # 410: the repository has issues turned off; its pull requests can still be watched.
        issues = error.code not in ("forbidden", "unauthorised")
    return _Seen(
        readable=True,
        public=data.get("private") is False,
        archived=data.get("archived") is True,
        push=any(role.get(one) is True for one in ("admin", "maintain", "push")),
        triage=role.get("triage") is True,
        issues=issues,
    )


def _lacking(seen: _Seen) -> list[str]:
    if not seen.readable:
        return ["access to the repository (or it does not exist)"]
    missing = []
    if not seen.issues:
        missing.append("permission issues: read")
    if not seen.push:
        # Triage may put labels on and take them off, but not create them.
        missing.append("role write (to create labels)" if seen.triage else "role triage or write")
    return missing


def _result(
    login: str, seen: _Seen | None, missing: list[str], *, kind: str, dedicated: bool, writes: bool | None = None
) -> Check:
    scoped = not any(one.startswith("scope") for one in missing)
    can_read = scoped if seen is None else seen.readable and seen.issues
    can_write = can_read and scoped and (writes if writes is not None else seen is None or seen.push or seen.triage)
    detail = kind
    if seen is not None and seen.archived:
        can_write, detail = False, f"{kind}; the repository is archived, so it can only be read"
    elif kind.startswith("fine-grained") and not missing:
        detail = (
            f"{kind}: it needs Issues and Pull requests, read and write; whether it has write shows at the first write"
        )
    return Check(
        ok=can_read and can_write and not missing,
        login=login,
        can_read=can_read,
        can_write=can_write,
        missing=tuple(missing),
        detail=detail,
        dedicated=dedicated,
    )


def _text(answer: Answer, key: str) -> str:
    try:
        return read.text(answer.data if isinstance(answer.data, Mapping) else _nothing(), key)
    except BadPayload as error:
        raise TransientError(f"GitHub's answer is not as expected: {error}") from error


def _nothing() -> dict[str, Any]:
    return {}
