"""A reliability picture: the chance that was given against the share that came true, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rules.forecast.calibration import Kept, by_chance, interval

SIDE, LEFT, TOP = 320, 56, 16
COLOURS = ("#2a6f97", "#b5651d")
INK, GRID = "#444444", "#d9d9d9"


def draw(lines: Mapping[str, Sequence[Kept]]) -> str:
    """One line for each kind of outcome, points as large as they hold outcomes, bars for what could be chance."""
    size = f'width="{SIDE + LEFT + 24}" height="{SIDE + TOP + 60}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="Helvetica, Arial, sans-serif" font-size="12">',
        "<title>What was forecast, and how often it came true</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for tenth in range(0, 11, 2):
        at = tenth / 10
        parts += [
            f'<path d="M{_x(at)} {_y(0)}V{_y(1)}M{_x(0)} {_y(at)}H{_x(1)}" stroke="{GRID}" fill="none"/>',
            f'<text x="{_x(at)}" y="{_y(0) + 18}" text-anchor="middle" fill="{INK}">{at:.0%}</text>',
            f'<text x="{_x(0) - 8}" y="{_y(at) + 4}" text-anchor="end" fill="{INK}">{at:.0%}</text>',
        ]
    parts += [
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="{INK}" stroke-dasharray="4 3" fill="none"/>',
        f'<text x="{_x(0.5)}" y="{_y(0) + 40}" text-anchor="middle" fill="{INK}">chance that was forecast</text>',
        f'<text transform="translate(14 {_y(0.5)}) rotate(-90)" text-anchor="middle" fill="{INK}">came true</text>',
    ]
    for place, (name, kept) in enumerate(lines.items()):
        parts += _line(kept, COLOURS[place % len(COLOURS)], shift=3 * place)
        y = TOP + 20 + 18 * place
        parts.append(f'<circle cx="{_x(0.06)}" cy="{y - 4}" r="5" fill="{COLOURS[place % len(COLOURS)]}"/>')
        parts.append(f'<text x="{_x(0.06) + 12}" y="{y}" fill="{INK}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _line(kept: Sequence[Kept], colour: str, *, shift: int) -> list[str]:
    found = by_chance(kept)
    way = " ".join(f"{_x(one.forecast) + shift:.1f},{_y(one.share):.1f}" for one in found)
    parts = [f'<polyline points="{way}" stroke="{colour}" stroke-width="1.5" fill="none"/>']
    for one in found:
        low, high = interval(one.came_true, one.count)
        x, radius = _x(one.forecast) + shift, min(3 + one.count**0.5 / 6, 9)
        parts.append(
            f'<path d="M{x:.1f} {_y(low):.1f}V{_y(high):.1f}" stroke="{colour}" stroke-opacity=".45" fill="none"/>'
        )
        parts.append(
            f'<circle cx="{x:.1f}" cy="{_y(one.share):.1f}" r="{radius:.1f}" fill="{colour}">'
            f"<title>{one.count} outcomes: {one.forecast:.0%} forecast, {one.share:.0%} came true</title></circle>"
        )
    return parts


def _x(share: float) -> float:
    return LEFT + SIDE * share


def _y(share: float) -> float:
    return TOP + SIDE * (1 - share)
