"""Tab 1: one row per section of the playbook, worst first, each leading to its screen; below, the sources' ages."""

from __future__ import annotations

from collections.abc import Sequence

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
from tfdash.views import state as states
from tfdash.views.sections import next_line, state_of
from tfdash.views.sources import source_rows
from tfdash.views.table import Cell, Column, Line
from widgets.panel import Divider, Lines, Piece
from widgets.prose import Prose
from widgets.table import Table

_COLUMNS = (
    Column("section", "SECTION", 14, sort="none"),
    Column("state", "STATE", 12, sort="none"),
    Column("sentence", "NOW", min=26, flex=2, sort="none"),
    Column("detail", "WORST", min=20, flex=4, priority=3, sort="none"),
)
_SOURCES = 8  # lines of sources at most; the rest is on :sources
_FEWEST = 3
_REST = 11  # lines of all that is neither a source nor a sentence nor a section


def _cells(section: SectionState) -> Sequence[Cell]:
    state = state_of(section)
    bright = "breach" if section.level == Level.BREACH else ""
    return (
        (section.title, "bright"),
        (state.text, state.token),
        (safe(section.sentence), bright),
        (safe(section.detail), "dim"),
    )


class OverviewScreen(BoardScreen):
    """The operator reads the worst sentence first, then the sections, then how old the data is."""

    @property
    def crumb(self) -> str:
        return "Overview"

    def body(self) -> ComposeResult:
        self._sections = ItemRows[SectionState](
            _cells,
            marks=lambda s: (s.title, s.level, s.sentence, ""),
            text=lambda s: f"{s.title} {s.sentence} {s.detail}",
        )
        yield Prose(id="worst", indent=3, most=4)
        yield Prose(id="next", indent=3, most=2)
        yield Table(_COLUMNS, self._sections, title="Playbook", noun="sections", id="body")
        yield Divider("data sources", id="rule")
        yield Lines(id="sources")

    def catch_up(self) -> None:
        self._show()

    def take(self, update: Update) -> None:
        self._show()

    def tick(self) -> None:
        self._show_sources()

    def on_resize(self) -> None:
        self._show_sources()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        sections = sorted(self.shell.board.assessment.sections, key=lambda s: -s.level)
        table = self.query_one("#body", Table)
        before = list(self._sections.all)
        self._sections.all = dict(enumerate(sections))
        if len(before) != len(sections):
            table.set_rows(range(len(sections)), presorted=True)
        else:
            table.apply(changed=range(len(sections)))
        if not sections:
            table.set_progress("loading the platform")
        else:
            table.set_progress("")
        self.query_one("#worst", Prose).show([self._worst(sections)])
        # under it whom it names, since when, and the next key
        more = next_line(sections[0], self.shell.now(), self._offers(sections[0])) if sections else ""
        self.query_one("#next", Prose).show([[(f"   {more}", "dim")]] if more else [])
        self._show_sources()

    def _offers(self, section: SectionState) -> tuple[Offer, ...]:
        """What the gate lets be done to whom the section names."""
        actions = self.shell.context.actions
        return actions.offers(section.subject) if actions is not None and section.subject is not None else ()

    def _worst(self, sections: Sequence[SectionState]) -> Line:
        """One sentence that answers the screen's question."""
        if not sections:
            return [(" ◐ loading the platform …", "moving")]
        worst = sections[0]
        state = states.of_level(Level(worst.level))
        if worst.level is Level.PAUSED and worst.sentence:
            told = f" {worst.title}: {worst.sentence}" + (f" · {worst.detail}" if worst.detail else "")
            return [(f" {state.text} ", state.token), safe(told)]
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
        rows = [
            r for r in source_rows(board.picture, self.shell.now(), board.assessment.stale) if not r.absent
        ]
        lines = []
        above = sum(self.query_one(name, Prose).rows_at(self.size.width) for name in ("#worst", "#next"))
        room = max(_FEWEST, min(_SOURCES, self.size.height - _REST - len(self._sections.all) - above))
        for row in rows[:room]:
            count = "" if row.objects is None else f"{row.objects:,}"
            lines.append(
                [
                    Piece(f" {row.state.text:<13} ", f"tok-{row.state.token}"),
                    Piece(f"{row.name:<34}"),
                    Piece(f"{count:>8}  "),
                    Piece(f"{row.age_text:<12}", "tok-dim"),
                    Piece(row.detail, "tok-dim"),
                ]
            )
        if len(rows) > room:
            lines.append([Piece(f"   {len(rows) - room} more: :sources", "tok-dim")])
        self.query_one("#sources", Lines).show(lines)

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        section = self._sections.all.get(event.key)
        if section is not None:
            self.shell.open(page_id(section.target), row=section.subject)

    def named_for(self, page: str) -> Subject | None:
        named = (s for s in self._sections.all.values() if s.subject and page_id(s.target) == page)
        return next((s.subject for s in named), None)
