"""Our labels: the families, their colours and descriptions."""

from __future__ import annotations

from rules.catalog.registry import TYPES
from rules.intents import LabelSpec

DESCRIPTIONS = {
    "stalled": "Quiet for longer than usual here; see the note by Plumbline",
    "ageing": "In one state for longer than is usual here; see the note by Plumbline",
    "grown": "More in it than was planned; see the note by Plumbline",
    "blocked": "Held up for longer than usual here; see the note by Plumbline",
    "mismatch": "Its status and its pull requests say different things; see the note by Plumbline",
    "unlinked": "Names no issue; see the note by Plumbline",
    "late": "Past its date; see the note by Plumbline",
}
DEFAULT_DESCRIPTION = "Set by Plumbline; see its note"


def label_spec(name: str) -> LabelSpec:
    """A label of ours by its full name (`plumb:stalled`), as it is made in a tracker."""
    family = name.rpartition(":")[2]
    color = next((type_.label_color for type_ in TYPES if type_.label == family), "d4d4d4")
    return LabelSpec(name=name, color=color, description=DESCRIPTIONS.get(family, DEFAULT_DESCRIPTION))
