"""The words of the model comments, made from facts by the rules themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from rules.catalog import missed_milestone, scope_creep, stalled_review, stalled_work
from rules.facts import (
    Checks,
    DueSet,
    Item,
    Kind,
    LinkKind,
    Member,
    Milestone,
    MilestoneKind,
    Review,
    Side,
    Size,
    Sprint,
    State,
)
from rules.intents import Note
from rules.spec import Judgement, Rule
from rules.verdict import Outcome, Verdict
from rules.wording.note import acknowledged, all_clear, length, note, snoozed
from tests.rules.build import (
    PLAIN,
    WEEK,
    at,
    done,
    item,
    jira,
    link,
    member,
    milestone,
    page,
    planned,
    project,
    pull,
    ref,
    sprint,
    step,
)

FOOTER = (
    "This note is edited in place and nothing gets closed. Answer with `/plumb snooze 2w reason`, "
    "`/plumb wrong reason` or `/plumb help`. [Why this note?](https://plumb.acme.example/i/482)"
)


JIRA_FOOTER = FOOTER.replace("snooze 2w", "snooze 5d")


def mob(number: int, **fields: Any) -> Member:
    known = {"item": ref(number, f"MOB-{number}", of="MOB"), "estimate": None}
    return member(number, **(known | fields))


def keys(*numbers: int) -> str:
    refs = [ref(number, f"MOB-{number}", of="MOB") for number in numbers]
    return ", ".join(f"[{one.key}]({one.url})" for one in refs)


def said(verdict: Verdict, subject: Item | Milestone, *, now: datetime) -> Note:
    assert verdict.outcome is Outcome.FLAGGED, verdict.reason
    rule = Rule(id=1, version=1, name="r", type="t")
    made = Judgement(rule, subject, verdict, now)
    url = "https://plumb.acme.example/i/482"
    return note([made], project=subject.project, item_url_in_plumbline=url)


def test_github_stalled_at_the_authors_turn() -> None:
    now = at("2026-12-08 12:00")
    subject = pull(word="review_comment", by=Side.REVIEWER)
    verdict = stalled_review.judge(subject, stalled_review.StalledReviewParams(), now)
    assert page(said(verdict, subject, now=now)) == (
        "**Quiet for 14 days; it looks like the author's turn.**\n\n"
        "- Last step: [review comments of 24 Nov](https://github.com/acme/shop/pull/482#x), not answered yet\n"
        "- Checks are green, no conflicts\n\n"
        "**What helps:** an answer, a push, or a word that it is on hold. Handing it over is fine too; just say so.\n\n"
        f"<sub>{FOOTER}</sub>"
    )


def test_github_stalled_at_a_reviewers_turn() -> None:
    now = at("2026-12-04 12:00")
    subject = pull(project=project(WEEK), moved="2026-12-01 10:00", first_review_at=at("2026-11-24"))
    verdict = stalled_review.judge(subject, stalled_review.StalledReviewParams(), now)
    assert page(said(verdict, subject, now=now)) == (
        "**Waiting for a review for 3 working days.**\n\n"
        "- Last step: [push of Tue 1 Dec](https://github.com/acme/shop/pull/482#x) that answers all comments; "
        "checks are green\n"
        "- Nobody is asked to review yet\n\n"
        "**What helps:** a reviewer, or a word on when one has time. If it should wait, make it a draft and this note "
        f"goes quiet.\n\n<sub>{FOOTER}</sub>"
    )


def test_github_scope_on_the_home_item() -> None:
    now = at("2026-12-05")
    added = [
        member(512, joined="2026-11-27", title="Export as CSV", state=State.IN_PROGRESS),
        member(515, joined="2026-11-30", title="Audit log, part 2"),
        member(519, joined="2026-12-01", title="Fix login on Safari", bug=True, state=State.IN_REVIEW),
        *planned(4, first=520, joined="2026-12-02"),
    ]
    quick = [done(600 + number, "2026-11-28 12:00", joined="2026-11-28") for number in range(3)]
    subject = milestone([*planned(17), member(488, left="2026-12-01"), *added, *quick])
    verdict = scope_creep.judge(subject, scope_creep.ScopeCreepParams(), now)
    assert page(said(verdict, subject, now=now)) == (
        "**2.4 has grown since it was planned: 18 items then, 24 now. It is due on Fri 11 Dec.**\n\n"
        "| added since 24 Nov | on | now |\n"
        "| --- | --- | --- |\n"
        "| [#512](https://github.com/acme/shop/issues/512) Export as CSV | 27 Nov | in progress |\n"
        "| [#515](https://github.com/acme/shop/issues/515) Audit log, part 2 | 30 Nov | not started |\n"
        "| [#519](https://github.com/acme/shop/issues/519) Fix login on Safari (bug) | 1 Dec | in review |\n"
        "| 4 more |  | [list](https://github.com/acme/shop/milestone/24) |\n\n"
        "Taken out: [#488](https://github.com/acme/shop/issues/488). Not counted: 3 that were done within a day.\n\n"
        "**Pick one:** take something out · move the date · or call this the new plan with "
        "`/plumb baseline 2.4 reason`.\n\n"
        f"<sub>Planned = what was in on 24 Nov, one working day after the start. {FOOTER}</sub>"
    )


def test_github_missed_date_on_the_home_item() -> None:
    now = at("2026-12-12 09:00")
    left = [
        member(512, title="Export as CSV", state=State.IN_REVIEW, state_since=at("2026-12-09"), assigned=True),
        member(515, title="Audit log, part 2", state=State.IN_PROGRESS, assigned=True),
        member(520, title="Update the guide"),
    ]
    dues = (DueSet(date(2026, 11, 27), at("2026-11-02")), DueSet(date(2026, 12, 11), at("2026-11-20")))
    subject = milestone([*left, *(done(number, "2026-12-01") for number in range(1, 22))], dues=dues)
    verdict = missed_milestone.judge(subject, missed_milestone.MissedMilestoneParams(), now)
    assert page(said(verdict, subject, now=now)) == (
        "**2.4 was due on Fri 11 Dec; 3 of 24 items are open.**\n\n"
        "- [#512](https://github.com/acme/shop/issues/512) Export as CSV: waiting for a review since 9 Dec\n"
        "- [#515](https://github.com/acme/shop/issues/515) Audit log, part 2: in progress\n"
        "- [#520](https://github.com/acme/shop/issues/520) Update the guide: not started, nobody assigned\n\n"
        "The date moved once before (from 27 Nov).\n\n"
        "**Pick one:** set a new date · move these three out · or close the milestone if what is done is enough.\n\n"
        f"<sub>{FOOTER}</sub>"
    )


def test_jira_stalled_in_a_running_sprint() -> None:
    now = at("2026-11-30 12:00")
    pr = link(
        LinkKind.CLOSES,
        ref(9, "#482", of="acme/shop-api"),
        other_kind=Kind.PULL_REQUEST,
        other_opened_at=at("2026-11-20"),
        other_checks=Checks.GREEN,
        other_review_requested=False,
    )
    subject = item(
        project=jira(same_readers=frozenset({"acme/shop-api"})),
        key="PAY-231",
        links=(pr,),
        size=Size(estimate=3.0),
        sprint=Sprint("Sprint 31", date(2026, 12, 4), 36.0),
    )
    verdict = stalled_work.judge(subject, stalled_work.StalledWorkParams(), now)
    assert page(said(verdict, subject, now=now)) == (
        "**Quiet for 4 working days (since Tue 24 Nov). Sprint 31 ends on Fri 4 Dec.**\n\n"
        "- It waits for a review: [shop-api #482](https://github.com/acme/shop-api/issues/482), open since 20 Nov, "
        "checks green, nobody asked yet\n"
        "- 3 points of the 36 in the sprint\n\n"
        "**What helps:** a reviewer for the pull request, or a word here about what is in the way. If something "
        "blocks it, link it or set the flag, and this note goes quiet.\n\n"
        f"<sub>{JIRA_FOOTER}</sub>"
    )
    elsewhere = replace(subject, project=jira())
    verdict = stalled_work.judge(elsewhere, stalled_work.StalledWorkParams(), now)
    text = page(said(verdict, elsewhere, now=now))
    assert "- It waits for [shop-api #482](https://github.com/acme/shop-api/issues/482)\n" in text
    assert "20 Nov" not in text and "green" not in text


def test_jira_scope_of_a_release() -> None:
    now = at("2026-12-15")
    added = [mob(n, joined="2026-11-05", estimate=3.0) for n in (401, 407, 411, 415, 421, 422)]
    closed = [
        mob(n, joined="2026-11-05", bug=True, estimate=3.0, state=State.DONE, closed_at=at("2026-12-10"))
        for n in (501, 502, 503)
    ]
    carried = [mob(n, joined="2026-12-02", carried_from="5.1", carried_closed=True) for n in range(601, 607)]
    before = [mob(n, joined="2026-10-20", estimate=56 / 19) for n in range(1, 20)]
    gone = [mob(n, joined="2026-10-20", left="2026-12-03", estimate=4.0) for n in (322, 340)]
    subject = milestone(
        [*before, *gone, *added, *closed, *carried],
        project=jira(PLAIN, key="MOB"),
        kind=MilestoneKind.VERSION,
        title="Mobile 5.2",
        key="5.2",
        number=None,
        start=date(2026, 11, 1),
        due=date(2026, 12, 18),
    )
    verdict = scope_creep.judge(subject, scope_creep.ScopeCreepParams(), now)
    assert page(said(verdict, subject, now=now)) == (
        "**Mobile 5.2 has grown since it was planned on 2 Nov: 21 items then, 28 now (64 points then, 83 now). "
        "Release: Fri 18 Dec.**\n\n"
        f"- Added, not done: {keys(401, 407, 411, 415)} and 2 more; 3 added ones are done; "
        "3 of the 9 are bugs found in this release\n"
        f"- Taken out: {keys(322, 340)}. Carried over from 5.1, not counted: 6\n\n"
        "**Pick one:** take something out, move the date, or call this the new plan with "
        "`/plumb baseline 5.2 reason`.\n\n"
        f"<sub>{JIRA_FOOTER}</sub>"
    )


def test_jira_missed_date_of_a_version() -> None:
    now = at("2026-12-19 09:00")
    blocker = ref(77, "PLAT-77", of="PLAT")
    left = [
        mob(401, state=State.IN_REVIEW, state_since=at("2026-12-15")),
        mob(407, state=State.IN_PROGRESS),
        mob(411, waiting_on=blocker),
        mob(415),
    ]
    dues = (DueSet(date(2026, 12, 4), at("2026-11-02")), DueSet(date(2026, 12, 18), at("2026-11-20")))
    subject = milestone(
        [*left, *(done(n, "2026-12-01") for n in range(1, 25))],
        project=jira(PLAIN, key="MOB"),
        kind=MilestoneKind.VERSION,
        title="Mobile 5.2",
        number=None,
        due=date(2026, 12, 18),
        dues=dues,
    )
    verdict = missed_milestone.judge(subject, missed_milestone.MissedMilestoneParams(), now)
    assert page(said(verdict, subject, now=now)) == (
        "**Mobile 5.2 was due on Fri 18 Dec; 4 of 28 issues are open.**\n\n"
        f"- {keys(401)}: in review since 15 Dec · {keys(407)}: in progress · "
        f"{keys(411)}: blocked by [PLAT-77]({blocker.url}) · {keys(415)}: not started\n"
        "- The date moved once before (from 4 Dec)\n\n"
        "**Pick one:** set a new date, move these four to another version, or release without them.\n\n"
        f"<sub>{JIRA_FOOTER}</sub>"
    )
    six = replace(subject, members=(*subject.members, mob(416), mob(417)))
    verdict = missed_milestone.judge(six, missed_milestone.MissedMilestoneParams(), now)
    assert f"{keys(411)}: blocked by [PLAT-77]({blocker.url}) · 3 more: [list]" in page(said(verdict, six, now=now))


def test_jira_released_with_open_issues() -> None:
    now = at("2026-12-19 09:00")
    subject = milestone(
        [mob(401, state=State.IN_PROGRESS), mob(402), done(1, "2026-12-01")],
        project=jira(PLAIN, key="MOB"),
        kind=MilestoneKind.VERSION,
        title="Mobile 5.2",
        open=False,
        released=True,
        closed_at=at("2026-12-18 10:00"),
    )
    verdict = missed_milestone.judge(subject, missed_milestone.MissedMilestoneParams(), now)
    assert page(said(verdict, subject, now=now)) == (
        "**Mobile 5.2 was released on Fri 18 Dec with 2 of 3 issues open.**\n\n"
        f"- {keys(401)}: in progress · {keys(402)}: not started\n\n"
        "**Pick one:** move these two to where they will be done, or leave them if that is fine.\n\n"
        f"<sub>{JIRA_FOOTER}</sub>"
    )


def test_jira_missed_sprint() -> None:
    now = at("2026-12-08 09:00")
    finished = [done(n, "2026-12-03", estimate=22 / 9) for n in range(1, 10)]
    moved = [member(n, estimate=3.0, left="2026-12-07", transferred_to="Sprint 32") for n in (11, 12, 13)]
    rest = [member(n, estimate=2.5, left="2026-12-07") for n in (14, 15)]
    late = [done(n, "2026-12-03", joined="2026-12-01", estimate=1.0) for n in (21, 22, 23, 24)]
    subject = sprint([*finished, *moved, *rest, *late], own_usual_done=12 / 14)
    verdict = missed_milestone.judge(subject, missed_milestone.MissedMilestoneParams(), now)
    assert page(said(verdict, subject, now=now)) == (
        "**Sprint 31 ended on Fri 4 Dec with 9 of 14 planned issues done (22 of 36 points). "
        "Usual here: 12 of 14.**\n\n"
        "- Not done: 3 went to Sprint 32, 2 to the backlog; 4 came in during the sprint, all done\n\n"
        "For the retrospective; nothing to answer here.\n\n"
        f"<sub>{JIRA_FOOTER}</sub>"
    )
    other = [member(n, estimate=1.0) for n in (16, 17)]
    mixed = sprint([*finished, *moved, *other, *late[:3], member(24, joined="2026-12-01")])
    verdict = missed_milestone.judge(mixed, missed_milestone.MissedMilestoneParams(), now)
    text = page(said(verdict, mixed, now=now))
    assert "Not done: 3 went to Sprint 32, 2 still in it; 4 came in during the sprint, 3 of them done\n" in text


def test_two_flags_share_one_note() -> None:
    now = at("2026-12-08 12:00")
    subject = pull(word="review_comment", by=Side.REVIEWER)
    verdict = stalled_review.judge(subject, stalled_review.StalledReviewParams(), now)
    rule = Rule(id=1, version=1, name="r", type="t")
    both = note([Judgement(rule, subject, verdict, now)] * 2, project=subject.project, item_url_in_plumbline=None)
    assert [len(section.lines) for section in both.sections] == [1, 1]
    assert page(both).count("What helps") == 1 and "Why this note" not in page(both)


def test_quiet_notes() -> None:
    now = at("2026-12-14 12:00")
    home = project(WEEK)
    before = pull(project=home, moved="2026-12-09 10:00")
    was = stalled_review.judge(before, stalled_review.StalledReviewParams(), now)
    after = pull(project=home, moved="2026-12-14 11:00", word="review", by=Side.REVIEWER, review=Review.COMMENTED)
    clear = stalled_review.judge(after, stalled_review.StalledReviewParams(), now)
    quiet = all_clear(was, now=clear, project=home, since=now)
    assert page(quiet) == "All clear since Mon 14 Dec: reviewed. (Was quiet for 3 working days.)" and quiet.quiet
    known = acknowledged(since=now, reason="waits for legal", project=home)
    assert page(known) == 'Known since 14 Dec ("waits for legal"). Silent until it gets worse.'
    asked = snoozed(until=date(2026, 12, 21), reason="release week", project=home, today=date(2026, 12, 14))
    assert page(asked) == 'Quiet until Mon 21 Dec, as asked ("release week").'


def test_a_note_stays_above_the_fold() -> None:
    long = "x" * 300
    members = [member(n, joined="2026-12-01", title=long) for n in range(100, 120)]
    subject = milestone([*planned(3, title=long), *members], title=long)
    verdict = scope_creep.judge(subject, scope_creep.ScopeCreepParams(), at("2026-12-05"))
    assert length(said(verdict, subject, now=at("2026-12-05"))) <= 900


def test_a_date_of_another_year_says_so() -> None:
    now = datetime(2027, 1, 2, 12, tzinfo=UTC)
    subject = milestone([member(1)], due=date(2026, 12, 11))
    verdict = missed_milestone.judge(subject, missed_milestone.MissedMilestoneParams(), now)
    assert "was due on Fri 11 Dec 2026" in page(said(verdict, subject, now=now))


def test_steps_without_an_address_are_plain_text() -> None:
    subject = item(last_movement=step("checklist", "2026-11-24"))
    verdict = stalled_work.judge(subject, stalled_work.StalledWorkParams(), at("2026-12-01"))
    assert "- Last step: ticked box of 24 Nov" in page(said(verdict, subject, now=at("2026-12-01")))
