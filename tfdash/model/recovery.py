"""What the playbook says of recoveries while nobody carries one out: which runbook the facts propose, and what each would need. Plain
data; ``tfdash.playbook.procedures`` makes it. Times in epoch seconds, spans in seconds."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tfdash.model.run import Probed
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Level

NO_CLUSTER = ClusterRef("", "")


class LookAlike(msgspec.Struct, frozen=True, kw_only=True):
    """Another scenario that looks the same, and how the two are told apart."""

    procedure: str
    title: str
    how: str


class RecoveryProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario with the facts for it and against it. ``proposed``: True where its signs hold and nothing that is known speaks against
    it, False where not, None where that is not known. ``vantage``: who else sees the same, each with its word; where nobody does, and
    the procedure promotes or wipes, ``refused`` says so and it is not offered. ``inputs``: what its inputs would be, out of the facts."""

    procedure: str
    title: str
    proposed: bool | None
    sentence: str
    cluster: ClusterRef = NO_CLUSTER  # of which that is said
    signs: tuple[Probed, ...] = ()
    against: tuple[Probed, ...] = ()
    alike: tuple[LookAlike, ...] = ()
    vantage: tuple[Probed, ...] = ()
    inputs: Mapping[str, tuple[str, ...]] = {}
    refused: str = ""
    since: float | None = None


class RecoveryReadiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a recovery could begin now. ``asks``: what it would need, each with its word. ``missing``: the shortest words for what is not
    there or not known. ``circle``: what stands on that which the scenario loses (a breach). ``rto``, ``rpo``: expected, out of measured
    facts, with where they come from, or why they are not known; the targets stand in the procedure."""

    procedure: str
    title: str
    level: Level
    sentence: str = ""
    cluster: ClusterRef = NO_CLUSTER
    asks: tuple[Probed, ...] = ()
    missing: tuple[str, ...] = ()
    circle: tuple[str, ...] = ()
    rto: float | None = None
    rto_source: str = ""
    rpo: float | None = None
    rpo_source: str = ""
    rehearsed_at: float | None = None
    rehearsed_in: float | None = None  # how long it took
    rehearsal_due: float | None = None


class OpenRecovery(msgspec.Struct, frozen=True, kw_only=True):
    """A recovery that is being carried out. ``late``: longer than it may take, against its target."""

    run: str
    procedure: str
    title: str
    sentence: str
    cluster: ClusterRef
    since: float
    late: bool = False


class RecoveryState(msgspec.Struct, frozen=True, kw_only=True):
    """All three, the gravest first. ``problems``: files of procedures that cannot be used."""

    proposals: tuple[RecoveryProposal, ...] = ()
    readiness: tuple[RecoveryReadiness, ...] = ()
    open: tuple[OpenRecovery, ...] = ()
    problems: tuple[str, ...] = ()
