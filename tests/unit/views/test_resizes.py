"""What is said of pods that are resized in place, or wait for it, as the kubelet writes it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.actions.things import REF, picture
from tfdash.model.subject import Subject
from tfdash.views.resources.resizes import resize_lines


def pod(name: str, *conditions: tuple[str, ...]) -> dict[str, Any]:
    told = [dict(zip(("type", "status", "reason", "message"), c, strict=False)) for c in conditions]
    meta = {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": "2026-11-20T10:00:00Z"}
    spec = {"containers": [{"name": "main", "image": "main:1"}]}
    return {"kind": "Pod", "metadata": meta, "spec": spec, "status": {"phase": "Running", "conditions": told}}


def said(found: dict[str, Any]) -> list[str]:
    cluster = picture([found]).clusters[REF]
    lines = resize_lines(cluster, Subject(REF, "Pod", "shop", found["metadata"]["name"]))
    return ["".join(cell if isinstance(cell, str) else cell[0] for cell in line) for line in lines]


PENDING, MOVING, READY = "PodResizePending", "PodResizeInProgress", ("Ready", "True")


@pytest.mark.parametrize(
    ("conditions", "lines"),
    [
        ((READY,), []),
        ((READY, (PENDING, "True", "Deferred")), [" resize   ‖ Deferred  web-1: no room on its node now"]),
        (
            ((PENDING, "True", "Infeasible", "Node didn't have enough capacity: cpu, requested: 9000"),),
            [" resize   ▲ Infeasible  web-1: Node didn't have enough capacity: cpu, requested: 9000"],
        ),
        (((MOVING, "True"),), [" resize   ◐ InProgress  web-1: its node is at it"]),
        (((MOVING, "True", "Error", "no cgroup"),), [" resize   ▲ Error  web-1: no cgroup"]),
        (  # one is carried out while the next waits
            ((MOVING, "True"), (PENDING, "True", "Deferred", "later")),
            [" resize   ‖ Deferred  web-1: later", " resize   ◐ InProgress  web-1: its node is at it"],
        ),
        (((PENDING, "False", "Deferred"),), []),
        (((PENDING, "True"),), [" resize   ◐ Pending  web-1"]),
    ],
)  # fmt: skip
def test_each_state_in_the_kubelets_words(conditions: tuple[tuple[str, ...], ...], lines: list[str]) -> None:
    assert said(pod("web-1", *conditions)) == lines
