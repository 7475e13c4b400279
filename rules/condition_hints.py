"""What to write instead, for the mistakes that people make in conditions who write other languages. Pure: the text and
the compiler's message in, a message that says what would be right out.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

WORDS = {
    "and": "&&", "or": "||", "is": "==", "true": "true", "false": "false", "none": "null", "nil": "null",
    "now": "today", "xor": "!=",
}  # fmt: skip
"""Words of other languages, and what CEL has for them."""
SIGNS = {"=": "==", "&": "&&", "|": "||", "=>": ",", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "<>": "!="}
METHODS = ("startsWith", "endsWith", "contains", "matches", "exists", "exists_one", "all", "filter", "size")
OPERAND = r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[\w.]+)"""
NOT_IN = re.compile(OPERAND + r"\s+not\s+in\s+([\w.]+)", re.I)
NOT = re.compile(r"\bnot\s+([\w.]+)", re.I)
LIKE = re.compile(r"([\w.]+)\s+(?:like|contains)\s+" + OPERAND, re.I)


@dataclass(frozen=True, slots=True)
class Hinted:
    """A message with its place: line and column from 1."""

    message: str
    line: int
    column: int


def hinted(
    text: str, message: str, *, line: int, column: int, root: str, fields: Collection[str], roots: Collection[str]
) -> Hinted:
    """The message for a mistake at a place of a condition, with what to write instead where that can be told. `root` is
    what the expression calls its subject, `roots` what there is to be called.
    """
    lines = text.splitlines() or [""]
    there = lines[min(line, len(lines)) - 1]
    at = min(max(column - 1, 0), len(there))
    if (unknown := re.search(r"there is no field '(\w+)'", message)) is not None:
        near = get_close_matches(unknown[1], fields, n=1, cutoff=0.5)
        return Hinted(f"{message}; did you mean `{root}.{near[0]}`?" if near else message, line, column)
    if (unknown := re.match(r"'([^']*)' is not known here", message)) is not None:
        return Hinted(_unknown(unknown[1], message, root=root, fields=fields, roots=roots), line, column)
    if "list(string)" in message:
        return Hinted(f'{message}. To look into a list write `"bug" in {root}.labels`', line, column)
    if not message.startswith("Syntax error"):
        return Hinted(message, line, column)
    return _syntax(there, at, line, column)


def _unknown(word: str, message: str, *, root: str, fields: Collection[str], roots: Collection[str]) -> str:
    """A word that nothing is called by."""
    first, _, rest = word.partition(".")
    if word.lower() in WORDS:
        return f"`{word}` is not a word here. Write `{WORDS[word.lower()]}`"
    if word in fields:
        return f"`{word}` is a field of what is judged. Write `{root}.{word}`"
    if (near := get_close_matches(word, METHODS, n=1, cutoff=0.7)) and near[0] != word:
        return f"`{word}` is not a word here. Write `{near[0]}`"
    if rest and first in roots and first != root:
        return f"this type of rule does not judge a {first}. It is called `{root}` here"
    if rest and get_close_matches(first, [root], n=1, cutoff=0.6):
        return f"`{first}` is not known here. Write `{root}.{rest}`"
    if not rest:
        return f'{message}. A text stands in quotes: `"{word}"`'
    return message


def _syntax(there: str, at: int, line: int, column: int) -> Hinted:
    """Text that is no expression."""
    for pattern, instead in ((NOT_IN, "!({0} in {1})"), (NOT, "!{0}"), (LIKE, "{0}.contains({1})")):
        for found in pattern.finditer(there):
            word = re.search(r"\b(not|like|contains)\b", found[0], re.I)
            if word is not None and found.start() <= at <= found.end():
                place = found.start() + word.start()
                write = instead.format(*found.groups())
                return Hinted(f"`{word[0]}` is not a word here. Write `{write}`", line, place + 1)
    rest = there[at:]
    word = re.match(r"\w+", rest)
    if word is not None and word[0].lower() in WORDS:
        return Hinted(f"`{word[0]}` is not a word here. Write `{WORDS[word[0].lower()]}`", line, column)
    sign = next((sign for sign in sorted(SIGNS, key=len, reverse=True) if rest.startswith(sign)), None)
    if sign is not None:
        return Hinted(f"`{sign}` is not a sign here. Write `{SIGNS[sign]}`", line, column)
    if rest[:1] in ("'", '"'):
        return Hinted(f"a text begins here and does not end. Write a second `{rest[0]}`", line, column)
    if not rest.strip():
        brackets = there.count("(") - there.count(")")
        missing = "a bracket is not closed. Write `)`" if brackets > 0 else "something is missing at the end"
        return Hinted(missing, line, column)
    given = (word[0] if word is not None else rest[0]).replace("`", "'")
    return Hinted(f"`{given}` cannot stand here", line, column)
