"""What a run says of each rule: how much it would have flagged, how right that was, how early, and how loud. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt
from statistics import median

from rules.backtest.flags import Flag, Key
from rules.backtest.noise import Noise, noise
from rules.backtest.outcome import Became, End, end_of
from rules.backtest.run import Found
from rules.facts import Flow, Milestone, Subject

TOO_FEW = 10
"""Below so many flags whose outcome is known, no share is told."""
NEEDLESS = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Share:
    """Some of all, with Wilson's 95 % interval; `part` None: too few to tell."""

    some: int
    of: int

    @property
    def part(self) -> float | None:
        return self.some / self.of if self.of >= TOO_FEW else None

    @property
    def interval(self) -> tuple[float, float]:
        if self.of == 0:
            return 0.0, 1.0
        n, p, z = self.of, self.some / self.of, 1.96
        middle, spread = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        low, high = (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)
        return max(low, 0.0), min(high, 1.0)


@dataclass(frozen=True, slots=True)
class Week:
    """A week by its Monday: how many flags stood at its beginning, and how many opened in it."""

    monday: date
    standing: int
    opened: int


@dataclass(frozen=True, slots=True)
class Scored:
    """A flag and what became of its subject."""

    flag: Flag
    end: End
    lead: float | None = None
    """Working days from its opening to a bad end; None: no bad end, or it had come before."""

    @property
    def is_needless(self) -> bool:
        """Its item moved by itself within three days."""
        return is_needless(self.flag)


def is_needless(flag: Flag) -> bool:
    """Whether the item of a flag moved by itself within three days."""
    return flag.moved_at is not None and flag.moved_at - flag.opened_at <= NEEDLESS


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule over the time of a run. `stood` is the median of days that closed flags stood.

    `precision`: of the flags whose end is known, those that ended badly. `recall`: of the subjects that it looked at
    and that ended badly, those flagged before. `needless`: of flags on items, those whose item moved by itself within
    three days. `lead` is the median of working days from flag to bad end,
    but for those that are merely open still.
    """

    rule: str
    type: str
    flags: tuple[Scored, ...]
    at_start: int
    standing: int
    stood: float | None
    outcomes: Mapping[Became, int]
    precision: Share
    recall: Share
    needless: Share
    lead: float | None
    noise: Noise
    weeks: tuple[Week, ...] = ()
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A run, rule by rule, over the time from `began` to `ended`; `moments` and `verdicts` say what it took."""

    began: datetime
    ended: datetime
    rules: tuple[RuleReport, ...]
    noise: Noise
    subjects: int
    moments: int
    verdicts: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Two runs over the same past, by subject: flagged only before (`gone`), only now (`new`), or in both, and of those
    how many earlier or later now.
    """

    type: str
    gone: tuple[Flag, ...] = ()
    new: tuple[Flag, ...] = ()
    both: int = 0
    earlier: int = 0
    later: int = 0


def report(found: Found, *, rules: Iterable[tuple[str, str]], projects: frozenset[str] | None = None) -> Report:
    """The report of a run for these rules (name, type), over all projects or those with these keys."""
    assert found.began is not None
    assert found.ended is not None
    last = {key: one for key, one in found.last.items() if projects is None or one.project.key in projects}
    flags = [flag for flag in found.flags if projects is None or flag.project in projects]
    subjects = tuple(last.values())
    milestones = {one.id: one for one in subjects if isinstance(one, Milestone)}
    ends = _Ends(found, milestones)
    return Report(
        began=found.began,
        ended=found.ended,
        rules=tuple(
            _rule(name, type_, [one for one in flags if one.rule == name], found, last, ends) for name, type_ in rules
        ),
        noise=noise(flags, subjects, began=found.began, ended=found.ended),
        subjects=len(last),
        moments=found.moments,
        verdicts=found.verdicts,
    )


class _Ends:
    """What became of subjects, as flags of a run see it."""

    def __init__(self, found: Found, milestones: Mapping[int, Milestone]) -> None:
        assert found.ended is not None
        self.found, self.milestones, self.ended = found, milestones, found.ended

    def of(self, key: Key, *, due: date | None, asked: datetime) -> End:
        subject = self.found.last[key]
        return end_of(subject, due=due, asked=asked, ends=self.ended, milestones=self.milestones)

    def scored(self, flag: Flag) -> Scored:
        end = self.of(flag.subject, due=flag.due, asked=flag.opened_at)
        calendar = self.found.last[flag.subject].project.calendar
        ahead = end.became.is_bad and end.at is not None and end.at > flag.opened_at
        # that something is open after so many days is no event that a flag could come before
        ahead = ahead and end.became is not Became.STILL_OPEN
        lead = calendar.working_days(flag.opened_at, end.at) if ahead and end.at is not None else None
        return Scored(flag, end, lead)


def _rule(
    name: str, type_: str, flags: Sequence[Flag], found: Found, last: Mapping[Key, Subject], ends: _Ends
) -> RuleReport:
    assert found.began is not None
    assert found.ended is not None
    scored = tuple(ends.scored(flag) for flag in flags)
    known = [one for one in scored if one.end.became not in (Became.UNKNOWN, Became.DROPPED)]
    on_items = [one for one in scored if one.flag.subject[0] == "item" and one.flag.opened_at > found.began]
    lead = [one.lead for one in scored if one.lead is not None]
    stood = [one.closed_at - one.opened_at for one in flags if one.closed_at is not None]
    return RuleReport(
        rule=name,
        type=type_,
        flags=scored,
        at_start=sum(one.opened_at <= found.began for one in flags),
        standing=sum(one.is_open for one in flags),
        stood=median(one / timedelta(days=1) for one in stood) if stood else None,
        outcomes=Counter(one.end.became for one in scored),
        precision=Share(sum(one.end.became.is_bad for one in known), len(known)),
        recall=_recall(name, flags, found, last, ends),
        needless=Share(sum(one.is_needless for one in on_items), len(on_items)),
        lead=median(lead) if lead else None,
        noise=noise(flags, tuple(last.values()), began=found.began, ended=found.ended),
        weeks=_weeks(flags, found.began, found.ended),
        errors=found.errors.get(name, 0),
    )


def _recall(name: str, flags: Sequence[Flag], found: Found, last: Mapping[Key, Subject], ends: _Ends) -> Share:
    """Of what ended badly under its eyes, how much it had flagged before that was certain."""
    assert found.began is not None
    first = {flag.subject: flag.opened_at for flag in reversed(flags)}
    caught = all_ = 0
    for key in found.judged.get(name, set()) & last.keys():
        end = ends.of(key, due=found.dues.get(key), asked=max(found.began, _made(last[key]) or found.began))
        if end.became.is_bad and end.at is not None and end.at > found.began:
            all_ += 1
            caught += key in first and first[key] < end.at
    return Share(caught, all_)


def _made(subject: Subject) -> datetime | None:
    return None if isinstance(subject, Flow) else subject.created_at


def _weeks(flags: Sequence[Flag], began: datetime, ended: datetime) -> tuple[Week, ...]:
    found = []
    start = began - timedelta(days=began.weekday(), hours=began.hour, minutes=began.minute, seconds=began.second)
    while start < ended:
        end = start + timedelta(days=7)
        standing = sum(one.opened_at <= start and (one.closed_at is None or one.closed_at > start) for one in flags)
        found.append(Week(start.date(), standing, sum(start < one.opened_at <= end for one in flags)))
        start = end
    return tuple(found)


def differences(before: Found, after: Found, *, projects: frozenset[str] | None = None) -> tuple[Difference, ...]:
    """What a run flags otherwise than another one over the same past, by type of rule."""
    old, new = _first(before.flags, projects), _first(after.flags, projects)
    found = []
    for type_ in sorted({type_ for type_, _ in (*old, *new)}):
        mine = {key: flag for (name, key), flag in old.items() if name == type_}
        theirs = {key: flag for (name, key), flag in new.items() if name == type_}
        both = mine.keys() & theirs.keys()
        found.append(
            Difference(
                type=type_,
                gone=tuple(mine[key] for key in sorted(mine.keys() - both)),
                new=tuple(theirs[key] for key in sorted(theirs.keys() - both)),
                both=len(both),
                earlier=sum(theirs[key].opened_at < mine[key].opened_at for key in both),
                later=sum(theirs[key].opened_at > mine[key].opened_at for key in both),
            )
        )
    return tuple(found)


def _first(flags: Iterable[Flag], projects: frozenset[str] | None) -> dict[tuple[str, Key], Flag]:
    found: dict[tuple[str, Key], Flag] = {}
    for flag in flags:
        if projects is None or flag.project in projects:
            found.setdefault((flag.type, flag.subject), flag)
    return found
