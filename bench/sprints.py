"""How early the bad end of a sprint can be foretold: learnt on each project's past, scored on its future.

    python -m bench sprints             under a minute

Two ends, as `rules.risk.sprints` defines them: *under-delivery* and *growth* past a fifth of what was committed. The
recorded sprints of three projects, in the order in which they were made; the first 60 % to learn from, the last 40 % to
score, and no sprint on both sides. Of every project the prior is learnt from the past of the *other two*, as a new team
would have it. Inputs, strengths and the shortest history to learn from were chosen on the past alone, each block of it
foretold from those before it (`validated`). Looked for at `../shared/data` beside the folder of the project, or where
SHARED_DATA says; not part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

from bench.scores import Told, auc, brier, interval, log_loss, mean_auc, reliability
from bench.sprint_tables import BETWEEN, MOMENTS, PROJECTS, Recorded, recorded
from bench.table import table
from rules.risk import sprints as risk
from rules.risk.learn import learn, threshold_for
from rules.risk.model import Example, Inputs, Model, chance, fit, log_odds
from rules.risk.priors import GROWTH_STRENGTH, PRIOR_STRENGTH, SHORTFALL_STRENGTH
from rules.risk.sprints import Course, Look
from tests.support import SHARED

PAST = 0.6
PRECISION = 0.8
BLOCKS = (0.4, 0.55, 0.7, 0.85, 1.0)
"""Shares of the past between which `validated` foretells, each block from all before it."""
REFIT = 5
"""Sprints after which it is learnt anew where the clock's way is shown."""
EVEN = 150.0
"""Examples that each project counts as in a prior, so that none outweighs the others."""


@dataclass(frozen=True, slots=True)
class End:
    """One bad end: its name, at which moments it is foretold, its inputs and label, and how far own history pulls.
    `plain` is what a plain way reaches: published figures, or the input that is the plain way by itself.
    """

    name: str
    moments: tuple[int, ...]
    inputs: Callable[..., Inputs]
    label: Callable[[Course, Look], bool | None]
    strength: float
    targets: tuple[float, ...]
    plain: tuple[float, ...] | str
    plain_name: str


SHORTFALL = End(
    "under-delivery", MOMENTS, risk.shortfall_inputs, risk.fell_short, SHORTFALL_STRENGTH,
    (0.64, 0.74, 0.78, 0.77), (0.58, 0.69, 0.73, 0.70), "random forest (published)",
)  # fmt: skip
GROWTH = End(
    "growth past 20 %", MOMENTS[:3], risk.growth_inputs, risk.grew, GROWTH_STRENGTH,
    (0.69, 0.77, 0.82), "gap", "added by committed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One look at one sprint: an example, when, and of which sprint."""

    sprint: int
    moment: int
    example: Example


@dataclass(frozen=True, slots=True)
class Split:
    """A project's cases before and after the cut."""

    past: tuple[Case, ...]
    future: tuple[Case, ...]


def main() -> None:
    """Learn, foretell and print."""
    folder = SHARED / "sprints"
    if not folder.is_dir():
        print("sprints: skipped, there are no recorded sprints at shared/data beside this folder (or in SHARED_DATA)")
        return
    projects = {name: recorded(folder, name) for name in PROJECTS}
    for end in (SHORTFALL, GROWTH):
        splits = {name: split(cases(end, rows)) for name, rows in projects.items()}
        print(f"\n{scores_table(end, splits)}\n\n{calibration_table(end, splits)}\n\n{inputs_table(end, splits)}")
        print(f"\n{threshold_table(end, splits)}")
        print(f"\n{history_table(end, splits)}\n\n{weights_table(end, splits)}", flush=True)


def cases(end: End, rows: Sequence[Recorded]) -> list[Case]:
    """Every look that can tell, in the order in which the sprints were made."""
    found = []
    for row in rows:
        for look, moment in zip(row.course.looks, MOMENTS, strict=True):
            bad = end.label(row.course, look)
            if moment in end.moments and bad is not None:
                inputs = end.inputs(row.course, look, row.past, around=row.around)
                weight = risk.LOOKS_ARE_WORTH / len(end.moments)
                found.append(Case(row.sprint, moment, Example(inputs, bad, weight)))
    return found


def split(found: Sequence[Case]) -> Split:
    """Cut by the sprint at which each moment has `PAST` of its cases behind it; one sprint's boards stay together."""
    cuts = {}
    for moment in {case.moment for case in found}:
        mine = [case.sprint for case in found if case.moment == moment]
        cuts[moment] = mine[int(PAST * len(mine))]
    cut = min(cuts.values())
    past = tuple(case for case in found if case.sprint < cut)
    return Split(past, tuple(case for case in found if case.sprint >= cuts[case.moment]))


def prior_of(splits: Mapping[str, Split], *, without: str = "", names: frozenset[str] | None = None) -> Model:
    """What a project without history is judged by: the past of all others, evenly weighed."""
    examples = []
    for name, parts in splits.items():
        if name != without:
            mass = sum(case.example.weight for case in parts.past)
            examples += [replace(one, weight=one.weight * EVEN / mass) for one in _kept(parts.past, names)]
    return fit(examples, strength=PRIOR_STRENGTH)


def _kept(found: Sequence[Case], names: frozenset[str] | None) -> list[Example]:
    """The examples, with some of their inputs only."""
    if names is None:
        return [case.example for case in found]
    return [replace(case.example, inputs={name: case.example.inputs[name] for name in names}) for case in found]


def validated(end: End, splits: Mapping[str, Split], *, names: frozenset[str] | None = None, own: bool = True,
              strength: float | None = None, most: int | None = None) -> dict[int, dict[str, list[Told]]]:  # fmt: skip
    """The past foretold block by block, by moment and project: what every choice was made on. `most`: learn from no
    more than so many of the latest sprints.
    """
    told: dict[int, dict[str, list[Told]]] = {moment: {} for moment in end.moments}
    for name, parts in splits.items():
        prior = prior_of(splits, without=name, names=names)
        order = [case.sprint for case in parts.past]
        cuts = [order[int(len(order) * share)] if share < 1 else order[-1] + 1 for share in BLOCKS]
        for block, (low, high) in enumerate(pairwise(cuts)):
            before = [case for case in parts.past if case.sprint < low]
            if most is not None:
                latest = set(sorted({case.sprint for case in before})[-most:] if most else ())
                before = [case for case in before if case.sprint in latest]
            used = _kept(before, names) if own else []
            model = fit(used, prior=prior, strength=strength or end.strength)
            now = [case for case in parts.past if low <= case.sprint < high]
            for case, example in zip(now, _kept(now, names), strict=True):
                chances = told[case.moment].setdefault(f"{name} {block}", [])
                chances.append(Told(log_odds(model, example.inputs), example.bad, case.sprint))
    return told


def validated_auc(told: Mapping[int, Mapping[str, Sequence[Told]]]) -> float:
    """The mean over moments and projects of the AUC within blocks, weighed by how many pairs a block can rank."""
    means = []
    for blocks in told.values():
        for project in PROJECTS:
            pairs = []
            for name, chances in blocks.items():
                found = auc(chances) if name.startswith(project) else None
                if found is not None:
                    bad = sum(one.bad for one in chances)
                    pairs.append((found, (bad * (len(chances) - bad)) ** 0.5))
            means.append(sum(found * weight for found, weight in pairs) / sum(weight for _, weight in pairs))
    return fmean(means)


def foretold(
    splits: Mapping[str, Split], *, learnt: Mapping[str, Model], moment: int, stated: bool = False
) -> dict[str, list[Told]]:
    """The future of each project at a moment, by a model each: log odds, or chances as stated."""
    return {
        name: [
            Told(
                chance(learnt[name], case.example.inputs).chance
                if stated
                else log_odds(learnt[name], case.example.inputs),
                case.example.bad,
                case.sprint,
            )
            for case in parts.future
            if case.moment == moment
        ]
        for name, parts in splits.items()
    }


def learnt_of(end: End, splits: Mapping[str, Split]) -> dict[str, Model]:
    """Each project's model: its own past, drawn towards the prior of the others, calibrated forward in time."""
    return {
        name: learn(groups(parts.past), prior=prior_of(splits, without=name), strength=end.strength).model
        for name, parts in splits.items()
    }


def groups(found: Sequence[Case]) -> list[list[Example]]:
    """The examples by sprint, in their order."""
    by: dict[int, list[Example]] = {}
    for case in found:
        by.setdefault(case.sprint, []).append(case.example)
    return list(by.values())


def foretold_anew(end: End, splits: Mapping[str, Split], *, moment: int) -> dict[str, list[Told]]:
    """The future as the clock would foretell it: learnt anew every `REFIT` sprints from all that had ended before."""
    found: dict[str, list[Told]] = {}
    for name, parts in splits.items():
        prior, every = prior_of(splits, without=name), [*parts.past, *parts.future]
        made = sorted({case.sprint for case in every})
        ahead = [case for case in parts.future if case.moment == moment]
        blocks = sorted({case.sprint for case in parts.future})[::REFIT]
        for low, high in zip(blocks, [*blocks[1:], made[-1] + 1], strict=True):
            over = made[max(made.index(low) - BETWEEN, 0)]
            model = fit([case.example for case in every if case.sprint <= over], prior=prior, strength=end.strength)
            found.setdefault(name, []).extend(
                Told(log_odds(model, case.example.inputs), case.example.bad, case.sprint)
                for case in ahead
                if low <= case.sprint < high
            )
    return found


def scores_table(end: End, splits: Mapping[str, Split]) -> str:
    """The future, by moment: AUC of each project and their mean, beside what is plain and what a new team would get."""
    learnt = learnt_of(end, splits)
    new = {name: prior_of(splits, without=name) for name in splits}
    rows = []
    for place, moment in enumerate(end.moments):
        told = foretold(splits, learnt=learnt, moment=moment)
        low, high = interval(told, mean_auc)
        each = [f"{auc(one) or 0.0:.2f} ({len(one)}, {sum(t.bad for t in one)})" for one in told.values()]
        alone = mean_auc(foretold(splits, learnt=new, moment=moment))
        anew = mean_auc(foretold_anew(end, splits, moment=moment))
        rows.append((
            f"{moment} %", *each, f"{mean_auc(told) or 0.0:.3f}", f"{low:.2f} to {high:.2f}",
            f"{end.targets[place]:.2f}", plain_of(end, splits, place), f"{anew or 0.0:.3f}", f"{alone or 0.0:.3f}",
        ))  # fmt: skip
    head = ("at", *(f"{name} (sprints, bad)" for name in splits), "mean AUC", "95 % interval", "target",
            end.plain_name, "learnt anew", "new team")  # fmt: skip
    return table(f"{end.name}: the last 40 % of each project", head, rows)


def plain_of(end: End, splits: Mapping[str, Split], place: int) -> str:
    """What the plain way reaches on the same rows."""
    if not isinstance(end.plain, str):
        return f"{end.plain[place]:.2f}"
    told = {}
    for name, parts in splits.items():
        now = [case for case in parts.future if case.moment == end.moments[place]]
        told[name] = [Told(case.example.inputs[end.plain] or 0.0, case.example.bad) for case in now]
    return f"{mean_auc(told) or 0.0:.3f}"


def calibration_table(end: End, splits: Mapping[str, Split]) -> str:
    """What was stated of the future, and what came of it."""
    learnt = learnt_of(end, splits)
    by_moment = [foretold(splits, learnt=learnt, moment=moment, stated=True) for moment in end.moments]
    told = [one for parts in by_moment for part in parts.values() for one in part]
    base = fmean(one.bad for one in told)
    rows = [
        (f"{one.low:.0%} to {one.high:.0%}", one.count, f"{one.foretold:.0%}", f"{one.share:.0%}",
         f"{one.bounds[0]:.0%} to {one.bounds[1]:.0%}")
        for one in reliability(told)
    ]  # fmt: skip
    rows.append(("all", len(told), f"{fmean(one.score for one in told):.0%}", f"{base:.0%}", ""))
    flat = brier([replace(one, score=base) for one in told])
    title = f"{end.name}: chances stated and what came (Brier {brier(told):.3f}; the future's own base rate {flat:.3f})"
    return table(title, ("chance stated", "looks", "mean stated", "came", "95 % (looks as if independent)"), rows)


def threshold_table(end: End, splits: Mapping[str, Split]) -> str:
    """Speaking from the chance on that the past gave, and what it was worth: each project by its own threshold."""
    rows: list[tuple[object, ...]] = []
    for name, parts in splits.items():
        learnt = learn(groups(parts.past), prior=prior_of(splits, without=name), strength=end.strength)
        found = threshold_for(PRECISION, learnt.chances, learnt.bad)
        bad = sum(case.example.bad for case in parts.future)
        base = f"{bad / len(parts.future):.0%}"
        if found is None:
            rows.append((name, "none holds: silent", "", "", "", "", base))
            continue
        spoken = [
            case.example.bad
            for case in parts.future
            if chance(learnt.model, case.example.inputs).chance >= found.chance
        ]
        hits = sum(spoken)
        after = (f"{hits / len(spoken):.0%}", f"{hits / bad:.0%}") if spoken else ("-", "-")
        rows.append((name, f"{found.chance:.0%}", f"{found.precision:.0%}", len(spoken), *after, base))
    title = f"{end.name}: speaking where {PRECISION:.0%} end badly, by the past; all moments together"
    head = ("project", "from a chance of", "precision then", "spoken of after", "precision", "recall", "of all, bad")
    return table(title, head, rows)


def inputs_table(end: End, splits: Mapping[str, Split]) -> str:
    """What each input carries, on the past alone: the AUC without it, and by it alone."""
    whole = validated_auc(validated(end, splits))
    names = frozenset(next(iter(splits.values())).past[0].example.inputs)
    rows = [("all", f"{whole:.3f}", "", "")]
    parts = []
    for name in sorted(names):
        less = validated_auc(validated(end, splits, names=names - {name}))
        alone = validated_auc(validated(end, splits, names=frozenset({name})))
        parts.append((name, f"{less:.3f}", f"{whole - less:+.3f}", f"{alone:.3f}"))
    parts.sort(key=lambda one: -float(one[2]))
    title = f"{end.name}: what the inputs carry (past only, each block foretold from those before)"
    return table(title, ("input", "AUC without it", "it carries", "AUC by it alone"), rows + parts)


def history_table(end: End, splits: Mapping[str, Split]) -> str:
    """How much own history helps, on the past alone."""
    rows = []
    for most in (0, 6, 12, 24, 48, None):
        told = validated(end, splits, own=most != 0, most=most)
        every = [one for blocks in told.values() for part in blocks.values() for one in part]
        loss = log_loss([replace(one, score=min(max(_sigmoid(one.score), 0.007), 0.993)) for one in every])
        rows.append(
            ("none: the prior alone" if most == 0 else most or "all", f"{validated_auc(told):.3f}", f"{loss:.3f}")
        )
    title = f"{end.name}: how much own history is needed (past only)"
    return table(title, ("latest sprints learnt from", "AUC", "log loss"), rows)


def _sigmoid(odds: float) -> float:
    return chance(Model(intercept=odds, terms=()), {}).chance


def weights_table(end: End, splits: Mapping[str, Split]) -> str:
    """The documented prior: learnt from the past of all three. Shipped in `rules.risk.priors`."""
    prior = prior_of(splits)
    rows = [(term.name, f"{term.weight:+.4f}", f"{term.middle:.4f}", f"{term.spread:.4f}") for term in prior.terms]
    rows.insert(0, ("(intercept)", f"{prior.intercept:+.4f}", "", ""))
    return table(f"{end.name}: the prior to ship", ("input", "weight", "middle", "spread"), rows)


if __name__ == "__main__":
    main()
