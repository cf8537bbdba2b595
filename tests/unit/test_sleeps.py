"""No test sleeps so that something may have happened: what waits goes through ``tests.waiting``."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.syntax import walk

pytestmark = pytest.mark.long

TESTS = Path(__file__).resolve().parents[1]

# where something sleeps all the same, how often, and why
KEPT = {
    "waiting.py": (2, "the helper itself"),
    "tui/stillness.py": (1, "lets the loop turn until the message pumps are at rest"),
    "pseudoterminal.py": (1, "waits for a process to end while it drains what it prints"),
    "platform/harness/cluster.py": (1, "waits, and names the part that ended meanwhile"),
    "platform/harness/prometheus.py": (1, "waits, and names the server that ended meanwhile"),
    "platform/harness/cert_manager.py": (1, "waits, and names the controller that ended meanwhile"),
    "platform/harness/argo.py": (1, "waits, and names the controller that ended meanwhile"),
    "platform/harness/__main__.py": (2, "the command for people: waits for the keeper"),
    "unit/actions/proxying.py": (1, "a proxy that is late on purpose"),
    "unit/sources/prometheus/server.py": (1, "a server that is late on purpose"),
    "unit/sources/journeys/test_journeys.py": (2, "a site that is late on purpose"),
    "trials/test_kill.py": (1, "a proxy that is late on purpose"),
}


_WAITS = re.compile(r"(sleep|pause)\s*\(\s*(?!(0\s*)?\))")


def sleeps(source: str) -> int:
    """Calls of ``sleep`` by any name, but ``sleep(0)``, which only lets others run; and the pilot's pause with a time."""
    found = 0
    if not _WAITS.search(source):
        return 0
    for node in walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        of_nothing = isinstance(node.args[0], ast.Constant) and not node.args[0].value
        found += (name == "sleep" and not of_nothing) or (name == "pause" and not of_nothing)
    return found


def test_nothing_sleeps_but_what_is_named_here() -> None:
    found = {
        path.relative_to(TESTS).as_posix(): count
        for path in sorted(TESTS.rglob("*.py"))
        if (count := sleeps(path.read_text()))
    }
    assert found == {path: count for path, (count, _) in KEPT.items()}, "wait by tests.waiting: until or soon"


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("time.sleep(0.5)", 1),
        ("await asyncio.sleep(x)", 1),
        ("sleep(1)", 1),
        ("await asyncio.sleep(0)", 0),
        ("await pilot.pause()", 0),
        ("await pilot.pause(0.3)", 1),
        ("signal.pause()", 0),
        ("asyncio.sleep", 0),
    ],
)
def test_what_counts_as_a_sleep(source: str, count: int) -> None:
    assert sleeps(source.removeprefix("await ")) == count
