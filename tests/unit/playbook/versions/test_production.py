"""When the next version may go to production, in the words that a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.unit.playbook.versions.making import (
    DAY,
    DEVELOPMENT,
    HOUR,
    NOW,
    PRODUCTION,
    STAGING,
    policy,
    running,
    seen,
    state,
)
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.model.versions import PlannedUpdate, VersionSighting
from tfdash.playbook.moment import Moment
from tfdash.playbook.section import Findings
from tfdash.playbook.staleness import NOT_ASKED, Unread
from tfdash.playbook.versions.policy import PlannedVersion, VersionsPolicy
from tfdash.playbook.versions.production import PRODUCTION as RULE
from tfdash.playbook.versions.production import SOAK
from tfdash.playbook.versions.section import read

OLD, NEW = "v1.36.4", "v1.37.2"
BEFORE = NOW - 40 * DAY
HERE = seen(PRODUCTION, BEFORE, NOW, OLD)
DEV = seen(DEVELOPMENT, BEFORE, NOW, NEW)


def soaked(days: float) -> tuple[VersionSighting, ...]:
    """Staging, watched until now, for so long without anything older."""
    begun = NOW - days * DAY
    return (seen(STAGING, BEFORE, begun, OLD), seen(STAGING, begun, NOW, NEW))


def planned(
    day: str = "2026-12-01", announced: float | None = NOW - 20 * DAY, version: str = "1.37"
) -> dict[str, Any]:
    given = PlannedUpdate(environment="production", version=version, day=day, announced=announced)
    rules = policy(plan=(PlannedVersion(version=version, date=date.fromisoformat(day)),))
    return {"rules": rules, "announced": [given] if announced is not None else []}


def gate(
    *sightings: VersionSighting,
    runs: str = OLD,
    rules: VersionsPolicy | None = None,
    announced: Sequence[PlannedUpdate] = (),
    moment: Moment | None = None,
) -> Verdict:
    told = state(running(runs, [runs]), sightings=sightings, rules=rules, announced=announced, moment=moment)
    [verdict] = [v for v in told.verdicts if v.rule == RULE]
    return verdict


def test_it_opens_when_the_last_of_its_conditions_holds() -> None:
    """The soak ends on Thursday, the notice on Tuesday, and it is planned for Saturday."""
    verdict = gate(HERE, DEV, *soaked(4 + 3 / 24), **planned("2026-11-28", NOW - 2 * DAY))
    assert verdict.level is Level.PAUSED
    assert verdict.sentence == (
        "1.37.2 may not go to production yet, opens Sun 6 Dec 10:00 EST: in development since Thu 15 Oct 11:00 EDT; "
        "soak 4 d 3 h of 7 d; notice 2 d of 14 d, planned for Sat 28 Nov, which is too soon"
    )


@pytest.mark.parametrize(
    ("days", "plan", "level", "part"),
    [
        (8, planned("2026-11-24"), Level.OK, "1.37.2 may go to production: in development since"),
        (7, planned("2026-11-24", NOW - 14 * DAY), Level.OK, "soak 7 d of 7 d; notice 14 d of 14 d"),
        (7, planned("2026-11-25"), Level.PAUSED, "opens Wed 25 Nov 00:00 EST: "),  # midnight in New York
        (7 - 1 / 24, planned("2026-11-20"), Level.PAUSED, "opens Tue 24 Nov 11:00 EST: "),
        (8, planned("2026-11-20", NOW - 14 * DAY + 1), Level.PAUSED, "notice 13 d 23 h of 14 d"),
        (
            8,
            planned("2026-11-20", None),
            Level.PAUSED,
            "notice not recorded yet: 2026-11-20 stands in the plan alone",
        ),
        (8, {}, Level.PAUSED, "notice not given: no [[versions.plan]] has 1.37"),
        (8, planned("2026-11-20", version="1.37.2"), Level.OK, "may go"),
        (8, planned("2026-11-20", version="1.37.1"), Level.PAUSED, "notice not given"),
        (8, planned("2026-11-20", version="1.3"), Level.PAUSED, "notice not given"),
    ],
)
def test_each_condition_at_its_edge(days: float, plan: dict[str, Any], level: Level, part: str) -> None:
    verdict = gate(HERE, DEV, *soaked(days), **plan)
    assert verdict.level is level, verdict.sentence
    assert part in verdict.sentence


BROKEN = Unread(UnknownKind.NO_DATA, "what terminals recorded cannot be read whole: no such file")


def test_what_rests_on_nothing_having_been_recorded_is_not_known_while_it_cannot_be_read() -> None:
    def told(*sightings: VersionSighting, unread: Unread = BROKEN, **plan: Any) -> Verdict:
        found = state(running(OLD, [OLD]), sightings=sightings, unread=unread, **plan)
        return next(v for v in found.verdicts if v.rule == RULE)

    nobody = told(HERE)
    assert (nobody.level, nobody.unknown) == (Level.UNKNOWN, UnknownKind.NO_DATA)
    assert "nobody" not in nobody.sentence and "no such file" in nobody.sentence
    open = told(HERE, DEV, *soaked(8), **planned("2026-11-24"))
    assert open.level is Level.UNKNOWN  # an older node may stand in what cannot be read
    closed = told(HERE, DEV, *soaked(2), **planned())
    assert closed.level is Level.PAUSED and closed.sentence.endswith("no such file")
    early = told(
        HERE, DEV, *soaked(8), unread=Unread(UnknownKind.LOADING, "is read now"), **planned("2026-11-24")
    )
    assert (early.level, early.unknown) == (Level.UNKNOWN, UnknownKind.LOADING)


def test_of_several_clusters_each_is_named() -> None:
    other = ClusterRef("production", "us")
    found = state(running(OLD, [OLD]), running(OLD, [OLD], cluster=other), sightings=(HERE,))
    said = {v.sentence.split(": ")[0] for v in found.verdicts if v.rule != RULE}
    assert said == {PRODUCTION.cluster, "us"}


def test_the_plan_of_a_minor_is_no_notice_of_its_later_patches() -> None:
    """It was given a year ago, for the update that is done."""
    runs = "v1.37.0"
    here, before = seen(PRODUCTION, BEFORE, NOW, runs), soaked(8)
    staging = (seen(STAGING, BEFORE, before[0].until, runs), before[1])
    told = gate(here, DEV, *staging, runs=runs, **planned("2026-08-01", NOW - 120 * DAY))
    assert told.level is Level.PAUSED
    assert (
        "notice not given: that of 1.37 was for the update to it, no [[versions.plan]] has 1.37.2"
        in told.sentence
    )
    again = gate(here, DEV, *staging, runs=runs, **planned("2026-11-20", version="1.37.2"))
    assert again.level is Level.OK, again.sentence


def test_it_is_looked_at_again_when_it_opens() -> None:
    moment = Moment(NOW)
    gate(HERE, DEV, *soaked(7 - 0.01), moment=moment, **planned("2026-11-20"))
    assert moment.again == pytest.approx(NOW + 0.01 * DAY)


def test_a_soak_that_nobody_has_seen_end_opens_at_no_time_that_was() -> None:
    """Of other environments something is told each hour: what is over by the clock may not be over."""
    found = soaked(7 - 0.01)
    for later, opens in ((0.005, "opens Tue 24 Nov 10:14 EST"), (0.01, ""), (0.03, "")):
        moment = Moment(NOW + later * DAY)
        verdict = gate(HERE, DEV, *found, moment=moment, **planned("2026-11-20"))
        assert verdict.level is Level.PAUSED and (opens or "yet: ") in verdict.sentence
        assert ("staging last seen Tue 24 Nov 10:00 EST" in verdict.sentence) is not bool(opens)
        assert moment.again is not None and moment.again <= max(moment.now + 20, NOW + 0.01 * DAY)
    late = gate(HERE, DEV, *found, moment=Moment(NOW + 0.03 * DAY), **planned("2026-11-30"))
    assert "yet, opens Mon 30 Nov 00:00 EST: " in late.sentence


def test_a_day_that_is_put_off_was_announced_and_one_that_is_brought_forward_was_not() -> None:
    rules = planned("2026-11-24")["rules"]
    early = PlannedUpdate(
        environment="production", version="1.37", day="2026-11-20", announced=NOW - 20 * DAY
    )
    late = PlannedUpdate(environment="production", version="1.37", day="2026-12-20", announced=NOW - 20 * DAY)
    for given, level in ((early, Level.OK), (late, Level.PAUSED)):
        assert gate(HERE, DEV, *soaked(8), rules=rules, announced=[given]).level is level


def test_what_nobody_watched_of_the_soak_is_told_and_does_not_count() -> None:
    begun = NOW - 8 * DAY
    spans = (
        seen(STAGING, begun - DAY, begun, OLD),
        seen(STAGING, begun, begun + 5 * DAY, NEW),
        seen(STAGING, begun + 7 * DAY, NOW, NEW),
    )
    verdict = gate(HERE, DEV, *spans, **planned("2026-11-20"))
    assert verdict.level is Level.PAUSED
    assert "opens Wed 25 Nov 10:00 EST" in verdict.sentence
    assert "soak 6 d of 7 d, 2 d not watched" in verdict.sentence


def test_where_nobody_watches_staging_any_more_nothing_opens_and_nothing_is_green() -> None:
    until = NOW - 3 * HOUR
    spans = [s if s.until < NOW else seen(STAGING, s.since, until, NEW) for s in soaked(4)]
    verdict = gate(HERE, DEV, *spans, **planned("2026-11-20"))
    assert verdict.level is Level.PAUSED and "opens" not in verdict.sentence
    assert "soak 3 d 21 h of 7 d, nobody watches since Tue 24 Nov 07:00 EST" in verdict.sentence
    spans = [s if s.until < NOW else seen(STAGING, s.since, until, NEW) for s in soaked(9)]
    verdict = gate(HERE, DEV, *spans, **planned("2026-11-20"))
    assert (verdict.level, verdict.unknown) == (Level.UNKNOWN, UnknownKind.STALE)
    verdict = gate(HERE, DEV, seen(STAGING, BEFORE, until, OLD))
    assert (verdict.level, verdict.unknown) == (Level.UNKNOWN, UnknownKind.STALE)


def test_development_has_it_before_staging() -> None:
    late = seen(DEVELOPMENT, NOW - 7 * DAY, NOW, NEW)
    verdict = gate(HERE, late, *soaked(8), **planned("2026-11-20"))
    assert verdict.level is Level.PAUSED
    assert "development did not have it before staging" in verdict.sentence
    verdict = gate(HERE, *soaked(8), **planned("2026-11-20"))
    assert (verdict.level, verdict.unknown) == (Level.UNKNOWN, UnknownKind.NO_DATA)
    assert "nobody has watched development" in verdict.sentence
    given = planned("2026-11-20")
    rules = policy(plan=given["rules"].rules.plan, development="")
    assert gate(HERE, *soaked(8), rules=rules, announced=given["announced"]).level is Level.OK


def test_of_several_the_newest_that_has_soaked_may_go() -> None:
    day = NOW - 10 * DAY
    spans = (
        seen(STAGING, BEFORE, day, "v1.36.4"),
        seen(STAGING, day, day + 8 * DAY, "v1.37.1"),
        seen(STAGING, day + 8 * DAY, NOW, "v1.37.2"),
    )
    dev = (
        seen(DEVELOPMENT, BEFORE, BEFORE + DAY, "v1.37.1"),
        seen(DEVELOPMENT, BEFORE + DAY, NOW, "v1.37.2"),
    )
    verdict = gate(HERE, *dev, *spans, **planned("2026-11-20"))
    assert verdict.level is Level.OK and verdict.sentence.startswith("1.37.1 may go to production")


def test_production_that_goes_first_or_too_early_is_told() -> None:
    begun = seen(PRODUCTION, NOW - HOUR, NOW, OLD, NEW)  # its first nodes
    verdict = gate(HERE, begun, DEV, *soaked(4), **planned("2026-11-20"))
    assert verdict.level is Level.WARN and verdict.sentence.startswith("1.37.2 goes to production already: ")
    verdict = gate(HERE, begun, DEV, *soaked(8), **planned("2026-11-20"))
    assert verdict.level is Level.MOVING and verdict.sentence.startswith("1.37.2 goes to production: ")
    there = (seen(PRODUCTION, BEFORE, NOW - DAY, OLD), seen(PRODUCTION, NOW - DAY, NOW, NEW))
    verdict = gate(*there, DEV, *soaked(4), runs=NEW)
    assert verdict.level is Level.WARN
    assert (
        verdict.sentence
        == "production runs 1.37.2 since Mon 23 Nov 10:00 EST, and in staging it soaked 4 d of 7 d"
    )
    verdict = gate(*there, DEV, seen(STAGING, BEFORE, NOW, OLD), runs=NEW)
    assert verdict.level is Level.WARN
    assert verdict.sentence == "production runs 1.37.2 and staging 1.36.4: production went first"


def test_what_waits_is_named_for_who_asks() -> None:
    def waits(*sightings: VersionSighting, of: ClusterRef = PRODUCTION, runs: str = OLD) -> str:
        return state(running(runs, [runs], of), sightings=sightings).next

    assert waits(HERE, DEV, *soaked(4)) == waits(HERE, *soaked(9)) == "1.37.2"
    assert waits(HERE, DEV, seen(STAGING, BEFORE, NOW, OLD)) == waits(HERE) == ""
    assert waits(*soaked(4), of=STAGING, runs=NEW) == "", "it is asked of production"


def test_an_update_that_came_when_its_soak_was_just_over_is_none_too_early() -> None:
    there = (seen(PRODUCTION, BEFORE, NOW - DAY, OLD), seen(PRODUCTION, NOW - DAY, NOW, NEW))
    for days, level in ((7.0, Level.OK), (6.99, Level.WARN)):
        assert gate(*there, DEV, *soaked(days), runs=NEW).level is level


def test_where_all_run_the_same_none_waits() -> None:
    verdict = gate(HERE, DEV, seen(STAGING, BEFORE, NOW, OLD))
    assert (verdict.level, verdict.sentence) == (
        Level.OK,
        "production and staging run 1.36.4: none waits for production",
    )


def test_a_fresh_install_is_not_red_and_not_green_of_what_nobody_has_watched() -> None:
    verdict = gate(HERE)
    assert (verdict.level, verdict.sentence) == (
        Level.IDLE,
        "production runs 1.36.4; nobody has watched what staging runs yet",
    )
    assert gate(HERE, rules=policy(staging="")).level is Level.IDLE
    alone = replace(policy(), clusters={"production": ()})  # nobody will ever watch what is not configured
    assert gate(HERE, rules=alone).sentence == (
        'production runs 1.36.4; no environment is called staging; [versions] staging says which, "" for none'
    )
    no_development = replace(policy(), clusters={"production": (), "staging": ()})
    said = gate(HERE, *soaked(8), rules=no_development).sentence
    assert 'no environment is called development; [versions] development says which, "" for none' in said


def test_an_environment_that_is_none_of_the_three_is_not_judged_and_that_is_said() -> None:
    there = ClusterRef("lab", "lab-1")
    told = state(running(cluster=there), sightings=[seen(there, BEFORE, NOW, NEW)])
    [verdict] = [v for v in told.verdicts if v.rule == RULE]
    assert (verdict.level, verdict.sentence) == (
        Level.IDLE,
        "lab is none of development, staging, production ([versions]): how updates come to it is not judged",
    )


def test_staging_tells_its_own_soak() -> None:
    told = state(running(NEW, [NEW], STAGING), sightings=soaked(4 + 3 / 24))
    [verdict] = [v for v in told.verdicts if v.rule == SOAK]
    assert (verdict.level, verdict.sentence) == (Level.MOVING, "1.37.2 in staging: soak 4 d 3 h of 7 d")
    assert told.soak is not None and told.soak.watched == pytest.approx((4 + 3 / 24) * DAY)
    told = state(running(NEW, [NEW], STAGING), sightings=soaked(7))
    assert [v.level for v in told.verdicts if v.rule == SOAK] == [Level.OK]


def test_what_runs_beside_it_is_told_and_of_two_minors_nothing_is_well() -> None:
    begun = (seen(STAGING, BEFORE, NOW - HOUR, OLD), seen(STAGING, NOW - HOUR, NOW, OLD, NEW))
    told = state(running(NEW, [NEW, OLD], STAGING), sightings=begun)
    [verdict] = [v for v in told.verdicts if v.rule == SOAK]
    assert verdict.level is Level.MOVING
    assert verdict.sentence == (
        "1.36.4 in staging: soak 40 d of 7 d; 1.37.2 runs beside it and does not soak yet"
    )
    patched = (seen(STAGING, BEFORE, NOW, OLD, "v1.36.5"),)
    told = state(running("v1.36.5", [OLD], STAGING), sightings=patched)
    [verdict] = [v for v in told.verdicts if v.rule == SOAK]
    assert verdict.level is Level.OK and "1.36.5 runs beside it" in verdict.sentence


def test_a_later_patch_of_a_control_plane_is_the_vendors_and_no_update_that_goes_on() -> None:
    mine = seen(PRODUCTION, BEFORE, NOW, "v1.36.4", "v1.36.9")
    spans = (
        seen(STAGING, BEFORE, NOW - 4 * DAY, "v1.36.4"),
        seen(STAGING, NOW - 4 * DAY, NOW, "v1.36.8", "v1.36.9"),
    )
    verdict = gate(mine, DEV, *spans)
    assert verdict.level is Level.PAUSED and verdict.sentence.startswith(
        "1.36.8 may not go to production yet"
    )


def test_clusters_that_the_configuration_no_longer_has_do_not_hold_it_up() -> None:
    gone = seen(ClusterRef("staging", "old-1"), BEFORE, NOW - 5 * DAY, OLD)
    given = planned("2026-11-20")
    spans = (HERE, DEV, gone, *soaked(8))
    held = gate(*spans, **given)
    assert held.level is not Level.OK, "of an environment that is not configured here all clusters count"
    for names in ((), (STAGING.cluster,)):
        rules = VersionsPolicy(given["rules"].rules, policy().tables, clusters={"staging": names})
        assert gate(*spans, rules=rules, announced=given["announced"]).level is Level.OK


def test_where_one_of_its_clusters_is_not_seen_nothing_is_said_of_production() -> None:
    other = running(OLD, [OLD], ClusterRef("production", "prod-2"), unseen=NOT_ASKED)
    told = state(running(OLD, [OLD]), other, sightings=[HERE, DEV, *soaked(8)], **planned("2026-11-20"))
    assert not [v for v in told.verdicts if v.rule == RULE] and told.next == ""


def test_of_its_own_environment_the_clusters_count_that_are_shown() -> None:
    gone = seen(ClusterRef("production", "old-1"), BEFORE, NOW - DAY, "v1.30.0")
    assert gate(HERE, gone, DEV, *soaked(8), **planned("2026-11-20")).sentence.startswith("1.37.2 may go")


def test_of_a_cluster_that_is_called_otherwise_now_the_last_name_counts() -> None:
    """By the time at which it was seen, whatever the alphabet says."""
    before = seen(ClusterRef("staging", "zz-1"), BEFORE, NOW - 5 * DAY, OLD)
    given = planned("2026-11-20")
    rules = VersionsPolicy(given["rules"].rules, policy().tables, clusters={"staging": ()})
    told = gate(HERE, DEV, before, *soaked(8), rules=rules, announced=given["announced"])
    assert told.level is Level.OK


def test_of_several_announcements_the_first_counts() -> None:
    rules = planned("2026-11-24")["rules"]
    days = [
        PlannedUpdate(environment="production", version="1.37", day=day, announced=NOW - ago * DAY)
        for day, ago in (("2026-11-24", 2), ("2026-11-20", 20))
    ]
    assert gate(HERE, DEV, *soaked(8), rules=rules, announced=days).level is Level.OK


def test_a_sighting_with_a_version_that_nobody_can_read_is_none() -> None:
    odd = seen(STAGING, NOW - 3 * DAY, NOW - 2 * DAY, NEW, "nightly")
    spans = [
        seen(STAGING, BEFORE, NOW - 9 * DAY, OLD),
        seen(STAGING, NOW - 9 * DAY, NOW - 3 * DAY, NEW),
        odd,
        seen(STAGING, NOW - 2 * DAY, NOW, NEW),
    ]
    assert "soak 8 d of 7 d, 1 d not watched" in gate(HERE, DEV, *spans).sentence


def test_the_line_of_the_section_says_what_is_paused() -> None:
    def line(*sightings: VersionSighting, **plan: Any) -> str:
        told = state(running(OLD, [OLD]), sightings=sightings, **plan)
        return read(Findings({}, {}, {}, {}, None, versions=told)).sentence

    assert line(HERE, DEV, *soaked(4), **planned("2026-11-28")) == "v1.36.4; 1.37.2 waits for production"
    assert line(HERE, DEV, *soaked(8), **planned("2026-11-24")) == "v1.36.4"
