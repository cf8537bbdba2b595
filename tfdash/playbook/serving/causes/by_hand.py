"""A StatefulSet that waits for a broken pod of another version: nobody but a person ends that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from tfdash.model.kube import Object, Pod, StatefulSet
from tfdash.model.workload import IN_FLIGHT, CauseCode, Release
from tfdash.nouns import counted
from tfdash.playbook.serving.causes.finding import Finding
from tfdash.playbook.serving.in_flight import held_back
from tfdash.playbook.serving.links import Links

Ailment: TypeAlias = Callable[[Pod], Finding | None]
"""What keeps one pod from ever becoming ready, None where nothing is seen."""


def waited_for(workload: Object, links: Links, release: Release, ailment: Ailment) -> Iterator[Finding]:
    """With podManagementPolicy OrderedReady the controller goes on only once every pod runs and is ready, a broken one
    of the version that was left too (kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback)."""
    if not isinstance(workload, StatefulSet) or workload.parallel or release not in IN_FLIGHT:
        return
    found = [(p, why) for p in held_back(workload, links) if p.deleting is None and (why := ailment(p))]
    if found:
        pods = tuple(p for p, _ in found)
        names = ", ".join(p.name for p in pods)
        it = "it" if len(pods) == 1 else "them"
        sentence = (
            f"the controller waits for {counted(len(pods), 'broken pod')} of another version: "
            f"delete {names} by hand, nothing else replaces {it} ({found[0][1].sentence})"
        )
        yield Finding(CauseCode.BY_HAND, sentence, pods)
