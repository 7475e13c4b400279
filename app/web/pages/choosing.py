"""What a connection sees, to choose from: what is watched from now on, and which rules look at it first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from pydantic import BaseModel

from app.errors import UnavailableError, UserError
from app.services import addresses, connecting, health, watching
from app.services.access import Role
from app.services.projects import check_documents
from app.store.database import Tx
from app.store.trackers import ConnectionRow
from app.time import real_now
from app.web.auth import needs
from app.web.forms import Form, read
from app.web.runtime import web
from app.web.shell import open_frame
from rules.packs.load import NAMES as PACKS

blueprint = Blueprint("choosing", __name__)

ADMIN = Role.ADMIN
CHECKED_AT_ONCE = 5
"""More projects than this are not looked at on the way: "Check now" does it when there is time."""
WEEK = (("0,1,2,3,4", "Monday to Friday"), ("6,0,1,2,3", "Sunday to Thursday"), ("0,1,2,3,4,5,6", "every day"))
PACK_WORDS = {
    "open-source": "Open source: long patience, labels before comments",
    "scrum": "Scrum: sprints, two stand-ups of quiet",
    "kanban": "Kanban: flow, and dates where there are any",
    "waterfall": "Waterfall: dated phases, no grace",
}


class WatchForm(BaseModel):
    """What is to be watched, and on whose calendar."""

    keys: list[str] = []
    other: str = ""
    zone: str = "UTC"
    country: str = ""
    weekdays: Literal["0,1,2,3,4", "6,0,1,2,3", "0,1,2,3,4,5,6"] = "0,1,2,3,4"
    arrival: Literal["webhooks", "polling"] = "webhooks"
    hooks: list[str] = []
    pack: str = ""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the page of projects to choose from shows. `problem`: why there is no list."""

    listing: watching.Listing | None
    problem: str = ""


@blueprint.get("/projects/connections/<int:connection_id>/projects")
@needs(ADMIN)
def choose(connection_id: int) -> Any:
    """The projects that a connection sees, to be ticked."""
    return _choose(connection_id, Form({"zone": "UTC", "weekdays": "0,1,2,3,4", "hooks": ["true"]}))


def _choose(connection_id: int, form: Form, *, status: int = 200) -> Any:
    runtime = web().runtime
    query = request.args.get("q", "").strip()[:100]
    offset = request.args.get("from", "0")
    with runtime.db.read() as tx:
        frame = open_frame(tx)
        row = found(tx, connection_id)
        fresh = connecting.no_rules_yet(tx)
    choice = _look(connection_id, query, int(offset) if offset.isdigit() and len(offset) < 6 else 0)
    local = not addresses.is_reached(runtime.settings.base_url, tracker=row.base_url)
    if "arrival" not in form.values:
        form.values = {**form.values, "arrival": "polling" if local else "webhooks"}
    if fresh and "pack" not in form.values:
        form.values = {**form.values, "pack": watching.suggested_pack(row.tracker_kind)}
    return render_template(
        "connect_choose.html",
        page="projects.show",
        row=row,
        form=form,
        choice=choice,
        query=query,
        fresh=fresh,
        local=local,
        weeks=WEEK,
        packs=[(name, PACK_WORDS[name]) for name in PACKS],
        hooks="github" in row.tracker_kind and row.kind == "token" and not local,
        demo=frame.shell.demo,
    ), status


def _look(connection_id: int, query: str, offset: int) -> _Choice:
    runtime = web().runtime
    try:
        return _Choice(
            watching.listing(
                runtime.db, runtime.vault, runtime.adapters, connection_id=connection_id, query=query, offset=offset
            )
        )
    except (UserError, UnavailableError) as error:
        return _Choice(None, str(error))


@blueprint.post("/projects/connections/<int:connection_id>/projects")
@needs(ADMIN)
def watch(connection_id: int) -> Any:
    """Watch what was ticked."""
    runtime = web().runtime
    given, form = read(WatchForm, request.form, lists=("keys", "hooks"))
    with runtime.db.read() as tx:
        row = found(tx, connection_id)
    if given is None:
        return _choose(connection_id, form, status=422)
    keys = [*given.keys, *([given.other] if given.other else [])]
    calendar: dict[str, Any] = {"zone": given.zone, "weekdays": [int(day) for day in given.weekdays.split(",")]}
    if given.country:
        calendar["country"] = given.country.upper()
    _check_calendar(form, calendar)
    if not keys:
        form.errors["keys"] = "tick at least one project, or name one"
    if not form.good:
        return _choose(connection_id, form, status=422)
    real = real_now()
    polling = given.arrival == "polling"
    done = watching.watch(
        runtime.db,
        runtime.vault,
        runtime.adapters,
        runtime.ringer,
        connection_id=connection_id,
        keys=keys,
        settings={"polling": polling},
        calendar=calendar,
        pack=given.pack,
        hooks=None if polling or not given.hooks else health.hook_address(runtime.settings.base_url, row),
        who=g.user.name,
        now=runtime.world().at(real),
        real=real,
    )
    for problem in done.problems:
        flash(problem, "fault")
    if not done.ids:
        return _choose(connection_id, form, status=422)
    if len(done.ids) <= CHECKED_AT_ONCE:
        health.examine(
            runtime.db, runtime.vault, runtime.adapters, connection_id=connection_id,
            base_url=runtime.settings.base_url, now=real,
        )  # fmt: skip
    _say(done)
    if len(done.ids) == 1:
        return redirect(url_for("projects.one", project_id=done.ids[0]), 303)
    return redirect(url_for("projects.show"), 303)


def _say(done: watching.Watched) -> None:
    many = len(done.ids)
    flash(f"{'It is' if many == 1 else f'{many} projects are'} watched; the past is being read now.", "ok")
    if done.rules:
        flash(f"{len(done.rules)} rules observe from now on. They write nothing until you set one live.", "ok")


def _check_calendar(form: Form, calendar: dict[str, Any]) -> None:
    for name in ("zone", "country"):
        if name in calendar:
            try:
                check_documents({}, {name: calendar[name]})
            except UserError as error:
                form.errors[name] = str(error).partition("; ")[2].removeprefix("Value error, ") or str(error)


def found(tx: Tx, connection_id: int) -> ConnectionRow:
    """A connection in use, or 404."""
    try:
        return connecting.connection(tx, connection_id)
    except UserError:
        abort(404)
