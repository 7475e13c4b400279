"""Pages of upkeep: who may do what on them, what they say, what they keep to themselves, and forms with mistakes."""

from __future__ import annotations

import csv
import io
import json
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.services import access
from app.services.access import Role
from app.store import models as m
from app.time import real_now
from app.web import auth
from tests.web.conftest import Site, token_of
from tests.web.seed_rows import HOSTILE

FORMS = {
    "zone": "Europe/Berlin",
    "weekdays": ["0", "1", "2", "3", "4"],
    "country": "DE",
    "subdivision": "",
    "holidays": "",
    "blackouts": "",
}


def post(browser: FlaskClient, path: str, data: dict[str, Any] | None = None, *, at: str = "/deliveries") -> Any:
    return browser.post(path, data={**(data or {}), "csrf_token": token_of(browser, at)})


def said(browser: FlaskClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def as_role(monkeypatch: pytest.MonkeyPatch, role: Role, *, projects: frozenset[int] | None = None) -> None:
    """Whoever is signed in has this role, and sees these projects."""
    real = auth.signed_in

    def lesser() -> access.User | None:
        user = real()
        return None if user is None else replace(user, role=role, projects=projects)

    monkeypatch.setattr(auth, "signed_in", lesser)


def change(browser: FlaskClient, site: Site, part: str, **values: Any) -> Any:
    path = f"/settings/projects/{site.ids['project']}/{part}"
    page = said(browser, path)
    base = page.split('name="base" value="', 1)[1].split('"', 1)[0]
    return post(browser, path, {"base": base, "save": "1", **values}, at=path)


# --- who may ------------------------------------------------------------------------------------------------------------


def test_viewers_look_and_change_nothing(site: Site, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    as_role(monkeypatch, Role.VIEWER)
    ids = site.ids
    for path in ("/deliveries", f"/deliveries/{ids['aside']}", "/deliveries/out", f"/deliveries/out/{ids['refused']}"):
        page = said(browser, path)
        assert "Replay" not in page.replace("<h3>Replay</h3>", "")
        assert "Try again now" not in page
    assert "<fieldset disabled>" in said(browser, f"/settings/projects/{ids['project']}/calendar")
    for path in (
        f"/deliveries/{ids['aside']}/replay",
        f"/deliveries/{ids['aside']}/read",
        "/deliveries/replay",
        f"/deliveries/out/{ids['refused']}/retry",
        "/deliveries/out/approve/stalled-review",
        "/deliveries/written/take-back",
        "/deliveries/written/write-again",
        f"/settings/projects/{ids['project']}/calendar",
        "/settings/messages",
        f"/settings/messages/{ids['target']}/remove",
        f"/projects/{ids['project']}/pause",
    ):
        assert post(browser, path).status_code == 403, path
    for path in ("/settings/audit", "/settings/audit.csv", "/settings/messages", "/deliveries/written/take-back"):
        assert browser.get(path).status_code == 403, path
    assert "Audit log" not in said(browser, "/settings")


def test_what_belongs_to_projects_that_are_not_seen_is_not_there(
    site: Site, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_role(monkeypatch, Role.ADMIN, projects=frozenset({site.ids["field"]}))
    ids = site.ids
    for path in (
        f"/deliveries/{ids['aside']}",
        f"/deliveries/{ids['aside']}/payload",
        f"/deliveries/out/{ids['refused']}",
        f"/settings/projects/{ids['project']}/calendar",
        f"/settings/projects/{ids['project']}/versions",
    ):
        assert browser.get(path).status_code == browser.get("/deliveries/999999").status_code == 404, path
    for path in ("/deliveries", "/deliveries/out?status=all", "/deliveries/written", "/settings/projects"):
        assert "demo/curve" not in said(browser, path), path
    assert post(browser, "/deliveries/replay", {"id": str(ids["aside"])}).status_code == 404
    assert post(browser, f"/deliveries/{ids['aside']}/replay").status_code == 404
    assert post(browser, f"/deliveries/out/{ids['refused']}/retry").status_code == 404
    assert browser.get("/settings/audit").status_code == 403, "the log tells of every project"
    assert browser.get("/deliveries/written/take-back").status_code == 403, "of one of theirs only"
    assert browser.get("/deliveries/written/take-back?project=demo/field").status_code == 200


# --- deliveries ---------------------------------------------------------------------------------------------------------


def test_no_secret_of_a_payload_is_shown(site: Site, browser: FlaskClient) -> None:
    """By its name or by how it looks; and a payload is cut on the page, and whole in a text of its own."""
    secrets = ["ghp_" + "a1" * 18, "hunter2-hunter2", "s3cr3t", "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl"]
    payload = {
        "installation": {"access_token": secrets[1]},
        "hook": {"config": {"secret": secrets[2], "url": "https://ann:pa55word@host.example/x"}},
        "comment": {"body": f"my token is {secrets[0]} and {secrets[3]}"},
        "has_token": True,
        "filler": "x" * 70_000,
        "end": "the very last word",
    }
    with site.runtime.db.write() as tx:
        one = m.delivery.c.id == site.ids["aside"]
        tx.execute(sa.update(m.delivery).where(one).values(body=zlib.compress(json.dumps(payload).encode())))
    page = said(browser, f"/deliveries/{site.ids['aside']}")
    whole = browser.get(f"/deliveries/{site.ids['aside']}/payload")
    assert whole.mimetype == "text/plain"
    text = whole.get_data(as_text=True)
    for secret in (*secrets, "pa55word"):
        assert secret not in page + text
    assert text.count("(cut: a secret)") == 5
    assert '"has_token": true' in text
    assert "the very last word" in text
    assert "the very last word" not in page


def test_a_replay_of_more_than_a_few_is_a_chore_with_its_progress(site: Site, browser: FlaskClient) -> None:
    values = {"tracker_id": 1, "lane_id": 1, "event": "issues", "received_at": real_now(), "world_at": real_now(),
              "size": 1, "body": zlib.compress(b"{}"), "status": "ignored"}  # fmt: skip
    with site.runtime.db.write() as tx:
        tx.execute(sa.insert(m.delivery), [{**values, "guid": f"many-{n}"} for n in range(250)])
    answer = post(browser, "/deliveries/replay?status=ignored", {"all": "1"})
    assert answer.status_code == 303
    page = said(browser, "/deliveries?status=ignored")
    assert "owner asked for a replay of 252 deliveries" in page
    assert '<progress max="252" value="0"' in page
    with site.runtime.db.read() as tx:
        chore = tx.scalar(sa.select(m.chore.c.id))
    assert post(browser, f"/deliveries/chores/{chore}/stop").status_code == 303
    assert "asked for a replay" not in said(browser, "/deliveries")


def test_why_deliveries_were_ignored_is_counted(browser: FlaskClient) -> None:
    page = said(browser, "/deliveries?status=ignored")
    assert "Our own label, seen coming back." in page
    assert "Says nothing we keep." in page


@pytest.mark.parametrize("query", ["from=yesterday", "to=2026-13-01", "from=0001-01-01", "status=lost"])
def test_an_address_that_asks_for_no_date_is_refused_in_words(browser: FlaskClient, query: str) -> None:
    for path in (
        ("/deliveries", "/deliveries/written", "/settings/audit") if "status" not in query else ("/deliveries",)
    ):
        assert browser.get(f"{path}?{query}").status_code == 400, path


def test_ids_that_are_no_numbers_are_refused(browser: FlaskClient) -> None:
    assert post(browser, "/deliveries/replay", {"id": "1; drop"}).status_code == 400


# --- going out ----------------------------------------------------------------------------------------------------------


def test_what_goes_out_says_why_and_until_when(site: Site, browser: FlaskClient) -> None:
    page = said(browser, "/deliveries/out?status=all")
    for text in (
        "the account may not write here",
        "Until Sat 1 Aug 2026, 08:10",
        "The tracker did not answer. Tried again",
    ):
        assert text in page
    one = said(browser, f"/deliveries/out/{site.ids['refused']}")
    assert "+ **Quiet for 31 days" in one
    assert "Try again now" in one
    assert "Try again now" not in said(browser, f"/deliveries/out/{site.ids['out']}")
    assert post(browser, f"/deliveries/out/{site.ids['refused']}/retry").status_code == 303
    assert "is tried again now" in said(browser, "/deliveries/out")
    assert post(browser, f"/deliveries/out/{site.ids['out']}/retry").status_code == 303
    assert "nothing to try again" in said(browser, "/deliveries/out")


def test_a_rule_that_asks_first_is_let_write(site: Site, browser: FlaskClient) -> None:
    with site.runtime.db.write() as tx:
        rule = tx.scalar(sa.select(m.rule.c.id).where(m.rule.c.name == "stalled-review"))
        items = list(tx.scalars(sa.select(m.item.c.id).where(m.item.c.number.between(1500, 1529))))
        opened = real_now()
        tx.execute(sa.update(m.standing).values(closed_at=opened))  # those of the seed are not what is looked at here
        for item in items:
            tx.execute(
                sa.insert(m.standing).values(
                    rule_id=rule, rule_version=2, project_id=site.ids["project"], subject_kind="item", subject_id=item,
                    shown_on=item, outcome="flagged", severity="warning", reach="comment", code="stalled-review.author",
                    opened_at=opened, verdict={},
                )
            )  # fmt: skip
    page = said(browser, "/deliveries/out")
    assert "Rules that ask first" in page
    assert ">30</a>" in page
    assert post(browser, "/deliveries/out/approve/no-such").status_code == 404
    assert post(browser, "/deliveries/out/approve/stalled-review").status_code == 303
    page = said(browser, "/deliveries/out")
    assert "Approved: stalled-review may write on 30 items" in page
    assert "Rules that ask first" not in page


def test_writing_is_paused_for_one_project_from_the_list_of_writes(site: Site, browser: FlaskClient) -> None:
    back = {"back": "/deliveries/written"}
    answer = post(browser, f"/projects/{site.ids['project']}/pause", back, at="/deliveries/written")
    assert answer.headers["Location"] == "/deliveries/written"
    assert "paused since" in said(browser, "/deliveries/written")


# --- settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "values", "text"),
    [
        ("calendar", {**FORMS, "zone": "Berlin"}, "there is no time zone “Berlin”; did you mean"),
        ("calendar", {**FORMS, "weekdays": []}, "a week needs at least one working day"),
        ("calendar", {**FORMS, "weekdays": ["9"]}, "must be at most 6"),
        ("calendar", {**FORMS, "country": "Germany"}, "no holidays are known for “Germany”; write a two-letter code"),
        ("calendar", {**FORMS, "subdivision": "XX"}, "DE has no part “XX”; its parts are"),
        ("calendar", {**FORMS, "country": "", "subdivision": "BY"}, "name the country first"),
        ("calendar", {**FORMS, "holidays": "24.12.2026"}, "“24.12.2026” is no date; write it as 2026-12-24"),
        ("calendar", {**FORMS, "blackouts": "Christmas"}, "“Christmas” is no span of days"),
        ("calendar", {**FORMS, "blackouts": "2026-12-24 to 2026-12-01"}, "ends before it begins"),
        ("calendar", {**FORMS, "blackouts": "2026-12-24 to 2036-12-01"}, "longer than a year"),
        ("writing", {"label_prefix": "a b"}, "use at most 30 letters, digits"),
        ("writing", {"comments_per_day": "many"}, "must be a whole number"),
        ("writing", {"opens": "18:00", "closes": "08:00"}, "the hours must begin before they end"),
        ("writing", {"opens": "25:00"}, "is no time of day; write it as 08:00"),
        ("reading", {"rolling_milestones": "0.8.0"}, "“0.8.0” is no number of a milestone"),
        ("reading", {"dormant_after_days": "0"}, "must be at least 1"),
        ("states", {"status-0": "open", "state-0": "sleeping"}, "“sleeping” is no state"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_saved(
    site: Site, browser: FlaskClient, part: str, values: dict[str, Any], text: str
) -> None:
    path = f"/settings/projects/{site.ids['project']}/{part}"
    answer = post(browser, path, {"base": "1", "save": "1", **values}, at="/deliveries")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert text in page
    with site.runtime.db.read() as tx:
        mine = m.project_settings.c.project_id == site.ids["project"]
        assert tx.scalar(sa.select(sa.func.count()).where(mine)) == 1


@pytest.mark.parametrize(
    ("part", "values", "stored"),
    [
        (
            "calendar",
            {**FORMS, "country": "de", "subdivision": "by", "blackouts": "2026-12-24 to 2027-01-02\n2026-08-01/2026-08-15"},
            ({}, {
                "zone": "Europe/Berlin", "weekdays": [0, 1, 2, 3, 4], "country": "DE", "subdivision": "BY",
                "blackouts": [["2026-08-01", "2026-08-15"], ["2026-12-24", "2027-01-02"]],
            }),
        ),
        (
            "labels",
            {"left_out_labels": "on hold, Won't do", "blocked_labels": "blocked", "waiting_labels": ""},
            ({
                "left_out_labels": ["on hold", "Won't do"], "waiting_labels": [], "scope_left_out_labels": [],
                "container_labels": [], "in_progress_labels": [], "in_review_labels": [], "triage_labels": [],
            }, {}),
        ),
        (
            "writing",
            {"label_prefix": "pm/", "comments_per_day": "0", "opens": "9:00", "all_hours": "true", "lead": "curve-lead"},
            ({"label_prefix": "pm/", "comments_per_day": 0, "lead": "curve-lead"}, {"opens": "09:00", "all_hours": True}),
        ),
        (
            "reading",
            {"automation": "k8s-bot\nrelease", "policy": "train", "rolling_milestones": "#7, 8", "size_from": "title"},
            ({"automation": ["k8s-bot", "release"], "policy": "train", "rolling_milestones": [7, 8], "size_from": "title"}, {}),
        ),
        ("states", {"status-0": "open", "state-0": "waiting", "status-1": "x", "state-1": ""}, ({"statuses": {"open": "waiting"}}, {})),
    ],
)  # fmt: skip
def test_what_is_typed_is_what_is_stored_and_shown_again(
    site: Site, browser: FlaskClient, part: str, values: dict[str, Any], stored: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    path = f"/settings/projects/{site.ids['project']}/{part}"
    if part == "states":
        with site.runtime.db.write() as tx:
            tx.execute(sa.update(m.tracker).values(kind="jira"))
    answer = change(browser, site, part, **values)
    assert answer.status_code == 303, answer.get_data(as_text=True)[:2000]
    with site.runtime.db.read() as tx:
        mine = m.project_settings.c.project_id == site.ids["project"]
        row = tx.execute(sa.select(m.project_settings).where(mine).order_by(m.project_settings.c.id.desc())).first()
    assert row is not None
    assert (row.settings, row.calendar, row.author) == (*stored, "owner")
    again = change(browser, site, part, **values)
    assert again.status_code == 303
    assert "Nothing was changed, so no version was made" in said(browser, path)


def test_a_form_that_is_sent_back_as_it_was_opened_changes_nothing(site: Site, browser: FlaskClient) -> None:
    """For every part: what is shown is what holds, so that saving one field never moves another."""
    from app.web.settings_forms import FORMS as PARTS
    from app.web.settings_forms import values_of

    for part, model in PARTS.items():
        for settings, calendar in (({}, {}), ({"comments_per_day": 5, "left_out_labels": []}, {"all_hours": True})):
            values = {
                name: value for name, value in values_of(part, settings, calendar).items() if value not in ("", [])
            }
            made = model.model_validate(values).change()
            after = [
                {name: value for name, value in {**old, **new}.items() if value is not None}
                for old, new in ((settings, made.settings), (calendar, made.calendar))
            ]
            assert after == [settings, calendar], part


def test_settings_that_were_changed_meanwhile_are_not_saved_over(site: Site, browser: FlaskClient) -> None:
    path = f"/settings/projects/{site.ids['project']}/calendar"
    base = said(browser, path).split('name="base" value="', 1)[1].split('"', 1)[0]
    assert change(browser, site, "writing", comments_per_day="4").status_code == 303
    assert post(browser, path, {"base": base, "save": "1", **FORMS}, at=path).status_code == 303
    assert "Meanwhile owner has changed these settings" in said(browser, path)


def test_the_installation_shows_what_the_environment_holds_and_no_secret(site: Site) -> None:
    settings = site.runtime.settings.model_copy(
        update={"database_url": "postgresql+psycopg://plumb:hunter2@db/plumb", "redis_url": "redis://:hunter3@broker/0"}
    )
    site.app.extensions["plumbline"] = replace(
        site.app.extensions["plumbline"], runtime=replace(site.runtime, settings=settings)
    )
    page = said(site.signed_in(), "/settings")
    assert "PLUMBLINE_DATABASE_URL" in page
    assert "hunter2" not in page
    assert "hunter3" not in page
    assert "a key file in the home" in page


# --- messages -----------------------------------------------------------------------------------------------------------


class FakeNotifier:
    """Takes addresses that begin with json, and keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    def check(self, address: str) -> str:
        from integrations.errors import PermanentError

        if not address.startswith("json"):
            raise PermanentError("address", "no service goes by that name")
        return "json"

    def send(self, address: str, title: str, body: str) -> None:
        self.sent.append((address, title, body))


def test_a_target_is_added_tried_and_forgotten_and_its_address_never_shown(site: Site) -> None:
    notifier = FakeNotifier()
    site.runtime.__dict__["notifier"] = notifier
    browser, path = site.signed_in(), "/settings/messages"
    bad = post(browser, path, {"name": "room", "address": "pigeon://secret-loft", "per_day": "0"}, at=path)
    assert bad.status_code == 422
    assert "must be at least 1" in bad.get_data(as_text=True)
    assert "secret-loft" not in bad.get_data(as_text=True)
    worse = post(browser, path, {"name": "room", "address": "pigeon://secret-loft"}, at=path)
    assert worse.status_code == 422
    assert "no service goes by that name" in worse.get_data(as_text=True)
    assert post(browser, path, {"name": "room", "address": "json://secret-host/x"}, at=path).status_code == 303
    page = said(browser, path)
    assert "room (json) is stored" in page
    assert "secret-host" not in page
    with site.runtime.db.read() as tx:
        row = tx.execute(sa.select(m.target).where(m.target.c.name == "room")).one()
    assert "secret-host" not in row.address
    assert post(browser, f"{path}/{row.id}/test", at=path).status_code == 303
    assert notifier.sent[0][0] == "json://secret-host/x"
    assert post(browser, f"{path}/{row.id}/remove", at=path).status_code == 303
    assert "room is forgotten" in said(browser, path)
    assert post(browser, f"{path}/{row.id}/remove", at=path).status_code == 404


# --- the audit log ------------------------------------------------------------------------------------------------------


def test_the_log_is_filtered_and_exported_as_it_is_filtered(site: Site, browser: FlaskClient) -> None:
    page = said(browser, "/settings/audit?who=dev-02&about=demo/field")
    assert page.count("<tr>") == 2
    assert HOSTILE not in page
    tomorrow = (real_now() + timedelta(days=1)).date().isoformat()
    assert "No entry matches" in said(browser, f"/settings/audit?from={tomorrow}")
    answer = browser.get("/settings/audit.csv?who=dev-02")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True))))
    assert rows[0] == ["when", "who", "what", "about", "changes"]
    assert [row[1:4] for row in rows[1:]] == [["dev-02", "settings changed", "demo/field"]]
    assert "comments_per_day: 5" in rows[1][4]


def test_no_cell_of_the_export_is_a_formula(site: Site, browser: FlaskClient) -> None:
    with site.runtime.db.write() as tx:
        tx.execute(sa.insert(m.audit).values(at=real_now(), who="=cmd()", what="x", subject="@sum", detail={}))
    rows = list(csv.reader(io.StringIO(browser.get("/settings/audit.csv").get_data(as_text=True))))
    assert rows[1][1:4] == ["'=cmd()", "x", "'@sum"]


def test_an_export_is_longer_than_one_page(site: Site, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.pages.audit.EXPORTED", 2)
    rows = list(csv.reader(io.StringIO(browser.get("/settings/audit.csv").get_data(as_text=True))))
    with site.runtime.db.read() as tx:
        assert len(rows) - 1 == tx.scalar(sa.select(sa.func.count()).select_from(m.audit))
