"""Pull requests that name no issue: the bound, what counts as naming one, and whom nobody asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from rules.catalog import unlinked_work
from rules.facts import Item, Kind, LinkKind, Person, Size, State
from rules.verdict import Outcome, Verdict
from rules.wording.render import plain
from tests.rules.build import BOT, WEEK, at, link, project, ref
from tests.rules.build import pull as any_pull

KNOWN = project(WEEK, watched_keys=frozenset({"PAY", "MOB"}))
LATER = at("2026-11-27 12:00")
STRANGER = Person(9, "drive-by")


def judged(subject: Item, *, now: datetime = LATER, **params: object) -> Verdict:
    return unlinked_work.judge(subject, unlinked_work.UnlinkedWorkParams.model_validate(params), now)


def pull(**fields: Any) -> Item:
    base: dict[str, Any] = {"project": KNOWN, "created_at": at("2026-11-24 10:00"), "size": Size(lines=240, files=6)}
    return any_pull(**(base | fields))


def merged(on: str, **fields: Any) -> Item:
    return pull(state=State.DONE, closed_at=at(on), closed_as="merged", **fields)


def test_asked_a_working_day_after_it_was_opened() -> None:
    bound = at("2026-11-25 10:00")
    assert judged(pull(), now=at("2026-11-25 09:59")).recheck_at == bound
    verdict = judged(pull(), now=bound)
    assert verdict.outcome is Outcome.FLAGGED
    assert plain(verdict.reason, project=KNOWN) == "Opened on Tue 24 Nov; no issue is named so far."
    assert plain(verdict.evidence[0], project=KNOWN) == "240 lines changed in 6 files"
    left_draft = pull(ready_at=at("2026-11-26 12:00"))
    assert judged(left_draft, now=at("2026-11-27 11:59")).recheck_at == LATER
    assert judged(left_draft).outcome is Outcome.FLAGGED


def test_asked_for_some_days_after_the_merge() -> None:
    subject = merged("2026-11-25 09:00")
    verdict = judged(subject, now=at("2026-11-25 10:00"))
    assert plain(verdict.reason, project=KNOWN) == "Merged on Wed 25 Nov; no issue was named."
    assert verdict.recheck_at == at("2026-12-02 09:00")
    assert judged(subject, now=at("2026-12-02 09:00")).reason.code == "unlinked-work.past"
    assert judged(pull(), now=at("2027-02-23")).reason.code == "unlinked-work.past"


def issue(key: str = "PAY-231", *, of: str = "PAY") -> Any:
    return ref(231, key, of=of)


LINKED = {
    "implements": pull(links=(link(LinkKind.IMPLEMENTS, issue(), inbound=False, other_kind=Kind.ISSUE),)),
    "own issue": pull(links=(link(LinkKind.CLOSES, ref(12), inbound=False, other_kind=Kind.ISSUE),)),
    "a key, wherever": pull(names=frozenset({"MOB"})),
    "a key among words that look like one": pull(names=frozenset({"SHA", "PAY"})),
}


@pytest.mark.parametrize("subject", LINKED.values(), ids=LINKED)
def test_what_names_an_issue(subject: Item) -> None:
    assert judged(subject).reason.code == "unlinked-work.linked"


UNLINKED = {
    "row 49: only looks like a key": pull(names=frozenset({"SHA", "UTF"})),
    "a project that is not known": pull(names=frozenset({"OPS"})),
    "named by the issue's own text": pull(links=(link(LinkKind.MENTIONS, issue(), other_kind=Kind.ISSUE),)),
    "a mention of an own issue": pull(links=(link(LinkKind.MENTIONS, ref(12), inbound=False, other_kind=Kind.ISSUE),)),
    "another pull request": pull(links=(link(LinkKind.CLOSES, issue(), inbound=False, other_kind=Kind.PULL_REQUEST),)),
}


@pytest.mark.parametrize("subject", UNLINKED.values(), ids=UNLINKED)
def test_what_names_none(subject: Item) -> None:
    assert judged(subject).outcome is Outcome.FLAGGED


def test_issues_of_the_repository_count_unless_told_otherwise() -> None:
    assert judged(LINKED["own issue"], own_issues=False).outcome is Outcome.FLAGGED


LEFT = {
    "no project": (pull(project=project(WEEK)), "unlinked-work.no-project"),
    "row 4: automation": (pull(author=BOT), "common.automation"),
    "drive-by": (pull(author=STRANGER), "unlinked-work.no-member"),
    "nobody": (pull(author=None), "unlinked-work.no-member"),
    "draft": (pull(draft=True), "unlinked-work.draft"),
    "documentation by label": (pull(labels=("Documentation",)), "unlinked-work.documentation"),
    "documentation by title": (pull(title="docs(api): mend a link"), "unlinked-work.documentation"),
    "row 22: release": (pull(labels=("release",)), "common.left-out"),
    "small": (pull(size=Size(lines=20, files=2)), "unlinked-work.small"),
    "size unknown": (pull(size=Size()), "unlinked-work.size-unknown"),
    "closed unmerged": (pull(state=State.DROPPED, closed_at=LATER), "unlinked-work.dropped"),
    "gap": (pull(gap=True), "common.gap"),
    "unread": (replace(pull(), pull_request=None), "unlinked-work.unread"),
}


@pytest.mark.parametrize(("subject", "code"), LEFT.values(), ids=LEFT)
def test_whom_nobody_asks(subject: Item, code: str) -> None:
    assert judged(subject).reason.code == code


@pytest.mark.parametrize("size", [Size(lines=21, files=2), Size(lines=20, files=3)])
def test_small_is_small_in_both(size: Size) -> None:
    assert judged(pull(size=size)).outcome is Outcome.FLAGGED
