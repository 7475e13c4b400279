"""Ports: what the core asks of a tracker. Each integration gives one `Adapter`; nothing above this floor knows which
tracker it talks to.

Two halves. *Decoding* is pure: a payload becomes a `Reading` (`integrations.readings`). *Writing* is a `Client` bound
to one connection: every method is exactly one API call unless its docstring says otherwise, never sleeps for long,
never repeats a create blindly. Both raise what `integrations.errors` holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from integrations.readings import NO_SITE, Envelope, MilestoneSeen, Payload, PersonSeen, ProjectSeen, Reading
from rules.intents import LabelSpec, Note


@dataclass(frozen=True, slots=True)
class Credentials:
    """Opened secrets of one connection. Never logged, never stored as such. `site` is what `Client.survey` found out
    about the tracker. With `account` the token is that account's (Jira Cloud), without it stands alone.
    """

    base_url: str
    token: str | None = field(default=None, repr=False)
    account: str | None = None
    app_id: str | None = None
    private_key: str | None = field(default=None, repr=False)
    installation: str | None = None
    site: Payload = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """An item to write to: project key ("acme/shop", "PAY"), number, and its key as people say it ("#482", "PAY-231").
    `page` is our own page about it; `internal`: a comment there is for the team alone, never for customers.
    """

    project: str
    number: int
    key: str
    page: str = ""
    internal: bool = False


@dataclass(frozen=True, slots=True)
class CommentRef:
    native_id: str
    body: str
    author: str
    url: str = ""
    hidden: bool = False
    """Somebody hid it (GitHub: minimised); False also where the tracker does not say."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a connection can do. `login` is under whose name comments appear; `missing` names the scopes or
    permissions that are lacking.
    """

    ok: bool
    login: str
    can_read: bool
    can_write: bool
    missing: tuple[str, ...] = ()
    detail: str = ""
    dedicated: bool = False
    """An app's own account: everything by it is ours."""


@dataclass(frozen=True, slots=True)
class RepositorySeen:
    project: ProjectSeen
    default_branch: str = ""
    installation: str | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a tracker may be written to: one write at a time, with limits on what creates content. `longest_wait`
    is how long a publisher may sleep for its turn before it gives way.
    """

    seconds_between_writes: float = 1.0
    creates_per_minute: int = 80
    creates_per_hour: int = 500
    longest_wait: float = 5.0

    def wait_for_create(self, creates: list[datetime], now: datetime) -> float:
        """Seconds until another create is allowed, given the instants of the last hour's creates, oldest first."""
        wait = 0.0
        for limit, window in ((self.creates_per_minute, 60.0), (self.creates_per_hour, 3600.0)):
            if len(creates) >= limit:
                wait = max(wait, window - (now - creates[-limit]).total_seconds())
        return wait


@dataclass(frozen=True, slots=True)
class Automation:
    """What runs in a project by itself and would meet what we write. `kind`: labels (it runs when a label is put on or
    taken off), comments (it runs when somebody comments) or stale (it marks quiet items, as we do). `where` names its
    file, `url` leads there.
    """

    kind: str
    where: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class HookSeen:
    """A webhook that tells us of a project. `missing` are the events that it should send and does not; `said` is what
    our last answer to it was, in the tracker's words, "" where there was none.
    """

    native_id: str
    active: bool
    missing: tuple[str, ...] = ()
    said: str = ""


class Client(Protocol):
    """The write side (and the few reads) of one connection. Raises `PermanentError` or `TransientError`."""

    def check(self, project: str | None = None) -> Check: ...

    def survey(self) -> Payload:
        """What decoding and reading need to know of this site and no payload tells: custom fields, statuses.
        Kept with the tracker, given back as `Credentials.site` and to `Adapter.decode`. Empty where there is nothing.
        """

    def get_project(self, project: str) -> RepositorySeen: ...

    def list_projects(self) -> Iterator[RepositorySeen]: ...

    def automation(self, project: str) -> tuple[Automation, ...]:
        """What runs in the project by itself, by its default branch; none where the tracker keeps it elsewhere. Raises
        `PermanentError` where this connection may not look (several calls).
        """

    def permission(self, project: str, person: PersonSeen) -> str:
        """What somebody may do in the project: none, read, triage, write, maintain or admin. Where logins are only
        names, which anybody may take, the person's id decides.
        """

    def ensure_label(self, project: str, label: LabelSpec) -> bool:
        """Create the label; a label that exists already is fine and left as it is. True: it was created now."""

    def delete_label(self, project: str, name: str) -> None:
        """Delete a label of the project itself, which takes it off every item; one that is not there is fine."""

    def add_label(self, target: Target, name: str) -> None: ...

    def remove_label(self, target: Target, name: str) -> None:
        """Take the label off; one that is not there is fine."""

    def create_comment(self, target: Target, body: str) -> CommentRef: ...

    def edit_comment(self, target: Target, native_id: str, body: str) -> CommentRef:
        """Replace a comment's text; gives it as it is then."""

    def delete_comment(self, target: Target, native_id: str) -> None:
        """Delete a comment of ours; one that is not there is fine."""

    def find_comment(self, target: Target, marker: str) -> CommentRef | None:
        """Look for our own comment that carries the marker (reads, as many pages as needed)."""

    def read_item(self, project: str, number: int) -> Reading:
        """A whole read of one item, to mend a gap (several calls)."""

    def close(self) -> None: ...


@runtime_checkable
class KeepsHooks(Protocol):
    """A client that can look after a project's webhook itself. All raise `PermanentError("forbidden")` where this
    connection may not, which is no fault of its: reading and writing need less.
    """

    def find_hook(self, project: str, url: str) -> HookSeen | None:
        """The webhook that delivers to an address of ours (one call or two)."""

    def make_hook(self, project: str, url: str, secret: str) -> HookSeen:
        """Make a webhook with all events that we read, or set the one there is right (one call or two)."""

    def ping_hook(self, project: str, native_id: str) -> None:
        """Have the tracker send a test delivery."""


@dataclass(frozen=True, slots=True)
class AppMade:
    """An App that was made just now. `page` is its page in the tracker."""

    app_id: str
    slug: str
    page: str
    private_key: str = field(repr=False)
    webhook_secret: str | None = field(default=None, repr=False)


class AppMaker(Protocol):
    """Makes an App in a tracker from a manifest that a person's browser posts there."""

    def page(self, web: str, organisation: str | None) -> str:
        """Where the manifest is posted to, given the address that people use."""

    def manifest(self, web: str, *, name: str, home: str, hook: str | None, back: str, installed: str) -> Payload:
        """The App to make there. `hook` None: we cannot be reached, so it has no webhook."""

    def exchange(self, base_url: str, code: str) -> AppMade:
        """The App for the code that comes back, which is good once (one call)."""


# --- reading the past -----------------------------------------------------------------------------------------------

HISTORY = "plumbline_history"
"""The event under which answers of `History` are stored and decoded, as if a webhook had brought them."""


@dataclass(frozen=True, slots=True)
class Told:
    """A tracker's own words when asked. Stored as a delivery of the event `HISTORY`, decoded by `Adapter.decode`.

    `about` is what people call it ("#482"), `version` tells two answers about the same thing apart.
    """

    about: str
    version: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """An item as a list of changed ones shows it. `raw` is the tracker's entry, for `History.item`."""

    native_id: str
    number: int
    key: str
    as_of: datetime
    asked_at: datetime
    raw: Payload = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangedPage:
    """Items in order of their last change. `asked_at` is the tracker's own clock; `more`: another page follows."""

    items: tuple[ChangedItem, ...]
    more: bool
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class MilestonesTold:
    """All milestones, as read (`seen`) and as they are stored and decoded (`told`)."""

    seen: tuple[MilestoneSeen, ...]
    told: Told


@dataclass(frozen=True, slots=True)
class LostDelivery:
    """A webhook that the tracker could not deliver. `handle` is what `redeliver` takes."""

    guid: str
    handle: str
    at: datetime
    event: str


class History(Protocol):
    """The past, read over one connection. One call a page unless said otherwise; never waits for a rate limit.

    Raises `PermanentError`, or `TransientError` (`limited` with `retry_after` where the budget is spent).
    """

    @property
    def calls(self) -> int:
        """Requests sent so far."""

    def project(self, native_id: str, key: str) -> ProjectSeen:
        """The project as it is now, whatever it is called by now: the id decides (one or two calls)."""

    def count(self, project: str) -> int | None:
        """How many items there are; None where the tracker does not say."""

    def changed(self, project: str, *, since: datetime | None, page: int) -> ChangedPage:
        """Items changed at or after an instant, the longest unchanged first."""

    def item(
        self,
        project: str,
        number: int | str,
        *,
        known: ChangedItem | None,
        since: datetime | None,
        why: str,
        comment: str | None = None,
    ) -> Told:
        """One item with all its history (two to seven calls). `number` is its native id, as text, where nothing else
        is known of it. `why` is import, changed or repair; a comment written at or after `since` counts as news. An
        item that is gone or moved is told as such. `comment` is the id of one of its comments (ours) to look at too,
        which a history may not tell: whether it is there, in which words, and hidden or not (one or two calls more).
        """

    def milestones(self, project: str, *, why: str) -> MilestonesTold:
        """All milestones (one call per 100)."""

    def lost_deliveries(self, project: str, *, to: str, since: datetime) -> tuple[LostDelivery, ...]:
        """Webhooks to the address that ends with `to` which failed and were not delivered later (two calls, and one
        per 100 deliveries). Raises `PermanentError` where this connection may not see webhooks.
        """

    def redeliver(self, project: str, handle: str) -> None:
        """Ask for a delivery once more."""

    def close(self) -> None: ...


class Adapter(Protocol):
    """One kind of tracker."""

    kind: str
    pace: Pace
    one_lane: bool
    """Whether all its projects share the tracker's lane, because payloads and items cross projects."""

    def verify(self, headers: Mapping[str, str], raw: bytes, secret: str) -> None:
        """Raise `BadSignature` unless `raw` is signed with `secret`. Constant time. Header names are lower case.

        A secret in the address's path, where the tracker has no better, comes as the header `x-path-secret`.
        """

    def envelope(self, headers: Mapping[str, str], payload: object) -> Envelope:
        """Read the envelope. Raises `BadPayload`."""

    def decode(self, event: str, payload: Payload, received_at: datetime, site: Payload = NO_SITE) -> Reading:
        """What the payload says, given what is known of the `site`. Pure. Raises `Ignored` with the reason, or
        `BadPayload` naming the field.
        """

    def client(self, credentials: Credentials) -> Client: ...

    def history(self, credentials: Credentials) -> History | None:
        """Reads of the past over a connection; None where this kind of tracker has none to give."""

    def render(self, note: Note, marker: str) -> str:
        """The note in this tracker's markup, escaped and cut to its length, with the hidden marker."""


class Notifier(Protocol):
    """Sends short messages to people where they read them. An address holds secrets: it is in no log and no error."""

    def check(self, address: str) -> str:
        """The kind of service an address leads to (slack, mailtos, json), without calling it. Raises `PermanentError`
        for what is no address.
        """

    def send(self, address: str, title: str, body: str) -> None:
        """Send one message of plain text; never tries twice. Raises `PermanentError`, or `TransientError` (`uncertain`
        where it may have arrived).
        """


@dataclass(frozen=True, slots=True)
class Adapters:
    """The adapters by kind of tracker; made in one place, `app.bootstrap`."""

    by_kind: Mapping[str, Adapter] = field(default_factory=dict)

    def __getitem__(self, kind: str) -> Adapter:
        return self.by_kind[kind]
