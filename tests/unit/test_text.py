"""The boundary for text from outside."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tfdash.text import safe, safe_lines


def test_escapes_controls_and_bidi_are_made_visible() -> None:
    assert safe("a\x1b[31mb\x00\x7f\x9bc") == "a␛[31mb␀␡<U+009B>c"
    assert safe("x\u202ey\u2066z") == "x<U+202E>y<U+2066>z"
    assert safe("[red]literal[/]") == "[red]literal[/]"
    assert safe("wide 漢字 and emoji 🚀") == "wide 漢字 and emoji 🚀"


@given(st.text())
def test_nothing_that_moves_a_cursor_or_turns_text_around_is_left(text: str) -> None:
    for character in safe(text):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )


def test_lines_are_split_and_tabs_expanded() -> None:
    assert safe_lines("a\tb\r\nc\x1b") == ["a   b", "c␛"]
