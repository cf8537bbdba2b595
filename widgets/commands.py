"""What can be said at the ``:`` prompt, and which of it a text means. No Textual in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

NONE = "no such command"
Complete = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``title`` is "noun: verb"; ``aliases`` are its short names, the usual one first.

    ``argument`` names what may follow (``namespace``), ``complete`` proposes it from what is typed so far. A command
    that is refused now says why in ``refused``, and stays visible. One that ``changes`` something (rights, facts that
    others rely on) is only done by its name in full. What is ``served`` comes from outside and takes no name, nor the beginning
    of one, from the program's own.
    """

    id: str
    title: str
    aliases: tuple[str, ...] = ()
    help: str = ""
    argument: str = ""
    complete: Complete | None = None
    refused: str = ""
    changes: bool = False
    served: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A line of the list: the command, its argument, and the text that choosing it puts into the prompt."""

    command: Command
    argument: str
    text: str


def proposals(commands: Sequence[Command], text: str) -> list[Proposal]:
    """What ``text`` may mean, the likeliest first.

    The first word names the command, the rest is its argument. An alias typed in full comes before all that merely
    begins with it; then titles, then letters in their order.
    """
    word, blank, rest = text.strip().partition(" ") if text.strip() else ("", "", "")
    if not blank and text.endswith(" ") and word:
        blank = " "
    rest = rest.strip()
    exact = next((c for c in commands if word.lower() in c.aliases), None)
    if blank and exact is not None:
        named = exact.aliases[0] if exact.aliases[0] == word.lower() else word
        if exact.complete is not None:
            offered = _ranked_texts(exact.complete(rest), rest)
            found = [Proposal(exact, each, f"{named} {each}") for each in offered]
            if rest in offered or not rest:
                return found or [Proposal(exact, rest, text.strip())]
            return [*found, Proposal(exact, rest, f"{named} {rest}")]
        return [Proposal(exact, rest, f"{named} {rest}".strip())]
    ranked = sorted(
        (
            (rank, order, c)
            for order, c in enumerate(commands)
            if (rank := _rank(c, text.strip().lower())) is not None
        ),
        key=lambda each: each[:2],
    )
    return [Proposal(c, "", c.aliases[0] if c.aliases else c.title) for _, _, c in ranked]


def meant(commands: Sequence[Command], text: str) -> Proposal | str:
    """What Enter behind ``text`` does, or a sentence why nothing: an exact name, or the only one that begins so.

    What merely holds the text or its letters is proposed, never done. An argument is the one written, or the only
    proposed one that begins with it.
    """
    word, _, rest = text.strip().partition(" ")
    low, rest = word.lower(), rest.strip()
    command = next((c for c in commands if low in c.aliases or text.strip().lower() == c.title.lower()), None)
    if command is None:
        begun = [c for c in commands if _begins(c, low)]
        begun = [c for c in begun if not c.served] or begun
        found = [(c, next(a for a in c.aliases if a.startswith(low))) for c in begun]
        if not found:
            return NONE
        if len(found) > 1:
            return f"several begin so: {_listed(name for _, name in found)}"
        command, word = found[0]
        if command.changes:
            return f"tab, then enter: {word} changes something"
    elif low not in command.aliases:
        word, rest = command.aliases[0] if command.aliases else command.title, ""
    if rest and command.complete is not None and not command.changes:
        offered = list(command.complete(rest))
        begins = [each for each in offered if each.lower().startswith(rest.lower())]
        if rest not in offered and len(begins) > 1:
            return f"several begin so: {_listed(begins)}"
        if rest not in offered and begins:
            rest = begins[0]
    return Proposal(command, rest, f"{word} {rest}".strip())


def _begins(command: Command, text: str) -> bool:
    return any(alias.startswith(text) for alias in command.aliases)


def _listed(names: Iterable[str], most: int = 5) -> str:
    first = list(names)
    return ", ".join(first[:most]) + (f" and {len(first) - most} more" if len(first) > most else "")


def suggestion(found: Sequence[Proposal], text: str) -> str:
    """What may be written behind ``text`` in pale: the rest of the first proposal that begins with it."""
    if not text:
        return ""
    low = text.lower()
    for each in found:
        for candidate in (each.text, *(() if each.argument else each.command.aliases)):
            if candidate.lower().startswith(low) and len(candidate) > len(text):
                return candidate[len(text) :]
    return ""


def _rank(command: Command, text: str) -> int | None:
    if not text:
        return 0
    title = command.title.lower()
    if text in command.aliases or text == title:
        return 0
    if any(alias.startswith(text) for alias in command.aliases):
        return 1
    if any(word.startswith(text) for word in title.replace(":", " ").split()) or title.startswith(text):
        return 2
    if text in title:
        return 3
    return 4 if len(text) > 2 and _in_order(text, title) else None


def _in_order(letters: str, text: str) -> bool:
    at = 0
    for letter in letters:
        at = text.find(letter, at) + 1
        if not at:
            return False
    return True


def _ranked_texts(texts: Iterable[str], typed: str) -> list[str]:
    low = typed.lower()
    found = [text for text in texts if low in text.lower()]
    return sorted(found, key=lambda text: (text != typed, not text.lower().startswith(low)))
