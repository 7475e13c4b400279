"""Flags: the list, filtered and sorted by its address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, render_template, request

from app.services import pages
from app.store.views import flag_counts, flags, rules
from app.web.pages.overview import flag_words
from app.web.runtime import web
from app.web.shell import open_frame
from rules.facts import Kind, MilestoneKind

blueprint = Blueprint("flags", __name__)

TWO_WEEKS = timedelta(days=14)
STATES = ("open", "closed", "all")
PAGE_STATES = ("open", "answered", "closed", "all")
"""On the page, open flags are those that ask for something; the answered ones stand apart."""
ANSWERS = ("acknowledged", "snoozed", "expected", "wrong")
SEVERITIES = ("urgent", "warning", "note")
KINDS = tuple(dict.fromkeys([*(kind.value for kind in (*Kind, *MilestoneKind)), "flow"]))


def flag_filter(now: datetime | None = None) -> flags.FlagFilter:
    """The filter that the address asks for; on a page as of `now`. Aborts with 400 for a value that no filter has."""
    state = one_of("state", STATES if now is None else PAGE_STATES, default="open") or "open"
    if now is not None:
        state = {"open": "speaking", "answered": "quiet"}.get(state, state)
    return flags.FlagFilter(
        state=state,
        rule=request.args.get("rule") or None,
        types=pages.FAMILIES.get(one_of("family", tuple(pages.FAMILIES)) or "", ()),
        severity=one_of("severity", SEVERITIES),
        kind=one_of("kind", KINDS),
        label=request.args.get("label", "").strip()[:100] or None,
        text=request.args.get("q", "").strip()[:200],
        sort=one_of("sort", flags.SORTS, default="newest") or "newest",
        answer=one_of("answer", ANSWERS),
        now=now,
    )


def one_of(name: str, values: tuple[str, ...], *, default: str | None = None) -> str | None:
    """An argument of the address that must be one of some values. Aborts with 400 where it is not."""
    value = request.args.get(name) or default
    if value is not None and value not in values:
        abort(400, f"{name}: got {value[:40]!r}; expected one of {', '.join(values)}")
    return value


@blueprint.get("/flags")
def show() -> Any:
    """The list of flags."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        where = flag_filter(frame.now)
        page = flags.flags(tx, visible=frame.visible, where=where, after=request.args.get("after"))
        counts = flag_counts.counts(tx, visible=frame.visible, where=where)
        names = rules.names(tx)
    today = frame.calendar().local_date(frame.now)
    return render_template(
        "flags.html",
        page="flags.show",
        flags=page,
        counts=counts,
        where=where,
        state=request.args.get("state") or "open",
        family=request.args.get("family") or None,
        families=pages.FAMILIES,
        severities=SEVERITIES,
        kinds=[kind for kind in KINDS if not counts.whole or counts.kinds.get(kind) or where.kind == kind],
        rules=[rule for rule in names if not counts.whole or counts.rules.get(rule.name) or where.rule == rule.name],
        answers=ANSWERS,
        until=today + TWO_WEEKS,
        first=today + timedelta(days=1),
        words_of=lambda row: flag_words(frame, row),
    )
