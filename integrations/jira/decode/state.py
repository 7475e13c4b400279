"""Whether an issue is open, and as what it was closed.

Jira files each status as new, indeterminate or done, and that decides; a resolution only says how it was closed. Old
payloads tell no category: then what the site knows of the status, else whether there is a resolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations import read
from integrations.jira.decode import milestones, parts
from integrations.jira.site import Site
from integrations.readings import StatePart

Payload = Mapping[str, Any]
NOT_PLANNED = frozenset(
    {
        "abandoned", "answered", "asdesigned", "autoclosed", "bydesign", "canceled", "cancelled",
        "cannotreproduce", "cantreproduce", "couldnotreproduce", "declined", "deferred", "dropped", "expired",
        "incomplete", "informationprovided", "insufficientinformation", "invalid", "later", "nolongerneeded",
        "notabug", "notanissue", "notapplicable", "notaproblem", "notenoughinformation", "notfeasible",
        "notneeded", "notplanned", "notreproducible", "notrequired", "obsolete", "outdated", "outofdate",
        "outofscope", "postponed", "rejected", "remindlater", "suspended", "timedout", "unabletoreproduce",
        "unresolved", "willnotdo", "willnotfix", "withdrawn", "wontdo", "wontfix", "wontimplement",
        "workasdesigned", "workingasdesigned", "worksasdesigned", "worksforme"
    }
)  # fmt: skip
DUPLICATE = frozenset({"duplicate", "duplicated", "duplicateissue", "isduplicate"})
"""Names of resolutions without blanks and signs. Every other is taken as done: sites name that in many ways."""


def state(fields: Payload, path: str, site: Site, *, whole: bool) -> StatePart | None:
    """The state; None where the payload tells too little. A part of an issue tells enough only while it is open."""
    status = read.opt_obj(fields, "status", path)
    if status is None:
        return None
    name = read.text(status, "name", f"{path}.status")
    stage = milestones.stage(status, site)
    resolution = parts.named(fields, "resolution", path)
    opened = stage != "done" if stage is not None else resolution is None
    if opened:
        return StatePart(open=True, status=name, stage=stage) if whole or stage is not None else None
    if not whole:
        return None
    closed_at = read.opt_instant(fields, "resolutiondate", path) or read.opt_instant(
        fields, "statuscategorychangedate", path
    )
    return StatePart(False, name, closed_at, reason(resolution or name), stage=stage)


def reason(resolution: str) -> str:
    """completed, not_planned or duplicate, from a resolution's name (or the status's where there is none)."""
    word = "".join(letter for letter in resolution.casefold() if letter.isalnum())
    if word in DUPLICATE:
        return "duplicate"
    return "not_planned" if word in NOT_PLANNED else "completed"
