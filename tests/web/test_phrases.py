"""What is off with an item, in two or three words: there is a phrase for what every type of rule may find."""

from __future__ import annotations

import re

from app.services.pages import FAMILIES
from rules.catalog.registry import TYPES
from rules.facts import Milestone
from tests.support import ROOT

OWN_WORDS = {"custom"}
"""What people wrote themselves goes by the title that they gave it."""


NEVER_MANY = {type_.name for type_ in TYPES if type_.judges is Milestone}
"""What is said of a milestone stands alone: several are several decisions."""


def phrases(macro: str) -> set[str]:
    """The codes that a table of parts.html has words for."""
    text = (ROOT / "app/web/templates/parts.html").read_text("utf-8")
    table = text.split(f"{{% macro {macro}(", 1)[1].split("{%- endmacro %}", 1)[0]
    return set(re.findall(r'"([a-z-]+\.[a-z-]+)":', table))


def test_every_type_has_words_for_many_of_its_flags_at_once() -> None:
    every = {code for code in phrases("phrase") if code.partition(".")[0] not in NEVER_MANY}
    assert phrases("together") == every


def test_every_type_belongs_to_one_family() -> None:
    named = [type_ for types in FAMILIES.values() for type_ in types]
    assert sorted(named) == sorted(type_.name for type_ in TYPES)


def test_every_type_of_rule_has_a_phrase_for_its_flags() -> None:
    text = (ROOT / "app/web/templates/parts.html").read_text("utf-8")
    phrases = text.split("{% macro phrase(flag, now) -%}", 1)[1].split("{%- endmacro %}", 1)[0]
    told = set(re.findall(r'"([a-z-]+)\.[a-z-]+":', phrases))
    assert told == {type_.name for type_ in TYPES} - OWN_WORDS
