"""Texts: wiki markup as it is, and the Atlassian Document Format as plain text.

The document's task items become check boxes, links keep their address, everything else its words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations import read

DEEPEST = 40
_BLOCKS = frozenset({"paragraph", "heading", "codeBlock", "listItem", "taskItem", "decisionItem", "rule", "tableRow"})


def opt_body(data: Mapping[str, Any], key: str, path: str) -> str | None:
    """A text in either format, or None where it is absent or null."""
    value = data.get(key)
    if value is None or type(value) is str:
        return read.opt_text(data, key, path)
    if type(value) is not dict or value.get("type") != "doc":
        raise read.bad(path, key, value, "a text, a document or null")
    return read.clean("".join(_plain(value, 0))).strip("\n")


def _plain(node: object, depth: int) -> list[str]:
    """The words of a node. What is nested too deeply to have been written by hand is cut off, visibly."""
    if type(node) is not dict:
        return []
    if depth > DEEPEST:
        return ["[…]"]
    kind = str(node.get("type"))
    attrs = read.soft_obj(node, "attrs")
    if kind == "text":
        return [_text(node)]
    if kind == "hardBreak":
        return ["\n"]
    if kind in ("mention", "emoji", "status", "date"):
        return [_first(attrs, "text", "shortName", "timestamp")]
    if kind in ("inlineCard", "blockCard", "embedCard"):
        return [_first(attrs, "url")]
    content = node.get("content")
    inner = [part for one in (content if type(content) is list else []) for part in _plain(one, depth + 1)]
    if kind == "taskItem":
        return ["- [x] " if attrs.get("state") == "DONE" else "- [ ] ", *inner, "\n"]
    if kind == "listItem":
        return ["- ", "".join(inner).strip("\n"), "\n"]
    return [*inner, "\n"] if kind in _BLOCKS else inner


def _text(node: Mapping[str, Any]) -> str:
    words = node.get("text")
    words = words if type(words) is str else ""
    marks = node.get("marks")
    for mark in marks if type(marks) is list else ():
        if type(mark) is dict and mark.get("type") == "link":
            href = read.soft_obj(mark, "attrs").get("href")
            if type(href) is str and href != words:
                return f"[{words}|{href}]"
    return words


def _first(attrs: Mapping[str, Any], *names: str) -> str:
    return next((value for name in names if type(value := attrs.get(name)) is str), "")
