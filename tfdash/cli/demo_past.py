"""What a scenario says that terminals have left in the demo's store before it began, written there as they would have written it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfdash.demo.client_files import LAST_GOOD, place_of, shown_name
from tfdash.demo.controllers.behaviour import duration
from tfdash.demo.scenarios.catalogue import catalogue
from tfdash.demo.scenarios.pod_templates import template_of
from tfdash.demo.scenarios.scenario import Region, Scenario
from tfdash.demo.scenarios.scenario import load as scenario_of
from tfdash.model.last_good import GoodService, LastGood
from tfdash.model.store_state import EntryKind
from tfdash.model.subject import ClusterRef, Subject
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
    if found.region is not None:
        _leave_last_good(config.parent / LAST_GOOD, found.region, load_quick(str(config)).demo.epoch)
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


def _leave_last_good(folder: Path, region: Region, start: float) -> None:
    """What each service that a second region brings up was in the first one, as a terminal took it."""
    from tfdash.sources.last_good.kept import keep

    ref, plan = ClusterRef(region.environment, shown_name(region.environment)), catalogue()
    at, services = start - duration(region.ago), {one.name: one for one in plan.service}
    kept = []
    for one in sorted(region.brings_up, key=lambda one: one.tier):
        service = services[one.service]
        kind, namespace = place_of(one.service, region.environment)
        containers = template_of(service, service.version, region.environment)["spec"]["containers"]
        hpa, (way, _, by) = service.hpa, one.comes_up.partition(" ")
        kept.append(
            GoodService(
                name=one.service,
                workload=Subject(ref, kind, namespace, one.service),
                at=at,
                since=at - 40 * 86_400,
                replicas=plan.replicas(service, region.environment),
                scaler=one.service if hpa is not None else "",
                minimum=hpa.min if hpa is not None else 0,
                maximum=hpa.max if hpa is not None else 0,
                images=tuple(container["image"] for container in containers),
                tier=one.tier,
                owner=one.owner,
                rests_on=tuple(one.rests_on),
                comes_up=way,
                by=by,
            )
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    keep(folder, ref, LastGood(services=tuple(kept)))


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
