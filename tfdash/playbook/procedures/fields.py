"""What may stand in the file of a procedure: each table's keys, how each is read, and to which kinds of steps it belongs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tfdash.durations import parse_duration
from tfdash.model.procedure import Ask, Branch, Input, OnFailure, Pairs, Scenario, StatedTimes, Step, StepKind
from tfdash.playbook.procedures.placeholders import is_one
from tfdash.spelling import nearest

At = tuple[str, ...]
"""Where in the file: keys, and the index in a list."""
DEEPEST = 4
"""So deep may groups stand within groups."""
ID = re.compile(r"[a-z](?:[a-z0-9]|-(?!-)){0,38}[a-z0-9]|[a-z]")
"""Of a procedure, a step, an input, a branch: a part of names of Jobs and units. "--" is left to what is made of them."""
EVIDENCE = ("note", "link", "file")


class EnoughFaults(Exception):
    """More than anybody reads."""


class Faults:
    """What is wrong with one file, in the order in which it was found; ``EnoughFaults`` behind the first ``MOST``."""

    MOST = 50

    def __init__(self) -> None:
        self.found: dict[tuple[At, str, str, int], list[str]] = {}
        """Each with the ids of the rows of whose block it is."""
        self.where: Callable[[At], tuple[At, str]] = _here
        """Where in the file something stands, and for which row (``rows.FilePlaces``)."""

    def add(self, at: At, message: str, remedy: str = "", line: int = 0) -> None:
        """``line``: where it is another than that of ``at``."""
        stands, row = self.where(at)
        one = (stands, message, remedy, line)
        if one not in self.found and len(self.found) >= self.MOST:
            raise EnoughFaults
        self.found.setdefault(one, []).extend([row] if row else ())


def _here(at: At) -> tuple[At, str]:
    return at, ""


Take = Callable[[Any, At, Faults], Any]


@dataclass(frozen=True)
class TomlKey:
    """One key of a table. ``kinds``: of a step, to which it belongs; () for all of them."""

    take: Take
    needed: bool = False
    kinds: tuple[StepKind, ...] = ()


def _named(value: Any) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")


def is_a(value: Any, kind: type, at: At, faults: Faults, remedy: str) -> bool:
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return True
    faults.add(at, f"is {_named(value)}, and must be {_named(kind())}", remedy)
    return False


def text(value: Any, at: At, faults: Faults) -> str:
    if not is_a(value, str, at, faults, "write it in quotation marks"):
        return ""
    if not value.strip():
        faults.add(at, "is empty", "write what is meant, or take the key out")
    return str(value.strip())


def flag(value: Any, at: At, faults: Faults) -> bool:
    return value if is_a(value, bool, at, faults, "write true or false") else False


def name(value: Any, at: At, faults: Faults) -> str:
    found = text(value, at, faults)
    if found and not ID.fullmatch(found):
        faults.add(
            at,
            f'"{found}" is no name for it',
            "write up to 40 small letters, digits and single hyphens, a letter first",
        )
    return found


def span(value: Any, at: At, faults: Faults) -> float:
    """Seconds, more than none."""
    try:
        found = parse_duration(value)
    except ValueError as error:
        faults.add(at, *_parted(str(error)))
        return 0.0
    if found <= 0:
        faults.add(at, "is no time at all", "write more, or take the key out")
    return found


def _parted(told: str) -> tuple[str, str]:
    message, _, remedy = told.partition("; ")
    return message, remedy


def span_or_place(value: Any, at: At, faults: Faults) -> float | str:
    """Seconds, or "{input}"."""
    return value.strip() if isinstance(value, str) and is_one(value.strip()) else span(value, at, faults)


def whole(least: int, most: int) -> Take:
    def take(value: Any, at: At, faults: Faults) -> int:
        if not is_a(value, int, at, faults, "write a whole number without quotation marks"):
            return least
        if not least <= value <= most:
            faults.add(at, f"{value} is out of range", f"write a number from {least} to {most}")
        return int(value)

    return take


def one_of(choices: Collection[str]) -> Take:
    def take(value: Any, at: At, faults: Faults) -> str:
        found = text(value, at, faults)
        if found and found not in choices:
            faults.add(at, f'there is no "{found}"', nearest(found, choices))
        return found

    return take


def texts(value: Any, at: At, faults: Faults) -> tuple[str, ...]:
    return tuple(listed(text)(value, at, faults))


def listed(take: Take) -> Take:
    def many(value: Any, at: At, faults: Faults) -> tuple[Any, ...]:
        if not is_a(value, list, at, faults, "write it in brackets"):
            return ()
        if not value:
            faults.add(at, "is an empty list", "write what is meant, or take the key out")
        return tuple(take(one, (*at, str(i)), faults) for i, one in enumerate(value))

    return many


def _maybe_none(value: Any, at: At, faults: Faults) -> tuple[str, ...]:
    return () if value == [] else texts(value, at, faults)


def pairs(value: Any, at: At, faults: Faults) -> Pairs:
    if not is_a(value, dict, at, faults, 'write { name = "text" }'):
        return ()
    return tuple((key, text(one, (*at, key), faults)) for key, one in value.items())


def ask(value: Any, at: At, faults: Faults) -> Ask:
    """``{ probe = "id", argument = "value" }``."""
    if not is_a(value, dict, at, faults, 'write { probe = "...", argument = "..." }'):
        return Ask(probe="")
    if "probe" not in value:
        faults.add(at, "names no probe", 'write { probe = "...", argument = "..." }')
    said = {key: text(one, (*at, key), faults) for key, one in value.items()}
    return Ask(probe=said.pop("probe", ""), arguments=tuple(said.items()))


asks = listed(ask)


def table(value: Any, at: At, faults: Faults, keys: Mapping[str, TomlKey]) -> dict[str, Any]:
    """What each key says. A key that is not there and is needed, or that nobody knows, is a fault."""
    if not is_a(value, dict, at, faults, "write it as a table"):
        return {}
    for key in value:
        if key not in keys:
            faults.add((*at, key), "there is no such key here", nearest(key, keys))
    for key, one in keys.items():
        if one.needed and key not in value:
            faults.add(at, f"has no {key}", f"add {key} = ...")
    return {key: one.take(value[key], (*at, key), faults) for key, one in keys.items() if key in value}


def _branch(value: Any, at: At, faults: Faults) -> Branch:
    return Branch(**{"id": "", "title": "", **table(value, at, faults, BRANCH)})


def _input(value: Any, at: At, faults: Faults) -> Input:
    return Input(**{"id": "", "title": "", "type": "", **table(value, at, faults, INPUT)})


def scenario(value: Any, at: At, faults: Faults) -> Scenario:
    return Scenario(**table(value, at, faults, SCENARIO))


def status(value: Any, at: At, faults: Faults) -> StatedTimes:
    return StatedTimes(**{"every": 0.0, **table(value, at, faults, STATUS)})


def step(value: Any, at: At, faults: Faults) -> Step:
    said = table(value, at, faults, STEP)
    kind = said.get("kind")
    if kind not in tuple(StepKind):  # told already, or no table at all
        return Step(id="", title="", kind=StepKind.MANUAL)
    said = {"id": "", "title": "", **said, "kind": StepKind(kind)}
    if "on_failure" in said:
        found = said["on_failure"]
        said["on_failure"] = OnFailure(found) if found in tuple(OnFailure) else OnFailure.STOP
    if isinstance(said.get("lasts"), str):
        said["lasts_as"] = said.pop("lasts")
    for key, why in _misplaced(value, StepKind(kind)):
        faults.add((*at, key), why, "take it out, or make it a step of such a kind")
    for key in NEEDED[StepKind(kind)]:
        if key not in value:
            faults.add(at, f"is a step of the kind {kind} and has no {key}", f"add {key} = ...")
    return Step(**said)


def _misplaced(value: Mapping[str, Any], kind: StepKind) -> Iterator[tuple[str, str]]:
    for key in value:
        of = STEP[key].kinds if key in STEP else ()
        if of and kind not in of:
            yield key, f"is of a step of the kind {' or '.join(of)}, and this one is a {kind}"


def steps(value: Any, at: At, faults: Faults) -> tuple[Step, ...]:
    if sum(part in ("steps", "undo") for part in at) > DEEPEST:
        faults.add(at, f"is more than {DEEPEST} groups deep", "put its steps further out")
        return ()
    return tuple(listed(step)(value, at, faults))


_ASKS = (StepKind.CHECK, StepKind.GATE, StepKind.WAIT)
_ACTS = (StepKind.ACTION, StepKind.COMMAND)
_MANUAL = (StepKind.MANUAL,)
_SIGNED = (StepKind.MANUAL, StepKind.APPROVAL)
_GROUP = (StepKind.GROUP,)

STEP: Mapping[str, TomlKey] = {
    "id": TomlKey(name, needed=True),
    "title": TomlKey(text, needed=True),
    "kind": TomlKey(one_of(tuple(StepKind)), needed=True),
    "text": TomlKey(text),
    "by_hand": TomlKey(text, kinds=(*_ACTS, *_ASKS, StepKind.NOTIFY)),
    "asks": TomlKey(asks, kinds=_ASKS),
    "before": TomlKey(asks),
    "after": TomlKey(asks),
    "again": TomlKey(flag, kinds=(StepKind.ACTION,)),
    "action": TomlKey(text, kinds=(StepKind.ACTION,)),
    "subject": TomlKey(text, kinds=(StepKind.ACTION,)),
    "arguments": TomlKey(pairs, kinds=_ACTS),
    "cluster": TomlKey(text, kinds=(StepKind.ACTION,)),
    "command": TomlKey(text, kinds=(StepKind.COMMAND,)),
    "words": TomlKey(texts, kinds=(StepKind.COMMAND,)),
    "place": TomlKey(text, kinds=(StepKind.COMMAND,)),
    "evidence": TomlKey(listed(one_of(EVIDENCE)), kinds=(*_MANUAL, *_ACTS, *_ASKS)),
    "role": TomlKey(text, kinds=_SIGNED),
    "count": TomlKey(whole(1, 20), kinds=(StepKind.APPROVAL,)),
    "others": TomlKey(flag, kinds=(StepKind.APPROVAL,)),
    "alone": TomlKey(text, kinds=(StepKind.APPROVAL,)),
    "alone_after": TomlKey(span, kinds=(StepKind.APPROVAL,)),
    "branches": TomlKey(listed(_branch), kinds=(StepKind.DECISION,)),
    "until": TomlKey(text, kinds=(StepKind.WAIT,)),
    "lasts": TomlKey(span_or_place, kinds=(StepKind.WAIT,)),
    "begins": TomlKey(listed(name), kinds=(StepKind.PROCEDURE,)),
    "message": TomlKey(text, kinds=(StepKind.NOTIFY,)),
    "to": TomlKey(texts, kinds=(StepKind.NOTIFY,)),
    "steps": TomlKey(steps, kinds=_GROUP),
    "parallel": TomlKey(flag, kinds=_GROUP),
    "each": TomlKey(text, kinds=_GROUP),
    "needs": TomlKey(texts),
    "timeout": TomlKey(span),
    "retries": TomlKey(whole(0, 100), kinds=(*_ACTS, StepKind.CHECK, StepKind.NOTIFY)),
    "retry_after": TomlKey(span, kinds=(*_ACTS, StepKind.CHECK, StepKind.NOTIFY)),
    "on_failure": TomlKey(one_of(tuple(OnFailure))),
    "idempotent": TomlKey(flag, kinds=_ACTS),
    "undo": TomlKey(steps, kinds=(*_ACTS, *_MANUAL, *_GROUP)),
    "no_return": TomlKey(text, kinds=(*_ACTS, *_MANUAL)),
    "optional": TomlKey(flag),
    "given": TomlKey(texts),
    "target": TomlKey(span),
    "tier": TomlKey(whole(1, 20)),
}
NEEDED: Mapping[StepKind, tuple[str, ...]] = {
    StepKind.CHECK: ("asks",),
    StepKind.ACTION: ("action", "subject"),
    StepKind.COMMAND: ("command",),
    StepKind.MANUAL: ("text",),
    StepKind.APPROVAL: ("role",),
    StepKind.DECISION: ("branches",),
    StepKind.WAIT: (),
    StepKind.NOTIFY: ("message",),
    StepKind.PROCEDURE: ("begins",),
    StepKind.GROUP: ("steps",),
    StepKind.GATE: ("asks",),
}
BRANCH: Mapping[str, TomlKey] = {
    "id": TomlKey(name, needed=True),
    "title": TomlKey(text, needed=True),
    "steps": TomlKey(_maybe_none),
    "when": TomlKey(asks),
    "fails": TomlKey(flag),
}
INPUT: Mapping[str, TomlKey] = {
    "id": TomlKey(name, needed=True),
    "title": TomlKey(text, needed=True),
    "type": TomlKey(text, needed=True),
    "choices": TomlKey(texts),
    "default": TomlKey(text),
    "optional": TomlKey(flag),
    "many": TomlKey(flag),
    "elsewhere": TomlKey(flag),
    "new": TomlKey(flag),
}
SCENARIO: Mapping[str, TomlKey] = {
    "title": TomlKey(text),
    "signs": TomlKey(asks),
    "against": TomlKey(asks),
    "alike": TomlKey(pairs),
    "loses": TomlKey(_maybe_none),
}
STATUS: Mapping[str, TomlKey] = {
    "every": TomlKey(span, needed=True),
    "message": TomlKey(text),
    "to": TomlKey(texts),
}
PROCEDURE: Mapping[str, TomlKey] = {
    "title": TomlKey(text, needed=True),
    "purpose": TomlKey(text),
    "recovery": TomlKey(flag),
    "urgent": TomlKey(flag),
    "emergency": TomlKey(flag),
    "holds": TomlKey(texts),
    "rto": TomlKey(span),
    "rpo": TomlKey(span),
    "rehearse": TomlKey(span),
    "roles": TomlKey(pairs),
    "inputs": TomlKey(listed(_input)),
    "scenario": TomlKey(scenario),
    "ready": TomlKey(asks),
    "status": TomlKey(status),
    "steps": TomlKey(steps, needed=True),
}
