"""The jobs that bells start. Losing one is harmless: the clock rings again."""

from __future__ import annotations

import structlog

from app.bootstrap import runtime
from app.services import chores, notify, publish, statistics, syncing
from app.services.drain import Drain, drain
from app.services.previews.work import work_out


def drain_lane(lane_id: int) -> int:
    """Take in a lane's deliveries and judge what is due."""
    this = runtime()
    with structlog.contextvars.bound_contextvars(lane=lane_id):
        return drain(
            Drain(
                db=this.db,
                adapters=this.adapters,
                people=this.people,
                ringer=this.ringer,
                base_url=this.settings.base_url,
            ),
            lane_id,
        )


def publish_connection(connection_id: int) -> int:
    """Send what is due over a connection."""
    this = runtime()
    with structlog.contextvars.bound_contextvars(connection=connection_id):
        return publish.publish(this.db, connection_id, connect=this.connect, ringer=this.ringer)


def sync_project(project_id: int) -> bool:
    """Read of a project's past what is due."""
    this = runtime()
    with structlog.contextvars.bound_contextvars(project=project_id):
        return syncing.sync_project(this.syncing, project_id)


def refresh_project(project_id: int) -> bool:
    """Make a project's statistics anew."""
    this = runtime()
    with structlog.contextvars.bound_contextvars(project=project_id):
        return statistics.refresh(this.db, project_id, ringer=this.ringer)


def notify_target(target_id: int) -> int:
    """Tell people what is due, at one target."""
    this = runtime()
    with structlog.contextvars.bound_contextvars(target=target_id):
        return notify.notify(this.sending, target_id)


def work_out_preview(preview_id: int) -> bool:
    """Say what a rule would do."""
    this = runtime()
    with structlog.contextvars.bound_contextvars(preview=preview_id):
        return work_out(this.db, preview_id, ringer=this.ringer)


def do_chore(chore_id: int) -> bool:
    """Go on with what somebody asked for on a page."""
    this = runtime()
    with structlog.contextvars.bound_contextvars(chore=chore_id):
        return chores.run(this.doing, chore_id)
