"""Reference pages and a JSON Schema, made from the rule types themselves: what is documented is what runs."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

from rules.catalog.registry import TYPES
from rules.conditions import FIELDS, JUDGED
from rules.spec import COLOR, LABEL_NAME, MAX_AFTER, MAX_REMARK, MAX_RUNGS, MAX_SETTLE, MODES, RuleType, Tell, kinds_of
from rules.verdict import Reach, Severity

FOLDER = "docs/reference/rules"
PLAIN = re.compile(r"[a-z][a-z_-]*")
HEADINGS = ("What it finds", "Why it matters", "How it is judged", "What clears it", "When it is wrong", "Example")
MADE = "<!-- Made from the code of the rule types by `make docs`; do not edit. -->"


def pages() -> dict[str, str]:
    """Every reference page by its path from the repository's root; the same for the same code."""
    made = {f"{FOLDER}/{type_.name}.md": _page(type_) for type_ in TYPES}
    return made | {f"{FOLDER}/index.md": _index(), f"{FOLDER}/conditions.md": _conditions()}


def sections(type_: RuleType) -> dict[str, str]:
    """The parts of a rule type's docstring by heading, each a paragraph on one line. Raises ValueError for text under
    no heading.
    """
    found: dict[str, list[str]] = {}
    heading = None
    for line in type_.doc.strip().splitlines()[1:]:
        if line and not line.startswith(" "):
            heading = line.strip()
            found[heading] = []
        elif line.strip():
            if heading is None:
                raise ValueError(f"{type_.name}: text under no heading: {line!r}")
            found[heading].append(line.strip())
    return {heading: " ".join(lines) for heading, lines in found.items()}


def _page(type_: RuleType) -> str:
    parts = [MADE, f"# {type_.title} (`{type_.name}`)", type_.sentence]
    parts += [f"## {heading}\n\n{textwrap.fill(text, 110)}" for heading, text in sections(type_).items()]
    parts.append("## Parameters\n\n" + _parameters(type_))
    kinds = ", ".join(f"`{kind}`" for kind in kinds_of(type_))
    label = f" Its label is `{type_.label}` behind the project's prefix." if type_.label else ""
    parts.append(f"## Where it looks\n\nKinds: {kinds}.{label}")
    example = f"rules:\n- name: my-{type_.name}\n  type: {type_.name}\n  mode: observe\n  params:\n"
    lines = "".join(f"    {name}: {_yaml(field['default'])}\n" for name, field in _fields(type_).items())
    parts.append(f"## In a rule file\n\n```yaml\n{example}{lines}```")
    return "\n\n".join(parts) + "\n"


def _fields(type_: RuleType) -> dict[str, dict[str, Any]]:
    schema = type_.params.model_json_schema()
    fields: dict[str, dict[str, Any]] = schema["properties"]
    return fields


def _parameters(type_: RuleType) -> str:
    rows = ["| parameter | title | default | bounds | unit | meaning |", "| --- | --- | --- | --- | --- | --- |"]
    for name, field in _fields(type_).items():
        default = _yaml(field["default"])
        row = (f"`{name}`", field["title"], f"`{default}`", _bounds(type_, field), field["unit"], field["description"])
        rows.append("| " + " | ".join(row) + " |")
    return "\n".join(rows)


def _bounds(type_: RuleType, field: dict[str, Any]) -> str:
    if "minimum" in field:
        return f"{field['minimum']:g} to {field['maximum']:g}"
    if "maxLength" in field:
        return f"up to {field['maxLength']} characters"
    if "$ref" in field:
        field = type_.params.model_json_schema()["$defs"][field["$ref"].rsplit("/", 1)[-1]]
    if field.get("type") == "string" and "enum" not in field:
        return f"at most {field['maxLength']} characters"
    return " or ".join(f"`{value}`" for value in field.get("enum", ("true", "false")))


def _yaml(value: object) -> str:
    """A default as a rule file has it; text that YAML could read as something else is quoted."""
    if isinstance(value, str) and not PLAIN.fullmatch(value):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _index() -> str:
    rows = [f"| [{type_.title}]({type_.name}.md) | `{type_.name}` | {type_.sentence} |" for type_ in TYPES]
    table = "\n".join(["| rule type | name | what it finds |", "| --- | --- | --- |", *rows])
    more = "Which subjects a rule looks at can be narrowed by a [condition](conditions.md)."
    return f"{MADE}\n\n# Rule types\n\n{table}\n\n{more}\n"


def _conditions() -> str:
    parts = [
        MADE,
        "# Conditions",
        textwrap.fill(
            "A condition is an expression in CEL that is true or false for one item, milestone or flow, such as "
            "`item.labels.exists(l, l == 'bug') && item.age_days > 14`. Ages are whole days; they change at midnight. "
            "A number that is not known makes the rule not applicable, and it says so. Besides the fields there are "
            "`today`, the beginning of the local day, and `days(n)`. Write `1.0` where you calculate with a field. "
            "An absent time compares as 1970: ask `has(item.created_at)` first.",
            110,
        ),
    ]
    for judges, fields in FIELDS.items():
        root = next(name for name, judged in JUDGED.items() if judged is judges)
        rows = [f"| `{root}.{name}` | {field.type} | {field.description} |" for name, field in fields.items()]
        parts.append(f"## `{root}`\n\n" + "\n".join(["| field | type | meaning |", "| --- | --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema of a rule file, for editors; `rules.rulefile` is what decides."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plumbline rules",
        "type": "object",
        "additionalProperties": False,
        "required": ["rules"],
        "properties": {"rules": {"type": "array", "items": {"oneOf": [_rule_schema(type_) for type_ in TYPES]}}},
    }


def _actions_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "label": {
                "type": "string",
                "pattern": f"^{LABEL_NAME.pattern}$",
                "description": "Instead of the type's label, without the project's prefix.",
            },
            "color": {
                "type": "string",
                "pattern": f"^{COLOR.pattern}$",
                "description": "The label's colour where it is made.",
            },
            "remark": {
                "type": "string",
                "maxLength": MAX_REMARK,
                "description": "A line of your own below the flag; https addresses become links.",
            },
            "settle_minutes": {
                "type": "integer",
                "minimum": 0,
                "maximum": MAX_SETTLE,
                "description": "How long a flag stands before it is written, instead of the project's time.",
            },
        },
    }


def _rule_schema(type_: RuleType) -> dict[str, Any]:
    params = type_.params.model_json_schema()
    defs = params.pop("$defs", {})
    for field in params["properties"].values():
        if "$ref" in field:
            field.update({"enum": defs[field.pop("$ref").rsplit("/", 1)[-1]]["enum"]})
    texts = {"type": "array", "items": {"type": "string"}}
    kinds = {"type": "array", "items": {"enum": list(kinds_of(type_))}}
    scope = {"projects": texts, "kinds": kinds, "condition": {"type": "string", "maxLength": 2000}}
    rung = {
        "type": "object",
        "additionalProperties": False,
        "required": ["after", "tell"],
        "properties": {
            "after": {
                "type": "number",
                "minimum": 0,
                "maximum": MAX_AFTER,
                "description": "Working days since the flag opened; 0 is at once.",
            },
            "tell": {"enum": [tell.value for tell in Tell]},
        },
    }
    return {
        "type": "object",
        "title": type_.title,
        "description": type_.sentence,
        "additionalProperties": False,
        "required": ["name", "type"],
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "type": {"const": type_.name},
            "title": {"type": "string"},
            "mode": {"enum": list(MODES), "default": "observe"},
            "severity": {"enum": [severity.value for severity in Severity], "default": "warning"},
            "reach": {"enum": [reach.value for reach in Reach], "default": "comment"},
            "params": params,
            "scope": {"type": "object", "additionalProperties": False, "properties": scope},
            "ladder": {"type": "array", "items": rung, "maxItems": MAX_RUNGS},
            "actions": _actions_schema(),
        },
    }
