"""When a verdict flips by itself. A rule names the instants that could matter; the first at which it would say
otherwise counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from rules.verdict import Verdict


def says(verdict: Verdict) -> tuple[object, ...]:
    """What must stay equal for two verdicts to be the same news: counts of days that grow are no news."""
    return (verdict.outcome, verdict.reason.code, verdict.reach, verdict.severity, verdict.gist)


def with_recheck(look: Callable[[datetime], Verdict], *, instants: Iterable[datetime | None], now: datetime) -> Verdict:
    """The verdict of `look(now)`, with `recheck_at` the first of `instants` after `now` at which `look` says otherwise.

    `instants` must hold every instant at which the passing of time alone could change what `look` says; more of them
    do no harm.
    """
    verdict = look(now)
    news = says(verdict)
    for at in sorted({instant for instant in instants if instant is not None and instant > now}):
        if says(look(at)) != news:
            return replace(verdict, recheck_at=at)
    return replace(verdict, recheck_at=None)
