"""kill -9 at every point between intent and outcome, with the real store on the real control plane.

On restart nothing is lost, nothing is done twice, and what is asked of the operator is only what reading cannot tell.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.world import create, deployment, node
from tests.trials.acting_child import NAME, NS

pytestmark = pytest.mark.platform
_MOST = 40  # points; the loop ends at the first that is not reached


def child(word: str, cluster: Cluster, folder: Path, number: int = 0) -> subprocess.CompletedProcess[str]:
    argv = [
        sys.executable,
        "-m",
        "tests.trials.acting_child",
        word,
        str(cluster.kubeconfig("admin")),
        str(folder),
        str(number),
    ]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


def state(cluster: Cluster) -> tuple[int, int]:
    found = json.loads(cluster.kubectl("get", f"deploy/{NAME}", "-n", NS, "-o", "json"))
    return int(found["spec"]["replicas"]), int(found["metadata"]["generation"])


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.timeout(600)
def test_killed_at_every_point(cluster: Cluster, tmp_path: Path, figure: Callable[[str], None]) -> None:
    create(cluster, "/api/v1/nodes", node("killed-0"))
    cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": NS}})
    create(cluster, f"/apis/apps/v1/namespaces/{NS}/deployments", deployment(NAME, NS, 1))
    outcomes: list[str] = []
    for number in range(1, _MOST):
        folder = tmp_path / str(number)
        before, generation = state(cluster)
        done = child("act", cluster, folder, number)
        after, now = state(cluster)
        assert after - before == now - generation <= 1, "it was done twice"
        if done.returncode == 0:
            assert told(done)["result"] == "applied"
            break
        assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
        found = told(child("settle", cluster, folder))
        assert state(cluster) == (after, now), "settling changed something"
        if after > before:
            assert len(found["settled"]) <= 1
            # an outcome that was recorded before the end leaves nothing to settle
            assert all(s[1] == "applied" and s[3] for s in found["settled"])
            outcomes.append("applied, settled" if found["settled"] else "applied, recorded")
        else:
            assert all(s[1] == "not applied" and s[3] for s in found["settled"]), found
            outcomes.append("not applied, settled" if found["settled"] else "nothing intended")
        assert told(child("settle", cluster, folder))["left"] == []
    else:
        raise AssertionError(f"more than {_MOST} points")
    figure(
        f"{len(outcomes)} kills: {', '.join(f'{n} {what}' for what, n in Counter(outcomes).items())}; none done twice"
    )
    assert {"nothing intended", "not applied, settled", "applied, settled", "applied, recorded"} <= set(
        outcomes
    ), outcomes
