"""The pages on which rules are made and changed: what they say, what they refuse, and that nobody's work is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.services import rulebook
from app.store import models as m
from app.store.views import rules as views
from app.store.views.scope import Visible
from app.time import real_now
from app.web.pages.rule_editor import FAMILIES
from rules.catalog.registry import TYPES
from rules.rulefile import RuleDraft, parse
from tests.web.conftest import Site, token_of
from tests.web.seed_rows import NOW
from tests.web.test_pages import _queries, read, words


def post(browser: FlaskClient, path: str, **fields: Any) -> Any:
    """Send a form. `__` in a name stands for its dot."""
    data = {name.replace("__", "."): value for name, value in fields.items()}
    return browser.post(path, data={"csrf_token": token_of(browser, "/rules"), **data}, follow_redirects=False)


def rule(site: Site, name: str) -> Any:
    return rulebook.rule_named(site.runtime.db, name)


def audits(site: Site) -> list[str]:
    with site.runtime.db.read() as tx:
        about = m.audit.c.what.startswith("rule")
        return list(tx.scalars(sa.select(m.audit.c.what).where(about).order_by(m.audit.c.id)))


def quiet(**changes: Any) -> dict[str, Any]:
    """The form of the seeded rule about quiet work."""
    fields = {"title": "Quiet work", "mode": "observe", "params__quiet_days": "3", "params__only": "in_progress",
              "params__plan_share": "0", "scope__patterns": "demo/*", "severity": "warning", "reach": "comment", "version": "2"}  # fmt: skip
    return fields | changes


def test_a_rule_is_set_off_and_to_observe_in_the_list(site: Site, browser: FlaskClient) -> None:
    assert (
        post(browser, "/rules/stalled-review/mode", mode="off", back="/rules?mode=live").location == "/rules?mode=live"
    )
    assert rule(site, "stalled-review").mode == "off"
    assert "is off now" in words(read(browser, "/rules")[0])
    post(browser, "/rules/stalled-review/mode", mode="observe")
    assert rule(site, "stalled-review").version == 4
    assert audits(site) == ["rule mode set", "rule mode set"]


def test_going_live_passes_through_the_page_that_says_what_it_would_write(site: Site, browser: FlaskClient) -> None:
    assert post(browser, "/rules/stalled-work/mode", mode="live").location == "/rules/stalled-work/live"
    assert rule(site, "stalled-work").mode == "observe"
    said = words(read(browser, "/rules/stalled-work/live")[0])
    assert "none: no flag stands that would show something" in said
    assert "10 new comments a day and project" in said
    assert post(browser, "/rules/stalled-work/live", known="leave").location == "/rules"
    assert rule(site, "stalled-work").mode == "live"


def test_known_flags_are_written_only_where_that_is_asked_for(site: Site, browser: FlaskClient) -> None:
    with site.runtime.db.write() as tx:
        of = sa.select(m.rule.c.id).where(m.rule.c.name == "stalled-review").scalar_subquery()
        tx.execute(sa.update(m.standing).where(m.standing.c.rule_id == of).values(shown_on=m.standing.c.subject_id))
        oldest = tx.scalar(sa.select(sa.func.min(m.standing.c.opened_at)).where(m.standing.c.rule_id == of))
    post(browser, "/rules/stalled-review/mode", mode="observe")
    said = words(read(browser, "/rules/stalled-review/live")[0])
    assert re.search(r"\d items with a flag that stands now. They are known at the start and not written", said)
    post(browser, "/rules/stalled-review/live", known="leave")
    assert rule(site, "stalled-review").live_since == NOW
    post(browser, "/rules/stalled-review/live", known="write")
    assert rule(site, "stalled-review").live_since == oldest
    with site.runtime.db.read() as tx:
        assert tx.scalar(sa.select(m.rule.c.approved_at).where(m.rule.c.name == "stalled-review")) == NOW


def test_the_comments_to_expect_leave_out_what_was_known_on_the_first_day(site: Site) -> None:
    with site.runtime.db.read() as tx:
        row = views.rule_row(tx, "stalled-review", visible=Visible(secured=True), now=NOW)
        assert row is not None
        assert views.spoken(tx, row, now=NOW).days == 28
    draft = RuleDraft(name="young", type="stalled-work", title="Young")
    rulebook.save_rule(site.runtime.db, draft, expected=0, who="a", now=NOW, real=real_now())
    with site.runtime.db.read() as tx:
        young = views.rule_row(tx, "young", visible=Visible(secured=True), now=NOW)
        assert young is not None
        assert views.spoken(tx, young, now=NOW).days == 0


def test_saving_makes_a_version_and_notes_who_and_what(site: Site, browser: FlaskClient) -> None:
    assert post(browser, "/rules/stalled-work/edit", **quiet(params__quiet_days="9")).location == "/rules/stalled-work"
    saved = rule(site, "stalled-work")
    assert (saved.version, saved.params["quiet_days"], saved.title) == (3, 9, "Quiet work")
    with site.runtime.db.read() as tx:
        note = tx.execute(sa.select(m.audit).where(m.audit.c.what.startswith("rule"))).one()
    assert (note.who, note.what, note.subject) == ("owner", "rule saved", "stalled-work")
    assert note.detail == {"version": 3, "fields": ["title", "params.quiet_days"]}


def test_saving_what_is_there_already_makes_no_version(site: Site, browser: FlaskClient) -> None:
    post(browser, "/rules/stalled-work/edit", **quiet(title="Stalled work"))
    assert rule(site, "stalled-work").version == 2
    assert "Nothing was changed" in read(browser, "/rules/stalled-work")[0]
    assert audits(site) == []


def test_no_rule_is_saved_half_finished_and_every_mistake_is_shown_at_its_field(
    site: Site, browser: FlaskClient
) -> None:
    answer = post(
        browser, "/rules/stalled-work/edit",
        **quiet(params__quiet_days="0", params__plan_share="150", scope__condition="item.colour == 'red'"),
    )  # fmt: skip
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    said = words(text)
    assert "must be at least 1." in said
    assert "must be at most 100 %." in said
    assert "Line 1, column 5: there is no field" in said
    assert "3 fields need mending before saving" in said
    assert 'value="150"' in text and "was 3 working days" not in text
    assert rule(site, "stalled-work").version == 2


def test_what_differs_from_the_version_in_force_is_marked_with_it(browser: FlaskClient) -> None:
    answer = post(browser, "/rules/stalled-work/edit", **quiet(params__quiet_days="0"))
    marks = dict(re.findall(r'data-was-of="([^"]+)"(?! hidden)>was ([^<]+)<', answer.get_data(as_text=True)))
    assert marks == {"params.quiet_days": "3", "title": "Stalled work"}


def test_live_chosen_in_the_editor_is_asked_about_first(site: Site, browser: FlaskClient) -> None:
    assert post(browser, "/rules/stalled-work/edit", **quiet(mode="live")).location == "/rules/stalled-work/live"
    assert (rule(site, "stalled-work").version, rule(site, "stalled-work").mode) == (3, "observe")


def test_an_edit_that_somebody_overtook_is_shown_beside_theirs_and_is_not_lost(
    site: Site, browser: FlaskClient
) -> None:
    theirs = RuleDraft(name="stalled-work", type="stalled-work", title="Theirs", params={"quiet_days": 5})
    rulebook.save_rule(site.runtime.db, theirs, expected=2, who="dev-17", now=NOW, real=real_now())
    answer = post(browser, "/rules/stalled-work/edit", **quiet(params__quiet_days="9"))
    assert answer.status_code == 409
    text = answer.get_data(as_text=True)
    said = words(text)
    assert "dev-17 saved version 3" in said
    assert re.search(r"Quiet for\s+Both changed it\s+3 working days\s+5 working days\s+9 working days", said)
    assert rule(site, "stalled-work").version == 3
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text))
    kept["csrf_token"] = token_of(browser, "/rules")
    assert kept["version"] == "3"
    again = browser.post("/rules/stalled-work/edit", data=kept | {"do": "edit"})
    assert again.status_code == 200
    assert 'name="params.quiet_days" type="number" min="1" max="365" step="1" value="9"' in again.get_data(as_text=True)
    browser.post("/rules/stalled-work/edit", data=kept | {"do": "save"})
    saved = rule(site, "stalled-work")
    assert (saved.version, saved.title, saved.params["quiet_days"]) == (4, "Quiet work", 9)


def test_an_edit_of_a_rule_that_was_taken_out_can_still_be_saved(site: Site, browser: FlaskClient) -> None:
    rulebook.remove_rule(site.runtime.db, "stalled-work", who="dev-17", now=NOW, real=real_now())
    answer = post(browser, "/rules/stalled-work/edit", **quiet(type="stalled-work"))
    assert answer.status_code == 409
    assert "was taken out while you were editing" in words(answer.get_data(as_text=True))
    sent = quiet(type="stalled-work", name="stalled-work", version="0")
    assert post(browser, "/rules/new", **sent).location == "/rules/stalled-work"
    assert rule(site, "stalled-work").title == "Quiet work"


def test_every_type_can_be_chosen_and_its_form_opens(browser: FlaskClient) -> None:
    assert sorted(name for names in FAMILIES.values() for name in names) == sorted(type_.name for type_ in TYPES)
    chooser = read(browser, "/rules/new")[0]
    for type_ in TYPES:
        assert f"/rules/new?type={type_.name}" in chooser
        assert type_.title in read(browser, f"/rules/new?type={type_.name}")[0]
    assert browser.get("/rules/new?type=no-such").status_code == 404


def test_a_new_rule_begins_to_observe(site: Site, browser: FlaskClient) -> None:
    sent = quiet(type="stalled-work", title="Work that rests", version="0")
    assert post(browser, "/rules/new", **sent).location == "/rules/work-that-rests"
    assert rule(site, "work-that-rests").mode == "observe"
    answer = post(browser, "/rules/new", **sent)
    assert answer.status_code == 422
    assert "is taken by another rule: take another." in words(answer.get_data(as_text=True))


def test_a_copy_of_a_rule_has_its_numbers_and_observes(site: Site, browser: FlaskClient) -> None:
    text, _ = read(browser, "/rules/new?of=stalled-review")
    assert 'value="stalled-review-copy"' in text
    assert 'name="params.author_days" type="number" min="1" max="365" step="1" value="14"' in text
    assert '<option value="observe" selected>' in text


def test_rungs_are_added_and_taken_away_without_script(browser: FlaskClient) -> None:
    sent = quiet(**{"ladder.0.after": "1", "ladder.0.tell": "lead"})
    text = post(browser, "/rules/stalled-work/edit", do="ladder-add", **sent).get_data(as_text=True)
    assert 'name="ladder.1.after"' in text and "autofocus" in text and 'value="Quiet work"' in text
    text = post(browser, "/rules/stalled-work/edit", do="ladder-remove-0", **sent).get_data(as_text=True)
    assert "ladder.0.after" not in text


def test_a_rule_that_needs_mending_says_where_and_can_be_mended(site: Site, browser: FlaskClient) -> None:
    said = words(read(browser, "/rules")[0])
    assert "“no_such” is not known here (it is 0 ). Not judged until mended. Mend it" in said
    assert "saving leaves it out" in words(read(browser, "/rules/broken-rule/edit")[0])
    post(browser, "/rules/broken-rule/edit", **quiet(title="Mended", version="1", severity="note", reach="page"))
    assert rule(site, "broken-rule").params == {}
    assert "Needs mending" not in read(browser, "/rules")[0]


def test_any_two_versions_are_compared_and_an_earlier_one_is_restored_as_a_new_one(
    site: Site, browser: FlaskClient
) -> None:
    said = words(read(browser, "/rules/stalled-review/versions?from=1&to=2")[0])
    assert "From version 1 to version 2: 5 differences" in said
    assert re.search(r"Merger&#39;s turn\s+2 working days\s+14 working days", said)
    assert browser.get("/rules/stalled-review/versions?from=1&to=9").status_code == 404
    post(browser, "/rules/stalled-review/restore", version="1")
    restored = rule(site, "stalled-review")
    assert (restored.version, restored.params["merger_days"], restored.mode) == (3, 2, "live")
    post(browser, "/rules/stalled-review/restore", version="3")
    assert rule(site, "stalled-review").version == 3
    assert audits(site) == ["rule restored"]


def test_a_rule_that_is_removed_says_what_becomes_of_its_flags(site: Site, browser: FlaskClient) -> None:
    said = words(read(browser, "/rules/stalled-review/remove")[0])
    assert "open flags close with it" in said
    assert "plumbline retract --rule stalled-review" in said
    assert post(browser, "/rules/stalled-review/remove").location == "/rules"
    assert rule(site, "stalled-review") is None
    assert browser.get("/rules/stalled-review").status_code == 404


def test_what_is_exported_is_imported_unchanged(browser: FlaskClient) -> None:
    browser_rules = browser.get("/rules/export")
    assert browser_rules.headers["Content-Disposition"] == 'attachment; filename="rules.yaml"'
    one = browser.get("/rules/export?rule=stalled-review").get_data(as_text=True)
    assert [draft.name for draft in parse(one, source="x")] == ["stalled-review"]
    assert browser.get("/rules/export?rule=none").status_code == 404
    said = words(post(browser, "/rules/import", text=one).get_data(as_text=True))
    assert "Nothing would change" in said


FILE = "rules:\n- name: fresh\n  type: stalled-work\n  params:\n    quiet_days: 4\n- name: stalled-work\n  type: stalled-work\n  mode: live\n"


def test_a_file_shows_what_it_would_change_before_it_does(site: Site, browser: FlaskClient) -> None:
    said = words(post(browser, "/rules/import", text=FILE).get_data(as_text=True))
    assert "2 rules would change" in said
    assert "stalled-work would go live" in said
    assert rule(site, "fresh") is None
    assert post(browser, "/rules/import", text=FILE, do="apply").location == "/rules"
    assert rule(site, "fresh").params == {"quiet_days": 4}
    assert rule(site, "stalled-work").mode == "live"
    assert rule(site, "stalled-review") is not None
    post(browser, "/rules/import", text=FILE, prune="yes", do="apply")
    assert rule(site, "stalled-review") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE.replace("4", "0"), "Line 5, column 17 rules[0].params.quiet_days must be at least 1 (it is 0 )"),
        ("", "is needed: choose a file, or paste one"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_file_with_a_mistake_is_refused_whole_with_its_place(
    site: Site, browser: FlaskClient, text: str, said: str
) -> None:
    answer = post(browser, "/rules/import", text=text, do="apply")
    assert answer.status_code == 422
    assert said in words(answer.get_data(as_text=True))
    assert audits(site) == []


def test_a_pack_shows_its_rules_and_adds_those_that_are_ticked(site: Site, browser: FlaskClient) -> None:
    said = words(read(browser, "/rules/packs/kanban")[0])
    assert "Work in progress has not moved for 5 working days." in said
    assert browser.get("/rules/packs/none").status_code == 404
    post(browser, "/rules/packs/kanban", rule=["quiet-work", "hours-over-the-plan", "no-such"])
    assert (rule(site, "quiet-work").mode, rule(site, "hours-over-the-plan").mode) == ("observe", "off")
    assert rule(site, "blocked-work") is None
    assert "is there already" in words(read(browser, "/rules/packs/scrum")[0])


def test_a_rule_of_ones_own_is_not_replaced_by_a_pack(site: Site, browser: FlaskClient) -> None:
    mine = RuleDraft(name="quiet-work", type="stalled-work", title="Mine", params={"quiet_days": 44})
    rulebook.save_rule(site.runtime.db, mine, expected=0, who="a", now=NOW, real=real_now())
    post(browser, "/rules/packs/kanban", rule=["quiet-work"])
    assert rule(site, "quiet-work").params == {"quiet_days": 44}


def test_an_installation_without_rules_offers_the_packs(empty_site: Site) -> None:
    said = words(read(empty_site.signed_in(), "/rules")[0])
    assert "No rules yet" in said
    assert "Preview the Kanban pack" in said


def test_the_list_asks_as_often_of_fifty_rules_as_of_five(site: Site, browser: FlaskClient) -> None:
    few = _queries(site, browser, "/rules")
    text = "rules:\n" + "".join(
        f"- {{name: more-{n}, type: stalled-work, scope: {{condition: item.age_days > {n}}}}}\n" for n in range(50)
    )
    drafts = parse(text, source="x")
    rulebook.apply(site.runtime.db, drafts, author="a", prune=False, now=NOW, real=real_now())
    assert _queries(site, browser, "/rules") == few


@pytest.mark.parametrize("name", ["<script>", "a b", "ünïcode"])
def test_a_rule_with_an_odd_name_from_a_file_has_its_pages(site: Site, browser: FlaskClient, name: str) -> None:
    draft = RuleDraft(name=name, type="stalled-work", title="Odd")
    rulebook.save_rule(site.runtime.db, draft, expected=0, who="a", now=NOW, real=real_now())
    page = re.search(r'href="(/rules/[^"?/]+)">Odd<', read(browser, "/rules")[0])
    assert page is not None
    for part in ("", "/edit", "/versions", "/remove", "/live"):
        read(browser, page[1] + part)
