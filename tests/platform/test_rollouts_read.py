"""Releases of the real Argo Rollouts controller, as the board sees them and the adapters judge them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.platform.harness.argo import ArgoRollouts
from tests.platform.harness.cluster import Cluster
from tests.platform.test_platform import board_on
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.workload import Serving
from tfdash.playbook.releases import READ_KINDS, facts_of, find_releases, release_of
from tfdash.sources.base import ALL

pytestmark = pytest.mark.platform
SPACE = "rollouts-read"
PATH = f"/apis/argoproj.io/v1alpha1/namespaces/{SPACE}/rollouts"
MERGE = "application/merge-patch+json"
NODE = """
apiVersion: v1
kind: Node
metadata: {name: rollouts-read-node, labels: {type: kwok}, annotations: {kwok.x-k8s.io/node: fake}}
"""
STEPS: list[dict[str, Any]] = [
    {"setWeight": 20},
    {"pause": {}},
    {"setWeight": 60},
    {"pause": {"duration": "1h"}},
    {"analysis": {"templates": [{"templateName": "health"}]}},
]


@contextmanager
def reading(cluster: Cluster) -> Iterator[Board]:
    board = board_on(cluster, "admin")
    board.want("test", dict.fromkeys((*READ_KINDS, "Event"), ALL))
    board.start()
    try:
        until(lambda: not board.unsettled(), "the first lists")
        yield board
    finally:
        board.stop()


class Answer(BaseHTTPRequestHandler):
    """What the AnalysisTemplate asks: never well."""

    def do_GET(self) -> None:
        body = json.dumps({"errors": 0.31}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def measured() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def manifest(name: str, image: str, steps: list[dict[str, Any]]) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {
            "name": name,
            "namespace": SPACE,
            "annotations": {"argocd.argoproj.io/tracking-id": f"shop:argoproj.io/Rollout:{SPACE}/{name}"},
        },
        "spec": {
            "replicas": 5,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
            "strategy": {"canary": {"steps": steps}},
        },
    }


@pytest.fixture(scope="module")
def space(cluster: Cluster, argo: ArgoRollouts, measured: str) -> Cluster:
    cluster.apply(NODE)
    cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": SPACE}})
    metric = {
        "name": "errors",
        "successCondition": "result < 0.05",
        "provider": {"web": {"url": measured, "jsonPath": "{$.errors}"}},
    }
    template = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": "health", "namespace": SPACE},
        "spec": {"metrics": [metric]},
    }
    cluster.request("POST", f"/apis/argoproj.io/v1alpha1/namespaces/{SPACE}/analysistemplates", template)
    return cluster


class Watch:
    """The newest release of one Rollout by the board's picture."""

    def __init__(self, board: Board, name: str) -> None:
        self.board = board
        self.ref: ClusterRef = board.clusters[0]
        self.subject = Subject(self.ref, "Rollout", SPACE, name)

    def state(self) -> ReleaseState | None:
        return release_of(self.board.picture.clusters[self.ref], self.subject, time.time())

    def until(self, told: Callable[[ReleaseState], bool], what: str, seconds: float = 60.0) -> ReleaseState:
        def there() -> ReleaseState | None:
            state = self.state()
            return state if state is not None and told(state) else None

        found = until(there, lambda: f"{what}: {self.state()}", seconds)
        assert found is not None
        return found


def pods(state: ReleaseState) -> tuple[int, int]:
    """Of the canary and the stable side: they come by watches of their own, a moment after the Rollout's status."""
    sides = (state.canary, state.stable)
    one, two = (
        0 if side is None else len(side.pods) if side.ready == len(side.pods) else -1 for side in sides
    )
    return one, two


def measured_once(state: ReleaseState) -> bool:
    return any(m.measurements for a in state.analyses for m in a.metrics)


def patch(cluster: Cluster, name: str, change: dict[str, Any], status: bool = False) -> None:
    cluster.request("PATCH", f"{PATH}/{name}{'/status' if status else ''}", change, MERGE)


def to_version(cluster: Cluster, name: str, number: int) -> None:
    template = manifest(name, f"registry.example/{name}:{number}", [])["spec"]["template"]
    patch(cluster, name, {"spec": {"template": template}})


def test_a_canary_from_its_first_version_to_an_abort(space: Cluster) -> None:
    space.request("POST", PATH, manifest("web", "registry.example/web:1", STEPS))
    with reading(space) as board:
        web = Watch(board, "web")
        settled = web.until(lambda s: s.reported == "Healthy" and pods(s) == (0, 5), "Healthy with its pods")
        assert (settled.phase, settled.carrier, settled.canary) == (Phase.NONE, Carrier.ROLLOUT, None)
        assert settled.stable is not None
        assert (settled.stable.ready, len(settled.stable.pods)) == (5, 5)
        assert "promotable" not in settled.capabilities
        assert settled.serving is Serving.OK

        to_version(space, "web", 2)
        held = web.until(
            lambda s: s.phase is Phase.PAUSED and s.step == 1 and pods(s) == (1, 4), "paused at step 2"
        )
        assert (held.reported, held.message) == ("Paused", "CanaryPauseStep")
        assert held.pause is not None
        assert (held.pause.reason, held.pause.until, held.pause.manual) == ("CanaryPauseStep", None, False)
        assert held.pause.sentence == "a pause of its steps, step 2 of 5: until somebody promotes or aborts"
        assert held.canary is not None
        assert held.stable is not None
        assert (held.canary.image, held.stable.image) == ("web:2", "web:1")
        assert (len(held.canary.pods), len(held.stable.pods)) == (1, 4)
        assert (held.weight.wanted, held.weight.actual, held.weight.approximate) == (20.0, 20.0, True)
        assert {"promotable", "fully-promotable", "abortable", "undoable"} <= held.capabilities
        assert held.skips == ()
        assert held.skips_full[-1] == "step 5 of 5, analysis health"
        assert held.managed_by is not None
        assert held.managed_by.tool == "Argo CD"
        cluster = board.picture.clusters[web.ref]
        pod = next(p for p in cluster.objects("Pod").values() if p.name == held.canary.pods[0])
        assert pod.owner is not None
        assert find_releases(cluster, time.time())[web.subject].phase is Phase.PAUSED

        document = space.request("GET", f"{PATH}/web")
        [index, hash_] = facts_of(document, ["/status/currentStepIndex", "/status/currentPodHash"])
        assert (index.value, hash_.value) == ("1", f'"{held.canary.hash}"')

        patch(space, "web", {"status": {"pauseConditions": None}}, status=True)
        timed = web.until(
            lambda s: s.phase is Phase.PAUSED and s.step == 3 and pods(s) == (3, 2), "paused at step 4"
        )
        assert timed.pause is not None
        assert timed.pause.since is not None
        assert timed.pause.until == timed.pause.since + 3600
        assert timed.skips == ("the rest of step 4 of 5, pause 1h",)
        assert (timed.weight.wanted, timed.weight.actual) == (60.0, 60.0)

        patch(space, "web", {"spec": {"paused": True}})
        manual = web.until(lambda s: s.pause is not None and s.pause.manual, "held by hand")
        assert manual.reported == "Paused"
        assert "the hold by a person (spec.paused)" in manual.skips
        patch(space, "web", {"spec": {"paused": False}})

        patch(space, "web", {"status": {"pauseConditions": None}}, status=True)
        gone = web.until(lambda s: s.phase is Phase.ABORTED and measured_once(s), "aborted by its analysis")
        assert gone.reported == "Degraded"
        assert "RolloutAborted" in gone.message
        assert gone.aborted_at is not None
        assert gone.serving is Serving.OK or gone.serving is Serving.DEGRADED
        assert "retryable" in gone.capabilities
        assert "promotable" not in gone.capabilities
        [run] = [a for a in gone.analyses if a.kind == "step"]
        assert (run.phase, run.metrics[0].condition) == ("Failed", "succeeds when result < 0.05")
        assert run.metrics[0].measurements[0].value == "0.31"
        back = web.until(lambda s: s.stable is not None and s.stable.ready == 5, "back on the stable version")
        assert (back.weight.wanted, back.phase) == (0.0, Phase.ABORTED)


def test_an_abort_a_retry_and_a_full_promotion(space: Cluster) -> None:
    space.request("POST", PATH, manifest("api", "registry.example/api:1", STEPS[:4]))
    with reading(space) as board:
        api = Watch(board, "api")
        api.until(lambda s: s.reported == "Healthy", "Healthy")
        to_version(space, "api", 2)
        api.until(lambda s: s.phase is Phase.PAUSED, "paused")
        patch(space, "api", {"status": {"abort": True}}, status=True)
        api.until(
            lambda s: s.phase is Phase.ABORTED and s.stable is not None and s.stable.ready == 5, "aborted"
        )
        patch(space, "api", {"status": {"abort": False}}, status=True)
        again = api.until(lambda s: s.phase is Phase.PAUSED and s.step == 1, "paused after the retry")
        assert "retryable" not in again.capabilities
        patch(space, "api", {"status": {"promoteFull": True}}, status=True)
        done = api.until(lambda s: s.reported == "Healthy", "fully promoted")
        assert done.phase is Phase.COMPLETE
        assert done.finished is not None
        assert done.canary is not None
        assert done.canary.image == "api:2"


def test_a_spec_that_is_refused_says_why(space: Cluster) -> None:
    wrong = manifest("wrong", "registry.example/wrong:1", STEPS[:2])
    wrong["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    space.request("POST", PATH, wrong)
    with reading(space) as board:
        state = Watch(board, "wrong").until(lambda s: s.reported == "Degraded", "Degraded")
        assert state.phase is Phase.STUCK
        assert state.message.startswith("InvalidSpec: ")
