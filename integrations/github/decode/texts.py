"""Which items a title and description name: "fixes #12", "closes acme/shop#3", full addresses, Jira keys.

Only prose counts: code, quotes and HTML comments are left out. Only a pull request closes; in an issue the same words
are a mention. Everything here is linear in the length of the text: anybody may write a description.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from integrations.readings import LinksSeen

LIMIT = 50
"""At most so many closes, and so many mentions, are kept of one text."""

_REFERENCE = re.compile(
    r"(?P<base>https?://[^\s/()<>\[\]\"]{1,100}(?::\d{1,5})?/)"
    r"(?P<there>[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})/(?:issues|pull)/(?P<listed>\d{1,9})(?![\w/])"
    r"|(?<![\w/&.#-])(?P<foreign>[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})?#(?P<number>\d{1,9})(?!\w)"
    r"|(?<![\w/-])GH-(?P<short>\d{1,9})(?![\w-])"
    r"|(?<![\w/-])(?P<jira>[A-Z][A-Z0-9_]{1,19}-[1-9]\d{0,6})(?![\w-])"
)
_IN_BRANCH = re.compile(r"(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9]{1,19}-[1-9]\d{0,6})(?![A-Za-z0-9])")
_KEYWORD = re.compile(r"(?:\A|\W)(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]{1,5}\Z", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(?:[-*+] |\d{1,9}[.)] )? {0,3}(`{3,}|~{3,})")
_TICKS = re.compile(r"(`+)")
_LISTED = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")


def links(title: str, body: str, *, number: int, repository: str, key: str, url: str, closing: bool) -> LinksSeen:
    """What the text of item `number` names. `repository` is the id, `key` "acme/shop", `url` the repository's address.

    A target in the same repository is a native id, any other a key ("acme/shop#12", "PAY-7"). A pull request
    implements the Jira issues that its title names, and those after a word that closes; others it mentions.
    """
    source = f"{repository}/{number}"
    closes: dict[str, None] = {}
    implements: dict[str, None] = {}
    mentions: dict[str, None] = {}
    base = url[: -len(key)] if url.endswith(key) else "https://github.com/"
    for line, is_title in _lines(title, body):
        for found in _REFERENCE.finditer(line):
            target = _target(found, repository=repository, key=key, base=base)
            if target is None or target == source:
                continue
            closed = closing and _KEYWORD.search(line[max(0, found.start() - 14) : found.start()])
            if found["jira"] is not None:
                kept = implements if closed or (closing and is_title) else mentions
            else:
                kept = closes if closed else mentions
            if len(kept) < LIMIT:
                kept[target] = None
    done = {*closes, *implements}
    return LinksSeen(source, tuple(closes), tuple(one for one in mentions if one not in done), tuple(implements))


def branch_links(head_ref: str, *, source: str) -> LinksSeen:
    """The Jira issues that a branch says it implements: "feature/PAY-7-export", in whatever case."""
    keys = dict.fromkeys(found.upper() for found in _IN_BRANCH.findall(head_ref[:250]))
    return LinksSeen(source, (), implements=tuple(keys)[:LIMIT], origin="branch")


def _lines(title: str, body: str) -> Iterator[tuple[str, bool]]:
    """The lines of prose, and whether it is the title."""
    if title:
        yield _without_code(title), True
    if "#" in body or "-" in body or "http" in body:
        yield from ((line, False) for line in prose(body))


def _target(found: re.Match[str], *, repository: str, key: str, base: str) -> str | None:
    """The item a match names; None for an address on another host."""
    if found["jira"] is not None:
        return found["jira"]
    number = found["listed"] or found["number"] or found["short"]
    there = found["there"] or found["foreign"]
    if found["there"] is not None and found["base"].casefold() != base.casefold():
        return None
    if there is not None and there.casefold() != key.casefold():
        return f"{there}#{int(number)}"
    return f"{repository}/{int(number)}"


def prose(body: str) -> Iterator[str]:
    """The lines of `body` that are neither code nor quoted nor commented out, without the code within them."""
    fence = ""
    code, blank = False, True
    for line in _without_comments(body).splitlines():
        opened = _FENCE.match(line)
        if fence:
            if opened is not None and opened[1].startswith(fence) and not line[opened.end() :].strip("`~ \t"):
                fence = ""
            continue
        if opened is not None:
            fence = opened[1]
            continue
        bare = line.strip()
        if not bare:
            blank = True
            continue
        code = line.startswith(("    ", "\t")) and (code or blank) and _LISTED.match(line) is None
        blank = False
        if not code and not bare.startswith(">"):
            yield _without_code(line)


def _without_comments(body: str) -> str:
    """`body` without HTML comments; one that is never closed takes the rest with it, as on the page."""
    if "<!--" not in body:
        return body
    kept: list[str] = []
    at = 0
    while (start := body.find("<!--", at)) >= 0:
        kept.append(body[at:start])
        end = body.find("-->", start + 4)
        if end < 0:
            return "".join(kept)
        at = end + 3
    kept.append(body[at:])
    return "".join(kept)


def _without_code(line: str) -> str:
    """`line` without its code spans: a run of backticks opens one where a run of the same length follows."""
    if "`" not in line:
        return line
    tokens = _TICKS.split(line)
    places: dict[int, list[int]] = {}
    for place in range(1, len(tokens), 2):
        places.setdefault(len(tokens[place]), []).append(place)
    return " ".join(_outside(tokens, places))


def _outside(tokens: list[str], places: dict[int, list[int]]) -> Iterable[str]:
    place = 0
    while place < len(tokens):
        if place % 2:
            same = places[len(tokens[place])]
            after = bisect_right(same, place)
            if after < len(same):
                place = same[after] + 1
                continue
        else:
            yield tokens[place]
        place += 1
