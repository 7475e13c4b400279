"""What a preview costs: how soon the first answer stands, and how long the whole takes, at a size and at a tenth of it.

    python -m bench preview             some minutes

Copies of an open pull request of the demo, made over three years, nine in ten of them merged since; 50 rules in force;
one of them is tried with other numbers, by somebody who sees everything.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from app.services import rulebook
from app.services.bells import SilentRinger
from app.services.previews import ask, work
from app.services.previews.told import question_of
from app.store import models as m
from app.store.views.scope import Visible
from app.time import real_now
from bench.core import Core
from bench.synthetic import copy_change, copy_items, quiet_pull
from bench.table import memory_folder, ratio, table
from integrations.sandbox.demo import demo_recording
from integrations.sandbox.replay import replay
from rules.catalog.registry import TYPES
from rules.rulefile import RuleDraft

SIZES = (10_000, 100_000)
CHANGES = 10
"""Of each item."""
RULES = 50
OPEN = 10
"""One in so many items is open."""
YEARS = 3
LIFE = 60
"""No merged one was open for more days than this."""
INSTANT = "%Y-%m-%d %H:%M:%S"
EVERYTHING = Visible(secured=True)


@dataclass(frozen=True, slots=True)
class Took:
    """One preview: seconds to the first answer (the flags of now) and to the end, what was looked at and played."""

    items: int
    changes: int
    first: float
    whole: float
    looked: int
    flagged: int
    played: str
    memory: float


def main() -> None:
    """Measure and print."""
    with demo_recording() as recording:
        hooks = list(islice(replay(recording), 600))
    found = []
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="plumb-preview-", dir=memory_folder()) as folder:
            at = max(hook.at for hook in hooks)
            with Core(f"sqlite:///{folder}/live.db", Path(folder), at=at) as core:
                core.watch(hooks[0].payload["repository"])
                core.stock(hooks)
                core.drain()
                _fill(core, size, at)
                found.append(_took(core))
                print(f"  {size:,} items: {found[-1].whole:.0f} s", flush=True)
    print()
    print(_told(found))


def _fill(core: Core, size: int, at: datetime) -> None:
    """Items made over three years; one in ten still open, the others merged after five to sixty days; what happened to
    each lies between its beginning and its end.
    """
    ids = copy_items(core, quiet_pull(core), size)
    ours, its = f"id >= {ids[0]}", f"item_id >= {ids[0]}"
    made = f"julianday('{at:{INSTANT}}') - {LIFE} - (id * 7919 % {YEARS * 365 * 24}) / 24.0"
    shut = f"julianday(created_at) + 5 + id * 31 % {LIFE - 5} + (id % 240) / 240.0"
    core.run(f"UPDATE item SET created_at = {_instant(made)} WHERE {ours}")
    core.run(
        "UPDATE item SET is_open = 0, status = 'closed', state = 'done', closed_as = 'merged',"
        f" closed_at = {_instant(shut)}"
        f" WHERE {ours} AND id % {OPEN} <> 0"
    )
    copy_change(core, _model(core, "field = 'comment' AND item_id IS NOT NULL"), ids, CHANGES - 1)
    copy_change(core, _model(core, "field = 'state' AND after = 'merged'"), ids, 1)
    core.run(f"DELETE FROM change WHERE {its} AND field = 'state' AND item_id % {OPEN} = 0")
    begun, lasted = "julianday(i.created_at)", f"julianday(coalesce(i.closed_at, '{at:{INSTANT}}'))"
    share = "(change.id * 7919 + change.id / 1009 * 271) % 1000 / 1000.0"
    within = _instant(f"{begun} + ({lasted} - {begun}) * ({share})")
    when = f"CASE field WHEN 'state' THEN i.closed_at ELSE {within} END"
    core.run(f"UPDATE change SET at = (SELECT {when} FROM item i WHERE i.id = item_id) WHERE {its}")
    drafts = [
        RuleDraft(name=f"{TYPES[n % len(TYPES)].name}-{n}", type=TYPES[n % len(TYPES)].name) for n in range(RULES)
    ]
    rulebook.apply(core.db, drafts, author="bench", prune=True, now=core.now, real=real_now())
    core.run("ANALYZE")


def _model(core: Core, which: str) -> int:
    return int(core.rows(f"SELECT min(id) AS id FROM change WHERE {which}")[0].id)


def _instant(days: str) -> str:
    """As the database keeps an instant that is told as a Julian day."""
    return f"strftime('{INSTANT}.000000', {days})"


def _took(core: Core) -> Took:
    draft = RuleDraft(name="stalled-review-0", type="stalled-review", params={"merger_days": 7, "reviewer_days": 14})
    draft = replace(draft, name=next(f"{type_.name}-{n}" for n, type_ in enumerate(TYPES) if type_.name == draft.type))
    question = question_of(draft, replaces=draft.name, visible=EVERYTHING)
    preview_id = ask.ask(core.db, SilentRinger(), question, who="bench", real=real_now())
    started = time.monotonic()
    assert work.work_out(core.db, preview_id, ringer=SilentRinger())
    whole = time.monotonic() - started
    seen = ask.look(core.db, preview_id, who="bench", visible=EVERYTHING)
    assert seen is not None
    result = seen.result
    assert result.now is not None
    past = result.past
    with core.db.read() as tx:
        changes = tx.scalar(sa.select(sa.func.count()).select_from(m.change))
        items = tx.scalar(sa.select(sa.func.count()).select_from(m.item))
    return Took(
        items=items or 0,
        changes=changes or 0,
        first=result.seconds,
        whole=whole,
        looked=result.now.looked,
        flagged=result.now.flagged,
        played="nothing" if past is None else f"{(past.until - past.since).days} of 180 days",
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _told(found: Sequence[Took]) -> str:
    head = (
        "items", "changes", "looked at now", "flags", "first answer s", "whole s", "first, against the tenth", "played",
        "MB at most",
    )  # fmt: skip
    return table(
        f"A preview, {RULES} rules in force",
        head,
        [
            (
                f"{one.items:,}", f"{one.changes:,}", f"{one.looked:,}", f"{one.flagged:,}", f"{one.first:.1f}",
                f"{one.whole:.0f}", ratio(one.first, found[0].first), one.played, f"{one.memory:.0f}",
            )
            for one in found
        ],
    )  # fmt: skip
