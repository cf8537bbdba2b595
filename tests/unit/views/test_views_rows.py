"""Rows follow the board: what was added, removed and changed; restrictions; several clusters; search; explanations."""

from __future__ import annotations

import pytest

from tests.kinds import resources
from tests.tui import canaryworld as cw
from tests.unit.views.making import (
    EU,
    HOSTILE,
    NOW,
    US,
    VISIBLE,
    altered,
    cluster,
    picture,
    pod,
    seen,
    update,
)
from tfdash.model.assessment import Assessment
from tfdash.model.delivery import Rollout
from tfdash.model.kube import (
    Container,
    ContainerStatus,
    DaemonSet,
    Deployment,
    Owner,
    Provisional,
    ReplicaSet,
    StatefulSet,
    Template,
    Unreadable,
)
from tfdash.model.kubecluster import Node
from tfdash.model.observation import ListProgress, Observation, Problem, ProblemKind
from tfdash.model.subject import Key, Subject
from tfdash.model.update import merged
from tfdash.model.verdict import Level
from tfdash.model.workload import Release, Serving, WorkloadState
from tfdash.quantities import amounts
from tfdash.views import says
from tfdash.views.kinds import VIEWS, view_of
from tfdash.views.kinds.base import Context
from tfdash.views.kinds.workloads import release_state
from tfdash.views.rows import RESET, BoardRows, RowKey
from tfdash.views.scope import Restriction

PODS = VIEWS["pods"]


def row(name: str, namespace: str = "a", ref=EU, kind: str = "Pod") -> RowKey:
    return RowKey(ref, kind, Key(namespace, name))


def texts(rows: BoardRows, key: RowKey) -> dict[str, str]:
    return {field.title: rows.text(key, field) for field in rows.fields}


def names(rows: BoardRows) -> list[str]:
    return sorted(key.key.name for key in rows)


def test_the_first_update_is_a_reset_and_the_same_again_is_nothing() -> None:
    rows = BoardRows(PODS)
    first = update(picture(cluster(Pod=[pod("x"), pod("y")])))
    assert rows.update(first, NOW) == RESET
    assert names(rows) == ["x", "y"]
    assert len(rows) == 2
    assert not rows.update(first, NOW + 1)


def test_changes_are_named_row_by_row() -> None:
    rows = BoardRows(PODS)
    x, y = pod("x"), pod("y")
    rows.update(update(picture(cluster(Pod=[x, y]))), NOW)
    after = picture(cluster(Pod=[altered(x, phase="Failed"), pod("z")]), number=2)
    changes = rows.update(update(after, {(EU, "Pod"): [Key("a", n) for n in "xyz"]}), NOW)
    assert (changes.reset, changes.added, changes.removed, changes.changed) == (
        False,
        {row("z")},
        {row("y")},
        {row("x")},
    )
    assert row("y") not in rows
    assert rows.object(row("y")) is None
    assert rows.text(row("y"), PODS.fields[0]) == ""


def test_a_key_named_as_changed_that_is_the_same_object_is_not_a_change() -> None:
    rows = BoardRows(PODS)
    x = pod("x")
    rows.update(update(picture(cluster(Pod=[x]))), NOW)
    assert not rows.update(update(picture(cluster(Pod=[x])), {(EU, "Pod"): [Key("a", "x")]}), NOW)


def test_after_a_relist_only_what_differs_by_version_is_named() -> None:
    rows = BoardRows(PODS)
    rows.update(update(picture(cluster(Pod=[pod("x"), pod("y"), pod("gone")]))), NOW)
    again = picture(cluster(Pod=[pod("x"), altered(pod("y")), pod("new")]))
    changes = rows.update(update(again), NOW)
    assert (changes.added, changes.removed, changes.changed) == ({row("new")}, {row("gone")}, {row("y")})


def test_a_change_that_nobody_announced_is_found_all_the_same() -> None:
    rows = BoardRows(PODS)
    rows.update(update(picture(cluster(Pod=[pod("x")]))), NOW)
    assert rows.update(update(picture(cluster(Pod=[pod("x"), pod("y")])), {}), NOW).added == {row("y")}


def test_merged_updates_lose_nothing() -> None:
    one = update(picture(cluster(Pod=[pod("x")])), {(EU, "Pod"): [Key("a", "x")]}, judged=[])
    two = update(
        picture(cluster(Pod=[pod("y")])), {(EU, "Pod"): [Key("a", "y")], (EU, "Node"): None}, judged=None
    )
    both = merged(one, two)
    assert both.picture is two.picture
    assert both.judged is None
    assert both.change.keys == {(EU, "Pod"): frozenset({Key("a", "x"), Key("a", "y")}), (EU, "Node"): None}


def test_several_namespaces_clusters_and_kinds_get_their_columns() -> None:
    both = picture(cluster(Pod=[pod("x")]), cluster(US, Pod=[pod("x")]))
    rows = BoardRows(PODS)
    rows.update(update(both), NOW)
    assert [f.title for f in rows.fields[:4]] == ["NAME", "CLUSTER", "NAMESPACE", "READY"]
    assert {texts(rows, key)["CLUSTER"] for key in rows} == {"eu-1", "us-1"}
    one = BoardRows(PODS, Restriction(namespaces=("a",)), clusters=(US,))
    one.update(update(both), NOW)
    assert [f.title for f in one.fields[:2]] == ["NAME", "READY"]
    assert one.keys() == [row("x", ref=US)]
    mixed = BoardRows(VIEWS["workloads"], Restriction(namespaces=("a",)))
    assert [f.title for f in mixed.fields[:3]] == ["WORKLOAD", "KIND", "SERVING"]
    assert mixed.needs == ("Deployment", "StatefulSet", "DaemonSet", "Rollout")


def test_a_namespace_restricts_and_changes_elsewhere_say_nothing() -> None:
    rows = BoardRows(PODS, Restriction(namespaces=("a",)))
    rows.update(update(picture(cluster(Pod=[pod("x"), pod("y", "b")]))), NOW)
    assert names(rows) == ["x"]
    more = picture(cluster(Pod=[pod("x"), pod("y", "b"), pod("z", "b")]))
    assert not rows.update(update(more, {(EU, "Pod"): [Key("b", "z")]}), NOW)
    assert names(rows) == ["x"]


def replica_set(name: str, deployment: str, namespace: str = "a") -> ReplicaSet:
    return ReplicaSet(
        namespace=namespace, name=name, uid=name, owner=Owner("Deployment", deployment, deployment)
    )


def owned(name: str, by: str, kind: str = "ReplicaSet", namespace: str = "a"):
    return pod(name, namespace, owner=Owner(kind, by, by))


def test_pods_of_a_deployment_come_through_its_replica_sets() -> None:
    rows = BoardRows(PODS, Restriction(owner=Subject(EU, "Deployment", "a", "web")))
    assert "ReplicaSet" in rows.needs
    pods = [
        owned("web-1-x", "web-1"),
        owned("web-api-9-y", "web-api-9"),
        pod("web-lone"),
        owned("web-1-z", "web-1", namespace="b"),
        owned("web-0", "web", "StatefulSet"),
    ]
    sets = [replica_set("web-1", "web"), replica_set("web-api-9", "web-api")]
    rows.update(update(picture(cluster(Pod=pods, ReplicaSet=sets))), NOW)
    assert names(rows) == ["web-1-x"]
    # a new ReplicaSet brings rows in although no pod changed
    pods.append(owned("odd-name", "web-2"))
    before = picture(cluster(Pod=pods, ReplicaSet=sets))
    rows.update(update(before, {(EU, "Pod"): [Key("a", "odd-name")]}), NOW)
    assert names(rows) == ["web-1-x"]
    after = picture(
        cluster(Pod=before.clusters[EU].kinds["Pod"], ReplicaSet=[*sets, replica_set("web-2", "web")])
    )
    assert rows.update(update(after, {(EU, "ReplicaSet"): [Key("a", "web-2")]}), NOW).added == {
        row("odd-name")
    }


def test_while_no_owner_is_known_the_names_decide() -> None:
    def printed(name: str) -> Provisional:
        return Provisional(namespace="a", name=name, kind="Pod", cells=(name, "1/1", "Running", "0", "5m"))

    rows = BoardRows(PODS, Restriction(owner=Subject(EU, "Deployment", "a", "web")))
    table = [printed("web-5d9c7b8f6d-abcde"), printed("web-api-5d9c7b8f6d-abcde"), printed("web-0")]
    rows.update(update(picture(cluster(Pod=table))), NOW)
    assert names(rows) == ["web-5d9c7b8f6d-abcde"]
    of_set = BoardRows(PODS, Restriction(owner=Subject(EU, "StatefulSet", "a", "web")))
    of_set.update(update(picture(cluster(Pod=table))), NOW)
    assert names(of_set) == ["web-0"]
    elsewhere = BoardRows(PODS, Restriction(owner=Subject(US, "Deployment", "a", "web")))
    elsewhere.update(update(picture(cluster(Pod=table))), NOW)
    assert len(elsewhere) == 0


def test_pods_of_a_node_and_one_that_moves_in() -> None:
    rows = BoardRows(PODS, Restriction(node="node-1"))
    x, y = pod("x"), pod("y", node="")
    rows.update(update(picture(cluster(Pod=[x, y]))), NOW)
    assert names(rows) == ["x"]
    changes = rows.update(
        update(picture(cluster(Pod=[x, altered(y, node="node-1")])), {(EU, "Pod"): [Key("a", "y")]}), NOW
    )
    assert changes.added == {row("y")}
    changes = rows.update(
        update(picture(cluster(Pod=[x, altered(y, node="n2")])), {(EU, "Pod"): [Key("a", "y")]}), NOW
    )
    assert changes.removed == {row("y")}


def test_a_server_printed_row_shows_the_printers_cells_and_has_no_uid() -> None:
    cells = ("x", "1/2", "CrashLoopBackOff", "3 (5m ago)", "2d4h", "10.0.0.9", "node-7", "<none>", "<none>")
    rows = BoardRows(PODS)
    rows.update(
        update(picture(cluster(Pod=[Provisional(namespace="a", name="x", kind="Pod", cells=cells)]))), NOW
    )
    shown = texts(rows, row("x"))
    assert [shown[t] for t in ("NAME", "NAMESPACE", "READY", "STATUS", "RESTARTS", "AGE", "NODE", "IP")] == [
        "x",
        "a",
        "1/2",
        "CrashLoopBackOff",
        "3 (5m ago)",
        "2d4h",
        "node-7",
        "10.0.0.9",
    ]
    assert rows.provisional(row("x"))
    assert rows.subject(row("x")).uid == ""
    fields = {f.id: f for f in rows.fields}
    assert rows.sort_value(row("x"), fields["restarts"]) == 3.0
    assert rows.sort_value(row("x"), fields["age"]) == 52 * 3600 - NOW
    assert fields["status"].token(rows.object(row("x")), rows.context(row("x"))) == "warn"


def test_the_object_behind_a_printed_row_changes_no_cell_that_both_have() -> None:
    cells = ("x", "1/1", "Running", "0", "119m", "10.0.0.1", "node-1", "<none>", "<none>")
    rows = BoardRows(PODS)
    rows.update(
        update(picture(cluster(Pod=[Provisional(namespace="a", name="x", kind="Pod", cells=cells)]))), NOW
    )
    before = dict(zip((f.id for f in rows.fields), rows.marks(row("x")), strict=True))
    assert rows.update(
        update(picture(cluster(Pod=[pod("x")])), {(EU, "Pod"): [Key("a", "x")]}), NOW
    ).changed == {row("x")}
    after = dict(zip((f.id for f in rows.fields), rows.marks(row("x")), strict=True))
    assert {k for k in after if after[k] != before[k]} <= {"image", "qos"}  # the printer has neither
    assert rows.subject(row("x")).uid == "uid-x"


def test_time_alone_marks_nothing_but_a_restart_does() -> None:
    rows = BoardRows(PODS)
    restarted = pod("x", statuses=(altered_status(3, NOW - 300),))
    rows.update(update(picture(cluster(Pod=[restarted]))), NOW)
    marks = rows.marks(row("x"))
    rows.at(NOW + 3600)
    assert rows.marks(row("x")) == marks
    assert texts(rows, row("x"))["RESTARTS"] == "3 (65m ago)"
    again = altered(restarted, statuses=(altered_status(4, NOW),))
    rows.update(update(picture(cluster(Pod=[again])), {(EU, "Pod"): [Key("a", "x")]}), NOW)
    assert rows.marks(row("x")) != marks


def altered_status(restarts: int, finished: float) -> ContainerStatus:
    return ContainerStatus(
        "main", ready=True, started=True, state="running", restarts=restarts, last_finished=finished
    )


def test_search_texts_are_lower_case_follow_changes_and_can_be_made_in_slices() -> None:
    rows = BoardRows(PODS)
    x = pod("x", node="Node-A", labels={"app": "web"})
    rows.update(update(picture(cluster(Pod=[x, pod("y"), pod("z")]))), NOW)
    assert not rows.prepare(2)
    assert rows.prepare(2)
    assert "node-a" in rows.search_text(row("x"))
    assert "running" in rows.search_text(row("x"))
    rows.update(
        update(
            picture(cluster(Pod=[altered(x, reason="Evicted", phase="Failed", statuses=())])),
            {(EU, "Pod"): [Key("a", n) for n in "xyz"]},
        ),
        NOW,
    )
    assert "evicted" in rows.search_text(row("x"))
    assert rows.labels(row("x")) == {"app": "web"}
    assert rows.labels(row("gone")) == {}


def deployment(name: str, image: str = "reg.example:5000/team/web:2.0") -> Deployment:
    return Deployment(
        namespace="a",
        name=name,
        uid=f"uid-{name}",
        created=NOW - 9 * 86400,
        desired=3,
        ready=2,
        updated=3,
        available=2,
        revision=7,
        template=Template(containers=(Container("main", image),)),
    )


def test_a_workload_is_loading_until_it_was_judged_and_its_verdict_changes_its_row() -> None:
    rows = BoardRows(VIEWS["workloads"])
    shown = picture(cluster(Deployment=[deployment("web")], StatefulSet=[], DaemonSet=[]))
    rows.update(update(shown), NOW)
    key = row("web", kind="Deployment")
    assert texts(rows, key)["SERVING"] == "? loading"
    assert texts(rows, key)["IMAGE"] == "web:2.0"
    subject = Subject(EU, "Deployment", "a", "web", "uid-web")
    told = WorkloadState(
        subject=subject,
        serving=Serving.DEGRADED,
        release=Release.PROGRESSING,
        message="2 of 3 updated",
        progress=0.6,
        changed_at=NOW - 720,
        revision="88",
    )
    assessment = Assessment(at=NOW, number=1, verdicts={}, workloads={subject: told})
    changes = rows.update(update(shown, {}, assessment, [subject]), NOW)
    assert changes.changed == {key}
    cells = texts(rows, key)
    assert [
        cells[t] for t in ("SERVING", "RELEASE", "REV", "READY", "UPD", "AGE", "CAUSE", "KIND", "NAMESPACE")
    ] == [
        "▲ degraded",
        "◐ moving 60 %",
        "88",
        "2/3",
        "3",
        "12m",
        "2 of 3 updated",
        "Deployment",
        "a",
    ]
    assert "degraded" in rows.search_text(key)
    assert rows.update(update(shown, {}, assessment, None), NOW).changed == {key}


def test_pods_do_not_change_because_something_was_said_of_them() -> None:
    rows = BoardRows(PODS)
    shown = picture(cluster(Pod=[pod("x")]))
    rows.update(update(shown), NOW)
    assert not rows.update(update(shown, {}, judged=[Subject(EU, "Pod", "a", "x")]), NOW)


def test_requests_on_nodes_are_followed_pod_by_pod() -> None:
    def asking(name: str, cpu: float, node: str = "n1", **over):
        return pod(
            name,
            node=node,
            containers=(Container("m", "i", resources(cpu=cpu, memory="1Gi")),),
            **over,
        )

    node = Node(
        namespace="", name="n1", uid="n1", allocatable=amounts({"cpu": "4", "memory": "8Gi", "pods": "110"})
    )
    one, two = asking("x", 1.0), asking("y", 0.5)
    rows = BoardRows(VIEWS["nodes"])
    assert rows.needs == ("Node", "Pod")
    rows.update(update(picture(cluster(Node=[node], Pod=[one, two]))), NOW)
    key = row("n1", "", kind="Node")
    nodes = cluster(Node=[node]).kinds["Node"]
    cells = texts(rows, key)
    assert (cells["CPU REQUESTED"], cells["MEMORY Gi"], cells["PODS"]) == (
        "1.5 of 4.0",
        "2.0 of 8.0",
        "2 of 110",
    )
    ended = altered(two, phase="Succeeded")
    changes = rows.update(
        update(picture(cluster(Node=nodes, Pod=[one, ended])), {(EU, "Pod"): [Key("a", "y")]}), NOW
    )
    assert changes.changed == {key}
    assert texts(rows, key)["PODS"] == "1 of 110"
    assert not rows.update(
        update(
            picture(cluster(Node=rows._sources[EU, "Node"] and seen([node]), Pod=[altered(one), ended])),
            {(EU, "Pod"): [Key("a", "x")], (EU, "Node"): []},
        ),
        NOW,
    )
    rows.update(
        update(picture(cluster(Node=[node], Pod=[])), {(EU, "Pod"): [Key("a", "x"), Key("a", "y")]}), NOW
    )
    assert texts(rows, key)["CPU REQUESTED"] == "0.0 of 4.0"


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_hostile_text_comes_out_visible_in_every_cell(kind: str) -> None:
    types = {"Deployment": Deployment, "StatefulSet": StatefulSet, "DaemonSet": DaemonSet}
    obj = types[kind](
        namespace=HOSTILE, name=HOSTILE, template=Template(containers=(Container(HOSTILE, HOSTILE),))
    )
    rows = BoardRows(view_of(kind))
    rows.update(update(picture(cluster(**{kind: [obj]}))), NOW)
    cells = texts(rows, RowKey(EU, kind, Key(HOSTILE, HOSTILE)))
    assert cells["WORKLOAD"] == cells["NAMESPACE"] == VISIBLE
    assert all("\x1b" not in text and "\u202e" not in text for text in cells.values())


# -- what the list says of itself -----------------------------------------------------------------------------------


def said(**kinds: object) -> BoardRows:
    rows = BoardRows(PODS, Restriction(namespaces=("tf-production",)))
    rows.update(update(picture(cluster(**kinds))), NOW)
    return rows


def problem(kind: ProblemKind = ProblemKind.FORBIDDEN, **over: str) -> Problem:
    return Problem(kind=kind, **({"cause": "may not list pods", "remedy": "ask for the role view"} | over))


def test_loading_and_none_look_different() -> None:
    assert BoardRows(PODS).empty == "loading pods …"
    assert said().empty == "loading pods …"
    assert said(Pod=Observation()).empty == "loading pods …"
    under_way = Observation(progress=ListProgress(1500, 10000))
    assert said(Pod=under_way).empty == "loading 1,500 of about 10,000 pods …"
    assert said(Pod=Observation(value={}, progress=ListProgress(0, None))).empty == "loading 0 pods …"
    assert said(Pod=[]).empty.startswith("No pods in tf-production: the list was read and is empty.")


def test_a_list_that_cannot_be_read_says_why_and_what_to_do() -> None:
    assert said(Pod=Observation(problem=problem())).empty == (
        "? The pods of eu-1 cannot be read: may not list pods; ask for the role view."
    )
    assert said(Pod=Observation(problem=problem())).unread and not said(Pod=[]).unread
    assert says.count(0, 0, "pods", unread=True) == "? pods" and says.count(0, 0, "pods") == "0 pods"
    absent = problem(ProblemKind.NOT_SERVED, cause="the API is not served", remedy="")
    assert said(Pod=Observation(problem=absent)).empty == "No pods in eu-1: the API is not served."
    assert not said(Pod=Observation(problem=absent)).unread  # there can be none


def test_hidden_namespaces_are_named_with_their_reason() -> None:
    partly = seen([], hidden=("b", "c"), problem=problem())
    rows = said(Pod=partly)
    assert rows.hidden == "2 namespaces hidden: b, c (may not list pods)" and rows.unread
    assert rows.empty == f"No pods in tf-production that you may see: {rows.hidden}."


def test_emptiness_of_a_workload_or_node_says_so() -> None:
    of = BoardRows(PODS, Restriction(owner=Subject(EU, "StatefulSet", "a", "db")))
    of.update(update(picture(cluster(Pod=[pod("x")]))), NOW)
    assert of.empty.startswith("No pods of db: it has created none.")
    on = BoardRows(PODS, Restriction(node="n9"))
    on.update(update(picture(cluster(Pod=[pod("x")]))), NOW)
    assert on.empty == "No pods on n9: nothing has been scheduled there."
    assert BoardRows(PODS).seen == []


def test_freshness_is_the_worst_of_all_sources_and_names_its_cluster() -> None:
    rows = BoardRows(PODS)
    old = seen([pod("x")], observed_at=NOW - 47, interval=20.0)
    rows.update(update(picture(cluster(Pod=[pod("x")]), cluster(US, Pod=old))), NOW)
    assert rows.freshness[:2] == ("us-1: ? 47s old", "old")
    dead = seen(
        [pod("x")],
        observed_at=NOW - 240,
        problem=problem(ProblemKind.UNREACHABLE, cause="connection refused"),
    )
    rows.update(update(picture(cluster(Pod=dead), cluster(US, Pod=old))), NOW)
    assert rows.freshness[:2] == ("eu-1: ? 4m old: connection refused", "dead")
    assert rows.empty == ""
    assert len(rows) == 2


def test_an_object_with_an_odd_value_is_a_row_that_says_so() -> None:
    odd = Unreadable(namespace="a", name="odd", kind="Deployment", cells=(), field="spec.replicas")
    rows = BoardRows(VIEWS["workloads"])
    rows.update(update(picture(cluster(Deployment=seen([odd])))), NOW)
    (row,) = rows.keys()
    cells = {field.title: rows.text(row, field) for field in rows.fields}
    assert cells["WORKLOAD"] == "odd  ? unreadable: spec.replicas"
    assert (cells["SERVING"], cells["RELEASE"]) == ("? unreadable", "? unreadable")
    assert set(rows.levels(row)) == {Level.UNKNOWN}
    assert rows.subject(row).uid == "" and rows.provisional(row), "no action is offered on it"
    assert "unreadable" in rows.search_text(row)


def test_a_release_that_must_roll_back_is_so_in_the_list_of_workloads_too() -> None:
    release = cw.release(cw.CHECKOUT._replace(kind="Rollout"), serving=Serving.OK)
    rollout = Rollout(namespace=release.subject.namespace, name=release.subject.name)
    for said, word in ((cw.PASS, "paused"), (cw.BREACH, "BREACH")):
        told = cw.assessed((release, said))
        context = Context(now=NOW, cluster=release.subject.cluster, kind="Rollout", assessment=told)
        assert release_state(rollout, context).word == word
