"""The demo has kept account of the dated promises for two years: what a scenario plants is what the items show."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.configured import table_of
from tests.unit.cli.test_gate_versions import written
from tfdash.cli.compose import policies_of
from tfdash.cli.demo_past import leave_past
from tfdash.cli.demo_promises import kept_before
from tfdash.cli.store_options import store_options
from tfdash.clock import SystemClock
from tfdash.config.load import load
from tfdash.config.settings import Settings
from tfdash.demo.options import ENVIRONMENTS, SCENARIOS
from tfdash.demo.scenarios.scenario import load as scenario_of
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.model.maintenance import ItemStanding, ItemState, PeriodVerdict
from tfdash.model.picture import Change, Picture
from tfdash.model.store_state import Entry, StoreState
from tfdash.store.log.audit_projection import AuditProjection
from tfdash.store.log.draft import EntryDraft
from tfdash.store.log.reading import read_folder
from tfdash.store.log.verify import verify
from tfdash.store.opening import open_store

POLICIES = replace(policies_of(table_of(Settings, {})), environments=tuple(ENVIRONMENTS))
DATED = [name for name in SCENARIOS if scenario_of(name).dated is not None]
DAYS = ("2026-11-24T15:05Z", "2026-12-01T12:00Z", "2027-01-02T03:00Z", "2028-02-29T23:00Z")


def drafts(scenario: str, now: float) -> list[EntryDraft]:
    dated = scenario_of(scenario).dated
    assert dated is not None
    return sorted(kept_before(dated, POLICIES, now), key=lambda draft: draft.at)


def states(scenario: str, day: str) -> list[ItemState]:
    now = datetime.fromisoformat(day).timestamp()
    projection = AuditProjection(lambda digest: "")
    for number, draft in enumerate(drafts(scenario, now)):
        assert draft.at <= now
        projection.apply(
            Entry(
                version=1,
                terminal="t",
                sequence=number,
                at=draft.at,
                kind=draft.kind,
                actor=draft.actor,
                data=json.dumps(draft.data),
            )
        )
    runner = MaintenanceRunner(POLICIES)
    store = StoreState(maintenance=projection.maintenance)
    change = Change(keys={}, freshness=frozenset(), signals=None, store=None)
    assert runner.assess(Picture(at=now, number=1, clusters={}, store_state=store), change, now)
    assert runner.states is not None
    return list(runner.states.values())


def of(found: list[ItemState], standing: ItemStanding) -> list[tuple[str, str]]:
    return sorted((s.subject.name, s.subject.cluster.environment) for s in found if s.standing is standing)


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("scenario", DATED)
def test_what_a_scenario_plants_is_overdue_and_nothing_else_whenever_it_begins(
    scenario: str, day: str
) -> None:
    dated = scenario_of(scenario).dated
    assert dated is not None
    found = states(scenario, day)
    assert of(found, ItemStanding.OVERDUE) == sorted(
        (o.item, o.environment) for o in dated.otherwise if o.what == "overdue"
    )
    assert not of(found, ItemStanding.NOT_WATCHED) and not of(found, ItemStanding.NO_EVIDENCE)
    assert {name for name, _ in of(found, ItemStanding.NOTHING)} == {"emergency-rotation"}  # no break-glass
    verdicts = Counter(p.verdict for s in found for p in s.periods)
    assert verdicts[PeriodVerdict.KEPT] > 50 * verdicts[PeriodVerdict.MISSED]
    assert verdicts[PeriodVerdict.LATE] and verdicts[PeriodVerdict.WAIVED]
    assert 5 <= verdicts[PeriodVerdict.MISSED] <= 20


def test_the_two_years_of_the_default_scenario_show_exactly_what_was_planted() -> None:
    found = states("busy", DAYS[0])
    shown = {
        (s.subject.name, s.subject.cluster.environment, p.label): p.verdict.value
        for s in found
        for p in s.periods
        if p.verdict in (PeriodVerdict.MISSED, PeriodVerdict.LATE, PeriodVerdict.WAIVED)
    }
    assert shown == {
        ("idle-review", "development", "2026-02"): "missed",
        ("idle-review", "development", "2026-08"): "missed",
        ("index-optimisation", "production", "2026-05"): "late",
        ("kubernetes-patch", "production", "2026-01"): "waived",
        ("kubernetes-patch", "production", "2026-07"): "late",
        ("database-upgrade", "production", "2026-H1"): "waived",
        ("mesh-rotation", "staging", "2026-03"): "late",
        ("mesh-rotation", "staging", "2026-09"): "late",
        ("performance-tuning", "development", "2026-Q2"): "missed",
        ("quota-review", "development", "2026-10"): "missed",
        ("quota-review", "staging", "2026-06"): "missed",
        ("service-account-review", "production", "2026-04"): "missed",
        ("tls-verification", "staging", "2025-12"): "missed",
        ("vacuum-analyze", "production", "2026-09"): "late",
        ("vacuum-analyze", "staging", "2026-11"): "missed",
    }


async def test_a_past_is_written_as_a_terminal_would_have_written_it(tmp_path: Path) -> None:
    """Through the real store, as one chain that holds."""
    config = written("overdue-maintenance", tmp_path)
    await asyncio.to_thread(leave_past, config, "overdue-maintenance")
    options = store_options(load(config), config)
    opened = open_store(options, SystemClock(), acting=False, reading=True)
    await opened.source.load()
    record = opened.store.state().maintenance
    now = scenario_of("overdue-maintenance").begins
    assert now is not None
    told = drafts("overdue-maintenance", now)
    assert sum(map(len, record.completions.values())) == sum(d.data["topic"] == "completion" for d in told)
    assert len(record.started) == len({json.dumps(d.data["subject"]) for d in told})
    assert verify(read_folder(tmp_path / "store")).code == 0


def test_every_exception_of_a_scenario_is_of_an_item_there() -> None:
    for scenario in DATED:
        dated = scenario_of(scenario).dated
        assert dated is not None
        for one in dated.otherwise:
            item = POLICIES.maintenance.items[one.item]
            assert (one.environment == "") is (item.per == "platform")
            assert one.environment in ("", *ENVIRONMENTS)
