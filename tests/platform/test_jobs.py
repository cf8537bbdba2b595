"""Jobs on the real controllers: what fails, what waits, what ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.stages import LABEL
from tests.platform.test_platform import KINDS, REF, board_on
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import CauseCode
from tfdash.sources.base import ALL

pytestmark = pytest.mark.platform
SPACE = "tf-jobs"
JOBS = f"/apis/batch/v1/namespaces/{SPACE}/jobs"


@pytest.fixture(scope="module")
def board(cluster: Cluster) -> Iterator[Board]:
    world.add_nodes(cluster, 5)
    world.add_namespaces(cluster, SPACE)
    board = board_on(cluster, "viewer")
    board.want("test", dict.fromkeys(KINDS, ALL))
    board.start()
    until(lambda: not board.unsettled(), "the first lists")
    yield board
    board.stop()


def job_spec(name: str, case: str = "", **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": f"registry.example.com/{name}:1.0.0"}
    template = {
        "metadata": {"labels": {"app": name, **({LABEL: case} if case else {})}},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }
    return {"template": template, "backoffLimit": 0, **spec}


def job(name: str, case: str = "", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": SPACE}, "spec": job_spec(name, case, **spec)}


def verdict(board: Board, kind: str, name: str) -> Verdict | None:
    said = board.assessment.verdicts.get(Subject(REF, kind, SPACE, name), ())
    return said[0] if said else None


def is_so(board: Board, kind: str, name: str, level: Level, code: CauseCode | None, words: str = "") -> None:
    def there() -> bool:
        told = verdict(board, kind, name)
        return (
            told is not None
            and (told.level, told.cause.code if told.cause else None) == (level, code)
            and words in told.sentence
        )

    until(there, lambda: f"{name} to be {level.name} {code}: {verdict(board, kind, name)}")


def test_jobs_that_fail_wait_or_end(cluster: Cluster, board: Board) -> None:
    greedy = job("greedy")
    greedy["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "900000"}}
    made = (job("dies", "failed"), job("pulls", "image-pull"), job("ends"), job("held", suspend=True), greedy)
    made += (
        job("elsewhere", managedBy="example.com/queue"),
        job(
            "enough",
            completions=2,
            parallelism=1,
            completionMode="Indexed",
            successPolicy={"rules": [{"succeededCount": 1}]},
        ),
    )
    world.create(cluster, JOBS, *made)
    reached = "BackoffLimitExceeded: Job has reached the specified backoff limit"
    words = f"dies: {reached}; container main failed in 1 pod: last exit 3: no such table"
    is_so(board, "Job", "dies", Level.WARN, CauseCode.FAILED, words)
    is_so(board, "Job", "pulls", Level.WARN, CauseCode.IMAGE_PULL, "ImagePullBackOff")
    is_so(board, "Job", "greedy", Level.WARN, CauseCode.UNSCHEDULABLE, "Insufficient cpu")
    is_so(board, "Job", "ends", Level.IDLE, None, "is complete")
    is_so(board, "Job", "held", Level.IDLE, None, "is suspended")
    is_so(board, "Job", "enough", Level.IDLE, None, "is complete")
    is_so(
        board,
        "Job",
        "elsewhere",
        Level.WARN,
        CauseCode.GENERATION,
        "is its controller example.com/queue alive?",
    )
    says = {
        name: cluster.kubectl(
            "get", f"job/{name}", "-n", SPACE, "-o", "jsonpath={.status.conditions[*].type}"
        )
        for name in ("dies", "ends", "held", "pulls", "enough", "elsewhere")
    }
    assert says["enough"].startswith("SuccessCriteriaMet") and says["elsewhere"] == ""
    assert "Failed" in says["dies"] and "Complete" in says["ends"]
    assert (says["held"], says["pulls"]) == ("Suspended", "")
    section = next(s for s in board.assessment.sections if s.id == "jobs")
    assert (section.level, section.target) == (Level.WARN, "jobs")
