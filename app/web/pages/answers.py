"""Answering flags from the pages: by a button where nothing is to be said, else by a form."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from flask import Blueprint, flash, g, redirect, render_template, request
from pydantic import BaseModel, Field, ValidationInfo, field_validator

from app.services import flag_answers, quiet
from app.services.access import Role
from app.services.flag_answers import Given
from app.store.database import Tx
from app.store.views import flags
from app.time import from_iso
from app.web.auth import back_to, needs
from app.web.forms import Form, read
from app.web.pages.overview import flag_words
from app.web.runtime import web
from app.web.shell import Frame, open_frame
from app.web.words import day, number
from rules.answers import LONGEST_DAYS, Command, Verb, clean_reason

blueprint = Blueprint("answers", __name__)

TWO_WEEKS = timedelta(days=14)
NAMED = 3
LARGEST = 2**63 - 1
UNDO = "undo"
SAID = {
    "ack": (
        "{n} is known as it is: quiet until it gets worse.",
        "{n} are known as they are: quiet until they get worse.",
    ),
    "snooze": ("{n} is set aside until {until}.", "{n} are set aside until {until}."),
    "expect": (
        "{n} is quiet until {until}, by when it is expected.",
        "{n} are quiet until {until}, by when they are expected.",
    ),
    "wrong": ("{n} is answered as wrong.", "{n} are answered as wrong."),
    UNDO: ("{n} speaks again: its answer is taken back.", "{n} speak again: their answers are taken back."),
}
LEFT = {
    flag_answers.CLOSED: ("{names} was closed meanwhile.", "{names} were closed meanwhile."),
    flag_answers.UNANSWERED: ("{names} had no answer to take back.", "{names} had no answers to take back."),
    flag_answers.UNKNOWN: ("One is not there any more.", "{count} are not there any more."),
}


class Answering(BaseModel):
    """What is answered, and to which flags: by their ids, or all that ask one question (`rule`, `code`, `kind`, and
    `subject` for a milestone) and had opened when the page was made (`at`).
    """

    flag: list[Annotated[int, Field(ge=0, le=LARGEST)]] = []
    rule: str = ""
    code: str = ""
    kind: str = ""
    subject: int | None = None
    at: str = ""
    verb: Literal["ack", "snooze", "expect", "wrong", "undo"]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = None
    until: Annotated[date | None, Field(validate_default=True)] = None
    reason: Annotated[str, Field(max_length=200, validate_default=True)] = ""

    @field_validator("until")
    @classmethod
    def _says_when(cls, value: date | None, info: ValidationInfo) -> date | None:
        if value is None and info.data.get("days") is None and info.data.get("verb") in ("snooze", "expect"):
            raise ValueError("say until which day: a date such as 2026-07-31")
        return value

    @field_validator("reason")
    @classmethod
    def _says_why(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("verb") == "wrong":
            raise ValueError("say in a few words what is wrong about it, so that the rule can be mended")
        return value


@blueprint.get("/flags/answer")
@needs(Role.EDITOR)
def ask() -> Any:
    """The form, for the flags that the address names."""
    ids = _named(request.args.getlist("flag"))
    verb = request.args.get("verb", "snooze")
    return _page(ids, Form(values={"verb": verb, "back": request.args.get("back", "")}))


@blueprint.post("/flags/answer")
@needs(Role.EDITOR)
def give() -> Any:
    """Answer flags, or take answers back."""
    told, form = read(Answering, request.form, lists=("flag",))
    back = request.form.get("back", "/flags")
    form.values = {**form.values, "back": back}
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        ids = _meant(tx, frame, told) if told is not None else _named(request.form.getlist("flag"))
    if told is None:
        return _page(ids, form), 422
    if not ids:
        flash("No flag was chosen, so nothing was answered. Tick the boxes of those that you mean.", "warn")
        return redirect(back_to(back), 303)
    common: dict[str, Any] = {
        "flag_ids": ids, "visible": frame.visible, "who": g.user.name, "now": frame.now, "real": frame.real,
    }  # fmt: skip
    db, ringer = web().runtime.db, web().runtime.ringer
    if told.verb == UNDO:
        given = flag_answers.undo(db, ringer, **common)
    else:
        command = Command(Verb(told.verb), "", until=told.until, days=told.days, reason=clean_reason(told.reason))
        try:
            given = flag_answers.give(db, ringer, command=command, **common)
        except quiet.NoGoodDay:
            form.errors["until"] = "must be a day after today, within a year"
            return _page(ids, form), 422
    until = told.until or (frame.calendar().local_date(frame.now) + timedelta(days=told.days or 0))
    flash(said_of(given, told.verb, until=until), "warn" if given.left else "ok")
    return redirect(back_to(back), 303)


def _named(texts: list[str]) -> list[int]:
    """The ids among what an address or a form names."""
    return [
        int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST
    ]


def _meant(tx: Tx, frame: Frame, told: Answering) -> list[int]:
    if told.flag or not told.rule:
        return told.flag
    try:
        opened_by = from_iso(told.at)
    except ValueError:
        opened_by = frame.now
    return list(
        flags.ids_of_group(
            tx,
            visible=frame.visible,
            rule=told.rule,
            code=told.code,
            subject=(told.kind, told.subject),
            opened_by=opened_by,
            now=frame.now,
            limit=flag_answers.MOST,
        )
    )


def _page(ids: list[int], form: Form) -> str:
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        rows = flags.by_id(tx, ids[: flag_answers.MOST], visible=frame.visible)
    today = frame.calendar(rows[0].project_id if rows else None).local_date(frame.now)
    values = {"until": (today + TWO_WEEKS).isoformat(), **form.values} if not form.errors else form.values
    return render_template(
        "answer.html",
        page="flags.show",
        flags=[row for row in rows if row.closed_at is None],
        closed=[row for row in rows if row.closed_at is not None],
        form=Form(values=values, errors=form.errors),
        first=today + timedelta(days=1),
        last=today + timedelta(days=LONGEST_DAYS),
        words_of=lambda row: flag_words(frame, row),
    )


def said_of(given: Given, verb: str, *, until: date) -> str:
    """What came of an answer, in words: how many were taken, and by name what was not."""
    parts = []
    if given.taken:
        count = len(given.taken)
        n = "One flag" if count == 1 else f"{number(count)} flags"
        parts.append(SAID[verb][count > 1].format(n=n, until=day(until)))
    for why, phrases in LEFT.items():
        left = [one for one in given.left if one.why == why]
        if left:
            names = ", ".join(one.name[:60] or "one" for one in left[:NAMED])
            more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
            parts.append(phrases[len(left) > 1].format(names=names + more, count=len(left)))
    return " ".join(parts)
