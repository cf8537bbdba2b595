"""Lines of text in pieces with the tokens of the states that they name: for pages and pictures, where a text has colours."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tfdash.views.state import STATES

_TOKENS = {state.glyph: state.token for state in STATES.values() if state.glyph not in "?·"}
_WORDS = "|".join(re.escape(state.word) for state in STATES.values())
_STATED = re.compile(
    rf"(?:(?<=\s)|^)[{''.join(map(re.escape, _TOKENS))}?](?: (?:{_WORDS})\b)?(?=\s|$|:)|[✔✖]"
)
_UNKNOWN = STATES[max(level for level in STATES if STATES[level].glyph == "?")].token


def toned(line: str) -> Iterator[tuple[str, str]]:
    """Pieces that are ``line`` together, each with its token, "" for most. A glyph has its colour, and so has the word behind it."""
    at = 0
    for match in _STATED.finditer(line):
        if match.start() > at:
            yield line[at : match.start()], ""
        yield match.group(), _TOKENS.get(match.group()[0], _UNKNOWN)
        at = match.end()
    if at < len(line):
        yield line[at:], ""


def tone_of(cell: str) -> str:
    """The token of the state that a cell begins with, "" where it begins with none."""
    for _, token in toned(cell):
        return token
    return ""
