"""Setting up on GitHub's side: webhooks where a token may administer them, and the making of an App by its manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from integrations import read
from integrations.errors import PermanentError, TransientError
from integrations.github.access import APP_PERMISSIONS
from integrations.github.auth import Connection
from integrations.github.http import PER_PAGE, api_root, failure
from integrations.ports import AppMade, HookSeen
from integrations.wire import Answer, as_said, broken, kind_of, parsed

EVENTS = (
    "check_run",
    "check_suite",
    "issue_comment",
    "issue_dependencies",
    "issues",
    "label",
    "milestone",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "repository",
    "status",
    "sub_issues",
)
"""What a webhook must tell of. An App is told of its installations without being asked."""
NEWER = frozenset({"issue_dependencies", "sub_issues"})
"""Events that an older GitHub Enterprise Server does not know and refuses."""
APP_HOOK = "app"
"""What an App's own webhook is called here: it has no number."""
WEB = "https://github.com"
_CODE = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")


def find_hook(connection: Connection, repo: str, url: str) -> HookSeen | None:
    """The webhook that delivers to `url`: of the repository at this path (one call), or the App's own (three calls)."""
    if connection.is_app:
        return _of_app(connection, url)
    data = _find(connection, repo, url)
    return None if data is None else _seen(data)


def make_hook(connection: Connection, repo: str, url: str, secret: str) -> HookSeen:
    """Make a webhook, or set the one there is right (two calls, one more where this GitHub lacks newer events).

    For an App: where its own webhook leads, and the secret (one call, and three); its events are set by hand.
    """
    if connection.is_app:
        body = {"url": url, "secret": secret, "content_type": "json", "insecure_ssl": "0"}
        connection.app().call("PATCH", "/app/hook/config", body=body)
        return _of_app(connection, url) or HookSeen(APP_HOOK, active=False)
    known = _find(connection, repo, url)
    verb, path = ("POST", f"{repo}/hooks") if known is None else ("PATCH", f"{repo}/hooks/{read.whole(known, 'id')}")
    config = {"url": url, "secret": secret, "content_type": "json", "insecure_ssl": "0"}
    wanted: dict[str, Any] = {"config": config, "events": list(EVENTS), "active": True}
    if known is None:
        wanted["name"] = "web"
    try:
        answer = _allowed(connection, verb, path, body=wanted)
    except PermanentError as error:
        if error.code != "invalid":
            raise
        wanted["events"] = [one for one in EVENTS if one not in NEWER]
        answer = _allowed(connection, verb, path, body=wanted)
    return as_said("GitHub", lambda: _seen(_object(answer.data)), written=True)


def ping_hook(connection: Connection, repo: str, native_id: str) -> None:
    """Have GitHub send a `ping` (one call). An App cannot ask for one."""
    if native_id == APP_HOOK:
        raise PermanentError("forbidden", "an App cannot ask for a test delivery")
    if not native_id.isdigit():
        raise PermanentError("invalid", f"{native_id!r} is no webhook")
    _allowed(connection, "POST", f"{repo}/hooks/{native_id}/pings")


def _of_app(connection: Connection, url: str) -> HookSeen | None:
    app = connection.app()
    config = _object(app.call("GET", "/app/hook/config").data)
    if str(config.get("url")).rstrip("/") != url.rstrip("/"):
        return None
    events = {str(one) for one in read.array(_object(app.call("GET", "/app").data), "events", "app") or ()}
    listed = app.call("GET", "/app/hook/deliveries", query={"per_page": 1}).data
    last = _object(listed[0]) if isinstance(listed, list) and listed else {}
    code, status = last.get("status_code"), last.get("status")
    said = f"{code} {status}".strip() if isinstance(code, int) and code else str(status or "")
    return HookSeen(APP_HOOK, active=True, missing=_missing(events), said=said)


def _find(connection: Connection, repo: str, url: str) -> Mapping[str, Any] | None:
    answer = _allowed(connection, "GET", f"{repo}/hooks", query={"per_page": PER_PAGE})
    if not isinstance(answer.data, list):
        raise TransientError("GitHub's answer is not a list")
    for one in answer.data:
        if isinstance(one, dict) and str(read.soft_obj(one, "config").get("url")).rstrip("/") == url.rstrip("/"):
            return one
    return None


def _allowed(connection: Connection, verb: str, path: str, **values: Any) -> Answer:
    """A call for which a webhook must be administered: GitHub says 404 as well as 403 to who may not."""
    try:
        return connection.call(verb, path, **values)
    except PermanentError as error:
        if error.code not in ("gone", "forbidden"):
            raise
        raise PermanentError("forbidden", "this connection may not look after webhooks") from error


def _seen(data: Mapping[str, Any]) -> HookSeen:
    events = {str(one) for one in read.array(data, "events", "hook") or ()}
    last = read.soft_obj(data, "last_response")
    code, message = last.get("code"), last.get("message")
    said = f"{code} {message}".strip() if isinstance(code, int) and message else str(code or "")
    native_id = str(read.whole(data, "id", "hook"))
    return HookSeen(native_id, active=data.get("active") is True, missing=_missing(events), said=said)


def _missing(events: set[str]) -> tuple[str, ...]:
    return () if "*" in events else tuple(one for one in EVENTS if one not in events and one not in NEWER)


def _object(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}


# --- an App by its manifest -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Manifests:
    """Makes Apps: what GitHub's page is sent, and what is got for the code it sends back. `timeout` in seconds."""

    timeout: int = 15

    def page(self, web: str, organisation: str | None) -> str:
        """Where the manifest is posted to. `web` is the address people use, such as https://github.com."""
        where = f"organizations/{organisation}/settings" if organisation else "settings"
        return f"{web.rstrip('/')}/{where}/apps/new"

    def manifest(
        self, web: str, *, name: str, home: str, hook: str | None, back: str, installed: str
    ) -> Mapping[str, Any]:
        """The App to make at `web`. `hook` None: GitHub could not reach us, so it has no webhook."""
        found: dict[str, Any] = {
            "name": name,
            "url": home,
            "redirect_url": back,
            "setup_url": installed,
            "setup_on_update": True,
            "public": False,
            "description": "Says early, with reasons, where work has left its plan.",
            "default_permissions": dict(APP_PERMISSIONS),
        }
        if hook is not None:
            found["hook_attributes"] = {"url": hook, "active": True}
            public = web.rstrip("/") == WEB
            found["default_events"] = [one for one in EVENTS if public or one not in NEWER]
        return found

    def exchange(self, base_url: str, code: str) -> AppMade:
        """The App's id and secrets for a code, which is good once and for an hour (one call). `base_url` is the REST
        root. No redirect is followed. Raises `PermanentError`, or `TransientError`.
        """
        if _CODE.match(code) is None:
            raise PermanentError("invalid", "GitHub sent no code that could be one")
        url = f"{api_root(base_url)}/app-manifests/{code}/conversions"
        headers = {"Accept": "application/vnd.github+json", "User-Agent": "Plumbline"}
        try:
            answer = requests.post(url, headers=headers, timeout=self.timeout, allow_redirects=False)
        except requests.exceptions.ConnectTimeout as error:
            raise TransientError(f"GitHub could not be reached: {kind_of(error)}") from error
        except requests.exceptions.RequestException as error:
            raise broken("GitHub", "POST", error) from error
        data = parsed(answer.text)
        if not 200 <= answer.status_code < 300:
            raise failure("POST", answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, data)
        return as_said("GitHub", lambda: _made(_object(data)))


def _made(data: Mapping[str, Any]) -> AppMade:
    return AppMade(
        app_id=str(read.whole(data, "id", "app")),
        slug=read.text(data, "slug", "app"),
        page=read.text(data, "html_url", "app"),
        private_key=read.text(data, "pem", "app"),
        webhook_secret=read.opt_text(data, "webhook_secret", "app"),
    )
