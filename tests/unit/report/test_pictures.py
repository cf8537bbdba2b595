"""The text of pages as a picture: valid whatever anybody named, without a font that must be fetched, with every sign drawn."""

from __future__ import annotations

import struct
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET
import zlib
from importlib.util import find_spec

import pytest

from tests.reports import snapshot_of
from tests.tui import resourceworld as rw
from tests.unit.report.test_html import NAMES, hostile
from tests.unit.report.test_report import NEW_YORK
from tests.unit.views.making import NOW
from tfdash.report.drawn.screen import LONGEST, WIDEST, pieces, svg, wrapped
from tfdash.report.drawn.shapes import HIGH, WIDE, arms, shape_of
from tfdash.report.formats import FORMATS, Format
from tfdash.text import safe
from tfdash.views.layout import cells
from tfdash.views.state import STATES

BOXES = [chr(code) for code in range(0x2500, 0x2580)]
BLOCKS = [chr(code) for code in range(0x2580, 0x25A0)]
BRAILLE = [chr(code) for code in range(0x2801, 0x2900)]
drawing = pytest.mark.skipif(bool(FORMATS["png"].lacking()), reason=FORMATS["png"].lacking())


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_picture_is_valid_and_holds_what_was_said_as_text(name: str) -> None:
    for screen, picture, told in hostile(name):
        text = snapshot_of(picture, told, screen, None, "svg", NOW, NEW_YORK)[0]
        root = ET.fromstring(text.encode())
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "title", "desc", "rect", "g", "text", "path"}, screen
        names = {name for element in root.iter() for name in element.attrib}
        assert not [n for n in names if n.startswith("on") or n.endswith(("href", "src", "style"))], screen
        assert "url(" not in text
        assert "@" not in "".join(root.attrib.values())


def test_what_is_drawn_is_told_to_who_does_not_see_it() -> None:
    text = snapshot_of(rw.picture(), rw.assessment(), "resources", None, "svg", NOW, NEW_YORK)[0]
    lines = snapshot_of(rw.picture(), rw.assessment(), "resources", None, "text", NOW, NEW_YORK)[0]
    told = ET.fromstring(text).findtext("{*}desc") or ""
    assert told.split() == lines.split()


@pytest.mark.parametrize(
    "signs", [BOXES, BLOCKS, BRAILLE, [s.glyph for s in STATES.values() if s.glyph != "?"]]
)
def test_every_sign_is_a_shape_and_no_two_are_alike(signs: list[str]) -> None:
    shapes = [shape_of(sign) for sign in signs]
    assert None not in shapes
    assert len(set(shapes)) == len(signs)


def test_arms_are_those_of_the_name() -> None:
    assert arms("BOX DRAWINGS LIGHT DOWN AND RIGHT") == {"d": 1, "r": 1}
    assert arms("BOX DRAWINGS DOWN HEAVY AND RIGHT LIGHT") == {"d": 2, "r": 1}
    assert arms("BOX DRAWINGS RIGHT UP HEAVY AND LEFT DOWN LIGHT") == {"r": 2, "u": 2, "l": 1, "d": 1}
    assert arms("BOX DRAWINGS LIGHT LEFT AND HEAVY RIGHT") == {"l": 1, "r": 2}
    assert arms("BOX DRAWINGS DOWN SINGLE AND HORIZONTAL DOUBLE") == {"d": 1, "l": 3, "r": 3}
    for sign in BOXES:
        name = unicodedata.name(sign)
        assert arms(name) or "DIAGONAL" in name, name


def test_pieces_stand_in_their_cells() -> None:
    line = "ab  ✔ ok日本 │x  y"
    shown = [(p.at, p.wide, p.text or "*") for p in pieces(line)]
    assert shown == [(0, 2, "ab"), (4, 1, "*"), (6, 6, "ok日本"), (13, 1, "*"), (14, 1, "x"), (17, 1, "y")]


def test_nothing_is_cut_from_a_wide_line() -> None:
    for line in ("x" * 999, "  " + "word " * 200, "日本" * 300, " " * 500, ""):
        parts = list(wrapped(line, WIDEST))
        assert all(cells(part) <= WIDEST for part in parts)
        assert "".join("".join(parts).split()) == "".join(line.split())


def test_of_many_lines_the_last_says_how_many_there_are() -> None:
    root = ET.fromstring(svg(["x"] * (LONGEST + 7), "t"))
    assert (root.findtext("{*}desc") or "").endswith("… 7 more lines, which the other formats have")
    assert float(root.attrib["height"]) < (LONGEST + 5) * HIGH


def test_a_format_whose_extra_is_not_there_says_what_to_do() -> None:
    assert Format("x", "", ".x", extra="y", needs=("no_such_module",)).lacking() == (
        "x needs what draws it: pipx install --force '.[y]', in the folder of tfdash's source"
    )
    assert not FORMATS["svg"].lacking()


def pixels(picture: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and rows of an RGBA picture; each kind of filter by the standard (PNG, 9.2)."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, kind = struct.unpack(">IIBB", picture[16:26])
    assert (depth, kind) == (8, 6)
    data, at = b"", 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        if picture[at + 4 : at + 8] == b"IDAT":
            data += picture[at + 8 : at + 8 + length]
        at += length + 12
    raw = zlib.decompress(data)
    rows: list[bytes] = []
    before = bytearray(4 * width)
    for y in range(height):
        line = raw[y * (4 * width + 1) : (y + 1) * (4 * width + 1)]
        row = bytearray(line[1:])
        for i in range(len(row)):
            left, up = (row[i - 4] if i >= 4 else 0), before[i]
            corner = before[i - 4] if i >= 4 else 0
            near = left + up - corner
            paeth = min((left, up, corner), key=lambda v: abs(near - v))
            row[i] = (row[i] + (0, left, up, (left + up) // 2, paeth)[line[0]]) & 255
        rows.append(bytes(row))
        before = row
    return width, height, rows


def inked(rows: list[bytes], cell: int, zoom: float) -> int:
    """How many pixels of a cell of the first line are brighter than the ground."""
    left, top = (22 + cell * WIDE) * zoom, 22 * zoom
    return sum(
        row[4 * x] > 80
        for row in rows[int(top) : int(top + HIGH * zoom)]
        for x in range(int(left), int(left + WIDE * zoom))
    )


@drawing
def test_letters_and_signs_are_there_without_any_font_of_the_machine() -> None:
    from tfdash.report.formats.png import drawn

    signs = "aЖΩ✔▲█│⣿─"
    _, _, rows = pixels(drawn(svg([" ".join(signs)], "t")))
    assert all(inked(rows, 2 * n, 1.5) > 5 for n in range(len(signs)))
    assert not inked(rows, 1, 1.5)


@drawing
def test_letters_are_written_as_they_are() -> None:
    """A font for programmers makes an arrow of "->"."""
    from tfdash.report.formats.png import drawn

    _, _, rows = pixels(drawn(svg(["->"], "t")))
    _, _, apart = pixels(drawn(svg(["-"], "t")))
    assert inked(rows, 0, 1.5) == inked(apart, 0, 1.5)


@drawing
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_is_drawn(name: str) -> None:
    from tfdash.report.formats.png import drawn

    assert drawn(svg([safe(name)], safe(name))).startswith(b"\x89PNG")


def test_what_draws_is_loaded_by_no_other_format() -> None:
    if find_spec("resvg_py") is None:
        pytest.skip("the extra is not installed")
    program = "import sys, tfdash.report.formats.svg, tfdash.cli.parser; print('resvg_py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"
