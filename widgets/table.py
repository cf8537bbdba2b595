"""A table drawn line by line. It holds keys; all else is asked of the row source for the rows in view.

This file is the table as others use it: rows in, keys and mouse, messages out. ``RowOrder``, ``Cursor``, ``Marks`` and
``PendingRows`` know no Textual and keep what there is to keep; ``TableView`` draws it.

The cursor belongs to an object, not to a line: whatever comes, goes or is sorted, the object under the cursor stays
under it, and where it vanished the cursor stays near.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from textual import events
from textual.message import Message
from textual.timer import Timer

from tfdash.views.filter import NO_FILTER, Filter
from tfdash.views.table import WORST, Column, RowSource
from widgets.columns import furthest
from widgets.cursor import CursorPlace
from widgets.pending import PendingRows
from widgets.picker import Picker, PickerItem
from widgets.rowpaint import column_at
from widgets.tablekeys import TABLE_BINDINGS
from widgets.tableview import FRAME, HEAD, TableView


class Table(TableView):
    """Rows of ``source`` under ``columns``; see ``set_rows``, ``apply``, ``set_filter``, ``sort_by``."""

    BINDINGS = TABLE_BINDINGS

    class Said(Message):
        """What all messages of a table have."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> Table:
            return self.table

    class RowHighlighted(Said):
        """The cursor stands on another object; None where there is no row."""

        def __init__(self, table: Table, key: Any) -> None:
            super().__init__(table)
            self.key = key

    class RowActivated(RowHighlighted):
        """Enter or a double click."""

    class SortChanged(Said):
        def __init__(self, table: Table, column: str, descending: bool) -> None:
            super().__init__(table)
            self.column, self.descending = column, descending

    class MarksChanged(Said):
        def __init__(self, table: Table, marks: frozenset[Any]) -> None:
            super().__init__(table)
            self.marks = marks

    class FilterCleared(Said):
        """Escape took the filter away; the prompt should know."""

    def __init__(
        self,
        columns: Sequence[Column],
        source: RowSource,
        *,
        title: str = "",
        scope: str = "",
        noun: str = "rows",
        sort: str = "",
        descending: bool = False,
        at_top: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(
            columns,
            source,
            title=title,
            scope=scope,
            noun=noun,
            sort=sort,
            descending=descending,
            at_top=at_top,
            id=id,
            classes=classes,
        )
        self._pending = PendingRows()
        self._order_before = (sort, descending)  # while the worst stand first
        self._frame_timer: Timer | None = None
        self._flushed_at = float("-inf")

    # -- what it shows ------------------------------------------------------------------------------------------

    @property
    def marks(self) -> frozenset[Any]:
        return frozenset(self._marks.keys)

    @property
    def chosen_keys(self) -> list[Any]:
        """What an action is about: the marked rows that are shown, in their order, or the one under the cursor.

        Rows that are marked and filtered out are not among them: nothing is done to what nobody sees.
        """
        if self._marks.keys and (marked := self._marks.shown()):
            return marked
        return [] if self._cursor.key is None else [self._cursor.key]

    def set_source(
        self, columns: Sequence[Column], source: RowSource, *, sort: str = "", descending: bool = False
    ) -> None:
        """Show something else. Marks, filter, cursor and scroll begin anew; ``set_rows`` follows."""
        self._begin(columns, source, sort, descending)
        self._forget()
        self._fit_columns()
        self._resize()
        self.jump(0)

    # -- rows ---------------------------------------------------------------------------------------------------

    def set_rows(self, keys: Iterable[Hashable], presorted: bool = False) -> None:
        """All rows anew. Cursor, marks and scroll are kept by key.

        ``presorted``: the keys come in ascending order of the sorting column, so that nothing is done per row.
        """
        before = self._place()
        self._forget()
        self._order.reset(keys, presorted)
        self._fit_columns()
        if self._marks.drop_missing():
            self._marks_changed()
        self._settle(before)
        self.refresh()

    def apply(
        self,
        changed: Iterable[Hashable] = (),
        removed: Iterable[Hashable] = (),
        added: Iterable[Hashable] = (),
    ) -> None:
        """Rows that changed, went or came. Drawn at most every ``FRAME`` seconds, and only the lines that differ."""
        self._pending.gather(changed, removed, added)
        if not self._pending or self._frame_timer is not None:
            return
        wait = self._flushed_at + FRAME - self._time()
        if wait <= 0 or not self.is_mounted:
            self.flush()
        else:
            self._frame_timer = self.set_timer(wait, self.flush)

    def flush(self) -> None:
        """Show now what ``apply`` has gathered."""
        if self._frame_timer is not None:
            self._frame_timer.stop()
            self._frame_timer = None
        if not self._pending:
            return
        pending, self._pending = self._pending, PendingRows()
        changed, removed = pending.changed, pending.removed
        self._flushed_at = self._time()
        before, seen, laid = self._place(), self.keys_in_view(), self._fit
        self._order.apply(changed, removed, pending.added)
        if removed or pending.added:
            self._fit_columns()
        for key in removed:
            self._drawn.pop(key, None)
            self._bright.pop(key, None)
        if self._marks.drop(removed):
            self._marks_changed()
        self._settle(before)
        now_seen = self.keys_in_view()
        if len(now_seen) != len(seen) or self._fit != laid or (seen != now_seen and self._naming.cuts):
            self.refresh()
        else:
            lines = [0]
            for line, (old, new) in enumerate(zip(seen, now_seen, strict=True), HEAD):
                if old != new or (new in changed and self._differs(new)):
                    lines.append(line)
            self.repaint_lines(*lines)
        for key in changed:
            if key not in self._bright:
                self._drawn_unseen(key, now_seen)

    def _forget(self) -> None:
        self._pending = PendingRows()
        self._drawn.clear()
        self._bright.clear()

    # -- filter and order ---------------------------------------------------------------------------------------

    def set_filter(self, new: Filter) -> None:
        """Show the rows that pass. The object under the cursor stays if it passes; clearing goes back to it."""
        wanted = self._cursor.before_filter(new.empty)
        self._order.set_filter(new)
        self._resize()
        self._stand(self._cursor.under_filter(wanted))
        self._show_cursor(middle=True)
        self.refresh()

    def clear_filter(self) -> None:
        self.only_not_ok(False)
        self.set_filter(NO_FILTER)

    def only_not_ok(self, wanted: bool) -> None:
        """Of the rows that pass, those alone that say something is wrong, the worst first; or all, in the order before."""
        if wanted is self.filter.not_ok:
            return
        if wanted:
            self._order_before = self.sorted_by
            self._order.sort(WORST, False)
        elif self._order.column == WORST:
            self._order.sort(*self._order_before)
        self.set_filter(self.filter.only_not_ok(wanted))

    def sort_by(self, column: str, descending: bool | None = None) -> None:
        """Order by a column; the same column again reverses it. Unknown or unsortable columns are ignored."""
        found = next((c for c in self.columns if c.key == column and c.sort != "none"), None)
        if found is None:
            return
        if descending is None:
            same = column == self._order.column
            descending = not self._order.descending if same else found.sort == "descending"
        before, at_top = self._place(), self._cursor.row == 0
        self._order.sort(column, descending)
        if at_top:  # who stands at the top wants to see the first of the new order
            self._stand(0)
        else:
            self._settle(before, keep_line=False)
        self.refresh()
        self.post_message(self.SortChanged(self, column, descending))

    # -- cursor -------------------------------------------------------------------------------------------------

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on an object; False where it is not shown."""
        row = self._order.find(key)
        if row is None:
            return False
        self._go(row)
        return True

    def seek(self, key: Hashable) -> None:
        """Put the cursor on an object now, or as soon as it is among the rows; a person who moves it ends that."""
        if not self.move_to(key):
            self._cursor.sought = key

    @property
    def seeking(self) -> bool:
        """Whether the object that was last sought is still not shown."""
        return self._cursor.sought is not None

    def _go(self, row: int) -> None:
        """A person moves the cursor."""
        self._cursor.moved()
        old = self._cursor.row
        if self._stand(row) or old != self._cursor.row:
            top = self.scroll_offset.y
            self.repaint_lines(HEAD + old - top, HEAD + self._cursor.row - top)
        self._show_cursor()

    def _stand(self, row: int) -> bool:
        """Put the cursor on a row, and tell where its object changed; says whether it did."""
        changed = self._cursor.stand(row)
        if changed:
            self.post_message(self.RowHighlighted(self, self._cursor.key))
        return changed

    def _shape_changed(self) -> None:
        self._show_cursor()

    def _show_cursor(self, middle: bool = False) -> None:
        row, top, body = self._cursor.row, self.scroll_offset.y, self._body
        if body <= 0:
            return
        if row < top:
            self.jump(row - (body // 3 if middle else 0))
        elif row >= top + body:
            self.jump(row - body + 1 + (body // 3 if middle else 0))

    def _place(self) -> CursorPlace:
        return self._cursor.place(self.scroll_offset.y)

    def _settle(self, before: CursorPlace, keep_line: bool = True) -> None:
        """Find the cursor again after the rows changed, and keep the picture still."""
        self._resize()
        self._stand(self._cursor.again(before, filling=bool(self._progress)))
        if keep_line and before.row - before.line > 0 and 0 <= before.line < self._body:
            self.jump(max(self._cursor.row - before.line, 0))
        self._show_cursor(middle=not keep_line)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # What is scrolled by the wheel takes the cursor along: a key never acts on what is not on the screen.
        row, top, body = self._cursor.row, round(new_value), self._body
        if body and len(self._order) and not top <= row < top + body:
            self._stand(min(max(row, top), top + body - 1))

    # -- actions ------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "sort_by":
            return any(c.key == parameters[0] and c.sort != "none" for c in self.columns)
        if action == "clear_filter":  # without a filter Escape is the screen's: back
            return not self._order.filter.empty
        if action == "open":
            return self._cursor.key is not None
        return True

    def action_clear_filter(self) -> None:
        self.clear_filter()
        self.post_message(self.FilterCleared(self))

    def action_move(self, by: int) -> None:
        self._go(self._cursor.row + by)

    def action_page(self, by: int) -> None:
        self._go(self._cursor.row + by * max(self._body - 1, 1))

    def action_edge(self, last: bool) -> None:
        self._go(len(self._order) - 1 if last else 0)

    def action_open(self) -> None:
        if self._cursor.key is not None:
            self.post_message(self.RowActivated(self, self._cursor.key))

    def action_columns(self, by: int) -> None:
        """Scroll the columns after the first."""
        skip = min(max(self._skip + by, 0), furthest(self._naming.columns, self._room))
        if skip != self._skip:
            self._skip = skip
            self.refresh()

    def action_sort_by(self, column: str) -> None:
        self.sort_by(column)

    def action_sort_by_next(self, by: int) -> None:
        keys = [c.key for c in self.columns if c.sort != "none"]
        if keys:
            at = keys.index(self._order.column) if self._order.column in keys else -1 if by > 0 else 0
            self.sort_by(keys[(at + by) % len(keys)])

    def action_pick_sort(self) -> None:
        """Choose among all columns, those that are out of view too."""
        choices = [PickerItem(c.key, c.title) for c in self.columns if c.sort != "none"]

        def chosen(key: str | None) -> None:
            if key is not None:
                self.sort_by(key)

        self.app.push_screen(Picker("Sort by; the same again reverses", choices, self._order.column), chosen)

    def action_reverse(self) -> None:
        self.sort_by(self._order.column, not self._order.descending)

    def action_mark(self) -> None:
        if self._cursor.key is None:
            return
        self._marks.begin(self._cursor.key)
        self._toggle_mark()
        self._go(self._cursor.row + 1)

    def action_mark_range(self) -> None:
        """Mark from the row last marked to the cursor."""
        if self._cursor.key is not None:
            self._marks.extend(self._cursor.key, self._cursor.row)
            self._marks_changed()

    def action_unmark(self) -> None:
        if self._marks.clear():
            self._marks_changed()

    def _toggle_mark(self) -> None:
        self._marks.toggle(self._cursor.key)
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged(self, self.marks))

    def on_click(self, event: events.Click) -> None:
        if event.y == 1 and (column := column_at(self.columns, self._fit, event.x)) is not None:
            self.sort_by(column.key)
        row = self.scroll_offset.y + event.y - HEAD
        if event.y < HEAD or row >= len(self._order):
            return
        self._go(row)
        if event.ctrl:
            self._toggle_mark()
        elif event.chain == 2:
            self.action_open()
