"""What records are made of: ids, instants, days, and the documents that are checked as settings are everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.services.projects import CalendarDoc, SettingsDoc

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Instants lie between these."""
BEGINNING = FIRST


def _instant(value: datetime) -> datetime:
    if not FIRST <= value < LAST:
        raise ValueError(f"lies outside {FIRST.year} to {LAST.year - 1}")
    return value.astimezone(UTC)


def _day(value: date) -> date:
    if value.year < FIRST.year:
        raise ValueError(f"lies before {FIRST.year}")
    return value


def _settings(value: dict[str, Any]) -> dict[str, Any]:
    return _document(SettingsDoc, value)


def _calendar(value: dict[str, Any]) -> dict[str, Any]:
    return _document(CalendarDoc, value)


def _document(model: type[BaseModel], value: dict[str, Any]) -> dict[str, Any]:
    """A document as it is stored. Raises ValueError naming the field, its value and what would be right."""
    try:
        return model.model_validate(value).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            said = "there is no such setting"
        raise ValueError(f"{where}: {said} (given: {repr(first['input'])[:80]})") from error


Id = Annotated[str, Field(min_length=1, max_length=500)]
Instant = Annotated[AwareDatetime, AfterValidator(_instant)]
Day = Annotated[date, AfterValidator(_day)]
SettingsDocument = Annotated[dict[str, Any], AfterValidator(_settings)]
CalendarDocument = Annotated[dict[str, Any], AfterValidator(_calendar)]
Hours = float
Number = Annotated[int, Field(ge=0, lt=2**62)]


class Part(BaseModel):
    """Strict about names, easy about numbers that stand for ids."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, coerce_numbers_to_str=True)
