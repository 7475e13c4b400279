"""`plumbline project`: which repositories are watched, on whose calendar, with which settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any, get_args, get_origin

import click

from app.cli.importing import print_card, print_digest, project_of, read_history
from app.cli.output import as_option, confirm, installation, json_option, print_json, print_table
from app.errors import UserError
from app.time import real_now

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(\d{1,2}:\d{2})-(\d{1,2}:\d{2})")


@click.group("project")
def command() -> None:
    """Add, list, import and remove watched projects.

    \b
    Examples:
      plumbline project add work acme/shop --zone Europe/Berlin --country DE --weekdays mon-fri
      plumbline project import acme/shop
      plumbline project list
      plumbline project show acme/shop
    """


@command.command("add")
@click.argument("tracker")
@click.argument("key", metavar="OWNER/REPO")
@click.option("--zone", help="Time zone of its due dates and hours, such as Europe/Berlin (default UTC).")
@click.option("--country", help="Country whose holidays are no working days, such as DE.")
@click.option("--weekdays", help="Working days, such as mon-fri or sun-thu or mon,wed,fri (default: every day).")
@click.option("--settle", type=click.IntRange(0, 1440), help="Minutes a flag stands before it is written (default 60).")
@click.option("--hours", help="When comments may be written: 08:00-18:00 (the default), or all.")
@click.option("--set", "more", multiple=True, metavar="NAME=VALUE", help="Another setting; lists are comma separated.")
@click.option("--no-wait", is_flag=True, help="Leave the reading of its history to the running server.")
@as_option
def add(
    *,
    tracker: str,
    key: str,
    zone: str | None,
    country: str | None,
    weekdays: str | None,
    settle: int | None,
    hours: str | None,
    more: Sequence[str],
    no_wait: bool,
    author: str,
) -> int:
    """Watch a repository of a connected TRACKER. Given again, it changes the settings named and keeps the others.

    Its history is read first: issues, pull requests, timelines, reviews, milestones. Ended early (Ctrl-C, a limit on
    requests), it goes on from there. Where webhooks cannot arrive, --set polling=true asks every 5 minutes instead.

    Settings for --set: left_out_labels, scope_left_out_labels, container_labels, waiting_labels, in_progress_labels,
    in_review_labels, triage_labels, automation, dormant_after_days, policy (scope or train), rolling_milestones,
    size_from (label or title), label_prefix, name_foreign_keys, reviews_required, comments_per_day, polling,
    poll_plans, statuses (In QA=in_review), blocked_labels, service_desk_writes, lead and channel (names of
    targets: plumbline target); and of the calendar:
    subdivision, holidays, blackouts (2026-12-24/2027-01-02), clear_minutes.

    \b
    Examples:
      plumbline project add work acme/shop --zone Europe/Berlin --country DE --weekdays mon-fri
      plumbline project add work acme/shop --settle 0 --hours all
      plumbline project add work acme/shop --set in_progress_labels=doing,wip --set policy=train
    """
    from app.services import connect

    calendar: dict[str, Any] = {"zone": zone, "country": country, "settle_minutes": settle}
    calendar = {name: value for name, value in calendar.items() if value is not None}
    if weekdays is not None:
        calendar["weekdays"] = read_weekdays(weekdays)
    if hours is not None:
        calendar |= read_hours(hours)
    settings, added = read_settings(more)
    runtime = installation()
    seen = connect.add_project(
        runtime.db,
        runtime.vault,
        runtime.adapters,
        tracker=tracker,
        key=key,
        settings=settings,
        calendar=calendar | added,
        author=author,
        now=real_now(),
    )
    who_reads = {True: "public", False: "private", None: "taken as public"}[seen.project.public]
    click.echo(f"{seen.project.key} ({who_reads}) is watched over {tracker}.")
    click.echo("Its webhooks are judged as they come; nothing is written until a rule is set to live.")
    if no_wait:
        return 0
    project = project_of(runtime, seen.project.key)
    code = read_history(runtime, project, quiet=False)
    print_card(runtime, project.id, as_json=False)
    return code


@command.command("import")
@click.argument("key", metavar="OWNER/REPO")
@click.option("--again", is_flag=True, help="Read all of it anew, also what was read before.")
@json_option
def import_(*, key: str, again: bool, as_json: bool) -> int:
    """Read a project's history, or go on where reading stopped; then say what can be judged.

    \b
    Examples:
      plumbline project import acme/shop
      plumbline project import acme/shop --json
    """
    from app.services import importing, projects

    runtime = installation()
    project = project_of(runtime, key)
    if project.connection_id is None or runtime.open_history(project.connection_id) is None:
        raise UserError(f"The tracker of {key} has no past that can be read: there is nothing to import.")
    with runtime.db.read() as tx:
        mode = projects.load(tx, ids=[project.id]).modes[project.id]
    importing.begin_import(runtime.db, project.id, mode=mode, again=again)
    code = read_history(runtime, project, quiet=as_json)
    print_card(runtime, project.id, as_json=as_json)
    return code


def read_weekdays(text: str) -> list[int]:
    """Working days as numbers, Monday 0, from `mon-fri`, `sun-thu` or `mon,wed`. Raises UserError."""
    found: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        ends = [_day(name, text) for name in part.split("-", 1)]
        length = (ends[-1] - ends[0]) % 7 + 1
        found |= {(ends[0] + step) % 7 for step in range(length)}
    return sorted(found)


def _day(name: str, text: str) -> int:
    if name[:3] not in DAYS:
        raise UserError(f"--weekdays: {text!r}: there is no day {name!r}; use {', '.join(DAYS)}, such as mon-fri")
    return DAYS.index(name[:3])


def read_hours(text: str) -> dict[str, object]:
    """Calendar settings from `08:00-18:00` or `all`. Raises UserError."""
    if text.strip().lower() == "all":
        return {"all_hours": True}
    match = _HOURS.fullmatch(text.replace(" ", ""))
    if match is None:
        raise UserError(f"--hours: {text!r} is neither a span such as 08:00-18:00 nor all")
    opens, closes = (part.rjust(5, "0") for part in match.groups())
    if not opens < closes <= "23:59":
        raise UserError(f"--hours: {text!r} does not begin before it ends, within one day")
    return {"opens": opens, "closes": closes, "all_hours": False}


def read_settings(pairs: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings and calendar documents from NAME=VALUE pairs, as they are stored. Raises UserError."""
    from app.services.projects import CalendarDoc, SettingsDoc, check_documents

    documents: dict[type[SettingsDoc | CalendarDoc], dict[str, Any]] = {SettingsDoc: {}, CalendarDoc: {}}
    names = [*SettingsDoc.model_fields, *CalendarDoc.model_fields]
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise UserError(f"--set {pair}: write NAME=VALUE")
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise UserError(f"--set {name}: there is no such setting; {hint}")
        model = SettingsDoc if name in SettingsDoc.model_fields else CalendarDoc
        annotation = model.model_fields[name].annotation
        if _is(dict, annotation):
            documents[model][name] = _pairs(name, value)
        else:
            documents[model][name] = _parts(name, value) if _is(list, annotation) else value
    check_documents(documents[SettingsDoc], documents[CalendarDoc])
    settings, calendar = (
        model.model_validate(document).model_dump(mode="json", exclude_unset=True)
        for model, document in documents.items()
    )
    return settings, calendar


def _is(kind: type, annotation: Any) -> bool:
    return get_origin(annotation) is kind or any(_is(kind, part) for part in get_args(annotation))


def _pairs(name: str, value: str) -> dict[str, str]:
    found = {}
    for part in value.split(","):
        left, equals, right = (word.strip() for word in part.rpartition("="))
        if not equals or not left:
            raise UserError(
                f"--set {name}={value}: {part.strip()!r} is no pair; write {name}=In QA=in_review,Doing=in_progress"
            )
        found[left] = right
    return found


def _parts(name: str, value: str) -> list[Any]:
    parts = [part.strip() for part in value.split(",") if part.strip()]
    return [part.split("/") for part in parts] if name == "blackouts" else parts


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the watched projects, with their calendars and how they do.

    \b
    Examples:
      plumbline project list
      plumbline project list --json
    """
    from app.store import trackers

    runtime = installation()
    with runtime.db.read() as tx:
        rows = trackers.projects(tx)
        documents = trackers.settings_of(tx, [row.id for row in rows])
    if as_json:
        names = ("id", "key", "url", "public", "status", "status_detail", "last_delivery_at", "paused_at", "known_from")
        print_json(
            [
                {"tracker": row.tracker_name}
                | {name: getattr(row, name) for name in names}
                | dict(zip(("settings", "calendar"), documents.get(row.id, ({}, {})), strict=True))
                for row in rows
            ]
        )
        return
    print_table(
        ("project", "tracker", "status", "zone", "last delivery (UTC)", "detail"),
        (
            (
                row.key,
                row.tracker_name,
                "paused" if row.paused_at else row.status,
                documents.get(row.id, ({}, {}))[1].get("zone", "UTC"),
                row.last_delivery_at or "none yet",
                row.status_detail,
            )
            for row in rows
        ),
        empty="No project is watched yet: plumbline project add TRACKER OWNER/REPO",
    )


@command.command("show")
@click.argument("key", metavar="OWNER/REPO")
@json_option
def show(*, key: str, as_json: bool) -> None:
    """Say how a project keeps up: its settings, what is to be known beside its flags, and what can be judged there.

    Edits of many items at once (each one entry, of the last 7 days), labels that rest, items that are gone from the
    tracker (of the last 30 days).

    \b
    Examples:
      plumbline project show acme/shop
      plumbline project show acme/shop --json
    """
    from app.services import digest
    from app.store import trackers

    runtime = installation()
    project = project_of(runtime, key)
    with runtime.db.read() as tx:
        found = digest.digest(tx, project.id, project.key, secured=True, now=runtime.world().now())
        settings, calendar = trackers.settings_of(tx, [project.id]).get(project.id, ({}, {}))
    if as_json:
        names = ("key", "url", "status", "status_detail", "last_delivery_at", "paused_at", "known_from")
        own = {"settings": settings, "calendar": calendar}
        print_json({name: getattr(project, name) for name in names} | own | asdict(found))
        return
    print_digest(project, found)
    print_table(("setting", "value"), sorted({**calendar, **settings}.items()), empty="Every setting is the default.")
    print_card(runtime, project.id, as_json=False)


@command.command("remove")
@click.argument("key", metavar="OWNER/REPO")
@click.option("--retract", "taken_back", is_flag=True, help="Take our labels and comments back first.")
@click.option("--purge", "purged", is_flag=True, help="Delete everything that is known of it. There is no way back.")
@click.option("--yes", is_flag=True, help="Do not ask before purging.")
@as_option
def remove(*, key: str, taken_back: bool, purged: bool, yes: bool, author: str) -> int:
    """Stop watching a project. What was judged is kept, and it goes on from there when it is added again.

    Labels and comments stay in the tracker unless --retract takes them back; where that cannot be done whole the
    project stays and the exit code is 1.

    \b
    Examples:
      plumbline project remove acme/shop
      plumbline project remove acme/shop --retract --purge
    """
    from app.cli.retract import take_back
    from app.services import connect
    from app.services.retract import Filter

    runtime = installation()
    if purged:
        confirm(f"Delete everything that is known of {key}, for good?", yes=yes)
    if taken_back and take_back(runtime, Filter(project=key), author=author):
        return 1
    removed = connect.remove_project(runtime.db, key=key, author=author, now=real_now())
    click.echo(f"{key} is watched no more." + ("" if taken_back else " What was written stays in the tracker."))
    for project_id in removed if purged else ():
        rows = connect.purge_project(runtime.db, project_id, key=key, author=author, now=real_now())
        click.echo(f"{rows} rows were deleted.")
    return 0
