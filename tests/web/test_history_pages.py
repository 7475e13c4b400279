"""What was imported from a file looks like what is watched, and says that it only is read."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app.services import drain, rulebook
from app.services.bells import SilentRinger
from app.services.history import take
from app.store import models, people, trackers
from app.time import real_now
from rules.rulefile import parse
from tests.services.test_history_taken import LINES, MADE, text
from tests.web.conftest import Site
from tests.world import LATE


def taken_in(site: Site) -> int:
    """An imported project that has been judged; gives its id."""
    runtime, now = site.runtime, real_now()
    made, due = (now - timedelta(days=30)).isoformat(), (now - timedelta(days=5)).date().isoformat()
    lines = [line.replace(MADE, made).replace("2026-02-20", due) for line in text(LINES)]
    rule = parse(f"rules:\n- {LATE}\n", source="test")
    rulebook.apply(runtime.db, rule, author="test", prune=False, now=real_now(), real=real_now())
    take.take(
        runtime.db, runtime.vault, lambda: lines, told=take.check(lines, source="test"), source="test", with_rules=True,
        author="test", now=real_now(),
    )  # fmt: skip
    with runtime.db.read() as tx:
        (project,) = trackers.projects(tx)
    deps = drain.Drain(
        db=runtime.db, adapters=runtime.adapters, people=people.People(), ringer=SilentRinger(), base_url="http://plumb"
    )
    assert drain.drain(deps, project.lane_id) > 0
    return project.id


def test_every_page_shows_it(empty_site: Site) -> None:
    project_id = taken_in(empty_site)
    browser = empty_site.signed_in()
    with empty_site.runtime.db.read() as tx:
        items = list(tx.scalars(sa.select(models.item.c.id)))
        milestones = list(tx.scalars(sa.select(models.milestone.c.id)))
        standings = list(tx.scalars(sa.select(models.standing.c.id)))
    assert standings
    pages = [
        "/",
        "/flags",
        "/projects",
        f"/projects/{project_id}",
        "/rules",
        "/rules/new",
        "/items",
        "/milestones",
        "/now",
    ]
    pages += [f"/i/{id_}" for id_ in items] + [f"/milestones/{id_}" for id_ in milestones]
    seen = {path: browser.get(path, follow_redirects=True) for path in pages}
    assert {path for path, page in seen.items() if page.status_code >= 500} == set()
    assert seen[f"/projects/{project_id}"].status_code == 200
    assert take.DETAIL in seen["/projects"].get_data(as_text=True)
    assert "nothing new comes, and nothing is written" in seen[f"/projects/{project_id}"].get_data(as_text=True)
    assert {seen[f"/i/{id_}"].status_code for id_ in items} == {200}
    assert {seen[f"/milestones/{id_}"].status_code for id_ in milestones} == {200}
