"""Putting it together: the one place that names concrete trackers, the broker and the database."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import redis
import rq
import structlog
from rq.exceptions import DuplicateJobError

from app.secret import SecretBox, open_box
from app.services import access, chores, intake, notify, publish, syncing, targets
from app.services.connect import credentials_of
from app.services.labels import label_spec
from app.settings import DRAIN_QUEUE, IMPORT_QUEUE, PREVIEW_QUEUE, PUBLISH_QUEUE, Settings, load_settings
from app.store import instance, people, schema, trackers
from app.store.database import Database
from app.time import WorldClock, real_now
from integrations.errors import PermanentError
from integrations.github.adapter import GitHubAdapter
from integrations.github.setup import Manifests
from integrations.jira.adapter import JiraAdapter
from integrations.ports import Adapters, AppMaker, Client, History, Notifier
from integrations.sandbox.adapter import SandboxAdapter, jira_sandbox
from integrations.sandbox.demo import DemoJira, DemoProject, Source, shop

log = structlog.get_logger()

__all__ = ["Demo", "DemoProject", "Runtime", "Source", "build", "demo", "migrate", "runtime", "welcome"]

JOB_SECONDS = 600
JOBS = {
    "lane": (DRAIN_QUEUE, "app.worker.jobs.drain_lane"),
    "connection": (PUBLISH_QUEUE, "app.worker.jobs.publish_connection"),
    "sync": (IMPORT_QUEUE, "app.worker.jobs.sync_project"),
    "statistics": (IMPORT_QUEUE, "app.worker.jobs.refresh_project"),
    "target": (PUBLISH_QUEUE, "app.worker.jobs.notify_target"),
    "preview": (PREVIEW_QUEUE, "app.worker.jobs.work_out_preview"),
    "chore": (IMPORT_QUEUE, "app.worker.jobs.do_chore"),
}


class QueueRinger:
    """Rings through RQ. A broker that does not answer is no error here: the clock rings again."""

    def __init__(self, broker: redis.Redis) -> None:
        self._queues = {kind: rq.Queue(queue, connection=broker) for kind, (queue, _) in JOBS.items()}

    def wake(self, kind: str, row_id: int) -> None:
        """Queue one job; a second ring while it waits is the same ring."""
        try:
            self._queues[kind].enqueue(JOBS[kind][1], row_id, job_timeout=JOB_SECONDS, result_ttl=0, failure_ttl=3600)
        except DuplicateJobError:
            return
        except redis.RedisError as error:
            log.warning(
                "the broker did not take a bell; the clock will ring again", kind=kind, id=row_id, error=str(error)
            )


@dataclass(frozen=True)
class Runtime:
    """What a process of this installation works with."""

    settings: Settings
    db: Database
    broker: redis.Redis
    adapters: Adapters
    vault: SecretBox
    ringer: QueueRinger
    people: people.People

    def world(self) -> WorldClock:
        """The clock rules judge by, as stored in the instance row."""
        return _world(self.db)

    def connect(self, connection_id: int) -> publish.Connected:
        """Open a connection for writing. Raises PermanentError where it is gone."""
        with self.db.read() as tx:
            found = trackers.connections(tx, connection_id=connection_id)
        if not found:
            raise PermanentError("gone", f"connection {connection_id} was removed")
        row = found[0]
        adapter = self.adapters[row.tracker_kind]
        return publish.Connected(
            client=adapter.client(credentials_of(row, self.vault)),
            pace=adapter.pace,
            label_specs=functools.partial(label_spec, self.db),
            base_url=self.settings.base_url,
        )

    def open_history(self, connection_id: int) -> History | None:
        """Open a connection for reading the past; None where its tracker has none to give. Raises PermanentError."""
        with self.db.read() as tx:
            found = trackers.connections(tx, connection_id=connection_id)
        if not found:
            raise PermanentError("unauthorised", f"connection {connection_id} was removed")
        return self.adapters[found[0].tracker_kind].history(credentials_of(found[0], self.vault))

    def open_client(self, connection_id: int) -> Client:
        """Open a connection for its few plain reads."""
        return self.connect(connection_id).client

    @property
    def syncing(self) -> syncing.Syncing:
        """What reading a project's past needs."""
        return syncing.Syncing(
            db=self.db, ringer=self.ringer, open_history=self.open_history, open_client=self.open_client
        )

    @property
    def sending(self) -> notify.Sending:
        """What telling people beside the tracker needs."""
        return notify.Sending(
            db=self.db,
            ringer=self.ringer,
            open_address=self.vault.open,
            notifier=lambda: self.notifier,
            base_url=self.settings.base_url,
        )

    @property
    def doing(self) -> chores.Doing:
        """What chores stand on."""
        return chores.Doing(db=self.db, ringer=self.ringer, adapters=self.adapters, connect=self.connect)

    @functools.cached_property
    def notifier(self) -> Notifier:
        """What sends messages. Made when it is needed: it knows a hundred services, and takes its time to."""
        from integrations.notify.adapter import AppriseNotifier

        return AppriseNotifier()

    @property
    def app_maker(self) -> AppMaker:
        """What makes a GitHub App by its manifest."""
        return Manifests()

    @functools.cached_property
    def commits(self) -> intake.GroupCommit:
        """This process's group commit."""
        return intake.GroupCommit(self.db, self.ringer)

    @functools.cached_property
    def directory(self) -> intake.Directory:
        """Who is who, for the intake."""
        return intake.Directory(self.db, self.vault.open)


def build(settings: Settings) -> Runtime:
    """A runtime for these settings; opens nothing but the key."""
    broker = redis.Redis.from_url(settings.redis_url)
    db = Database(settings.database_url)
    file, clock = settings.home / "sandbox.db", lambda: _world(db).now()
    adapters = (GitHubAdapter(), JiraAdapter(), SandboxAdapter(file, clock), jira_sandbox(file, clock))
    return Runtime(
        settings=settings,
        db=db,
        broker=broker,
        adapters=Adapters({adapter.kind: adapter for adapter in adapters}),
        vault=open_box(
            secret_key=settings.secret_key.get_secret_value() if settings.secret_key else None,
            key_file=settings.key_file,
        ),
        ringer=QueueRinger(broker),
        people=people.People(),
    )


def _world(db: Database) -> WorldClock:
    with db.read() as tx:
        return instance.load(tx).clock


@functools.cache
def runtime() -> Runtime:
    """This process's runtime, from the environment."""
    return build(load_settings())


def migrate_url(url: str) -> None:
    """Bring the database at `url` to this version's schema."""
    db = Database(url)
    try:
        schema.migrate(db)
    finally:
        db.dispose()


def migrate(settings: Settings) -> None:
    """Bring this installation's database to this version's schema."""
    db = Database(settings.database_url)
    try:
        schema.migrate(db, demo=settings.demo)
    finally:
        db.dispose()


def schema_revisions(url: str) -> tuple[str | None, str | None]:
    """The schema the database holds and the one this version needs."""
    db = Database(url)
    try:
        return schema.revisions(db)
    finally:
        db.dispose()


def look_at_targets(settings: Settings) -> targets.Looked:
    """What is to be said of the targets of an installation."""
    this = build(settings)
    try:
        return targets.look(this.db, this.vault, lambda: this.notifier)
    finally:
        this.db.dispose()


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo is played from: a recorded repository, and a programme of a Jira and a repository."""

    project: DemoProject
    shop: DemoProject
    jira: DemoJira


def demo(this: Runtime) -> Demo:
    """The demo's sources of webhooks, over this installation's sandboxes."""
    github, jira = this.adapters["sandbox"], this.adapters["sandbox-jira"]
    assert isinstance(github, SandboxAdapter)
    assert isinstance(jira, SandboxAdapter)
    return Demo(project=DemoProject(github.tracker()), shop=shop(github.tracker()), jira=DemoJira(jira.tracker()))


def welcome(settings: Settings) -> str:
    """What `plumbline up` prints when ready: a one-time link that signs in."""
    db = Database(settings.database_url)
    try:
        return access.new_sign_in_link(db, settings.base_url, real_now())
    finally:
        db.dispose()
