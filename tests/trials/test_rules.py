"""Each rule of resources on the real API server: what it finds and what it does not is what the table says (``rules/table.py``)."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.platform import world
from tests.platform.boards import LONG
from tests.platform.harness.argo import apply_definitions
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.definitions import autoscaling_definitions
from tests.platform.harness.prometheus import Exposition, Prometheus, back_fill, scrape_config
from tests.trials.rules import objects as o
from tests.trials.rules.mended import MENDED
from tests.trials.rules.scalers import add_scaled_objects
from tests.trials.rules.storage import come_to_pass, storage, told_of
from tests.trials.rules.table import (
    LATER,
    NOTHING,
    NOW,
    STAGES,
    Line,
    Stage,
)
from tests.trials.weeks import DAY
from tests.trials.weeks import SPACE as WEEKS
from tests.trials.weeks_series import pods_of, series, texts
from tests.waiting import seconds_later, until
from tfdash.board.board import Board
from tfdash.cli.compose import board_of
from tfdash.clock import Clock, ScaledClock, SystemClock
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.model.kinds import JUDGED
from tfdash.model.verdict import Verdict
from tfdash.sources.base import ALL as EVERYWHERE

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1500)]
AHEAD = 8 * DAY
OFTEN = 2.0
"""Seconds between two looks at what the cluster-autoscaler tells: less than a file may say."""
CONFIG = """
default_environment = "test"
[time]
zone = "UTC"
[environments.test]
production = false
[environments.test.hours]
days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
start = "{start}"
length = "4h"
[[environments.test.clusters]]
name = "test"
kubeconfig = "{kubeconfig}"
{prometheus}
[store]
path = "{folder}/store"
[policy.resources]
above_for = "1m"
below_over = "1d"
quota_required = true
[policy.resources.rightsize]
history = "1d"
[[policy.resources.prices]]
capacity = "spot"
core_hour = 0.01
gib_hour = 0.001
[[policy.resources.prices]]
pool = "general"
core_hour = 0.03
gib_hour = 0.004
"""
PROMETHEUS = '[environments.test.clusters.prometheus]\nurl = "{url}"'


class Told(NamedTuple):
    cluster: Cluster
    now: Board
    later: Board


# -- the world -----------------------------------------------------------------------------------------------------


def _hour(after: float) -> str:
    """The hours begin so many seconds from now."""
    return f"{datetime.fromtimestamp(time.time() + after, UTC):%H:%M}"


def _board(folder: Path, cluster: Cluster, clock: Clock, **said: str) -> Board:
    folder.mkdir()
    file = folder / "config.toml"
    file.write_text(CONFIG.format(kubeconfig=cluster.kubeconfig(), folder=folder, **said))
    quick = load_quick(str(file))
    settings = load(quick.path)
    often = replace(settings.sources.cluster_autoscaler, interval=OFTEN)
    settings = replace(settings, sources=replace(settings.sources, cluster_autoscaler=often))
    board, _ = board_of(quick, settings, clock, remembering=True, others=True)
    board.want("test", dict.fromkeys(JUDGED, EVERYWHERE))
    board.start()
    return board


def _pods(cluster: Cluster, space: str, name: str) -> list[tuple[str, str]]:
    items = cluster.request("GET", f"/api/v1/namespaces/{space}/pods?labelSelector=app%3D{name}")["items"]
    return [(p["metadata"]["name"], p["metadata"]["ownerReferences"][0]["name"]) for p in items]


def _past(cluster: Cluster, server: Prometheus) -> None:
    """What the workloads of some days used is in Prometheus."""
    there = {w.name: _pods(cluster, WEEKS, w.name) for w in o.WEEKS}
    now = math.floor(time.time() / 60) * 60.0
    today = math.floor(now / DAY) * DAY
    every = [p for w in o.WEEKS for p in pods_of(w, there[w.name], today, now)]
    for text in texts(series(every, today)):
        back_fill(text, server.folder / "data")


def _made(cluster: Cluster) -> None:
    """All objects, and what becomes of them."""
    world.create(cluster, "/api/v1/nodes", *o.NODES)
    world.add_namespaces(cluster, *o.SPACES, WEEKS)
    world.add_namespaces(cluster, *o.NON_PRODUCTION, labels={"environment": "test"})
    until_kept = datetime.fromtimestamp(time.time() + AHEAD + DAY, UTC).isoformat(timespec="seconds")
    notes = {"until": until_kept, "by": "jo", "why": "a test of load"}
    cluster.kubectl(
        "annotate", "namespace", o.KEPT, *(f"tfdash.io/keep-up-{n}={v}" for n, v in notes.items())
    )
    cluster.kubectl("create", "-f", "-", stdin=o.as_list(o.before()))
    cluster.kubectl("create", "-f", "-", stdin=o.as_list([*storage(), *o.deployments(), o.FIXED_SCALER]))
    cluster.apply(o.as_list([o.FIXED]))
    come_to_pass(cluster)
    late = o.work("late", o.OVER, 3)
    cluster.kubectl("create", "-f", "-", stdin=o.as_list([late]))
    one = {
        "metadata": {"name": "one"},
        "spec": {"containers": [{"name": "main", "image": "x", "resources": o.EXACT}]},
    }
    path = f"/api/v1/namespaces/{o.QUOTAS}/pods"
    cluster.wait(partial(_admitted, cluster, path, one), "the quota to be counted, so that a pod is admitted")
    wanted = {(o.OVER, "late"): 3, (o.FULL, "full"): 3, (o.GROWS, "grows"): 1, (o.FITS, "shrunk"): 1}
    wanted |= {(WEEKS, w.name): w.wanted for w in o.WEEKS}
    for (space, name), count in wanted.items():
        cluster.wait(partial(_there, cluster, space, name, count), f"{count} pods of {space}/{name}")
    cluster.kubectl("create", "-f", "-", stdin=o.as_list([o.quota("late", o.OVER, pods="2")]))
    less = {"status": {"allocatable": {"cpu": "2"}, "capacity": {"cpu": "2"}}}
    cluster.request("PATCH", "/api/v1/nodes/shrunk-0/status", less, "application/merge-patch+json")
    _flap(cluster)


def _admitted(cluster: Cluster, path: str, pod: o.Manifest) -> bool:
    done = cluster.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(pod), check=False)
    return '"uid"' in done or "already exists" in done


def _there(cluster: Cluster, space: str, name: str, count: int) -> bool:
    path = f"/api/v1/namespaces/{space}/pods?labelSelector=app%3D{name}"
    items = cluster.request("GET", path)["items"]
    return sum(p["status"].get("phase") == "Running" for p in items) == count


def _flap(cluster: Cluster) -> None:
    """Its controller changes the size up, down, up, down and up again, since its bounds are moved."""
    path = f"/apis/autoscaling/v2/namespaces/{o.HPAS}/horizontalpodautoscalers/flaps"
    for size in (4, 2, 5, 3, 4):
        bounds = {"spec": {"minReplicas": size, "maxReplicas": size}}
        cluster.request("PATCH", path, bounds, "application/merge-patch+json")
        cluster.wait(partial(_sized, cluster, size), f"its controller to make them {size}")
        seconds_later(
            2
        )  # its events tell whole seconds, and of two in the same one nobody knows which came first


def _sized(cluster: Cluster, size: int) -> bool:
    path = f"/apis/apps/v1/namespaces/{o.HPAS}/deployments/flaps"
    return bool(cluster.request("GET", path)["spec"]["replicas"] == size)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A cluster of its own: what a pool or the whole of it says would be others' as well."""
    folder = tmp_path_factory.mktemp("rules")
    with ExitStack() as running:
        cluster = running.enter_context(Cluster())
        apply_definitions(cluster, autoscaling_definitions())
        _made(cluster)
        add_scaled_objects(cluster)
        kubelet = running.enter_context(Exposition(told_of()))
        server = running.enter_context(Prometheus(scrape_config(kubelet.address)))
        server.stop(keep=True)
        _past(cluster, server)
        server.start()
        until(lambda: kubelet.scrapes > 1, "the volumes to be scraped")
        asked = PROMETHEUS.format(url=server.url)
        now = _board(folder / "now", cluster, SystemClock(), start=_hour(-7200), prometheus=asked)
        running.callback(now.stop)
        ahead = ScaledClock(time.time() + AHEAD, time.time())
        later = _board(folder / "later", cluster, ahead, start=_hour(6 * 3600), prometheus="")
        running.callback(later.stop)
        yield Told(cluster, now, later)


# -- held against the table ----------------------------------------------------------------------------------------


def _verdicts(board: Board, line: Line) -> list[Verdict]:
    several = board.assessment.verdicts.items()
    return [v for subject, vs in several if line.about(subject) for v in vs if v.rule == line.rule]


def _wrong(board: Board, lines: Iterable[Line]) -> list[str]:
    found = []
    for line in lines:
        verdicts = _verdicts(board, line)
        if line.level == NOTHING:
            right = not verdicts
        else:
            right = any(v.level.name == line.level and line.words in v.sentence for v in verdicts)
        if not right:
            found.append(f"{line}\n    told {[(v.level.name, v.sentence) for v in verdicts]}")
    return found


def _agree(board: Board, lines: Iterable[Line], patience: float = LONG) -> None:
    last: list[str] = []

    def so() -> bool:
        last[:] = _wrong(board, lines)
        return not last

    until(so, lambda: "the table to be so:\n" + "\n".join(last), patience, every=0.5)


def test_what_the_rules_say_is_what_the_table_says(told: Told) -> None:
    _agree(told.now, NOW)


def test_what_they_say_eight_days_later_and_out_of_hours(told: Told) -> None:
    _agree(told.later, LATER)


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.name)
def test_what_adds_nodes(told: Told, stage: Stage) -> None:
    stage.make(told.cluster)
    _agree(told.now, stage.lines)


@pytest.mark.parametrize("stage", MENDED, ids=lambda s: s.name)
def test_a_finding_goes_when_its_object_is_mended(told: Told, stage: Stage) -> None:
    stage.make(told.cluster)
    _agree(told.now, stage.lines)
