"""Records as rows: references resolved, what was left out filled in. In memory, a record at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import blake2b

from app.services.history import records
from app.services.history.fields import BEGINNING
from app.services.history.known import ItemRef, Known, MilestoneRef, ProjectRef, Rows, Wrong, look_up
from rules import engine
from rules.facts import MilestoneKind
from rules.rulefile import RuleDraft
from rules.spec import Scope

OWN_TRACKER = "history"
"""The tracker of projects for which the file names none."""


def header(known: Known, one: records.Header) -> Rows:
    known.told.header = one
    return iter(())


def tracker(known: Known, one: records.Tracker) -> Rows:
    if one.id in known.trackers:
        raise Wrong("id", "is taken by a tracker above", one.id)
    if known.projects and OWN_TRACKER in known.trackers:
        raise Wrong("kind", "trackers stand above the projects on them")
    known.told.trackers.append(one)
    id_ = known.trackers[one.id] = known.next_id("tracker")
    known.statuses[id_] = dict(one.statuses)
    row = {"id": id_, "name": one.name or one.id, "kind": one.tracker_kind, "base_url": one.url, "webhook_secret": ""}
    site = {"statuses": dict(one.statuses)} if one.statuses else {}
    yield "tracker", {**row, "site": site, "created_at": BEGINNING}
    yield "lane", {"id": known.next_id("lane"), "tracker_id": id_, "name": f"tracker:{id_}"}


def project(known: Known, one: records.Project) -> Rows:
    name = one.id or one.key
    if name in known.projects:
        raise Wrong("id", "is taken by a project above", name)
    if not known.trackers:
        yield from tracker(known, records.Tracker(kind="tracker", id=OWN_TRACKER))
    on = known.tracker(one.tracker)
    native = one.native or name
    known.claim("project", on, native, "native" if one.native else "id")
    known.told.projects.append(one)
    made = known.projects[name] = ProjectRef(known.next_id("project"), on, one.key)
    yield (
        "project",
        {
            "id": made.id,
            "tracker_id": on,
            "connection_id": None,
            "lane_id": on,  # a tracker's own lane has its number here
            "native_id": native,
            "key": one.key,
            "url": one.url,
            "public": one.public,
            "service_desk": one.service_desk,
            "known_from": one.known_from,
            "created_at": one.created_at or one.known_from or BEGINNING,
        },
    )


def settings(known: Known, one: records.Settings) -> Rows:
    row = {
        "project_id": known.project(one.project).id,
        "valid_from": one.valid_from,
        "settings": one.settings,
        "calendar": one.calendar,
        "author": one.author,
    }
    known.late.append(("project_settings", (one.valid_from, known.told.line), row))
    return iter(())


def programme(known: Known, one: records.Programme) -> Rows:
    known.claim("programme", 0, one.name, "name")
    projects = sorted({look_up(known.projects, name, "projects").id for name in one.projects})
    id_ = known.next_id("programme")
    yield (
        "programme",
        {"id": id_, "name": one.name, "same_readers": one.same_readers, "created_at": one.created_at},
    )
    for project_id in projects:
        yield "programme_project", {"programme_id": id_, "project_id": project_id}


def person(known: Known, one: records.Person) -> Rows:
    if one.id in known.people:
        raise Wrong("id", "is taken by a person above", one.id)
    on = known.tracker(one.tracker)
    native = one.native or one.id
    known.claim("person", on, native, "native" if one.native else "id")
    parts = {look_up(known.projects, part.project, "parts.project").id: part for part in one.parts}
    id_ = known.people[one.id] = known.next_id("person")
    yield (
        "person",
        {"id": id_, "tracker_id": on, "native_id": native, "login": one.login or one.id, "bot": one.bot},
    )
    for project_id, part in parts.items():
        row = {"project_id": project_id, "person_id": id_, "member": part.member, "as_of": part.as_of}
        yield "participant", row


def milestone(known: Known, one: records.Milestone) -> Rows:
    of = _project_of(known, one)
    on = known.tracker(one.tracker) if of is None else of.tracker
    if one.tracker is not None and known.tracker(one.tracker) != on:
        raise Wrong("tracker", "is not that of its project", one.tracker)
    if (on, one.id) in known.milestones:
        raise Wrong("id", "is taken by a milestone above", one.id)
    leader = None
    if one.joined_to is not None:
        beside = on if one.joined_to_tracker is None else look_up(known.trackers, one.joined_to_tracker, "tracker")
        leader = known.milestone(one.joined_to, beside, "joined_to").id
    home = None if one.home is None else known.item(one.home, "home").id
    made = known.milestones[(on, one.id)] = MilestoneRef(known.next_id("milestone"), of.id if of else None)
    known.named.pop((on, one.id), None)
    gone = one.deleted_at is not None
    due = known.day(one.due, "a due date")
    if one.start is not None and due is not None and due < one.start:
        known.told.note("a milestone is due before it starts: taken as it is")
    yield (
        "milestone",
        {
            "id": made.id,
            "tracker_id": on,
            "project_id": made.project,
            "native_id": one.id,
            "number": one.number,
            "kind": one.milestone_kind.value,
            "title": one.title or one.id,
            "url": one.url,
            "is_open": not gone and (one.open if one.open is not None else one.closed_at is None),
            "created_at": one.created_at,
            "closed_at": one.closed_at,
            "start": known.day(one.start, "a start date"),
            "due": due,
            "as_of": one.as_of,
            "released": one.released,
            "board": one.board,
            "merged_into": one.merged_into,
            "joined_to": leader,
            "home_item_id": home,
            "growth": one.growth,
            "kept": one.kept,
            "deleted_at": one.deleted_at,
        },
    )
    seen = {at.as_of: known.day(at.due, "a due date") for at in one.dues}
    if not seen and due is not None and one.created_at is not None:
        seen = {one.created_at: due}
    for as_of, day in sorted(seen.items()):
        yield "milestone_due", {"milestone_id": made.id, "as_of": as_of, "due": day}


def _project_of(known: Known, one: records.Milestone) -> ProjectRef | None:
    """A sprint or an epic may have none: whose it is, is found out from what is in it."""
    if one.project is not None:
        return known.project(one.project)
    if one.milestone_kind in (MilestoneKind.SPRINT, MilestoneKind.EPIC) and known.trackers:
        return None
    return known.project(None)


def baseline(known: Known, one: records.Baseline) -> Rows:
    of = known.milestone(one.milestone, known.tracker(one.tracker), "milestone")
    row = {
        "milestone_id": of.id,
        "as_of": one.as_of,
        "how": one.how,
        "frozen": True,
        "members": {str(known.item(name, "members").id): estimate for name, estimate in one.members.items()},
        "author": one.author,
        "reason": one.reason,
        "created_at": one.created_at or one.as_of,
    }
    known.late.append(("baseline", (row["created_at"], known.told.line), row))
    return iter(())


def link(known: Known, one: records.Link) -> Rows:
    source = known.item(one.source, "source")
    to = None if one.to is None else known.item(one.to, "to")
    yield (
        "link",
        {
            "id": known.next_id("link"),
            "project_id": source.project.id,
            "source_item_id": source.id,
            "kind": one.link_kind,
            "origin": one.origin,
            "target": one.target or (to.native if to is not None else ""),
            "target_item_id": None if to is None else to.id,
            "as_of": one.at,
        },
    )


def change(known: Known, one: records.Change) -> Rows:
    of = None if one.item is None else known.item(one.item, "item")
    plan = None
    if one.milestone is not None:
        plan = known.milestone(one.milestone, known.tracker(one.tracker), "milestone")
    before, after = (_held(known, one.field, value) for value in (one.before, one.after))
    if of is not None and one.field == "milestone":
        for native in filter(None, (before, after)):
            known.name_milestone(of.project.tracker, native)
    known.told.span(one.at)
    yield (
        "change",
        {
            "id": known.next_id("change"),
            "project_id": _keeper(known, one, of, plan),
            "natural_key": one.key or _made_key(one),
            "item_id": None if of is None else of.id,
            "milestone_id": None if plan is None else plan.id,
            "at": one.at,
            "field": one.field,
            "actor_id": None if one.who is None else known.person(one.who, "who"),
            "before": before,
            "after": after,
            "url": one.url,
            "bulk": one.bulk,
            "delivery_id": None,
        },
    )


def _keeper(known: Known, one: records.Change, of: ItemRef | None, plan: MilestoneRef | None) -> int:
    if one.project is not None:
        return known.project(one.project).id
    if of is not None:
        return of.project.id
    if plan is not None and plan.project is not None:
        return plan.project
    return known.project(None).id


def _held(known: Known, field_: str, value: str | None) -> str | None:
    if field_ != "due" or value is None:
        return value
    return value if known.day(date.fromisoformat(value[:10]), "a due date") is not None else None


def _made_key(one: records.Change) -> str:
    """A key of what a change says, so that the same one twice is one."""
    said: Sequence[object] = (one.item, one.milestone, one.at, one.field, one.who, one.before, one.after, one.url)
    return f"made:{blake2b(repr(said).encode(), digest_size=12).hexdigest()}"


def rule(known: Known, one: records.RuleVersion) -> Rows:
    """A version of a rule. One that cannot be used is left out, and harms no other."""
    known.claim("rule_version", one.version, one.name, "version")
    if found := engine.problems(draft_of(one).as_rule()):
        known.told.note(f"rule {one.name}, version {one.version}, cannot be used and is left out: {found[0]}")
    else:
        known.told.rules.append(one)
    return iter(())


def draft_of(one: records.RuleVersion) -> RuleDraft:
    """A version of a rule as a rule file has it."""
    return RuleDraft(
        name=one.name,
        type=one.rule_type,
        title=one.title,
        mode=one.mode,
        severity=one.severity,
        reach=one.reach,
        params=one.params,
        scope=Scope(tuple(one.scope.projects), tuple(one.scope.kinds), one.scope.condition),
    )
