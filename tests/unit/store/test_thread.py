"""The thread that has the disk: what waits for it can be cancelled at any moment."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tfdash.store.log.thread import StoreThread


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_that_comes_with_the_answer_is_not_lost(turns: int) -> None:
    """Else whatever is being ended goes on, and those who wait for its end wait for ever."""
    thread = StoreThread(5.0)
    gate = threading.Event()
    ended_well = False

    async def whole() -> None:
        nonlocal ended_well
        await thread.call(gate.wait, "a write")
        ended_well = True
        await asyncio.Event().wait()

    task = asyncio.ensure_future(whole())
    await asyncio.sleep(0)
    gate.set()
    thread.submit(lambda: None).result(5.0)  # what came before it is answered, the loop does not know yet
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=5.0)
    thread.stop()
    assert done and task.cancelled(), f"it runs on; answered: {ended_well}"
