"""Procedures walked from start to end in the demo, by the engine, the gate, the pipelines and the channel that a person at the keys has."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tests.protocol.demo_walking import ends, seat, told, walked
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
