"""From JSON to the model: conversions at their edges, sharing, and malformed items."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tfdash.model.kube import Pod
from tfdash.model.subject import Key
from tfdash.sources.kubernetes.codec import Codec
from tfdash.sources.kubernetes.decoders.common import quantity, seconds


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
        ("", None),
        ("x", None),
        (None, None),
        (3, 3.0),
    ],
)
def test_quantities(text: Any, value: float | None) -> None:
    assert quantity(text) == (pytest.approx(value) if value is not None else None)


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
        _, [found] = Codec(kind).page(page(pod("x")))
        assert (found.namespace, found.name, type(found).KIND) == ("a", "x", kind)


def test_a_malformed_item_costs_itself_alone() -> None:
    codec = Codec("Pod")
    bad = pod("bad", status={"phase": 7})
    meta, found = codec.page(page(pod("x"), bad, pod("y")))
    assert (meta.resource_version, meta.remaining_item_count) == ("9", 4)
    assert [o.name for o in found] == ["x", "y"]
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
