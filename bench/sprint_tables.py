"""The recorded sprints of three projects as courses, each with the past it could have known.

The tables have no dates. Ids rise as sprints are made, and one team's sprints follow each other, but one board can hold
sprints of several teams that run side by side. So of the sprints of a board that were made before one, only those
count as ended that either bear the same name but for its number, or were followed by at least `BETWEEN` others. The
neighbours are sprints of the whole project, made at least `BETWEEN` before.

Two traps in the tables. The files of issues list every issue that was *ever* in a sprint, at all moments alike: what
was added later can be read off at the start, so they are not used. And the counts by state fall back to "all waiting"
in some sprints after work had been done: there the states are taken as not known.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rules.risk.sprints import Course, Look

PROJECTS = ("Apache", "JBoss", "Spring")
MOMENTS = (0, 30, 50, 80)
BETWEEN = 3
NEARBY = 10
Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One sprint of one board, with what had ended before it. `sprint` is its id, which several boards may show."""

    sprint: int
    course: Course
    past: tuple[Course, ...]
    around: tuple[Course, ...]


def recorded(folder: Path, project: str) -> list[Recorded]:
    """The sprints of a project in the order in which they were made."""
    tables = {moment: _table(folder, project, moment) for moment in MOMENTS}
    names = {key: name for key, (name, _) in tables[0].items()}
    keys = sorted(names, key=lambda key: (key[1], key[0]))
    courses = {
        key: _course(place, {moment: tables[moment][key][1] for moment in MOMENTS}) for place, key in enumerate(keys)
    }
    boards: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for key in keys:
        boards[key[0]].append(key)
    made = sorted({sprint for _, sprint in keys})
    places = {sprint: place for place, sprint in enumerate(made)}
    found = []
    for board, sprint in keys:
        mine = boards[board]
        place = mine.index((board, sprint))
        stem = _stem(names[board, sprint])
        past = [key for nth, key in enumerate(mine[:place]) if _stem(names[key]) == stem or place - nth >= BETWEEN]
        here = places[sprint]
        near = set(made[max(0, here - BETWEEN + 1 - NEARBY) : max(0, here - BETWEEN + 1)])
        around = [key for key in keys if key[1] in near]
        before, beside = tuple(courses[key] for key in past), tuple(courses[key] for key in around)
        found.append(Recorded(sprint, courses[board, sprint], before, beside))
    return found


def _stem(name: str) -> str:
    """A sprint's name without what numbers it."""
    if re.match(r"\d+ - |20\d\d/", name):
        return "#"
    return " ".join(re.findall(r"[a-z]{3,}", name.lower()))


def _table(folder: Path, project: str, moment: int) -> dict[tuple[int, int], tuple[str, Row]]:
    """Rows by board and sprint. Names hold unquoted commas, so rows are split from both ends."""
    path = folder / project / f"{project.lower()}_iteration_{moment}.csv.gz"
    found = {}
    with gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="") as handle:
        head = handle.readline().strip().split(",")
        for line in filter(None, map(str.strip, handle)):
            board, sprint, rest = line.split(",", 2)
            name, *numbers = rest.rsplit(",", len(head) - 3)
            values = dict(zip(head[3:], map(float, numbers), strict=True))
            found[int(float(board)), int(float(sprint))] = (name, values)
    return found


def _course(id_: int, rows: dict[int, Row]) -> Course:
    start = rows[0]
    looks: list[Look] = []
    for moment in MOMENTS:
        looks.append(_look(rows[moment], moment / 100, before=looks))
    last = rows[MOMENTS[-1]]
    return Course(
        id=id_,
        committed_items=int(start["no_issue_starttime"]),
        committed_size=start["vel_starttime"],
        looks=tuple(looks),
        delivered=start["vel_diff"] + looks[0].size,
        added_items_in_all=int(last["no_issue_added"]),
        added_in_all=last["vel_added"],
    )


def _look(row: Row, share: float, *, before: Sequence[Look]) -> Look:
    items = int(row["no_issue_starttime"] + row["no_issue_added"] - row["no_issue_removed"])
    done, waiting = int(row["no_issuedone"]), int(row["no_issuetodo"])
    fell_back = 0 < items == waiting and any(look.waiting is not None and look.waiting < look.items for look in before)
    return Look(
        share=share,
        items=items,
        size=row["vel_starttime"] + row["vel_added"] - row["vel_removed"],
        added_items=int(row["no_issue_added"]),
        added_size=row["vel_added"],
        removed_items=int(row["no_issue_removed"]),
        done=None if fell_back else done,
        waiting=None if fell_back else waiting,
    )
