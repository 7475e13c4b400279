"""Calls to GitHub through PyGithub's requester: one call each, answers and failures in our words.

PyGithub's own retry repeats a POST after a 5xx (two comments) and may sleep for an hour; its redirects of a renamed
repository (307) look like success. So only reads are repeated, limits are handed to the caller, and each status is
judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
from github import Auth, Github, GithubException
from github.GithubRetry import GithubRetry

from integrations.errors import IntegrationError, PermanentError, TransientError
from integrations.wire import Answer, Tally, broken, http_date, kind_of, parsed, seconds_until

PUBLIC = "https://api.github.com"
PER_PAGE = 100
_LOCKED = re.compile(r"\blocked\b")
BACK_OFF = 60.0
"""Seconds to wait after a limit that names no time: GitHub asks for at least a minute."""


class SafeRetry(GithubRetry):
    """Repeats reads only, after a 5xx or a broken connection, and briefly; a write only where no connection came about.

    Rate limits are never waited for here: the caller has the budget.
    """

    tally: Tally | None = None

    def _is_method_retryable(self, method: str) -> bool:
        return method.upper() in ("GET", "HEAD")

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:  # noqa: FBT001, FBT002
        """Whether an answer is worth another try at once."""
        return status_code >= 500 and self._is_method_retryable(method)

    def increment(self, *args: Any, **kwargs: Any) -> Any:  # urllib3's own signature
        """As urllib3 has it, counting the request that is about to be repeated."""
        after = super().increment(*args, **kwargs)
        if self.tally is not None:
            self.tally.sent += 1
        after.tally = self.tally  # type: ignore[attr-defined]
        return after


def retry(tally: Tally) -> SafeRetry:
    """Two more tries, half a second and a second apart."""
    found = SafeRetry(
        total=2, other=0, backoff_factor=0.5, backoff_max=2, respect_retry_after_header=False, raise_on_status=False
    )
    found.tally = tally
    return found


@dataclass(slots=True)
class Transport:
    """Calls under one authentication.

    `api` is the REST root, such as https://api.github.com or https://git.example.org/api/v3.
    """

    api: str
    auth: Auth.Auth
    timeout: int
    tally: Tally = field(default_factory=Tally)
    _github: Github | None = None

    def call(self, verb: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None) -> Answer:
        """One API call.

        Raises `PermanentError` or `TransientError`, the latter uncertain where a write may have happened.
        """
        self.tally.sent += 1
        try:
            status, headers, text = self._open().requester.requestJson(verb, path, dict(query or {}), None, body)
        except requests.exceptions.ConnectTimeout as error:
            raise TransientError(f"GitHub could not be reached: {kind_of(error)}") from error
        except requests.exceptions.RequestException as error:
            raise broken("GitHub", verb, error) from error
        except GithubException as error:
            raise failure(verb, error.status, error.headers or {}, error.data) from error
        except RuntimeError as error:  # PyGithub's word for a redirect to another host or scheme
            raise PermanentError("moved", f"GitHub redirects elsewhere; correct the address {self.api}") from error
        data = parsed(text)
        if 200 <= status < 300:
            return Answer(status, headers, data)
        raise failure(verb, status, headers, data)

    def pages(self, path: str, *, query: Mapping[str, Any] | None = None, key: str | None = None) -> Iterator[Any]:
        """The entries of a list, one call per page of 100. `key` names the list where the answer wraps it in an
        object.
        """
        page = 1
        while True:
            answer = self.call("GET", path, query={**(query or {}), "per_page": PER_PAGE, "page": page})
            entries = answer.data.get(key) if key is not None and isinstance(answer.data, dict) else answer.data
            if not isinstance(entries, list):
                raise TransientError(f"GitHub's answer to {path} is not a list")
            yield from entries
            link = answer.headers.get("link")
            if len(entries) < PER_PAGE or (link is not None and 'rel="next"' not in link):
                return
            page += 1

    def close(self) -> None:
        """Close the connections; the transport opens them again when used."""
        if self._github is not None:
            self._github.close()
            self._github = None

    def _open(self) -> Github:
        if self._github is None:
            # Pacing is the caller's, across processes: PyGithub's own waits know one process only.
            self._github = Github(
                auth=self.auth,
                base_url=self.api,
                timeout=self.timeout,
                per_page=PER_PAGE,
                retry=retry(self.tally),
                seconds_between_requests=0,
                seconds_between_writes=0,
                lazy=True,
                user_agent="Plumbline",
            )
        return self._github


def api_root(base_url: str) -> str:
    """The REST root for what a person typed: github.com means its API; any other address is taken as it is."""
    bare = base_url.rstrip("/")
    return PUBLIC if bare in ("", "https://github.com", "https://www.github.com", "https://api.github.com") else bare


def graphql_address(root: str) -> str:
    """The GraphQL endpoint beside a REST root: https://git.example.org/api/v3 has https://git.example.org/api/graphql."""
    return f"{root.removesuffix('/v3')}/graphql"


class LabelExistsError(PermanentError):
    """The label to create exists already."""


class LabelAbsentError(PermanentError):
    """The label to take off is not on."""


def failure(verb: str, status: int, headers: Mapping[str, Any], data: Any) -> IntegrationError:
    """What an answer that is no success means. The message repeats GitHub's own word, which names no secret."""
    said = data.get("message") if isinstance(data, dict) else None
    word = f"GitHub answered {status}" + (f": {said[:300]}" if isinstance(said, str) and said else "")
    lower = said.lower() if isinstance(said, str) else ""
    if status == 429 or (status == 403 and _limited(headers, lower)):
        return TransientError(word, retry_after=wait(headers, default=BACK_OFF), limited=True)
    if status >= 500:
        return TransientError(word, retry_after=wait(headers), uncertain=verb != "GET")
    if status in (408, 409):
        return TransientError(word, uncertain=verb != "GET" and status == 408)
    if 300 <= status < 400:
        return PermanentError("moved", f"{word}; it has moved: read the repository again")
    if status == 422 and verb == "POST" and _exists(data):
        return LabelExistsError("invalid", word)
    if status == 404 and verb == "DELETE" and lower.startswith("label"):
        return LabelAbsentError("gone", word)
    return PermanentError(_code(status, lower), word)


def _exists(data: Any) -> bool:
    errors = data.get("errors") if isinstance(data, dict) else None
    return isinstance(errors, list) and any(
        isinstance(one, dict) and one.get("code") == "already_exists" for one in errors
    )


def _code(status: int, said: str) -> str:
    if status == 401:
        return "unauthorised"
    if status in (404, 410):
        return "gone"
    if status == 451:
        return "withheld"
    if "archived" in said:
        return "archived"
    if status == 423 or _LOCKED.search(said):
        return "locked"
    return "forbidden" if status == 403 else "invalid"


def _limited(headers: Mapping[str, Any], said: str) -> bool:
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in said
        or "abuse detection" in said
        or said.endswith(("please retry your request again later.", "please wait a few minutes before you try again."))
    )


def wait(headers: Mapping[str, Any], default: float | None = None) -> float | None:
    """Seconds to wait:

    `retry-after` (seconds or a date), else until `x-ratelimit-reset` where nothing remains, else `default`.

    Instants are compared with the answer's own `date`, so a clock of ours that is wrong does no harm.
    """
    date = http_date(headers.get("date"))
    after = str(headers.get("retry-after", "")).strip()
    if after.isascii() and after.isdigit():
        return float(after)
    until = http_date(after)
    if until is None and headers.get("x-ratelimit-remaining") == "0":
        reset = str(headers.get("x-ratelimit-reset", ""))
        if reset.isascii() and reset.isdigit() and len(reset) < 12:
            until = datetime.fromtimestamp(int(reset), UTC)
    return default if until is None or date is None else seconds_until(until, date)
