"""The columns that say what is used: as kubectl rounds it, of three wholes, and never 0 for what was not measured."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kinds import resources
from tests.unit.views.making import EU, NOW, cluster, picture, pod
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.capacity import PersistentVolumeClaim
from tfdash.model.kube import Container, Pod
from tfdash.model.kubecluster import Node
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Key
from tfdash.model.update import Update
from tfdash.model.usage import NodeMetrics, PodMetrics, VolumeUsage, measured_pod
from tfdash.quantities import amounts, parse
from tfdash.views.filter import Filter
from tfdash.views.kinds import view_of
from tfdash.views.kinds.measured import percent_of
from tfdash.views.kinds.usage import top_cpu, top_memory
from tfdash.views.rows import BoardRows, RowKey
from tfdash.views.tablerows import TableRows
from widgets.order import RowOrder

NO_CHANGE = Change(keys={}, freshness=frozenset())


@pytest.mark.parametrize(
    ("used", "cpu"),
    [
        ("0", "0m"),
        ("1n", "1m"),
        ("999999n", "1m"),
        ("1m", "1m"),
        ("1000001n", "2m"),
        ("1500m", "1500m"),
        ("12", "12000m"),
    ],
)
def test_cores_are_thousandths_rounded_up(used: str, cpu: str) -> None:
    """kubectl, pkg/metricsutil/metrics_printer.go: ``quantity.MilliValue()``, which rounds up."""
    assert top_cpu(parse(used)) == cpu


@pytest.mark.parametrize(
    ("used", "memory"),
    [
        ("0", "0Mi"),
        ("1Mi", "1Mi"),
        ("1048575", "0Mi"),
        ("2047Ki", "1Mi"),
        ("2048Ki", "2Mi"),
        ("1G", "953Mi"),
        ("128Gi", "131072Mi"),
    ],
)
def test_memory_is_whole_mi_rounded_down(used: str, memory: str) -> None:
    """As before: ``quantity.Value()/(1024*1024)``, of whole numbers."""
    assert top_memory(parse(used)) == memory


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        ("799m", "1", 79),
        ("799999n", "1m", 100),
        ("800m", "1", 80),
        ("3", "2", 150),
        ("1", "3", 33),
        ("1Mi", "3Mi", 33),
        ("0", "1", 0),
    ],
)
def test_a_share_is_of_thousandths_and_rounded_down(part: str, whole: str, percent: int) -> None:
    """As before: ``int64(float64(quantity.MilliValue()) / float64(available.MilliValue()) * 100)``."""
    assert percent_of(parse(part), parse(whole)) == percent


def measured(name: str, cpu: str, memory: str, at: float = NOW - 15) -> PodMetrics:
    used = (parse(cpu), parse(memory))
    return measured_pod("a", name, at, 15.0, ("main",), used)


def asking(name: str, **said: Any) -> Pod:
    return pod(name, containers=(Container("main", "i", resources(**said)),))


PODS = (
    asking("busy", cpu="500m", memory="1Gi", cpu_limit="2", memory_limit="2Gi"),
    asking("quiet", cpu="1", memory="1Gi"),
    asking("silent"),
    asking("new", cpu="1", memory="1Gi"),
)
METRICS = (
    measured("busy", "900m", "1536Mi"),
    measured("quiet", "40m", "500M"),
    measured("silent", "501m", "1Gi"),
    measured("new", "2", "2Gi", at=NOW - 9000),  # of the pod of that name before
)


def shown(picture: Picture, kind: str = "Pod") -> BoardRows:
    rows = BoardRows(view_of(kind))
    rows.update(Update(picture, EMPTY_ASSESSMENT, NO_CHANGE, None), NOW)
    return rows


def cells(rows: BoardRows, kind: str, name: str, *ids: str) -> list[str]:
    fields = {f.id: f for f in rows.fields}
    row = RowKey(EU, kind, Key("" if kind == "Node" else "a", name))
    return [rows.text(row, fields[id]) for id in ids]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("busy", ["900m", "180 %", "45 %", "1536Mi", "150 %", "75 %"]),
        ("quiet", ["40m", "4 %", "none", "476Mi", "46 %", "none"]),
        ("silent", ["501m", "none", "none", "1024Mi", "none", "none"]),
        ("new", ["-", "-", "-", "-", "-", "-"]),
    ],
)
def test_a_pod_says_what_it_uses_of_its_request_and_of_its_limit(name: str, said: list[str]) -> None:
    rows = shown(picture(cluster(Pod=PODS, PodMetrics=METRICS)))
    ids = ("cpu", "cpu_request", "cpu_limit", "mem", "mem_request", "mem_limit")
    assert cells(rows, "Pod", name, *ids) == said
    assert set(cells(shown(picture(cluster(Pod=PODS))), "Pod", name, *ids)) == {"-"}, "nothing was measured"


VOLUME = {"at": NOW - 60, "current_until": NOW + 600, "capacity": 100 * 2.0**30}
CLAIMS = tuple(
    PersistentVolumeClaim(namespace="a", name=n, phase="Bound") for n in ("grows", "new", "old", "empty")
)
VOLUMES = (
    VolumeUsage(namespace="a", name="grows", used=79.99 * 2**30, grows=2**30 / 86_400, seen=7e5, **VOLUME),
    VolumeUsage(namespace="a", name="new", used=512.0 * 2**20, **VOLUME),
    VolumeUsage(namespace="a", name="old", used=1.0, **VOLUME | {"current_until": NOW}),
)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("grows", ["80.0Gi", "79 %", "20d"]),
        ("new", ["512.0Mi", "0 %", "-"]),
        ("old", ["-", "-", "-"]),
        ("empty", ["-", "-", "-"]),
    ],
)
def test_a_claim_says_how_full_its_volume_is(name: str, said: list[str]) -> None:
    rows = shown(picture(cluster(PersistentVolumeClaim=CLAIMS, VolumeUsage=VOLUMES)), "PersistentVolumeClaim")
    assert cells(rows, "PersistentVolumeClaim", name, "used", "fill", "left") == said


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("cpu>500m", ["busy", "silent"]),
        ("CPU >= 501m", ["busy", "silent"]),
        ("cpu<0.1", ["quiet"]),
        ("mem>1Gi", ["busy"]),
        ("mem>=1gi", ["busy", "silent"]),
        ("mem>500M", ["busy", "silent"]),  # of a million, and not of a thousandth
        ("mem>499M", ["busy", "quiet", "silent"]),
        ("cpu req>100", ["busy"]),
        ("mem lim<80", ["busy"]),
        ("cpu%>100", ["busy"]),
        ("mem %<50", ["quiet"]),
        ("cpu%<0", []),
    ],
)
def test_rows_are_chosen_by_the_exact_amount_and_what_is_not_measured_by_none(
    wanted: str, names: list[str]
) -> None:
    rows = TableRows(shown(picture(cluster(Pod=PODS, PodMetrics=METRICS))))
    found = Filter(wanted).select(rows.rows.keys(), rows)
    assert [row.key.name for row in found] == names


@pytest.mark.parametrize(
    ("column", "descending", "names"),
    [
        ("cpu", True, ["busy", "silent", "quiet", "new"]),
        ("cpu", False, ["quiet", "silent", "busy", "new"]),
        ("cpu_request", True, ["busy", "quiet", "silent", "new"]),
        ("cpu_request", False, ["quiet", "busy", "new", "silent"]),
    ],
)
def test_what_is_not_measured_stands_last_in_either_direction(
    column: str, descending: bool, names: list[str]
) -> None:
    rows = shown(picture(cluster(Pod=PODS, PodMetrics=METRICS)))
    order = RowOrder(TableRows(rows), column, descending=not descending)
    order.reset(rows.keys())
    order.sort(column, descending)
    assert [row.key.name for row in order.slice(0, 9)] == names


def test_a_node_says_its_used_share_beside_the_requested_one() -> None:
    node = Node(namespace="", name="node-1", allocatable=amounts({"cpu": "4", "memory": "8Gi", "pods": 110}))
    used = NodeMetrics(
        namespace="",
        name="node-1",
        at=NOW,
        window=15.0,
        usage=amounts({"cpu": "3200000001n", "memory": "9Gi"}),
    )
    there = {"Node": [node], "Pod": PODS[:2]}
    ids = ("cpu_now", "cpu_used", "cpu_requested", "mem_now", "mem_used", "mem_requested")
    said = cells(shown(picture(cluster(**there, NodeMetrics=[used])), "Node"), "Node", "node-1", *ids)
    assert said == ["3201m", "80 %", "37 %", "9216Mi", "112 %", "25 %"]
    unknown = cells(shown(picture(cluster(**there)), "Node"), "Node", "node-1", *ids)
    assert unknown == ["-", "-", "37 %", "-", "-", "25 %"]


def test_a_poll_names_whom_it_measured_and_nothing_brightens_or_is_searched_by_it() -> None:
    rows = shown(picture(cluster(Pod=PODS, PodMetrics=METRICS)))
    busy = RowKey(EU, "Pod", Key("a", "busy"))
    before = rows.marks(busy), rows.search_text(busy)
    after = picture(cluster(Pod=PODS, PodMetrics=[measured("busy", "1", "1Gi"), *METRICS[1:3]]))
    changes = rows.update(Update(after, EMPTY_ASSESSMENT, NO_CHANGE, None), NOW + 15)
    assert changes.measured == {busy, RowKey(EU, "Pod", Key("a", "new"))}
    assert changes and not (changes.changed or changes.reset or changes.added or changes.removed)
    assert cells(rows, "Pod", "busy", "cpu") == ["1000m"]
    assert (rows.marks(busy), rows.search_text(busy)) == before
