"""Tab 3 at three sizes and in its states; keys, pages, several releases, hostile text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.tui import canaryworld as cw
from tests.tui.running import SIZES, compare, running
from tfdash.board import Board

SCREENS: dict[str, tuple[tuple[Any, ...], Callable[[Board], None], str]] = {
    "canary-breach": (
        ((cw.release(analyses=(cw.RUN,)), cw.BREACH),), lambda b: cw.prepare(b, cw.signals(pay=False)), "✖ BREACH"),
    "canary-pass": (((cw.release(), cw.PASS),), cw.prepare, "✔ pass"),
    "canary-low-traffic": (((cw.release(), cw.LOW_TRAFFIC),), cw.prepare, "? low traffic"),
    "canary-nothing": ((), cw.prepare, "No release is in flight"),
    "canary-prometheus-down": (
        ((cw.release(), cw.OLD),), lambda b: cw.prepare(b, cw.signals(cw.DOWN)), "connection refused"),
    "canary-not-configured": (
        ((cw.release(), None),), lambda b: cw.prepare(b, cw.signals(None)), "no Prometheus is configured"),
    "canary-several": (
        ((cw.release(), cw.PASS), (cw.release(cw.AUTH), cw.BREACH)), cw.prepare, "RELEASE"),
}  # fmt: skip


@pytest.mark.parametrize("name", SCREENS)
async def test_golden(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    pairs, prepare, there = SCREENS[name]
    async with running(size=SIZES[0], start="canary", judge=cw.Told(*pairs), prepare=prepare) as run:
        await run.shows(there)
        shown = {}
        for size in SIZES:
            await run.resize(*size)
            shown[size] = run.text
        for (width, height), text in shown.items():
            compare(f"{name}-{width}x{height}", text)
