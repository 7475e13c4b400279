"""Sign-ins that do not fit are few: so many for one account, so many from one address, then a pause with words."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask_limiter import Limiter
from flask_limiter.errors import RateLimitExceeded
from flask_limiter.util import get_remote_address

from app.web.runtime import web

FOR_ONE_ACCOUNT = "10 per 15 minutes"
FROM_ONE_ADDRESS = "60 per 15 minutes"
MINUTES = 15
BY_NAME = ("auth.by_password",)
BY_ACCOUNT = ("account.change_password",)


def install(app: Flask, *, broker_url: str) -> None:
    """Put the limits before the views that compare a password.

    Counts are kept in the broker, for all processes alike; while that does not answer, in this one. Only what was
    refused counts, so nobody is slowed down by signing in. Those who are signed in stay so, whatever happens here.
    """
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=_storage(broker_url),
        storage_options={"socket_timeout": 2},
        in_memory_fallback_enabled=True,
        strategy="fixed-window",
        key_prefix="plumbline",
    )
    for endpoint in (*BY_NAME, *BY_ACCOUNT):
        key = _account_named if endpoint in BY_NAME else _own_account
        view: Any = limiter.limit(FOR_ONE_ACCOUNT, key_func=key, methods=["POST"], deduct_when=_was_refused)(
            app.view_functions[endpoint]
        )
        app.view_functions[endpoint] = limiter.limit(
            FROM_ONE_ADDRESS, methods=["POST"], deduct_when=_was_refused, scope="password"
        )(view)
    app.register_error_handler(RateLimitExceeded, _too_many)


def _storage(broker_url: str) -> str:
    return f"redis+{broker_url}" if broker_url.startswith("unix://") else broker_url


def _account_named() -> str:
    # hashed: what is typed here may be a password by mistake, and the broker keeps its keys in plain text
    name = " ".join(request.form.get("name", "").split()).casefold()
    return "account:" + hashlib.sha256(name.encode()).hexdigest()[:32]


def _own_account() -> str:
    return f"own:{g.user.account_id}"


def _was_refused(response: Response) -> bool:
    return response.status_code == 422


def _too_many(_error: RateLimitExceeded) -> Any:
    web().refused.add("throttled")
    answer = make_response(render_template("sign_in.html", state="wait", minutes=MINUTES), 429)
    answer.headers["Retry-After"] = str(MINUTES * 60)
    return answer
