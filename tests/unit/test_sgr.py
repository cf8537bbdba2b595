"""A program's colours are taken out of its text; all else that could move a cursor stays, literal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfdash.sgr import coloured
from tfdash.text import safe


@pytest.mark.parametrize(
    ("raw", "text", "spans"),
    [
        ("plain", "plain", ()),
        ("\x1b[32mINFO\x1b[0m x", "INFO x", ((0, 4, "green"),)),
        ("\x1b[1;31mred\x1b[m", "red", ((0, 3, "red"), (0, 3, "bold"))),
        ("a \x1b[48;5;15mquarkus", "a quarkus", ()),  # a background, never ended
        ("\x1b[38;5;196mx\x1b[39my", "xy", ((0, 1, "red"),)),
        ("\x1b[38;2;20;200;10mx", "x", ((0, 1, "green"),)),
        ("\x1b[90mdim\x1b[22mstill", "dimstill", ((0, 3, "faint"), (3, 8, "faint"))),
        ("\x1b[2J\x1b[Hclear", "␛[2J␛[Hclear", ()),
        ("\x1b]0;title\x07x", "␛]0;title␇x", ()),
        ("\x1b[6n", "␛[6n", ()),
        ("\x1b[31", "␛[31", ()),
        ("\x1b[31mab\tc\x1b[0md\te", "ab  cd  e", ((0, 5, "red"),)),
        ("10%\r20%\r", "10%␍20%", ()),
        ("\x1b[mm", "m", ()),
    ],
)
def test_colours(raw: str, text: str, spans: tuple[tuple[int, int, str], ...]) -> None:
    assert coloured(raw) == (text, spans)


@given(
    st.lists(
        st.sampled_from(["a", "\t", "\x1b[31m", "\x1b[0m", "\x1b[", "m", "\x1b[2J", "\x07", "é"]), max_size=20
    )
)
def test_nothing_that_moves_a_cursor_is_left_and_spans_lie_within(parts: list[str]) -> None:
    text, spans = coloured("".join(parts))
    assert text == safe(text)
    assert all(0 <= start < stop <= len(text) for start, stop, _ in spans)
