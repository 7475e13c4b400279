"""Answering flags from the pages: by a button, by the form, many at once; who may, what is said of it, and the way back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.services import access
from app.store import models as m
from app.web import auth
from tests.web.conftest import Site, token_of
from tests.web.seed_rows import NOW
from tests.web.test_pages import read, words


def rows(site: Site, query: Any) -> list[Any]:
    with site.runtime.db.read() as tx:
        return list(tx.execute(query).all())


def open_flags(site: Site, code: str = "") -> list[int]:
    query = sa.select(m.standing.c.id).where(m.standing.c.closed_at.is_(None), m.standing.c.code.like(f"{code}%"))
    return [row.id for row in rows(site, query.order_by(m.standing.c.id))]


def flag(site: Site, id_: int) -> Any:
    return rows(site, sa.select(m.standing).where(m.standing.c.id == id_))[0]


def send(browser: FlaskClient, path: str = "/flags/answer", **values: Any) -> Any:
    token = token_of(browser, "/settings")
    return browser.post(path, data={"csrf_token": token, "back": "/flags", **values})


def notice(browser: FlaskClient, answer: Any) -> str:
    assert answer.status_code == 303, words(answer.get_data(as_text=True))
    text, _ = read(browser, answer.headers["Location"])
    found = re.search(r'class="notice (?:ok|warn)" role="status">.*?<span>(.*?)</span>', text, re.DOTALL)
    assert found is not None
    return found[1]


def test_one_flag_is_snoozed_said_so_and_speaks_again_when_it_is_taken_back(site: Site, browser: FlaskClient) -> None:
    (item, *_) = [row.id for row in rows(site, sa.select(m.item.c.id).where(m.item.c.key == "#1874"))]
    (id_,) = [row.id for row in rows(site, sa.select(m.standing.c.id).where(m.standing.c.subject_id == item, m.standing.c.subject_kind == "item"))]  # fmt: skip
    answer = send(browser, flag=id_, verb="snooze", until="2026-08-14", reason="release <b>week</b>", back=f"/i/{item}")
    assert notice(browser, answer) == "One flag is set aside until Fri 14 Aug."
    text, _ = read(browser, f"/i/{item}")
    assert "Quiet until Fri 14 Aug, as asked by owner (“release &lt;b&gt;week&lt;/b&gt;”)." in text
    kept = flag(site, id_)
    assert (kept.answered, kept.quiet_until.date().isoformat()) == ("snoozed", "2026-08-14")
    assert "1 flag is answered and quiet" in words(read(browser, "/flags?state=answered")[0])
    assert f'value="{id_}"' not in read(browser, "/flags")[0]
    assert notice(browser, send(browser, flag=id_, verb="undo")) == "One flag speaks again: its answer is taken back."
    assert (flag(site, id_).answered, flag(site, id_).quiet_until) == ("", None)
    audit = [(row.who, row.what, row.subject) for row in rows(site, sa.select(m.audit).order_by(m.audit.c.id))]
    assert audit[-2:] == [
        ("owner", "answered snooze", "demo/curve #1874"),
        ("owner", "took an answer back", "demo/curve #1874"),
    ]


def test_many_are_answered_at_once_and_what_was_left_is_named(site: Site, browser: FlaskClient) -> None:
    first, second, third, *_ = open_flags(site, "stalled-review")
    with site.runtime.db.write() as tx:
        tx.execute(sa.update(m.standing).where(m.standing.c.id == third).values(closed_at=NOW))
    key = rows(site, sa.select(m.item.c.key).join(m.standing, m.standing.c.subject_id == m.item.c.id).where(m.standing.c.id == third))[0].key  # fmt: skip
    said = notice(browser, send(browser, flag=[first, second, third, 10**9], verb="ack", reason="a known pile"))
    assert said == (
        f"2 flags are known as they are: quiet until they get worse. {key} was closed meanwhile. One is not there any more."
    )
    assert [flag(site, id_).answered for id_ in (first, second, third)] == ["acknowledged", "acknowledged", ""]
    said = notice(browser, send(browser, flag=[first, open_flags(site)[-1]], verb="undo"))
    assert said.startswith("One flag speaks again: its answer is taken back. ")
    assert said.endswith("had no answer to take back.")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"verb": "snooze"}, "say until which day"),
        ({"verb": "snooze", "until": "soon"}, "must be a date such as 2026-07-31"),
        ({"verb": "snooze", "until": "2026-07-31"}, "must be a day after today, within a year"),
        ({"verb": "expect", "until": "2027-08-02"}, "must be a day after today, within a year"),
        ({"verb": "wrong"}, "say in a few words what is wrong"),
        ({"verb": "ack", "reason": "x" * 201}, "200"),
    ],
)
def test_what_cannot_be_taken_is_said_by_its_field_and_nothing_changes(
    site: Site, browser: FlaskClient, values: dict[str, str], said: str
) -> None:
    id_ = open_flags(site)[0]
    answer = send(browser, flag=id_, **values)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    field = "until" if values["verb"] in ("snooze", "expect") else "reason"
    assert re.search(rf'id="f-{field}-e">.*?{said}', text, re.DOTALL), words(text)
    assert f'name="flag" value="{id_}"' in text
    assert flag(site, id_).answered == ""


def test_a_decision_is_answered_for_all_that_ask_it_and_the_overview_asks_no_more(
    site: Site, browser: FlaskClient
) -> None:
    text, _ = read(browser, "/")
    form = re.search(r'<form[^>]*action="/flags/answer">(?:(?!</form>).)*?value="stalled-review.merger".*?</form>', text, re.DOTALL)  # fmt: skip
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    meant = open_flags(site, "stalled-review.merger")
    said = notice(browser, send(browser, **{**fields, "verb": "ack", "back": "/"}))
    assert said == f"{len(meant)} flags are known as they are: quiet until they get worse."
    assert {flag(site, id_).answered for id_ in meant} == {"acknowledged"}
    assert 'value="stalled-review.merger"' not in read(browser, "/")[0]


def test_a_viewer_is_offered_no_answer_and_may_give_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = site.signed_in()
    viewer = access.User(name="someone", signed_in_at=NOW, secured=True, role=access.Role.VIEWER)
    token = token_of(browser, "/settings")
    monkeypatch.setattr(auth, "signed_in", lambda: viewer)
    for path in ("/", "/flags", f"/i/{site.ids['item']}", f"/milestones/{site.ids['milestone']}"):
        assert "/flags/answer" not in read(browser, path)[0], path
    id_ = open_flags(site)[0]
    assert browser.get(f"/flags/answer?flag={id_}").status_code == 403
    data = {"csrf_token": token, "flag": id_, "verb": "ack"}
    assert browser.post("/flags/answer", data=data).status_code == 403
    assert flag(site, id_).answered == ""


def test_a_flag_of_a_project_that_may_not_be_seen_is_as_one_that_is_not_there(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = site.signed_in()
    editor = access.User(name="ed", signed_in_at=NOW, role=access.Role.EDITOR, projects=frozenset({site.ids["field"]}))
    monkeypatch.setattr(auth, "signed_in", lambda: editor)
    id_ = open_flags(site)[0]
    assert notice(browser, send(browser, flag=id_, verb="ack")) == "One is not there any more."
    assert "Nothing to answer" in words(read(browser, f"/flags/answer?flag={id_}")[0])
    assert flag(site, id_).answered == ""


def test_what_was_snoozed_speaks_again_when_its_time_is_up(site: Site, browser: FlaskClient) -> None:
    id_ = open_flags(site)[0]
    send(browser, flag=id_, verb="snooze", days="3")
    assert f'value="{id_}"' not in read(browser, "/flags")[0]
    with site.runtime.db.write() as tx:
        tx.execute(sa.update(m.instance).values(origin_world=NOW + timedelta(days=3)))
    assert f'value="{id_}"' in read(browser, "/flags")[0]


def test_the_list_is_narrowed_by_its_address(site: Site, browser: FlaskClient) -> None:
    with site.runtime.db.read() as tx:
        of = dict(tx.execute(sa.select(m.standing.c.subject_kind, sa.func.count()).group_by(m.standing.c.subject_kind)).all())  # type: ignore[arg-type]  # fmt: skip
    assert f"{of['milestone']} matching flags are open" in words(read(browser, "/flags?kind=milestone")[0])
    assert "1 matching flag is open" in words(read(browser, "/flags?label=assurance")[0])
    assert "No matching flags are open" in words(read(browser, "/flags?label=assur")[0])
    assert "1 matching flag is open" in words(read(browser, "/flags?label=%3Cb%3Ebold%3C/b%3E")[0])
    assert browser.get("/flags?kind=none").status_code == 400
