"""What intake needs to know of a GitHub delivery before it is stored."""

from __future__ import annotations

from collections.abc import Mapping

from integrations import read
from integrations.errors import BadPayload
from integrations.ports import HISTORY
from integrations.readings import Envelope, Payload


def envelope(headers: Mapping[str, str], payload: object) -> Envelope:
    """The envelope of a delivery. Header names are lower case. Raises `BadPayload` naming the header or field."""
    guid = _header(headers, "x-github-delivery", "the delivery's id")
    event = _header(headers, "x-github-event", "the event's name")
    if event == HISTORY:  # only what we asked for ourselves is read as such
        raise BadPayload("header x-github-event", event, "an event of GitHub's")
    if type(payload) is not dict:
        raise BadPayload("payload", payload, "an object")
    repository = read.opt_obj(payload, "repository")
    installation = read.opt_obj(payload, "installation")
    return Envelope(
        guid=guid,
        event=event,
        action=read.opt_text(payload, "action"),
        project=None if repository is None else str(read.whole(repository, "id", "repository")),
        project_key=None if repository is None else read.text(repository, "full_name", "repository"),
        installation=None if installation is None else str(read.whole(installation, "id", "installation")),
        subject=_subject(event, payload),
    )


def _header(headers: Mapping[str, str], name: str, expected: str) -> str:
    value = headers.get(name)
    if not value or len(value) > 200:
        raise BadPayload(f"header {name}", value, f"{expected}, at most 200 characters")
    return read.clean(value)


def _subject(event: str, payload: Payload) -> str | None:
    """What the delivery is about, for people. Display only: a field that is missing or odd is no error here."""
    for key in ("issue", "pull_request", "sub_issue", "blocked_issue"):
        number = read.soft_obj(payload, key).get("number")
        if type(number) is int:
            return f"#{number}"
    for key in ("milestone", "label"):
        of = read.soft_obj(payload, key)
        name = of.get("title" if key == "milestone" else "name")
        if type(name) is str:
            return f"{key} {read.clean(name)[:80]}"
    for key in ("check_run", "check_suite"):
        sha = read.soft_obj(payload, key).get("head_sha")
        if type(sha) is str:
            return f"commit {read.clean(sha)[:7]}"
    for key in ("sha", "after"):
        sha = payload.get(key)
        if event in ("status", "push") and type(sha) is str:
            return f"commit {read.clean(sha)[:7]}"
    return None
