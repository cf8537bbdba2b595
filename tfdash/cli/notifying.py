"""Puts together who is told: the channels of the configuration, the queue on the disk, and, where this terminal acts, what sends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tfdash.notify.posts import posts_of

if TYPE_CHECKING:
    from tfdash.actions.core.protocols import Ledger
    from tfdash.clock import Clock
    from tfdash.config.settings import Settings
    from tfdash.notify.channel import MessageChannel
    from tfdash.notify.notifier import OnlyPreviews, QueuedNotifier
    from tfdash.notify.settings import ChannelSettings
    from tfdash.notify.writing import MessageWriter


def notifier_of(
    settings: Settings,
    path: Path | None,
    folder: Path,
    ledger: Ledger,
    clock: Clock,
    environment: str,
    *,
    sending: bool,
) -> QueuedNotifier:
    """``folder``: of the store. ``sending`` False: messages are shown, and none is sent from here."""
    from tfdash.notify.notifier import QueuedNotifier
    from tfdash.notify.postbox import Postbox

    posts = posts_of(settings.notify, path)
    if sending:
        posts = {
            name: post._replace(channel=channel_of(post.settings, clock)) for name, post in posts.items()
        }
    homes = [post.home for post in posts.values()]
    return QueuedNotifier(
        posts,
        Postbox(folder, homes, clock, deadline=settings.store.deadline),
        writer_of(settings, environment, clock),
        ledger,
        clock,
        environment,
    )


def previews_of(settings: Settings, path: Path | None, environment: str, clock: Clock) -> OnlyPreviews:
    """Who shows messages, and has nothing to send or keep them with."""
    from tfdash.notify.notifier import OnlyPreviews

    return OnlyPreviews(posts_of(settings.notify, path), writer_of(settings, environment, clock))


def writer_of(settings: Settings, environment: str, clock: Clock) -> MessageWriter:
    from tfdash.notify.writing import MessageWriter

    return MessageWriter(settings.notify.templates, environment, ZoneInfo(settings.time.zone), clock)


def channel_of(settings: ChannelSettings, clock: Clock) -> MessageChannel:
    from tfdash.sources.kubernetes.credentials import read_header, read_secret

    if settings.kind == "apprise":
        from tfdash.writers.notify.apprise_channel import AppriseChannel

        return AppriseChannel(settings, read_secret)
    if settings.kind == "command":
        from tfdash.writers.notify.command import CommandChannel

        return CommandChannel(settings)
    from tfdash.writers.notify.webhook import WebhookChannel

    return WebhookChannel(settings, read_header, clock)
