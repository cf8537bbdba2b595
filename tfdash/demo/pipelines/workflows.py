"""The workflows of the simulated repository: which jobs each has, how long they take, and what comes of them in the cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.apiserver.objects import dig
from tfdash.demo.pipelines.commits import CodeRepository
from tfdash.demo.scenarios.step import Step

KINDS = {
    "Deployment": "deployments.apps",
    "Rollout": "rollouts.argoproj.io",
    "StatefulSet": "statefulsets.apps",
}
_CANARY = "Canary"  # Flagger's: what is released is its Deployment


class RepositoryState:
    """``act`` has a step of a scenario happen in the cluster."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self.held = CodeRepository()
        self.act: Callable[[Step], None] = lambda step: None


class WorkflowJob(msgspec.Struct, frozen=True, kw_only=True):
    """``ends``: what comes of it when it ends, and why it failed, "" where it did not. Simulated seconds."""

    name: str
    seconds: float
    ends: Callable[[RepositoryState, Mapping[str, str], int], str] = lambda state, inputs, run: ""


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    inputs: frozenset[str]  # that must be given, beside our id
    jobs: tuple[WorkflowJob, ...]
    optional: frozenset[str] = frozenset()


def _place(inputs: Mapping[str, str]) -> tuple[str, str, str]:
    """Kind, namespace and name of "Deployment tf-production/checkout"."""
    kind, _, where = inputs["service"].partition(" ")
    namespace, _, name = where.partition("/")
    return "Deployment" if kind == _CANARY else kind, namespace, name


def _there(state: RepositoryState, inputs: Mapping[str, str]) -> bool:
    kind, namespace, name = _place(inputs)
    return kind in KINDS and state.store.find(KINDS[kind], namespace, name) is not None


def _tag(state: RepositoryState, inputs: Mapping[str, str], run: int) -> str:
    return state.held.tag(inputs["version"], inputs.get("commit", ""))


def _deploy(state: RepositoryState, inputs: Mapping[str, str], run: int) -> str:
    if not _there(state, inputs):
        return f"there is no {inputs['service']}"
    _, namespace, name = _place(inputs)
    version = inputs["version"]
    reason = f"release {version} by ci, run {run}"
    state.act(Step(do="release", service=name, namespace=namespace, version=version, reason=reason))
    return ""


def _undo(state: RepositoryState, inputs: Mapping[str, str], run: int) -> str:
    kind, namespace, name = _place(inputs)
    if not _there(state, inputs) or kind != "Deployment":
        return f"{inputs['service']}: this pipeline rolls back Deployments that are there"
    state.act(Step(do="undo", service=name, namespace=namespace))
    return ""


def _smoke(state: RepositoryState, inputs: Mapping[str, str], run: int) -> str:
    kind, namespace, name = _place(inputs)
    found = state.store.find(KINDS.get(kind, ""), namespace, name) if _there(state, inputs) else None
    if found is None:
        return f"there is no {inputs['service']}"
    wanted, ready = (
        dig(found, "spec", "replicas", default=1),
        dig(found, "status", "readyReplicas", default=0),
    )
    return "" if ready >= wanted else f"GET /healthz: 503 ({ready} of {wanted} pods answer)"


WORKFLOWS: Mapping[str, Workflow] = {
    "tag.yml": Workflow(
        title="Tag",
        inputs=frozenset({"version"}),
        optional=frozenset({"commit"}),
        jobs=(WorkflowJob(name="tag", seconds=4.0, ends=_tag),),
    ),
    "deploy.yml": Workflow(
        title="Deploy",
        inputs=frozenset({"service", "version"}),
        jobs=(
            WorkflowJob(name="verify the image's signature", seconds=6.0),
            WorkflowJob(name="apply to production", seconds=9.0, ends=_deploy),
        ),
    ),
    "roll-back.yml": Workflow(
        title="Roll back",
        inputs=frozenset({"service"}),
        jobs=(WorkflowJob(name="apply what was before", seconds=8.0, ends=_undo),),
    ),
    "database-rollback.yml": Workflow(
        title="Database rollback",
        inputs=frozenset({"service"}),
        jobs=(
            WorkflowJob(name="backup", seconds=12.0),
            WorkflowJob(name="run the scripts back", seconds=15.0),
        ),
    ),
    "smoke-tests.yml": Workflow(
        title="Smoke tests",
        inputs=frozenset({"service"}),
        jobs=(WorkflowJob(name="smoke", seconds=14.0, ends=_smoke),),
    ),
}
