"""Overview: what needs a decision today, and how things stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template

from app.services import pages
from app.store.views import deliveries, flags, milestones, overview
from app.web import charts
from app.web.runtime import web
from app.web.shell import Frame, day_start, open_frame
from app.web.wording import Words, named, stored_words
from rules.settings import Settings

blueprint = Blueprint("overview", __name__)

DECISIONS = 5
NEWEST = 6
MILESTONES = 6
DUE_WITHIN = timedelta(days=14)
FLOW_WEEKS = 26


@blueprint.get("/")
def show() -> Any:
    """The overview page."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        today = frame.calendar().local_date(frame.now)
        speaking = flags.FlagFilter(state="speaking", now=frame.now)
        dormant_days = Settings().dormant_after_days
        data = {
            "groups": flags.flag_groups(tx, visible=frame.visible, limit=DECISIONS, now=frame.now),
            "newest": flags.flags(tx, visible=frame.visible, where=speaking, limit=NEWEST),
            "changes": flags.flag_changes(tx, visible=frame.visible, since=frame.now - timedelta(days=1)),
            "due": milestones.due_between(tx, visible=frame.visible, first=today, last=today + DUE_WITHIN),
            "milestones": milestones.milestones(tx, visible=frame.visible, limit=MILESTONES).rows,
            "aside": deliveries.set_aside(tx, visible=frame.visible),
            "dormant_days": dormant_days,
            "figures": overview.figures(
                tx,
                visible=frame.visible,
                dormant_before=frame.now - timedelta(days=dormant_days),
                day_start=day_start(frame.now),
            ),
        }
        pulls, pulls_total = overview.open_pulls(tx, visible=frame.visible, limit=charts.MOST_POINTS)
        merged = overview.merge_ages(tx, visible=frame.visible, since=frame.now - timedelta(days=365))
        weeks = [frame.now - timedelta(weeks=back) for back in range(FLOW_WEEKS, -1, -1)]
        flow = overview.flow(tx, visible=frame.visible, days=weeks)
    return render_template(
        "overview.html",
        page="overview.show",
        words_of=lambda row: flag_words(frame, row),
        ageing=charts.ageing(pulls, total=pulls_total, merged=merged, now=frame.now),
        flow=charts.flow(flow),
        too_few=pages.TOO_FEW,
        **data,
    )


def named_in(rows: Iterable[flags.FlagRow]) -> set[int]:
    """The ids of the items that stored verdicts name."""
    return {ref.id for row in rows for ref in named(row.verdict)}


def flag_words(frame: Frame, row: flags.FlagRow | milestones.MilestoneRow) -> Words | None:
    """The stored verdict of a row in words, dates as its project writes them."""
    calendar = frame.calendar(row.project_id)
    project = pages.project_for_words(project_id=row.project_id, key=row.project, tracker="github", calendar=calendar)
    return stored_words(row.verdict, project)
