"""What we say to a command, as sentences that are kept with the publication and rendered with each note."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rules.engine import PreparedRule
from rules.facts import Item, Project
from rules.standing import Standing
from rules.verdict import Reach, Said
from rules.wording import codec

HELP = (
    "reply.help-lead",
    "reply.help-ack",
    "reply.help-snooze",
    "reply.help-expect",
    "reply.help-wrong",
    "reply.help-why",
    "reply.help-baseline",
    "reply.help-home",
)


def off_label(project: Project) -> str:
    """The label that silences an item."""
    return f"{project.settings.label_prefix}off"


def help_(project: Project) -> list[Said]:
    """All there is to answer."""
    return [*(Said(code) for code in HELP), Said("reply.help-off", {"label": off_label(project)})]


def why(item: Item, told: Iterable[tuple[PreparedRule | None, Standing]], *, page: str) -> list[Said]:
    """What was seen, in the words of each flag that may be told here, and where the rest can be read."""
    said: list[Said] = []
    for rule, standing in told:
        if rule is not None and rule.rule.mode == "live" and standing.said.reach is not Reach.PAGE:
            said.extend([standing.said.reason, *standing.said.evidence])
    if not said:
        said.append(Said("reply.why-none"))
    step = item.last_movement
    if step.kind in ("push", "review", "review_comment", "comment", "opened", "state"):
        said.append(Said("reply.why-movement", {"step": step}))
    return [*said, Said("reply.why-more", {"url": page})]


def dump(said: Sequence[Said]) -> list[dict[str, Any]]:
    """Sentences as plain JSON values."""
    return [codec.dump(one) for one in said]


def load(docs: Iterable[Mapping[str, Any]]) -> list[Said]:
    """The sentences of `dump`."""
    return [codec.load(doc) for doc in docs]
