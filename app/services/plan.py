"""Planning: what each item should show, from the standings that are told on it. By level: the whole wish each time,
never a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.services.memory import load_standing
from app.services.projects import Projects
from app.services.publish import marker
from app.store import facts as store_facts
from app.store import publications, standings, subjects
from app.store.database import Tx
from app.store.publications import Shown
from app.store.standings import Kept
from integrations.ports import Adapters
from rules.engine import PreparedRule
from rules.facts import Item, Project
from rules.intents import Note
from rules.spec import Judgement
from rules.standing import Standing
from rules.verdict import Outcome, Reach, Severity
from rules.wording.note import acknowledged, all_clear, note, snoozed

Render = Callable[[Note], str]


@dataclass(frozen=True, slots=True)
class Flag:
    """An open standing that may be written, with the rule behind it."""

    rule: PreparedRule
    standing: Standing


@dataclass(frozen=True, slots=True)
class Wish:
    """What an item should show; `again_at` is when time alone could change it."""

    labels: tuple[str, ...] = ()
    body: str | None = None
    quiet: bool = False
    again_at: datetime | None = None


def plan(
    tx: Tx,
    item_ids: Sequence[int],
    *,
    lane_id: int,
    projects: Projects,
    rules: Mapping[int, PreparedRule],
    adapters: Adapters,
    tag: str,
    base_url: str,
    now: datetime,
) -> None:
    """Work out and record the wish of each item, and leave a mark for when to do so again."""
    if not item_ids:
        return
    told = standings.shown_on(tx, item_ids)
    known = publications.of_items(tx, item_ids)
    wanted = sorted(set(told) | set(known))
    items = store_facts.load_items(tx, wanted, projects=projects.facts)
    marks = []
    for item_id in wanted:
        item = items.get(item_id)
        if item is None:
            continue
        row = projects.rows[item.project.id]
        calendar = projects.calendars[item.project.id]
        wish = wish_of(
            item,
            told.get(item_id, ()),
            known.get(item_id),
            rules=rules,
            settle=timedelta(minutes=calendar.settle_minutes),
            linger=timedelta(minutes=calendar.clear_minutes),
            render=_renderer(adapters, row.tracker_kind, marker(tag, item_id)),
            page=f"{base_url}/i/{item_id}",
            now=now,
        )
        publications.wish(
            tx,
            item_id=item_id,
            project_id=item.project.id,
            connection_id=row.connection_id,
            known=known.get(item_id),
            labels=wish.labels,
            body=wish.body,
            quiet=wish.quiet,
            due_at=item.project.calendar.next_open(now),
        )
        if wish.again_at is not None:
            marks.append((lane_id, "plan", item_id, wish.again_at))
    subjects.add_marks(tx, marks, reason="to settle")


def _renderer(adapters: Adapters, kind: str, hidden: str) -> Render:
    return lambda found: adapters[kind].render(found, hidden)


def wish_of(
    item: Item,
    told: Sequence[Kept],
    known: Shown | None,
    *,
    rules: Mapping[int, PreparedRule],
    settle: timedelta,
    linger: timedelta,
    render: Render,
    page: str,
    now: datetime,
) -> Wish:
    """The wish of one item. A flag is written once it has stood for `settle`; one that cleared stays for `linger`, so
    that flapping shows nothing.
    """
    project = item.project
    before = set(known.want_labels) if known else set()
    flags: list[Flag] = []
    hushed: list[Standing] = []
    closed: list[tuple[Kept, Standing]] = []
    again: list[datetime] = []
    for kept in told:
        standing = load_standing(kept.memory)
        rule = rules.get(kept.rule_id)
        if kept.closed_at is not None:
            closed.append((kept, standing))
            continue
        if rule is None or not _may_be_written(rule, standing):
            continue
        if not standing.speaks(now):
            hushed.append(standing)
            again.extend(at for at in (standing.snoozed_until, standing.expected) if at is not None and at > now)
            continue
        ready = standing.opened_at + (timedelta() if standing.verdict.severity is Severity.URGENT else settle)
        if ready > now and not _is_shown(rule, project, before, known):
            again.append(ready)
            continue
        flags.append(Flag(rule, standing))
    for kept, standing in closed:
        rule = rules.get(kept.rule_id)
        until = (kept.closed_at or now) + linger
        if (
            rule is not None
            and until > now
            and _is_shown(rule, project, before, known)
            and _may_be_written(rule, standing)
        ):
            again.append(until)
            flags.append(Flag(rule, standing))
    labels = tuple(sorted({_label(flag.rule, project) for flag in flags if flag.rule.type.label}))
    spoken = [flag for flag in flags if _is_comment(flag.standing)]
    again_at = min(again, default=None)
    if spoken:
        judgements = [
            Judgement(rule=flag.rule.rule, subject=item, verdict=flag.standing.said, at=flag.standing.changed_at)
            for flag in spoken
        ]
        body = render(note(judgements, project=project, item_url_in_plumbline=page))
        return Wish(labels=labels, body=body, again_at=again_at)
    if known is None or (known.comment_id is None and known.sending_at is None):
        return Wish(labels=labels, again_at=again_at)
    return Wish(
        labels=labels, body=_quiet_body(project, hushed, closed, known, render, now), quiet=True, again_at=again_at
    )


def _may_be_written(rule: PreparedRule, standing: Standing) -> bool:
    """Only live rules write, only flags opened since they went live, and never what is for pages alone."""
    live_since = rule.rule.live_since
    return (
        rule.rule.mode == "live"
        and live_since is not None
        and standing.opened_at >= live_since
        and standing.said.outcome is Outcome.FLAGGED
        and standing.verdict.reach is not Reach.PAGE
        and standing.said.severity is not Severity.NOTE
    )


def _is_comment(standing: Standing) -> bool:
    return standing.said.reach is Reach.COMMENT


def _label(rule: PreparedRule, project: Project) -> str:
    return f"{project.settings.label_prefix}{rule.type.label}"


def _is_shown(rule: PreparedRule, project: Project, before: set[str], known: Shown | None) -> bool:
    """Whether this rule's flag is what the item already shows."""
    return known is not None and (_label(rule, project) in before if rule.type.label else known.want_body is not None)


def _quiet_body(
    project: Project,
    hushed: Sequence[Standing],
    closed: Sequence[tuple[Kept, Standing]],
    known: Shown,
    render: Render,
    now: datetime,
) -> str | None:
    """The one line that a comment shrinks to; None where nothing is known to say (it then stays as it is)."""
    today = project.calendar.local_date(now)
    for standing in hushed:
        if standing.is_acknowledged and standing.acknowledged_at is not None:
            return str(
                render(
                    acknowledged(since=standing.acknowledged_at, reason=standing.acknowledged_reason, project=project)
                )
            )
        if standing.snoozed_until is not None:
            return str(
                render(
                    snoozed(until=standing.snoozed_until, reason=standing.snoozed_reason, project=project, today=today)
                )
            )
    if closed:
        kept, standing = max(closed, key=lambda pair: pair[0].closed_at or now)
        return str(render(all_clear(standing.said, now=standing.verdict, project=project, since=kept.closed_at or now)))
    return known.shown_body
