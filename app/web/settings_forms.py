"""The forms of a project's settings: what people type, read into the documents that are stored, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import holidays
from pydantic import BaseModel, Field, field_validator, model_validator

from app.services.project_settings import LABELS, Change
from app.services.projects import COMMENTS_PER_DAY, CalendarDoc
from rules.settings import Settings, fold

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORDS = (*LABELS, "after_review_statuses", "automation")
"""Settings that are lists of words."""
LONGEST_BLACKOUT = timedelta(days=366)
_SPAN = re.compile(r"(\S+)\s*(?:to|–|/|-)\s+(\S+)|(\d{4}-\d\d-\d\d)[/–](\d{4}-\d\d-\d\d)")


def _lines(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[\n\r;]+", text) if part.strip()]


def _words(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[\n\r,;]+", text) if part.strip()]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{text[:40]}” is no date; write it as 2026-12-24") from None


class CalendarForm(BaseModel):
    """Which days are working days."""

    zone: str = "UTC"
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = []
    country: str = ""
    subdivision: str = ""
    holidays: str = ""
    blackouts: str = ""

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zones = available_timezones()
        if value in zones:
            return value
        near = get_close_matches(value.replace(" ", "_"), zones, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else "write a name such as Europe/Berlin"
        raise ValueError(f"there is no time zone “{value[:40]}”; {hint}")

    @field_validator("weekdays")
    @classmethod
    def _some_day(cls, value: list[int]) -> list[int]:
        if not value:
            raise ValueError("a week needs at least one working day; tick those on which people work")
        return sorted(set(value))

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        if value and value.upper() not in holidays.list_supported_countries():
            raise ValueError(f"no holidays are known for “{value[:40]}”; write a two-letter code such as DE")
        return value.upper()

    @field_validator("holidays")
    @classmethod
    def _dates(cls, value: str) -> str:
        for line in _lines(value):
            _date(line)
        return value

    @field_validator("blackouts")
    @classmethod
    def _spans(cls, value: str) -> str:
        read_blackouts(value)
        return value

    @field_validator("subdivision")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()

    @model_validator(mode="after")
    def _part_of_country(self) -> CalendarForm:
        if self.subdivision:
            known = holidays.list_supported_countries().get(self.country, [])
            if not self.country:
                raise ValueError("subdivision: name the country first, then its part")
            if self.subdivision not in known:
                parts = f"its parts are {', '.join(known[:20])}" if known else "its holidays are the same everywhere"
                raise ValueError(f"subdivision: {self.country} has no part “{self.subdivision[:40]}”; {parts}")
        return self

    def change(self) -> Change:
        """As it is stored."""
        calendar: dict[str, Any] = {
            "zone": self.zone,
            "weekdays": self.weekdays,
            "country": self.country or None,
            "subdivision": self.subdivision or None,
            "holidays": [_date(line).isoformat() for line in _lines(self.holidays)],
            "blackouts": [[first.isoformat(), last.isoformat()] for first, last in read_blackouts(self.blackouts)],
        }
        return Change({}, _without_defaults(calendar, CalendarDoc()))


def read_blackouts(text: str) -> list[tuple[date, date]]:
    """Spans of days, one a line: `2026-12-24 to 2027-01-02`. Raises ValueError in words."""
    found = []
    for line in _lines(text):
        match = _SPAN.fullmatch(line)
        if match is None:
            raise ValueError(f"“{line[:60]}” is no span of days; write it as 2026-12-24 to 2027-01-02")
        first, last = (_date(part) for part in match.groups() if part is not None)
        if last < first:
            raise ValueError(f"“{line[:60]}” ends before it begins; the first day comes first")
        if last - first > LONGEST_BLACKOUT:
            raise ValueError(f"“{line[:60]}” is longer than a year; is the year right?")
        found.append((first, last))
    return sorted(found)


class WritingForm(BaseModel):
    """When, how much and how is written to the tracker."""

    label_prefix: str = "plumb:"
    comments_per_day: Annotated[int, Field(ge=0, le=1000)] = COMMENTS_PER_DAY
    settle_minutes: Annotated[int, Field(ge=0, le=1440)] = 60
    clear_minutes: Annotated[int, Field(ge=0, le=1440)] = 15
    opens: time = time(8, 0)
    closes: time = time(18, 0)
    all_hours: bool = False
    service_desk_writes: bool = False
    name_foreign_keys: bool = False
    lead: Annotated[str, Field(max_length=100)] = ""
    channel: Annotated[str, Field(max_length=100)] = ""

    @field_validator("label_prefix", mode="before")
    @classmethod
    def _prefix(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,29}", value):
            raise ValueError("use at most 30 letters, digits and the signs . _ : / -, such as plumb:")
        return value

    @field_validator("opens", "closes", mode="before")
    @classmethod
    def _hour(cls, value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d(:\d\d)?", value):
            raise ValueError(f"“{value[:20]}” is no time of day; write it as 08:00")
        return value.zfill(5) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _open_first(self) -> WritingForm:
        if not self.all_hours and not self.opens < self.closes:
            raise ValueError("closes: the hours must begin before they end, within one day")
        return self

    def change(self) -> Change:
        """As it is stored."""
        calendar = {
            "opens": self.opens.isoformat("minutes"),
            "closes": self.closes.isoformat("minutes"),
            "all_hours": self.all_hours,
            "settle_minutes": self.settle_minutes,
            "clear_minutes": self.clear_minutes,
        }
        settings = {
            "label_prefix": self.label_prefix,
            "service_desk_writes": self.service_desk_writes,
            "name_foreign_keys": self.name_foreign_keys,
        }
        return Change(
            {
                **_without_defaults(settings, Settings()),
                "comments_per_day": None if self.comments_per_day == COMMENTS_PER_DAY else self.comments_per_day,
                "lead": self.lead or None,
                "channel": self.channel or None,
            },
            _without_defaults(calendar, CalendarDoc()),
        )


class LabelsForm(BaseModel):
    """What labels mean."""

    left_out_labels: str = ""
    scope_left_out_labels: str = ""
    container_labels: str = ""
    waiting_labels: str = ""
    blocked_labels: str = ""
    in_progress_labels: str = ""
    in_review_labels: str = ""
    triage_labels: str = ""

    def change(self) -> Change:
        """As it is stored."""
        return Change(_word_lists(self, LABELS), {})


class ReadingForm(BaseModel):
    """How people, sizes and dates are read."""

    automation: str = ""
    dormant_after_days: Annotated[int, Field(ge=1, le=3650)] = 90
    policy: Literal["scope", "train"] = "scope"
    rolling_milestones: str = ""
    size_from: Literal["", "label", "title"] = ""
    reviews_required: bool = False

    @field_validator("rolling_milestones")
    @classmethod
    def _numbers(cls, value: str) -> str:
        for word in _words(value):
            if not re.fullmatch(r"#?[0-9]{1,9}", word):
                raise ValueError(f"“{word[:40]}” is no number of a milestone; write numbers such as 7, 8")
        return value

    def change(self) -> Change:
        """As it is stored."""
        rolling = sorted({int(word.removeprefix("#")) for word in _words(self.rolling_milestones)})
        settings = {
            "dormant_after_days": self.dormant_after_days,
            "policy": self.policy,
            "reviews_required": self.reviews_required,
        }
        return Change(
            {
                **_word_lists(self, ("automation",)),
                **_without_defaults(settings, Settings()),
                "rolling_milestones": rolling or None,
                "size_from": self.size_from or None,
            },
            {},
        )


FORMS: dict[str, type[CalendarForm] | type[WritingForm] | type[LabelsForm] | type[ReadingForm]] = {
    "calendar": CalendarForm,
    "labels": LabelsForm,
    "writing": WritingForm,
    "reading": ReadingForm,
}


def values_of(part: str, settings: Mapping[str, Any], calendar: Mapping[str, Any]) -> dict[str, object]:
    """What the fields of a part hold when its form is opened."""
    parsed = CalendarDoc.model_validate(calendar)
    makers: dict[str, Callable[[], dict[str, object]]] = {
        "calendar": lambda: {
            "zone": parsed.zone,
            "weekdays": [str(day) for day in parsed.weekdays],
            "country": parsed.country or "",
            "subdivision": parsed.subdivision or "",
            "holidays": "\n".join(day.isoformat() for day in parsed.holidays),
            "blackouts": "\n".join(f"{first} to {last}" for first, last in parsed.blackouts),
        },
        "writing": lambda: {
            "label_prefix": _value(settings, "label_prefix"),
            "comments_per_day": settings.get("comments_per_day", COMMENTS_PER_DAY),
            "settle_minutes": parsed.settle_minutes,
            "clear_minutes": parsed.clear_minutes,
            "opens": parsed.opens.isoformat("minutes"),
            "closes": parsed.closes.isoformat("minutes"),
            "all_hours": _box(parsed.all_hours),
            "service_desk_writes": _box(_value(settings, "service_desk_writes")),
            "name_foreign_keys": _box(_value(settings, "name_foreign_keys")),
            "lead": settings.get("lead") or "",
            "channel": settings.get("channel") or "",
        },
        "labels": lambda: {name: ", ".join(sorted(_value(settings, name))) for name in LABELS},
        "reading": lambda: {
            "automation": "\n".join(sorted(_value(settings, "automation"))),
            "dormant_after_days": _value(settings, "dormant_after_days"),
            "policy": _value(settings, "policy"),
            "rolling_milestones": ", ".join(str(number) for number in sorted(_value(settings, "rolling_milestones"))),
            "size_from": _value(settings, "size_from") or "",
            "reviews_required": _box(_value(settings, "reviews_required")),
        },
    }
    return makers[part]()


def _value(settings: Mapping[str, Any], name: str) -> Any:
    return settings[name] if name in settings else getattr(Settings(), name)


def _box(ticked: object) -> str:
    return "true" if ticked else ""


def _without_defaults(values: Mapping[str, Any], defaults: Any) -> dict[str, Any]:
    """The same, None for what is the default: a project stores only what differs."""
    plain = defaults.model_dump(mode="json") if isinstance(defaults, BaseModel) else None

    def usual(name: str) -> Any:
        value = plain[name] if plain is not None else getattr(defaults, name)
        return value[:5] if name in ("opens", "closes") else value

    return {name: None if value == usual(name) else value for name, value in values.items()}


def _word_lists(form: BaseModel, names: Iterable[str]) -> dict[str, Any]:
    """Lists of words, None where they mean the same as the default ones."""
    defaults = Settings()
    found: dict[str, Any] = {}
    for name in names:
        words = list(dict.fromkeys(_words(getattr(form, name))))
        same = frozenset(map(fold, words)) == frozenset(map(fold, getattr(defaults, name)))
        found[name] = None if same else words
    return found
