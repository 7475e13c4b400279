"""How a connection does: whether it can read, write and receive, why not, and what to do about it.

What a check saw is kept with its time. Whether anything arrives is told anew each time it is looked at, from what did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from app.errors import UserError
from app.secret import SecretBox
from app.services import addresses, connect
from app.store import connecting, sync, trackers
from app.store.database import Database, Tx
from integrations.errors import IntegrationError, PermanentError, TransientError
from integrations.ports import Adapters, Check, Client, Credentials, HookSeen, KeepsHooks

MOST_PROJECTS = 25
"""At most so many projects are looked at in one check."""
ASKED = "What is new is asked for every 5 minutes; no webhook has to arrive."
RUNS = {
    "labels": "runs when a label is put on or taken off, so it would run on ours",
    "comments": "runs when somebody comments, so it would run on ours",
    "stale": "marks quiet items as well, so people would hear of them twice",
}
HELPS = {
    "labels": "Let it leave out labels that begin with “plumb:”.",
    "comments": "Let it leave out comments by our account.",
    "stale": "Let one of the two do it: turn that bot off, or the rules for quiet items here.",
}


@dataclass(frozen=True, slots=True)
class Ability:
    """One of read, write and receive. `state` is ok, fails, waiting or unknown; `help` says what to do; `at`: when what
    the words tell of happened.
    """

    name: str
    state: str
    words: str
    help: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Met:
    """Something in a project that would meet what we write."""

    project: str
    where: str
    url: str
    words: str
    help: str


@dataclass(frozen=True, slots=True)
class ProjectChecked:
    """One project at a check. `hook` is found, off, missing (there is none), forbidden (we may not look) or none (not
    looked for); `said`: how our last answer was taken.
    """

    key: str
    read: bool
    write: bool
    missing: tuple[str, ...] = ()
    detail: str = ""
    hook: str = "none"
    hook_missing: tuple[str, ...] = ()
    said: str = ""
    pinged: bool = False
    met: tuple[tuple[str, str, str], ...] = ()
    """(kind, where, url) of what runs there by itself."""
    looked: bool = True
    """Whether we could look for that."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check saw of one connection. `answered` False: the tracker was out of reach, and nothing is known."""

    login: str = ""
    answered: bool = True
    read: bool = False
    write: bool = False
    missing: tuple[str, ...] = ()
    detail: str = ""
    problem: str = ""
    projects: tuple[ProjectChecked, ...] = ()
    more: int = 0
    """Projects that were not looked at, beyond the limit."""


def report_of(check: Check | None, problem: str, *, answered: bool = True) -> Report:
    """What is known before any project is looked at."""
    if check is None:
        return Report(problem=problem, answered=answered)
    return Report(
        login=check.login,
        read=check.can_read,
        write=check.can_write,
        missing=check.missing,
        detail=check.detail,
        problem=problem,
    )


def try_out(adapters: Adapters, *, kind: str, base_url: str, secrets: Mapping[str, Any]) -> Report:
    """Ask a tracker what credentials may do that are not stored yet."""
    client = adapters[kind].client(Credentials(base_url=base_url, **secrets))
    try:
        found = client.check(None)
    except TransientError as error:
        return report_of(None, str(error), answered=False)
    except IntegrationError as error:
        return report_of(None, str(error))
    finally:
        client.close()
    return report_of(found, "")


def examine(
    db: Database, vault: SecretBox, adapters: Adapters, *, connection_id: int, base_url: str, now: datetime
) -> Report:
    """Check a connection in full and keep what was seen: the connection itself, and for each project its rights, its
    webhook (a test delivery is asked for) and what runs there by itself. Raises UserError where it is gone.
    """
    (checked,) = connect.check(db, vault, adapters, tracker=None, connection_id=connection_id, now=now) or (None,)
    if checked is None:
        raise UserError("This connection was removed.")
    report = report_of(checked.check, checked.problem, answered=checked.answered)
    with db.read() as tx:
        row = trackers.connections(tx, connection_id=connection_id)[0]
        keys = [one.key for one in trackers.projects(tx, connection_id=connection_id)]
    # the first project may be gone, and the others as good as ever
    if checked.check is not None and (checked.check.can_read or keys):
        client = adapters[row.tracker_kind].client(connect.credentials_of(row, vault))
        try:
            seen = tuple(_project(client, key, row, base_url) for key in keys[:MOST_PROJECTS])
        except IntegrationError as error:
            report = replace(report, problem=report.problem or str(error), answered=False)
        else:
            report = replace(report, projects=seen, more=max(0, len(keys) - MOST_PROJECTS))
        finally:
            client.close()
    with db.write() as tx:
        connecting.save_report(tx, connection_id, asdict(report))
    return report


def keep(tx: Tx, connection_id: int, report: Report, *, now: datetime) -> None:
    """Keep what was seen of credentials when they were tried."""
    status = (
        "ok" if report.read and report.write and not report.missing else "read_only" if report.read else "unchecked"
    )
    detail = report.problem or (f"missing: {', '.join(report.missing)}" if report.missing else "")
    trackers.set_connection_status(
        tx,
        connection_id,
        status=status if report.login or report.answered is False else "unauthorised",
        detail=detail,
        now=now,
        login=report.login or None,
    )
    connecting.save_report(tx, connection_id, asdict(report))


def hook_address(base_url: str, row: trackers.ConnectionRow) -> str:
    """Where the tracker of a connection delivers to."""
    kind = "jira" if "jira" in row.tracker_kind else "github"
    return f"{base_url}/webhooks/{kind}/{row.tracker_name}"


def _project(client: Client, key: str, row: trackers.ConnectionRow, base_url: str) -> ProjectChecked:
    """One project. Raises `TransientError`, and `PermanentError` where the credentials are refused by now."""
    found = client.check(key)
    values: dict[str, Any] = {"read": found.can_read, "write": found.can_write}
    values |= {"missing": found.missing, "detail": "" if found.ok else found.detail}
    if not found.can_read:
        return ProjectChecked(key, looked=False, **values)
    url = hook_address(base_url, row)
    if isinstance(client, KeepsHooks) and addresses.is_reached(url, tracker=row.base_url):
        values |= _hook(client, key, url)
    try:
        values["met"] = tuple((one.kind, one.where, one.url) for one in client.automation(key))
    except PermanentError as error:
        if error.code == "unauthorised":
            raise
        values["looked"] = False
    return ProjectChecked(key, **values)


def _hook(client: KeepsHooks, key: str, url: str) -> dict[str, Any]:
    try:
        hook = client.find_hook(key, url)
        if hook is None:
            return {"hook": "missing"}
        return {**_told(hook), "pinged": hook.active and _pinged(client, key, hook)}
    except PermanentError as error:
        if error.code == "unauthorised":
            raise
        return {"hook": "forbidden"}


def _told(hook: HookSeen) -> dict[str, Any]:
    return {"hook": "found" if hook.active else "off", "hook_missing": hook.missing, "said": hook.said}


def _pinged(client: KeepsHooks, key: str, hook: HookSeen) -> bool:
    try:
        client.ping_hook(key, hook.native_id)
    except PermanentError:
        return False
    return True


# --- in words -------------------------------------------------------------------------------------------------------


def abilities(report: Report, receive: Ability | None) -> tuple[Ability, ...]:
    """Read, write and receive, in words."""
    if not report.answered:
        words = f"Not known: {report.problem}"
        help_ = "Check the address, and whether this machine may reach it; then check again."
        found = tuple(Ability(name, "unknown", words, help_) for name in ("read", "write"))
    elif not report.login:
        help_ = "Correct the address or the token, then check again."
        found = (
            Ability("read", "fails", f"It was refused: {report.problem}.", help_),
            Ability("write", "fails", "Nothing can be written without that either.", help_),
        )
    else:
        found = (_read(report), _write(report))
    return (*found, receive) if receive is not None else found


def of_project(report: Report | None, key: str, receive: Ability | None) -> tuple[Ability, ...]:
    """The same for one project of the connection. `receive` None: nothing has to arrive, since it is asked for."""
    if receive is None:
        receive = Ability("receive", "ok", ASKED)
    if report is None:
        return (receive,)
    own = tuple(one for one in report.projects if one.key == key)
    return abilities(replace(report, projects=own), receive)


def _read(report: Report) -> Ability:
    blind = [one for one in report.projects if not one.read]
    if blind or not (report.read or report.projects):
        where = f"{', '.join(one.key for one in blind)} cannot be read" if blind else "It cannot read"
        missing = _missing(report, blind)
        return Ability("read", "fails", f"{where}{missing}.", _how(missing))
    seen = f" {_several(len(report.projects))} looked at." if report.projects else ""
    return Ability("read", "ok", f"It reads as {report.login}.{seen}")


def _write(report: Report) -> Ability:
    dumb = [one for one in report.projects if not one.write]
    if dumb or not (report.write or report.projects):
        where = f"Nothing can be written to {', '.join(one.key for one in dumb)}" if dumb else "It cannot write"
        missing = _missing(report, dumb)
        return Ability("write", "fails", f"{where}{missing}.", f"{_how(missing)} Until then rules can observe.")
    lacking = [one for one in report.projects if one.missing]
    if lacking or report.missing:
        missing = _missing(report, lacking)
        return Ability(
            "write", "ok", f"Comments appear as {report.login}, but something is lacking{missing}.", _how(missing)
        )
    if not report.projects:
        said = f" {report.detail[:1].upper()}{report.detail[1:]}." if report.detail else ""
        return Ability("write", "ok", f"Comments will appear as {report.login}.{said}")
    return Ability("write", "ok", f"Comments appear as {report.login}. Nothing is written until a rule is set live.")


def _missing(report: Report, those: Sequence[ProjectChecked]) -> str:
    named = tuple(dict.fromkeys(text for one in those for text in one.missing)) or report.missing
    if named:
        return f": missing {', '.join(named)}"
    detail = next((one.detail for one in those if one.detail), "") or report.problem
    return f": {detail}" if detail else ""


def _how(missing: str) -> str:
    if "scope" in missing:
        return "Edit the classic token and tick it."
    if "role" in missing:
        return "Give the account that role in the repository."
    if "permission" in missing:
        return "Give it in the App’s, the token’s or the project’s settings; an App’s owner must then accept it."
    if "access" in missing:
        return "Let the account, the token or the installation see it, or watch it no more."
    return "Put that right in the tracker, then check again."


def _several(count: int) -> str:
    return "One project was" if count == 1 else f"{count} projects were"


def receive(tx: Tx, row: trackers.ConnectionRow, report: Report, *, base_url: str) -> Ability:
    """Whether webhooks arrive, from what did."""
    refused = connecting.last_refused(tx, row.tracker_id)
    arrived = connecting.last_arrived(tx, row.tracker_id)
    if row.tracker_kind.startswith("sandbox"):
        return Ability("receive", "ok", "What happens in the sandbox is told at once.")
    if refused is not None and (arrived is None or arrived.at < refused.at):
        words = f"A webhook came and was refused: {refused.why}."
        return Ability("receive", "fails", words, "Put the secret below into the webhook.", refused.at)
    off = [one.key for one in report.projects if one.hook == "off"]
    if off:
        return Ability("receive", "fails", f"The webhook of {', '.join(off)} is switched off.", "Switch it on there.")
    if arrived is not None:
        return _arrives(report, arrived)
    if _all_asked(tx, row):
        return Ability("receive", "ok", ASKED)
    if not addresses.is_reached(base_url, tracker=row.base_url):
        words = f"No webhook can arrive: {base_url} is this machine’s own address."
        return Ability("receive", "fails", words, "Set PLUMBLINE_BASE_URL to an address that the tracker reaches, or "
            "have projects asked every 5 minutes.")  # fmt: skip
    return _expected(report)


def _all_asked(tx: Tx, row: trackers.ConnectionRow) -> bool:
    """Whether nothing has to arrive, because every project is asked."""
    modes = sync.rows(tx)
    own = [modes[one.id].mode for one in trackers.projects(tx, connection_id=row.id) if one.id in modes]
    return bool(own) and set(own) == {"polling"}


def _arrives(report: Report, arrived: connecting.Arrived) -> Ability:
    untold = [one for one in report.projects if one.hook_missing]
    if untold:
        events = ", ".join(dict.fromkeys(event for one in untold for event in one.hook_missing))
        words = f"Webhooks arrive, but that of {', '.join(one.key for one in untold)} leaves out {events}."
        return Ability("receive", "ok", words, "Tick those events too.", arrived.at)
    what = "a test" if arrived.event == "ping" else arrived.event.replace("_", " ")
    return Ability("receive", "ok", f"Webhooks arrive; the last was {what}.", at=arrived.at)


def _expected(report: Report) -> Ability:
    """Nothing has come yet: what is known of why."""
    badly = next((one for one in report.projects if one.said and not one.said.startswith(("2", "unused"))), None)
    if badly is not None:
        code = badly.said[:3]
        ways = {"401": "The secret there is another one.", "404": "The address there names another tracker."}
        help_ = ways.get(code, "Check that the address below is reached from there.")
        return Ability("receive", "fails", f"A delivery was tried and got: {badly.said}.", help_)
    without = [one.key for one in report.projects if one.hook == "missing"]
    if without:
        return Ability("receive", "fails", f"{', '.join(without)} has no webhook that leads here.", "Make it below.")
    if any(one.pinged for one in report.projects):
        return Ability("receive", "waiting", "A test delivery was asked for and is on its way.")
    return Ability("receive", "waiting", "Waiting for the first delivery.", "Set up the webhook as it stands below.")


def meets(report: Report) -> tuple[Met, ...]:
    """What runs in projects by itself and would meet our labels and comments."""
    return tuple(
        Met(one.key, where, url, RUNS[kind], HELPS[kind])
        for one in report.projects
        for kind, where, url in one.met
        if kind in RUNS
    )


# --- kept -----------------------------------------------------------------------------------------------------------


def load(row: trackers.ConnectionRow) -> Report | None:
    """What the last check saw; None where there was none in full."""
    if not row.report:
        return None
    doc = dict(row.report)
    doc["projects"] = tuple(
        ProjectChecked(
            **{
                **one,
                "missing": tuple(one["missing"]),
                "hook_missing": tuple(one["hook_missing"]),
                "met": tuple((kind, where, url) for kind, where, url in one["met"]),
            }
        )
        for one in doc["projects"]
    )
    doc["missing"] = tuple(doc["missing"])
    return Report(**doc)
