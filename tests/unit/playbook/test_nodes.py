"""The rule of a node: every condition that counts, and which of two is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import NOW, REF, condition, picture
from tfdash.judging.judge import judge_all
from tfdash.model.kubecluster import Node
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict

READY = condition("Ready", "True", since=NOW - 500)


def verdict(*conditions: Any, **fields: Any) -> Verdict:
    node = Node(namespace="", name="n1", conditions=conditions, **fields)
    [found] = judge_all(picture(node), NOW).verdicts.values()
    [told] = found
    return told


@pytest.mark.parametrize("pressure", ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"])
def test_each_pressure_is_a_warning_while_it_is_true(pressure: str) -> None:
    told = verdict(READY, condition(pressure, "True", since=NOW - 60), condition("PIDPressure", "False"))
    assert (told.level, told.sentence, told.since) == (Level.WARN, f"n1: {pressure}", NOW - 60)
    for status in ("False", "Unknown"):
        assert verdict(READY, condition(pressure, status)).level is Level.OK


def test_several_pressures_are_all_named() -> None:
    told = verdict(condition("DiskPressure", "True"), READY, condition("PIDPressure", "True"))
    assert told.sentence == "n1: DiskPressure, PIDPressure"


def test_another_condition_is_no_pressure() -> None:
    assert verdict(READY, condition("FrequentKubeletRestart", "True")).level is Level.OK


@pytest.mark.parametrize(
    ("conditions", "fields", "level", "sentence"),
    [
        ((READY,), {}, Level.OK, "n1 is ready"),
        ((READY,), {"unschedulable": True}, Level.PAUSED, "n1 is ready, cordoned"),
        # pressure is said before a cordon, a lost node before pressure
        (
            (READY, condition("DiskPressure", "True")),
            {"unschedulable": True},
            Level.WARN,
            "n1: DiskPressure",
        ),
        (
            (condition("Ready", "False", "KubeletNotReady", "disk gone"), condition("DiskPressure", "True")),
            {},
            Level.BREACH,
            "n1 is not ready: disk gone",
        ),
        ((condition("Ready", "Unknown"),), {"unschedulable": True}, Level.BREACH, "n1 is lost"),
        ((condition("DiskPressure", "True"),), {}, Level.UNKNOWN, "n1: reports no Ready condition"),
    ],
)
def test_the_worst_is_said(conditions: Any, fields: Any, level: Level, sentence: str) -> None:
    told = verdict(*conditions, **fields)
    assert (told.level, told.sentence, told.rule) == (level, sentence, "node.ready")
    assert told.subject == Subject(REF, "Node", "", "n1")
    # since the condition that is named; since when a node is cordoned nothing says
    about = {Level.WARN: "DiskPressure", Level.PAUSED: ""}.get(level, "Ready")
    assert told.since == next((c.since for c in conditions if c.type == about), None)
    assert told.unknown is (UnknownKind.NO_DATA if level is Level.UNKNOWN else None)
