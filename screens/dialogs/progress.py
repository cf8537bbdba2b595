"""What comes of a confirmed action, in the dialog that began it: stages, postconditions as they come true, the outcome.

Escape puts it into the background: the action goes on, and the messages keep what comes of it.
"""

from __future__ import annotations

from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen

from screens.dialogs.action_run import ActionRun
from screens.shell import Shell
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.plan import UNRECORDED, entry_text, progress_lines, unrecorded
from tfdash.views.table import Line
from widgets.banner import Banner
from widgets.confirm import Dialog, DialogTitle, Push, Word
from widgets.prose import Prose


class ProgressScreen(ModalScreen[None]):
    AUTO_FOCUS = "#close"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "to the background", id="progress.close", show=False)
    ]

    def __init__(self, work: ActionRun) -> None:
        super().__init__()
        self._work = work

    @property
    def shell(self) -> Shell:
        return cast("Shell", self.app)

    def compose(self) -> ComposeResult:
        with Dialog(id="dialog"):
            yield DialogTitle(self._work.title, self.shell.context.colour)
            yield Banner(id="loud")
            with VerticalScroll(id="scroll", can_focus=False):
                yield Prose(id="plan", indent=4)
            with Horizontal(id="buttons"):
                yield Word("", id="left")
                yield Push("To the background", id="close")

    def on_mount(self) -> None:
        self._work.listen, self._work.shown = self._show, True
        self.call_later(self._show)  # what was told before it stood

    def on_unmount(self) -> None:
        self._work.listen, self._work.shown = lambda: None, False

    def _show(self) -> None:
        if not self.is_mounted:
            return
        work = self._work
        lines: list[Line] = []
        several = len(work.plans) > 1
        loud, entry = False, ""
        for (guarded, _), told in zip(work.plans, work.progress, strict=True):
            if several:
                lines.append([(safe(guarded.plan.subject.name), "bright")])
            if told is None:
                lines.append([("· waits", "dim")])
                continue
            lines += progress_lines(told)
            loud = loud or unrecorded(told)
            entry = entry_text(told) or entry
        if work.trouble:
            lines += [[], [(work.trouble, "unknown")]]
        self.query_one("#plan", Prose).show(lines)
        banner, (word, why) = self.query_one("#loud", Banner), UNRECORDED
        banner.display = loud
        banner.show(states.of_level(Level.BREACH).worded(word), why if loud else "")
        self.query_one("#left", Word).say("" if loud else entry)
        self.query_one("#close", Push).say("Close" if work.done else "To the background")
        dialog = self.query_one(Dialog)
        dialog.call_after_refresh(dialog.fit)
        if work.done:  # the outcome stands below, and must be seen
            scroll = self.query_one("#scroll", VerticalScroll)
            dialog.call_after_refresh(scroll.scroll_end, animate=False)

    def on_push_pressed(self, event: Push.Pressed) -> None:
        self.action_close()

    def action_close(self) -> None:
        if not self._work.done:
            self.shell.tell("it goes on; the messages (m) keep what comes of it, :progress shows it again")
        self.dismiss()
