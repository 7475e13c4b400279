"""How many flags a list has, and how many each of its filters would leave."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.flags import FlagFilter, joined, matches
from app.store.views.scope import COUNT_LIMIT, Visible


@dataclass(frozen=True, slots=True)
class Counts:
    """How many flags there are, up to COUNT_LIMIT each: of the list asked for, by state, and, of its state and words
    alone, by what else it can be narrowed by. `whole` is whether the latter are all there are.
    """

    total: int
    states: dict[str, int]
    whole: bool
    rules: dict[str, int]
    types: dict[str, int]
    severities: dict[str, int]
    kinds: dict[str, int]
    answers: dict[str, int]


COUNTED = ("speaking", "quiet", "closed")


def counts(tx: Tx, *, visible: Visible, where: FlagFilter) -> Counts:
    """What the filters of a list say. Two queries."""

    def size_of(one: FlagFilter) -> sa.ScalarSelect[int]:
        inner = joined(sa.select(m.standing.c.id)).where(matches(visible, one)).limit(COUNT_LIMIT).subquery()
        return sa.select(sa.func.count()).select_from(inner).scalar_subquery()

    sizes = tx.execute(
        sa.select(
            size_of(where).label("total"),
            *(size_of(replace(where, state=name, answer=None)).label(name) for name in COUNTED),
        )
    ).one()
    standing = m.standing.c
    kind = sa.func.coalesce(m.item.c.kind, m.milestone.c.kind, standing.subject_kind)
    plain = replace(where, rule=None, types=(), severity=None, kind=None, answer=None)
    inner = (
        joined(sa.select(m.rule.c.name, m.rule.c.type, standing.severity, kind.label("kind"), standing.answered))
        .where(matches(visible, plain))
        .limit(COUNT_LIMIT)
        .subquery()
    )
    columns = [inner.c.name, inner.c.type, inner.c.severity, inner.c.kind, inner.c.answered]
    sums: list[dict[str, int]] = [{} for _ in columns]
    seen = 0
    for row in tx.execute(sa.select(*columns, sa.func.count()).group_by(*columns)):
        *values, n = row
        seen += n
        for place, value in enumerate(values):
            sums[place][value] = sums[place].get(value, 0) + n
    rules, types, severities, kinds, answers = sums
    return Counts(
        total=sizes.total,
        states={name: getattr(sizes, name) for name in COUNTED},
        whole=seen < COUNT_LIMIT,
        rules=rules,
        types=types,
        severities=severities,
        kinds=kinds,
        answers=answers,
    )
