"""The past judged again: facts as they were, the same engine, and a clock that jumps from one instant to the next at
which anything could change.

    found = run(feed, sets, until=end)

A feed gives *moments*: an instant, and the subjects whose facts are new then. Between them the clock stops wherever a
verdict said that it could flip by itself. Memory is the same `step` that runs live, so what opens and clears, and
when, is what the server would have done with these facts in this order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from heapq import heappop, heappush
from itertools import count

from rules import engine
from rules.backtest.flags import Flag, Key, due_of, key_of
from rules.facts import Item, Link, LinkKind, Subject
from rules.spec import Rule
from rules.standing import Standing, step
from rules.verdict import Outcome, Reach, Severity

WAITS = (LinkKind.CLOSES, LinkKind.IMPLEMENTS, LinkKind.BLOCKS)
"""Links by which an item waits on their other end."""
ROUNDS = 8
"""How often one instant is looked at again because flags turned: as far as what waits on what is followed."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant at which facts changed. `gone` are subjects that are nowhere any more."""

    at: datetime
    subjects: tuple[Subject, ...] = ()
    gone: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in force from an instant on (None: from the beginning)."""

    rules: tuple[engine.PreparedRule, ...]
    valid_from: datetime | None = None


@dataclass(slots=True)
class Found:
    """What a run found: all flags in the order in which they opened, the last facts of every subject, the first date
    that each was wanted by, which subjects each rule looked at without skipping, and how many verdicts that took.
    """

    flags: list[Flag] = field(default_factory=list)
    last: dict[Key, Subject] = field(default_factory=dict)
    dues: dict[Key, date | None] = field(default_factory=dict)
    judged: dict[str, set[Key]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    verdicts: int = 0
    moments: int = 0
    began: datetime | None = None
    ended: datetime | None = None


def run(feed: Iterable[Moment], sets: Sequence[RuleSet], *, until: datetime, as_live: bool = False) -> Found:
    """Judge a feed by the rules in force at each time, up to an instant. Raises ValueError as `Run.take` does."""
    one = Run(sets, as_live=as_live)
    for moment in feed:
        if moment.at > until:
            break
        one.take(moment)
    return one.finish(until)


class Run:
    """One run, for several over the same feed: what is known of every subject, what stands, and when to look again.

    `as_live`: take every rule that is not off as if it were live, as people ask before they let one speak.
    """

    def __init__(self, sets: Sequence[RuleSet], *, as_live: bool = False) -> None:
        self.sets = sorted(sets, key=lambda one: (one.valid_from is not None, one.valid_from))
        self.as_live = as_live
        self.rules: tuple[engine.PreparedRule, ...] = ()
        self.found = Found()
        self.standings: dict[Key, dict[str, Standing]] = {}
        self.open: dict[tuple[Key, str], Flag] = {}
        self.held_by: dict[tuple[Key, str], int] = {}
        self.waiters: dict[int, set[Key]] = {}
        self.looks: list[tuple[datetime, int, Key]] = []
        self.next_look: dict[Key, datetime | None] = {}
        self.order = count()

    def take(self, moment: Moment) -> None:
        """Take in the next moment. Raises ValueError for one that lies before the last."""
        found = self.found
        if found.ended is not None and moment.at < found.ended:
            raise ValueError(f"a moment of {moment.at} after one of {found.ended}")
        if found.began is None:
            found.began = moment.at
            self._put_in_force(moment.at)
        self._pass_time(moment.at)
        self._take(moment)

    def finish(self, until: datetime) -> Found:
        """Let time pass to the end, and give what was found."""
        self._pass_time(until)
        if self.found.began is None:
            self.found.began = until
        return self.found

    # --- time

    def _pass_time(self, until: datetime) -> None:
        """Look at what becomes due before an instant, or at it, each at its own time."""
        while True:
            due = self.looks[0][0] if self.looks else None
            turn = self.sets[0].valid_from if self.sets else None
            at = min((one for one in (due, turn) if one is not None), default=None)
            if at is None or at > until:
                break
            if turn == at:
                self._put_in_force(at)
                self._judge(set(self.found.last), at)
            else:
                self._judge(self._due(at), at)
        self.found.ended = until

    def _due(self, at: datetime) -> set[Key]:
        due = set()
        while self.looks and self.looks[0][0] <= at:
            when, _, key = heappop(self.looks)
            if self.next_look.get(key) == when:
                due.add(key)
        return due

    def _put_in_force(self, now: datetime) -> None:
        """The rule set that holds from now on; those that never came to be are passed over."""
        while self.sets and (self.sets[0].valid_from is None or self.sets[0].valid_from <= now):
            self.rules = self.sets.pop(0).rules
        if self.as_live:
            self.rules = tuple(_as_live(one) for one in self.rules)

    # --- facts

    def _take(self, moment: Moment) -> None:
        self.found.moments += 1
        for key in moment.gone:
            self._forget(key, moment.at)
        for subject in moment.subjects:
            key = key_of(subject)
            self._rewire(self.found.last.get(key), subject)
            self.found.last[key] = subject
            if self.found.dues.get(key) is None:
                self.found.dues[key] = due_of(subject)
            for flag in (self.open.get((key, rule)) for rule in self.standings.get(key, ())):
                if flag is not None and isinstance(subject, Item):
                    flag.see(subject)
        self._judge({key_of(subject) for subject in moment.subjects}, moment.at)

    def _rewire(self, before: Subject | None, after: Subject) -> None:
        """Who is to be asked again where the flag of another item turns."""
        if isinstance(before, Item):
            for link in _waits(before):
                self.waiters[link.other.id].discard(key_of(before))
        if isinstance(after, Item):
            for link in _waits(after):
                self.waiters.setdefault(link.other.id, set()).add(key_of(after))

    def _forget(self, key: Key, now: datetime) -> None:
        subject = self.found.last.get(key)
        if subject is not None:
            self._rewire(subject, replace(subject, links=()) if isinstance(subject, Item) else subject)
        self.next_look.pop(key, None)
        for rule in self.standings.pop(key, {}):
            if (flag := self.open.pop((key, rule), None)) is not None:
                flag.close(now, code="gone")

    # --- judging

    def _judge(self, keys: set[Key], now: datetime) -> None:
        """Judge subjects, and what waits on those of them whose flags turned, until nothing turns any more."""
        for _ in range(ROUNDS):
            turned = {key for key in sorted(keys) if self._judge_one(key, now)}
            keys = {waiter for kind, id_ in turned if kind == "item" for waiter in self.waiters.get(id_, ())}
            if not keys:
                return

    def _judge_one(self, key: Key, now: datetime) -> bool:
        """Judge one subject; whether what others may be told of its flags is another than before."""
        subject = self._overlaid(self.found.last[key])
        judgements = engine.judge(self.rules, subject, now)
        self.found.verdicts += len(judgements)
        standings = self.standings.setdefault(key, {})
        before = self._told(key)
        heard = set()
        for judgement in judgements:
            name, verdict = judgement.rule.name, judgement.verdict
            heard.add(name)
            if verdict.outcome is Outcome.ERROR:
                self.found.errors[name] = self.found.errors.get(name, 0) + 1
            elif verdict.outcome is not Outcome.SKIPPED:
                self.found.judged.setdefault(name, set()).add(key)
            known = self._remembered(key, judgement.rule)
            after, _ = step(known, verdict, judgement.rule, calendar=subject.project.calendar, now=now)
            self._note(key, subject, judgement.rule, known, after, now)
            self._remember(key, judgement.rule, after)
        for name in [name for name in standings if name not in heard]:  # off, removed, or it looks here no longer
            if (flag := self.open.pop((key, name), None)) is not None:
                flag.close(now, code="rule")
            del standings[name]
        opens = (one.opens_at for one in standings.values() if one.is_pending)
        at = min((one for one in (engine.recheck_at(judgements), *opens) if one is not None), default=None)
        self.next_look[key] = at
        if at is not None:
            heappush(self.looks, (at, next(self.order), key))
        return self._told(key) != before

    def _remembered(self, key: Key, rule: Rule) -> Standing | None:
        """What is remembered of a rule. How long another version of it has held says nothing of this one."""
        known = self.standings[key].get(rule.name)
        if known is not None and known.is_pending and self.held_by.get((key, rule.name)) != rule.version:
            return None
        return known

    def _remember(self, key: Key, rule: Rule, standing: Standing | None) -> None:
        if standing is None:
            self.standings[key].pop(rule.name, None)
            return
        self.standings[key][rule.name] = standing
        self.held_by[(key, rule.name)] = rule.version

    def _note(
        self, key: Key, subject: Subject, rule: Rule, before: Standing | None, after: Standing | None, now: datetime
    ) -> None:
        """Keep what a step did as a flag that opened, got louder or closed."""
        was, is_ = before is not None and before.is_open, after is not None and after.is_open
        if after is None or not (was or is_):
            return
        flag = self.open.get((key, rule.name))
        if not was:
            flag = self.open[(key, rule.name)] = Flag.of(rule, subject, after, number=len(self.found.flags))
            self.found.flags.append(flag)
        assert flag is not None
        if is_:
            flag.hear(after.verdict, now)
        else:
            flag.close(now, code=after.verdict.reason.code)
            del self.open[(key, rule.name)]

    # --- one cause, one comment

    def _told(self, key: Key) -> tuple[str, int | None] | None:
        """The open flag of an item that others may wait on: its type, and the item where it is told of instead."""
        found: tuple[str, int | None] | None = None
        for rule in self.rules:
            flag = self.open.get((key, rule.rule.name))
            if flag is None or rule.rule.mode != "live" or flag.severity is Severity.NOTE:
                continue
            if flag.reach is not Reach.PAGE:
                found = (rule.rule.type, None)
            elif flag.waits_on is not None and found is None:
                found = (rule.rule.type, flag.waits_on)
        return found

    def _overlaid(self, subject: Subject) -> Subject:
        """The subject with what stands on the items that it waits on, as this run has it."""
        if not isinstance(subject, Item) or not subject.links:
            return subject
        links = tuple(self._seen(link, subject.id) for link in subject.links)
        return subject if links == subject.links else replace(subject, links=links)

    def _seen(self, link: Link, mine: int) -> Link:
        way = [link.other.id]
        told = self._told(("item", link.other.id))
        while told is not None and told[1] is not None:
            if told[1] in way or len(way) > ROUNDS:
                return _flagged(link, None)  # waiting in a ring is told of nowhere
            way.append(told[1])
            told = self._told(("item", told[1]))
        if told is None or mine in way[1:]:
            return _flagged(link, None)
        first = self._told(("item", link.other.id))
        return _flagged(link, first[0] if first is not None else None)


def _flagged(link: Link, type_: str | None) -> Link:
    return link if link.other_flag == type_ else replace(link, other_flag=type_)


def _waits(item: Item) -> Iterator[Link]:
    return (link for link in item.links if link.inbound and link.kind in WAITS)


def _as_live(prepared: engine.PreparedRule) -> engine.PreparedRule:
    if prepared.rule.mode != "observe":
        return prepared
    return replace(prepared, rule=replace(prepared.rule, mode="live"))
