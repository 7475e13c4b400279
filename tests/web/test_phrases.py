"""What is off with an item, in two or three words: there is a phrase for what every type of rule may find."""

from __future__ import annotations

import re

from rules.catalog.registry import TYPES
from tests.support import ROOT

OWN_WORDS = {"custom"}
"""What people wrote themselves goes by the title that they gave it."""


def test_every_type_of_rule_has_a_phrase_for_its_flags() -> None:
    text = (ROOT / "app/web/templates/parts.html").read_text("utf-8")
    phrases = text.split("{% macro phrase(flag, now) -%}", 1)[1].split("{%- endmacro %}", 1)[0]
    told = set(re.findall(r'"([a-z-]+)\.[a-z-]+":', phrases))
    assert told == {type_.name for type_ in TYPES} - OWN_WORDS
