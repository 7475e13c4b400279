"""Milestones: the list, and one of them set against its plan and its forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile, pairwise
from typing import Annotated, Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from pydantic import BaseModel, Field, field_validator

from app.services import burn_up, foretold, new_plan, pages
from app.services.access import Role
from app.services.likely import CameOut, Likely, came_out, likely_of, why_none
from app.store import notices
from app.store.views import answers, flags, milestone_past, milestones, programmes
from app.store.views.milestone_past import Addition
from app.store.views.programmes import ReleaseRow
from app.web import charts
from app.web.auth import needs
from app.web.forms import Form, read
from app.web.pages.flags import one_of
from app.web.pages.overview import flag_words
from app.web.runtime import web
from app.web.shell import Frame, open_frame
from app.web.wording import as_sentence, say, words
from rules.facts import DueSet, Milestone
from rules.statistics import Forecast
from rules.verdict import Said

blueprint = Blueprint("milestones", __name__)

OUTCOMES = ("flagged", "error", "pending", "clear", "skipped")
KINDS = ("milestone", "version", "sprint", "epic")
MOST_ROWS = 200
"""How many rows a group of the scope table has, unless all are asked for."""
SAID_BEFORE = 4


@dataclass(frozen=True, slots=True)
class Beside:
    """What is read of a milestone beside its facts. `why_none` says why there is no forecast; None: one will come."""

    likely: Likely | None
    why_none: Said | None
    added: dict[int, Addition]
    earlier: tuple[CameOut, ...]


@blueprint.get("/milestones")
def show() -> Any:
    """The list of milestones."""
    state = one_of("state", ("open", "closed", "all"), default="open") or "open"
    kind = one_of("kind", KINDS)
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        page = milestones.milestones(
            tx,
            visible=frame.visible,
            state=state,
            kind=kind,
            text=request.args.get("q", "").strip()[:200],
            after=request.args.get("after"),
        )
        forecasts = milestone_past.latest_forecasts(tx, [row.id for row in page.rows if row.open and row.due])
        track = foretold.track(tx, visible=frame.visible, now=frame.now)
    return render_template(
        "milestones.html",
        page="milestones.show",
        milestones=page,
        state=state,
        kind=kind,
        kinds=KINDS,
        ahead=_ahead(frame, page.rows, forecasts),
        range_of=range_of,
        track=track,
        too_few=foretold.ENOUGH,
        words_of=lambda row: flag_words(frame, row),
    )


@blueprint.get("/milestones/<int:milestone_id>")
def one(milestone_id: int) -> Any:
    """One milestone."""
    since = one_of("since", ("plan",))
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = milestones.milestone_row(tx, milestone_id, visible=frame.visible)
        release = programmes.release_of(tx, milestone_id, visible=frame.visible)
        standing = flags.flags(
            tx,
            visible=frame.visible,
            where=flags.FlagFilter(state="all", subject=("milestone", milestone_id)),
            limit=20,
        )
        heard = notices.heard_of(tx, "milestone", milestone_id)
        said = answers.answers_to(tx, [flag.id for flag in standing.rows])
    if row is None:
        abort(404)
    explained = web().explain(web().runtime.db, "milestone", milestone_id, now=frame.now)
    subject = pages.as_seen(explained.subject, secured=frame.visible.secured)
    if not isinstance(subject, Milestone):
        abort(404)
    whole = subject is explained.subject
    sides = pages.sides(subject, frame.now)
    beside = _beside(frame, subject, sides, release)
    calendar = subject.project.calendar
    planned_at = sides.baseline.as_of if sides.baseline is not None else None
    chart = charts.burn_up(
        burn_up.burn_up(
            subject,
            grown=sides.grown,
            since=burn_up.begins(planned_at, calendar) if since is not None and planned_at is not None else None,
            now=frame.now,
        ),
        planned=len(sides.grown.planned) if sides.grown is not None else None,
        due=subject.due,
        likely=beside.likely,
        calendar=calendar,
        now=frame.now,
    )
    return render_template(
        "milestone.html",
        page="milestones.show",
        row=row,
        release=release,
        subject=subject,
        sides=sides,
        groups=pages.GROUPS,
        most_rows=None if request.args.get("rows") == "all" else MOST_ROWS,
        chart=chart,
        since=since,
        planned_at=planned_at,
        beside=beside,
        whole=whole,
        said_before=_said_before(subject.forecasts),
        range_of=range_of,
        dates=_dates(subject.dues),
        by_outcome={name: [j for j in explained.judgements if j.verdict.outcome == name] for name in OUTCOMES},
        judged=len(explained.judgements),
        opened={flag.rule: flag for flag in standing.rows if flag.closed_at is None},
        words_of=lambda judgement: words(judgement.verdict, subject.project),
        why=lambda said: as_sentence(say(said, subject.project)),
        fragment=lambda said: say(said, subject.project),
        standing=standing.rows,
        heard=heard,
        said=said,
    )


def _ahead(
    frame: Frame, rows: Sequence[milestones.MilestoneRow], forecasts: dict[int, tuple[Forecast, ...]]
) -> dict[int, Likely]:
    """What is likely of each of these milestones, where anything can be said."""
    found = {}
    for row in rows:
        said = likely_of(forecasts.get(row.id, ()), due=row.due, calendar=frame.calendar(row.project_id), now=frame.now)
        if said is not None and row.open and row.members_open:
            found[row.id] = said
    return found


def range_of(said: Forecast) -> str:
    """The days of a forecast as a column has them: "3\u201310 Aug"."""
    if said.horizon is not None and said.early >= said.horizon:
        return "later than can be seen"
    if said.horizon is not None and said.late >= said.horizon:
        return f"from {charts.short_range(said.early, said.early)} on"
    return charts.short_range(said.early, said.late)


class NewPlan(BaseModel):
    """Why what is in a milestone now is its plan from here on."""

    reason: Annotated[str, Field(max_length=200, validate_default=True)] = ""

    @field_validator("reason")
    @classmethod
    def _says_why(cls, value: str) -> str:
        if not value:
            raise ValueError("say in a few words why: it stands with the plan, and in the audit log")
        return value


@blueprint.get("/milestones/<int:milestone_id>/plan")
@needs(Role.EDITOR)
def plan(milestone_id: int) -> Any:
    """What calling it the new plan means, before it is done."""
    return _plan(milestone_id, Form())


@blueprint.post("/milestones/<int:milestone_id>/plan")
@needs(Role.EDITOR)
def make_plan(milestone_id: int) -> Any:
    """Let what is in it now be its plan."""
    told, form = read(NewPlan, request.form)
    if told is None:
        return _plan(milestone_id, form), 422
    runtime = web().runtime
    with runtime.db.read() as tx:
        frame = open_frame(tx)
    planned = new_plan.draw_up(
        runtime.db,
        runtime.ringer,
        milestone_id,
        visible=frame.visible,
        reason=told.reason,
        who=g.user.name,
        now=frame.now,
        real=frame.real,
    )
    if planned is None:
        abort(404)
    flash(f"What is in it now is its plan: {planned} {'item' if planned == 1 else 'items'}.", "ok")
    return redirect(url_for("milestones.one", milestone_id=milestone_id), 303)


def _plan(milestone_id: int, form: Form) -> str:
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = milestones.milestone_row(tx, milestone_id, visible=frame.visible)
    if row is None or not row.open or row.joined_to is not None:
        abort(404)
    explained = web().explain(web().runtime.db, "milestone", milestone_id, now=frame.now)
    subject = pages.as_seen(explained.subject, secured=frame.visible.secured)
    if not isinstance(subject, Milestone):
        abort(404)
    sides = pages.sides(subject, frame.now)
    return render_template("milestone_plan.html", page="milestones.show", row=row, sides=sides, form=form)


def _beside(frame: Frame, subject: Milestone, sides: pages.MilestoneSides, release: ReleaseRow | None) -> Beside:
    likely = (
        likely_of(subject.forecasts, due=subject.due, calendar=subject.project.calendar, now=frame.now)
        if subject.open and sides.open
        else None
    )
    came = [row.member for row in sides.grown.rows if row.member.item.id not in _planned(sides)] if sides.grown else []
    with web().runtime.db.read() as tx:
        earlier = milestone_past.ended(
            tx, project_id=subject.project.id, kind=subject.kind.value, besides=subject.id, visible=frame.visible
        )
        return Beside(
            likely=likely,
            why_none=why_none(tx, subject, now=frame.now) if likely is None and subject.due else None,
            added=milestone_past.additions(
                tx,
                subject.id,
                [member.item.id for member in came],
                visible=frame.visible,
                parts=[part.id for part in release.parts] if release is not None else (),
            ),
            earlier=came_out(tx, earlier, calendar=subject.project.calendar, now=frame.now),
        )


def _planned(sides: pages.MilestoneSides) -> frozenset[int]:
    return frozenset(sides.baseline.members) if sides.baseline is not None else frozenset()


def _said_before(kept: Sequence[Forecast]) -> list[Forecast]:
    """Of the forecasts before the latest the last of each week, newest first."""
    by_week: dict[tuple[int, int], Forecast] = {one.as_of.isocalendar()[:2]: one for one in kept[:-1]}
    return sorted(by_week.values(), key=_as_of, reverse=True)[:SAID_BEFORE]


def _as_of(one: Forecast) -> datetime:
    return one.as_of


def _dates(dues: tuple[DueSet, ...]) -> list[tuple[DueSet, int | None]]:
    """Every date, the present one first, each with how many days it lies behind the one before (None for the first)."""
    dues = tuple(dropwhile(lambda set_: set_.due is None, dues))  # made without a date: no date it had
    moved: list[int | None] = [None]
    for earlier, later in pairwise(dues):
        known = earlier.due is not None and later.due is not None
        moved.append((later.due - earlier.due).days if known and later.due and earlier.due else None)
    return list(zip(dues, moved, strict=False))[::-1]
