"""A procedure as one run carries it out: groups ``each`` written out, and every ``{input}`` put in. In one pass: what a value
holds is never taken for a place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from tfdash.durations import parse_duration
from tfdash.model.procedure import Ask, Branch, Pairs, Procedure, Step
from tfdash.playbook.procedures.inputs import ALL, INPUT_TYPES, SHOWN, Inputs, with_defaults
from tfdash.playbook.procedures.placeholders import EACH, NUMBER, filled, is_one

_TEXTS = (
    "title",
    "text",
    "by_hand",
    "action",
    "subject",
    "cluster",
    "command",
    "place",
    "alone",
    "until",
    "message",
    "no_return",
)
_LISTED = 4
_TIER = f"{EACH}.tier"
_ASKS = ("asks", "before", "after")


def expanded(procedure: Procedure, inputs: Inputs, own: Mapping[str, str]) -> Procedure:
    """``procedure`` for these inputs; ``own``: what the run knows by itself (``placeholders.OWN``). Its ``text`` and ``digest`` stay those of the file. The steps of a group ``each`` are called
    "ID--1", "ID--2", in the order of the values; where there are none, the group is empty. A group with a ``tier`` has of values with a tier those of its own. A step whose ``given`` was left out is no part of it.
    Nobody fills it again."""
    types = {one.id: one.type for one in procedure.inputs}
    chosen = {
        id: () if given == (ALL,) and INPUT_TYPES[types[id]].every else given
        for id, given in with_defaults(procedure, inputs).items()
    }  # "all" that is still there when a run began (``inputs.whole``) was all of nothing
    values = values_of(procedure, inputs, own)
    work = _Expansion(chosen, types)
    return msgspec.structs.replace(
        procedure,
        title=filled(procedure.title, values),
        purpose=filled(procedure.purpose, values),
        holds=tuple(_held(procedure.holds, values, chosen, types)),
        steps=work.steps(procedure.steps, values),
    )


def values_of(procedure: Procedure, inputs: Inputs, own: Mapping[str, str]) -> dict[str, str]:
    """What ``{input}``, ``{input.part}`` and what the run knows by itself stand for."""
    types = {one.id: one.type for one in procedure.inputs}
    values = dict(own)
    for id, given in with_defaults(procedure, inputs).items():
        values.update(_parts(id, types[id], given))
    return values


def _whole(texts: tuple[str, ...], values: Mapping[str, str], chosen: Inputs) -> Iterator[str]:
    """Each filled; one that is nothing but a list stands there once for each of it, and what is empty not at all."""
    for text in texts:
        many = chosen.get(text[1:-1]) if is_one(text) else None
        yield from many if many is not None else (filled(text, values),)


def _held(
    texts: tuple[str, ...], values: Mapping[str, str], chosen: Inputs, types: Mapping[str, str]
) -> Iterator[str]:
    """Subjects: what an input names without a kind is of the kind of its type."""
    for text in texts:
        type = types.get(text[1:-1]) if is_one(text) else None
        kind = INPUT_TYPES[type].of_kind if type is not None else ""
        for one in _whole((text,), values, chosen):
            yield f"{kind} {one}" if kind and one else one


def _parts(id: str, type: str, given: tuple[str, ...]) -> dict[str, str]:
    """By "id" and "id.part"; of several values the whole is a list in words, of the first of them where they are many, and its parts
    stay what they are."""
    found = {id: ", ".join(given[:_LISTED])}
    if len(given) > _LISTED:
        found[id] += f" and {len(given) - _LISTED} more"
    if len(given) == 1:
        found |= {f"{id}.{part}": value for part, value in _parted(id, type, given[0]).items()}
    elif not given:
        found |= {f"{id}.{part}": "" for part in INPUT_TYPES[type].parts}
    return found


def _parted(id: str, type: str, value: str) -> Mapping[str, str]:
    """Its parts; of what a document shows that nobody filled each stays a place, or is an example."""
    kind = INPUT_TYPES[type]
    if not is_one(value):
        return kind.parted(value)
    return kind.shown if value == SHOWN else {part: f"{{{id}.{part}}}" for part in kind.parts}


class _Expansion:
    def __init__(self, chosen: Inputs, types: Mapping[str, str]) -> None:
        self._chosen = chosen
        self._types = types

    def steps(self, steps: tuple[Step, ...], values: Mapping[str, str], suffix: str = "") -> tuple[Step, ...]:
        there = [step for step in steps if all(self._given(name, values) for name in step.given)]
        gone = {step.id for step in steps} - {step.id for step in there}
        return tuple(self._step(step, values, suffix, gone) for step in there)

    def _given(self, name: str, values: Mapping[str, str]) -> bool:
        """An input that was given; or a part of the value whose turn it is, "each.scaler"."""
        return bool(values.get(name) if name.startswith(f"{EACH}.") else self._chosen.get(name))

    def _step(self, step: Step, values: Mapping[str, str], suffix: str, gone: Collection[str]) -> Step:
        change: dict[str, Any] = {key: filled(getattr(step, key), values) for key in _TEXTS}
        change |= {key: _asks(getattr(step, key), values) for key in _ASKS}
        if step.lasts_as:
            change |= _lasting(filled(step.lasts_as, values))
        within = self._each(step, values, suffix) if step.each else self.steps(step.steps, values, suffix)
        return msgspec.structs.replace(
            step,
            **change,
            id=step.id + suffix,
            arguments=_pairs(step.arguments, values),
            words=tuple(_whole(step.words, values, self._chosen)),
            needs=tuple(filled(one, values) for one in step.needs),
            to=tuple(filled(one, values) for one in step.to),
            branches=tuple(_branch(one, values, suffix, gone) for one in step.branches),
            steps=within,
            undo=self.steps(step.undo, values, suffix),
            each="",
        )

    def _each(self, group: Step, values: Mapping[str, str], suffix: str) -> tuple[Step, ...]:
        found: list[Step] = []
        for number, value in enumerate(self._chosen.get(group.each, ()), 1):
            own = {
                **values,
                **_parts(EACH, self._types[group.each], (value,)),
                f"{EACH}.{NUMBER}": str(number),
            }
            if group.tier and own.get(_TIER, "").isdigit() and own[_TIER] != str(group.tier):
                continue  # of services that are restored: those of another tier
            found.extend(self.steps(group.steps, own, f"{suffix}--{number}"))
        return tuple(found)


def _lasting(text: str) -> dict[str, Any]:
    """Of a document that nobody filled it stays a place. Raises ValueError for what is no time span."""
    return {"lasts_as": text} if is_one(text) else {"lasts": parse_duration(text), "lasts_as": ""}


def _branch(branch: Branch, values: Mapping[str, str], suffix: str, gone: Collection[str]) -> Branch:
    return msgspec.structs.replace(
        branch,
        title=filled(branch.title, values),
        steps=tuple(id + suffix for id in branch.steps if id not in gone),
        when=_asks(branch.when, values),
    )


def _asks(asks: tuple[Ask, ...], values: Mapping[str, str]) -> tuple[Ask, ...]:
    return tuple(Ask(probe=one.probe, arguments=_pairs(one.arguments, values)) for one in asks)


def _pairs(pairs: Pairs, values: Mapping[str, str]) -> Pairs:
    """What an optional input left empty is left out."""
    found = ((key, filled(text, values), is_one(text)) for key, text in pairs)
    return tuple((key, text) for key, text, place in found if text or not place)
