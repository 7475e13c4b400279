"""What decoding needs to know of a Jira site and no payload tells: its address, which custom fields hold points,
sprint, epic and flag, and how it files its statuses. Found once by a survey, kept with the tracker as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations import read as at
from integrations.readings import Payload

PLAN_EVENTS = (
    *(f"sprint_{what}" for what in ("created", "started", "updated", "closed", "deleted")),
    *(f"jira:version_{what}" for what in ("created", "released", "unreleased", "updated", "moved", "deleted")),
)
"""Webhooks that tell of sprints and versions; an app's own (dynamic) webhooks have none of them."""

STAGES: Mapping[str, str] = {"new": "todo", "indeterminate": "in_progress", "done": "done"}
"""Jira's status categories, which are the same on every site, in our words."""

_TYPES = {
    "com.pyxis.greenhopper.jira:gh-sprint": "sprint",
    "com.pyxis.greenhopper.jira:gh-epic-link": "epic",
    "com.pyxis.greenhopper.jira:jsw-story-points": "points",
}
_NAMES = {"story points": "points", "story point estimate": "points", "flagged": "flagged"}
"""Fields of a general type are known by their names alone."""


@dataclass(frozen=True, slots=True)
class Site:
    """One Jira. `points` may be several fields (one for each style of project), asked in order. `names` are all custom
    fields' own names: Data Center's changelogs name a field so, without its id; what is not among them is gone.
    """

    edition: str = ""
    base_url: str = ""
    points: tuple[str, ...] = ()
    sprint: str | None = None
    epic: str | None = None
    flagged: str | None = None
    statuses: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def dump(self) -> dict[str, Any]:
        """The JSON that `read` takes."""
        return {
            "edition": self.edition,
            "base_url": self.base_url,
            "fields": {
                "points": list(self.points),
                "sprint": self.sprint,
                "epic": self.epic,
                "flagged": self.flagged,
            },
            "statuses": dict(self.statuses),
            "names": dict(self.names),
            "custom": sorted(self.names),
            "plan_events": list(PLAN_EVENTS),
        }

    def is_points(self, field_id: str | None, name: str) -> bool:
        """Whether an entry of a changelog is about points: by the field's id, or where it has none by its name."""
        return _is(field_id, name, self.points, self.names)

    def is_sprint(self, field_id: str | None, name: str) -> bool:
        return name == "Sprint" or (self.sprint is not None and _is(field_id, name, (self.sprint,), self.names))

    def is_epic(self, field_id: str | None, name: str) -> bool:
        return name == "Epic Link" or (self.epic is not None and _is(field_id, name, (self.epic,), self.names))

    def is_flagged(self, field_id: str | None, name: str) -> bool:
        return name == "Flagged" or (self.flagged is not None and _is(field_id, name, (self.flagged,), self.names))


def _is(field_id: str | None, name: str, ids: tuple[str, ...], names: Mapping[str, str]) -> bool:
    return field_id in ids if field_id is not None else any(names.get(one) == name for one in ids)


NOWHERE = Site()
"""A site that nothing is known of."""


def read(payload: Payload) -> Site:
    """The site as it was dumped; an empty payload is a site that nothing is known of. Raises `BadPayload`."""
    if not payload:
        return NOWHERE
    fields = at.opt_obj(payload, "fields", "site") or {}
    points = at.array(fields, "points", "site.fields") or []
    for place, one in enumerate(points):
        if type(one) is not str:
            raise at.bad("site.fields", f"points.{place}", one, "a field's id")
    return Site(
        edition=at.opt_text(payload, "edition", "site") or "",
        base_url=(at.opt_text(payload, "base_url", "site") or "").rstrip("/"),
        points=tuple(points),
        sprint=at.opt_text(fields, "sprint", "site.fields"),
        epic=at.opt_text(fields, "epic", "site.fields"),
        flagged=at.opt_text(fields, "flagged", "site.fields"),
        statuses=_texts(payload, "statuses"),
        names=_texts(payload, "names"),
    )


def _texts(payload: Payload, key: str) -> dict[str, str]:
    found = at.opt_obj(payload, key, "site") or {}
    return {name: at.text(found, name, f"site.{key}") for name in found}


def found(*, fields: Iterable[Payload], statuses: Iterable[Payload], server_info: Payload) -> Site:
    """The site that the answers of `/field`, `/status` and `/serverInfo` describe. Raises `BadPayload`."""
    roles: dict[str, list[str]] = {"points": [], "sprint": [], "epic": [], "flagged": []}
    names: dict[str, str] = {}
    for place, one in enumerate(fields):
        name = at.opt_text(one, "name", f"fields.{place}") or ""
        if type(at.soft_obj(one, "schema").get("custom")) is not str:
            continue
        native_id = at.text(one, "id", f"fields.{place}")
        names[native_id] = name
        role = _role(one, name)
        if role is not None:
            roles[role].append(native_id)
    stages = {}
    for place, one in enumerate(statuses):
        stage = STAGES.get(str(at.soft_obj(one, "statusCategory").get("key")))
        if stage is not None:
            stages[at.text(one, "name", f"statuses.{place}")] = stage
    cloud = at.opt_text(server_info, "deploymentType", "serverInfo") == "Cloud"
    return Site(
        edition="cloud" if cloud else "datacenter",
        base_url=(at.opt_text(server_info, "baseUrl", "serverInfo") or "").rstrip("/"),
        points=tuple(sorted(roles["points"])),
        sprint=next(iter(sorted(roles["sprint"])), None),
        epic=next(iter(sorted(roles["epic"])), None),
        flagged=next(iter(sorted(roles["flagged"])), None),
        statuses=stages,
        names=names,
    )


def _role(one: Payload, name: str) -> str | None:
    custom = at.soft_obj(one, "schema").get("custom")
    if type(custom) is not str:
        return None
    return _TYPES.get(custom) or _NAMES.get(name.casefold())
