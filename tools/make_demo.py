"""Make `integrations/sandbox/data/demo.jsonl.gz`, the project that `plumbline up --demo` replays.

    python -m tools.make_demo [SOURCE_FOLDER]        default: ../shared/data/github

Facts of a real public project (bitcoin-core/secp256k1, from its metadata backup, see `tools/recordings.py` for what is
exact and what is approximate) with all people and prose replaced. The record stops on 2026-08-03 at 17:00 UTC, a day
past the date of milestone 0.8.0 and before it was closed. In it are all items open then, all that were ever in a
milestone, and all closed in the twelve months before, each with its whole history; older closed items are left out.
Running this twice gives the same bytes.
"""

import gzip
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from integrations.sandbox.recording import Recording, check, write
from tools.disguise import Neutral
from tools.recordings import Source, instant, load, open_at, record

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT.parent / "shared" / "data" / "github"
TARGET = ROOT / "integrations" / "sandbox" / "data" / "demo.jsonl.gz"
UNTIL = datetime(2026, 8, 3, 17, tzinfo=UTC)
REPOSITORY = "demo/curve"


def demo_numbers(source: Source) -> set[int]:
    """Numbers of the items that belong into the demo; see the head of this module."""
    numbers = open_at(source.items, UNTIL)
    for item in source.items:
        joined = (e for e in item["events"] if e["event"] == "milestoned" and instant(e["at"]) <= UNTIL)
        closed = instant(item["closed_at"]) if item["closed_at"] else None
        if any(joined) or (closed and UNTIL - timedelta(days=365) <= closed <= UNTIL):
            numbers.add(int(item["number"]))
    return numbers


def demo_recording(source: Source) -> Recording:
    """The recording to ship, people and prose replaced."""
    numbers = demo_numbers(source)
    return record(source, until=UNTIL, numbers=numbers, disguise=Neutral(REPOSITORY), repository=REPOSITORY)


def main(folder: Path = SOURCE) -> None:
    """Write the file and say how large it is."""
    recording = demo_recording(load(folder))
    entries = list(check(recording))
    text = "".join(write(Recording(recording.header, entries)))
    # No name and no time in the gzip header: the bytes depend on the content alone.
    TARGET.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(f"{TARGET.relative_to(ROOT)}: {len(entries)} entries, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
