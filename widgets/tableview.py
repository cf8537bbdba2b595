"""The picture of a table: title, heads, the rows in view, and what is bright in them. The keys come with ``Table``."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from time import monotonic
from typing import Any, ClassVar, NamedTuple

from textual.geometry import Region, Size
from textual.strip import Strip
from textual.timer import Timer

from tfdash.views.filter import Filter
from tfdash.views.says import count
from tfdash.views.table import Cell, Column, RowSource
from widgets.cells import fitted, literal, paragraph
from widgets.columns import Fit, furthest
from widgets.cursor import Cursor
from widgets.lineview import LineView
from widgets.marks import Marks
from widgets.naming import Naming
from widgets.order import RowOrder
from widgets.rowpaint import GUTTER, header_strip, row_strip, title_strip
from widgets.textual_private import set_virtual_size

HEAD = 2  # lines above the rows: title, heads of columns
FRAME = 0.22  # seconds at least between two repaints for changes
BRIGHT = 2.0  # seconds for which a changed cell is bright
_REMEMBERED = 400  # rows whose drawing is kept


class _Drawn(NamedTuple):
    """A row as last drawn."""

    version: Hashable
    epoch: int
    cells: Sequence[Cell]
    marks: Sequence[Hashable]


class TableView(LineView):
    """Draws what ``RowOrder`` puts in view; asks the source for those rows alone."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--title",
        "table--count",
        "table--header",
        "table--sorted",
        "table--cursor",
        "table--cursor-blurred",
        "table--cursor-bar",
        "table--mark",
        "table--changed",
    }
    DEFAULT_CSS = """
TableView {
    & > .table--title { color: $tf-bright; text-style: bold; }
    & > .table--count { color: $tf-accent; }
    & > .table--header { color: $tf-dim; background: $tf-bar; }
    & > .table--sorted { color: $tf-bright; text-style: bold; }
    & > .table--cursor { background: $tf-cursor-background; }
    & > .table--cursor-blurred { background: $tf-cursor-blurred-background; }
    & > .table--cursor-bar { color: $tf-accent; }
    & > .table--mark { color: $tf-mark; text-style: bold; }
    & > .table--changed { background: $tf-bright-background; text-style: bold; }
    &:ansi > .table--header { text-style: underline; }
    &:ansi > .table--cursor { color: ansi_default; text-style: reverse; }
    &:nocolor > .table--cursor { text-style: reverse; }
    &:nocolor > .table--changed { text-style: bold underline; }
    &:ansi > .table--changed { text-style: bold underline; }
}
"""

    def __init__(
        self,
        columns: Sequence[Column],
        source: RowSource,
        *,
        title: str,
        scope: str,
        noun: str,
        sort: str,
        descending: bool,
        at_top: bool,
        id: str | None,
        classes: str | None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._at_top = at_top
        self._begin(columns, source, sort, descending)
        self._title, self._scope, self._noun = title, scope, noun
        self._status: tuple[str, str] = ("", "")
        self._progress = ""
        self._empty, self._unread = "", False
        self._drawn: dict[Any, _Drawn] = {}
        self._epoch = 0
        self._bright: dict[Any, dict[int, float]] = {}  # key -> column -> until when (monotonic seconds)
        self._bright_timer: Timer | None = None

    def _begin(self, columns: Sequence[Column], source: RowSource, sort: str, descending: bool) -> None:
        """What belongs to the rows of one source: their order, the cursor, the marks, how far columns are scrolled."""
        self.columns: tuple[Column, ...] = tuple(columns)
        self.source = source
        self._order = RowOrder(source, sort, descending)
        self._cursor, self._marks = Cursor(self._order, self._at_top), Marks(self._order)
        self._naming = Naming()
        self._skip = 0

    # -- what it shows ------------------------------------------------------------------------------------------

    @property
    def cursor_key(self) -> Any:
        """The key of the object under the cursor, as painted; None where there is no row."""
        return self._cursor.key

    @property
    def cursor_row(self) -> int:
        return self._cursor.row

    @property
    def filter(self) -> Filter:
        return self._order.filter

    @property
    def sorted_by(self) -> tuple[str, bool]:
        """The key of the sorting column and whether it descends."""
        return self._order.column, self._order.descending

    @property
    def shown(self) -> int:
        return len(self._order)

    @property
    def total(self) -> int:
        return self._order.total

    @property
    def count_text(self) -> str:
        """``2,000 pods``, under a filter ``20 of 2,000 pods``, while loading the progress."""
        if self._progress and self._order.filter.empty:
            return self._progress
        return count(self.shown, self.total, self._noun, unread=self._unread)

    def keys_in_view(self) -> list[Any]:
        """The keys of the rows on the screen."""
        top = self.scroll_offset.y
        return self._order.slice(top, top + self._body)

    def set_title(self, title: str, scope: str = "", noun: str | None = None) -> None:
        """``Pods(tf-production)``; ``noun`` is the plural of what is counted."""
        told = (title, scope, self._noun if noun is None else noun)
        if told != (self._title, self._scope, self._noun):
            self._title, self._scope, self._noun = told
            self.repaint_lines(0)

    def set_status(self, text: str, token: str = "") -> None:
        """What stands at the right of the title: freshness, the verdict."""
        if (text, token) != self._status:
            self._status = (text, token)
            self.repaint_lines(0)

    def set_progress(self, text: str) -> None:
        """``loading 1,500 of about 10,000 pods`` while a list is under way; "" when it is whole."""
        if text != self._progress:
            self._progress = text
            self.repaint_lines(0) if self._order.total else self.refresh()

    def set_empty(self, text: str, *, unread: bool = False) -> None:
        """Why there is no row: what would be here, why it is not, what to do. ``unread``: then they are not none but unknown."""
        if unread is not self._unread:
            self._unread = unread
            self.refresh()
        if text != self._empty:
            self._empty = text
            if not self._order.total:
                self.refresh()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns of the same rows."""
        self.columns = tuple(columns)
        self._drawn.clear()
        self._bright.clear()
        self._fit_columns()
        self.refresh()

    def touch(self) -> None:
        """Time passed: the rows in view whose text thereby changed are drawn anew."""
        self._epoch += 1
        lines = []
        for line, key in enumerate(self.keys_in_view(), HEAD):
            drawn = self._drawn.get(key)
            if drawn is None or drawn.version != self.source.version(key):  # changed, and not told of yet
                if self._differs(key):
                    lines.append(line)
                continue
            cells = self.source.cells(key)
            if tuple(cells) != tuple(drawn.cells):
                lines.append(line)
            self._drawn[key] = drawn._replace(cells=cells, epoch=self._epoch)  # the drawing finds them made
        self.repaint_lines(*lines)

    def _drawn_unseen(self, key: Any, in_view: list[Any]) -> None:
        """A row that changed out of sight is not bright when it comes into sight."""
        if key in self._drawn and key not in in_view:
            del self._drawn[key]

    def _differs(self, key: Any) -> bool:
        """Whether a row in view must be drawn anew; notes what it is now, and which of its cells are to be bright."""
        before, now = self._drawn.get(key), self._taken(key)
        if before is None:
            return True
        if len(now.marks) == len(before.marks):
            pairs = zip(before.marks, now.marks, strict=True)
            if cells := {i for i, (old, new) in enumerate(pairs) if old != new}:
                self._brighten(key, cells)
                return True
        return tuple(now.cells) != tuple(before.cells)

    def _taken(self, key: Any) -> _Drawn:
        """The row as it is now, kept for its drawing."""
        if len(self._drawn) > _REMEMBERED:
            self._drawn.clear()
        cells, marks = self.source.cells(key), tuple(self.source.marks(key))
        self._drawn[key] = taken = _Drawn(self.source.version(key), self._epoch, cells, marks)
        return taken

    # -- brightness: one timer, armed only while something is bright --------------------------------------------

    def _time(self) -> float:
        """Monotonic seconds."""
        return monotonic()

    def _brighten(self, key: Any, cells: set[int]) -> None:
        until = self._time() + BRIGHT
        self._bright.setdefault(key, {}).update(dict.fromkeys(cells, until))
        if self._bright_timer is None:
            self._bright_timer = self.set_timer(BRIGHT, self._fade)

    def _fade(self) -> None:
        now = self._time() + 0.01
        self._bright_timer = None
        faded = []
        for key, cells in list(self._bright.items()):
            left = {index: until for index, until in cells.items() if until > now}
            if len(left) < len(cells):
                faded.append(key)
            if left:
                self._bright[key] = left
            else:
                del self._bright[key]
        self.repaint_lines(*(line for line, key in enumerate(self.keys_in_view(), HEAD) if key in faded))
        if self._bright:
            soonest = min(until for cells in self._bright.values() for until in cells.values())
            self._bright_timer = self.set_timer(max(soonest - now, FRAME), self._fade)

    # -- drawing ------------------------------------------------------------------------------------------------

    @property
    def _body(self) -> int:
        return max(self.size.height - HEAD, 0)

    def _resize(self) -> None:
        size = Size(self.size.width, len(self._order) + HEAD)
        set_virtual_size(self, size)

    @property
    def _room(self) -> int:
        """What the columns have: the scroll bar's cell is kept free, whether it is there or not."""
        return max(self.size.width - self.styles.scrollbar_size_vertical - GUTTER, 1)

    @property
    def _fit(self) -> Fit:
        """The columns as they stand at the present width."""
        if not self._naming.laid_for(self._room):
            self._naming.lay(self.columns, self._order.every, self._room, self.source.cells)
            self._skip = min(self._skip, furthest(self._naming.columns, self._room))
        return self._naming.fit(self._skip)

    def _fit_columns(self) -> None:
        """Lay the columns anew."""
        self._naming.forget()

    def on_resize(self) -> None:
        self._fit_columns()
        self._resize()
        self._shape_changed()

    def _shape_changed(self) -> None:
        """The size of the widget changed; for subclasses that keep something in view."""

    def on_focus(self) -> None:
        self.refresh(self._cursor_region())

    def on_blur(self) -> None:
        self.refresh(self._cursor_region())

    def _cursor_region(self) -> Region:
        return Region(0, max(HEAD + self._cursor.row - self.scroll_offset.y, 0), self.size.width, 1)

    def render_line(self, y: int) -> Strip:
        if y == 0:
            return self._title_strip()
        if y == 1:
            return header_strip(self, self.columns, self._fit, *self.sorted_by, self._columns_hint())
        row = self.scroll_offset.y + y - HEAD
        if row < len(self._order):
            return self._row_strip(row)
        if not len(self._order):
            return self._nothing_strip(y - HEAD)
        return self.line("")

    def _row_strip(self, row: int) -> Strip:
        key = self._order.at(row)
        drawn = self._drawn.get(key)
        if drawn is None or drawn.version != self.source.version(key) or drawn.epoch != self._epoch:
            drawn = self._taken(key)
        state = ""
        if row == self._cursor.row:
            state = "table--cursor" if self.has_focus else "table--cursor-blurred"
        bright = self._bright.get(key)
        short = self._naming.short(self.keys_in_view(), self._skip)
        return row_strip(
            self,
            self.columns,
            self._fit,
            short(drawn.cells),
            state=state,
            marked=key in self._marks.keys,
            bright=frozenset(bright) if bright else frozenset(),
        )

    def _title_strip(self) -> Strip:
        scope = f"({literal(self._scope)})" if self._scope else ""
        pieces = [
            (" ", ""),
            (literal(self._title) + scope, "table--title"),
            (f" {literal(self.count_text)}", "table--count"),
        ]
        if not self._order.filter.empty:
            pieces.append((literal(self._order.filter.told), "tok-accent"))
            if self._progress:
                pieces.append((f"  {literal(self._progress)}", "tok-dim"))
        if self._marks.keys:
            pieces.append((f"  {self._marks.told()}", "table--mark"))
        return title_strip(self, pieces, *self._status)

    def _columns_hint(self) -> str:
        left = f"← {self._fit.left} " if self._fit.left else ""
        right = f"{self._fit.right} more →" if self._fit.right else ""
        return left + right

    def _nothing_strip(self, line: int) -> Strip:
        """No row: why. A list that is still coming never looks like an empty one."""
        if self._order.total:
            wanted = self._order.filter
            among = f"among {self._order.total:,} {self._noun}"
            told = f"No match for /{wanted.text} {among}."
            if wanted.not_ok:
                told = f"None says that something is wrong{f' and matches /{wanted.text}' if wanted.text else ''}, {among}. z shows all."
            name = "tok-dim"
        elif self._progress or not self._empty:
            told, name = f"◐ {self._progress or f'loading {self._noun}'} …", "tok-moving"
        else:
            told, name = self._empty, "tok-dim"
        lines = paragraph(literal(told), max(self.size.width - 4, 8))
        text = lines[line - 1] if 1 <= line <= len(lines) else ""
        return self.line(f"  {fitted(text, max(self.size.width - 4, 8))}", name)
