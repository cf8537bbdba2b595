"""``:changes``: what was changed in the last hours, by whom, as a diff."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from screens.frame.text_page import TextPage
from tfdash.changes.gather import Contents, RecentChanges, gather
from tfdash.text import safe
from tfdash.views.changes import change_lines
from tfdash.views.kept_revisions import none_known
from tfdash.views.times import moment
from widgets.workers import begin


class ChangesScreen(TextPage):
    """What was changed in the last hours, by whom, as a diff; read anew while it is shown."""

    title_text = "Changes"
    HOURS = 6
    EVERY = 15.0  # seconds between two readings
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "read_again", "read again", id="changes.refresh", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._found: RecentChanges | None = None
        self._problem = ""
        self._contents = Contents()

    def on_mount(self) -> None:
        self.set_interval(self.EVERY, self._read_if_shown)
        self.action_read_again()

    def _read_if_shown(self) -> None:
        if self.app.screen is self:
            self.action_read_again()

    def action_read_again(self) -> None:
        begin(self, self._read, "changes")

    async def _read(self) -> None:
        board = self.shell.board
        try:
            self._found = await gather(
                board,
                board.clusters,
                self.shell.namespaces,
                self.shell.now() - self.HOURS * 3600,
                seen_changes=self.shell.change_history.seen_changes if self.shell.change_history else (),
                entries=self.shell.audit_entries(),
                contents=self._contents,
                until=0.0 if self.shell.replay is None else self.shell.replay.begins,
            )
            self._problem = ""
        except RuntimeError as error:  # the board is starting or stopping; the next reading is soon
            self._problem = str(error)
            self.set_timer(0.5, self._read_if_shown)
        self.catch_up()

    def lines(self) -> list[str]:
        if self._found is None:
            return [f"? {safe(self._problem)}" if self._problem else "reading what was changed …"]
        names = self.shell.namespaces
        where = "in all namespaces" if names is None else "in " + ", ".join(safe(n) for n in names)
        several = len(self.shell.board.clusters) > 1
        told = change_lines(self._found.changes, self.shell.now(), self.shell.zone, several_clusters=several)
        begins, span = self._begins(), f"{self.HOURS} hours"
        none = [] if told else [none_known(span, begins, bool(self._found.unread))]
        head = f"Workloads, their ConfigMaps and HPAs {where}, the last {span}, newest first"
        if begins:
            head += f"; seen from {begins} on, where this recording begins"
        return [head, *(f"? not read: {safe(u)}" for u in self._found.unread), "", *none, *told]

    def _begins(self) -> str:
        replay = self.shell.replay
        return "" if replay is None else moment(replay.begins, self.shell.zone)
