"""The keys that work on the page that was left, as they are bound now, and the commands."""

from __future__ import annotations

from textual.app import ComposeResult

from screens.frame.board_screen import BoardScreen
from screens.frame.text_page import TextPage
from tfdash.views.layout import columns

_SYNTAX = """\
Filters and searches after /
  web-1        what contains it, in any case; with metacharacters a regular expression (RE2)
  !web         rows that do not match
  -f wb1       fuzzy: these letters in this order
  -l a=b,!c    by labels, as kubectl has them

Other keys
  Bind them in the configuration: [ui.keys] with the names at the right above, as in "list.logs" = "L"."""


class HelpScreen(TextPage):
    """The keys of the screen that was left, as they are bound now, and the commands."""

    title_text = "Help"

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[tuple[str, str, str]] = []
        self._about = ""
        self._labels: tuple[str, ...] = ()

    def body(self) -> ComposeResult:
        below = self.app.screen_stack[-2]
        if isinstance(below, BoardScreen):
            self._look_at(below)
        yield from super().body()

    def _look_at(self, about: BoardScreen) -> None:
        seen: dict[tuple[str, str], list[str]] = {}
        for active in about.active_bindings.values():
            binding = active.binding
            if binding.description and binding.id and not binding.system:
                key = about.app.get_key_display(binding)
                keys = seen.setdefault((binding.description, binding.id), [])
                if key not in keys:
                    keys.append(key)
        self._keys = [(" ".join(keys), description, id_) for (description, id_), keys in seen.items()]
        self._about, self._labels = about.crumb, about.labels

    def tick(self) -> None:
        """It does not change while it is read."""

    def lines(self) -> list[str]:
        told = [(f"  :{' '.join(c.aliases[:3])}", c.title, c.help) for c in self.shell.commands()]
        return [
            *self._grouped(),
            "Commands after :",
            *columns(told),
            "",
            *self._syntax(),
        ]

    def _syntax(self) -> list[str]:
        lines = _SYNTAX.split("\n")
        if self._labels:
            at = next(n for n, line in enumerate(lines) if line.startswith("  -l"))
            lines.insert(at + 1, f"               on {self._about}: {', '.join(self._labels)}")
        return lines

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
