"""What a message to people beside the tracker says: one or more flags in plain text, each with a link to its page.

The words are those of the notes, for the readers of the flag's own project: whoever reads a channel is told no more
than whoever reads the project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.services.markers import page_of
from app.services.memory import load_standing
from app.store.notices import CLEAR, Waiting
from rules.facts import Project
from rules.verdict import Said, Value
from rules.wording.note import all_clear
from rules.wording.render import cut_text, plain, text_of

MOST = 20
"""Flags in one message; of the rest it says how many there are."""
TITLE_LENGTH = 150


def message(
    found: Sequence[Waiting], *, projects: Mapping[int, Project], base_url: str, now: datetime
) -> tuple[str, str]:
    """Title and body of one message about all of these, each flag once: what is worst first, what is over last.
    Raises ValueError for none.
    """
    if not found:
        raise ValueError("a message needs at least one notice")
    flags = {one.standing_id: one for one in sorted(found, key=lambda one: one.step == CLEAR)}
    ranked = sorted(flags.values(), key=_urgency)
    alone = len(ranked) == 1
    blocks = [_block(one, projects[one.project_id], base_url=base_url, whole=alone, now=now) for one in ranked[:MOST]]
    first = projects[ranked[0].project_id]
    if len(ranked) > MOST:
        more = Said("told.more", {"count": len(ranked) - MOST})
        blocks.append(f"{plain(more, project=first)} {base_url}/flags")
    if any(one.step != CLEAR and one.kind == "item" for one in ranked):
        blocks.append(plain(Said("told.answer"), project=first))
    return _title(ranked, projects), "\n\n".join(blocks)


def _urgency(one: Waiting) -> tuple[bool, int, datetime, int]:
    standing = load_standing(one.memory)
    return (one.step == CLEAR, -standing.verdict.severity.rank, standing.opened_at, one.standing_id)


def _title(ranked: Sequence[Waiting], projects: Mapping[int, Project]) -> str:
    first = ranked[0]
    project = projects[first.project_id]
    several = {one.project_id for one in ranked}
    if len(several) > 1:
        said = Said("told.subject-several", {"count": len(ranked), "projects": len(several)})
    elif len(ranked) > 1:
        said = Said("told.subject-many", {"project": project.key, "count": len(ranked)})
    elif first.kind == "item":
        said = Said("told.subject", {"project": project.key, "key": first.key, "said": _line(first, project)})
    else:
        said = Said("told.subject-milestone", {"project": project.key, "said": _line(first, project)})
    return cut_text(plain(said, project=project), TITLE_LENGTH)


def _block(one: Waiting, project: Project, *, base_url: str, whole: bool, now: datetime) -> str:
    """One flag: what it is about, what was found, since when, and where to look. `whole`: with its evidence."""
    standing = load_standing(one.memory)
    today = project.calendar.local_date(now)
    name: dict[str, Value] = {"project": project.key, "title": one.title}
    about = Said("told.item", {**name, "key": one.key}) if one.kind == "item" else Said("told.milestone", name)
    lines = [plain(about, project=project), _line(one, project)]
    if one.step != CLEAR:
        said = standing.said.evidence if whole else ()
        lines += [f"- {plain(evidence, project=project, today=today)}" for evidence in said]
        lines.append(plain(Said("told.since", {"since": standing.opened_at}), project=project, today=today))
    place = page_of(base_url, one.subject_id) if one.kind == "item" else f"{base_url}/milestones/{one.subject_id}"
    return "\n".join([*lines, place])


def _line(one: Waiting, project: Project) -> str:
    """What was found, or that it is over and why."""
    standing = load_standing(one.memory)
    today = project.calendar.local_date(standing.changed_at)
    if one.step != CLEAR:
        return plain(standing.said.reason, project=project, today=today)
    if standing.cleared_at is not None:
        since = standing.cleared_at
        note = all_clear(standing.said, now=standing.verdict, project=project, since=since)
        return text_of(note.sections[0].headline)
    type_ = standing.said.reason.code.partition(".")[0]
    was = plain(Said(f"was.{type_}", standing.said.reason.values), project=project, today=today)
    return plain(Said("told.over", {"was": was}), project=project, today=today)
