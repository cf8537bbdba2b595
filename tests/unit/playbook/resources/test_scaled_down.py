"""A scale-down and the way back, however often, however far each got, whoever scaled in between."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfdash.model.autoscaling import PAUSED_AT
from tfdash.playbook.resources.hours import HoursSettings, hours_in
from tfdash.playbook.resources.scaled_down import MEMORY, Broken, SizeStep, down, remembered, up

Document = dict[str, Any]
KINDS = st.sampled_from(["Deployment", "StatefulSet", "Rollout", "CronJob", "ScaledObject"])


def made(kind: str, value: int) -> Document:
    """``value`` replicas, or whether it is stopped (0); a ScaledObject is paused at so many but for 1."""
    if kind == "ScaledObject":
        return {"metadata": {"annotations": {} if value == 1 else {PAUSED_AT: str(value)}}, "spec": {}}
    return {"metadata": {}, "spec": {"suspend": not value} if kind == "CronJob" else {"replicas": value}}


def applied(document: Document, step: SizeStep | None) -> Document:
    if step is None:
        return document
    notes = dict(document["metadata"].get("annotations") or {})
    spec = dict(document["spec"])
    if step.field == "paused":
        notes.pop(PAUSED_AT, None)
        if step.value is not None:
            notes[PAUSED_AT] = step.value
    elif step.field:
        spec[step.field] = step.value
    notes.pop(MEMORY, None)
    if step.memory is not None:
        notes[MEMORY] = step.memory
    return {"metadata": {"annotations": notes}, "spec": spec}


def plain(document: Document) -> Document:
    """Without empty members."""
    notes = document["metadata"].get("annotations")
    return {"annotations": notes or {}, "spec": document["spec"]}


@given(
    st.lists(st.tuples(KINDS, st.integers(0, 9)), min_size=1, max_size=8),
    st.lists(st.tuples(st.sampled_from(["down", "up"]), st.integers(0, 8)), max_size=6),
)
def test_whatever_ran_half_way_before_a_whole_way_back_restores_exactly(
    objects: list[tuple[str, int]], runs: list[tuple[str, int]]
) -> None:
    before = [made(kind, value) for kind, value in objects]
    now = list(before)
    for way, reached in runs:  # each got to so many objects, then failed
        for i in range(min(reached, len(now))):
            kind = objects[i][0]
            now[i] = applied(now[i], down(now[i], kind) if way == "down" else up(now[i], kind))
    now = [applied(d, up(d, kind)) for d, (kind, _) in zip(now, objects, strict=True)]
    assert list(map(plain, now)) == list(map(plain, before))


@given(KINDS, st.integers(1, 9), st.integers(1, 9))
def test_a_second_scale_down_never_writes_over_what_is_remembered(kind: str, first: int, since: int) -> None:
    document = applied(made(kind, first), down(made(kind, first), kind))
    memory = remembered(document)
    assert down(document, kind) is None and memory is not None
    if "replicas" in document["spec"]:
        document["spec"]["replicas"] = since  # somebody brought it up for a test
        again = down(document, kind)
        assert again == SizeStep("replicas", 0, memory, keeps=True)


@pytest.mark.parametrize(
    ("now", "autoscaled", "field"),
    [
        (0, False, "replicas"),
        (1, False, "replicas"),
        (3, False, ""),
        (5, False, ""),
        (1, True, ""),
        (0, True, "replicas"),
    ],
)
def test_the_way_back_never_lowers_and_leaves_an_autoscaler_its_number(
    now: int, autoscaled: bool, field: str
) -> None:
    document = {"metadata": {"annotations": {MEMORY: "3"}}, "spec": {"replicas": now}}
    step = up(document, "Deployment", autoscaled)
    assert step is not None and (step.field, step.memory) == (field, None)


@pytest.mark.parametrize(
    ("kind", "memory"),
    [
        ("Deployment", ""),
        ("Deployment", "-3"),
        ("Deployment", "0"),
        ("Deployment", "9" * 20),
        ("Deployment", "9" * 5000),  # more than Python reads
        ("Deployment", "٣"),
        ("CronJob", "3"),
        ("CronJob", "paused/3"),
        ("ScaledObject", "3"),
        ("ScaledObject", "paused/0"),
        ("ScaledObject", "paused/many"),
    ],
)
def test_a_memory_that_somebody_changed_brings_nothing_back(kind: str, memory: str) -> None:
    with pytest.raises(Broken):
        up({"metadata": {"annotations": {MEMORY: memory}}, "spec": {"replicas": 0}}, kind)


ZONE = ZoneInfo("America/New_York")
STAGING = hours_in("staging", "America/New_York", HoursSettings())


@pytest.mark.parametrize(
    ("at", "may", "changes"),
    [
        ("2026-11-24 06:59", True, "2026-11-24 07:00"),
        ("2026-11-24 07:00", False, "2026-11-24 20:00"),
        ("2026-11-24 19:59", False, "2026-11-24 20:00"),
        ("2026-11-24 20:00", True, "2026-11-25 07:00"),
        ("2026-11-27 20:00", True, "2026-11-30 07:00"),  # the weekend
        ("2026-11-01 03:00", True, "2026-11-02 07:00"),  # the clocks go back
    ],
)
def test_an_environment_is_up_in_its_own_hours_by_the_wall_clock(at: str, may: bool, changes: str) -> None:
    now, then = (datetime.fromisoformat(t).replace(tzinfo=ZONE).timestamp() for t in (at, changes))
    state = STAGING.state(now)
    assert (state.open, state.opens_at or state.closes_at) == (may, then)


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ({"environment": "staging"}, ""),
        ({"environment": "production"}, "does not say that it is not production"),
        ({"environment": "Staging"}, "does not say"),
        ({}, "has no label 'environment'"),
    ],
)
def test_a_namespace_that_is_not_marked_is_left_alone(labels: dict[str, str], why: str) -> None:
    assert why in STAGING.unmarked(labels) and bool(why) is bool(STAGING.unmarked(labels))
