"""What readers may see: over the whole catalogue, nothing of an item that they may not know of is in a note."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rules.catalog.registry import TYPES
from rules.engine import judge, prepare
from rules.facts import (
    Checks,
    Column,
    DueSet,
    Flow,
    Item,
    Kind,
    Link,
    LinkKind,
    Milestone,
    MilestoneKind,
    Planned,
    Project,
    Ref,
    Reopening,
    Size,
    Sprint,
    State,
    Step,
    Subject,
    Waiting,
)
from rules.intents import Note
from rules.spec import Judgement, Rule, RuleType
from rules.verdict import Outcome, Reach, Said
from rules.wording import codec
from rules.wording.note import all_clear, note, standing_still
from rules.wording.render import plain
from tests.rules import build
from tests.rules.build import at, jira, page, project, ref

KEY, TITLE, LOGIN = "ZQX-777", "Zqtitle", "zqlogin"
URL = "https://zq.example/ZQX-777"
OPENED, CLOSED, DUE = "13 Oct", "17 Nov", "19 Dec"
THEIRS = "acme/zq"
TELLING = re.compile(r"not started|in progress|in review|waiting for a review|checks|asked|draft|merged|since|due on")
NAMING_TYPES = ("stalled-work", "state-mismatch", "blocked-too-long", "scope-creep", "missed-milestone")
"""The types that speak of items other than the one they judge."""
SPEAKING: dict[str, dict[str, Any]] = {
    "sprint-injection": {"ask_swap": True},
    "custom": {"when": "item.key != ''", "message": "{key} {title}: {status}, {milestone}, {labels}"},
}
"""Parameters of types that say nothing by default."""
NOW = st.sampled_from([at("2026-11-27"), at("2026-12-01 12:00"), at("2026-12-12 09:00")])


def other(*, secured: bool, of: str = THEIRS) -> Ref:
    return Ref(id=777, key=KEY, url=URL, project=of, secured=secured)


@st.composite
def links(draw: st.DrawFn, hidden: Ref, *, closed: bool) -> Link:
    over, under = [State.DONE, State.DONE, State.DROPPED], [State.TODO, State.IN_PROGRESS, State.IN_REVIEW]
    return Link(
        kind=draw(st.sampled_from([*[LinkKind.IMPLEMENTS] * 4, LinkKind.BLOCKS, *LinkKind])),
        inbound=draw(st.sampled_from([True, True, True, False])),
        other=hidden,
        other_kind=draw(st.sampled_from([Kind.PULL_REQUEST, Kind.PULL_REQUEST, Kind.PULL_REQUEST, Kind.ISSUE])),
        other_state=draw(st.sampled_from(over if closed else under)),
        other_opened_at=at("2026-10-13"),
        other_closed_at=at("2026-11-17") if closed else None,
        other_checks=Checks.GREEN,
        other_review_requested=False,
        other_due=date(2026, 12, 19),
        since=at("2026-11-03"),
        other_flag=draw(st.sampled_from([None, None, None, "stalled-review"])),
        other_forecast=build.forecast("2026-11-26", 0.2, likely=date(2026, 12, 19)),
    )


@st.composite
def items(draw: st.DrawFn, type_: RuleType, home: Project, hidden: Ref) -> Item:
    own = Step("comment", at("2026-11-05"), "https://own.example/1")
    theirs = Step("linked", at("2026-11-17"), URL, of=hidden)
    state = draw(st.sampled_from([State.TODO, State.IN_PROGRESS, State.IN_REVIEW, State.DONE]))
    begun = None if state is State.TODO else at("2026-11-04")
    around = links(hidden, closed=draw(st.booleans()))
    fields: dict[str, Any] = {
        "project": home,
        "links": tuple(draw(st.lists(around, min_size=1, max_size=2))),
        "last_movement": draw(st.sampled_from([own, theirs])),
        "state": state,
        "state_since": at("2026-11-04"),
        "closed_at": at("2026-11-06") if state is State.DONE else None,
        "started_at": begun,
        "flagged_since": draw(st.sampled_from([None, None, at("2026-11-07")])),
        "needed_by": date(2026, 12, 1),
        "size": Size(checklist_total=12, lines=900, files=9),
        "at_start": Size(checklist_total=4),
        "due": date(2026, 11, 20),
        "author": replace(build.ADA, login=LOGIN),
        "assignees": (replace(build.ADA, login=LOGIN),),
        "acted_at": begun,
        "question": draw(st.sampled_from([None, own])),
        "assigned_since": at("2026-11-05"),
        "type": "Story",
        "reopened": (Reopening(at("2026-11-24"), at("2026-11-26")),),
        "spent": 9.0,
        "hours_planned": 4.0,
        "sprint": draw(st.sampled_from([None, Sprint("Sprint 31", date(2026, 12, 4), 36.0, date(2026, 11, 23), 0.9)])),
        "parent": draw(st.sampled_from([None, hidden])),
        "planned": tuple(
            Planned(number, MilestoneKind.SPRINT, f"Sprint {number}", date(2026, 12, 4), present=number == 31)
            for number in (29, 30, 31)
        ),
    }
    if Kind.ISSUE in type_.kinds and draw(st.booleans()):
        return build.item(**fields)
    if draw(st.booleans()):  # merged, and read by nobody
        over = {"state": State.DONE, "closed_at": at("2026-11-26"), "closed_as": "merged"}
        return build.pull(**(fields | over), moved="2026-11-05", merged_by_other=False)
    return build.pull(
        **(fields | {"last_movement": theirs}),
        moved="2026-11-05",
        checks=draw(st.sampled_from([Checks.GREEN, Checks.RED])),
        red_since=at("2026-11-05"),
        first_review_at=at("2026-11-05"),
        size_at_first_review=Size(lines=100),
    )


@st.composite
def milestones(draw: st.DrawFn, home: Project, hidden: Ref) -> Subject:
    def theirs(number: int) -> Any:
        state = draw(st.sampled_from([State.TODO, State.IN_PROGRESS, State.IN_REVIEW]))
        joined = draw(st.sampled_from(["2026-11-05", "2026-11-26"]))
        base = {"state": state, "title": TITLE, "state_since": at("2026-11-17"), "created_at": at("2026-10-13")}
        base |= {"spent": 9.0, "hours_planned": 4.0}
        left = draw(st.sampled_from([None, None, "2026-11-28"]))
        return build.member(number, joined=joined, left=left, item=replace(hidden, id=number), **base)

    waits = build.member(20, joined="2026-11-05", item=ref(20, of=home.key), waiting_on=hidden)
    members = [waits, *(theirs(700 + number) for number in range(draw(st.integers(1, 8))))]
    members += [
        build.member(number, joined="2026-11-05", item=ref(number, of=home.key), hours_planned=4.0)
        for number in range(1, 4)
    ]
    kind = draw(st.sampled_from(MilestoneKind))
    return build.milestone(
        members,
        project=home,
        kind=kind,
        start=draw(st.sampled_from([date(2026, 11, 23), date(2026, 11, 23), date(2026, 12, 2)])),
        due=date(2026, 12, 4),
        dues=tuple(DueSet(date(2026, 12, day), at(f"2026-11-0{day}")) for day in (2, 3, 4)),
        home=ref(1),
        forecasts=(build.forecast("2026-11-25", 0.2, driver="waiting", waiting=1), build.forecast("2026-11-26", 0.2)),
    )


@st.composite
def flows(draw: st.DrawFn, home: Project, hidden: Ref) -> Subject:
    """A pile in review that has grown, with an item in it that some readers may not know of."""
    days = draw(st.integers(3, 8))
    waiting = [
        Waiting(hidden, at("2026-11-05")),
        *(Waiting(ref(n, of=home.key), at("2026-11-09")) for n in range(days)),
    ]
    counts = ((at("2026-11-05"), 1), (at("2026-11-24"), days + 1))
    return Flow(id=1, project=home, columns=(Column(State.IN_REVIEW, tuple(waiting), counts),))


"""What makes a type look at more than by default."""


@st.composite
def cases(draw: st.DrawFn, type_: RuleType) -> tuple[Judgement, Note, Note]:
    """A flag on something that has to do with a hidden item, the note of it, and what the note shrinks to."""
    secured = draw(st.sampled_from([False, False, True]))
    tracker = draw(st.sampled_from([project, jira]))
    same = frozenset({THEIRS}) if secured else frozenset()
    home = tracker(
        draw(st.sampled_from([build.PLAIN, build.WEEK])),
        public=draw(st.booleans()),
        same_readers=same,
        settings=build.settings(name_foreign_keys=draw(st.booleans()), reviews_required=True),
        watched_keys=frozenset({"PAY"}),
        usual=build.usual(),
    )
    hidden = other(secured=secured, of=draw(st.sampled_from([THEIRS, home.key])) if secured else THEIRS)
    made_of = {Item: items(type_, home, hidden), Milestone: milestones(home, hidden), Flow: flows(home, hidden)}
    subject = draw(made_of[type_.judges])
    made = prepare(Rule(id=1, version=1, name="r", type=type_.name, mode="live", params=SPEAKING.get(type_.name, {})))
    when = draw(NOW)
    judged = judge([made], subject, when)
    assume(judged and judged[0].verdict.outcome is Outcome.FLAGGED)
    one = judged[0]
    written = note([one], project=home, item_url_in_plumbline=None)
    if one.verdict.reach is not Reach.COMMENT:  # of such a flag at most its first sentence is ever written
        written = standing_still(one.verdict, project=home, today=when.date())
    if isinstance(subject, Flow):
        after: Subject = replace(subject, columns=())
    else:
        after = replace(subject, gap=False, **({"links": ()} if isinstance(subject, Item) else {"open": False}))
    (cleared,) = judge([made], after, when)
    quiet = all_clear(one.verdict, now=cleared.verdict, project=home, since=when)
    return one, written, quiet


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.name)
def test_nothing_of_an_item_that_readers_may_not_know_of_is_written(type_: RuleType) -> None:
    named = []

    @settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(cases(type_))
    def look(case: tuple[Judgement, Note, Note]) -> None:
        one, written, quiet = case
        hidden = hidden_of(one)
        home = one.subject.project
        may_name = not hidden.secured and (not home.public or home.settings.name_foreign_keys)
        for text in (page(written), page(quiet)):
            for secret in (TITLE, LOGIN, OPENED, CLOSED, DUE):
                assert secret not in text
            assert may_name or (KEY not in text and URL not in text)
        named.append(KEY in page(written))
        if isinstance(one.subject, Item):
            for section in written.sections:
                for line in (section.headline, *section.lines, *section.below):
                    words = "".join(span.text for span in line)
                    assert KEY not in words or not TELLING.search(words), words

    look()
    assert named
    assert any(named) == (type_.name in NAMING_TYPES)  # what is never named proves nothing


def hidden_of(one: Judgement) -> Ref:
    if isinstance(one.subject, Item):
        return one.subject.links[0].other
    if isinstance(one.subject, Flow):
        return one.subject.columns[0].waiting[0].item
    return next(member.item for member in one.subject.members if member.item.key == KEY)


PUBLIC = project(public=True)
NAMING = project(public=True, settings=build.settings(name_foreign_keys=True))
PRIVATE = project()
NEAR = project(same_readers=frozenset({THEIRS}))
WHO = [
    (PUBLIC, other(secured=False), (False, False)),
    (NAMING, other(secured=False), (True, False)),
    (replace(NAMING, same_readers=frozenset({THEIRS})), other(secured=False), (True, False)),
    (PRIVATE, other(secured=False), (True, False)),
    (PRIVATE, replace(other(secured=False), public=True), (True, True)),
    (NEAR, other(secured=False), (True, True)),
    (PRIVATE, ref(1), (True, True)),
    (PUBLIC, ref(1), (True, True)),
    (NEAR, other(secured=True), (False, False)),
    (NAMING, other(secured=True), (False, False)),
    (PRIVATE, replace(ref(1), secured=True), (False, False)),
]


@pytest.mark.parametrize(("home", "hidden", "expected"), WHO)
def test_who_may_be_told_what(home: Project, hidden: Ref, expected: tuple[bool, bool]) -> None:
    assert (home.may_name(hidden), home.may_tell(hidden)) == expected


def test_an_item_that_may_not_be_named_is_one_elsewhere_or_not_shown() -> None:
    said = Said("stalled-work.waits-elsewhere", {"pull": other(secured=False)})
    assert plain(said, project=PUBLIC) == "It waits for an item elsewhere"
    own = Said("stalled-work.waits-elsewhere", {"pull": replace(ref(1), secured=True)})
    assert plain(own, project=PRIVATE) == "It waits for an item not shown here"


def test_what_is_secured_stays_so_when_its_words_are_stored() -> None:
    secret = replace(other(secured=True), public=True)
    step = Step("linked", at("2026-11-17"), URL, of=secret)
    said = Said("x.y", {"one": secret, "many": (secret,), "step": step, "said": (Said("x.z", {"one": secret}),)})
    assert codec.load(codec.dump(said)) == said
    assert said.refs == (secret,) * 4
    before = {"code": "x.y", "values": {"one": {"ref": [1, "#1", "u", "p"]}, "step": {"step": ["push", at("2026-11-17").isoformat(), None, "author"]}}}  # fmt: skip
    assert codec.load(before).values["one"] == Ref(1, "#1", "u", "p")


def test_words_that_tell_too_much_go_when_an_item_becomes_secured() -> None:
    rule = prepare(Rule(id=1, version=1, name="r", type="blocked-too-long"))

    def gist(secured: bool) -> str:
        blocker = build.link(LinkKind.BLOCKS, other(secured=secured), since=at("2026-11-03"))
        subject = build.item(links=(blocker,), labels=("blocked",), flagged_since=at("2026-11-03"))
        (one,) = judge([rule], subject, at("2026-11-27"))
        assert one.verdict.outcome is Outcome.FLAGGED
        return one.verdict.gist

    assert gist(secured=True) != gist(secured=False)
