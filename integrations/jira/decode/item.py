"""An issue as a snapshot shows it, in groups of fields.

A snapshot is whole when it tells `created` and `updated`: then a field that is not there is not set (Data Center leaves
out what is empty). Comment events show a few fields only, without a time: such a snapshot gives the groups it carries
whole and overwrites nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from integrations import read
from integrations.jira.decode import adf, links, milestones, parts, sprints
from integrations.jira.decode.state import state
from integrations.jira.site import NOWHERE, Site
from integrations.readings import (
    EffortPart,
    ItemSeen,
    LinkSeen,
    MilestoneSeen,
    PersonSeen,
    PlanPart,
    ProjectSeen,
    TextPart,
    TraitsPart,
)
from rules.facts import Kind

Payload = Mapping[str, Any]
BUGS = frozenset({"bug", "defect", "fault", "incident"})


@dataclass(frozen=True, slots=True)
class Shown:
    """An issue as a payload shows it. `milestones` are all that it names, also sprints that are over; `over` are those
    this issue was in to their end; `links` the edges of one that shows only a part of its own. `logins` are those
    of the people it shows, by native id; `creator` made it.
    """

    seen: ItemSeen
    base: str
    project: ProjectSeen | None = None
    milestones: tuple[MilestoneSeen, ...] = ()
    over: tuple[MilestoneSeen, ...] = ()
    links: tuple[LinkSeen, ...] = ()
    logins: Mapping[str, str] | None = None
    creator: PersonSeen | None = None

    @property
    def url(self) -> str | None:
        """The page of the issue."""
        return parts.browse(self.base, self.seen.key) or None


def issue(data: Payload, site: Site, *, told_at: datetime | None, path: str = "issue") -> Shown:
    """An issue's snapshot. `told_at` is when the payload was made: sprints have no time of their own."""
    native_id, key = read.ident(data, "id", path), read.text(data, "key", path)
    base = parts.base_url(data, site)
    number = parts.number_of(key, f"{path}.key")
    fields = read.opt_obj(data, "fields", path) or {}
    at = f"{path}.fields"
    issuetype = read.opt_obj(fields, "issuetype", at) or {}
    kind = _kind(issuetype)
    there = read.opt_obj(fields, "project", at)
    seen = ItemSeen(native_id, key, number, kind, None, state=state(fields, at, site, whole=False))
    shown = Shown(seen, base, None if there is None else parts.project(there, f"{at}.project", base))
    people = {name: parts.opt_person(fields, name, at) for name in ("assignee", "reporter", "creator")}
    if fields.get("updated") is None or fields.get("created") is None:
        return replace(
            shown,
            seen=replace(
                seen,
                labels=_labels(fields, at) if "labels" in fields else None,
                assignees=_one(people["assignee"]) if "assignee" in fields else None,
            ),
            logins=parts.logins(*people.values()),
        )
    as_of = read.instant(fields, "updated", at)
    text = TextPart(
        title=read.text(fields, "summary", at),
        body=adf.opt_body(fields, "description", at) or "",
        url=parts.browse(base, key),
        created_at=read.instant(fields, "created", at),
        author=people["reporter"] or people["creator"],
    )
    seen = replace(
        seen,
        as_of=as_of,
        text=text,
        state=state(fields, at, site, whole=True),
        labels=_labels(fields, at),
        assignees=_one(people["assignee"]),
        effort=_effort(fields, at),
        traits=_traits(fields, at, site, issuetype),
    )
    shown = replace(shown, seen=seen, logins=parts.logins(*people.values()))
    shown = replace(shown, creator=people["creator"] or people["reporter"])
    return _linked(_planned(shown, fields, at, site, told_at), fields, at, site)


def _kind(issuetype: Payload) -> Kind:
    if issuetype.get("subtask") is True:
        return Kind.SUBTASK
    return Kind.EPIC if milestones.is_epic(issuetype) else Kind.ISSUE


def _one(person: PersonSeen | None) -> tuple[PersonSeen, ...]:
    return () if person is None else (person,)


def _labels(fields: Payload, path: str) -> tuple[str, ...]:
    found = []
    for place, one in enumerate(read.array(fields, "labels", path) or ()):
        if type(one) is not str:
            raise read.bad(path, f"labels.{place}", one, "a text")
        found.append(read.clean(one))
    return tuple(found)


def _planned(shown: Shown, fields: Payload, path: str, site: Site, told_at: datetime | None) -> Shown:
    """The plan: open sprints, the sprint it was done in, fix versions, the epic, the due date and the points."""
    seen = shown.seen
    listed = sprints.listed(fields, path, site, base=shown.base, as_of=told_at)
    inside, over = sprints.membership(listed, None if seen.state is None else seen.state.closed_at)
    # A version in an issue lacks its start: it may be new here, but overwrites nothing.
    versions = tuple(
        milestones.version(
            one, where, base=shown.base, as_of=None, project=None if shown.project is None else shown.project.native_id
        )
        for where, one in parts.objects(fields, "fixVersions", path)
    )
    above = links.above(fields, path, base=shown.base, site=site, subtask=seen.kind is Kind.SUBTASK)
    due = read.opt_date(fields, "duedate", path)
    plan = PlanPart((*inside, *versions, *above), due=due, estimate=_points(fields, path, site))
    own: tuple[MilestoneSeen, ...] = ()
    if seen.kind is Kind.EPIC and seen.text is not None and seen.state is not None:
        own = (
            MilestoneSeen(
                native_id=milestones.epic_id(seen.native_id),
                number=None,
                title=seen.text.title,
                url=seen.text.url,
                open=seen.state.open,
                as_of=seen.as_of,
                due=due,
                created_at=seen.text.created_at,
                closed_at=seen.state.closed_at,
                kind="epic",
            ),
        )
    return replace(shown, seen=replace(seen, plan=plan), milestones=(*own, *listed, *versions, *above), over=over)


def _linked(shown: Shown, fields: Payload, path: str, site: Site) -> Shown:
    """The edges. An epic does not list what is in it, and where the epic's field is not known an issue may be in one:
    what such an issue shows is not all, so its edges only add.
    """
    seen = shown.seen
    edges = links.of_snapshot(fields, path, native_id=seen.native_id, site=site, at=seen.as_of)
    unknown = site == NOWHERE and seen.kind is Kind.ISSUE and "parent" not in fields
    if seen.kind is Kind.EPIC or unknown:
        return replace(shown, links=edges)
    return replace(shown, seen=replace(seen, edges=edges))


def _points(fields: Payload, path: str, site: Site) -> float | None:
    """The estimate in the first of the site's fields for points that is filled in."""
    for name in site.points:
        if (value := number(fields, name, path)) is not None:
            return value
    return None


def number(data: Payload, key: str, path: str) -> float | None:
    """A finite number, or None where it is absent or null; a changelog writes it as text."""
    value = data.get(key)
    if value is None or value == "":
        return None
    if type(value) in (int, float, str):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            found = float("nan")
        if abs(found) < 1e12:
            return found
    raise read.bad(path, key, value, "a number or null")


def _effort(fields: Payload, path: str) -> EffortPart:
    """Hours planned, left and spent on this issue itself; the aggregates would count sub-tasks twice."""
    tracking, at = read.opt_obj(fields, "timetracking", path) or {}, f"{path}.timetracking"
    return EffortPart(
        planned=_hours(tracking, "originalEstimateSeconds", at, fields, "timeoriginalestimate", path),
        left=_hours(tracking, "remainingEstimateSeconds", at, fields, "timeestimate", path),
        spent=_hours(tracking, "timeSpentSeconds", at, fields, "timespent", path),
    )


def _hours(tracking: Payload, key: str, path: str, fields: Payload, other: str, at: str) -> float | None:
    seconds = read.opt_whole(tracking, key, path)
    if seconds is None:
        seconds = read.opt_whole(fields, other, at)
    return None if seconds is None else seconds / 3600


def _traits(fields: Payload, path: str, site: Site, issuetype: Payload) -> TraitsPart:
    kind = read.opt_text(issuetype, "name", f"{path}.issuetype") or ""
    restricted = read.soft_obj(read.soft_obj(fields, "issuerestriction"), "issuerestrictions")
    components = (parts.named({"at": one}, "at", where) for where, one in parts.objects(fields, "components", path))
    return TraitsPart(
        type=kind,
        bug=kind.casefold() in BUGS,
        flagged=_flagged(fields, site),
        secured=bool(fields.get("security")) or bool(restricted),
        priority=parts.named(fields, "priority", path),
        components=tuple(name for name in components if name is not None),
    )


def _flagged(fields: Payload, site: Site) -> bool:
    """Whether the flag is up: its field holds an option; where the field is not known, one called Impediment."""
    if site.flagged is not None:
        return bool(fields.get(site.flagged))
    return any(
        type(one) is dict and one.get("value") == "Impediment"
        for name, value in fields.items()
        if name.startswith("customfield_") and type(value) is list
        for one in value
    )
