"""Tab 1: what asks for a person, worst first, each leading to its object; above it the playbook's sections, below what is not read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.app import ComposeResult

from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from screens.registry import page_id
from tfdash.model.action import Offer
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import says
from tfdash.views import state as states
from tfdash.views.age import short_age
from tfdash.views.certificates import to_restart
from tfdash.views.found import FoundRow, found_rows, gravest_first, where
from tfdash.views.scope import Restriction
from tfdash.views.sections import next_line, section_lines
from tfdash.views.sources import SourceRow, source_rows
from tfdash.views.table import Cell, Column, Line
from widgets.panel import Divider, Lines, Piece, PieceLine
from widgets.prose import Prose
from widgets.table import Table
from widgets.workers import begin

_NOTHING = "Nothing in the playbook asks for you now."
_TALL = 40  # lines from which every section has one of its own
_ABOVE = ("worst", "next", "sections")
_REST = 8  # lines of the frame, the rule and what lies empty between
_HEAD = 2  # lines of the table over its rows
_LOWEST = 3  # lines of the table, however low the screen is
_WIDE_OPEN = 34  # lines from which there is room for the whole of what is chosen
_CHOSEN = 5  # lines kept for it
_NAME = 33  # cells of their names at least
_SOURCES = 6  # lines of sources that are not well; the rest is on :sources


class OverviewScreen(BoardScreen):
    """The operator reads the worst sentence first, then how each section stands, then all that was found, one by one."""

    _asked = False  # whether the namespaces that were named at the start are there
    _no_such = ""  # what is said where they are not: then nothing was judged

    @property
    def crumb(self) -> str:
        where = Restriction(self.shell.context.namespaces).where  # of what is judged, whatever lists show
        return "Overview" if self.shell.context.namespaces is None else f"Overview {where}"

    def body(self) -> ComposeResult:
        self._rows = ItemRows[FoundRow](
            self._cells,
            marks=lambda row: (row.finding.level, row.finding.sentence, "", "", ""),
            text=lambda row: f"{row.section.title} {row.finding.sentence} {row.finding.subject or ''}",
            version=lambda row: row.finding,
        )
        yield Prose(id="worst", indent=3, most=4)
        yield Prose(id="next", indent=3, most=2)
        yield Prose(id="sections", indent=29)
        columns = (
            Column("state", "STATE", 11),
            Column("finding", "FINDING", min=50, flex=5, sort="none"),
            Column("since", "SINCE", 7, align="right", sort="none"),
            Column("object", "OBJECT", min=24, max=60, flex=2, priority=3, sort="none", names=self._named),
            Column("section", "SECTION", 12, priority=4, sort="none"),
        )
        yield Table(columns, self._rows, noun="findings", sort="state", at_top=True, id="body")
        yield Divider("data sources", id="rule")
        yield Lines(id="sources")
        yield Divider(id="chosen-rule")
        yield Prose(id="chosen", indent=3, most=4)

    def _named(self, key: Subject | str) -> str:
        """What its column would write of a row, by its key: the name is what must not be cut."""
        return self._where(key) if isinstance(key, Subject) else ""

    def _where(self, subject: Subject | None) -> str:
        """With its cluster where there are several."""
        return where(subject, cluster=len(self.shell.board.picture.clusters) > 1)

    def _cells(self, row: FoundRow) -> Sequence[Cell]:
        finding = row.finding
        state = states.of_level(Level(finding.level))
        bright = "breach" if finding.level == Level.BREACH else ""
        return (
            (state.text, state.token),
            (safe(finding.sentence), bright),
            (short_age(self.shell.now() - finding.since) if finding.since else "", "dim"),
            (self._where(finding.subject), "dim"),
            (row.section.title, "dim"),
        )

    def catch_up(self) -> None:
        self._show()

    def take(self, update: Update) -> None:
        self._show()

    def tick(self) -> None:
        self._show_sources()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        sections = gravest_first(self.shell.board.assessment.sections)
        table = self.query_one("#body", Table)
        before = list(self._rows.all)
        self._rows.all = found_rows(sections)
        if before != list(self._rows.all):
            table.set_rows(self._rows.all, presorted=True)
        else:
            table.apply(changed=before)
        loading = not sections or any(section.loading for section in sections)
        table.set_progress("loading the platform" if loading else "")
        self._ask_for_namespaces(sections)
        well = not sections or sections[0].level <= Level.PAUSED
        table.set_empty(self._no_such or (_NOTHING if well else "No more than that is known."))
        self.query_one("#worst", Prose).show([self._worst(sections)])
        # under it whom it names, since when, and the next key
        more = next_line(sections[0], self.shell.now(), self._offers(sections[0])) if sections else ""
        self.query_one("#next", Prose).show([[(f"   {more}", "dim")]] if more else [])
        self.query_one("#sections", Prose).show(section_lines(sections, self.tall >= _TALL))
        self._show_sources()

    def _ask_for_namespaces(self, sections: Sequence[SectionState]) -> None:
        """Before all is called well: are the namespaces there to which the program was restricted?"""
        names = self.shell.context.namespaces
        if not names or not sections or sections[0].level > Level.PAUSED:
            return
        if not self._asked:
            self._asked = True
            begin(self, partial(self._look_for, names), "namespaces")
        elif self._no_such and not set(names) - says.namespaces_of(
            self.shell.board.picture.clusters.values()
        ):
            self._no_such = ""  # it was made since

    async def _look_for(self, names: tuple[str, ...]) -> None:
        from tfdash.views.namespaces import unknown_namespace

        self._no_such = await unknown_namespace(self.shell.board, names)
        if self._no_such:
            self._show()

    def _offers(self, section: SectionState) -> tuple[Offer, ...]:
        """What the gate lets be done to whom the section names, or has restarted."""
        actions, board = self.shell.context.actions, self.shell.board
        if actions is None or section.subject is None:
            return ()
        about = to_restart(board.picture, board.assessment, section.subject)
        return actions.offers(about[0] if about else section.subject)

    def _worst(self, sections: Sequence[SectionState]) -> Line:
        """One sentence that answers the screen's question."""
        if not sections:
            return [(" ◐ loading the platform …", "moving")]
        worst = sections[0]
        state = states.of_level(Level(worst.level))
        if worst.level is Level.PAUSED and worst.sentence:
            told = f" {worst.title}: {worst.sentence}" + (f" · {worst.detail}" if worst.detail else "")
            return [(f" {state.text} ", state.token), safe(told)]
        if worst.level <= Level.PAUSED and self._no_such:
            state = states.of_level(Level.UNKNOWN)
            return [(f" {state.text}  ", state.token), self._no_such]
        if worst.level <= Level.PAUSED:
            return [(f" {state.text} ", state.token), (" nothing in the playbook asks for you now", "dim")]
        if worst.loading:
            return [(" ◐ loading the platform …", "moving")]
        told = worst.detail or worst.sentence
        if worst.subject is None and worst.detail:  # why it is not known does not say what
            told = f"{worst.sentence}: {worst.detail}"
        return [(f" {state.text}  ", state.token), safe(told)]

    def _show_sources(self) -> None:
        if not self.is_mounted:
            return
        board = self.shell.board
        rows = source_rows(board.picture, self.shell.now(), board.assessment.stale)
        lines = _source_lines([row for row in rows if not row.absent])
        self.query_one("#sources", Lines).show(lines)
        above = sum(self.query_one(f"#{name}", Prose).rows_at(self.size.width) for name in _ABOVE)
        room = self.tall - _REST - above - len(lines) - (_CHOSEN if self.tall >= _WIDE_OPEN else 0)
        self.query_one("#body", Table).styles.height = max(_LOWEST, min(len(self._rows.all) + _HEAD, room))
        self._show_chosen()

    def _show_chosen(self) -> None:
        """What is under the cursor, whole, with its next key; the first stands whole above."""
        keys = self.query_one("#body", Table).chosen_keys
        row = self._rows.all.get(keys[0]) if keys else None
        there = row is not None and self.tall >= _WIDE_OPEN and keys[0] != next(iter(self._rows.all))
        for name in ("#chosen-rule", "#chosen"):
            self.query_one(name).display = there
        if row is None or not there:
            return
        finding = row.finding
        state = states.of_level(Level(finding.level))
        about = row.as_section
        more = next_line(about, self.shell.now(), self._offers(about))
        self.query_one("#chosen-rule", Divider).set_text(self._where(finding.subject) or row.section.title)
        self.query_one("#chosen", Prose).show(
            [[(f" {state.text}  ", state.token), safe(finding.sentence)], [(f"   {more}", "dim")]]
        )

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        self._show_chosen()

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        row = self._rows.all.get(event.key)
        if row is None:
            return
        if row.finding.subject is None:
            self.shell.open("sources")
        else:
            self.shell.open(page_id(row.page), row=row.finding.subject)

    def named_for(self, page: str) -> Subject | None:
        found = (row.finding.subject for row in self._rows.all.values() if page_id(row.page) == page)
        return next((subject for subject in found if subject is not None), None)


def _source_lines(rows: Sequence[SourceRow]) -> list[PieceLine]:
    """Those that are not well, and how many are."""
    odd = [row for row in rows if row.state.level > Level.OK]
    room = max(_NAME, *(len(row.name) for row in odd[:_SOURCES])) if odd else _NAME
    lines: list[PieceLine] = [
        [
            Piece(f" {row.state.text:<13} ", f"tok-{row.state.token}"),
            Piece(f"{row.name:<{room}} "),
            Piece(f"{row.age_text:<12}", "tok-dim"),
            Piece(row.detail, "tok-dim"),
        ]
        for row in odd[:_SOURCES]
    ]
    if len(odd) > _SOURCES:
        lines.append([Piece(f"   {len(odd) - _SOURCES} more that are not well: :sources", "tok-unknown")])
    well = [row for row in rows if row.state.level <= Level.OK]
    if well:
        oldest = max((row.age for row in well if row.age is not None), default=None)
        age = f", the oldest {short_age(oldest)} ago" if oldest is not None else ""
        state = states.of_level(Level.OK)
        lines.append(
            [
                Piece(f" {state.text:<13} ", f"tok-{state.token}"),
                Piece(f"{_read(len(well), bool(odd))}{age}: :sources", "tok-dim"),
            ]
        )
    return lines


def _read(count: int, beside: bool) -> str:
    others = (" other" if count == 1 else " others") if beside else ""
    return f"{count}{others} {'is' if count == 1 else 'are'} read"
