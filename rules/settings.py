"""What a project decides about how it is read, with defaults that suit most; and how labels and statuses compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

USUAL_STATUSES: Mapping[str, str] = MappingProxyType(
    {
        "in review": "in_review",
        "code review": "in_review",
        "peer review": "in_review",
        "review": "in_review",
        "under review": "in_review",
        "ready for review": "in_review",
        "patch available": "in_review",
        "triage": "todo",
        "needs triage": "todo",
        "on hold": "waiting",
        "waiting": "waiting",
        "waiting for customer": "waiting",
        "waiting for vendor": "waiting",
        "pending": "waiting",
        "blocked": "blocked",
        "impeded": "blocked",
    }
)
"""What statuses of these names mean wherever nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project has decided about how it is read. Every field has a default that suits most; a project stores
    only what differs.
    """

    left_out_labels: frozenset[str] = frozenset(
        {
            "on hold",
            "blocked",
            "wontfix",
            "good first issue",
            "help wanted",
            "up for grabs",
            "question",
            "discussion",
            "rfc",
            "tracking",
            "meta",
            "umbrella",
            "epic",
        }
    )
    scope_left_out_labels: frozenset[str] = frozenset({"release"})
    container_labels: frozenset[str] = frozenset({"tracking", "meta", "umbrella", "epic"})
    waiting_labels: frozenset[str] = frozenset({"waiting", "needs info", "waiting for customer", "waiting for vendor"})
    in_progress_labels: frozenset[str] = frozenset({"in progress", "wip", "doing"})
    in_review_labels: frozenset[str] = frozenset({"in review"})
    triage_labels: frozenset[str] = frozenset({"triage", "needs triage"})
    blocked_labels: frozenset[str] = frozenset({"blocked"})
    after_review_statuses: frozenset[str] = frozenset(
        {
            "acceptance",
            "deployed",
            "in qa",
            "in test",
            "in testing",
            "merged",
            "qa",
            "ready for deployment",
            "ready for qa",
            "ready for release",
            "ready for test",
            "ready for testing",
            "ready to deploy",
            "ready to release",
            "staging",
            "test",
            "testing",
            "uat",
            "validation",
            "verification",
        }
    )
    """Statuses that come after a merge: what is in one of them is where its merged pull requests say."""
    statuses: Mapping[str, str] = field(default_factory=lambda: USUAL_STATUSES, hash=False)
    """Status names (folded) of a tracker that has its own, as todo, in_progress, in_review, waiting, blocked or done;
    what is not here is taken as the tracker files it.
    """
    service_desk_writes: bool = False
    """Whether items of a service desk are written to; then in internal comments."""
    automation: frozenset[str] = frozenset()
    dormant_after_days: int = 90
    policy: str = "scope"
    """`scope`: the date is judged by what is planned; `train`: the date holds and only what is left behind counts."""
    rolling_milestones: frozenset[int] = frozenset()
    """Numbers of milestones whose date moves on by habit (asked on the page)."""
    size_from: str | None = None
    """Where sizes come from on GitHub: `label` (size/3), `title` ([3]); None: no sizes."""
    label_prefix: str = "plumb:"
    name_foreign_keys: bool = False
    reviews_required: bool = False
    """Whether pull requests need a review before they are merged, as the project's branch rules have it."""

    def folded(self, label: str) -> str:
        return fold(label)


@lru_cache(maxsize=16384)
def fold(label: str) -> str:
    """A label as labels are compared: case, hyphens, underscores and surrounding blanks do not matter."""
    return " ".join(label.casefold().replace("-", " ").replace("_", " ").split())
