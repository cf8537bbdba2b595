"""All that an authority signed, issued anew in one plan; and the replacement of a key that others know.

Of many there is one patch for each (as ``actions/kubernetes/scale_down.py`` does), the same that ``renew`` sends. What was done half way is gone on with
by whoever plans it anew: what the new authority signed by then is no part of it any more.

A key that others know is replaced at once: the sequence of a rotation is told and not waited for, since every hour that the old one is trusted is
worse than what is refused meanwhile. A certificate that would keep its key is refused: renewing it would replace nothing.
"""

from __future__ import annotations

import asyncio

import msgspec

from tfdash.actions.certificates.postconditions import ALL_REISSUED, REISSUED, SERVED
from tfdash.actions.certificates.renew import Renewed, one_more, renew
from tfdash.actions.core.action import Action, by_plan, needs
from tfdash.actions.core.eligibility import Standing, bare
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import STAMP, Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.patches import UID
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.cert_manager import Certificate
from tfdash.model.rotation import Rotation
from tfdash.model.subject import Key, Subject
from tfdash.nouns import counted
from tfdash.playbook.certificates.generations import name_of
from tfdash.playbook.certificates.renewed import holders
from tfdash.playbook.certificates.sequence import doubts, of_all
from tfdash.playbook.releases.facts import facts_of
from tfdash.playbook.seen import ClusterLook
from tfdash.text import safe

MOST = 200  # certificates of one plan
_WITHIN = 1800.0  # seconds in which all of them are issued
_REVOKE = (
    "what was issued before stays valid until it ends: revoke it at its issuer by hand, where that can (an ACME server can; a CA issuer of "
    "cert-manager has no revocation, so that only taking its authority out of the bundles ends it)"
)


def _rotation(context: PlanContext) -> Rotation:
    found = context.assessment.rotations.get(bare(context.at))
    if found is None:
        raise PlanRefused("how far its rotation is, is not known yet")
    return found


async def renew_all(context: PlanContext) -> Draft:
    """Each leaf that is not signed by the newest of the authority, as far as its own issuers sign it."""
    return await _all(context, _rotation(context), emergency=False)


async def replace_all(context: PlanContext) -> Draft:
    """The same of an authority whose key others know: nothing is waited for."""
    return await _all(context, _rotation(context), emergency=True)


async def _all(context: PlanContext, rotation: Rotation, *, emergency: bool) -> Draft:
    at = context.at
    document = await context.document(at)
    wanted = (*rotation.signed.old, *rotation.signed.unknown)
    below = [c for c in wanted if name_of(c) in rotation.signed.below]
    mine = sorted(
        (c for c in wanted if name_of(c) not in rotation.signed.below),
        key=lambda c: (not c.is_ca, name_of(c)),
    )
    if not mine:
        raise PlanRefused(
            f"all {counted(rotation.signed.total, 'leaf')} of it are signed by the one that is there now"
            if not below
            else f"{name_of(below[0])} is signed by a lower authority: renew all of that one"
        )
    found = await asyncio.gather(*(_one(context, c) for c in mine[:MOST]))
    renewed = [f for f in found if isinstance(f, Renewed)]
    skips = [f for f in found if isinstance(f, str)]
    if not renewed:
        raise PlanRefused(skips[0])
    if len(mine) > MOST:
        skips.append(f"{len(mine) - MOST} more are for a plan after this one")
    skips += [
        f"{name_of(c)} is signed by a lower authority: renew all of that one afterwards" for c in below[:4]
    ]
    same = [f.name for f in renewed if f.rotation == "Never"]
    past = emergency or rotation.trust_unseen
    notes = list(doubts(context.assessment.rotations, bare(at))) if past else []
    if same:
        notes.append(
            f"{', '.join(same[:4])}{' and more' if len(same) > 4 else ''}: with the same key (rotationPolicy Never)"
        )
    many = counted(len(renewed), "Certificate")
    return Draft(
        subject=context.found(document),
        effect=f"{many} not signed by the present {at.name} {'is' if len(renewed) == 1 else 'are'} issued anew"
        + (", without waiting for who trusts the new one" if emergency else ""),
        requests=tuple(msgspec.structs.replace(f.request, alone=True) for f in renewed),
        facts=facts_of(document, (UID, "/status/revision")),
        before=f"{counted(len(rotation.signed.new), 'leaf')} of {rotation.signed.total} signed by the new one",
        after=f"{len(rotation.signed.new) + len(renewed)} of {rotation.signed.total}",
        diff=tuple(f"+ {f.name}: revision {f.revision} -> {f.revision + 1}" for f in renewed),
        skips=tuple(map(safe, skips)),
        notes=tuple(map(safe, notes)),
        not_reverted=(
            _REVOKE if emergency else "what was issued stays valid until it ends: renewing revokes nothing",
        ),
        posts=(ALL_REISSUED.post(text=f"{many} have a later revision, and are ready", within=_WITHIN),),
        risk=Risk.TYPED_NAME_AND_REASON if past else None,
        arguments=((STAMP, context.stamp),),
    )


async def _one(context: PlanContext, certificate: Certificate) -> Renewed | str:
    """What renews it, or why that is left out."""
    subject = Subject(context.at.cluster, Certificate.KIND, certificate.namespace, certificate.name)
    document = await context.document(subject)
    try:
        return one_more(context, subject, document)
    except PlanRefused as refused:
        return str(refused)


async def replace_key(context: PlanContext) -> Draft:
    """One Certificate whose key others know."""
    certificate = context.standing.obj
    assert isinstance(certificate, Certificate)
    if certificate.rotation == "Never":
        raise PlanRefused(
            f"{certificate.name} keeps its key (rotationPolicy Never): what is issued would have the key that others know; set "
            "spec.privateKey.rotationPolicy: Always first",
            remedy=f"kubectl patch certificate {certificate.name} -n {certificate.namespace} --type=merge "
            '-p \'{"spec":{"privateKey":{"rotationPolicy":"Always"}}}\'',
        )
    draft = await renew(context)
    look = ClusterLook(context.picture.clusters[context.at.cluster])
    secret = Key(certificate.namespace, certificate.secret)
    users = holders(look, secret, float("inf"), ()).named if certificate.secret else ""
    notes = list(draft.notes)
    if certificate.rotation == "":
        notes.append(
            "whether its key changes depends on the version of cert-manager (rotationPolicy is not set: Always since v1.18, Never before)"
        )
    notes += [f"restart afterwards, as these have the old key: {users}"] if users else []
    notes += doubts(context.assessment.rotations, bare(context.at))
    if certificate.is_ca:
        notes.append(
            "then its root into every bundle, and certificate: replace all of a compromised authority"
        )
    draft.notes = tuple(map(safe, notes))
    draft.not_reverted = (_REVOKE,)
    draft.risk = Risk.TYPED_NAME_AND_REASON
    return draft


def _no_authority(standing: Standing) -> str:
    certificate = standing.obj
    return "" if isinstance(certificate, Certificate) and certificate.is_ca else "it is no authority"


def _is_authority(standing: Standing) -> bool:
    return not _no_authority(standing)


_KIND = frozenset({"Certificate"})
ACTIONS: tuple[Action, ...] = (
    Action(
        id="certificate.renew-all",
        title="certificate: renew all of this authority",
        kinds=_KIND,
        concerns=_is_authority,
        unable=_no_authority,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=renew_all,
        posts=(ALL_REISSUED,),
        right=by_plan,
        sequence=lambda subject, assessment: of_all(assessment.rotations, subject),
    ),
    Action(
        id="certificate.replace-key",
        title="certificate: replace a compromised key",
        kinds=_KIND,
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=replace_key,
        posts=(REISSUED, SERVED),
        right=needs("PATCH", "status"),
    ),
    Action(
        id="certificate.replace-all",
        title="certificate: replace all of a compromised authority",
        kinds=_KIND,
        concerns=_is_authority,
        unable=_no_authority,
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=replace_all,
        posts=(ALL_REISSUED,),
        right=by_plan,
    ),
)
