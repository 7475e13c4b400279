"""The milestones page tells how the dates that were forecast at 85 % came out."""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask.testing import FlaskClient

from app.store import models as m
from tests.store.foretold import Told, put
from tests.web.conftest import Site
from tests.web.seed_rows import NOW


def told(browser: FlaskClient) -> str:
    text = browser.get("/milestones").get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_below_ten_it_says_too_few_and_from_ten_on_how_many_came_true(site: Site, browser: FlaskClient) -> None:
    assert "No day that was forecast at 85 % has passed yet." in told(browser)
    with site.runtime.db.read() as tx:
        project = tx.execute(sa.select(m.project).where(m.project.c.id == site.ids["project"])).one()

    def add(title: str, one: Told) -> None:
        put(site.runtime.db, project.id, project.tracker_id, title, one, now=NOW)

    add("4.0", Told(by85=20, items=((None, 25),), closed=19))
    assert "Too few to tell: 1 date forecast at 85 % has passed, 1 came true; it takes 10." in told(browser)
    for number in range(7):
        add(f"4.{number + 1}", Told(by85=21 + number, items=((None, 25),), closed=19))
    add("5.0", Told(by85=30, items=((None, 25), (None, None))))
    assert "Too few to tell: 9 dates forecast at 85 % have passed, 6 came true; it takes 10." in told(browser)
    add("5.1", Told(by85=31, items=((None, 25),), closed=24))
    text = told(browser)
    assert "Of 10 dates forecast at 85 %, 6 came true." in text
    assert "not by then" in text and ", later" in text
