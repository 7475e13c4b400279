"""Rules: what is looked for and how well it does; one rule with its numbers and versions. Read-only for now."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flask import Blueprint, abort, render_template, request
from pydantic import ValidationError

from app.services import pages
from app.store.views import flags, rules
from app.web.pages.flags import one_of
from app.web.pages.overview import flag_words
from app.web.runtime import web
from app.web.shell import open_frame
from rules import docs
from rules.spec import RuleType

blueprint = Blueprint("rules", __name__)

MODES = ("live", "observe", "off")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a rule as the page shows it. `changed`: it differs from the default."""

    name: str
    title: str
    unit: str
    help: str
    value: object
    default: object

    @property
    def changed(self) -> bool:
        """Whether it differs from the default."""
        return self.value != self.default

    @property
    def share(self) -> bool:
        """Whether it is a share, shown in per cent."""
        return self.unit.startswith("share")


@blueprint.get("/rules")
def show() -> Any:
    """The list of rules."""
    mode = one_of("mode", (*MODES, "broken"))
    sort = one_of("sort", ("name", "open", "recent"), default="open")
    text = request.args.get("q", "").strip().lower()
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        every = rules.rules(tx, visible=frame.visible, now=frame.now)
    types = pages.rule_types()
    broken = {row.name: fault for row in every if (fault := _fault(row, types.get(row.type))) is not None}
    shown = [row for row in every if mode is None or row.mode == mode or (mode == "broken" and row.name in broken)]
    shown = [row for row in shown if text in f"{row.name} {row.title} {row.type}".lower()]
    if sort == "open":
        shown.sort(key=lambda row: (row.mode == "off", -row.flags_open, row.name))
    elif sort == "recent":
        shown.sort(key=lambda row: (-row.flags_recent, row.name))
    return render_template(
        "rules.html",
        page="rules.show",
        rules=shown,
        every=every,
        types=types,
        broken=broken,
        mode=mode,
        sort=sort,
        counts={name: sum(row.mode == name for row in every) for name in MODES},
        parameters=lambda row: _parameters(row.params, types.get(row.type)),
        numbers=lambda row: _numbers(row.params, types.get(row.type)),
        too_few=pages.TOO_FEW,
    )


@blueprint.get("/rules/<name>")
def one(name: str) -> Any:
    """One rule."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = rules.rule_row(tx, name, visible=frame.visible, now=frame.now)
        if row is None:
            abort(404)
        versions = rules.versions(tx, row.id)
        newest = flags.flags(tx, visible=frame.visible, where=flags.FlagFilter(rule=name), limit=10)
    type_ = pages.rule_types().get(row.type)
    return render_template(
        "rule.html",
        page="rules.show",
        rule=row,
        type=type_,
        fault=_fault(row, type_),
        parameters=_parameters(row.params, type_),
        numbers=lambda _: _numbers(row.params, type_),
        doc=docs.sections(type_) if type_ is not None else {},
        versions=versions,
        changes=[_differences(newer.params, older.params) for newer, older in pairwise(versions)],
        flags=newest.rows,
        too_few=pages.TOO_FEW,
        words_of=lambda flag: flag_words(frame, flag),
    )


def _parameters(params: dict[str, Any], type_: RuleType | None) -> list[Parameter]:
    if type_ is None:
        return [
            Parameter(name=name, title=name, unit="", help="", value=value, default=value)
            for name, value in params.items()
        ]
    found = []
    for name, field in type_.params.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        default = field.get_default(call_default_factory=True)
        unit = str(extra.get("unit", ""))
        found.append(
            Parameter(
                name=name,
                title=field.title or name.replace("_", " ").capitalize(),
                unit="" if unit == "choice" else unit,
                help=field.description or "",
                value=params.get(name, default),
                default=default,
            )
        )
    return found


def _numbers(params: dict[str, Any], type_: RuleType | None) -> dict[str, object]:
    """The parameters in force by name, defaults filled in."""
    return {parameter.name: parameter.value for parameter in _parameters(params, type_)}


def _fault(row: rules.RuleRow, type_: RuleType | None) -> str | None:
    """Why a rule cannot be judged; None where it can."""
    if type_ is None:
        return f"type: {row.type}"
    try:
        type_.params.model_validate(row.params)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return None


def _differences(newer: dict[str, Any], older: dict[str, Any]) -> list[tuple[str, object, object]]:
    names = sorted({*newer, *older})
    return [(name, older.get(name), newer.get(name)) for name in names if older.get(name) != newer.get(name)]
