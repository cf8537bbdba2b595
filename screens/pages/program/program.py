"""Pages about the program itself: help from the live bindings, messages, data sources, environments."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.worker import WorkType

from screens.frame.board_screen import BoardScreen
from tfdash.changes import Contents, Gathered, gather
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views.changes import change_lines
from tfdash.views.filter import NO_FILTER, Filter, FilterError
from tfdash.views.layout import columns
from tfdash.views.sources import source_rows
from tfdash.views.table import Cell, Column
from tfdash.views.times import moment
from widgets.table import Table
from widgets.textview import TextView


class PageScreen(BoardScreen):
    """A text that is made anew while it is shown; ``/`` searches in it."""

    title_text = ""
    filterable = True
    _search = NO_FILTER

    @property
    def crumb(self) -> str:
        return self.title_text

    def body(self) -> ComposeResult:
        yield TextView("\n".join(self.lines()), language="describe", id="body")

    def lines(self) -> list[str]:
        return []

    def catch_up(self) -> None:
        self.query_one("#body", TextView).set_text("\n".join(self.lines()))

    def tick(self) -> None:
        self.catch_up()

    def apply_filter(self, wanted: Filter) -> str:
        self._search = wanted
        try:
            self.query_one("#body", TextView).search(wanted.text)
        except FilterError as error:
            return str(error)
        return ""

    @property
    def filter(self) -> Filter:
        return self._search

    def on_text_view_copy_requested(self, event: TextView.CopyRequested) -> None:
        self.tf.copy_text(event.text, f"{event.view.lines:,} lines")


_SYNTAX = """\
Filters and searches after /
  web-1        what contains it, in any case; with metacharacters a regular expression (RE2)
  !web         rows that do not match
  -f wb1       fuzzy: these letters in this order
  -l a=b,!c    by labels, as kubectl has them

Other keys
  Bind them in the configuration: [ui.keys] with the names at the right above, as in "list.logs" = "L"."""


class HelpScreen(PageScreen):
    """The keys of the screen that was left, as they are bound now, and the commands."""

    title_text = "Help"

    def __init__(self, about: BoardScreen) -> None:
        super().__init__()
        seen: dict[tuple[str, str], list[str]] = {}
        for active in about.active_bindings.values():
            binding = active.binding
            if binding.description and binding.id and not binding.system:
                key = about.app.get_key_display(binding)
                keys = seen.setdefault((binding.description, binding.id), [])
                if key not in keys:
                    keys.append(key)
        self._keys = [(" ".join(keys), description, id_) for (description, id_), keys in seen.items()]
        self._about = about.crumb

    def tick(self) -> None:
        """It does not change while it is read."""

    def lines(self) -> list[str]:
        told = [(f"  :{' '.join(c.aliases[:3])}", c.title, c.help) for c in self.tf.commands()]
        return [
            *self._grouped(),
            "Commands after :",
            *columns(told),
            "",
            *_SYNTAX.split("\n"),
        ]

    def _grouped(self) -> list[str]:
        """What acts, what is for this screen, what works everywhere; the columns of all three in line."""
        groups: dict[str, list[tuple[str, str, str]]] = {
            f"Keys on {self._about}": [],
            "Keys that act; a second look and a confirmation come first": [],
            "Keys everywhere": [],
        }
        here, acts, everywhere = groups.values()
        for keys, description, id_ in self._keys:
            part = id_.partition(".")[0]
            group = acts if part == "act" else everywhere if part in ("tab", "app", "screen") else here
            group.append((f"  {keys}", description, id_))
        laid = iter(columns([row for rows in groups.values() for row in rows]))
        return [
            line
            for title, rows in groups.items()
            if rows
            for line in (title, *(next(laid) for _ in rows), "")
        ]


class MessagesScreen(PageScreen):
    title_text = "Messages"

    def lines(self) -> list[str]:
        signs = {"warning": "▲", "information": "·"}
        told = [
            f"{moment(m.at, self.tf.zone)}  {signs.get(m.level, '·')} {m.text}"
            for m in reversed(self.tf.messages.all)
        ]
        return told or [
            "No message yet. What is told in passing, and every trouble of a source, is kept here."
        ]


class SourcesScreen(PageScreen):
    """What is read from where, how old it is, and what is wrong with it."""

    title_text = "Data sources"

    def lines(self) -> list[str]:
        rows = source_rows(self.tf.board.picture, self.tf.now())
        told = [
            (
                row.state.text,
                row.name,
                "" if row.objects is None else f"{row.objects:,}",
                row.age_text,
                row.detail,
            )
            for row in rows
        ]
        head = ("STATE", "SOURCE", "OBJECTS", "READ", "")
        return columns([head, *told], (False, False, True, True)) if told else ["No source is configured."]

    def take(self, update: Update) -> None:
        self.catch_up()


class _Environments:
    """Environments of the configuration and contexts of the kubeconfig, as rows of a table: (kind, name)."""

    def __init__(self, current: tuple[str, str], about: str) -> None:
        self.current, self.about = current, about

    def cells(self, key: Any) -> Sequence[Cell]:
        kind, name = key
        here = key == self.current
        return (
            (safe(name), "bright"),
            (kind, "dim"),
            ("✔ shown now", "ok") if here else ("· enter switches", "dim"),
            self.about if here else "",
        )

    def marks(self, key: Any) -> Sequence[Hashable]:
        return (key, key[0], key == self.current, "")

    def search_text(self, key: Any) -> str:
        return str(key[1]).lower()

    def sort_value(self, key: Any, column: str) -> Any:
        return key

    def labels(self, key: Any) -> Mapping[str, str]:
        return {}

    def version(self, key: Any) -> Hashable:
        return self.about


class EnvironmentsScreen(BoardScreen):
    """``:ctx``: environments of the configuration and contexts of the kubeconfig; Enter starts anew with the one under
    the cursor."""

    @property
    def crumb(self) -> str:
        return "Environments"

    def body(self) -> ComposeResult:
        c = self.tf.context
        clusters = ", ".join(safe(ref.cluster) for ref in self.tf.board.clusters)
        shown = ("environment", c.environment) if c.environments else ("context", c.context_name)
        self._source = _Environments(shown, f"clusters: {clusters}")
        columns_ = (
            Column("name", "NAME", 30, sort="none"),
            Column("kind", "KIND", 11, sort="none"),
            Column("state", "STATE", 18, sort="none"),
            Column("about", "ABOUT", min=20, priority=1, sort="none"),
        )
        yield Table(columns_, self._source, noun="places", id="body")

    def on_mount(self) -> None:
        c = self.tf.context
        rows = [("environment", name) for name in c.environments]
        rows += [("context", name) for name in c.contexts() if name not in c.environments]
        if not rows:
            rows = [("environment", c.environment)]
        self.query_one("#body", Table).set_rows(rows, presorted=True)

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        self.tf.use_environment(str(event.key[1]))


class ChangesScreen(PageScreen):
    """What was changed in the last hours, by whom, as a diff; read anew while it is shown."""

    title_text = "Changes"
    HOURS = 6
    EVERY = 15.0  # seconds between two readings
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "read_again", "read again", id="changes.refresh", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._found: Gathered | None = None
        self._problem = ""
        self._contents = Contents()

    def on_mount(self) -> None:
        self.set_interval(self.EVERY, self._read_if_shown)
        self.action_read_again()

    def _read_if_shown(self) -> None:
        if self.app.screen is self:
            self.action_read_again()

    def action_read_again(self) -> None:
        work: WorkType[None] = self._read
        self.run_worker(work, exclusive=True, group="changes", exit_on_error=False)

    async def _read(self) -> None:
        board = self.tf.board
        try:
            self._found = await gather(
                board,
                board.clusters,
                self.tf.namespaces,
                self.tf.now() - self.HOURS * 3600,
                sights=self.tf.recorder.sights if self.tf.recorder else (),
                entries=self.tf.audit_entries(),
                contents=self._contents,
            )
            self._problem = ""
        except RuntimeError as error:  # the board is starting or stopping; the next reading is soon
            self._problem = str(error)
            self.set_timer(0.5, self._read_if_shown)
        self.catch_up()

    def lines(self) -> list[str]:
        if self._found is None:
            return [f"? {safe(self._problem)}" if self._problem else "reading what was changed …"]
        names = self.tf.namespaces
        where = "in all namespaces" if names is None else "in " + ", ".join(safe(n) for n in names)
        several = len(self.tf.board.clusters) > 1
        told = change_lines(self._found.changes, self.tf.now(), self.tf.zone, several_clusters=several)
        none = (
            [f"Nobody is known to have changed anything in the last {self.HOURS} hours."] if not told else []
        )
        head = f"Workloads, their ConfigMaps and HPAs {where}, the last {self.HOURS} hours, newest first"
        return [head, *(f"? not read: {safe(u)}" for u in self._found.unread), "", *none, *told]


PAGES: dict[str, type[BoardScreen]] = {
    "help": HelpScreen,
    "messages": MessagesScreen,
    "sources": SourcesScreen,
    "environments": EnvironmentsScreen,
    "changes": ChangesScreen,
}
