"""Whose calls these are: a token, or a GitHub App with its installation's token, which lasts an hour and is cached."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import jwt
from github import Auth

from integrations.errors import PermanentError, TransientError
from integrations.github.http import Transport, api_root
from integrations.ports import Credentials
from integrations.wire import Answer, Tally, http_date

SPARE = 300.0
"""Seconds before its end at which a token is no longer used."""
LIFETIME = 3600.0
"""Seconds an installation token lasts, where the answer does not say."""


class TokenCache(Protocol):
    """Where installation tokens are kept between clients and processes.

    An entry is a secret and is gone after its `seconds`.
    """

    def get(self, key: str) -> str | None:
        """The token, or None where there is none or its time is over."""

    def set(self, key: str, token: str, seconds: float) -> None:
        """Keep a token for so many seconds; none or fewer forget it."""


@dataclass(slots=True)
class MemoryTokenCache:
    """A cache for one process."""

    _entries: dict[str, tuple[str, float]] = field(default_factory=dict, repr=False)

    def get(self, key: str) -> str | None:
        """See `TokenCache`."""
        token, until = self._entries.get(key, ("", 0.0))
        return token if until > time.monotonic() else None

    def set(self, key: str, token: str, seconds: float) -> None:
        """See `TokenCache`."""
        if seconds <= 0:
            self._entries.pop(key, None)
        else:
            self._entries[key] = (token, time.monotonic() + seconds)


@dataclass(slots=True)
class Connection:
    """The transports of one set of credentials: `transport()` acts in repositories, `app()` speaks as the App."""

    credentials: Credentials
    cache: TokenCache
    timeout: int = 15
    tally: Tally = field(default_factory=Tally)
    _acting: Transport | None = None
    _app: Transport | None = None

    @property
    def is_app(self) -> bool:
        """Whether these are an App's credentials."""
        return self.credentials.token is None and self.credentials.app_id is not None

    def transport(self) -> Transport:
        """Calls with the token, or with the installation's token."""
        if self._acting is None:
            token = self._installation_token() if self.is_app else self.credentials.token
            if not token:
                raise PermanentError("unauthorised", "neither a token nor an App's id and private key are set")
            self._acting = self._open(Auth.Token(token))
        return self._acting

    def app(self) -> Transport:
        """Calls signed with the App's private key. Raises `PermanentError` where the key cannot be used."""
        if self._app is None:
            app_id, key = self.credentials.app_id, self.credentials.private_key
            if not app_id or not key:
                raise PermanentError("unauthorised", "an App needs its id and its private key")
            auth = Auth.AppAuth(app_id, key)
            try:
                # Signing once now, so that a broken key is told as such and not in the middle of a call.
                auth.create_jwt(expiration=60)
            except (ValueError, TypeError, jwt.PyJWTError) as error:
                raise PermanentError(
                    "unauthorised", "the App's private key cannot be read: expected the PEM file as GitHub gave it"
                ) from error
            self._app = self._open(auth)
        return self._app

    def renew(self) -> bool:
        """Forget the installation's token after GitHub refused it; False where there is no other to be had."""
        if not self.is_app or self._acting is None:
            return False
        self.cache.set(self._cache_key(), "", 0)
        self._acting.close()
        self._acting = None
        return True

    def call(self, verb: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None) -> Answer:
        """One call in repositories; a refused installation token (it may have been revoked early) is renewed once:

        what was refused was not done.
        """
        try:
            return self.transport().call(verb, path, query=query, body=body)
        except PermanentError as error:
            if error.code != "unauthorised" or not self.renew():
                raise
        return self.transport().call(verb, path, query=query, body=body)

    def close(self) -> None:
        """Close what is open."""
        for one in (self._acting, self._app):
            if one is not None:
                one.close()

    def _open(self, auth: Auth.Auth) -> Transport:
        return Transport(api_root(self.credentials.base_url), auth, self.timeout, self.tally)

    def _installation_token(self) -> str:
        cached = self.cache.get(self._cache_key())
        if cached:
            return cached
        installation = self.credentials.installation
        if not installation:
            raise PermanentError("invalid", "this App connection names no installation: install the App first")
        answer = self.app().call("POST", f"/app/installations/{installation}/access_tokens")
        token = answer.data.get("token") if isinstance(answer.data, dict) else None
        if not isinstance(token, str) or not token:
            raise TransientError("GitHub gave no installation token")
        self.cache.set(self._cache_key(), token, _seconds(answer) - SPARE)
        return token

    def _cache_key(self) -> str:
        one = self.credentials
        return f"github:{api_root(one.base_url)}:{one.app_id}:{one.installation}"


def _seconds(answer: Answer) -> float:
    """How long the token lasts.

    From the answer's own date to `expires_at`, so a clock of ours that is wrong does no harm.
    """
    try:
        ends = datetime.fromisoformat(str(answer.data.get("expires_at")))
    except ValueError:
        return LIFETIME
    made = http_date(answer.headers.get("date"))
    return LIFETIME if made is None or ends.tzinfo is None else (ends - made).total_seconds()
