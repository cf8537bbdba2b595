"""Whatever happens between, in the end the cache is what the server has. Model-based, by hypothesis."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.protocol.conftest import Target
from tests.protocol.watching import REF, board_on, until
from tfdash.board.board import Board
from tfdash.sources.base import Scope

_STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "delete", "label", "reset", "expire", "unwant"]), st.integers(0, 5)),
    min_size=1,
    max_size=25,
)


def service(number: int) -> dict[str, Any]:
    labels = {"test": "cache", "step": "0"}
    return {
        "metadata": {"name": f"cache-{number}", "labels": labels},
        "spec": {"ports": [{"port": 80 + number}]},
    }


@pytest.mark.timeout(300)
@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=_STEPS, page=st.sampled_from([1, 2, 250]))
def test_the_cache_ends_as_the_server_is(
    target: Target, space: str, steps: list[tuple[str, int]], page: int
) -> None:
    path = f"/api/v1/namespaces/{space}/services"
    for item in target.admin.get(path).json()["items"]:
        target.admin.delete(f"{path}/{item['metadata']['name']}")
    scope = {"Service": Scope((space,))}
    with board_on(target, scope, page_size=page) as board:
        for number, (what, which) in enumerate(steps):
            _step(target, board, scope, path, what, which, number)
        board.want("test", scope)
        server: dict[str, str] = {}

        def equal() -> bool:
            items = target.admin.get(path).json()["items"]
            server.clear()
            server.update({i["metadata"]["name"]: i["metadata"]["resourceVersion"] for i in items})
            seen = board.picture.clusters[REF].kinds.get("Service")
            if seen is None or not seen.complete or seen.problem is not None:
                return False
            return {
                k.name: o.resource_version for k, o in board.picture.clusters[REF].objects("Service").items()
            } == server

        until(board, equal, f"the cache to equal {server}")


def _step(
    target: Target, board: Board, scope: dict[str, Scope], path: str, what: str, which: int, number: int
) -> None:
    name = f"{path}/cache-{which}"
    match what:
        case "create":
            target.admin.post(path, json=service(which))
        case "delete":
            target.admin.delete(name)
        case "label":
            patch = {"metadata": {"labels": {"step": str(number)}}}
            target.admin.patch(name, json=patch, headers={"Content-Type": "application/merge-patch+json"})
        case "unwant":
            board.want("test", scope if number % 2 else {})
        case "reset" | "expire" if target.demo is not None:
            if what == "expire":
                target.admin.post(f"{target.demo.control_url}/history", json={"keep": 0}).raise_for_status()
            target.admin.post(f"{target.demo.control_url}/watches", json={}).raise_for_status()
