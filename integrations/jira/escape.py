"""Untrusted text as Jira wiki markup: what was text stays text, on one line.

A backslash before a sign makes it a sign. Where that is not enough (within a link's words, in addresses that Jira would
link by itself, after a backslash of the text's own) look-alikes and zero-width spaces do it. Words stay readable: a
hyphen or a plus between letters starts no markup and is left as it is. Keys such as PAY-231 may be linked by Jira; that
tells nobody.
"""

from __future__ import annotations

import re

from integrations.text import ZWSP, link_target, one_line

_ALWAYS = str.maketrans({char: f"\\{char}" for char in "{}[]|*_^~!"} | {"@": f"@{ZWSP}"})
_LINK_WORDS = str.maketrans({"[": "\uff3b", "]": "\uff3d", "|": "\u2758"})
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # A backslash of the text's own would escape what follows, or break the line.
    (re.compile(r"\\"), rf"\\{ZWSP}"),
    # An entity would be shown as its sign.
    (re.compile(r"&(?=#?\w{1,30};)"), f"&{ZWSP}"),
    (re.compile(r"(?i)(https?|ftps?|file|mailto|news|nntp|irc|tel|sip|ssh|git|svn):"), rf"\1{ZWSP}:"),
    (re.compile(r"://"), f":{ZWSP}//"),
    (re.compile(r"(?i)(www)(?=\.)"), rf"\1{ZWSP}"),
)
_SIGNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Struck out and underlined; dashes of two or three hyphens; a rule of four.
    (re.compile(r"(?<![^\W_])[-+]|[-+](?![^\W_])"), r"\\\g<0>"),
    (re.compile(r"\?(?=\?)|(?<=\?)\?"), r"\\?"),
    # Smileys and the signs in brackets: (/) (x) (!) (?) (i) (y) (n) (*) (on) (off) (flag) (flagoff).
    (re.compile(r"\((?=(?:[/x?iyn+]|\\[-+*!?]|on|off|flag|flagoff|\\\*[rgby])\))"), r"\\("),
    (re.compile(r"(?<![^\W_])[:;](?=\\?-?[)(DPpOo|/])"), r"\\\g<0>"),
    (re.compile(r"<(?=[/3])"), rf"<{ZWSP}"),
)
_BLOCK_START = re.compile(r"(?i)(?:h[1-6]|bq)(?=\.)|[#>]")


def plain(text: str) -> str:
    """`text` (of any kind) as wiki markup that shows just that text within a line."""
    text = one_line(text)
    for pattern, broken in _RULES:
        text = pattern.sub(broken, text)
    text = text.translate(_ALWAYS)
    for pattern, broken in _SIGNS:
        text = pattern.sub(broken, text)
    return text


def words(text: str) -> str:
    """`text` as the words of a link: there brackets and pipes cannot be escaped, so they become look-alikes."""
    return plain(one_line(text).translate(_LINK_WORDS))


def line_start(markup: str) -> str:
    """Escaped markup that may stand at the start of a line or list entry: no heading, list or quote begins with it."""
    found = _BLOCK_START.match(markup)
    if found is None:
        return markup
    return f"\\{markup}" if markup[0] in "#>" else f"{found[0]}\\{markup[found.end() :]}"


def url(address: str) -> str | None:
    """`address` as a link's target, or None where it must not be linked to."""
    target = link_target(address)
    if target is None:
        return None
    # Quoted already but for these, which end a link, or are markup within one.
    for char, code in (("|", "%7C"), ("~", "%7E"), ("!", "%21"), ("*", "%2A"), ("^", "%5E")):
        target = target.replace(char, code)
    return target
