"""The wall as lines of a screen: what is large, what is small, and what gives way where there is little room. No Textual in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size

from tfdash.model.verdict import Level
from tfdash.views import state as states
from tfdash.views.state import State
from tfdash.views.wall import letters
from tfdash.views.wall.content import WallContent, WallRow
from tfdash.views.wall.figures import Figure
from tfdash.views.wall.letters import LetterSize, drawn
from tfdash.views.wall.warnings import in_short

WallPiece: TypeAlias = tuple[str, str]
"""A text and its token: one of ``views.table.TOKENS``, "" or one of ``OWN``."""
OWN = ("banner", "old", "env-production", "env-staging", "env-development", "env-neutral")
MARK = "▌"
_NOTHING = {Level.OK: "ALL WELL", Level.IDLE: "NOT JUDGED", Level.UNKNOWN: "NOT KNOWN"}
_ELSEWHERE = "NOTHING HERE"  # this page is well, and the wall is not
_UNTROUBLED = frozenset(states.of_level(level) for level in Level if level < Level.UNKNOWN)
_GAP = 3  # cells between two figures
_LEFT = 2  # cells left of all
_DETAILED = 3  # warnings that are told whole
_ROOMY, _TALL = 150, 44  # from here on names are drawn in letters of several rows
_ASCII = str.maketrans(
    {
        **dict(zip("✔▲✖◐‖·▌█▀▄…→≥≤×─│–—", "+!X~=.|##_~>><x-|--", strict=True)),
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
    }
)


class WallLook(NamedTuple):
    """How it is drawn. ``ascii``: for a console whose font has no signs; ``shift``: cells by which all stands further to the right, so that
    no cell is lit for ever."""

    width: int
    height: int
    ascii: bool = False
    shift: int = 0


def face(shown: WallContent, look: WallLook) -> list[list[WallPiece]]:
    """``look.height`` lines of ``look.width`` cells each."""
    width = look.width - look.shift
    top = [*_header(shown, width), *_title(shown, width, look)]
    top += _banner(shown, width, look)
    if shown.old:
        top += [[(_fit(f"  {part}", width), "old")] for part in _wrapped(shown.old, width - 4, 2)]
    bottom = [*_warnings(shown, width), _footer(shown, width)]
    room = look.height - len(top) - len(bottom)
    body = _body(shown, width, room, look)
    body = body[:room] + [[]] * (room - len(body))
    lines = [*top, *body, *bottom][: look.height]
    return [_whole(line, look) for line in lines]


def _whole(line: Sequence[WallPiece], look: WallLook) -> list[WallPiece]:
    """Padded and cut to the width, in the signs that the terminal has."""
    left = look.width - look.shift
    found: list[WallPiece] = [(" " * look.shift, "")] if look.shift else []
    for text, token in line:
        if look.ascii:
            text = text.translate(_ASCII).encode("ascii", "replace").decode()
        if cell_len(text) > left:
            text = set_cell_size(text, left)
        found.append((text, token))
        left -= cell_len(text)
    if left > 0:
        found.append((" " * left, found[-1][1] if line and line[-1][1] in ("banner", "old") else ""))
    return found


def _fit(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…"


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """In at most so many lines, broken between words."""
    lines: list[str] = []
    line = ""
    words = text.split(" ")
    for number, word in enumerate(words):
        if line and cell_len(f"{line} {word}") > width:
            if len(lines) == most - 1:
                return [*lines, _fit(" ".join((line, *words[number:])), width)]
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, _fit(line, width)]


def _header(shown: WallContent, width: int) -> list[list[WallPiece]]:
    """Every environment with its worst state; whose page this is stands in its block; and as of when, on a line of its own where one is
    too short: that is never cut."""
    line: list[WallPiece] = [(" ", "")]
    for number, one in enumerate(shown.environments):
        here = number == shown.environment
        line.append((f" {one.word} ", f"env-{one.colour}" if here else "dim"))
        line += [(f" {one.state.glyph}{one.bad or ''}", one.state.token), ("  ", "")]
    as_of = (f"{shown.as_of} ", "unknown" if shown.old else "bright")
    whole = _ends([*line, (shown.title, "bright")], as_of, width)
    if whole is not None:
        return [whole]
    title = _fit(f"  {shown.title}", max(width - cell_len(as_of[0]) - 1, 0))
    return [line, _ends([(title, "bright")], as_of, width) or [as_of]]


def _ends(line: list[WallPiece], last: WallPiece, width: int) -> list[WallPiece] | None:
    """With ``last`` at the right edge; None where both do not fit."""
    left = width - sum(cell_len(text) for text, _ in (*line, last))
    return [*line, (" " * left, ""), last] if left > 0 else None


def _warnings(shown: WallContent, width: int) -> list[list[WallPiece]]:
    """Calm, as they stand there for weeks: whole on the page that tells them, in one line on the others."""
    if not shown.detailed:
        told = in_short(shown.warnings, width)
        if not told:
            return []
        line: list[WallPiece] = [(" ", "")]
        for state, text in told:
            line += [(f" {state.glyph} ", state.token), (f"{text}  ", "dim")]
        return [line]
    lines: list[list[WallPiece]] = []
    for one in shown.warnings[:_DETAILED]:
        parts = _wrapped(one.text, width - 6, 2)
        lines += [
            [(f"  {one.state.glyph if n == 0 else ' '} ", one.state.token), (part, "dim")]
            for n, part in enumerate(parts)
        ]
    if len(shown.warnings) > _DETAILED:
        lines.append([(f"    and {len(shown.warnings) - _DETAILED} more logins", "dim")])
    return lines


def _roomy(look: WallLook) -> bool:
    """Whether names are drawn in letters of several rows."""
    return not look.ascii and look.width >= _ROOMY and look.height >= _TALL


def _title(shown: WallContent, width: int, look: WallLook) -> list[list[WallPiece]]:
    """Whose page it is, and which, in large letters."""
    here = shown.environments[shown.environment]
    word, size = f" {here.word} ", letters.WORDS
    if not _roomy(look) or size.width(word + shown.title) + 2 * _LEFT + 4 > width:
        return []
    rows = zip(drawn(word, size), drawn(shown.title, size), strict=True)
    block = f"env-{here.colour}"
    return [[], *([(" ", ""), (a, block), ("    ", ""), (b, "bright")] for a, b in rows), []]


def _banner(shown: WallContent, width: int, look: WallLook) -> list[list[WallPiece]]:
    """The worst breach across the wall, while it lasts; tall while it is new."""
    if not shown.breach:
        return []
    more = f" (+{shown.breaches - 1})" if shown.breaches > 1 else ""
    told = f"✖ BREACH{more}  {shown.breach}"
    blank: list[WallPiece] = [("", "banner")]
    if not shown.taken:
        if not _roomy(look):
            return [[(_fit(f"  {told}", width), "banner")]]
        name = f"BREACH {shown.breach_name}"[: (width - 2 * _LEFT) // (letters.WORDS.dots + 1)]
        large = [[(f"  {row}", "banner")] for row in drawn(name, letters.WORDS)]
        return [blank, *large, [(_fit(f"  {told}", width), "banner")]]
    sentence = [[(f"  {part}", "banner")] for part in _wrapped(f"{shown.breach}{more}", width - 4, 2)]
    size = letters.LARGE if look.ascii else letters.WORDS
    if look.ascii and look.height < _TALL:
        return [blank, [("  ✖ NEW BREACH", "banner")], *sentence, blank]
    large = [[(f"  {row}", "banner")] for row in drawn("NEW BREACH", size)]
    return [blank, *large, *sentence, blank]


def _body(shown: WallContent, width: int, room: int, look: WallLook) -> list[list[WallPiece]]:
    if shown.loading:
        return [[], *_words("LOADING", "unknown", width, look)]
    lines: list[list[WallPiece]] = [[]]
    lines += _figures(shown, width, room, look)
    lines.append([])
    if not shown.rows:
        lines += _words(*_nothing(shown), width, look)
        return [*lines, [], *(_section(state, text, width) for state, text in shown.sections)]
    return lines + _rows(shown.rows, width, room - len(lines), look)


def _nothing(shown: WallContent) -> WallPiece:
    """What a page says that has nothing to list. All is well only where it is so of every page of every environment, and current: the
    largest letters on a wall are read without the small ones."""
    well = not shown.old and all(one.state in _UNTROUBLED for one in shown.environments)
    if shown.level is Level.OK and not well:
        return _ELSEWHERE, "dim"
    return _NOTHING.get(shown.level, shown.level.name), states.of_level(shown.level).token


def _section(state: State, text: str, width: int) -> list[WallPiece]:
    return [(f"  {state.glyph} ", state.token), (_fit(text, width - 6), "dim")]


def _words(text: str, token: str, width: int, look: WallLook) -> list[list[WallPiece]]:
    """A few words in the largest letters that have room."""
    sizes = (letters.LARGE,) if look.ascii else (letters.LARGE, letters.WORDS)
    for size in sizes:
        if size.width(text) + 2 * _LEFT <= width and size.rows <= look.height // 3:
            return [[(" " * _LEFT + row, token)] for row in drawn(text, size)]
    return [[(f"  {text}", token)]]


def _figures(shown: WallContent, width: int, room: int, look: WallLook) -> list[list[WallPiece]]:
    """All side by side in the largest size that has room for them; the last give way where none has."""
    for many in range(len(shown.figures), 0, -1):
        figures = shown.figures[:many]
        for size in letters.FIGURES:
            if size.rows > max(room * 2 // 5, 5):
                continue
            label = _label_size(figures, size, width, look)
            wide = [_wide(f, size, label) for f in figures]
            if sum(wide) + _GAP * size.wide * (many - 1) + 2 * _LEFT <= width:
                return _side_by_side(shown, figures, size, label, wide)
    return [[(f"  {f.text} {f.label}", f.token)] for f in shown.figures]


def _label_size(figures: Sequence[Figure], size: LetterSize, width: int, look: WallLook) -> LetterSize | None:
    """Letters of several rows where the whole row of figures still fits; None: as text."""
    if not _roomy(look):
        return None
    wide = sum(_wide(f, size, letters.WORDS) for f in figures) + _GAP * size.wide * (len(figures) - 1)
    return letters.WORDS if wide + 2 * _LEFT <= width else None


def _wide(figure: Figure, size: LetterSize, label: LetterSize | None) -> int:
    return max(size.width(figure.text), 2 + (label.width(figure.label) if label else len(figure.label)))


def _side_by_side(
    shown: WallContent,
    figures: Sequence[Figure],
    size: LetterSize,
    label: LetterSize | None,
    wide: Sequence[int],
) -> list[list[WallPiece]]:
    gap = " " * (_GAP * size.wide)
    rows: list[list[WallPiece]] = [[(" " * _LEFT, "")] for _ in range(size.rows)]
    labels: list[list[WallPiece]] = [[(" " * _LEFT, "")] for _ in range(label.rows if label else 1)]
    for figure, room in zip(figures, wide, strict=True):
        for line, row in zip(rows, drawn(figure.text, size), strict=True):
            line.append((row.ljust(room) + gap, figure.token))
        written = drawn(figure.label, label) if label else [figure.label.upper()]
        mark = f"{MARK} " if figure.label in shown.changed else ""
        for line, row in zip(labels, written, strict=True):
            line += [
                (mark, "accent"),
                ((row.ljust(room - len(mark)) + gap), figure.token if label is None else "dim"),
            ]
    return [*rows, *([[]] if label else []), *labels]


def _rows(rows: Sequence[WallRow], width: int, room: int, look: WallLook) -> list[list[WallPiece]]:
    """What asks for somebody, worst first: as large as their number lets them be, and how many found no room."""
    large = _roomy(look)
    per = 6 if large else 3 if len(rows) * 3 - 1 <= room else 1
    fits = max((room + (per > 1)) // per, 1)
    if len(rows) > fits:
        fits = max((room - 1) // per, 1)
    lines: list[list[WallPiece]] = []
    spare = max(room - len(rows) * per, 0) if per > 1 and len(rows) <= fits else 0
    for row in rows[:fits]:
        drawn_row = _row(row, per, width, 1 + spare)
        spare -= len(drawn_row) - per
        lines += drawn_row
    if len(rows) > fits:
        lines.append([(f"    and {len(rows) - fits} more", "dim")])
    return lines


def _row(row: WallRow, per: int, width: int, most: int) -> list[list[WallPiece]]:
    """``most``: lines that its sentence may have, where it has lines of its own."""
    mark = (MARK if row.changed else " ", "accent")
    token = row.state.token
    if per == 1:
        head = f" {row.state.text:<10} "
        name = _fit(row.name, 24)
        return [[mark, (head, token), (f"{name:<24} ", "bright"), (_fit(row.sentence, width - 38), "")]]
    if per == 3:
        return [
            [mark, (f" {row.state.text}  ", token), (_fit(row.name, width - 16), "bright")],
            *([mark, ("   ", ""), (part, "")] for part in _wrapped(row.sentence, width - 6, most)),
            [],
        ]
    size, word = letters.WORDS, row.state.word.upper()
    name = row.name[: (width - 2 * _LEFT - 2) // 6 - len(word) - 1]
    drawn_word, drawn_name = drawn(word, size), drawn(name, size)
    text = [
        [mark, (" ", ""), (a, token), ("     ", ""), (b, "bright")]
        for a, b in zip(drawn_word, drawn_name, strict=True)
    ]
    sentence = _wrapped(f"{row.state.glyph} {row.sentence}", width - 6, most)
    return [*text, *([mark, (" ", ""), (part, "")] for part in sentence), []]


def _footer(shown: WallContent, width: int) -> list[WallPiece]:
    left = "   ".join(filter(None, (shown.calendar, shown.place)))
    right = f"{MARK} changed since {shown.since} " if shown.since else ""
    left = _fit(f"  {left}", width - len(right) - 2)
    return [(left, "dim"), (" " * (width - cell_len(left) - len(right)), ""), (right, "dim")]
