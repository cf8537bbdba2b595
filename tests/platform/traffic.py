"""Traffic of a known truth for pods that nobody runs: a real Prometheus scrapes its counters, so that what is judged of a release is judged of them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.prometheus import Exposition, scrape_config

_BOUNDS = ("0.1", "0.25", "0.5", "1", "+Inf")
_RATE = 400.0  # requests a second of each pod, so that little time decides
_EVERY = 0.5  # seconds between two countings


class Traffic:
    """Counters of each pod of ``space`` that runs; ``failing``: by image, the share of its requests that fails; ``slow``: images that
    take half a second longer; ``journeys``: by name, whether it passes. A scrape target while it is entered."""

    def __init__(self, cluster: Cluster, space: str) -> None:
        self.failing: dict[str, float] = {}
        self.slow: set[str] = set()
        self.journeys: dict[str, bool] = {}
        self._cluster, self._space, self._target = cluster, space, Exposition()
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
            body = self._cluster.get(f"/api/v1/namespaces/{self._space}/pods")
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
                yield f'http_requests_total{{namespace="{self._space}",pod="{name}",code="{code}"}} {int(counts[code])}\n'
        yield "# TYPE http_request_duration_seconds histogram\n"
        for name, counts in self._counts.items():
            of = f'namespace="{self._space}",pod="{name}"'
            for bound in _BOUNDS:
                yield f'http_request_duration_seconds_bucket{{{of},le="{bound}"}} {int(counts[bound])}\n'
            yield f"http_request_duration_seconds_sum{{{of}}} {counts['+Inf'] / 10:.1f}\n"
            yield f"http_request_duration_seconds_count{{{of}}} {int(counts['+Inf'])}\n"
        yield "# TYPE probe_success gauge\n"
        for name, passes in self.journeys.items():
            yield f'probe_success{{journey="{name}"}} {int(passes)}\n'


def scraping(traffic: Traffic) -> str:
    """The configuration of a Prometheus that scrapes it each second."""
    config = scrape_config(traffic.address, interval="1s")
    return config.replace("  static_configs", "  honor_labels: true\n  static_configs")
