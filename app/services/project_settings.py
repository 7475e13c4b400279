"""The settings of a project as people change them: each change is a version, and what it would do is told before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.errors import UserError
from app.services.bells import Ringer, ring
from app.services.differences import Difference, differences
from app.services.projects import check_documents, read_calendar, read_settings
from app.store import control, instance, subjects, trackers
from app.store.database import Database, Tx
from app.store.views import project_settings as view
from app.store.views.project_settings import StatusSeen, Version
from rules.settings import USUAL_STATUSES, Settings, fold

LOOKED_AHEAD = 120
"""Days of a calendar that are compared."""
LABELS = (
    "left_out_labels",
    "scope_left_out_labels",
    "container_labels",
    "waiting_labels",
    "in_progress_labels",
    "in_review_labels",
    "triage_labels",
    "blocked_labels",
)
STATES = ("todo", "in_progress", "in_review", "waiting", "blocked", "done")


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody wants changed: fields of the two documents with their new values; None: back to the default."""

    settings: Mapping[str, Any]
    calendar: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a change would do. `kind` is status (items of a status count as another state), label (open items
    fall under a list of labels, or no longer), day (a day is a working day, or no longer), due (a milestone's date ends
    on another day) or more (so many others of a kind).
    """

    kind: str
    name: str
    before: str = ""
    after: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A change before it is made: the fields that differ, and what that does."""

    fields: tuple[Difference, ...]
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """A status as the form shows it: `chosen` is what somebody said it means, `usual` what it means where nobody does
    (empty: that is not known, so its items are taken as not started while they are open).
    """

    name: str
    chosen: str
    usual: str
    items: int
    open: int


def newest(tx: Tx, project_id: int) -> Version:
    """The version in force. Raises UserError where there is no such project."""
    rows = view.versions(tx, project_id, limit=1).rows
    if not rows:
        raise UserError("There is no such project.")
    return rows[0]


def preview(tx: Tx, project_id: int, change: Change) -> Outcome:
    """What a change would do, from what is known of the project; reads items and milestones that are open. Raises
    UserError naming what is wrong.
    """
    base = newest(tx, project_id)
    settings, calendar = _changed(base, change)
    check_documents(settings, calendar)
    site = trackers.projects(tx, ids=[project_id])[0].site
    was, is_ = read_settings(base.settings, site), read_settings(settings, site)
    effects: list[Effect] = []
    if was.statuses != is_.statuses:
        effects += _status_effects(view.statuses(tx, project_id), was, is_)
    if any(getattr(was, name) != getattr(is_, name) for name in LABELS):
        effects += _label_effects(view.open_labels(tx, project_id), was, is_)
    if calendar != base.calendar:
        today = instance.load(tx).clock.now().date()
        effects += _calendar_effects(base.calendar, calendar, view.open_dues(tx, project_id), today)
    return Outcome(_fields(base, settings, calendar), tuple(effects))


def save(
    db: Database, ringer: Ringer, project_id: int, change: Change, *, base: int, who: str, now: datetime
) -> tuple[Difference, ...]:
    """Make a version with a change; gives the fields that differ (none: nothing was to be changed, and no version was
    made). `base` is the id of the version that whoever asks has looked at. `now` is real time; the version holds from
    that instant of the world on. Raises UserError where somebody else was faster, or what is wrong.
    """
    with db.write() as tx:
        found = trackers.projects(tx, ids=[project_id])
        if not found:
            raise UserError("There is no such project.")
        known = newest(tx, project_id)
        if known.id != base:
            raise UserError(
                f"Meanwhile {known.author} has changed these settings. Look at what holds now, then change it again."
            )
        settings, calendar = _changed(known, change)
        check_documents(settings, calendar)
        fields = _fields(known, settings, calendar)
        if not fields:
            return ()
        trackers.save_settings(
            tx,
            project_id,
            settings=settings,
            calendar=calendar,
            author=who,
            now=instance.load(tx).clock.at(now),
        )
        rebuild = settings != known.settings
        subjects.add_sweep(tx, [found[0].lane_id], reason="the project's settings changed", rebuild=rebuild)
        names = {one.name for one in fields}
        before, after = {**known.settings, **known.calendar}, {**settings, **calendar}
        detail = {
            "before": {name: before[name] for name in names if name in before},
            "after": {name: after[name] for name in names if name in after},
        }
        control.audit(tx, who=who, what="settings changed", subject=found[0].key, at=now, detail=detail)
    ring(db, ringer, "lane", [found[0].lane_id])
    return fields


def statuses(seen: Iterable[StatusSeen], chosen: Mapping[str, str], site: Mapping[str, Any]) -> tuple[Status, ...]:
    """Every status that there is or that somebody has spoken of, those that nobody knows the meaning of first."""
    said = {fold(name): state for name, state in chosen.items()}
    filed = {fold(name): (name, stage) for name, stage in site.get("statuses", {}).items()}
    found: dict[str, Status] = {}
    for one in seen:
        key = fold(one.name)
        stage = one.stage or filed.get(key, ("", ""))[1]
        usual = USUAL_STATUSES.get(key) or stage or ""
        known = found.get(key)
        items, still = (known.items, known.open) if known else (0, 0)
        found[key] = Status(one.name, said.get(key, ""), usual, items + one.items, still + one.open)
    for key, (name, stage) in filed.items():
        found.setdefault(key, Status(name, said.get(key, ""), USUAL_STATUSES.get(key) or stage, 0, 0))
    for name, state in chosen.items():
        found.setdefault(fold(name), Status(name, state, USUAL_STATUSES.get(fold(name), ""), 0, 0))
    return tuple(
        sorted(found.values(), key=lambda one: (bool(one.chosen or one.usual), not one.items, one.name.casefold()))
    )


def _changed(base: Version, change: Change) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        {name: value for name, value in {**base.settings, **change.settings}.items() if value is not None},
        {name: value for name, value in {**base.calendar, **change.calendar}.items() if value is not None},
    )


def _fields(base: Version, settings: Mapping[str, Any], calendar: Mapping[str, Any]) -> tuple[Difference, ...]:
    return (*differences(base.calendar, calendar), *differences(base.settings, settings))


def _status_effects(seen: Iterable[StatusSeen], was: Settings, is_: Settings) -> list[Effect]:
    found = []
    for one in seen:
        before = was.statuses.get(fold(one.name), one.stage or "")
        after = is_.statuses.get(fold(one.name), one.stage or "")
        if before != after:
            found.append(Effect("status", one.name, before, after, one.items))
    return found


def _label_effects(labels: Iterable[frozenset[str]], was: Settings, is_: Settings) -> list[Effect]:
    every = [frozenset(map(fold, one)) for one in labels]
    found = []
    for name in LABELS:
        before, after = getattr(was, name), getattr(is_, name)
        joins = sum(bool(one & after) and not one & before for one in every)
        leaves = sum(bool(one & before) and not one & after for one in every)
        if joins:
            found.append(Effect("label", name, after="under", count=joins))
        if leaves:
            found.append(Effect("label", name, before="under", count=leaves))
    return found


SHOWN = 8


def _calendar_effects(
    before: Mapping[str, Any], after: Mapping[str, Any], dues: Iterable[tuple[str, date]], today: date
) -> list[Effect]:
    was, is_ = read_calendar(before), read_calendar(after)
    ahead = [today + timedelta(days=day) for day in range(LOOKED_AHEAD)]
    turned = [day for day in ahead if was.is_working_day(day) != is_.is_working_day(day)]
    found = [
        Effect("day", day.isoformat(), after="works" if is_.is_working_day(day) else "free") for day in turned[:SHOWN]
    ]
    if len(turned) > SHOWN:
        found.append(Effect("more", "day", count=len(turned) - SHOWN))
    moved = [
        (title, was.next_working_day(due), is_.next_working_day(due))
        for title, due in dues
        if was.next_working_day(due) != is_.next_working_day(due)
    ]
    found += [Effect("due", title, old.isoformat(), new.isoformat()) for title, old, new in moved[:SHOWN]]
    if len(moved) > SHOWN:
        found.append(Effect("more", "due", count=len(moved) - SHOWN))
    return found
