"""What people answer: lines that begin with `/plumb`, read out of a comment. Pure, and strict about where they stand.

    commands("/plumb snooze 2w release week")
    → (Command(verb=Verb.SNOOZE, days=14, reason="release week", line="/plumb snooze 2w release week"),)

Quotes, code (indented or fenced, or in `<pre>`) and hidden text (`<!-- … -->`, as templates have it) hold no commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MOST = 5
"""Commands read from one comment; more is no answer."""
REASON_LENGTH = 200
LONGEST_DAYS = 366

_COMMAND = re.compile(r" {0,3}/plumb(?:\s+(?P<rest>.*))?\s*\Z", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)\Z")
_SPAN = re.compile(r"(?P<count>\d{1,4})(?P<unit>[dw])\Z", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_PRE_OPENS, _PRE_CLOSES = re.compile(r"<pre[\s>]", re.IGNORECASE), re.compile(r"</pre\s*>", re.IGNORECASE)


class Verb(StrEnum):
    """What may be answered."""

    ACK = "ack"
    SNOOZE = "snooze"
    WRONG = "wrong"
    EXPECT = "expect"
    BASELINE = "baseline"
    HOME = "home"
    WHY = "why"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Command:
    """One answer. `until` or `days` (from the day it was said) for snooze and expect; `reason` as the person gave it.

    `rest` is what follows the verb of `baseline` and `home`: a milestone's title, perhaps, and a reason; only who
    knows the titles can tell them apart. `problem` is why it cannot be followed: unknown, when (no or no good date).
    `line` is the command as written, blanks folded: the same line in the same comment is the same answer.
    """

    verb: Verb
    line: str
    until: date | None = None
    days: int | None = None
    reason: str | None = None
    rest: str = ""
    problem: str | None = None


def commands(body: str) -> tuple[Command, ...]:
    """The answers in a comment, in order, each line once; at most `MOST`."""
    found: dict[str, Command] = {}
    for line in _plain_lines(body):
        match = _COMMAND.match(line)
        if match is not None:
            told = _command(match["rest"] or "")
            found.setdefault(told.line, told)
    return tuple(found.values())[:MOST]


def added(body: str, before: str) -> tuple[Command, ...]:
    """The answers that an edit brought in."""
    known = {command.line for command in commands(before)}
    return tuple(command for command in commands(body) if command.line not in known)


def only_commands(body: str) -> bool:
    """Whether a comment speaks to us alone: it says nothing to the people on the item, so it moves nothing."""
    lines = [line for line in body.splitlines() if line.strip()]
    return bool(lines) and all(_COMMAND.match(line) for line in lines) and bool(commands(body))


def _plain_lines(body: str) -> Iterator[str]:
    """The lines that are neither quoted nor code nor hidden."""
    fence: str | None = None
    hidden = pre = False
    for line in body.splitlines():
        if fence is not None:
            closing = _FENCE.match(line)
            if closing and closing["fence"].startswith(fence) and not closing["info"].strip():
                fence = None
            continue
        if hidden:
            hidden = "-->" not in line
            continue
        if pre:
            pre = _PRE_CLOSES.search(line) is None
            continue
        opening = _FENCE.match(line)
        if opening is not None and not (opening["fence"][0] == "`" and "`" in opening["info"]):
            fence = opening["fence"]
            continue
        if "<!--" in line:
            hidden = "-->" not in line.rpartition("<!--")[2]
        if _PRE_OPENS.search(line) is not None:
            pre = _PRE_CLOSES.search(line) is None
        yield line


def _command(text: str) -> Command:
    folded = " ".join(text.split())
    line = f"/plumb {folded}".rstrip()
    word, _, rest = folded.partition(" ")
    try:
        verb = Verb(word.casefold()) if word else Verb.HELP
    except ValueError:
        return Command(Verb.HELP, line, problem="unknown")
    if verb in (Verb.SNOOZE, Verb.EXPECT):
        return _timed(verb, line, rest)
    if verb in (Verb.BASELINE, Verb.HOME):
        return Command(verb, line, rest=rest)
    return Command(verb, line, reason=clean_reason(rest))


def _timed(verb: Verb, line: str, rest: str) -> Command:
    word, _, reason = rest.partition(" ")
    span = _SPAN.match(word)
    if span is not None:
        days = int(span["count"]) * (7 if span["unit"].casefold() == "w" else 1)
        if 0 < days <= LONGEST_DAYS:
            return Command(verb, line, days=days, reason=clean_reason(reason))
    elif _DAY.match(word):
        try:
            return Command(verb, line, until=date.fromisoformat(word), reason=clean_reason(reason))
        except ValueError:
            pass
    return Command(verb, line, problem="when")


def clean_reason(text: str) -> str | None:
    """A reason in one line, without the quotation marks around it; None where there is none."""
    folded = " ".join(text.split())
    if len(folded) >= 2 and (folded[0], folded[-1]) in {('"', '"'), ("'", "'"), ("“", "”")}:
        folded = folded[1:-1].strip()
    return folded[:REASON_LENGTH] or None
