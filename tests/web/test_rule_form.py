"""The form of a rule: what was typed becomes a draft, or a mistake at its field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.web.rule_fields import fields_of
from app.web.rule_form import draft_without_condition, form_of, place_in, read_draft, slug
from rules.catalog.registry import TYPES, by_name
from rules.packs import load as packs
from rules.rulefile import RuleDraft
from rules.spec import Actions, Rung, Scope, Tell


def sent(**changes: str | list[str] | None) -> MultiDict[str, str]:
    """What a browser sends for a rule about quiet work. Field names with `__` for the dot; None: not sent."""
    fields: dict[str, str | list[str] | None] = {
        "type": "stalled-work", "name": "quiet-work", "title": "Quiet work", "mode": "observe", "severity": "warning",
        "reach": "comment", "params.quiet_days": "3", "params.only": "in_progress", "params.plan_share": "0",
        "scope.condition": "", "scope.patterns": "", "version": "0",
    }  # fmt: skip
    fields |= {name.replace("__", "."): value for name, value in changes.items()}
    return MultiDict({name: value for name, value in fields.items() if value is not None})


def errors(**changes: str | list[str] | None) -> dict[str, str]:
    draft, form = read_draft(sent(**changes))
    assert (draft is None) == bool(form.errors)
    return form.errors


def test_a_form_as_it_comes_is_a_draft_with_only_what_differs():
    draft, form = read_draft(sent(params__quiet_days="14"))
    assert draft == RuleDraft(name="quiet-work", type="stalled-work", title="Quiet work", params={"quiet_days": 14})
    assert form.good


def test_shares_are_typed_in_per_cent():
    draft, _ = read_draft(sent(params__plan_share="25 %"))
    assert draft is not None
    assert draft.params == {"plan_share": 0.25}


def test_every_mistake_is_said_at_once_and_at_its_field():
    assert errors(
        params__quiet_days="0", params__plan_share="101", title="", name="", mode="loud", scope__kinds=["epic"],
        **{"ladder.0.after": "soon", "ladder.0.tell": "nobody"},
    ) == {
        "title": "is needed: a few words that lists show",
        "mode": "must be one of off, observe, live",
        "params.quiet_days": "must be at least 1",
        "params.plan_share": "must be at most 100 %",
        "scope.kinds": "'epic' is none of issue, subtask",
        "ladder.0.after": "must be a number of working days; 0: at once",
        "ladder.0.tell": "is needed: choose whom to tell",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "is needed; 3 is usual"),
        ("soon", "must be a whole number"),
        ("2.5", "must be a whole number"),
        ("366", "must be at most 365"),
        ("nan", "must be a whole number"),
    ],
)
def test_a_number_that_will_not_do_is_told_what_would(typed, said):
    assert errors(params__quiet_days=typed) == {"params.quiet_days": said}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("-1", "must be at least 0 %"),
        ("nan", "must be at least 0 %"),
        ("inf", "must be at least 0 %"),
        ("half", "must be a number"),
    ],
)
def test_a_share_that_will_not_do_is_told_what_would(typed, said):
    assert errors(params__plan_share=typed) == {"params.plan_share": said}


def test_a_box_that_was_not_sent_is_off():
    draft, _ = read_draft(sent(type="blocked-too-long"))
    assert draft is not None
    assert draft.params == {"links": False}


def test_a_mistake_in_a_condition_has_its_place():
    _, form = read_draft(sent(scope__condition='item.title == "x" &&\r\n  item.colour == "red"'))
    place = form.places["scope.condition"]
    assert (place.line, place.before + place.wrong + place.after) == (2, '  item.colour == "red"')
    assert list(form.errors) == ["scope.condition"]


def test_a_draft_without_its_condition_is_given_where_that_alone_is_wrong():
    draft = draft_without_condition(sent(scope__condition="item.colour == 'red'"))
    assert draft is not None
    assert draft.scope.condition is None
    assert draft_without_condition(sent(scope__condition="item.colour == 'red'", params__quiet_days="0")) is None
    assert draft_without_condition(sent()) is None


def test_rows_of_a_ladder_may_have_gaps_and_empty_rows_are_none():
    draft, _ = read_draft(
        sent(**{"ladder.0.after": "", "ladder.0.tell": "", "ladder.4.after": "2", "ladder.4.tell": "lead"})
    )
    assert draft is not None
    assert draft.ladder == (Rung(after=2, tell=Tell.LEAD),)


def test_a_rung_out_of_bounds_is_told_so_in_its_own_row():
    rows = {"ladder.1.after": "2", "ladder.1.tell": "lead", "ladder.3.after": "999", "ladder.3.tell": "lead"}
    assert errors(**rows) == {"ladder.3.after": "must be 0 to 260 working days"}


def test_what_flags_do_in_the_tracker_is_read_and_what_will_not_do_is_said():
    draft, _ = read_draft(sent(actions__label="quiet", actions__color="#D4A72C", actions__settle_minutes="30"))
    assert draft is not None
    assert draft.actions == Actions(label="quiet", color="d4a72c", settle_minutes=30)
    assert errors(actions__label="off", actions__color="red", actions__settle_minutes="soon") == {
        "actions.label": "must be small letters, figures and hyphens, at most 40, and not `off`, by which people silence us",
        "actions.color": "must be six hex digits such as d4a72c",
        "actions.settle_minutes": "must be a whole number of minutes",
    }


def test_projects_come_from_boxes_and_patterns():
    draft, _ = read_draft(sent(scope__projects=["demo/curve", "demo/field"], scope__patterns="acme/*,  demo/curve"))
    assert draft is not None
    assert draft.scope == Scope(projects=("demo/curve", "demo/field", "acme/*"))


@pytest.mark.parametrize("name", ["new", "packs", "Has Spaces", "a/b", "../up", "-x", "x" * 81])
def test_a_new_rule_needs_a_name_that_an_address_can_hold(name):
    assert list(errors(name=name)) == ["name"]


def test_a_rule_in_force_keeps_the_name_it_has():
    assert errors(name="Has Spaces", version="2") == {}


def test_a_new_rule_without_a_name_has_it_from_its_title():
    draft, _ = read_draft(sent(name="", title="Work that’s quiet, & old"))
    assert draft is not None
    assert draft.name == "work-that-s-quiet-old"


def test_a_rule_without_a_name_yet_can_be_tried_but_not_saved():
    assert read_draft(sent(name="", title=""))[0] is None
    draft, form = read_draft(sent(name="", title=""), nameless=True)
    assert draft is not None
    assert form.good
    condition = "item.colour == 'red'"
    assert draft_without_condition(sent(name="", title="", scope__condition=condition)) is None
    assert draft_without_condition(sent(name="", title="", scope__condition=condition), nameless=True) is not None


def test_an_unknown_type_is_a_mistake_of_its_own():
    assert errors(type="no-such") == {"type": "is not known: choose one of the list"}


def test_every_parameter_of_every_type_has_a_field_with_a_title_and_help():
    for type_ in TYPES:
        for one in fields_of(type_):
            assert one.title, (type_.name, one.name)
            assert one.help, (type_.name, one.name)
            assert one.numeric == (one.low is not None and one.high is not None), (type_.name, one.name)


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.name)
def test_the_form_of_a_new_rule_of_any_type_can_be_saved_as_it_comes(type_):
    form = form_of(RuleDraft(name="", type=type_.name, title="Something"), version=0, projects=())
    draft, back = read_draft(MultiDict(form.values))
    assert back.errors == {}
    assert draft == RuleDraft(name="something", type=type_.name, title="Something")


@pytest.mark.parametrize("draft", [draft for name in packs.NAMES for draft in packs.load(name)], ids=lambda d: d.name)
def test_every_packaged_rule_comes_back_from_its_form_with_the_same_numbers(draft):
    form = form_of(draft, version=1, projects=())
    back, _ = read_draft(MultiDict(form.values))
    assert back is not None
    params = by_name(draft.type).params
    assert params.model_validate(dict(back.params)) == params.model_validate(dict(draft.params))
    assert (back.name, back.scope, back.ladder, back.mode) == (draft.name, draft.scope, draft.ladder, draft.mode)


@given(st.text(max_size=60), st.integers(1, 9), st.integers(1, 99))
def test_the_place_of_a_mistake_is_a_piece_of_its_line(text, line, column):
    place = place_in(text, line, column)
    shown = place.before.removeprefix("… ") + place.wrong + place.after
    assert any(shown in one for one in [*text.splitlines(), ""])


@given(st.dictionaries(st.sampled_from(["params.quiet_days", "params.plan_share", "version", "ladder.0.after", "scope.patterns", "name", "title"]), st.text(max_size=30)))  # fmt: skip
def test_whatever_is_typed_is_a_draft_or_a_mistake_and_never_a_crash(typed):
    draft, form = read_draft(MultiDict({**sent(), **typed}))
    assert (draft is None) == bool(form.errors)


@given(st.text(max_size=200))
def test_a_name_from_a_title_is_one_that_may_be_taken(title):
    assert "/" not in slug(title)
    assert slug(title) == slug(slug(title))
