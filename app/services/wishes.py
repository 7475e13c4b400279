"""Wishes: what one item should show, from what is told on it and from what people answered. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.services import replies
from app.services.memory import load_standing
from app.store.publications import Shown
from app.store.standings import Kept
from app.time import from_iso
from rules.engine import PreparedRule
from rules.facts import Item, Project
from rules.intents import Note
from rules.spec import Judgement
from rules.standing import Standing
from rules.verdict import Outcome, Reach, Severity
from rules.wording.note import (
    acknowledged,
    all_clear,
    dismissed,
    expected,
    note,
    silenced,
    snoozed,
    standing_still,
    with_reply,
)

Render = Callable[[Note], str]
REPLY_STAYS = timedelta(days=7)
AUTHORS_TURN = frozenset({"stalled-review.author"})
ASSIGNEES_TURN = frozenset({"stalled-work", "missed-due-date"})


@dataclass(frozen=True, slots=True)
class Flag:
    """A standing that may be written, with the rule behind it."""

    rule: PreparedRule
    standing: Standing
    kind: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What an item should show; `again_at` is when time alone could change it. `hold`: why it is not to be sent yet;
    `delete`: our comment goes; `about`: the people whose turn a new comment speaks of.
    """

    labels: tuple[str, ...] = ()
    body: str | None = None
    quiet: bool = False
    again_at: datetime | None = None
    hold: str = ""
    delete: bool = False
    about: tuple[int, ...] = ()


@dataclass(slots=True)
class _Told:
    """What is told on an item, sorted by what may become of it."""

    flags: list[Flag] = field(default_factory=list)
    holding: list[Flag] = field(default_factory=list)
    hushed: list[Standing] = field(default_factory=list)
    closed: list[tuple[Kept, Standing]] = field(default_factory=list)
    again: list[datetime] = field(default_factory=list)


def wish_of(
    item: Item,
    told: Sequence[Kept],
    known: Shown | None,
    *,
    rules: Mapping[int, PreparedRule],
    held: Mapping[int, str],
    settle: timedelta,
    linger: timedelta,
    render: Render,
    page: str,
    now: datetime,
) -> Wish:
    """The wish of one item. A flag is written once it has stood for `settle`, or for its rule's own time; one that
    cleared stays for `linger`, so that flapping shows nothing. `held` are the rules that wait to be approved, with the
    reason.
    """
    project = item.project
    commented = known is not None and (known.comment_id is not None or known.sending_at is not None)
    if known is not None and "retracted" in known.answers:
        return Wish(delete=True)
    if project.service_desk and not project.settings.service_desk_writes:
        return Wish(body=_shown(known), quiet=True)  # what customers read is left alone
    off = replies.off_label(project)
    if off.casefold() in {label.casefold() for label in item.labels}:
        today = project.calendar.local_date(now)
        body = render(silenced(label=off, project=project, today=today)) if commented else None
        return Wish(body=_shown(known) if _is_removed(known) else body, quiet=True)
    sorted_ = _sort(item, told, known, rules=rules, held=held, settle=settle, linger=linger, now=now)
    again_at = min(sorted_.again, default=None)
    if sorted_.holding and not sorted_.flags and not commented and not (known and known.shown_labels):
        would = _content(item, sorted_.holding, sorted_, known, render=render, page=page, now=now)
        reason = " ".join(dict.fromkeys(held[flag.rule.rule.id] for flag in sorted_.holding))
        if would.labels or would.body:
            return replace(would, again_at=again_at, hold=reason)
    return replace(
        _content(item, sorted_.flags, sorted_, known, render=render, page=page, now=now),
        again_at=min(filter(None, [again_at, _reply_ends(known, now)]), default=None),
    )


def _sort(
    item: Item,
    told: Sequence[Kept],
    known: Shown | None,
    *,
    rules: Mapping[int, PreparedRule],
    held: Mapping[int, str],
    settle: timedelta,
    linger: timedelta,
    now: datetime,
) -> _Told:
    found = _Told()
    project = item.project
    for kept in told:
        standing = load_standing(kept.memory)
        rule = rules.get(kept.rule_id)
        may = rule is not None and may_be_written(rule, standing)
        if kept.closed_at is not None:
            found.closed.append((kept, standing))
            until = kept.closed_at + linger
            if rule is not None and may and until > now and _is_shown(rule, project, known):
                found.again.append(until)
                found.flags.append(Flag(rule, standing, kept.subject_kind))
            continue
        if rule is None or not may:
            continue
        if not standing.speaks(now):
            found.hushed.append(standing)
            asked = (standing.snoozed_until, standing.expected)
            found.again.extend(at for at in asked if at is not None and at > now)
            continue
        ready = standing.opened_at + settles(rule, standing, settle)
        shown = _is_shown(rule, project, known)
        if ready > now and not shown:
            found.again.append(ready)
            continue
        waits = kept.rule_id in held and not shown
        (found.holding if waits else found.flags).append(Flag(rule, standing, kept.subject_kind))
    return found


def settles(rule: PreparedRule, standing: Standing, usual: timedelta) -> timedelta:
    """How long a flag stands before it is written."""
    own = rule.rule.actions.settle_minutes
    if own is not None:
        return timedelta(minutes=own)
    return timedelta() if standing.verdict.severity is Severity.URGENT else usual


def _content(
    item: Item,
    flags: Sequence[Flag],
    told: _Told,
    known: Shown | None,
    *,
    render: Render,
    page: str,
    now: datetime,
) -> Wish:
    """Labels and comment of these flags, with what we say to a command below it."""
    project = item.project
    labels = sorted(
        {_label(flag.rule, project) for flag in flags if flag.rule.label and not flag.standing.label_taken_at}
    )
    commented = known is not None and (known.comment_id is not None or known.sending_at is not None)
    dormant = is_dormant(item, now)
    spoken = [flag for flag in flags if _is_comment(flag) and (commented or flag.kind != "item" or not dormant)]
    reply = _reply(known, now)
    found: Note | None = None
    if spoken:
        judgements = [
            Judgement(rule=flag.rule.rule, subject=item, verdict=flag.standing.said, at=flag.standing.changed_at)
            for flag in spoken
        ]
        found = note(judgements, project=project, item_url_in_plumbline=page)
    elif known is not None and commented and not (_is_removed(known) and reply is None):
        labelled = [flag for flag in flags if flag.rule.label and not flag.standing.label_taken_at]
        found = _quiet_note(project, told, labelled, now)
    if reply is not None and known is not None:
        today = project.calendar.local_date(from_iso(known.answers["reply"]["at"]))
        whole = with_reply(found, replies.load(reply), project=project, today=today)
        return Wish(labels=tuple(labels), body=render(whole), about=_about(item, spoken))
    if found is not None:
        quiet = not spoken
        return Wish(labels=tuple(labels), body=render(found), quiet=quiet, about=_about(item, spoken))
    return Wish(labels=tuple(labels), body=_shown(known) if commented else None, quiet=True)


def _shown(known: Shown | None) -> str | None:
    return known.shown_body if known is not None else None


def _is_removed(known: Shown | None) -> bool:
    """Whether a person deleted, edited or hid our comment, and nothing was written since."""
    return known is not None and "comment" in known.answers


def _reply(known: Shown | None, now: datetime) -> list[dict[str, object]] | None:
    """What we say to a command; it stays for a week, or until somebody answers something else."""
    doc = known.answers.get("reply") if known is not None else None
    if known is None or doc is None or not doc["said"] or from_iso(doc["at"]) + REPLY_STAYS <= now:
        return None
    removed = known.answers.get("comment")
    if removed is not None and removed["at"] >= doc["at"]:
        return None
    found: list[dict[str, object]] = doc["said"]
    return found if known.comment_id is not None or known.sending_at is not None or doc["create"] else None


def _reply_ends(known: Shown | None, now: datetime) -> datetime | None:
    if known is None or _reply(known, now) is None:
        return None
    return from_iso(known.answers["reply"]["at"]) + REPLY_STAYS


def may_be_written(rule: PreparedRule, standing: Standing) -> bool:
    """Only live rules write, only flags opened since they went live, never what is for pages alone, and nothing that
    was taken back.
    """
    live_since = rule.rule.live_since
    return (
        rule.rule.mode == "live"
        and live_since is not None
        and standing.opened_at >= live_since
        and standing.retracted_at is None
        and standing.said.outcome is Outcome.FLAGGED
        and standing.verdict.reach is not Reach.PAGE
        and standing.said.severity is not Severity.NOTE
    )


def _is_comment(flag: Flag) -> bool:
    return flag.standing.said.reach is Reach.COMMENT and flag.standing.comment_taken_at is None


def is_dormant(item: Item, now: datetime) -> bool:
    """Quiet for so long that it is a question for the backlog, never a comment. A milestone is not its home item."""
    return now - item.last_movement.at > timedelta(days=item.project.settings.dormant_after_days)


def _label(rule: PreparedRule, project: Project) -> str:
    return f"{project.settings.label_prefix}{rule.label}"


def _is_shown(rule: PreparedRule, project: Project, known: Shown | None) -> bool:
    """Whether this rule's flag is what the item already shows, or is on its way to show."""
    if known is None or (known.status == "held" and known.due_at is None):
        return False
    return _label(rule, project) in known.want_labels if rule.label else known.want_body is not None


def _about(item: Item, spoken: Iterable[Flag]) -> tuple[int, ...]:
    """The people whose turn these flags say it is."""
    found: set[int] = set()
    for flag in spoken:
        code = flag.standing.said.reason.code
        if code in AUTHORS_TURN and item.author is not None:
            found.add(item.author.id)
        elif code.partition(".")[0] in ASSIGNEES_TURN:
            found |= {person.id for person in item.assignees}
    return tuple(sorted(found))


def _quiet_note(project: Project, told: _Told, labelled: Sequence[Flag], now: datetime) -> Note | None:
    """The one line that a comment shrinks to: the latest answer that holds, else what a label still says, else all
    clear; None where nothing is known to say (it then stays as it is).
    """
    answers = [pair for standing in told.hushed for pair in _answers(project, standing, now)]
    if answers:
        return max(answers, key=lambda pair: pair[0])[1]
    if labelled:
        said = labelled[0].standing.said
        return standing_still(said, project=project, today=project.calendar.local_date(now))
    if told.closed:
        kept, standing = max(told.closed, key=lambda pair: pair[0].closed_at or now)
        return all_clear(standing.said, now=standing.verdict, project=project, since=kept.closed_at or now)
    return None


def _answers(project: Project, standing: Standing, now: datetime) -> list[tuple[datetime, Note]]:
    """The answers to a flag that hold, as (when it was said, what to show)."""
    found = []
    today = project.calendar.local_date(now)
    opened = standing.opened_at
    if standing.is_acknowledged and (at := standing.acknowledged_at) is not None:
        found.append((at, acknowledged(since=at, reason=standing.acknowledged_reason, project=project)))
    if (until := standing.snoozed_until) is not None and until > now:
        quiet = snoozed(until=until, reason=standing.snoozed_reason, project=project, today=today)
        found.append((standing.snoozed_at or opened, quiet))
    if (until := standing.expected) is not None and until > now:
        quiet = expected(until=until, reason=standing.expected_reason, project=project, today=today)
        found.append((standing.expected_at or opened, quiet))
    if (at := standing.dismissed_at) is not None:
        found.append((at, dismissed(since=at, reason=standing.dismissed_reason, project=project)))
    return found
