"""Pages in a real browser: Debian's chromium, driven by Playwright, over a served application with a seeded world.

With SHOTS naming a folder, every page that a test looks at is kept there as a picture.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from app.services import access
from app.time import real_now
from app.web.app import create_app
from tests.support import installed_package, unavailable
from tests.web.conftest import Site, build
from tests.web.seed import seed

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WATCH = """document.addEventListener("securitypolicyviolation",
  event => console.error("policy: " + event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile))"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, started once."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        unavailable("no chromium: install your system's package of that name")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker, as one script."""
    return installed_package("axe-core", "axe.min.js").read_text()


@dataclass(frozen=True)
class Served(Site):
    """A served application and its address."""

    url: str = ""

    def link(self) -> str:
        """A link that signs in once, as an admin."""
        return access.new_sign_in_link(self.runtime.db, self.url, real_now())


def serve(url: str, home: Path, *, fill: Callable[[Any], dict[str, int]] = lambda runtime: seed(runtime.db)) -> Any:
    """Serve an application over a database for the length of a `with`-like generator."""
    runtime = build(url, home)
    ids = fill(runtime)
    app = create_app(runtime)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(app=app, runtime=runtime, ids=ids, url=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    thread.join(5)
    runtime.db.dispose()


@pytest.fixture(scope="session")
def served(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The seeded world, served, for tests that only look. Those that change something take `own`."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(_sqlite_template, folder / "served.db")
    yield from serve(f"sqlite:///{folder}/served.db", folder / "home")


@pytest.fixture
def own(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    """The seeded world, served for one test alone."""
    yield from serve(sqlite_url, tmp_path / "home")


@dataclass
class Visitor:
    """Somebody at a browser. `said` is what the console said; `look` finds what is wrong with the page in view."""

    page: Page
    site: Served
    axe: str
    said: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of the site, which must answer with 200."""
        answer = self.page.goto(self.site.url + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def look(self, name: str = "") -> None:
        """Nothing in the console, no policy violated, nothing that keeps people out, no sideways scroll."""
        self.page.wait_for_load_state("networkidle")
        if name and (folder := os.environ.get("SHOTS")):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(folder, f"{name}.png")), full_page=True)
        self.page.evaluate(self.axe)
        found = self.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        wrong = [
            f"{one['id']}: {one['help']}: " + " | ".join(node["html"][:160] for node in one["nodes"][:4])
            for one in found["violations"]
        ]
        wide = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wrong == [], self.page.url
        assert self.said == [], self.page.url
        assert wide[0] <= wide[1], f"{self.page.url} scrolls sideways: {wide}"


@pytest.fixture
def visit(chromium: Browser, axe: str) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: `visit(served)`, `visit(served, phone=True, dark=True)`, `visit(served, script=False)`."""
    contexts: list[BrowserContext] = []

    def make(
        site: Served, *, phone: bool = False, dark: bool = False, script: bool = True, signed_in: bool = True
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
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"{site.url}/")
        return visitor

    yield make
    for context in contexts:
        context.close()
