"""How far the rotation of an authority is; made by ``tfdash.playbook.certificates.rotation``, which says what its words mean."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import CertificateFacts
from tfdash.nouns import counted

_NAMED = 3


class Stage(StrEnum):
    """In their order; each as it is headed."""

    MADE = "new authority is made"
    ANCHORED = "every bundle trusts the new one"
    SIGNS = "issuers sign with the new one"
    REISSUED = "all leaves are signed by the new one"
    SERVED = "nobody serves what the old one signed"
    REMOVED = "no bundle trusts the old one"


class RotationStepState(StrEnum):
    DONE = "done"
    ALREADY = "already"  # it is so before its turn, and is looked at again when that comes
    NOW = "now"
    WAITS = "waits"
    UNKNOWN = "unknown"


class Proof(NamedTuple):
    """``done`` of ``total``; ``left``: the names of those that lack it; ``unread``: sentences of what could not be looked at. ``noun`` counts them."""

    noun: str
    done: int = 0
    total: int = 0
    left: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def proven(self) -> bool:
        return not self.left and not self.unread

    @property
    def told(self) -> str:
        """``5 of 6 bundles, left: ConfigMap mesh/anchors``."""
        parts = [f"{self.done} of {counted(self.total, self.noun)}"] if self.total else []
        if self.left:
            more = f" and {len(self.left) - _NAMED} more" if len(self.left) > _NAMED else ""
            parts.append(f"left: {', '.join(self.left[:_NAMED])}{more}")
        if self.unread:
            more = f", and {len(self.unread) - 1} more" if len(self.unread) > 1 else ""
            parts.append(f"not known: {self.unread[0]}{more}")
        return ", ".join(parts) or "none is seen"


class RotationStep(NamedTuple):
    stage: Stage
    state: RotationStepState
    proof: Proof

    @property
    def told(self) -> str:
        return f"{self.stage}: {self.proof.told}"


class Signed(NamedTuple):
    """What the issuers of a family signed. ``old``: not with the newest key, or through an authority of before; ``unknown``: with which is not
    known; ``old_keys``: by which identifiers the ones before signed, as far as it is known; ``below``: "namespace/name" of those that a lower
    authority signed."""

    new: tuple[Certificate, ...] = ()
    old: tuple[Certificate, ...] = ()
    unknown: tuple[Certificate, ...] = ()
    old_keys: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()

    @property
    def total(self) -> int:
        return len(self.new) + len(self.old) + len(self.unknown)


class Rotation(NamedTuple):
    """``newest`` of its family is what the steps are about; ``facts`` of it, None where nothing that may be read has it. ``early``: places that do
    not trust the new one though something is signed by it; ``gone``: those that do not trust the old one though something of it is left:
    whoever reads these refuses. ``follow``: places that are written anew with a certificate, and hold one authority at a time; ``taking``: Bundles
    that take their anchors from its very Secret. ``stale``: why all this may be otherwise by now, "" where it is current; ``trust_unseen``: all was read, and no
    place that is looked at trusts it or one before it. ``odd``: places that cannot be read, and hold all up; ``apart``: those of them for which the
    settings say that they trust none of ours."""

    newest: Certificate
    before: tuple[Certificate, ...]
    facts: CertificateFacts | None
    steps: tuple[RotationStep, ...]
    under_way: bool
    signed: Signed
    early: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    taking: tuple[str, ...] = ()
    trust_unseen: bool = False
    stale: str = ""
    odd: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    @property
    def signs(self) -> bool:
        """Whether any issuer signs with the newest."""
        return any(s.proof.done for s in self.steps if s.stage is Stage.SIGNS)

    @property
    def first(self) -> RotationStep | None:
        """The first step that is not proven."""
        return next((s for s in self.steps if not s.proof.proven), None)

    def not_yet(self, stage: Stage) -> str:
        """Why ``stage`` may not begin: what opens it, as a sentence; "" where it may."""
        first, stages = self.first, list(Stage)
        if first is not None and stages.index(first.stage) < stages.index(stage):
            return f"not before {first.told}"
        return self.stale
