"""The one comment of an item: flags, most urgent first, what helps once, the small print once; or a single quiet
line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from rules.facts import Project
from rules.intents import Line, Note, Section, Span
from rules.spec import Judgement
from rules.verdict import Said, Value, Verdict
from rules.wording.render import TITLE_LENGTH, sentence, text_of
from rules.wording.templates import sentences

FOLD = 900
"""Characters above the fold."""
CUTS = (TITLE_LENGTH, 40, 20)
ADDRESS = re.compile(r"(https://[^\s<>()\[\]]+[^\s<>()\[\].,;:])")


def note(judgements: Sequence[Judgement], *, project: Project, item_url_in_plumbline: str | None) -> Note:
    """The combined comment for the flagged judgements of one item, read by everybody who may read `project`.

    The first flag is told in full; each further one in a bold line and one line of evidence. Titles are cut shorter,
    and then lines left out from the end, until what stands above the small print has at most 900 characters. Raises
    ValueError for no judgements.
    """
    if not judgements:
        raise ValueError("a note needs at least one flag")
    ranked = sorted(judgements, key=_urgency)
    today = project.calendar.local_date(max(judgement.at for judgement in ranked))
    found = _note(ranked, project=project, url=item_url_in_plumbline, today=today, cut=CUTS[0])
    for cut in CUTS[1:]:
        if length(found) <= FOLD:
            return found
        found = _note(ranked, project=project, url=item_url_in_plumbline, today=today, cut=cut)
    return _shortened(found)


def length(found: Note) -> int:
    """Characters that a reader sees above the small print."""
    lines = [found.helps]
    for section in found.sections:
        lines += [section.headline, *section.lines, *section.below, *(cell for row in section.table for cell in row)]
    return len(found.helps_lead) + sum(len(text_of(line)) + 1 for line in lines)


def _urgency(judgement: Judgement) -> tuple[int, float, int]:
    since = judgement.verdict.since
    return (-judgement.verdict.severity.rank, since.timestamp() if since else 0.0, judgement.rule.id)


def _note(ranked: Sequence[Judgement], *, project: Project, url: str | None, today: date, cut: int) -> Note:
    def say(said: Said) -> Line:
        return sentence(said, project=project, today=today, cut=cut)

    alone = len(ranked) == 1
    first = ranked[0].verdict
    lead, helps = _lead(say(first.helps)) if first.helps is not None else ("", ())
    small = [say(first.footnote)] if first.footnote is not None else []
    return Note(
        sections=tuple(
            _section(judgement.verdict, say, whole=alone, remark=judgement.rule.actions.remark) for judgement in ranked
        ),
        helps_lead=lead,
        helps=helps,
        small=(*small, say(Said("note.footer", {"url": url}))),
    )


def _section(verdict: Verdict, say: Callable[[Said], Line], *, whole: bool, remark: str) -> Section:
    headline = say(verdict.reason)
    own = (_remark(remark),) if remark else ()
    if not whole:
        return Section(headline=headline, lines=tuple(say(said) for said in verdict.evidence[:1]), below=own)
    return Section(
        headline=headline,
        lines=tuple(say(said) for said in verdict.evidence),
        table=tuple(tuple(say(cell) for cell in row) for row in verdict.table),
        below=(*(say(said) for said in verdict.below), *own),
    )


def _remark(text: str) -> Line:
    """A line of the team's own: plain text, addresses as links."""
    parts = ADDRESS.split(text)
    return tuple(
        Span(part.removeprefix("https://"), url=part) if place % 2 else Span(part)
        for place, part in enumerate(parts)
        if part
    )


def _lead(line: Line) -> tuple[str, Line]:
    """The bold words that open "what helps", and the rest."""
    if not line or not line[0].strong:
        return "", line
    rest = line[1:]
    if rest and not rest[0].url and not rest[0].code:
        rest = (Span(rest[0].text.lstrip()), *rest[1:])
    return line[0].text, rest


def _shortened(found: Note) -> Note:
    """Lines go from the last section upwards, table rows before the last one too, then whole sections; the first
    headline stays.
    """
    sections = list(found.sections)
    while length(_with(found, sections)) > FOLD:
        last = sections[-1]
        if last.below:
            sections[-1] = Section(last.headline, last.lines, last.table, last.below[:-1])
        elif len(last.table) > 2:
            sections[-1] = Section(last.headline, last.lines, (*last.table[:-2], last.table[-1]), last.below)
        elif last.lines:
            sections[-1] = Section(last.headline, last.lines[:-1], last.table, last.below)
        elif len(sections) > 1:
            sections.pop()
        else:
            break
    return _with(found, sections)


def _with(found: Note, sections: list[Section]) -> Note:
    return Note(tuple(sections), found.helps_lead, found.helps, found.small, found.quiet)


def all_clear(was: Verdict, *, now: Verdict, project: Project, since: datetime) -> Note:
    """What a comment shrinks to when its last flag has cleared: since when, why, and what it was."""
    type_, _, _ = was.reason.code.partition(".")
    today = project.calendar.local_date(since)
    why = now.reason
    if why.code in sentences()["cleared"]:
        why = Said(f"cleared.{why.code}", why.values)
    because = text_of(sentence(why, project=project, today=today)).rstrip(".")
    past = Said(f"was.{type_}", was.reason.values)
    before = text_of(sentence(past, project=project, today=today))
    values: dict[str, Value] = {"since": since, "why": because[:1].lower() + because[1:], "was": before}
    return _quiet(Said("note.all-clear", values), project=project, today=today)


def standing_still(said: Verdict, *, project: Project, today: date) -> Note:
    """What a comment shrinks to while a flag that is not for comments still stands: its one sentence."""
    return Note(
        sections=(Section(headline=sentence(said.reason, project=project, today=today)),),
        quiet=True,
    )


def acknowledged(*, since: datetime, reason: str | None, project: Project) -> Note:
    """Somebody knows of it; silent until it gets worse."""
    today = project.calendar.local_date(since)
    return _quiet(Said("note.acknowledged", {"since": since, "reason": reason}), project=project, today=today)


def snoozed(*, until: date | datetime, reason: str | None, project: Project, today: date) -> Note:
    """Quiet until a day, as somebody asked."""
    return _quiet(Said("note.snoozed", {"until": until, "reason": reason}), project=project, today=today)


def expected(*, until: date | datetime, reason: str | None, project: Project, today: date) -> Note:
    """Somebody said by when it will have moved."""
    return _quiet(Said("note.expected", {"until": until, "reason": reason}), project=project, today=today)


def dismissed(*, since: datetime, reason: str | None, project: Project) -> Note:
    """Somebody said that the flag is wrong."""
    today = project.calendar.local_date(since)
    return _quiet(Said("note.dismissed", {"since": since, "reason": reason}), project=project, today=today)


def silenced(*, label: str, project: Project, today: date) -> Note:
    """The label that silences an item is on."""
    return _quiet(Said("note.silenced", {"label": label}), project=project, today=today)


def retracted(*, project: Project) -> Note:
    """What stays where a comment could not be deleted."""
    return _quiet(Said("note.retracted"), project=project, today=date.min)


def with_reply(found: Note | None, said: Sequence[Said], *, project: Project, today: date) -> Note:
    """A note (None: none) with our answer to what somebody asked below it."""
    reply = tuple(sentence(one, project=project, today=today) for one in said)
    if found is None:
        return Note(sections=(), reply=reply)
    return replace(found, reply=reply)


def _quiet(said: Said, *, project: Project, today: date) -> Note:
    return Note(sections=(Section(headline=sentence(said, project=project, today=today)),), quiet=True)
