"""What an AnalysisRun measures: the same values, phases and words from the simulator and from the real controller."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform.harness.prometheus import Prometheus
from tests.protocol.conftest import Target
from tests.protocol.delivery import LONGEST, MERGE, Release
from tests.protocol.test_delivery import controlled, release, space
from tests.waiting import until

__all__ = ["controlled", "release", "space"]
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def address(controlled: Target) -> Iterator[str]:
    """A Prometheus that the controller reaches."""
    if controlled.simulated:
        yield "http://prometheus.platform:9090"
        return
    with Prometheus() as server:
        yield server.url


def finished(
    controlled: Target, space: str, metric: dict[str, Any], address: str, **more: Any
) -> dict[str, Any]:
    """The status of an AnalysisRun of one metric once it has ended."""
    name = f"run-{next(_NUMBERS)}"
    base = f"/apis/argoproj.io/v1alpha1/namespaces/{space}/analysisruns"
    query = metric.pop("query")
    provider = {"prometheus": {"address": address, "query": query}}
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {"name": name},
        "spec": {"metrics": [{"name": "m", "provider": provider, **metric}], **more},
    }
    made = controlled.admin.post(base, json=body)
    assert made.status_code == 201, made.text

    def status() -> dict[str, Any]:
        found: dict[str, Any] = controlled.admin.get(f"{base}/{name}").json().get("status") or {}
        return found if found.get("phase") in ("Successful", "Failed", "Error", "Inconclusive") else {}

    return until(status, f"the end of {name}", LONGEST)


@pytest.mark.parametrize(
    ("query", "conditions", "value", "phase"),
    [
        ("vector(0.97)", {"successCondition": "result[0] >= 0.95"}, "[0.97]", "Successful"),
        ("vector(0.9)", {"successCondition": "result[0] >= 0.95"}, "[0.9]", "Failed"),
        (
            "vector(5)",
            {"successCondition": "result[0] < 1", "failureCondition": "result[0] > 9"},
            "[5]",
            "Inconclusive",
        ),
        ("vector(5)", {"failureCondition": "result[0] > 9"}, "[5]", "Successful"),
        ("vector(5)", {}, "[5]", "Successful"),
        ("scalar(vector(3))", {"successCondition": "result == 3"}, "3", "Successful"),
        ("vector(0) / vector(0)", {"successCondition": "result[0] >= 0.95"}, "[NaN]", "Failed"),
        (
            "vector(0) / vector(0)",
            {"successCondition": "result[0] < 1", "failureCondition": "result[0] > 1"},
            "[NaN]",
            "Inconclusive",
        ),
        (
            "vector(0) / vector(0)",
            {"successCondition": "isNaN(result[0]) || result[0] >= 0.95"},
            "[NaN]",
            "Successful",
        ),
        ("vector(1) / vector(0)", {"successCondition": "isInf(result[0])"}, "[+Inf]", "Successful"),
        (
            "absent_metric_of_ours",
            {"successCondition": "len(result) == 0 || result[0] < 1"},
            "[]",
            "Successful",
        ),
        ("absent_metric_of_ours", {"successCondition": "default(result, 0) == 0"}, "[]", "Failed"),
        (
            "vector(1e-7)",
            {"successCondition": "all(result, # < 1) and not any(result, {# > 1})"},
            "[0.0000001]",
            "Successful",
        ),
        ("vector(2)", {"successCondition": "asInt(result[0]) in [1, 2]"}, "[2]", "Successful"),
    ],
)
def test_a_measurement(
    controlled: Target,
    space: str,
    address: str,
    query: str,
    conditions: dict[str, str],
    value: str,
    phase: str,
) -> None:
    status = finished(controlled, space, {"query": query, **conditions}, address)
    (measurement,) = status["metricResults"][0]["measurements"]
    assert (measurement.get("value"), measurement["phase"]) == (value, phase)
    assert status["phase"] == phase


@pytest.mark.parametrize(
    ("query", "condition", "begins"),
    [
        (
            "absent_metric_of_ours",
            "result[0] < 1",
            'could not evaluate successCondition "result[0] < 1": metric result is nil or empty',
        ),
        (
            "vector(1)",
            "result[1] < 1",
            'could not evaluate successCondition "result[1] < 1": index out of range: 1 (array length is 1)',
        ),
        ("vector(1", "result[0] < 1", 'bad_data: invalid parameter "query": '),
    ],
)
def test_an_error(
    controlled: Target, space: str, address: str, query: str, condition: str, begins: str
) -> None:
    metric = {"query": query, "successCondition": condition, "consecutiveErrorLimit": 0}
    status = finished(controlled, space, metric, address)
    result = status["metricResults"][0]
    assert (status["phase"], result["phase"]) == ("Error", "Error")
    assert result["measurements"][0]["message"].startswith(begins)
    assert status["message"].startswith(
        'Metric "m" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0): "Error Message: '
    )


@pytest.mark.parametrize(
    ("metric", "phase", "counts"),
    [
        ({"count": 3, "successCondition": "result[0] > 0"}, "Successful", (3, 3, 0)),
        ({"count": 4, "failureLimit": 1, "successCondition": "result[0] > 9"}, "Failed", (2, 0, 2)),
        ({"count": 3, "failureLimit": 3, "successCondition": "result[0] > 9"}, "Successful", (3, 0, 3)),
        ({"consecutiveSuccessLimit": 2, "successCondition": "result[0] > 0"}, "Successful", (2, 2, 0)),
        (
            {
                "count": 3,
                "failureLimit": -1,
                "consecutiveSuccessLimit": 2,
                "successCondition": "result[0] > 9",
            },
            "Failed",
            (3, 0, 3),
        ),
    ],
)
def test_limits(
    controlled: Target, space: str, address: str, metric: dict[str, Any], phase: str, counts: tuple[int, ...]
) -> None:
    interval = "20s" if controlled.simulated else "1s"
    status = finished(controlled, space, {"query": "vector(5)", "interval": interval, **metric}, address)
    result = status["metricResults"][0]
    found = tuple(result.get(f, 0) for f in ("count", "successful", "failed"))
    assert (status["phase"], found) == (phase, counts)
    assert status["completedAt"] >= status["startedAt"]


def test_a_dry_run_decides_nothing(controlled: Target, space: str, address: str) -> None:
    metric = {"query": "vector(5)", "successCondition": "result[0] > 9"}
    status = finished(controlled, space, metric, address, dryRun=[{"metricName": "m"}])
    assert (status["phase"], status["metricResults"][0]["phase"]) == ("Successful", "Failed")
    assert status["dryRunSummary"] == {"count": 1, "failed": 1}
    assert (
        status["metricResults"][0]["message"] == "Metric assessed Failed due to failed (1) > failureLimit (0)"
    )


def test_one_that_is_stopped_is_successful(controlled: Target, space: str, address: str) -> None:
    provider = {"prometheus": {"address": address, "query": "vector(5)"}}
    metric = {"name": "m", "provider": provider, "interval": "10m", "successCondition": "result[0] > 0"}
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {"name": "stopped"},
        "spec": {"metrics": [metric]},
    }
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{space}/analysisruns"
    assert controlled.admin.post(path, json=body).status_code == 201

    def status() -> dict[str, Any]:
        return controlled.admin.get(f"{path}/stopped").json().get("status") or {}

    until(lambda: status().get("metricResults"), "the first measurement", LONGEST)
    answer = controlled.admin.patch(
        f"{path}/stopped", content=json.dumps({"spec": {"terminate": True}}), headers={"Content-Type": MERGE}
    )
    assert answer.status_code == 200
    until(lambda: status()["phase"] != "Running", "its end", LONGEST)
    assert (status()["phase"], status()["message"]) == ("Successful", "Run Terminated")


def test_kubectl_reads_watches_and_patches_a_rollout(controlled: Target, release: Release) -> None:
    def kubectl(*argv: str) -> str:
        done = subprocess.run(
            [*controlled.kubectl("-n", release.space), *argv], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    release.create()
    release.healthy()
    words = kubectl("get", "ro", release.name).split()
    assert words[:-1] == [
        "NAME",
        "DESIRED",
        "CURRENT",
        "UP-TO-DATE",
        "AVAILABLE",
        "AGE",
        release.name,
        *"5555",
    ]
    told = kubectl("describe", "rollout", release.name)
    assert "Set Weight:" in told
    assert "RolloutCompleted" in told
    watch = subprocess.Popen(
        [
            *controlled.kubectl("-n", release.space),
            "get",
            "ro",
            release.name,
            "-w",
            "-o",
            "jsonpath={.status.phase} ",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert watch.stdout is not None
        seen = watch.stdout.read(8)
        release.release(2)
        release.paused_at(1)
        while "Paused" not in seen:
            seen += watch.stdout.read(1)
    finally:
        watch.terminate()
        watch.wait()
    kubectl(
        "patch",
        "ro",
        release.name,
        "--subresource=status",
        "--type=merge",
        "-p",
        '{"status":{"promoteFull":true}}',
    )
    release.healthy()
    kubectl("scale", f"rollout/{release.name}", "--replicas=3")
    release.until(lambda s: s.get("replicas") == 3, "the smaller size")
