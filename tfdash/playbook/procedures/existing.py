"""Whether what was chosen for a run exists: objects by the newest picture, which are there, are not, or are not known to be. Pure.

What was read whole and lately and does not have it says that it does not exist; anything less says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tfdash.model.kube import Object, Pod
from tfdash.model.kubecluster import Namespace, Node
from tfdash.model.procedure import Input, Procedure
from tfdash.model.subject import Key
from tfdash.playbook.procedures.inputs import INPUT_TYPES, Inputs
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes.look import ProbeLook
from tfdash.playbook.procedures.probes.workloads import WORKLOADS
from tfdash.playbook.staleness import Unread
from tfdash.text import safe

_KINDS: Mapping[str, type[Object]] = {
    **WORKLOADS,
    **{kind.KIND: kind for kind in (Pod, Node, Namespace)},
}


class Chosen(NamedTuple):
    """One value of an input. ``there``: None where it is not known, and ``why`` not."""

    wanted: Input
    value: str
    kind: str
    there: bool | None
    why: str = ""


def existing(procedure: Procedure, inputs: Inputs, case: ProbeCase) -> Iterator[Chosen]:
    """Of each value that names an object of the cluster of ``case``; but for inputs that are declared as what is new."""
    look = ProbeLook(case)
    for one in procedure.inputs:
        for value in inputs.get(one.id, ()) if not one.new else ():
            if (named := object_of(one, value)) is not None:
                yield _seen(look, one, value, *named)


def object_of(wanted: Input, value: str) -> tuple[str, Key] | None:
    """The kind and key of the object that ``value`` names; None where it names none, or one that was and need not be."""
    kind = INPUT_TYPES[wanted.type]
    if kind.every:
        return None
    if kind.of_kind in _KINDS:
        return kind.of_kind, Key("", value)
    parts = kind.parted(value)
    return (parts["kind"], Key(parts["namespace"], parts["name"])) if "kind" in parts else None


def _seen(look: ProbeLook, one: Input, value: str, kind: str, key: Key) -> Chosen:
    known = _KINDS.get(kind)
    if known is None:
        return Chosen(one, value, kind, None, f"nothing here looks for a {kind}")
    found = look.one(known, key)
    if isinstance(found, Unread):
        return Chosen(one, value, kind, None, safe(found.cause))
    return Chosen(one, value, kind, found is not None)
