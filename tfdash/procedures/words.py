"""The words of an allowed command for one step: what the configuration fixes, and values put in, each a whole word. No shell."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tfdash.model.procedure import Step
from tfdash.model.run import RunState
from tfdash.playbook.procedures.expansion import values_of
from tfdash.playbook.procedures.placeholders import filled, is_one, named_in
from tfdash.playbook.procedures.settings import WORDS, AllowedCommand, ProceduresSettings
from tfdash.playbook.procedures.starts import own_of
from tfdash.procedures.protocols import RunRefused, Work
from tfdash.text import safe

LONGEST = 64 << 10  # bytes of one word: no system takes more than 128 KB


def place_of(step: Step, settings: ProceduresSettings) -> tuple[AllowedCommand, str]:
    """The command that a step names, and where it runs. Raises ``RunRefused``."""
    allowed = settings.commands.get(step.command)
    if allowed is None:
        raise RunRefused(
            f"{safe(step.command)} is not among the commands that this configuration allows",
            remedy=f"add it to [procedures.commands], or do it by hand and {'sign it' if step.by_hand else 'skip the step with that as the reason'}",
        )
    if step.place in allowed.places:
        return allowed, settings.at(step.place)
    kind, _, name = step.place.partition(" ")
    if kind == "job" and name and "job" in allowed.places:
        return allowed, step.place  # whatever cluster the step names
    if step.place == "here":
        return allowed, settings.at(allowed.places[0])  # the step says nothing of it
    told = ", ".join(allowed.places)
    raise RunRefused(f"{safe(step.command)} may not run at {safe(step.place)}; it may run at {told}")


def work_of(key: str, step: Step, run: RunState, allowed: AllowedCommand, mark: Mapping[str, str]) -> Work:
    """Raises ``RunRefused``."""
    own = own_of(run.id, run.cluster, run.started_at)
    values = {**values_of(run.procedure, run.inputs, own), **dict(step.arguments)}
    optional = {one.id for one in run.procedure.inputs if one.optional}
    return Work(
        key=key,
        argv=argv_of(allowed, values, step.words),
        values={
            name: _text(name, _put(text, values))
            for name, text in allowed.values
            if not _left_out(text, values, optional)
        },
        timeout=min(filter(None, (allowed.timeout, step.timeout))),
        mark=mark,
    )


def _left_out(text: str, values: Mapping[str, str], optional: Collection[str]) -> bool:
    """An input of a pipeline that is nothing but an input of the run which was left out: it is left out there, too."""
    return is_one(text) and all(
        name in optional and not values.get(f"{name}.{part}" if part else name)
        for name, part in named_in(text)
    )


def argv_of(allowed: AllowedCommand, values: Mapping[str, str], words: tuple[str, ...]) -> tuple[str, ...]:
    """Raises ``RunRefused``."""
    if words and WORDS not in allowed.command:
        raise RunRefused(
            "this command takes no words of a step", remedy=f'add "{WORDS}" to its command where it may'
        )
    argv: list[str] = []
    for word in allowed.command:
        if word == WORDS:
            argv.extend(_argument("one of the step's words", one) for one in words)
        elif any(named_in(word)):
            argv.append(_argument(word, _put(word, values)))
        else:
            argv.append(word)
    return tuple(argv)


def _put(text: str, values: Mapping[str, str]) -> str:
    for name, part in named_in(text):
        whole = f"{name}.{part}" if part else name
        if not values.get(whole):
            raise RunRefused(f"nothing is known for {{{whole}}}, which this command speaks of")
    return filled(text, values)


def _argument(what: str, value: str) -> str:
    if value.startswith("-"):
        raise RunRefused(f'{what} begins with "-", and would be taken for an option: {safe(value[:40])}')
    return _text(what, value)


def _text(what: str, value: str) -> str:
    if "\0" in value:
        raise RunRefused(f"{what} holds a character that no word of a command can have")
    try:
        long = len(value.encode()) > LONGEST
    except UnicodeEncodeError:
        raise RunRefused(f"{what} is no text") from None
    if long:
        raise RunRefused(f"{what} is longer than {LONGEST >> 10} KB")
    return value
