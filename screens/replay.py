"""The application on a recording: the same pages, with a line and keys for its time. Nothing can be done to what was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import Input

from screens.app import TfdashApp
from screens.context import AppContext
from screens.frame.board_screen import BoardScreen
from tfdash.changes.history import ChangeHistory
from tfdash.model.picture import Picture
from tfdash.replay.player import Player
from tfdash.text import safe
from tfdash.views.replay import TIMES, ReplayWords, changed, meant, words
from widgets.commands import Command
from widgets.replay_bar import ReplayBar

_LEAP = 60.0  # seconds
_TOLD = 5.0  # for which what is told stands in the line
_REFUSED = "this is a recording: nothing can be done to what was"


class ReplayKey(NamedTuple):
    """``action`` as Textual names it; ``word`` stands in the help, ``short`` in the line of the replay."""

    keys: str
    action: str
    id: str
    word: str
    shown: str
    short: str = ""


_KEYS = (
    ReplayKey("space", "replay_play", "replay.play", "play or pause", "space", "play"),
    ReplayKey(
        "full_stop",
        "replay_step(True)",
        "replay.next",
        "to the next that warns or breaks, or ceases to",
        ".",
        "next change",
    ),
    ReplayKey("comma", "replay_step(False)", "replay.previous", "to the one before", ",", "last"),
    ReplayKey("at", "replay_go", "replay.go", "go to a time", "@", "go to"),
    ReplayKey("greater_than_sign", "replay_speed(1)", "replay.faster", "faster", ">", "faster"),
    ReplayKey("less_than_sign", "replay_speed(-1)", "replay.slower", "slower", "<", "slower"),
    ReplayKey("J", "replay_judging", "replay.judging", "judged anew, or as judged then", "J"),
    ReplayKey("right_curly_bracket", "replay_leap(1)", "replay.ahead", "a minute ahead", "}"),
    ReplayKey("left_curly_bracket", "replay_leap(-1)", "replay.back", "a minute back", "{"),
)
_COMMANDS = {
    "replay.go": Command("replay.go", "replay: go to a time", ("at",), TIMES, "time"),
    "replay.play": Command("replay.play", "replay: play or pause", ("play", "pause"), "space does the same"),
    "replay.next": Command("replay.next", "replay: next change of a verdict", ("next",), ". does the same"),
    "replay.previous": Command("replay.previous", "replay: change before", ("previous",), ", does the same"),
    "replay.judging": Command(
        "replay.judging",
        "replay: judged anew or as then",
        ("judging",),
        "by today's policy, or as it was said then",
    ),
}


class ReplayApp(TfdashApp):
    """``player.board`` is its board."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # with priority: in a recording nothing is marked, and a key of its time is one on every page
        Binding(k.keys, k.action, k.word, id=k.id, key_display=k.shown, show=False, priority=True)
        for k in _KEYS
    ]

    def __init__(self, player: Player, context: AppContext) -> None:
        super().__init__(player.board, context)
        self._player = player
        self.replay = self
        self._told = ""  # what is new, in its line
        self._forgets: Timer | None = None
        self._does: dict[str, Callable[[], None]] = {
            "replay.play": self.action_replay_play,
            "replay.next": lambda: self.action_replay_step(True),
            "replay.previous": lambda: self.action_replay_step(False),
            "replay.judging": self.action_replay_judging,
        }
        player.jumped.append(self._jumped)

    def _jumped(self, picture: Picture) -> None:
        """On the board's thread: what was changed until then, as far as it is known; between two times nothing was."""
        history: ChangeHistory | None = self.change_history
        if history is not None:
            now = self._player.clock.now()
            history.begin(picture, [one for one in self._player.walk.seen.seen_changes if one.at <= now])

    # -- its line -----------------------------------------------------------------------------------------------

    @property
    def begins(self) -> float:
        return self._player.recording.start

    @property
    def words(self) -> ReplayWords:
        return words(self._player.state, self.zone)._replace(told=self._told)

    @property
    def keys(self) -> list[tuple[str, str]]:
        plays = self._player.clock.plays
        named = [(k.shown, k.short) for k in _KEYS if k.short]
        return [(key, "pause" if plays and word == "play" else word) for key, word in named]

    def tell(self, text: str, level: str = "information") -> None:
        """In its line, where that has the room: a notice would stand on what the key was pressed to see."""
        bar = self._bar()
        if bar is None or not bar.takes(safe(text)):
            super().tell(text, level)
        else:
            self.tell_in_line(text, level)

    def tell_in_line(self, text: str, level: str = "information") -> None:
        """What does not fit is cut; the messages have all of it."""
        self._told = self.messages.add(self.now(), level, text).text
        if self._forgets is not None:
            self._forgets.stop()
        self._forgets = self.set_timer(_TOLD, self._forget)
        self._show_line()

    def _forget(self) -> None:
        self._told = ""
        self._show_line()

    def _bar(self) -> ReplayBar | None:
        shown = self.screen
        return next(iter(shown.query(ReplayBar)), None) if isinstance(shown, BoardScreen) else None

    def _show_line(self) -> None:
        if self.top is not None and self.top.is_mounted:
            self.top.refresh_bars()

    # -- keys ---------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action.startswith("replay_") and (
            isinstance(self.focused, Input) or not isinstance(self.screen, BoardScreen)
        ):
            return False  # a letter like any other, or a dialog's
        return super().check_action(action, parameters)

    def action_replay_play(self) -> None:
        self._player.play(not self._player.clock.plays)
        self._show_line()

    def action_replay_step(self, forward: bool) -> None:
        found = self._player.step(forward)
        if found is None:
            self.tell(f"{self.words.walking}; what changes after it is looked for")
        elif not found:
            self.tell(f"nothing begins or ceases to warn or to break {'after' if forward else 'before'} this")
        else:
            self.tell_in_line(changed(found, self.zone))
        self._show_line()

    def action_replay_speed(self, steps: int) -> None:
        self._player.faster(steps)
        self._show_line()

    def action_replay_leap(self, way: int) -> None:
        self._go(self.now() + way * _LEAP)

    def action_replay_judging(self) -> None:
        self._player.judge_anew(not self._player.judge.anew)
        self._show_line()

    async def action_replay_go(self) -> None:
        """The prompt, with the word already there."""
        if isinstance(self.screen, BoardScreen):
            await self.screen.action_command("at ")

    def _go(self, at: float) -> None:
        self._player.jump(at)
        self._show_line()

    # -- commands -----------------------------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        """Those of every terminal, of which what changes something is refused; and those of the recording's time."""
        others = [replace(c, refused=_REFUSED) if c.changes else c for c in super().commands()]
        return [*_COMMANDS.values(), *others]

    def do(self, command: str, argument: str = "") -> None:
        if command == "replay.go":
            player = self._player.recording
            try:
                self._go(meant(argument, self.now(), player.start, player.end, self.zone))
            except ValueError as error:
                self.tell(str(error), "warning")
        elif command in self._does:
            self._does[command]()
        else:
            super().do(command, argument)

    def start_elevated(self) -> None:
        self.tell(_REFUSED, "warning")

    def use_environment(self, name: str) -> None:
        self.tell(f"a recording holds one environment, {self.context.environment}", "warning")
