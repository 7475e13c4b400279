"""What was, moment by moment: a scratch database is taken back to an instant and played forward, and whatever
changes is read as facts by the code that reads them for live judging.

    with scratch() as tx:
        copy(tx, live, project_ids)
        for moment in Feed(tx, since=..., until=...).moments():
            ...
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any

from app.services import commitments, projects, statistics, usual
from app.services.backtest.rewind import Names, Past, rewind
from app.services.deriving import derive_items
from app.store import derivation, examples, facts, links, milestone_facts, moves, past, programmes, subjects
from app.store import statistics as kept
from app.store.database import Tx
from app.store.walks import Walks
from rules import baseline
from rules.backtest.run import Moment
from rules.facts import Milestone, Subject
from rules.risk.pulls import QUIET
from rules.settings import fold

LOOKS_BACK = timedelta(days=90)
"""What was closed longer ago than this at the beginning is not judged: flags of it are dormant by then."""
PAGE = 500
Act = Callable[["_Touched"], None]


@dataclass(slots=True)
class _Touched:
    """What the events of one instant concern. `reload` are items to read anew without deriving them."""

    derive: set[int] = field(default_factory=set)
    reload: set[int] = field(default_factory=set)
    changes: list[int] = field(default_factory=list)
    """Changes that came, not yet where changes are read from."""
    milestones: set[int] = field(default_factory=set)
    flows: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    turned: set[int] = field(default_factory=set)
    """Milestones that began, ended or got another date: what is in them may be judged otherwise."""
    new: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    everything: bool = False

    def __bool__(self) -> bool:
        facts = self.derive or self.reload or self.milestones or self.flows
        return bool(facts or self.gone or self.turned or self.everything)


class Feed:
    """The moments of a scratch database between two instants.

    `within`: events so near to each other are one moment. `derive_all`: nothing was derived yet, as in a history that
    was read from a file. `uses`: the statistics that the rules go by (None: all); the others are not counted. Some are
    never counted anew (`statistics.AS_KEPT`): they are known as they were kept, from when they were. `heard` is called
    now and then while the database is taken back; it may raise to stop.
    """

    def __init__(
        self,
        tx: Tx,
        *,
        since: datetime,
        until: datetime,
        within: timedelta = timedelta(),
        derive_all: bool = False,
        uses: Collection[str] | None = None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self.tx, self.since, self.until, self.within, self.derive_all = tx, since, until, within, derive_all
        self.uses, self.heard = uses, heard
        self.counted = (statistics.COUNTERS.keys() if uses is None else set(uses)) - statistics.AS_KEPT
        self.project_of: dict[int, int] = {}
        self.events: list[tuple[datetime, int, Act]] = []
        self.order = count()
        self.projects = projects.load(tx)
        self.walks = Walks(tx)

    def moments(self) -> Iterator[Moment]:
        """The state at the beginning, then every change. The scratch database is played forward meanwhile."""
        self._take_back()
        heapify(self.events)
        yield from self._at_first()
        while self.events and self.events[0][0] <= self.until:
            at = self.events[0][0]
            touched, last = _Touched(), at
            while self.events and self.events[0][0] <= at + self.within:
                last, _, act = heappop(self.events)
                act(touched)
            if touched:
                yield self._moment(touched, last)

    # --- back to the beginning

    def _take_back(self) -> None:
        tx, since = self.tx, self.since
        self.project_of = dict(past.every_item(tx))
        if self.derive_all:  # when links were drawn is read off what is derived of their ends
            self._point()
            self._derive(past.with_links(tx))
        names = Names(people=past.people(tx), stages={fold(status): stage for status, stage in past.stages(tx).items()})
        drawn = past.take_out_links(tx, since)
        stale = []
        for row, told in past.with_later(tx, since, settled_before=since - LOOKS_BACK):
            self._take_back_item(row, [Past(*one) for one in told], names)
            stale.append(row["id"])
            if len(stale) % PAGE == 0:
                self.heard()
        past.take_out_changes(tx, since)
        for link in drawn:
            self._plan(link.at, self._drawing(link.row))
        for row, dues, changes in past.all_milestones(tx):
            self._take_back_milestone(row, dues, changes)
        decided = past.with_settings(tx, until=since)
        for settings in past.take_out(tx, "project_settings", "valid_from", since):
            if settings["project_id"] in decided:
                self._plan(settings["valid_from"], self._settings(settings))
            else:  # before a project was watched it is taken to have been as it was set up
                decided.add(settings["project_id"])
                past.put_back(tx, "project_settings", settings)
        for learnt in past.take_out(tx, "statistic", "as_of", since):
            self._plan(learnt["as_of"], self._learnt(learnt))
        for frozen in past.take_out(tx, "baseline", "created_at", since):
            if frozen["how"] == "command":  # others are made anew when their time comes
                self._plan(frozen["created_at"], self._baseline(frozen))
        self.projects = projects.load(tx)
        wanted = {id_ for id_, _ in past.every_item(tx)} if self.derive_all else set(stale) & self.project_of.keys()
        self._derive(wanted, heard=self.heard)
        for project_id in self.projects.judged:
            self._count(project_id, self.since)

    def _point(self) -> None:
        """Lead links that name their target in words to it."""
        by_project: dict[int, list[int]] = {}
        for item_id, project_id in self.project_of.items():
            by_project.setdefault(project_id, []).append(item_id)
        for project_id, ids in by_project.items():
            if project_id in self.projects.rows:
                for start in range(0, len(ids), PAGE):
                    tracker_id = self.projects.rows[project_id].tracker_id
                    links.point(self.tx, ids[start : start + PAGE], tracker_id=tracker_id)

    def _plan(self, at: datetime, act: Act) -> None:
        self.events.append((at, next(self.order), act))

    def _take_back_item(self, row: dict[str, Any], changes: Sequence[Past], names: Names) -> None:
        """Set an item back, and plan its way forward."""
        born = row["created_at"] or self.since
        was, steps = rewind(row, changes, max(self.since, born - timedelta(microseconds=1)), names=names)
        gone_at = row["deleted_at"]
        if gone_at is not None and gone_at > self.since:
            was["deleted_at"] = was["moved_to"] = None
            self._plan(gone_at, self._leaving(row["id"], {"deleted_at": gone_at, "moved_to": row["moved_to"]}))
        if born > self.since:
            past.unbear(self.tx, row["id"])
            self._plan(born, self._birth(was))
        else:
            columns = {name: value for name, value in was.items() if value != row[name]}
            if columns:
                past.put_item(self.tx, row["id"], columns)
        moved = {step.change_id for step in steps}
        for step in steps:
            self._plan(step.at, self._step(row["id"], step.values, step.change_id))
        for one in changes:
            if one.at > self.since and one.id not in moved:
                self._plan(one.at, self._step(row["id"], {}, one.id))

    def _take_back_milestone(
        self, row: dict[str, Any], dues: list[tuple[datetime, date | None]], changes: Sequence[dict[str, Any]]
    ) -> None:
        """Set a milestone back, and plan its way forward. A date that was first heard of late is taken to have held
        from the beginning.
        """
        since, id_ = self.since, row["id"]
        if dues and row["created_at"] is not None and dues[0][0] > row["created_at"]:
            dues[0] = (row["created_at"], dues[0][1])
        past.put_dues(self.tx, id_, [one for one in dues if one[0] <= since])
        known = [due for as_of, due in dues if as_of <= since]
        values: dict[str, Any] = {"due": known[-1] if known else None if dues else row["due"]}
        for as_of, due in dues:
            if as_of > since:
                held = [*(one for one in dues if one[0] <= as_of)]
                self._plan(as_of, self._milestone(id_, {"due": due}, dues=held))
        turns = [one for one in changes if one["field"] == "milestone_state"]
        closed_at = row["closed_at"]
        if closed_at is not None and closed_at > since:
            values |= {"is_open": True, "closed_at": None, "released": False, "growth": None, "kept": None}
            shut = {"is_open": row["is_open"], "closed_at": closed_at, "released": row["released"]}
            self._plan(closed_at, self._milestone(id_, shut, ended=row["native_id"]))
        for one in turns:
            if one["at"] > since and one["at"] != closed_at and one["after"] == "open":
                self._plan(one["at"], self._milestone(id_, {"is_open": True, "closed_at": None}))
        gone_at = row["deleted_at"]
        if gone_at is not None and gone_at > since:
            values |= {"deleted_at": None, "is_open": True}
            self._plan(gone_at, self._milestone(id_, {"deleted_at": gone_at, "is_open": False}, gone=True))
        past.put_milestone(self.tx, id_, values)

    # --- what happens at an instant

    def _step(self, item_id: int, values: Mapping[str, Any], change_id: int | None) -> Act:
        def act(touched: _Touched) -> None:
            if values:
                past.put_item(self.tx, item_id, values)
            if change_id is not None:
                touched.changes.append(change_id)
            touched.derive.add(item_id)

        return act

    def _bring(self, touched: _Touched) -> None:
        """Put the changes that came where they are read from."""
        past.put_changes(self.tx, touched.changes)
        touched.changes.clear()

    def _birth(self, row: dict[str, Any]) -> Act:
        def act(touched: _Touched) -> None:
            past.bear(self.tx, row)
            touched.derive.update((row["id"], *past.naming(self.tx, row["id"])))

        return act

    def _leaving(self, item_id: int, values: dict[str, Any]) -> Act:
        def act(touched: _Touched) -> None:
            past.put_item(self.tx, item_id, {**values, "is_open": False})
            touched.derive.add(item_id)
            touched.gone.add(item_id)

        return act

    def _drawing(self, row: dict[str, Any]) -> Act:
        def act(touched: _Touched) -> None:
            past.draw(self.tx, row)
            touched.derive.update({row["source_item_id"], row["target_item_id"]} - {None})

        return act

    def _milestone(
        self,
        milestone_id: int,
        values: dict[str, Any],
        *,
        dues: Iterable[tuple[datetime, date | None]] = (),
        ended: str | None = None,
        gone: bool = False,
    ) -> Act:
        def act(touched: _Touched) -> None:
            past.put_milestone(self.tx, milestone_id, values)
            if dues:
                past.put_dues(self.tx, milestone_id, dues)
            touched.milestones.add(milestone_id)
            touched.turned.add(milestone_id)
            if ended is not None:
                touched.ended.add(ended)
            if gone:
                touched.gone.add(-milestone_id)

        return act

    def _settings(self, row: dict[str, Any]) -> Act:
        def act(touched: _Touched) -> None:
            past.put_back(self.tx, "project_settings", row)
            self.projects = projects.load(self.tx)
            touched.everything = True

        return act

    def _baseline(self, row: dict[str, Any]) -> Act:
        def act(touched: _Touched) -> None:
            # with an id of its own: the newest counts, and others may have been drawn up meanwhile
            past.put_back(self.tx, "baseline", {name: value for name, value in row.items() if name != "id"})
            touched.milestones.add(row["milestone_id"])

        return act

    def _learnt(self, row: dict[str, Any]) -> Act:
        def act(touched: _Touched) -> None:
            past.put_back(self.tx, "statistic", {name: value for name, value in row.items() if name != "id"})
            self.projects = projects.load(self.tx)
            quiet = examples.open_since(self.tx, row["project_id"], until=row["as_of"] - QUIET)
            touched.reload.update(quiet)

        return act

    def _count(self, project_id: int, now: datetime) -> statistics.Counted:
        """Make a project's statistics anew, and plan the next time."""
        project = self.projects.facts[project_id]
        counted = statistics.count(self.tx, project, now, walks=self.walks, wanted=self.counted)
        kept.save(self.tx, project_id, counted.statistics, now=now)
        if counted.statistics:
            self.projects = projects.load(self.tx)
        next_at = statistics.next_refresh(project.calendar, now)
        heappush(self.events, (next_at, next(self.order), self._counting(project_id, next_at)))
        return counted

    def _counting(self, project_id: int, now: datetime) -> Act:
        def act(touched: _Touched) -> None:
            self._bring(touched)
            self.walks.forget(touched.derive)
            counted = self._count(project_id, now)
            touched.reload |= counted.items
            touched.milestones |= counted.milestones
            touched.flows |= {project_id} if counted.flow else set()

        return act

    def _look(self, milestone_id: int) -> Act:
        return lambda touched: touched.milestones.add(milestone_id)

    # --- facts

    def _derive(self, item_ids: set[int], *, heard: Callable[[], None] = lambda: None) -> set[int]:
        self.walks.forget(item_ids)
        concerned: set[int] = set()
        by_project: dict[int, list[int]] = {}
        for item_id in sorted(item_ids):
            by_project.setdefault(self.project_of[item_id], []).append(item_id)
        for project_id, ids in by_project.items():
            if project_id in self.projects.facts:
                for start in range(0, len(ids), PAGE):
                    heard()
                    concerned |= derive_items(self.tx, self.projects, project_id, ids[start : start + PAGE])
        moves.settle_owners(self.tx, concerned)
        derivation.save_milestone_sums(self.tx, concerned)
        return concerned

    def _at_first(self) -> Iterator[Moment]:
        """What was there at the beginning, a page at a time."""
        recent = self.since - LOOKS_BACK
        every = [id_ for id_, _ in past.items(self.tx, open_or_closed_since=recent)]
        milestones = set(past.milestones(self.tx, open_or_closed_since=recent))
        derivation.save_milestone_sums(self.tx, milestones)
        flows = self._flows(self.projects.judged, self.since) if self.uses is None or "usual" in self.uses else []
        for start in range(0, len(every), PAGE):
            yield Moment(self.since, tuple(self._items(every[start : start + PAGE])))
        yield Moment(self.since, (*self._milestones(milestones, self.since), *flows))

    def _moment(self, touched: _Touched, now: datetime) -> Moment:
        tx = self.tx
        self._bring(touched)
        if touched.everything:
            touched.derive.update(id_ for id_, _ in past.items(tx, open_or_closed_since=now - LOOKS_BACK))
            touched.milestones.update(past.milestones(tx, open_or_closed_since=now - LOOKS_BACK))
        if touched.ended:
            for row in self.projects.rows.values():
                found = derivation.concerned(tx, row.tracker_id, new=touched.new, ended=touched.ended)
                touched.derive.update(id_ for _, id_ in found)
        touched.milestones |= self._derive(touched.derive & self.project_of.keys())
        derivation.save_milestone_sums(tx, touched.milestones)
        touched.reload |= {id_ for _, id_ in subjects.open_items_in(tx, touched.turned)} if touched.turned else set()
        touched.reload |= {id_ for _, id_ in derivation.neighbours(tx, sorted(touched.derive))}
        touched.milestones |= {id_ for _, id_ in programmes.speaking_for(tx, touched.milestones)}
        items = self._items(sorted((touched.derive | touched.reload) - touched.gone))
        milestones = self._milestones({id_ for id_ in touched.milestones if -id_ not in touched.gone}, now)
        gone = tuple(("item", id_) if id_ > 0 else ("milestone", -id_) for id_ in sorted(touched.gone))
        return Moment(now, (*items, *milestones, *self._flows(touched.flows, now)), gone)

    def _items(self, ids: Sequence[int]) -> list[Subject]:
        found: list[Subject] = []
        for start in range(0, len(ids), PAGE):
            page = facts.load_items(self.tx, ids[start : start + PAGE], projects=self.projects.judged)
            subjects.save_states(self.tx, {id_: (item.state.value, item.state_since) for id_, item in page.items()})
            self.walks.forget(page)
            found += page.values()
        return found

    def _milestones(self, ids: set[int], now: datetime) -> list[Subject]:
        loaded = milestone_facts.load_milestones(self.tx, ids, projects=self.projects.judged)
        found = commitments.with_baselines(self.tx, loaded, now)
        for milestone in found.values():
            self._look_again(milestone, now)
        return [found[id_] for id_ in sorted(found)]

    def _flows(self, project_ids: Iterable[int], now: datetime) -> list[Subject]:
        judged = self.projects.judged
        return [usual.flow(self.walks, judged[id_], now=now) for id_ in sorted(set(project_ids) & judged.keys())]

    def _look_again(self, milestone: Milestone, now: datetime) -> None:
        """A plan that is made or settled later is looked at then: facts do not change by themselves."""
        at = baseline.freezes_at(milestone)
        if at is None or not milestone.open:
            return
        for when in (at, at + commitments.GRACE):
            if when > now:
                heappush(self.events, (when, next(self.order), self._look(milestone.id)))
                return
