"""Our labels: the families, their colours and descriptions."""

from __future__ import annotations

from app.store import rules
from app.store.database import Database
from rules.catalog.registry import TYPES, by_name
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
KNOWN = frozenset(type_.name for type_ in TYPES)
DEFAULT_DESCRIPTION = "Set by Plumbline; see its note"


def label_spec(db: Database, name: str) -> LabelSpec:
    """A label of ours by its full name (`plumb:stalled`), as it is made in a tracker: in the colour of a rule that says
    so, or of its family.
    """
    family = name.rpartition(":")[2]
    with db.read() as tx:
        own = [rule for rule in rules.in_force(tx) if rule.actions.color]
    labels = {rule.actions.label or (by_name(rule.type).label if rule.type in KNOWN else None): rule for rule in own}
    color = next((type_.label_color for type_ in TYPES if type_.label == family), "d4d4d4")
    if family in labels:
        color = labels[family].actions.color
    return LabelSpec(name=name, color=color, description=DESCRIPTIONS.get(family, DEFAULT_DESCRIPTION))
