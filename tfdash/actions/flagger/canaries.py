"""Flagger: gates, suspend, resume, skip, retry. It has no promote and no abort of its own: hooks ask gates.

A gate is opened and closed at Flagger's load tester (fluxcd/flagger docs/gitbook/usage/webhooks.md): POST of the canary's
name and namespace to ``/gate/open``, ``/gate/close``, ``/rollback/open``, ``/rollback/close``, reached through the API
server's service proxy by the host that the hook's own URL names, or at a configured URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from tfdash.actions.core.action import Action, by_plan
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import STAMP, Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.flagger.postconditions import LEFT_WAITING, NOT_SUSPENDED, PHASE, SUSPENDED
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import WRITTEN
from tfdash.model.action import FreezeRule, Post, Request, Risk
from tfdash.model.capability import Capability
from tfdash.model.release import Lack
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import canonical, facts_of, pointer_of

_CONFIRM = ("confirm-rollout", "confirm-traffic-increase", "confirm-promotion")
_PHASE = "/status/phase"
_APPLIED = "/status/lastAppliedSpec"


def _hook(document: Mapping[str, Any], types: tuple[str, ...], path: str) -> str:
    """The URL of the first hook of one of ``types`` that asks ``path``; "" where there is none."""
    analysis = (
        document.get("spec", {}).get("analysis") or document.get("spec", {}).get("canaryAnalysis") or {}
    )
    for hook in analysis.get("webhooks") or ():
        if hook.get("type") in types and path in str(hook.get("url", "")):
            return str(hook["url"])
    return ""


def gate_request(context: PlanContext, subject: Subject, url: str, verb: str, what: str) -> Request:
    """The POST that sets a gate: ``verb`` is "gate/open", "rollback/close", ..."""
    body = canonical({"name": subject.name, "namespace": subject.namespace})
    configured = context.policy.gates.get(f"{subject.namespace}/{subject.name}", "")
    if configured:
        path = f"{configured.rstrip('/')}/{verb}"
    else:
        service, namespace, port = _service(url, subject.namespace)
        name = quote(f"http:{service}:{port}", safe=":")
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/services/{name}/proxy/{verb}"
    return Request(method="POST", path=path, body=body, what=what, subject=subject, dry_run=False)


def _service(url: str, namespace: str) -> tuple[str, str, int]:
    """``http://tester.test:8080/gate/check`` -> (tester, test, 8080). Raises ``PlanRefused``."""
    parts = urlsplit(url)
    labels = (parts.hostname or "").split(".")
    if len(labels) > 2 and labels[2] != "svc":
        raise PlanRefused(
            f"its gate is at {parts.hostname}, outside the cluster",
            remedy=f'say where: [actions.gates] "{namespace}/NAME" = "https://..."',
        )
    return labels[0], labels[1] if len(labels) > 1 else namespace, parts.port or 80


_GATES = {"open": Capability.GATE_OPEN, "close": Capability.GATE_CLOSE}


def _without_hook(context: PlanContext, capability: Capability, why: str) -> PlanRefused:
    lack = context.standing.unable.get(capability, Lack(why))
    return PlanRefused(lack.why, remedy=lack.remedy)


async def _gate(context: PlanContext, verb: str) -> Draft:
    document = await context.document(context.at)
    subject = context.found(document)
    url = _hook(document, _CONFIRM, "/gate/check")
    if not url:
        raise _without_hook(context, _GATES[verb], "it has no gate hook")
    phase = str(document.get("status", {}).get("phase", ""))
    opens = verb == "open"
    return Draft(
        subject=subject,
        effect=f"the gate of Canary {subject.name} is {'opened: it goes on' if opens else 'closed: it waits there'}",
        requests=(gate_request(context, subject, url, f"gate/{verb}", f"{verb} the gate"),),
        facts=facts_of(document, (UID, _PHASE, _APPLIED)),
        before=phase,
        after="goes on" if opens else "waits at its gate",
        notes=("the load tester forgets its gates when it restarts",),
        posts=(LEFT_WAITING.post(text="Flagger went on", within=180),)
        if opens and phase.startswith("Waiting")
        else (),
    )


async def open_gate(context: PlanContext) -> Draft:
    return await _gate(context, "open")


async def close_gate(context: PlanContext) -> Draft:
    return await _gate(context, "close")


async def abort_canary(context: PlanContext) -> Draft:
    """By its rollback hook: Flagger routes everything to the primary and scales the canary to nothing."""
    release = context.standing.release
    at = context.at
    document = await context.document(at)
    subject = context.found(document)
    url = _hook(document, ("rollback",), "/rollback/check")
    if not url:
        raise _without_hook(context, Capability.REVERTIBLE, "it has no rollback hook")
    notes, choices = await managed_by_part(context)
    stable = release.stable.image if release is not None and release.stable is not None else "the primary"
    return Draft(
        subject=subject,
        effect=f"Flagger rolls {at.name} back: everything goes to {stable}, the canary is scaled to 0",
        requests=(gate_request(context, subject, url, "rollback/open", "open the rollback gate"),),
        facts=facts_of(document, (UID, _APPLIED)),
        before=str(document.get("status", {}).get("phase", "")),
        after="Failed, rolled back",
        not_reverted=(
            "the target's template still holds the new version",
            "ConfigMaps, Secrets, database schemas and whatever else was changed outside its pods",
        ),
        notes=(
            "the rollback gate stays open until somebody closes it: the next release would be rolled back at once",
            *notes,
        ),
        choices=choices,
        posts=(PHASE.post(value="Failed", text="Flagger says it rolled back", within=context.policy.follow),),
        title="canary: roll back",
    )


async def _field(
    context: PlanContext, pointer: str, value: bool, effect: str, post: Post, skips: tuple[str, ...] = ()
) -> Draft:
    document = await context.document(context.at)
    subject = context.found(document)
    name = pointer.rpartition("/")[2]
    if bool(document.get("spec", {}).get(name)) is value:
        raise PlanRefused(f"spec.{name} is {str(value).lower()} already")
    pointers = (UID, pointer) if value and name == "suspend" else (UID, pointer, _APPLIED)
    request = conditional(
        path_of(context.at, document),
        document,
        pointers,
        put(document, pointer, value),
        f"spec.{name}",
        subject,
    )
    return Draft(
        subject=subject,
        effect=effect,
        requests=(request,),
        facts=facts_of(document, pointers),
        before=f"{name}: {str(not value).lower()}",
        after=f"{name}: {str(value).lower()}",
        diff=(f"- spec.{name}: {str(not value).lower()}", f"+ spec.{name}: {str(value).lower()}"),
        skips=skips,
        posts=(post,),
    )


async def suspend(context: PlanContext) -> Draft:
    post = SUSPENDED.post(text="spec.suspend is set", within=30)
    return await _field(
        context, "/spec/suspend", True, f"Canary {context.at.name} stands still where it is", post
    )


async def resume(context: PlanContext) -> Draft:
    post = NOT_SUSPENDED.post(text="spec.suspend is off", within=30)
    return await _field(context, "/spec/suspend", False, f"Canary {context.at.name} goes on", post)


async def skip(context: PlanContext) -> Draft:
    release = context.standing.release
    post = PHASE.post(value="Succeeded", text="it is promoted", within=context.policy.follow)
    skips = release.skips if release is not None and release.skips else ("the analysis that is left",)
    return await _field(
        context,
        "/spec/skipAnalysis",
        True,
        f"Canary {context.at.name} is promoted without further analysis",
        post,
        skips,
    )


async def retry(context: PlanContext) -> Draft:
    """A changed pod template is what Flagger starts an analysis by."""
    release = context.standing.release
    if release is None or release.partner is None:
        raise PlanRefused("its target is not known")
    target, stamp = release.partner, context.stamp
    document = await context.document(target)
    subject = context.found(document, target)
    where = pointer_of("spec", "template", "metadata", "annotations", "flagger.app/restartedAt")
    pointers = (UID, where, "/spec/template/spec")
    request = conditional(
        path_of(target, document),
        document,
        pointers,
        put(document, where, stamp),
        "start the analysis again",
        subject,
    )
    return Draft(
        subject=subject,
        effect=f"Flagger begins the release of {context.at.name} again from the start",
        requests=(request,),
        facts=facts_of(document, pointers),
        before="Failed",
        after="in flight again",
        diff=(f"+ flagger.app/restartedAt: {stamp}",),
        posts=(WRITTEN.post(text="the target is changed", within=30),),
        arguments=((STAMP, stamp),),
    )


ACTIONS = (
    Action(
        id="canary.open-gate",
        title="canary: open its gate",
        key="o",
        kinds=frozenset({"Canary"}),
        capability=Capability.GATE_OPEN,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        make=open_gate,
        posts=(LEFT_WAITING,),
        promotes=True,
        carried=True,
        right=by_plan,
    ),
    Action(
        id="canary.close-gate",
        title="canary: close its gate",
        kinds=frozenset({"Canary"}),
        capability=Capability.GATE_CLOSE,
        risk=Risk.KEY,
        freeze=FreezeRule.EXEMPT,
        make=close_gate,
        carried=True,
        right=by_plan,
    ),
    Action(
        id="canary.suspend",
        title="canary: suspend",
        key="h",
        kinds=frozenset({"Canary"}),
        capability=Capability.SUSPENDABLE,
        risk=Risk.KEY,
        freeze=FreezeRule.EXEMPT,
        make=suspend,
        posts=(SUSPENDED,),
        carried=True,
        concerns=lambda standing: Capability.RESUMABLE not in standing.able,
    ),
    Action(
        id="canary.resume",
        title="canary: resume",
        key="h",
        kinds=frozenset({"Canary"}),
        capability=Capability.RESUMABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        make=resume,
        posts=(NOT_SUSPENDED,),
        promotes=True,
        carried=True,
        concerns=lambda standing: Capability.RESUMABLE in standing.able,
    ),
    Action(
        id="canary.skip-analysis",
        title="canary: skip its analysis",
        kinds=frozenset({"Canary"}),
        capability=Capability.SKIPPABLE,
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.FROZEN,
        make=skip,
        posts=(PHASE,),
        promotes=True,
        carried=True,
    ),
    Action(
        id="canary.retry",
        title="canary: retry",
        kinds=frozenset({"Canary"}),
        capability=Capability.RETRYABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        make=retry,
        posts=(WRITTEN,),
        promotes=True,
        carried=True,
        concerns=lambda standing: Capability.RETRYABLE in standing.able,
        right=by_plan,
    ),
)
