"""A `Note` as a Jira comment in wiki markup.

Bold facts, evidence as a list, what helps, small print. Our marker is the fragment of the link to our page ("Why this
note?"), where readers do not see it; a note without such a link carries it as an anchor, which is not shown either.
Jira has no fold. All text is escaped (`escape`), so a comment holds exactly the markup that is written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from integrations.jira import escape
from integrations.text import ZWSP, merged
from rules.intents import Line, Note, Section, Span

LIMIT = 32_767
"""Jira refuses a longer comment (400)."""
SPAN_LIMIT = 400
CUT_OFF = "… and more, left out here."
BULLET = "* "

_MARKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9:.]{0,99}\Z")
_CARRIED = re.compile(r"(?:#|\{anchor:)(plumbline:[A-Za-z0-9:.]{1,90})(?![A-Za-z0-9:.])")


def carries(body: str, marker: str) -> bool:
    """Whether a comment's text carries just this marker."""
    return marker in _CARRIED.findall(body)


def marker_in(body: str) -> str | None:
    """The marker that a text of ours carries, in its last line; one that is only quoted is none."""
    last = next((line.strip() for line in reversed(body.splitlines()) if line.strip()), "")
    found = [] if last.startswith(("bq.", ">")) or "{quote}" in last else _CARRIED.findall(last)
    return found[-1] if found else None


def render(note: Note, marker: str) -> str:
    """The whole comment, at most 32,767 characters. `marker` is the bare one: "plumbline:1:7f3c"."""
    if _MARKER.match(marker) is None:
        raise ValueError(f"{marker!r} is no marker: letters, digits, colons and dots, at most 100")
    small = _marked(note.small, marker)
    last = "" if small is not None else f"{{anchor:{marker}}}"
    reply = [escape.line_start(_line(line)) for line in note.reply]
    if note.quiet:
        head = note.sections[0].headline if note.sections else ()
        lines = [escape.line_start(_line(head)), *reply]
        return _laid([*lines[:-1], _ended(lines[-1], last)])
    pieces = [piece for section in note.sections for piece in _pieces(section)]
    tail = [*(["----"] if reply and pieces else []), *reply, *_helps(note)]
    end = _small(small or note.small, last)
    while True:
        text = _laid([*pieces, *tail, end])
        if len(text) <= LIMIT:
            return text
        # Too long even so: the least urgent goes first; the first headline and our own last line stay.
        if len(pieces) > 1:
            pieces.pop()
        elif tail != [CUT_OFF]:
            tail = [CUT_OFF]
        else:
            return _laid([*pieces, CUT_OFF, last or f"{{anchor:{marker}}}"])


def _ended(text: str, last: str) -> str:
    return f"{text} {last}".strip()


def _laid(pieces: list[str]) -> str:
    """The pieces below each other: list entries close together, all else with an empty line between."""
    text, before = "", ""
    for piece in filter(None, pieces):
        both = before.startswith(BULLET) and piece.startswith(BULLET)
        text += (("\n" if both else "\n\n") if text else "") + piece
        before = piece
    return text


def _pieces(section: Section) -> Iterator[str]:
    """A section in its smallest parts: headline, list entries, table rows and lines below.

    A table becomes a list, introduced by its first heading: wiki tables are hard to read on a phone and in mails.
    """
    head = _line(section.headline, bold=True)
    yield f"*{head}*" if head else ""
    for line in section.lines:
        yield BULLET + escape.line_start(_line(line))
    if section.table:
        heading = _line(section.table[0][0]) if section.table[0] else ""
        yield f"{escape.line_start(heading)}:" if heading else ""
    for row in section.table[1:]:
        yield BULLET + escape.line_start(", ".join(filter(None, (_line(cell) for cell in row))))
    for line in section.below:
        yield escape.line_start(_line(line))


def _helps(note: Note) -> Iterator[str]:
    helps = _line(note.helps)
    if helps:
        lead = escape.plain(note.helps_lead).strip()
        yield f"*{lead if lead.endswith(':') else lead + ':'}* {helps}" if lead else escape.line_start(helps)


def _small(small: tuple[Line, ...], last: str) -> str:
    return _ended(" ".join(filter(None, (_line(line) for line in small))), last)


def _marked(small: tuple[Line, ...], marker: str) -> tuple[Line, ...] | None:
    """The small print with the marker on its last link; None where it has none."""
    for row in range(len(small) - 1, -1, -1):
        for place in range(len(small[row]) - 1, -1, -1):
            span = small[row][place]
            target = None if span.url is None else escape.url(span.url)
            if target is not None:
                marked = replace(span, url=f"{target.partition('#')[0]}#{marker}")
                line = (*small[row][:place], marked, *small[row][place + 1 :])
                return (*small[:row], line, *small[row + 1 :])
    return None


def _line(line: Line, *, bold: bool = False) -> str:
    """The spans of one line."""
    shown = ""
    for span in merged(line, bold=bold, limit=SPAN_LIMIT, target=escape.url):
        one = _span(span)
        # Markup that touches a letter is not seen as such, and neighbours of one kind would become one.
        if shown and one and ((_is_markup(one) and _joins(shown[-1])) or (_is_markup(shown[-1:]) and _joins(one[0]))):
            shown += ZWSP
        shown += one
    return shown.strip()


def _joins(char: str) -> bool:
    return char.isalnum() or char in "*{}_\\"


def _is_markup(shown: str) -> bool:
    return shown[:1] in ("*", "{", "}", "[")


def _span(span: Span) -> str:
    """A span whose `url`, where there is one, is a link's target already.

    White space at its edges stays outside its markup.
    """
    text = escape.words(span.text) if span.url is not None else escape.plain(span.text)
    words = text.strip()
    if not words:
        return text
    if span.url is not None:
        words = f"[{words}|{span.url}]"
    elif span.code:
        words = f"{{{{{words}}}}}"
    if span.strong:
        words = f"*{words}*"
    return f"{' ' if text[0] == ' ' else ''}{words}{' ' if text[-1] == ' ' else ''}"
