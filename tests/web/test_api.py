"""The API and the addresses that machines ask for our health."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.services import access
from app.time import real_now
from tests.web.conftest import Site

KINDS = ("flags", "items", "milestones", "deliveries", "rules", "publications")


@pytest.fixture
def headers(site: Site) -> dict[str, str]:
    return {"Authorization": f"Bearer {access.create_token(site.runtime.db, 'test', scope='read', now=real_now())}"}


@pytest.fixture
def program(site: Site) -> FlaskClient:
    return site.app.test_client()


@pytest.mark.parametrize("kind", KINDS)
def test_no_token_no_answer(program: FlaskClient, kind: str) -> None:
    for header in ({}, {"Authorization": "Bearer plb_wrong"}, {"Authorization": "Basic eDp5"}):
        answer = program.get(f"/api/v1/{kind}", headers=header)
        assert answer.status_code == 401
        assert answer.json is not None
        assert answer.json["error"]["code"] == "unauthorised"


def test_a_session_is_no_token(browser: FlaskClient) -> None:
    assert browser.get("/api/v1/flags").status_code == 401


@pytest.mark.parametrize("kind", KINDS)
def test_walking_the_pages_meets_everything_once(program: FlaskClient, headers: dict[str, str], kind: str) -> None:
    whole = program.get(f"/api/v1/{kind}?limit=200", headers=headers).json
    assert whole is not None
    ids, after = [], ""
    while True:
        page = program.get(f"/api/v1/{kind}?limit=7&after={after}", headers=headers).json
        assert page is not None
        assert len(page["data"]) <= 7
        ids += [row["id"] for row in page["data"]]
        after = page["next"]
        if after is None:
            break
    assert ids == [row["id"] for row in whole["data"]]
    assert len(set(ids)) == len(ids) > 0


def test_a_project_tells_what_its_page_tells(program: FlaskClient, headers: dict[str, str]) -> None:
    found = program.get("/api/v1/projects/demo/curve", headers=headers)
    assert found.json is not None
    assert (found.status_code, found.json["key"], found.json["edits"]) == (200, "demo/curve", [])
    assert {"resting", "left", "catching_up", "keeping_up", "set_aside"} <= found.json.keys()
    assert found.json["page"].startswith("http://plumb.example/projects/")
    assert program.get("/api/v1/projects/demo/none", headers=headers).status_code == 404
    assert program.get("/api/v1/projects/demo/curve").status_code == 401


def test_flags_carry_their_reason(program: FlaskClient, headers: dict[str, str]) -> None:
    found = program.get("/api/v1/flags?rule=scope-creep&family=scope", headers=headers).json
    assert found is not None
    assert found["data"][0]["reason"].startswith("0.8.0 has grown since it was planned")
    assert found["data"][0]["page"].startswith("http://plumb.example/milestones/")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("flags?limit=0", "limit"),
        ("flags?limit=x", "limit"),
        ("flags?severity=awful", "severity"),
        ("flags?family=x", "family"),
        ("items?kind=cat", "kind"),
        ("items?after=!!", "after"),
        ("milestones?state=ajar", "state"),
    ],
)
def test_wrong_arguments_are_named(program: FlaskClient, headers: dict[str, str], query: str, field: str) -> None:
    answer = program.get(f"/api/v1/{query}", headers=headers)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]["field"] == field


def test_unknown_addresses_answer_in_json(program: FlaskClient, headers: dict[str, str]) -> None:
    answer = program.get("/api/v1/cats", headers=headers)
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error"]["code"] == "not_found"
    assert program.get("/api/v1/flags?project=no/such", headers=headers).status_code == 404


def test_alive_and_ready(program: FlaskClient) -> None:
    assert program.get("/healthz").json == {"status": "ok"}
    assert program.get("/readyz").json == {"failing": {}, "status": "ok"}


def test_not_ready_names_what_fails(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_self: object) -> bool:
        raise ConnectionError

    monkeypatch.setattr(type(site.runtime.broker), "ping", gone)
    answer = site.app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["failing"] == {"broker": "ConnectionError"}


def test_metrics_are_for_this_machine_or_a_token(program: FlaskClient, headers: dict[str, str]) -> None:
    near = program.get("/metrics")
    assert near.status_code == 200
    text = near.get_data(as_text=True)
    assert 'plumbline_deliveries{status="aside"} 1.0' in text
    assert "plumbline_flags_open{" in text
    assert 'plumbline_queue_length{queue="drain"} 3.0' in text
    assert program.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 401
    assert program.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 401
    assert program.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 200
