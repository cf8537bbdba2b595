"""What becomes of a renewal: when it was, who serves what came of it, and which workloads read the one before.

A pod reads a Secret that it mounts when it starts. The kubelet brings what is new into the volume within minutes (not into a subPath); whether the
program in it looks again is its own affair, and cannot be seen but at what it serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import CertificateFacts, HeldCertificate, Role, ServedCertificate
from tfdash.model.kube import Pod, ReplicaSet
from tfdash.model.subject import Key, Subject
from tfdash.playbook.certificates.links import KEPT_IN, REQUESTS_OF
from tfdash.playbook.seen import Look, Relation

_MANY = 20  # names of one certificate by which others are looked for
_NAMED = 4  # workloads that one sentence names


def _names(certificate: Certificate) -> tuple[str, ...]:
    return tuple({name.lower() for name in certificate.names})


def _served_names(served: ServedCertificate) -> tuple[str, ...]:
    return tuple({*served.leaf.names[:_MANY]}) if served.leaf is not None else ()


FOR_NAME = Relation(Certificate, _names)
"""By one of its names, in lower case."""
SERVES_NAME = Relation(ServedCertificate, _served_names)
"""By one of the names of what is served."""
IN_SECRET = Relation(
    HeldCertificate,
    lambda h: h.bundle[0].names[:_MANY] if h.of == "Secret" and h.role is Role.SHOWN and h.bundle else (),
)
"""By one of the names of what a Secret shows."""
MOUNTS = Relation(Pod, lambda pod: (Key(pod.namespace, name) for name in pod.secrets))
"""By the namespace and name of a Secret."""


AUTHORITY = Relation(
    HeldCertificate, lambda held: {c.subject for c in held.bundle if c.is_ca and c.subject_key}
)
"""By the subject of an authority that lies in it."""


class Before(NamedTuple):
    """``signed`` was signed by ``old``, an authority of the same name as ``newest``, which came after it and lies in ``where``."""

    signed: CertificateFacts
    old: CertificateFacts | None
    newest: CertificateFacts
    where: str


def by_one_before(look: Look, chain: Iterable[CertificateFacts]) -> Before | None:
    """What of a chain is signed with a key that is not that of the newest authority of its issuer's name, as far as any that is known
    here is newer than it. ``old`` None: the authority that signed it lies nowhere that is looked at."""
    for signed in chain:
        if signed.self_signed or not signed.authority_key:
            continue
        known = [
            (c, held.where)
            for held in look.some(AUTHORITY, signed.issuer)
            for c in held.bundle
            if c.is_ca and c.subject == signed.issuer and c.subject_key
        ]
        if not known:
            continue
        newest, where = max(known, key=lambda pair: (pair[0].not_before, pair[1]))
        if newest.subject_key != signed.authority_key and newest.not_before > signed.not_before:
            old = next((c for c, _ in known if c.subject_key == signed.authority_key), None)
            return Before(signed, old, newest, where)
    return None


def same(certificate: Certificate, leaf: CertificateFacts) -> bool:
    """Whether it is what is kept now: no status has its serial, but its dates are those of the second in which it was issued."""
    return (certificate.not_before, certificate.not_after) == (leaf.not_before, leaf.not_after)


def of_its_names(certificate: Certificate, leaf: CertificateFacts) -> bool:
    """Whether one may be an earlier or later issue of the other: the names of one are all among the other's."""
    mine, theirs = set(_names(certificate)), set(leaf.names)
    return bool(mine & theirs) and (mine <= theirs or theirs <= mine)


def kept_for(look: Look, leaf: CertificateFacts) -> list[Certificate]:
    """The Certificates that ``leaf`` may have been issued for."""
    found = {(c.namespace, c.name): c for name in leaf.names[:_MANY] for c in look.some(FOR_NAME, name)}
    if not found:
        return []
    return [found[key] for key in sorted(found) if of_its_names(found[key], leaf)]


def renewed_at(look: Look, certificate: Certificate) -> float | None:
    """When what is kept now was issued: by its request, else when it begins, which some issuers date back by up to an hour."""
    ready = (
        request.said("Ready")
        for request in look.some(REQUESTS_OF, certificate.uid)
        if request.revision == certificate.revision
    )
    at = max((c.since for c in ready if c is not None and c.status == "True"), default=0.0)
    return at or certificate.not_before


def seen_since(look: Look, certificate: Certificate, moment: float) -> bool:
    """Whether some address of its names was looked at since: what it serves is then the word of that address."""
    return any(
        served.seen_at >= moment and served.leaf is not None and of_its_names(certificate, served.leaf)
        for name in certificate.names
        for served in look.some(SERVES_NAME, name.lower())
    )


class Renewal(NamedTuple):
    """What is kept by now of names that something serves: in which Secret, and since when (epoch seconds). ``words``: ``Certificate shop/web was
    renewed``."""

    of: Subject
    words: str
    secret: Key
    at: float


def renewal_after(look: Look, leaf: CertificateFacts, kept: Sequence[Certificate]) -> Renewal | None:
    """The newest of what ``leaf`` may be an earlier issue of; None where it is none, or is what is kept itself. Certificates tell it (``kept``:
    ``kept_for``), and Secrets that none keeps, where those are read."""
    if any(same(c, leaf) for c in kept):
        return None
    later = [c for c in kept if c.not_before is not None and c.not_before > leaf.not_before]
    if later:
        newest = max(later, key=lambda c: (c.not_before or 0.0, c.namespace, c.name))
        of = Subject(look.ref, Certificate.KIND, newest.namespace, newest.name)
        secret = Key(newest.namespace, newest.secret)
        return Renewal(of, f"{of} was renewed", secret, renewed_at(look, newest) or 0.0)
    return _in_a_secret(look, leaf)


def _in_a_secret(look: Look, leaf: CertificateFacts) -> Renewal | None:
    found = {(h.namespace, h.name): h for name in leaf.names[:_MANY] for h in look.some(IN_SECRET, name)}
    if not found:
        return None
    alike = [
        h
        for h in found.values()
        if (set(h.bundle[0].names) <= set(leaf.names) or set(leaf.names) <= set(h.bundle[0].names))
        and not look.some(KEPT_IN, Key(h.namespace, h.called))
    ]
    if any(h.bundle[0].fingerprint == leaf.fingerprint for h in alike):
        return None
    later = [h for h in alike if h.bundle[0].not_before > leaf.not_before]
    if not later:
        return None
    newest = max(later, key=lambda h: (h.bundle[0].not_before, h.namespace, h.name))
    of = Subject(look.ref, "Secret", newest.namespace, newest.called)
    return Renewal(
        of, f"{of} has one since", Key(newest.namespace, newest.called), newest.bundle[0].not_before
    )


class Holders(NamedTuple):
    """Workloads whose pods mount a Secret and have run since before it was renewed, and the pods."""

    workloads: tuple[Subject, ...] = ()
    pods: tuple[Subject, ...] = ()

    @property
    def named(self) -> str:
        names = [f"{w.kind} {w.namespace}/{w.name}" for w in self.workloads]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"{', '.join(names[:_NAMED])}{more}"


def holders(look: Look, secret: Key, before: float, reloads: Iterable[str]) -> Holders:
    """Those of ``secret`` that run since ``before``; ``reloads``: patterns of namespace/name of those that are known to read it
    again."""
    patterns = tuple(reloads)
    pods = [pod for pod in look.some(MOUNTS, secret) if pod.deleting is None and _runs_since(pod) < before]
    made = {pod.name: _workload(look, pod) for pod in pods}
    kept = {s for s in made.values() if not any(fnmatchcase(f"{s.namespace}/{s.name}", p) for p in patterns)}
    return Holders(
        tuple(sorted(kept)),
        tuple(
            Subject(look.ref, Pod.KIND, secret.namespace, name) for name in sorted(made) if made[name] in kept
        ),
    )


def _runs_since(pod: Pod) -> float:
    """Since when the oldest of its containers runs; which of them reads the volume is not known here. Never, where none runs."""
    running = [s.since for s in pod.statuses if s.state == "running" and s.since]
    return min(running, default=float("inf"))


def _workload(look: Look, pod: Pod) -> Subject:
    """Who made it: the Deployment or Rollout behind a ReplicaSet, else its owner, else it is alone."""
    owner = pod.owner
    if owner is None:
        return Subject(look.ref, Pod.KIND, pod.namespace, pod.name)
    if owner.kind == ReplicaSet.KIND:
        made = look.maybe(ReplicaSet, Key(pod.namespace, owner.name))
        if made is not None and made.owner is not None:
            owner = made.owner
    return Subject(look.ref, owner.kind, pod.namespace, owner.name)
