"""What every `Client` promises, whichever tracker is behind it."""

from __future__ import annotations

import pytest

from integrations.errors import PermanentError
from integrations.ports import Target
from rules.facts import Kind
from rules.intents import LabelSpec
from tests.contract.conftest import WITH_RIGHTS

SPEC = LabelSpec("plumb:stalled", "d4a72c", "Quiet for longer than usual")
MARKER = "plumbline:1:7f3c"


@pytest.fixture
def target(rig) -> Target:
    number = rig.new_issue("Export as CSV", "- [ ] header\n- [x] rows")
    return Target(rig.project, number, f"#{number}")


@pytest.fixture
def note(rig) -> str:
    return rig.body("Quiet for 14 days.", MARKER)


def spent(rig, action) -> int:
    """How many requests `action` sends."""
    before = rig.calls()
    action()
    return rig.calls() - before


def test_a_check_says_who_we_are_and_that_we_may_read_and_write(rig):
    found = rig.client.check(rig.project)
    assert found.login == rig.login
    assert found.can_read
    assert found.can_write
    assert found.missing == ()
    assert found.ok


def test_the_project_is_found_by_its_key_and_listed(rig):
    found = rig.client.get_project(rig.project)
    assert found.project.key == rig.project
    assert found.project.native_id
    assert found.project.native_id in {one.project.native_id for one in rig.client.list_projects()}


def test_a_project_that_does_not_exist_is_gone(rig):
    with pytest.raises(PermanentError) as caught:
        rig.client.get_project(rig.nowhere)
    assert caught.value.code == "gone"


def test_a_label_is_made_once_and_a_second_time_is_fine(rig):
    rig.client.ensure_label(rig.project, SPEC)
    rig.client.ensure_label(rig.project, SPEC)


def test_a_label_goes_on_and_off_with_one_call_each(rig, target):
    assert spent(rig, lambda: rig.client.add_label(target, SPEC.name)) == 1
    assert SPEC.name in rig.labels(target.number)
    rig.client.add_label(target, SPEC.name)
    assert spent(rig, lambda: rig.client.remove_label(target, SPEC.name)) == 1
    assert SPEC.name not in rig.labels(target.number)


def test_taking_off_a_label_that_is_not_there_is_fine(rig, target):
    rig.client.remove_label(target, "never there")


def test_taking_a_label_off_an_item_that_does_not_exist_is_told(rig):
    with pytest.raises(PermanentError) as caught:
        rig.client.remove_label(Target(rig.project, 999_999, "#999999"), SPEC.name)
    assert caught.value.code == "gone"


def test_a_comment_is_written_found_by_its_marker_and_edited_in_place(rig, target, note):
    made = []
    assert spent(rig, lambda: made.append(rig.client.create_comment(target, note))) == rig.create_calls
    found = rig.client.find_comment(target, MARKER)
    assert found is not None
    assert found.native_id == made[0].native_id
    assert found.author == rig.login
    shorter = rig.body("All clear.", MARKER)
    assert spent(rig, lambda: rig.client.edit_comment(target, found.native_id, shorter)) == 1
    assert rig.comments(target.number) == [shorter]


def test_a_comment_with_our_marker_by_somebody_else_is_not_ours(rig, target, note):
    rig.comment_as_another(target.number, note)
    assert rig.client.find_comment(target, MARKER) is None


def test_another_marker_is_another_comment(rig, target, note):
    rig.client.create_comment(target, note)
    assert rig.client.find_comment(target, "plumbline:1:7f3") is None


def test_editing_a_comment_that_is_gone_is_told(rig, target):
    with pytest.raises(PermanentError) as caught:
        rig.client.edit_comment(target, "999999999", "x")
    assert caught.value.code == "gone"


def test_commenting_on_an_item_that_does_not_exist_is_told(rig):
    with pytest.raises(PermanentError) as caught:
        rig.client.create_comment(Target(rig.project, 999_999, "#999999"), "x")
    assert caught.value.code == "gone"


def test_a_whole_read_gives_the_item_as_a_webhook_would(rig, target):
    reading = rig.client.read_item(rig.project, target.number)
    (item,) = reading.items
    assert reading.project is not None
    assert item.native_id == rig.native_id(target.number)
    assert item.kind is Kind.ISSUE
    assert item.text is not None
    assert item.text.title == "Export as CSV"
    assert item.state is not None
    assert item.state.open
    assert item.labels == ()
    assert item.as_of is not None


def test_reading_an_item_that_does_not_exist_is_told(rig):
    with pytest.raises(PermanentError) as caught:
        rig.client.read_item(rig.project, 999_999)
    assert caught.value.code == "gone"


def test_a_label_of_the_project_goes_and_a_second_time_is_fine(rig, target):
    spec = LabelSpec("plumb:gone", "d4a72c", "For a while")
    assert rig.client.ensure_label(rig.project, spec) is True
    assert rig.client.ensure_label(rig.project, spec) is False
    rig.client.delete_label(rig.project, spec.name)
    rig.client.delete_label(rig.project, spec.name)
    assert rig.client.ensure_label(rig.project, spec) is True


def test_a_comment_is_deleted_and_a_second_time_is_fine(rig, target, note):
    made = rig.client.create_comment(target, note)
    edited = rig.client.edit_comment(target, made.native_id, f"Anew.\n\n{note}")
    assert (edited.native_id, edited.hidden) == (made.native_id, False)
    rig.client.delete_comment(target, made.native_id)
    rig.client.delete_comment(target, made.native_id)
    assert rig.client.find_comment(target, MARKER) is None


@pytest.mark.parametrize("rig", WITH_RIGHTS, indirect=True)
def test_what_somebody_may_do_is_told_by_few_reads(rig):
    rig.allow("tri", "triage")
    rig.allow("boss", "maintain")
    told = {"tri": "triage", "boss": "maintain", "eve": "read"}
    for (who, may), calls in zip(told.items(), rig.right_calls, strict=True):
        assert (
            spent(rig, lambda who=who, may=may: _is(rig.client.permission(rig.project, rig.person(who)), may)) == calls
        )


def _is(found: str, wanted: str) -> None:
    assert found == wanted


def test_what_runs_by_itself_is_looked_for_and_there_is_none(rig):
    assert rig.client.automation(rig.project) == ()
