"""`plumbline backtest`: a past played before people's eyes, compared, refused in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.store.database import Database
from tests.world import MONDAY, World

RULES = "rules:\n- {name: quiet, type: stalled-work, params: {quiet_days: 3}}\n"
SLOWER = RULES.replace("quiet_days: 3", "quiet_days: 9")


@pytest.fixture
def past(home, tmp_path):
    """Two issues in progress: one moves on the sixth day, one never."""
    folder = tmp_path / "world"
    folder.mkdir()
    world = World(f"sqlite:///{home}/plumbline.db", folder, at=MONDAY)
    for number in (7, 8):
        world.post(world.hub.issue(number, at=MONDAY, labels=("in progress",), title=f"Item {number}"))
    world.at(MONDAY + timedelta(days=6))
    world.post(world.hub.comment(7, by="mel", at=world.now))
    world.at(MONDAY + timedelta(days=20))
    world.drain()
    yield world
    world.close()


@pytest.fixture
def written(tmp_path):
    def write(text: str, name: str = "rules.yaml"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def test_it_says_what_would_have_been_flagged(past, plumbline, written) -> None:
    said = plumbline("backtest", written(RULES), "--since", "2026-03-02")
    assert said.code == 0, said.err
    assert "quiet (stalled-work)" in said.out
    assert "2026-03-05 09:00  2026-03-08" in said.out
    assert "#8 Item 8" in said.out
    assert "stands" in said.out


def test_programs_get_all_of_it(past, plumbline, written) -> None:
    data = plumbline("backtest", written(RULES), "--since", "2026-03-02", "--json").data
    (rule,) = data["report"]["rules"]
    assert [(flag["name"], flag["opened_at"][:10]) for flag in rule["flags"]] == [
        ("#7", "2026-03-05"),
        ("#8", "2026-03-05"),
        ("#7", "2026-03-11"),
    ]
    assert rule["needless"] == {"some": 1, "of": 3, "part": None, "interval": rule["needless"]["interval"]}
    assert data["before"] is None
    assert data["differences"] == []


def test_it_ends_where_it_is_told_to(past, plumbline, written) -> None:
    command = ("backtest", written(RULES), "--since", "2026-03-02", "--until", "2026-03-09", "--json")
    (rule,) = plumbline(*command).data["report"]["rules"]
    assert [flag["name"] for flag in rule["flags"]] == ["#7", "#8"]


def test_two_versions_are_compared(past, plumbline, written) -> None:
    past.rules("{name: quiet, type: stalled-work, mode: live, params: {quiet_days: 3}}")
    slower = written(SLOWER, "slower.yaml")
    command = ("backtest", slower, "--since", "2026-03-02", "--json")
    for against in (("--against", written(RULES)), ("--against-in-force",)):
        (difference,) = plumbline(*command, *against).data["differences"]
        assert (difference["both"], difference["later"], difference["gone"], difference["new"]) == (2, 2, [], [])
    words = plumbline(*command[:-1], "--against-in-force").out
    assert "Against the other version:" in words


def test_a_history_is_played_as_the_database_is(past, plumbline, written, tmp_path) -> None:
    file = str(tmp_path / "shop.jsonl.gz")
    assert plumbline("history", "export", "--output", file).code == 0
    command = ("backtest", written(RULES), "--since", "2026-03-02", "--until", "2026-03-15", "--json")
    here, there = (plumbline(*command, *more).data["report"]["rules"] for more in ((), ("--history", file)))
    assert here[0]["flags"] == there[0]["flags"]
    assert len(here[0]["flags"]) == 3
    spoilt = written("nothing of the kind", "spoilt.jsonl")
    said = plumbline(*command, "--history", spoilt)
    assert (said.code, "Traceback" in said.err) == (2, False)
    assert "spoilt.jsonl:1:" in said.err


def test_it_writes_nothing(past, plumbline, written, home) -> None:
    before = (home / "plumbline.db").read_bytes()
    plumbline("backtest", written(RULES))
    assert (home / "plumbline.db").read_bytes() == before
    db = Database(f"sqlite:///{home}/plumbline.db")
    db.dispose()


@pytest.mark.parametrize(
    ("text", "arguments", "code", "words"),
    [
        (RULES, ("--project", "acme/none"), 2, "There is no project acme/none here; watched are acme/shop."),
        (RULES, ("--since", "2026-03-09", "--until", "2026-03-01"), 2, "The time must begin before it ends"),
        (RULES, ("--since", "Monday"), 2, "does not match the format"),
        (RULES, ("--against-in-force", "--against", "rules.yaml"), 2, ""),
        ("rules:\n- {name: a, type: staled-work}", (), 1, "did you mean `stalled-work`?"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(past, plumbline, written, *, text, arguments, code, words) -> None:
    said = plumbline("backtest", written(text), *arguments)
    assert said.code == code
    assert words in said.err
    assert "Traceback" not in said.err
