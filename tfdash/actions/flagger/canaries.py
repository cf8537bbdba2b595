"""Flagger: gates, suspend, resume, skip, retry. It has no promote and no abort of its own: hooks ask gates.

A gate is opened and closed at Flagger's load tester (fluxcd/flagger docs/gitbook/usage/webhooks.md): POST of the canary's
name and namespace to ``/gate/open``, ``/gate/close``, ``/rollback/open``, ``/rollback/close``, reached through the API
server's service proxy by the host that the hook's own URL names, or at a configured URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from tfdash.actions.core.plan_context import Planning
from tfdash.actions.core.plan_digest import STAMP, Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import Post, Request
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


def gate_request(planning: Planning, subject: Subject, url: str, verb: str, what: str) -> Request:
    """The POST that sets a gate: ``verb`` is "gate/open", "rollback/close", ..."""
    body = canonical({"name": subject.name, "namespace": subject.namespace})
    configured = planning.policy.gates.get(f"{subject.namespace}/{subject.name}", "")
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


async def _gate(planning: Planning, verb: str) -> Draft:
    document = await planning.document(planning.at)
    subject = planning.found(document)
    url = _hook(document, _CONFIRM, "/gate/check")
    if not url:
        raise PlanRefused(
            "it has no gate hook", remedy=dict(planning.standing.unable).get(f"gate-{verb}", "")
        )
    phase = str(document.get("status", {}).get("phase", ""))
    opens = verb == "open"
    return Draft(
        subject=subject,
        effect=f"the gate of Canary {subject.name} is {'opened: it goes on' if opens else 'closed: it waits there'}",
        requests=(gate_request(planning, subject, url, f"gate/{verb}", f"{verb} the gate"),),
        facts=facts_of(document, (UID, _PHASE, _APPLIED)),
        before=phase,
        after="goes on" if opens else "waits at its gate",
        notes=("the load tester forgets its gates when it restarts",),
        posts=(Post(id="left-waiting", text="Flagger went on", within=180),)
        if opens and phase.startswith("Waiting")
        else (),
    )


async def open_gate(planning: Planning) -> Draft:
    return await _gate(planning, "open")


async def close_gate(planning: Planning) -> Draft:
    return await _gate(planning, "close")


async def abort_canary(planning: Planning) -> Draft:
    """By its rollback hook: Flagger routes everything to the primary and scales the canary to nothing."""
    release = planning.standing.release
    at = planning.at
    document = await planning.document(at)
    subject = planning.found(document)
    url = _hook(document, ("rollback",), "/rollback/check")
    if not url:
        why = dict(planning.standing.unable).get("revertible", "it has no rollback hook")
        told, _, remedy = why.partition("\n")
        raise PlanRefused(told, remedy=remedy)
    notes, choices = await managed_by_part(planning)
    stable = release.stable.image if release is not None and release.stable is not None else "the primary"
    return Draft(
        subject=subject,
        effect=f"Flagger rolls {at.name} back: everything goes to {stable}, the canary is scaled to 0",
        requests=(gate_request(planning, subject, url, "rollback/open", "open the rollback gate"),),
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
        posts=(Post(id="phase:Failed", text="Flagger says it rolled back", within=planning.policy.follow),),
        title="canary: roll back",
    )


async def _field(
    planning: Planning, pointer: str, value: bool, effect: str, post: Post, skips: tuple[str, ...] = ()
) -> Draft:
    document = await planning.document(planning.at)
    subject = planning.found(document)
    name = pointer.rpartition("/")[2]
    if bool(document.get("spec", {}).get(name)) is value:
        raise PlanRefused(f"spec.{name} is {str(value).lower()} already")
    pointers = (UID, pointer) if value and name == "suspend" else (UID, pointer, _APPLIED)
    request = conditional(
        path_of(planning.at, document),
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


async def suspend(planning: Planning) -> Draft:
    post = Post(id="suspended", text="spec.suspend is set", within=30)
    return await _field(
        planning, "/spec/suspend", True, f"Canary {planning.at.name} stands still where it is", post
    )


async def resume(planning: Planning) -> Draft:
    post = Post(id="not-suspended", text="spec.suspend is off", within=30)
    return await _field(planning, "/spec/suspend", False, f"Canary {planning.at.name} goes on", post)


async def skip(planning: Planning) -> Draft:
    release = planning.standing.release
    post = Post(id="phase:Succeeded", text="it is promoted", within=planning.policy.follow)
    skips = release.skips if release is not None and release.skips else ("the analysis that is left",)
    return await _field(
        planning,
        "/spec/skipAnalysis",
        True,
        f"Canary {planning.at.name} is promoted without further analysis",
        post,
        skips,
    )


async def retry(planning: Planning) -> Draft:
    """A changed pod template is what Flagger starts an analysis by."""
    release = planning.standing.release
    if release is None or release.partner is None:
        raise PlanRefused("its target is not known")
    target, stamp = release.partner, planning.stamp
    document = await planning.document(target)
    subject = planning.found(document, target)
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
        effect=f"Flagger begins the release of {planning.at.name} again from the start",
        requests=(request,),
        facts=facts_of(document, pointers),
        before="Failed",
        after="in flight again",
        diff=(f"+ flagger.app/restartedAt: {stamp}",),
        posts=(Post(id="written", text="the target is changed", within=30),),
        arguments=((STAMP, stamp),),
    )
