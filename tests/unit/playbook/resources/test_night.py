"""A marked namespace is up in its hours and down outside them, whoever scaled it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.kinds import resources
from tests.unit.playbook.making import REF, deployment, picture
from tfdash.judging.judge import judge_all
from tfdash.model.kube import Container, CronJob, Object, Pod, Template
from tfdash.model.kubecluster import Namespace, Node
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.policies import Policies
from tfdash.playbook.resources.hours import HoursSettings, hours_in
from tfdash.playbook.resources.night import ID
from tfdash.playbook.resources.policy import Price, default_resources_policy

ZONE = ZoneInfo("America/New_York")
HOURS = {REF.environment: hours_in(REF.environment, "America/New_York", HoursSettings())}
ASKS = Template(containers=(Container("main", "web:1", resources(cpu="250m", memory="64Mi")),))


def judged(
    at: str, *objects: Object, hours: Any = HOURS, prices: tuple[Price, ...] = (), **over: Any
) -> Verdict | None:
    space = Namespace(**{"namespace": "", "name": "a", "labels": {"environment": "staging"}} | over)
    now = datetime.fromisoformat(at).replace(tzinfo=ZONE).timestamp()
    priced = replace(default_resources_policy(), prices=prices)
    policies = Policies(hours=hours, resources=priced)
    said = judge_all(picture(space, *objects), now, policies=policies).verdicts
    return next((v for v in said.get(Subject(REF, "Namespace", "", "a"), ()) if v.rule == ID), None)


UP = deployment(namespace="a", name="web", desired=3, template=ASKS)
DOWN = deployment(namespace="a", name="web", desired=0, template=ASKS)
JOB = CronJob(namespace="a", name="nightly", schedule="0 3 * * *")
KEPT = {
    "tfdash.io/keep-up-until": "2026-11-25T12:00:00Z",
    "tfdash.io/keep-up-by": "bob",
    "tfdash.io/keep-up-why": "a load test",
}


@pytest.mark.parametrize(
    ("at", "objects", "over", "level", "says"),
    [
        ("2026-11-24 12:00", (UP,), {}, Level.OK, "a is up in its hours: 1 workload of 3 pods"),
        ("2026-11-24 12:00", (DOWN,), {}, Level.WARN, "a is down inside its hours: none of 1 workload runs"),
        ("2026-11-24 07:29", (DOWN,), {}, Level.OK, "a comes up by Tue 24 Nov 07:30 EST"),
        ("2026-11-24 20:29", (UP,), {}, Level.OK, "a goes down by Tue 24 Nov 20:30 EST"),
        (
            "2026-11-24 20:30",
            (UP, JOB),
            {},
            Level.WARN,
            "a is up outside its hours: 1 workload of 3 pods, asking for 750m cores and 192Mi of memory, "
            "1 CronJob not suspended; it should be down until Wed 25 Nov 07:00 EST",
        ),
        ("2026-11-24 23:00", (DOWN, JOB), {}, Level.WARN, "1 CronJob not suspended"),
        ("2026-11-24 23:00", (DOWN,), {}, Level.OK, "a is down outside its hours until Wed 25 Nov 07:00 EST"),
        (
            "2026-11-24 23:00",
            (UP,),
            {"keeps_up": KEPT},
            Level.PAUSED,
            "until Wed 25 Nov 07:00 EST by bob: a load test",
        ),
        ("2026-11-28 12:00", (UP,), {"keeps_up": KEPT}, Level.WARN, "up outside its hours"),  # that is over
    ],
)
def test_it_is_judged_by_what_runs_and_by_the_hour(
    at: str, objects: tuple[Object, ...], over: dict[str, Any], level: Level, says: str
) -> None:
    found = judged(at, *objects, **over)
    assert found is not None and found.level is level and says in found.sentence


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        ((), "192Mi of memory; it should"),
        # (0.75 * 0.4 + 0.1875 * 0.8) * 11 hours
        ((Price(core_hour=0.4, gib_hour=0.8, currency="EUR"),), "memory, 4.95 EUR at list price for these 11 h; it should"),
        ((Price(pool="x", node_hour=1.0),), "memory, its cost not known: no price fits node n; it should"),
    ],
)  # fmt: skip
def test_a_night_costs_what_is_asked_for_until_its_hours_begin(prices: tuple[Price, ...], told: str) -> None:
    there = (UP, Node(namespace="", name="n"), Pod(namespace="a", name="web-1", node="n"))
    found = judged("2026-11-24 23:00", *there, prices=prices)
    assert found is not None and told in found.sentence


@pytest.mark.parametrize(
    ("hours", "over", "objects"),
    [
        ({}, {}, (UP,)),  # its environment is not marked
        (HOURS, {"labels": {"environment": "production"}}, (UP,)),
        (HOURS, {"labels": {}}, (UP,)),
        (HOURS, {}, ()),
    ],
)
def test_of_what_is_not_marked_and_of_nothing_it_says_nothing(
    hours: Any, over: dict[str, Any], objects: tuple[Object, ...]
) -> None:
    assert judged("2026-11-28 12:00", *objects, hours=hours, **over) is None
