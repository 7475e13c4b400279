"""The live preview beside the rule editor, worked out by a worker of the test's own."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest

from app.services.bells import SilentRinger
from app.services.previews.work import work_out
from app.store import previews
from app.time import real_now
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser
EDITOR = "/rules/stalled-review/edit"


@pytest.fixture
def worker(own: Served) -> Iterator[Callable[[bool], None]]:
    """Works previews out as they are asked; told False it rests."""
    stop, at_work = threading.Event(), threading.Event()
    at_work.set()

    def work() -> None:
        while not stop.wait(0.05):
            if not at_work.is_set():
                continue
            with own.runtime.db.read() as tx:
                due = previews.due(tx, quiet_since=real_now())
            for preview_id in due:
                work_out(own.runtime.db, preview_id, ringer=SilentRinger())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield lambda on: at_work.set() if on else at_work.clear()
    stop.set()
    thread.join(30)


@pytest.mark.parametrize("look", ["wide-light", "wide-dark", "phone-light", "phone-dark"])
def test_the_panel_answers_beside_the_form_and_follows_it(own, worker, visit, look):
    visitor = visit(own, phone=look.startswith("phone"), dark=look.endswith("dark"))
    visitor.page.set_default_timeout(90_000)
    page = visitor.page
    visitor.go(EDITOR)
    page.wait_for_selector("#preview:not([data-running])[data-headline*='180 days']")
    before = page.locator("#preview h3").first.inner_text()
    visitor.look(f"preview-{look}")
    page.get_by_label("Merger's turn", exact=True).fill("60")
    page.wait_for_function("before => document.querySelector('#preview h3').innerText !== before", arg=before)
    page.wait_for_selector("#preview:not([data-running])[data-headline*='(+']")
    headline = page.locator("#preview").get_attribute("data-headline")
    assert page.locator("[data-preview-headline]").inner_text() == headline
    assert re.fullmatch(r"\d+ now, \d+ in 180 days \(\+\d+, \u2212\d+\)", headline)
    assert page.locator("p[aria-live=polite]").inner_text() == headline
    visitor.look(f"preview-changed-{look}")


def test_a_preview_is_stopped_by_its_button(own, worker, visit):
    worker(False)
    visitor = visit(own)
    visitor.page.set_default_timeout(90_000)
    visitor.go(EDITOR)
    page = visitor.page
    page.wait_for_selector("#preview[data-running]")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector("#preview:not([data-running])")
    assert page.get_by_text("Stopped, as asked.").is_visible()
    visitor.look("preview-stopped")


def test_a_field_in_error_keeps_the_last_result(own, worker, visit):
    visitor = visit(own)
    visitor.page.set_default_timeout(90_000)
    visitor.go(EDITOR)
    page = visitor.page
    page.wait_for_selector("#preview:not([data-running])[data-headline*='180 days']")
    before = page.locator("#preview h3").first.inner_text()
    page.get_by_label("Merger's turn", exact=True).fill("0")
    page.wait_for_selector("[data-preview-note]")
    assert "mending" in page.locator("[data-preview-note]").inner_text()
    assert page.locator("#preview h3").first.inner_text() == before
    page.get_by_label("Merger's turn", exact=True).fill("14")
    page.wait_for_selector("[data-preview-note]", state="detached")
    page.get_by_label("Only when").fill('"urgent" not in item.labels')
    page.get_by_text("this is the result without it").wait_for()


def test_what_is_open_and_in_focus_stays_so_while_it_grows(own, worker, visit):
    visitor = visit(own)
    visitor.page.set_default_timeout(90_000)
    visitor.go(EDITOR)
    page = visitor.page
    page.wait_for_selector("#preview:not([data-running])[data-headline*='180 days']")
    summary = page.locator("#preview details[data-key=why] > summary")
    summary.click()
    worker(False)
    page.get_by_label("Merger's turn", exact=True).fill("60")
    page.wait_for_selector("#preview[data-running]")
    worker(True)
    page.wait_for_selector("#preview:not([data-running])[data-headline*='180 days']")
    assert page.get_by_label("Merger's turn", exact=True).evaluate("it => it === document.activeElement")


def test_without_script_it_is_a_page_that_comes_to_its_end(own, worker, visit):
    visitor = visit(own, script=False)
    visitor.page.set_default_timeout(90_000)
    visitor.go(EDITOR)
    page = visitor.page
    visitor.follow(page.get_by_role("button", name="Preview"))
    page.wait_for_url("**/previews/*")
    assert page.locator("main h1").inner_text() == "What it would do"
    page.get_by_text("Last 180 days").wait_for(timeout=60_000)
    assert page.locator("meta[http-equiv=refresh]").count() == 0
