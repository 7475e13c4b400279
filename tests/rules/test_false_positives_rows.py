"""Every row of the table of false positives and negatives is a test of that name, wherever it needs to stand."""

from __future__ import annotations

import re

from tests.support import ROOT

ROWS = 55


def test_every_row_has_a_test() -> None:
    found: set[int] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= {int(row) for row in re.findall(r"^def test_row_(\d\d)_", path.read_text("utf-8"), re.MULTILINE)}
    assert found == set(range(1, ROWS + 1))
