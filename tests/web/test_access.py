"""Who gets in: links that work once, tokens, headers, limits."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from flask.testing import FlaskClient

from app.errors import UserError
from app.services import access
from app.time import real_now
from app.web.app import create_app
from tests.web.conftest import Site, token_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@pytest.mark.parametrize(
    "path", ["/", "/flags", "/milestones/1", "/i/1", "/rules", "/deliveries/1", "/settings", "/find?q=1"]
)
def test_signed_out_people_are_told_how_to_get_in(empty_site: Site, path: str) -> None:
    client = empty_site.app.test_client()
    answer = client.get(path)
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert "plumbline link" in client.get("/sign-in").get_data(as_text=True)


def test_a_link_signs_in_once_and_survives_being_looked_at(site: Site) -> None:
    link = access.new_sign_in_link(site.runtime.db, "", real_now())
    first, second = site.app.test_client(), site.app.test_client()
    for _ in range(3):
        assert first.get(link).status_code == 200
    token = token_of(first, link)
    late = token_of(second, link)
    assert first.post(link, data={"csrf_token": token}).status_code == 303
    assert first.get("/").status_code == 200
    assert second.post(link, data={"csrf_token": late}).status_code == 410
    assert second.get(link).status_code == 410
    assert second.get("/").status_code == 303


def test_an_old_link_no_longer_signs_in(empty_site: Site) -> None:
    link = access.new_sign_in_link(empty_site.runtime.db, "", real_now() - access.LINK_LIFETIME - timedelta(seconds=1))
    assert empty_site.app.test_client().get(link).status_code == 410


def test_a_session_ends(empty_site: Site) -> None:
    client = empty_site.signed_in()
    assert client.get("/").status_code == 200
    with patch("app.web.auth.real_now", return_value=real_now() + timedelta(days=15)):
        assert client.get("/").status_code == 303


def test_signing_out(empty_site: Site) -> None:
    client = empty_site.signed_in()
    client.post("/sign-out", data={"csrf_token": token_of(client, "/")})
    assert client.get("/").status_code == 303


@pytest.mark.parametrize("path", ["/pause", "/resume", "/sign-out", "/theme"])
def test_forms_from_elsewhere_change_nothing(browser: FlaskClient, path: str) -> None:
    answer = browser.post(path, data={"theme": "dark"})
    assert answer.status_code == 400
    assert "The form was too old" in answer.get_data(as_text=True)
    assert "Writing to trackers" in browser.get("/").get_data(as_text=True)


def test_pausing_needs_a_session(empty_site: Site) -> None:
    client = empty_site.app.test_client()
    token = token_of(client, access.new_sign_in_link(empty_site.runtime.db, "", real_now()))
    assert client.post("/pause", data={"csrf_token": token}).location == "/sign-in"


def test_every_answer_carries_the_headers(browser: FlaskClient) -> None:
    for path in ("/", "/nowhere", "/sign-in", "/healthz", "/api/v1/flags", "/static/plumbline.css"):
        with browser.get(path) as answer:
            assert answer.headers["Content-Security-Policy"] == POLICY, path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "same-origin"


def test_the_cookie_is_for_us_alone(empty_site: Site) -> None:
    client = empty_site.app.test_client()
    cookie = client.get(access.new_sign_in_link(empty_site.runtime.db, "", real_now())).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_too_large_a_body_is_refused(empty_site: Site) -> None:
    client = empty_site.app.test_client()
    answer = client.post("/webhooks/github/demo", data=b"x" * (25 * 1024 * 1024 + 1), content_type="application/json")
    assert answer.status_code == 413
    assert answer.json is not None
    assert set(answer.json["error"]) >= {"code", "message"}


def test_an_error_shows_an_id_and_no_trace(site: Site) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    app = create_app(site.runtime, explain=fails)  # type: ignore[arg-type]
    client = Site(app=app, runtime=site.runtime, ids=site.ids).signed_in()
    answer = client.get(f"/i/{site.ids['item']}")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "secret detail" not in text
    assert "Traceback" not in text
    assert "under <code>" in text


def test_tokens_are_shown_once_and_known_by_digest(empty_site: Site) -> None:
    db = empty_site.runtime.db
    token = access.create_token(db, "ci", scope="read", now=real_now())
    assert token.startswith("plb_")
    user = access.check_token(db, token, real_now())
    assert user is not None
    assert user.name == "token ci"
    assert access.check_token(db, token + "x", real_now()) is None
    with pytest.raises(UserError, match="already"):
        access.create_token(db, "ci", scope="read", now=real_now())
    with pytest.raises(UserError, match="scope"):
        access.create_token(db, "cd", scope="everything", now=real_now())
