"""Our own comment as the tracker shows it: the little markup our comments use, GitHub's or Jira's, read back into plain
structure.

Only what we write ourselves is understood (paragraphs, lists, bold, code, links, tables); anything else stays text.
Nothing is ever passed through as HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.intents import Line, Span

_TOKEN = re.compile(
    r"\*\*(?P<bold>[^*\n]+)\*\*|`(?P<code>[^`\n]+)`|\[(?P<text>(?:\\.|[^\]\\\n])+)\]\((?P<url>https?://[^\s)]+)\)"
)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()<>#+\-.!|~@:])")
_WIKI = re.compile(
    r"\{\{(?P<code>.+?)\}\}|\[(?P<text>[^\]|\n]+)\|(?P<url>https?://[^\s\]]+)\]"
    r"|(?<![\w\\*])\*(?P<bold>(?:\\.|[^*\\\n])+)\*(?!\w)"
)
_ANCHOR = re.compile(r"\{anchor:[^}]*\}")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"</?(?:sub|sup|small|details|summary|br)\s*/?>")


@dataclass(frozen=True, slots=True)
class Block:
    """One block: `kind` is p, ul, table or fine; its lines, or for a table its rows of cells."""

    kind: str
    lines: tuple[Line, ...] = ()
    rows: tuple[tuple[Line, ...], ...] = ()


def paragraphs(body: str, *, wiki: bool = False) -> tuple[Block, ...]:
    """The blocks of a comment of ours, hidden marker left out. `wiki`: it is written in Jira's markup."""
    blocks: list[Block] = []
    hidden, tokens = (_ANCHOR, _WIKI) if wiki else (_COMMENT, _TOKEN)
    parts = re.split(r"\n\s*\n", hidden.sub("", body).strip())
    for place, part in enumerate(parts):
        lines = [line.strip() for line in part.splitlines() if line.strip()]
        if not lines:
            continue
        small = len(parts) > 1 and place == len(parts) - 1
        fine = small if wiki else lines[0].startswith("<sub>")
        lines = [_TAG.sub("", line).strip() for line in lines]
        lines = [line for line in lines if line]
        if lines and all(line.startswith("|") for line in lines):
            blocks.append(_table(lines, tokens))
        elif lines and all(line.startswith(("- ", "* ")) for line in lines):
            blocks.append(Block("ul", tuple(_spans(line[2:], tokens) for line in lines)))
        elif lines:
            blocks.append(Block("fine" if fine else "p", (_spans(" ".join(lines), tokens),)))
    return tuple(blocks)


def _table(lines: list[str], tokens: re.Pattern[str]) -> Block:
    rows = [tuple(_spans(cell.strip(), tokens) for cell in re.split(r"(?<!\\)\|", line.strip("|"))) for line in lines]
    return Block(
        "table", rows=tuple(row for row, line in zip(rows, lines, strict=True) if not set(line) <= set("|-: "))
    )


def _spans(text: str, tokens: re.Pattern[str]) -> Line:
    spans: list[Span] = []
    at = 0
    for token in tokens.finditer(text):
        if token.start() > at:
            spans.append(Span(_plain(text[at : token.start()])))
        at = token.end()
        if token["bold"] is not None:
            spans.append(Span(_plain(token["bold"]), strong=True))
        elif token["code"] is not None:
            spans.append(Span(token["code"], code=True))
        else:
            spans.append(Span(_plain(token["text"]), url=token["url"]))
    if at < len(text):
        spans.append(Span(_plain(text[at:])))
    return tuple(spans)


def _plain(text: str) -> str:
    # a zero-width joiner or space keeps mentions quiet in the tracker; readers need not see a box for it
    unescaped = _ESCAPED.sub(r"\1", text)
    return unescaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("&#64;", "@")
