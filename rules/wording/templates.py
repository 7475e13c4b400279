"""The packaged sentences: read once, looked up by code, and resolved to the plain text that a set of values picks.

The small language of the templates is described at the top of `en.toml`. Choices and optional parts are decided on
the text of the template alone, before any value is put in: nothing that a tracker sends is ever read as a template.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from rules.verdict import Value

OPTIONAL = re.compile(r"<<(.*?)>>")
NAMES = re.compile(r"\{(\w+)")
CHOICE = re.compile(r"\{(\w+)\?")


@lru_cache(maxsize=8)
def sentences(language: str = "en") -> Mapping[str, Any]:
    """Every table of a language's file, by section and name."""
    text = resources.files("rules.wording").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def template(code: str, *, tracker: str, language: str = "en") -> str:
    """The template of a code such as `stalled-review.author`. Raises KeyError naming the code where there is none."""
    section, _, name = code.partition(".")
    found = sentences(language).get(section, {})
    text = found.get(f"{name}@{tracker}", found.get(name))
    if not isinstance(text, str):
        raise KeyError(f"no sentence for {code!r} in {language}.toml")
    return text


def placeholders(text: str) -> frozenset[str]:
    """The names of all values that a template may use."""
    return frozenset(NAMES.findall(text))


def resolve(text: str, values: Mapping[str, Value]) -> str:
    """The template with its choices made and its optional parts kept or dropped; only plain placeholders remain."""
    text = OPTIONAL.sub(lambda m: m[1] if all(_has(values[name]) for name in NAMES.findall(m[1])) else "", text)
    while (found := CHOICE.search(text)) is not None:
        end = _closing(text, found.start())
        text = text[: found.start()] + _pick(text[found.end() : end], _word(values[found[1]])) + text[end + 1 :]
    return text


def _has(value: Value) -> bool:
    return value is not None and value not in (0, "", ())


def _word(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _closing(text: str, start: int) -> int:
    """The index of the brace that closes the one at `start`."""
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index
    raise ValueError(f"a brace is not closed in {text!r}")


def _pick(options: str, word: str) -> str:
    """The text of the option that the word picks; the one called `*` where none does, else nothing."""
    chosen = dict(option.split("=", 1) for option in _split(options))
    return chosen.get(word, chosen.get("*", ""))


def _split(options: str) -> list[str]:
    """Cut at the bars that stand in no inner braces."""
    parts, depth = [""], 0
    for letter in options:
        depth += (letter == "{") - (letter == "}")
        if letter == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
