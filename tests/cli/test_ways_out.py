"""Ways out from the command line: pause, resume, retract, remove and purge, approve."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.store import models

pytestmark = pytest.mark.usefixtures("home")


def watched(plumbline):
    assert plumbline("tracker", "add", "sandbox", "box").code == 0
    assert plumbline("project", "add", "box", "acme/shop").code == 0


def test_writing_is_paused_and_resumed_everywhere_or_in_one_project(plumbline, db):
    watched(plumbline)
    assert "until: plumbline resume" in plumbline("pause").out
    with db.read() as tx:
        assert tx.scalar(sa.select(models.instance.c.paused_at)) is not None
    assert plumbline("resume").code == 0
    assert plumbline("pause", "--project", "acme/shop").code == 0
    (listed,) = plumbline("project", "list", "--json").data
    assert listed["paused_at"] is not None
    assert plumbline("resume", "--project", "acme/shop").code == 0
    (listed,) = plumbline("project", "list", "--json").data
    assert listed["paused_at"] is None
    said = plumbline("pause", "--project", "acme/none")
    assert (said.code, "no project 'acme/none'" in said.err) == (2, True)


def test_nothing_to_take_back_is_said(plumbline):
    watched(plumbline)
    for options in ((), ("--dry-run",), ("--project", "acme/shop")):
        said = plumbline("retract", *options)
        assert (said.code, "There is nothing to take back" in said.out) == (0, True)
    assert plumbline("retract", "--dry-run", "--json").data == []
    assert plumbline("retract", "--undo").out.startswith("0 items")
    assert "no rule 'x'" in plumbline("retract", "--rule", "x").err
    assert plumbline("retract", "--since", "yesterday").code == 2


def test_a_project_goes_with_all_its_rows_only_when_said_so_twice(plumbline, db):
    watched(plumbline)
    said = plumbline("project", "remove", "acme/shop", "--purge")
    assert (said.code, "--yes" in said.err) == (2, True)
    said = plumbline("project", "remove", "acme/shop", "--retract", "--purge", "--yes")
    assert (said.code, said.err) == (0, "")
    assert "is watched no more" in said.out
    with db.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(models.project)) == 0


def test_a_rule_is_approved_by_name(plumbline, db):
    watched(plumbline)
    assert plumbline("rules", "apply", "--pack", "open-source").code == 0
    with db.read() as tx:
        name = tx.scalar(sa.select(models.rule.c.name).limit(1))
    assert plumbline("rules", "approve", name).out.startswith(f"{name} may write now, on 0 items")
    assert "no rule 'none'" in plumbline("rules", "approve", "none").err
