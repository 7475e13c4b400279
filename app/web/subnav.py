"""Pages below an entry of the rail, in the order in which they stand above those pages."""

from __future__ import annotations

from dataclasses import dataclass

from app.services.access import Role


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: its endpoint, what its link says, and who may open it."""

    endpoint: str
    name: str
    role: Role = Role.VIEWER


SETTINGS = (
    Entry("settings.show", "Installation"),
    Entry("account.show", "Your account"),
    Entry("people.show", "People", Role.ADMIN),
    Entry("project_settings.show", "Projects"),
    Entry("targets.show", "Messages", Role.ADMIN),
    Entry("audit.show", "Audit log", Role.ADMIN),
)
DELIVERIES = (
    Entry("deliveries.show", "Came in"),
    Entry("publications.show", "Going out"),
    Entry("writes.show", "Written"),
)
