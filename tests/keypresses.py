"""Random key presses, the same for the same seed: single keys, whole commands, words typed into dialogs."""

from __future__ import annotations

import string
from collections.abc import Iterator
from random import Random

NAMED = (
    "enter",
    "enter",
    "enter",
    "escape",
    "escape",
    "up",
    "down",
    "down",
    "left",
    "right",
    "home",
    "end",
    "pageup",
    "pagedown",
    "tab",
    "tab",
    "shift+tab",
    "space",
    "backspace",
    "delete",
    "colon",
    "slash",
    "question_mark",
    "ctrl+r",
    "ctrl+d",
    "ctrl+u",
    "ctrl+a",
    "ctrl+e",
    "ctrl+k",
    "ctrl+w",
    "ctrl+l",
    "ctrl+o",
    "ctrl+p",
    "ctrl+s",
    "ctrl+x",
    "ctrl+v",
    "shift+up",
    "shift+down",
    "f1",
    "f2",
    "f5",
    "f10",
    "insert",
    "left_square_bracket",
    "right_square_bracket",
    "full_stop",
    "comma",
    "minus",
    "plus",
    "asterisk",
    "less_than_sign",
    "greater_than_sign",
)
VERBS = tuple("abhiorsx")  # the keys of actions, which must be tried more often than chance would
COMMANDS = (
    "po",
    "deploy",
    "canary",
    "overview",
    "changes",
    "audit",
    "approvals",
    "sources",
    "messages",
    "progress",
    "elevate",
    "ns",
    "no",
    "rs",
    "hpa",
    "ev",
    "ro",
    "theme light",
    "theme dark",
    "nonsense",
    "po tf-production",
    "break-glass",
    "calendar",
)
WORDS = ("checkout", "auth", "yes", "3", "0", "-1", "y", "roll back 2", "because")


def presses(random: Random) -> Iterator[tuple[str, ...]]:
    """Without end; each item belongs together."""
    while True:
        chance = random.random()
        if chance < 0.30:
            yield (random.choice(NAMED),)
        elif chance < 0.55:
            yield (random.choice(VERBS),)
        elif chance < 0.90:
            yield (random.choice(string.ascii_letters + string.digits),)
        elif chance < 0.96:
            yield ("colon", *keys_of(random.choice(COMMANDS)), "enter")
        else:
            yield (*keys_of(random.choice(WORDS)), random.choice(("enter", "tab", "escape")))


def keys_of(text: str) -> tuple[str, ...]:
    names = {" ": "space", "-": "minus"}
    return tuple(names.get(character, character) for character in text)


def character_of(key: str) -> str | None:
    """What a terminal would send with it."""
    named = {
        "space": " ",
        "minus": "-",
        "colon": ":",
        "slash": "/",
        "question_mark": "?",
        "comma": ",",
        "full_stop": ".",
    }
    return key if len(key) == 1 else named.get(key)
