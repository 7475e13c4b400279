"""Untrusted text before any tracker's markup: on one line, cut to length, addresses that may be linked to, spans that
are shown as one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, urlsplit

from rules.intents import Line, Span

ZWSP = "\u200b"
URL_LIMIT = 2_000
_URL_SAFE = "/:?#@!$&+,;=%~.-"


def one_line(text: str) -> str:
    """`text` on one line.

    White space of every kind becomes one space, control and invisible formatting characters are dropped.
    """
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for char in text:
        category = unicodedata.category(char)
        if char.isspace() or category in ("Zl", "Zp"):
            kept.append(" ")
        elif category not in ("Cc", "Cf", "Cs", "Co", "Cn"):
            kept.append(char)
    return "".join(kept)


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, an ellipsis for what is cut off."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def link_target(address: str) -> str | None:
    """`address`, quoted, where it may be linked to, else None.

    Only absolute http(s) addresses, without user names, are linked to.
    """
    if len(address) > URL_LIMIT or any(
        char.isspace() or unicodedata.category(char) in ("Cc", "Cf") for char in address
    ):
        return None
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or "\\" in address:
        return None
    if re.fullmatch(r"[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?", parts.netloc) is None:
        return None
    if "[" in parts.netloc:
        return None
    try:
        return quote(address, safe=_URL_SAFE)
    except UnicodeEncodeError:
        return None


def merged(line: Line, *, bold: bool, limit: int, target: Callable[[str], str | None]) -> Iterator[Span]:
    """The spans as they will be shown, each cut to `limit` characters.

    Only addresses that `target` takes are links, and in a headline all is bold, so nothing within it is bold again.
    Neighbours that are plain text after that become one: what must not become markup, a mention or an address may be
    spread over several.
    """
    waiting: Span | None = None
    for span in line:
        there = None if span.url is None else target(span.url)
        one = replace(span, text=cut(span.text, limit), url=there, strong=span.strong and not bold)
        ordinary = there is None and not one.code and not one.strong
        if ordinary and waiting is not None:
            waiting = replace(waiting, text=waiting.text + one.text)
            continue
        if waiting is not None:
            yield waiting
            waiting = None
        if ordinary:
            waiting = one
        else:
            yield one
    if waiting is not None:
        yield waiting
