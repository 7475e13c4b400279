"""Sending one publication: labels first, then the comment, each step one API call and one commit that says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from app.services import floods, removals
from app.services.markers import marker, page_of
from app.services.pacing import Connected, Paced, ProjectPausedError, Stop
from app.services.projects import Projects
from app.store import answers, instance, leases, publications, subjects, sync, writes
from app.store.answers import Heard
from app.store.database import Database
from app.store.publications import Shown
from app.time import from_iso, real_now, to_iso
from integrations.errors import PermanentError, TransientError
from integrations.ports import Target
from rules.verdict import Said
from rules.wording.render import plain

log = structlog.get_logger()

BACKOFF = (10.0, 60.0, 300.0, 1800.0, 3600.0)
EDITS_PER_DAY = 2
LEFT = {code: f"a write found it {code}" for code in ("gone", "moved", "locked")}
"""Refusals after which a read tells what became of the item: locked is also one that was turned into a discussion."""
PER_TURN = 3
"""New comments a day about one person's turn."""


class Sender(Paced):
    """One publication on its way."""

    def __init__(
        self,
        db: Database,
        lease: leases.Lease,
        connected: Connected,
        shown: Shown,
        this: instance.Instance,
        known: Projects,
    ) -> None:
        super().__init__(db, lease, connected, shown, this)
        self.label_specs = connected.label_specs
        self.lane_id = known.rows[shown.project_id].lane_id
        self.project = known.facts[shown.project_id]
        self.per_day = known.comments_per_day[shown.project_id]
        self.marker = marker(this.tag, shown.item_id)
        self.rests: tuple[datetime, str] | None = None
        with db.read() as tx:
            project_key, number, key, _url = publications.target_of(tx, shown.item_id)
        self.target = Target(
            project=project_key,
            number=number,
            key=key,
            page=page_of(connected.base_url, shown.item_id),
            internal=self.project.service_desk,
        )

    def send(self) -> int:
        """Send what differs; gives how many writes went out."""
        try:
            self._labels()
            self._comment()
        except ProjectPausedError:
            log.info("writing to a project was paused on the way", item=self.target.key)
        except PermanentError as error:
            self._refused(error)
        except TransientError as error:
            self._later(error)
        except (Stop, leases.LeaseLost):
            raise
        except Exception as error:
            log.exception("a write failed for a reason of our own", item=self.target.key)
            self._later(TransientError(f"{type(error).__name__}: {error}", uncertain=True))
        return self.sent

    # --- labels

    def _labels(self) -> None:
        for name in sorted(set(self.shown.want_labels) - set(self.shown.shown_labels)):
            if self._rests(name):
                continue
            self._make_label(name)
            self._pass("label", create=False)
            self.client.add_label(self.target, name)
            self._labels_are({*self.shown.shown_labels, name}, "label_added", name)
        for name in sorted(set(self.shown.shown_labels) - set(self.shown.want_labels)):
            self._pass("label", create=False)
            self.client.remove_label(self.target, name)
            self._labels_are({*self.shown.shown_labels} - {name}, "label_removed", name)

    def _rests(self, name: str) -> bool:
        """Whether a label has changed so often that it is not put on for now."""
        with self.db.write() as tx:
            leases.confirm(tx, self.lease)
            fight = floods.fight_over(tx, self.shown, name, project=self.project, now=self._world())
        if fight is None:
            return False
        self.rests = (fight.until, fight.said)
        return True

    def _make_label(self, name: str) -> None:
        with self.db.read() as tx:
            if name in publications.known_labels(tx, self.shown.project_id):
                return
        self._pass("label", create=True)
        made = self.client.ensure_label(self.target.project, self.label_specs(name))
        project_id = self.shown.project_id
        kind = "label_made" if made else None  # one that was there, or that needs no making, is no write of ours
        self._commit(kind, name, lambda tx: publications.add_known_label(tx, project_id, name, made=made))

    def _labels_are(self, labels: set[str], kind: str, name: str) -> None:
        self._save(kind, name, shown_labels=sorted(labels))

    # --- the comment

    def _comment(self) -> None:
        if self.shown.sending_at is not None and self.shown.comment_id is None:
            self._look_for_it()
        shown = self.shown
        if "retracted" in shown.answers and shown.comment_id is not None:
            self._take_back(shown.comment_id)
        elif shown.want_body is None or shown.want_body == shown.shown_body:
            self._settled()
        elif shown.comment_id is not None:
            self._edit(shown.comment_id, shown.want_body)
        elif shown.want_quiet:  # nothing was ever said, so there is nothing to take back
            self._settled()
        else:
            self._create(shown.want_body)

    def _create(self, body: str) -> None:
        if not self.shown.answers.get("prompt") and (held := self._ceiling()) is not None:
            self._held(*held)
            return
        self._pass("comment", create=True, body=body)
        self._announce()
        made = self.client.create_comment(self.target, body)
        self._save(
            "comment_created",
            made.url,
            kept_as=made.body,
            comment_id=made.native_id,
            comment_url=made.url,
            shown_body=body,
            commented_at=self._world(),
            sending_at=None,
        )
        self._settled()

    def _edit(self, comment_id: str, body: str) -> None:
        recent = [at for at in self.shown.edits if from_iso(at) > self._world() - timedelta(days=1)]
        if len(recent) >= EDITS_PER_DAY and not self.shown.want_quiet and not self.shown.answers.get("prompt"):
            self._held(from_iso(recent[0]) + timedelta(days=1), "edited twice today; the next edit waits")
            return
        self._pass("comment", create=False, body=body)
        found = self.client.edit_comment(self.target, comment_id, body)
        now = self._world()
        edits = [*recent, to_iso(now)]
        self._save("comment_edited", "", kept_as=found.body, shown_body=body, edited_at=now, edits=edits)
        if found.hidden:
            self._hidden(comment_id, now)
        self._settled()

    def _hidden(self, comment_id: str, now: datetime) -> None:
        """Somebody hid our comment, which no webhook tells: that is an answer, to be taken by the lane."""
        told = Heard(
            item_id=self.shown.item_id,
            key=removals.hidden_key(comment_id),
            at=now,
            person_id=None,
            who="somebody",
            verb=removals.HIDE,
            command={},
            may="person",
        )
        with self.db.write() as tx:
            leases.confirm(tx, self.lease)
            answers.hear(tx, self.shown.project_id, [told])
            subjects.add_marks(tx, [(self.lane_id, "item", self.shown.item_id, now)], reason="our comment was hidden")

    def _take_back(self, comment_id: str) -> None:
        """Delete our comment; where that is not allowed, leave one line in its place."""
        line = self.shown.answers["retracted"]["line"]
        self._pass("comment", create=False, body=line)
        gone: dict[str, Any] = {"comment_id": None, "comment_url": None, "shown_body": None, "sending_at": None}
        try:
            self.client.delete_comment(self.target, comment_id)
        except PermanentError as error:
            if error.code != "forbidden":
                raise
            self.client.edit_comment(self.target, comment_id, line)
            self._save("comment_shrunk", "", **gone)
        else:
            self._save("comment_deleted", "", **gone)
        self._settled()

    def _look_for_it(self) -> None:
        """A create went out and was never answered: find it by its marker before trying again."""
        found = self.client.find_comment(self.target, self.marker)
        if found is None:
            self._save(None, "", sending_at=None)
        else:
            self._save(
                "comment_found",
                found.url,
                comment_id=found.native_id,
                comment_url=found.url,
                shown_body=found.body,
                commented_at=self._world(),
                sending_at=None,
            )

    def _announce(self) -> None:
        self._save(None, "", status="sending", sending_at=real_now())

    def _ceiling(self) -> tuple[datetime, str] | None:
        """Where today's new comments are used up, when tomorrow's begin, and why this one waits."""
        calendar = self.project.calendar
        today = calendar.local_date(self._world())
        since = calendar.midnight(today)
        with self.db.read() as tx:
            written = publications.new_comments_since(tx, self.shown.project_id, since)
            about = self.shown.answers.get("about", ())
            turns = writes.about_person_since(tx, self.shown.project_id, about, since) if about else 0
        tomorrow = calendar.next_open(calendar.end_of_day(today))
        if written >= self.per_day:
            return tomorrow, f"{self.per_day} new comments were written today; this one waits"
        if turns >= PER_TURN:
            return tomorrow, plain(Said("held.turn"), project=self.project)
        return None

    # --- bookkeeping

    def _settled(self) -> None:
        """All sent: settled, unless the wish changed while we were at it or a label rests."""
        if self.rests is not None:
            self._held(*self.rests)
            return
        with self.db.write() as tx:
            leases.confirm(tx, self.lease)
            fresh = publications.get(tx, self.shown.id)
            if (fresh.want_labels, fresh.want_body) == (self.shown.want_labels, self.shown.want_body):
                publications.update(
                    tx,
                    self.shown.id,
                    status="settled",
                    due_at=None,
                    retry_at=None,
                    attempts=0,
                    detail="",
                    retracting=False,
                )
                if "prompt" in fresh.answers:
                    publications.amend(tx, self.shown.id, lambda doc: doc.pop("prompt", None))

    def _held(self, until: datetime, why: str) -> None:
        self._save(None, "", status="held", due_at=until, detail=why)

    def _retry(self, at: datetime, why: str) -> None:
        self._save(None, "", status="waiting", retry_at=at, detail=why)

    def _refused(self, error: PermanentError) -> None:
        log.warning("a write was refused", item=self.target.key, code=error.code, reason=str(error))
        if error.code == "unauthorised":
            self._retry(real_now() + timedelta(hours=1), str(error))
            raise Stop(str(error))
        self._save(None, "", status="refused", sending_at=None, detail=f"{error.code}: {error}")
        if error.code in LEFT:
            with self.db.write() as tx:
                if sync.get(tx, self.shown.project_id) is not None:
                    sync.want_reads(tx, self.shown.project_id, [(self.target.number, LEFT[error.code])], now=real_now())

    def _later(self, error: TransientError) -> None:
        attempts = self.shown.attempts + 1
        wait = error.retry_after if error.retry_after is not None else BACKOFF[min(attempts, len(BACKOFF)) - 1]
        values: Mapping[str, Any] = {} if error.uncertain else {"sending_at": None}
        self._save(
            None,
            "",
            status="waiting",
            attempts=attempts,
            retry_at=real_now() + timedelta(seconds=wait),
            detail=str(error),
            **values,
        )
        if error.limited:
            self._slow_down(wait)
            raise Stop(str(error))
