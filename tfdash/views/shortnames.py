"""Names in less room than they need: cut where they say least, and never so that two of them look alike.

What all of them begin with is cut first, then the middle: a name's beginning says what it is, its end which one. Where two
would still be alike, each shows the piece in which it differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from unicodedata import east_asian_width

ELLIPSIS = "…"
LEAST = 8  # cells in which any names can be told apart
_WIDENS = "\ufe0f"  # shows what stands before it as a picture
_COMMON = 4  # characters that all must begin with for it to be worth cutting there


def common_start(names: Iterable[str], width: int) -> int:
    """How many characters all names that are longer than ``width`` begin with."""
    long = [name for name in names if len(name) > width]
    return _shared(long)


def short_names(names: Sequence[str], width: int, common: int = 0) -> Mapping[str, str]:
    """Each name in at most ``width`` cells; of distinct names distinct ones, from ``LEAST`` cells on.

    ``common``: characters that all long names begin with (``common_start``). Names in which a character takes
    two cells are cut as if each did.
    """
    distinct = list(dict.fromkeys(names))
    shown = {name: _middle(name, width, common) for name in distinct}
    alike: dict[str, list[str]] = {}
    for name, short in shown.items():
        alike.setdefault(short, []).append(name)
    for group in alike.values():
        if len(group) > 1:
            shown.update(zip(group, _differing(group, width), strict=True))
    _number(shown, width)
    return shown


def _shared(names: Sequence[str]) -> int:
    """How many characters all begin with."""
    first, last = min(names, default=""), max(names, default="")
    return next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )


def _cells(text: str, width: int) -> int:
    """How many characters of ``text`` surely fit."""
    return width // 2 if any(map(_wide, text)) else width


@lru_cache(1024)
def _wide(character: str) -> bool:
    """Whether it may take two cells, as it or what stands before it."""
    return character in _WIDENS or east_asian_width(character) in "WF"


def _middle(name: str, width: int, common: int) -> str:
    """The whole of what comes after the common beginning, if there is room; else its beginning and end."""
    if len(name) + sum(map(_wide, name)) <= width:
        return name
    room = _cells(name, width)
    if room < 2:
        return name[: max(room, 0)]
    rest = len(name) - common
    if common < _COMMON:
        tail = (room - 1) // 2
    elif rest < room:
        tail = max(rest, (room - 1) // 2)
    else:  # the common beginning goes altogether, and of the rest the middle
        name, tail = ELLIPSIS + name[common:], (room - 1) // 2
    return (
        name[: room - 1 - tail] + ELLIPSIS + name[len(name) - tail :] if tail else name[: room - 1] + ELLIPSIS
    )


def _differing(group: Sequence[str], width: int) -> list[str]:
    """Names that look alike: where they differ, with as much of their beginning as there is room for."""
    start = _shared(group)
    end = _shared([name[start:][::-1] for name in group])
    found = []
    for name in group:
        room, stop = _cells(name, width), len(name) - end
        piece = name[start:stop]
        after = ELLIPSIS if end else ""
        lead = room - 1 - len(piece) - len(after)
        if lead >= 0:
            found.append(name[: min(lead, start)] + ELLIPSIS + piece + after)
        else:
            found.append(_middle(ELLIPSIS + piece, room, 0))
    return found


def _number(shown: dict[str, str], width: int) -> None:
    """What is alike even so is numbered, in the order of the names."""
    counts = Counter(shown.values())
    taken = {short for short, count in counts.items() if count == 1}
    number = 0
    for name in sorted(name for name, short in shown.items() if counts[short] > 1):
        short = ""
        while not short or short in taken:
            number += 1
            end = f"{ELLIPSIS}~{number}"
            short = name[: max(_cells(name, width) - len(end), 0)] + end
        shown[name] = short
        taken.add(short)
