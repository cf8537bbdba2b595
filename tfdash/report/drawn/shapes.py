"""Boxes, blocks, braille and the signs of states as shapes in a cell: few fonts have them all, and fewer let them meet.

A shape is path data: what is filled, and what is drawn with a stroke.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

WIDE, HIGH = 8.4, 18.0  # of a cell
_LIGHT, _HEAVY = 1.3, 2.8  # thickness of a line
_DOUBLE = 2.6  # between the two of a double one
_MID_X, _MID_Y = WIDE / 2, HIGH / 2
_SHADES = {0x2591: 0.25, 0x2592: 0.5, 0x2593: 0.75}


class CellShape(NamedTuple):
    """Around the cell's own corner. ``weight``: of the stroke. ``shade``: how much of the fill is seen."""

    fill: str = ""
    stroke: str = ""
    weight: float = _LIGHT
    shade: float = 1.0


@lru_cache(1024)
def shape_of(character: str) -> CellShape | None:
    """None of what is a letter to a font."""
    code = ord(character)
    if character in _SIGNS:
        return _SIGNS[character]()
    if 0x2500 <= code <= 0x257F:
        return _box(unicodedata.name(character))
    if code in _SHADES:
        return CellShape(fill=_rect(0, 0, WIDE, HIGH), shade=_SHADES[code])
    if 0x2580 <= code <= 0x259F:
        return CellShape(fill=_block(code))
    if 0x2800 <= code <= 0x28FF:
        return CellShape(fill=_braille(code - 0x2800))
    return None


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _rect(x: float, y: float, width: float, height: float) -> str:
    return f"M{_n(x)} {_n(y)}h{_n(width)}v{_n(height)}h{_n(-width)}z"


def _line(*points: tuple[float, float]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)


def _disc(x: float, y: float, r: float) -> str:
    return f"M{_n(x - r)} {_n(y)}a{_n(r)} {_n(r)} 0 1 0 {_n(2 * r)} 0a{_n(r)} {_n(r)} 0 1 0 {_n(-2 * r)} 0z"


# -- boxes --------------------------------------------------------------------------------------------------------------

_ARMS = {
    "LEFT": "l",
    "RIGHT": "r",
    "UP": "u",
    "DOWN": "d",
    "HORIZONTAL": "lr",
    "VERTICAL": "ud",
}
_WEIGHTS = {"LIGHT": 1, "SINGLE": 1, "HEAVY": 2, "DOUBLE": 3}
_DASHES = {"DOUBLE DASH": 2, "TRIPLE DASH": 3, "QUADRUPLE DASH": 4}


def arms(name: str) -> dict[str, int]:
    """Of the name of a character, as Unicode gives it: which arms it has, of l, r, u and d, and how heavy each is: 1 light, 2 heavy,
    3 double."""
    found: dict[str, int] = {}
    weight = 1
    for clause in name.removeprefix("BOX DRAWINGS ").split(" AND "):
        words = clause.split()
        weight = next((_WEIGHTS[word] for word in words if word in _WEIGHTS), weight)
        for arm in "".join(_ARMS.get(word, "") for word in words):
            found[arm] = weight
    return found


def _box(name: str) -> CellShape:
    if "DIAGONAL" in name:
        falls, rises = "UPPER LEFT TO LOWER RIGHT" in name, "UPPER RIGHT TO LOWER LEFT" in name
        both = "CROSS" in name
        told = _line((0, 0), (WIDE, HIGH)) if falls or both else ""
        return CellShape(stroke=told + (_line((WIDE, 0), (0, HIGH)) if rises or both else ""))
    if "ARC" in name:
        return CellShape(stroke=_arc("LEFT" in name, "UP" in name))
    dash = next((words for words in _DASHES if words in name), "")
    found = arms(name.replace(dash, "") if dash else name)
    if dash:
        return CellShape(fill=_dashed("l" in found, _DASHES[dash], _thick(max(found.values()))))
    return CellShape(fill="".join(_arm(arm, weight, found) for arm, weight in found.items()))


def _thick(weight: int) -> float:
    return _HEAVY if weight == 2 else _LIGHT


def _arm(arm: str, weight: int, all_arms: dict[str, int]) -> str:
    """From its edge of the cell past the middle by half of what crosses there, so that corners are whole."""
    across = max((w for a, w in all_arms.items() if (a in "lr") != (arm in "lr")), default=0)
    reach = (_DOUBLE + _LIGHT if across == 3 else _thick(across) if across else 0.0) / 2
    offsets = (-_DOUBLE / 2, _DOUBLE / 2) if weight == 3 else (0.0,)
    thick = _thick(weight)
    told = ""
    for offset in offsets:
        if arm in "lr":
            x, end = (0.0, _MID_X + reach) if arm == "l" else (_MID_X - reach, WIDE)
            told += _rect(x, _MID_Y + offset - thick / 2, end - x, thick)
        else:
            y, end = (0.0, _MID_Y + reach) if arm == "u" else (_MID_Y - reach, HIGH)
            told += _rect(_MID_X + offset - thick / 2, y, thick, end - y)
    return told


def _arc(left: bool, up: bool) -> str:
    x, y = (0.0 if left else WIDE), (0.0 if up else HIGH)
    radius = WIDE / 2
    turn = _MID_Y - radius if up else _MID_Y + radius
    return f"M{_n(x)} {_n(_MID_Y)}Q{_n(_MID_X)} {_n(_MID_Y)} {_n(_MID_X)} {_n(turn)}L{_n(_MID_X)} {_n(y)}"


def _dashed(along: bool, many: int, thick: float) -> str:
    step = (WIDE if along else HIGH) / many
    if along:
        return "".join(_rect((n + 0.2) * step, _MID_Y - thick / 2, 0.6 * step, thick) for n in range(many))
    return "".join(_rect(_MID_X - thick / 2, (n + 0.2) * step, thick, 0.6 * step) for n in range(many))


# -- blocks and braille -------------------------------------------------------------------------------------------------

_QUADRANTS = {  # upper left, upper right, lower left, lower right
    0x2596: "0010", 0x2597: "0001", 0x2598: "1000", 0x2599: "1011", 0x259A: "1001",
    0x259B: "1110", 0x259C: "1101", 0x259D: "0100", 0x259E: "0110", 0x259F: "0111",
}  # fmt: skip


def _block(code: int) -> str:
    if code in _QUADRANTS:
        places = ((0.0, 0.0), (_MID_X, 0.0), (0.0, _MID_Y), (_MID_X, _MID_Y))
        chosen = zip(places, _QUADRANTS[code], strict=True)
        return "".join(_rect(x, y, _MID_X, _MID_Y) for (x, y), bit in chosen if bit == "1")
    if code <= 0x2580 or code == 0x2594:  # from above: a half, an eighth
        return _rect(0, 0, WIDE, HIGH * (0.5 if code == 0x2580 else 0.125))
    if code in (0x2590, 0x2595):  # at the right: a half, an eighth
        width = WIDE * (0.5 if code == 0x2590 else 0.125)
        return _rect(WIDE - width, 0, width, HIGH)
    if code <= 0x2588:  # from below, by eighths
        height = HIGH * (code - 0x2580) / 8
        return _rect(0, HIGH - height, WIDE, height)
    return _rect(0, 0, WIDE * (0x2590 - code) / 8, HIGH)  # from the left, by eighths


_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))  # column and row of each bit


def _braille(bits: int) -> str:
    return "".join(
        _disc(WIDE * (0.28 + 0.44 * column), HIGH * (row + 0.5) / 4, 1.15)
        for n, (column, row) in enumerate(_DOTS)
        if bits >> n & 1
    )


# -- signs --------------------------------------------------------------------------------------------------------------


def _check() -> CellShape:
    return CellShape(stroke=_line((0.9, 9.6), (3.3, 12.6), (7.7, 5.4)), weight=1.9)


def _cross() -> CellShape:
    return CellShape(stroke=_line((1.1, 5.9), (7.3, 12.1)) + _line((7.3, 5.9), (1.1, 12.1)), weight=2.2)


def _triangle(turn: int) -> CellShape:
    """0 up, 1 right, 2 down, 3 left."""
    corners = [
        (
            _MID_X + 4.3 * math.sin(math.radians(90 * turn + 120 * n)),
            _MID_Y + 0.4 - 4.3 * math.cos(math.radians(90 * turn + 120 * n)),
        )
        for n in range(3)
    ]
    return CellShape(fill=_line(*corners) + "z")


def _ring() -> CellShape:
    return CellShape(stroke=_disc(_MID_X, _MID_Y, 3.2))


def _half() -> CellShape:
    left = f"M{_n(_MID_X)} {_n(_MID_Y - 3.6)}a3.6 3.6 0 0 0 0 7.2z"
    return CellShape(fill=left, stroke=_disc(_MID_X, _MID_Y, 3.2))


def _clock() -> CellShape:
    return CellShape(
        stroke=_disc(_MID_X, _MID_Y, 3.2) + _line((_MID_X, 6.4), (_MID_X, 9.0), (_MID_X + 2, 9.0))
    )


def _bars() -> CellShape:
    return CellShape(fill=_rect(1.8, 5, 1.6, 8.6) + _rect(5.0, 5, 1.6, 8.6))


def _star() -> CellShape:
    points = [
        (
            _MID_X + r * math.sin(math.radians(45 * n)),
            _MID_Y - r * math.cos(math.radians(45 * n)),
        )
        for n, r in enumerate((4.6, 1.4) * 4)
    ]
    return CellShape(fill=_line(*points) + "z")


def _diamond() -> CellShape:
    return CellShape(fill=_line((_MID_X, 4.9), (_MID_X + 3.9, 9), (_MID_X, 13.1), (_MID_X - 3.9, 9)) + "z")


def _enter() -> CellShape:
    return CellShape(
        stroke=_line((7.2, 5.5), (7.2, 10), (1.4, 10)) + _line((3.8, 7.6), (1.4, 10), (3.8, 12.4))
    )


_SIGNS: dict[str, Callable[[], CellShape]] = {
    "✔": _check,
    "✓": _check,
    "✖": _cross,
    "✗": _cross,
    "▲": lambda: _triangle(0),
    "▶": lambda: _triangle(1),
    "▸": lambda: _triangle(1),
    "▼": lambda: _triangle(2),
    "◀": lambda: _triangle(3),
    "●": lambda: CellShape(fill=_disc(_MID_X, _MID_Y, 3.5)),
    "•": lambda: CellShape(fill=_disc(_MID_X, _MID_Y, 2.2)),
    "·": lambda: CellShape(fill=_disc(_MID_X, _MID_Y + 0.6, 1.2)),
    "○": _ring,
    "◐": _half,
    "◷": _clock,
    "‖": _bars,
    "✦": _star,
    "◆": _diamond,
    "⏎": _enter,
}
