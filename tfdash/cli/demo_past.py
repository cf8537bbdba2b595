"""What a scenario says that terminals have left in the demo's store before it began, written there as they would have written it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfdash.demo.controllers.behaviour import duration
from tfdash.demo.scenarios.scenario import Scenario
from tfdash.demo.scenarios.scenario import load as scenario_of
from tfdash.model.store_state import EntryKind
from tfdash.model.subject import ClusterRef
from tfdash.model.versions import PlannedUpdate, VersionSighting
from tfdash.store.log.draft import EntryDraft
from tfdash.store.log.version_facts import data_of_versions

_TERMINAL = "watcher"
_AT_ONCE = 100  # entries of one write, which waits no longer than any other


def leave_past(config: Path, scenario: str) -> None:
    """``config``: the demo's own. Of a scenario without a past nothing is made. Raises ``LedgerUnavailable``."""
    from tfdash.cli.compose import clock_of
    from tfdash.cli.store_options import store_options
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.store.opening import open_store

    found = scenario_of(scenario)
    if not (found.watched or found.planned or found.dated):
        return
    quick, settings = load_quick(str(config)), load(config)
    drafts = list(_entries(found, quick.demo.epoch))
    if found.dated is not None:
        from tfdash.cli.compose import policies_of
        from tfdash.cli.demo_promises import in_order, kept_before

        drafts = in_order([*drafts, *kept_before(found.dated, policies_of(settings), quick.demo.epoch)])
    opened = open_store(store_options(settings, config), clock_of(quick), acting=True, terminal=_TERMINAL)

    async def write() -> None:
        await opened.source.load()
        for first in range(0, len(drafts), _AT_ONCE):
            await opened.store.recorder.record_all(drafts[first : first + _AT_ONCE])

    try:
        asyncio.run(write())
    finally:
        opened.store.close()


def _entries(scenario: Scenario, start: float) -> Iterator[EntryDraft]:
    """In the order of their times."""
    said: list[tuple[float, str, dict[str, Any]]] = []
    for plan in scenario.planned:
        update = PlannedUpdate(environment="production", version=plan.version, day=plan.date)
        sentence = f"plans Kubernetes {plan.version} for production on {plan.date}"
        said.append((start + duration(plan.announced), sentence, data_of_versions([], [update])))
    for one in scenario.watched:
        at = ClusterRef(one.environment, f"demo-{one.environment}")
        seen = VersionSighting(
            at, start + duration(one.since), start + duration(one.until), tuple(one.versions)
        )
        said.append((seen.until, f"{at.cluster} runs {', '.join(one.versions)}", data_of_versions([seen])))
    for when, sentence, data in sorted(said, key=lambda row: row[0]):
        yield EntryDraft(kind=EntryKind.NOTE, at=when, actor="tfdash", sentence=sentence, data=data)
