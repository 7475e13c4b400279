"""Who was told beside the tracker: on pages by role, in metrics by what became of it, and a rule's ladder."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.services import access
from app.store import models as m
from app.time import real_now
from tests.web.conftest import Site
from tests.web.seed_rows import NOW


def told(site: Site, *, kind: str = "item", rows: tuple[tuple[str, str, str, str], ...]) -> int:
    """Notices of one open flag, each as (role, step, status, detail); gives what it is about."""
    with site.runtime.db.write() as tx:
        target = tx.execute(
            sa.insert(m.target)
            .values(name="ada-at-home", kind="json", address="sealed", per_day=10, created_at=NOW)
            .returning(m.target.c.id)
        ).scalar_one()
        standing = tx.execute(sa.select(m.standing).where(m.standing.c.subject_kind == kind).limit(1)).one()
        for place, (tell, step, status, detail) in enumerate(rows):
            at = NOW - timedelta(days=3) + timedelta(minutes=place)
            tx.execute(
                sa.insert(m.notice).values(
                    standing_id=standing.id, project_id=standing.project_id, target_id=None if status == "nobody" else target,
                    tell=tell, step=step, status=status, made_at=at, ready_at=at, due_at=at, detail=detail,
                    sent_at=at if status in ("sent", "unsure") else None,
                )
            )  # fmt: skip
    return int(standing.subject_id)


ROWS = (
    ("author", "author.1", "nobody", "has no target of their own"),
    ("lead", "lead.1", "sent", ""),
    ("channel", "channel.1", "held", "somebody asked for quiet"),
    ("lead", "lead.2", "failed", "the service refused the message with status 404"),
    ("lead", "clear", "dropped", ""),
)


@pytest.mark.parametrize(("kind", "path"), [("item", "/i/{}"), ("milestone", "/milestones/{}")])
def test_a_page_says_who_was_told_by_role_and_never_by_name(
    site: Site, browser: FlaskClient, kind: str, path: str
) -> None:
    subject_id = told(site, kind=kind, rows=ROWS)
    text = browser.get(path.format(subject_id)).get_data(as_text=True)
    shown = text.split("Told beside the tracker")[1].split("</section>")[0]
    for words in (
        "The lead", "Tue 28 Jul, 17:11", "not told: has no target of their own", "not now: somebody asked for quiet",
        "did not go out: the service refused the message",
    ):  # fmt: skip
        assert words in shown, words
    assert "that it is over" not in shown and "ada-at-home" not in text


def test_a_page_of_what_nobody_was_told_of_has_no_such_part(site: Site, browser: FlaskClient) -> None:
    assert "Told beside the tracker" not in browser.get(f"/i/{site.ids['item']}").get_data(as_text=True)


def test_metrics_count_what_waits_and_what_did_not_go_out(site: Site) -> None:
    program = site.app.test_client()
    assert 'plumbline_notices{status="waiting"} 0.0' in program.get("/metrics").get_data(as_text=True)
    told(site, rows=ROWS)
    text = program.get("/metrics").get_data(as_text=True)
    assert 'plumbline_notices{status="failed"} 1.0' in text and 'plumbline_notices{status="held"} 1.0' in text


def test_a_rule_says_whom_its_flags_are_told_to(site: Site, browser: FlaskClient) -> None:
    rule = site.runtime.db
    ladder = [{"after": 2, "tell": "lead"}, {"after": 0, "tell": "author"}, {"after": 1, "tell": "channel"}]
    with rule.write() as tx:
        name = tx.scalar(sa.select(m.rule.c.name).where(m.rule.c.type == "stalled-review"))
        mine = sa.select(m.rule.c.id).where(m.rule.c.name == name).scalar_subquery()
        tx.execute(sa.update(m.rule_version).where(m.rule_version.c.rule_id == mine).values(ladder=ladder))
    text = browser.get(f"/rules/{name}").get_data(as_text=True)
    assert "the author at once; the channel after 1 working day; the lead after 2 working days" in text
    token = access.create_token(site.runtime.db, "test", scope="read", now=real_now())
    found = site.app.test_client().get("/api/v1/rules", headers={"Authorization": f"Bearer {token}"}).json
    assert found is not None
    assert [one["ladder"] for one in found["data"] if one["name"] == name] == [ladder]
