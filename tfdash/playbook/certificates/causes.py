"""Why a certificate is not issued, in one sentence: what ``cmctl status certificate`` lays side by side (cert-manager/cmctl,
pkg/status/certificate), read to its end. What comes first holds up all behind it: issuer, request, order, challenge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tfdash.model.cert_manager import (
    GROUP,
    AnyIssuer,
    Certificate,
    CertificateRequest,
    Challenge,
    Order,
)
from tfdash.model.kube import Object
from tfdash.model.subject import Key, Subject
from tfdash.moments import moment
from tfdash.playbook.certificates.links import CHALLENGES_OF, KEPT_IN, ORDERS_OF, issuer_of, request_of
from tfdash.playbook.rule import Case
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.staleness import Unread

_NAMED = 3  # Certificates that one sentence names
_ENDED = ("invalid", "errored", "expired")
_RETRIED = "The certificate request has failed to complete and will be retried: "


class Why(NamedTuple):
    """``sentence`` has no full stop; ``objects`` are those that were followed, the last the one that it is about. ``found`` False:
    nothing that holds it up, only what was said of it last."""

    sentence: str
    objects: tuple[Object, ...] = ()
    found: bool = True


def at(case: Case[Any], when: float) -> str:
    """``2027-01-30 07:04 EST``, in the platform's zone."""
    return moment(when, case.policies.calendar.tz)


def subjects(case: Case[Certificate], objects: Sequence[Object]) -> tuple[Subject, ...]:
    return tuple(Subject(case.ref, type(o).KIND, o.namespace, o.name) for o in objects)


def why(case: Case[Certificate]) -> Why:
    """What holds its issuance up; the last that cert-manager said of it where nothing else is found."""
    certificate = case.obj
    issuer = _of_issuer(case, certificate)
    if issuer is not None:
        return issuer
    request = request_of(case, certificate)
    if isinstance(request, Unread):
        unknown = f"{_said(certificate)} (CertificateRequests are not known: {request.cause})"
        return Why(unknown, found=False)
    if request is None:
        return kept_beside(case, certificate) or Why(_said(certificate), found=False)
    return _of_request(case, certificate, request)


def _of_issuer(case: Case[Certificate], certificate: Certificate) -> Why | None:
    ref = certificate.issuer
    if ref.group != GROUP:
        return None
    found = issuer_of(case, certificate.namespace, ref)
    if isinstance(found, Unread):
        return None  # what stands behind it may tell
    if found is None:
        return Why(f"there is no {ref}")
    told = not_ready(found)
    return Why(f"{ref} {told}", (found,)) if told else None


def not_ready(issuer: AnyIssuer) -> str:
    """What its own status says against it, "" where nothing does."""
    found = issuer.said("Ready")
    if found is None or found.status == "True":
        return ""
    return f"is not ready: {shorten(found.message or found.reason or 'it does not say why')}"


def kept_beside(case: Case[Certificate], certificate: Certificate) -> Why | None:
    """cert-manager issues none of several that are to be kept in one Secret but the one that has it."""
    others = [
        c
        for c in case.some(KEPT_IN, Key(certificate.namespace, certificate.secret))
        if c is not certificate and c.deleting is None
    ]
    if not certificate.secret or not others:
        return None
    others.sort(key=lambda c: c.name)
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    names = f"{' and '.join(o.name for o in others[:_NAMED])}{more}"
    return Why(f"Certificate {names} is kept in the same Secret {certificate.secret}", tuple(others))


def _said(certificate: Certificate) -> str:
    """cert-manager's own last words."""
    for kind in ("Issuing", "Ready"):
        found = certificate.said(kind)
        if found is not None and found.message and (kind == "Issuing" or found.status != "True"):
            return shorten(found.message.removeprefix(_RETRIED))
    return "cert-manager does not say why"


def _of_request(case: Case[Certificate], certificate: Certificate, request: CertificateRequest) -> Why:
    name = f"CertificateRequest {request.name}"
    for kind, words in (("Denied", "was denied"), ("InvalidRequest", "is invalid")):
        found = request.said(kind)
        if found is not None and found.status == "True":
            return Why(f"{name} {words}: {shorten(found.message or found.reason)}", (request,))
    if request.ready == "True":  # what was issued was not taken: the Certificate alone says why
        return Why(_said(certificate), (request,))
    if request.approved != "True" and not request.ready:
        return Why(f"{name} waits for somebody to approve it", (request,))
    orders = case.seen(ORDERS_OF, request.uid)
    if isinstance(orders, Unread):
        return Why(
            f"{_of_status(name, certificate, request)} (Orders are not known: {orders.cause})", (request,)
        )
    if not orders:
        return Why(_of_status(name, certificate, request), (request,))
    order = max(orders, key=lambda o: (o.created, o.name))
    return _of_order(case, certificate, request, order)


def _of_status(name: str, certificate: Certificate, request: CertificateRequest) -> str:
    found = request.said("Ready")
    if found is None or not found.message:
        return f"{name} waits for {certificate.issuer}" if found is None else f"{name}: {found.reason}"
    failed = " failed" if found.reason == "Failed" else ""
    return f"{name}{failed}: {shorten(found.message)}"


def _of_order(
    case: Case[Certificate], certificate: Certificate, request: CertificateRequest, order: Order
) -> Why:
    challenges = case.seen(CHALLENGES_OF, order.uid)
    if isinstance(challenges, Unread):
        unknown = f" (Challenges are not known: {challenges.cause})"
        return Why(f"{_of_state(certificate, request, order)}{unknown}", (request, order))
    told = [c for c in challenges if c.state != "valid"]
    told.sort(key=lambda c: (c.state not in _ENDED, not c.reason, not c.processing, c.name))
    if not told:
        return Why(_of_state(certificate, request, order), (request, order))
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    return Why(f"{_of_challenge(told[0])}{more}", (request, order, told[0]))


def _of_state(certificate: Certificate, request: CertificateRequest, order: Order) -> str:
    name = f"Order {order.name}"
    if order.reason:
        return f"{name} is {order.state or 'not begun'}: {shorten(order.reason)}"
    if order.state in _ENDED:  # of its challenges nothing is left: its request may still know
        found = request.said("Ready")
        last = (
            shorten(found.message) if found is not None and found.message else "the server does not say why"
        )
        return f"{name} is {order.state}: {last}"
    return f"{name} is {order.state or 'not begun'} at {certificate.issuer}"


def _of_challenge(challenge: Challenge) -> str:
    domain = f"*.{challenge.domain}" if challenge.wildcard else challenge.domain
    proof = f"{challenge.by or 'the challenge'} of {domain}"
    if challenge.state in _ENDED:
        return f"{proof} is {challenge.state}: {shorten(challenge.reason or 'the server does not say why')}"
    if challenge.reason:
        return f"{proof} is not there yet: {shorten(challenge.reason)}"
    if not challenge.presented:
        return f"{proof} is not presented yet"
    return f"{proof} waits for the server to look"
