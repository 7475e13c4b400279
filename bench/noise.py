"""How loud Plumbline would have been: the whole record of a real project, played through the whole core.

    python -m bench noise               a few minutes

The open-source pack at its defaults, everything observed; on `LIVE` the three rules it suggests are set live over all
that is open, and a year is played on. Looked for at `../shared/data` beside the project's folder; not part of it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.core import SUGGESTED, Core
from bench.needless import Share, flags, shares
from bench.replay import Replay, Written, comments_by_day, comments_by_item, flip_flops
from bench.table import memory_folder, table
from integrations.sandbox.replay import Webhook, replay

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "github"
LIVE = datetime(2025, 8, 1, 8, tzinfo=UTC)
END = datetime(2026, 8, 1, 8, tzinfo=UTC)


def main() -> None:
    """Play the record and print what was written, by rule, and how much of it was needless."""
    with played("noise", _year_by_year) as core:
        if core is not None:
            print(f"\n{needless_table(shares(flags(core)))}")


def _year_by_year(play: Replay) -> None:
    for year in range(play.hooks[0].at.year + 1, LIVE.year + 1):
        play.advance(datetime(year, 1, 1, tzinfo=UTC))
        print(f"  played up to {year}", flush=True)


@contextmanager
def played(name: str, before: Callable[[Replay], None]) -> Iterator[Core | None]:
    """Play what was before going live as `before` does, go live, play a year on and print what was written. None, with
    the reason printed, where there is no record.
    """
    if not DATA.is_dir():
        print(f"{name}: skipped, there is no recorded project at {DATA.relative_to(ROOT.parent)} beside this folder")
        yield None
        return
    hooks = recorded()
    with (
        tempfile.TemporaryDirectory(prefix=f"plumb-{name}-", dir=memory_folder()) as folder,
        Core(f"sqlite:///{folder}/{name}.db", Path(folder), at=hooks[0].at) as core,
    ):
        core.watch(hooks[0].payload["repository"])
        core.pack()
        play = Replay(core, hooks)
        before(play)
        play.advance(LIVE)
        known = Counter(row.type for row in open_flags(core))
        core.pack(live=SUGGESTED)
        core.drain()
        play.speak(until=END)
        print("", first_day(play.written, known), one_year(play, core), sep="\n\n")
        yield core


def recorded() -> list[Webhook]:
    """The whole record as webhooks."""
    from tools.recordings import load, record

    return list(replay(record(load(DATA), until=END)))


def open_flags(core: Core) -> Sequence[object]:
    """Flags that are open now, by type of rule."""
    return core.rows(
        "SELECT r.type, s.reach FROM standing s JOIN rule r ON r.id = s.rule_id"
        " WHERE s.closed_at IS NULL AND s.outcome = 'flagged'"
    )


def first_day(written: Sequence[Written], known: Counter[str]) -> str:
    """What the first day of speaking brought."""
    comments = comments_by_day(written).get(LIVE.date(), 0)
    labels = sum(one.what == "label_added" and one.at.date() == LIVE.date() for one in written)
    rows = [(f"known at start, not written: {name}", number, "") for name, number in sorted(known.items())]
    rows += [("new comments", comments, "at most 10"), ("labels put on", labels, "")]
    return table(f"Going live on {LIVE:%Y-%m-%d}, over everything open", ("first day", "number", "target"), rows)


def one_year(play: Replay, core: Core) -> str:
    """The year after: how much was written, by rule."""
    written = play.written
    weeks = (END - LIVE) / timedelta(days=7)
    mean_open = sum(play.open_items.values()) / len(play.open_items)
    comments = [one for one in written if one.what == "comment_created"]
    labels = [one for one in written if one.what in ("label_added", "label_removed")]
    per_week = len(comments) / weeks / (mean_open / 50)
    busiest = max(weekly(comments).values(), default=0)
    by_item = comments_by_item(written)
    edits = sum(one.what == "comment_edited" for one in written)
    rows: list[tuple[str, object, str]] = [
        ("open items, mean", f"{mean_open:.0f}", ""),
        ("new comments", len(comments), ""),
        ("new comments a week per 50 open items", f"{per_week:.2f}", "at most 2"),
        ("  in the busiest week, per 50 open items", f"{busiest / (mean_open / 50):.2f}", ""),
        ("  on the busiest day", max(comments_by_day(written).values(), default=0), "at most 10"),
        ("items with more than one comment", sum(number > 1 for number in by_item.values()), "none"),
        ("edits of comments", edits, ""),
        ("label changes (on and off)", len(labels), ""),
        ("label changes a week per open item", f"{len(labels) / weeks / mean_open:.3f}", ""),
        ("  most on one item in a week", max(item_weeks(labels).values(), default=0), ""),
        ("labels on, off and on within 3 days", len(flip_flops(written)), "none"),
    ]
    rows += [(f"comments because of {why}", number, "") for why, number in sorted(reasons(comments).items())]
    rows += [
        (f"label {name} put on", number, "")
        for name, number in sorted(Counter(one.detail for one in labels if one.what == "label_added").items())
    ]
    held = core.rows("SELECT count(*) FROM publication WHERE status = 'held'")[0][0]
    rows.append(("held back at the end", held, ""))
    return table(f"The year from {LIVE:%Y-%m-%d} to {END:%Y-%m-%d}", ("year", "number", "target"), rows)


def weekly(written: Iterable[Written]) -> Counter[object]:
    """Writes by ISO week."""
    return Counter(one.at.isocalendar()[:2] for one in written)


def item_weeks(written: Iterable[Written]) -> Counter[object]:
    """Writes by item and ISO week."""
    return Counter((one.item, one.at.isocalendar()[:2]) for one in written)


def reasons(comments: Iterable[Written]) -> Counter[str]:
    """Comments by the reasons open at their time."""
    return Counter(", ".join(sorted({code for _, code in one.because})) or "(cleared meanwhile)" for one in comments)


def needless_table(found: Sequence[Share]) -> str:
    """Flags of `stalled-review` whose item moved by itself within three days."""
    rows = [
        (share.name, share.flags, share.needless, f"{share.part:.1%}", share.interval, share.target) for share in found
    ]
    head = ("stalled-review", "flags", "needless", "share", "95 % interval", "target")
    return table("Needless flags: the item moved by itself within 3 days after", head, rows)
