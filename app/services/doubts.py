"""Two contents at one instant: whether the later payload is explained by its own action, or only a read can tell. Pure.

GitHub's clock ticks in seconds, and whole bursts bear one instant. In order of arrival each payload is the one before
it plus its own action; where that does not hold, or an action has an opposite within the same second, the order is not
known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.time import from_iso, to_iso
from integrations.readings import ChangeSeen, Field

Row = Mapping[str, Any]
PULL_FACTS = ("draft", "merged", "auto_merge", "reviewers", "reviewer_teams", "sha")


def explained(group: str, stored: Row, fresh: Row, changes: Sequence[ChangeSeen], people: Mapping[str, int]) -> bool:
    """Whether `fresh` is `stored` plus these changes, in one group of fields. Both hold the row's columns."""
    return _CHECKS[group](stored, fresh, changes, people)


def differs(group: str, stored: Row, fresh: Row) -> bool:
    """Whether two contents of a group differ in what an action can change."""
    if group == "pull":
        before, after = stored["pull"] or {}, fresh["pull"] or {}
        return any(before.get(name) != after.get(name) for name in PULL_FACTS)
    return any(stored[name] != value for name, value in fresh.items())


def remember(
    acts: Mapping[str, Any] | None, at: datetime, changes: Sequence[ChangeSeen]
) -> tuple[dict[str, Any], bool]:
    """The actions known of an item's newest instant, with these added; and whether one has an opposite there."""
    keys = sorted(change.natural_key for change in changes if change.at == at and change.field in _SIDES)
    if acts is None or at > from_iso(acts["at"]):
        return {"at": to_iso(at), "keys": keys}, _clash(keys)
    if at < from_iso(acts["at"]):
        return dict(acts), False
    both = sorted({*acts["keys"], *keys})
    return {"at": acts["at"], "keys": both}, both != sorted(acts["keys"]) and _clash(both)


_SIDES = frozenset(
    {
        Field.LABEL, Field.ASSIGNEE, Field.REVIEWER, Field.MILESTONE, Field.STATE, Field.DRAFT, Field.LOCK, Field.QUEUE,
    }
)  # fmt: skip
_FIELDS = frozenset(field.value for field in Field)
_SIGNED = frozenset({Field.LABEL.value, Field.ASSIGNEE.value, Field.REVIEWER.value})


def _clash(keys: Sequence[str]) -> bool:
    """Whether two keys are about the same thing: the same label put on and taken off, closed and reopened."""
    things = [_thing(key) for key in keys]
    return len(set(things)) < len(things)


def _thing(key: str) -> str:
    field, _, rest = key.partition(":")
    what = rest.partition(":")[2]
    if field == "changelog":  # one entry tells a thing once; another at the same instant may be its opposite
        return what.replace(":+", ":").replace(":-", ":")
    if field not in _FIELDS:
        return key
    if field in _SIGNED:
        return f"{field}:{what[1:]}"
    if field == Field.MILESTONE.value:  # moving sends both: left the one, joined the other
        return f"{field}:{what}" if what[:1] == "+" else f"{field}:{what[:1]}"
    if field == Field.STATE.value and what.startswith("opened"):
        return key
    return field


def _labels(stored: Row, fresh: Row, changes: Sequence[ChangeSeen], people: Mapping[str, int]) -> bool:
    return set(stored["labels"]) == _undone(set(fresh["labels"]), changes, Field.LABEL, _words)


def _assignees(stored: Row, fresh: Row, changes: Sequence[ChangeSeen], people: Mapping[str, int]) -> bool:
    now = _undone(set(fresh["assignee_ids"]), changes, Field.ASSIGNEE, lambda change: _ids(change, people))
    return set(stored["assignee_ids"]) == now


def _plan(stored: Row, fresh: Row, changes: Sequence[ChangeSeen], people: Mapping[str, int]) -> bool:
    now = _undone(set(fresh["milestone_natives"]), changes, Field.MILESTONE, _words)
    was = set(stored["milestone_natives"])
    # joining another milestone leaves the old one without a word, where the payload of leaving comes later
    return was == now or (not now and any(change.field is Field.MILESTONE and change.after for change in changes))


def _state(stored: Row, fresh: Row, changes: Sequence[ChangeSeen], people: Mapping[str, int]) -> bool:
    for change in changes:
        if change.field is Field.STATE and change.before is not None and stored["stage"] is not None:
            return bool(stored["status"] == change.before)
        if change.field is Field.STATE and change.before is not None:
            return bool(stored["is_open"] is (change.before == "open"))
        if change.field is Field.LOCK:
            return bool(stored["is_open"] == fresh["is_open"])
    return False


def _text(stored: Row, fresh: Row, changes: Sequence[ChangeSeen], people: Mapping[str, int]) -> bool:
    was = {change.field: change.before for change in changes if change.field in (Field.TITLE, Field.BODY)}
    return bool(
        stored["title"] == was.get(Field.TITLE, fresh["title"])
        and (stored["body"] or None) == (was.get(Field.BODY, fresh["body"]) or None)
    )


def _pull(stored: Row, fresh: Row, changes: Sequence[ChangeSeen], people: Mapping[str, int]) -> bool:
    before, after = stored["pull"] or {}, fresh["pull"] or {}
    fields = {change.field for change in changes}
    for name, field in (("draft", Field.DRAFT), ("merged", Field.STATE), ("auto_merge", Field.QUEUE)):
        if before.get(name) != after.get(name) and field not in fields:
            return False
    if before.get("sha") != after.get("sha") and not any(
        change.field is Field.PUSH and change.before in (None, before.get("sha")) for change in changes
    ):
        return False
    asked = _undone(set(after.get("reviewers", ())), changes, Field.REVIEWER, lambda change: _ids(change, people))
    return set(before.get("reviewers", ())) == asked


def _measures(stored: Row, fresh: Row, changes: Sequence[ChangeSeen], people: Mapping[str, int]) -> bool:
    return any(change.field in (Field.FLAG, Field.TYPE, Field.EFFORT, Field.SECURITY) for change in changes)


_CHECKS: Mapping[str, Callable[[Row, Row, Sequence[ChangeSeen], Mapping[str, int]], bool]] = {
    "labels": _labels,
    "assignees": _assignees,
    "plan": _plan,
    "state": _state,
    "text": _text,
    "pull": _pull,
    "effort": _measures,
    "traits": _measures,
}


def _undone(
    now: set[Any], changes: Sequence[ChangeSeen], field: Field, things: Callable[[ChangeSeen], tuple[Any, Any]]
) -> set[Any]:
    """A set as it was before these changes."""
    for change in changes:
        if change.field is field:
            before, after = things(change)
            now = (now - {after}) | ({before} if before is not None else set())
    return now


def _words(change: ChangeSeen) -> tuple[Any, Any]:
    return change.before, change.after


def _ids(change: ChangeSeen, people: Mapping[str, int]) -> tuple[Any, Any]:
    """The person's id instead of the login, from the natural key; of a team, None."""
    native = change.natural_key.split(":")[2][1:]
    known = people.get(native)
    return (known if change.before is not None else None, known if change.after is not None else None)
