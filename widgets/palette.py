"""The ``:`` prompt: commands by their aliases, as k9s has them, with completion and history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.suggester import Suggester

from tfdash.views.layout import cut_apart
from widgets.cells import fitted, literal, width_of
from widgets.commands import NONE, Command, Proposal, is_named, meant, proposals, suggestion
from widgets.prompt import Below, Prompt, PromptInput, prompt_bindings

LINES = 10  # of the list, at most
HISTORY = 50


class CommandList(Below):
    """The proposals under the prompt, over what is there; a click chooses."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"commands--chosen", "commands--alias"}
    DEFAULT_CSS = """
CommandList {
    & > .commands--chosen { background: $tf-cursor-background; }
    & > .commands--alias { color: $tf-key; }
    &:ansi > .commands--chosen { text-style: reverse; }
    &:nocolor > .commands--chosen { text-style: reverse; }
}
"""

    class Clicked(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Proposal] = []
        self.chosen = 0

    def show(self, items: list[Proposal]) -> None:
        self.items, self.chosen = items, 0
        self.fit()

    def choose(self, index: int) -> None:
        if self.items:
            self.chosen = index % len(self.items)
            self.fit()

    @property
    def rows(self) -> int:
        return len(self._window())

    @property
    def said(self) -> tuple[str, str]:
        """What the prompt says, else why the chosen one is refused where its line has no room for that."""
        if self.note[0] or not self.items:
            return self.note
        refused = _right(self.items[self.chosen].command)
        cut = width_of(refused) > self._columns[2]
        return (refused, "warn") if cut and self.items[self.chosen].command.refused else self.note

    @property
    def _columns(self) -> tuple[int, int, int]:
        """The cells of a line's three parts."""
        width = self.line_width
        first = min(24, max(width // 3, 8))
        middle = max((width - first - 4) // 2, 0)
        return first, middle, max(width - first - middle - 3, 0)

    def _window(self) -> range:
        first = max(0, min(self.chosen - LINES + 1, len(self.items) - LINES))
        return range(first, min(first + LINES, len(self.items)))

    def render_line(self, y: int) -> Strip:
        window = self._window()
        if y >= len(window):
            return super().render_line(y)
        index = window[y]
        proposal = self.items[index]
        command = proposal.command
        row = "commands--chosen" if index == self.chosen else ""
        width = self.line_width
        dim = "tok-dim"
        first, middle, last = self._columns
        shown = [self.items[i] for i in window]
        name = cut_apart([_name(p) for p in shown], first - 1)[y]
        left_text = cut_apart([_title(p) for p in shown], middle - 1)[y]
        segments = [
            Segment("   ", self.style(row)),
            Segment(
                fitted(name, first - 1) + " ", self.style(row, dim if command.refused else "commands--alias")
            ),
            Segment(fitted(left_text, middle - 1) + " ", self.style(row, dim if command.refused else "")),
            Segment(fitted(_right(command), last), self.style(row, dim)),
        ]
        return Strip(segments).adjust_cell_length(width, self.style(row))

    def on_click(self, event: events.Click) -> None:
        window = self._window()
        if event.y < len(window):
            self.post_message(self.Clicked(window[event.y]))


def _name(proposal: Proposal) -> str:
    words = [alias for alias in proposal.command.aliases if " " not in alias]
    return literal(proposal.text if proposal.argument else "  ".join(words[:3]))


def _title(proposal: Proposal) -> str:
    return literal(f"{proposal.command.title} {proposal.argument}".rstrip())


def _right(command: Command) -> str:
    """What stands behind its title."""
    return literal(f"refused: {command.refused}" if command.refused else command.help)


class _Pale(Suggester):
    """The rest of the likeliest command, behind the cursor."""

    def __init__(self, prompt: CommandPrompt) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._prompt = prompt

    async def get_suggestion(self, value: str) -> str | None:
        more = suggestion(proposals(self._prompt.commands, value), value)
        return value + more if more else None


class CommandInput(PromptInput):
    BINDINGS: ClassVar[list[BindingType]] = prompt_bindings("go", "close")


class CommandPrompt(Prompt):
    """Posts ``Chosen``. The application gives the commands; history is kept while the program runs."""

    SIGN = ":"
    INPUT = CommandInput
    BELOW = CommandList
    asks = False  # whether somebody answers ``Unknown``

    class Chosen(Message):
        def __init__(self, prompt: CommandPrompt, command: Command, argument: str) -> None:
            super().__init__()
            self.prompt, self.command, self.argument = prompt, command, argument

        @property
        def control(self) -> CommandPrompt:
            return self.prompt

    class Unknown(Message):
        """What was said is no command, nor the beginning of one. Who answers closes the prompt, or says in it what is wrong."""

        def __init__(self, prompt: CommandPrompt, text: str) -> None:
            super().__init__()
            self.prompt, self.text = prompt, text

        @property
        def control(self) -> CommandPrompt:
            return self.prompt

    class Closed(Message):
        """Without a choice."""

    def __init__(self, commands: Sequence[Command] = (), *, id: str | None = None) -> None:
        super().__init__(id=id, placeholder="a command or what to list: po, deploy, ns, ctx …")
        self.commands: tuple[Command, ...] = tuple(commands)
        self._input.suggester = _Pale(self)
        self._history: list[str] = []
        self._recalled = 0
        self._picked = False  # a line of the list was gone to

    @property
    def _list(self) -> CommandList:
        assert isinstance(self._below, CommandList)
        return self._below

    @property
    def history(self) -> tuple[str, ...]:
        """Newest last."""
        return tuple(self._history)

    def set_commands(self, commands: Sequence[Command]) -> None:
        self.commands = tuple(commands)
        if self.is_open:
            self.typed(self.value)

    def learn(self, commands: Sequence[Command]) -> None:
        """Further commands, from the next letter on: what stands in the list now stays under the finger."""
        self.commands = tuple(commands)

    def open(self, text: str | None = "") -> None:
        self._recalled = len(self._history)
        super().open(text)
        self.say("")
        self.typed(self.value)

    def close(self) -> None:
        self._list.show([])
        super().close()

    def typed(self, text: str) -> None:
        found = proposals(self.commands, text)
        self._picked = False
        self._list.show(found)
        named = next((c for c in self.commands if c.changes and is_named(c, text)), None)
        self.say(f"enter: {named.title}" if named else "" if found else NONE, "warn")

    def pressed(self, what: str) -> None:
        if what == "escape":
            self.close()
            self.post_message(self.Closed())
        elif what == "enter":
            self._enter()
        elif what == "tab":
            if self._list.items:
                chosen = self._list.items[self._list.chosen]
                more = " " if chosen.command.argument and not chosen.argument else ""
                self.put(chosen.text + more)
        elif what in ("up", "down"):
            self._move(-1 if what == "up" else 1)

    def _move(self, by: int) -> None:
        """Through the list; upwards from its first line through what was said before."""
        recalling = self._recalled < len(self._history)
        if recalling or (by < 0 and self._list.chosen == 0 and self._history):
            self._recalled = min(max(self._recalled + by, 0), len(self._history))
            self.put(self._history[self._recalled] if self._recalled < len(self._history) else "")
        else:
            self._picked = True
            self._list.choose(self._list.chosen + by)

    def _enter(self) -> None:
        if self._picked and self._list.items:
            self._pick(self._list.chosen)
        elif not self.value.strip():
            self.pressed("escape")  # Enter on nothing does nothing
        else:
            found = meant(self.commands, self.value)
            if found == NONE and self.asks:
                self.say("asking the server …")
                self.post_message(self.Unknown(self, self.value.strip()))
            elif isinstance(found, str):
                self.say(
                    "no such command: down chooses one" if found == NONE and self._list.items else found,
                    "warn",
                )
            else:
                self._take(found)

    def _pick(self, index: int) -> None:
        """A line of the list was chosen by arrows or a click; what changes something is written out first."""
        proposal = self._list.items[index]
        if proposal.command.changes and not is_named(proposal.command, self.value):
            self.put(proposal.text)
            return
        self._take(proposal)

    def _take(self, proposal: Proposal) -> None:
        if proposal.command.refused:
            self.say(f"refused: {proposal.command.refused}", "warn")
            return
        self.remember(proposal.text)
        self.close()
        self.post_message(self.Chosen(self, proposal.command, proposal.argument))

    def remember(self, said: str) -> None:
        self._history = [*[each for each in self._history if each != said], said][-HISTORY:]

    def on_command_list_clicked(self, message: CommandList.Clicked) -> None:
        message.stop()
        self._list.chosen = message.index
        self._pick(message.index)
