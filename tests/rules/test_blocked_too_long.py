"""What has been blocked for too long: the bound, what counts, what is said, and who speaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from rules.catalog import blocked_too_long, stalled_work
from rules.facts import Item, Link, LinkKind, Sprint, State
from rules.verdict import Outcome, Reach, Severity, Verdict
from rules.wording.render import plain
from tests.rules.build import BOT, WEEK, at, item, jira, link, project, pull, ref, settings

LATER = at("2026-12-08 12:00")
DRAWN = at("2026-11-24 10:00")
NEAR = jira(same_readers=frozenset({"PLAT"}))


def judged(subject: Item, *, now: datetime = LATER, **params: object) -> Verdict:
    return blocked_too_long.judge(subject, blocked_too_long.BlockedTooLongParams.model_validate(params), now)


def flagged(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FLAGGED


def blocker(number: int = 77, *, of: str = "PLAT", **fields: Any) -> Link:
    known: dict[str, Any] = {"since": DRAWN, "state": State.IN_PROGRESS}
    return link(LinkKind.BLOCKS, ref(number, f"{of}-{number}", of=of), **(known | fields))


def blocked(*links: Link, **fields: Any) -> Item:
    base: dict[str, Any] = {"project": NEAR, "key": "PAY-231", "links": links, "started_at": at("2026-11-20")}
    return item(**(base | fields))


FLAG = {"flagged_since": DRAWN}
CALLED = {
    "flag": (blocked(**FLAG), "The flag is up, since 24 Nov"),
    "status": (blocked(status="Blocked", **FLAG), 'The status says "Blocked", since 24 Nov'),
    "label": (blocked(labels=("Blocked",), **FLAG), 'The label "Blocked" is on, since 24 Nov'),
    "link": (blocked(blocker()), "It waits for PLAT-77, in progress"),
}


@pytest.mark.parametrize(("subject", "line"), CALLED.values(), ids=CALLED)
def test_blocked_from_the_second_working_day_on(subject: Item, line: str) -> None:
    bound = at("2026-11-26 10:00")
    before = judged(subject, now=at("2026-11-26 09:59"))
    assert (before.reason.code, before.recheck_at) == ("blocked-too-long.short", bound)
    verdict = judged(subject, now=bound)
    assert flagged(verdict) and verdict.since == DRAWN and verdict.reach is Reach.COMMENT
    assert plain(verdict.reason, project=subject.project) == "Blocked for 2 working days (since Tue 24 Nov)."
    assert [plain(said, project=subject.project) for said in verdict.evidence] == [line]
    assert not flagged(judged(subject, now=bound, days=3))


@pytest.mark.parametrize(("subject", "_line"), CALLED.values(), ids=CALLED)
def test_what_is_judged_as_blocked_is_not_judged_as_quiet(subject: Item, _line: str) -> None:
    verdict = stalled_work.judge(subject, stalled_work.StalledWorkParams(), LATER)
    assert verdict.outcome is Outcome.SKIPPED
    assert verdict.reason.code in ("stalled-work.called-blocked", "stalled-work.blocked", "common.left-out")


def test_a_weekend_does_not_count() -> None:
    friday = at("2026-11-27 12:00")
    assert not flagged(judged(blocked(blocker(since=friday)), now=at("2026-12-01 11:59")))
    assert flagged(judged(blocked(blocker(since=friday)), now=at("2026-12-01 12:00")))


NOT_BLOCKED = {
    "done": (blocked(blocker(), state=State.DONE), "blocked-too-long.done"),
    "nothing": (blocked(), "blocked-too-long.free"),
    "blocker done": (blocked(blocker(state=State.DONE)), "blocked-too-long.free"),
    "blocker dropped": (blocked(blocker(state=State.DROPPED)), "blocked-too-long.free"),
    "blocks another": (blocked(blocker(inbound=False)), "blocked-too-long.free"),
    "only relates": (blocked(replace(blocker(), kind=LinkKind.RELATES)), "blocked-too-long.free"),
    "a plan": (blocked(blocker(), state=State.TODO), "blocked-too-long.planned"),
    "on hold": (blocked(blocker(), labels=("on-hold",)), "common.left-out"),
    "waits outside": (blocked(blocker(), status="Waiting for customer"), "common.waiting"),
    "container": (blocked(blocker(), children_total=2), "common.container"),
    "automation": (blocked(blocker(), author=BOT), "common.automation"),
    "gap": (blocked(blocker(), gap=True), "common.gap"),
    "since unknown": (blocked(status="Blocked"), "blocked-too-long.since-unknown"),
    "long ago": (blocked(blocker(since=at("2026-08-01")), started_at=at("2026-08-01")), "blocked-too-long.dormant"),
}


@pytest.mark.parametrize(("subject", "code"), NOT_BLOCKED.values(), ids=NOT_BLOCKED)
def test_what_is_not_blocked_too_long(subject: Item, code: str) -> None:
    assert judged(subject).reason.code == code


def test_what_somebody_called_blocked_counts_before_it_begins_and_its_links_in_a_sprint() -> None:
    assert flagged(judged(blocked(state=State.TODO, **FLAG)))
    running = Sprint("Sprint 31", date(2026, 12, 18), starts=date(2026, 12, 7))
    planned = blocked(blocker(), state=State.TODO, sprint=running)
    assert judged(planned).recheck_at == at("2026-12-09")
    assert judged(planned, now=at("2026-12-09")).since == at("2026-12-07")
    assert not flagged(judged(blocked(blocker()), links=False))


def test_a_link_holds_up_only_work_that_has_begun() -> None:
    begun = blocked(blocker(since=at("2026-11-02")), started_at=at("2026-12-04"))
    assert judged(begun, now=at("2026-12-08")).since == at("2026-12-04")
    old = blocked(blocker(since=None), started_at=at("2026-11-02"), known_from=at("2026-12-07"))
    assert judged(old).recheck_at == at("2026-12-09")


def test_a_blocker_that_comes_too_late_is_said_with_both_dates() -> None:
    early = blocked(blocker(other_due=date(2026, 12, 11)), needed_by=date(2026, 12, 11))
    late = blocked(blocker(other_due=date(2026, 12, 12)), needed_by=date(2026, 12, 11))
    line = "It waits for PLAT-77, in progress, due on 11 Dec"
    assert [plain(said, project=NEAR) for said in judged(early).evidence] == [line]
    (said,) = judged(late).evidence
    assert plain(said, project=NEAR) == "It waits for PLAT-77, in progress, due on 12 Dec; this is needed by 11 Dec"
    assert judged(late).weight > judged(early).weight and judged(late).gist != judged(early).gist


def test_many_blockers_stay_within_three_lines_the_latest_first() -> None:
    late = blocker(99, other_due=date(2026, 12, 12))
    subject = blocked(*(blocker(n) for n in (71, 72, 73)), late, needed_by=date(2026, 12, 11))
    lines = [plain(said, project=NEAR) for said in judged(subject).evidence]
    assert lines[0].startswith("It waits for PLAT-99") and lines[2] == "And for PLAT-72, PLAT-73"
    assert len(judged(replace(subject, **FLAG)).evidence) == 3


def test_a_pull_request_can_be_blocked_too() -> None:
    subject = pull(links=(blocker(of="acme/shop"),), labels=("blocked",), flagged_since=DRAWN, project=project(WEEK))
    assert [said.code for said in judged(subject).evidence] == ["blocked-too-long.called", "blocked-too-long.by"]


def test_of_what_is_elsewhere_only_the_key_is_told() -> None:
    far = blocked(blocker(other_due=date(2026, 12, 12)), project=jira(), needed_by=date(2026, 12, 11))
    verdict = judged(far)
    assert [plain(said, project=far.project) for said in verdict.evidence] == ["It waits for PLAT-77"]
    assert verdict.weight == 0.0 and verdict.reach is Reach.COMMENT


def test_what_only_hidden_items_block_stays_on_the_pages() -> None:
    public = project(WEEK, public=True)
    assert judged(blocked(blocker(), project=public)).reach is Reach.PAGE
    secured = blocker(of="PAY")
    secured = replace(secured, other=replace(secured.other, secured=True))
    assert judged(blocked(secured)).reach is Reach.PAGE
    both = judged(blocked(blocker(), project=public, labels=("blocked",), flagged_since=at("2026-12-01")))
    assert (both.reach, both.since) == (Reach.COMMENT, at("2026-12-01"))
    assert [said.code for said in both.evidence] == ["blocked-too-long.called"]
    named = project(WEEK, public=True, settings=settings(name_foreign_keys=True))
    assert [said.code for said in judged(blocked(blocker(), project=named)).evidence] == ["blocked-too-long.by-key"]


def test_row_41_where_a_note_stands_on_the_blocker_this_one_stays_on_the_pages() -> None:
    noted = blocker(other_flag="stalled-work")
    verdict = judged(blocked(noted))
    assert (verdict.reach, verdict.severity, verdict.waits_on) == (Reach.PAGE, Severity.WARNING, noted.other)
    assert [plain(said, project=NEAR) for said in verdict.below] == [
        "The note stands on PLAT-77, where somebody can act."
    ]
    assert judged(blocked(noted, blocker(78))).reach is Reach.COMMENT
    late = blocked(replace(noted, other_due=date(2026, 12, 12)), needed_by=date(2026, 12, 11))
    assert judged(late).reach is Reach.COMMENT and judged(late).waits_on is None
