"""Lines of text as SVG, in the cells of a terminal. It names no font that must be fetched, and needs none for what is not a letter.

A run of letters is told how long it is, so that columns stand under each other whatever font writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from tfdash.report.drawn.shapes import HIGH, WIDE, CellShape, shape_of
from tfdash.report.toned import toned
from tfdash.views.colours import DARK, GROUND, TEXT
from tfdash.views.layout import cells

WIDEST, LONGEST = 200, 240  # cells and lines of a picture
_PAD = 22.0
_BASE = 13.2  # of a letter, from the top of its cell
_SIZE = 13.6
_FONTS = (
    "'JetBrains Mono','Cascadia Mono','SF Mono','DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace"
)
_INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML has no way to write
_CONTROL = range(0x2400, 0x2422)  # pictures of control characters, which few fonts have
_JOINED = frozenset(
    "!#$%&*+-./:;<=>?@\\^_|~"
)  # of two of these fonts for programmers make one: "->" is no arrow


class ScreenPiece(NamedTuple):
    """Letters (``text``), or a shape. ``at``: its first cell; ``wide``: how many it takes."""

    at: int
    wide: int
    text: str
    token: str
    shape: CellShape | None = None


def svg(lines: Iterable[str], title: str, widest: int = WIDEST) -> str:
    """``lines``, safe texts, as one picture; what is wider than ``widest`` goes on in the next line, and of more than ``LONGEST`` the
    last says how many there are."""
    shown = [part for line in lines for part in wrapped(line, min(widest, WIDEST))]
    if (more := len(shown) - LONGEST) > 0:
        shown = [*shown[:LONGEST], "", f"… {more:,} more lines, which the other formats have"]
    wide = max([60, *map(cells, shown)]) * WIDE + 2 * _PAD
    high = len(shown) * HIGH + 2 * _PAD
    body = "".join(_row(line, n) for n, line in enumerate(shown))
    size = f"{wide:.0f} {high:.0f}"
    words = _text("\n".join(shown))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{wide:.0f}" height="{high:.0f}" role="img">\n'
        f"<title>{_text(title)}</title>\n<desc>{words}</desc>\n"
        f'<rect width="100%" height="100%" rx="10" fill="{GROUND}"/>\n'
        f'<g font-family="{_FONTS}" font-size="{_SIZE}" fill="{TEXT}" direction="ltr" unicode-bidi="bidi-override" '
        f'xml:space="preserve">\n{body}</g>\n</svg>'
    )


def wrapped(line: str, width: int) -> Iterator[str]:
    """``line`` in lines of at most ``width`` cells, at blanks where there are some; what goes on stands a little to the right of where it
    began."""
    indent = min(len(line) - len(line.lstrip(" ")) + 4, width // 2)
    while cells(line) > width:
        end = _fits(line, width)
        blank = line.rfind(" ", indent + 1, end + 1)
        at = blank if blank > width // 2 else end
        yield line[:at].rstrip()
        line = " " * indent + line[at:].lstrip()
    yield line


def _fits(line: str, width: int) -> int:
    """How many characters fit; at least one."""
    low, high = 1, min(len(line), 4 * width)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cells(line[:middle]) <= width else (low, middle - 1)
    return low


def pieces(line: str) -> Iterator[ScreenPiece]:
    """Runs of letters between blanks and shapes, none in which a font might join two letters."""
    at = 0
    for text, token in toned(line):
        run = ""
        start = at
        for n, character in enumerate(text):
            wide = cells(character)
            shape = shape_of(character)
            after = text[n + 1 : n + 2]
            gap = character == " " and (not run or after in ("", " ") or _alone(after))
            joined = bool(run) and run[-1] in _JOINED and character in _JOINED
            if (joined or gap or _alone(character)) and run:
                yield ScreenPiece(start, at - start, run, token)
                run = ""
            if shape is not None or ord(character) in _CONTROL:
                yield ScreenPiece(at, wide, "" if shape else character, token, shape)
            elif not gap:
                start, run = (start, run + character) if run else (at, character)
            at += wide
        if run:
            yield ScreenPiece(start, at - start, run, token)


def _alone(character: str) -> bool:
    return ord(character) in _CONTROL or shape_of(character) is not None


def _row(line: str, number: int) -> str:
    top = _PAD + number * HIGH
    told = []
    shapes: dict[tuple[str, float, float], list[ScreenPiece]] = {}
    for piece in pieces(line):
        if piece.shape is not None:
            shapes.setdefault((piece.token, piece.shape.shade, piece.shape.weight), []).append(piece)
            continue
        colour = f' fill="{DARK[piece.token]}"' if piece.token else ""
        x, y = _PAD + piece.at * WIDE, top + _BASE
        if ord(piece.text[0]) in _CONTROL:
            told.append(_control(piece, x, top))
            continue
        told.append(
            f'<text x="{x:.1f}" y="{y:.1f}" textLength="{piece.wide * WIDE:.1f}" '
            f'lengthAdjust="spacingAndGlyphs"{colour}>{_text(piece.text)}</text>\n'
        )
    for (token, shade, weight), many in shapes.items():
        told.append(_shapes(many, DARK[token] if token else TEXT, shade, weight, top))
    return "".join(told)


def _shapes(many: Sequence[ScreenPiece], colour: str, shade: float, weight: float, top: float) -> str:
    """Those of one colour in one line, each moved to its cell."""
    told = ""
    for piece in many:
        assert piece.shape is not None
        place = f'transform="translate({_PAD + piece.at * WIDE:.1f} {top:.1f})"'
        faint = f' fill-opacity="{shade}"' if shade < 1 else ""
        if piece.shape.fill:
            told += f'<path d="{piece.shape.fill}" fill="{colour}"{faint} {place}/>'
        if piece.shape.stroke:
            told += (
                f'<path d="{piece.shape.stroke}" fill="none" stroke="{colour}" stroke-width="{weight}" '
                f'stroke-linecap="round" stroke-linejoin="round" {place}/>'
            )
    return told + "\n"


def _control(piece: ScreenPiece, x: float, top: float) -> str:
    """Its number, small, in a frame."""
    code = ord(piece.text) - 0x2400
    number = 0x7F if code == 0x21 else code
    return (
        f'<rect x="{x + 0.4:.1f}" y="{top + 4:.1f}" width="{WIDE - 0.8:.1f}" height="11" rx="1.5" fill="none" '
        f'stroke="{DARK["unknown"]}" stroke-width=".7"/><text x="{x + 1.2:.1f}" y="{top + 11.8:.1f}" font-size="5.6" '
        f'textLength="{WIDE - 2.4:.1f}" lengthAdjust="spacingAndGlyphs" fill="{DARK["unknown"]}">{number:02X}</text>\n'
    )


def _text(text: str) -> str:
    return escape(_INVALID.sub("\ufffd", text))
