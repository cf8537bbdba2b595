"""What can be said at the ``:`` prompt, and which of it a text means. No Textual in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

NONE = "no such command"
Complete = Callable[[str], Iterable[str]]
_WORDS = 12  # of a name, at most


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``title`` is "noun: verb"; ``aliases`` are its short names, the usual one first.

    ``argument`` names what may follow (``namespace``), ``complete`` proposes it from what is typed so far. A command
    that is refused now says why in ``refused``, and stays visible. One that ``changes`` something (rights, facts that
    others rely on) is only done by its name in full. One that ``yields`` (what a server serves, what one page offers) takes no
    name, nor the beginning of one, from the others. An alias may be of several words.
    """

    id: str
    title: str
    aliases: tuple[str, ...] = ()
    help: str = ""
    argument: str = ""
    complete: Complete | None = None
    refused: str = ""
    changes: bool = False
    yields: bool = False


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
    said = " ".join(text.lower().split())
    named = _named(commands, text)
    if named is not None and (named[2] or text.endswith(" ")):
        exact, name, rest = named
        begun = f"{said} " if text.endswith(" ") else said
        longer = [Proposal(c, "", a) for c in commands if c is not exact for a in _longer(c, begun)[:1]]
        if exact.complete is not None:
            offered = _ranked_texts(exact.complete(rest), rest)
            found = [Proposal(exact, each, f"{name} {each}") for each in offered]
            if rest in offered or not rest:
                return [*(found or [Proposal(exact, rest, text.strip())]), *longer]
            return [*found, *longer, Proposal(exact, rest, f"{name} {rest}")]
        return [Proposal(exact, rest, f"{name} {rest}".strip()), *longer]
    ranked = sorted(
        ((rank, order, c) for order, c in enumerate(commands) if (rank := _rank(c, said)) is not None),
        key=lambda each: each[:2],
    )
    return [Proposal(c, "", c.aliases[0] if c.aliases else c.title) for _, _, c in ranked]


def meant(commands: Sequence[Command], text: str) -> Proposal | str:
    """What Enter behind ``text`` does, or a sentence why nothing: an exact name, or the only one that begins so.

    What merely holds the text or its letters is proposed, never done. An argument is the one written, or the only
    proposed one that begins with it.
    """
    said = " ".join(text.lower().split())
    named = _named(commands, text)
    if named is None:
        word, _, rest = text.strip().partition(" ")
        begun = [c for c in commands if _begun(c, said)]
        begun = [c for c in begun if not c.yields] or begun
        found = [(c, _begun(c, said)) for c in begun]
        if not found:
            return NONE
        if len(found) > 1 or found[0][0].changes:
            return _unclear(found)
        (command, word), rest = found[0], rest.strip()
    else:
        command, word, rest = named
    if rest:
        offered = list(command.complete(rest)) if command.complete is not None else []
        begins = [each for each in offered if each.lower().startswith(rest.lower())]
        if command.changes or rest in offered:
            begins = []
        if len(begins) > 1:
            return f"several begin so: {_listed(begins)}"
        if not begins and rest not in offered:
            longer = [(c, a) for c in commands for a in _longer(c, said)[:1]]
            if longer:  # the beginning of another name
                return _unclear(longer)
        rest = begins[0] if begins else rest
    return Proposal(command, rest, f"{word} {rest}".strip())


def is_named(command: Command, text: str) -> bool:
    """Whether ``text`` begins with a name of ``command`` in full."""
    return _named((command,), text) is not None


def _named(commands: Sequence[Command], text: str) -> tuple[Command, str, str] | None:
    """The command that the first words are a name of, that name and what stands behind it. The longest name counts, unless
    what is behind a shorter one is just what that one proposes."""
    first: tuple[Command, str, str] | None = None
    longest: tuple[Command, str, str] | None = None
    for count in range(1, min(len(text.split()), _WORDS) + 1):
        words = text.split(None, count)
        name, rest = " ".join(words[:count]).lower(), "".join(words[count:]).strip()
        command = next((c for c in commands if name in c.aliases or name == c.title.lower()), None)
        if command is not None:
            named = name if name in command.aliases or not command.aliases else command.aliases[0]
            longest = command, named, rest
            first = first or longest
    if first is not None and first is not longest and first[0].complete is not None:
        return first if first[2] in list(first[0].complete(first[2])) else longest
    return longest


def _begun(command: Command, said: str) -> str:
    """The alias that ``said`` begins: with all its words, or with the first where it is of one word."""
    word = said.partition(" ")[0]
    return next((a for a in command.aliases if a.startswith(said if " " in a else word)), "")


def _longer(command: Command, said: str) -> list[str]:
    """The names of several words that begin so and go on."""
    names = (*command.aliases, command.title.lower())
    return [name for name in names if " " in name and name.startswith(said) and name != said]


def _unclear(found: Sequence[tuple[Command, str]]) -> str:
    if len(found) > 1:
        return f"several begin so: {_listed(name for _, name in found)}"
    command, name = found[0]
    return f"tab, then enter: {name} changes something" if command.changes else f"tab, then enter: {name}"


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
