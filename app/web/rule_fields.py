"""The parameters of a rule type as fields of a form: what kind of field, in which unit, within which bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from rules.spec import RuleType

OPTIONS: Mapping[str, str] = {
    "page": "These pages only",
    "label": "A label",
    "comment": "A label and a comment",
    "in_progress": "Work in progress",
    "claimed": "Work that somebody has taken up",
    "hours": "Hours",
    "points": "Points",
}
"""What may be picked, as a form says it."""


@dataclass(frozen=True, slots=True)
class ParamField:
    """One parameter as a form shows it. `kind` is whole, number, share, flag, choice, words, condition or text.

    Shares are typed and shown in per cent: `low` and `high` are what the form says, not what is stored.
    """

    name: str
    title: str
    kind: str
    unit: str = ""
    help: str = ""
    low: float | None = None
    high: float | None = None
    longest: int | None = None
    default: object = None
    optional: bool = False
    options: tuple[tuple[str, str], ...] = ()

    @property
    def numeric(self) -> bool:
        """Whether it is a number."""
        return self.kind in ("whole", "number", "share")

    def shown(self, value: object) -> str:
        """A stored value as the text in its field; of a box "yes" or nothing."""
        if value is None or value is False:
            return ""
        if value is True:
            return "yes"
        if isinstance(value, Enum):
            return str(value.value)
        if isinstance(value, int | float):
            return f"{value * 100 if self.kind == 'share' else value:.10g}"
        return str(value)

    def stored(self, text: str) -> object:
        """What was typed as it is given to the type's parameters, which say whether that will do. Raises ValueError,
        whose text says what would be right.
        """
        if self.kind == "flag":
            return bool(text)
        if text == "" and (self.numeric or self.kind == "choice"):
            if self.optional:
                return None
            raise ValueError(f"is needed; {self.shown(self.default)} is usual")
        if self.kind != "share":
            return text
        try:
            per_cent = Decimal(text.removesuffix("%").strip())
        except InvalidOperation:
            raise ValueError("must be a number") from None
        low, high = self.low, self.high
        if not per_cent.is_finite() or (low is not None and per_cent < Decimal(str(low))):
            raise ValueError(f"must be at least {low:g} %")
        if high is not None and per_cent > Decimal(str(high)):
            raise ValueError(f"must be at most {high:g} %")
        return float(per_cent / 100)


def fields_of(type_: RuleType) -> tuple[ParamField, ...]:
    """The fields of a type, in the order of its parameters."""
    return tuple(_field(name, info) for name, info in type_.params.model_fields.items())


def _field(name: str, info: Any) -> ParamField:
    annotation, optional = _without_none(info.annotation)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    unit = str(extra.get("unit", ""))
    kind = _kind(annotation, unit)
    times = 100 if kind == "share" else 1
    low, high = _bound(info, "ge", "gt"), _bound(info, "le", "lt")
    longest = _bound(info, "max_length")
    return ParamField(
        name=name,
        title=info.title or name.replace("_", " ").capitalize(),
        kind=kind,
        unit=_unit(unit, kind),
        help=info.description or "",
        low=None if low is None else round(float(low) * times, 10),
        high=None if high is None else round(float(high) * times, 10),
        longest=None if longest is None else int(longest),
        default=info.get_default(call_default_factory=True),
        optional=optional,
        options=tuple((text, OPTIONS.get(text, text.replace("_", " ").capitalize())) for text in _choices(annotation)),
    )


def _bound(info: Any, *names: str) -> float | None:
    """The first of these bounds that a field declares."""
    return next(
        (value for bound in info.metadata for name in names if (value := getattr(bound, name, None)) is not None), None
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, UnionType):
        rest = [part for part in get_args(annotation) if part is not type(None)]
        return rest[0], True
    return annotation, False


def _kind(annotation: Any, unit: str) -> str:
    """Which kind of field a parameter needs. Raises TypeError for one that no form knows."""
    if annotation is bool:
        return "flag"
    if annotation is int:
        return "whole"
    if annotation is float:
        return "share" if unit.startswith("share") else "number"
    if _choices(annotation):
        return "choice"
    if annotation is str:
        return {"condition": "condition", "text": "text"}.get(unit, "words")
    raise TypeError(f"no form knows a parameter of the type {annotation!r}")


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return tuple(str(value) for value in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(one.value) for one in annotation)
    return ()


def _unit(unit: str, kind: str) -> str:
    if kind == "share":
        return ("% " + unit.removeprefix("share").strip()).strip()
    return "" if unit in ("choice", "condition", "text") else unit
