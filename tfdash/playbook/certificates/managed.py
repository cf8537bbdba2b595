"""The rule of a Certificate that cert-manager keeps: issued, renewed in time, and by whom it would be.

Late is past its time of renewal and not issuing; nothing is measured in days. What ends is a BREACH: whoever serves it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfdash.model import dated_rules
from tfdash.model.cert_manager import (
    Certificate,
    CertificateRequest,
    Challenge,
    ClusterIssuer,
    Issuer,
    Order,
)
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.playbook.certificates.authority import Left, left_behind, role
from tfdash.playbook.certificates.causes import Why, at, kept_beside, subjects, why
from tfdash.playbook.certificates.links import REQUESTS_OF
from tfdash.playbook.certificates.policy import CertificatesPolicy
from tfdash.playbook.certificates.renewed import same
from tfdash.playbook.rule import Case, Rule, RuleResult

ID = dated_rules.MANAGED
_UNLOOKED_FOR = 60.0  # seconds after which one that nobody has looked at has no cert-manager
_EXPIRED = "Expired"  # cert-manager's reason for not ready: that is told by its end
_NAMED = 4  # leaves that one sentence names


class _Finding(NamedTuple):
    level: Level
    sentence: str
    since: float | None = None
    cause: Why = Why("")


def _policy(case: Case[Certificate]) -> CertificatesPolicy:
    return case.policies.certificates


def next_try(case: Case[Certificate]) -> float | None:
    """When cert-manager tries again after a failure: its wait doubles with each, up to the longest (cert-manager,
    pkg/controller/certificates/trigger). None where none failed."""
    certificate, policy = case.obj, _policy(case)
    if certificate.last_failure is None:
        return None
    doubled = min(max((certificate.failed or 1) - 1, 0), 64)
    return certificate.last_failure + min(policy.backoff * 2.0**doubled, policy.longest_backoff)


def _judge(case: Case[Certificate]) -> RuleResult:
    certificate = case.obj
    found = sorted(_found(case), key=lambda f: -f.level)
    worst = found[0]
    told = [f.sentence for f in found if f.level is worst.level or f.level >= Level.WARN]
    return RuleResult(
        (
            Verdict(
                level=worst.level,
                rule=ID,
                subject=case.subject,
                sentence=f"{certificate.name}: {'; '.join(told)}",
                evidence=Evidence(objects=subjects(case, worst.cause.objects)),
                unknown=UnknownKind.NO_DATA if worst.level is Level.UNKNOWN else None,
                since=worst.since or None,
            ),
        )
    )


def _found(case: Case[Certificate]) -> Iterator[_Finding]:
    certificate = case.obj
    if certificate.deleting is not None:
        yield _Finding(Level.IDLE, "is being deleted")
        return
    if not certificate.conditions and certificate.not_after is None:
        late = case.reached(certificate.created + _UNLOOKED_FOR)
        yield (
            _Finding(Level.UNKNOWN, "no cert-manager has looked at it")
            if late
            else _Finding(Level.MOVING, "cert-manager has not looked at it yet")
        )
        return
    ends = certificate.not_after
    if ends is not None and case.reached(ends):
        yield _Finding(Level.BREACH, f"expired {at(case, ends)}", ends)
    begins = certificate.not_before
    if begins is not None and not case.reached(begins):
        soon = case.reached(begins - _policy(case).renewal_grace)  # two clocks are never quite alike
        yield _Finding(Level.MOVING if soon else Level.BREACH, f"is not valid before {at(case, begins)}")
    if (endless := _endless(case)) is not None:
        yield endless
    going = _going(case)
    beside = kept_beside(case, certificate)
    if beside is not None and (going is None or going.cause.objects != beside.objects):
        told = f"{beside.sentence}: cert-manager renews one of them alone, and before its 1.13.2 it issues all of them without end"
        yield _Finding(Level.WARN, told, None, beside)
    if going is not None:
        yield going
    else:
        yield from _due(case)
    if (left := left_behind(case)) is not None:
        yield _of_left(case, certificate, left)
    yield _usual(case)


def _going(case: Case[Certificate]) -> _Finding | None:
    """What it says of an issuance that goes on, failed or does not begin; None where it is ready, and nothing goes on."""
    certificate = case.obj
    issuing, again = certificate.issuing, next_try(case)
    what = "renewal" if certificate.revision else "issuance"
    if again is not None:
        cause = why(case)
        times = f"{certificate.failed} times" if (certificate.failed or 1) > 1 else "once"
        if issuing is not None:
            then = "is tried again now"
        elif case.reached(again):
            then = f"was to be tried again from {at(case, again)}"
        else:
            then = f"is tried again from {at(case, again)}"
        return _Finding(
            Level.WARN, f"{what} failed {times} and {then}: {cause.sentence}", certificate.last_failure, cause
        )
    if issuing is not None:
        begun = "is being renewed" if certificate.revision else "is being issued"
        cause = why(case)
        if not case.reached(issuing.since + case.policies.certificates.issuing_for):
            told = f": {cause.sentence}" if cause.found else ""
            return _Finding(Level.MOVING, f"{begun}{told}", issuing.since, cause)
        return _Finding(
            Level.WARN, f"{begun} since {at(case, issuing.since)}: {cause.sentence}", issuing.since, cause
        )
    ready = certificate.said("Ready")
    if ready is not None and (ready.status == "True" or ready.reason == _EXPIRED):
        return None
    if ready is None or ready.status == "Unknown":
        return _Finding(Level.UNKNOWN, "cert-manager does not say whether it is ready")
    cause = why(case)
    return _Finding(Level.WARN, f"is not ready: {cause.sentence}", ready.since, cause)


def _endless(case: Case[Certificate]) -> _Finding | None:
    """Of one that is to be renewed from a time before it was issued: so is what comes of the renewal. Issuers date back, or give another life than
    was asked for, and a renewBefore near the whole of it leaves nothing."""
    certificate = case.obj
    renewal = certificate.renewal
    if renewal is None or not certificate.renewed_by_itself:
        return None
    for request in case.some(REQUESTS_OF, certificate.uid):
        ready = request.said("Ready")
        if request.revision != certificate.revision or ready is None or ready.status != "True":
            continue
        if request.issued is None or not same(certificate, request.issued):
            continue  # its status is not yet that of what was issued
        if renewal <= ready.since:
            told = f"is renewed again and again: it was issued {at(case, ready.since)} and was to be renewed from {at(case, renewal)}; renewBefore leaves nothing of the life that its issuer gives"
            return _Finding(Level.WARN, told, ready.since, Why("", (request,)))
    return None


def _due(case: Case[Certificate]) -> Iterator[_Finding]:
    """Of one that is ready, and of which no issuance goes on."""
    certificate, policy = case.obj, _policy(case)
    ends, renewal = certificate.not_after, certificate.renewal
    if certificate.renewed_by_itself and renewal is not None:
        if case.reached(renewal + policy.renewal_grace):
            cause = why(case)
            told = cause.sentence if cause.found else "cert-manager does not begin"
            yield _Finding(
                Level.WARN, f"was to be renewed from {at(case, renewal)} and is not: {told}", renewal, cause
            )
        elif case.reached(renewal):
            yield _Finding(Level.MOVING, "is due for renewal now", renewal)
        return
    if ends is None or certificate.lifetime is None:
        yield _Finding(Level.UNKNOWN, "it is not said when it ends")
    elif case.reached(ends - certificate.lifetime * policy.least_share / 100) and ends > case.now:
        # how much it is now is said by no number: it would be another in a moment, and nothing else new
        told = f"at most {policy.least_share:g} % of its life is left, it ends {at(case, ends)}, and nothing renews it"
        yield _Finding(Level.WARN, told)


def _of_left(case: Case[Certificate], authority: Certificate, left: Left) -> _Finding:
    names = [f"{leaf.namespace}/{leaf.name}" for leaf in left.leaves]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    listed = f"{', '.join(names[:_NAMED])}{more}"
    cause = Why("", left.leaves)
    signed = "is" if len(names) == 1 else "are"
    if authority.rotation == "Never":
        return _Finding(
            Level.OK, f"{listed} {signed} older than it, and signed with the key that it keeps", None, cause
        )
    still = f"{listed} {signed} still signed by the one before it"
    if not left.outlive or left.ends is None:
        again = "it is" if len(names) == 1 else "each is"
        return _Finding(Level.MOVING, f"{still}, until {again} renewed", authority.not_before, cause)
    late = f"{left.outlive[0].namespace}/{left.outlive[0].name} is not renewed by then"
    if left.known:
        told = f"{still}, which ends about {at(case, left.ends)}: {late}"
        return _Finding(Level.WARN, told, authority.not_before, cause)
    # when that one was made nobody says: it ends so early only if it was not renewed before its time
    told = f"{still}, which ends about {at(case, left.ends)} if it was renewed at its time: {late}"
    return _Finding(Level.MOVING, told, authority.not_before, cause)


def _usual(case: Case[Certificate]) -> _Finding:
    certificate = case.obj
    parts = [f"{role(case)} by {certificate.issuer}"]
    if certificate.not_after is not None:
        parts.append(f"ends {at(case, certificate.not_after)}")
    if certificate.renewed_by_itself and certificate.renewal is not None:
        parts.append(f"is renewed from {at(case, certificate.renewal)}")
    elif certificate.not_after is not None:
        parts.append("nothing renews it")
    if certificate.rotation == "Never":
        parts.append("with the same key")
    return _Finding(Level.OK, ", ".join(parts))


RULE = Rule(
    ID,
    (Certificate,),
    _judge,
    uses=(CertificateRequest, Order, Challenge, Issuer, ClusterIssuer),
)
