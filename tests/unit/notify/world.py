"""A notifier with a clock that a test sets, over the real queue, the real channels and a ledger that keeps what it is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tfdash.cli.notifying import channel_of
from tfdash.notify.delivering import ChannelDelivery
from tfdash.notify.notifier import QueuedNotifier
from tfdash.notify.outbox import QueuedMessage, read_outbox
from tfdash.notify.postbox import Postbox
from tfdash.notify.posts import posts_of
from tfdash.notify.settings import ChannelSettings, NotifySettings
from tfdash.notify.writing import MessageWriter
from tfdash.procedures.protocols import Message

START = 1_796_040_000.0  # 2026-11-30 12:00 UTC


class SetClock:
    def __init__(self, at: float = START) -> None:
        self.at = at

    def now(self) -> float:
        return self.at


class KeptLedger:
    """Holds what was appended; ``trouble`` makes it fail."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.trouble: Exception | None = None

    async def append(self, kind: Any, **entry: Any) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.entries.append(entry)


class World:
    """``folder`` is the store's. Each channel is stepped by hand."""

    def __init__(
        self,
        folder: Path,
        channels: dict[str, ChannelSettings],
        templates: str = "",
        clock: Any = None,
    ) -> None:
        self.clock, self.ledger, self.folder = clock or SetClock(), KeptLedger(), folder
        posts = {
            name: post._replace(channel=channel_of(post.settings, self.clock))
            for name, post in posts_of(NotifySettings(channels=channels), folder / "c.toml").items()
        }
        self.box = Postbox(folder, [post.home for post in posts.values()], self.clock, deadline=30.0)
        writer = MessageWriter(templates, "production", ZoneInfo("UTC"), self.clock)
        ledger: Any = self.ledger
        self.notifier = QueuedNotifier(posts, self.box, writer, ledger, self.clock, "production")
        self.deliveries = {
            name: ChannelDelivery(post, self.box, ledger, self.clock) for name, post in posts.items()
        }

    async def step(self, name: str = "chat", times: int = 1) -> float:
        pause = 0.0
        for _ in range(times):
            pause = await self.deliveries[name].step()
        return pause

    def rows(self) -> list[QueuedMessage]:
        return read_outbox(self.folder)

    def row(self, key: str = "r1.s1.1") -> QueuedMessage:
        return next(row for row in self.rows() if row.key == key)

    def close(self) -> None:
        for delivery in self.deliveries.values():
            delivery.close()
        self.box.close()


def message(key: str = "r1.s1.1", template: str = "waits", **more: Any) -> Message:
    values = {"procedure": "single service failure", "run": "r1", "step": "how is it mended?", "by": "ada"}
    return msgspec.structs.replace(Message(key=key, template=template, values=values), **more)
