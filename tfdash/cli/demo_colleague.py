"""A second person on call in a demo with a second region: their terminal stands on another machine, and tells the store whether it reaches the
clusters, as every terminal does. It really asks them."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfdash.demo.client_files import shown_name
from tfdash.demo.scenarios.scenario import load as scenario_of
from tfdash.model.store_state import EntryKind
from tfdash.model.subject import ClusterRef
from tfdash.store.log.view_facts import data_of_views

log = logging.getLogger(__name__)
MACHINE = "ops-2"
_EVERY = 40.0  # simulated seconds: what a terminal says of a cluster counts for 120
_PATIENCE = 5.0


@contextmanager
def colleague(config: Path, scenario: str) -> Iterator[None]:
    """While it lasts; of a scenario without a second region nobody is there. ``config``: the demo's own."""
    region = scenario_of(scenario).region
    if region is None:
        yield
        return
    clusters = {
        ClusterRef(region.environment, shown_name(name)): name for name in (region.environment, region.name)
    }
    over = threading.Event()
    thread = threading.Thread(target=_sit, args=(config, clusters, over), daemon=True, name=MACHINE)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _sit(config: Path, clusters: Mapping[ClusterRef, str], over: threading.Event) -> None:
    try:
        asyncio.run(_look_on(config, clusters, over))
    except Exception:  # nobody waits for them: the demo goes on alone
        log.warning("the second terminal of the demo ended", exc_info=True)


async def _look_on(config: Path, clusters: Mapping[ClusterRef, str], over: threading.Event) -> None:
    import httpx

    from tfdash.cli.compose import clock_of
    from tfdash.cli.store_options import store_options
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.store.opening import open_store

    quick = load_quick(str(config))
    clock = clock_of(quick)
    access = json.loads(config.with_name("kubeconfig").read_text("utf-8"))
    servers = {one["name"]: one["cluster"]["server"] for one in access["clusters"]}
    token = config.with_name("oncall-token").read_text("utf-8").strip()
    trust = ssl.create_default_context(cafile=str(config.with_name("ca.crt")))
    opened = open_store(store_options(load(config), config), clock, acting=True, terminal=MACHINE)
    away = False
    try:
        await opened.source.load()
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(verify=trust, headers=headers, timeout=_PATIENCE) as client:
            while not over.is_set():
                views = [(ref, await _answers(client, servers[name])) for ref, name in clusters.items()]
                if away or not all(reaches for _, reaches in views):  # of what answers nothing is written
                    away = not all(reaches for _, reaches in views)
                    await opened.store.append(EntryKind.NOTE, actor="second", **_said(views))
                await asyncio.to_thread(over.wait, _EVERY / quick.demo.speed)
    finally:
        opened.store.close()


async def _answers(client: Any, server: str) -> bool:
    import httpx

    try:
        return bool((await client.get(f"{server}/readyz")).status_code == 200)
    except httpx.HTTPError:
        return False


def _said(views: list[tuple[ClusterRef, bool]]) -> dict[str, Any]:
    words = [f"{'reaches' if reaches else 'does not reach'} {ref.cluster}" for ref, reaches in views]
    return {"sentence": f"this terminal {', '.join(words)}", "data": data_of_views(MACHINE, views)}
