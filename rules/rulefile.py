"""The rule set as one YAML file: read with the position of every mistake, written so that it reads back equal.

A file is taken whole or not at all: `parse` collects everything that is wrong and raises once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import isfinite
from typing import Any

import yaml

from rules.catalog.registry import TYPES, by_name
from rules.engine import problems
from rules.mistakes import Mistake, RuleFileError
from rules.spec import MODES, Actions, Rule, Rung, Scope, Tell
from rules.verdict import Reach, Severity

__all__ = ["Mistake", "RuleDraft", "RuleFileError", "dump", "parse"]

KEYS = ("name", "type", "title", "mode", "severity", "reach", "params", "scope", "ladder", "actions")
SCOPE_KEYS = ("projects", "kinds", "condition")
RUNG_KEYS = ("after", "tell")
ACTION_KEYS = ("label", "color", "remark", "settle_minutes")
MAX_FILE = 1_000_000
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as it stands in a file: no id, no version, not in force."""

    name: str
    type: str
    title: str = ""
    mode: str = "observe"
    severity: Severity = Severity.WARNING
    reach: Reach = Reach.COMMENT
    params: Mapping[str, Any] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    ladder: tuple[Rung, ...] = ()
    actions: Actions = field(default_factory=Actions)

    def as_rule(self) -> Rule:
        """The rule it would be: no id yet, version 1."""
        return Rule(
            id=0,
            version=1,
            name=self.name,
            type=self.type,
            params=self.params,
            scope=self.scope,
            severity=self.severity,
            reach=self.reach,
            mode=self.mode,
            title=self.title,
            ladder=self.ladder,
            actions=self.actions,
        )


def parse(text: str, *, source: str) -> list[RuleDraft]:
    """The rules of a file. Raises RuleFileError with everything that is wrong in it; `source` names the file there."""
    return _Reader(source).read(text)


def dump(drafts: Sequence[RuleDraft]) -> str:
    """The file of these rules; what is as by default is left out. `parse` reads it back equal."""
    rules = [_plain(draft) for draft in drafts]
    return yaml.safe_dump({"rules": rules}, sort_keys=False, allow_unicode=True, width=110)


def _plain(draft: RuleDraft) -> dict[str, Any]:
    scope = draft.scope
    narrowed = {"projects": list(scope.projects), "kinds": list(scope.kinds), "condition": scope.condition}
    rule = {
        "name": draft.name,
        "type": draft.type,
        "title": draft.title,
        "mode": draft.mode,
        "severity": draft.severity.value,
        "reach": draft.reach.value,
        "params": dict(draft.params),
        "scope": {key: value for key, value in narrowed.items() if value},
        "ladder": plain_ladder(draft.ladder),
        "actions": plain_actions(draft.actions),
    }
    return {key: value for key, value in rule.items() if value not in ("", {}, [])}


def plain_ladder(ladder: Sequence[Rung]) -> list[dict[str, Any]]:
    """A ladder as a file has it: whole days as whole numbers."""
    return [
        {"after": int(rung.after) if rung.after == int(rung.after) else rung.after, "tell": rung.tell.value}
        for rung in ladder
    ]


def plain_actions(actions: Actions) -> dict[str, Any]:
    """What flags do in the tracker as a file has it: what is as usual is left out."""
    found = {key: getattr(actions, key) for key in ACTION_KEYS}
    return {key: value for key, value in found.items() if value not in ("", None)}


class _Reader:
    """Walks the nodes of one file and collects mistakes with their places."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.mistakes: list[Mistake] = []

    def read(self, text: str) -> list[RuleDraft]:
        drafts = self._rules(text)
        if self.mistakes:
            raise RuleFileError(self.mistakes)
        return drafts

    def wrong(self, node: Any, field_: str, message: str, *, value: object = None, shown: str = "") -> None:
        mark = node.start_mark
        shown = shown if value is None else repr(value)[:80]
        self.mistakes.append(Mistake(self.source, mark.line + 1, mark.column + 1, field_, message, shown))

    def _rules(self, text: str) -> list[RuleDraft]:
        root = self._composed(text)
        if root is None:
            return []
        rules = self._mapping(root, "file", ("rules",)).get("rules")
        if rules is None:
            if not self.mistakes:
                self.wrong(root, "rules", "is missing: a file holds one list called `rules`")
            return []
        if not isinstance(rules[1], yaml.SequenceNode):
            self.wrong(rules[1], "rules", "must be a list of rules, each beginning with `- name:`")
            return []
        drafts: list[RuleDraft] = []
        seen: dict[str, int] = {}
        for number, node in enumerate(rules[1].value):
            draft = self._rule(node, f"rules[{number}]")
            if draft is None:
                continue
            if draft.name in seen:
                self.wrong(
                    node, f"rules[{number}].name", f"is taken by the rule in line {seen[draft.name]}", value=draft.name
                )
            seen.setdefault(draft.name, node.start_mark.line + 1)
            drafts.append(draft)
        return drafts

    def _composed(self, text: str) -> Any:
        if len(text) > MAX_FILE:
            self.mistakes.append(Mistake(self.source, 1, 1, "file", f"is longer than {MAX_FILE} characters"))
            return None
        try:
            if (refused := _refused(text)) is not None:
                self.mistakes.append(Mistake(self.source, 1, 1, "file", refused))
                return None
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            message = f"is not YAML: {getattr(error, 'problem', None) or getattr(error, 'reason', 'nested too deeply')}"
            self.mistakes.append(Mistake(self.source, line, column, "file", message))
            return None
        if root is None:
            self.mistakes.append(Mistake(self.source, 1, 1, "file", "is empty: it holds one list called `rules`"))
        return root

    def _mapping(self, node: Any, where: str, allowed: Sequence[str]) -> dict[str, tuple[Any, Any]]:
        """The entries of a mapping by key, as (key node, value node); unknown and doubled keys are mistakes."""
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, where, f"must hold keys such as {', '.join(allowed[:3])}")
            return {}
        found: dict[str, tuple[Any, Any]] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key not in allowed:
                near = get_close_matches(key, allowed, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"known keys are {', '.join(allowed)}"
                self.wrong(key_node, f"{where}.{key}", f"unknown key; {hint}")
            elif key in found:
                self.wrong(key_node, f"{where}.{key}", "stands here twice")
            else:
                found[key] = (key_node, value_node)
        return found

    def _rule(self, node: Any, where: str) -> RuleDraft | None:
        before = len(self.mistakes)
        entries = self._mapping(node, where, KEYS)
        if not isinstance(node, yaml.MappingNode):
            return None
        texts = {key: self._text(entries, key, where) for key in ("name", "type", "title", "mode")}
        severity = self._choice(entries, "severity", where, [s.value for s in Severity])
        reach = self._choice(entries, "reach", where, [r.value for r in Reach])
        mode = self._choice(entries, "mode", where, MODES) or "observe"
        for key in ("name", "type"):
            if key not in entries:
                self.wrong(node, f"{where}.{key}", "is missing")
        type_name = texts["type"]
        names = [type_.name for type_ in TYPES]
        if type_name and type_name not in names:
            near = get_close_matches(type_name, names, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(names)}"
            self.wrong(entries["type"][1], f"{where}.type", f"there is no such rule type; {hint}", value=type_name)
            return None
        if not type_name:
            return None
        params, places = self._params(entries, where, type_name)
        scope = self._scope(entries, where)
        ladder, rungs = self._ladder(entries, where)
        actions, deeds = self._actions(entries, where)
        draft = RuleDraft(
            name=texts["name"] or "",
            type=type_name,
            title=texts["title"] or "",
            mode=mode,
            severity=Severity(severity or "warning"),
            reach=Reach(reach or "comment"),
            params=params,
            scope=scope,
            ladder=ladder,
            actions=actions,
        )
        if len(self.mistakes) == before:
            self._check(draft, node, entries, where, places | rungs | deeds)
        return draft

    def _check(self, draft: RuleDraft, node: Any, entries: Any, where: str, places: Mapping[str, Any]) -> None:
        """What the engine finds wrong, at the place of the value."""
        for problem in problems(draft.as_rule()):
            place = places.get(problem.field)
            if place is None:
                place = self._scope_place(entries, problem.field) or node
            message = problem.message
            if problem.line is not None:
                text = "message" if problem.field.endswith(".message") else "condition"
                message = f"{message} (in the {text}: line {problem.line}, column {problem.column})"
            self.wrong(place, f"{where}.{problem.field}", message, shown=problem.given)

    @staticmethod
    def _scope_place(entries: Any, field_: str) -> Any:
        if not field_.startswith("scope.") or "scope" not in entries:
            return None
        return next((value for key, value in entries["scope"][1].value if key.value == field_[6:]), None)

    def _text(self, entries: Mapping[str, tuple[Any, Any]], key: str, where: str) -> str | None:
        if key not in entries:
            return None
        node = entries[key][1]
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.wrong(node, f"{where}.{key}", "must be a text")
            return None
        return str(node.value)

    def _choice(
        self, entries: Mapping[str, tuple[Any, Any]], key: str, where: str, allowed: Sequence[str]
    ) -> str | None:
        if key not in entries:
            return None
        node = entries[key][1]
        if not isinstance(node, yaml.ScalarNode) or node.value not in allowed:
            self.wrong(node, f"{where}.{key}", f"must be one of {', '.join(allowed)}", value=_value(node))
            return None
        return str(node.value)

    def _params(self, entries: Any, where: str, type_name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        if "params" not in entries:
            return {}, {}
        allowed = tuple(by_name(type_name).params.model_fields)
        found = self._mapping(entries["params"][1], f"{where}.params", allowed)
        params = {key: _value(node) for key, (_, node) in found.items()}
        return params, {f"params.{key}": node for key, (_, node) in found.items()}

    def _scope(self, entries: Any, where: str) -> Scope:
        if "scope" not in entries:
            return Scope()
        found = self._mapping(entries["scope"][1], f"{where}.scope", SCOPE_KEYS)
        condition = self._text(found, "condition", f"{where}.scope")
        projects, kinds = (self._texts(found, key, f"{where}.scope") for key in ("projects", "kinds"))
        return Scope(projects=projects, kinds=kinds, condition=condition)

    def _ladder(self, entries: Any, where: str) -> tuple[tuple[Rung, ...], dict[str, Any]]:
        """The rungs of a ladder, and the node of each part by its field."""
        if "ladder" not in entries:
            return (), {}
        node = entries["ladder"][1]
        places: dict[str, Any] = {"ladder": node}
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(node, f"{where}.ladder", "must be a list of rungs, such as [{after: 2, tell: lead}]")
            return (), places
        rungs = []
        for number, one in enumerate(node.value):
            place = f"ladder[{number}]"
            found = self._mapping(one, f"{where}.{place}", RUNG_KEYS)
            if not isinstance(one, yaml.MappingNode):
                continue
            for key in RUNG_KEYS:
                if key not in found:
                    self.wrong(one, f"{where}.{place}.{key}", "is missing")
            tell = self._choice(found, "tell", f"{where}.{place}", [tell.value for tell in Tell])
            after = self._number(found, "after", f"{where}.{place}")
            places |= {place: one, f"{place}.after": found["after"][1]} if "after" in found else {place: one}
            if tell is not None and after is not None:
                rungs.append(Rung(after=after, tell=Tell(tell)))
        return tuple(rungs), places

    def _actions(self, entries: Any, where: str) -> tuple[Actions, dict[str, Any]]:
        """What flags do in the tracker, and the node of each part by its field."""
        if "actions" not in entries:
            return Actions(), {}
        found = self._mapping(entries["actions"][1], f"{where}.actions", ACTION_KEYS)
        texts = {key: self._text(found, key, f"{where}.actions") or "" for key in ("label", "color", "remark")}
        minutes = None
        if "settle_minutes" in found:
            minutes = _value(found["settle_minutes"][1])
            if isinstance(minutes, bool) or not isinstance(minutes, int):
                place = f"{where}.actions.settle_minutes"
                self.wrong(found["settle_minutes"][1], place, "must be a whole number of minutes", value=minutes)
                minutes = None
        return Actions(**texts, settle_minutes=minutes), {f"actions.{key}": node for key, (_, node) in found.items()}

    def _number(self, entries: Mapping[str, tuple[Any, Any]], key: str, where: str) -> float | None:
        if key not in entries:
            return None
        value = _value(entries[key][1])
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            self.wrong(entries[key][1], f"{where}.{key}", "must be a number of working days", value=value)
            return None
        return float(value)

    def _texts(self, entries: Mapping[str, tuple[Any, Any]], key: str, where: str) -> tuple[str, ...]:
        if key not in entries:
            return ()
        node = entries[key][1]
        if not isinstance(node, yaml.SequenceNode) or not all(isinstance(part, yaml.ScalarNode) for part in node.value):
            self.wrong(node, f"{where}.{key}", "must be a list of texts, such as [acme/*]")
            return ()
        return tuple(str(part.value) for part in node.value)


def _refused(text: str) -> str | None:
    """Why a text is not even read: aliases can make a small file huge, and deep nesting makes reading slow
    (quadratic).
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            return "aliases (*name) are not allowed"
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            return "is nested too deeply for a file of rules"
    return None


def _value(node: Any) -> Any:
    """The plain value of a node; its text where it claims to be something that plain YAML does not know."""
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError, TypeError):
        return node.value if isinstance(node, yaml.ScalarNode) else str(node.tag)
    finally:
        loader.dispose()
