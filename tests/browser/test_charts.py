"""Milestones, workflow and load in a browser: charts fit their width, the numbers stand beside them, links change the view."""

from __future__ import annotations

import pytest

from app.services import programmes
from app.time import real_now

pytestmark = pytest.mark.browser


def test_a_chart_is_shown_in_one_width_with_its_numbers_beside(own, visit):
    for phone, dark in ((False, False), (True, True)):
        visitor = visit(own, phone=phone, dark=dark)
        page = visitor.page
        look = "phone-dark" if phone else "wide-light"
        for name in ("workflow", "load"):
            visitor.go(f"/projects/{own.ids['project']}/{name}")
            visitor.look(f"charts-{name}-{look}")
            assert page.locator(f".chart .{'wide' if phone else 'narrow'} svg").first.is_hidden()
            for chart in page.locator(f".chart .{'narrow' if phone else 'wide'} svg").all():
                box = chart.bounding_box()
                assert box is not None
                assert box["width"] > 200
            page.get_by_text("Show the numbers").first.click()
            assert page.locator(".numbers table").first.is_visible()
            page.evaluate("scrollTo(0, 0)")  # a link half below the bar would count as too small
            visitor.look()


def test_a_milestones_burn_up_is_shown_since_its_plan_by_a_link(own, visit):
    visitor = visit(own)
    page = visitor.page
    visitor.go(f"/milestones/{own.ids['likely']}")
    assert page.locator("h1").inner_text() == "0.9.0 will probably be late"
    short = page.locator(".chart .wide svg").inner_html()
    visitor.follow(page.get_by_role("link", name="Since it was planned"))
    assert page.locator(".chart .wide svg").inner_html() != short
    visitor.look("charts-milestone-wide-light")
    visitor.follow(page.get_by_role("link", name="Last 3 weeks"))
    assert page.locator(".chart .wide svg").inner_html() == short


def test_from_a_project_to_its_workflow_its_load_and_that_of_the_programme(own, visit):
    programmes.save(
        own.runtime.db,
        name="Autumn",
        keys=["demo/curve", "demo/field"],
        same_readers=False,
        author="test",
        now=real_now(),
    )
    visitor = visit(own, phone=True)
    page = visitor.page
    visitor.go(f"/projects/{own.ids['project']}")
    visitor.follow(page.get_by_role("link", name="Workflow", exact=True))
    assert "under way" in page.locator("h1").inner_text()
    visitor.follow(page.get_by_role("link", name="Load", exact=True))
    assert "at once" in page.locator("h1").inner_text()
    visitor.go(f"/projects/{own.ids['project']}")
    visitor.follow(page.get_by_role("link", name="Load of all its teams"))
    assert "in demo/curve" in page.locator("h1").inner_text()
    visitor.look("charts-programme-phone-light")
