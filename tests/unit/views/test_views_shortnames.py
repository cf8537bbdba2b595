"""Names that are cut: no two look alike, and what they begin with in common goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tfdash.views.layout import cells
from tfdash.views.shortnames import LEAST, common_start, short_names

PIECE = st.text("abx0", min_size=0, max_size=4)
NAMES = st.builds(
    "-".join,
    st.lists(st.sampled_from(["checkout", "payments", "a", "7d9c5", "x"]) | PIECE, min_size=1, max_size=9),
)


@given(st.lists(NAMES, unique=True, max_size=40), st.integers(LEAST, 60))
def test_distinct_names_look_distinct_and_fit(names: list[str], width: int) -> None:
    shown = short_names(names, width, common_start(names, width))
    assert len({shown[name] for name in names}) == len(names)
    assert all(len(shown[name]) <= width for name in names)
    assert all(shown[name] == name for name in names if len(name) <= width)


@given(st.lists(st.text("aé測b-", min_size=1, max_size=30), unique=True, max_size=12), st.integers(16, 40))
def test_wide_letters_are_told_apart_too(names: list[str], width: int) -> None:
    shown = short_names(names, width, common_start(names, width))
    assert len(set(shown.values())) == len(names)


@given(
    st.lists(st.text("aé·…–→測b-", min_size=1, max_size=30), unique=True, max_size=12), st.integers(16, 40)
)
def test_what_fits_is_never_cut_and_nothing_is_wider_than_there_is_room(names: list[str], width: int) -> None:
    shown = short_names(names, width, common_start(names, width))
    assert all(cells(text) <= width for text in shown.values())
    assert all(shown[name] == name for name in names if cells(name) <= width)


def test_the_end_of_a_pod_is_kept() -> None:
    names = ["payments-checkout-api-7d9c5b6f4d-x7k2p", "payments-checkout-api-7d9c5b6f4d-abcde", "web-1"]
    shown = short_names(names, 20, common_start(names, 20))
    assert all(
        shown[n].startswith("payments"[: len(shown[n])]) and shown[n].endswith(n[-5:]) for n in names[:2]
    )


def test_what_differs_in_the_middle_is_shown() -> None:
    names = [f"team-a-billing-{place}-reconciliation-worker-main" for place in ("east", "west")]
    shown = short_names(names, 22, 0)
    assert [shown[name][-4:] for name in names] == ["…ea…", "…we…"]
