"""Where a scene is played: a small cluster, services with traffic that a real Prometheus scrapes, and ``tfdash record`` looking on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.prometheus import Exposition, Prometheus, scrape_config
from tests.platform.world import add_namespaces, add_nodes, deployment

POLICY = Path(__file__).parents[2] / "fixtures" / "recordings" / "tfdash.toml"
SPACE = "shop"
MERGE = "application/merge-patch+json"
_BOUNDS = ("0.1", "0.25", "0.5", "1", "+Inf")
_RATE = 400.0  # requests a second of each pod, so that little time decides
_EVERY = 0.5  # seconds between two countings
_PLATFORM = """
[environments.production]
name = "eu-1"
kubeconfig = {kubeconfig}
{prometheus}
[store]
path = {store}
"""


class Traffic:
    """Counters of each pod of ``shop`` that runs; ``failing``: by image, the share of its requests that fails; ``slow``: images that
    take half a second longer. A scrape target while it is entered."""

    def __init__(self, cluster: Cluster) -> None:
        self.failing: dict[str, float] = {}
        self.slow: set[str] = set()
        self._cluster, self._target = cluster, Exposition()
        self._counts: dict[str, dict[str, float]] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def address(self) -> str:
        return self._target.address

    def __enter__(self) -> Traffic:
        self._target.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ending.set()
        self._thread.join(10.0)
        self._target.__exit__(*exc)

    def _run(self) -> None:
        before = time.monotonic()
        while not self._ending.wait(_EVERY):
            now = time.monotonic()
            body = self._cluster.get(f"/api/v1/namespaces/{SPACE}/pods")
            if body:  # else the API server is away, and nobody is counted
                self._count(json.loads(body)["items"], now - before)
            before = now

    def _count(self, pods: list[dict[str, Any]], seconds: float) -> None:
        running = {p["metadata"]["name"]: p for p in pods if p["status"].get("phase") == "Running"}
        self._counts = {name: self._counts.get(name, {}) for name in running}
        for name, pod in running.items():
            image = pod["spec"]["containers"][0]["image"]
            share = next((f for part, f in self.failing.items() if part in image), 0.001)
            late = any(part in image for part in self.slow)
            counts, more = self._counts[name], _RATE * seconds
            counts["500"] = counts.get("500", 0.0) + more * share
            counts["200"] = counts.get("200", 0.0) + more * (1 - share)
            for bound, reached in zip(
                _BOUNDS, (0.1, 0.3, 0.95, 1, 1) if late else (0.7, 0.95, 0.99, 1, 1), strict=True
            ):
                counts[bound] = counts.get(bound, 0.0) + more * reached
        self._target.text = "".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield "# TYPE http_requests_total counter\n"
        for name, counts in self._counts.items():
            for code in ("200", "500"):
                yield f'http_requests_total{{namespace="{SPACE}",pod="{name}",code="{code}"}} {int(counts[code])}\n'
        yield "# TYPE http_request_duration_seconds histogram\n"
        for name, counts in self._counts.items():
            of = f'namespace="{SPACE}",pod="{name}"'
            for bound in _BOUNDS:
                yield f'http_request_duration_seconds_bucket{{{of},le="{bound}"}} {int(counts[bound])}\n'
            yield f"http_request_duration_seconds_sum{{{of}}} {counts['+Inf'] / 10:.1f}\n"
            yield f"http_request_duration_seconds_count{{{of}}} {int(counts['+Inf'])}\n"


class Stage:
    """``recorded`` is the file as the program left it, and ``parts`` names what played, with its version."""

    def __init__(self, cluster: Cluster, folder: Path, *, nodes: int = 2) -> None:
        self.cluster, self.folder = cluster, folder
        self.recorded = folder / "scene.tfrec"
        self.traffic = Traffic(cluster)
        self.prometheus: Prometheus | None = None
        add_nodes(cluster, nodes)
        add_namespaces(cluster, SPACE)

    # -- what plays -----------------------------------------------------------------------------------------------

    @contextmanager
    def served(self) -> Iterator[Prometheus]:
        """Traffic, and a Prometheus that scrapes it each second."""
        with self.traffic:
            config = scrape_config(self.traffic.address, interval="1s")
            config = config.replace("  static_configs", "  honor_labels: true\n  static_configs")
            with Prometheus(config) as self.prometheus:
                yield self.prometheus

    def post(self, path: str, body: dict[str, Any]) -> None:
        self.cluster.request("POST", path, body)

    def patch(self, path: str, change: dict[str, Any], media: str = MERGE) -> None:
        self.cluster.request("PATCH", path, change, media)

    def deploy(self, name: str, replicas: int, **changes: Any) -> None:
        self.post(
            f"/apis/apps/v1/namespaces/{SPACE}/deployments", deployment(name, SPACE, replicas, **changes)
        )
        self.ready(name, replicas)

    def deployed(self, name: str) -> str:
        return f"/apis/apps/v1/namespaces/{SPACE}/deployments/{name}"

    def ready(self, name: str, replicas: int) -> None:
        def there() -> bool:
            found = self.cluster.request("GET", self.deployed(name))
            status = found["status"]
            seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
            return bool(
                seen and status.get("readyReplicas", 0) == status.get("updatedReplicas", 0) == replicas
            )

        self.cluster.wait(there, f"{replicas} ready pods of {name}", 120.0)

    def until(self, true: Callable[[], bool], what: str) -> None:
        self.cluster.wait(true, what, 240.0)

    def passes(self, seconds: float) -> None:
        """Time of the platform's, in which whatever plays goes on."""
        until = time.monotonic() + seconds
        self.cluster.wait(lambda: time.monotonic() >= until, "time to pass", seconds + 60.0)

    # -- what looks on --------------------------------------------------------------------------------------------

    @contextmanager
    def recording(self) -> Iterator[None]:
        """``tfdash record``, as anybody starts it, while this lasts."""
        config = self.folder / "tfdash.toml"
        url = f"prometheus = {{ url = {json.dumps(self.prometheus.url)} }}" if self.prometheus else ""
        own = _PLATFORM.format(
            kubeconfig=json.dumps(str(self.cluster.kubeconfig())),
            prometheus=url,
            store=json.dumps("store"),  # in the folder that it runs in: no path of this machine is told
        )
        config.write_text(POLICY.read_text() + own)
        argv = [sys.executable, "-m", "tfdash", "record", self.recorded.name, "--config", str(config)]
        path = os.pathsep.join((str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")))
        with (self.folder / "record.log").open("wb") as log:
            recorder = subprocess.Popen(
                argv, cwd=self.folder, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": path}
            )
        try:
            self.until(lambda: recorder.poll() is not None or self._begun(), "the recording to begin")
            self.passes(8.0)  # the first lists, and the first samples
            yield
            self.passes(4.0)  # what came of the last of it
        finally:
            recorder.send_signal(signal.SIGINT)
            code = recorder.wait(60)
        assert code == 0, (self.folder / "record.log").read_text()

    def _begun(self) -> bool:
        return self.recorded.exists() and self.recorded.stat().st_size > 0
