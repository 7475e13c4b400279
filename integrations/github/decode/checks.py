"""Checks on a commit: `check_run`, `check_suite` and the older `status`.

A check is named so that running it again replaces it: `run:<app>/<name>`, `suite:<app>`, `status:<context>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import Ignored
from integrations.github.decode import item, parts
from integrations.readings import ChecksSeen, ProjectSeen, Reading
from rules.facts import Checks

Payload = Mapping[str, Any]

_CONCLUSIONS = {
    "success": Checks.GREEN,
    "neutral": Checks.GREEN,
    "skipped": Checks.GREEN,
    "failure": Checks.RED,
    "timed_out": Checks.RED,
    "startup_failure": Checks.RED,
    "cancelled": Checks.RED,
    "action_required": Checks.AWAITING_APPROVAL,
}
_STATUSES = {"success": Checks.GREEN, "failure": Checks.RED, "error": Checks.RED, "pending": Checks.PENDING}


def check_run(payload: Payload, received_at: datetime) -> Reading:
    """A check run was created, ran or ended."""
    project = parts.project(read.obj(payload, "repository"))
    data = read.obj(payload, "check_run")
    return _reading(payload, project, run(data, project, received_at))


def run(data: Mapping[str, Any], project: ProjectSeen, received_at: datetime, path: str = "check_run") -> ChecksSeen:
    """A check run, from a webhook or from the API's list of them."""
    at = read.opt_instant(data, "completed_at", path) or read.opt_instant(data, "started_at", path) or received_at
    return ChecksSeen(
        head_sha=read.text(data, "head_sha", path),
        name=f"run:{_app(data, path)}/{read.text(data, 'name', path)}",
        state=_state(data, path),
        at=at,
        items=_items(data, project, path),
    )


def check_suite(payload: Payload, received_at: datetime) -> Reading:
    """A suite of check runs was asked for or ended; one that has no runs is ignored."""
    project = parts.project(read.obj(payload, "repository"))
    data = read.obj(payload, "check_suite")
    state = _state(data, "check_suite")
    if state is Checks.PENDING and not data.get("latest_check_runs_count"):
        # GitHub opens a suite for every app that could run checks; most never do, and theirs stay queued for good.
        raise Ignored("a check suite without check runs: its app may never run any")
    seen = ChecksSeen(
        head_sha=read.text(data, "head_sha", "check_suite"),
        name=f"suite:{_app(data, 'check_suite')}",
        state=state,
        at=read.opt_instant(data, "updated_at", "check_suite") or received_at,
        items=_items(data, project, "check_suite"),
    )
    return _reading(payload, project, seen)


def status(payload: Payload, received_at: datetime) -> Reading:
    """A commit status was set. It names no pull requests: the commit tells them."""
    project = parts.project(read.obj(payload, "repository"))
    return _reading(payload, project, context(payload, read.text(payload, "sha"), received_at))


def context(data: Mapping[str, Any], sha: str, received_at: datetime, path: str = "") -> ChecksSeen:
    """A status of a commit, from a webhook or from the API's list of them."""
    return ChecksSeen(
        head_sha=sha,
        name=f"status:{read.opt_text(data, 'context', path) or 'default'}",
        state=_STATUSES.get(read.text(data, "state", path), Checks.UNKNOWN),
        at=read.opt_instant(data, "updated_at", path) or received_at,
    )


def _reading(payload: Payload, project: ProjectSeen, seen: ChecksSeen) -> Reading:
    return Reading(at=seen.at, project=project, actor=parts.sender(payload), checks=(seen,))


def _state(data: Mapping[str, Any], path: str) -> Checks:
    """Red, green or waiting. A run whose conclusion went stale has none;

    a conclusion GitHub adds later is unknown, not green.
    """
    conclusion = read.opt_text(data, "conclusion", path)
    if conclusion is None:
        return Checks.UNKNOWN if read.opt_text(data, "status", path) == "completed" else Checks.PENDING
    return _CONCLUSIONS.get(conclusion, Checks.UNKNOWN)


def _app(data: Mapping[str, Any], path: str) -> str:
    app = read.opt_obj(data, "app", path)
    return (
        "" if app is None else (read.opt_text(app, "slug", f"{path}.app") or str(read.whole(app, "id", f"{path}.app")))
    )


def _items(data: Mapping[str, Any], project: ProjectSeen, path: str) -> tuple[str, ...]:
    """The pull requests GitHub lists with the check.

    Those of this repository (a fork's commit may list others), none for forks.
    """
    found = []
    for place, pull in enumerate(read.objects(data, "pull_requests", path) or ()):
        base = read.soft_obj(read.soft_obj(pull, "base"), "repo").get("id")
        if base is None or str(base) == project.native_id:
            found.append(item.native_id(project.native_id, read.whole(pull, "number", f"{path}.pull_requests.{place}")))
    return tuple(found)
