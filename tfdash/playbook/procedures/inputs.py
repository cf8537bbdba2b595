"""The types of what is chosen when a run begins: what may be written, what else is known by it, and what there is to choose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tfdash.durations import parse_duration
from tfdash.model.procedure import Input, Procedure
from tfdash.playbook.procedures import candidates
from tfdash.playbook.procedures.candidates import Candidate, InputCase
from tfdash.playbook.procedures.last_good import PARTS, SHOWN_PARTS, restored_parts, wrong_restored
from tfdash.playbook.procedures.losing import CLUSTER, loses_cluster
from tfdash.spelling import nearest

Inputs = Mapping[str, tuple[str, ...]]
"""What was chosen, by the input's id; () or absent where it was left out."""
ALL = "all"
"""Of a list whose type has ``every``: all that there are."""
SHOWN = "{example}"
LONGEST = 500
MOST = 500
_NAME = r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?"
_OBJECT = re.compile(rf"(?P<kind>[A-Z][A-Za-z0-9]{{0,62}}) (?P<namespace>{_NAME})/(?P<name>{_NAME})")
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class InputType:
    """``refuse`` says why a text cannot be one, "" where it can. ``parts``: what ``{input.part}`` may ask for, and ``parted`` what
    each is. ``of_kind``: of which kind of object a value is a name. ``example``: a text of it, as a usage has it. ``candidates`` are what there is now; a text that is none of them may still be given, but for ``closed``. ``every``: where it is a
    list, "all" is all that there are when the run begins (``whole``). ``shown``: its parts where a
    document shows every step that a value may have (``SHOWN`` is that value)."""

    title: str
    example: str
    refuse: Callable[[str], str] = lambda value: ""
    candidates: Callable[[InputCase], Sequence[Candidate]] = lambda case: ()
    parts: tuple[str, ...] = ()
    parted: Callable[[str], Mapping[str, str]] = lambda value: _NOTHING
    of_kind: str = ""
    every: bool = False
    shown: Mapping[str, str] = field(default_factory=dict)


def _like(pattern: str, told: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)
    return lambda value: "" if compiled.fullmatch(value) else told


def _duration(value: str) -> str:
    try:
        parse_duration(value)
    except ValueError as error:
        return str(error)
    return ""


def _object_parts(value: str) -> Mapping[str, str]:
    found = _OBJECT.fullmatch(value)
    return found.groupdict() if found else _NOTHING


def _object(value: str) -> str:
    if _OBJECT.fullmatch(value):
        return ""
    return 'is no object; write it as "Deployment namespace/name"'


_OBJECT_PARTS = ("kind", "namespace", "name")

INPUT_TYPES: Mapping[str, InputType] = {
    "text": InputType(example="TEXT", title="any text"),
    "number": InputType(
        example="1", title="a number", refuse=_like(r"-?\d{1,15}(\.\d{1,9})?", "is no number; write 3 or 2.5")
    ),
    "duration": InputType(example="30m", title='a time span such as "30m"', refuse=_duration),
    "choice": InputType(example="CHOICE", title="one of its choices", candidates=candidates.choices),
    "namespace": InputType(
        example="namespace",
        title="a namespace",
        refuse=_like(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", 'is no namespace: those are of a-z, 0-9 and "-"'),
        candidates=candidates.namespaces,
        of_kind="Namespace",
    ),
    "workload": InputType(
        example="Deployment namespace/name",
        title='a workload, "Deployment namespace/name"',
        refuse=_object,
        candidates=candidates.workloads,
        parts=_OBJECT_PARTS,
        parted=_object_parts,
    ),
    "pod": InputType(
        example="Pod namespace/name",
        title='a pod, "Pod namespace/name"',
        refuse=lambda value: _object(value) or ("" if value.startswith("Pod ") else "is no pod"),
        candidates=candidates.pods,
        parts=_OBJECT_PARTS,
        parted=_object_parts,
    ),
    "node": InputType(
        example="node",
        title="a node",
        refuse=_like(_NAME, "is no name of a node"),
        candidates=candidates.nodes,
        of_kind="Node",
    ),
    "release": InputType(
        example="Rollout namespace/name",
        title='a release, by the object that carries it, "Rollout namespace/name"',
        refuse=_object,
        candidates=candidates.releases,
        parts=_OBJECT_PARTS,
        parted=_object_parts,
    ),
    "version": InputType(
        example="VERSION",
        title="a version, as its image or tag has it",
        refuse=_like(
            r"[A-Za-z0-9][A-Za-z0-9._+:/@-]{0,199}",
            "is no version: those begin with a letter or digit and hold no blanks",
        ),
        candidates=candidates.versions,
    ),
    "commit": InputType(
        example="4f9d2c1a",
        title="a commit, full or short",
        refuse=_like(r"[0-9a-fA-F]{7,64}", "is no commit: write seven of its digits (0-9, a-f) at least"),
        candidates=candidates.commits,
    ),
    "restored": InputType(
        example="Deployment namespace/name tier=3 replicas=2",
        title='a service as it was when it served, out of the last-good picture; "all" is all of it',
        refuse=wrong_restored,
        candidates=candidates.restored,
        parts=PARTS,
        parted=restored_parts,
        every=True,
        shown=SHOWN_PARTS,
    ),
    "stood": InputType(
        example="Deployment namespace/name tier=3 replicas=0",
        title='a service as it stood here before a recovery brought it up, as its run knows; "all" is all of it',
        refuse=wrong_restored,
        candidates=candidates.stood,
        parts=PARTS,
        parted=restored_parts,
        every=True,
        shown=SHOWN_PARTS,
    ),
    "cluster": InputType(
        example="CLUSTER",
        title="a cluster of the environment",
        candidates=candidates.clusters,
        of_kind="Cluster",
    ),
    "environment": InputType(
        example="ENVIRONMENT",
        title="an environment of the configuration",
        candidates=candidates.environments,
        of_kind="Environment",
    ),
}


def unfit_value(wanted: Input, value: str) -> str:
    """Why ``value`` cannot be one of ``wanted``, "" where it can."""
    if not value.strip() or value != value.strip():
        return "is empty, or has blanks around it"
    if len(value) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if any(not c.isprintable() for c in value):
        return "holds what cannot be printed"
    if value.startswith("-"):
        return 'begins with "-", which a command would take for an option'
    if wanted.choices and value not in wanted.choices:
        return f"is none of its choices; {nearest(value, wanted.choices)}"
    kind = INPUT_TYPES[wanted.type]
    return "" if kind.every and wanted.many and value == ALL else kind.refuse(value)


def unfit_inputs(procedure: Procedure, inputs: Inputs) -> tuple[tuple[str, str], ...]:
    """What is wrong with what was chosen: (id of the input, sentence)."""
    return tuple(_unfit(procedure, inputs))


def _unfit(procedure: Procedure, inputs: Inputs) -> Iterator[tuple[str, str]]:
    wanted = {one.id: one for one in procedure.inputs}
    for id in inputs:
        if id not in wanted:
            yield id, f'"{procedure.title}" asks for no {id}; {nearest(id, wanted)}'
    for id, one in wanted.items():
        values = inputs.get(id) or ((one.default,) if one.default else ())
        if not values and not one.optional:
            yield id, f"{one.title}: choose one"
        if len(values) > 1 and not one.many:
            yield id, f"{one.title}: one only, and {len(values)} were given"
        if len(values) > MOST:
            yield id, f"{one.title}: at most {MOST}, and {len(values)} were given"
        if len(set(values)) != len(values):
            yield id, f"{one.title}: one of them stands there twice"
        for value in values:
            if why := unfit_value(one, value):
                yield id, f'{one.title}: "{value[:80]}" {why}'
        if INPUT_TYPES[one.type].every:
            for object, times in Counter(restored_parts(value).get("object") for value in values).items():
                if object and times > 1:
                    yield id, f"{one.title}: {object} stands there {times} times; choose how it is meant"


def with_defaults(procedure: Procedure, inputs: Inputs) -> Inputs:
    """What was chosen, and the default of what was not."""
    return {one.id: inputs.get(one.id) or ((one.default,) if one.default else ()) for one in procedure.inputs}


def whole(procedure: Procedure, chosen: Inputs, case: Callable[[Input, Inputs], InputCase]) -> Inputs:
    """``chosen``, with all that there are in the place of "all": what a run was begun with stays what it is."""
    found = dict(chosen)
    for one in procedure.inputs:
        kind = INPUT_TYPES[one.type]
        if kind.every and one.many and found.get(one.id) == (ALL,):
            every = (each.value for each in kind.candidates(case(one, found)) if not each.other)
            found[one.id] = tuple(every)[:MOST]
    return found


def lost_clusters(procedure: Procedure, chosen: Inputs) -> frozenset[str]:
    """Clusters that were named as lost, of a procedure whose scenario loses one: it acts in none of them."""
    if not loses_cluster(procedure):
        return frozenset()
    named = (chosen.get(one.id, ()) for one in procedure.inputs if one.type == CLUSTER)
    return frozenset(name for names in named for name in names)


def not_there(procedure: Procedure, chosen: Inputs) -> frozenset[str]:
    """Clusters in which it is not carried out: what is lost, and what is to be another than its own."""
    others = (name for one in procedure.inputs if one.elsewhere for name in chosen.get(one.id, ()))
    return lost_clusters(procedure, chosen) | frozenset(others)
