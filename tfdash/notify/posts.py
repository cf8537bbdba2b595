"""The channels of a configuration, and whose queue each has."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from tfdash.notify.channel import MessageChannel
from tfdash.notify.settings import ChannelSettings, NotifySettings


class ChannelPost(NamedTuple):
    """A channel as it is configured. ``home``: whose queue it has; ``channel`` None: nothing is sent from here."""

    name: str
    home: str
    settings: ChannelSettings
    channel: MessageChannel | None = None


def posts_of(settings: NotifySettings, path: Path | None) -> dict[str, ChannelPost]:
    """By name, without what sends. ``path``: of the configuration; two of them may call different channels the same."""
    whose = str(path.expanduser().resolve()) if path is not None else ""
    return {
        name: ChannelPost(name, _home(whose, name), channel) for name, channel in settings.channels.items()
    }


def _home(whose: str, name: str) -> str:
    return hashlib.sha256(f"{whose}\0{name}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
