"""Standings as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from app.time import from_iso, to_iso
from rules.standing import Standing
from rules.verdict import Severity, Verdict
from rules.wording.codec import dump_verdict, load_verdict

VERDICTS = ("said", "verdict")


def dump_standing(standing: Standing) -> dict[str, Any]:
    """A standing as plain JSON values; fields that hold their default are left out."""
    out: dict[str, Any] = {}
    for field in fields(standing):
        value = getattr(standing, field.name)
        if value == field.default:
            continue
        if isinstance(value, Verdict):
            out[field.name] = dump_verdict(value)
        elif isinstance(value, datetime):
            out[field.name] = to_iso(value)
        else:
            out[field.name] = value
    return out


def load_standing(doc: Mapping[str, Any]) -> Standing:
    """The standing of `dump_standing`."""
    values: dict[str, Any] = {}
    for field in fields(Standing):
        value = doc.get(field.name)
        if value is None:
            continue
        if field.name in VERDICTS:
            value = load_verdict(value)
        elif field.name == "acknowledged_severity":
            value = Severity(value)
        elif isinstance(value, str) and not field.name.endswith("_reason"):
            value = from_iso(value)
        values[field.name] = value
    return Standing(**values)
