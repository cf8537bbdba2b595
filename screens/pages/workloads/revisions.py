"""One workload's revisions, and what changed between two of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.frame.acting_screen import ActingScreen
from screens.lists.item_rows import ItemRows
from tfdash.model.kinds import KINDS
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import since
from tfdash.views.image import short_images
from tfdash.views.revisions import Revision, compare, revisions
from tfdash.views.scope import Restriction
from tfdash.views.table import Cell, Column
from widgets.panel import Divider, Lines, Piece
from widgets.table import Table
from widgets.textview import TextView
from widgets.workers import begin

_COLUMNS = (
    Column("revision", "REVISION", 10, sort="none"),
    Column("state", "STATE", 12, sort="none"),
    Column("image", "IMAGE", min=24, flex=2, sort="none"),
    Column("pods", "PODS", 6, align="right", priority=2, sort="none"),
    Column("age", "AGE", 8, align="right", priority=1, sort="none"),
    Column("cause", "CHANGE CAUSE", min=16, flex=2, priority=4, sort="none"),
    Column("name", "NAME", min=20, flex=1, priority=3, sort="none"),
)
_SOON = 1.5  # seconds between two readings of a workload that changes


def _cells(r: Revision, now: float) -> Sequence[Cell]:
    running = bool(r.replicas)
    state: Cell = (
        ("◆ current", "accent") if r.current else ("◐ leaving", "moving") if running else ("· kept", "dim")
    )
    return (
        (str(r.number) if r.number else safe(r.name), "bright" if r.current else ""),
        state,
        short_images(r.images),
        "" if r.replicas is None else str(r.replicas),
        since(r.created, now),
        safe(r.cause),
        safe(r.name),
    )


class RevisionsScreen(ActingScreen):
    """The revision under the cursor against the one before it, or, where two are marked, those two."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "compare two", id="workload.mark"),
        Binding("tab", "other", "to the difference", id="workload.other", key_display="tab"),
        Binding("l", "logs(False)", "logs", id="workload.logs"),
        Binding("d", "inspect('describe')", "describe", id="workload.describe"),
        Binding("y", "inspect('yaml')", "yaml", id="workload.yaml"),
        Binding("e", "inspect('events')", "events", id="workload.events"),
        Binding("w", "inspect('why')", "why", id="workload.why"),
    ]

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self.subject = subject
        self._source = ItemRows[Revision](
            lambda r: _cells(r, self.shell.now()),
            marks=lambda r: (r.number, r.current, r.images, r.replicas, "", r.cause, r.name),
            text=lambda r: f"{r.number} {r.name} {' '.join(r.images)} {r.cause}",
            version=lambda r: (r.name, r.current, r.replicas),
        )
        self._problem = ""
        self._read = self._due = False

    @property
    def crumb(self) -> str:
        return f"Revisions of {safe(self.subject.name)}"

    def body(self) -> ComposeResult:
        yield Lines(id="state")
        yield Table(_COLUMNS, self._source, noun="revisions", id="body")
        yield Divider(id="between")
        yield TextView(language="diff", id="difference")

    def acting_on(self) -> list[Subject]:
        cluster = self.shell.board.picture.clusters.get(self.subject.cluster)
        obj = cluster.objects(self.subject.kind).get(self.subject.key) if cluster is not None else None
        return [self.subject._replace(uid=obj.uid)] if obj is not None else []

    def says(self) -> list[Cell]:
        return [(f"? {self._problem}", "unknown")] if self._problem else []

    def catch_up(self) -> None:
        self._show_state()
        self._load()

    def take(self, update: Update) -> None:
        subject = self.subject._replace(uid="")
        if update.judged is None or subject in update.judged:
            self._show_state()
            if not self._due:
                self._due = True
                self.set_timer(_SOON, self._load)

    def _show_state(self) -> None:
        state = self.shell.board.assessment.workloads.get(self.subject._replace(uid=""))
        if state is None:
            self.query_one("#state", Lines).show([[Piece(" ? not judged yet", "tok-unknown")]])
            return
        serving, release = states.serving(state), states.release(state)
        text = state.cause.sentence if state.cause is not None else state.message
        self.query_one("#state", Lines).show(
            [
                [
                    Piece(" "),
                    Piece(serving.text, f"tok-{serving.token}"),
                    Piece("  "),
                    Piece(release.text, f"tok-{release.token}"),
                    Piece(f"  {state.available} of {state.desired} available   "),
                    Piece(safe(text), "tok-dim"),
                ]
            ]
        )

    def tick(self) -> None:
        self.query_one("#body", Table).touch()

    def _load(self) -> None:
        self._due = False
        begin(self, self._reading, "read")

    async def _reading(self) -> None:
        board = self.shell.board
        try:
            async with asyncio.timeout(30):
                workload = await board.read(self.subject)
                children = await board.read_children(self.subject, KINDS[self.subject.kind].revisions)
        except ReadFailed as failed:
            self._fail(safe(str(failed.problem)))
            return
        except TimeoutError:
            self._fail("no answer within 30 s; ctrl+r asks again")
            return
        except RuntimeError:
            self.set_timer(0.2, self._load)
            return
        found = revisions(workload.document, [child.document for child in children])
        self._problem, self._read = "", True
        known = list(self._source.all)
        self._source.all = {r.name: r for r in found}
        table = self.query_one("#body", Table)
        table.set_empty(f"No revisions of {safe(self.subject.name)} are kept.")
        if known == list(self._source.all):
            table.apply(changed=known)
        else:
            table.set_rows(self._source.all, presorted=True)
        self._compare()
        self.refresh_bars()

    def _fail(self, text: str) -> None:
        self._problem = text
        self.query_one("#body", Table).set_empty(f"? {text}")
        self.refresh_bars()

    # -- what is compared ---------------------------------------------------------------------------------------

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        self._compare()

    def on_table_marks_changed(self, event: Table.MarksChanged) -> None:
        self._compare()

    def _pair(self) -> tuple[Revision, Revision] | None:
        """(old, new), or None where there is nothing to compare."""
        table, shown = self.query_one("#body", Table), list(self._source.all.values())
        marked = [r for r in shown if r.name in table.marks]
        if len(marked) == 2:
            return marked[1], marked[0]
        at = next((i for i, r in enumerate(shown) if r.name == table.cursor_key), None)
        return None if at is None or at + 1 >= len(shown) else (shown[at + 1], shown[at])

    def _compare(self) -> None:
        rule, view = self.query_one("#between", Divider), self.query_one("#difference", TextView)
        pair = self._pair()
        if pair is None:
            rule.set_text("nothing older is kept to compare it with" if self._source.all else "")
            view.set_text("", keep_place=False)
            return
        told = compare(*pair)
        names = [f"revision {r.number}" if r.number else safe(r.name) for r in pair]
        rule.set_text(f"{names[0]} → {names[1]}: {told.summary or 'nothing that the template shows'}")
        view.set_text("\n".join(told.lines), "diff", keep_place=False)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_other(self) -> None:
        table = self.query_one("#body", Table)
        (self.query_one("#difference") if table.has_focus else table).focus()

    def action_mark(self) -> None:
        """Of the table; here for the footer's word."""
        self.query_one("#body", Table).action_mark()

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        """The pods of that revision, where a ReplicaSet holds them."""
        kind = KINDS[self.subject.kind].revisions
        owner = self.subject
        if kind == "ReplicaSet":
            owner = Subject(owner.cluster, kind, owner.namespace, str(event.key))
        self.shell.open("pods", Restriction((owner.namespace,), owner=owner))

    def action_inspect(self, what: str) -> None:
        self.shell.open("inspect", self.subject, what)

    def action_logs(self, previous: bool) -> None:
        self.shell.open("logs", self.subject, previous)

    def on_text_view_copy_requested(self, event: TextView.CopyRequested) -> None:
        self.shell.copy_text(event.text, f"{event.view.lines:,} lines")
