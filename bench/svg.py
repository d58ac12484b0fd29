"""Small SVG drawings, written by hand: bars with whiskers, stacked bars, and lines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from bench.figures import Spread

COLOURS: Final = (
    *("#1f6f8b", "#c0563b", "#7a9a3a", "#8a5a9e", "#c9a227", "#5b6770"),
    *("#d98ca6", "#3a5fa0", "#9c6b3f", "#4fb3a5", "#a0a0a0", "#222222"),
)
_WIDTH, _LEFT, _RIGHT, _BAR, _GAP, _TOP = 960, 300, 110, 14, 12, 96
_FONT: Final = 'font-family="system-ui, sans-serif" font-size="12" fill="#222"'


@dataclass(frozen=True, slots=True)
class Group:
    """Bars that belong together: a label, and a spread for each series."""

    label: str
    bars: Mapping[str, Spread]


def bars(title: str, unit: str, groups: Sequence[Group], *, logarithmic: bool = False) -> str:
    """Draw horizontal bars; the whisker goes from the least to the most."""
    names = list(dict.fromkeys(name for group in groups for name in group.bars))
    found = [spread for group in groups for spread in group.bars.values()]
    scale = _Scale.over(found, logarithmic=logarithmic)
    parts, y = _legend(names), float(_TOP)
    for group in groups:
        middle = y + len(group.bars) * _BAR / 2 + 4
        parts.append(_text(_LEFT - 10, middle, group.label, anchor="end"))
        for name, spread in group.bars.items():
            parts += _bar(y, COLOURS[names.index(name) % len(COLOURS)], spread, scale)
            y += _BAR
        y += _GAP
    told = f"{title} ({unit}{', logarithmic scale' if logarithmic else ''})"
    return _page(told, parts, y + 8)


def stacks(title: str, unit: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    """Draw one bar a row, made of parts that follow each other."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    most = max((sum(row.values()) for row in rows.values()), default=1.0) or 1.0
    room = _WIDTH - _LEFT - _RIGHT
    parts, y = _legend(names), float(_TOP)
    for label, row in rows.items():
        parts.append(_text(_LEFT - 10, y + 13, label, anchor="end"))
        x = float(_LEFT)
        for name, value in row.items():
            width = value / most * room
            parts.append(_rect(x, y, width, 18, COLOURS[names.index(name) % len(COLOURS)]))
            x += width
        parts.append(_text(x + 6, y + 13, f"{sum(row.values()):,.0f}"))
        y += 18 + _GAP
    return _page(f"{title} ({unit})", parts, y + 8)


def lines(title: str, unit: str, ticks: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    """Draw one line a series over evenly spaced ticks."""
    height, room = 320, _WIDTH - 120 - _LEFT
    most = max((value for values in series.values() for value in values), default=1.0) * 1.1 or 1.0
    parts: list[str] = []
    for number, tick in enumerate(ticks):
        x = 80 + room * number / max(1, len(ticks) - 1)
        parts.append(_text(x, _TOP + height + 18, tick, anchor="middle"))
    for part in range(5):
        y = _TOP + height - height * part / 4
        parts.append(f'<line x1="80" x2="{80 + room}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(_text(72, y + 4, f"{most * part / 4:.2g}", anchor="end"))
    for number, (name, values) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        at = [
            f"{80 + room * place / max(1, len(ticks) - 1):.1f},{_TOP + height - height * value / most:.1f}"
            for place, value in enumerate(values)
        ]
        parts.append(f'<polyline points="{" ".join(at)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_rect(_WIDTH - _LEFT, _TOP + number * 20, 12, 12, colour))
        parts.append(_text(_WIDTH - _LEFT + 18, _TOP + number * 20 + 11, name))
    return _page(f"{title} ({unit})", parts, _TOP + height + 32)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From a value to a width."""

    least: float
    most: float
    logarithmic: bool

    @classmethod
    def over(cls, spreads: Sequence[Spread], *, logarithmic: bool) -> "_Scale":
        values = [value for spread in spreads for value in (spread.least, spread.most) if value > 0] or [1.0]
        return cls(min(values) / 2 if logarithmic else 0.0, max(values), logarithmic)

    def width(self, value: float) -> float:
        room = _WIDTH - _LEFT - _RIGHT
        if not self.logarithmic:
            return value / self.most * room
        if value <= self.least:
            return 0.0
        return math.log(value / self.least) / math.log(self.most / self.least) * room


def _bar(y: float, colour: str, spread: Spread, scale: _Scale) -> list[str]:
    width, middle = scale.width(spread.median), y + _BAR / 2 - 1
    first, last = _LEFT + scale.width(spread.least), _LEFT + scale.width(spread.most)
    return [
        _rect(_LEFT, y, width, _BAR - 2, colour),
        f'<line x1="{first:.1f}" x2="{last:.1f}" y1="{middle:.1f}" y2="{middle:.1f}" stroke="#222"/>',
        _text(max(last, _LEFT + width) + 6, y + 10, f"{spread.median:,.4g}", size=10),
    ]


def _legend(names: Sequence[str]) -> list[str]:
    parts, x, y = list[str](), 16.0, 36.0
    for number, name in enumerate(names):
        width = 34 + 6.2 * len(name)
        if x + width > _WIDTH:
            x, y = 16.0, y + 18
        parts.append(_rect(x, y, 12, 12, COLOURS[number % len(COLOURS)]))
        parts.append(_text(x + 17, y + 10, name, size=11))
        x += width
    return parts


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'


def _page(title: str, parts: Sequence[str], height: float) -> str:
    box = f'viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" height="{height:.0f}"'
    heading = f'<text x="16" y="22" font-size="15" font-weight="600">{escape(title)}</text>'
    ground = f'<rect width="{_WIDTH}" height="{height:.0f}" fill="#fff"/>'
    body = "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {box}>', ground, f"<g {_FONT}>", heading, *parts])
    return f"{body}\n</g>\n</svg>\n"
