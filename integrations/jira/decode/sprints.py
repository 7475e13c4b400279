"""Which sprints an issue is in.

Jira's field lists every sprint an issue was ever in to its end, beside the one it is in now. An issue is in those that
are not closed, and stays in the closed one it was done in, as a closed issue stays in a closed milestone. Every other
closed sprint it left when that sprint was completed: the changelog does not say so (completing a sprint writes
"31" -> "31, 32", or for the backlog nothing), the sprint's own `completeDate` does. So that leaving is a change of its
own here, with the same key whichever payload shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.jira.decode import milestones
from integrations.jira.site import Site
from integrations.readings import ChangeSeen, Field, MilestoneSeen

Payload = Mapping[str, Any]
Sprints = tuple[MilestoneSeen, ...]


def listed(fields: Payload, path: str, site: Site, *, base: str, as_of: datetime | None) -> Sprints:
    """All sprints the issue's field lists; where the field is not known, of the field that looks like it."""
    if site.sprint is not None:
        names: Iterable[str] = (site.sprint,)
    else:
        names = [
            name
            for name, value in fields.items()
            if name.startswith("customfield_") and milestones.looks_like_sprints(value)
        ]
    found: dict[str, MilestoneSeen] = {}
    for name in names:
        for place, one in enumerate(read.array(fields, name, path) or ()):
            seen = milestones.sprint(one, f"{path}.{name}.{place}", base=base, as_of=as_of)
            found[seen.native_id] = seen
    return tuple(found.values())


def membership(listed: Sprints, done_at: datetime | None) -> tuple[Sprints, Sprints]:
    """The sprints it is in, and those that it was in to their end and has left."""
    ended = [one for one in listed if not one.open and one.closed_at is not None]
    done_in = None
    if done_at is not None:
        held = [one for one in ended if one.closed_at is not None and done_at <= one.closed_at]
        done_in = max(held, key=lambda one: (one.closed_at, one.native_id), default=None)
    over = tuple(one for one in ended if one is not done_in)
    return tuple(one for one in listed if one not in over), over


def endings(over: Sprints, item: str) -> tuple[ChangeSeen, ...]:
    """That the item left sprints by their being completed."""
    return tuple(
        ChangeSeen(
            f"{one.native_id.replace('/', ':')}:ended:{item}",
            one.closed_at,
            Field.MILESTONE,
            None,
            item=item,
            before=one.native_id,
        )
        for one in over
        if one.closed_at is not None
    )


def ids(text: str | None) -> tuple[str, ...]:
    """The ids in an entry of a changelog: "31, 32"."""
    return tuple(one for one in (part.strip() for part in (text or "").split(",")) if one.isascii() and one.isdigit())


def moves(before: str | None, after: str | None) -> tuple[tuple[str, bool], ...]:
    """(milestone, joined) of an entry of a changelog, those left first."""
    old, new = ids(before), ids(after)
    left = [(f"sprint/{one}", False) for one in old if one not in new]
    return (*left, *((f"sprint/{one}", True) for one in new if one not in old))
