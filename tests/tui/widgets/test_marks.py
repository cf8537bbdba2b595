"""What a table keeps of its rows without being drawn: marks, the cursor's place, changes between two frames."""

from __future__ import annotations

from tests.tui.widgets.rows import Rows
from tfdash.views.filter import NO_FILTER, Filter
from widgets.cursor import Cursor
from widgets.marks import Marks
from widgets.order import RowOrder
from widgets.pending import PendingRows


def order_of(count: int) -> RowOrder:
    rows = Rows(count)
    order = RowOrder(rows, "name")
    order.reset(rows.rows)
    return order


def test_a_range_begins_at_the_row_last_marked_and_else_where_the_cursor_is() -> None:
    order = order_of(10)
    marks = Marks(order)
    marks.extend("pod-00004", 4)
    assert marks.shown() == ["pod-00004"]
    marks.extend("pod-00002", 2)
    assert marks.shown() == ["pod-00002", "pod-00003", "pod-00004"]
    order.apply((), ["pod-00002"], ())
    marks.extend("pod-00007", order.find("pod-00007") or 0)  # where the beginning went: this row alone
    assert "pod-00006" not in marks.keys and "pod-00007" in marks.keys


def test_marks_say_whether_they_changed() -> None:
    marks = Marks(order_of(3))
    assert not marks.clear() and not marks.drop({"pod-00001"}) and not marks.drop_missing()
    marks.toggle("pod-00001")
    marks.toggle("gone")
    assert not marks.drop({"pod-00002"}) and marks.drop_missing()
    assert marks.keys == {"pod-00001"}
    assert marks.drop({"pod-00001", "pod-00002"}) and not marks.keys


def test_marks_hidden_by_a_filter_are_counted_and_not_shown() -> None:
    order = order_of(20)
    marks = Marks(order)
    marks.toggle("pod-00001")
    marks.toggle("pod-00011")
    assert marks.told() == "2 marked"
    order.set_filter(Filter("pod-0001"))
    assert marks.told() == "2 marked, 1 of them hidden"
    assert marks.shown() == ["pod-00011"]


def test_the_cursor_takes_the_nearest_row_that_is_left() -> None:
    order = order_of(10)
    cursor = Cursor(order)
    assert cursor.stand(5) and not cursor.stand(5)
    before = cursor.place(top=3)
    assert (before.row, before.line) == (5, 2)
    order.apply((), ["pod-00005", "pod-00006"], ())
    assert order.at(cursor.again(before, filling=False)) == "pod-00007"
    order.apply((), [f"pod-0000{n}" for n in (7, 8, 9)], ())
    assert order.at(cursor.again(before, filling=False)) == "pod-00004"


def test_while_a_list_fills_up_only_a_cursor_that_was_moved_leaves_the_top() -> None:
    rows = Rows(3)
    order = RowOrder(rows, "name")
    order.reset(rows.rows)
    cursor = Cursor(order)
    cursor.stand(0)
    before = cursor.place(top=0)
    rows.rows["a-first"] = ["Running", 0, "1m"]
    order.apply((), (), ["a-first"])
    assert cursor.again(before, filling=True) == 0
    cursor.moved()
    assert cursor.again(before, filling=True) == 1


def test_where_the_first_row_is_what_matters_a_cursor_that_nobody_moved_stays_on_it() -> None:
    order = order_of(3)
    cursor, other = Cursor(order, at_top=True), Cursor(order)
    cursor.stand(0)
    other.stand(0)
    before = cursor.place(top=0)
    order.reset(["pod-00009", "pod-00000", "pod-00001"], presorted=True)
    assert cursor.again(before, filling=False) == 0 and other.again(before, filling=False) == 1
    cursor.stand(1)
    cursor.moved()
    before = cursor.place(top=0)
    order.reset(["pod-00008", "pod-00009", "pod-00000"], presorted=True)
    assert order.at(cursor.again(before, filling=False)) == "pod-00000"


def test_what_is_sought_is_stood_on_when_it_comes_unless_the_cursor_was_moved() -> None:
    for moved in (False, True):
        order = order_of(3)
        cursor = Cursor(order)
        cursor.stand(0)
        cursor.sought = "pod-00007"
        before = cursor.place(top=0)
        order.apply((), (), ["pod-00005"])
        assert cursor.again(before, filling=True) == 0 and cursor.sought
        if moved:
            cursor.moved()
        order.apply((), (), ["pod-00007"])
        assert order.at(cursor.again(before, filling=True)) == ("pod-00000" if moved else "pod-00007")
        assert cursor.sought is None


def test_what_is_sought_and_filtered_away_is_stood_on_when_the_filter_ends() -> None:
    order = order_of(20)
    order.set_filter(Filter("pod-0001"))
    cursor = Cursor(order)
    cursor.stand(0)
    cursor.sought = "pod-00007"
    wanted = cursor.before_filter(True)
    order.set_filter(NO_FILTER)
    assert order.at(cursor.under_filter(wanted)) == "pod-00007" and cursor.sought is None


def test_clearing_a_filter_goes_back_unless_the_cursor_was_moved() -> None:
    order = order_of(20)
    cursor = Cursor(order)

    def under(new: Filter) -> str:
        wanted = cursor.before_filter(new.empty)
        order.set_filter(new)
        cursor.stand(cursor.under_filter(wanted))
        return str(cursor.key)

    cursor.stand(5)
    assert under(Filter("pod-0001")) == "pod-00010"
    assert under(NO_FILTER) == "pod-00005"
    under(Filter("pod-0001"))
    cursor.moved()
    assert under(NO_FILTER) == "pod-00010"


def test_what_cancels_out_between_two_frames() -> None:
    pending = PendingRows()
    assert not pending
    pending.gather(["changed"], ["gone"], ["came"])
    pending.gather((), ["came", "changed"], ["gone"])
    assert (pending.changed, pending.removed, pending.added) == (set(), {"came", "changed"}, {"gone"})
