"""Connecting as pages do it: try first, keep when it is good, choose what is watched, and look after it later.

Every change is asked for by an admin (`who`) and stands in the audit log. `now` and `real` are real time.
"""

from __future__ import annotations

import json
import re
import secrets as random
from collections.abc import Mapping, Sequence
from datetime import datetime

from app.errors import UnavailableError, UserError
from app.secret import SecretBox
from app.services import bells, connect, health, installations
from app.services.health import Report
from app.store import connecting, control, instance, retractions, rules, sync, trackers
from app.store.database import Database, Tx
from integrations.errors import IntegrationError, TransientError
from integrations.ports import Adapters, AppMade, KeepsHooks

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def refuse_in_demo(tx: Tx) -> None:
    """The demo's clock stands in the past: a real tracker would be judged by it. Raises UserError."""
    if instance.load(tx).demo:
        raise UserError("This is the demo, whose clock is not today’s: a real tracker would be judged by it.")


def check_name(tx: Tx, name: str) -> None:
    """A name for a new tracker. Raises UserError saying what would be right."""
    if not _NAME.fullmatch(name):
        raise UserError("stands in the webhook’s address: letters, digits, dots and dashes, at most 64")
    if trackers.tracker_by_name(tx, name) is not None:
        raise UserError("is taken by another tracker; choose another one")


def free_name(tx: Tx, wanted: str) -> str:
    """A name that no tracker has: the wanted one, or with a number."""
    taken = {row.name for row in trackers.trackers(tx)}
    names = [wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


# --- adding ----------------------------------------------------------------------------------------------------------


def keep(
    db: Database,
    vault: SecretBox,
    *,
    name: str,
    kind: str,
    base_url: str,
    secrets: Mapping[str, str],
    report: Report,
    who: str,
    now: datetime,
    webhook_secret: str | None = None,
    page: str = "",
) -> int:
    """Store a tracker with its connection and what the check saw; a secret for webhooks is made unless there is one.
    Gives the connection's id. Raises UserError.
    """
    with db.read() as tx:
        refuse_in_demo(tx)
    connection_id = connect.add_tracker(
        db,
        vault,
        name=name,
        kind=kind,
        base_url=base_url,
        webhook_secret=webhook_secret or random.token_hex(32),
        secrets=secrets,
        installation=None,
        author=who,
        now=now,
    )
    with db.write() as tx:
        health.keep(tx, connection_id, report, now=now)
        connecting.update(tx, connection_id, page=page)
    return connection_id


def keep_app(
    db: Database, vault: SecretBox, made: AppMade, *, name: str, base_url: str, who: str, now: datetime
) -> int:
    """Store an App that was made just now: its key is told only once, so it is kept before it can be checked. Gives the
    id of its connection, which is of no installation yet.
    """
    return keep(
        db,
        vault,
        name=name,
        kind="github",
        base_url=base_url,
        secrets={"app_id": made.app_id, "private_key": made.private_key},
        report=Report(login=f"{made.slug}[bot]", problem="the App is installed nowhere yet"),
        who=who,
        now=now,
        webhook_secret=made.webhook_secret,
        page=made.page,
    )


def find_installations(
    db: Database, vault: SecretBox, adapters: Adapters, *, tracker: str, who: str, now: datetime
) -> list[installations.Installation]:
    """Connect what an App was installed on since; the first takes the place of the connection that had none yet. Gives
    those that are new. Raises UserError, UnavailableError.
    """
    with db.read() as tx:
        rows = [row for row in trackers.connections(tx) if row.tracker_name == tracker and row.kind == "app"]
    empty = next((row for row in rows if row.installation is None), None)
    try:
        if empty is None:
            return installations.connect_new(db, vault, adapters, tracker=tracker, author=who, now=now)
        seen = installations.listing(adapters, empty.tracker_kind, connect.credentials_of(empty, vault))
    except TransientError as error:
        raise UnavailableError(f"The tracker does not answer: {error}") from error
    known = {row.installation for row in rows}
    new = [one for one in seen if one.native_id not in known]
    if not new:
        return []
    with db.write() as tx:
        connecting.update(tx, empty.id, installation=new[0].native_id, status="unchecked", status_detail="", report={})
        control.audit(tx, who=who, what="installation connected", subject=f"{tracker} {new[0].native_id}", at=now)
    rest = [one.native_id for one in new[1:]]
    installations.connect(db, vault, tracker=tracker, installations=rest, author=who, now=now)
    return new


# --- looking after ---------------------------------------------------------------------------------------------------


def connection(tx: Tx, connection_id: int) -> trackers.ConnectionRow:
    """A connection in use. Raises UserError where there is none."""
    found = trackers.connections(tx, connection_id=connection_id)
    if not found:
        raise UserError("There is no such connection: it was removed.")
    return found[0]


def connections(tx: Tx) -> list[trackers.ConnectionRow]:
    """All connections in use."""
    return trackers.connections(tx)


def of_tracker(db: Database, tracker_id: int) -> list[int]:
    """The ids of a tracker's connections."""
    with db.read() as tx:
        return [row.id for row in trackers.connections(tx, tracker_id=tracker_id)]


def watched(tx: Tx) -> Mapping[int, int]:
    """How many projects are watched over each connection."""
    return connecting.watched(tx)


def projects_of(tx: Tx, connection_id: int) -> list[trackers.ProjectRow]:
    """The projects that are watched over a connection."""
    return trackers.projects(tx, connection_id=connection_id)


def of_project(tx: Tx, project_id: int) -> trackers.ConnectionRow | None:
    """What a project is read and written with; None where there is nothing."""
    found = trackers.projects(tx, ids=[project_id])
    if not found or found[0].connection_id is None:
        return None
    return next(iter(trackers.connections(tx, connection_id=found[0].connection_id)), None)


def projects_of_tracker(tx: Tx, tracker_id: int) -> list[trackers.ProjectRow]:
    """The projects that are watched in a tracker."""
    return trackers.projects(tx, tracker_id=tracker_id)


def no_rules_yet(tx: Tx) -> bool:
    """Whether no rule is in force, so that a pack may begin."""
    return not rules.in_force(tx)


def has_account(vault: SecretBox, row: trackers.ConnectionRow) -> bool:
    """Whether the credentials are an account's with its token (Jira Cloud)."""
    return connect.credentials_of(row, vault).account is not None


def written(tx: Tx, project_id: int) -> int:
    """On how many items labels or comments of ours stand."""
    return len(retractions.written_on(tx, [project_id]))


def note_shown(db: Database, *, tracker: str, who: str, now: datetime) -> None:
    """Somebody looked at a webhook's secret."""
    with db.write() as tx:
        control.audit(tx, who=who, what="webhook secret shown", subject=tracker, at=now)


def webhook_secret(db: Database, vault: SecretBox, tracker_id: int) -> str:
    """The secret that a tracker's webhooks are signed with."""
    with db.read() as tx:
        return vault.open(next(row.webhook_secret for row in trackers.trackers(tx) if row.id == tracker_id))


def make_hooks(
    db: Database,
    vault: SecretBox,
    adapters: Adapters,
    *,
    connection_id: int,
    keys: Sequence[str],
    url: str,
    who: str,
    now: datetime,
) -> tuple[str, ...]:
    """Make the webhooks of projects, or set them right, where the connection may. Gives what could not be done, in
    words.
    """
    with db.read() as tx:
        row = connection(tx, connection_id)
    secret = webhook_secret(db, vault, row.tracker_id)
    client = adapters[row.tracker_kind].client(connect.credentials_of(row, vault))
    made, problems = [], []
    try:
        if not isinstance(client, KeepsHooks):
            return ("webhooks of this tracker are set up by hand",)
        for key in keys:
            try:
                client.make_hook(key, url, secret)
                made.append(key)
            except IntegrationError as error:
                problems.append(f"{key}: {error}")
    finally:
        client.close()
    if made:
        with db.write() as tx:
            control.audit(tx, who=who, what="webhooks made", subject=", ".join(made)[:200], at=now)
    return tuple(problems)


def rotate_secret(
    db: Database, vault: SecretBox, adapters: Adapters, *, connection_id: int, url: str, who: str, now: datetime
) -> tuple[str, ...]:
    """Have webhooks signed with a new secret from now on, and put it into those that we may look after. Gives the
    projects whose webhook a person has to change.
    """
    with db.write() as tx:
        row = connection(tx, connection_id)
        connecting.set_webhook_secret(tx, row.tracker_id, vault.seal(random.token_hex(32)))
        control.audit(tx, who=who, what="webhook secret changed", subject=row.tracker_name, at=now)
        rows = [one for one in trackers.connections(tx, tracker_id=row.tracker_id) if one.status != "removed"]
        keys = {one.id: [p.key for p in trackers.projects(tx, connection_id=one.id)] for one in rows}
    left: list[str] = []
    for one in rows:
        left += make_hooks(
            db, vault, adapters, connection_id=one.id, keys=keys[one.id], url=url, who=who, now=now
        )  # fmt: skip
    return tuple(left)


def replace_credentials(
    db: Database,
    vault: SecretBox,
    *,
    connection_id: int,
    secrets: Mapping[str, str],
    report: Report,
    who: str,
    now: datetime,
) -> None:
    """Use other credentials of the same tracker from now on."""
    with db.write() as tx:
        row = connection(tx, connection_id)
        connecting.update(tx, row.id, credentials=vault.seal(json.dumps(dict(secrets))))
        health.keep(tx, row.id, report, now=now)
        control.audit(tx, who=who, what="credentials replaced", subject=row.tracker_name, at=now)


def reconcile(db: Database, ringer: bells.Ringer, *, project_id: int, who: str, now: datetime) -> None:
    """Look at once for what no webhook told. Raises UserError where the tracker has no past to read."""
    with db.write() as tx:
        row, found = sync.get(tx, project_id), trackers.projects(tx, ids=[project_id])
        if row is None or not found:
            raise UserError("Its tracker has no past that could be read: what it tells by itself is all there is.")
        sync.save(tx, project_id, next_at=now)
        control.audit(tx, who=who, what="look back asked for", subject=found[0].key, at=now)
    bells.ring(db, ringer, "sync", [project_id])
