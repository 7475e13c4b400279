"""`python -m bench [name …]`: measures on this machine and prints ratios within the run, with what they stand on.

intake   acknowledgements per second against a Probot app
drain    deliveries worked off per second, by database and by size of batch
tick     a beat of the clock and a drain, with 100 due among 1,000 and among 100,000 items
judge    items judged per second, with short and with long histories
backtest judging half a year again, over a short and a long history (minutes; only when named)
pages    every page over 100,000 items, 1,000,000 changes and 50 rules, against a tenth (minutes; only when named)
preview  what a rule would do, asked at 10,000 and at 100,000 items (minutes; only when named)
turns    how many quiet days to allow, chosen on a project's past and scored on its future (minutes; only when named)
versions moves between versions and what was added to them, over recorded issues (minutes; only when named)
sprints  how early the bad end of a sprint is foretold, learnt on the past (a minute; only when named)
quiet_pulls  which quiet pull requests will not be merged by themselves (minutes; only when named)
forecast how far forecasts can be trusted, and the dates that slipped (minutes; only when named; --picture FILE)
noise    how loud it would have been over a recorded project (most of an hour; only when named)
year     how loud its last year would have been, the years before it taken in at once (minutes; only when named)
"""

from __future__ import annotations

import importlib
import logging
import sys
import time

DEFAULT = ("intake", "drain", "tick", "judge")
NAMED = ("backtest", "forecast", "noise", "pages", "preview", "quiet_pulls", "sprints", "turns", "versions", "year")
NAMES = (*DEFAULT, *NAMED)
DRAWING = ("forecast",)


def main(names: list[str]) -> int:
    """Run the benchmarks named, or all quick ones. `--picture FILE` is for those that draw one."""
    options: dict[str, str] = {}
    if "--picture" in names[:-1]:
        place = names.index("--picture")
        options["picture"] = names[place + 1]
        names = [*names[:place], *names[place + 2 :]]
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    logging.disable(logging.WARNING)
    for name in names or DEFAULT:
        started = time.monotonic()
        print(f"\n## {name}\n", flush=True)
        importlib.import_module(f"bench.{name}").main(**(options if name in DRAWING else {}))
        print(f"\n({name}: {time.monotonic() - started:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
