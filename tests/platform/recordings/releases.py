"""Canaries of the real controllers, with traffic of a known truth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.platform.harness.argo import ArgoRollouts
from tests.platform.harness.flagger import Flagger
from tests.platform.recordings.stage import SPACE, Stage
from tests.platform.world import deployment

_ROLLOUTS = f"/apis/argoproj.io/v1alpha1/namespaces/{SPACE}/rollouts"
_CANARIES = f"/apis/flagger.app/v1beta1/namespaces/{SPACE}/canaries"
_SHARE = (
    'sum(increase(http_requests_total{namespace="shop",pod=~"%(pods)s",code="500"}[15s]))'
    ' / sum(increase(http_requests_total{namespace="shop",pod=~"%(pods)s"}[15s]))'
)
_ANALYSIS: dict[str, Any] = {"analysis": {"templates": [{"templateName": "errors"}], "args": [
    {"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}}
]}}  # fmt: skip


def _template(version: int) -> dict[str, Any]:
    found: dict[str, Any] = deployment("checkout", SPACE)["spec"]["template"]
    found["spec"]["containers"][0]["image"] = f"registry.example.com/checkout:{version}.0.0"
    return found


@contextmanager
def _rollout(stage: Stage, steps: list[dict[str, Any]]) -> Iterator[None]:
    """``checkout`` 1.0.0 serves with five pods, and the real controller carries its releases."""
    with stage.served() as prometheus, ArgoRollouts(stage.cluster):
        query = _SHARE % {"pods": "checkout-{{args.hash}}-.*"}
        metric = {
            "name": "errors",
            "count": 2,
            "interval": "5s",
            "failureLimit": 1,
            "successCondition": "result[0] < 0.02",
            "provider": {"prometheus": {"address": prometheus.url, "query": query}},
        }
        stage.post(
            f"/apis/argoproj.io/v1alpha1/namespaces/{SPACE}/analysistemplates",
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "AnalysisTemplate",
                "metadata": {"name": "errors", "namespace": SPACE},
                "spec": {"args": [{"name": "hash"}], "metrics": [metric]},
            },
        )
        stage.post(
            _ROLLOUTS,
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Rollout",
                "metadata": {"name": "checkout", "namespace": SPACE},
                "spec": {
                    "replicas": 5,
                    "selector": {"matchLabels": {"app": "checkout"}},
                    "template": _template(1),
                    "strategy": {"canary": {"steps": steps}},
                },
            },
        )
        stage.until(lambda: _reads(stage, "Healthy"), "checkout to be healthy")
        stage.passes(30.0)  # samples from before the release
        yield


def _reads(stage: Stage, phase: str) -> bool:
    status = stage.cluster.request("GET", f"{_ROLLOUTS}/checkout").get("status", {})
    return bool(status.get("phase") == phase)


def _release(stage: Stage) -> None:
    stage.patch(f"{_ROLLOUTS}/checkout", {"spec": {"template": _template(2)}})


def argo_aborts(stage: Stage) -> None:
    """Eight of a hundred requests of the canary fail; its analysis aborts it."""
    stage.traffic.failing["checkout:2."] = 0.08
    steps: list[dict[str, Any]] = [
        {"setWeight": 20},
        {"pause": {"duration": "35s"}},
        _ANALYSIS,
        {"setWeight": 60},
    ]
    with _rollout(stage, steps), stage.recording():
        _release(stage)
        stage.until(lambda: _reads(stage, "Degraded"), "its analysis to abort it")
        stage.passes(12.0)


def argo_promoted(stage: Stage) -> None:
    """A canary as good as what it replaces goes through its steps and its analysis to 100 %."""
    steps: list[dict[str, Any]] = [
        {"setWeight": 20},
        {"pause": {"duration": "30s"}},
        _ANALYSIS,
        {"setWeight": 60},
        {"pause": {"duration": "10s"}},
    ]
    with _rollout(stage, steps), stage.recording():
        _release(stage)
        stage.until(lambda: _reads(stage, "Progressing") or _reads(stage, "Paused"), "it to begin")
        stage.until(lambda: _reads(stage, "Healthy"), "it to be promoted")
        stage.passes(22.0)  # in which it is verified


def prometheus_gone(stage: Stage) -> None:
    """A canary is watched; Prometheus ends, the canary goes wrong meanwhile, and Prometheus comes back."""
    with _rollout(stage, [{"setWeight": 20}, {"pause": {}}]), stage.recording():
        _release(stage)
        stage.until(lambda: _reads(stage, "Paused"), "its pause")
        stage.passes(20.0)
        assert stage.prometheus is not None
        stage.prometheus.stop(keep=True)
        stage.passes(10.0)
        stage.traffic.failing["checkout:2."] = 0.08
        stage.passes(25.0)
        stage.prometheus.start()
        stage.passes(30.0)


def flagger_fails(stage: Stage) -> None:
    """Flagger's canary fails its checks and is rolled back."""
    stage.traffic.failing["checkout:2."] = 0.08
    with stage.served() as prometheus, Flagger(stage.cluster, prometheus.url):
        query = _SHARE % {"pods": "{{ target }}-[0-9a-z]+-[0-9a-z]+"}
        stage.deploy("checkout", 2)
        stage.post(
            f"/apis/flagger.app/v1beta1/namespaces/{SPACE}/metrictemplates",
            {
                "apiVersion": "flagger.app/v1beta1",
                "kind": "MetricTemplate",
                "metadata": {"name": "errors", "namespace": SPACE},
                "spec": {
                    "provider": {"type": "prometheus", "address": prometheus.url},
                    "query": f"100 * {query}",
                },
            },
        )
        metric = {
            "name": "errors",
            "templateRef": {"name": "errors"},
            "interval": "15s",
            "thresholdRange": {"max": 2},
        }
        stage.post(
            _CANARIES,
            {
                "apiVersion": "flagger.app/v1beta1",
                "kind": "Canary",
                "metadata": {"name": "checkout", "namespace": SPACE},
                "spec": {
                    "provider": "kubernetes",
                    "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"},
                    "progressDeadlineSeconds": 60,
                    "service": {"port": 80, "targetPort": 8080},
                    "analysis": {"interval": "10s", "threshold": 2, "iterations": 6, "metrics": [metric]},
                },
            },
        )
        stage.until(lambda: _canary(stage) == "Initialized", "Flagger to have made the primary")
        stage.passes(30.0)
        with stage.recording():
            stage.patch(stage.deployed("checkout"), {"spec": {"template": _template(2)}})
            stage.until(lambda: _canary(stage) == "Failed", "the canary to fail")
            stage.passes(12.0)


def _canary(stage: Stage) -> str:
    found: str = stage.cluster.request("GET", f"{_CANARIES}/checkout").get("status", {}).get("phase", "")
    return found
