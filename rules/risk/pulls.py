"""What is known of a quiet pull request: the inputs from which it is foretold that it will not be merged by itself.

`ended_unmerged` says what counts: closed without a merge, or still open half a year after it fell quiet. Whoever wrote
it is no input: a chance is about the work, not about people. Its size is none either: the record from which the prior
is learnt holds final sizes only, which know of pushes that were still to come.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from math import log

from rules.facts import Item, PullRequest, Review, Side, State
from rules.risk.model import Example, Inputs

NAME = "quiet-pull"
"""What a model of this outcome is called."""
QUIET = timedelta(days=30)
"""How long nothing has moved when it is asked: plain days, as the prior was learnt from."""
LEFT_LYING = timedelta(days=180)
"""How long after it fell quiet an open pull request counts as one that is not merged by itself."""
DAY = timedelta(days=1)
UNFINISHED = re.compile(r"\b(wip|rfc|draft|poc|alternative|experiment|do not merge|don't merge)\b", re.IGNORECASE)
"""Words of a title that call a pull request unfinished."""


def quiet_pull_inputs(item: Item, now: datetime) -> Inputs | None:
    """Inputs of a pull request that has fallen quiet; None: it is none, or was never read.

    unpushed     log of 1 + days since the last push (or its opening)
    approved     1: its last review approved it, else 0
    reviewed     1: somebody has reviewed it, else 0
    author_last  1: the last word is the author's, else 0
    unfinished   1: it is a draft, or its title calls it one, else 0
    text         log of 1 + length of the description
    """
    pull = item.pull_request
    if pull is None:
        return None
    word = pull.last_word
    return {
        "unpushed": _days(_pushed(item, pull), now),
        "approved": float(pull.review is Review.APPROVED),
        "reviewed": float(pull.first_review_at is not None),
        "author_last": None if word is None else float(word.side is Side.AUTHOR),
        "unfinished": float(pull.draft or UNFINISHED.search(item.title) is not None),
        "text": log(1.0 + item.size.body_length),
    }


def ended_unmerged(item: Item, *, quiet_at: datetime, now: datetime) -> bool | None:
    """What has become of a pull request that fell quiet at an instant, as known now; None: that cannot be said yet."""
    if item.closed_at is not None and item.closed_at <= now and not item.state.is_open:
        return item.closed_as != "merged" and item.state is not State.DONE
    return True if now - quiet_at >= LEFT_LYING else None


def quiet_pull_example(inputs: Inputs, *, unmerged: bool, wrong: bool = False) -> Example:
    """One quiet time as an example. `wrong`: people answered `/plumb wrong` to what was said of it, so it counts as
    none, whatever became of it.
    """
    return Example(inputs, unmerged and not wrong)


def _pushed(item: Item, pull: PullRequest) -> datetime:
    return item.created_at if pull.last_push is None else pull.last_push.at


def _days(since: datetime, now: datetime) -> float:
    return log(1.0 + max((now - since) / DAY, 0.0))
