"""Every screen at three sizes, at one fixed moment, held against its golden text."""

from __future__ import annotations

import pytest

from tests.tui import world
from tests.tui.recorded import Recorded
from tests.tui.running import SIZES, compare, running
from tfdash.model.requests import LogLine

# name -> (first screen, keys, a text that stands there when it is done)
SCREENS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "overview": ("overview", (), "ledger-export"),
    "deployments": ("workloads", (), "5 workloads"),
    "deployments-checkout": ("workloads", ("down",), "2.13.4 → 2.14.0"),
    "deployments-filtered": ("workloads", ("slash", "l", "e", "d", "enter"), "1 of 5 workloads"),
    "nodes": ("nodes", ("down", "down"), "MemoryPressure"),
    "pods": ("pods", (), "9 pods"),
    "pods-of-workload": ("workloads", ("down", "enter"), "4 pods"),
    "containers": ("pods", ("end", "up", "enter"), "container"),
    "revisions": ("workloads", ("down", "v"), "FEATURE_TAX"),
    "describe": ("workloads", ("down", "d"), "read 0s ago"),
    "yaml": ("workloads", ("down", "y"), "read 0s ago"),
    "events-of": ("workloads", ("down", "e"), "Scaled up"),
    "why": ("workloads", ("down", "down", "w"), "OOM"),
    "logs": ("workloads", ("down", "l"), "level=info"),
    "replicasets": ("replicasets", (), "4 replica sets"),
    "statefulsets": ("statefulsets", (), "1 stateful set"),
    "daemonsets": ("daemonsets", (), "1 daemon set"),
    "jobs": ("jobs", (), "migrate-212"),
    "cronjobs": ("cronjobs", (), "nightly-export"),
    "services": ("services", (), "1 service"),
    "endpointslices": ("endpointslices", (), "checkout-x7"),
    "hpas": ("hpa", (), "1 autoscaler"),
    "pdbs": ("pdb", (), "1 disruption budget"),
    "namespaces": ("namespaces", (), "3 namespaces"),
    "events": ("events", (), "2 events"),
    "help": ("workloads", ("question_mark",), "Keys on Deployments"),
    "versions": ("versions", (), "seen here"),
    "messages": ("overview", ("m",), "No message yet"),
    "sources": ("overview", ("colon", "s", "r", "c", "enter"), "STATE"),
    "environments": ("overview", ("colon", "c", "t", "x", "enter"), "shown now"),
    "commands": ("workloads", ("colon", "p", "o"), "pods: list"),
}


def source_with_logs() -> Recorded:
    source = Recorded()
    for pod in source.objects["Pod"].values():
        stamp = world.NOW - 60
        source.logs_of[pod.name] = [
            LogLine(pod.name, "main", stamp, f"level=info msg=served order={pod.name[-1]}"),
            LogLine(pod.name, "main", stamp + 1, 'level=error msg="card declined" [bold]not markup[/]'),
        ]
    return source


@pytest.mark.parametrize("name", SCREENS)
async def test_golden(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    start, keys, there = SCREENS[name]
    async with running(source_with_logs(), SIZES[0], start=start) as run:
        await run.still()  # keys count rows: all of them must be there
        await run.press(*keys)
        await run.shows(there)
        await run.lacks("reading …")
        if name == "logs":
            await run.until(lambda: run.text.count("level=") == 8, "all lines")
        shown = {}
        for size in SIZES:
            await run.resize(*size)
            shown[size] = await run.still()
        for (width, height), text in shown.items():
            compare(f"{name}-{width}x{height}", text)
