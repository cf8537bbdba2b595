"""Columns that the server brings: which, how wide, how written, how sorted."""

from __future__ import annotations

from typing import Any

import pytest

from tfdash.model.kube import PrintedRow, TableColumn, Unreadable
from tfdash.model.subject import ClusterRef
from tfdash.views.kinds.base import Context, Field
from tfdash.views.kinds.discovered import columns_of, sortable

NOW = 1_700_000_000.0
CONTEXT = Context(NOW, ClusterRef("p", "c"), "widgets.x.io")
SIZE, OWNER, AGE = (
    TableColumn("Size", "integer"),
    TableColumn("Owner", priority=1),
    TableColumn("Age", "date", ages=True),
)


def row(name: str, columns: tuple[TableColumn, ...], *cells: Any) -> PrintedRow:
    return PrintedRow(namespace="a", name=name, created=NOW - 60, columns=columns, cells=cells)


def by_title(*rows: Any) -> dict[str, Field]:
    return {f.title: f for f in columns_of(rows)}


def test_without_rows_or_columns_name_and_age_are_known() -> None:
    assert list(by_title()) == list(by_title(row("a", ()))) == ["NAME", "AGE"]


def test_the_columns_are_the_servers_in_its_order_the_wide_ones_dropped_first() -> None:
    fields = by_title(row("a", (SIZE, OWNER, AGE), 3, "me", NOW - 60))
    assert {t: f.priority for t, f in fields.items()} == {"NAME": 0, "SIZE": 2, "OWNER": 11, "AGE": 1}
    assert [f.text(row("a", (SIZE, OWNER, AGE), 3, "me", NOW - 60), CONTEXT) for f in fields.values()] == [
        "a",
        "3",
        "me",
        "60s",
    ]


def test_two_layouts_are_read_by_name_and_a_row_without_one_has_its_age() -> None:
    old, new, bare = (
        row("a", (SIZE, AGE), 3, NOW - 60),
        row("b", (OWNER, SIZE, AGE), "me", 4, NOW - 60),
        row("c", ()),
    )
    fields = by_title(old, new, bare)
    assert [[f.text(r, CONTEXT) for f in fields.values()] for r in (old, new, bare)] == [
        ["a", "3", "60s", ""],
        ["b", "4", "60s", "me"],
        ["c", "", "60s", ""],
    ]


def test_names_of_columns_never_meet_each_other_nor_ours() -> None:
    columns = tuple(
        TableColumn(n) for n in ("Namespace", "Cluster", "Kind", "Name", "X", "X", "x", "%", "Age")
    )
    fields = columns_of([row("a", columns, *map(str, range(9)))])
    assert len({f.id for f in fields}) == 10
    assert not {f.id for f in fields[1:]} & {"namespace", "cluster", "kind", "name"}
    assert [f.text(row("a", columns, *map(str, range(9))), CONTEXT) for f in fields] == [
        "a",
        *map(str, range(9)),
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (3, "3"),
        (2.0, "2"),
        (2.5, "2.5"),
        ("two\nlines", "two..."),
        ("[b]bold", "[b]bold"),
        ("\x1b[31mred", "red"),
    ],
)
def test_cells_are_written_as_kubectl_does_and_safe(cell: Any, text: str) -> None:
    obj = row("a", (TableColumn("X"),), cell)
    assert "\x1b" not in by_title(obj)["X"].text(obj, CONTEXT)
    assert by_title(obj)["X"].text(obj, CONTEXT).endswith(text)


def test_numbers_sort_as_numbers_none_first() -> None:
    rows = [row(str(n), (SIZE,), n) for n in (10, 9, None, 2.5, 100)]
    size = by_title(*rows)["SIZE"]
    assert [r.cells[0] for r in sorted(rows, key=lambda r: size.sort_value(r, CONTEXT))] == [
        None,
        2.5,
        9,
        10,
        100,
    ]
    assert size.right


def test_quantities_and_numbers_in_words_sort_by_value() -> None:
    texts = ["node-10", "10Gi", "node-2", "900Mi", "9Gi", "", "500m", "2"]
    assert sorted(texts, key=sortable) == ["", "500m", "2", "900Mi", "9Gi", "10Gi", "node-2", "node-10"]


@pytest.mark.parametrize(
    "cells",
    [
        (None, "30s", "5m", "3h", "2d4h"),
        ("500ms", "1.5s", "90s", "1h0m0s", "2160h0m0s"),  # as Go writes them
        ("9", "10", "5m"),  # not all of them: quantities, by which 5m is five thousandths
    ],
)
def test_a_column_of_durations_alone_sorts_by_how_long(cells: tuple[str | None, ...]) -> None:
    rows = [row(str(n), (TableColumn("Renew"),), cell) for n, cell in enumerate(cells)]
    renew = by_title(*rows)["RENEW"]
    found = [r.cells[0] for r in sorted(reversed(rows), key=lambda r: renew.sort_value(r, CONTEXT))]
    assert found == (["5m", "9", "10"] if "9" in cells else list(cells))


class Hashed(tuple[TableColumn, ...]):
    """A layout that counts how often its hash is asked for, which costs as much as it has columns."""

    asked = 0

    def __hash__(self) -> int:
        Hashed.asked += 1
        return super().__hash__()


def test_thousands_of_columns_are_not_hashed_for_each_cell() -> None:
    layout = Hashed(TableColumn(f"c{n}") for n in range(300))
    rows = [row(str(n), layout, *(f"v{m}" for m in range(300))) for n in range(20)]
    fields = columns_of(rows)
    assert fields[-1].text(rows[3], CONTEXT) == "v299" and len(fields) == 301
    assert [f.sort_value(rows[0], CONTEXT) for f in fields[1:3]] == [sortable("v0"), sortable("v1")]
    assert Hashed.asked <= 2


def test_ages_grow_and_sort_youngest_first_and_a_time_never_set_is_said() -> None:
    young, old, never = (
        row(n, (AGE,), t) for n, t in (("y", NOW - 5), ("o", NOW - 9000), ("n", "<unknown>"))
    )
    age = by_title(young, old, never)["AGE"]
    later = Context(NOW + 60, CONTEXT.cluster, CONTEXT.kind)
    assert [age.text(r, later) for r in (young, old, never)] == ["65s", "151m", "<unknown>"]
    assert sorted((old, young), key=lambda r: age.sort_value(r, CONTEXT)) == [young, old]
    assert (age.typed(young, CONTEXT), age.typed(never, CONTEXT)) == (NOW - 5, None)


def test_an_unreadable_row_says_so_under_any_columns() -> None:
    odd = Unreadable(namespace="a", name="odd", kind="Widget", cells=(), field="metadata.labels: no")
    fields = by_title(odd, row("a", (SIZE, OWNER, AGE), 3, "me", NOW))
    assert fields["NAME"].text(odd, CONTEXT) == "odd  ? unreadable: metadata.labels: no"
    for f in fields.values():
        sorted([odd, row("a", (SIZE, OWNER, AGE), 3, "me", NOW)], key=lambda o, f=f: f.sort_value(o, CONTEXT))
