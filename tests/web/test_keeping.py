"""For how long payloads are kept, and a milestone's new plan: forms for those who may, and what they say."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.services.access import Role
from app.store import models as m
from tests.web.conftest import Site
from tests.web.test_upkeep import as_role, post, said


def test_an_admin_says_for_how_long_payloads_are_kept(site: Site, browser: FlaskClient) -> None:
    assert "are kept for ever, too" in said(browser, "/settings")
    assert post(browser, "/settings/retention", {"payload_days": "90"}, at="/settings").status_code == 303
    page = said(browser, "/settings")
    assert "Payloads are kept for 90 days from now on." in page
    assert "are let go 90 days after they came" in page
    assert post(browser, "/settings/retention", {"payload_days": ""}, at="/settings").status_code == 303
    assert "are kept for ever, too" in said(browser, "/settings")


@pytest.mark.parametrize("given", ["3", "-1", "x", "99999"])
def test_a_bad_number_of_days_is_said_at_its_field_and_stays_typed(
    site: Site, browser: FlaskClient, given: str
) -> None:
    answer = post(browser, "/settings/retention", {"payload_days": given}, at="/settings")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in page
    assert f'value="{given}"' in page
    assert "are kept for ever, too" in page


def test_a_payload_that_was_let_go_is_said_to_be_gone(site: Site, browser: FlaskClient) -> None:
    with site.runtime.db.write() as tx:
        id_ = tx.scalar(sa.select(m.delivery.c.id).where(m.delivery.c.status == "done").limit(1))
        tx.execute(sa.update(m.delivery).where(m.delivery.c.id == id_).values(body=b""))
        tx.execute(sa.update(m.instance).values(payload_days=30))
    page = said(browser, f"/deliveries/{id_}")
    assert "It was let go: payloads are kept for 30 days." in page
    assert "What it is read as" not in page
    assert f"/deliveries/{id_}/replay" not in page
    assert browser.get(f"/deliveries/{id_}/payload").status_code == 410
    post(browser, f"/deliveries/{id_}/replay")
    assert "It was not replayed: its payload was let go." in said(browser, f"/deliveries/{id_}")


def test_a_plan_is_made_anew_with_a_reason(site: Site, browser: FlaskClient) -> None:
    path = f"/milestones/{site.ids['likely']}"
    assert f'href="{path}/plan"' in said(browser, path)
    answer = post(browser, f"{path}/plan", {"reason": " "}, at=f"{path}/plan")
    assert answer.status_code == 422
    assert "say in a few words why" in answer.get_data(as_text=True)
    assert post(browser, f"{path}/plan", {"reason": "agreed with sales"}, at=f"{path}/plan").status_code == 303
    assert "What is in it now is its plan:" in said(browser, path)


def test_who_may_not_is_refused(site: Site, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/milestones/{site.ids['likely']}"
    as_role(monkeypatch, Role.EDITOR)
    assert "/settings/retention" not in said(browser, "/settings")
    assert post(browser, "/settings/retention", {"payload_days": "90"}).status_code == 403
    as_role(monkeypatch, Role.VIEWER)
    assert "new plan" not in said(browser, path)
    assert browser.get(f"{path}/plan").status_code == 403
    as_role(monkeypatch, Role.EDITOR, projects=frozenset({site.ids["field"]}))
    assert browser.get(f"{path}/plan").status_code == 404
