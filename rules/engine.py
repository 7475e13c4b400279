"""Rules at work: check a rule when it is written, and judge a subject by all rules that look at it.

`prepare` does once what need not be done for each subject; `judge` is pure and harms no rule for another's crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from pydantic import ValidationError

from rules.catalog.registry import TYPES, by_name
from rules.conditions import Condition, ConditionError, compile_condition
from rules.facts import Milestone, Project, Ref, Subject
from rules.mistakes import in_words
from rules.spec import (
    COLOR,
    LABEL_NAME,
    MAX_AFTER,
    MAX_REMARK,
    MAX_RUNGS,
    MAX_SETTLE,
    MODES,
    Judgement,
    Params,
    Rule,
    RuleType,
    kinds_of,
)
from rules.verdict import Outcome, Said, Verdict, skipped


class RuleError(ValueError):
    """A rule that cannot be used: the field, what would be right there, and for conditions and messages where the
    mistake is (line and column from 1). `given` is the value as it stands there, where showing it helps.
    """

    def __init__(
        self, field: str, message: str, *, line: int | None = None, column: int | None = None, given: object = None
    ) -> None:
        self.field, self.message, self.line, self.column = field, message, line, column
        self.given = "" if given is None else repr(given)[:80]
        super().__init__(f"{field}: {message}" + (f" (given: {self.given})" if self.given else ""))


@dataclass(frozen=True, slots=True)
class PreparedRule:
    """A rule with its type found, its parameters checked and its condition compiled."""

    rule: Rule
    type: RuleType
    params: Params
    condition: Condition | None = None

    @property
    def label(self) -> str | None:
        """The label that its flags carry, without the project's prefix; None: none."""
        return self.rule.actions.label or self.type.label

    def looks_at(self, subject: Subject) -> bool:
        """Whether the subject is in the rule's scope, the condition aside."""
        scope = self.rule.scope
        kind = subject.kind.value
        return (
            isinstance(subject, self.type.judges)
            and (not self.type.kinds or subject.kind in self.type.kinds)
            and (not scope.kinds or kind in scope.kinds)
            and (not scope.projects or any(fnmatchcase(subject.project.key, glob) for glob in scope.projects))
        )


def prepare(rule: Rule) -> PreparedRule:
    """Check a rule. Raises RuleError for the first thing wrong with it; `problems` lists them all."""
    found = problems(rule)
    if found:
        raise found[0]
    type_ = by_name(rule.type)
    condition = rule.scope.condition
    return PreparedRule(
        rule=rule,
        type=type_,
        params=type_.params.model_validate(dict(rule.params)),
        condition=compile_condition(condition, type_.judges) if condition else None,
    )


def problems(rule: Rule) -> list[RuleError]:
    """Everything wrong with a rule, in the order of its fields."""
    try:
        type_ = by_name(rule.type)
    except KeyError:
        return [RuleError("type", f"there is no rule type {rule.type!r}; there are {', '.join(t.name for t in TYPES)}")]
    found = [] if rule.mode in MODES else [RuleError("mode", f"{rule.mode!r} is none of {', '.join(MODES)}")]
    try:
        type_.params.model_validate(dict(rule.params))
    except ValidationError as error:
        for detail in error.errors():
            field = ".".join(("params", *(str(part) for part in detail["loc"])))
            inside = detail.get("ctx", {}).get("error")
            if isinstance(inside, ConditionError):
                found.append(RuleError(field, inside.message, line=inside.line, column=inside.column))
            else:
                found.append(RuleError(field, in_words(detail), given=detail["input"]))
    allowed = kinds_of(type_)
    wrong = [kind for kind in rule.scope.kinds if kind not in allowed]
    if wrong:
        found.append(RuleError("scope.kinds", f"{wrong[0]!r} is none of {', '.join(allowed)}"))
    if rule.scope.condition:
        try:
            compile_condition(rule.scope.condition, type_.judges)
        except ConditionError as error:
            found.append(RuleError("scope.condition", error.message, line=error.line, column=error.column))
    return [*found, *_ladder_problems(rule), *_action_problems(rule)]


def _action_problems(rule: Rule) -> list[RuleError]:
    """What is wrong with what a rule's flags do in the tracker."""
    actions = rule.actions
    found = []
    if actions.label and (actions.label == "off" or not LABEL_NAME.fullmatch(actions.label)):
        message = "must be small letters, figures and hyphens, at most 40, and not `off`, by which people silence us"
        found.append(RuleError("actions.label", message, given=actions.label))
    if actions.color and not COLOR.fullmatch(actions.color):
        found.append(RuleError("actions.color", "must be six hex digits such as d4a72c", given=actions.color))
    if len(actions.remark) > MAX_REMARK or "\n" in actions.remark:
        found.append(RuleError("actions.remark", f"must be one line of at most {MAX_REMARK} characters"))
    if actions.settle_minutes is not None and not 0 <= actions.settle_minutes <= MAX_SETTLE:
        found.append(RuleError("actions.settle_minutes", f"must be 0 to {MAX_SETTLE}", given=actions.settle_minutes))
    return found


def _ladder_problems(rule: Rule) -> list[RuleError]:
    """What is wrong with a ladder: too many rungs, one out of bounds, or one that stands there twice."""
    if len(rule.ladder) > MAX_RUNGS:
        return [RuleError("ladder", f"has {len(rule.ladder)} rungs; at most {MAX_RUNGS}")]
    found = []
    for place, rung in enumerate(rule.ladder):
        if not 0 <= rung.after <= MAX_AFTER:
            found.append(
                RuleError(f"ladder[{place}].after", f"must be 0 to {MAX_AFTER:g} working days", given=rung.after)
            )
        elif rung in rule.ladder[:place]:
            found.append(RuleError(f"ladder[{place}]", "stands here twice"))
    return found


def judge(rules: Sequence[PreparedRule], subject: Subject, now: datetime) -> tuple[Judgement, ...]:
    """What each rule says of the subject, in the order of the rules; rules that are off or look elsewhere say nothing.

    Reach and severity are capped by the rule's row. A rule that yields to another that has flagged the subject is
    skipped, unless it would be heard where the other is not.
    """
    made = [
        Judgement(rule=prepared.rule, subject=subject, verdict=_verdict(prepared, subject, now), at=now)
        for prepared in rules
        if prepared.rule.mode != "off" and prepared.looks_at(subject)
    ]
    speaking = [made_ for made_ in made if made_.verdict.outcome is Outcome.FLAGGED]
    return tuple(_yielded(judgement, speaking) for judgement in made)


def recheck_at(judgements: Iterable[Judgement]) -> datetime | None:
    """The first instant at which time alone could change any of the judgements."""
    return min((j.verdict.recheck_at for j in judgements if j.verdict.recheck_at is not None), default=None)


def _verdict(prepared: PreparedRule, subject: Subject, now: datetime) -> Verdict:
    try:
        return _judged(prepared, subject, now)
    except Exception as error:  # noqa: BLE001 (one rule's crash must not silence the others)
        return Verdict(
            outcome=Outcome.ERROR, reason=Said("engine.crash", {"error": f"{type(error).__name__}: {error}"})
        )


def _judged(prepared: PreparedRule, subject: Subject, now: datetime) -> Verdict:
    if isinstance(subject, Milestone) and subject.leader is not None:
        return _led(subject.project, subject.leader)
    midnight = None
    if prepared.condition is not None:
        if prepared.condition.uses_time:
            calendar = subject.project.calendar
            midnight = calendar.midnight(calendar.local_date(now) + timedelta(days=1))
        answer = prepared.condition.answer(subject, now)
        if answer.holds is None:
            return skipped("engine.condition-unknown", values={"why": answer.why}, recheck_at=midnight)
        if not answer.holds:
            return skipped("engine.condition", recheck_at=midnight)
    verdict = prepared.type.judge(subject, prepared.params, now)
    rule = prepared.rule
    return replace(
        verdict,
        gist=verdict.gist + _kept_back(verdict, subject.project),
        severity=min(verdict.severity, rule.severity, key=lambda severity: severity.rank),
        reach=min(verdict.reach, rule.reach, key=lambda reach: reach.rank),
        recheck_at=min((at for at in (verdict.recheck_at, midnight) if at is not None), default=None),
    )


def _led(project: Project, leader: Ref) -> Verdict:
    """Skipped: another milestone speaks for this one, by its title where readers may be told that."""
    if project.may_tell(leader):
        return skipped("engine.joined", values={"leader": leader.key})
    return skipped("engine.joined-elsewhere")


def _kept_back(verdict: Verdict, project: Project) -> str:
    """What readers may not be told, for the gist: words that tell too much since somebody restricted an item go."""
    refs = {ref for said in verdict.sentences for ref in said.refs if not project.may_tell(ref)}
    if verdict.outcome is not Outcome.FLAGGED or not refs:
        return ""
    bare = ",".join(str(id_) for id_ in sorted({ref.id for ref in refs if project.may_name(ref)}))
    unnamed = ",".join(str(id_) for id_ in sorted({ref.id for ref in refs if not project.may_name(ref)}))
    return f";bare={bare};unnamed={unnamed}"


def _yielded(judgement: Judgement, speaking: Sequence[Judgement]) -> Judgement:
    verdict = judgement.verdict
    if verdict.outcome is not Outcome.FLAGGED:
        return judgement
    heard = {
        other.rule.type
        for other in speaking
        if MODES.index(other.rule.mode) >= MODES.index(judgement.rule.mode)
        and other.verdict.reach.rank >= verdict.reach.rank
    }
    other = next((name for name in by_name(judgement.rule.type).yields_to if name in heard), None)
    if other is None:
        return judgement
    said = skipped("engine.yields", values={"other": by_name(other).title}, recheck_at=verdict.recheck_at)
    return replace(judgement, verdict=said)
