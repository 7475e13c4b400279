"""Importing from the command line: progress, what can be judged then, and going on after an interruption."""

from __future__ import annotations

import pytest

from tests.integrations.github.fake_history import FakeHistory, Trouble, serving
from tests.services.test_two_ways import small


@pytest.fixture
def hub(home, plumbline, monkeypatch):
    """A connected tracker whose GitHub knows a past."""
    with serving(FakeHistory(small())) as fake:
        shown = fake.shapes.repository
        fake.shapes.repository = shown | {"permissions": {"push": True, "triage": True, "pull": True}}
        monkeypatch.setenv("PLUMBLINE_GITHUB_TOKEN", "good")
        said = plumbline("tracker", "add", "github", "hub", "--url", fake.url)
        assert said.code == 0, said.err
        yield fake


def test_adding_a_project_reads_its_history_and_says_what_can_be_judged(hub, plumbline):
    said = plumbline("project", "add", "hub", hub.key)
    assert said.code == 0, said.err
    assert f"{len(hub.state.items)} items read" in said.out
    assert "What can be judged here" in said.out
    assert "Projects are not read" in said.out
    (listed,) = plumbline("project", "list", "--json").data
    assert listed["known_from"] is not None


def test_an_import_that_met_a_limit_says_so_and_goes_on(hub, plumbline):
    limit = {"X-RateLimit-Remaining": "0", "Retry-After": "900"}
    hub.troubles.append(Trouble("timeline", 403, {"message": "API rate limit exceeded"}, headers=limit, skip=5))
    said = plumbline("project", "add", "hub", hub.key)
    assert said.code == 0
    assert "limit on requests is reached" in said.err
    assert f"plumbline project import {hub.key}" in said.err
    card = plumbline("project", "import", hub.key, "--json").data
    assert card["known_from"] is not None
    assert {line["topic"] for line in card["lines"]} >= {"history", "milestones", "planning"}


def test_an_import_that_cannot_go_on_says_why(hub, plumbline):
    assert plumbline("project", "add", "hub", hub.key, "--no-wait").code == 0
    hub.tokens = set()
    said = plumbline("project", "import", hub.key)
    assert said.code == 1
    assert "refused the credentials" in said.err


def test_what_has_no_past_cannot_be_imported(home, plumbline):
    plumbline("tracker", "add", "sandbox", "box")
    plumbline("project", "add", "box", "acme/shop")
    said = plumbline("project", "import", "acme/shop")
    assert said.code == 2
    assert "no past that can be read" in said.err
    assert plumbline("project", "import", "acme/none").code == 2
