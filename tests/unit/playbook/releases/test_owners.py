"""Who owns it; the facts of an action; whom a change touches."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.releases.making import (
    NOW,
    SPACE,
    cluster,
    deployment,
    meta,
    owned,
    pods,
    replica_set,
    rollout,
    state_of,
    subject,
    versions,
)
from tfdash.judging.judge import Judge
from tfdash.model.picture import Change, Picture
from tfdash.model.release import ManagedBy
from tfdash.model.subject import Key
from tfdash.playbook.policies import Policies
from tfdash.playbook.releases import RULE, facts_of, find_releases, manager_by_fields, release_of
from tfdash.playbook.releases.facts import pointer_of

TRACK = "argocd.argoproj.io/tracking-id"


def kept(
    labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, *others: dict[str, Any]
) -> ManagedBy | None:
    one = deployment(metadata={"labels": labels or {}, "annotations": annotations or {}})
    return state_of("Deployment", one, *others).managed_by


def application(automated: Any = None, name: str = "shop", namespace: str = "argocd") -> dict[str, Any]:
    policy = {} if automated is None else {"syncPolicy": {"automated": automated}}
    return {"kind": "Application", "metadata": {**meta(name), "namespace": namespace}, "spec": policy}


MINE = {TRACK: f"shop:apps/Deployment:{SPACE}/web"}


@pytest.mark.parametrize(
    ("automated", "reconciles", "suspended"),
    [
        (None, False, True),
        ({}, False, False),
        ({"selfHeal": True}, True, False),
        ({"selfHeal": True, "enabled": False}, False, True),
    ],
)
def test_argo_cd(automated: Any, reconciles: bool, suspended: bool) -> None:
    found = kept(None, MINE, application(automated))
    assert found is not None
    assert found.subject is not None
    assert (found.tool, found.subject.name, found.reconciles, found.suspended) == (
        "Argo CD",
        "shop",
        reconciles,
        suspended,
    )


def test_argo_cd_by_its_label_and_in_any_namespace() -> None:
    found = kept({"app.kubernetes.io/instance": "shop"}, None, application({}))
    assert found is not None
    assert found.tool == "Argo CD"
    elsewhere = kept(
        None, {TRACK: f"team_shop:apps/Deployment:{SPACE}/web"}, application({}, namespace="team")
    )
    assert elsewhere is not None
    assert elsewhere.subject is not None
    assert elsewhere.subject.namespace == "team"


def test_a_copied_tracking_annotation_and_a_label_of_nobody_are_no_owner() -> None:
    assert kept(None, {TRACK: f"shop:apps/Deployment:{SPACE}/other"}, application({})) is None
    assert kept({"app.kubernetes.io/instance": "chart"}, None) is None


def test_an_application_that_is_not_seen_is_unknown_and_not_harmless() -> None:
    found = kept(None, MINE)
    assert found is not None
    assert (found.reconciles, found.subject) == (None, None)


def flux(kind: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {**meta("apps"), "namespace": "flux-system"}, "spec": spec}


@pytest.mark.parametrize(
    ("kind", "prefix", "spec", "reconciles"),
    [
        ("Kustomization", "kustomize", {"interval": "10m"}, True),
        ("Kustomization", "kustomize", {"suspend": True}, False),
        ("HelmRelease", "helm", {}, False),
        ("HelmRelease", "helm", {"driftDetection": {"mode": "enabled"}}, True),
        ("HelmRelease", "helm", {"suspend": True, "driftDetection": {"mode": "enabled"}}, False),
    ],
)
def test_flux(kind: str, prefix: str, spec: dict[str, Any], reconciles: bool) -> None:
    labels = {
        f"{prefix}.toolkit.fluxcd.io/name": "apps",
        f"{prefix}.toolkit.fluxcd.io/namespace": "flux-system",
    }
    found = kept(labels, None, flux(kind, **spec))
    assert found is not None
    assert (found.tool, found.reconciles, found.suspended) == (
        f"Flux {kind}",
        reconciles,
        bool(spec.get("suspend")),
    )
    missing = kept(labels)
    assert missing is not None
    assert missing.reconciles is None


def test_helm_and_kubectl() -> None:
    helm = kept({"app.kubernetes.io/managed-by": "Helm"}, {"meta.helm.sh/release-name": "shop"})
    assert helm is not None
    assert helm.sentence.startswith("Helm release shop;")
    by_hand = kept(None, {"kubectl.kubernetes.io/last-applied-configuration": "{}"})
    assert by_hand is not None
    assert (by_hand.tool, by_hand.reconciles) == ("kubectl", False)
    assert kept() is None


def test_the_last_manager_who_is_no_controller() -> None:
    managers = [
        ("kubectl-edit", "", 5.0),
        ("kube-controller-manager", "", 9.0),
        ("kubectl-client-side-apply", "", 3.0),
        ("x", "status", 8.0),
    ]
    found = manager_by_fields(managers)
    assert found is not None
    assert (found.tool, found.sentence) == ("kubectl", "last changed with kubectl-edit")
    assert manager_by_fields(managers[1:2]) is None


def test_facts_are_canonical_and_absent_is_not_null() -> None:
    document = {"a": {"b/c": [1, {"z": 1, "a": "é"}], "n": None, "~": True}}
    pointers = ["/a/b~1c/1", "/a/n", "/a/x", "/a/b~1c/7", "/a/~0", "/a/b~1c/-"]
    assert [f.value for f in facts_of(document, pointers)] == ['{"a":"é","z":1}', "null", "", "", "true", ""]
    assert facts_of({"a": 1}, [""])[0].value == '{"a":1}'
    assert pointer_of("a", "b/c", "~") == "/a/b~1c/~0"
    with pytest.raises(ValueError, match="no JSON pointer"):
        facts_of({}, ["a"])


def test_whom_a_change_touches() -> None:
    canary = {
        "kind": "Canary",
        "metadata": meta("shop"),
        "spec": {"targetRef": {"kind": "Deployment", "name": "shop"}},
    }
    set_ = replica_set("api", "x", "r/api:1", 1, 1)
    run = {"kind": "AnalysisRun", "metadata": meta("run", **owned("Experiment", "exp"))}
    picture = cluster(
        rollout(canary={"currentExperiment": "exp"}),
        *versions(),
        deployment("api", metadata={"annotations": {TRACK: "shop:apps/Deployment:shop/api"}}),
        set_,
        *pods(set_, 1),
        canary,
        deployment("shop"),
        deployment("shop-primary"),
        deployment("api-canary"),
        run,
        application({}),
        {"kind": "Experiment", "metadata": meta("exp", **owned("Rollout", "web"))},
    )

    asked: set[tuple[str, str]] = set()

    def judge_it(case: Any) -> Any:
        asked.add((case.subject.kind, case.subject.name))
        return RULE.judge(case)

    judge = Judge(
        policies=Policies(pairs=(("*", "*-canary"),)), rules=(dataclasses.replace(RULE, judge=judge_it),)
    )

    def assess() -> None:
        change = Change(keys={(picture.ref, kind): None for kind in picture.kinds}, freshness=frozenset())
        judge.assess(Picture(at=NOW, number=1, clusters={picture.ref: picture}), change, NOW)

    assess()

    def touched(kind: str, name: str, namespace: str = SPACE) -> set[tuple[str, str]]:
        """Who is judged again when that object changes."""
        nonlocal picture
        asked.clear()
        objects = dict(picture.objects(kind))
        key = Key(namespace, name)
        objects[key] = msgspec.structs.replace(objects[key], resource_version="9")
        seen = msgspec.structs.replace(picture.kinds[kind], value=objects)
        picture = msgspec.structs.replace(picture, kinds={**picture.kinds, kind: seen})
        assess()
        return asked

    assert touched("Pod", "api-x-0") == {("Deployment", "api")}
    assert touched("Pod", f"{versions()[0]['metadata']['name']}-0") == {("Rollout", "web")}
    assert touched("ReplicaSet", "api-x") == {("Deployment", "api")}
    assert touched("Rollout", "web") == {("Rollout", "web")}
    assert touched("Experiment", "exp") == {("Rollout", "web")}
    assert touched("AnalysisRun", "run") == set()  # the experiment names no run yet
    assert touched("Deployment", "shop") == {("Deployment", "shop"), ("Canary", "shop")}
    assert touched("Deployment", "shop-primary") == {("Deployment", "shop-primary"), ("Canary", "shop")}
    assert touched("Deployment", "api-canary") == {("Deployment", "api"), ("Deployment", "api-canary")}
    assert touched("Canary", "shop") == {("Canary", "shop"), ("Deployment", "shop")}
    assert touched("Application", "shop", "argocd") == {("Deployment", "api")}


def test_malformed_documents_cost_a_field_and_not_the_object() -> None:
    odd = rollout(
        pauseConditions="x",
        conditions=[7, {"type": 1}],
        canary=[],
        stableRS=None,
        phase=5,
    )
    odd["spec"] |= {
        "strategy": {"canary": {"steps": [{"pause": []}, 3, {}]}},
        "template": [],
        "selector": 1,
    }
    state = release_of(cluster(odd), subject("Rollout"), NOW)
    assert state is not None
    assert [s.text for s in state.steps] == ["pause until promoted", "unknown"]
    bare = [
        {"kind": k, "metadata": meta("x")}
        for k in (
            "Rollout",
            "AnalysisRun",
            "Experiment",
            "Canary",
            "Application",
            "Kustomization",
            "HelmRelease",
            "Deployment",
        )
    ]
    assert len(find_releases(cluster(*bare), NOW)) == 3
