"""What a description says of when its work is done: a section of that name, a check list, or Given, When, Then."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rules.checklist import count_boxes
from rules.settings import fold

LONGEST = 20_000
"""Characters of a description that are read."""
HIDDEN = re.compile(r"(?s:<!--.*?(?:-->|\Z))")
HASH = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
JIRA = re.compile(r"[ \t]*h([1-6])\.[ \t]*(.*)")
WIKI = re.compile(r"[ \t]*(?:h[1-6]\.|\*(?!\*))")
"""How a heading begins that Jira's own markup makes: Markdown has none of these."""
BOLD = re.compile(r"[ \t]*(\*\*|__|\*|_)(?=\S)(.+?)\1[ \t]*:?[ \t]*")
DEEPEST = 7
"""How deep a bold line stands, below all headings."""
PLACEHOLDERS = frozenset(
    {"", "...", "…", "n/a", "na", "none", "tba", "tbd", "to be defined", "to do", "todo", "?", "xxx"}
)
HINT = re.compile(r"<[^>]*>|\[[^\]]*\]|\{[^}]*\}")
STEPS = ("given", "when", "then")


SECTIONS = ("acceptance criteria", "acceptance tests", "definition of done", "done when", "conditions of satisfaction")
"""Names of headings under which it usually stands."""


def says_when_done(text: str, *, sections: Iterable[str] = SECTIONS, boxes: bool = True) -> bool:
    """Whether a description says when its work is done. `sections` are names that such a section has; `boxes`: a check
    list does, too. What a template left empty says nothing.
    """
    text = HIDDEN.sub("", text[:LONGEST].replace("\r\n", "\n"))
    if boxes and count_boxes(text)[0] > 0:
        return True
    lines = text.split("\n")
    return _has_section(lines, [fold(name) for name in sections]) or _steps(lines)


def _has_section(lines: list[str], names: list[str]) -> bool:
    """Whether something stands under a heading, or after a colon, of one of these names."""
    inside: int | None = None
    wiki = False
    for line in lines:
        found = _heading(line)
        if inside is not None and wiki and HASH.match(line):
            found = None  # Jira's own markup numbers lists so
        if found is not None:
            depth, title = found
            if _named(title, names):
                inside, wiki = depth, WIKI.match(line) is not None
            elif inside is not None and depth <= inside:
                inside = None
            continue
        before, colon, after = line.partition(":")
        if _named(before, names, whole=True):  # a line of its own, with or without a colon
            if colon and not _is_empty(after):
                return True
            inside = DEEPEST
        elif inside is not None and not _is_empty(line):
            return True
    return False


def _heading(line: str) -> tuple[int, str] | None:
    """How deep a heading stands (1 is the highest) and what it says; None: the line is none."""
    if (marked := HASH.match(line)) is not None:
        return len(marked[1]), marked[2]
    if (jira := JIRA.match(line)) is not None:
        return int(jira[1]), jira[2]
    bold = BOLD.fullmatch(line)
    return None if bold is None else (DEEPEST, bold[2])


def _named(title: str, names: list[str], *, whole: bool = False) -> bool:
    words = fold(title.strip(" \t*_:#"))
    return any(words == name if whole else name in words for name in names)


def _is_empty(line: str) -> bool:
    """Whether a line holds nothing but marks, or what a template puts there to be replaced."""
    words = re.sub(r"^[ \t]*(?:[-*+•#]+|\d+[.)])?[ \t]*(?:\[[ xX]?\])?[ \t]*", "", line).strip(" \t*_`")
    return words.casefold().rstrip(".:") in PLACEHOLDERS or words in PLACEHOLDERS or HINT.fullmatch(words) is not None


def _steps(lines: list[str]) -> bool:
    """Whether Given, When and Then follow each other, each at the beginning of a line or all in one."""
    at = 0
    for line in lines:
        words = re.findall(r"[a-z]+", line.casefold())
        if words and words[0] == STEPS[at]:
            at += 1
            if at < len(STEPS) and all(step in words for step in STEPS[at:]):
                return True
            if at == len(STEPS):
                return True
    return False
