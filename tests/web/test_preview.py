"""Asking for a preview: for editors alone, each their own; a form in error says so."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.services.access import Role, User
from app.services.bells import SilentRinger
from app.services.previews.work import work_out
from app.time import real_now
from app.web import auth
from tests.web.conftest import Site, token_of

PART = {"X-Part": "preview"}


def form(browser: FlaskClient, **changed: Any) -> dict[str, Any]:
    values = {
        "csrf_token": token_of(browser, "/"),
        "type": "stalled-review",
        "name": "stalled-review",
        "mode": "live",
        "severity": "warning",
        "reach": "comment",
        "version": "2",
        "params.author_days": "14",
    }
    return values | changed


def as_role(monkeypatch: pytest.MonkeyPatch, role: Role, *, name: str = "ann", secured: bool = True) -> None:
    user = User(name=name, signed_in_at=real_now(), secured=secured, role=role)
    monkeypatch.setattr(auth, "signed_in", lambda: user)


def test_what_is_asked_is_worked_out_and_shown(site: Site, browser: FlaskClient) -> None:
    asked = browser.post("/rules/preview", data=form(browser), headers=PART)
    text = asked.get_data(as_text=True)
    assert asked.status_code == 200
    assert text.lstrip().startswith("<section")
    assert "data-running" in text
    assert asked.headers["Cache-Control"] == "no-store"
    assert work_out(site.runtime.db, 1, ringer=SilentRinger())
    shown = browser.get("/previews/1", headers=PART).get_data(as_text=True)
    assert "data-running" not in shown
    assert "Now: flags " in shown
    assert "&lt;script&gt;alert" in shown
    assert "<script>alert" not in shown
    page = browser.get("/previews/1").get_data(as_text=True)
    assert "<h1>What it would do</h1>" in page
    assert "http-equiv" not in page


def test_without_script_it_leads_to_a_page_of_its_own(browser: FlaskClient) -> None:
    answer = browser.post("/rules/preview", data=form(browser))
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"]).get_data(as_text=True)
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page


def test_a_form_in_error_is_told_so_and_nothing_is_asked(browser: FlaskClient) -> None:
    answer = browser.post("/rules/preview", data=form(browser, **{"params.author_days": "0"}), headers=PART)
    assert answer.status_code == 422
    assert "One field needs mending" in answer.get_data(as_text=True)
    assert browser.get("/previews/1").status_code == 404


def test_a_condition_in_error_is_left_out_and_that_is_said(site: Site, browser: FlaskClient) -> None:
    wrong = form(browser, **{"scope.condition": "item.labels ("})
    assert browser.post("/rules/preview", data=wrong, headers=PART).status_code == 200
    assert work_out(site.runtime.db, 1, ringer=SilentRinger())
    assert "this is the result without it" in browser.get("/previews/1", headers=PART).get_data(as_text=True)


def test_it_is_called_off_by_a_button(browser: FlaskClient) -> None:
    browser.post("/rules/preview", data=form(browser), headers=PART)
    token = {"csrf_token": token_of(browser, "/")}
    assert "Stopped, as asked." in browser.post("/previews/1/cancel", data=token, headers=PART).get_data(as_text=True)


def test_viewers_ask_nothing_and_see_nothing_of_it(
    site: Site, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.post("/rules/preview", data=form(browser), headers=PART)
    sent = form(browser)
    as_role(monkeypatch, Role.VIEWER)
    assert browser.post("/rules/preview", data=sent, headers=PART).status_code == 403
    assert browser.get("/previews/1").status_code == 403
    assert browser.post("/previews/1/cancel", data=sent).status_code == 403


def test_an_answer_of_somebody_else_is_not_there(
    site: Site, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.post("/rules/preview", data=form(browser), headers=PART)
    as_role(monkeypatch, Role.EDITOR)
    assert browser.get("/previews/1").status_code == 404
    as_role(monkeypatch, Role.ADMIN, name="owner", secured=False)
    assert browser.get("/previews/1").status_code == 404
