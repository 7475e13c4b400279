"""The rule editor: a form made from the rule's parameters; saving makes a version, and loses nobody's work."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from app.errors import UserError
from app.services import pages, rulebook
from app.services.access import Role
from app.store.views import rules as views
from app.time import real_now
from app.web.auth import needs
from app.web.rule_fields import fields_of
from app.web.rule_form import RuleForm, form_of, read_draft, with_mistakes
from app.web.rule_words import differences, in_words, numbers
from app.web.runtime import web
from app.web.shell import open_frame
from app.web.words import spoken
from rules import docs
from rules.conditions import FIELDS, JUDGED
from rules.rulefile import RuleDraft
from rules.spec import MAX_RUNGS, Rule, RuleType, Tell, kinds_of

blueprint = Blueprint("rule_editor", __name__)

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "Does it move?": (
        "stalled-review", "stalled-work", "ageing-work", "abandoned-assignment", "blocked-too-long",
        "waiting-for-answer", "red-checks",
    ),
    "Does it grow?": ("scope-creep", "sprint-injection", "scope-growth"),
    "Will it be in time?": (
        "missed-milestone", "missed-due-date", "milestone-at-risk", "dependency-at-risk", "unready-milestone",
        "repeat-slip", "repeat-moves",
    ),
    "Is it too much?": ("overload", "bottleneck", "estimate-overrun", "budget-burn"),
    "Is it in order?": (
        "state-mismatch", "reopened", "unlinked-work", "unreviewed-merge", "missing-acceptance-criteria",
        "unestimated-work",
    ),
    "Something of your own": ("custom",),
}  # fmt: skip
"""The rule types by the question they answer, as the page has them on which one is chosen."""


@dataclass(frozen=True, slots=True)
class Was:
    """What stands in a field in the version in force: `value` as the form has it, `words` as people say it."""

    value: Any
    words: str


@blueprint.get("/rules/new")
@needs(Role.EDITOR)
def new() -> Any:
    """Choose a type; with one, or a rule to duplicate, the form."""
    of, type_name = request.args.get("of"), request.args.get("type")
    if of:
        known = rulebook.rule_named(web().runtime.db, of)
        if known is None or known.type not in pages.rule_types():
            abort(404)
        title = f"{spoken(known.title or of)}, copy"
        draft = replace(rulebook.draft_of(known), name=f"{of}-copy", title=title, mode="observe")
        return _page(draft=draft)
    if type_name:
        if type_name not in pages.rule_types():
            abort(404)
        return _page(draft=RuleDraft(name="", type=type_name))
    with web().runtime.db.read() as tx:
        open_frame(tx)
    return render_template("rule_types.html", page="rules.show", families=FAMILIES, types=pages.rule_types())


@blueprint.post("/rules/new")
@needs(Role.EDITOR)
def make() -> Any:
    """Save a new rule."""
    sent: MultiDict[str, str] = MultiDict(request.form)
    sent["version"] = "0"
    if sent.get("type") not in pages.rule_types():
        return redirect(url_for("rule_editor.new"), 303)
    return _answered(sent, None)


@blueprint.get("/rules/<name>/edit")
@needs(Role.EDITOR)
def edit(name: str) -> Any:
    """The form of a rule in force."""
    known = rulebook.rule_named(web().runtime.db, name)
    if known is None or known.type not in pages.rule_types():
        abort(404)
    return _page(rule=known)


@blueprint.post("/rules/<name>/edit")
@needs(Role.EDITOR)
def save(name: str) -> Any:
    """Save a version of a rule, or show the form again."""
    known = rulebook.rule_named(web().runtime.db, name)
    sent: MultiDict[str, str] = MultiDict(request.form)
    sent["name"] = name
    if known is not None:
        sent["type"] = known.type
    if sent.get("type") not in pages.rule_types():
        abort(404)
    return _answered(sent, known)


def _answered(sent: MultiDict[str, str], known: Rule | None) -> Any:
    do = sent.get("do", "save")
    if do.startswith("ladder-"):
        return _page(form=_with_ladder(sent, do), rule=known, focus=_focus(sent, do))
    draft, form = read_draft(sent)
    if draft is None:
        return _page(form=form, rule=known), 422
    if do == "edit":  # mine once more, on top of what somebody else has saved
        form.values = {**form.values, "version": str(known.version if known else 0)}
        return _page(form=form, rule=known)
    live = draft.mode == "live" and (known is None or known.mode != "live")
    if live:  # what it would write is looked at first
        draft = replace(draft, mode=known.mode if known is not None else "observe")
    try:
        version = rulebook.save_rule(
            web().runtime.db,
            draft,
            expected=form.version,
            who=g.user.name,
            now=web().runtime.world().now(),
            real=real_now(),
        )
    except rulebook.NameTakenError:
        form.errors["name"] = "is taken by another rule: take another"
        return _page(form=form, rule=known), 422
    except rulebook.RuleChangedError:
        return _stale(sent, draft, form, known)
    except UserError as error:
        form.errors[""] = str(error)
        return _page(form=form, rule=known), 422
    same = known is not None and known.version == version
    title = spoken(draft.title or draft.name)
    if live:
        flash(f"{title} is saved as version {version}. It is not live yet: look at what it would write.", "note")
        return redirect(url_for("rules.live", name=draft.name), 303)
    flash(
        f"Nothing was changed: {title} stays as version {version}."
        if same
        else f"{title} is saved as version {version}.",
        "note" if same else "ok",
    )
    return redirect(url_for("rules.one", name=draft.name), 303)


def _with_ladder(sent: MultiDict[str, str], do: str) -> RuleForm:
    """The form with a rung more, or one less; nothing is checked yet."""
    if do == "ladder-add":
        rows = read_draft(sent)[1].rungs
        row = rows[-1] + 1 if rows else 0
        sent[f"ladder.{row}.after"] = "2"
        sent[f"ladder.{row}.tell"] = ""
    else:
        row_text = do.removeprefix("ladder-remove-")
        for part in ("after", "tell"):
            sent.pop(f"ladder.{row_text}.{part}", None)
    form = read_draft(sent)[1]
    form.errors, form.places = {}, {}
    return form


def _focus(sent: MultiDict[str, str], do: str) -> str:
    """The field to go on with after the ladder was changed."""
    rows = sorted({int(found[1]) for name in sent if (found := re.fullmatch(r"ladder\.(\d+)\.after", name))})
    return f"ladder.{rows[-1]}.after" if rows and do == "ladder-add" else "ladder"


def _page(
    *, draft: RuleDraft | None = None, form: RuleForm | None = None, rule: Rule | None = None, focus: str = ""
) -> Any:
    """The editor: of a rule in force, of a new one made from `draft`, or with what was typed (`form`)."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
    projects = [project.key for project in frame.shell.projects]
    standing = rulebook.draft_of(rule) if rule is not None else None
    version = rule.version if rule is not None else 0
    base = form_of(standing, version=version, projects=projects) if standing is not None else None
    if form is None:
        shown = standing or draft
        assert shown is not None, "one of the three is given"
        form = form_of(shown, version=version, projects=projects)
        if standing is not None:  # a rule that needs mending says at once where
            form = with_mistakes(form, standing)
    type_ = pages.rule_types()[form.value("type")]
    was = _was(base, type_) if base is not None else {}
    params = {one.name: one for one in fields_of(type_)}
    return render_template(
        "rule_editor.html",
        page="rules.show",
        form=form,
        rule=rule,
        type=type_,
        fields=params.values(),
        projects=projects,
        kinds=kinds_of(type_),
        tells=list(Tell),
        most_rungs=MAX_RUNGS,
        was=was,
        changed={name for name, then in was.items() if _differs(form, name, then.value)},
        base=json.dumps({name: then.value for name, then in was.items()}),
        completion=json.dumps(completion(type_)),
        words=completion(type_),
        numbers=lambda _: numbers(standing.params if standing else {}, type_),
        doc=docs.sections(type_),
        loose=_loose(form, params),
        focus=focus,
    )


def _loose(form: RuleForm, params: Mapping[str, object]) -> list[str]:
    """Mistakes that no field of the form is for: of the rule as a whole, and of parameters that the type has not."""
    return [
        text
        for name, text in form.errors.items()
        if name == "" or (name.startswith("params.") and name.removeprefix("params.") not in params)
    ]


FIXED = (
    "title", "mode", "severity", "reach", "scope.projects", "scope.patterns", "scope.kinds", "scope.condition",
    "actions.label", "actions.color", "actions.remark", "actions.settle_minutes",
)  # fmt: skip
"""The fields that every type has, the ladder aside."""


def _was(base: RuleForm, type_: RuleType) -> dict[str, Was]:
    """What every field of the form has in the version in force."""
    params = {f"params.{one.name}": one for one in fields_of(type_)}
    found: dict[str, Was] = {}
    for name in (*params, *FIXED):
        value = base.values.get(name, "")
        one = params.get(name)
        if one is None:
            said = in_words(name, value)
        elif one.kind == "flag":
            said = "on" if value else "off"
        else:
            said = dict(one.options).get(str(value), str(value)) or "none"
        found[name] = Was(value=value, words=said if len(said) <= 40 else said[:39] + "…")
    rungs = [[base.value(f"ladder.{row}.after"), base.value(f"ladder.{row}.tell")] for row in base.rungs]
    found["ladder"] = Was(
        value=rungs, words=f"{len(rungs)} {'rung' if len(rungs) == 1 else 'rungs'}" if rungs else "nobody"
    )
    return found


def _differs(form: RuleForm, name: str, then: object) -> bool:
    if name == "ladder":
        return [[form.value(f"ladder.{row}.after"), form.value(f"ladder.{row}.tell")] for row in form.rungs] != then
    if isinstance(then, list):
        now = form.values.get(name, [])
        return set(now if isinstance(now, list) else [now]) != set(then)
    return form.value(name) != then


def completion(type_: RuleType) -> list[dict[str, str]]:
    """What a condition of this type may say, for completion: the word, what it is, and what it means."""
    root = next(root for root, judged in JUDGED.items() if judged is type_.judges)
    found = [
        {"word": f"{root}.{name}", "type": field.type, "means": field.description}
        for name, field in FIELDS[type_.judges].items()
    ]
    return [
        *found,
        {"word": "today", "type": "time", "means": "The beginning of the local day."},
        {"word": "days(", "type": "span", "means": "A number of days, as in today - days(7)."},
    ]


def _stale(sent: MultiDict[str, str], mine: RuleDraft, form: RuleForm, theirs: Rule | None) -> Any:
    """Somebody saved meanwhile: what it was, what they made of it, and what is in this form."""
    db = web().runtime.db
    was = rulebook.version_named(db, mine.name, form.version)
    with db.read() as tx:
        frame = open_frame(tx)
        row = views.rule_row(tx, mine.name, visible=frame.visible, now=frame.now)
    start = rulebook.draft_of(was) if was is not None else None
    there = rulebook.draft_of(theirs) if theirs is not None else None
    ours = {one.name: one for one in differences(start, mine)} if start else {}
    others = {one.name: one for one in differences(start, there)} if start and there else {}
    rows = [
        (
            (mine_ or their_).title,  # type: ignore[union-attr]
            (mine_ or their_).before,  # type: ignore[union-attr]
            their_.after if their_ else mine_.before,  # type: ignore[union-attr]
            mine_.after if mine_ else their_.before,  # type: ignore[union-attr]
            their_ is not None and mine_ is not None and their_.after != mine_.after,
        )
        for name in dict.fromkeys([*others, *ours])
        for mine_, their_ in [(ours.get(name), others.get(name))]
    ]
    sent["version"] = str(theirs.version if theirs is not None else 0)
    kept = [(name, value) for name, value in sent.items(multi=True) if name not in ("csrf_token", "do")]
    return render_template(
        "rule_stale.html", page="rules.show", mine=mine, theirs=theirs, row=row, was=form.version, rows=rows, sent=kept
    ), 409
