"""Storage that is paid for and that nothing uses: true and false, at the edges of its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.playbook.making import REF, picture
from tfdash.judging.judge import judge_all
from tfdash.model.capacity import PersistentVolume, PersistentVolumeClaim
from tfdash.model.kube import Object, Pod
from tfdash.model.kubecluster import Namespace
from tfdash.playbook.policies import Policies
from tfdash.playbook.resources.hours import HoursSettings, hours_in
from tfdash.playbook.resources.policy import VolumePrice, default_resources_policy
from tfdash.playbook.resources.unattached import ID
from tfdash.quantities import parse

ZONE = "America/New_York"
NOON = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo(ZONE)).timestamp()  # a Tuesday
DAY = 86_400.0
SIZE = parse("100Gi")
HOURS = {REF.environment: hours_in(REF.environment, ZONE, HoursSettings())}


def said(
    *objects: Object, now: float = NOON, prices: tuple[VolumePrice, ...] = (), hours: Any = None
) -> list[str]:
    resources = replace(default_resources_policy(), volume_prices=prices)
    policies = Policies(resources=resources, hours=hours or {})
    told = judge_all(picture(*objects), now, policies=policies).verdicts
    return [v.sentence for vs in told.values() for v in vs if v.rule == ID]


def volume(phase: str, days: float | None, **given: Any) -> PersistentVolume:
    return PersistentVolume(
        namespace="", name="v", phase=phase, phase_since=0.0 if days is None else NOON - days * DAY, created=NOON - 40 * DAY,
        capacity=SIZE, storage_class="fast", reclaim_policy="Retain", claim="shop/data", **given,
    )  # fmt: skip


def claim(days: float, phase: str = "Bound", **given: Any) -> PersistentVolumeClaim:
    return PersistentVolumeClaim(
        namespace="a",
        name="data",
        phase=phase,
        created=NOON - days * DAY,
        capacity=SIZE,
        storage_class="fast",
        **given,
    )


MOUNTS = Pod(namespace="a", name="p", claims=("data",), phase="Succeeded")
OTHER = Pod(namespace="b", name="p", claims=("data",))
STAGING = Namespace(namespace="", name="a", labels={"environment": "staging"})
NOT_MOUNTED = "data: 100Gi of class fast that no pod mounts; since when is not known, made"


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ((volume("Released", 7.0),), ["v: 100Gi of class fast Released since 7d: its claim shop/data is gone, and its reclaim policy Retain keeps it"]),
        ((volume("Released", 6.99),), []),
        ((volume("Bound", 30.0),), []),
        ((volume("Available", None),), ["v: 100Gi of class fast Available since when is not known, made 40d ago: nobody claims it"]),
        ((volume("Failed", 8.0, reason="in use"),), ["v: 100Gi of class fast Failed since 8d: in use"]),
        ((claim(7.0), OTHER), [f"{NOT_MOUNTED} 7d ago"]),
        ((claim(6.99), OTHER), []),
        ((claim(30.0), MOUNTS), []),  # a pod that ended still names it: a Job comes again
        ((claim(30.0, "Pending"), OTHER), []),
        ((claim(30.0),), [f"{NOT_MOUNTED} 30d ago"]),
    ],
)  # fmt: skip
def test_what_nothing_uses_is_told_once_it_is_old_enough(
    objects: tuple[Object, ...], found: list[str]
) -> None:
    assert said(*objects) == found


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        (
            (VolumePrice("fast", 0.08, "EUR"), VolumePrice("*", 9.0, "EUR")),
            "ago, 8.00 EUR a month at list price",
        ),
        ((VolumePrice("slow", 0.08),), "ago, its cost not known: no price fits its class"),
    ],
)
def test_it_costs_what_its_class_costs(prices: tuple[VolumePrice, ...], told: str) -> None:
    (words,) = said(claim(30.0), OTHER, prices=prices)
    assert words.endswith(told)


@pytest.mark.parametrize(
    ("hour", "namespace", "told"),
    [
        (12, STAGING, 1),
        (23, STAGING, 0),  # outside its hours its pods are away
        (7.4, STAGING, 0),  # and come again in the first half hour
        (7.5, STAGING, 1),
        (23, Namespace(namespace="", name="a"), 1),
    ],
)
def test_a_namespace_that_is_down_by_its_hours_has_its_claims_for_the_morning(
    hour: float, namespace: Namespace, told: int
) -> None:
    assert len(said(claim(30.0), OTHER, namespace, now=NOON + (hour - 12) * 3600, hours=HOURS)) == told
