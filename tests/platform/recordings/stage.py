"""Where a scene is played: a small cluster, services with traffic that a real Prometheus scrapes, and ``tfdash record`` looking on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.prometheus import Prometheus
from tests.platform.traffic import Traffic, scraping
from tests.platform.world import add_namespaces, add_nodes, deployment

POLICY = Path(__file__).parents[2] / "fixtures" / "recordings" / "tfdash.toml"
SPACE = "shop"
MERGE = "application/merge-patch+json"
_PLATFORM = """
[environments.production]
name = "eu-1"
kubeconfig = {kubeconfig}
{prometheus}
[store]
path = {store}
"""


class Stage:
    """``recorded`` is the file as the program left it, and ``parts`` names what played, with its version."""

    def __init__(self, cluster: Cluster, folder: Path, *, nodes: int = 2) -> None:
        self.cluster, self.folder = cluster, folder
        self.recorded = folder / "scene.tfrec"
        self.traffic = Traffic(cluster, SPACE)
        self.prometheus: Prometheus | None = None
        add_nodes(cluster, nodes)
        add_namespaces(cluster, SPACE)

    # -- what plays -----------------------------------------------------------------------------------------------

    @contextmanager
    def served(self) -> Iterator[Prometheus]:
        """Traffic, and a Prometheus that scrapes it each second."""
        with self.traffic, Prometheus(scraping(self.traffic)) as self.prometheus:
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
