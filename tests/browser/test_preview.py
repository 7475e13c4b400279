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
