"""Tab 5: release windows, blackouts and the dated promises, as a month, a week, an agenda and for the auditor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from screens.frame.acting_screen import ActingScreen
from screens.lists.narrowing import Narrowing
from screens.pages.calendar.promise_rows import PromiseRows
from tfdash.model.dates import Dates
from tfdash.model.maintenance import ItemState
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views.calendar import audit
from tfdash.views.calendar.agenda import LABELS, chosen_lines
from tfdash.views.calendar.cells import WEEKDAYS, legend_lines, month_cell, week_cell, week_need
from tfdash.views.calendar.day import day_lines, nothing_on, told_on
from tfdash.views.calendar.head import (
    BY_ID,
    SECTION,
    VIEWS,
    CalendarView,
    head_line,
    nothing_text,
    span_of,
    view_line,
)
from tfdash.views.calendar.words import date_text, place_text, sign_of
from tfdash.views.sections import behind
from tfdash.views.table import Cell, Line
from tfdash.views.times import local
from widgets.daygrid import DayGrid
from widgets.panel import Divider
from widgets.picker import Picker, PickerItem
from widgets.prose import Prose
from widgets.table import Table

if TYPE_CHECKING:
    from tfdash.playbook.policies import Policies

_BESIDE = 100  # columns from which the chosen day stands beside the days
_GRID = 30  # lines from which the days are what is shown first
_TALL = 22  # lines from which the chosen promise is shown whole
_LEGEND = 4  # lines at most
_FRAME = 10  # lines of header, tabs, crumbs, head, views, legend and footer at 80 columns
_LEAST = 7  # lines of the chosen day, where it stands under the days
_EVERY = 10  # seconds between two looks at what time alone changes
_NOTHING: Mapping[Subject, ItemState] = {}


class CalendarScreen(Narrowing, ActingScreen):
    AUTO_FOCUS = "#grid, #body"
    labels = LABELS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "view(1)", "next view", id="calendar.next", key_display="tab"),
        Binding("shift+tab", "view(-1)", "view before", id="calendar.before", show=False),
        Binding("left_square_bracket", "span(-1)", "before", id="calendar.back", key_display="["),
        Binding("right_square_bracket", "span(1)", "next", id="calendar.forth", key_display="]"),
        Binding("t", "today", "today", id="calendar.today"),
        Binding("pagedown", "scroll_day(1)", "more of the day", id="calendar.day_down", show=False),
        Binding("pageup", "scroll_day(-1)", "back in the day", id="calendar.day_up", show=False),
        Binding("z", "not_ok", "only what is not ok", id="calendar.not_ok", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view: CalendarView = VIEWS[0]
        self._picked = False  # whether a person chose the view
        self._rows = PromiseRows(self.shell_now)
        self._day: date | None = None  # None: today
        self._dates: Dates | None = None
        self._made_of: tuple[Any, ...] = ()
        self._held: tuple[Any, ...] = ()
        self._wanted: Subject | None = None
        self._states: Mapping[Subject, ItemState] = _NOTHING
        self._seconds = 0

    def shell_now(self) -> float:
        return self.shell.now()

    @property
    def crumb(self) -> str:
        return "Calendar"

    def says(self) -> list[Cell]:
        """What its tab counts and other pages show."""
        return behind(self.shell.board.assessment.sections, "calendar", SECTION)

    def body(self) -> ComposeResult:
        yield Prose(id="head", indent=3, most=1)
        yield Prose(id="views", most=1)
        with Container(id="days"):
            yield DayGrid(id="grid")
            yield Prose(id="day", indent=4)
        yield Table(self._rows.columns, self._rows, noun="promises", sort="state", id="body")
        yield Divider(id="chosen-rule")
        yield Prose(id="chosen", indent=3, most=6)
        yield Prose(id="legend", most=_LEGEND, packed=True)

    # -- what is shown ------------------------------------------------------------------------------------------

    @property
    def _policies(self) -> Policies | None:
        return self.shell.context.policies

    @property
    def _today(self) -> date:
        return local(self.shell.now(), self.shell.zone).date()

    @property
    def chosen_day(self) -> date:
        return self._day or self._today

    def catch_up(self) -> None:
        self._show()

    def take(self, update: Update) -> None:
        self._show()

    def tick(self) -> None:
        self._seconds += 1
        if not self._seconds % _EVERY:
            self._show()

    def on_resize(self) -> None:
        self._show()

    def point_to(self, view_id: str, filter_text: str = "", sort: str = "") -> None:
        if view_id in BY_ID:
            self._choose(BY_ID[view_id])

    def stand_on(self, subject: Subject) -> None:
        """Its row of the agenda."""
        self._wanted = subject._replace(uid="")
        if self.is_mounted and self.app.screen is self:
            self._choose(BY_ID["agenda"])
        else:
            self.view, self._picked = BY_ID["agenda"], True

    def _choose(self, view: CalendarView) -> None:
        self.view, self._picked = view, True
        if self.is_mounted:
            self._show()
            self.set_focus(self.query_one("#grid" if view.grid else "#body"))
            self.refresh_bindings()

    def _expand(self) -> Dates | None:
        """The days and promises that are shown; made anew only where what it rests on is another."""
        policies, states = self._policies, self.shell.board.assessment.maintenance
        if policies is None:
            return None
        first, last = span_of(self.view, self.chosen_day)
        picture = self.shell.board.picture
        record, feeds = picture.store_state.maintenance, picture.signals.feeds
        made_of = (id(policies), id(states), id(record), id(feeds), first, last, self._today)
        if self._dates is None or made_of != self._made_of:
            from tfdash.playbook.maintenance.days import dates_of  # nothing was judged before the first frame

            fed = policies.fed(feeds)
            self._dates = dates_of(fed, states or _NOTHING, record, first, last, self.shell.now())
            self._made_of, self._held = (
                made_of,
                (states, record, feeds),
            )  # held: another would take their place
        return self._dates

    def _show(self) -> None:
        if not self.is_mounted:
            return
        if not self._picked:
            roomy = self.size.width >= _BESIDE and self.tall >= _GRID
            self.view = BY_ID["month" if roomy else "agenda"]
        dates, grid = self._expand(), self.view.grid
        self._show_rows(dates)
        for name, there in (("#days", grid), ("#body", not grid), ("#legend", self.view.id != "agenda")):
            self.query_one(name).display = there
        head = head_line(self.shell.board.assessment.sections)
        states = dates.states if dates is not None else _NOTHING
        if self.view.id == "audit" and dates is not None:
            head = audit.head_line(states.values(), self._rows.months)
        self.query_one("#head", Prose).show([head])
        self._states = states
        self._show_views()
        if dates is not None:
            self._show_legend(dates)
            if grid:
                self._show_days(dates)
        self._show_chosen()
        wanted, other = (
            self.query_one(name) for name in (("#grid", "#body") if grid else ("#body", "#grid"))
        )
        if self.focused in (None, other):  # whoever is typing goes on
            self.set_focus(wanted)

    def _show_views(self) -> None:
        table = self.table
        narrowed = f"{table.count_text}{table.filter.told}" if not table.filter.empty else ""
        line = view_line(self.view, self._states.values(), self.chosen_day, self.size.width, narrowed)
        self.query_one("#views", Prose).show([line])

    def _show_legend(self, dates: Dates) -> None:
        lines = legend_lines(dates) if self.view.grid else audit.LEGEND
        self.query_one("#legend", Prose).show(lines, _LEGEND)

    def _show_rows(self, dates: Dates | None) -> None:
        table = self.table
        columns = self._rows.columns
        now = self._rows.take(dates, self.view.id == "audit", self.size.width)
        if [(c.key, c.title, c.width) for c in columns] != [
            (c.key, c.title, c.width) for c in self._rows.columns
        ]:
            kept = table.filter
            table.set_source(self._rows.columns, self._rows, sort="state")
            table.set_filter(kept)
            now = True
        judged = self.shell.board.assessment.maintenance is not None
        table.set_empty(nothing_text(dates if judged else None))
        if now:
            table.set_rows(list(self._rows.all), presorted=True)
        else:
            table.apply(changed=list(self._rows.all))
        if self._wanted is not None and self._wanted in self._rows.all:
            table.move_to(self._wanted)
            self._wanted = None

    def _show_days(self, dates: Dates) -> None:
        """Of the promises that pass the filter."""
        narrow = self.size.width < _BESIDE
        self.query_one("#days").set_class(narrow, "-narrow")
        dates = self._narrowed(dates)
        week = self.view.id == "week"
        grid = self.query_one("#grid", DayGrid)
        weeks = len(dates.days) // 7
        if narrow:
            room = max(self.tall - _FRAME - _LEAST, 7)
            lines = max((room - 1) // (7 if week else weeks), 1)
            grid.styles.height = lines * 7 if week else lines * weeks + 1
        else:
            grid.styles.height = "1fr"

        def write(day: date, width: int, height: int) -> Sequence[Line]:
            found = dates.on(day)
            if found is None:
                return ()
            if week:
                return week_cell(dates, found, width, height)
            return month_cell(dates, found, self.chosen_day, width, height)

        days = [day.date for day in dates.days]
        needs = [week_need(dates, day) for day in dates.days] if week else ()
        grid.show(days, self.chosen_day, 1 if week else 7, () if week else WEEKDAYS, write, needs)
        chosen = dates.on(self.chosen_day)
        if chosen is not None:
            whole = self.table.filter.empty
            lines_of_day = day_lines(dates, chosen, self.shell.board.assessment.calendar, whole=whole)
            self.query_one("#day", Prose).show(lines_of_day)

    def _narrowed(self, dates: Dates) -> Dates:
        chosen = self.table.filter
        if chosen.empty:
            return dates
        from msgspec.structs import replace

        passing = set(chosen.select(list(self._rows.all), self._rows))
        days = tuple(replace(d, marks=tuple(m for m in d.marks if m.subject in passing)) for d in dates.days)
        return replace(dates, days=days)

    def _show_chosen(self) -> None:
        row = None if self.view.grid else self._rows.all.get(self.table.cursor_key)
        there = row is not None and self.tall >= _TALL
        for name in ("#chosen-rule", "#chosen"):
            self.query_one(name).display = there
        if row is not None and there and self._dates is not None:
            self.query_one("#chosen-rule", Divider).set_text(f"{row.title} · {place_text(row.subject)}")
            self.query_one("#chosen", Prose).show(chosen_lines(row, self._dates.zone))

    def narrowed(self) -> None:
        self._show_views()
        if self.view.grid and self._dates is not None:
            self._show_days(self._dates)
        self._show_chosen()

    # -- keys ---------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("span", "today", "scroll_day"):
            return self.view.grid
        return super().check_action(action, parameters)

    def action_view(self, by: int) -> None:
        self._choose(VIEWS[(VIEWS.index(self.view) + by) % len(VIEWS)])

    def action_span(self, by: int) -> None:
        """A week, or a month: the same day of it, or its last."""
        day = self.chosen_day
        try:
            if self.view.id == "week":
                self._go(day + timedelta(days=7 * by))
                return
            month = day.year * 12 + day.month - 1 + by
            first = date(month // 12, month % 12 + 1, 1)
            last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
            self._go(min(first + timedelta(days=day.day - 1), last))
        except (ValueError, OverflowError):
            return  # the calendar ends there

    def action_scroll_day(self, way: int) -> None:
        """What the chosen day has no room for."""
        day = self.query_one("#day", Prose)
        day.scroll_relative(y=way * max(day.size.height - 1, 1), animate=False)

    def action_today(self) -> None:
        self._day = None
        self._show()

    def _go(self, day: date) -> None:
        if date.min.year < day.year < date.max.year:  # a month has days of those beside it
            self._day = day
            self._show()
            self.query_one("#day", Prose).scroll_home(animate=False)

    def on_day_grid_moved(self, event: DayGrid.Moved) -> None:
        if not isinstance(event, DayGrid.Opened):
            self._go(event.day)

    def on_day_grid_opened(self, event: DayGrid.Opened) -> None:
        """The promise that is dated on that day; of several the one that is chosen."""
        dates = self._narrowed(self._dates) if self._dates is not None else None
        day = dates.on(event.day) if dates is not None else None
        marks = told_on(dates, day) if dates is not None and day is not None else ()
        if dates is None or not marks:
            self.shell.tell(f"{nothing_on(self.table.filter.empty)} {date_text(event.day)}")
            return
        found = list(dict.fromkeys(m.subject for m in marks))
        if len(found) == 1:
            self._open(found[0])
            return
        states = dates.states
        signs = {m.subject: sign_of(m.sort, states.get(m.subject)) for m in reversed(marks)}
        choices = [
            PickerItem(
                str(place),
                f"{safe(states[at].title if at in states else at.name)} · {place_text(at)}",
                f"{signs[at].glyph} {signs[at].word}".strip(),
            )
            for place, at in enumerate(found)
        ]

        def chosen(key: str | None) -> None:
            if key is not None:
                self._open(found[int(key)])

        self.app.push_screen(Picker(date_text(event.day), choices), chosen)

    def _open(self, subject: Subject) -> None:
        self.shell.open("promise", subject)

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        self._show_chosen()

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        if event.key in self._rows.all:
            self._open(event.key)

    def acting_on(self) -> list[Subject]:
        """The marked rows, or the one under the cursor; on days nothing is under it. A promise is what it is called."""
        if self.view.grid or not self.is_mounted:
            return []
        return [key._replace(uid=key.name) for key in self.table.chosen_keys if key in self._rows.all]
