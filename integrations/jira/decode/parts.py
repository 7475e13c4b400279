"""The parts most payloads share: people, the project, addresses.

A person's native id is the `accountId` (Cloud), else the `key`, else the `name` (Data Center): the key stays when a
user is renamed. The login is what people know somebody by and Jira shows: the display name on Cloud, where there is no
other, the user name on Data Center.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import BadPayload
from integrations.jira.site import Site
from integrations.readings import PersonSeen, ProjectSeen

Payload = Mapping[str, Any]
NOBODY = PersonSeen("anonymous", "Anonymous", bot=False, member=False)
"""Who wrote where Jira shows nobody: an anonymous visitor, or an account that is gone."""


def person(user: Payload, path: str) -> PersonSeen:
    """A person. Where no kind of account is told (Data Center, older payloads), neither is whether it is a machine."""
    account = read.opt_text(user, "accountId", path)
    kind = read.opt_text(user, "accountType", path)
    shown = read.opt_text(user, "displayName", path)
    name = read.opt_text(user, "name", path)
    native_id = account or read.opt_text(user, "key", path) or name
    if not native_id or len(native_id) > read.LONGEST_ID:
        raise read.bad(path, "accountId", native_id, "an accountId, a key or a name")
    login = (shown if account else name or shown) or native_id
    return PersonSeen(native_id, login, None if kind is None else kind == "app")


def opt_person(data: Payload, key: str, path: str) -> PersonSeen | None:
    """A person, or None where Jira shows nobody."""
    user = read.opt_obj(data, key, path)
    return None if not user else person(user, f"{path}.{key}" if path else key)


def actor(payload: Payload) -> PersonSeen | None:
    """Who caused a webhook, where it says so."""
    return opt_person(payload, "user", "")


def logins(*people: PersonSeen | None) -> dict[str, str]:
    """Logins by native id: a changelog names people by id and display name only."""
    return {one.native_id: one.login for one in people if one is not None}


def base_url(data: Payload, site: Site) -> str:
    """Where this Jira is: as the survey found it, else as an object's own address tells."""
    if site.base_url:
        return site.base_url
    own = data.get("self")
    return own.partition("/rest/")[0] if type(own) is str and own.startswith(("https://", "http://")) else ""


def browse(base: str, key: str) -> str:
    """The page of an issue or project."""
    return f"{base}/browse/{key}" if base else ""


def comment_url(base: str, key: str, comment: str) -> str:
    return f"{base}/browse/{key}?focusedCommentId={comment}" if base and key else ""


def search(base: str, field: str, native_id: str) -> str:
    """The page that lists the issues of a sprint or version: its address needs no board and no project."""
    return f"{base}/issues/?jql={field}%3D{native_id}" if base else ""


def project(data: Payload, path: str, base: str) -> ProjectSeen:
    """The project. Whether everybody may read it, Jira does not say."""
    kind = read.opt_text(data, "projectTypeKey", path)
    key = read.text(data, "key", path)
    return ProjectSeen(
        native_id=read.ident(data, "id", path),
        key=key,
        url=browse(base, key),
        archived=read.opt_flag(data, "archived", path),
        service_desk=None if kind is None else kind == "service_desk",
    )


def told_at(payload: Payload) -> datetime | None:
    """The payload's own time, to the millisecond."""
    return read.opt_millis(payload, "timestamp")


def number_of(key: str, path: str) -> int:
    """231 of "PAY-231"."""
    digits = key.rpartition("-")[2]
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15 or len(key) > read.LONGEST_ID:
        raise BadPayload(path, key, 'a key such as "PAY-231"')
    return int(digits)


def named(data: Payload, key: str, path: str) -> str | None:
    """The name of an object; older payloads write the bare name, or its id."""
    value = data.get(key)
    if value is None or type(value) is str:
        return read.opt_text(data, key, path)
    return read.opt_text(read.obj(data, key, path), "name", f"{path}.{key}")


def objects(data: Payload, key: str, path: str) -> Iterator[tuple[str, Payload]]:
    """The objects of a list, each with its path; nothing where there is no such list."""
    for place, one in enumerate(read.objects(data, key, path) or ()):
        yield f"{path}.{key}.{place}" if path else f"{key}.{place}", one
