"""A real browser for tests: Debian's chromium, driven by Playwright, and somebody who sits at it.

With SHOTS naming a folder, every page that a test looks at is kept there as a picture.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.support import installed_package, unavailable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(found => found.violations)"""
WATCH = """document.addEventListener("securitypolicyviolation",
  event => console.error("policy: " + event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile))"""


class Reached(Protocol):
    """What is served: its address, and a link that signs in once, as an admin."""

    url: str

    def link(self) -> str: ...


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, started once."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        unavailable("no chromium: install your system's package of that name")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker, as one script."""
    return installed_package("axe-core", "axe.min.js").read_text()


@dataclass
class Visitor:
    """Somebody at a browser. `said` is what the console said; `look` finds what is wrong with the page in view."""

    page: Page
    site: Reached
    axe: str
    said: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of the site, which must answer with 200."""
        answer = self.page.goto(self.site.url + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def follow(self, way: Locator) -> None:
        """Click what leads to another page, and be there: a click by itself may return while the old one still stands."""
        with self.page.expect_navigation():
            way.click()

    def look(self, name: str = "") -> None:
        """Nothing in the console, no policy violated, nothing that keeps people out, no sideways scroll."""
        self.page.wait_for_load_state("networkidle")
        if name and (folder := os.environ.get("SHOTS")):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(folder, f"{name}.png")), full_page=True)
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(self.axe)
        found = self.page.evaluate(AXE, RULES)
        wrong = [
            f"{one['id']}: {one['help']}: " + " | ".join(node["html"][:160] for node in one["nodes"][:4])
            for one in found
        ]
        wide = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wrong == [], self.page.url
        assert self.said == [], self.page.url
        assert wide[0] <= wide[1], f"{self.page.url} scrolls sideways: {wide}"


@pytest.fixture
def visit(chromium: Browser, axe: str) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: `visit(site)`, `visit(site, phone=True, dark=True)`, `visit(site, script=False)`."""
    contexts: list[BrowserContext] = []

    def make(
        site: Reached, *, phone: bool = False, dark: bool = False, script: bool = True, signed_in: bool = True
    ) -> Visitor:
        context = chromium.new_context(
            viewport=PHONE if phone else WIDE,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        visitor = Visitor(page=page, site=site, axe=axe)
        page.on("console", lambda said: visitor.said.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: visitor.said.append(f"error: {error}"))
        if script:
            context.add_init_script(WATCH)
        if signed_in:
            page.goto(site.link())
            if page.get_by_label("Your name").count():  # nobody has an account here yet
                page.get_by_label("Your name").fill("Ada")
                page.get_by_label("Password").fill("four words in a row")
            visitor.follow(page.get_by_role("button", name="sign in").first)
            assert page.url == f"{site.url}/"
        return visitor

    yield make
    for context in contexts:
        context.close()
