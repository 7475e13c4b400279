"""What stands in the way of reading a project, and what that means: one right outcome each, in words for its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store import runs, sync, trackers
from app.store.database import Tx
from integrations.errors import PermanentError, TransientError
from integrations.readings import ProjectSeen

TRY_AGAIN = timedelta(hours=1)
GONE_AGAIN = timedelta(days=1)
BACKOFF = (30.0, 60.0, 300.0, 900.0)

GONE = "{key} can no longer be seen over this connection: it was deleted or made private, or access was taken away"
WITHHELD = "{key} is withheld by the tracker for legal reasons ({said})"
MOVED = "{key} moved to {to}, another owner; add it again where it is now"
ARCHIVED = "the repository was archived: it is judged no more and nothing is written"
REFUSED = (
    "The tracker refused the credentials ({said}). Give it new ones; reading goes on from where it stopped, "
    "by itself within the hour or at once with `plumbline project import {key}`."
)
FORBIDDEN = (
    "This connection may not read all of {key} ({said}). It needs to read issues, pull requests and metadata; "
    "reading goes on from where it stopped."
)
ODD = "{key} could not be read on ({said}); tried again within the hour"
LIMITED = "The tracker's limit on requests is reached; reading goes on by itself at {at:%H:%M} UTC."
AWAY = "The tracker did not answer ({said}); tried again at {at:%H:%M} UTC."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the project and its reading. `status` None: the project stays as it is."""

    status: str | None
    words: str
    again_in: timedelta


def permanent(key: str, error: PermanentError) -> Outcome:
    """What an error that will not pass by itself means for the project `key`."""
    words = {"gone": GONE, "withheld": WITHHELD, "unauthorised": REFUSED, "forbidden": FORBIDDEN}.get(error.code, ODD)
    is_gone = error.code in ("gone", "withheld")
    return Outcome(
        status="gone" if is_gone else None,
        words=words.format(key=key, said=error),
        again_in=GONE_AGAIN if is_gone else TRY_AGAIN,
    )


def stop(tx: Tx, project: trackers.ProjectRow, error: PermanentError, *, now: datetime) -> None:
    """Write down what an error means: on the project, its run, and for refused credentials on the connection."""
    outcome = permanent(project.key, error)
    if outcome.status is not None:
        trackers.update_project(tx, project.id, status=outcome.status, status_detail=outcome.words)
    if error.code == "unauthorised" and project.connection_id is not None:
        trackers.set_connection_status(tx, project.connection_id, status="unauthorised", detail=str(error), now=now)
    run = runs.open_run(tx, project.id)
    if run is not None:
        ends = outcome.status is not None
        runs.save(
            tx,
            run.id,
            status="failed" if ends else "stopped",
            detail=outcome.words,
            resume_at=None if ends else now + outcome.again_in,
            finished_at=now if ends else None,
        )
    sync.save(tx, project.id, next_at=now + outcome.again_in, detail=outcome.words)


def put_off(tx: Tx, project: trackers.ProjectRow, error: TransientError, *, now: datetime) -> None:
    """Go on later: when the tracker says, else after a pause that grows."""
    run = runs.open_run(tx, project.id)
    tries = 0 if run is None else run.tries
    seconds = error.retry_after if error.retry_after is not None else BACKOFF[min(tries, len(BACKOFF) - 1)]
    at = now + timedelta(seconds=seconds)
    words = (LIMITED if error.limited else AWAY).format(said=error, at=at)
    if run is not None:
        runs.save(tx, run.id, status="waiting", detail=words, resume_at=at, tries=tries + 1)
    sync.save(tx, project.id, next_at=at, detail=words)


def seen(tx: Tx, project: trackers.ProjectRow, found: ProjectSeen, *, now: datetime) -> bool:
    """Take over what the project looks like now; False where it is no longer ours to read."""
    owner = project.key.partition("/")[0]
    if found.owner is not None and found.owner.casefold() != owner.casefold():
        words = MOVED.format(key=project.key, to=found.key)
        trackers.update_project(tx, project.id, status="moved", status_detail=words)
        run = runs.open_run(tx, project.id)
        if run is not None:
            runs.save(tx, run.id, status="failed", detail=words, resume_at=None, finished_at=now)
        sync.save(tx, project.id, next_at=now + GONE_AGAIN, detail=words)
        return False
    values = {"key": found.key, "url": found.url or project.url}
    if found.archived:
        values |= {"status": "archived", "status_detail": ARCHIVED}
    elif project.status in ("archived", "gone", "moved"):
        values |= {"status": "active", "status_detail": ""}
    trackers.update_project(tx, project.id, **values)
    if found.public is not None and found.public != project.public:
        trackers.update_project(tx, project.id, public=found.public)
    return True
