"""The recording format, and that the one we ship holds nothing of the people it was made from."""

import gzip
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from integrations.sandbox.demo import demo_recording
from integrations.sandbox.recording import Entry, Header, Opening, Person, Recording, RecordingError, check, read, write
from tests.support import shared
from tools import make_demo, neutral
from tools.recordings import load

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "integrations" / "sandbox" / "data" / "demo.jsonl.gz"
AT = datetime(2026, 8, 1, 9, 30, tzinfo=UTC)
HEADER = Header(repository="demo/curve", until=AT, people=(Person(login="dev-01", association="MEMBER"),))


def opened(number: int = 1) -> Entry:
    return Entry(at=AT, kind="opened", number=number, by="dev-01", opening=Opening(title="Tidy", labels=("ci",)))


def test_what_is_written_reads_back_equal() -> None:
    entries = [
        Entry(at=AT, kind="milestone_created", number=4, by="dev-01", title="0.8.0", due=AT.date()),
        opened(),
        Entry(at=AT, kind="milestoned", number=1, by="dev-01", milestone=4),
        Entry(at=AT, kind="edited", number=1, by="dev-01", body=""),
        Entry(at=AT, kind="reviewed", number=1, by="dev-01", id=7, state="approved", body="Fine — ✓"),
    ]
    lines = list(write(Recording(HEADER, entries)))
    back = read(lines)
    assert back.header == HEADER
    assert list(check(back)) == entries
    assert "null" not in "".join(lines), "fields at their default take no room"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2: not a JSON object"),
        ('{"kind":"exploded"}', "line 2: not an entry: kind 'exploded'"),
        ('{"kind":"closed","number":1,"by":"dev-01"}', "line 2: not an entry: 'at'"),
        ('{"at":"2026-08-01T00:00:00","kind":"closed","number":1,"by":"dev-01"}', "has no time zone"),
        ('{"at":"2026-08-01T00:00:00Z","kind":"closed","number":1,"by":"dev-01","colour":"red"}', "colour"),
    ],
)
def test_a_bad_line_is_named(line: str, says: str) -> None:
    recording = read([next(write(Recording(HEADER, []))), line])
    with pytest.raises(RecordingError, match=re.escape(says)):
        list(recording.entries)


@pytest.mark.parametrize("first", ["", "{}", '{"recording":2}', '{"recording":1}'])
def test_a_file_of_another_format_is_refused_at_once(first: str) -> None:
    with pytest.raises(RecordingError, match="line 1"):
        read([first])


def test_check_finds_what_is_out_of_order() -> None:
    closing = Entry(at=AT, kind="closed", number=1, by="dev-01")
    joining = Entry(at=AT, kind="milestoned", number=1, by="dev-01", milestone=4)
    late = replace(opened(), at=AT.replace(year=2027))
    for entries, says in [
        ([closing], "closed of 1 before it was opened"),
        ([opened(), opened()], "opened of 1 a second time"),
        ([opened(), joining], "milestone 4 was never created"),
        ([late], "out of order or after the end"),
        ([opened(), replace(closing, at=AT.replace(year=2025))], "out of order"),
    ]:
        with pytest.raises(RecordingError, match=says):
            list(check(Recording(HEADER, entries)))


def test_the_shipped_recording_is_sound_and_small() -> None:
    with demo_recording() as recording:
        entries = list(check(recording))
    assert 5_000 < len(entries) < 10_000
    assert SHIPPED.stat().st_size < 600_000


def test_the_shipped_recording_names_no_real_person() -> None:
    with demo_recording() as recording:
        logins = {person.login for person in recording.header.people}
        for entry in recording.entries:
            logins |= {entry.by, *([entry.person] if entry.person else [])}
            if entry.opening:
                logins |= {*entry.opening.assignees, *entry.opening.reviewers}
    strangers = {
        login for login in logins if not re.fullmatch(r"dev-\d{2,3}|(ci|helper|sync|branch)-bot\[bot\]", login)
    }
    assert strangers == set()


def test_the_shipped_recording_has_made_up_prose_only() -> None:
    sentences = set(neutral.SENTENCES)
    allowed = re.compile(r"- \[[ x]\] [a-z0-9 -]+|Closes #\d+\.|See #\d+(, #\d+)*\.|")
    titles = []
    with demo_recording() as recording:
        for entry in recording.entries:
            bodies = [entry.body] + ([entry.opening.body] if entry.opening else [])
            for line in (line for body in bodies if body for line in body.split("\n")):
                parts = re.findall(r"[^.?]+[.?]", line)
                prose = bool(parts) and all(part.strip() in sentences for part in parts)
                assert prose or allowed.fullmatch(line), line
            if entry.opening:
                titles.append(entry.opening.title)
            elif entry.title and entry.kind == "edited":
                titles.append(entry.title)
            assert entry.path in ("", *neutral.PATHS)
    assert max(map(len, titles)) <= 80
    assert len(set(titles)) == len(titles), "every title is one item's own"


def test_the_shipped_recording_shares_no_long_text_with_its_source() -> None:
    items = source_lines("secp256k1.compact.jsonl.gz")
    text = gzip.decompress(SHIPPED.read_bytes()).decode()
    known = {item["title"] for item in items} | {
        event["rename"]["to"] for item in items for event in item["events"] if "rename" in event
    }
    assert [title for title in known if len(title) > 12 and title in text] == []
    people = {item["author"] for item in items} | {event["actor"] for item in items for event in item["events"]}
    names = {name for name in people if name and len(name) > 4 and name != "ghost"}
    words = set(re.findall(r"[\w-]+", text))
    assert {name for name in names if name in words} == set()
    shas = {event["sha"] for item in items for event in item["events"] if "sha" in event}
    assert [sha for sha in shas if sha in text] == []


def test_making_the_demo_again_gives_what_is_shipped() -> None:
    source_lines("secp256k1.compact.jsonl.gz")
    text = "".join(write(make_demo.demo_recording(load(shared("github")))))
    assert sha256(text.encode()).hexdigest() == sha256(gzip.decompress(SHIPPED.read_bytes())).hexdigest()


def source_lines(name: str) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in gzip.decompress(shared("github", name).read_bytes()).splitlines()]
