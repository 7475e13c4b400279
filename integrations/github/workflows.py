"""What runs in a repository by itself and would meet our labels and comments: workflows, and bots for stale items.

Read from the default branch. Runs that a token or an App causes start workflows as a person's do, so a workflow on
`labeled` would run on each of our labels.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import yaml

from integrations import read
from integrations.errors import PermanentError
from integrations.github.auth import Connection
from integrations.ports import Automation

FILES = 60
"""At most so many workflow files are read."""
SIZE = 100_000
"""A larger file is not looked at: no workflow is."""
STALE_CONFIG = ("stale.yml", "stale.yaml")
"""What the app Probot Stale and its like are set up with, under .github."""
_STALE = re.compile(r"""^[\s-]*uses:\s*["']?actions/stale@""", re.MULTILINE)
_LABELS = frozenset({"labeled", "unlabeled"})
_LABELLED = {"issues": True, "pull_request": False, "pull_request_target": False}
"""Events with labels among their types, and whether those are so where none are named."""


def automation(connection: Connection, repo: str) -> tuple[Automation, ...]:
    """What runs by itself in the repository at this path (one call; two or three where there is a folder .github, and
    one for each workflow).

    Raises `PermanentError("forbidden")` where the files cannot be read.
    """
    if not any(_name(one) == ".github" for one in _listed(connection, repo, "", top=True)):
        return ()
    entries = _listed(connection, repo, ".github")
    found = [Automation("stale", f".github/{_name(one)}", _url(one)) for one in entries if _name(one) in STALE_CONFIG]
    if not any(_name(one) == "workflows" for one in entries):
        return tuple(found)
    files = [one for one in _listed(connection, repo, ".github/workflows") if _is_workflow(one)]
    for one in files[:FILES]:
        where = f".github/workflows/{_name(one)}"
        text = _text(connection, repo, where)
        found += [Automation(kind, where, _url(one)) for kind in kinds(text)]
    return tuple(found)


def kinds(text: str) -> Iterator[str]:
    """What a workflow does that meets us: labels, comments, stale."""
    if _STALE.search(text):
        yield "stale"
    triggers = _triggers(text)
    if "label" in triggers or any(
        _LABELS & types if (types := triggers[name]) else also for name, also in _LABELLED.items() if name in triggers
    ):
        yield "labels"
    if "issue_comment" in triggers:
        yield "comments"


def _triggers(text: str) -> dict[str, frozenset[str]]:
    """Events by name with the types that are named, none where all are meant. What is no workflow has none."""
    try:
        doc = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    if not isinstance(doc, dict):
        return {}
    on = doc.get("on", doc.get(True))  # YAML 1.1 reads the bare word `on` as a truth
    if isinstance(on, str):
        return {on: frozenset()}
    if isinstance(on, list):
        return {one: frozenset() for one in on if isinstance(one, str)}
    if not isinstance(on, dict):
        return {}
    return {str(name): _types(how) for name, how in on.items()}


def _types(how: Any) -> frozenset[str]:
    types = how.get("types") if isinstance(how, dict) else None
    if isinstance(types, str):
        return frozenset({types})
    return frozenset(one for one in types if isinstance(one, str)) if isinstance(types, list) else frozenset()


def _listed(connection: Connection, repo: str, folder: str, *, top: bool = False) -> list[Mapping[str, Any]]:
    """The entries of a folder; none where it is not there."""
    try:
        data = connection.call("GET", f"{repo}/contents/{quote(folder)}".rstrip("/")).data
    except PermanentError as error:
        if error.code == "gone" and (not top or "empty" in str(error)):
            return []
        if error.code in ("gone", "forbidden"):  # without the right to read contents, GitHub says either
            raise PermanentError("forbidden", "the repository's files cannot be read") from error
        raise
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []


def _text(connection: Connection, repo: str, path: str) -> str:
    try:
        data = connection.call("GET", f"{repo}/contents/{quote(path)}").data
    except PermanentError as error:
        if error.code != "gone":
            raise
        return ""
    content = data.get("content") if isinstance(data, dict) else None
    if not isinstance(content, str) or len(content) > 2 * SIZE:
        return ""
    try:
        return base64.b64decode(content).decode("utf-8", "replace")[:SIZE]
    except binascii.Error:
        return ""


def _is_workflow(one: Mapping[str, Any]) -> bool:
    size = one.get("size")
    return _name(one).endswith((".yml", ".yaml")) and not (isinstance(size, int) and size > SIZE)


def _name(one: Mapping[str, Any]) -> str:
    return read.opt_text(one, "name", "contents") or ""


def _url(one: Mapping[str, Any]) -> str:
    url = one.get("html_url")
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else ""
