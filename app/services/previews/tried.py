"""The rule that is tried: as it would be in force once it is saved and live, beside those that are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase

from app.services.judge import prepared_rules
from app.services.rulebook import changes_of, draft_of
from app.store import rules as store_rules
from app.store.database import Tx
from app.store.views.scope import Visible
from rules import engine
from rules.facts import Flow, Item, Project
from rules.rulefile import RuleDraft
from rules.spec import Rule, kinds_of

LIVE = "live"


@dataclass(frozen=True, slots=True)
class Tried:
    """`prepared` is the rule as it would be; `before` the one in force that it replaces; `beside` those in force that
    it yields to; `every` all that would be in force with it, by id.
    """

    prepared: engine.PreparedRule
    before: Rule | None
    beside: tuple[engine.PreparedRule, ...]
    every: Mapping[int, engine.PreparedRule]

    @property
    def rule(self) -> Rule:
        return self.prepared.rule

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of subject that it looks at."""
        return self.rule.scope.kinds or kinds_of(self.prepared.type)

    @property
    def looks_at(self) -> str:
        """What it judges, for a sentence."""
        if self.prepared.type.judges is Flow:
            return "projects"
        kinds = set(self.kinds)
        if kinds == set(kinds_of(self.prepared.type)) and len(kinds) > 1:
            return "open items" if self.prepared.type.judges is Item else "open milestones"
        named = {"pull_request": "pull requests", "subtask": "sub-tasks"}
        words = sorted(named.get(kind, f"{kind.replace('_', ' ')}s") for kind in kinds)
        return "open " + (" and ".join(words) if len(words) < 3 else ", ".join(words))

    def where(self, known: Mapping[int, Project], visible: Visible) -> dict[int, Project]:
        """The projects that it looks at and its asker may see."""
        globs = self.rule.scope.projects
        return {
            id_: project
            for id_, project in known.items()
            if (visible.projects is None or id_ in visible.projects)
            and (not globs or any(fnmatchcase(project.key, glob) for glob in globs))
        }


def tried(tx: Tx, draft: RuleDraft, *, replaces: str | None, now: datetime) -> Tried:
    """The rule of a draft as it would be after saving it live. Raises RuleError for one that cannot be used."""
    in_force = store_rules.in_force(tx)
    before = next((rule for rule in in_force if rule.name == (replaces or draft.name)), None)
    rule = _as_saved(replace(draft, mode=LIVE), before, now)
    prepared = engine.prepare(rule)
    others = prepared_rules([one for one in in_force if before is None or one.id != before.id])
    heard = [one for one in others if one.rule.type in prepared.type.yields_to and one.rule.mode != "off"]
    every = {one.rule.id: one for one in others} | {rule.id: prepared}
    return Tried(prepared=prepared, before=before, beside=tuple(heard), every=every)


def _as_saved(draft: RuleDraft, before: Rule | None, now: datetime) -> Rule:
    rule = replace(draft.as_rule(), live_since=now, valid_from=now)
    if before is None:
        return rule
    if before.mode == LIVE:
        rule = replace(rule, live_since=before.live_since)
    same = not changes_of(draft, draft_of(before))  # nothing would be saved: what is pending stays pending
    version = before.version if same else before.version + 1
    return replace(rule, id=before.id, version=version, valid_from=before.valid_from if same else now)
