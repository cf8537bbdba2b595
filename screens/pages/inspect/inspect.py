"""One object as text: describe, YAML, events, why. Read when it is opened, and again when it changed."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.frame.board_screen import BoardScreen
from tfdash.model.kinds import KINDS, PLAIN
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.sources.base import Scope
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.describe import describe, description_lines
from tfdash.views.events import event_text
from tfdash.views.filter import NO_FILTER, Filter, FilterError
from tfdash.views.table import Cell
from tfdash.views.why import why_lines
from tfdash.views.yaml import yaml_lines
from widgets.textview import TextView
from widgets.workers import begin

_PAGES = {
    "describe": ("Describe", "describe"),
    "yaml": ("YAML", "yaml"),
    "events": ("Events", "text"),
    "why": ("Why", "text"),
}
_REFRESH = 10.0  # seconds after which events are read again, which no watch tells of
_SOON = 1.0  # seconds between two readings of an object that changes often
_PATIENCE = 30.0


class InspectScreen(BoardScreen):
    """``what`` is a page of ``_PAGES``; another's key changes the page without leaving the object."""

    filterable = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "page('describe')", "describe", id="inspect.describe"),
        Binding("y", "page('yaml')", "yaml", id="inspect.yaml"),
        Binding("e", "page('events')", "events", id="inspect.events"),
        Binding("v", "revisions", "revisions", id="inspect.revisions"),
        Binding("l", "logs(False)", "logs", id="inspect.logs"),
        Binding("ctrl+r", "read_again", "read again", id="inspect.refresh", show=False),
    ]

    def __init__(self, subject: Subject, what: str) -> None:
        super().__init__()
        self.subject, self.what = subject, what
        self._read_at = 0.0
        self._problem = ""
        self._search = NO_FILTER
        self._due = False

    @property
    def crumb(self) -> str:
        return f"{_PAGES[self.what][0]} {safe(self.subject.name)}"

    def body(self) -> ComposeResult:
        yield TextView(language=_PAGES[self.what][1], title=self._title(), id="body")

    def _title(self) -> str:
        where = f"{safe(self.subject.namespace)}/" if self.subject.namespace else ""
        return f"{self.subject.kind} {where}{safe(self.subject.name)}"

    def wants(self) -> dict[str, Scope]:
        namespace = self.subject.namespace
        return {self.subject.kind: Scope((namespace,))} if namespace else {}

    def on_mount(self) -> None:
        self.set_interval(_REFRESH, self._load_if_shown)

    def catch_up(self) -> None:
        self._load()

    def says(self) -> list[Cell]:
        if self._problem:
            return [(f"? {self._problem}", "unknown")]
        if not self._read_at:
            return [("◐ reading", "moving")]
        return [(f"read {short_age(self.shell.now() - self._read_at)} ago", "dim")]

    def take(self, update: Update) -> None:
        subject = self.subject
        keys = update.change.keys.get((subject.cluster, subject.kind), frozenset())
        judged = update.judged is None or subject._replace(uid="") in update.judged
        if (keys is None or subject.key in keys or judged) and not self._due:
            self._due = True
            self.set_timer(_SOON, self._load_if_shown)

    def _load_if_shown(self) -> None:
        self._due = False
        if self.app.screen is self:
            self._load()

    def _load(self) -> None:
        begin(self, partial(self._read, self.what), "read")

    async def _read(self, what: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                lines = await self._lines(what)
        except ReadFailed as failed:
            self._fail(str(failed.problem))
            return
        except TimeoutError:
            self._fail(f"no answer within {_PATIENCE:.0f} s; it is tried again")
            return
        except RuntimeError:  # the board is not up yet: a moment later it is
            self.set_timer(0.2, self._load_if_shown)
            return
        self._problem, self._read_at = "", self.shell.now()
        view = self.query_one("#body", TextView)
        view.set_text("\n".join(lines), _PAGES[what][1])
        self.refresh_bars()

    def _fail(self, text: str) -> None:
        """What was read before stays, with its age and what is wrong now."""
        self._problem = safe(text)
        view = self.query_one_optional("#body", TextView)
        if view is not None and not view.text:
            view.set_text(f"? {self._problem}", "text")
        self.refresh_bars()

    async def _lines(self, what: str) -> list[str]:
        board, subject, now = self.shell.board, self.subject, self.shell.now()
        told, plain = board.assessment, subject._replace(uid="")
        state, verdicts = told.workloads.get(plain), told.verdicts.get(plain, ())
        if what == "why":
            return why_lines(plain, verdicts, state, now)
        if what == "events":
            return event_text(await board.read_events(subject), now)
        document = await board.read(subject)
        if what == "yaml":
            return yaml_lines(document.document)
        try:
            events = await board.read_events(subject)
        except ReadFailed:
            events = ()
        return description_lines(describe(document.document, events, now, state, verdicts))

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_page(self, what: str) -> None:
        if what != self.what:
            self.what, self._read_at = what, 0.0
            self.query_one("#body", TextView).set_text("", _PAGES[what][1], keep_place=False)
            self.refresh_bars()
            self._load()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "page" and parameters:
            return parameters[0] != self.what and not (
                parameters[0] == "events" and self.subject.kind == "Event"
            )
        if action == "revisions":
            return bool(KINDS.get(self.subject.kind, PLAIN).revisions)
        if action == "logs":
            return KINDS.get(self.subject.kind, PLAIN).logs
        return super().check_action(action, parameters)

    def action_read_again(self) -> None:
        self._load()

    def action_revisions(self) -> None:
        self.shell.open("revisions", self.subject)

    def action_logs(self, previous: bool) -> None:
        self.shell.open("logs", self.subject, previous)

    # -- search -------------------------------------------------------------------------------------------------

    def apply_filter(self, wanted: Filter) -> str:
        return self._sought(wanted)

    def _sought(self, wanted: Filter) -> str:
        """A search here: n and N go on."""
        self._search = wanted
        try:
            self.query_one("#body", TextView).search(wanted.text)
        except FilterError as error:
            return str(error)
        return "" if wanted.empty else "n next, N before"

    @property
    def filter(self) -> Filter:
        return self._search

    def on_text_view_copy_requested(self, event: TextView.CopyRequested) -> None:
        self.shell.copy_text(event.text, f"{event.view.lines:,} lines")
