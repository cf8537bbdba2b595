"""One object as text: describe, YAML, events, why, revisions. Read when it is opened, and again every few seconds."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.base import BoardScreen
from screens.copying import copy_text
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import short_age
from tfdash.views.describe import describe, description_lines
from tfdash.views.events import event_text
from tfdash.views.filter import FilterError
from tfdash.views.revisions import compare, revisions
from tfdash.views.table import Cell
from tfdash.views.yaml import yaml_lines
from widgets.textview import TextView

_PAGES = {
    "describe": ("Describe", "describe"),
    "yaml": ("YAML", "yaml"),
    "events": ("Events", "text"),
    "why": ("Why", "text"),
    "revisions": ("Revisions", "diff"),
}
_REFRESH = 5.0


class InspectScreen(BoardScreen):
    """``what`` is a page of ``_PAGES``; its key again, or another's, changes the page without leaving the object."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "page('describe')", "describe", id="inspect.describe"),
        Binding("y", "page('yaml')", "yaml", id="inspect.yaml"),
        Binding("e", "page('events')", "events", id="inspect.events"),
        Binding("v", "page('revisions')", "revisions", id="inspect.revisions"),
        Binding("r", "read_again", "read again", id="inspect.refresh", show=False),
    ]

    def __init__(self, subject: Subject, what: str) -> None:
        super().__init__()
        self.subject, self.what = subject, what
        self._read_at = 0.0
        self._problem = ""

    @property
    def crumb(self) -> str:
        return f"{_PAGES[self.what][0]} {safe(self.subject.name)}"

    def body(self) -> ComposeResult:
        yield TextView(
            language=_PAGES[self.what][1], title=f"{self.subject.kind} {safe(self.subject.name)}", id="body"
        )

    def on_mount(self) -> None:
        self._load()
        self.set_interval(_REFRESH, self._load_if_shown)

    def says(self) -> list[Cell]:
        if self._problem:
            return [(f"? {self._problem}", "unknown")]
        if not self._read_at:
            return [("◐ reading", "moving")]
        return [(f"read {short_age(self.tf.now() - self._read_at)} ago", "dim")]

    def take(self, update: Update) -> None:
        if (
            self.what == "why"
            and update.judged is not None
            and self.subject._replace(uid="") in update.judged
        ):
            self._load()

    def _load_if_shown(self) -> None:
        if self.tf.top is self and self.what != "revisions":
            self._load()

    def _load(self) -> None:
        self.run_worker(self._read(self.what), exclusive=True, exit_on_error=False, group="read")

    async def _read(self, what: str) -> None:
        try:
            async with asyncio.timeout(30):
                lines = await self._lines(what)
        except ReadFailed as failed:
            self._fail(str(failed.problem))
            return
        except TimeoutError:
            self._fail("no answer within 30 s; trying again")
            return
        except RuntimeError as error:  # the board is not up yet, or going down
            self._fail(str(error))
            return
        self._problem, self._read_at = "", self.tf.now()
        view = self.query_one("#body", TextView)
        view.set_text("\n".join(lines), _PAGES[what][1])
        self.refresh_bars()

    def _fail(self, text: str) -> None:
        self._problem = safe(text)
        view = self.query_one_optional("#body", TextView)
        if view is not None and not view.text:
            view.set_text(f"? {self._problem}", "text")
        self.refresh_bars()

    async def _lines(self, what: str) -> list[str]:
        board, subject, now = self.tf.board, self.subject, self.tf.now()
        if what == "why":
            return self._why()
        if what == "events":
            lines = event_text(await board.read_events(subject), now)
            return lines or [f"No events about {safe(subject.name)}: the API server keeps them for an hour."]
        document = await board.read(subject)
        if what == "yaml":
            return yaml_lines(document.document)
        if what == "revisions":
            return await self._revisions(document.document)
        plain = subject._replace(uid="")
        try:
            events = await board.read_events(subject)
        except ReadFailed:
            events = ()
        told = board.assessment
        sections = describe(
            document.document, events, now, told.workloads.get(plain), told.verdicts.get(plain, ())
        )
        return description_lines(sections)

    async def _revisions(self, document: dict[str, object]) -> list[str]:
        kind = {
            "Deployment": "ReplicaSet",
            "StatefulSet": "ControllerRevision",
            "DaemonSet": "ControllerRevision",
        }
        if self.subject.kind not in kind:
            problem = Problem(kind=ProblemKind.NOT_SERVED, cause=f"a {self.subject.kind} has no revisions")
            raise ReadFailed(problem)
        children = await self.tf.board.read_children(self.subject, kind[self.subject.kind])
        found = revisions(document, [child.document for child in children])
        now, lines = self.tf.now(), []
        for index, revision in enumerate(found):
            mark = "◆" if revision.current else " "
            count = "" if revision.replicas is None else f"  {revision.replicas} pods"
            lines.append(f"{mark} {revision.headline(now)}{count}")
            if index + 1 < len(found):
                comparison = compare(found[index + 1], revision)
                lines.append(f"    changed: {comparison.summary or 'nothing that the template shows'}")
        if len(found) > 1:
            newest = compare(found[1], found[0])
            lines += ["", f"@@ {found[1].name} → {found[0].name} @@", *newest.lines]
        return lines or [f"No revisions of {safe(self.subject.name)} are kept."]

    def _why(self) -> list[str]:
        """The verdict with its arithmetic, the cause with the objects behind it."""
        plain = self.subject._replace(uid="")
        told = self.tf.board.assessment
        self._read_at = self.tf.now()
        verdicts, state = told.verdicts.get(plain, ()), told.workloads.get(plain)
        if not verdicts:
            return [f"Nothing has been said of {safe(self.subject.name)} yet."]
        lines = []
        for verdict in verdicts:
            shown = states.of_level(verdict.level)
            lines += [f"{shown.text}  {safe(verdict.sentence)}", f"  rule      {verdict.rule}"]
            if verdict.measured is not None and verdict.limit is not None:
                lines.append(f"  measured  {verdict.measured:g} of {verdict.limit:g} {verdict.unit}")
        if state is not None:
            lines += ["", f"kubectl   {safe(state.message)}"]
            if state.cause is None:
                lines.append("cause     none to be seen")
            else:
                lines.append(f"cause     {state.cause.code.value}: {safe(state.cause.sentence)}")
                lines += [f"  also    {safe(other)}" for other in state.cause.others]
                lines += ["", "behind it", *(f"  {safe(str(o))}" for o in state.cause.objects)]
        return lines

    def action_page(self, what: str) -> None:
        if what != self.what:
            self.what, self._read_at = what, 0.0
            self.query_one("#body", TextView).set_text("", _PAGES[what][1], keep_place=False)
            self.refresh_bars()
            self._load()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "page" and parameters:
            revisable = self.subject.kind in ("Deployment", "StatefulSet", "DaemonSet")
            return parameters[0] != self.what and (parameters[0] != "revisions" or revisable)
        return super().check_action(action, parameters)

    def action_read_again(self) -> None:
        self._load()

    def filter_by(self, text: str) -> str:
        """A search here: n and N go on."""
        try:
            self.query_one("#body", TextView).search(text)
        except FilterError as error:
            return str(error)
        self._search = text
        return ""

    _search = ""

    def filter_text(self) -> str:
        return self._search

    def on_text_view_copy_requested(self, event: TextView.CopyRequested) -> None:
        self.tf.tell(copy_text(self.app, event.text))
