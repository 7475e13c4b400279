"""Every page: sound, reachable by everybody, calm in the console, in both themes and sizes, with and without script."""

from __future__ import annotations

import re

import pytest

from tests.browser.pages import PAGES
from tests.support import ROOT
from tests.support_browser import PHONE, WIDE

pytestmark = pytest.mark.browser

STATIC = ROOT / "app" / "web" / "static"
PARTS = 4
LOOKS = {
    "wide-light": (WIDE, "light"),
    "wide-dark": (WIDE, "dark"),
    "phone-dark": (PHONE, "dark"),
    "phone-light": (PHONE, "light"),
}


@pytest.fixture(params=range(PARTS), ids=lambda part: f"part-{part + 1}")
def pages(request, served):
    """A part of all pages, as (name, path): the parts together are all of them, and several workers share them."""
    return [(name, path.format(**served.ids)) for name, path in list(PAGES.items())[request.param :: PARTS]]


def test_every_page_is_sound(served, pages, visit):
    """Each is loaded once and then looked at in every way: width and theme are matters of style alone."""
    visitor = visit(served)
    for name, path in pages:
        visitor.go(path)
        for look, (size, theme) in LOOKS.items():
            visitor.page.set_viewport_size(size)
            visitor.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            visitor.look(f"{name}-{look}")


@pytest.mark.parametrize("file", sorted(STATIC.glob("*.js")), ids=lambda file: file.name)
def test_no_script_asks_for_width_or_theme(file):
    """What lets one load stand for all looks at it."""
    assert not re.search(
        r"matchMedia|innerWidth|clientWidth|offsetWidth|getComputedStyle|ResizeObserver", file.read_text()
    )


def test_every_page_says_the_same_without_script(served, visit):
    visitor = visit(served, script=False)
    for path in PAGES.values():
        visitor.go(path.format(**served.ids))
        assert visitor.page.locator("main h1").count() == 1, path


def test_every_page_is_reached_and_left_by_keyboard_alone(served, pages, visit):
    visitor = visit(served)
    for _, path in pages:
        visitor.go(path)
        visitor.page.keyboard.press("Tab")
        assert visitor.page.evaluate("document.activeElement.className") == "skip", path
        visitor.page.keyboard.press("Enter")
        seen, last = set(), None
        for _ in range(400):
            visitor.page.keyboard.press("Tab")
            here = visitor.page.evaluate(
                "(() => { const it = document.activeElement; if (it === document.body) return null;"
                " it.dataset.walked ??= String(Math.random());"
                " const box = it.getBoundingClientRect(), style = getComputedStyle(it);"
                " return [it.dataset.walked, box.width > 0 && box.height > 0,"
                " style.outlineStyle !== 'none' || style.boxShadow !== 'none', it.outerHTML.slice(0, 120)]; })()"
            )
            if here is not None and here[0] == last:
                continue  # a date is one field with several stops
            if here is None or here[0] in seen:
                break
            last = here[0]
            seen.add(last)
            assert here[1], f"{path}: focus lands on what is not to be seen: {here[3]}"
            assert here[2], f"{path}: focus cannot be seen on {here[3]}"
        left = visitor.page.evaluate(
            "[...document.querySelectorAll('main a[href], main button, main input:not([type=hidden]), main select, main textarea, main summary')]"
            ".filter(it => !it.disabled && it.checkVisibility() && !it.dataset.walked && !(it.type === 'radio' && !it.checked)).map(it => it.outerHTML.slice(0, 120))"
        )
        assert left == [] or len(seen) >= 399, f"{path}: the keyboard does not reach {left[:5]}"
