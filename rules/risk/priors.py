"""The documented priors: what a team without history of its own is judged by, and where own history starts from.

Plain numbers, derived from recorded public projects; docs/judgement.md says how well they did on what came after.

    python -m bench sprints             prints SHORTFALL and GROWTH: the first 60 % of the sprints of Apache, JBoss and
                                        Spring (Choetkiertikul et al., TSE 2017), each project counting alike
    python -m bench quiet_pulls         prints QUIET_PULL: bitcoin-core/secp256k1 up to March 2022, one project alone

Weights are log odds per spread; `rules.risk.sprints` and `rules.risk.pulls` have the inputs and their units. What the
recorded tables know and facts cannot (the sizes of teams, how hard a text reads) is no input.
"""

from __future__ import annotations

from rules.risk.model import Model, Term

PRIOR_STRENGTH = 20.0
"""Examples' worth of pull towards no effect, where a prior itself is learnt."""
SHORTFALL_STRENGTH = 10.0
GROWTH_STRENGTH = 20.0
QUIET_PULL_STRENGTH = 5.0
"""Examples' worth of pull towards the prior, where own history is learnt from. Chosen on the past parts alone."""

SHORTFALL = Model(
    intercept=0.2970,
    terms=(
        Term("elapsed", 0.1501, 0.4027, 0.2912),
        Term("few", -0.2055, 0.2344, 0.2401),
        Term("left", 0.2102, 1.7470, 0.9057),
        Term("movement", -0.5114, 1.2425, 1.1888),
        Term("net", 0.1192, 0.2716, 0.8015),
        Term("over", 0.5765, 0.5893, 0.2826),
        Term("pace", -0.1595, -0.0048, 0.2819),
        Term("usual", -0.6663, -0.4517, 0.6708),
    ),
)
"""A sprint delivers less than is in now."""

GROWTH = Model(
    intercept=-0.7825,
    terms=(
        Term("elapsed", -0.4412, 0.2286, 0.2091),
        Term("gap", 0.6629, 0.0355, 0.0604),
        Term("later", 0.8922, 0.8868, 0.8427),
        Term("size", 0.0238, 0.2763, 1.0235),
        Term("waiting", -0.2838, 0.7009, 0.3226),
    ),
)
"""A sprint grows past a fifth of what was committed, where it has not yet."""

QUIET_PULL = Model(
    intercept=0.3112,
    terms=(
        Term("approved", -0.4938, 0.0971, 0.2960),
        Term("author_last", 0.1844, 0.4882, 0.4999),
        Term("reviewed", -0.1342, 0.4382, 0.4962),
        Term("text", 0.4872, 5.2749, 2.1567),
        Term("unfinished", 0.4437, 0.1059, 0.3077),
        Term("unpushed", 0.7816, 3.9576, 0.8495),
    ),
)
"""A pull request that has been quiet for 30 days is not merged by itself."""
