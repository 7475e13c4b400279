"""From verdicts to words: the one place where pages meet `rules.wording`.

A sentence is a line of spans (text, links, code); templates escape what is in them and draw the links.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import g, url_for

from rules.facts import Project, Ref
from rules.intents import Line, Span
from rules.verdict import Said, Verdict
from rules.wording.codec import load_verdict
from rules.wording.render import sentence


@dataclass(frozen=True, slots=True)
class Words:
    """A verdict in words. `helps` is the closing sentence; empty where the verdict has none."""

    reason: Line
    evidence: tuple[Line, ...] = ()
    below: tuple[Line, ...] = ()
    table: tuple[tuple[Line, ...], ...] = ()
    helps: Line = ()
    footnote: Line = ()


def words(verdict: Verdict, project: Project) -> Words:
    """A verdict as a page says it."""
    return Words(
        reason=as_sentence(say(verdict.reason, project)),
        evidence=tuple(line for said in verdict.evidence if (line := say(said, project))),
        below=tuple(line for said in verdict.below if (line := say(said, project))),
        table=tuple(tuple(say(cell, project) for cell in row) for row in verdict.table),
        helps=say(verdict.helps, project) if verdict.helps is not None else (),
        footnote=say(verdict.footnote, project) if verdict.footnote is not None else (),
    )


def stored_words(stored: Mapping[str, Any] | None, project: Project) -> Words | None:
    """A stored verdict as a page says it; None where it cannot be read (written by a later version)."""
    try:
        return words(load_verdict(stored), project) if stored else None
    except (KeyError, TypeError, ValueError):
        return None


def named(stored: Mapping[str, Any] | None) -> tuple[Ref, ...]:
    """The items that a stored verdict names; none where it cannot be read."""
    try:
        return tuple(ref for said in load_verdict(stored).sentences for ref in said.refs) if stored else ()
    except (KeyError, TypeError, ValueError):
        return ()


def say(said: Said, project: Project) -> Line:
    """One sentence. Items in it lead to their page here; whoever is signed in may read the keys of every project."""
    frame = g.get("frame")
    today: date | None = project.calendar.local_date(frame.now) if frame is not None else None
    said = said.with_refs(lambda ref: _as_seen(ref, frame))
    line = sentence(said, project=replace(project, public=False), today=today)
    pages = {ref.url: url_for("items.show", item_id=ref.id) for ref in said.refs if ref.url}
    return tuple(Span(s.text, url=pages.get(s.url, s.url), code=s.code, strong=s.strong) if s.url else s for s in line)


def _as_seen(ref: Ref, frame: Any) -> Ref:
    """An item in a sentence, for whoever looks: named to those who may see it, and not where it was secured since."""
    if frame is None:
        return ref
    return replace(ref, secured=not frame.visible.secured and (ref.secured or ref.id in frame.hidden))


def as_sentence(line: Line) -> Line:
    """A fragment as a sentence: a capital first, a full stop last."""
    if not line:
        return line
    first, last = line[0], line[-1]
    capital = Span(first.text[:1].upper() + first.text[1:], url=first.url, code=first.code, strong=first.strong)
    whole = (capital, *line[1:])
    return whole if last.text.rstrip().endswith((".", "?", "!", ":")) else (*whole, Span("."))
