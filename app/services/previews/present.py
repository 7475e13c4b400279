"""What a rule says now, on the live database, by the evaluator that runs live, a slice of subjects at a time. Nothing
is written: what the next judging would do is worked out in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.services import commitments, projects, usual
from app.services.memory import dump_standing, standing_of
from app.services.previews.told import Group, Named, Now
from app.services.previews.tried import LIVE, Tried
from app.services.steps import PENDING, shown_on
from app.store import derivation, facts, milestone_facts, previews, standings
from app.store.database import Database, Tx
from app.store.link_facts import Instead, told_on
from app.store.standings import Kept
from app.store.views.scope import Visible
from app.store.walks import Walks
from rules import engine
from rules.backtest.flags import Key
from rules.facts import Flow, Item, Milestone, Project, Subject
from rules.standing import Standing, step
from rules.verdict import Outcome, Reach, Severity, Verdict
from rules.wording.codec import dump_verdict
from rules.wording.render import outline

SLICE = 500
CLOSED_WITHIN = timedelta(days=90)
"""What was closed longer ago is not looked at unless a flag stands on it: any other of it would be dormant by now."""
ROUNDS = 8
NAMED = 100
GROUPS = 6
KINDS: Mapping[type[Subject], str] = {Item: "item", Milestone: "milestone", Flow: "flow"}


@dataclass(frozen=True, slots=True)
class Flagged:
    """A flag that the next judging would leave open; `kept` is its standing where it has one already."""

    subject: Named
    home: int | None
    standing: Standing
    verdict: Verdict
    kept: Kept | None

    def as_kept(self, rule_id: int, version: int) -> Kept:
        """The standing that would be stored."""
        return Kept(
            id=self.kept.id if self.kept is not None else 0,
            rule_id=rule_id,
            subject_kind=self.subject.kind,
            subject_id=self.subject.id,
            project_id=self.subject.project_id,
            shown_on=self.home,
            opened_at=self.standing.opened_at,
            closed_at=None,
            verdict=dump_verdict(self.verdict),
            memory=dump_standing(self.standing),
            outcome=Outcome.FLAGGED.value,
            rule_version=version,
        )


@dataclass(slots=True)
class Seen:
    """What was found so far, by subject: flags, how each subject came out (with the reason in outline), and which
    flags that stand now would close.
    """

    flags: dict[Key, Flagged] = field(default_factory=dict)
    came_out: dict[Key, tuple[Outcome, str]] = field(default_factory=dict)
    cleared: set[Key] = field(default_factory=set)
    was_told: dict[int, tuple[str, int | None]] = field(default_factory=dict)
    """What notes on items say of this rule today."""


@dataclass(slots=True)
class Present:
    """One look at everything that a rule covers."""

    db: Database
    tried: Tried
    visible: Visible
    now: datetime
    known: projects.Projects
    where: Mapping[int, Project]
    seen: Seen = field(default_factory=Seen)
    all: int = 0
    looked: int = 0

    def look(self, beat: Callable[[int, int], bool]) -> None:
        """Judge everything. `beat` is told how many of how many subjects are done and says whether to go on."""
        kind = KINDS[self.tried.prepared.type.judges]
        with self.db.read() as tx:
            ids = self._ids(tx, kind)
            self._leave(tx, kind, set(ids))
        self.all = len(ids)
        for start in range(0, len(ids), SLICE):
            with self.db.read() as tx:
                self._judge(tx, kind, ids[start : start + SLICE])
            self.looked = min(start + SLICE, len(ids))
            if not beat(self.looked, self.all):
                return
        if kind == "item":
            self._one_cause()

    def _ids(self, tx: Tx, kind: str) -> list[int]:
        where = sorted(self.where)
        if kind == "flow":
            return where
        if kind == "milestone":
            return previews.milestone_ids(tx, visible=self.visible, projects=where, kinds=self.tried.kinds)
        return previews.item_ids(
            tx,
            visible=self.visible,
            projects=where,
            kinds=self.tried.kinds,
            closed_since=self.now - CLOSED_WITHIN,
            rule_id=self.tried.rule.id,
        )

    def _leave(self, tx: Tx, kind: str, looked_at: set[int]) -> None:
        """Flags that stand where the rule would not look any more close with that."""
        for other, ids in standings.flagged_by(tx, self.tried.rule.id).items():
            left = [id_ for id_ in ids if other != kind or id_ not in looked_at]
            seen = self._may_be_seen(tx, other, left)
            for start in range(0, len(seen), SLICE):
                for one in standings.open_of(tx, other, seen[start : start + SLICE]).values():
                    if one.rule_id == self.tried.rule.id:
                        self.seen.cleared.add((other, one.subject_id))
                        if (told := _told_today(one, self.tried)) is not None:
                            self.seen.was_told[one.subject_id] = told

    def _may_be_seen(self, tx: Tx, kind: str, ids: Collection[int]) -> list[int]:
        if kind == "flow":
            return [id_ for id_ in sorted(ids) if self.visible.projects is None or id_ in self.visible.projects]
        return sorted(previews.seen(tx, kind, sorted(ids), visible=self.visible))

    def _load(self, tx: Tx, kind: str, ids: Sequence[int]) -> Mapping[int, Subject]:
        if kind == "item":
            return facts.load_items(tx, ids, projects=self.where)
        if kind == "flow":
            return {id_: usual.flow(Walks(tx), self.where[id_], now=self.now) for id_ in ids}
        found = milestone_facts.load_milestones(tx, ids, projects=self.where)
        return commitments.as_committed(tx, found, self.now)

    def _judge(self, tx: Tx, kind: str, ids: Sequence[int]) -> None:
        kept = {
            one.subject_id: one
            for one in standings.open_of(tx, kind, ids).values()
            if one.rule_id == self.tried.rule.id
        }
        for id_, subject in self._load(tx, kind, ids).items():
            self._judge_one((kind, id_), subject, kept.get(id_))
        for id_, one in kept.items():
            if one.outcome == Outcome.FLAGGED.value and (kind, id_) not in self.seen.flags:
                self.seen.cleared.add((kind, id_))

    def _judge_one(self, key: Key, subject: Subject, kept: Kept | None) -> None:
        seen, rule = self.seen, self.tried.rule
        seen.flags.pop(key, None)
        seen.came_out.pop(key, None)
        if kept is not None and (told := _told_today(kept, self.tried)) is not None:
            seen.was_told[key[1]] = told
        made = engine.judge((self.tried.prepared, *self.tried.beside), subject, self.now)
        verdict = next((one.verdict for one in made if one.rule is rule), None)
        if verdict is None:
            return
        before = standing_of(kept, rule)
        after, _ = step(before, verdict, rule, calendar=subject.project.calendar, now=self.now)
        if after is not None and after.is_open:
            named = _named(key, subject, after)
            seen.flags[key] = Flagged(named, shown_on(subject, after), after, verdict, kept)
            seen.cleared.discard(key)
        is_open = not isinstance(subject, Item | Milestone) or _is_open(subject)
        if is_open or key in seen.flags:
            pending = after is not None and after.is_pending
            outcome = Outcome.FLAGGED if key in seen.flags else Outcome.PENDING if pending else verdict.outcome
            seen.came_out[key] = (outcome, outline(verdict.reason, tracker=subject.project.tracker))

    # --- one cause, one comment

    def _one_cause(self) -> None:
        """What waits on items where flags would turn is judged with what would stand there, until nothing turns."""
        before = self.seen.was_told
        for _ in range(ROUNDS):
            told = self._told()
            turned = {id_ for id_ in told.keys() | before.keys() if told.get(id_) != before.get(id_)}
            if not turned:
                return
            self._judge_waiting(turned, told)
            before = told

    def _judge_waiting(self, turned: set[int], told: Mapping[int, tuple[str, int | None]]) -> None:
        rule_id = self.tried.rule.id
        with self.db.read() as tx:
            waiting = [id_ for _, id_ in derivation.waiting_on(tx, turned)]
            for start in range(0, len(waiting), SLICE):
                ids = waiting[start : start + SLICE]
                kept = {
                    one.subject_id: one for one in standings.open_of(tx, "item", ids).values() if one.rule_id == rule_id
                }
                items = facts.load_items(tx, ids, projects=self.where)
                others = {link.other.id for item in items.values() for link in item.links}
                flags = told_on(tx, others, instead=Instead(rule_id, told))
                for id_, item in items.items():
                    if ("item", id_) in self.seen.came_out or ("item", id_) in self.seen.flags:
                        self._judge_one(("item", id_), _overlaid(item, flags), kept.get(id_))

    def _told(self) -> dict[int, tuple[str, int | None]]:
        """What notes on items would say of this rule."""
        found: dict[int, tuple[str, int | None]] = {}
        for (kind, id_), flag in self.seen.flags.items():
            waits_on = flag.verdict.waits_on
            if kind != "item" or flag.verdict.severity is Severity.NOTE:
                continue
            if flag.verdict.reach is not Reach.PAGE:
                found[id_] = (self.tried.rule.type, None)
            elif waits_on is not None:
                found[id_] = (self.tried.rule.type, waits_on.id)
        return found

    # --- what is told

    def told(self) -> Now:
        """What was found, for people."""
        counts: Counter[Outcome] = Counter(outcome for outcome, _ in self.seen.came_out.values())
        return Now(
            as_of=self.now,
            flagged=len(self.seen.flags),
            of=len(self.seen.came_out),
            clear=counts[Outcome.CLEAR],
            skipped=counts[Outcome.SKIPPED],
            pending=counts[Outcome.PENDING],
            errors=counts[Outcome.ERROR],
            cleared=len(self.seen.cleared - self.seen.flags.keys()),
            looked=self.looked,
            all=self.all,
            named=tuple(longest_first(flag.subject for flag in self.seen.flags.values())[:NAMED]),
            why_clear=_groups(self.seen.came_out.values(), Outcome.CLEAR),
            why_skipped=_groups(self.seen.came_out.values(), Outcome.SKIPPED),
        )


def present(db: Database, tx: Tx, tried: Tried, *, visible: Visible, now: datetime) -> Present:
    """A look that has not begun."""
    known = projects.load(tx)
    return Present(db, tried, visible, now, known, tried.where(known.judged, visible))


def longest_first(found: Iterable[Named]) -> list[Named]:
    return sorted(found, key=lambda one: (one.since or one.opened_at, one.kind, one.id))


def _named(key: Key, subject: Subject, standing: Standing) -> Named:
    return Named(
        kind=key[0],
        id=key[1],
        project_id=subject.project.id,
        project=subject.project.key,
        key=subject.key,
        title="" if isinstance(subject, Flow) else subject.title,
        code=standing.verdict.reason.code,
        opened_at=standing.opened_at,
        since=standing.since,
        moved_at=subject.last_movement.at if isinstance(subject, Item) else None,
    )


def _is_open(subject: Item | Milestone) -> bool:
    return subject.state.is_open if isinstance(subject, Item) else subject.open


def _overlaid(item: Item, flags: Mapping[int, tuple[str, frozenset[int]]]) -> Item:
    links = []
    for link in item.links:
        flag = flags.get(link.other.id)
        links.append(replace(link, other_flag=flag[0] if flag is not None and item.id not in flag[1] else None))
    return replace(item, links=tuple(links))


def _told_today(kept: Kept, tried: Tried) -> tuple[str, int | None] | None:
    """What the note on an item says of its flag today."""
    if tried.before is None or tried.before.mode != LIVE or kept.outcome == PENDING or kept.subject_kind != "item":
        return None
    if kept.outcome != Outcome.FLAGGED.value or kept.verdict["severity"] == Severity.NOTE.value:
        return None
    if kept.verdict["reach"] != Reach.PAGE.value:
        return (tried.before.type, None)
    waits_on = kept.verdict.get("waits_on")
    return (tried.before.type, waits_on[0]) if waits_on is not None else None


def _groups(came_out: Iterable[tuple[Outcome, str]], outcome: Outcome) -> tuple[Group, ...]:
    """The reasons for an outcome, most frequent first; what is left is one group."""
    counts = Counter(words for found, words in came_out if found is outcome).most_common()
    groups = [Group(words, count) for words, count in counts[:GROUPS]]
    left = sum(count for _, count in counts[GROUPS:])
    return (*groups, *((Group("", left),) if left else ()))
