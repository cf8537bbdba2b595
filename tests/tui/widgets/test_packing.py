"""What stays where room is short: the header's pieces, and checks side by side."""

from __future__ import annotations

import pytest
from textual.app import ComposeResult

from tfdash.model.mode import ModeNow, Posture
from tfdash.views.age import Freshness
from tfdash.views.header import HeaderState
from widgets.cells import width_of
from widgets.header import Header
from widgets.oneline import LinePiece, fitting
from widgets.prose import Prose, beside
from widgets.textual_private import screen_text
from widgets.theme import ThemedApp

STATE = HeaderState(
    "PRODUCTION",
    "production",
    "eu-1",
    "oncall@corp",
    "v1.37.2",
    ModeNow(Posture.ELEVATED, 895),
    False,
    Freshness("", ""),
    "09:14 EST  14:14Z",
    calendar="release CLOSED · opens Tue 8 Dec 10:00",
)


def header(state: HeaderState, width: int) -> str:
    bar = Header(state)
    left, right = fitting(bar.left(width), bar.right(width), width)
    text = "".join(p.text for p in (*left, *right))
    assert width_of(text) <= width
    return text


def test_a_name_is_cut_in_the_middle_since_its_end_tells_it_from_others() -> None:
    for priority in (0, 9):
        names = ["checkout-7d9f-x2v4q", "checkout-7d9f-k8s2p"]
        shown = [
            fitting([LinePiece(n, (), priority, 4 if priority else 0, "", True)], [], 12)[0] for n in names
        ]
        assert [pieces[0].text for pieces in shown] == ["checko…x2v4q", "checko…k8s2p"]


def test_the_calendars_word_and_the_clock_stay_when_utc_and_the_date_go() -> None:
    assert "opens Tue 8 Dec 10:00" in header(STATE, 120) and "14:14Z" in header(STATE, 120)
    narrow = header(STATE, 80)
    assert "release CLOSED" in narrow and "09:14 EST" in narrow and "ELEVATED 14:55" in narrow
    assert "14:14Z" not in narrow and "opens" not in narrow


@pytest.mark.parametrize("width", range(45, 121))
def test_never_half_a_date(width: int) -> None:
    text = header(STATE, width)
    assert "opens" not in text or "opens Tue 8 Dec 10:00" in text


def test_demo_is_said_once() -> None:
    assert header(STATE._replace(environment="DEMO PRODUCTION", demo=True), 120).count("DEMO") == 1
    assert header(STATE._replace(demo=True), 120).count("DEMO") == 1


def test_short_lines_stand_side_by_side_unbroken_and_long_ones_flow() -> None:
    lines = [
        [("✔ ", "ok"), text] for text in ("may patch", "nobody else", "a sentence that is too long for a row")
    ]
    rows = ["".join(text for text, _ in row) for row in beside(lines, 27, 2)]
    assert rows[0] == "✔ may patch   ✔ nobody else"
    assert all(width_of(row.rstrip()) <= 27 for row in rows)
    assert rows[-1].startswith("  ") and not any(row.rstrip().endswith("✔") for row in rows)


class Sentences(ThemedApp):
    """A prose that may take a third of the terminal, as those of pages and dialogs."""

    CSS = "Prose { max-height: 33%; }"

    def compose(self) -> ComposeResult:
        yield Prose(id="prose")


async def test_what_fits_to_the_last_cell_is_whole_also_after_more_stood_there() -> None:
    app, whole = Sentences(theme="dark"), "x" * 29 + "."
    async with app.run_test(size=(30, 12)) as pilot:
        prose = app.query_one(Prose)
        for count in (1, 9, 1):
            prose.show([[whole]] * count)
            await pilot.pause()
            assert (whole in screen_text(app)) is (count == 1)  # of nine the scrollbar takes a cell
            assert prose.size.height == (1 if count == 1 else 3)


def test_the_cause_of_what_is_not_read_takes_the_room_of_nothing_else() -> None:
    denied = STATE._replace(freshness=Freshness("? 1 of 18 unread", "dead", "may not list secrets " * 9))
    for width in (80, 120):
        with_cause, without = (
            header(denied, width),
            header(denied._replace(freshness=Freshness("? 1 of 18 unread", "dead")), width),
        )
        assert with_cause == without
        assert "eu-1" in with_cause and "09:14 EST" in with_cause and "? 1 of 18 unread" in with_cause
