"""Judging is arithmetic: modules of `rules` import only data modules and do nothing to the world around them.

Import contracts see which of our modules know each other; this sees the rest: which libraries a rule may use, and
that it calls no clock, opens no file and asks no environment.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

#: The standard library's data modules. `random` only with a seed of one's own; `logging` is I/O and not here.
STANDARD = {
    "__future__", "abc", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime", "decimal", "difflib", "enum",
    "fractions", "functools", "hashlib", "heapq", "html", "inspect", "itertools", "json", "math", "numbers", "operator", "random",
    "re", "statistics", "string", "textwrap", "types", "typing", "unicodedata", "urllib.parse", "zoneinfo",
}  # fmt: skip
LIBRARIES = {"annotated_types", "pydantic", "pydantic_core", "typing_extensions"}
#: What only some modules may use besides.
EXTRA = {
    "rules/conditions.py": {"cel_expr_python", "google.protobuf"},
    # What ships with the product: rule files and sentences. Read when rules are written or worded, never by a rule.
    "rules/packs": {"importlib"},
    "rules/wording/templates.py": {"importlib", "tomllib"},
    "rules/rulefile.py": {"yaml"},
    "rules/engine.py": {"fnmatch"},
}
#: Modules that read a file that ships beside them.
READERS = {"rules/packs/load.py", "rules/wording/templates.py"}
FORBIDDEN_CALLS = {"open", "exec", "eval", "compile", "input", "print", "__import__", "breakpoint", "globals"}
FORBIDDEN_METHODS = {
    "now", "utcnow", "today", "system", "popen", "getenv", "urlopen", "read_text", "write_text", "read_bytes", "write_bytes",
}  # fmt: skip


def modules(folder: Path) -> Iterator[Path]:
    yield from sorted((folder / "rules").rglob("*.py"))


def faults(file: Path, *, root: Path) -> list[str]:
    """Return what `file` does that a rule may not, each with its line."""
    place = file.relative_to(root).as_posix()
    allowed = STANDARD | LIBRARIES | {"rules"}
    for where, more in EXTRA.items():
        if place == where or place.startswith(f"{where}/") or place == f"{where}.py":
            allowed = allowed | more
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"), str(file))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = []
        found += [
            f"{place}:{node.lineno}: imports {name}"
            for name in names
            if not any(name == known or name.startswith(f"{known}.") for known in allowed)
        ]
        if isinstance(node, ast.Call):
            target = node.func
            if isinstance(target, ast.Name) and target.id in FORBIDDEN_CALLS:
                found.append(f"{place}:{node.lineno}: calls {target.id}()")
            if (
                isinstance(target, ast.Attribute)
                and target.attr in FORBIDDEN_METHODS
                and not (place in READERS and target.attr == "read_text")
            ):
                found.append(f"{place}:{node.lineno}: calls .{target.attr}()")
            shared = isinstance(target, ast.Attribute) and ast.unparse(target.value) == "random"
            if shared and target.attr != "Random":
                found.append(f"{place}:{node.lineno}: calls {ast.unparse(target)}(), whose seed is everybody's")
        if isinstance(node, ast.Global):
            found.append(f"{place}:{node.lineno}: changes a global")
    return found


def test_rules_import_only_data_modules_and_touch_nothing():
    assert [fault for file in modules(ROOT) for fault in faults(file, root=ROOT)] == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("import os", "imports os"),
        ("import socket", "imports socket"),
        ("from sqlalchemy import select", "imports sqlalchemy"),
        ("import time", "imports time"),
        ("def f():\n    import requests", "imports requests"),
        ("from google.protobuf import message", "imports google.protobuf"),
        ("x = open('a')", "calls open()"),
        ("from datetime import datetime\nx = datetime.now()", "calls .now()"),
        ("from datetime import date as d\nx = d.today()", "calls .today()"),
        ("import random\nx = random.random()", "calls random.random()"),
        ("n = 0\ndef f():\n    global n", "changes a global"),
    ],
)
def test_a_planted_fault_is_found(tmp_path, code, fault):
    file = tmp_path / "rules" / "catalog" / "planted.py"
    file.parent.mkdir(parents=True)
    file.write_text(code, encoding="utf-8")
    assert any(fault in line for line in faults(file, root=tmp_path))


def test_a_random_of_ones_own_is_arithmetic(tmp_path):
    file = tmp_path / "rules" / "forecast.py"
    file.parent.mkdir(parents=True)
    file.write_text("import random\nx = random.Random(7).random()", encoding="utf-8")
    assert faults(file, root=tmp_path) == []
