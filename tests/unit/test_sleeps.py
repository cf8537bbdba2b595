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
    "platform/harness/processes.py": (1, "waits, and names the controller that ended meanwhile"),
    "platform/harness/__main__.py": (2, "the command for people: waits for the keeper"),
    "unit/actions/proxying.py": (1, "a proxy that is late on purpose"),
    "unit/writers/ssh_server.py": (2, "systemd waits for a unit to end"),
    "unit/sources/prometheus/server.py": (1, "a server that is late on purpose"),
    "unit/sources/journeys/test_journeys.py": (2, "a site that is late on purpose"),
    "trials/test_kill.py": (1, "a proxy that is late on purpose"),
    "trials/test_wallboard_stopped.py": (1, "the supervisor waits before it begins anew, as systemd does"),
    "trials/counting.py": (1, "a command that takes its time"),
    "trials/test_procedures_killed.py": (1, "when it is killed is chance"),
    "protocol/test_addresses.py": (1, "the pace of a source, quicker than its own"),
    "platform/test_actions.py": (1, "the pace of a program that writes thirty times a second"),
}


_WAITS = re.compile(r"(sleep|pause|wait|join)\s*\(\s*(?!(0\s*)?\))")
_LONG = 1.0  # seconds: what waits longer is a deadline that nobody reaches


def sleeps(source: str) -> int:
    """Calls of ``sleep`` by any name, but ``sleep(0)``, which only lets others run; the pilot's pause with a time; a short wait for an event or
    a thread of which nobody asks how it ended. Programs that a test has as a text count like its own."""
    if not _WAITS.search(source):
        return 0
    found = 0
    for node in walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += _in_program(node.value)
        elif isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            found += name in ("sleep", "pause") and _time(node.args[0]) != 0
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.args:
            wait, seconds = node.value.func, _time(node.value.args[0])
            told = isinstance(wait, ast.Attribute) and wait.attr in ("wait", "join")
            found += told and seconds is not None and 0 < seconds < _LONG
    return found


def _time(node: ast.expr) -> float | None:
    """Seconds, where they stand there."""
    value = node.value if isinstance(node, ast.Constant) else None
    return float(value) if isinstance(value, int | float) else None


def _in_program(text: str) -> int:
    """Of Python in a text; a text that only speaks of it is none."""
    if "(" not in text or not re.search(r"^\s*(import|from) |;", text, re.MULTILINE):
        return 0
    try:
        return sleeps(text)
    except SyntaxError:
        return 0


def test_nothing_sleeps_but_what_is_named_here() -> None:
    found = {
        path.relative_to(TESTS).as_posix(): count
        for path in sorted(TESTS.rglob("*.py"))
        if path != Path(__file__).resolve() and (count := sleeps(path.read_text()))
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
        ("done.wait(0.05)", 1),
        ("thread.join(0.2)", 1),
        ("thread.join(60)", 0),
        ("assert done.wait(0.05)", 0),
        ("', '.join(names)", 0),
        ("CODE = 'import time; time.sleep(1)'", 1),
        ("WORDS = 'it calls sleep(1)'", 0),
    ],
)
def test_what_counts_as_a_sleep(source: str, count: int) -> None:
    assert sleeps(source.removeprefix("await ")) == count
