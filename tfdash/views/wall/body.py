"""What stands between the head and the foot of a wall: the numbers that matter, and what asks for somebody, each as large as the other
leaves it room. Words stay where letters do not fit."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.model.verdict import Level
from tfdash.views import state as states
from tfdash.views.state import State
from tfdash.views.wall.content import WallContent, WallRow
from tfdash.views.wall.digits import digits
from tfdash.views.wall.letters import LARGE, LETTERS, WORDS, LetterSize, drawn, scaled
from tfdash.views.wall.lines import LEFT, MARK, WallLines, WallLook, WallPiece, fit, words, wrapped

_NOTHING = {Level.OK: "ALL WELL", Level.IDLE: "NOT JUDGED", Level.UNKNOWN: "NOT KNOWN"}
_ELSEWHERE = "NOTHING HERE"  # this page is well, and the wall is not
_UNTROUBLED = frozenset(states.of_level(level) for level in Level if level < Level.UNKNOWN)
_TIGHT = 12  # lines, below which none is left empty
_NARROW = 60  # columns, below which a state is its sign alone


def body(shown: WallContent, width: int, room: int, look: WallLook) -> WallLines:
    if shown.loading:
        return _spread([words("LOADING", "unknown", width, room // 3, look)], room)
    many = len(shown.rows)
    asked = many * (WORDS.rows + 2 if look.scale else 3)
    gaps = 0 if room < _TIGHT else 2
    most = room - asked - gaps  # all that asks for somebody is there, where numbers are large beside it
    if not many or most < LARGE.rows + (scaled(look.label_scale).rows + 1 if look.label_scale else 1):
        most = room // 2
    numbers = digits(shown, width, most, look)
    left = room - len(numbers) - gaps
    if many:
        return _spread([numbers, *_rows(shown.rows, width, left, look)], room)
    told = [_section(state, text, width) for state, text in shown.sections]
    large = words(*_nothing(shown), width, left - len(told) - 1, look)
    return _spread([numbers, large, told], room)


def _spread(blocks: Sequence[WallLines], room: int) -> WallLines:
    """What is left of the lines is shared by the gaps around the blocks."""
    blocks = [block for block in blocks if block]
    spare = room - sum(map(len, blocks))
    gap = max(spare // (len(blocks) + 1), 0)
    over = 0 if gap else max(spare, 0)  # too few for all: the first gaps have one each
    lines: WallLines = []
    for number, block in enumerate(blocks):
        lines += [[]] * (gap or number < over)
        lines += block
    return lines


def _nothing(shown: WallContent) -> WallPiece:
    """What a page says that has nothing to list. All is well only where it is so of every page of every environment, and current: the
    largest letters on a wall are read without the small ones."""
    well = not shown.old and all(one.state in _UNTROUBLED for one in shown.environments)
    if shown.level is Level.OK and not well:
        return _ELSEWHERE, "dim"
    return _NOTHING.get(shown.level, shown.level.name), states.of_level(shown.level).token


def _section(state: State, text: str, width: int) -> list[WallPiece]:
    return [(f"  {state.glyph} ", state.token), (fit(text, width - 6), "dim")]


def _rows(rows: Sequence[WallRow], width: int, room: int, look: WallLook) -> list[WallLines]:
    """What asks for somebody, worst first: as large as their number lets them be, and how many found no room."""
    size = _size(rows, width, room, look)
    per = size.rows + 2 if size else next((n for n in (3, 2) if len(rows) * n - (n == 3) <= room), 1)
    parted = size is not None or per == 3  # by a line between two
    fits = max((room + parted) // per, 1)
    if len(rows) > fits:
        fits = max((room - 1) // per, 1)
    spare = max(room - len(rows) * per, 0) if per > 1 and len(rows) <= fits else 0
    names = min(max(len(row.name) for row in rows), 24, width // 3)
    blocks: list[WallLines] = []
    for row in rows[:fits]:
        if per == 1:
            blocks.append([_line(row, width, names)])
            continue
        block = _large(row, size, width, 1 + spare) if size else _head(row, width, 1 + spare)
        spare -= len(block) + parted - per
        blocks.append(block)
    if not parted:
        blocks = [[line for block in blocks for line in block]]
    if len(rows) > fits:
        blocks[-1].append([(f"    and {len(rows) - fits} more", "dim")])
    return blocks


def _size(rows: Sequence[WallRow], width: int, room: int, look: WallLook) -> LetterSize | None:
    """Of the letters of all names; None: they are text."""
    most = 2 if look.ascii else 3 * look.scale + 1  # times
    for size in look.sizes(LETTERS):
        fits = len(rows) * (size.rows + 2) <= room + (size.wide == 1)
        if size.wide <= most and fits and all(size.width(_named(r)) <= width - 6 for r in rows):
            return size
    return WORDS if look.scale else None


def _named(row: WallRow) -> str:
    return f"{row.state.word.upper()} {row.name}"


def _mark(row: WallRow) -> WallPiece:
    return MARK if row.changed else " ", "accent"


def _line(row: WallRow, width: int, names: int) -> list[WallPiece]:
    head = f" {row.state.text:<10} " if width >= _NARROW else f"{row.state.glyph} "
    name = fit(row.name, names)
    sentence = fit(row.sentence, width - len(head) - names - 4)
    return [_mark(row), (head, row.state.token), (f"{name:<{names}} ", "bright"), (sentence, "")]


def _head(row: WallRow, width: int, most: int) -> WallLines:
    """``most``: lines that its sentence may have."""
    head = (f" {row.state.text}  ", row.state.token)
    parts = wrapped(row.sentence, width - 6, most)
    return [
        [_mark(row), head, (fit(row.name, width - 16), "bright")],
        *([_mark(row), ("   ", ""), (part, "")] for part in parts),
    ]


def _large(row: WallRow, size: LetterSize, width: int, most: int) -> WallLines:
    word = row.state.word.upper()
    gap = " " * size.step
    room = (width - 2 * LEFT - len(gap)) // size.step
    drawn_word, drawn_name = drawn(word, size), drawn(row.name[: max(room - len(word), 0)], size)
    text = [
        [_mark(row), (" ", ""), (a, row.state.token), (gap, ""), (b, "bright")]
        for a, b in zip(drawn_word, drawn_name, strict=True)
    ]
    sentence = wrapped(f"{row.state.glyph} {row.sentence}", width - 6, most)
    return [*text, *([_mark(row), (" ", ""), (part, "")] for part in sentence)]
