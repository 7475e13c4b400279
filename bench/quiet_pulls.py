"""Of a pull request that has been quiet for 30 days: will it not be merged by itself?

    python -m bench quiet_pulls         a few minutes

A recorded project is played through the whole core with `stalled-review` at 30 days for every turn: a flag opens at the
very instant at which a pull request has been quiet for so long, and its facts are taken then. Learnt from the first
60 % of these in time with what was known at the cut, the threshold too; scored on those after it with what the record
knows at its end, those quiet for less than `LEFT_LYING` left out. `rules.risk.pulls` says what counts as not merged.

Two things the record cannot give as they were, so they are no inputs: sizes are final ones, which know of pushes that
were still to come, and of checks and conflicts it holds nothing.
Looked for at `../shared/data` beside the folder of the project, or where SHARED_DATA says; not part of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean, quantiles

import sqlalchemy as sa

from app.services import projects
from app.store import facts
from app.store import models as m
from bench.core import Core
from bench.noise import END
from bench.replay import Replay
from bench.scores import Told, auc, brier, interval, mean_auc, reliability
from bench.table import memory_folder, table
from integrations.sandbox.replay import Webhook, replay
from rules.facts import Item
from rules.risk.learn import Learnt, Threshold, learn, threshold_for, wilson_lower
from rules.risk.model import Example, chance
from rules.risk.priors import QUIET_PULL_STRENGTH
from rules.risk.pulls import LEFT_LYING, ended_unmerged, quiet_pull_example, quiet_pull_inputs
from tests.support import SHARED

QUIET = 30
PAST = 0.6
PRECISION = 0.8
REFIT = 10
"""Quiet times after which it is learnt anew."""
DAYS = (
    "author_days", "author_comment_days", "reviewer_days", "merger_days", "maintainers_days", "draft_days",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quiet:
    """A pull request at the instant at which it had been quiet for `QUIET` days."""

    at: datetime
    item: Item


@dataclass(frozen=True, slots=True)
class Said:
    """What was foretold of a quiet time, and whether it was spoken of."""

    told: Told
    spoken: bool
    quiet: Quiet


@dataclass(frozen=True, slots=True)
class Record:
    """Every quiet time, oldest first, and what each pull request had become by the end of the record."""

    quiet: tuple[Quiet, ...]
    final: Mapping[int, Item]


class Watching(Core):
    """A core that takes the facts of an item when a flag opens on it."""

    quiet: list[Quiet]
    _seen: int = 0

    def drain(self) -> int:
        done = super().drain()
        table = m.standing
        query = sa.select(table.c.id, table.c.subject_id, table.c.opened_at).where(table.c.id > self._seen)
        with self.db.read() as tx:
            rows = tx.execute(query.order_by(table.c.id)).all()
            items = self.items(tx, [row.subject_id for row in rows])
        self.quiet += [Quiet(row.opened_at, items[row.subject_id]) for row in rows]
        self._seen = rows[-1].id if rows else self._seen
        return done

    def items(self, tx: object, ids: Sequence[int]) -> Mapping[int, Item]:
        """Items as facts."""
        known = projects.load(tx, tracker_id=self._tracker.id).facts
        return facts.load_items(tx, ids, projects=known)


def main() -> None:
    """Play the record, learn from its past and print what its future says."""
    folder = SHARED / "github"
    if not folder.is_dir():
        print("quiet_pulls: skipped, there is no recorded project at shared/data beside this folder")
        return
    print("\n\n".join(tables(played(folder))))


def tables(record: Record) -> list[str]:
    """Everything that is printed, from a played record."""
    cut = record.quiet[int(PAST * len(record.quiet))].at
    past = [one for one in record.quiet if one.at < cut]
    future = [one for one in record.quiet if one.at >= cut and END - one.at >= LEFT_LYING]
    learnt = learnt_at(cut, record)
    once, anew = said(future, record, every=len(future)), said(future, record, every=REFIT)
    return [
        split_table(past, future, record, cut=cut),
        ranking_table(learnt, once, anew),
        threshold_table(threshold_for(PRECISION, learnt.chances, learnt.bad), once, anew),
        lead_table(once, anew, record),
        calibration_table("learnt once", once),
        calibration_table("learnt anew as time goes on", anew),
        inputs_table(past, record, cut=cut),
        weights_table(learnt),
    ]


def learnt_at(at: datetime, record: Record, *, but: str = "") -> Learnt:
    """What is learnt at an instant, from what is known then."""
    past = [one for one in record.quiet if one.at < at]
    return learn([[one] for one in examples(past, record, known=at, but=but)], strength=QUIET_PULL_STRENGTH)


def said(future: Sequence[Quiet], record: Record, *, every: int) -> list[Said]:
    """The future as foretold, learnt anew after so many of it, the threshold too."""
    found = []
    for start in range(0, len(future), every):
        learnt = learnt_at(future[start].at, record)
        threshold = threshold_for(PRECISION, learnt.chances, learnt.bad)
        for one in future[start : start + every]:
            inputs = quiet_pull_inputs(one.item, one.at)
            bad = ended_unmerged(record.final[one.item.id], quiet_at=one.at, now=END)
            if inputs is not None and bad is not None:
                score = chance(learnt.model, inputs).chance
                spoken = threshold is not None and score >= threshold.chance
                found.append(Said(Told(score, bad, one.item.id), spoken, one))
    return found


def played(folder: Path) -> Record:
    """The record played through the core."""
    hooks = recorded(folder)
    with (
        tempfile.TemporaryDirectory(prefix="plumb-quiet-", dir=memory_folder()) as home,
        Watching(f"sqlite:///{home}/quiet.db", Path(home), at=hooks[0].at) as core,
    ):
        core.quiet = []
        core.watch(hooks[0].payload["repository"])
        core.pack(only=["stalled-review"], params=dict.fromkeys(DAYS, QUIET))
        play = Replay(core, hooks)
        for year in range(hooks[0].at.year + 1, END.year + 1):
            play.advance(datetime(year, 1, 1, tzinfo=UTC))
            print(f"  played up to {year}", flush=True)
        play.advance(END)
        with core.db.read() as tx:
            final = core.items(tx, sorted({one.item.id for one in core.quiet}))
        return Record(tuple(sorted(core.quiet, key=lambda one: (one.at, one.item.id))), final)


def recorded(folder: Path) -> list[Webhook]:
    """The whole record as webhooks."""
    from tools.recordings import load, record

    return list(replay(record(load(folder), until=END)))


def examples(quiet: Sequence[Quiet], record: Record, *, known: datetime, but: str = "") -> list[Example]:
    """What is known at an instant of how quiet times ended; those of which that cannot be said are left out."""
    found = []
    for one in quiet:
        inputs = quiet_pull_inputs(one.item, one.at)
        bad = ended_unmerged(record.final[one.item.id], quiet_at=one.at, now=known)
        if inputs is not None and bad is not None:
            kept = {name: value for name, value in inputs.items() if name != but}
            found.append(quiet_pull_example(kept, unmerged=bad))
    return found


def split_table(past: Sequence[Quiet], future: Sequence[Quiet], record: Record, *, cut: datetime) -> str:
    rows = []
    for name, part, known in (("past", past, cut), ("future", future, END)):
        seen = [one.bad for one in examples(part, record, known=known)]
        pulls = len({one.item.id for one in part})
        first, last = f"{part[0].at:%Y-%m-%d}", f"{part[-1].at:%Y-%m-%d}"
        rows.append((name, first, last, len(part), pulls, len(seen), f"{fmean(seen):.0%}"))
    head = ("part", "from", "to", "quiet times", "pull requests", "end known", "not merged")
    return table(f"Pull requests quiet for {QUIET} days, cut at {cut:%Y-%m-%d}", head, rows)


def ranking_table(learnt: Learnt, once: Sequence[Said], anew: Sequence[Said]) -> str:
    past = [Told(one, bad, place) for place, (one, bad) in enumerate(zip(learnt.chances, learnt.bad, strict=True))]
    rows = [("past, each part foretold from those before", len(past), f"{auc(past) or 0.0:.3f}", "")]
    for name, part in (("future, learnt once", once), ("future, learnt anew", anew)):
        told = [one.told for one in part]
        low, high = interval({"": told}, mean_auc)
        rows.append((name, len(told), f"{auc(told) or 0.0:.3f}", f"{low:.2f} to {high:.2f}"))
    return table("Ranking", ("part", "quiet times", "AUC", "95 % (by pull request)"), rows)


def threshold_table(found: Threshold | None, once: Sequence[Said], anew: Sequence[Said]) -> str:
    """The threshold that the past gave, and what it is worth in the future."""
    rows: list[tuple[object, ...]] = []
    if found is not None:
        past = ("past, by the threshold", found.spoken, f"{found.precision:.1%}", f"{found.lower:.0%}")
        rows.append((*past, f"{found.recall:.0%}"))
    for name, part in (("future, learnt once", once), ("future, learnt anew", anew)):
        spoken, bad = [one.told for one in part if one.spoken], sum(one.told.bad for one in part)
        first = {one.group: one for one in reversed(spoken)}.values()
        rows.append(_precision_row(name, sum(one.bad for one in spoken), len(spoken), bad))
        rows.append(_precision_row("  each pull request once", sum(one.bad for one in first), len(first), 0))
    bad = sum(one.told.bad for one in once)
    rows.append(_precision_row("saying it of all", bad, len(once), bad))
    title = f"Speaking where {PRECISION:.0%} are not merged, the threshold chosen on the past"
    title += f": from {found.chance:.0%} on" if found is not None else ": none holds at the cut"
    return table(title, ("part", "spoken of", "precision", "90 % lower bound", "recall"), rows)


def _precision_row(name: str, hits: int, of: int, bad: int) -> tuple[object, ...]:
    recall = f"{hits / bad:.0%}" if bad else ""
    return name, of, f"{hits / of:.1%}" if of else "-", f"{wilson_lower(hits, of):.0%}", recall


def lead_table(once: Sequence[Said], anew: Sequence[Said], record: Record) -> str:
    """How long before its end it was said, of those that were not merged."""
    rows = []
    for name, part in (("learnt once", once), ("learnt anew", anew)):
        right = [one.quiet for one in part if one.spoken and one.told.bad]
        ends = [(record.final[one.item.id].closed_at, one.at) for one in right]
        days = sorted((end - at) / timedelta(days=1) for end, at in ends if end is not None and end <= END)
        quarters = [f"{one:.0f}" for one in quantiles(days, n=4)] if len(days) > 1 else ["-"] * 3
        rows.append((name, len(right), len(days), *quarters))
    head = (
        "future",
        "rightly spoken of",
        "closed since",
        "days until then: a quarter within",
        "half",
        "three quarters",
    )
    return table("How early it was said, of those rightly spoken of", head, rows)


def calibration_table(name: str, part: Sequence[Said]) -> str:
    told = [one.told for one in part]
    rows = [
        (f"{one.low:.0%} to {one.high:.0%}", one.count, f"{one.foretold:.0%}", f"{one.share:.0%}",
         f"{one.bounds[0]:.0%} to {one.bounds[1]:.0%}")
        for one in reliability(told)
    ]  # fmt: skip
    base = fmean(one.bad for one in told)
    flat = brier([replace(one, score=base) for one in told])
    title = f"Chances stated and what came, {name} (Brier {brier(told):.3f}; the future's own base rate {flat:.3f})"
    return table(title, ("chance stated", "quiet times", "mean stated", "came", "95 %"), rows)


def inputs_table(past: Sequence[Quiet], record: Record, *, cut: datetime) -> str:
    """What each input carries, on the past alone."""

    def score(but: str) -> float:
        learnt = learnt_at(cut, record, but=but)
        return auc([Told(one, bad) for one, bad in zip(learnt.chances, learnt.bad, strict=True)]) or 0.0

    whole = score("")
    names = sorted({name for one in examples(past, record, known=cut) for name in one.inputs})
    rows = sorted(((name, score(name)) for name in names), key=lambda pair: pair[1])
    shown = [("all", f"{whole:.3f}", ""), *((name, f"{less:.3f}", f"{whole - less:+.3f}") for name, less in rows)]
    return table("What the inputs carry (past only)", ("input", "AUC without it", "it carries"), shown)


def weights_table(learnt: Learnt) -> str:
    """The model as shipped in `rules.risk.priors`: what a project without history is judged by."""
    model = learnt.model
    rows = [("(intercept)", f"{model.shift + model.slope * model.intercept:+.4f}", "", "")]
    rows += [
        (term.name, f"{model.slope * term.weight:+.4f}", f"{term.middle:.4f}", f"{term.spread:.4f}")
        for term in model.terms
    ]
    return table("The prior to ship (calibrated)", ("input", "weight", "middle", "spread"), rows)


if __name__ == "__main__":
    main()
