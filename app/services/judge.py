"""Judging in a drain's transaction: subjects become facts, facts verdicts, verdicts standings, standings what each
item should show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from app.services import answers, commitments, floods, gone, plan, removals, usual
from app.services.deriving import derive_items
from app.services.markers import marker_prefix
from app.services.memory import ESCALATED, withdrawn
from app.services.projects import Projects
from app.services.steps import PENDING, steps, turned
from app.services.taking import Taking
from app.services.telling import Telling
from app.store import answers as kept_answers
from app.store import (
    derivation,
    instance,
    links,
    milestone_facts,
    moves,
    people,
    programmes,
    publications,
    rules,
    standings,
    subjects,
    trackers,
)
from app.store import facts as store_facts
from app.store import gone as store_gone
from app.store.database import Tx
from app.store.standings import Kept, Saved
from app.store.subjects import Due
from app.store.walks import Walks
from app.store.work import Work
from integrations.ports import Adapters
from integrations.readings import Reading
from rules import engine
from rules.spec import Rule

log = structlog.get_logger()


@dataclass(slots=True)
class Court:
    """Everything that one transaction judges."""

    tx: Tx
    lane_id: int
    this: instance.Instance
    projects: Projects
    base_url: str
    adapters: Adapters
    items: set[int] = field(default_factory=set)
    milestones: set[int] = field(default_factory=set)
    plans: set[int] = field(default_factory=set)
    flows: set[int] = field(default_factory=set)
    escalated: bool = False
    closed: set[int] = field(default_factory=set)

    # --- what is to be judged

    def touched(self, project_id: int, work: Work) -> None:
        """Derive what a batch of readings touched, and put it and all that looks at it on the list."""
        natives = {
            native: row["id"] for native, row in work.items.items() if native in work.touched_items and row["id"]
        }
        # an edit of many items at once is one event, and no movement of any of them
        bulk = floods.mark_bulk(self.tx, project_id, {(change.actor_id, change.at) for change in work.changes})
        item_ids = sorted({*natives.values(), *bulk})
        milestones = set(subjects.milestone_ids(self.tx, work.tracker_id, work.touched_milestones).values())
        self.milestones |= milestones | derive_items(self.tx, self.projects, project_id, item_ids)
        self._sum_up()
        self.items.update(item_ids)
        self._pass_on(item_ids, also=work.unlinked)
        world = self.this.clock.now()
        waiting = work.waiting
        if self.adapters[self.projects.rows[project_id].tracker_kind].one_lane:
            waiting |= derivation.concerned(self.tx, work.tracker_id, new=work.new_milestones, ended=work.ended)
        rebuild = [(lane_id, "rebuild", item_id, world) for lane_id, item_id in sorted(waiting)]
        subjects.add_marks(self.tx, rebuild, reason="what it names is known now")
        turned = subjects.milestone_ids(self.tx, work.tracker_id, work.turned_milestones).values()
        inside = [(lane_id, "item", id_, world) for lane_id, id_ in subjects.open_items_in(self.tx, turned)]
        subjects.add_marks(self.tx, inside, reason="a plan it is in began, ended or has another date")
        acted = people.items_with_words_of(self.tx, project_id, work.turned)
        subjects.add_marks(
            self.tx, [(self.lane_id, "rebuild", id_, world) for id_ in acted], reason="a person's part here changed"
        )

    def due(self, due: Due) -> None:
        """Put what time or a mark has made due on the list."""
        self.items |= due.items | due.rebuild
        self.milestones |= due.milestones
        self.plans |= due.plans
        self.flows |= due.flows
        if due.rebuild:
            rows = derivation.snapshots(self.tx, sorted(due.rebuild))
            for project_id in {row["project_id"] for row in rows.values()} & set(self.projects.facts):
                ids = [id_ for id_, row in rows.items() if row["project_id"] == project_id]
                links.point(self.tx, ids, tracker_id=self.projects.rows[project_id].tracker_id)
                self.milestones |= derive_items(self.tx, self.projects, project_id, ids)
                self._pass_on(ids, also=())
            self._sum_up()

    def _sum_up(self) -> None:
        """Who speaks for milestones that cross projects, and the sums of them all."""
        moves.settle_owners(self.tx, self.milestones)
        derivation.save_milestone_sums(self.tx, self.milestones)

    def echoes(self, project_id: int, work: Work, readings: Sequence[Reading]) -> None:
        """Our own comments coming back settle creates whose answer was lost."""
        prefix = marker_prefix(self.this.tag)
        for reading in readings:
            for comment in reading.comments:
                row = work.items.get(comment.item)
                if (
                    comment.event in ("created", "seen")
                    and answers.is_ours(comment, prefix)
                    and row is not None
                    and row["id"]
                ):
                    publications.settle_uncertain(
                        self.tx,
                        row["id"],
                        comment_id=comment.native_id,
                        body=comment.body,
                        url=comment.url,
                        world=self.this.clock.now(),
                    )

    def heard(self, project_id: int, work: Work, readings: Sequence[Reading], ids: Mapping[str, int]) -> None:
        """Keep what people answered: commands in comments, and removals of what we wrote."""
        items = {native: row["id"] for native, row in work.items.items() if row["id"]}
        authors = {ids[one.author.native_id] for reading in readings for one in reading.comments}
        told = answers.heard(
            readings,
            items=work.items,
            people=ids,
            members=people.members(self.tx, project_id, authors) if authors else {},
            settings=self.projects.facts[project_id].settings,
            own_marker=marker_prefix(self.this.tag),
        )
        us = removals.Us(trackers.dedicated_login(self.tx, self.projects.rows[project_id].connection_id))
        gone = removals.noticed(self.tx, readings, items=items, people=ids, us=us)
        kept_answers.hear(self.tx, project_id, [*told, *gone])

    def _pass_on(self, item_ids: Sequence[int], *, also: Iterable[int]) -> None:
        """What looks at these items through links is judged too: here where it is ours, by a mark where another lane
        owns it.
        """
        if not item_ids:
            return
        marks = []
        for lane_id, item_id in derivation.neighbours(self.tx, item_ids, also=also):
            if lane_id == self.lane_id:
                self.items.add(item_id)
            else:
                marks.append((lane_id, "item", item_id, self.this.clock.now()))
        subjects.add_marks(self.tx, marks, reason="a linked item changed")

    def _told(self, item_ids: set[int], now: datetime) -> None:
        """What waits on these items is judged again: one cause is told of in one place."""
        marks = [(lane_id, "item", id_, now) for lane_id, id_ in derivation.waiting_on(self.tx, item_ids)]
        subjects.add_marks(self.tx, marks, reason="what it waits on was flagged or cleared")

    def _pass_to_leaders(self, now: datetime) -> None:
        """What touches a part of a joined milestone is for the one that speaks for it."""
        leaders = programmes.speaking_for(self.tx, self.milestones)
        self.milestones |= {id_ for lane_id, id_ in leaders if lane_id == self.lane_id}
        marks = [(lane_id, "milestone", id_, now) for lane_id, id_ in leaders if lane_id != self.lane_id]
        subjects.add_marks(self.tx, marks, reason="a part of it changed")

    # --- judging

    def judge(self, now: datetime) -> int:
        """Judge everything on the list; gives how many subjects that were."""
        self._pass_to_leaders(now)
        prepared = prepared_rules(rules.in_force(self.tx))
        changed = set(self.plans)
        for kind, ids in (("item", self.items), ("milestone", self.milestones), ("flow", self.flows)):
            if ids:
                changed |= self._judge_kind(kind, ids, prepared, now)
        by_id = {one.rule.id: one for one in prepared}
        taking = Taking(self.tx, self.lane_id, self.projects, by_id, self.base_url, now)
        changed |= taking.take(changed | self.items)
        telling = Telling(self.tx, self.projects, by_id, now, escalated=self.escalated, closed=sorted(self.closed))
        telling.tell(items=self.items, milestones=self.milestones, shown_on=changed)
        plan.plan(
            self.tx,
            sorted(changed),
            lane_id=self.lane_id,
            projects=self.projects,
            rules=by_id,
            adapters=self.adapters,
            tag=self.this.tag,
            base_url=self.base_url,
            now=now,
            prompt=taking.prompt,
        )
        return len(self.items) + len(self.milestones) + len(self.plans) + len(self.flows)

    def _judge_kind(
        self, kind: str, ids: Iterable[int], prepared: Sequence[engine.PreparedRule], now: datetime
    ) -> set[int]:
        """Judge subjects of one kind; gives the items whose publication is to be planned."""
        found: dict[int, Any]
        left: dict[int, store_gone.Gone] = {}
        if kind == "item":
            left = store_gone.of(self.tx, ids)
            found = store_facts.load_items(self.tx, set(ids) - set(left), projects=self.projects.judged)
            subjects.save_states(self.tx, {id_: (item.state.value, item.state_since) for id_, item in found.items()})
        elif kind == "flow":
            judged = self.projects.judged
            walks = Walks(self.tx)
            found = {id_: usual.flow(walks, judged[id_], now=now) for id_ in sorted(set(ids) & judged.keys())}
        else:
            found = milestone_facts.load_milestones(self.tx, ids, projects=self.projects.judged)
            found = commitments.with_baselines(self.tx, found, now)
        kept = standings.open_of(self.tx, kind, ids)
        by_subject: dict[int, dict[int, Kept]] = {}
        for one in kept.values():
            by_subject.setdefault(one.subject_id, {})[one.rule_id] = one
        saved: list[Saved] = []
        dropped: list[int] = []
        rechecks: dict[int, datetime | None] = dict.fromkeys(ids)
        plans = set(left)
        for id_, subject in found.items():
            judgements = engine.judge(prepared, subject, now)
            stepped = steps(kind, subject, judgements, by_subject.get(id_, {}), prepared, now)
            again = [engine.recheck_at(judgements), *stepped.opens]
            rechecks[id_] = min((at for at in again if at is not None), default=None)
            saved.extend(stepped.saved)
            dropped.extend(stepped.dropped)
            plans |= {row.shown_on for row in stepped.saved if row.shown_on is not None}
            plans |= {one.shown_on for one in by_subject.get(id_, {}).values() if one.shown_on is not None}
            if kind == "item":
                plans.add(id_)
        for id_ in by_subject.keys() - found.keys():  # gone: what was said of it is taken back
            for one in by_subject[id_].values():
                if one.outcome == PENDING:
                    dropped.append(one.id)
                    continue
                rule = next((ready.rule for ready in prepared if ready.rule.id == one.rule_id), None)
                saved.append(withdrawn(one, rule, now, code=gone.code(left.get(id_))))
                if one.shown_on is not None:
                    plans.add(one.shown_on)
        self.escalated |= any(ESCALATED in one.memory for one in kept.values())
        self.closed |= {row.id for row in saved if row.id and row.closed_at is not None and ESCALATED in row.memory}
        standings.save(self.tx, saved)
        standings.drop(self.tx, dropped)
        if kind == "item":
            self._told(turned(saved, kept), now)
        subjects.save_judged(self.tx, kind, rechecks, now=now)
        return plans


def prepared_rules(found: Sequence[Rule]) -> list[engine.PreparedRule]:
    """Rules ready to judge. One whose stored parameters no longer hold says so on its page and harms no other."""
    ready = []
    for rule in found:
        try:
            ready.append(_prepare(rule))
        except engine.RuleError as error:
            log.warning("a rule needs mending and judges nothing", rule=rule.name, reason=str(error))
    return ready


_CACHE: dict[tuple[int, int], engine.PreparedRule] = {}


def _prepare(rule: Rule) -> engine.PreparedRule:
    """Compiling a condition costs more than judging with it: kept per version."""
    key = (rule.id, rule.version)
    known = _CACHE.get(key)
    if known is None or known.rule != rule:
        known = _CACHE[key] = engine.prepare(rule)
    return known
