"""Untrusted text as GitHub Markdown: what was text stays text, on one line.

A title may hold anything. After escaping, it makes no markup, no HTML, no link, no mention and no reference: GitHub
looks for "@name", "#12", "GH-12", commit ids and addresses in the *rendered* text, so escaping alone does not help
there. A zero-width space breaks them.
"""

from __future__ import annotations

import re

from integrations.text import ZWSP, cut, link_target, one_line

__all__ = ["ZWSP", "code", "cut", "line_start", "one_line", "plain", "url"]


_MARKUP = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "\\": "&#92;",
    "`": "&#96;",
    "|": "&#124;",
    "*": r"\*",
    "_": r"\_",
    "[": r"\[",
    "]": r"\]",
    "~": r"\~",
    "$": r"\$",
    "@": f"@{ZWSP}",
    "#": f"#{ZWSP}",
}
_TABLE = str.maketrans(_MARKUP)
_AUTOLINKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)(https?|ftp|mailto|xmpp):"), rf"\1{ZWSP}:"),
    (re.compile(r"://"), f":{ZWSP}//"),
    (re.compile(r"(?i)(www)(?=\.)"), rf"\1{ZWSP}"),
    (re.compile(r"(?i)(GH-)(?=\d)"), rf"\1{ZWSP}"),
    (re.compile(r"(?i):(?=[a-z0-9_+-]{1,40}:)"), f":{ZWSP}"),
)
# A word of seven to forty hex digits may be a commit: no six of them stay together with a seventh.
_COMMIT = re.compile(r"(?i)(?<![0-9a-z])[0-9a-f]{7,}(?![0-9a-z])")
_SIX = re.compile(r".{6}(?=.)")
_BLOCK_START = re.compile(r"(?:[-+=](?=[-+=\s]|\Z)|\d{1,9}(?=[.)](?:\s|\Z)))")
_TICKS = re.compile(r"`+")


def plain(text: str) -> str:
    """`text` (of any kind) as Markdown that shows just that text within a line."""
    text = one_line(text)
    for pattern, broken in _AUTOLINKS:
        text = pattern.sub(broken, text)
    text = _COMMIT.sub(_apart, text)
    return text.translate(_TABLE)


def _apart(found: re.Match[str]) -> str:
    return _SIX.sub(rf"\g<0>{ZWSP}", found[0])


def line_start(markdown: str) -> str:
    """Escaped Markdown that may stand at the start of a line: no list, heading, rule or underline begins with it."""
    found = _BLOCK_START.match(markdown)
    if found is None:
        return markdown
    # A digit cannot be escaped; the full stop or bracket after it can.
    return f"{found[0]}\\{markdown[found.end() :]}" if found[0][0].isdigit() else f"\\{markdown}"


def code(text: str, *, in_table: bool = False) -> str:
    """`text` as a code span. In a table a pipe would end the cell even there, so it becomes a look-alike."""
    text = " ".join(one_line(text).split())
    if not text:
        return ""
    if in_table:
        text = text.replace("\\", "\uff3c").replace("|", "\u2758")
    fence = "`" * (max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def url(address: str) -> str | None:
    """`address` as a Markdown link's target, or None where it must not be linked to."""
    target = link_target(address)
    return None if target is None else target.replace("&", "&amp;")
