"""A strict GitHub that knows the past of one recorded repository: issues, timelines, reviews, milestones, hooks.

It is made of the same recording that is replayed as webhooks, up to an instant. An unknown path is 500, so that a test
fails instead of passing by accident; lists come in pages with a Link header; every answer bears `now` as its date.
"""

# ruff: noqa: A002
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integrations.sandbox.payloads import Shapes, full_sha, number_of, stamp
from integrations.sandbox.recording import Entry, Recording
from integrations.sandbox.state import ItemState, ProjectState, apply
from tests.support import serving as served

Doc = dict[str, Any]
_SAME = {
    "reopened": "reopened", "drafted": "convert_to_draft", "readied": "ready_for_review", "locked": "locked",
    "unlocked": "unlocked", "labeled": "labeled", "unlabeled": "unlabeled", "assigned": "assigned",
    "unassigned": "unassigned", "review_requested": "review_requested",
    "review_request_removed": "review_request_removed", "milestoned": "milestoned", "demilestoned": "demilestoned",
    "comment_deleted": "comment_deleted",
}  # fmt: skip


@dataclass
class Trouble:
    """An answer given instead of the right one, to calls whose "VERB path" contains `key`, after `skip` good ones."""

    key: str
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    skip: int = 0
    times: int = 1


class FakeHistory:
    """See the module. `entries` are those of the recording up to `until`."""

    def __init__(self, recording: Recording, *, until: datetime | None = None) -> None:
        self.shapes = Shapes(recording.header)
        self.key = recording.header.repository
        self.native_id = str(self.shapes.repository["id"])
        self.url = ""
        self.tokens = {"good"}
        self.calls: list[str] = []
        self.troubles: list[Trouble] = []
        self.hooks: list[Doc] = []
        self.deliveries: list[Doc] = []
        self.asked_again: list[int] = []
        self.comments: dict[int, Doc] = {}
        """Comments that can be asked for by their id."""
        self.hidden: set[str] | None = set()
        """Node ids of comments that somebody hid, as GraphQL tells; None: this server has no GraphQL."""
        self.gone: dict[int, int] = {}
        """Items that are answered with this status instead."""
        self.state = ProjectState()
        self.timelines: dict[int, list[Doc]] = {}
        self.reviews: dict[int, list[Doc]] = {}
        self.review_comments: dict[int, list[Doc]] = {}
        self.now = datetime(2014, 1, 1, tzinfo=UTC)
        self._ids = 0
        for entry in recording.entries:
            if until is None or entry.at <= until:
                self.happen(entry)
        self.now += timedelta(days=1)

    # --- what happens

    def happen(self, entry: Entry) -> None:
        """One more fact."""
        self.now = max(self.now, entry.at)
        before = self.state.items[entry.number].title if entry.kind == "edited" else ""
        apply(self.state, entry)
        if not entry.kind.startswith("milestone_"):
            item = self.state.items[entry.number]
            told = self.timelines.setdefault(entry.number, [])
            told.extend(self._told(item, entry, before))

    def _told(self, item: ItemState, entry: Entry, title_before: str) -> Iterator[Doc]:
        who, at = self.shapes.user(entry.by), stamp(entry.at)
        self._ids += 1
        base: Doc = {"id": self._ids, "node_id": "X", "actor": who, "created_at": at, "commit_id": None}
        association = self.shapes.association(item, entry.by)
        match entry.kind:
            case "opened":
                return
            case "edited":
                if entry.title is not None:
                    yield base | {"event": "renamed", "rename": {"from": title_before, "to": entry.title}}
            case "closed":
                if entry.merged:
                    yield base | {"event": "merged", "commit_id": full_sha(f"merge {item.sha}")}
                yield base | {"event": "closed", "id": self._ids + 10**9, "state_reason": None}
            case "pushed":
                commit = {"date": at, "name": entry.by, "email": ""}
                yield {"event": "committed", "sha": full_sha(item.sha), "author": commit, "committer": commit,
                       "message": "", "parents": [], "url": "", "html_url": ""}  # fmt: skip
            case "commented":
                shown = self.shapes.comment(item, identity=entry.id, by=entry.by, body=entry.body or "", at=entry.at)
                yield shown | {"event": "commented", "actor": who}
            case "reviewed":
                shown = self.shapes.review(
                    item, identity=entry.id, by=entry.by, state=entry.state, body=entry.body or "", at=entry.at
                )
                self.reviews.setdefault(item.number, []).append(shown | {"state": entry.state.upper()})
                yield shown | {"event": "reviewed"}
            case "review_commented":
                self.review_comments.setdefault(item.number, []).append(
                    self.shapes.review_comment(
                        item, identity=entry.id, by=entry.by, path=entry.path, body=entry.body or "", at=entry.at
                    )
                )
            case _:
                yield base | {"event": _SAME[entry.kind], "author_association": association} | self._object(entry)

    def _object(self, entry: Entry) -> Doc:
        if entry.label:
            return {"label": {"name": entry.label, "color": "ededed"}}
        if entry.milestone:
            return {"milestone": {"title": self.state.milestones[entry.milestone].title}}
        person = self.shapes.user(entry.person) if entry.person else None
        if entry.kind in ("assigned", "unassigned"):
            return {"assignee": person, "assigner": self.shapes.user(entry.by)}
        if entry.kind.startswith("review_request"):
            return {"requested_reviewer": person, "review_requester": self.shapes.user(entry.by)}
        return {}

    # --- answers

    def answer(
        self, verb: str, path: str, query: dict[str, str], auth: str, body: Any = None
    ) -> tuple[int, Any, dict[str, str]]:
        self.calls.append(f"{verb} {path}")
        for trouble in self.troubles:
            if trouble.times and trouble.key in f"{verb} {path}":
                if trouble.skip:
                    trouble.skip -= 1
                    continue
                trouble.times -= 1
                return trouble.status, trouble.body, trouble.headers
        if auth.partition(" ")[2] not in self.tokens:
            return 401, {"message": "Bad credentials"}, {}
        if verb == "GET" and path == "/user":
            return 200, self.shapes.user("plumb"), {"X-OAuth-Scopes": "repo"}
        if verb == "GET" and path == f"/repositories/{self.native_id}":
            return 200, self.shapes.repository, {}
        if path == "/graphql":
            return self._graphql(verb, body)
        base = f"/repos/{self.key}"
        if not path.startswith(base):
            return 404, {"message": "Not Found"}, {}
        return self._in_repository(verb, path.removeprefix(base), query)

    def _in_repository(self, verb: str, path: str, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        if path == "":
            return 200, self.shapes.repository, {}
        if path == "/issues":
            return self._page(self._listed(query), path, query)
        if path == "/milestones":
            assert query["state"] == "all"
            return self._page([self.shapes.milestone(one) for one in self.state.milestones.values()], path, query)
        if (found := re.fullmatch(r"/(issues|pulls)/(\d+)(/\w+)?", path)) is not None:
            return self._item(found[1], int(found[2]), found[3] or "", query)
        if (found := re.fullmatch(r"/commits/([0-9a-f]{40})/(check-runs|status)", path)) is not None:
            return 200, {"check_runs": [], "statuses": [], "state": "pending"}, {}
        if verb == "GET" and (found := re.fullmatch(r"/issues/comments/(\d+)", path)) is not None:
            said = self.comments.get(int(found[1]))
            return (404, {"message": "Not Found"}, {}) if said is None else (200, said, {})
        return self._hooks(verb, path, query)

    def _graphql(self, verb: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        """Whether a comment is hidden: the one question that is asked."""
        if self.hidden is None:
            return 404, {"message": "Not Found"}, {}
        assert (verb, sorted(body)) == ("POST", ["query", "variables"])
        assert "isMinimized" in body["query"]
        node = body["variables"]["id"]
        if node not in {one["node_id"] for one in self.comments.values()}:
            error = {"type": "NOT_FOUND", "path": ["node"], "message": "Could not resolve to a node"}
            return 200, {"data": {"node": None}, "errors": [error]}, {}
        return 200, {"data": {"node": {"isMinimized": node in self.hidden}}}, {}

    def _item(self, kind: str, number: int, part: str, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        item = self.state.items.get(number)
        if item is None or number in self.gone or (kind == "pulls" and not item.pull):
            return self.gone.get(number, 404), {"message": "Not Found"}, {}
        milestone = self.state.milestones.get(item.milestone)
        if (kind, part) == ("issues", ""):
            return 200, self.shapes.issue(item, milestone), {}
        if (kind, part) == ("pulls", ""):
            shown = self.shapes.pull_request(item, milestone)
            return 200, shown | {"review_comments": len(self.review_comments.get(number, []))}, {}
        lists = {
            ("issues", "/timeline"): self.timelines,
            ("pulls", "/reviews"): self.reviews,
            ("pulls", "/comments"): self.review_comments,
        }
        if (kind, part) not in lists:
            return 500, {"message": f"the fake knows no {kind} {part}"}, {}
        return self._page(lists[kind, part].get(number, []), f"/{kind}/{number}{part}", query)

    def _listed(self, query: dict[str, str]) -> list[Doc]:
        assert query["state"] == "all"
        if query.get("per_page") != "1":
            assert (query["sort"], query["direction"]) == ("updated", "asc")
        since = query.get("since", "")
        items = sorted(self.state.items.values(), key=lambda one: (one.updated_at, one.number))
        return [
            self.shapes.issue(one, self.state.milestones.get(one.milestone))
            for one in items
            if stamp(one.updated_at) >= since and one.number not in self.gone
        ]

    def _page(self, entries: list[Doc], path: str, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        assert size <= 100
        last = max(1, -(-len(entries) // size))
        rest = "".join(f"&{key}={value}" for key, value in query.items() if key not in ("page",))
        links = [
            f'<{self.url}/repositories/{self.native_id}{path}?page={number}{rest}>; rel="{rel}"'
            for rel, number in (("next", page + 1), ("last", last))
            if page < last
        ]
        headers = {"Link": ", ".join(links)} if links else {}
        return 200, entries[(page - 1) * size : page * size], headers

    def _hooks(self, verb: str, path: str, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        if path == "/hooks":
            return 200, self.hooks, {}
        if re.fullmatch(r"/hooks/\d+/deliveries", path):
            return 200, self.deliveries, {}
        if verb == "POST" and (found := re.fullmatch(r"/hooks/\d+/deliveries/(\d+)/attempts", path)) is not None:
            self.asked_again.append(int(found[1]))
            return 202, {}, {}
        return 500, {"message": f"the fake knows no {verb} {path}"}, {}


@contextmanager
def serving(fake: FakeHistory) -> Iterator[FakeHistory]:
    """Serve it on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            try:
                status, data, headers = fake.answer(
                    self.command, parts.path, query, self.headers.get("authorization", ""), json.loads(sent or b"null")
                )
            except (AssertionError, KeyError) as error:
                status, data, headers = 500, {"message": f"the fake is strict: {error!r}"}, {}
            raw = json.dumps(data).encode()
            self.send_response_only(status)
            self.send_header("Date", format_datetime(fake.now, usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with served(Handler) as fake.url:
        yield fake


__all__ = ["FakeHistory", "Trouble", "number_of", "serving"]
