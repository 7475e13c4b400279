"""Calls to Jira through the `jira` package's session: one call each, answers and failures in our words.

The package's own retry repeats a POST after a broken connection, sleeps for up to a minute and fails on a
`Retry-After` that is a date: it is off. Only reads are repeated, limits are handed to the caller, redirects are never
followed, and each status is judged here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from jira import JIRA
from jira.exceptions import JIRAError
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from integrations.errors import IntegrationError, PermanentError, TransientError
from integrations.wire import Answer, Tally, broken, http_date, kind_of, parsed, seconds_until

API = "/rest/api/2"
"""v2 takes wiki markup for comments, on Cloud and Data Center alike."""
AGILE = "/rest/agile/1.0"
PER_PAGE = 100
BACK_OFF = 60.0
"""Seconds to wait after a limit that names no time."""


class ReadRetry(Retry):
    """Repeats reads only, after a 5xx or a broken connection, and briefly; a write only where no connection came
    about.
    """

    tally: Tally | None = None

    def increment(self, *args: Any, **kwargs: Any) -> Any:  # urllib3's own signature
        """As urllib3 has it, counting the request that is about to be repeated."""
        after = super().increment(*args, **kwargs)
        if self.tally is not None:
            self.tally.sent += 1
        after.tally = self.tally
        return after


def retry(tally: Tally) -> ReadRetry:
    """Two more tries, half a second and a second apart."""
    found = ReadRetry(
        total=2,
        other=0,
        redirect=0,
        allowed_methods=frozenset({"GET"}),
        status_forcelist=(500, 502, 503, 504),
        backoff_factor=0.5,
        backoff_max=2,
        respect_retry_after_header=False,
        raise_on_status=False,
    )
    found.tally = tally
    return found


@dataclass(slots=True)
class Transport:
    """Calls under one set of credentials. With `account` the token is that account's, without it stands alone."""

    base_url: str
    token: str = field(repr=False)
    account: str | None = None
    timeout: int = 15
    tally: Tally = field(default_factory=Tally)
    _jira: JIRA | None = None

    def call(self, verb: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None) -> Answer:
        """One call. `path` stands below the site's address, or below the API where it does not begin with /rest.

        Raises `PermanentError` or `TransientError`, the latter uncertain where a write may have happened.
        """
        self.tally.sent += 1
        url = self.base_url + (path if path.startswith("/rest/") else API + path)
        data = None if body is None else json.dumps(body)
        try:
            # The package's `Resource.update` and the like read again after each write: hence its session.
            answer = self._open()._session.request(verb, url, params=query, data=data, allow_redirects=False)  # noqa: SLF001
        except requests.exceptions.ConnectTimeout as error:
            raise TransientError(f"Jira could not be reached: {kind_of(error)}") from error
        except requests.exceptions.RequestException as error:
            raise broken("Jira", verb, error) from error
        except JIRAError as error:
            if error.response is None:
                raise TransientError("Jira gave no answer", uncertain=verb != "GET") from None
            # Its text holds headers and address; our own words hold neither.
            raise failure(verb, error.response) from None
        if 300 <= answer.status_code < 400:
            raise PermanentError("moved", f"Jira redirects elsewhere; correct the address {self.base_url}")
        return Answer(answer.status_code, _lower(answer.headers), parsed(answer.text))

    def open_to_all(self, path: str) -> bool | None:
        """Whether somebody without an account gets an answer here (one call); None where that cannot be told now."""
        self.tally.sent += 1
        try:
            answer = requests.get(self.base_url + API + path, timeout=self.timeout, allow_redirects=False)
        except requests.exceptions.RequestException:
            return None
        if answer.status_code >= 500 or answer.status_code == 429:
            return None
        return answer.status_code == 200 and isinstance(parsed(answer.text), dict)

    def pages(self, path: str, *, key: str, query: Mapping[str, Any] | None = None, start: int = 0) -> Iterator[Any]:
        """The entries of a list that is paged by `startAt`, one call a page."""
        while True:
            answer = self.call("GET", path, query={**(query or {}), "startAt": start, "maxResults": PER_PAGE})
            entries = answer.data.get(key) if isinstance(answer.data, dict) else None
            if not isinstance(entries, list):
                raise TransientError(f"Jira's answer to {path} holds no list {key!r}")
            yield from entries
            start += len(entries)
            total, last = answer.data.get("total"), answer.data.get("isLast")
            if not entries or last is True or (last is None and isinstance(total, int) and start >= total):
                return

    def close(self) -> None:
        """Close the connections; the transport opens them again when used."""
        if self._jira is not None:
            self._jira.close()  # type: ignore[no-untyped-call]
            self._jira = None

    def _open(self) -> JIRA:
        if self._jira is None:
            auth: dict[str, Any] = (
                {"token_auth": self.token} if self.account is None else {"basic_auth": (self.account, self.token)}
            )
            self._jira = JIRA(
                server=self.base_url, get_server_info=False, timeout=self.timeout, max_retries=0, logging=False, **auth
            )
            session = self._jira._session  # noqa: SLF001
            session.headers["User-Agent"] = "Plumbline"
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry(self.tally)))
        return self._jira


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def failure(verb: str, answer: requests.Response) -> IntegrationError:
    """What an answer that is no success means. The message repeats Jira's own word, which names no secret."""
    status, headers = answer.status_code, _lower(answer.headers)
    said = _said(parsed(answer.text))
    word = f"Jira answered {status}" + (f": {said[:300]}" if said else "")
    if status == 429:
        reason = headers.get("ratelimit-reason")
        return TransientError(
            f"{word} ({reason})" if reason else word, retry_after=wait(headers, default=BACK_OFF), limited=True
        )
    if status >= 500:
        return TransientError(word, retry_after=wait(headers), uncertain=verb != "GET")
    if status in (408, 409, 425):
        return TransientError(word, retry_after=wait(headers), uncertain=verb != "GET" and status == 408)
    if status == 403 and "x-authentication-denied-reason" in headers:
        # Too many failed log-ins: a person has to solve a riddle in the browser before a program may go on.
        return PermanentError("unauthorised", f"{word}; log in once in the browser as this account, then try again")
    return PermanentError(_code(status, said.lower()), word)


def _said(data: Any) -> str:
    """Jira's own words: `errorMessages`, `errors` by field, or `message`."""
    if not isinstance(data, dict):
        return ""
    listed, fields = data.get("errorMessages"), data.get("errors")
    some = [str(one) for one in listed] if isinstance(listed, list) else []
    some += [f"{name}: {one}" for name, one in fields.items()] if isinstance(fields, dict) else []
    some += [str(data[name]) for name in ("message", "errorMessage", "error") if isinstance(data.get(name), str)]
    return "; ".join(some)


def _code(status: int, said: str) -> str:
    if status == 401:
        return "unauthorised"
    if status in (404, 410) or (status == 400 and said.startswith("can not find a comment")):
        return "gone"
    if status == 451:
        return "withheld"
    if "archived" in said:
        return "archived"
    return "forbidden" if status == 403 else "invalid"


def wait(headers: Mapping[str, str], default: float | None = None) -> float | None:
    """Seconds to wait: `retry-after`, in seconds or as a date, else `default`.

    A date is compared with the answer's own `date`, so a clock of ours that is wrong does no harm.
    """
    after = headers.get("retry-after", "").strip()
    if after.isascii() and after.isdigit():
        return float(after)
    until, date = http_date(after), http_date(headers.get("date"))
    return default if until is None or date is None else seconds_until(until, date)
