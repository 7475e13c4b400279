"""What intake needs to know of a Jira delivery before it is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from integrations import read
from integrations.errors import BadPayload
from integrations.ports import HISTORY
from integrations.readings import Envelope, Payload

IDENTIFIER = "x-atlassian-webhook-identifier"
"""The same in every attempt of one delivery; Data Center sends none."""
LONGEST = 200


def envelope(headers: Mapping[str, str], payload: object) -> Envelope:
    """The envelope of a delivery. Header names are lower case. Raises `BadPayload` naming the header or field."""
    if type(payload) is not dict:
        raise BadPayload("payload", payload, "an object")
    event = read.text(payload, "webhookEvent")
    if not event or len(event) > LONGEST or event == HISTORY:  # only what we asked for ourselves is read as history
        raise BadPayload("webhookEvent", event, f"an event of Jira's, at most {LONGEST} characters")
    project, key = _project(payload)
    return Envelope(
        guid=_guid(headers, payload),
        event=event,
        action=read.opt_text(payload, "issue_event_type_name"),
        project=project,
        project_key=key,
        subject=_subject(payload),
    )


def _guid(headers: Mapping[str, str], payload: Payload) -> str:
    """Jira's own identifier, else a digest of the payload: its timestamp tells two deliveries apart."""
    given = headers.get(IDENTIFIER)
    if given is not None:
        if not given or len(given) > LONGEST:
            raise BadPayload(f"header {IDENTIFIER}", given, f"the delivery's id, at most {LONGEST} characters")
        return read.clean(given)
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return "digest:" + hashlib.sha256(canonical.encode()).hexdigest()


def _project(payload: Payload) -> tuple[str | None, str | None]:
    """The project's id and key as far as the payload tells them. Sprints, links and work logs name none."""
    issue = read.opt_obj(payload, "issue")
    if issue is not None:
        project = read.soft_obj(read.soft_obj(issue, "fields"), "project")
        if "id" in project:
            path = "issue.fields.project"
            return read.ident(project, "id", path), read.text(project, "key", path)
        key = read.opt_text(issue, "key", "issue") or ""
        return None, key.rpartition("-")[0] or None
    project = read.soft_obj(payload, "project")
    if "id" in project:
        return read.ident(project, "id", "project"), read.opt_text(project, "key", "project")
    version = read.soft_obj(payload, "version")
    if version.get("projectId") is not None:
        return read.ident(version, "projectId", "version"), None
    return None, None


def _subject(payload: Payload) -> str | None:
    """What the delivery is about, for people. Display only: a field that is missing or odd is no error here."""
    key = read.soft_obj(payload, "issue").get("key")
    if type(key) is str:
        return read.clean(key)[:80]
    for part in ("sprint", "version", "board", "project"):
        name = read.soft_obj(payload, part).get("name")
        if type(name) is str:
            return f"{part} {read.clean(name)[:80]}"
    for part, words in (("worklog", "work log"), ("issueLink", "link"), ("comment", "comment")):
        native_id = read.soft_obj(payload, part).get("id")
        if type(native_id) in (int, str):
            return f"{words} {read.clean(str(native_id))[:80]}"
    return None
