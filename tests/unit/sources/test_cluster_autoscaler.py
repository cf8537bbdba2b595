"""What the cluster-autoscaler says of itself, as YAML and as text: the formats are those of kubernetes/autoscaler, cluster-autoscaler/
clusterstate/api/types.go and the status_test.yaml beside it (1.30 and later) and api/utils.go (before)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.playbook.making import NOW, REF
from tests.unit.sources.usage.test_source import FakeBoard
from tfdash.clock import FixedClock
from tfdash.model.autoscaling import STATUS, NodeGroup
from tfdash.model.kube import Unreadable
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.requests import Document, ReadFailed
from tfdash.model.subject import Subject
from tfdash.playbook.staleness import unread
from tfdash.sources.cluster_autoscaler.settings import ClusterAutoscalerSettings
from tfdash.sources.cluster_autoscaler.source import ClusterAutoscalerSource
from tfdash.sources.cluster_autoscaler.status import parsed

TEXT = (Path(__file__).parents[2] / "fixtures" / "cluster_autoscaler_text.txt").read_text("utf-8")
YAML = """\
time: "2023-11-24 04:28:19.546750398 +0000 UTC"
message: "m"
autoscalerStatus: "Running"
clusterWide:
  health:
    status: "Healthy"
    nodeCounts: {registered: {total: 11, ready: 4, notStarted: 3, unready: {total: 2}}, longUnregistered: 1}
  scaleUp: {status: "NoActivity", lastTransitionTime: "2023-11-23T14:52:02Z"}
nodeGroups:
  - name: "sample-node-group"
    health:
      status: "Healthy"
      nodeCounts: {registered: {total: 11, ready: 4}}
      cloudProviderTarget: 8
      minSize: 2
      maxSize: 12
    scaleUp:
      status: "Backoff"
      backoffInfo: {errorCode: "QUOTA_EXCEEDED", errorMessage: "Quota 'CPUS' exceeded. Limit: 57.0"}
      lastTransitionTime: "2023-11-23T14:52:02Z"
"""


def utc(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()


def test_yaml() -> None:
    found = parsed(YAML, STATUS)
    assert (found.at, found.running, found.said) == (utc(2023, 11, 24, 4, 28, 19), "Running", "m")
    assert (found.health, found.scale_up) == ("Healthy", "NoActivity")
    assert found.groups == (
        NodeGroup(
            name="sample-node-group",
            health="Healthy",
            ready=4,
            registered=11,
            target=8,
            least=2,
            most=12,
            scale_up="Backoff",
            since=utc(2023, 11, 23, 14, 52, 2),
            error="QUOTA_EXCEEDED",
            why="Quota 'CPUS' exceeded. Limit: 57.0",
        ),
    )


def test_text() -> None:
    found = parsed(TEXT, STATUS)
    assert (found.at, found.running) == (utc(2022, 6, 12, 12, 11, 2), "Running")
    assert (found.health, found.scale_up) == ("Healthy", "InProgress")
    first, second = found.groups
    assert first == NodeGroup(
        name="eks-large: spot",
        health="Healthy",
        ready=2,
        registered=2,
        target=3,
        least=1,
        most=3,
        scale_up="Backoff",
        since=utc(2022, 6, 12, 12, 10, 50),
    )
    assert (second.name, second.target, second.most, second.scale_up) == ("eks-small", 3, 9, "NoActivity")


@pytest.mark.parametrize(
    ("text", "running", "at"),
    [
        ("Cluster-autoscaler status at 2021-01-27 21:57:30.46 +0100 CET:\nInitializing", "Initializing", 20),
        ('autoscalerStatus: Initializing\ntime: "2021-01-27 21:57:30 +0100 CET"\n', "Initializing", 20),
        ("autoscalerStatus: Initializing\ntime: 2021-01-27T20:57:30Z\n", "Initializing", 20),
    ],
)
def test_what_has_only_begun(text: str, running: str, at: int) -> None:
    found = parsed(text, STATUS)
    assert (found.running, found.at, found.groups) == (running, utc(2021, 1, 27, at, 57, 30), ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "just words",
        "- a\n- b",
        "a: 1",
        "nodeGroups: 3",
        "time: x\nnodeGroups: [{health: {maxSize: -1}}]",
    ],
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no YAML|no status|no count"):
        parsed(text, STATUS)


@pytest.mark.parametrize("text", ["time: soon", "time: x\nnodeGroups: {a: 1}\nclusterWide: []", "time:"])
def test_what_is_odd_in_it_is_not_said(text: str) -> None:
    assert (parsed(text, STATUS).at, parsed(text, STATUS).groups) == (0.0, ())


def looked(*answers: Any) -> FakeBoard:
    """The board after the source looked so often."""
    board, coming = FakeBoard(), list(answers)

    async def read(subject: Subject) -> Document:
        assert subject == Subject(REF, "ConfigMap", "kube-system", "cluster-autoscaler-status")
        answer = coming.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Document(subject, answer, NOW)

    source = ClusterAutoscalerSource(REF, ClusterAutoscalerSettings(), FixedClock(NOW), read)

    async def look() -> None:
        for _ in answers:
            await source._look(board)

    asyncio.run(look())
    assert not coming
    return board


def failed(kind: ProblemKind) -> ReadFailed:
    return ReadFailed(Problem(kind=kind, cause="why"))


FOUND = {"data": {"status": YAML}}


def test_what_it_says_is_in_the_picture() -> None:
    board = looked(FOUND, FOUND)
    seen = board.picture.clusters[REF].kinds["ClusterAutoscaler"]
    assert seen.value == {STATUS: parsed(YAML, STATUS)}
    assert [len(p or ()) for p in board.puts] == [1, 0], "the same again is no news"
    assert (board.said[-1].problem, board.said[-1].absent) == (None, False)


@pytest.mark.parametrize("answer", [{}, {"data": {}}, {"data": {"status": 3}}, {"data": {"status": "x"}}])
def test_an_odd_one_is_unreadable_and_named(answer: dict[str, Any]) -> None:
    seen = looked(answer).picture.clusters[REF].kinds["ClusterAutoscaler"]
    assert seen.value is not None
    [found] = seen.value.values()
    assert isinstance(found, Unreadable) and found.field.startswith("data.status: it ")


def test_none_is_nothing_wrong() -> None:
    board = looked(FOUND, failed(ProblemKind.NOT_SERVED))
    seen = board.picture.clusters[REF].kinds["ClusterAutoscaler"]
    assert (seen.value, seen.complete, unread(seen)) == ({}, True, None)
    assert board.said[-1].absent


def test_one_that_may_not_be_read_is_not_known_and_nothing_wrong() -> None:
    board = looked(failed(ProblemKind.FORBIDDEN))
    why = unread(board.picture.clusters[REF].kinds["ClusterAutoscaler"])
    assert why is not None and not why.absent
    assert board.said[-1].absent, "the row says so, and asks for nobody"


def test_a_failed_read_keeps_what_was_read() -> None:
    board = looked(FOUND, failed(ProblemKind.TIMEOUT))
    seen = board.picture.clusters[REF].kinds["ClusterAutoscaler"]
    assert seen.value and seen.problem is not None and not board.said[-1].absent
