"""Status against pull requests: the bound in both directions, and all that is no mismatch."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from rules import engine
from rules.catalog import state_mismatch
from rules.facts import Item, Kind, Link, LinkKind, State
from rules.spec import Rule
from rules.verdict import Outcome, Reach, Verdict
from rules.wording.render import plain
from tests.rules.build import BOT, PLAIN, at, item, jira, link, project, ref, settings

LATER = at("2026-12-01 12:00")
API = "acme/shop-api"
NEAR = jira(same_readers=frozenset({API}))


def judged(subject: Item, *, now: datetime = LATER, **params: object) -> Verdict:
    return state_mismatch.judge(subject, state_mismatch.StateMismatchParams.model_validate(params), now)


def pull(number: int = 482, *, state: State = State.DONE, on: str | None = "2026-11-24 10:00", **fields: Any) -> Link:
    """A link to a pull request of another repository, merged on the day given unless it is open."""
    base: dict[str, Any] = {
        "other_kind": Kind.PULL_REQUEST,
        "other_closed_at": at(on) if on and not state.is_open else None,
        "other_opened_at": at("2026-11-20"),
    }
    return link(LinkKind.IMPLEMENTS, ref(number, of=API), state=state, **(base | fields))


def waiting(number: int = 490, **fields: Any) -> Link:
    return pull(number, state=State.IN_REVIEW, **fields)


def issue(*links: Link, **fields: Any) -> Item:
    return item(**({"project": NEAR, "key": "PAY-231", "links": links} | fields))


def done(*links: Link, **fields: Any) -> Item:
    base: dict[str, Any] = {"state": State.DONE, "status": "Done", "closed_at": at("2026-11-24 10:00")}
    return issue(*links, **(base | fields))


def test_all_merged_and_two_working_days_later_still_in_progress() -> None:
    subject = issue(pull(on="2026-11-20 09:00"), pull(483))
    bound = at("2026-11-26 10:00")
    before = judged(subject, now=at("2026-11-26 09:59"))
    assert (before.reason.code, before.recheck_at) == ("state-mismatch.just-now", bound)
    verdict = judged(subject, now=bound)
    assert (verdict.outcome, verdict.since, verdict.reach) == (
        Outcome.FLAGGED,
        at("2026-11-24 10:00"),
        Reach.COMMENT,
    )
    assert plain(verdict.reason, project=NEAR) == (
        'Its two pull requests were merged by Tue 24 Nov; the status is still "In Progress".'
    )
    assert plain(verdict.evidence[0], project=NEAR) == "Merged: shop-api #482, shop-api #483"
    one = judged(issue(pull()), now=bound)
    assert plain(one.reason, project=NEAR).startswith("Its pull request was merged on Tue 24 Nov;")
    assert judged(issue(pull(), state=State.TODO), now=bound).outcome is Outcome.FLAGGED


def test_done_with_none_merged_and_one_still_open() -> None:
    subject = done(waiting())
    bound = at("2026-11-26 10:00")
    assert judged(subject, now=at("2026-11-26 09:59")).recheck_at == bound
    verdict = judged(subject, now=bound)
    assert plain(verdict.reason, project=NEAR) == "This was done on Tue 24 Nov; its pull request is still open."
    assert plain(verdict.evidence[0], project=NEAR) == "Still open, and none merged: shop-api #490"
    opened_later = done(waiting(other_opened_at=at("2026-11-30 10:00")))
    assert judged(opened_later).recheck_at == at("2026-12-02 10:00")


NONE = {
    "row 47: one of three merged": (issue(pull(1), waiting(2), waiting(3)), "state-mismatch.under-way"),
    "row 47: done with one of two merged": (done(pull(1), waiting(2)), "state-mismatch.under-way"),
    "row 48: review": (issue(pull(), state=State.IN_REVIEW), "state-mismatch.after-review"),
    "row 48: a QA column": (issue(pull(), status="QA"), "state-mismatch.after-review"),
    "row 48: folded": (issue(pull(), status="Ready-for release"), "state-mismatch.after-review"),
    "done and merged": (done(pull()), "state-mismatch.agrees"),
    "open and open": (issue(waiting()), "state-mismatch.agrees"),
    "done with a draft": (done(pull(state=State.IN_PROGRESS)), "state-mismatch.agrees"),
    "not to be done": (issue(waiting(), state=State.DROPPED), "state-mismatch.dropped"),
    "no pull request": (issue(), "state-mismatch.no-pull"),
    "closed unmerged": (issue(pull(state=State.DROPPED)), "state-mismatch.no-pull"),
    "reverted": (issue(pull(other_reverted=True)), "state-mismatch.no-pull"),
    "reverted, and its revert": (issue(pull(other_reverted=True), pull(483, other_reverted=True)), "state-mismatch.no-pull"),
    "only mentioned": (issue(replace(pull(), kind=LinkKind.MENTIONS)), "state-mismatch.no-pull"),
    "moved since": (issue(pull(), state_since=at("2026-11-24 10:00")), "state-mismatch.moved-since"),
    "blocked": (issue(pull(), flagged_since=at("2026-11-25")), "state-mismatch.blocked"),
    "waits": (issue(pull(), status="Waiting for customer"), "common.waiting"),
    "container": (issue(pull(), children_total=2), "common.container"),
    "automation": (issue(pull(), author=BOT), "common.automation"),
    "gap": (issue(pull(), gap=True), "common.gap"),
    "before we knew": (issue(pull(), known_from=at("2026-11-25")), "common.known-since"),
    "merge unknown": (issue(pull(on=None)), "state-mismatch.merge-unknown"),
    "long ago": (issue(pull(on="2026-08-01"), state_since=at("2026-07-01")), "state-mismatch.dormant"),
}  # fmt: skip


@pytest.mark.parametrize(("subject", "code"), NONE.values(), ids=NONE)
def test_what_is_no_mismatch(subject: Item, code: str) -> None:
    assert judged(subject).reason.code == code


@pytest.mark.parametrize("status", ["QA", "In Test", "Ready for release"])
def test_row_48_a_column_after_the_merge_is_where_merged_work_belongs(status: str) -> None:
    subject = issue(pull(on="2026-11-20 09:00"), status=status)
    assert judged(subject).reason.code == "state-mismatch.after-review"
    assert judged(replace(subject, status="In Progress")).outcome is Outcome.FLAGGED


def test_a_reverted_pull_request_does_not_hide_another_that_was_merged() -> None:
    assert judged(issue(pull(), pull(483, other_reverted=True))).outcome is Outcome.FLAGGED


@pytest.mark.parametrize("subject", [issue(pull()), done(waiting())], ids=["merged", "open"])
def test_how_things_stand_elsewhere_is_told_only_to_the_same_readers(subject: Item) -> None:
    number = subject.links[0].other.key
    far = judged(replace(subject, project=jira()))
    assert plain(far.reason, project=jira()) == f"The status here and shop-api {number} may not agree."
    assert (far.evidence, far.reach) == ((), Reach.COMMENT)
    public = project(PLAIN, public=True)
    assert judged(replace(subject, project=public)).reach is Reach.PAGE
    named = project(PLAIN, public=True, settings=settings(name_foreign_keys=True))
    assert judged(replace(subject, project=named)).reason.code == "state-mismatch.look"
    open_ = replace(subject.links[0], other=replace(subject.links[0].other, public=True))
    assert judged(replace(subject, project=jira(), links=(open_,))).reason.code != "state-mismatch.look"


def test_row_41_where_a_note_stands_on_the_open_pull_request_this_one_stays_on_the_pages() -> None:
    noted = waiting(other_flag="stalled-review")
    verdict = judged(done(noted))
    assert (verdict.reach, verdict.waits_on) == (Reach.PAGE, noted.other)
    assert judged(done(noted, waiting(491))).reach is Reach.COMMENT


def test_quiet_work_yields_to_it_where_it_is_heard_as_far() -> None:
    subject = issue(pull())
    quiet = Rule(id=1, version=1, name="quiet", type="stalled-work", mode="live")
    apart = Rule(id=2, version=1, name="apart", type="state-mismatch", mode="live")

    def codes(*rules: Rule) -> list[str]:
        return [one.verdict.reason.code for one in engine.judge([engine.prepare(r) for r in rules], subject, LATER)]

    assert codes(quiet, apart) == ["engine.yields", "state-mismatch.merged"]
    assert codes(quiet, replace(apart, mode="observe"))[0] == "stalled-work.quiet"
    assert codes(quiet, replace(apart, reach=Reach.PAGE))[0] == "stalled-work.quiet"
    assert codes(replace(quiet, mode="observe"), apart)[0] == "engine.yields"
