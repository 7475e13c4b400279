"""The audit log: who did what and when, what it changed, and all of it as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, g, render_template, request

from app.services.access import Role
from app.services.differences import Difference, of_detail
from app.store.views import audit
from app.web import args
from app.web.auth import needs
from app.web.runtime import web
from app.web.shell import Frame, open_frame

blueprint = Blueprint("audit", __name__)

EXPORTED = 1_000
"""Entries that an export reads at once; it goes on page by page, and holds no transaction while it sends."""
COLUMNS = ("when", "who", "what", "about", "changes")
RISKY = ("=", "+", "-", "@", "\t", "\r")
"""Signs at the beginning of a cell that table programs take for a formula."""


@blueprint.get("/settings/audit")
@needs(Role.ADMIN)
def show() -> Any:
    """The list of entries."""
    _for_everything()
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        where = _filter(frame)
        page = audit.entries(tx, where=where, after=request.args.get("after"))
        who, what = audit.names(tx)
    return render_template(
        "audit.html",
        page="settings.show",
        entries=page,
        where=where,
        who=who,
        what=what,
        changes_of=of_detail,
        filtered=where != audit.AuditFilter(),
    )


@blueprint.get("/settings/audit.csv")
@needs(Role.ADMIN)
def export() -> Any:
    """All entries that match, newest first, as comma separated values."""
    _for_everything()
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
    answer = Response(_rows(_filter(frame)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=audit.csv"
    return answer


def _rows(where: audit.AuditFilter) -> Iterator[str]:
    db = web().runtime.db

    def pages() -> Iterator[str]:
        yield _line(COLUMNS)
        after: str | None = None
        while True:
            with db.read() as tx:
                page = audit.entries(tx, where=where, after=after, limit=EXPORTED)
            for row in page.rows:
                changes = "; ".join(map(_change, of_detail(row.detail)))
                yield _line((row.at.isoformat(), row.who, row.what, row.subject, changes))
            if page.next is None:
                return
            after = page.next

    return pages()


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([f"'{cell}" if cell.startswith(RISKY) else cell for cell in cells])
    return out.getvalue()


def _change(one: Difference) -> str:
    if one.before is None:
        return f"{one.name}: {one.after}"
    return f"{one.name}: {one.before} → {one.after if one.after is not None else 'nothing'}"


def _for_everything() -> None:
    """The log tells of every project, so it is for those who see all of them."""
    if g.user.projects is not None:
        abort(403)


def _filter(frame: Frame) -> audit.AuditFilter:
    span = args.span(frame.calendar())
    return audit.AuditFilter(
        who=args.text("who") or None,
        what=args.text("what") or None,
        subject=args.text("about") or None,
        since=span.since,
        until=span.until,
    )
