"""Flags: the list, filtered and sorted by its address."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request

from app.services import pages
from app.store.views import flags, rules
from app.web.pages.overview import flag_words
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("flags", __name__)

STATES = ("open", "closed", "all")
SEVERITIES = ("urgent", "warning", "note")


def flag_filter() -> flags.FlagFilter:
    """The filter that the address asks for. Aborts with 400 for a value that no filter has."""
    return flags.FlagFilter(
        state=one_of("state", STATES, default="open") or "open",
        rule=request.args.get("rule") or None,
        types=pages.FAMILIES.get(one_of("family", tuple(pages.FAMILIES)) or "", ()),
        severity=one_of("severity", SEVERITIES),
        text=request.args.get("q", "").strip()[:200],
        sort=one_of("sort", flags.SORTS, default="newest") or "newest",
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
    where = flag_filter()
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        page = flags.flags(tx, visible=frame.visible, where=where, after=request.args.get("after"))
        total = flags.count_flags(tx, visible=frame.visible, where=where)
        names = rules.rules(tx, visible=frame.visible, now=frame.now)
    return render_template(
        "flags.html",
        page="flags.show",
        flags=page,
        total=total,
        where=where,
        family=request.args.get("family") or None,
        families=tuple(pages.FAMILIES),
        severities=SEVERITIES,
        rules=names,
        words_of=lambda row: flag_words(frame, row),
    )
