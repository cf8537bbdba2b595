"""The cells of every kind but pods and judged workloads: as kubectl prints them, sorted by what they mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds import SERVED, TYPES, resources
from tests.unit.views.making import EU, HOSTILE, NOW, VISIBLE, altered, cluster, picture, pod, update
from tfdash.model.assessment import Assessment
from tfdash.model.kind_spec import KindSpec, PrinterColumn
from tfdash.model.kube import (
    Condition,
    Container,
    CronJob,
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Job,
    Metric,
    Object,
    Pod,
    PodDisruptionBudget,
    Provisional,
    ReplicaSet,
    Selector,
    StatefulSet,
    Template,
)
from tfdash.model.kubecluster import EndpointSlice, Event, Namespace, Node, Service, ServicePort, Taint
from tfdash.model.verdict import Level, Verdict
from tfdash.views.kinds import VIEWS, Context, view_of
from tfdash.views.kinds.base import PRINTED
from tfdash.views.kinds.nodes import asks_for
from tfdash.views.kinds.plain import plain_view
from tfdash.views.kinds.pods import PODS, held_by, status_token
from tfdash.views.rows import BoardRows, RowKey

TEMPLATE = Template(
    containers=(Container("web", "r.example/web:1"), Container("setup", "x", init=True), Container("b", "c"))
)
SELECTOR = Selector(
    match={"app": "web"}, expressions=(("tier", "In", ("b", "a")), ("old", "DoesNotExist", ()))
)


def make(kind: type[Any], **over: Any) -> Any:
    return kind(namespace="" if kind in (Node, Namespace) else "a", name="x", created=NOW - 300, **over)


def cells(obj: Object, assessment: Assessment | None = None, kind: str = "") -> dict[str, str]:
    kind = kind or type(obj).KIND
    context = Context(NOW, EU, kind, *([assessment] if assessment else []))
    return {field.title: field.text(obj, context) for field in view_of(kind).fields}


CASES: list[tuple[Object, dict[str, str]]] = [
    (
        make(Deployment, desired=3, ready=1, updated=2, available=1, template=TEMPLATE, selector=SELECTOR),
        {
            "WORKLOAD": "x",
            "READY": "1/3",
            "UP-TO-DATE": "2",
            "AVAILABLE": "1",
            "AGE": "5m",
            "CONTAINERS": "web,b",
            "IMAGES": "r.example/web:1,c",
            "SELECTOR": "app=web,!old,tier in (a,b)",
            "IMAGE": "web:1 +1",
        },
    ),
    (
        make(StatefulSet, desired=3, ready=3, template=TEMPLATE),
        {"READY": "3/3", "IMAGES": "r.example/web:1,c"},
    ),
    (
        make(DaemonSet, desired=5, current=4, ready=3, updated=2, available=1),
        {"DESIRED": "5", "CURRENT": "4", "READY": "3", "UP-TO-DATE": "2", "AVAILABLE": "1"},
    ),
    (
        make(ReplicaSet, desired=2, replicas=1, ready=0, revision=7, template=TEMPLATE, selector=Selector()),
        {"DESIRED": "2", "CURRENT": "1", "READY": "0", "REV": "7", "SELECTOR": "<none>"},
    ),
    (make(Namespace, phase="Active"), {"NAME": "x", "STATUS": "Active", "AGE": "5m"}),
    (
        make(Service, type="ClusterIP", cluster_ip="10.0.0.1", ports=(ServicePort("h", 80, "8080"),)),
        {
            "TYPE": "ClusterIP",
            "CLUSTER-IP": "10.0.0.1",
            "EXTERNAL-IP": "<none>",
            "PORT(S)": "80/TCP",
            "SELECTOR": "<none>",
        },
    ),
    (
        make(
            Service,
            type="NodePort",
            ports=(ServicePort("h", 80, "1", node_port=30080), ServicePort("d", 53, "1", "UDP")),
            selector={"b": "2", "a": "1"},
        ),
        {"PORT(S)": "80:30080/TCP,53/UDP", "SELECTOR": "a=1,b=2", "CLUSTER-IP": "<none>"},
    ),
    (make(Service, type="LoadBalancer"), {"EXTERNAL-IP": "<pending>", "PORT(S)": "<none>"}),
    (make(Service, type="LoadBalancer", external=("1.2.3.4", "5.6.7.8")), {"EXTERNAL-IP": "1.2.3.4,5.6.7.8"}),
    (make(Service, type="ExternalName", external=("db.example",)), {"EXTERNAL-IP": "db.example"}),
    (make(Service, type="Odd"), {"EXTERNAL-IP": "<unknown>"}),
    (
        make(
            EndpointSlice,
            service="web",
            address_type="IPv4",
            ready=1,
            total=3,
            ports=("80", "81", "82", "83"),
        ),
        {"SERVICE": "web", "ADDRESSTYPE": "IPv4", "READY": "1/3", "PORTS": "80,81,82 + 1 more..."},
    ),
    (make(EndpointSlice), {"SERVICE": "<none>", "PORTS": "<unset>", "READY": "0/0"}),
    (
        make(PodDisruptionBudget, min_available="50%", allowed=1, healthy=2, expected=3),
        {"MIN AVAILABLE": "50%", "MAX UNAVAILABLE": "N/A", "ALLOWED DISRUPTIONS": "1", "HEALTHY": "2/3"},
    ),
    (make(PodDisruptionBudget, max_unavailable="1"), {"MIN AVAILABLE": "N/A", "MAX UNAVAILABLE": "1"}),
    (
        make(CronJob, schedule="*/5 * * * *", suspended=True, active=("a", "b"), last_scheduled=NOW - 60),
        {
            "SCHEDULE": "*/5 * * * *",
            "TIMEZONE": "<none>",
            "SUSPEND": "True",
            "ACTIVE": "2",
            "LAST SCHEDULE": "60s",
        },
    ),
    (
        make(CronJob, time_zone="Etc/UTC"),
        {"TIMEZONE": "Etc/UTC", "SUSPEND": "False", "LAST SCHEDULE": "<none>"},
    ),
    (
        make(
            Event,
            type="Warning",
            reason="BackOff",
            message=" failed\n",
            count=4,
            last_seen=NOW - 30,
            first_seen=NOW - 90,
            involved_kind="Pod",
            involved_name="web-1",
            source="kubelet, n1",
            involved_field="spec.containers{web}",
        ),
        {
            "LAST SEEN": "30s",
            "TYPE": "Warning",
            "REASON": "BackOff",
            "OBJECT": "pod/web-1",
            "MESSAGE": "failed",
            "COUNT": "4",
            "FIRST SEEN": "90s",
            "SOURCE": "kubelet, n1",
            "SUBOBJECT": "spec.containers{web}",
            "NAME": "x",
        },
    ),
    (make(Event, involved_kind="Node"), {"OBJECT": "node", "LAST SEEN": "<unknown>"}),
    (
        make(
            Node,
            conditions=(Condition("Ready", "True"),),
            roles=("worker", "control-plane"),
            kubelet_version="v1.37.2",
            internal_ip="10.1.1.1",
            kernel="6.1",
            architecture="amd64",
            os_image="Debian",
            runtime="containerd://2",
        ),
        {
            "STATUS": "Ready",
            "ROLES": "control-plane,worker",
            "VERSION": "v1.37.2",
            "INTERNAL-IP": "10.1.1.1",
            "KERNEL-VERSION": "6.1 (amd64)",
            "OS-IMAGE": "Debian",
            "CONTAINER-RUNTIME": "containerd://2",
            "STATE": "? loading",
        },
    ),
    (
        make(
            Node,
            conditions=(Condition("Ready", "True"), Condition("MemoryPressure", "True")),
            unschedulable=True,
            taints=(Taint("k", "v", "NoSchedule"), Taint("e", "", "NoExecute")),
        ),
        {
            "STATUS": "Ready,SchedulingDisabled",
            "ROLES": "<none>",
            "FINDING": "MemoryPressure",
            "TAINTS": "k=v:NoSchedule, e:NoExecute",
            "STATE": "? loading",
            "OS-IMAGE": "<unknown>",
        },
    ),
    (
        make(
            Node,
            conditions=(
                Condition("Ready", "Unknown", "NodeStatusUnknown"),
                Condition("DiskPressure", "Unknown"),
            ),
        ),
        {"STATUS": "NotReady", "FINDING": "NodeStatusUnknown, DiskPressure Unknown", "STATE": "? loading"},
    ),
    (make(Node), {"STATUS": "Unknown", "STATE": "? loading"}),
]


@pytest.mark.parametrize(
    ("obj", "expected"), CASES, ids=[f"{type(o).KIND}-{i}" for i, (o, _) in enumerate(CASES)]
)
def test_cells(obj: Object, expected: dict[str, str]) -> None:
    shown = cells(obj)
    assert {title: shown[title] for title in expected} == expected


@pytest.mark.parametrize(
    ("over", "status", "completions", "duration"),
    [
        ({}, "Running", "0/1", ""),
        ({"started": NOW - 90, "completions": 3, "succeeded": 2}, "Running", "2/3", "90s"),
        ({"parallelism": 4, "succeeded": 1}, "Running", "1/1 of 4", ""),
        (
            {"started": NOW - 90, "completed": NOW - 60, "conditions": (Condition("Complete", "True"),)},
            "Complete",
            "0/1",
            "30s",
        ),
        (
            {"conditions": (Condition("SuccessCriteriaMet", "True"), Condition("Complete", "True"))},
            "Complete",
            "0/1",
            "",
        ),
        ({"conditions": (Condition("Failed", "True"),), "deleting": NOW}, "Failed", "0/1", ""),
        ({"deleting": NOW, "conditions": (Condition("Suspended", "True"),)}, "Terminating", "0/1", ""),
        ({"conditions": (Condition("Suspended", "True"),)}, "Suspended", "0/1", ""),
        (
            {"conditions": (Condition("Suspended", "False"), Condition("FailureTarget", "True"))},
            "FailureTarget",
            "0/1",
            "",
        ),
        ({"conditions": (Condition("SuccessCriteriaMet", "True"),)}, "SuccessCriteriaMet", "0/1", ""),
    ],
)
def test_jobs(over: dict[str, Any], status: str, completions: str, duration: str) -> None:
    shown = cells(make(Job, **over))
    assert (shown["STATUS"], shown["COMPLETIONS"], shown["DURATION"]) == (status, completions, duration)


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        ((), "<none>"),
        ((Metric("Resource", "cpu", 70.0, 71.0),), "cpu: 71%/70%"),
        ((Metric("Resource", "cpu", 70.0),), "cpu: <unknown>/70%"),
        ((Metric("Resource", "cpu", None, 1.0),), "cpu: 1%/<auto>"),
        ((Metric("Resource", "memory", 2**28, 100 * 2**20, "bytes"),), "memory: 100Mi/256Mi"),
        ((Metric("ContainerResource", "cpu", 0.5, 0.05, "cores", "web"),), "cpu: 50m/500m"),
        ((Metric("Pods", "rps", 1000.0, 0.5, ""),), "500m/1k"),
        (
            tuple(Metric("Resource", "cpu", 70.0, 71.0) for _ in range(4)),
            "cpu: 71%/70%, cpu: 71%/70% + 2 more...",
        ),
    ],
)
def test_autoscalers(metrics: tuple[Metric, ...], text: str) -> None:
    hpa = make(
        HorizontalPodAutoscaler,
        target_kind="Deployment",
        target_name="web",
        min_replicas=2,
        max_replicas=8,
        current=8,
        desired=8,
        metrics=metrics,
        conditions=(Condition("ScalingLimited", "True", "TooManyReplicas"),),
    )
    shown = cells(hpa)
    assert shown["TARGETS"] == text
    assert [shown[t] for t in ("REFERENCE", "MINPODS", "MAXPODS", "REPLICAS", "HELD BY")] == [
        "Deployment/web",
        "2",
        "8",
        "8",
        "pinned at 8 of 8",
    ]


def test_a_verdict_on_a_node_is_its_state_and_its_sentence() -> None:
    node = make(Node, conditions=(Condition("Ready", "True"),))
    subject = Context(NOW, EU, "Node").subject(node)
    breach = Verdict(level=Level.BREACH, rule="r", subject=subject, sentence="memory 98 % of 85")
    fine = Verdict(level=Level.OK, rule="q", subject=subject, sentence="fine")
    told = Assessment(at=NOW, number=1, verdicts={subject: (fine, breach)}, workloads={})
    assert (cells(node, told)["STATE"], cells(node, told)["FINDING"]) == ("✖ BREACH", "memory 98 % of 85")
    only_fine = Assessment(at=NOW, number=1, verdicts={subject: (fine,)}, workloads={})
    assert (cells(node, only_fine)["STATE"], cells(node, only_fine)["FINDING"]) == ("✔ ok", "")


def test_a_pods_requests_count_sidecars_and_the_largest_init_container() -> None:
    def asking(cpu: float, **over: Any) -> Container:
        return Container("c", "i", resources(cpu=cpu, memory=1), **over)

    asked = asks_for(
        pod("x", containers=(asking(3.0, init=True), asking(0.5, init=True, sidecar=True), asking(1.0)))
    )
    assert asked is not None
    assert (asked[1].cpu, asked[1].memory, asked[1].pods) == (3.0, 2.0, 1)
    assert asks_for(pod("x", node="")) is None
    assert asks_for(pod("x", phase="Succeeded")) is None


@pytest.mark.parametrize(
    ("status", "token"),
    [
        ("Running", ""),
        ("Completed", "idle"),
        ("Pending", "moving"),
        ("Init:0/2", "moving"),
        ("Init:Error", "warn"),
        ("CrashLoopBackOff", "warn"),
        ("OOMKilled", "warn"),
        ("Unknown", "unknown"),
        ("Evicted", "warn"),
    ],
)
def test_pod_status_has_its_token_and_red_is_left_to_breaches(status: str, token: str) -> None:
    assert status_token(status) == token


@pytest.mark.parametrize("view", VIEWS.values(), ids=list(VIEWS))
def test_every_view_survives_an_object_of_which_nothing_is_known(view: Any) -> None:
    for kind in view.kinds:
        bare = TYPES[kind](namespace="", name="x")
        context = Context(NOW, EU, kind)
        for field in view.fields:
            assert isinstance(field.text(bare, context), str)
            assert isinstance(field.sort_value(bare, context), float | str)
            field.typed(bare, context)
            field.token(bare, context)
        assert view.search_text(bare, context).islower() or not view.search_text(bare, context).strip()


@pytest.mark.parametrize("kind", SERVED)
def test_server_printed_rows_fill_every_column_that_kubectl_has(kind: str) -> None:
    """Every layout known, each shared field of ours shows the cell printed under that name."""
    view = view_of(kind)
    for layout in PRINTED[kind]:
        titles = layout.split("|")
        row = Provisional(namespace="a", name="Name!", kind=kind, cells=tuple(f"{t}!" for t in titles))
        context = Context(NOW, EU, kind)
        for field in view.fields:
            if field.printer and field.id not in ("ready", "image"):
                assert field.text(row, context) == (f"{field.printer}!" if field.printer in titles else "")
            assert isinstance(field.sort_value(row, context), float | str)
            field.token(row, context)


def test_a_server_that_prints_other_columns_leaves_cells_empty_rather_than_wrong() -> None:
    odd = Provisional(namespace="a", name="x", kind="Pod", cells=("x", "1/1"))
    shown = cells(odd, kind="Pod")
    assert shown["NAME"] == "x"
    assert shown["READY"] == shown["STATUS"] == ""


def test_daemon_sets_and_images_of_printed_workloads_read_like_those_of_objects() -> None:
    row = Provisional(
        namespace="a",
        name="x",
        kind="DaemonSet",
        cells=("x", "5", "5", "4", "5", "4", "<none>", "3d", "a,b", "r.example/a:1,r.example/b:2", "app=x"),
    )
    rows = BoardRows(VIEWS["workloads"])
    rows.update(update(picture(cluster(DaemonSet=[row]))), NOW)
    shown = {f.title: rows.text(RowKey(EU, "DaemonSet", next(iter(rows)).key), f) for f in rows.fields}
    assert (shown["READY"], shown["IMAGE"], shown["SERVING"], shown["AGE"]) == (
        "4/5",
        "a:1 +1",
        "? loading",
        "3d",
    )


def _sorted(kind: type[Any], field: str, **values: list[Any]) -> list[str]:
    made = [
        altered(make(kind), name=str(i), **{k: v[i] for k, v in values.items()})
        for i in range(len(next(iter(values.values()))))
    ]
    context = Context(NOW, EU, kind.KIND)
    column = next(f for f in view_of(kind.KIND).fields if f.id == field)
    return [o.name for o in sorted(made, key=lambda o: column.sort_value(o, context))]


def test_columns_sort_by_what_they_mean() -> None:
    assert _sorted(ReplicaSet, "desired", desired=[10, 9, 100]) == ["1", "0", "2"]
    assert _sorted(Namespace, "age", created=[NOW - 9, NOW - 90000, NOW - 3]) == ["2", "0", "1"]
    assert _sorted(Deployment, "ready", desired=[2, 10, 0], ready=[1, 9, 0]) == ["0", "1", "2"]
    assert _sorted(Job, "duration", started=[NOW - 50, NOW - 9, None], completed=[NOW - 45, None, None]) == [
        "2",
        "0",
        "1",
    ]


@pytest.mark.parametrize("kind", SERVED)
@given(text=st.text(min_size=1, max_size=8).map(lambda t: t + HOSTILE))
def test_no_text_from_outside_reaches_a_cell_unsafe(kind: str, text: str) -> None:
    model = TYPES[kind]
    fields = {n: text for n, t in model.__annotations__.items() if t == "str"}
    obj: Any = model(namespace=text, name=text, labels={text: text}, **fields)
    if "template" in model.__annotations__:
        obj = altered(obj, template=Template(containers=(Container(text, text),)))
    row = Provisional(
        namespace=text, name=text, kind=kind, cells=tuple([text] * len(PRINTED[kind][0].split("|")))
    )
    context = Context(NOW, EU, kind)
    for field in view_of(kind).fields:
        for given_object in (obj, row):
            shown = field.text(given_object, context)
            assert not any(c in shown for c in "\x1b\u202e\x00\u200b\n\r")
    assert VISIBLE in view_of(kind).fields[-1 if kind == "Event" else 0].text(obj, context)


def test_columns_that_are_data_show_an_attribute_each() -> None:
    columns = (
        PrinterColumn("NAME", "name", printer="Name", priority=0, flexible=True),
        PrinterColumn("MAX PODS", "max_replicas", shows="count", priority=1),
        PrinterColumn("TARGET", "target_kind", tones=(("Job", "warn"), ("", "unknown"))),
        PrinterColumn("LABELS", "labels", searched=False),
        PrinterColumn("METRICS", "metrics"),
        PrinterColumn("SCALED", "last_scaled", shows="age"),
    )
    view = plain_view(KindSpec("Thing", "api/v1", "things", "things", "things", columns=columns))
    obj = HorizontalPodAutoscaler(
        namespace="shop",
        name="web",
        max_replicas=12,
        target_kind="Job\x1b",
        labels={"b": "2", "a": "1"},
        last_scaled=NOW - 90,
    )
    context = Context(NOW, EU, "Thing")
    assert (view.id, view.kinds, view.noun, view.namespaced) == ("things", ("Thing",), "things", True)
    assert [f.text(obj, context) for f in view.fields[:-1]] == ["web", "12", "Job␛", "a=1,b=2", "", "90s"]
    assert [f.id for f in view.fields] == ["name", "max_pods", "target", "labels", "metrics", "scaled", "age"]
    count, target = view.fields[1], view.fields[2]
    assert (count.sort_value(obj, context), count.typed(obj, context), count.right) == (12.0, 12, True)
    named = [altered(obj, target_kind=kind) for kind in ("Job", "other")]
    assert [target.token(o, context) for o in named] == ["warn", "unknown"]
    assert view.search_text(obj, context) == "shop web 12 job\x1b "


def test_a_list_without_its_name_and_age_has_them_all_the_same() -> None:
    """As the example in ARCHITECTURE, "How to add"."""
    columns = (PrinterColumn("TARGET", "target_kind"),)
    view = plain_view(KindSpec("Thing", "api/v1", "things", "things", "things", columns=columns))
    obj = HorizontalPodAutoscaler(namespace="shop", name="web", target_kind="Rollout", created=NOW - 90)
    context = Context(NOW, EU, "Thing")
    assert [f.title for f in view.fields] == ["NAME", "TARGET", "AGE"]
    assert [f.text(obj, context) for f in view.fields] == ["web", "Rollout", "90s"]
    assert view.search_text(obj, context) == "shop web rollout"


@pytest.mark.parametrize(
    ("gone_for", "finalizers", "held"),
    [
        (None, ("example.com/never",), ()),
        (0.0, ("example.com/never",), ()),
        (60.0, ("example.com/never",), ()),  # the grace for what is deleted
        (60.5, ("example.com/never",), ("example.com/never",)),
        (3600.0, (), ()),
    ],
)
def test_a_pod_that_a_finalizer_holds_says_so_in_its_row(
    gone_for: float | None, finalizers: tuple[str, ...], held: tuple[str, ...]
) -> None:
    context = Context(NOW, EU, "Pod")
    due = None if gone_for is None else NOW - gone_for
    found = Pod(namespace="a", name="p", phase="Running", deleting=due, finalizers=finalizers)
    assert held_by(found, context) == held
    fields = {f.id: f for f in PODS.fields}
    assert fields["held_by"].text(found, context) == ", ".join(held)
    assert (fields["status"].token(found, context) == "warn") is bool(held)
