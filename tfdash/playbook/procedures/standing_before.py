"""How each service stood in a cluster before recoveries brought it up there, as their runs were told when they began. Pure.

A recovery that is given up and begun again finds what the first one brought up: what stood there before is what the first since the last way back
found. Where somebody changed a size by hand in between, both are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from tfdash.model.procedure import Procedure
from tfdash.model.run import RunEvent, RunEventKind, RunJournal
from tfdash.model.store_state import REHEARSED
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.last_good import restored_parts, stood_before
from tfdash.playbook.procedures.losing import loses_cluster
from tfdash.playbook.procedures.started import inputs_of, is_its_start
from tfdash.playbook.procedures.told_in import text_in

STOOD = "stood"
"""The type of the input by which a procedure goes back to it."""
_ENDS = (RunEventKind.ABORTED, RunEventKind.CLOSED)
APART = 30 * 86_400.0
"""Seconds between two starts behind which the earlier one says nothing of what stood there before the later."""


class FoundStanding(NamedTuple):
    """``text`` is one of type "stood"; ``at``: when the recovery began that found it so (epoch seconds). ``changed``: how it stood when a later one
    began, which no recovery made so, and when; "" where there is none."""

    text: str
    at: float
    changed: str = ""
    changed_at: float = 0.0


def stood_here(
    runs: Mapping[str, RunJournal], procedures: Mapping[str, Procedure], cluster: ClusterRef
) -> tuple[FoundStanding, ...]:
    """Of each service that a recovery was to bring up in ``cluster`` since the last way back that came to its end (where there was none since: before
    that one), in the order of their tiers."""
    began = sorted(_starts(runs, procedures, cluster), key=lambda one: (one.at, one.run))
    ends = sorted(_ways_back(runs, procedures, cluster))
    bounds = [float("-inf"), *ends, float("inf")]
    between = [[one for one in began if low <= one.at < high] for low, high in pairwise(bounds)]
    last = next((found for found in reversed(between) if found), [])
    found: dict[str, _Service] = {}
    for event in _lately(last):
        for text in (text for values in inputs_of(event.data).values() for text in values):
            if before := stood_before(text):
                service = found.setdefault(restored_parts(before)["object"], _Service(before, event.at))
                service.seen(text, before, event.at)
    return tuple(sorted((one.said() for one in found.values()), key=_tier))


def _tier(one: FoundStanding) -> int:
    return int(restored_parts(one.text)["tier"])


def _lately(began: Sequence[RunEvent]) -> Sequence[RunEvent]:
    """From the first on behind which no two are too far apart."""
    first = len(began) - 1
    while first > 0 and began[first].at - began[first - 1].at <= APART:
        first -= 1
    return began[max(first, 0) :]


class _Service:
    """One of them, from the first start that names it on."""

    def __init__(self, first: str, at: float) -> None:
        self._said = FoundStanding(first, at)
        self._sizes: set[str] = set()
        self._bounds: set[tuple[str, str]] = set()

    def seen(self, text: str, before: str, at: float) -> None:
        """A recovery was to bring it up as ``text`` has it, and found it as ``before``."""
        had, meant = restored_parts(before), restored_parts(text)
        if self._sizes and not self._explained(had):
            self._said = self._said._replace(changed=before, changed_at=at)
        for one in (had, meant):
            self._sizes.add(one["replicas"])
            self._bounds.add((one["min"], one["max"]))

    def _explained(self, had: Mapping[str, str]) -> bool:
        """It is as it was found before, or as a recovery was to make it: its HPA moves it within its bounds."""
        moved = any(low and int(low) <= int(had["replicas"]) <= int(high) for low, high in self._bounds)
        return (had["replicas"] in self._sizes or moved) and (had["min"], had["max"]) in self._bounds

    def said(self) -> FoundStanding:
        same = self._said.changed == self._said.text
        return self._said._replace(changed="", changed_at=0.0) if same else self._said


def _starts(
    runs: Mapping[str, RunJournal], procedures: Mapping[str, Procedure], cluster: ClusterRef
) -> Iterator[RunEvent]:
    """Of recoveries here of what was lost with another cluster: no other brings anything up that was not there."""
    for event, found in _begun_here(runs, procedures, cluster):
        if loses_cluster(found):
            yield event


def _ways_back(
    runs: Mapping[str, RunJournal], procedures: Mapping[str, Procedure], cluster: ClusterRef
) -> Iterator[float]:
    """When each ended that was carried out here to its end: its last event says so (what ends a recovery keeps its promise)."""
    for event, found in _begun_here(runs, procedures, cluster):
        if any(one.type == STOOD for one in found.inputs):
            end = next((one for one in runs[event.run].events if one.kind in _ENDS), None)
            if end is not None and REHEARSED in end.data:
                yield end.at


def _begun_here(
    runs: Mapping[str, RunJournal], procedures: Mapping[str, Procedure], cluster: ClusterRef
) -> Iterator[tuple[RunEvent, Procedure]]:
    """What began a run here, in earnest, of a procedure that is known."""
    for journal in runs.values():
        for event in journal.events:
            if event.kind is not RunEventKind.STARTED or event.data.get("dry") is True:
                continue
            at = ClusterRef(text_in(event.data.get("environment")), text_in(event.data.get("cluster")))
            found = procedures.get(text_in(event.data.get("procedure")))
            if at == cluster and found is not None and is_its_start(event):
                yield event, found
