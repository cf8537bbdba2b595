"""Letters of several rows: each is another than all others, and as wide as it says."""

from __future__ import annotations

import string

import pytest

from tfdash.views.wall.letters import FIGURES, WORDS, LetterSize, drawn

SIZES = (*FIGURES, WORDS)


@pytest.mark.parametrize("size", SIZES)
def test_letters_are_told_apart(size: LetterSize) -> None:
    """The tallest dot font and the narrow one have the figures; that of words has a name's letters too."""
    letters = [c for c in size.font if c in string.ascii_uppercase + string.digits + "dhmsyw%?-+/.,:"]
    assert set(string.digits) <= set(letters)
    assert len({tuple(drawn(c, size)) for c in letters}) == len(letters)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("text", ["", "0", "41/42", "83%", "-12d", "snow ☃", "a b"])
def test_as_wide_and_high_as_it_says(size: LetterSize, text: str) -> None:
    rows = drawn(text, size)
    assert len(rows) == size.rows
    assert {len(row) for row in rows} == {size.width(text)}
    assert set("".join(rows)) <= set(" █▀▄")


def test_no_figure_is_less_than_five_rows_high() -> None:
    assert min(size.rows for size in FIGURES) >= 5
