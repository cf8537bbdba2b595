"""What the sequence of a rotation says against an issuance now, and what opens it. Pure; asked by the gate of actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfdash.model.rotation import Rotation, Stage
from tfdash.model.subject import Subject
from tfdash.playbook.certificates.generations import name_of
from tfdash.playbook.certificates.rotation import obstacles


def signing_it(rotations: Mapping[Subject, Rotation], subject: Subject) -> Iterator[Rotation]:
    """The rotations of those that sign ``subject``, each once."""
    at, found = (subject.namespace, subject.name), set()
    for of, rotation in rotations.items():
        newest = (of.cluster, name_of(rotation.newest))
        leaves = rotation.signed
        if of.cluster != subject.cluster or newest in found:
            continue
        if any((c.namespace, c.name) == at for c in (*leaves.new, *leaves.old, *leaves.unknown)):
            found.add(newest)
            yield rotation


def of_renewal(rotations: Mapping[Subject, Rotation], subject: Subject, now: float) -> str:
    """Why a Certificate may not be issued anew yet, "" where it may. While no issuer signs with a new authority, what is issued is signed by
    the old one, which is trusted; where nothing that is looked at trusts either, nobody here can say: the plan says that, as it does of a leaf
    that ended: all refuse it already, so that nothing is worse than to wait."""
    own = rotations.get(subject._replace(uid=""))
    if own is not None and (found := obstacles(own)):
        return found[0]
    for rotation in signing_it(rotations, subject):
        if _ended(rotation, subject, now):
            continue
        if (sentence := _reissue(rotation)) and not rotation.trust_unseen:
            return sentence
    return ""


def _ended(rotation: Rotation, subject: Subject, now: float) -> bool:
    of_it = rotation.signed
    found = (
        c
        for c in (*of_it.new, *of_it.old, *of_it.unknown)
        if (c.namespace, c.name) == (subject.namespace, subject.name)
    )
    return any(c.not_after is not None and c.not_after <= now for c in found)


def of_all(rotations: Mapping[Subject, Rotation], subject: Subject) -> str:
    """The same of all that an authority signed."""
    own = rotations.get(subject._replace(uid=""))
    if own is None:
        return "how far its rotation is, is not known"
    if not own.signs:
        return own.not_yet(Stage.REISSUED) or "no issuer signs with the new one"
    return "" if own.trust_unseen else _reissue(own)


def _reissue(rotation: Rotation) -> str:
    if not rotation.under_way or not rotation.signs:
        return ""
    sentence = rotation.not_yet(Stage.REISSUED)
    return f"{name_of(rotation.newest)} is rotated: {sentence}" if sentence else ""


def doubts(rotations: Mapping[Subject, Rotation], subject: Subject) -> tuple[str, ...]:
    """What is not known of who trusts the new one, or not so yet: what a plan says that goes past it."""
    found = list(signing_it(rotations, subject))
    own = rotations.get(subject._replace(uid=""))
    if own is not None:
        found.append(own)
    told = [
        f"{name_of(r.newest)} is rotated: {sentence}"
        for r in found
        if r.under_way and (sentence := r.not_yet(Stage.REISSUED))
    ]
    return tuple(dict.fromkeys((*told, *(obstacles(own) if own is not None else ()))))
