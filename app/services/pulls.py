"""The pull request's own group of an item's row: its branch, its reviewers, sizes and results of checks by head commit.
In memory, pure.

Payloads of reviews lack sizes and mergeability, so these are kept per head commit, from whatever payload tells them:
the same set of payloads gives the same row, in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.store.early_checks import EarlyCheck
from app.time import to_iso
from integrations.readings import PullPart

Row = dict[str, Any]


def observe(row: Row, part: PullPart, as_of: datetime | None) -> None:
    """Note a head commit's size and mergeability, whether or not the payload is the newest. `sizes` maps a commit to
    lines, files and when it was first seen; `told` to when its size was told last, `merges` to mergeability and when.
    """
    if as_of is None or (part.lines is None and part.mergeable is None):
        return
    pull: Row = dict(row["pull"] or {})
    at, sha = to_iso(as_of), part.head_sha
    if part.lines is not None:
        sizes, told = dict(pull.get("sizes", {})), dict(pull.get("told", {}))
        first = min(sizes[sha][2], at) if sha in sizes else at
        if at >= told.get(sha, ""):
            sizes[sha], told[sha] = [part.lines, part.files, first], at
        else:
            sizes[sha] = [*sizes[sha][:2], first]
        pull |= {"sizes": sizes, "told": told}
    if part.mergeable is not None:
        merges = dict(pull.get("merges", {}))
        if at >= merges.get(sha, (None, ""))[1]:
            merges[sha] = [part.mergeable, at]
        pull["merges"] = merges
    row["pull"] = pull


def values(row: Row, part: PullPart, people: Mapping[str, int]) -> Row:
    """The columns of the group as the payload shows them."""
    kept = {name: value for name, value in (row["pull"] or {}).items() if name in ("sizes", "told", "merges")}
    return {
        "pull": {
            "draft": part.draft,
            "merged": part.merged,
            "auto_merge": part.auto_merge,
            "from_fork": part.from_fork,
            "reviewers": sorted(people[person.native_id] for person in part.reviewers),
            "reviewer_teams": sorted(part.reviewer_teams),
            "sha": part.head_sha,
            **kept,
        },
        "head_sha": part.head_sha,
        "head_ref": part.head_ref,
        "base_ref": part.base_ref,
    }


def settle(row: Row) -> None:
    """The size and mergeability of the head as it now is."""
    pull: Row = dict(row["pull"] or {})
    lines, files, _first = pull.get("sizes", {}).get(pull.get("sha"), (None, None, None))
    mergeable, _at = pull.get("merges", {}).get(pull.get("sha"), (None, None))
    row["pull"] = {"sizes": {}, **pull, "lines": lines, "files": files, "mergeable": mergeable}


CHECKS_KEPT = 200
"""So many results of checks are kept of an item; of earlier commits the oldest go first."""


def note_result(row: Row, check: EarlyCheck) -> None:
    """Note a result on a pull request, unless a later one of that check is there."""
    key = f"{check.name}@{check.head_sha}"
    last = row["checks"].get(key)
    if last is not None and last[1] > to_iso(check.at):
        return
    checks = {**row["checks"], key: [check.state, to_iso(check.at), check.head_sha]}
    if len(checks) > CHECKS_KEPT:
        oldest = min(checks, key=lambda name: (checks[name][2] == row["head_sha"], checks[name][1]))
        del checks[oldest]
    row["checks"] = checks
