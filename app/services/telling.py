"""Telling people beside the tracker, the lane's part: which steps of which flags are wanted, held, or not wanted any
more. Runs in the lane's own transaction, after judging and after answers were taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.services import floods
from app.services.memory import ESCALATED, dump_standing, load_standing
from app.services.projects import Projects
from app.services.replies import off_label
from app.services.wishes import is_dormant
from app.store import facts as store_facts
from app.store import notices, publications, standings, subjects, targets
from app.store.database import Tx
from app.store.notices import CLEAR, TOLD, UNSENT, NewNotice
from app.store.standings import Kept
from rules.calendar import Calendar, NoWorkingDay
from rules.engine import PreparedRule
from rules.escalation import Escalation, Step, escalate, is_told, quiet_until, recovers_at
from rules.facts import Item, Project
from rules.spec import Rung, Tell
from rules.standing import Reached, Standing
from rules.verdict import Said, Severity
from rules.wording.render import plain

PERSON = "person:"
"""How the name of a person's own target begins; their login follows."""


@dataclass(slots=True)
class Flag:
    """An open flag that has a ladder, or had one, with what is to become of it."""

    kept: Kept
    standing: Standing
    project: Project
    ladder: tuple[Rung, ...]
    after: Escalation
    item: Item | None = None


@dataclass(slots=True)
class Telling:
    """Everything that one transaction wants told."""

    tx: Tx
    projects: Projects
    rules: Mapping[int, PreparedRule]
    now: datetime
    escalated: bool = False
    """Whether a flag among those judged has reached a rung, whatever its rule's ladder is now."""
    closed: list[int] = field(default_factory=list)
    """Standings that closed and had reached a rung."""
    held: dict[tuple[int, int], bool] = field(default_factory=dict)
    """By rule and project, whether its first flood waits to be approved."""

    def tell(self, *, items: Iterable[int], milestones: Iterable[int], shown_on: Iterable[int]) -> None:
        """Work out what is to be told of these subjects, and of what these items tell of."""
        self._say_it_is_over()
        ladders = [id_ for id_, rule in self.rules.items() if rule.rule.ladder]
        if not ladders and not self.escalated:
            return
        found = standings.laddered(
            self.tx, items=items, milestones=milestones, shown_on=shown_on, rule_ids=ladders, word=ESCALATED
        )
        flags = self._carried([self._flag(kept) for kept in found if kept.project_id in self.projects.facts])
        self._silence(flags)
        self._step(flags)
        self._hush(flags)
        self._ask_again(flags)

    def _ask_again(self, flags: Sequence[Flag]) -> None:
        """Have each subject looked at when the first of its rungs could be due, or a quiet ends."""
        again: dict[str, dict[int, datetime]] = {"item": {}, "milestone": {}}
        for flag in flags:
            ends = quiet_until(flag.standing, self.now) if flag.standing.escalated else None
            known = again[flag.kept.subject_kind]
            for at in (flag.after.next_at, ends):
                if at is not None:
                    known[flag.kept.subject_id] = min(at, known.get(flag.kept.subject_id, at))
        for kind, found in again.items():
            subjects.check_by(self.tx, kind, found)

    # --- what is open

    def _flag(self, kept: Kept) -> Flag:
        standing = load_standing(kept.memory)
        project = self.projects.facts[kept.project_id]
        rule = self.rules.get(kept.rule_id)
        ladder = rule.rule.ladder if rule is not None and self._may(kept, standing, rule) else ()
        return Flag(kept, standing, project, ladder, self._escalate(standing, ladder, project))

    def _escalate(self, standing: Standing, ladder: Sequence[Rung], project: Project) -> Escalation:
        settle = timedelta(minutes=self.projects.calendars[project.id].settle_minutes)
        return escalate(standing, ladder, calendar=project.calendar, settle=settle, now=self.now)

    @staticmethod
    def _may(kept: Kept, standing: Standing, rule: PreparedRule) -> bool:
        """Only live rules tell, only of flags opened since they went live, and of nothing that was taken back."""
        since = rule.rule.live_since
        return (
            rule.rule.mode == "live"
            and since is not None
            and standing.opened_at >= since
            and standing.retracted_at is None
            and is_told(standing, on_item=kept.subject_kind == "item" or kept.shown_on is not None)
        )

    def _carried(self, flags: list[Flag]) -> list[Flag]:
        """The flags, those among them that are back before anybody heard that they were over with what was told of
        them before: flapping is not told.
        """
        fresh = {flag.kept.key: flag for flag in flags if not flag.standing.escalated}
        before = notices.recovering(self.tx, fresh)
        if not before:
            return flags
        told: dict[int, list[notices.Row]] = {}
        for row in notices.of(self.tx, before.values()):
            if row.step != CLEAR and row.status in (*TOLD, "nobody"):
                told.setdefault(row.standing_id, []).append(row)
        closed = standings.by_id(self.tx, before.values())
        changed = {}
        for key, old_id in before.items():
            flag = fresh[key]
            notices.carry(self.tx, before=old_id, after=flag.kept.id)
            heard = {Tell(row.tell): _number(row.step) for row in sorted(told.get(old_id, ()), key=_order)}
            reached: list[Reached] = []
            for one in load_standing(closed[old_id].memory).escalated:
                if sum(known.tell is one.tell for known in reached) < heard.get(one.tell, 0):
                    reached.append(one)
            flag.standing = replace(flag.standing, escalated=tuple(reached))
            changed[flag.kept.id] = dump_standing(flag.standing)
            flag.after = self._escalate(flag.standing, flag.ladder, flag.project)
        standings.remember(self.tx, changed)
        return flags

    def _silence(self, flags: Sequence[Flag]) -> None:
        """Take back what is due where nothing may be told after all: on items that are silenced, dormant, or whose
        notes were taken back, and by rules that wait to be approved.
        """
        due = [flag for flag in flags if flag.after.due or flag.standing.escalated]
        ids = [flag.kept.subject_id for flag in due if flag.kept.subject_kind == "item"]
        items = store_facts.load_items(self.tx, ids, projects=self.projects.facts)
        shown = publications.of_items(self.tx, [flag.kept.shown_on for flag in due if flag.kept.shown_on is not None])
        for flag in due:
            flag.item = items.get(flag.kept.subject_id) if flag.kept.subject_kind == "item" else None
            known = shown.get(flag.kept.shown_on) if flag.kept.shown_on is not None else None
            taken_back = known is not None and "retracted" in known.answers
            if taken_back or (flag.item is not None and _is_silent(flag.item, self.now)) or self._waits(flag):
                flag.ladder = ()
                flag.after = Escalation(flag.standing)

    def _waits(self, flag: Flag) -> bool:
        """Whether somebody has to look at this rule's first flood first."""
        if not flag.after.due:
            return False
        key = (flag.kept.rule_id, flag.project.id)
        if key not in self.held:
            self.held[key] = bool(floods.held(self.tx, [self.rules[flag.kept.rule_id]], project=flag.project))
        return self.held[key]

    def _step(self, flags: Sequence[Flag]) -> None:
        """Want told what is due, and remember it."""
        due = [flag for flag in flags if flag.after.due]
        if not due:
            return
        names = {name for flag in due for step in flag.after.due for name in self._names(flag, step)[0]}
        known = targets.named(self.tx, names)
        epics = [flag.kept.subject_id for flag in due if flag.kept.subject_kind == "milestone"]
        secured = notices.secured_among(self.tx, epics) if epics else set()
        for flag in due:
            hidden = flag.item.secured if flag.item is not None else flag.kept.subject_id in secured
            for step in flag.after.due:
                notices.add(self.tx, self._notices(flag, step, known, hidden=hidden))
            flag.standing = flag.after.standing
        standings.remember(self.tx, {flag.kept.id: dump_standing(flag.standing) for flag in due})

    def _names(self, flag: Flag, step: Step) -> tuple[list[str], Said]:
        """The names of the targets that a step tells, and what to say where there is none of them."""
        if step.tell in (Tell.LEAD, Tell.CHANNEL):
            roles = self.projects.roles[flag.project.id]
            name = roles.lead if step.tell is Tell.LEAD else roles.channel
            missing = Said("told.no-lead") if step.tell is Tell.LEAD else Said("told.no-channel")
            return ([name], Said("told.no-target")) if name else ([], missing)
        if flag.item is None:
            return [], Said("told.no-item", {"who": step.tell.value})
        people = flag.item.assignees
        if step.tell is Tell.AUTHOR:
            people = (flag.item.author,) if flag.item.author is not None else ()
        names = [f"{PERSON}{person.login}" for person in people if not person.bot]
        return (names, Said("told.no-own")) if names else ([], Said("told.no-person", {"who": step.tell.value}))

    def _notices(self, flag: Flag, step: Step, known: Mapping[str, int], *, hidden: bool) -> list[NewNotice]:
        names, missing = self._names(flag, step)
        found: list[int | None] = [] if hidden else [known[name] for name in names if name in known]
        why = "" if found else plain(Said("told.secured") if hidden else missing, project=flag.project)
        due = self._gathered(flag, self.now)
        return [
            NewNotice(
                standing_id=flag.kept.id,
                project_id=flag.kept.project_id,
                target_id=target_id,
                tell=step.tell.value,
                step=f"{step.tell}.{step.number}",
                made_at=self.now,
                ready_at=self.now,
                due_at=due,
                detail=why,
            )
            for target_id in found or [None]
        ]

    def _gathered(self, flag: Flag, at: datetime) -> datetime:
        """When a message goes that begins to gather at an instant. What is urgent takes along what waits."""
        if flag.standing.verdict.severity is Severity.URGENT:
            return at
        return _open(flag.project.calendar, at + self._window(flag.project.id), otherwise=at)

    def _window(self, project_id: int) -> timedelta:
        """For how long notices to one target are gathered."""
        return timedelta(minutes=self.projects.calendars[project_id].settle_minutes)

    def _hush(self, flags: Sequence[Flag]) -> None:
        """What was not sent yet waits while somebody asks for quiet, and goes when that ends."""
        by_id = {flag.kept.id: flag for flag in flags if flag.standing.escalated}
        unsent: dict[int, list[notices.Row]] = {}
        for row in notices.of(self.tx, by_id):
            if row.status in UNSENT:
                unsent.setdefault(row.standing_id, []).append(row)
        for id_, rows in unsent.items():
            flag = by_id[id_]
            speaks = flag.standing.speaks(self.now) and bool(flag.ladder)
            wrong = [row.id for row in rows if (row.status == "held") is speaks]
            if speaks:
                ready = _open(flag.project.calendar, self.now, otherwise=self.now)
                notices.let_go(self.tx, wrong, ready_at=ready, due_at=self._gathered(flag, ready))
            else:
                notices.hold(self.tx, wrong)

    # --- what is over

    def _say_it_is_over(self) -> None:
        """Those who were told hear that a flag is over, once it has stayed so for a while; nobody else."""
        if not self.closed:
            return
        rows = notices.of(self.tx, self.closed)
        notices.drop(self.tx, [row.id for row in rows if row.status in UNSENT], "it cleared before")
        closed = standings.by_id(self.tx, self.closed)
        told = {(row.standing_id, row.target_id): row.tell for row in rows if row.status in TOLD and row.target_id}
        wanted = []
        for (standing_id, target_id), tell in told.items():
            project = self.projects.facts.get(closed[standing_id].project_id)
            if project is None:
                continue
            linger = timedelta(minutes=self.projects.calendars[project.id].clear_minutes)
            over = load_standing(closed[standing_id].memory)
            if over.cleared_at is None:  # its rule looks there no more
                over = replace(over, cleared_at=closed[standing_id].closed_at)
            ready = recovers_at(over, calendar=project.calendar, linger=linger)
            if ready is None:
                continue
            wanted.append(
                NewNotice(
                    standing_id=standing_id,
                    project_id=project.id,
                    target_id=target_id,
                    tell=tell,
                    step=CLEAR,
                    made_at=self.now,
                    ready_at=ready,
                    due_at=_open(project.calendar, ready + self._window(project.id), otherwise=ready),
                )
            )
        notices.add(self.tx, wanted)


def _open(calendar: Calendar, at: datetime, *, otherwise: datetime) -> datetime:
    try:
        return calendar.next_open(at)
    except NoWorkingDay:
        return otherwise


def _is_silent(item: Item, now: datetime) -> bool:
    """Silenced by its label, or quiet for so long that it is a question for the backlog."""
    off = off_label(item.project).casefold() in {label.casefold() for label in item.labels}
    return off or is_dormant(item, now)


def _number(step: str) -> int:
    return int(step.rpartition(".")[2])


def _order(row: notices.Row) -> int:
    return _number(row.step)
