"""What other terminals left in the clusters themselves, merged with what the log says. No I/O; ``from_cluster`` reads it.

A ConfigMap or a Lease proves nothing by itself: whoever may write them there may have made it, and no server stamps who did.
The log's own digest vouches for a ConfigMap, else it is a claim: shown with who is said to have written it, and it changes
no target, no green and no refusal.
"""

from __future__ import annotations

import hashlib

import msgspec

from tfdash.model.store_state import RunningAction, VerifiedGood
from tfdash.model.subject import ClusterRef, Subject
from tfdash.store.log.audit_projection import AuditProjection

TURN = "Turn"
"""The kind of what terminals take turns at, which is no object: journeys."""


class HeldLease(msgspec.Struct, frozen=True, kw_only=True):
    """A Lease that somebody holds, until ``until`` (epoch seconds on this machine's clock)."""

    acting: RunningAction
    until: float


def digest(template: str) -> str:
    """As the log names it."""
    return hashlib.sha256(template.encode("utf-8", "surrogatepass")).hexdigest()


class PeerState:
    """The newest of what was read, per cluster. Lives on the board's loop."""

    def __init__(self) -> None:
        self.verified: dict[ClusterRef, dict[Subject, VerifiedGood]] = {}
        self.held: dict[ClusterRef, dict[Subject, HeldLease]] = {}
        self.looked: set[ClusterRef] = set()  # where Leases were asked for, whatever the answer was

    def verified_with(self, own: AuditProjection) -> dict[Subject, VerifiedGood]:
        """For each subject what the log remembers, with the text that it lacks where a cluster has that very one. Of what the log
        knows nothing, what a cluster claims: to be shown, and nothing else."""
        found = own.verified
        for cluster in self.verified.values():
            for subject, theirs in cluster.items():
                mine = found.get(subject)
                found[subject] = theirs if mine is None else chosen(mine, own.digest_of(subject), theirs)
        return found

    def holder(self, subject: Subject, now: float) -> RunningAction | None:
        """Who holds the Lease on ``subject`` (without uid)."""
        held = self.held.get(subject.cluster, {}).get(subject)
        return held.acting if held is not None and held.until > now else None

    def acting_with(
        self, own: tuple[RunningAction, ...], terminal: str, now: float
    ) -> tuple[RunningAction, ...]:
        """Those whom the log knows, and those of whom only a cluster does; never ourselves twice."""
        known = {(a.terminal, a.subject._replace(uid="")) for a in own}
        more = [
            held.acting
            for cluster in self.held.values()
            for subject, held in cluster.items()
            if held.until > now
            and held.acting.terminal != terminal
            and subject.kind != TURN
            and (held.acting.terminal, subject) not in known
        ]
        return tuple(sorted((*own, *more), key=lambda a: a.since)) if more else own


def chosen(mine: VerifiedGood, log: str, theirs: VerifiedGood) -> VerifiedGood:
    """One of two; ``log`` is the digest that the audit entry of ``mine`` names."""
    if mine.template or digest(theirs.template) != log:
        return mine  # whoever may write ConfigMaps could claim anything
    told = "its text is the cluster's, with the digest that the audit log has"
    return msgspec.structs.replace(mine, template=theirs.template, origin=told)
