"""What milestones were committed to: baselines frozen when their time has come, and what became of those that ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from app.store import subjects
from app.store.database import Tx
from rules import baseline
from rules.catalog.missed_sprint import share_done
from rules.facts import Baseline, Milestone, MilestoneKind

GRACE = timedelta(days=1)
"""How long a baseline may still be recomputed for deliveries that come late."""


def with_baselines(tx: Tx, found: dict[int, Milestone], now: datetime) -> dict[int, Milestone]:
    """Freeze what is to be frozen, and remember how a milestone that closed had grown."""
    frozen, first_looks = subjects.baselines_begun(tx, found)
    out = {}
    for id_, known in found.items():
        milestone = known if id_ in frozen else _baseline(tx, known, first_looks, now)
        if not milestone.open and milestone.leader is None:  # a part's growth is its leader's
            share, kept = _ended(milestone, now)
            subjects.save_ended(tx, id_, growth=share, kept=kept)
        out[id_] = milestone
    return out


def as_committed(tx: Tx, found: dict[int, Milestone], now: datetime) -> dict[int, Milestone]:
    """The same milestones as `with_baselines` gives, with nothing kept: for those who only look."""
    frozen, first_looks = subjects.baselines_begun(tx, found)
    out = {}
    for id_, milestone in found.items():
        kept = None if id_ in frozen else _drawn_up(milestone, first_looks, now)
        out[id_] = milestone if kept is None else replace(milestone, baseline=kept)
    return out


def _baseline(tx: Tx, milestone: Milestone, first_looks: dict[int, datetime], now: datetime) -> Milestone:
    kept = _drawn_up(milestone, first_looks, now)
    if kept is None:
        return milestone
    first_seen = first_looks.get(milestone.id, now)
    frozen = now >= max(kept.as_of, first_seen) + GRACE
    if milestone.baseline != kept or frozen:
        subjects.save_baseline(
            tx, milestone.id, as_of=kept.as_of, how=kept.how, frozen=frozen, members=kept.members, now=first_seen
        )
    return replace(milestone, baseline=kept)


def _drawn_up(milestone: Milestone, first_looks: dict[int, datetime], now: datetime) -> Baseline | None:
    """The plan of a milestone that is not settled yet; None: it is too early for one, or nobody can tell."""
    at = baseline.freezes_at(milestone)
    if at is None or at > now or (milestone.known_from is not None and at < milestone.known_from):
        return None  # not yet, or who was in then is not known
    if not milestone.open and _was_over(milestone, at):
        return None  # its date was first heard of when all was over: what was in then was never a plan
    # the grace runs from when we first looked: a history that arrives late, or all at once, is still arriving then
    first_seen = first_looks.get(milestone.id, now)
    how = "frozen" if first_seen <= at + GRACE else "reconstructed"
    return replace(baseline.baseline_at(milestone, at), how=how)


def _ended(milestone: Milestone, now: datetime) -> tuple[float | None, float | None]:
    """How far it had grown, and of a sprint the share that was done; None where nothing was planned."""
    if milestone.baseline is None or not milestone.baseline.members:
        return None, None
    share = baseline.growth(milestone, baseline=milestone.baseline, now=now).share
    return share, share_done(milestone) if milestone.kind is MilestoneKind.SPRINT else None


def _was_over(milestone: Milestone, at: datetime) -> bool:
    """Whether a milestone that has ended had done so by an instant."""
    calendar = milestone.project.calendar
    ended = milestone.closed_at or (calendar.due_end(milestone.due) if milestone.due is not None else None)
    return ended is not None and ended <= at
