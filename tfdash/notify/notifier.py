"""The one who tells: ``tfdash.procedures.protocols.Notifier`` over the queue. What tells never waits for who is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from tfdash.actions.core.protocols import Ledger, LedgerUnavailable
from tfdash.clock import Clock
from tfdash.notify.delivering import ChannelDelivery
from tfdash.notify.outbox import SENDING, WAITING, QueuedMessage
from tfdash.notify.postbox import Postbox
from tfdash.notify.posts import ChannelPost
from tfdash.notify.settings import ChannelSettings
from tfdash.notify.writing import MessageWriter, Wording, without_markup
from tfdash.procedures.protocols import Message, Told
from tfdash.spelling import nearest
from tfdash.text import safe

_NOBODY = "no channel takes it: none of [notify.channels], as they stand, is for this message"


class QueuedNotifier:
    """``posts``: the channels by name. Lives on the board's loop."""

    def __init__(
        self,
        posts: Mapping[str, ChannelPost],
        box: Postbox,
        writer: MessageWriter,
        ledger: Ledger,
        clock: Clock,
        environment: str,
    ) -> None:
        self._posts, self._box, self._writer, self._clock = posts, box, writer, clock
        self._environment = environment
        self._deliveries = [
            ChannelDelivery(post, box, ledger, clock) for post in posts.values() if post.channel is not None
        ]

    async def preview(self, message: Message) -> tuple[Told, ...]:
        wording = await self._writer.write(message.template, message.values)
        seen = {told.channel: told for told in self.told(message.key)}
        return tuple(
            msgspec.structs.replace(told, sentence=f"told already: {seen[told.channel].state}")
            if told.channel in seen
            else told
            for told in previewed(self._posts, message, wording)
        )

    async def tell(self, message: Message) -> tuple[Told, ...]:
        """See the protocol. A key that was told is not told again, whatever it would say now."""
        posts, missing = _chosen(self._posts, message)
        wording = await self._writer.write(message.template, message.values)
        now = self._clock.now()
        rows = [
            QueuedMessage(
                home=post.home,
                key=message.key,
                channel=post.name,
                template=message.template,
                subject=_written(wording.subject, post.settings),
                body=_written(wording.body, post.settings),
                environment=str(message.values.get("environment", "") or self._environment),
                queued_at=now,
                due_at=now,
            )
            for post in posts
        ]
        found = await self._box.add(rows) if rows else []
        for delivery in self._deliveries:
            delivery.wake()
        return (*map(_told, found), *missing(wording))

    def told(self, key: str) -> tuple[Told, ...]:
        return tuple(map(_told, self._box.known(key)))

    @property
    def waiting(self) -> int:
        """How many messages wait for a channel."""
        return self._box.waiting

    async def run(self, board: object = None) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for delivery in self._deliveries:
                group.create_task(delivery.run())

    async def followed(self, key: str, patience: float, recording: float) -> tuple[Told, ...]:
        """What came of it, once each channel took it, refused it or was tried in vain; after ``patience`` seconds as it is then. What
        ended is given ``recording`` seconds more to be in the audit log."""
        known = self._box.known
        await self._box.until(lambda: all(row.sentence or not row.open for row in known(key)), patience)
        await self._box.until(lambda: all(row.recorded or row.open for row in known(key)), recording)
        return self.told(key)


class OnlyPreviews:
    """``tfdash.procedures.protocols.Notifier`` of who tells nobody: a rehearsal by a command."""

    def __init__(self, posts: Mapping[str, ChannelPost], writer: MessageWriter) -> None:
        self._posts, self._writer = posts, writer

    async def preview(self, message: Message) -> tuple[Told, ...]:
        return previewed(self._posts, message, await self._writer.write(message.template, message.values))

    async def tell(self, message: Message) -> tuple[Told, ...]:
        raise LedgerUnavailable("nobody is told from here: this program keeps no queue of messages")

    def told(self, key: str) -> tuple[Told, ...]:
        return ()


def previewed(posts: Mapping[str, ChannelPost], message: Message, wording: Wording) -> tuple[Told, ...]:
    """A message as each of its channels would get it."""
    chosen, missing = _chosen(posts, message)
    shown = [
        Told(
            channel=post.name,
            subject=_written(wording.subject, post.settings),
            body=_written(wording.body, post.settings),
            sentence=safe(wording.fault),
        )
        for post in chosen
    ]
    return (*shown, *missing(wording))


def _chosen(there: Mapping[str, ChannelPost], message: Message) -> tuple[list[ChannelPost], _Missing]:
    """The channels that get it, and what is said of those that are not there."""
    names = list(dict.fromkeys(message.to))
    if names:
        posts = [there[name] for name in names if name in there]
    else:
        posts = [
            post
            for post in there.values()
            if any(fnmatchcase(message.template, pattern) for pattern in post.settings.templates)
        ]
    unknown = [name for name in names if name not in there]
    return posts, _Missing(unknown, tuple(there), nobody=not posts and not unknown)


class _Missing:
    """What is said of channels that are not there."""

    def __init__(self, names: Sequence[str], there: Sequence[str], *, nobody: bool) -> None:
        self._names, self._there, self._nobody = names, there, nobody

    def __call__(self, wording: Wording) -> list[Told]:
        said = [
            (name, f'there is no channel "{safe(name)}"; {nearest(name, self._there)}')
            for name in self._names
        ]
        if self._nobody:
            said.append(("", _NOBODY))
        return [
            Told(channel=name, subject=wording.subject, body=wording.body, state="refused", sentence=why)
            for name, why in said
        ]


def _written(text: str, settings: ChannelSettings) -> str:
    return without_markup(text, settings.markup)


def _told(message: QueuedMessage) -> Told:
    return Told(
        channel=message.channel,
        subject=message.subject,
        body=message.body,
        state=WAITING if message.state == SENDING else message.state,
        sentence=message.sentence,
    )
