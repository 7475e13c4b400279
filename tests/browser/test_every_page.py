"""Every page: sound, reachable by everybody, calm in the console, in both themes and sizes, with and without script."""

from __future__ import annotations

import pytest

from tests.browser.pages import PAGES

pytestmark = pytest.mark.browser

LOOKS = {
    "wide-light": {},
    "wide-dark": {"dark": True},
    "phone-light": {"phone": True},
    "phone-dark": {"phone": True, "dark": True},
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_sound(served, visit, look):
    visitor = visit(served, **LOOKS[look])
    for name, path in PAGES.items():
        visitor.go(path.format(**served.ids))
        visitor.look(f"{name}-{look}")


def test_every_page_says_the_same_without_script(served, visit):
    visitor = visit(served, script=False)
    for path in PAGES.values():
        visitor.go(path.format(**served.ids))
        assert visitor.page.locator("main h1").count() == 1, path


def test_every_page_is_reached_and_left_by_keyboard_alone(served, visit):
    visitor = visit(served)
    for path in PAGES.values():
        visitor.go(path.format(**served.ids))
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
