"""Connecting: trackers, their connections and the projects watched over them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.errors import UserError
from app.secret import SecretBox
from app.services import importing, sites
from app.services.projects import check_documents, mode_of
from app.store import control, programmes, purge, subjects, trackers
from app.store.database import Database, Tx
from integrations.errors import IntegrationError, PermanentError, TransientError
from integrations.ports import Adapters, Check, Client, Credentials, RepositorySeen
from integrations.readings import ProjectSeen


@dataclass(frozen=True, slots=True)
class Checked:
    """One connection after a check.

    `problem` says what is wrong, in words; `answered` False: the tracker is out of reach, and nothing is known.
    """

    connection_id: int
    tracker: str
    kind: str
    installation: str | None
    check: Check | None
    problem: str = ""
    answered: bool = True


def add_tracker(
    db: Database,
    vault: SecretBox,
    *,
    name: str,
    kind: str,
    base_url: str,
    webhook_secret: str,
    secrets: Mapping[str, str],
    installation: str | None,
    author: str,
    now: datetime,
) -> int:
    """Store a tracker with its first connection; secrets are sealed before they reach the database. Gives the
    connection's id.
    """
    with db.write() as tx:
        if trackers.tracker_by_name(tx, name) is not None:
            raise UserError(
                f"There is a tracker {name!r} already. Choose another name, or first: plumbline tracker remove {name}"
            )
        tracker = trackers.add_tracker(
            tx, name=name, kind=kind, base_url=base_url, webhook_secret=vault.seal(webhook_secret), now=now
        )
        connection_id = trackers.save_connection(
            tx,
            tracker_id=tracker.id,
            kind="app" if "app_id" in secrets else "sandbox" if kind.startswith("sandbox") else "token",
            installation=installation,
            credentials=vault.seal(json.dumps(dict(secrets))),
        )
        control.audit(tx, who=author, what="tracker added", subject=name, at=now)
    return connection_id


def credentials_of(row: trackers.ConnectionRow, vault: SecretBox) -> Credentials:
    """A connection's secrets, opened."""
    secrets: dict[str, Any] = json.loads(vault.open(row.credentials)) if row.credentials else {}
    return Credentials(base_url=row.base_url, installation=row.installation, site=row.site, **secrets)


def check(
    db: Database,
    vault: SecretBox,
    adapters: Adapters,
    *,
    tracker: str | None,
    now: datetime,
    connection_id: int | None = None,
) -> list[Checked]:
    """Ask each connection (one, those of one tracker, or all) what it may do, and remember the answer."""
    with db.read() as tx:
        rows = trackers.connections(tx, connection_id=connection_id)
        rows = [row for row in rows if tracker in (None, row.tracker_name)]
        watched = {row.id: [project.key for project in trackers.projects(tx, connection_id=row.id)] for row in rows}
    if tracker is not None and not rows:
        raise UserError(f"There is no tracker {tracker!r}. `plumbline tracker list` names them.")
    return [_check(db, vault, adapters, row, watched[row.id], now) for row in rows]


def _check(
    db: Database, vault: SecretBox, adapters: Adapters, row: trackers.ConnectionRow, projects: list[str], now: datetime
) -> Checked:
    client = adapters[row.tracker_kind].client(credentials_of(row, vault))
    found: Check | None = None
    problem = ""
    try:
        found = client.check(projects[0] if projects else None)
        problem = "" if found.ok else _problem(found)
        if found.can_read:
            problem = "; ".join(filter(None, [problem, sites.look(db, row, client, now)]))
    except TransientError as error:
        # It does not answer just now: that says nothing of what the connection may do.
        return _checked(row, None, str(error), answered=False)
    except IntegrationError as error:
        problem = str(error)
    finally:
        client.close()
    with db.write() as tx:
        trackers.set_connection_status(
            tx,
            row.id,
            status=_status(found),
            detail=problem,
            now=now,
            login=found.login if found else None,
            dedicated=found.dedicated if found else None,
        )
    return _checked(row, found, problem)


def _checked(row: trackers.ConnectionRow, found: Check | None, problem: str, *, answered: bool = True) -> Checked:
    return Checked(
        connection_id=row.id,
        tracker=row.tracker_name,
        kind=row.kind,
        installation=row.installation,
        check=found,
        problem=problem,
        answered=answered,
    )


def _problem(found: Check) -> str:
    missing = "missing: " + ", ".join(found.missing) if found.missing else ""
    return "; ".join(part for part in (missing, found.detail) if part) or "it may not write"


def _status(found: Check | None) -> str:
    if found is None:
        return "unauthorised"
    if found.ok:
        return "ok"
    return "read_only" if found.can_read else "unauthorised"


def add_project(
    db: Database,
    vault: SecretBox,
    adapters: Adapters,
    *,
    tracker: str,
    key: str,
    settings: Mapping[str, Any],
    calendar: Mapping[str, Any],
    author: str,
    now: datetime,
) -> RepositorySeen:
    """Watch a project: asks the tracker for its immutable id. Raises UserError saying what is wrong and what to do."""
    check_documents(settings, calendar)
    with db.read() as tx:
        found = trackers.tracker_by_name(tx, tracker)
        rows = [] if found is None else trackers.connections(tx, tracker_id=found.id)
    if found is None or not rows:
        raise UserError(f"There is no tracker {tracker!r}. `plumbline tracker list` names them.")
    seen, connection = _find(db, adapters, vault, rows, key, now=now)
    project_id = watch(
        db,
        tracker=tracker,
        seen=seen.project,
        settings=settings,
        calendar=calendar,
        author=author,
        now=now,
        connection_id=connection.id,
        one_lane=adapters[connection.tracker_kind].one_lane,
    )
    if adapters[connection.tracker_kind].history(credentials_of(connection, vault)) is not None:
        importing.begin_import(db, project_id, mode=mode_of(settings))
    return seen


def watch(
    db: Database,
    *,
    tracker: str,
    seen: ProjectSeen,
    settings: Mapping[str, Any],
    calendar: Mapping[str, Any],
    author: str,
    now: datetime,
    connection_id: int | None = None,
    whole_history: bool = False,
    one_lane: bool = False,
) -> int:
    """Watch a project that is known already, over the given connection or the tracker's first. Gives its id.

    One that is or was watched keeps the settings that are not given anew. Its history is known from now on, unless
    all of it is to come (`whole_history`): what lies before is not known, and no rule says that nothing happened then.
    """
    check_documents(settings, calendar)
    with db.write() as tx:
        found = trackers.tracker_by_name(tx, tracker)
        if found is None:
            raise UserError(f"There is no tracker {tracker!r}. `plumbline tracker list` names them.")
        if connection_id is None:
            connection_id = trackers.connections(tx, tracker_id=found.id)[0].id
        project_id = trackers.add_project(
            tx,
            tracker_id=found.id,
            connection_id=connection_id,
            native_id=seen.native_id,
            key=seen.key,
            url=seen.url,
            public=seen.public is not False,
            now=now,
            settings=settings,
            calendar=calendar,
            author=author,
            known_from=None if whole_history else now,
            service_desk=seen.service_desk is True,
            lane_id=found.lane_id if one_lane else None,
        )
        _save_what_differs(tx, project_id, settings=settings, calendar=calendar, author=author, now=now)
        # where issues are named by key, pull requests of other projects may have named this one's all along
        concerned = trackers.projects(tx) if one_lane else trackers.projects(tx, ids=[project_id])
        subjects.add_sweep(tx, sorted({row.lane_id for row in concerned}), reason="the project was added")
        control.audit(tx, who=author, what="project added", subject=seen.key, at=now)
    return project_id


def _save_what_differs(
    tx: Tx, project_id: int, *, settings: Mapping[str, Any], calendar: Mapping[str, Any], author: str, now: datetime
) -> None:
    old = trackers.settings_of(tx, [project_id]).get(project_id, ({}, {}))
    new = ({**old[0], **settings}, {**old[1], **calendar})
    if new != old:
        trackers.save_settings(tx, project_id, settings=new[0], calendar=new[1], author=author, now=now)


def _find(
    db: Database,
    adapters: Adapters,
    vault: SecretBox,
    rows: list[trackers.ConnectionRow],
    key: str,
    *,
    now: datetime,
) -> tuple[RepositorySeen, trackers.ConnectionRow]:
    """The connection that sees the project: an App has one for each installation."""
    problems = []
    for row in rows:
        client: Client = adapters[row.tracker_kind].client(credentials_of(row, vault))
        try:
            found = client.get_project(key)
            sites.look(db, row, client, now)
        except PermanentError as error:
            problems.append(str(error))
        else:
            return found, row
        finally:
            client.close()
    raise UserError(
        f"{key} cannot be seen over {rows[0].tracker_name}: {'; '.join(dict.fromkeys(problems))}\n"
        "Check how it is written there; if that is right, give the account of this connection access to it."
    )


def remove_project(db: Database, *, key: str, author: str, now: datetime, project_id: int | None = None) -> list[int]:
    """Stop watching a project, by its key in whatever tracker, or the one of this id only. What was judged is kept;
    what was written stays in the tracker. Gives the ids of what was removed.
    """
    with db.write() as tx:
        found = trackers.projects(tx, key=key, ids=None if project_id is None else [project_id])
        if not found:
            raise UserError(f"There is no project {key!r}. `plumbline project list` names them.")
        ids = {project.id for project in found}
        beside = {
            id_ for row in programmes.programmes(tx) for id_, _ in row.projects if ids & dict(row.projects).keys()
        }
        for project in found:
            trackers.remove_project(tx, project.id, now=now)
        # what was judged together with something of theirs is judged by itself now
        lanes = {row.lane_id for row in trackers.projects(tx, ids=sorted(beside - ids))}
        subjects.add_sweep(tx, sorted(lanes), reason="a project of their programme was removed")
        control.audit(tx, who=author, what="project removed", subject=key, at=now)
    return [project.id for project in found]


def purge_project(db: Database, project_id: int, *, key: str, author: str, now: datetime) -> int:
    """Delete every row of a project that was removed, in pages; gives how many rows went. No way back."""
    rows = sum(count for _table, count in purge.purge(db, project_id))
    with db.write() as tx:
        control.audit(tx, who=author, what="project purged", subject=key, at=now, detail={"rows": rows})
    return rows


def remove_tracker(db: Database, *, name: str, author: str, now: datetime) -> None:
    """Take a tracker out of use and forget its secrets."""
    with db.write() as tx:
        found = trackers.tracker_by_name(tx, name)
        if found is None:
            raise UserError(f"There is no tracker {name!r}. `plumbline tracker list` names them.")
        trackers.remove_tracker(tx, found.id, now=now)
        control.audit(tx, who=author, what="tracker removed", subject=name, at=now)
