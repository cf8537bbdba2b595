"""What differs between two texts of a procedure: its steps in words, and the file line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import msgspec

from tfdash.model.procedure import Procedure, Step
from tfdash.playbook.procedures.walk import all_steps
from tfdash.text import safe

_ELSEWHERE = ("id", "steps", "text", "digest", "file", "replaces")


def difference(old: Procedure, new: Procedure) -> tuple[str, ...]:
    """The files as a unified difference, safe to show; () where they are the same."""
    found = difflib.unified_diff(
        old.text.splitlines(),
        new.text.splitlines(),
        f"{_name(old)} {old.digest[:12]}",
        f"{_name(new)} {new.digest[:12]}",
        lineterm="",
        n=2,
    )
    return tuple(map(safe, found))


def _name(one: Procedure) -> str:
    return one.file or f"{one.id}.toml (shipped)"


def changed_steps(old: Procedure, new: Procedure) -> tuple[str, ...]:
    """A sentence for each step that came, went, moved or became another."""
    return tuple(sentence for _, sentence in changes(old, new))


def changes(old: Procedure, new: Procedure) -> tuple[tuple[str, str], ...]:
    """The same with the id of the step, "" of what is about the whole. Sentences are safe to show."""
    return tuple((id, safe(sentence)) for id, sentence in _changed(old, new))


def _changed(old: Procedure, new: Procedure) -> Iterator[tuple[str, str]]:
    before, after = _by_id(old), _by_id(new)
    for id, step in before.items():
        if id not in after:
            yield id, f'the step {id} "{step.title}" is gone'
    for id, step in after.items():
        if id not in before:
            yield id, f'the step {id} "{step.title}" is new'
        elif fields := [k for k in step.__struct_fields__ if getattr(step, k) != getattr(before[id], k)]:
            yield id, f'the step {id} "{step.title}" has another {", ".join(fields)}'
    kept = [id for id in before if id in after]
    if kept != [id for id in after if id in before]:
        yield "", "its steps stand in another order"
    for key in Procedure.__struct_fields__:
        if key not in _ELSEWHERE and getattr(old, key) != getattr(new, key):
            yield "", f"it has another {key}"


def _by_id(procedure: Procedure) -> dict[str, Step]:
    """Each without what stands within it, which is told by itself."""
    return {step.id: msgspec.structs.replace(step, steps=(), undo=()) for step in all_steps(procedure.steps)}
