"""Programmes from the command line: made, listed, given a release, and taken apart."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.store import models


@pytest.fixture
def two(home, plumbline, db):
    """Two watched projects with a milestone each, "5.2" and "v5.2"."""
    assert plumbline("tracker", "add", "sandbox", "box").code == 0
    for key in ("acme/shop", "acme/api"):
        assert plumbline("project", "add", "box", key).code == 0
    with db.write() as tx:
        ids = dict(tx.execute(sa.select(models.project.c.key, models.project.c.id)).all())
        for key, title in (("acme/shop", "5.2"), ("acme/api", "v5.2")):
            row = {"tracker_id": 1, "project_id": ids[key], "native_id": title, "kind": "milestone", "title": title}
            tx.execute(sa.insert(models.milestone).values(**row))


def test_from_its_making_to_its_end(two, plumbline):
    said = plumbline("programme", "add", "checkout", "acme/shop", "acme/api", "--same-readers")
    assert (said.code, said.out) == (0, "checkout: acme/shop, acme/api. Notes in one may tell of the others.\n")
    said = plumbline("programme", "release", "checkout", "box/acme/shop:5.2", "box/acme/api:v5.2")
    whole = "box/acme/shop:5.2 + box/acme/api:v5.2"
    assert (said.code, said.out) == (0, f"{whole} are judged as one; box/acme/shop:5.2 speaks for all.\n")
    assert whole in plumbline("programme", "list").out
    (listed,) = plumbline("programme", "list", "--json").data
    assert (listed["name"], listed["same_readers"], sorted(listed["projects"])) == (
        "checkout", True, ["acme/api", "acme/shop"],
    )  # fmt: skip
    assert listed["releases"][0]["leader"]["title"] == "5.2"
    said = plumbline("programme", "release", "checkout", "--part", "box/acme/api:v5.2")
    assert (said.code, said.out) == (0, f"{whole}: judged each by itself again.\n")
    plumbline("programme", "release", "checkout", "box/acme/shop:5.2", "box/acme/api:v5.2")
    said = plumbline("programme", "remove", "checkout")
    assert f"{whole}: judged each by itself again, because its projects are together no more." in said.out
    assert plumbline("programme", "list", "--json").data == []


def test_what_is_wrong_is_named(two, plumbline):
    said = plumbline("programme", "release", "none", "box/acme/shop:5.2", "box/acme/api:v5.2")
    assert (said.code, "There is no programme 'none'" in said.err) == (2, True)
    said = plumbline("programme", "add", "checkout", "acme/shop", "acme/apy")
    assert (said.code, "no project 'acme/apy'" in said.err) == (2, True)
    assert plumbline("programme", "list").out.startswith("There is no programme yet")
