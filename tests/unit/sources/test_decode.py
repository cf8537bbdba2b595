"""From JSON to the model: conversions at their edges, sharing, and malformed items."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tfdash.model.kube import Pod, Provisional, Unreadable
from tfdash.model.subject import Key
from tfdash.sources.kubernetes.codec import Codec
from tfdash.sources.kubernetes.decoders.common import number, seconds
from tfdash.sources.kubernetes.malformed import Malformed, named, why_odd


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("250m", 0.25),
        ("2", 2.0),
        ("64Mi", 64 * 2**20),
        ("1e3", 1000.0),
        ("1500M", 1.5e9),
        ("100n", 1e-7),
        ("1E", 1e18),
        (None, None),
        (3, 3.0),
    ],
)
def test_quantities(text: Any, value: float | None) -> None:
    assert number(text) == (pytest.approx(value) if value is not None else None)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1970-01-01T00:00:01Z", 1.0), ("1970-01-01T00:00:01.5+00:00", 1.5), ("", 0.0), (None, 0.0), ("?", 0.0)],
)
def test_times(text: str | None, value: float) -> None:
    assert seconds(text) == value


def pod(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "a", "resourceVersion": "1", "labels": {"app": "x"}},
        **changes,
    }


def page(*items: Any) -> bytes:
    return json.dumps(
        {"kind": "PodList", "metadata": {"resourceVersion": "9", "remainingItemCount": 4}, "items": items}
    ).encode()


def test_labels_and_containers_are_shared() -> None:
    spec = {"containers": [{"name": "m", "image": "i", "resources": {"limits": {"memory": "1Gi"}}}]}
    _, [one, two] = Codec("Pod").page(page(pod("x", spec=spec), pod("y", spec=spec)))
    assert isinstance(one, Pod)
    assert isinstance(two, Pod)
    assert one.labels is two.labels
    assert one.containers is two.containers
    assert one.containers[0].resources.memory_limit == 2**30


def test_of_secrets_that_are_mounted_the_names_are_kept_and_shared() -> None:
    volumes = [
        {"name": "tls", "secret": {"secretName": "web-tls"}},
        {
            "name": "token",
            "projected": {"sources": [{"serviceAccountToken": {}}, {"secret": {"name": "ca"}}]},
        },
        {"name": "files", "configMap": {"name": "web"}},
        {"name": "again", "secret": {"secretName": "web-tls"}},
        {"name": "odd", "secret": {}},
    ]
    _, [one, two, none] = Codec("Pod").page(
        page(pod("x", spec={"volumes": volumes}), pod("y", spec={"volumes": volumes}), pod("z"))
    )
    assert isinstance(one, Pod) and isinstance(two, Pod) and isinstance(none, Pod)
    assert one.secrets == ("ca", "web-tls") and one.secrets is two.secrets
    assert none.secrets == ()


def test_an_empty_object_has_defaults() -> None:
    for kind in (
        "Pod",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "Job",
        "CronJob",
        "Node",
        "Namespace",
        "Event",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "Service",
        "EndpointSlice",
    ):
        _, [found] = Codec(kind).page(page(pod("x")).replace(b"PodList", f"{kind}List".encode()))
        assert (found.namespace, found.name, type(found).KIND) == ("a", "x", kind)


def test_what_is_true_of_a_pod_is_kept_of_its_readiness_and_its_gates_alone() -> None:
    names = ("PodScheduled", "Ready", "lb/ok", "mesh/ok")
    status = {"conditions": [{"type": name, "status": "True"} for name in names]}
    _, [found] = Codec("Pod").page(
        page(pod("x", spec={"readinessGates": [{"conditionType": "lb/ok"}]}, status=status))
    )
    assert isinstance(found, Pod)
    assert [c.type for c in found.conditions] == ["Ready", "lb/ok"]


def test_a_malformed_item_costs_itself_alone() -> None:
    codec = Codec("Pod")
    bad = pod("bad", status={"phase": 7})
    meta, found = codec.page(page(pod("x"), bad, pod("y")))
    assert (meta.resource_version, meta.remaining_item_count) == ("9", 4)
    assert [o.name for o in found] == ["x", "bad", "y"]
    assert list(codec.malformed) == [Key("a", "bad")]
    codec.item(msgspec.Raw(json.dumps(pod("bad")).encode()))
    assert codec.malformed == {}


def test_a_five_megabyte_annotation_and_hostile_names_are_no_matter() -> None:
    huge = pod("\x1b[2J\u202e[bold]x", spec={})
    huge["metadata"]["annotations"] = {"note": "x" * 5_000_000}
    _, [found] = Codec("Pod").page(page(huge))
    assert found.name == "\x1b[2J\u202e[bold]x"


def test_what_is_no_list_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        Codec("Pod").page(b"<html>garbage")


@pytest.mark.parametrize(
    ("kind", "odd", "field"),
    [
        ("Pod", {"status": {"phase": 7}}, "status.phase: Expected `str`, got `int`"),
        (
            "Pod",
            {"status": {"containerStatuses": [{"restartCount": -1}]}},
            "status.containerStatuses[0].restartCount",
        ),
        ("Deployment", {"spec": {"replicas": "3"}}, "spec.replicas: Expected `int | null`, got `str`"),
        ("Deployment", {"spec": {"replicas": -3}}, "spec.replicas: Expected `int` >= 0"),
        ("Deployment", {"spec": {"replicas": 10**30}}, "spec.replicas"),
        ("Deployment", {"status": {"availableReplicas": 2**31}}, "status.availableReplicas"),
        ("Deployment", {"metadata": {"name": "bad", "namespace": "a", "labels": 1}}, "metadata.labels"),
        ("Deployment", {"kind": "ConfigMap"}, "kind: it is a ConfigMap"),
        ("StatefulSet", {"spec": {"volumeClaimTemplates": [{"metadata": 1}]}}, "attribute"),
        ("HorizontalPodAutoscaler", {"spec": {"maxReplicas": "many"}}, "spec.maxReplicas"),
        (
            "HorizontalPodAutoscaler",
            {
                "spec": {
                    "metrics": [
                        {
                            "type": "Resource",
                            "resource": {"target": {"type": "Utilization", "averageUtilization": "x"}},
                        }
                    ]
                }
            },
            "averageUtilization: 'x' is no number",
        ),
        ("Rollout", {"spec": {"replicas": "many"}}, "replicas: 'many' is no number"),
        ("Rollout", {"spec": {"replicas": -1}}, "replicas: -1 is no count"),
        (
            "Canary",
            {"spec": {"analysis": {"iterations": 2**40}}},
            "iterations: 1,099,511,627,776 are more than",
        ),
    ],
)
def test_an_odd_value_is_a_row_that_says_which(kind: str, odd: dict[str, Any], field: str) -> None:
    codec = Codec(kind)
    good = pod("good")
    _, found = codec.page(page(good, {**pod("bad"), **odd}).replace(b"PodList", f"{kind}List".encode()))
    assert [(o.namespace, o.name) for o in found] == [("a", "good"), ("a", "bad")]
    assert not isinstance(found[0], Provisional)
    assert isinstance(found[1], Unreadable)
    assert field in found[1].field
    assert (found[1].kind, found[1].uid) == (kind, ""), "no action is offered on it"
    assert (codec.unreadable, codec.lost) == (1, 0)
    assert codec.gone(msgspec.Raw(json.dumps(pod("bad")).encode())) == Key("a", "bad")
    assert codec.unreadable == 0


@pytest.mark.parametrize(
    "item",
    [{}, None, 7, "x", [], {"metadata": {}}, {"metadata": None}, {"metadata": {"name": ""}}, {"spec": {}}],
)
def test_an_item_without_a_name_is_counted(item: Any) -> None:
    codec = Codec("Deployment")
    _, found = codec.page(page(pod("x"), item).replace(b"PodList", b"DeploymentList"))
    assert [o.name for o in found] == ["x"]
    assert codec.unreadable == codec.lost == 1
    codec.begin()
    assert codec.unreadable == 0


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"kind": "PodList", "metadata": {}, "items": None}, "items is null"),
        ({"kind": "PodList", "metadata": {}}, "items is null or left out"),
        ({"kind": "ConfigMapList", "metadata": {}, "items": []}, "a ConfigMapList came"),
        ({"kind": "Status", "metadata": {}, "items": []}, "a Status came"),
    ],
)
def test_what_is_no_list_of_the_kind_is_no_empty_list(body: dict[str, Any], why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=why):
        Codec("Pod").page(json.dumps(body).encode())


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"name": "x", "namespace": "a", "resourceVersion": "7"}, (Key("a", "x"), "7")),
        ({"name": "x"}, (Key("", "x"), "")),  # of no namespace
        ({"name": "x", "resourceVersion": 7}, (Key("", "x"), "")),
        ({"name": 7, "namespace": "a"}, None),
        ({"name": "x", "namespace": 7}, None),
        ({"name": "", "namespace": "a"}, None),
        ({"namespace": "a"}, None),
        ([], None),
    ],
)
def test_whose_an_odd_item_is(metadata: Any, told: tuple[Key, str] | None) -> None:
    assert named(msgspec.Raw(json.dumps({"metadata": metadata}).encode())) == told


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"metadata": {"name": "\xff"}}', b"{}"])
def test_what_is_no_object_is_nobodys(raw: bytes) -> None:
    assert named(msgspec.Raw(raw)) is None


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ValueError("Expected `int`, got `str` - at `$.spec.replicas`"), "spec.replicas: Expected `int`, got `str`"),
        (ValueError("Expected `object`, got `int` - at `$`"), "the object: Expected `object`, got `int`"),
        (ValueError("no number"), "no number"),
        (ValueError(), "ValueError"),
    ],
)  # fmt: skip
def test_why_it_is_odd(error: Exception, why: str) -> None:
    assert why_odd(error) == why


def test_odd_items_are_counted_with_those_that_have_no_name_and_the_newest_stands_last() -> None:
    kept = Malformed("Pod")
    raws = {name: msgspec.Raw(json.dumps(pod(name)).encode()) for name in ("x", "y", "")}
    for name, why in (("x", "one"), ("y", "two"), ("x", "three"), ("", "four"), ("", "five")):
        row = kept.odd(raws[name], ValueError(why))
        expected = Unreadable(namespace="a", name=name, resource_version="1", kind="Pod", cells=(), field=why)
        assert row == (expected if name else None)
    assert list(kept.malformed.items()) == [(Key("a", "y"), "two"), (Key("a", "x"), "three")]
    assert (kept.lost, kept.unreadable) == (2, 4)
    kept.is_read(Key("a", "y"))
    kept.is_read(Key("a", "z"))
    assert (list(kept.malformed), kept.unreadable) == ([Key("a", "x")], 3)
    kept.begin()
    assert (kept.malformed, kept.lost, kept.unreadable) == ({}, 0, 0)
