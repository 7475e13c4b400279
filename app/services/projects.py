"""Projects as rules need them: settings and calendar documents read into facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, time
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import holidays
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.errors import UserError
from app.store import programmes, statistics, trackers
from app.store.database import Tx
from app.store.programmes import ALONE, Neighbours
from integrations.readings import NO_SITE
from rules.calendar import Calendar
from rules.facts import Project
from rules.settings import USUAL_STATUSES, Settings, fold
from rules.statistics import Risk

HOLIDAY_YEARS = range(2010, 2041)


class CalendarDoc(BaseModel):
    """A project's calendar as people set it. `country` is an ISO code such as DE, `subdivision` a part of it such as
    BY.
    """

    model_config = ConfigDict(extra="forbid")

    zone: str = "UTC"
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = [0, 1, 2, 3, 4, 5, 6]
    country: str | None = None
    subdivision: str | None = None
    holidays: list[date] = []
    blackouts: list[tuple[date, date]] = []
    opens: time = time(8, 0)
    closes: time = time(18, 0)
    settle_minutes: Annotated[int, Field(ge=0, le=1440)] = 60
    clear_minutes: Annotated[int, Field(ge=0, le=1440)] = 15
    all_hours: bool = False

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"no time zone {value!r}; use a name such as Europe/Berlin")
        return value

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str | None) -> str | None:
        if value is not None and value.upper() not in holidays.list_supported_countries():
            raise ValueError(f"no holidays known for {value!r}; use a two-letter code such as DE")
        return value.upper() if value else None


class SettingsDoc(BaseModel):
    """What differs from the defaults of `rules.settings.Settings`."""

    model_config = ConfigDict(extra="forbid")

    left_out_labels: list[str] | None = None
    scope_left_out_labels: list[str] | None = None
    container_labels: list[str] | None = None
    waiting_labels: list[str] | None = None
    in_progress_labels: list[str] | None = None
    in_review_labels: list[str] | None = None
    triage_labels: list[str] | None = None
    blocked_labels: list[str] | None = None
    after_review_statuses: list[str] | None = None
    statuses: dict[str, Literal["todo", "in_progress", "in_review", "waiting", "blocked", "done"]] | None = None
    service_desk_writes: bool | None = None
    automation: list[str] | None = None
    dormant_after_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    policy: Literal["scope", "train"] | None = None
    rolling_milestones: list[int] | None = None
    size_from: Literal["label", "title"] | None = None
    label_prefix: str | None = None
    name_foreign_keys: bool | None = None
    reviews_required: bool | None = None
    comments_per_day: Annotated[int, Field(ge=0, le=1000)] | None = None
    lead: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    channel: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    polling: bool | None = None
    poll_plans: bool | None = None


NOT_FOR_RULES = ("comments_per_day", "lead", "channel", "polling", "poll_plans")
COMMENTS_PER_DAY = 10
NOTHING_COUNTED = statistics.Known()
NO_RISKS: Mapping[str, Risk] = MappingProxyType({})
SPEAKS = {"sandbox": "github", "sandbox-jira": "jira"}
"""Kinds of tracker that speak another one's language: what rules and their words go by, whatever people named it."""


def check_documents(settings: Mapping[str, Any], calendar: Mapping[str, Any]) -> None:
    """Raise UserError naming the field, its value and what would be right."""
    for model, doc in ((SettingsDoc, settings), (CalendarDoc, calendar)):
        try:
            model.model_validate(doc)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UserError(f"{where}: got {first['input']!r}; {first['msg']}") from error


@lru_cache(maxsize=256)
def _holidays(country: str, subdivision: str | None) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=HOLIDAY_YEARS))


def read_calendar(doc: Mapping[str, Any]) -> Calendar:
    parsed = CalendarDoc.model_validate(doc)
    days = frozenset(parsed.holidays)
    if parsed.country:
        days |= _holidays(parsed.country, parsed.subdivision)
    return Calendar(
        zone=parsed.zone,
        weekdays=frozenset(parsed.weekdays),
        holidays=days,
        blackouts=tuple(parsed.blackouts),
        opens=time(0, 0) if parsed.all_hours else parsed.opens,
        closes=time(23, 59, 59, 999999) if parsed.all_hours else parsed.closes,
    )


def mode_of(settings: Mapping[str, Any]) -> str:
    """How a project keeps up with its tracker: by webhooks; by polling, where none can arrive; or by webhooks with
    its plans (sprints and versions) polled, where the webhooks to be had do not tell of those.
    """
    if settings.get("polling"):
        return "polling"
    return "plans" if settings.get("poll_plans") else "webhooks"


_WORD_SETS = {field.name for field in fields(Settings) if field.name.endswith(("_labels", "_statuses"))}


def read_settings(doc: Mapping[str, Any], site: Mapping[str, Any] = NO_SITE) -> Settings:
    """Settings from their document; statuses that it says nothing of are as the tracker's `site` files them."""
    parsed = SettingsDoc.model_validate(doc).model_dump(exclude_none=True)
    for name in NOT_FOR_RULES:
        parsed.pop(name, None)
    filed = {fold(status): stage for status, stage in site.get("statuses", {}).items()}
    values: dict[str, Any] = {"statuses": {**filed, **USUAL_STATUSES}} if filed else {}
    for name, value in parsed.items():
        if name in _WORD_SETS:
            values[name] = frozenset(fold(label) for label in value)
        elif name == "statuses":
            values[name] = {**filed, **USUAL_STATUSES, **{fold(status): state for status, state in value.items()}}
        elif isinstance(value, list):
            values[name] = frozenset(value)
        else:
            values[name] = value
    return Settings(**values)


@dataclass(frozen=True, slots=True)
class Roles:
    """Whom a project's ladders mean: names of targets; None: nobody is named."""

    lead: str | None = None
    channel: str | None = None


class Projects:
    """Facts of projects with what publishing asks beside them."""

    def __init__(
        self,
        rows: Sequence[trackers.ProjectRow],
        documents: Mapping[int, tuple[dict[str, Any], dict[str, Any]]],
        neighbours: Neighbours = ALONE,
        counted: statistics.Known = NOTHING_COUNTED,
    ) -> None:
        self.rows = {row.id: row for row in rows}
        self.facts: dict[int, Project] = {}
        self.calendars: dict[int, CalendarDoc] = {}
        self.comments_per_day: dict[int, int] = {}
        self.roles: dict[int, Roles] = {}
        self.modes: dict[int, str] = {}
        """How each keeps up with its tracker."""
        for row in rows:
            settings, calendar = documents.get(row.id, ({}, {}))
            self.calendars[row.id] = CalendarDoc.model_validate(calendar)
            parsed = SettingsDoc.model_validate(settings)
            per_day = parsed.comments_per_day
            self.comments_per_day[row.id] = COMMENTS_PER_DAY if per_day is None else per_day
            self.roles[row.id] = Roles(lead=parsed.lead, channel=parsed.channel)
            self.modes[row.id] = mode_of(settings)
            self.facts[row.id] = Project(
                id=row.id,
                key=row.key,
                tracker=SPEAKS.get(row.tracker_kind, row.tracker_kind),
                url=row.url,
                calendar=read_calendar(calendar),
                settings=read_settings(settings, row.site),
                public=row.public,
                service_desk=row.service_desk,
                same_readers=neighbours.same_readers.get(row.id, frozenset()),
                watched_keys=neighbours.issue_keys,
                known_from=row.known_from,
                usual=counted.usual.get(row.id),
                risks=counted.risks.get(row.id, NO_RISKS),
            )

    @property
    def judged(self) -> dict[int, Project]:
        """Those that are judged: one that was archived, moved or is gone stays as it was."""
        return {id_: project for id_, project in self.facts.items() if self.rows[id_].status == "active"}


def load(tx: Tx, **filters: Any) -> Projects:
    """Projects that match the filters of `app.store.trackers.projects`."""
    rows = trackers.projects(tx, **filters)
    ids = [row.id for row in rows]
    return Projects(rows, trackers.settings_of(tx, ids), programmes.neighbours(tx), statistics.of_projects(tx, ids))
