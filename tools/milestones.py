"""The life of milestones, put together from their recorded states and from who joined them under which title."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from integrations.sandbox.recording import Entry

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """A milestone as it was from `at` on. With `dated` false, only the title is known and `due` means nothing."""

    at: datetime
    title: str
    due: date | None
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Life:
    """One milestone: `states` in time order, the first at its creation; `acts` are (when, who) of its memberships."""

    number: int
    states: tuple[State, ...]
    closed_at: datetime | None
    acts: tuple[tuple[datetime, str], ...]


@dataclass(frozen=True, slots=True)
class MilestoneHistory:
    """All milestones by number, and which number a title ever belonged to."""

    lives: dict[int, Life]
    number_of: dict[str, int]


def read_states(path: Path) -> dict[int, list[State]]:
    """Read `*_milestone_states.tsv`: a row for each title, due date or state a milestone was seen with."""
    found: dict[int, list[State]] = {}
    with path.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            due = date.fromisoformat(row["due_on"]) if row["due_on"] else None
            state = State(_instant(row["milestone_updated_at"]), row["title"], due)
            found.setdefault(int(row["milestone_number"]), []).append(state)
    return found


def milestone_history(items: Iterable[Raw], states: dict[int, list[State]]) -> MilestoneHistory:
    """Join the recorded states with the memberships in the items' timelines."""
    snapshots: dict[int, Raw] = {}
    number_of = {state.title: number for number, known in states.items() for state in known}
    events: list[tuple[datetime, str, str]] = []
    for item in items:
        moves = [event for event in item["events"] if event["event"] in ("milestoned", "demilestoned")]
        events += ((_instant(move["at"]), move["milestone"], move["actor"]) for move in moves)
        if now := item["milestone"]:
            # A title that is no longer used: the item that joined under it is still in, so it is this milestone.
            number_of.setdefault(moves[-1]["milestone"], now["number"])
            if now["updated_at"] > snapshots.get(now["number"], {"updated_at": ""})["updated_at"]:
                snapshots[now["number"]] = now
    lives = {}
    for number, snapshot in sorted(snapshots.items()):
        own = sorted(event for event in events if number_of[event[1]] == number)
        seen = states.get(number, []) + [State(at, title, None, dated=False) for at, title, _ in own]
        closed = _instant(snapshot["closed_at"]) if snapshot["closed_at"] else None
        acts = tuple((at, actor) for at, _, actor in own)
        lives[number] = Life(number, _states(_instant(snapshot["created_at"]), seen, closed), closed, acts)
    return MilestoneHistory(lives, number_of)


def milestone_entries(history: MilestoneHistory) -> Iterator[Entry]:
    """Creation, every change of title or due date, and closing. Who did it is whoever moved its items next to then."""
    for number, life in history.lives.items():
        for nth, state in enumerate(life.states):
            yield Entry(
                at=state.at, kind="milestone_edited" if nth else "milestone_created", number=number,
                by=_nearest(life, state.at), title=state.title, due=state.due,
            )  # fmt: skip
        if life.closed_at:
            yield Entry(at=life.closed_at, kind="milestone_closed", number=number, by=_nearest(life, life.closed_at))


def _states(created: datetime, seen: list[State], closed: datetime | None) -> tuple[State, ...]:
    seen = sorted(seen, key=lambda state: state.at)
    dated = [state for state in seen if state.dated]
    first = dated[0].due if dated and dated[0].at - created <= timedelta(days=1) else None
    states = [State(created, seen[0].title, first)]
    for state in seen:
        due = state.due if state.dated else states[-1].due
        if (state.title, due) != (states[-1].title, states[-1].due):
            # Some changes were seen late, after the closing; nobody plans a closed milestone anew.
            states.append(State(min(max(state.at, created), closed or state.at), state.title, due))
    return tuple(states)


def _nearest(life: Life, at: datetime) -> str:
    return min(life.acts, key=lambda act: abs(act[0] - at))[1] if life.acts else "ghost"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
