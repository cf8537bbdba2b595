"""Somebody at a real ``tfdash`` on a pseudo-terminal, who knows nothing of a run but what the screen shows: what is pressed next is read there."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.painted import Painted
from tests.waiting import until

_BOX = re.compile(r"│(.*)│")
_KEY = re.compile(r"(enter|tab|[a-z]) (\S.*)")
_IN_HAND = re.compile(r"^─ (?P<number>[\d.]+) (?P<title>.+?) · [\w ]+ ─", re.MULTILINE)
_FIELD = re.compile(r"^ (?:Reason|Note|Link|Type \S+)\b", re.MULTILINE)
_STEP = re.compile(r" › Step$", re.MULTILINE)
_CHOSEN = re.compile(r"\[ (.+?) \]")
_BUSY = ("Cancel", "To the background")
"""Where it is the only answer that a dialog has, its plan is made, or what was confirmed is under way."""
_OF_STEP = ("enter", "t", "s")
"""Of what is done with the step in hand, or closes the run; what skips it, and what is about all of the run, stands under others."""
LONG = 600.0  # seconds for a whole run
_PAINTED = 0.15  # seconds without a piece of a screen: it is whole
_APART = 1.0  # seconds: a dialog takes no key within a moment after it came, or after one that came too early

_TAKING = 10.0  # seconds: an answer that was taken is written before its dialog goes


class Key(NamedTuple):
    key: str
    word: str

    @property
    def typed(self) -> str:
        return {"enter": "\r", "tab": "\t"}.get(self.key, self.key)


def footer(screen: str) -> list[Key]:
    return _keys_in(screen.splitlines()[-1])


def offered(screen: str) -> list[Key]:
    """The keys of the run and of the step in hand, in the order in which they are shown: the lines above the footer."""
    found: list[Key] = []
    for line in reversed(screen.splitlines()[:-1]):
        keys = _keys_in(line, apart=3)
        if not keys:
            break
        found[:0] = keys
    return found


def _keys_in(line: str, apart: int = 2) -> list[Key]:
    parts = [one for one in re.split(f" {{{apart},}}", line.strip()) if one]
    told = [_KEY.fullmatch(one) for one in parts]
    return [Key(one[1], one[2]) for one in told if one is not None] if all(told) or apart == 2 else []


def dialog(screen: str) -> str:
    """What stands in the dialog that is open; "" where none is."""
    return "\n".join(_BOX.findall(screen)) if "╭──" in screen and "╰──" in screen else ""


def last_line(text: str) -> str:
    return next((one for one in reversed(text.splitlines()) if one.strip()), "")


def buttons(text: str) -> list[str]:
    """Of a dialog; beside them stands how long its plan holds."""
    found = [one.strip(" []") for one in re.split(r" {2,}", last_line(text).strip())]
    return [one for one in found if one and not one.startswith(("plan ", "the plan "))]


def _asks(text: str) -> tuple[str, list[str]]:
    """What a dialog is, whatever it says meanwhile."""
    return text.split("\n", 1)[0], buttons(text)


def next_key(screen: str) -> Key | None:
    """The first that is about the step in hand, or ends the run; where it can be signed as done by hand, that."""
    of_step = [one for one in offered(screen) if one.key in _OF_STEP]
    by_hand = [one for one in of_step if one.word.startswith("done by hand")]
    return next(iter((*by_hand, *of_step)), None)


def in_hand(screen: str) -> str:
    found = _IN_HAND.search(screen)
    return found["title"] if found is not None else ""


class Person(Painted):
    """``words``: what is written wherever something is to be written."""

    def __init__(self, config: Path, home: Path, words: str) -> None:
        argv = [sys.executable, "-P", "-m", "tfdash", "run", "--config", str(config)]
        super().__init__(argv, {"XDG_STATE_HOME": str(home), "NO_COLOR": ""})
        self.words = words

    def to_recovery(self) -> None:
        number = self.shows(lambda screen: re.search(r"(\d) Recovery", screen), "the tab of recoveries")
        self.presses(number[1])
        self.shows(lambda screen: re.search(r"^ Recovery\b", screen, re.MULTILINE), "its page")

    def key(self, word: str) -> Key:
        """The one beside which the screen has that word, once it has."""

        def found(screen: str) -> Key | None:
            return next((one for one in (*offered(screen), *footer(screen)) if one.word == word), None)

        return self.shows(found, f"a key for “{word}”")

    def comes(self, true: Callable[[str], object], seconds: float = _APART) -> bool:
        """Whether the screen says so within a moment."""
        end = time.monotonic() + seconds
        while not true(self.screen) and (left := end - time.monotonic()) > 0:
            self.reads(left)
        return bool(true(self.screen))

    def settles(self) -> None:
        """Until nothing more is painted for a moment, or for as long as a moment lasts."""
        end = time.monotonic() + _APART
        while self.reads(_PAINTED) and time.monotonic() < end:
            pass

    def goes_on(self, over: Callable[[str], object]) -> None:
        """From key to key as the page offers them, until the screen says that it is ``over``."""

        def further() -> bool:
            self.settles()
            if not over(self.screen):
                if dialog(self.screen):
                    self.answers()
                elif _STEP.search(self.screen):  # enter came between two looks at what can be done
                    self.presses("\x1b")
                    self.comes(lambda screen: not _STEP.search(screen))
                elif (key := next_key(self.screen)) is not None:
                    self._presses_and_sees(key)
                else:
                    self.presses(self.key("next in hand").typed)
                    self.comes(lambda screen: next_key(screen) is not None or over(screen))
            return bool(over(self.screen))

        until(further, lambda: f"the end of it; there is\n{self.screen}", LONG)

    def _presses_and_sees(self, key: Key) -> None:
        before = self._stands()
        self.presses(key.typed)
        self.shows(lambda screen: self._stands() != before, f"what comes of {key}")

    def _stands(self) -> tuple[object, ...]:
        screen = self.screen
        return bool(dialog(screen)), in_hand(screen), tuple(offered(screen))

    # -- dialogs ------------------------------------------------------------------------------------------------

    def answers(self, button: str = "") -> None:
        """The dialog that is open: writes what it asks for, and takes ``button``, or the last of its answers. What it is still busy with is
        waited for."""
        self.shows(
            lambda screen: buttons(dialog(screen))[-1:] not in ([], *([one] for one in _BUSY)), "answers"
        )
        self.settles()
        before = dialog(self.screen)
        if _FIELD.search(before):
            typed = re.search(r"^ Type (\S+) ", before, re.MULTILINE)
            self._writes(self.words if typed is None else typed[1])
        wanted = button or buttons(before)[-1]

        def chosen(screen: str) -> bool:
            found = _CHOSEN.search(last_line(dialog(screen)))
            return found is not None and wanted in found[1]

        self._presses_until("\t", chosen)
        self._presses_until("\r", lambda screen: _asks(dialog(screen)) != _asks(before), _TAKING)

    def _writes(self, text: str) -> None:
        """Once the dialog takes a key: what comes too early is not written."""
        begun = re.compile(rf"^ *(?:\w+ +|Type \S+ +)?{re.escape(text[0])}+ *$", re.MULTILINE)
        self._presses_until(text[0], lambda screen: begun.search(dialog(screen)))
        self.presses(text[1:])
        self.shows(lambda screen: text[-10:] in dialog(screen), "what was written")
        self.presses("\r")

    def _presses_until(self, key: str, true: Callable[[str], object], seconds: float = _APART) -> None:
        """Again where it was not taken."""

        def taken() -> bool:
            if true(self.screen):
                return True
            self.presses(key)
            return self.comes(true, seconds)

        until(taken, lambda: f"{key!r} to be taken; there is\n{self.screen}")
