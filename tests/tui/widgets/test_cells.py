"""A line of pieces in less room than it needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widgets.cells import ELLIPSIS, literal, pieces_in, width_of

PIECES = st.lists(st.tuples(st.text("ab ✔▲測", max_size=5), st.sampled_from(["", "warn"])), max_size=6)


@given(PIECES, st.integers(0, 20))
def test_whatever_is_missing_is_told_by_an_ellipsis(pieces: list[tuple[str, str]], width: int) -> None:
    whole = literal("".join(text for text, _ in pieces)).rstrip()
    shown = "".join(text for text, _ in pieces_in(pieces, width))
    assert width_of(shown) <= width
    if width_of(whole) <= width:
        assert shown.rstrip() == whole
    elif width:
        assert shown.endswith(ELLIPSIS) and whole.startswith(shown[:-1].rstrip())


def test_at_the_edge_of_a_piece_too() -> None:
    assert pieces_in([("24 ", ""), ("A▲", "warn"), ("B✔", "ok")], 5) == [("24 ", ""), ("A…", "warn")]
