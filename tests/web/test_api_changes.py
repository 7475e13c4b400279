"""What programs change through the API: rules, modes, pauses; by scope, and told in the audit trail."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.services import access
from app.store import models as m
from app.time import real_now
from tests.web.conftest import Site


class Program:
    """A program with a token."""

    def __init__(self, site: Site, scope: str) -> None:
        token = access.create_token(site.runtime.db, f"program of {scope}", scope=scope, now=real_now())
        self.client: FlaskClient = site.app.test_client()
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        sent = {"json": body} if body else {}
        answer = self.client.open(f"/api/v1{path}", method=method, headers=self.headers, **sent)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json if answer.is_json else None


@pytest.fixture
def ask(site: Site) -> Program:
    return Program(site, "rules")


RULE = {"type": "stalled-work", "title": "Quiet work", "params": {"quiet_days": 9}}


def test_a_rule_is_made_saved_restored_and_taken_out(ask: Program) -> None:
    assert ask("PUT", "/rules/quiet", **RULE, version=0) == {"version": 1}
    assert ask("PUT", "/rules/quiet", **RULE, version=1) == {"version": 1}, "nothing differs"
    assert ask("PUT", "/rules/quiet", **{**RULE, "params": {"quiet_days": 12}}, version=1) == {"version": 2}
    told = ask("GET", "/rules/quiet")
    assert (told["version"], told["params"], told["mistakes"]) == (2, {"quiet_days": 12}, [])
    assert [one["version"] for one in told["versions"]] == [2, 1]
    assert told["author"] == "token program of rules"
    assert ask("POST", "/rules/quiet/restore", version=1) == {"version": 3}
    assert ask("GET", "/rules/quiet")["params"] == {"quiet_days": 9}
    ask("DELETE", "/rules/quiet", 204)
    ask("GET", "/rules/quiet", 404)


def test_what_somebody_else_saved_meanwhile_is_not_written_over(ask: Program) -> None:
    ask("PUT", "/rules/quiet", **RULE, version=0)
    ask("PUT", "/rules/quiet", **{**RULE, "title": "Theirs"}, version=1)
    error = ask("PUT", "/rules/quiet", 409, **{**RULE, "title": "Mine"}, version=1)["error"]
    assert "changed meanwhile" in error["message"]
    assert ask("GET", "/rules/quiet")["title"] == "Theirs"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "stalled-wrk"}, "type"),
        ({"params": {"quiet_days": 0}}, "params.quiet_days"),
        ({"params": {"no_such": 1}}, "params.no_such"),
        ({"scope": {"condition": "item.labels =="}}, "scope.condition"),
        ({"scope": {"kinds": ["epic", "cat"]}}, "scope.kinds"),
        ({"mode": "loud"}, "mode"),
        ({"colour": "red"}, "colour"),
        ({"version": "1"}, "version"),
        ({"actions": {"color": "red"}}, "actions.color"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_saved(ask: Program, body: dict[str, Any], field: str) -> None:
    error = ask("PUT", "/rules/quiet", 400, **{**RULE, "version": 0, **body})["error"]
    assert error["field"] == field
    ask("GET", "/rules/quiet", 404)


def test_a_rule_is_checked_with_all_its_mistakes_at_their_places(ask: Program) -> None:
    wrong = ask(
        "POST", "/rules/check", type="stalled-work", params={"quiet_days": 0}, scope={"condition": "item.labels =="}
    )
    found = {one["field"]: one for one in wrong["mistakes"]}
    assert found.keys() == {"params.quiet_days", "scope.condition"}
    assert found["scope.condition"]["line"] == 1
    assert ask("POST", "/rules/check", **RULE) == {"mistakes": []}


def test_a_mode_is_set_and_the_trail_says_by_whom(site: Site, ask: Program) -> None:
    ask("PUT", "/rules/quiet", **RULE, version=0)
    ask("POST", "/rules/quiet/mode", 204, mode="live")
    assert ask("GET", "/rules/quiet")["mode"] == "live"
    with site.runtime.db.read() as tx:
        trail = tx.execute(sa.select(m.audit.c.who, m.audit.c.what, m.audit.c.subject).order_by(m.audit.c.id)).all()
    assert tuple(trail[-1]) == ("token program of rules", "rule mode set", "quiet")


def test_a_scope_reaches_as_far_as_it_says(site: Site) -> None:
    reader, operator = Program(site, "read"), Program(site, "operate")
    assert "scope" in reader("PUT", "/rules/quiet", 403, **RULE, version=0)["error"]["message"]
    reader("POST", "/pause", 403)
    operator("PUT", "/rules/quiet", 403, **RULE, version=0)
    operator("POST", "/pause", 204)
    with site.runtime.db.read() as tx:
        assert tx.scalar(sa.select(m.instance.c.paused_at)) is not None
    operator("POST", "/resume", 204)


def test_an_item_says_of_every_rule_why_and_why_not(site: Site) -> None:
    reader = Program(site, "read")
    told = reader("GET", f"/items/{site.ids['item']}")
    by_rule = {one["rule"]: one for one in told["verdicts"]}
    assert by_rule["stalled-review"]["outcome"] == "flagged"
    assert by_rule["stalled-review"]["reason"].startswith("Quiet for 35 days")
    assert {one["outcome"] for one in told["verdicts"]} >= {"flagged", "clear", "skipped"}
    reader("GET", "/items/999999", 404)
    assert reader("GET", f"/milestones/{site.ids['milestone']}")["verdicts"]


def test_a_body_that_is_not_json_is_refused(site: Site) -> None:
    ask = Program(site, "rules")
    answer = ask.client.put("/api/v1/rules/quiet", headers=ask.headers, data="type=stalled-work")
    assert answer.status_code == 415
    for raw in ("{", "[]", "null", '"x"'):
        answer = ask.client.put(
            "/api/v1/rules/quiet", headers={**ask.headers, "Content-Type": "application/json"}, data=raw
        )
        assert answer.status_code == 400, raw


def test_flags_are_answered_and_answers_taken_back(site: Site) -> None:
    ask = Program(site, "answer")
    flag = ask("GET", "/flags?rule=stalled-review")["data"][0]["id"]
    given = ask("POST", "/flags/answer", flags=[flag, 999_999], verb="snooze", days=14, reason="in the next release")
    assert given == {"taken": [flag], "left": [{"id": 999_999, "why": "unknown"}]}
    assert ask("POST", "/flags/answer", flags=[flag], verb="undo")["taken"] == [flag]
    for wrong, field in (({"verb": "snooze"}, "until"), ({"verb": "wrong"}, "reason"), ({"verb": "shout"}, "verb")):
        assert ask("POST", "/flags/answer", 400, flags=[flag], **wrong)["error"]["field"] == field


def test_a_preview_is_asked_for_read_by_its_asker_alone_and_called_off(site: Site) -> None:
    ask, other = Program(site, "rules"), Program(site, "rules read")
    asked = ask("POST", "/previews", 202, name="quiet", **RULE)["id"]
    assert ask("GET", f"/previews/{asked}")["state"] == "waiting"
    other("GET", f"/previews/{asked}", 404)
    ask("DELETE", f"/previews/{asked}", 204)
    assert ask("GET", f"/previews/{asked}")["state"] == "cancelled"


def test_what_is_not_there_is_neither_replayed_nor_retried_nor_looked_after(site: Site) -> None:
    ask = Program(site, "operate")
    for path in ("/deliveries/999999/replay", "/publications/999999/retry", "/projects/999999/reconcile"):
        ask("POST", path, 404)
    ask("POST", f"/deliveries/{site.ids['aside']}/replay", 204)
    ask("GET", "/audit", 403)
    trail = Program(site, "admin")("GET", "/audit")["data"]
    assert "token program of operate" in {row["who"] for row in trail if row["what"].startswith("deliver")}
