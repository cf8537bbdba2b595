"""To stop an automated sync is of no use where what made the Application switches it on again: the choice says so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.actions.things import REF
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.model.release import ManagedBy
from tfdash.model.subject import Subject

APP = Subject(REF, "Application", "argocd", "shop")
TRACKING, INSTANCE = "argocd.argoproj.io/tracking-id", "app.kubernetes.io/instance"


@pytest.mark.parametrize(
    ("metadata", "parent"),
    [
        ({}, ""),
        ({"ownerReferences": [{"kind": "ApplicationSet", "name": "all"}]}, "ApplicationSet all"),
        ({"ownerReferences": [{"kind": "Other", "name": "x"}]}, ""),
        (
            {"annotations": {TRACKING: "root:argoproj.io/Application:argocd/shop"}},
            "Argo CD Application root",
        ),
        ({"annotations": {TRACKING: "root:argoproj.io/Application:argocd/other"}}, ""),
        ({"labels": {INSTANCE: "root"}}, "Argo CD Application root"),
        ({"labels": {INSTANCE: "shop"}}, ""),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, "Flux Kustomization apps"),
    ],
)
async def test_what_made_the_application_is_named(metadata: dict[str, Any], parent: str) -> None:
    document = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop", "namespace": "argocd", "uid": "u", **metadata},
        "spec": {"syncPolicy": {"automated": {"selfHeal": True}}},
    }

    async def read(subject: Subject) -> dict[str, Any]:
        return document

    manager = ManagedBy(tool="Argo CD", subject=APP, reconciles=True, sentence="it undoes")
    context = SimpleNamespace(
        standing=SimpleNamespace(managed_by=manager),
        document=read,
        found=lambda document, subject: subject,
    )
    _, (stop, _) = await managed_by_part(cast(PlanContext, context), undone=True)
    assert stop.text.endswith(
        f"; {parent}, which made it, may switch that on again: stop it there first"
    ) == bool(parent)
    assert ("may switch that on again" in stop.text) == bool(parent)
