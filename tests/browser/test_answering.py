"""Answering flags in a browser: one on its page, a decision on the overview, many in the list; with and without script."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def test_a_flag_is_snoozed_on_its_page_and_speaks_again(own, visit):
    visitor = visit(own)
    page = visitor.page
    visitor.go(f"/i/{own.ids['item']}")
    visitor.follow(page.locator(".verdicts").get_by_role("link", name="Snooze"))
    page.get_by_label("Until").fill("")
    page.get_by_label("Reason").fill("release week")
    visitor.follow(page.locator("main").get_by_role("button", name="Answer"))
    assert "say until which day" in page.get_by_role("alert").inner_text()
    visitor.said.clear()  # the browser tells of the answer 422
    visitor.look("answer-mistake")
    page.get_by_label("Until").fill("2026-08-14")
    visitor.follow(page.locator("main").get_by_role("button", name="Answer"))
    assert page.get_by_role("status").inner_text() == "One flag is set aside until Fri 14 Aug."
    assert "Quiet until Fri 14 Aug, as asked by" in page.locator(".answered").inner_text()
    visitor.look("item-answered")
    visitor.follow(page.get_by_role("button", name="Take the answer back"))
    assert "speaks again" in page.get_by_role("status").inner_text()
    assert page.locator(".answered").count() == 0


def test_a_decision_is_answered_where_it_stands(own, visit):
    visitor = visit(own)
    page = visitor.page
    visitor.go("/")
    asked = page.locator(".decisions h3").first.inner_text()
    visitor.follow(page.locator(".decisions > li").first.get_by_role("button", name="Fine as it is"))
    page.get_by_role("status").wait_for()
    assert asked not in page.locator(".decisions h3").all_inner_texts()
    visitor.look("overview-answered")


@pytest.mark.parametrize("script", [True, False])
def test_many_are_answered_at_once(own, visit, script):
    visitor = visit(own, script=script)
    page = visitor.page
    visitor.go("/flags")
    boxes = page.locator("input[name=flag]")
    count = boxes.count()
    everything = page.get_by_role("link", name="All on this page")
    everything.click() if script else visitor.follow(everything)
    assert page.locator("input[name=flag]:checked").count() == count
    if script:
        assert f"{count} of {count} on this page chosen." in page.locator("[data-chosen]").inner_text()
    boxes.first.uncheck()
    page.locator(".bulk").get_by_label("Reason").fill("a known pile")
    visitor.follow(page.locator(".bulk").get_by_role("button", name="Fine as it is"))
    said = page.locator(".notice.ok").inner_text()
    assert f"{count - 1} flags are known as they are" in said
    assert page.locator("input[name=flag]").count() == 1
    visitor.go("/flags?state=answered")
    assert page.locator("input[name=flag]").count() == count - 1
