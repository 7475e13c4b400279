"""Reading commands out of comments, over many made-up ones."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.answers import MOST, REASON_LENGTH, Command, Verb, added, commands, only_commands

words = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=60)
verbs = st.sampled_from([verb.value for verb in Verb])
command_lines = st.builds(lambda verb, rest: f"/plumb {verb} {rest}".rstrip(), verbs, words)
lines = st.one_of(
    words, command_lines, st.sampled_from(["", "```", "~~~", "> /plumb ack", "<!--", "-->", "    /plumb ack"])
)
texts = st.lists(lines, max_size=12).map("\n".join)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/plumb ack waits for legal", Command(Verb.ACK, "/plumb ack waits for legal", reason="waits for legal")),
        ("/plumb ACK", Command(Verb.ACK, "/plumb ACK")),
        ("  /plumb  snooze  5d ", Command(Verb.SNOOZE, "/plumb snooze 5d", days=5)),
        ('/plumb snooze 2w "rest"', Command(Verb.SNOOZE, '/plumb snooze 2w "rest"', days=14, reason="rest")),
        ("/plumb expect 2026-12-18 x", Command(Verb.EXPECT, "/plumb expect 2026-12-18 x", until=date(2026, 12, 18), reason="x")),
        ("/plumb expect Friday", Command(Verb.EXPECT, "/plumb expect Friday", problem="when")),
        ("/plumb snooze 0d", Command(Verb.SNOOZE, "/plumb snooze 0d", problem="when")),
        ("/plumb baseline 2.4 agreed", Command(Verb.BASELINE, "/plumb baseline 2.4 agreed", rest="2.4 agreed")),
        ("/plumb", Command(Verb.HELP, "/plumb")),
        ("/plumb dance", Command(Verb.HELP, "/plumb dance", problem="unknown")),
    ],
)  # fmt: skip
def test_a_line_is_read(line: str, expected: Command) -> None:
    assert commands(f"Some words.\n{line}\nMore.") == (expected,)


@pytest.mark.parametrize(
    "text",
    [
        "say /plumb ack", "> /plumb ack", "`/plumb ack`", "    /plumb ack", "\t/plumb ack", "/plumbline ack",
        "```\n/plumb ack\n```", "````\n```\n/plumb ack\n````", "~~~ sh\n/plumb ack", "<!--\n/plumb ack\n-->",
        "<pre>\n/plumb ack\n</pre>", "- /plumb ack",
    ],
)  # fmt: skip
def test_what_is_no_command(text: str) -> None:
    assert commands(text) == ()


@given(texts)
def test_any_text_is_read_without_an_error_and_within_bounds(text: str) -> None:
    found = commands(text)
    assert len(found) <= MOST
    assert len({command.line for command in found}) == len(found)
    for command in found:
        assert command.reason is None or 0 < len(command.reason) <= REASON_LENGTH
        assert "\n" not in command.line
        assert commands(command.line) == (command,)
    assert commands(text.replace("\n", "\r\n")) == found


@given(texts)
def test_quoting_a_text_or_putting_it_in_code_silences_it(text: str) -> None:
    assert commands("\n".join(f"> {line}" for line in text.splitlines())) == ()
    assert commands("\n".join(f"    {line}" for line in text.splitlines())) == ()


@given(texts, texts)
def test_an_edit_adds_what_was_not_there(before: str, after: str) -> None:
    new = added(after, before)
    assert set(new) <= set(commands(after))
    assert not {command.line for command in new} & {command.line for command in commands(before)}
    assert added(after, after) == ()


@given(st.lists(command_lines, min_size=1, max_size=4), words)
def test_only_commands_say_nothing_else(said: list[str], word: str) -> None:
    assert only_commands("\n\n".join(said))
    assert not only_commands("")
    if word.strip() and not word.strip().startswith("/plumb"):
        assert not only_commands("\n".join([*said, word]))
