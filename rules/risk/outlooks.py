"""What is expected of a running sprint: the chance that it delivers less than is in it now, and what makes it so.

Learnt from the project's own ended sprints, drawn towards the documented prior; the prior alone where there are fewer
than six (`rules.risk.learn.ENOUGH`). Facts in, figures out; the clock sees to when.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rules.facts import Milestone
from rules.risk import model
from rules.risk.courses import ended_before, history, of_facts
from rules.risk.learn import learn
from rules.risk.priors import SHORTFALL, SHORTFALL_STRENGTH
from rules.risk.speak import stated, thresholds
from rules.risk.sprints import Course, shortfall_examples, shortfall_inputs
from rules.statistics import Outlook, Risk

NAME = "shortfall"
"""What a model of this outcome is called."""
PAST = 24
"""So many ended sprints, the latest, are what a sprint is seen against; each counts half as much four sprints later."""
NAMED = 2
"""How many inputs are named as what makes it so."""


def shortfall(ended: Sequence[Milestone], now: datetime) -> Risk:
    """What a project's ended sprints say of how often the like delivers less than is in."""
    groups = [shortfall_examples(course, past[-PAST:]) for course, past in history(ended, now)]
    learnt = learn([one for one in groups if one], strength=SHORTFALL_STRENGTH, prior=SHORTFALL, as_of=now)
    return Risk(now, model.dump(learnt.model), thresholds(learnt), examples=len(ended), own=learnt.own)


def outlook(sprint: Milestone, ended: Sequence[Milestone], risk: Risk, now: datetime) -> Outlook | None:
    """The chance of one running sprint as of now; None: it has no dates, has not begun, or is empty."""
    course = of_facts(sprint, now)
    if course is None or not course.looks or course.looks[-1].size <= 0:
        return None
    look = course.looks[-1]
    before = [one for other in ended_before(sprint, ended)[-PAST:] if (one := of_facts(other, now)) is not None]
    said = stated(risk, shortfall_inputs(course, look, before))
    return Outlook(
        as_of=now,
        chance=said.chance,
        due=sprint.due,
        items=look.items,
        done=look.done or 0,
        fewer=_fewer(before, look.size),
        sprints=len(before),
        because=tuple(push.name for push in said.worse[:NAMED]),
    )


def _fewer(before: Sequence[Course], size: float) -> int:
    """How many of the sprints before delivered less than is in now."""
    return sum(one.delivered is not None and one.delivered < size for one in before)
