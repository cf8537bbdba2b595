"""The real Prometheus of the test platform: samples of the past, live scrapes, native histograms, its errors."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.platform.harness.prometheus import Exposition, Prometheus, scrape_config
from tests.waiting import until

pytestmark = pytest.mark.platform
Start = Callable[..., Prometheus]


def ask(server: Prometheus, query: str, at: float | None = None) -> list[Any]:
    form = {"query": query} | ({} if at is None else {"time": str(at)})
    with urllib.request.urlopen(
        f"{server.url}/api/v1/query?{urllib.parse.urlencode(form)}", timeout=10
    ) as answer:
        found: list[Any] = json.load(answer)["data"]["result"]
    return found


def test_back_filled_samples_are_held(prometheus: Start) -> None:
    begin = 1_790_000_000
    lines = ["# TYPE hits counter"]
    lines += [
        f'hits_total{{pod="a"}} {value} {begin + 300 * i}' for i, value in enumerate((0, 1, 2, 3, 2, 3, 4))
    ]
    server = prometheus(openmetrics="\n".join([*lines, "# EOF", ""]))
    (found,) = ask(server, "increase(hits_total[30m1s])", begin + 1800)
    assert float(found["value"][1]) == pytest.approx(7, rel=0.01)
    with urllib.request.urlopen(f"{server.url}/api/v1/status/buildinfo", timeout=5) as answer:
        assert json.load(answer)["data"]["version"].startswith("3.16")


def test_live_scrapes_follow_the_target(prometheus: Start) -> None:
    with Exposition("# TYPE hits_total counter\nhits_total 5\n") as target:
        server = prometheus(scrape_config(target.address), prefix="/prom")
        until(lambda: [r["value"][1] for r in ask(server, "hits_total")] == ["5"])
        target.text = "# TYPE hits_total counter\nhits_total 9\n"
        until(lambda: [r["value"][1] for r in ask(server, "hits_total")] == ["9"])
        target.up = False
        until(lambda: [r["value"][1] for r in ask(server, "up")] == ["0"])
        assert ask(server, "hits_total") == []  # a failed scrape ends its series at once
        assert target.scrapes > 2
