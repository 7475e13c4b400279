"""A `Note` as a GitHub comment.

Bold facts, evidence as a list or table, what helps, small print, and our marker as the last line. At most 900
characters stand above the fold; what is beyond goes into `<details>`. All text is escaped (`escape`), so a comment
holds exactly the markup that is written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from integrations.github import escape
from integrations.text import merged
from rules.intents import Line, Note, Section, Span

LIMIT = 65_536
"""GitHub refuses a longer comment (422)."""
FOLD = 900
SPAN_LIMIT = 400
MORE = "More"
CUT_OFF = "… and more, left out here."

_MARKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,99}\Z")


def hidden(marker: str) -> str:
    """The marker as it stands in a comment: `<!-- plumbline:1:7f3c -->` for `plumbline:1:7f3c`."""
    if _MARKER.match(marker) is None or "--" in marker:
        raise ValueError(
            f"{marker!r} is no marker: letters, digits, colons, dots, underscores and single hyphens, at most 100"
        )
    return f"<!-- {marker} -->"


_MARK = re.compile(r"\s*<!-- (plumbline:[A-Za-z0-9:.]{1,90}) -->\s*\Z")


def marker_in(body: str | None) -> str | None:
    """The mark of a comment of ours: it stands on a line of its own, so that one which is quoted is none."""
    found = (_MARK.match(line) for line in (body or "").splitlines() if "<!--" in line)
    return next((mark[1] for mark in found if mark is not None), None)


def render(note: Note, marker: str) -> str:
    """The whole comment, at most 65,536 characters. `marker` is the bare one: "plumbline:1:7f3c"."""
    last = hidden(marker)
    if note.quiet:
        head = note.sections[0].headline if note.sections else ()
        reply = _reply(note)
        return f"{_quiet(head)}\n{last}" if not reply else _join([_quiet(head), *reply, last])
    tail = [*_reply(note), *_tail(note, last)]
    above, below = _fold(note.sections, FOLD - _length((note.helps, *note.small)) - len(note.helps_lead))
    while True:
        text = _join([*_blocks(above), *_details(below), *tail])
        if len(text) <= LIMIT:
            return text
        # Too long even so: the least urgent goes first; our own last lines always stay.
        if below:
            below = _shorter(below)
        elif len(above) > 1:
            above = _shorter(above)
        else:
            return _join([*_blocks(_headline_only(above)), *_blocks([_Text(_said(CUT_OFF))]), last])


# --- blocks -----------------------------------------------------------------------------------------------------------
# -----------------


@dataclass(frozen=True, slots=True)
class _Head:
    line: Line


@dataclass(frozen=True, slots=True)
class _Text:
    line: Line


@dataclass(frozen=True, slots=True)
class _List:
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    head: tuple[Line, ...]
    rows: tuple[tuple[Line, ...], ...]


_Block = _Head | _Text | _List | _Table


def _said(text: str) -> Line:
    return (Span(text),)


def _pieces(section: Section) -> Iterator[_Block]:
    """A section in its smallest parts: one per headline, list entry, table row and line below."""
    yield _Head(section.headline)
    for line in section.lines:
        yield _List((line,))
    if section.table:
        for row in section.table[1:]:
            yield _Table(section.table[0], (row,))
    for line in section.below:
        yield _Text(line)


def _fold(sections: tuple[Section, ...], room: int) -> tuple[list[_Block], list[_Block]]:
    """The parts that stand above the fold, and those below. The first headline always stands above; order is kept."""
    above: list[_Block] = []
    below: list[_Block] = []
    for section in sections:
        for piece in _pieces(section):
            size = _size(piece)
            fits = not below and (not above or size <= room)
            if fits:
                room -= size
            _add(above if fits else below, piece)
    return above, below


def _add(blocks: list[_Block], piece: _Block) -> None:
    """Append a part, joining entries of one list and rows of one table."""
    last = blocks[-1] if blocks else None
    if isinstance(last, _List) and isinstance(piece, _List):
        blocks[-1] = _List(last.lines + piece.lines)
    elif isinstance(last, _Table) and isinstance(piece, _Table) and last.head is piece.head:
        blocks[-1] = replace(last, rows=last.rows + piece.rows)
    else:
        blocks.append(piece)


def _shorter(blocks: list[_Block]) -> list[_Block]:
    """`blocks` without roughly the last half, and a word that something is missing."""
    kept = blocks[:-1]
    last = blocks[-1]
    if isinstance(last, _List) and len(last.lines) > 1:
        kept.append(_List(last.lines[: len(last.lines) // 2]))
    elif isinstance(last, _Table) and len(last.rows) > 1:
        kept.append(replace(last, rows=last.rows[: len(last.rows) // 2]))
    elif last == _Text(_said(CUT_OFF)):
        return _shorter(kept) if kept else []
    return [*kept, _Text(_said(CUT_OFF))] if kept else []


def _headline_only(blocks: list[_Block]) -> list[_Block]:
    return [block for block in blocks[:1] if isinstance(block, _Head)]


def _size(block: _Block) -> int:
    match block:
        case _Head(line) | _Text(line):
            return _length((line,))
        case _List(lines):
            return _length(lines)
        case _Table(_, rows):
            return sum(_length(row) for row in rows)


def _length(lines: tuple[Line, ...]) -> int:
    """Characters as a reader sees them: an address behind a link takes no room."""
    return sum(min(len(span.text), SPAN_LIMIT) for line in lines for span in line)


# --- Markdown ---------------------------------------------------------------------------------------------------------
# -----------------


def _join(blocks: list[str]) -> str:
    return "\n\n".join(block for block in blocks if block)


def _blocks(blocks: list[_Block]) -> list[str]:
    return [_block(block) for block in blocks]


def _block(block: _Block) -> str:
    match block:
        case _Head(line):
            words = _line(line, bold=True)
            return f"**{words}**" if words else ""
        case _Text(line):
            return escape.line_start(_line(line))
        case _List(lines):
            return "\n".join(f"- {escape.line_start(_line(line))}" for line in lines)
        case _Table(head, rows):
            width = len(head)
            rule = "| " + " | ".join("---" for _ in head) + " |"
            return "\n".join([_row(head, width), rule, *(_row(row, width) for row in rows)])


def _row(cells: tuple[Line, ...], width: int) -> str:
    """One table row of exactly `width` cells."""
    shown = [_line(cell, in_table=True) for cell in cells[:width]]
    shown += [""] * (width - len(shown))
    return "| " + " | ".join(shown) + " |"


def _details(blocks: list[_Block]) -> list[str]:
    if not blocks:
        return []
    return [f"<details><summary>{MORE}</summary>\n\n{_join(_blocks(blocks))}\n\n</details>"]


def _quiet(head: Line) -> str:
    return escape.line_start(_line(head))


def _reply(note: Note) -> list[str]:
    """What is said to a command, under a rule where a note stands above it."""
    lines = [escape.line_start(_line(line)) for line in note.reply]
    return ["---", *lines] if lines and note.sections else lines


def _tail(note: Note, marker: str) -> list[str]:
    """What helps, the small print and the marker. The marker follows the small print at once."""
    blocks = []
    helps = _line(note.helps)
    if helps:
        lead = escape.plain(note.helps_lead).strip()
        blocks.append(f"**{lead if lead.endswith(':') else lead + ':'}** {helps}" if lead else escape.line_start(helps))
    small = " ".join(filter(None, (_line(line) for line in note.small)))
    blocks.append(f"<sub>{small}</sub>\n{marker}" if small else marker)
    return blocks


def _line(line: Line, *, bold: bool = False, in_table: bool = False) -> str:
    """The spans of one line."""
    shown = ""
    for span in merged(line, bold=bold, limit=SPAN_LIMIT, target=escape.url):
        one = _span(span, in_table=in_table)
        if shown.endswith("`") and one.startswith("`"):
            # The backticks of two code spans side by side would make one longer run, and open them both.
            shown += escape.ZWSP
        elif shown.endswith("!") and one.startswith("["):
            # An exclamation mark before a link makes an image of it.
            shown = shown[:-1] + r"\!"
        shown += one
    return shown.strip()


def _span(span: Span, *, in_table: bool) -> str:
    """A span whose `url`, where there is one, is a link's target already.

    White space at its edges stays outside its markup.
    """
    text = escape.code(span.text, in_table=in_table) if span.code else escape.plain(span.text)
    words = text.strip()
    if not words:
        return text
    if span.url is not None:
        words = f"[{words}]({span.url})"
    if span.strong:
        words = f"<strong>{words}</strong>"
    before = " " if not span.code and text[0] == " " else ""
    after = " " if not span.code and text[-1] == " " else ""
    return f"{before}{words}{after}"
