"""The wall as lines of a screen: what is large, what is small, and what gives way where there is little room. No Textual in it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from tfdash.views.wall.body import body
from tfdash.views.wall.content import WallContent
from tfdash.views.wall.letters import LARGE, LETTERS, drawn, scaled
from tfdash.views.wall.lines import LEFT, MARK, TALL, WallLook, WallPiece, fit, wrapped
from tfdash.views.wall.warnings import in_short

OWN = ("banner", "old", "env-production", "env-staging", "env-development", "env-neutral")
_NEW = "NEW BREACH"
_DETAILED = 3  # warnings that are told whole
_ASCII = str.maketrans(
    {
        **dict(zip("✔▲✖◐‖·▌█▀▄…→≥≤×─│–—", "+!X~=.|##_~>><x-|--", strict=True)),
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
    }
)


def face(shown: WallContent, look: WallLook) -> list[list[WallPiece]]:
    """``look.height`` lines of ``look.width`` cells each."""
    width = look.width - look.shift
    top = [*_header(shown, width), *_title(shown, width, look)]
    top += _banner(shown, width, look)
    if shown.old:
        top += [[(fit(f"  {part}", width), "old")] for part in wrapped(shown.old, width - 4, 2)]
    bottom = [*_warnings(shown, width), _footer(shown, width)]
    room = look.height - len(top) - len(bottom)
    middle = body(shown, width, room, look)[: max(room, 0)]
    middle += [[]] * (room - len(middle))
    lines = [*top, *middle, *bottom][: look.height]
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
    title = fit(f"  {shown.title}", max(width - cell_len(as_of[0]) - 1, 0))
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
        parts = wrapped(one.text, width - 6, 2)
        lines += [
            [(f"  {one.state.glyph if n == 0 else ' '} ", one.state.token), (part, "dim")]
            for n, part in enumerate(parts)
        ]
    if len(shown.warnings) > _DETAILED:
        lines.append([(f"    and {len(shown.warnings) - _DETAILED} more warnings", "dim")])
    return lines


def _title(shown: WallContent, width: int, look: WallLook) -> list[list[WallPiece]]:
    """Whose page it is, and which, in large letters."""
    here = shown.environments[shown.environment]
    word = f" {here.word} "
    fitting = (s for s in LETTERS if s.width(word + shown.title) + 2 * LEFT + 4 * s.wide <= width)
    size = next((s for s in fitting if s.wide <= look.scale), None)
    if size is None:
        return []
    rows = zip(drawn(word, size), drawn(shown.title, size), strict=True)
    block = f"env-{here.colour}"
    return [[], *([(" ", ""), (a, block), (" " * (4 * size.wide), ""), (b, "bright")] for a, b in rows), []]


def _banner(shown: WallContent, width: int, look: WallLook) -> list[list[WallPiece]]:
    """The worst breach across the wall, while it lasts; tall while it is new."""
    if not shown.breach:
        return []
    more = f" (+{shown.breaches - 1})" if shown.breaches > 1 else ""
    told = f"✖ BREACH{more}  {shown.breach}"
    blank: list[WallPiece] = [("", "banner")]
    if not shown.taken:
        if not look.scale:
            return [[(fit(f"  {told}", width), "banner")]]
        size = scaled(look.scale)
        name = f"BREACH {shown.breach_name}"[: (width - 2 * LEFT) // size.step]
        large = [[(f"  {row}", "banner")] for row in drawn(name, size)]
        return [blank, *large, [(fit(f"  {told}", width), "banner")]]
    sentence = [[(f"  {part}", "banner")] for part in wrapped(f"{shown.breach}{more}", width - 4, 2)]
    fitting = (s for s in LETTERS if s.width(_NEW) + 2 * LEFT <= width and s.rows <= look.height // 4)
    most = look.scale + 1  # times
    if look.ascii:
        most = LARGE.wide if look.height >= TALL else 0
    new = next((s for s in look.sizes(list(fitting)) if s.wide <= most), None)
    told_new = [f"✖ {_NEW}"] if new is None else drawn(_NEW, new)
    return [blank, *([(f"  {row}", "banner")] for row in told_new), *sentence, blank]


def _footer(shown: WallContent, width: int) -> list[WallPiece]:
    left = "   ".join(filter(None, (shown.calendar, shown.place)))
    right = f"{MARK} changed since {shown.since} " if shown.since else ""
    left = fit(f"  {left}", width - len(right) - 2)
    return [(left, "dim"), (" " * (width - cell_len(left) - len(right)), ""), (right, "dim")]
