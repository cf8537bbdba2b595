"""When things fail: the data stays with its age and cause, the rest goes on, and it recovers by itself."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.protocol.conftest import Target, client
from tests.protocol.watching import REF, board_on, until
from tfdash.board.board import Board
from tfdash.demo.process import DemoProcess
from tfdash.model.observation import ProblemKind
from tfdash.sources.base import ALL

KINDS = {"Pod": ALL, "Deployment": ALL, "Node": ALL}


@pytest.fixture(scope="module")
def platform(demo: DemoProcess) -> Iterator[Target]:
    admin, viewer = client(demo.kubeconfig, "production"), client(demo.kubeconfig, "production-viewer")
    with admin, viewer:
        platform = Target("simulator", admin, viewer, demo.kubeconfig, "production", demo)
        switch(platform, "clock", running=False)  # what changes here are the faults alone
        yield platform
        switch(platform, "clock", running=True)


@pytest.fixture
def board(platform: Target) -> Iterator[Board]:
    with board_on(platform, KINDS) as board:
        until(board, lambda: not board.unsettled(), "the first lists")
        yield board
    clear(platform)


def fault(platform: Target, **fields: object) -> None:
    assert platform.demo is not None
    platform.admin.post(f"{platform.demo.control_url}/faults", json=fields).raise_for_status()


def switch(platform: Target, name: str, **fields: object) -> None:
    assert platform.demo is not None
    platform.admin.post(f"{platform.demo.control_url}/{name}", json=fields).raise_for_status()


def clear(platform: Target) -> None:
    assert platform.demo is not None
    platform.admin.delete(f"{platform.demo.control_url}/faults").raise_for_status()


def problem(board: Board, kind: str = "Pod") -> ProblemKind | None:
    found = board.picture.clusters[REF].kinds[kind].problem
    return found.kind if found is not None else None


def healthy(board: Board) -> bool:
    return all(o.problem is None and o.complete for o in board.picture.clusters[REF].kinds.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("401", ProblemKind.LOGIN_EXPIRED),
        ("403", ProblemKind.FORBIDDEN),
        ("429", ProblemKind.THROTTLED),
        ("500", ProblemKind.SERVER_ERROR),
        ("reset", ProblemKind.UNREACHABLE),
        ("garbage", ProblemKind.BAD_ANSWER),
        ("hang", ProblemKind.TIMEOUT),
    ],
)
def test_a_source_that_fails_keeps_its_data_and_comes_back(
    platform: Target, board: Board, name: str, expected: ProblemKind
) -> None:
    before = len(board.picture.clusters[REF].objects("Pod"))
    assert before
    fault(platform, fault=name, resource="pods")
    switch(platform, "watches")
    until(board, lambda: problem(board) is expected, f"pods to say {expected}")
    assert len(board.picture.clusters[REF].objects("Pod")) == before
    assert problem(board, "Deployment") is None, "the other kinds go on"
    clear(platform)
    until(board, lambda: healthy(board), "the recovery")


def test_an_expired_watch_lists_again_without_losing_rows(platform: Target, board: Board) -> None:
    sizes = []
    stop = board.subscribe(lambda update: sizes.append(len(update.picture.clusters[REF].objects("Pod"))))
    before = len(board.picture.clusters[REF].objects("Pod"))
    seen = board.picture.clusters[REF].kinds["Pod"]
    fault(platform, fault="410", resource="pods", count=1)
    switch(platform, "watches")
    until(board, lambda: board.picture.clusters[REF].kinds["Pod"].value is not seen.value, "a fresh list")
    stop()
    assert min(sizes) >= before - 5
    until(board, lambda: healthy(board), "the recovery")


def test_a_hundred_losses_leak_nothing(platform: Target) -> None:
    """Tasks, sockets and memory are as before."""
    with board_on(platform, KINDS, backoff_first=0.01, backoff_longest=0.02) as board:
        until(board, lambda: not board.unsettled(), "the first lists")
        for _ in range(20):
            lose(platform, board)
        before = usage(board)
        for _ in range(80):
            lose(platform, board)
        after = usage(board)
    assert after["tasks"] <= before["tasks"]
    assert after["descriptors"] <= before["descriptors"] + 2
    assert after["threads"] <= before["threads"] + 1
    assert after["mib"] <= before["mib"] + 8


def lose(platform: Target, board: Board) -> None:
    version = board.picture.clusters[REF].kinds["Node"].observed_at
    fault(platform, fault="reset", streams=True, count=3)
    until(
        board,
        lambda: healthy(board) and board.picture.clusters[REF].kinds["Node"].observed_at != version,
        "the recovery",
    )


def usage(board: Board) -> dict[str, float]:
    loop = board._loop
    assert loop is not None
    counted: list[int] = []
    done = threading.Event()

    def count() -> None:
        counted.append(len(asyncio.all_tasks(loop)))
        done.set()

    loop.call_soon_threadsafe(count)
    assert done.wait(5)
    gc.collect()  # what other modules of this process left behind is no growth
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "tasks": counted[0],
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "mib": pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
    }


def test_a_list_that_a_person_asks_for_is_read_again_whole(board: Board) -> None:
    before = board.picture.clusters[REF].objects("Pod")
    board.relist(("Pod",))
    until(board, lambda: board.picture.clusters[REF].objects("Pod") is not before, "the list anew")
    assert board.picture.clusters[REF].objects("Pod").keys() == before.keys()
    assert healthy(board)
