"""Movement, whose word was last, when work began, and in what state an item is: from whatever set of changes there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from app.services.derive import derive
from app.services.past import Past, Who
from app.services.stays import stays
from app.time import to_iso
from rules.settings import Settings

DAY = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
ANN, DEV, MEL, BOT, PASSER = 1, 2, 3, 4, 5
PEOPLE = {
    ANN: Who(bot=False, member=False, login="ann"), DEV: Who(bot=False, member=False, login="dev"),
    MEL: Who(bot=False, member=True, login="mel"), BOT: Who(bot=True, member=True, login="ci[bot]"),
    PASSER: Who(bot=False, member=False, login="passer"),
}  # fmt: skip


def at(days: float) -> datetime:
    return DAY + timedelta(days=days)


def row(**values: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "kind": "issue", "author_id": ANN, "created_at": at(0), "is_open": True, "status": "open", "stage": None, "traits": {}, "closed_at": None, "closed_as": None,
        "deleted_at": None, "labels": [], "assignee_ids": [], "pull": None, "reviews": {}, "body": "", "estimate": None, "url": "u",
    }  # fmt: skip
    return base | values


def past(days: float, field: str, actor: int | None = ANN, before: str | None = None, after: str | None = None) -> Past:
    return Past(at(days), field, actor, before, after, None, f"{field}:{actor}:{days}")


def derived(of: dict[str, Any], *changes: Past) -> dict[str, Any]:
    """Derived once in every order: the result must not depend on it."""
    found = [derive(of, order, people=PEOPLE, settings=Settings()) for order in list(permutations(changes))[:24]]
    assert all(one == found[0] for one in found)
    return found[0]


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (past(1, "comment", ANN), True),
        (past(1, "comment", MEL), True),
        (past(1, "comment", DEV), True),  # the assignee
        (past(1, "comment", PASSER), False),
        (past(1, "comment", BOT), False),
        (past(1, "state", ANN, "closed", "open"), True),
        (past(1, "state", BOT, "closed", "open"), False),
        (past(1, "worklog", DEV), True),
        (past(1, "label", MEL, None, "bug"), False),
        (past(1, "milestone", MEL, None, "1"), False),
        (past(1, "assignee", MEL, None, "dev"), False),
        (past(1, "title", ANN, "a", "b"), False),
        (past(1, "body", ANN, "- [ ] a", "- [x] a"), True),
        (past(1, "body", ANN, "- [x] a", "- [ ] a"), False),
        (past(1, "body", ANN, "a", "b"), False),
        (past(1, "comment", None), False),
    ],
)
def test_only_what_people_with_a_part_in_it_do_is_movement(change: Past, moves: bool) -> None:
    found = derived(row(assignee_ids=[DEV]), change)
    assert found["moved_at"] == (at(1) if moves else at(0))


@pytest.mark.parametrize(
    ("of", "changes", "state"),
    [
        (row(), (), "todo"),
        (row(assignee_ids=[DEV]), (past(1, "assignee", MEL, None, "dev"),), "todo"),
        (row(assignee_ids=[ANN]), (past(0, "state", ANN, None, "open"),), "todo"),
        (row(assignee_ids=[DEV]), (past(1, "assignee", MEL, None, "dev"), past(2, "comment", DEV)), "in_progress"),
        (row(assignee_ids=[DEV]), (past(1, "comment", DEV), past(2, "assignee", MEL, None, "dev")), "todo"),
        (
            row(assignee_ids=[DEV]),
            (past(1, "assignee", MEL, None, "ann"), past(2, "comment", DEV), past(3, "assignee", MEL, None, "dev")),
            "todo",
        ),
        (row(assignee_ids=[DEV]), (past(2, "comment", ANN),), "todo"),
        (row(assignee_ids=[DEV], labels=["needs-triage"]), (past(2, "comment", DEV),), "todo"),
        (row(labels=["In Progress"]), (), "in_progress"),
        (row(labels=["in-review"]), (), "in_review"),
        (row(kind="pull_request", pull={"draft": False}), (), "in_review"),
        (row(kind="pull_request", pull={"draft": True}), (), "in_progress"),
        (row(is_open=False, closed_at=at(3)), (), "done"),
        (row(is_open=False, closed_at=at(3), closed_as="not_planned"), (), "dropped"),
        (row(is_open=False, closed_at=at(3), closed_as="unmerged", kind="pull_request", pull={}), (), "dropped"),
        (row(deleted_at=at(3)), (), "dropped"),
    ],
)
def test_the_state_of_an_item(of: dict[str, Any], changes: tuple[Past, ...], state: str) -> None:
    assert derived(of, *changes)["state"] == state


def test_work_began_when_its_assignee_first_acted_however_often_they_act_later() -> None:
    found = derived(
        row(assignee_ids=[DEV], body="- [ ] a\n- [ ] b\n- [ ] c"),
        past(1, "assignee", MEL, None, "dev"), past(2, "comment", DEV), past(3, "body", ANN, "- [ ] a", "- [ ] a\n- [ ] b\n- [ ] c"), past(4, "comment", DEV),
    )  # fmt: skip
    assert found["derived"]["started_at"] == "2026-03-04T09:00:00Z"
    assert found["derived"]["acted_at"] == "2026-03-06T09:00:00Z"
    assert found["derived"]["at_start"]["checklist_total"] == 1
    assert found["derived"]["size"]["checklist_total"] == 3


def test_the_last_word_is_the_latest_of_author_and_reviewers_never_of_bots_or_passers_by() -> None:
    pull = row(kind="pull_request", pull={"draft": False, "reviewers": []})
    words = (
        past(1, "push", ANN),
        past(2, "review", MEL, None, "commented"),
        past(3, "comment", PASSER),
        past(3.5, "comment", BOT),
    )
    found = derived(pull, *words)["derived"]["pull"]
    assert (found["last_word"]["kind"], found["last_word"]["side"]) == ("review", "reviewer")
    found = derived(pull, *words[:3], past(4, "comment", ANN))["derived"]["pull"]
    assert (found["last_word"]["kind"], found["last_word"]["side"]) == ("comment", "author")
    assert (found["last_push"]["at"], found["first_review_at"]) == ("2026-03-03T09:00:00Z", "2026-03-04T09:00:00Z")


def test_an_approval_by_automation_or_by_the_author_is_no_review() -> None:
    reviews = {str(BOT): ["approved", "2026-03-03T09:00:00Z"], str(ANN): ["approved", "2026-03-03T09:00:00Z"]}
    pull = row(kind="pull_request", pull={"draft": False}, reviews=reviews)
    assert derived(pull)["derived"]["pull"]["review"] == "none"
    pull["reviews"] |= {str(MEL): ["approved", "2026-03-03T09:00:00Z"]}
    assert derived(pull)["derived"]["pull"]["review"] == "approved"


def test_a_stay_that_no_change_tells_of_began_when_the_item_was_made() -> None:
    assert stays([], ["m1"], created_at=at(0)) == [("m1", at(0), None)]
    assert stays([past(2, "milestone", MEL, "m1", None)], [], created_at=at(0)) == [("m1", at(0), at(2))]


Q = "question"


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ((past(1, "comment", MEL, after=Q),), 1),
        ((past(1, "review_comment", MEL, after=Q), past(1.1, "review", MEL, after="commented")), 1),
        ((past(1, "comment", MEL, after=Q), past(4, "comment", MEL, after=Q)), 1),
        ((past(1, "comment", MEL, after=Q), past(2, "comment", PASSER)), 1),
        ((past(1, "comment", MEL, after=Q), past(2, "comment", BOT, after=Q)), 1),
        ((past(1, "comment", DEV, after=Q),), 1),  # an assignee asks the author
        (
            (past(1, "comment", MEL, after=Q), past(2, "comment", DEV, after=Q)),
            2,
        ),  # asked back: an answer, and a question
        ((past(1, "comment", MEL, after=Q), past(2, "comment", ANN)), None),
        ((past(1, "comment", MEL, after=Q), past(2, "comment", DEV)), None),
        ((past(1, "comment", MEL, after=Q), past(2, "push", ANN)), None),
        ((past(1, "comment", MEL, after=Q), past(2, "state", ANN, "open", "closed")), None),
        ((past(1, "comment", MEL, after=Q), past(2, "comment", MEL)), None),
        ((past(1, "review_comment", MEL, after=Q), past(1.1, "review", MEL, after="approved")), None),
        ((past(1, "comment", MEL),), None),
        ((past(1, "comment", ANN, after=Q),), None),  # its author's own
        ((past(1, "comment", PASSER, after=Q),), None),  # a bystander's
        ((past(1, "comment", BOT, after=Q),), None),
        ((past(1, "comment", None, after=Q),), None),
    ],
)
def test_a_question_stands_until_one_of_those_it_was_put_to_answers(
    changes: tuple[Past, ...], asked: float | None
) -> None:
    found = derived(row(assignee_ids=[DEV]), *changes)["derived"]["question"]
    assert (found and found["at"]) == (asked and to_iso(at(asked)))


def test_a_question_to_nobody_but_the_one_who_asks_is_none() -> None:
    assert (
        derived(row(author_id=None, assignee_ids=[DEV]), past(1, "comment", DEV, after=Q))["derived"]["question"]
        is None
    )
    assert derived(row(author_id=BOT), past(1, "comment", MEL, after=Q))["derived"]["question"] is None


@pytest.mark.parametrize(
    ("of", "changes", "since"),
    [
        (row(), (), None),
        (row(status="Waiting for vendor"), (past(1, "state", ANN, "To Do", "Waiting for vendor"),), 1),
        (row(status="On Hold"), (), 0),
        (row(labels=["needs-info"]), (past(1, "label", MEL, None, "needs-info"), past(2, "label", MEL, None, "bug")), 1),
        (row(labels=["needs-info"]), (past(1, "label", MEL, None, "needs-info"), past(3, "label", MEL, None, "needs-info")), 3),
        (row(status="To Do", labels=["bug"]), (past(1, "state", ANN, "Waiting for vendor", "To Do"),), None),
    ],
)  # fmt: skip
def test_since_when_it_is_called_waiting(of: dict[str, Any], changes: tuple[Past, ...], since: float | None) -> None:
    found = derived(of, *changes)["derived"]["waiting_since"]
    assert found == (None if since is None else to_iso(at(since)))


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ((past(1, "assignee", MEL, None, "dev"),), 1),
        ((past(1, "assignee", MEL, None, "dev"), past(4, "assignee", DEV, None, "dev")), 4),
        ((past(1, "assignee", MEL, None, "dev"), past(4, "assignee", MEL, "ann", None)), 1),
        ((past(1, "assignee", BOT, None, "dev"),), None),  # a rota
        ((past(1, "assignee", None, None, "dev"),), None),
        ((replace(past(1, "assignee", MEL, None, "dev"), bulk=True),), None),
        ((), None),  # by default, as it was made
    ],
)
def test_since_when_a_person_has_put_somebody_on_it(changes: tuple[Past, ...], since: float | None) -> None:
    wanted = None if since is None else to_iso(at(since))
    assert derived(row(assignee_ids=[DEV]), *changes)["derived"]["assigned_since"] == wanted
    assert derived(row(), *changes)["derived"]["assigned_since"] is None


def turn(days: float, actor: int | None, before: str, after: str, *, bulk: bool = False) -> Past:
    return replace(past(days, "state", actor, before, after), bulk=bulk)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ((turn(1, ANN, "open", "closed"), turn(2, MEL, "closed", "open")), [(1, 2)]),
        ((turn(1, ANN, "To Do", "Done"), turn(2, MEL, "Done", "In Progress")), [(1, 2)]),
        ((turn(1, ANN, "To Do", "Done"), turn(2, MEL, "Done", "Verified"), turn(3, MEL, "Verified", "To Do")), [(1, 3)]),
        (
            (turn(1, ANN, "open", "closed"), turn(2, MEL, "closed", "open"), turn(3, ANN, "open", "closed"), turn(4, ANN, "closed", "open")),
            [(1, 2), (3, 4)],
        ),
        ((turn(1, BOT, "open", "closed"), turn(2, MEL, "closed", "open")), []),  # a stale bot's
        ((turn(1, ANN, "open", "closed"), turn(2, BOT, "closed", "open")), []),  # a script's
        ((turn(1, ANN, "open", "closed"), turn(2, MEL, "closed", "open", bulk=True)), []),
        ((turn(1, ANN, "open", "closed"), turn(2, None, "closed", "open")), []),
        ((turn(2, MEL, "closed", "open"),), []),  # when it was closed is not known
        ((turn(1, ANN, "To Do", "In Progress"), turn(2, ANN, "In Progress", "To Do")), []),
        ((turn(1, ANN, "open", "closed"),), []),
    ],
)  # fmt: skip
def test_row_46_only_what_people_closed_and_opened_again_by_hand_came_back(
    changes: tuple[Past, ...], found: list[tuple[float, float]]
) -> None:
    done = replace(Settings(), statuses={"done": "done", "verified": "done", "to do": "todo"})
    made = derive(row(), changes, people=PEOPLE, settings=done)["derived"]["reopened"]
    assert made == [[to_iso(at(one)) for one in pair] for pair in found]


def test_who_but_the_author_wrote_on_a_pull_request_and_merged_it() -> None:
    def pull(*changes: Past, **values: Any) -> tuple[Any, Any]:
        found = derived(row(kind="pull_request", pull={"draft": False}, **values), *changes)["derived"]["pull"]
        return found["others_spoke_at"], found["merged_by_other"]

    assert pull(past(1, "push", ANN), past(2, "comment", ANN), past(3, "comment", PASSER)) == (None, None)
    assert pull(past(1, "comment", BOT), past(2, "comment", MEL), past(3, "review", MEL)) == (to_iso(at(2)), None)
    assert pull(turn(1, ANN, "open", "merged")) == (None, False)
    assert pull(turn(1, MEL, "open", "merged")) == (None, True)
    assert pull(turn(1, BOT, "open", "merged")) == (None, None)
    assert pull(turn(1, ANN, "open", "closed")) == (None, None)
    assert pull(turn(1, MEL, "open", "merged"), author_id=None) == (None, None)
