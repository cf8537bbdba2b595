"""A thousand random keys on every screen of ``tfdash run --read-only`` on the real API server change nothing there.

Proved by the server's own audit log: under our name there are reads and SelfSubject reviews, and nothing of kubectl's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from screens.app import TfdashApp
from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.tui.running import Run
from tests.tui.test_random_keys import PLACES, go, hammer, left
from tfdash.actions.core.action_service import ReadOnlyService
from tfdash.cli.parser import build
from tfdash.cli.running import run
from widgets.confirm import Dialog

pytestmark = pytest.mark.platform
PRESSES = 1000
READS = {"get", "list", "watch", ("create", "selfsubjectreviews"), ("create", "selfsubjectaccessreviews")}


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Cluster:
    world.add_nodes(cluster, 5)
    world.add_cases(cluster)
    return cluster


def audited(cluster: Cluster, since: int) -> list[dict[str, Any]]:
    """What the API server noted behind the first ``since`` bytes of its audit log."""
    with cluster.audit_log.open("rb") as log:
        log.seek(since)
        return [json.loads(line) for line in log if line.endswith(b"\n")]


def verb(entry: dict[str, Any]) -> Any:
    resource = entry.get("objectRef", {}).get("resource", "")
    return (entry["verb"], resource) if entry["verb"] == "create" else entry["verb"]


@pytest.mark.timeout(1800)
def test_a_thousand_keys_on_every_screen_only_read(
    seeded: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('read_only = false\n[actions]\nplan_expires = "60s"\n')  # --read-only is stronger
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setattr(Dialog, "patience", 0.0)
    since = seeded.audit_log.stat().st_size
    to_do = dict.fromkeys(PLACES, PRESSES)

    async def drive(app: TfdashApp) -> None:
        async with app.run_test(size=(120, 40)) as pilot:
            found = Run(app, pilot, None)
            await found.until(lambda: app.context.actions is not None, "the action service")
            assert type(app.context.actions) is ReadOnlyService and not app.context.may_elevate
            await found.until(lambda: len(app.board.assessment.workloads) > 10, "the workloads")
            while to_do and not left(found):
                place, count = next(iter(to_do.items()))
                to_do[place] -= await hammer(
                    found, Random(f"{place} {count}"), count, lambda place=place: go(found, place), every=20
                )
                if to_do[place] <= 0:
                    del to_do[place]
            if app.failure is not None:
                raise app.failure

    monkeypatch.setattr(TfdashApp, "run_in_terminal", lambda app: asyncio.run(drive(app)))
    monkeypatch.setattr("tfdash.cli.acting.writers_of", lambda *a: pytest.fail("a writer was made"))
    args = ["run", "--config", str(config), "--read-only", "--kubeconfig", str(seeded.kubeconfig("admin"))]
    while to_do:  # begun anew where the keys left it; never into another mode than the one that was asked for
        arguments = build().parse_args(args)
        assert run(arguments) == 0
        assert arguments.read_only and not arguments.act
    noted = [e for e in audited(seeded, since) if e.get("userAgent") == "tfdash"]
    assert len(noted) > 100
    assert {verb(e) for e in noted} <= READS
    figure(f"{PRESSES} keys on each of {len(PLACES)} screens: {len(noted)} requests, all of them reads")
    others = {e.get("userAgent", "").split("/")[0] for e in audited(seeded, since)}
    assert not others & {"kubectl", Path(sys.executable).name, "python-httpx"}
    assert not list(tmp_path.rglob("terminal-*.db"))  # and nothing was recorded as an action of ours


def test_a_program_that_begins_anew_leaves_its_place_in_the_store(
    seeded: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """:elevate and another environment begin it anew in the same process: one place, one chain, nothing held."""
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\npath = "{tmp_path / "store"}"\n')
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    modes: list[str] = []

    async def drive(app: TfdashApp) -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            found = Run(app, pilot, None)
            await found.until(lambda: app.context.actions is not None, "the action service")
            assert app.context.actions is not None
            modes.append(app.context.actions.mode.posture.value)
            app.elevate = len(modes) < 3

    monkeypatch.setattr(TfdashApp, "run_in_terminal", lambda app: asyncio.run(drive(app)))
    args = ["run", "--config", str(config), "--kubeconfig", str(seeded.kubeconfig("admin"))]
    assert run(build().parse_args(args)) == 0
    assert modes == ["READ-ONLY", "ELEVATED", "ELEVATED"]
    assert [p.name for p in (tmp_path / "store").glob("*.db")] == ["terminal-0.db"]
