"""Typed access to untrusted JSON.

Each accessor gives the value or raises `BadPayload` with the dotted path, the value and what would be right. The path
is put together only when something is wrong: these run on every delivery, twice. Text is made storable (no NUL, no lone
surrogates), whole numbers fit 64 bits, instants are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from integrations.errors import BadPayload

MAX_WHOLE = 2**63 - 1
MAX_MILLIS = 253_402_300_799_999
"""The last millisecond of the year 9999."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_ID = 200
_MISSING: Any = object()


def clean(value: str) -> str:
    """`value` without what no database stores: NUL and lone surrogates become U+FFFD."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value.replace("\0", "\ufffd") if "\0" in value else value


def bad(path: str, key: str, value: object, expected: str) -> BadPayload:
    """The error for `key` under `path`; a value that is not there is told as None."""
    return BadPayload(f"{path}.{key}" if path else key, None if value is _MISSING else value, expected)


def obj(data: Mapping[str, Any], key: str, path: str = "") -> Mapping[str, Any]:
    """A required object."""
    value = data.get(key, _MISSING)
    if type(value) is not dict:
        raise bad(path, key, value, "an object")
    return value


def opt_obj(data: Mapping[str, Any], key: str, path: str = "") -> Mapping[str, Any] | None:
    """An object, or None where it is absent or null."""
    value = data.get(key)
    if value is not None and type(value) is not dict:
        raise bad(path, key, value, "an object or null")
    return value


def soft_obj(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object, or an empty one: for parts that trackers have sent in odd shapes and that nothing depends on."""
    value = data.get(key)
    return value if type(value) is dict else {}


def array(data: Mapping[str, Any], key: str, path: str = "") -> list[Any] | None:
    """A list, or None where it is absent or null."""
    value = data.get(key)
    if value is not None and type(value) is not list:
        raise bad(path, key, value, "a list or null")
    return value


def objects(data: Mapping[str, Any], key: str, path: str = "") -> list[Mapping[str, Any]] | None:
    """A list of objects, or None where it is absent or null."""
    values = array(data, key, path)
    if values is not None:
        for place, value in enumerate(values):
            if type(value) is not dict:
                raise bad(path, f"{key}.{place}", value, "an object")
    return values


def text(data: Mapping[str, Any], key: str, path: str = "") -> str:
    """A required text."""
    value = data.get(key, _MISSING)
    if type(value) is not str:
        raise bad(path, key, value, "a text")
    return clean(value)


def opt_text(data: Mapping[str, Any], key: str, path: str = "") -> str | None:
    """A text, or None where it is absent or null."""
    value = data.get(key)
    if value is None:
        return None
    if type(value) is not str:
        raise bad(path, key, value, "a text or null")
    return clean(value)


def whole(data: Mapping[str, Any], key: str, path: str = "") -> int:
    """A required whole number from 0 to 2^63-1 (a boolean is none)."""
    value = data.get(key, _MISSING)
    if type(value) is not int or not 0 <= value <= MAX_WHOLE:
        raise bad(path, key, value, "a whole number")
    return value


def opt_whole(data: Mapping[str, Any], key: str, path: str = "") -> int | None:
    """A whole number, or None where it is absent or null."""
    return None if data.get(key) is None else whole(data, key, path)


def opt_flag(data: Mapping[str, Any], key: str, path: str = "") -> bool | None:
    """True, false, or None where it is absent or null."""
    value = data.get(key)
    if value is not None and type(value) is not bool:
        raise bad(path, key, value, "true, false or null")
    return value


def instant(data: Mapping[str, Any], key: str, path: str = "") -> datetime:
    """A required instant (ISO 8601), in UTC."""
    value = opt_instant(data, key, path)
    if value is None:
        raise bad(path, key, data.get(key), "an instant such as 2026-11-24T09:30:00Z")
    return value


def opt_instant(data: Mapping[str, Any], key: str, path: str = "") -> datetime | None:
    """An instant in UTC, or None where it is absent or null. One without an offset is UTC."""
    value = data.get(key)
    if value is None:
        return None
    if type(value) is str:
        try:
            read = datetime.fromisoformat(value)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise bad(path, key, value, "an instant such as 2026-11-24T09:30:00Z")


def opt_day(data: Mapping[str, Any], key: str, path: str = "") -> date | None:
    """The UTC date of an instant: GitHub tells the same due day as T07:00Z, T08:00Z or T00:00Z, by turns."""
    value = opt_instant(data, key, path)
    return None if value is None else value.date()


def opt_date(data: Mapping[str, Any], key: str, path: str = "") -> date | None:
    """A calendar date, or None where it is absent, null or empty."""
    value = data.get(key)
    if value is None or value == "":
        return None
    if type(value) is str:
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            pass
    raise bad(path, key, value, "a date such as 2026-11-24")


def ident(data: Mapping[str, Any], key: str, path: str = "") -> str:
    """A required id as text: some payloads write it as a number, some as a text."""
    value = data.get(key, _MISSING)
    if type(value) is int and 0 <= value <= MAX_WHOLE:
        return str(value)
    if type(value) is str and 0 < len(value) <= LONGEST_ID:
        return clean(value)
    raise bad(path, key, value, f"an id (a whole number, or a text of at most {LONGEST_ID} characters)")


def opt_millis(data: Mapping[str, Any], key: str, path: str = "") -> datetime | None:
    """An instant given as milliseconds since 1970, or None where it is absent or null."""
    value = data.get(key)
    if value is None:
        return None
    if type(value) is int and 0 <= value <= MAX_MILLIS:
        return EPOCH + timedelta(milliseconds=value)
    raise bad(path, key, value, "milliseconds since 1970")
