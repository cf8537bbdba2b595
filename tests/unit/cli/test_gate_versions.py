"""``gate versions``: its code, its lines and its JSON; and what the demo of a soak leaves in its store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.unit.playbook.versions.making import NOW, STAGING, running, seen, state
from tests.unit.playbook.versions.test_production import BEFORE, DEV, HERE, OLD, planned, soaked
from tests.unit.report.test_report import check
from tfdash.cli.demo_past import leave_past
from tfdash.cli.gates.versions import as_json, code_in, lines
from tfdash.cli.parser import parse
from tfdash.cli.store_options import store_options
from tfdash.clock import SystemClock
from tfdash.config.load import load
from tfdash.demo import client_files, tls
from tfdash.demo.options import DemoOptions
from tfdash.demo.platform import Platform
from tfdash.model.verdict import UnknownKind
from tfdash.model.versions import VersionsState
from tfdash.playbook.staleness import Unread
from tfdash.report.schemas import schema
from tfdash.store.log.reading import read_folder
from tfdash.store.log.verify import verify
from tfdash.store.opening import open_store

READY = planned("2026-11-20")
OLD_NODE = running(OLD, [OLD, "v1.31.2"])


def of(*sightings: Any, runs: Any = None, **more: Any) -> VersionsState:
    return state(runs or running(OLD, [OLD]), sightings=[HERE, *sightings], **more)


@pytest.mark.parametrize(
    ("given", "code", "begins"),
    [
        (of(DEV, *soaked(8), **READY), 0, "yes: 1.37.2 may go to production: "),
        (
            of(DEV, *soaked(6), **READY),
            1,
            "no: 1.37.2 may not go to production yet, opens Wed 25 Nov 10:00 EST: ",
        ),
        (of(DEV, seen(STAGING, BEFORE, NOW, OLD)), 1, "no: production and staging run 1.36.4: none waits"),
        (
            of(*soaked(8), **READY),
            2,
            "not known: whether 1.37.2 may go to production is not known: nobody has",
        ),
        (of(), 2, "not known: production runs 1.36.4; nobody has watched what staging runs yet"),
        (
            state(running(cluster=STAGING), sightings=soaked(8)),
            2,
            "not known: this is not production",
        ),
        (None, 2, "not known: nothing was read"),
        (of(DEV, *soaked(8), runs=OLD_NODE, **READY), 0, "yes: 1.37.2 may go"),  # an answer to what was asked
    ],
)
def test_the_answer(given: VersionsState | None, code: int, begins: str) -> None:
    assert code_in(given) == code
    assert lines(given)[0].startswith(begins)
    document = as_json(given, code, "")
    check(document, schema("gate versions"))
    assert document["exit_code"] == code
    assert (document["next"] == "1.37.2") is (given is not None and given.next != "")


def test_what_else_is_wrong_is_told_below_it() -> None:
    given = of(DEV, *soaked(8), runs=OLD_NODE, **READY)
    assert lines(given)[1:] == [
        "  ✖ BREACH  1.31 of n2 is no longer supported since 11 Nov 2025",
        "  ✖ BREACH  n2: kubelet 1.31.2 is 5 minors behind the API server, 1.36.4: at most 3 minors",
    ]
    found = as_json(given, 0, "")["findings"]
    assert [f["rule"] for f in found] == ["versions.support", "versions.skew"]


def test_the_command() -> None:
    args = parse(["gate", "versions", "-e", "production", "--format", "json"])
    assert (args.what, args.environment, args.format) == ("versions", "production", "json")


async def _remembered(config: Path) -> Any:
    opened = open_store(store_options(load(config), config), SystemClock(), acting=False, reading=True)
    await opened.source.load()
    return opened.store.state().versions


def written(scenario: str, folder: Path) -> Path:
    """The demo's own configuration, without its servers."""
    platform = Platform(DemoOptions(scenario=scenario))
    for cluster in platform.clusters.values():
        cluster.address = "127.0.0.1:1"
    ports = dict.fromkeys(platform.clusters, 1)
    return client_files.write(platform, folder, ports, tls.make(folder)).config


async def test_the_demo_of_a_soak_has_a_past(tmp_path: Path) -> None:

    config = written("upgrade-soak", tmp_path)
    await asyncio.to_thread(leave_past, config, "upgrade-soak")
    memory = await _remembered(config)
    assert {s.cluster.environment for s in memory.sightings} == {"development", "staging", "production"}
    [plan] = memory.announced
    [named] = load(config).versions.plan
    assert (plan.version, plan.day) == (named.version, named.date.isoformat())
    assert verify(read_folder(tmp_path / "store")).code == 0


async def test_a_scenario_without_a_past_makes_no_store(tmp_path: Path) -> None:
    leave_past(written("calm", tmp_path), "calm")
    assert not (tmp_path / "store").exists()


def test_where_nothing_is_judged_because_a_cluster_is_gone_that_is_said() -> None:
    gone = state(running((), {}, unseen=Unread(UnknownKind.NO_DATA, "connection lost")))
    assert lines(gone, "us-1 cannot be reached") == ["not known: us-1 cannot be reached"]
