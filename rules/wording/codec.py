"""Sentences and verdicts as JSON and back: standings are stored with the words they were opened with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from rules.facts import Ref, Side, Step
from rules.verdict import Days, Outcome, Reach, Said, Severity, Value, Verdict


def dump(said: Said) -> dict[str, Any]:
    """A sentence as plain JSON values."""
    return {"code": said.code, "values": {name: _dump_value(value) for name, value in said.values.items()}}


def load(data: Mapping[str, Any]) -> Said:
    """The sentence of `dump`. Raises KeyError or ValueError for anything else."""
    return Said(data["code"], {name: _load_value(value) for name, value in data["values"].items()})


def dump_verdict(verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain JSON values."""
    return {
        "outcome": verdict.outcome.value,
        "reason": dump(verdict.reason),
        "since": _dump_at(verdict.since),
        "recheck_at": _dump_at(verdict.recheck_at),
        "evidence": [dump(said) for said in verdict.evidence],
        "table": [[dump(cell) for cell in row] for row in verdict.table],
        "helps": dump(verdict.helps) if verdict.helps else None,
        "footnote": dump(verdict.footnote) if verdict.footnote else None,
        "gist": verdict.gist,
        "severity": verdict.severity.value,
        "reach": verdict.reach.value,
        "refs": [_dump_ref(ref) for ref in verdict.refs],
        "below": [dump(said) for said in verdict.below],
        "weight": verdict.weight,
        "waits_on": _dump_ref(verdict.waits_on) if verdict.waits_on else None,
        "hold_for": verdict.hold_for,
    }


def load_verdict(data: Mapping[str, Any]) -> Verdict:
    """The verdict of `dump_verdict`. Raises KeyError or ValueError for anything else."""
    return Verdict(
        outcome=Outcome(data["outcome"]),
        reason=load(data["reason"]),
        since=_load_at(data["since"]),
        recheck_at=_load_at(data["recheck_at"]),
        evidence=tuple(load(said) for said in data["evidence"]),
        table=tuple(tuple(load(cell) for cell in row) for row in data["table"]),
        helps=load(data["helps"]) if data["helps"] else None,
        footnote=load(data["footnote"]) if data["footnote"] else None,
        gist=data["gist"],
        severity=Severity(data["severity"]),
        reach=Reach(data["reach"]),
        refs=tuple(Ref(*ref) for ref in data["refs"]),
        below=tuple(load(said) for said in data["below"]),
        weight=data["weight"],
        waits_on=Ref(*on) if (on := data.get("waits_on")) else None,
        hold_for=data.get("hold_for", 0.0),
    )


def _dump_value(value: Value) -> Any:
    """Scalars as they are, everything else as an object whose one key says what it is."""
    if isinstance(value, datetime):  # before date: a datetime is one too
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Ref):
        return {"ref": _dump_ref(value)}
    if isinstance(value, Step):
        of = _dump_ref(value.of) if value.of is not None else None
        return {"step": [value.kind, value.at.isoformat(), value.url, value.side.value, of]}
    if isinstance(value, Days):
        return {"days": [value.count, value.working]}
    if isinstance(value, tuple):
        refs = [_dump_ref(one) for one in value if isinstance(one, Ref)]
        said = [dump(one) for one in value if isinstance(one, Said)]
        return {"said": said} if said else {"refs": refs}
    return value


def _load_value(value: Any) -> Value:
    if not isinstance(value, Mapping):
        scalar: Value = value
        return scalar
    ((kind, held),) = value.items()
    match kind:
        case "at":
            return datetime.fromisoformat(held)
        case "date":
            return date.fromisoformat(held)
        case "ref":
            return Ref(*held)
        case "step":
            name, at, url, side, *of = held
            whose = Ref(*of[0]) if of and of[0] else None
            return Step(kind=name, at=datetime.fromisoformat(at), url=url, side=Side(side), of=whose)
        case "days":
            return Days(*held)
        case "refs":
            return tuple(Ref(*ref) for ref in held)
        case "said":
            return tuple(load(said) for said in held)
    raise ValueError(f"unknown kind of value {kind!r}")


def _dump_ref(ref: Ref) -> list[Any]:
    return [ref.id, ref.key, ref.url, ref.project, ref.secured, ref.public]


def _dump_at(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _load_at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
