"""Procedures walked from start to end in the demo, by the engine, the gate, the pipelines and the channel that a person at the keys has."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tests.protocol.demo_walking import ends, seat, told, walked
from tfdash.demo.pipelines.commits import MAIN
from tfdash.model.run import RunOutcome


@pytest.mark.long
def test_a_service_from_failure_to_a_closed_runbook() -> None:
    with seat("service-failure", 20.0) as at:
        run = asyncio.run(
            walked(at, "service-failure", {"fixed": "rollback"}, service="Deployment tf-production/search")
        )
        assert run.outcome is RunOutcome.DONE, ends(run)
        by = ends(run)
        assert [by[id] for id in ("seen", "told", "gathered", "rollback", "serves", "journeys", "ended")] == [
            "done"
        ] * 7
        assert {by[id] for id in ("release", "restart", "outside")} == {"not chosen"}
        assert "started: single service failure" in told(at)
        impact = next(clock for clock in run.clocks if clock.id == "impact")
        fell = datetime(2026, 11, 24, 15, 1, tzinfo=UTC).timestamp()  # as the scenario has it
        assert impact.start is not None and -60.0 <= impact.start - fell <= 30.0, impact
        assert impact.by in ("Prometheus", "journeys", "Kubernetes") and not impact.at_least and impact.source


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_release_from_the_checklist_to_verified_good() -> None:
    with seat("release-day", 20.0) as at:
        chosen = {"service": "Rollout tf-production/checkout", "version": "2.14.0", "commit": MAIN[0].sha}
        run = asyncio.run(walked(at, "release", {"decided": "on", "promoted": "rollout"}, **chosen))
        assert run.outcome is RunOutcome.DONE, ends(run)
        by = ends(run)
        ways = {id: how for id, how in by.items() if how not in ("done", "not chosen")}
        assert ways.items() <= {"onward": "already so", "good": "already so"}.items()  # as time had it
        assert {by[id] for id in ("open-gate", "let-go", "given-up")} == {"not chosen"}
        (onward, production) = (one for one in run.steps if one.id in ("onward", "production"))
        assert production.approvals == ("colleague@corp",)
        assert onward.attempt == 1  # its last step, for everybody, stands behind the approval
        checked = ("reviewed", "tested", "scanned", "migrations", "notes", "tag", "tagged")
        assert {by[id] for id in checked} == {"done"}  # by the code host's own word: nothing of it is signed
        told_by = {one.id: one.sentence for one in run.steps}
        assert MAIN[0].sha[:12] in told_by["tested"] and MAIN[0].sha[:12] in told_by["tagged"]
        assert "started: standard release" in told(at)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_service_is_fixed_by_an_emergency_fix_within_its_runbook() -> None:
    """From the failure to the closed runbook; what mends it is a run of its own, on what the runbook holds, which another person approves."""
    with seat("service-failure", 20.0) as at:
        service = "Deployment tf-production/search"
        branches = {"fixed": "release", "open": "window", "watched": "mends"}
        fix = ("emergency-fix", "4.9.1")
        run = asyncio.run(walked(at, "service-failure", branches, fix=fix, service=service))
        assert run.outcome is RunOutcome.DONE, ends(run)
        by = ends(run)
        assert [by[id] for id in ("release", "serves", "journeys")] == ["done"] * 3
        assert {by[id] for id in ("rollback", "restart", "outside")} == {"not chosen"}
        step = next(one for one in run.steps if one.id == "release")
        inner = at.parts.runs.run(step.inner)
        assert inner is not None and inner.within == (run.id, "release")
        approved = next(one for one in inner.steps if one.id == "approved")
        assert approved.approvals == ("colleague@corp",)
