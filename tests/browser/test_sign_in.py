"""Signing in and one's own account, in a browser: what is wrong stands by its field, and what works needs no script."""

from __future__ import annotations

import pytest

from tests.web.conftest import PASSWORD

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("phone", [False, True])
def test_somebody_is_added_chooses_a_password_and_signs_in(own, visit, phone):
    admin = visit(own, phone=phone, script=False)
    admin.go("/settings/people/new")
    admin.page.get_by_label("Name", exact=True).fill("Ada")
    admin.page.get_by_label("All of them").check()
    admin.follow(admin.page.get_by_role("button", name="Add and make a link"))
    link = admin.page.locator("code.secret").inner_text().replace("http://plumb.example", "")
    ada = visit(own, signed_in=False, phone=phone)
    ada.go(link)
    ada.look(f"choose-password-{'phone' if phone else 'wide'}")
    ada.page.get_by_label("Password").fill("short")
    ada.follow(ada.page.get_by_role("button", name="Take it and sign in"))
    assert "at least 12 characters" in ada.page.locator("#f-password-e").inner_text()
    ada.said.clear()  # the browser tells of the 422
    ada.page.get_by_label("Password").fill(PASSWORD)
    ada.follow(ada.page.get_by_role("button", name="Take it and sign in"))
    ada.page.wait_for_url(f"{own.url}/")
    ada.go("/settings/account")
    ada.look(f"own-account-{'phone' if phone else 'wide'}")
    assert ada.page.get_by_role("heading", level=1).inner_text() == "You are Ada, a viewer"
    ada.follow(ada.page.get_by_role("button", name="Sign out everywhere"))
    ada.page.wait_for_url(f"{own.url}/sign-in")
    ada.look(f"sign-in-{'phone' if phone else 'wide'}")
    ada.page.get_by_label("Name", exact=True).fill("ada")
    ada.page.get_by_label("Password").fill(PASSWORD)
    ada.follow(ada.page.get_by_role("button", name="Sign in", exact=True))
    ada.page.wait_for_url(f"{own.url}/")


def test_a_token_is_made_shown_once_and_revoked(own, visit):
    site = visit(own)
    site.go("/settings/account")
    site.page.get_by_label("For what").fill("dashboard")
    site.follow(site.page.get_by_role("button", name="Make a token"))
    assert site.page.locator("code.secret").inner_text().startswith("plb_")
    site.look("token-made")
    site.go("/settings/account")
    assert site.page.locator("code.secret").count() == 0
    site.follow(site.page.get_by_role("button", name="Revoke dashboard"))
    assert site.page.get_by_role("button", name="Revoke dashboard").count() == 0
