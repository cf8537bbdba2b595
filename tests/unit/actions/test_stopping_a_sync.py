"""To stop an automated sync is of no use where what made the Application switches it on again: the choice says so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from tests.unit.actions.things import REF
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.kubernetes.managed_by import LEAVE, SUSPEND, managed_by_part, sync_check
from tfdash.model.action import Check, Plan, Risk
from tfdash.model.release import ManagedBy
from tfdash.model.subject import Subject

API = {
    "Application": "argoproj.io/v1alpha1",
    "Kustomization": "kustomize.toolkit.fluxcd.io/v1",
    "HelmRelease": "helm.toolkit.fluxcd.io/v2",
}
GROUP = "kustomize.toolkit.fluxcd.io"
FLUX = {f"{GROUP}/name": "apps", f"{GROUP}/namespace": "ns"}
TRACKING, INSTANCE = "argocd.argoproj.io/tracking-id", "app.kubernetes.io/instance"


async def plan_of(made: str, metadata: dict[str, Any]) -> Plan:
    """One that something undoes, with the choices that are offered because of the Application, Kustomization ... that owns it."""
    subject = Subject(REF, made, "ns", "shop")
    document = {
        "apiVersion": API[made],
        "kind": made,
        "metadata": {"name": "shop", "namespace": "ns", "uid": "u", **metadata},
        "spec": {"syncPolicy": {"automated": {"selfHeal": True}}},
    }

    async def read(subject: Subject) -> dict[str, Any]:
        return document

    manager = ManagedBy(tool="Argo CD", subject=subject, reconciles=True, sentence="it undoes")
    context = SimpleNamespace(
        standing=SimpleNamespace(managed_by=manager),
        document=read,
        found=lambda document, subject: subject,
    )
    _, choices = await managed_by_part(cast(PlanContext, context), undone=True)
    return Plan(
        id="p",
        action="workload.scale",
        title="",
        subject=subject,
        effect="",
        requests=(),
        risk=Risk.KEY,
        choices=choices,
    )


def chosen(plan: Plan, *ids: str) -> Check:
    found = sync_check(
        structs.replace(plan, choices=tuple(structs.replace(c, chosen=c.id in ids) for c in plan.choices))
    )
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "metadata", "parent"),
    [
        ("Application", {}, ""),
        (
            "Application",
            {"ownerReferences": [{"kind": "ApplicationSet", "name": "all"}]},
            "ApplicationSet all",
        ),
        ("Application", {"ownerReferences": [{"kind": "Other", "name": "x"}]}, ""),
        (
            "Application",
            {"annotations": {TRACKING: "root:argoproj.io/Application:ns/shop"}},
            "Argo CD Application root",
        ),
        ("Application", {"annotations": {TRACKING: "root:argoproj.io/Application:ns/other"}}, ""),
        ("Application", {"labels": {INSTANCE: "root"}}, "Argo CD Application root"),
        ("Application", {"labels": {INSTANCE: "shop"}}, ""),
        ("Application", {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, "Flux Kustomization apps"),
        ("Kustomization", {}, ""),
        ("Kustomization", {"labels": FLUX}, "Flux Kustomization apps"),
        ("Kustomization", {"labels": FLUX | {f"{GROUP}/name": "shop"}}, ""),  # the first of all makes itself
        ("HelmRelease", {"labels": FLUX}, "Flux Kustomization apps"),
        ("HelmRelease", {"labels": {INSTANCE: "root"}}, ""),  # of its chart
        (
            "HelmRelease",
            {"annotations": {TRACKING: "root:helm.toolkit.fluxcd.io/HelmRelease:ns/shop"}},
            "Argo CD Application root",
        ),
    ],
)
async def test_what_made_it_is_named_and_stopped_is_no_promise_then(
    kind: str, metadata: dict[str, Any], parent: str
) -> None:
    plan = await plan_of(kind, metadata)
    stop, _ = plan.choices
    assert stop.text.endswith(
        f"; {parent}, which made it, may switch that on again: stop it there first"
    ) == bool(parent)
    told = chosen(plan, SUSPEND)
    assert told.passed is (None if parent else True)
    assert (parent in told.text and "it may undo this" in told.text) == bool(parent) or not parent
    assert chosen(plan, LEAVE).passed is None
    assert chosen(plan).passed is chosen(plan, SUSPEND, LEAVE).passed is False
