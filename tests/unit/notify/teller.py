"""A program that tells and delivers until it is killed: ``python -m tests.unit.notify.teller FOLDER COUNT`` (the address: $CHAT_HOOK)."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.unit.notify.world import World, message
from tfdash.clock import SystemClock
from tfdash.notify.settings import ChannelSettings


async def main(folder: str, count: str) -> None:
    settings = {"chat": ChannelSettings(url="env:CHAT_HOOK", rate=600, timeout=60.0)}
    world = World(Path(folder), settings, clock=SystemClock())
    for number in range(int(count)):
        await world.notifier.tell(message(f"r1.s{number}.1"))
    print("told", flush=True)
    await world.notifier.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
