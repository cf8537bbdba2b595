"""Issue a certificate anew, as ``cmctl renew`` does (cert-manager/cmctl, pkg/renew): the condition Issuing in its status, which
cert-manager's own controllers take up. Nothing that runs is changed by it, so that no calendar closes it: an emergency is no
release. It is over when a later revision is there and ready, and each
address that is looked at serves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.actions.certificates.postconditions import REISSUED, SERVED, addresses
from tfdash.actions.core.action import Action, needs
from tfdash.actions.core.eligibility import Standing, bare
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import STAMP, Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.patches import UID, Operation, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import FreezeRule, Post, Request, Risk
from tfdash.model.cert_manager import GROUP, Certificate, IssuerRef
from tfdash.model.certificates import ServedCertificate
from tfdash.model.subject import Key, Subject
from tfdash.nouns import counted
from tfdash.playbook.certificates.acme import AcmeCount, asked_of
from tfdash.playbook.certificates.causes import not_ready
from tfdash.playbook.certificates.links import (
    CLUSTER_SIGNS_WITH,
    ISSUED_BY,
    SIGNS_WITH,
    issuer_key,
    issuer_of,
)
from tfdash.playbook.certificates.sequence import doubts, of_renewal, signing_it
from tfdash.playbook.releases.facts import facts_of
from tfdash.playbook.seen import ClusterLook
from tfdash.playbook.staleness import Unread

_NAMED = 4
_CONDITIONS, _REVISION = "/status/conditions", "/status/revision"
_RESTS_ON = (UID, _REVISION, _CONDITIONS, "/spec/issuerRef", "/spec/secretName")
_WITHIN = 900.0  # seconds: an ACME server's look at DNS takes its time
_SPREADS = 600.0  # seconds in which kubelets bring it to the pods, and the addresses are looked at again


def issuing(conditions: list[Any], generation: int, at: str) -> list[Operation]:
    """What sets the condition, as cert-manager's own helper does (pkg/api/util, SetCertificateCondition)."""
    condition = {
        "type": "Issuing",
        "status": "True",
        "reason": "ManuallyTriggered",
        "message": "Certificate re-issuance manually triggered",
        "lastTransitionTime": at,
        "observedGeneration": generation,
    }
    for place, found in enumerate(conditions):
        if isinstance(found, dict) and found.get("type") == "Issuing":
            return [{"op": "replace", "path": f"{_CONDITIONS}/{place}", "value": condition}]
    return [{"op": "add", "path": f"{_CONDITIONS}/{len(conditions)}", "value": condition}]


class Renewed(NamedTuple):
    """What issues one more revision after ``revision``. ``rotation``: its rotationPolicy."""

    name: str
    revision: int
    request: Request
    rotation: str


def one_more(context: PlanContext, at: Subject, document: dict[str, Any]) -> Renewed:
    """Raises ``PlanRefused`` where it is being issued already."""
    status = document.get("status") or {}
    conditions = status.get("conditions")
    running: Mapping[str, Any] = next((c for c in conditions or () if c.get("type") == "Issuing"), {})
    if running.get("status") == "True":
        raise PlanRefused(f"{at.name} is being issued since {running.get('lastTransitionTime') or '?'}")
    generation = int(document.get("metadata", {}).get("generation") or 0)
    found = conditions if isinstance(conditions, list) else []
    changes = issuing(found, generation, context.stamp)
    if not isinstance(conditions, list):
        changes = put(document, _CONDITIONS, [changes[0]["value"]])
    request = conditional(
        path_of(at, document, "status"),
        document,
        _RESTS_ON,
        changes,
        f"issue {at.name} anew",
        context.found(document, at),
    )
    policy = ((document.get("spec") or {}).get("privateKey") or {}).get("rotationPolicy") or ""
    return Renewed(f"{at.namespace}/{at.name}", int(status.get("revision") or 0), request, str(policy))


async def renew(context: PlanContext) -> Draft:
    """One more revision, now."""
    at, certificate = context.at, context.standing.obj
    assert isinstance(certificate, Certificate)
    document = await context.document(at)
    status = document.get("status") or {}
    renewed = one_more(context, at, document)
    subject, revision = context.found(document), renewed.revision
    unseen = any(r.under_way and r.trust_unseen for r in signing_it(context.assessment.rotations, bare(at)))
    ended = certificate.not_after is not None and certificate.not_after <= context.now
    told = doubts(context.assessment.rotations, bare(at)) if unseen or ended else ()
    look = ClusterLook(context.picture.clusters[at.cluster])
    asked = _asked(look, certificate, context.now)
    spent = asked is not None and asked.spent
    there = addresses(look, certificate)
    return Draft(
        subject=subject,
        effect=f"{certificate.issuer} issues Certificate {at.name} anew, for {_names(certificate)}",
        requests=(renewed.request,),
        facts=facts_of(document, _RESTS_ON),
        before=f"revision {revision}{_ends(status)}" if revision else "never issued",
        after=f"revision {revision + 1}",
        diff=("+ status.conditions Issuing: True (ManuallyTriggered)",),
        notes=(
            *_of_issuer(look, certificate, context.now, context.zone),
            *_of_key(certificate),
            *_of_chain(look, certificate),
            *(() if there else (_UNSEEN,)),
            *told,
        ),
        not_reverted=("what was issued stays valid until it ends: renewing revokes nothing",),
        posts=(
            REISSUED.post(
                text=f"a revision after {revision} is issued, and ready", within=_WITHIN, value=str(revision)
            ),
            *_served_by(there, revision),
        ),
        risk=Risk.TYPED_NAME_AND_REASON if certificate.is_ca or unseen or told or spent else None,
        arguments=((STAMP, context.stamp),),
    )


_UNSEEN = "no address that serves it is looked at: renewed does not say served, as whoever read the Secret only at its start goes on with the old one"


def _served_by(there: Sequence[ServedCertificate], revision: int) -> tuple[Post, ...]:
    """Where somebody looks, it is not over before it is served: whoever read the Secret only at its start must be restarted."""
    if not there:
        return ()
    more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
    text = f"{', '.join(s.name for s in there[:_NAMED])}{more} serve{'s' if len(there) == 1 else ''} it"
    return (SERVED.post(text=text, within=_WITHIN + _SPREADS, value=str(revision)),)


def _names(certificate: Certificate) -> str:
    names = certificate.names
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (", ".join(names[:_NAMED]) + more) or "no name"


def _ends(status: Mapping[str, Any]) -> str:
    return f", ends {status['notAfter']}" if status.get("notAfter") else ""


def _of_issuer(look: ClusterLook, certificate: Certificate, now: float, zone: ZoneInfo) -> tuple[str, ...]:
    """What stands against it at the issuer, and what was asked of its server lately."""
    issuer = issuer_of(look, certificate.namespace, certificate.issuer)
    if isinstance(issuer, Unread):
        return (f"{certificate.issuer} is not known: {issuer.cause}",)
    if issuer is None:
        ours = certificate.issuer.group == GROUP
        return (f"there is no {certificate.issuer}: nothing will be issued",) if ours else ()
    told = not_ready(issuer)
    first = (f"{certificate.issuer} {told}",) if told else ()
    asked = asked_of(look, certificate, issuer, now)
    return (*first, *(() if asked is None else (asked.told(zone),)))


def _asked(look: ClusterLook, certificate: Certificate, now: float) -> AcmeCount | None:
    issuer = issuer_of(look, certificate.namespace, certificate.issuer)
    return None if issuer is None or isinstance(issuer, Unread) else asked_of(look, certificate, issuer, now)


def _of_key(certificate: Certificate) -> tuple[str, ...]:
    if certificate.rotation == "Never":
        return (
            "its key stays the same (rotationPolicy Never): that of a key that is known to others is not renewed by this",
        )
    return ("with a new key",) if certificate.rotation == "Always" else ()


def _of_chain(look: ClusterLook, certificate: Certificate) -> tuple[str, ...]:
    """What an authority signed."""
    if not certificate.is_ca:
        return ()
    issuers = [
        *look.some(SIGNS_WITH, Key(certificate.namespace, certificate.secret)),
        *look.some(CLUSTER_SIGNS_WITH, Key("", certificate.secret)),
    ]
    told = []
    for issuer in issuers:
        key = issuer_key(issuer.namespace, IssuerRef(issuer.name, type(issuer).KIND))
        signed = look.some(ISSUED_BY, key)
        told.append(
            f"{type(issuer).KIND} {issuer.name} signs with it: {counted(len(signed), 'Certificate')} of it "
            f"{'is' if len(signed) == 1 else 'are'} not re-issued by this"
        )
    return tuple(told) or ("what it signed is not re-issued by this",)


def _unable(standing: Standing) -> str:
    certificate = standing.obj
    return (
        f"{certificate.name} is being issued"
        if isinstance(certificate, Certificate) and certificate.issuing is not None
        else ""
    )


ACTIONS: tuple[Action, ...] = (
    Action(
        id="certificate.renew",
        title="certificate: renew",
        kinds=frozenset({"Certificate"}),
        unable=_unable,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=renew,
        posts=(REISSUED, SERVED),
        right=needs("PATCH", "status"),
        sequence=lambda subject, assessment: of_renewal(assessment.rotations, subject, assessment.at),
    ),
)
