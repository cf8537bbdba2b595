"""Since when what a recovery is about fails: the earliest proof, with its source. Pure. Each source is one function, and one line of
``SOURCES``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tfdash.playbook.procedures.impact.alerts import firing
from tfdash.playbook.procedures.impact.case import ImpactCase, ImpactProof, ImpactSource
from tfdash.playbook.procedures.impact.journeys import failing
from tfdash.playbook.procedures.impact.kubernetes import unwell
from tfdash.playbook.procedures.impact.metrics import failing_requests
from tfdash.playbook.procedures.impact.sight import seen_here
from tfdash.text import fault

__all__ = ["SOURCES", "Impact", "ImpactCase", "impact_of"]

SOURCES = {
    one.id: one
    for one in (
        ImpactSource(id="metrics", name="Prometheus", prove=failing_requests),
        ImpactSource(id="journeys", name="journeys", prove=failing),
        ImpactSource(id="kubernetes", name="Kubernetes", prove=unwell),
        ImpactSource(id="alerts", name="alerts", prove=firing),
        ImpactSource(id="sight", name="this terminal", prove=seen_here),
    )
}


class Impact(NamedTuple):
    """``proof``: the earliest, None where no source tells anything; ``source`` its id and ``name``. ``unknown``: by the names of the
    others that tell nothing, why."""

    proof: ImpactProof | None
    source: str
    unknown: Mapping[str, str]

    @property
    def by(self) -> str:
        """The name of its source, "" where there is none."""
        return SOURCES[self.source].name if self.source else ""


def impact_of(case: ImpactCase) -> Impact:
    """Never raises: a source that goes wrong is not known."""
    told = {source.id: _asked(source, case) for source in SOURCES.values()}
    proven = {
        id: proof for id, proof in told.items() if proof.at is not None and 0.0 < proof.at <= case.before
    }
    unknown = {SOURCES[id].name: proof.sentence for id, proof in told.items() if proof.at is None}
    if not proven:
        return Impact(None, "", unknown)
    source = min(proven, key=lambda id: (proven[id].at or 0.0, proven[id].at_least))
    return Impact(proven[source], source, unknown)


def _asked(source: ImpactSource, case: ImpactCase) -> ImpactProof:
    try:
        return source.prove(case)
    except Exception as error:
        return ImpactProof(None, f"it failed: {fault(error)}")
