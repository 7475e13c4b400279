"""Ports: what the core asks of a tracker. Each integration gives one `Adapter`; nothing above this floor knows which
tracker it talks to.

Two halves. *Decoding* is pure: a payload (webhook or API answer alike) becomes a `Reading`, which says only what that
payload carries; a part it does not carry is None and overwrites nothing. *Writing* is a `Client` bound to one
connection: every method is exactly one API call unless its docstring says otherwise, never sleeps for long, never
repeats a create blindly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from rules.facts import Checks, Kind, LinkKind
from rules.intents import LabelSpec, Note

Payload = Mapping[str, Any]
NO_SITE: Payload = MappingProxyType({})
"""A site that nothing is known of."""


# --- errors ---------------------------------------------------------------------------------------------------------


class IntegrationError(Exception):
    """Base of what an integration raises on purpose. The message is for people and holds no secret."""


class BadSignature(IntegrationError):
    """The delivery is not signed, or not by who it says."""


class BadPayload(IntegrationError):
    """A payload that cannot be read: names the field (dotted path), the value found and what would be right."""

    def __init__(self, path: str, value: object, expected: str) -> None:
        shown = repr(value)
        super().__init__(f"{path}: got {shown if len(shown) <= 80 else shown[:77] + '...'}; expected {expected}")
        self.path = path
        self.value = value
        self.expected = expected


class Ignored(IntegrationError):
    """A normal, recorded outcome: this delivery says nothing we keep. The message is the reason."""


class PermanentError(IntegrationError):
    """Trying again will not help: `code` is gone, locked, forbidden, withheld (for legal reasons), archived,
    moved, invalid or unauthorised.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TransientError(IntegrationError):
    """Worth another try, not before `retry_after` seconds (None: as the caller's backoff says). `uncertain`: the
    write may have happened.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, uncertain: bool = False, limited: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.uncertain = uncertain
        self.limited = limited


# --- what a payload says --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Envelope:
    """What intake needs to know of a delivery before it is stored. `project` and `installation` are the tracker's
    immutable ids, as text.
    """

    guid: str
    event: str
    action: str | None
    project: str | None
    project_key: str | None
    installation: str | None = None
    subject: str | None = None
    """What it is about, for the deliveries page: "#482" or "milestone 2.4"."""


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A person as a payload shows them. `bot` None: the payload does not say. `member`: owner, member or
    collaborator; None: not said.
    """

    native_id: str
    login: str
    bot: bool | None = None
    member: bool | None = None


@dataclass(frozen=True, slots=True)
class ProjectSeen:
    native_id: str
    key: str
    url: str
    public: bool | None = None
    archived: bool | None = None
    owner: str | None = None
    service_desk: bool | None = None
    """Its items are requests of customers (Jira Service Management)."""


@dataclass(frozen=True, slots=True)
class MilestoneSeen:
    """A milestone as a payload shows it. `due` is the tracker's date (GitHub: the UTC date of due_on). `as_of` is its
    own updated_at, or where it has none the time of the payload that shows it; None: nothing here may overwrite.

    Jira gives sprints, versions and epics as "sprint/31", "version/10001", "epic/10231", so that ids never clash.
    """

    native_id: str
    number: int | None
    title: str
    url: str
    open: bool
    as_of: datetime | None
    due: date | None = None
    start: date | None = None
    created_at: datetime | None = None
    closed_at: datetime | None = None
    kind: str = "milestone"
    deleted: bool = False
    released: bool = False
    board: str | None = None
    """Of a sprint: the native id of the board it was made on."""
    project: str | None = None
    """Of a version: the native id of the project it belongs to, where the payload tells it."""
    merged_into: str | None = None
    """Of a deleted version: the native id of the one that took its items over."""


@dataclass(frozen=True, slots=True)
class TextPart:
    title: str
    body: str
    url: str
    created_at: datetime
    author: PersonSeen | None


@dataclass(frozen=True, slots=True)
class StatePart:
    """`status` is the tracker's own word (open, closed, merged; a Jira status name). `reason`: completed,
    not_planned, duplicate, merged, unmerged. `stage` is where the tracker itself files that status: todo, in_progress
    or done; None where it has no such thing.
    """

    open: bool
    status: str
    closed_at: datetime | None = None
    reason: str | None = None
    locked: bool = False
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class EffortPart:
    """What is planned and spent, in hours; None: not recorded. (An estimate in the team's unit is in `PlanPart`.)"""

    planned: float | None = None
    left: float | None = None
    spent: float | None = None


@dataclass(frozen=True, slots=True)
class TraitsPart:
    """What sort of item it is. `type` is the tracker's word ("Story"), `flagged`: somebody raised its flag, `secured`:
    not everybody who can read the project may see it.
    """

    type: str = ""
    bug: bool = False
    flagged: bool = False
    secured: bool = False
    priority: str | None = None
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanPart:
    """Milestone membership: `milestones` are all the milestones this item is in (empty: none). `estimate` is in the
    team's unit (story points).
    """

    milestones: tuple[MilestoneSeen, ...]
    due: date | None = None
    estimate: float | None = None


@dataclass(frozen=True, slots=True)
class PullPart:
    draft: bool
    head_sha: str
    head_ref: str
    base_ref: str
    merged: bool
    auto_merge: bool = False
    from_fork: bool = False
    lines: int | None = None
    files: int | None = None
    commits: int | None = None
    mergeable: bool | None = None
    reviewers: tuple[PersonSeen, ...] = ()
    reviewer_teams: tuple[str, ...] = ()


DISCUSSION = "discussion"
"""What `ItemSeen.moved_to` says of an item that was turned into a discussion, which is no item."""


@dataclass(frozen=True, slots=True)
class ItemSeen:
    """An item as one payload shows it, in groups of fields. A group is None where the payload does not carry it whole.

    `as_of` is the snapshot's own timestamp (updated_at); None: nothing in it may overwrite. Identity is `native_id`;
    `key` is how people say it ("#482"). For a pull request both its issue id and its pull request id may occur in
    payloads: identity is therefore kind-neutral `<project native id>/<number>` on GitHub.
    """

    native_id: str
    key: str
    number: int
    kind: Kind
    as_of: datetime | None
    text: TextPart | None = None
    state: StatePart | None = None
    labels: tuple[str, ...] | None = None
    assignees: tuple[PersonSeen, ...] | None = None
    plan: PlanPart | None = None
    pull: PullPart | None = None
    effort: EffortPart | None = None
    traits: TraitsPart | None = None
    edges: tuple[LinkSeen, ...] | None = None
    """All the edges that start or end at this item, as they are at `as_of`."""
    deleted: bool = False
    moved_to: str | None = None


class Field(StrEnum):
    """What a change is about."""

    STATE = "state"
    TITLE = "title"
    BODY = "body"
    LABEL = "label"
    ASSIGNEE = "assignee"
    REVIEWER = "reviewer"
    MILESTONE = "milestone"
    DRAFT = "draft"
    COMMENT = "comment"
    REVIEW = "review"
    REVIEW_COMMENT = "review_comment"
    PUSH = "push"
    DUE = "due"
    LINK = "link"
    LOCK = "lock"
    MILESTONE_STATE = "milestone_state"
    MILESTONE_TITLE = "milestone_title"
    ESTIMATE = "estimate"
    WORKLOG = "worklog"
    QUEUE = "queue"
    FLAG = "flag"
    TYPE = "type"
    EFFORT = "effort"
    SECURITY = "security"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class ChangeSeen:
    """One entry of history. `natural_key` is the same whichever way it is learnt (two hooks, a redelivery, the
    import), unique per project.

    `item` or `milestone` is the native id it belongs to. `before`/`after` keep the tracker's own words (a label is
    `after` when added, `before` when removed; a milestone its native id; a Jira status its name). `url` is where a
    person can read it.
    """

    natural_key: str
    at: datetime
    field: Field
    actor: PersonSeen | None
    item: str | None = None
    milestone: str | None = None
    before: str | None = None
    after: str | None = None
    url: str | None = None
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class LinkSeen:
    """An edge as a payload shows it. `source` and `target` are native ids or, where only words are known, a key such
    as "acme/shop#12" or "PAY-7". `at` is when the payload was so, so that a late one overwrites nothing; None: as it
    arrives.
    """

    kind: LinkKind
    source: str
    target: str
    removed: bool = False
    parent: bool = False
    """A parent/sub-issue edge: `source` is the child."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LinksSeen:
    """All links of one kind-set that a text names: replaces what the same source's text said before.

    `implements` and `mentions` may hold words that only look like a key ("SHA-256"): which projects are known is for
    the core to say.
    """

    source: str
    closes: tuple[str, ...]
    mentions: tuple[str, ...] = ()
    implements: tuple[str, ...] = ()
    origin: str = "text"
    """Which words: those of the text (title and description), or of the branch."""


@dataclass(frozen=True, slots=True)
class ReviewSeen:
    """A review: state approved, changes_requested, commented or dismissed."""

    item: str
    native_id: str
    reviewer: PersonSeen
    state: str
    at: datetime
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class ChecksSeen:
    """The state of checks on a commit. `name` identifies one check run, suite or status context, `state` is its own."""

    head_sha: str
    name: str
    state: Checks
    at: datetime
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommentSeen:
    """A comment by anybody: what answers, echoes and removals are recognised from. `event` is created, edited,
    deleted, minimized, or seen: found by reading the past, so nothing that it asks for is done any more. `before` is
    the text that an edit replaced; None: not said.
    """

    item: str
    native_id: str
    event: str
    body: str
    author: PersonSeen
    actor: PersonSeen | None
    at: datetime
    url: str
    before: str | None = None
    marker: str | None = None
    """The mark that a comment of ours carries, of whatever installation; one that is only quoted is none."""


@dataclass(frozen=True, slots=True)
class LabelSeen:
    """A label of the project itself, not of an item: `event` is created, edited or deleted; `before` the name it had,
    where it was renamed.
    """

    name: str
    event: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class ProjectEvent:
    """Something about the project or connection itself: renamed, transferred, archived, deleted, suspended,
    installed, uninstalled, added, removed.
    """

    kind: str
    project: str | None = None
    installation: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one payload says. `needs_read`: native ids of items that only a read can tell the rest of. `project`
    None: the payload does not say; the items' own rows do.
    """

    at: datetime
    project: ProjectSeen | None = None
    actor: PersonSeen | None = None
    items: tuple[ItemSeen, ...] = ()
    milestones: tuple[MilestoneSeen, ...] = ()
    changes: tuple[ChangeSeen, ...] = ()
    links: tuple[LinkSeen, ...] = ()
    texts: tuple[LinksSeen, ...] = ()
    reviews: tuple[ReviewSeen, ...] = ()
    checks: tuple[ChecksSeen, ...] = ()
    comments: tuple[CommentSeen, ...] = ()
    project_events: tuple[ProjectEvent, ...] = ()
    labels: tuple[LabelSeen, ...] = ()
    needs_read: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    """Native ids of items that this reading tells whole, with their history, as they were at `asked_at`."""
    asked_at: datetime | None = None
    note: str = ""


# --- writing --------------------------------------------------------------------------------------------------------


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


class Client(Protocol):
    """The write side (and the few reads) of one connection. Raises `PermanentError` or `TransientError`."""

    def check(self, project: str | None = None) -> Check: ...

    def survey(self) -> Payload:
        """What decoding and reading need to know of this site and no payload tells: custom fields, statuses.
        Kept with the tracker, given back as `Credentials.site` and to `Adapter.decode`. Empty where there is nothing.
        """

    def get_project(self, project: str) -> RepositorySeen: ...

    def list_projects(self) -> Iterator[RepositorySeen]: ...

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


@dataclass(frozen=True, slots=True)
class Adapters:
    """The adapters by kind of tracker; made in one place, `app.bootstrap`."""

    by_kind: Mapping[str, Adapter] = field(default_factory=dict)

    def __getitem__(self, kind: str) -> Adapter:
        return self.by_kind[kind]
