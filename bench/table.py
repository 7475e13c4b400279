"""Plain tables, as Markdown, and where benchmarks keep their files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A titled Markdown table, columns padded so that it reads well on a terminal too."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(head, *texts, strict=True)]
    lines = [_line(head, widths), _line(["-" * width for width in widths], widths)]
    return "\n".join([f"### {title}", "", *lines, *(_line(row, widths) for row in texts)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = [
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join([first, *rest]) + " |"


def memory_folder() -> Path:
    """A folder in memory where there is one: for runs whose figures are counts, not times."""
    shared = Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


def ratio(part: float, whole: float) -> str:
    """One figure by another, such as 1.8 x."""
    return f"{part / whole:.2f} x" if whole else "-"
