"""Pages of text about the program itself: help from the live bindings, messages, sources."""

from __future__ import annotations

from textual.app import ComposeResult

from screens import commands
from screens.base import BoardScreen
from tfdash.model.update import Update
from tfdash.views.filter import FilterError
from tfdash.views.sources import source_rows
from tfdash.views.times import moment
from widgets.textview import TextView


class PageScreen(BoardScreen):
    """A text that is made anew when it is shown."""

    title_text = ""

    @property
    def crumb(self) -> str:
        return self.title_text

    def body(self) -> ComposeResult:
        yield TextView("\n".join(self.lines()), title=self.title_text, id="body")

    def lines(self) -> list[str]:
        return []

    def tick(self) -> None:
        self.query_one("#body", TextView).set_text("\n".join(self.lines()))

    def filter_by(self, text: str) -> str:
        try:
            self.query_one("#body", TextView).search(text)
        except FilterError as error:
            return str(error)
        return ""


class HelpScreen(PageScreen):
    """The keys of the screen that was left, as they are bound now."""

    title_text = "Help"

    def __init__(self, about: BoardScreen) -> None:
        super().__init__()
        self._bindings = [
            (
                self._shown(key, active.binding.key_display),
                active.binding.description,
                active.binding.id or "",
            )
            for key, active in about.active_bindings.items()
            if active.binding.description
        ]
        self._about = about.crumb

    @staticmethod
    def _shown(key: str, display: str | None) -> str:
        return display or key

    def tick(self) -> None:
        """It does not change while it is read."""

    def lines(self) -> list[str]:
        seen: dict[tuple[str, str], list[str]] = {}
        for key, description, id_ in self._bindings:
            seen.setdefault((description, id_), []).append(key)
        lines = [f"Keys on {self._about}", ""]
        width = max((len(", ".join(keys)) for keys in seen.values()), default=0)
        for (description, id_), keys in seen.items():
            lines.append(f"  {', '.join(keys):<{width}}   {description:<24} {id_}")
        words: dict[str, list[str]] = {}
        for name, target in {**commands.LISTS, **commands.WORDS}.items():
            words.setdefault(target, []).append(name)
        lines += ["", "Commands after :", ""]
        lines += [f"  {target:<18} {', '.join(names)}" for target, names in words.items()]
        lines += [
            "",
            "  :pods NAMESPACE shows one namespace, :pods all shows all",
            "",
            "Filters after /",
            "",
            "  text        rows that contain it; a regular expression where it has metacharacters",
            "  !text       rows that do not",
            "  -f abc      fuzzy: these letters in this order",
            "  -l a=b,c    by labels",
            "",
            "Bind other keys in the configuration: [ui.keys] with the ids at the right above.",
        ]
        return lines


class MessagesScreen(PageScreen):
    title_text = "Messages"

    def lines(self) -> list[str]:
        told = [
            f"{moment(m.at, self.tf.zone)}  {m.level:<12} {m.text}" for m in reversed(self.tf.messages.all)
        ]
        return told or ["No messages yet: what is told in passing is kept here."]


class SourcesScreen(PageScreen):
    title_text = "Data sources"

    def lines(self) -> list[str]:
        rows = source_rows(self.tf.board.picture, self.tf.now())
        lines = []
        for row in rows:
            count = "" if row.objects is None else f"{row.objects:,}"
            lines.append(f"{row.state.text:<16} {row.name:<34} {count:>9}  {row.age_text:<12} {row.detail}")
        return lines

    def take(self, update: Update) -> None:
        self.tick()
