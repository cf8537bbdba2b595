"""The rule of a claim at its edges: its phase, its resize, how full its volume is, and who does not tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import NOW, picture, pod
from tfdash.judging.judge import judge_all
from tfdash.model.capacity import PersistentVolumeClaim
from tfdash.model.kube import Condition, Object, Owner
from tfdash.model.kubecluster import Event
from tfdash.model.usage import VolumeUsage
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.resources.volume import ID
from tfdash.quantities import parse

GI = float(2**30)
RUNS = pod("db-0", phase="Running", claims=("data",), created=NOW - 9000, started=NOW - 9000)
NEW = pod("db-0", phase="Running", claims=("data",), created=NOW - 100, started=NOW - 90)
WAITS = pod("db-0", phase="Pending", claims=("data",), created=NOW - 30, node="")


def claim(**over: Any) -> PersistentVolumeClaim:
    given: dict[str, Any] = {
        "uid": "c",
        "created": NOW - 9000,
        "phase": "Bound",
        "volume": "pv",
        "asked": parse("100Gi"),
        "capacity": parse("100Gi"),
    }
    return PersistentVolumeClaim(namespace="a", name="data", **(given | over))


def usage(**over: Any) -> VolumeUsage:
    given: dict[str, Any] = {
        "at": NOW - 60,
        "current_until": NOW + 840,
        "used": 50 * GI,
        "capacity": 100 * GI,
    }
    return VolumeUsage(namespace="a", name="data", **(given | over))


def judged(*objects: Object) -> Verdict:
    told = judge_all(picture(*objects), NOW).verdicts
    [said] = [v for subject, some in told.items() for v in some if v.rule == ID and subject.name == "data"]
    return said


FILL: list[tuple[dict[str, Any], Level, str]] = [
    ({"used": 79.99 * GI}, Level.OK, "79.99 % used, 80Gi of 100Gi"),
    ({"used": 80 * GI}, Level.WARN, "80 % used, 80Gi of 100Gi: alert at 80 %"),
    ({"used": 81 * GI}, Level.WARN, "81 % used, 81Gi of 100Gi: alert at 80 %"),
    ({"used": 100 * GI}, Level.BREACH, "100 % used, 100Gi of 100Gi, full: nothing more can be written"),
    ({"used": 0.0}, Level.OK, "0 % used, 0 of 100Gi"),
    # inodes: none are told, or the file system has none
    ({"inodes": 0.0, "inodes_used": 0.0}, Level.OK, "50 % used, 50Gi of 100Gi"),
    ({"inodes": 100.0}, Level.OK, "50 % used, 50Gi of 100Gi"),
    (
        {"inodes": 10_000.0, "inodes_used": 7_999.0},
        Level.OK,
        "50 % used, 50Gi of 100Gi; 79.99 % of its inodes used, 7999 of 10000",
    ),
    (
        {"inodes": 10_000.0, "inodes_used": 8_000.0},
        Level.WARN,
        "80 % of its inodes used, 8000 of 10000: alert at 80 %",
    ),
    (
        {"inodes": 100.0, "inodes_used": 100.0},
        Level.BREACH,
        "100 % of its inodes used, 100 of 100, none is left: no file more can be made",
    ),
    # days left: of what grows alone, and not of what is known for less than a day
    (
        {"grows": 2 * GI / 86_400, "seen": 6 * 86_400.0},
        Level.OK,
        "50 % used, 50Gi of 100Gi, 25 days left as it grew over 6 d (2Gi a day, median slope)",
    ),
    (
        {"used": 90 * GI, "grows": 4 * GI / 86_400, "seen": 7 * 86_400.0},
        Level.WARN,
        "90 % used, 90Gi of 100Gi: alert at 80 %, 2.5 days left as it grew over 7 d (4Gi a day, median slope)",
    ),
    ({"grows": 1.0, "seen": 86_400.0}, Level.OK, "50 % used, 50Gi of 100Gi, more than 1000 days left"),
    ({"grows": 0.0, "seen": 6 * 86_400.0}, Level.OK, "50 % used, 50Gi of 100Gi"),
    ({"grows": -5.0, "seen": 6 * 86_400.0}, Level.OK, "50 % used, 50Gi of 100Gi"),
    ({"grows": None, "seen": 80_000.0}, Level.OK, "50 % used, 50Gi of 100Gi"),
]


@pytest.mark.parametrize(("over", "level", "words"), FILL)
def test_how_full_it_is(over: dict[str, Any], level: Level, words: str) -> None:
    said = judged(claim(), RUNS, usage(**over))
    assert (said.level, said.sentence, said.unknown) == (level, f"data: {words}", None)
    assert (said.limit, said.band, said.unit) == (100.0, (None, 80.0), "%")


def since(kind: str, seconds: float, **over: Any) -> tuple[Condition, ...]:
    return (Condition(kind, "True", since=NOW - seconds, **over),)


GROWN = {"asked": parse("200Gi")}
PHASE: list[tuple[dict[str, Any], tuple[Object, ...], Level, str]] = [
    ({"phase": "Terminating", "deleting": NOW - 5}, (), Level.IDLE, "is being deleted"),
    ({"phase": "Lost"}, (), Level.BREACH, "is lost: its volume pv is not there any more"),
    ({"phase": "Pending", "volume": ""}, (), Level.IDLE, "has no volume yet, and no pod that wants it"),
    (
        {"phase": "Pending", "volume": ""},
        (WAITS,),
        Level.MOVING,
        "has no volume yet, and pod db-0 waits for it",
    ),
    (
        {"phase": "Pending", "volume": ""},
        (pod("db-0", phase="Pending", claims=("data",), created=NOW - 120),),
        Level.WARN,
        "has no volume yet, and pod db-0 waits for it",
    ),
    (
        {"phase": "Pending", "volume": ""},
        (
            Event(
                namespace="a",
                name="e",
                type="Warning",
                reason="ProvisioningFailed",
                message='storageclass "fast" not found',
                involved_uid="c",
            ),
        ),
        Level.WARN,
        'gets no volume: storageclass "fast" not found',
    ),
    (
        GROWN | {"conditions": since("FileSystemResizePending", 60)},
        (RUNS, usage()),
        Level.MOVING,
        "its file system waits to be resized to 200Gi: a node does that where a pod mounts it",
    ),
    (
        GROWN | {"conditions": since("FileSystemResizePending", 600)},
        (RUNS, usage()),
        Level.WARN,
        "its file system waits to be resized to 200Gi: a node does that where a pod mounts it",
    ),
    (
        GROWN | {"conditions": since("Resizing", 5)},
        (RUNS, usage()),
        Level.MOVING,
        "its volume is being resized to 200Gi",
    ),
    (GROWN, (RUNS, usage()), Level.MOVING, "its resize to 200Gi has not begun"),
    (
        GROWN | {"conditions": since("ControllerResizeError", 5, message="too large")},
        (RUNS, usage()),
        Level.WARN,
        "its resize fails: too large",
    ),
]


@pytest.mark.parametrize(("over", "others", "level", "words"), PHASE)
def test_whether_it_has_what_it_asks_for(
    over: dict[str, Any], others: tuple[Object, ...], level: Level, words: str
) -> None:
    said = judged(claim(**over), *others)
    assert (said.level, said.sentence) == (level, f"data: {words}")


UNTOLD: list[tuple[dict[str, Any], tuple[Object, ...], Level, str, UnknownKind | None]] = [
    ({"volume_mode": "Block"}, (RUNS,), Level.IDLE, "a block device: what is in it nobody tells", None),
    ({}, (), Level.IDLE, "no pod runs with it, so that nobody tells how full it is", None),
    ({}, (WAITS,), Level.IDLE, "no pod runs with it, so that nobody tells how full it is", None),
    ({}, (NEW,), Level.MOVING, "its pod has just begun, how full it is was not measured yet", None),
    (
        {},
        (RUNS,),
        Level.IDLE,
        "how full it is is not watched: no Prometheus is asked for it",
        UnknownKind.NOT_WATCHED,
    ),
    (
        {"owner": Owner("Pod", "db-0", "p")},
        (),
        Level.IDLE,
        "how full it is is not watched: no Prometheus is asked for it",
        UnknownKind.NOT_WATCHED,
    ),
    (
        {},
        (RUNS, VolumeUsage(namespace="a", name="other")),
        Level.UNKNOWN,
        "how full it is is not known: Prometheus has no such series of it (not every CSI driver tells)",
        UnknownKind.NO_DATA,
    ),
    (
        {},
        (RUNS, usage(capacity=None)),
        Level.UNKNOWN,
        "how full it is is not known: Prometheus has no such series of it (not every CSI driver tells)",
        UnknownKind.NO_DATA,
    ),
    (
        {},
        (RUNS, usage(at=NOW - 2000, current_until=NOW)),
        Level.UNKNOWN,
        "how full it is was not proven current since 08:13 EST",
        UnknownKind.STALE,
    ),
]


@pytest.mark.parametrize(("over", "others", "level", "words", "unknown"), UNTOLD)
def test_what_nobody_tells_is_never_well(
    over: dict[str, Any], others: tuple[Object, ...], level: Level, words: str, unknown: UnknownKind | None
) -> None:
    said = judged(claim(**over), *others)
    assert (said.level, said.sentence, said.unknown) == (level, f"data: {words}", unknown)
