"""How far the rotation of an authority is: its steps in their order, what each has and lacks, and what may not be done yet.

The order is the one in which nobody is refused at any moment: whoever checks trusts the new one before anything is signed by it, and the old
one until nothing signed by it is shown any more. A step is open only when all before it are proven; what cannot be read is not
proven. Pure; the picture is read through ``Look`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from zoneinfo import ZoneInfo

from tfdash.model.cert_manager import Bundle, Certificate, CertificateRequest, ClusterIssuer, Issuer
from tfdash.model.certificates import CertificateFacts, HeldCertificate, ServedCertificate
from tfdash.model.kube import Object, Pod, ReplicaSet
from tfdash.model.rotation import Proof, Rotation, RotationStep, RotationStepState, Signed, Stage
from tfdash.model.subject import Key
from tfdash.moments import moment
from tfdash.nouns import counted
from tfdash.playbook.certificates.anchors import TrustPlaces, places_of, trust_of
from tfdash.playbook.certificates.generations import (
    Pair,
    Signing,
    authority_known,
    chain_of,
    family,
    foreign_keys,
    issued,
    name_of,
    signed,
    signing,
)
from tfdash.playbook.certificates.policy import CertificatesPolicy
from tfdash.playbook.certificates.renewed import holders, kept_for, renewed_at, seen_since
from tfdash.playbook.seen import Look, Relation

USES: tuple[type[Object], ...] = (
    CertificateRequest,
    Issuer,
    ClusterIssuer,
    Bundle,
    HeldCertificate,
    ServedCertificate,
    Pod,
    ReplicaSet,
)
"""The kinds that are read besides Certificates."""
SIGNED_WITH = Relation(ServedCertificate, lambda s: {c.authority_key for c in s.chain if c.authority_key})
"""By the key identifier of an authority that signed any of what an address serves."""
ASKED = Relation(ServedCertificate, lambda s: (s.asked.lower(),) if s.asked else ())
"""By the name that is expected of an address."""
WITHOUT_CERTIFICATE = Relation(
    CertificateRequest,
    lambda r: (
        (r.issued.issuer,)
        if r.issued is not None and (r.owner is None or r.owner.kind != Certificate.KIND)
        else ()
    ),
)
"""Requests of drivers and people, who keep no Certificate, by the subject of who signed."""


def rotation_of(
    look: Look, certificate: Certificate, policy: CertificatesPolicy, ended: Callable[[float], bool]
) -> Rotation | None:
    """None of what is no authority, and of one that was never issued. ``ended``: whether that time (epoch seconds) has come."""
    members = family(look, certificate, policy.separate)
    if not members:
        return None
    newest, space = members[0], policy.cluster_secrets_in
    facts = issued(look, newest)
    found = signing(look, members, space)
    of_it = signed(look, members, found, space)
    trust = trust_of(look, policy)
    outside = _outside(look, members, facts, ended)
    ours = _Places(look, members, facts, of_it, trust, bool(outside))
    proofs = (
        _made(newest, facts),
        ours.anchored,
        _signs(found),
        _reissued(look, of_it, found),
        _served(look, of_it, ours.old_keys, outside, policy),
        ours.removed,
    )
    staged = len(members) > 1 and any(key not in found.by_newest for key in found.issuers)
    old_there = bool(of_it.old or ours.holding or staged or outside)
    return Rotation(
        newest,
        members[1:],
        facts,
        _steps(proofs),
        old_there or any(_left_serving(look, key) for key in ours.old_keys),
        of_it,
        ours.early,
        ours.gone,
        ours.follow,
        tuple(p.where for p in trust.places if Key(newest.namespace, newest.secret) in p.takes),
        ours.unseen,
        odd=tuple(p.where for p in trust.places if p.unread and not p.follows),
        apart=trust.apart,
    )


def _steps(proofs: Sequence[Proof]) -> tuple[RotationStep, ...]:
    steps, open_ = [], True
    for stage, proof in zip(Stage, proofs, strict=True):
        if proof.proven:
            state = RotationStepState.DONE if open_ else RotationStepState.ALREADY
        elif not open_:
            state = RotationStepState.WAITS
        else:
            state = RotationStepState.NOW if proof.left else RotationStepState.UNKNOWN
        open_ = open_ and proof.proven
        steps.append(RotationStep(stage, state, proof))
    return tuple(steps)


def _made(newest: Certificate, facts: CertificateFacts | None) -> Proof:
    if newest.issuing is not None:
        return Proof("authority", 0, 1, (f"{name_of(newest)}, which is being issued",))
    if facts is None:
        why = f"no CertificateRequest of revision {newest.revision or '?'} is left that has {name_of(newest)}, and its Secret is not read"
        return Proof("authority", 0, 1, (), (why,))
    if not facts.subject_key:
        return Proof("authority", 0, 1, (), (f"{name_of(newest)} does not name its own key",))
    return Proof("authority", 1, 1)


def _signs(found: Signing) -> Proof:
    left = tuple(f"{kind} {key.name}" for kind, key in found.issuers if (kind, key) not in found.by_newest)
    none = () if found.issuers or found.unread else ("no issuer is seen that signs with it",)
    return Proof("issuer", len(found.by_newest), len(found.issuers), left, (*found.unread, *none))


def _reissued(look: Look, of_it: Signed, found: Signing) -> Proof:
    why = look.unread(CertificateRequest)
    blind = () if why is None or why.absent else (f"CertificateRequests are not known: {why.cause}",)
    by_what = tuple(f"by which {name_of(leaf)} is signed" for leaf in of_it.unknown)
    left = tuple(sorted(name_of(leaf) for leaf in of_it.old))
    return Proof(
        "leaf", len(of_it.new), of_it.total, left, (*found.unread, *(blind if by_what else ()), *by_what)
    )


def _left_serving(look: Look, key: str) -> tuple[ServedCertificate, ...]:
    return look.some(SIGNED_WITH, key)


def _outside(
    look: Look,
    members: tuple[Certificate, ...],
    facts: CertificateFacts | None,
    ended: Callable[[float], bool],
) -> tuple[str, ...]:
    """What one before signed for who keeps no Certificate (csi-driver, a person), and that is valid still."""
    if facts is None or not facts.subject_key:
        return ()
    foreign = foreign_keys(look, members, facts.subject)
    found = []
    for asked in look.some(WITHOUT_CERTIFICATE, facts.subject):
        one = asked.issued
        others = {"", facts.subject_key} | foreign
        if one is not None and one.authority_key not in others and not ended(one.not_after):
            of = f" of {asked.owner.kind} {asked.owner.name}" if asked.owner is not None else ""
            found.append(f"CertificateRequest {asked.namespace}/{asked.name}{of}")
    return tuple(sorted(found))


def _served(
    look: Look,
    of_it: Signed,
    old_keys: frozenset[str],
    outside: tuple[str, ...],
    policy: CertificatesPolicy,
) -> Proof:
    unread: list[str] = []
    for kind, what in ((ServedCertificate, "what addresses serve"), (Pod, "which pods mount what")):
        why = look.unread(kind)
        if why is not None and not why.absent:
            unread.append(f"{what}: {why.cause}")
    left: dict[str, None] = {"whoever has a leaf that is not re-issued": None} if of_it.old else {}
    for key in sorted(old_keys):
        left |= {f"address {s.name}{_read_by(look, s, policy)}": None for s in _left_serving(look, key)}
    left |= dict.fromkeys(outside)
    never = {s.name: s for c in (*of_it.new, *of_it.old, *of_it.unknown) for s in _never_seen(look, c)}
    unread += [f"what address {name} serves: {never[name].answer}" for name in sorted(never)]
    for leaf in of_it.new:
        moment = renewed_at(look, leaf)
        if not leaf.secret or moment is None or seen_since(look, leaf, moment):
            continue  # of an address that was looked at since, its own word stands
        old = holders(look, Key(leaf.namespace, leaf.secret), moment, policy.reloads)
        left |= {f"{w.kind} {w.namespace}/{w.name}": None for w in old.workloads}
    return Proof("server", 0, 0, tuple(left), tuple(unread))


def _never_seen(look: Look, leaf: Certificate) -> Iterator[ServedCertificate]:
    """Addresses of its names of which nobody knows what they serve."""
    for name in leaf.names:
        yield from (s for s in look.some(ASKED, name.lower()) if s.leaf is None)


def _read_by(look: Look, served: ServedCertificate, policy: CertificatesPolicy) -> str:
    """Whom to restart so that it serves what is kept, "" where nobody is known who reads it when he starts."""
    kept = kept_for(look, served.leaf) if served.leaf is not None else []
    moments = ((one, renewed_at(look, one)) for one in kept if one.secret)
    found = (
        holders(look, Key(one.namespace, one.secret), moment, policy.reloads).named
        for one, moment in moments
        if moment is not None
    )
    named = ", ".join(dict.fromkeys(filter(None, found)))
    return f" ({named})" if named else ""


class _Places:
    """The bundles that concern an authority. ``old_keys``: of the ones before it, by leaves and by what is trusted."""

    def __init__(
        self,
        look: Look,
        members: tuple[Certificate, ...],
        facts: CertificateFacts | None,
        of_it: Signed,
        trust: TrustPlaces,
        outside: bool,
    ) -> None:
        self.early: tuple[str, ...] = ()
        self.gone: tuple[str, ...] = ()
        self.follow: tuple[str, ...] = ()
        self.holding: tuple[str, ...] = ()
        self.old_keys, self.unseen = of_it.old_keys, False
        odd = tuple(f"{p.where}: {p.unread}" for p in trust.places if p.unread and not p.follows)
        unread = (*trust.unread, *odd)
        if facts is None or not facts.subject_key:
            told = ("which one it is", *unread)
            self.anchored, self.removed = Proof("bundle", unread=told), Proof("bundle", unread=told)
            return
        new = chain_of(look, facts)
        trust = _without_namesakes(trust, facts)
        foreign = foreign_keys(look, members, facts.subject)
        self.old_keys |= {
            c.subject_key
            for p in trust.places
            for c in p.found
            if c.is_ca and c.subject == facts.subject and c.subject_key not in foreign
        } - {facts.subject_key, ""}
        mine = list(places_of(trust.places, (subject for subject, _ in new)))
        self.follow = tuple(p.where for p in mine if p.follows)
        places = [p for p in mine if not p.follows and p.names(subject for subject, _ in new)]
        lacking = tuple(p.where for p in places if not p.has(new))
        self.unseen = not places and not unread
        none = () if places or unread else ("no bundle that is looked at holds it or one before it",)
        self.anchored = Proof("bundle", len(places) - len(lacking), len(places), lacking, (*unread, *none))
        own = {(facts.subject, key) for key in self.old_keys}
        again = {name_of(c) for c in of_it.new}
        behind = tuple(p.where for p in mine if p.follows in again and not p.unread and not p.has(new))
        self.holding = (*(p.where for p in places if p.has(own)), *behind)
        looked = len(places) + len(behind)
        self.removed = Proof("bundle", looked - len(self.holding), looked, self.holding, unread)
        if of_it.new:
            self.early = (*lacking, *behind)
        left = of_it.old or outside or any(_left_serving(look, key) for key in self.old_keys)
        if left and self.old_keys:
            old = self._old_chains(look, own, new)
            self.gone = tuple(p.where for p in places if not p.unread and p.has(new) and not p.has(old))

    @staticmethod
    def _old_chains(look: Look, own: set[Pair], new: Sequence[Pair]) -> set[Pair]:
        """By what the ones before are trusted: of one that is known nowhere, by who stands above the new one."""
        found = set(own)
        for pair in own:
            known = authority_known(look, pair)
            found |= set(chain_of(look, known)) if known is not None else set(new[1:])
        return found


def _without_namesakes(trust: TrustPlaces, facts: CertificateFacts) -> TrustPlaces:
    """Without what only says that it is the same: names and key identifiers are written by whoever makes a certificate, its key is not."""

    def namesake(c: CertificateFacts) -> bool:
        alike = (c.subject, c.subject_key) == (facts.subject, facts.subject_key)
        return alike and bool(c.key_id and facts.key_id) and c.key_id != facts.key_id

    places = (p._replace(found=tuple(c for c in p.found if not namesake(c))) for p in trust.places)
    return trust._replace(places=tuple(places))


def obstacles(rotation: Rotation) -> tuple[str, ...]:
    """What speaks against beginning one more: sentences."""
    if rotation.newest.rotation == "Never":
        return ()  # its key stays, and all that it signed
    found = []
    if rotation.under_way and rotation.first is not None:
        found.append(f"the rotation before is not over: {rotation.first.told}")
    if rotation.taking and rotation.signed.total:
        found.append(
            f"{rotation.taking[0]} takes its anchors from that very Secret: the old one would be gone from it while {counted(rotation.signed.total, 'leaf')} "
            "of it are served; let it take a copy of each first"
        )
    return tuple(found)


def began(rotation: Rotation, zone: ZoneInfo) -> str:
    facts = rotation.facts
    return moment(facts.not_before, zone) if facts is not None else "?"
