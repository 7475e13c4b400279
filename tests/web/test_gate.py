"""Who sees one programme sees nothing of another, on no page and by no address; who may only look changes nothing.

Both walk the map of addresses, so that a page made tomorrow is walked too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.services import access
from app.services.access import Role
from app.store import models as m
from app.store import programmes
from app.time import real_now
from tests.web.conftest import Site, token_of
from tests.web.seed_rows import NOW

UNKNOWN = 987_654_321
SENTINEL = "sentinel"
THEIRS = (SENTINEL, "demo/curve")
"""What tells of the project that is not to be seen: all its texts begin with the word, and its key stands in every link
to it.
"""
OPEN = {"static", "auth.sign_in", "auth.signed_out", "auth.by_password", "auth.use_link"}
OWN = {
    "auth.theme", "auth.sign_out", "account.rename", "account.change_password", "account.sign_out_everywhere",
    "account.make_token", "account.revoke_token",
}  # fmt: skip
ARGUMENTS = {
    "item_id": m.item, "milestone_id": m.milestone, "delivery_id": m.delivery, "publication_id": m.publication,
    "preview_id": m.preview, "chore_id": m.chore,
}  # fmt: skip
"""Whose ids the arguments of addresses are; each has `project_id`, or stands for many projects."""
NOT_OF_PROJECTS = {"connection_id", "programme_id", "account_id", "target_id", "token_id"}
"""What only admins reach, who see every project, and tokens, which are of people."""


@pytest.fixture
def divided(site: Site) -> Site:
    """The seeded world with sentinels in the big project, and a programme of the small one, with its viewers."""
    curve, field = site.ids["project"], site.ids["field"]
    with site.runtime.db.write() as tx:
        for table, columns in {m.item: ("title", "body"), m.milestone: ("title",)}.items():
            for column in columns:
                tx.execute(
                    sa.update(table)
                    .where(table.c.project_id == curve)
                    .values({column: f"{SENTINEL} " + table.c[column]})
                )
        tx.execute(
            sa.insert(m.item).values(
                project_id=field, native_id="f1", number=1, key="#1", kind="issue", title="Known to all who see it",
                url="https://github.com/demo/field/issues/1", created_at=NOW, state_since=NOW, moved_at=NOW,
            )
        )  # fmt: skip
        for name, id_ in (("Field", field), (f"{SENTINEL} programme", curve)):
            programmes.save(tx, name=name, project_ids=[id_], same_readers=False, now=real_now())
        (mine,) = tx.scalars(sa.select(m.programme.c.id).where(m.programme.c.name == "Field"))
    for role in (Role.VIEWER, Role.EDITOR):
        site.add_person(f"The {role}", role=role, programmes=frozenset({mine}), secured=True)
    return site


def rules(site: Site, method: str) -> Iterator[Rule]:
    """The addresses that answer to a method, behind the gate of the pages."""
    for rule in site.app.url_map.iter_rules():
        if method not in (rule.methods or ()) or rule.endpoint in OPEN:
            continue
        if rule.endpoint.partition(".")[0] in {"api", "hooks", "health", "oidc"}:
            continue
        yield rule


def ids_of(site: Site, argument: str) -> list[int]:
    """What is there in the project that may not be seen."""
    if argument == "project_id":
        return [site.ids["project"]]
    table = ARGUMENTS[argument]
    query = sa.select(table.c.id)
    if "project_id" in table.c:
        query = query.where(table.c.project_id == site.ids["project"])
    with site.runtime.db.read() as tx:
        return list(tx.scalars(query))


def addresses(site: Site, rule: Rule) -> Iterator[tuple[str, str]]:
    """An address with an id of theirs beside the same with an id of nobody's."""
    rest = rule.rule.replace("<name>", "stalled-review").replace("<part>", "writing")
    (argument,) = rule.arguments - {"name", "part"}
    for id_ in ids_of(site, argument):
        yield tuple(re.sub(rf"<int:{argument}>", str(one), rest) for one in (id_, UNKNOWN))  # type: ignore[misc]


def told(answer: Any) -> str:
    """An answer without what differs from one to the next."""
    text = re.sub(r'value="[^"]{60,}"', "", answer.get_data(as_text=True))
    return f"{answer.status_code} {answer.headers.get('Location', '')} {text}"


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_an_id_that_may_not_be_seen_is_as_one_that_is_not_there(divided: Site, role: str) -> None:
    browser, seen = divided.signed_in_as(f"The {role}"), 0
    for rule in rules(divided, "GET"):
        arguments = rule.arguments - {"name", "part"}
        if not arguments or arguments & NOT_OF_PROJECTS:
            continue
        for theirs, nobodys in addresses(divided, rule):
            answer, unknown = browser.get(theirs), browser.get(nobodys)
            assert answer.status_code in (303, 403, 404), theirs
            assert told(answer).replace(theirs, nobodys) == told(unknown), theirs
            seen += answer.status_code == 404
    assert seen > 20


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_no_list_tells_of_what_may_not_be_seen(divided: Site, role: str) -> None:
    browser = divided.signed_in_as(f"The {role}")
    opened, wrong = set(), []
    for rule in rules(divided, "GET"):
        if rule.arguments - {"name", "part"}:
            continue
        path = rule.rule.replace("<name>", "stalled-review").replace("<part>", "writing")
        searches = (
            "",
            "?state=all",
            "?state=closed",
            "?q=sentin",
            "?status=aside",
            "?q=1874",
            "?project=demo/field",
        )
        for query in searches:
            answer = browser.get(path + query)
            text = answer.get_data(as_text=True)
            assert answer.status_code < 500, path + query
            if answer.status_code == 200:
                wrong += [(path + query, around(text))] if any(word in text for word in THEIRS) else []
                opened.add(rule.endpoint)
        hidden, nothing = browser.get(f"{path}?project=demo/curve"), browser.get(f"{path}?project=demo/nothing")
        assert told(hidden).replace("curve", "nothing") == told(nothing), path
    assert {
        "overview.show",
        "flags.show",
        "milestones.show",
        "deliveries.show",
        "rules.show",
        "settings.show",
    } <= opened
    assert browser.get("/find?q=Known to all").location is not None, "what may be seen is found"


def around(text: str) -> list[str]:
    """Where the words stand, for whoever must mend it."""
    return [text[max(0, at.start() - 80) : at.end() + 40] for at in re.finditer("|".join(THEIRS), text)][:3]


def test_a_token_sees_what_its_owner_sees(divided: Site) -> None:
    db = divided.runtime.db
    with db.read() as tx:
        owner = tx.scalar(sa.select(m.account.c.id).where(m.account.c.name == "The viewer"))
    token = access.create_token(db, "dashboard", owner=owner, now=real_now())
    client, headers, seen = divided.app.test_client(), {"Authorization": f"Bearer {token}"}, 0
    for rule in divided.app.url_map.iter_rules():
        if not rule.endpoint.startswith("api.") or "GET" not in (rule.methods or ()):
            continue
        for query in ("", "?state=all", "?project=demo/curve", "?q=sentin"):
            path = rule.rule.replace("<path:key>", "demo/curve")
            if "<" in path:
                continue  # an id: what it leads to is for those who change rules, and a token here may only read
            answer = client.get(path + query, headers=headers)
            text = answer.get_data(as_text=True)
            if answer.status_code == 200:
                assert [word for word in THEIRS if word in text] == [], (path + query, around(text))
                seen += 1
            if "demo/curve" in path:
                nobodys = client.get(path.replace("curve", "nothing") + query, headers=headers)
                assert answer.status_code == nobodys.status_code in (400, 404), path + query
    assert seen > 10
    found = client.get("/api/v1/items?state=all", headers=headers).json
    assert found is not None
    assert [row["title"] for row in found["data"]] == ["Known to all who see it"]


def test_whoever_may_only_look_changes_nothing(divided: Site) -> None:
    browser = divided.signed_in_as("The viewer")
    csrf, walked = token_of(browser, "/settings"), 0
    for rule in divided.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}):
            if rule.endpoint in OPEN | OWN or rule.endpoint.partition(".")[0] in {"api", "hooks"}:
                continue
            values = dict.fromkeys(rule.arguments, 1)
            path = divided.app.url_map.bind("x").build(rule.endpoint, values, method=method)
            answer = browser.open(path, method=method, data={"csrf_token": csrf})
            assert answer.status_code == 403, (method, path)
            walked += 1
    assert walked > 30


def test_an_editor_of_one_programme_changes_nothing_of_another(divided: Site) -> None:
    browser = divided.signed_in_as("The editor")
    csrf, walked = token_of(browser, "/settings"), 0
    for rule in rules(divided, "POST"):
        arguments = rule.arguments - {"name", "part"}
        if not arguments or arguments & NOT_OF_PROJECTS:
            continue
        for theirs, nobodys in addresses(divided, rule):
            answer, unknown = (browser.post(path, data={"csrf_token": csrf}) for path in (theirs, nobodys))
            assert answer.status_code == unknown.status_code != 500, theirs
            assert told(answer).replace(theirs, nobodys) == told(unknown), theirs
            walked += 1
    assert walked > 5


def test_what_says_of_no_role_who_may_is_for_admins(divided: Site) -> None:
    divided.app.add_url_rule("/forgotten", "forgotten", lambda: "done", methods=["POST"])
    csrf = token_of(editor := divided.signed_in_as("The editor"), "/settings")
    assert editor.post("/forgotten", data={"csrf_token": csrf}).status_code == 403
    admin: FlaskClient = divided.signed_in()
    csrf = token_of(admin, "/settings")
    assert admin.post("/forgotten", data={"csrf_token": csrf}).status_code == 200
