"""Intents: what a tracker item should show, before any tracker's markup.

A `Note` is a comment in plain structure. Everything in a `Span` is untrusted or plain text: the tracker's renderer
escapes it, neutralises mentions and cuts it to length. Links are made of absolute URLs only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text; with `url` a link, with `code` literal text such as a command."""

    text: str
    url: str | None = None
    code: bool = False
    strong: bool = False


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One flag in a comment: the fact in bold, at most three lines of evidence, perhaps a table (first row: headings)
    and lines below it.
    """

    headline: Line
    lines: tuple[Line, ...] = ()
    table: tuple[tuple[Line, ...], ...] = ()
    below: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """One whole comment: flags, most urgent first; what helps, once; the small print, once. A quiet note is a single
    line. `reply` is what we say to a command, below all that, one paragraph a line.
    """

    sections: tuple[Section, ...]
    helps_lead: str = ""
    helps: Line = ()
    small: tuple[Line, ...] = ()
    quiet: bool = False
    reply: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """A label of ours as it should exist in the tracker. `color` is six hex digits without #."""

    name: str
    color: str
    description: str
