"""Who has the room of a wall: letters as large as it allows, of words one size, and no number without its word."""

from __future__ import annotations

import itertools

import pytest

from tests.unit.views.test_wall_pages import shown, text_of
from tfdash.model.verdict import Level
from tfdash.views import state as states
from tfdash.views.wall.body import _spread
from tfdash.views.wall.content import WallRow
from tfdash.views.wall.digits import digits
from tfdash.views.wall.figures import Figure
from tfdash.views.wall.letters import LETTERS, drawn, scaled
from tfdash.views.wall.lines import WallLines, WallLook

LABELS = (
    ("nodes", "breach", "warn", "unknown"),
    ("in flight", "roll back", "traffic"),
    ("first ends", "breach", "warn"),
    ("overdue", "next due", "opens"),
    ("cpu", "memory", "findings"),
    ("serve", "down", "moving"),
)
NUMBERS = ("14", "7", "100%", "2")
SIZES = tuple(itertools.product((20, 40, 80, 120, 150, 180, 200, 320, 500), (4, 7, 10, 24, 40, 60, 120)))


def rows(many: int) -> tuple[WallRow, ...]:
    return tuple(
        WallRow(states.of_level(Level.WARN), f"node-{n}", f"node-{n}: MemoryPressure", False)
        for n in range(many)
    )


def figures(labels: tuple[str, ...]) -> tuple[Figure, ...]:
    return tuple(Figure(n, label, Level.WARN) for n, label in zip(NUMBERS, labels, strict=False))


def plain(lines: WallLines) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


@pytest.mark.parametrize("labels", LABELS)
def test_no_number_is_told_without_its_word_however_small_the_wall_is(labels: tuple[str, ...]) -> None:
    for (width, height), many in itertools.product(SIZES, (0, 1, 2, 4, 30)):
        look = WallLook(width, height)
        content = shown(
            figures=figures(labels), rows=rows(many), breach="", level=Level.WARN if many else Level.OK
        )
        text = text_of(content, look)
        large = any(word in text for word in drawn(labels[0], scaled(look.label_scale or 1)))
        numbered = "█" in text or NUMBERS[0] in text
        if height >= 10 and width >= 40:
            assert all(label.upper() in text for label in labels) or large, (width, height, many)
        elif large or labels[0].upper() in text:
            assert numbered, (width, height, many)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (180, 44), (200, 60), (320, 90), (500, 120)])
def test_the_words_below_the_numbers_are_of_one_size_on_every_page(size: tuple[int, int]) -> None:
    look = WallLook(*size)
    for labels in LABELS:
        lines = plain(
            digits(shown(figures=figures(labels), changed=frozenset()), size[0], size[1] // 2, look)
        )
        if look.label_scale:
            word = drawn(labels[-1], scaled(look.label_scale))
            assert all(row.rstrip() in line for row, line in zip(word, lines[-len(word) :], strict=True))
        else:
            assert set(" ".join(labels).upper().split()) <= set(" ".join(lines).split())


def test_letters_grow_with_the_wall() -> None:
    def high(width: int, height: int) -> int:
        content = shown(figures=figures(LABELS[0]))
        return len(digits(content, width, height // 2, WallLook(width, height)))

    sizes = [high(*size) for size in ((40, 10), (80, 24), (120, 40), (200, 60), (500, 120))]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("size", [(120, 40), (200, 60), (500, 120)])
@pytest.mark.parametrize("many", [1, 2, 4])
def test_the_lower_half_of_a_large_wall_is_no_empty_one(size: tuple[int, int], many: int) -> None:
    content = shown(figures=figures(LABELS[0]), rows=rows(many), breach="", breaches=0)
    lines = text_of(content, WallLook(*size)).splitlines()[:-1]
    last = max(number for number, line in enumerate(lines) if line.strip())
    assert last >= size[1] * 0.7, "\n".join(lines)


def test_a_name_is_whole_where_letters_are_larger_than_they_need_to_be() -> None:
    text = text_of(shown(figures=figures(LABELS[0]), rows=rows(2), breach=""), WallLook(200, 60))
    assert any(all(row.rstrip() in text for row in drawn("node-1", size)) for size in LETTERS)


def test_blocks_are_shared_over_the_lines_and_none_is_lost() -> None:
    block: WallLines = [[("x", "")]]
    for room in range(3, 40):
        lines = plain(_spread([block, block, block], room))
        assert lines.count("x") == 3 and len(lines) <= room


def test_days_are_no_zero() -> None:
    """ "1d" in large digits is read from afar."""
    lines = plain(digits(shown(figures=(Figure("1d", "opens", Level.OK),)), 200, 20, WallLook(200, 60)))
    other = plain(digits(shown(figures=(Figure("1D", "opens", Level.OK),)), 200, 20, WallLook(200, 60)))
    assert lines != other


@pytest.mark.parametrize("ascii", [False, True])
def test_that_a_breach_is_new_is_told_whole_at_any_width(ascii: bool) -> None:
    for width, height in SIZES:
        if height < 10:
            continue
        lines = text_of(shown(taken=True), WallLook(width, height, ascii)).splitlines()
        whole = any("NEW BREACH" in line for line in lines)
        for size in LETTERS:
            rows_of = [row.rstrip() for row in drawn("NEW BREACH", size)]
            rows_of = [row.replace("█", "#") for row in rows_of] if ascii else rows_of
            whole = whole or all(any(row in line for line in lines) for row in rows_of)
        assert whole, (width, height)


@pytest.mark.parametrize("size", [(160, 45), (200, 60), (500, 120)])
def test_all_that_asks_for_somebody_is_there_before_digits_are_larger(size: tuple[int, int]) -> None:
    content = shown(figures=figures(LABELS[0]), rows=rows(4), breach="", breaches=0)
    text = text_of(content, WallLook(*size))
    assert "more" not in text and "█" in text


@pytest.mark.parametrize("height", [8, 9, 10, 11, 12, 14])
def test_what_asks_for_somebody_has_its_lines_before_numbers_are_large(height: int) -> None:
    content = shown(figures=figures(LABELS[1]), rows=rows(30), breach="", breaches=0)
    text = text_of(content, WallLook(40, height))
    assert "node-0" in text and "node-1" in text and "more" in text
