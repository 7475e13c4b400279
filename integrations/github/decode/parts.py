"""The parts most payloads share: people, the repository, milestones, labels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from integrations import read
from integrations.readings import MilestoneSeen, PersonSeen, ProjectSeen

MEMBERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


def person(user: Mapping[str, Any], path: str, association: str | None = None) -> PersonSeen:
    """A person. `association` is the `author_association` of what they wrote, where there is one."""
    login = read.text(user, "login", path)
    kind = user.get("type")
    bot = True if kind == "Bot" or login.endswith("[bot]") else (False if type(kind) is str else None)
    return PersonSeen(
        str(read.whole(user, "id", path)), login, bot, None if association is None else association in MEMBERS
    )


def opt_person(data: Mapping[str, Any], key: str, path: str, association: str | None = None) -> PersonSeen | None:
    """A person, or None where GitHub shows nobody (a deleted account)."""
    user = read.opt_obj(data, key, path)
    return None if user is None else person(user, f"{path}.{key}" if path else key, association)


def author(data: Mapping[str, Any], path: str) -> PersonSeen | None:
    """Who wrote an issue, pull request, comment or review, with what they are in this repository."""
    return opt_person(data, "user", path, read.opt_text(data, "author_association", path))


def sender(payload: Mapping[str, Any], *authors: PersonSeen | None) -> PersonSeen | None:
    """Who acted. The payload says of authors only whether they are members.

    Taken over where the sender is one of `authors`.
    """
    found = opt_person(payload, "sender", "")
    if found is not None:
        for one in authors:
            if one is not None and one.native_id == found.native_id and one.member is not None:
                return PersonSeen(found.native_id, found.login, found.bot, one.member)
    return found


def people(data: Mapping[str, Any], key: str, path: str) -> tuple[PersonSeen, ...] | None:
    """A list of people; None where the payload has no such list. Null entries (deleted accounts) are left out."""
    users = read.array(data, key, path)
    if users is None:
        return None
    seen = []
    for place, user in enumerate(users):
        if user is None:
            continue
        if type(user) is not dict:
            raise read.bad(path, f"{key}.{place}", user, "an object")
        seen.append(person(user, f"{path}.{key}.{place}"))
    return tuple(seen)


def project(repository: Mapping[str, Any], path: str = "repository") -> ProjectSeen:
    """The repository."""
    private = read.opt_flag(repository, "private", path)
    owner = read.soft_obj(repository, "owner").get("login")
    key = read.text(repository, "full_name", path)
    return ProjectSeen(
        native_id=str(read.whole(repository, "id", path)),
        key=key,
        url=read.opt_text(repository, "html_url", path) or "",
        public=None if private is None else not private,
        archived=read.opt_flag(repository, "archived", path),
        owner=read.clean(owner) if type(owner) is str else key.partition("/")[0],
    )


def label_names(data: Mapping[str, Any], path: str) -> tuple[str, ...] | None:
    """The names of the labels; None where the payload has no such list. Old API answers list bare names."""
    labels = read.array(data, "labels", path)
    if labels is None:
        return None
    names = []
    for place, one in enumerate(labels):
        if type(one) is dict:
            names.append(read.text(one, "name", f"{path}.labels.{place}"))
        elif type(one) is str:
            names.append(read.clean(one))
        else:
            raise read.bad(path, f"labels.{place}", one, "a label")
    return tuple(names)


def milestone(data: Mapping[str, Any], path: str, *, deleted: bool = False) -> MilestoneSeen:
    """A milestone. `due` is the UTC date of `due_on`."""
    state = read.text(data, "state", path)
    return MilestoneSeen(
        native_id=str(read.whole(data, "id", path)),
        number=read.whole(data, "number", path),
        title=read.text(data, "title", path),
        url=read.opt_text(data, "html_url", path) or "",
        open=state == "open",
        as_of=read.opt_instant(data, "updated_at", path),
        due=due(data, path),
        created_at=read.opt_instant(data, "created_at", path),
        closed_at=read.opt_instant(data, "closed_at", path),
        deleted=deleted,
    )


def due(data: Mapping[str, Any], path: str) -> date | None:
    """The day a milestone is due."""
    return read.opt_day(data, "due_on", path)
