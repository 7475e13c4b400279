"""A story in a sprint that does not say when it is done.

What it finds
    Open stories in a running sprint whose description has neither acceptance criteria nor a check list.

Why it matters
    What is not agreed at the start is agreed at the end, when it is late for it: between who built it, who tests it and
    who asked for it.

How it is judged
    A story is what its type or a label calls one. Criteria are a section that is named so and holds something, a check
    list, or lines that say Given, When, Then. What a template leaves to be filled in ("TBD", "<criterion>", an empty
    heading, a hidden comment) is nothing. Judged from the beginning of the sprint, and if asked for while it is planned
    for one to come. Outside sprints nothing is said: a backlog may be rough. It is a list for refinement, on the pages,
    and never a comment.

What clears it
    Criteria in the description, taking it out of the sprint, or finishing it.

When it is wrong
    When the criteria stand elsewhere, as in a field of their own, which is not read. Leave the rule off there, or link
    to them under a heading of that name.

Example
    PAY-240 is in Sprint 31, which began on Monday; its description is one sentence.
"""

from __future__ import annotations

from datetime import datetime

from rules.catalog.common import choice, left_out, words
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind
from rules.readiness import SECTIONS, says_when_done
from rules.settings import fold
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged, skipped


class MissingAcceptanceCriteriaParams(Params):
    """What a story is, and what its criteria look like."""

    types: str = words(
        "Stories", default="story, user story", description="Types, or labels, that call an item a story."
    )
    sections: str = words(
        "Sections",
        default=", ".join(SECTIONS),
        description="Names of headings under which criteria stand.",
    )
    checklists_count: bool = choice(
        "Check lists count", default=True, description="A check list anywhere in the description is enough."
    )
    planned: bool = choice(
        "Sprints to come, too", default=False, description="Judge also what is planned for a sprint that has not begun."
    )


def judge(subject: Item, params: MissingAcceptanceCriteriaParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("missing-acceptance-criteria.done", values={"on": subject.closed_at})
    if (reason := left_out(subject)) is not None:
        return reason
    if not _is_story(subject, params):
        return skipped("missing-acceptance-criteria.no-story")
    sprint = subject.sprint
    if sprint is None and not (params.planned and subject.next_sprint):
        return skipped("missing-acceptance-criteria.no-sprint")
    if says_when_done(subject.body, sections=_names(params.sections), boxes=params.checklists_count):
        return clear("missing-acceptance-criteria.there")
    begins = None
    if sprint is not None and sprint.starts is not None and not params.planned:
        begins = subject.project.calendar.midnight(sprint.starts)

    def look(at: datetime) -> Verdict:
        if begins is not None and at < begins:
            return clear("missing-acceptance-criteria.early", values={"on": begins})
        return _flag(subject, begins)

    return with_recheck(look, instants=(begins,), now=now)


def _names(listed: str) -> list[str]:
    return [name for part in listed.split(",") if (name := fold(part))]


def _is_story(subject: Item, params: MissingAcceptanceCriteriaParams) -> bool:
    return not {fold(word) for word in (subject.type, *subject.labels)}.isdisjoint(_names(params.types))


def _flag(subject: Item, begins: datetime | None) -> Verdict:
    sprint = subject.sprint
    if sprint is not None:
        where = Said("missing-acceptance-criteria.sprint", {"sprint": sprint.title, "ends": sprint.ends})
    else:
        where = Said("missing-acceptance-criteria.planned", {"sprint": subject.next_sprint})
    return flagged(
        "missing-acceptance-criteria.none",
        since=begins or subject.created_at,
        evidence=(where,),
        helps=Said("missing-acceptance-criteria.helps"),
        gist=where.code,
        severity=Severity.NOTE,
        reach=Reach.PAGE,
        refs=(subject.ref,),
    )


TYPE = RuleType(
    name="missing-acceptance-criteria",
    title="Missing acceptance criteria",
    sentence="Stories in a sprint that do not say when they are done.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE}),
    params=MissingAcceptanceCriteriaParams,
    judge=judge,
    doc=__doc__,
    label="unready",
    label_color="d4d4d4",
)
