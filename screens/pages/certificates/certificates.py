"""``:certificates``: every certificate that is known, the worst first."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.frame.acting_screen import ActingScreen
from screens.lists.item_rows import ItemRows
from screens.lists.narrowing import Narrowing
from tfdash.model.action import Offer
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views import sections
from tfdash.views.certificates import (
    RESTART,
    CertificateRow,
    cells,
    certificate_rows,
    chosen_lines,
    columns,
    nothing_text,
    to_restart,
)
from tfdash.views.table import Cell
from widgets.panel import Divider
from widgets.prose import Prose
from widgets.table import Table

_TALL = 22  # lines from which what is chosen is shown whole


class CertificatesScreen(Narrowing, ActingScreen):
    scoped = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "inspect('describe')", "describe", id="certificates.describe"),
        Binding("y", "inspect('yaml')", "yaml", id="certificates.yaml", show=False),
        Binding("e", "inspect('events')", "events", id="certificates.events"),
        Binding("w", "inspect('why')", "why", id="certificates.why"),
        Binding("p", "rotation", "rotation", id="certificates.rotation"),
        Binding("z", "not_ok", "only what is not ok", id="certificates.not_ok", show=False),
    ]
    _wanted: Subject | None = None

    @property
    def crumb(self) -> str:
        return "Certificates"

    def body(self) -> ComposeResult:
        self._rows = ItemRows[CertificateRow](
            lambda row: cells(row, self.shell.now()),
            marks=lambda row: (
                row.level,
                row.called,
                row.names,
                row.issuer,
                row.ends,
                row.renews,
                row.finding,
            ),
            text=lambda row: " ".join((row.called, *row.names, row.issuer, row.finding, row.source)),
            version=lambda row: row,
        )
        yield Table(columns(self._called), self._rows, noun="certificates", sort="state", id="body")
        yield Divider(id="chosen-rule")
        yield Prose(id="chosen", indent=3, most=6)

    def _called(self, key: Any) -> str:
        row = self._rows.all.get(key)
        return row.called if row is not None else ""

    def says(self) -> list[Cell]:
        """The section, with what could not be read of whatever cluster; of the namespaces that are shown, where that are not all."""
        board, names = self.shell.board, self.shell.namespaces
        found = board.assessment.sections
        if names is not None and found:
            from tfdash.judging.narrowed import sections_within  # nothing was judged before the first frame

            found = sections_within(board.picture, board.assessment, names)
        return sections.said(found, "certificates")

    def catch_up(self) -> None:
        self._show()

    def take(self, update: Update) -> None:
        if update.judged is None or update.judged or any(k == "Certificate" for _, k in update.change.keys):
            self._show()

    def on_resize(self) -> None:
        self._show_chosen()

    def stand_on(self, subject: Subject) -> None:
        self._wanted = subject._replace(uid="")
        if self.is_mounted and self.app.screen is self:
            self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        board, before = self.shell.board, list(self._rows.all)
        self._rows.all = certificate_rows(board.picture, board.assessment, self.shell.namespaces)
        table, now = self.table, list(self._rows.all)
        table.set_empty(nothing_text(board.picture))
        if before != now:
            table.set_rows(now, presorted=True)
        else:
            table.apply(changed=now)
        if self._wanted is not None and self._wanted in self._rows.all:
            table.move_to(self._wanted)
            self._wanted = None
        self._show_chosen()

    def _show_chosen(self) -> None:
        row = self._row
        there = row is not None and self.tall >= _TALL
        for name in ("#chosen-rule", "#chosen"):
            self.query_one(name).display = there
        if row is not None and there:
            self.query_one("#chosen-rule", Divider).set_text(row.called)
            self.query_one("#chosen", Prose).show(chosen_lines(row, self.shell.zone))

    @property
    def _row(self) -> CertificateRow | None:
        key = self.table.cursor_key
        return self._rows.all.get(key) if key is not None else None

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        super().on_table_row_highlighted(event)
        self._show_chosen()

    def narrowed(self) -> None:
        self._show_chosen()

    def acting_on(self) -> list[Subject]:
        """The marked rows that are objects of a cluster, or the one under the cursor; of an address whom to restart so that it serves
        what is kept."""
        if not self.is_mounted:
            return []
        board, found = self.shell.board, list[Subject]()
        for key in self.table.chosen_keys:
            row = self._rows.all.get(key)
            if row is not None and row.uid:
                found.append(row.subject._replace(uid=row.uid))
            elif row is not None:
                found += to_restart(board.picture, board.assessment, row.subject)
        return list(dict.fromkeys(found))

    def fitting(self, offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
        row = self._row if self.is_mounted else None
        if row is None or row.uid:
            return offers
        return tuple(offer for offer in offers if offer.action == RESTART)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("inspect", "rotation"):
            row = self._row if self.is_mounted else None
            return row is not None and bool(row.uid)
        return super().check_action(action, parameters)

    def action_rotation(self) -> None:
        if (row := self._row) is not None and row.uid:
            self.shell.open("rotation", row.subject)

    def action_inspect(self, what: str) -> None:
        if (row := self._row) is not None and row.uid:
            self.shell.open("inspect", row.subject._replace(uid=row.uid), what)

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        row = self._rows.all.get(event.key)
        if row is not None and row.uid:
            self.action_inspect("why")
        elif row is not None:
            self.shell.tell(safe(row.finding))
