"""What can be judged where a tracker has statuses, custom fields and sprints of its own: lines of the card.

Each names what is not known and the setting, command or right that would tell it.
"""

from __future__ import annotations

from app.services.coverage_line import FEW, Line, sizes
from app.store import coverage as store
from app.store import trackers
from app.store.database import Tx
from integrations.ports import HISTORY
from rules.settings import Settings, fold

WAITS = (
    *("await", "backlog", "block", "customer", "feedback", "hold", "icebox", "impeded", "legal"),
    *("needs info", "parked", "pause", "pending", "triage", "vendor", "wait"),
)
"""Words in the names of statuses in which usually nobody is at work."""


def lines(
    tx: Tx,
    row: trackers.ProjectRow,
    found: store.Counts,
    settings: Settings,
    *,
    unsized: float | None,
    mode: str,
) -> tuple[Line, ...]:
    """What is known of sizes, sprints, webhooks, statuses and links. `mode`: how the project keeps up."""
    plans = store.plan_counts(
        tx, row.id, tracker_id=row.tracker_id, plan_events=row.site.get("plan_events", ()), history=HISTORY
    )
    return (
        _sizes(row, unsized),
        _sprints(plans),
        *_plans(plans, mode),
        _progress(found),
        *_statuses(row, settings),
        _links(plans),
        Line(
            "members",
            "the tracker does not say who belongs to the team: words by authors and assignees count as movement, "
            "those of others do not",
        ),
    )


def _sizes(row: trackers.ProjectRow, unsized: float | None) -> Line:
    if not row.site.get("fields", {}).get("points"):
        return Line(
            "sizes",
            "no field for story points was found: every item counts the same",
            f"name it: plumbline tracker field {row.tracker_name} points FIELD",
        )
    return sizes(unsized)


def _sprints(plans: store.PlanCounts) -> Line:
    if plans.sprints:
        return Line("sprints", f"{plans.sprints} can be seen")
    return Line(
        "sprints",
        "none can be seen: nothing is judged by sprint",
        "where the team plans by sprints, let our account see the board they are on",
    )


def _plans(plans: store.PlanCounts, mode: str) -> tuple[Line, ...]:
    if mode == "plans":
        known = "sprints and versions are asked for every 5 minutes, because webhooks here do not tell of them"
        return (Line("plans", known),)
    if mode != "webhooks" or not plans.webhooks or plans.plan_webhooks:
        return ()
    return (
        Line(
            "plans",
            "webhooks have told of issues, but of no sprint and no version yet",
            "tick the events of sprints and versions in the webhook; where it is an app's and has none, "
            "set poll_plans to true",
        ),
    )


def _progress(found: store.Counts) -> Line:
    known = f"{found.in_progress} of {found.open_items} open items are being worked on, by their status"
    few = found.open_items > 0 and found.in_progress < FEW * found.open_items
    return Line("in progress", known, "say which statuses mean work (statuses)" if few else "")


def _statuses(row: trackers.ProjectRow, settings: Settings) -> tuple[Line, ...]:
    """Statuses that count as work in progress and do not sound like it."""
    odd = [
        name
        for name in sorted(row.site.get("statuses", {}))
        if settings.statuses.get(fold(name)) == "in_progress" and any(word in fold(name) for word in WAITS)
    ]
    if not odd:
        return ()
    names = ", ".join(odd[:3]) + (" …" if len(odd) > 3 else "")
    return (
        Line(
            "statuses",
            f"these count as work in progress, as the tracker files them: {names}",
            f"where nobody is at work then: statuses={odd[0]}=waiting (or todo)",
        ),
    )


def _links(plans: store.PlanCounts) -> Line:
    known = f"{plans.implemented} items are named by a pull request of a watched repository"
    change = "" if plans.implemented else "name the item's key in the pull request's title, text or branch"
    return Line("links", known, change)
