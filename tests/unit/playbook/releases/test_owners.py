"""Who owns it; the facts of an action; whom a change touches."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.releases.making import (
    NOW,
    REF,
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
from tfdash.model.subject import Key, Subject
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
LABEL = {"app.kubernetes.io/instance": "shop"}
APPLIED = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
APPLICATION = Subject(REF, "Application", "argocd", "shop")
NEXT_COMMIT = "syncs by itself at the next commit; it does not undo what is changed past it until then"
BY_ITSELF = ManagedBy(
    tool="Argo CD",
    subject=APPLICATION,
    reconciles=False,
    sentence=f"Argo CD Application shop {NEXT_COMMIT}",
)
ASKED = ManagedBy(
    tool="Argo CD",
    subject=APPLICATION,
    reconciles=False,
    suspended=True,
    sentence="Argo CD Application shop syncs only when somebody asks it to",
)
HEALS = msgspec.structs.replace(
    BY_ITSELF, reconciles=True, sentence="Argo CD Application shop undoes what is changed past it"
)
OF_THE_TEAM = msgspec.structs.replace(BY_ITSELF, subject=Subject(REF, "Application", "team", "shop"))
KUBECTL = ManagedBy(tool="kubectl", reconciles=False, sentence="applied with kubectl; nobody puts it back")


def helm(name: str) -> ManagedBy:
    return ManagedBy(
        tool="Helm", reconciles=False, sentence=f"{name}; the next helm upgrade sets its own version"
    )


@pytest.mark.parametrize(
    ("labels", "annotations", "others", "owner"),
    [
        ({}, MINE, [application()], ASKED),
        ({}, MINE, [application({})], BY_ITSELF),
        ({}, MINE, [application({"selfHeal": True})], HEALS),
        ({}, MINE, [application({"selfHeal": True, "enabled": False})], ASKED),
        (LABEL, {}, [application({})], BY_ITSELF),
        ({}, {TRACK: "shop"}, [application({})], BY_ITSELF),
        # an Application in another namespace than Argo CD's own; one that only has such a name
        (
            {},
            {TRACK: f"team_shop:apps/Deployment:{SPACE}/web"},
            [application({}, namespace="other"), application({}, namespace="team")],
            OF_THE_TEAM,
        ),
        (
            {},
            {TRACK: f"a_shop:apps/Deployment:{SPACE}/web"},
            [application({}, "a_shop"), application({}, namespace="a")],
            ManagedBy(
                tool="Argo CD",
                subject=Subject(REF, "Application", "argocd", "a_shop"),
                reconciles=False,
                sentence=f"Argo CD Application a_shop {NEXT_COMMIT}",
            ),
        ),
        # copied from an object of another name, kind or namespace: nothing is told by it
        ({}, {TRACK: f"shop:apps/Deployment:{SPACE}/other"}, [application({})], None),
        ({}, {TRACK: f"shop:apps/StatefulSet:{SPACE}/web"}, [application({})], None),
        ({}, {TRACK: "shop:apps/Deployment:elsewhere/web"}, [application({})], None),
        (LABEL, {TRACK: f"x:apps/Deployment:{SPACE}/other"}, [application({})], BY_ITSELF),
        # not seen is unknown and not harmless; the label alone is on any Helm chart
        (
            {},
            MINE,
            [],
            ManagedBy(
                tool="Argo CD", sentence="Argo CD Application shop; its Application is not in this cluster"
            ),
        ),
        (LABEL, {}, [], None),
        (LABEL, APPLIED, [], KUBECTL),
        ({"app.kubernetes.io/managed-by": "Helm"}, {}, [], helm("Helm")),
        (
            {"app.kubernetes.io/managed-by": "x"},
            {"meta.helm.sh/release-name": "shop"},
            [],
            helm("Helm release shop"),
        ),
        ({"app.kubernetes.io/managed-by": "x"}, {}, [], None),
        ({}, {}, [], None),
        # who puts his own version back is said before who only applied it
        (
            {**LABEL, "app.kubernetes.io/managed-by": "Helm"},
            {**MINE, **APPLIED},
            [application({})],
            BY_ITSELF,
        ),
        ({"app.kubernetes.io/managed-by": "Helm"}, APPLIED, [], helm("Helm")),
    ],
)
def test_who_owns_it(
    labels: dict[str, str],
    annotations: dict[str, str],
    others: list[dict[str, Any]],
    owner: ManagedBy | None,
) -> None:
    assert kept(labels, annotations, *others) == owner


def flux(kind: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {**meta("apps"), "namespace": "flux-system"}, "spec": spec}


@pytest.mark.parametrize(
    ("kind", "spec", "reconciles", "suspended", "told"),
    [
        ("Kustomization", {"interval": "10m"}, True, False, " undoes what is changed past it every 10m"),
        ("Kustomization", {}, True, False, " undoes what is changed past it"),
        ("Kustomization", {"suspend": True}, False, True, " is suspended"),
        (
            "HelmRelease",
            {},
            False,
            False,
            " upgrades by itself at the next version; it does not undo what is changed past it until then",
        ),
        (
            "HelmRelease",
            {"driftDetection": {"mode": "enabled"}},
            True,
            False,
            " undoes what is changed past it",
        ),
        (
            "HelmRelease",
            {"suspend": True, "driftDetection": {"mode": "enabled"}},
            False,
            True,
            " is suspended",
        ),
        ("Kustomization", None, None, False, "; it is not in this cluster"),
        ("HelmRelease", None, None, False, "; it is not in this cluster"),
    ],
)
def test_flux(
    kind: str, spec: dict[str, Any] | None, reconciles: bool | None, suspended: bool, told: str
) -> None:
    prefix = {"Kustomization": "kustomize", "HelmRelease": "helm"}[kind]
    labels = {
        f"{prefix}.toolkit.fluxcd.io/name": "apps",
        f"{prefix}.toolkit.fluxcd.io/namespace": "flux-system",
        "app.kubernetes.io/managed-by": "Helm",
    }
    assert kept(labels, {}, *([] if spec is None else [flux(kind, **spec)])) == ManagedBy(
        tool=f"Flux {kind}",
        subject=Subject(REF, kind, "flux-system", "apps"),
        reconciles=reconciles,
        suspended=suspended,
        sentence=f"Flux {kind} flux-system/apps{told}",
    )


@pytest.mark.parametrize(
    ("kind", "labels", "annotations", "told"),
    [
        ("Application", {}, MINE, "Argo CD Application shop; its Application cannot be read: may not list"),
        (
            "Kustomization",
            {"kustomize.toolkit.fluxcd.io/name": "x"},
            {},
            "Flux Kustomization /x; it cannot be read: may not list",
        ),
    ],
)
def test_an_owner_that_may_not_be_read_is_unknown(
    kind: str, labels: dict[str, str], annotations: dict[str, str], told: str
) -> None:
    one = deployment(metadata={"labels": labels, "annotations": annotations})
    state = release_of(cluster(one, **{kind: "may not list"}), subject("Deployment"), NOW)
    assert state is not None and state.managed_by is not None
    assert (state.managed_by.sentence, state.managed_by.reconciles) == (told, None)


CONTROLLING = ("kube-controller-manager", "rollouts-controller", "flagger", "kubelet", "kube-scheduler")


@pytest.mark.parametrize(
    ("managers", "owner"),
    [
        (
            [
                ("kubectl-edit", "", 5.0),
                ("kube-controller-manager", "", 9.0),
                ("kubectl-client-side-apply", "", 3.0),
                ("x", "status", 8.0),
            ],
            ManagedBy(tool="kubectl", sentence="last changed with kubectl-edit"),
        ),
        (
            [("helm", "", 5.0), ("kubectl-edit", "", 4.0)],
            ManagedBy(tool="helm", sentence="last changed with helm"),
        ),
        ([(name, "", 9.0) for name in CONTROLLING], None),
        ([("x", "status", 8.0)], None),
    ],
)
def test_the_last_manager_who_is_no_controller(
    managers: list[tuple[str, str, float]], owner: ManagedBy | None
) -> None:
    assert manager_by_fields(managers) == owner


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
