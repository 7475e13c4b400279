"""Rules are made, mended and changed in a browser: by keyboard alone, with completion, and beside somebody else."""

from __future__ import annotations

import pytest

from app.services import rulebook

pytestmark = pytest.mark.browser


def reach(visitor, name):
    """Go on with the Tab key until something of this name has the focus."""
    for _ in range(150):
        visitor.page.keyboard.press("Tab")
        here = visitor.page.evaluate(
            "(() => { const it = document.activeElement; const label = it.labels && it.labels[0];"
            " return [(label || it).innerText.trim(), it.tagName.toLowerCase()]; })()"
        )
        if here[0] == name:
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def test_a_rule_is_made_from_the_list_by_keyboard_alone(own, visit):
    visitor = visit(own)
    visitor.go("/rules")
    reach(visitor, "New rule")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/rules/new")
    reach(visitor, "Stalled work")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/rules/new?type=stalled-work")
    reach(visitor, "Title")
    visitor.page.keyboard.type("Work that rests")
    reach(visitor, "Quiet for")
    visitor.page.keyboard.type("7")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/rules/work-that-rests")
    assert visitor.page.locator("h1").inner_text() == "Work that rests"
    made = rulebook.rule_named(own.runtime.db, "work-that-rests")
    assert made is not None
    assert made.params == {"quiet_days": 7}
    visitor.look()


def test_a_field_is_completed_by_keyboard(own, visit):
    visitor = visit(own)
    visitor.go("/rules/stalled-work/edit")
    area = visitor.page.get_by_label("Only when")
    area.focus()
    visitor.page.keyboard.type("item.qui")
    options = visitor.page.get_by_role("listbox", name="Fields").get_by_role("option")
    assert options.first.inner_text().startswith("item.quiet_days")
    assert area.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    visitor.look("rule-completion")
    visitor.page.keyboard.press("Enter")
    assert area.input_value() == "item.quiet_days"
    visitor.page.keyboard.type(" > 3 && lab")
    visitor.page.keyboard.press("Escape")
    assert options.count() == 0
    visitor.page.keyboard.type("e")
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("ArrowUp")
    visitor.page.keyboard.press("Tab")
    assert area.input_value() == "item.quiet_days > 3 && item.labels"
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.tagName") == "SUMMARY"


@pytest.mark.parametrize("look", [{}, {"phone": True, "dark": True}, {"script": False}])
def test_a_mistake_stands_at_its_line_and_column_and_nothing_typed_is_lost(own, visit, look):
    visitor = visit(own, **look)
    visitor.go("/rules/stalled-review/edit")
    page = visitor.page
    page.get_by_label("Merger's turn", exact=True).fill("50")
    page.get_by_label("Drafts").fill("0")
    page.get_by_label("Only when").fill('item.checks != "red" && "backport" not in item.labels')
    visitor.follow(page.get_by_role("button", name="Save as version 3"))
    area = page.get_by_label("Only when")
    assert area.get_attribute("aria-invalid") == "true"
    said = page.locator("#f-scope-condition-e").inner_text()
    assert said == 'Line 1, column 36: not is not a word here. Write !("backport" in item.labels).'
    assert page.locator(".caret mark").inner_text() == "not"
    assert page.locator("#f-params-draft_days-e").inner_text() == "must be at least 1."
    assert page.get_by_label("Merger's turn", exact=True).input_value() == "50"
    assert page.locator('[data-was-of="params.merger_days"]').is_visible()
    assert page.locator(".save .state").inner_text().startswith("2 fields need mending")
    page.wait_for_load_state("networkidle")
    visitor.said.clear()  # the browser notes the 422 itself
    if look.get("script", True):
        visitor.look("rule-mistakes" + ("-phone-dark" if look else ""))


def test_what_is_changed_is_marked_while_it_is_typed(own, visit):
    visitor = visit(own)
    visitor.go("/rules/stalled-review/edit")
    page = visitor.page
    mark = page.locator('[data-was-of="params.merger_days"]')
    assert not mark.is_visible()
    page.get_by_label("Merger's turn", exact=True).fill("7")
    page.get_by_label("demo/curve").check()
    assert mark.inner_text() == "was 14"
    assert page.locator("[data-changes]").inner_text() == "2 changes not saved"
    page.get_by_label("Merger's turn", exact=True).fill("14")
    assert not mark.is_visible()
    assert page.locator("[data-changes]").inner_text() == "1 change not saved"


def test_two_who_edit_the_same_rule_lose_nothing(own, visit):
    one, other = visit(own), visit(own)
    for visitor, days in ((one, "5"), (other, "9")):
        visitor.go("/rules/stalled-work/edit")
        visitor.page.get_by_label("Quiet for").fill(days)
    one.follow(one.page.get_by_role("button", name="Save as version 3"))
    one.page.wait_for_url("**/rules/stalled-work")
    other.follow(other.page.get_by_role("button", name="Save as version 3"))
    assert "was changed while you were editing" in other.page.locator("h1").inner_text()
    row = other.page.get_by_role("row", name="Quiet for")
    assert row.locator("td").all_inner_texts() == ["3 working days", "5 working days", "9 working days"]
    other.said.clear()  # the browser notes the 409 itself
    other.look("rule-stale")
    other.follow(other.page.get_by_role("button", name="Go on editing mine"))
    assert other.page.get_by_label("Quiet for").input_value() == "9"
    other.follow(other.page.get_by_role("button", name="Save as version 4"))
    other.page.wait_for_url("**/rules/stalled-work")
    saved = rulebook.rule_named(own.runtime.db, "stalled-work")
    assert saved is not None
    assert (saved.version, saved.params["quiet_days"]) == (4, 9)


def test_an_earlier_version_is_restored(own, visit):
    visitor = visit(own)
    visitor.go("/rules/stalled-review/versions")
    visitor.follow(visitor.page.get_by_role("button", name="Restore version 1"))
    assert visitor.page.locator("h1").inner_text() == "Stalled review: version 3 is in force"
    assert "as version 1 was" in visitor.page.locator(".notice").inner_text()
    visitor.look()


@pytest.mark.parametrize("script", [True, False])
def test_a_file_is_imported_after_it_was_looked_at(own, visit, script):
    visitor = visit(own, script=script)
    page = visitor.page
    visitor.go("/rules/import")
    text = "rules:\n- name: rests\n  type: stalled-work\n  params:\n    quiet_days: 0\n"
    page.get_by_label("Choose a file").set_input_files(
        {"name": "r.yaml", "mimeType": "text/yaml", "buffer": text.encode()}
    )
    visitor.follow(page.get_by_role("button", name="See what would change"))
    assert "Line 5, column 17" in page.get_by_role("region", name="Mistakes").inner_text()
    visitor.said.clear()  # the browser notes the 422 itself
    if script:
        visitor.look("rules-import-mistake")
    page.get_by_label("Or paste it").fill(text.replace("0", "6"))
    visitor.follow(page.get_by_role("button", name="See what would change"))
    assert page.locator("h1").inner_text() == "1 rule would change"
    if script:
        visitor.look("rules-import-preview")
    visitor.follow(page.get_by_role("button", name="Apply"))
    page.wait_for_url("**/rules")
    made = rulebook.rule_named(own.runtime.db, "rests")
    assert made is not None
    assert made.params == {"quiet_days": 6}


@pytest.mark.parametrize("script", [True, False])
def test_a_mode_is_switched_in_place_and_live_is_asked_about(own, visit, script):
    visitor = visit(own, script=script)
    page = visitor.page
    visitor.go("/rules")
    modes = page.get_by_role("group", name="Mode of Stalled work")
    visitor.follow(modes.get_by_role("button", name="Off"))
    assert modes.get_by_role("button", name="Off").get_attribute("aria-pressed") == "true"
    visitor.follow(modes.get_by_role("button", name="Live"))
    page.wait_for_url("**/rules/stalled-work/live")
    visitor.follow(page.get_by_role("button", name="Set it live"))
    page.wait_for_url("**/rules")
    assert modes.get_by_role("button", name="Live").get_attribute("aria-pressed") == "true"


def test_a_rung_is_added_and_has_the_focus(own, visit):
    visitor = visit(own, phone=True)
    visitor.go("/rules/stalled-work/edit")
    visitor.page.get_by_label("Title").fill("Rests")
    visitor.page.get_by_role("button", name="Add a rung").click()
    visitor.page.get_by_label("Working days of rung 1").wait_for()
    assert visitor.page.evaluate("document.activeElement.name") == "ladder.0.after"
    assert visitor.page.get_by_label("Title").input_value() == "Rests"
    visitor.page.get_by_label("Whom rung 1 tells").select_option("lead")
    visitor.page.wait_for_load_state("networkidle")
    visitor.said.clear()  # the browser notes that the preview refused the rung while it was half typed
    visitor.look("rule-rung-phone")
