"""``tfdash notify preview | test | queue``: messages as they would be, a channel tried, and what waits."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import ERROR, FINDINGS, OK, UNKNOWN, USAGE, program
from tfdash.moments import near
from tfdash.notify.messages import MESSAGES
from tfdash.notify.outbox import DELIVERED, QueuedMessage, read_outbox
from tfdash.notify.posts import posts_of
from tfdash.spelling import nearest
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.clock import Clock
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings
    from tfdash.procedures.protocols import Message, Told

_DAY = 86_400.0
_PATIENCE = 30.0  # seconds, and the time-out of the channel: for one that another terminal delivers
_RECORDING = 5.0
_ENDS = {
    "delivered": "took it",
    "refused": "did not take it",
    "queued": "does not have it yet, and the next terminal that acts tries again",
}


def command(args: argparse.Namespace) -> int:
    from tfdash.cli.compose import clock_of
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    clock = clock_of(config)
    if args.what == "queue":
        return _queue(args, config, settings, clock)
    if args.what == "test":
        return _test(args, config, settings, clock)
    return _preview(args, config, settings, clock)


def _preview(args: argparse.Namespace, config: QuickConfig, settings: Settings, clock: Clock) -> int:
    from tfdash.procedures.protocols import Message

    kind = MESSAGES.get(args.template)
    if kind is None and not settings.notify.templates:
        narrate(
            f'{program()}: there is no message "{safe(args.template)}"; {nearest(args.template, MESSAGES)}'
        )
        return USAGE
    values: dict[str, Any] = dict(kind.example) if kind is not None else {}
    values["environment"] = config.environment.name
    for given in args.value:
        name, equals, text = given.partition("=")
        if not equals or not name.isidentifier():
            narrate(f"{program()}: --value {safe(given)}: write it as NAME=TEXT")
            return USAGE
        values[name] = text
    message = Message(key="preview", template=args.template, values=values, to=tuple(args.to))
    told, fault = asyncio.run(_shown(config, settings, clock, message))
    if args.format == "json":
        rows = [
            {"channel": t.channel, "subject": t.subject, "body": t.body, "problem": t.sentence} for t in told
        ]
        return deliver(
            json.dumps({"template": args.template, "fault": fault, "channels": rows}, indent=2), _code(fault)
        )
    lines = [line for one in told for line in _lines(one)]
    return deliver("\n".join(lines).rstrip("\n"), _code(fault))


def _code(fault: str) -> int:
    return FINDINGS if fault else OK


async def _shown(
    config: QuickConfig, settings: Settings, clock: Clock, message: Message
) -> tuple[tuple[Told, ...], str]:
    from tfdash.cli.notifying import writer_of
    from tfdash.notify.notifier import previewed

    wording = await writer_of(settings, config.environment.name, clock).write(
        message.template, message.values
    )
    return previewed(posts_of(settings.notify, config.path), message, wording), wording.fault


def _lines(told: Told) -> Iterable[str]:
    yield f"to {safe(told.channel)}:" if told.channel else "to nobody:"
    yield f"  {told.subject}"
    yield from (f"  {line}".rstrip() for line in told.body.split("\n"))
    if told.sentence:
        yield f"  ! {told.sentence}"
    yield ""


def _test(args: argparse.Namespace, config: QuickConfig, settings: Settings, clock: Clock) -> int:
    from tfdash.actions.core.protocols import LedgerUnavailable
    from tfdash.notify.lacking import lacks
    from tfdash.procedures.protocols import Message
    from tfdash.sources.kubernetes.credentials import read_secret

    channels = settings.notify.channels
    if args.channel not in channels:
        there = nearest(args.channel, channels) if channels else "there is none in [notify.channels]"
        narrate(f'{program()}: there is no channel "{safe(args.channel)}"; {there}')
        return USAGE
    message = Message(key=f"test.{secrets.token_hex(8)}", template="test", to=(args.channel,))
    told, _ = asyncio.run(_shown(config, settings, clock, message))
    narrate("\n".join(_lines(told[0])).rstrip("\n"))
    lacking = lacks(channels[args.channel], read_secret)
    if lacking:
        return deliver(f"{safe(args.channel)}: {lacking}", FINDINGS)
    if not args.act:
        return deliver("nothing was sent; write --act to send it", UNKNOWN)
    try:
        end = asyncio.run(_sent(config, settings, clock, message))
    except LedgerUnavailable as error:
        narrate(f"{program()}: {safe(str(error))}")
        return ERROR
    code = {"delivered": OK, "refused": FINDINGS}.get(end.state, UNKNOWN)
    said = _ENDS.get(end.state, "is not known to have it")
    return deliver(f"{safe(args.channel)} {said}{f': {end.sentence}' if end.sentence else ''}", code)


async def _sent(config: QuickConfig, settings: Settings, clock: Clock, message: Message) -> Told:
    """By the queue, as every message. Raises ``LedgerUnavailable``."""
    from tfdash.cli.notifying import notifier_of
    from tfdash.cli.store_options import store_options
    from tfdash.store.opening import open_store

    options = store_options(settings, config.path)
    store = open_store(options, clock, acting=True).store
    name = config.environment.name
    notifier = notifier_of(settings, config.path, options.folder, store, clock, name, sending=True)
    running = asyncio.create_task(notifier.run())
    try:
        (end,) = await notifier.tell(message)
        if end.state == "queued":
            patience = _PATIENCE + settings.notify.channels[end.channel].timeout
            (end,) = await notifier.followed(message.key, patience, _RECORDING)
        return end
    finally:
        running.cancel()
        store.close()


def _queue(args: argparse.Namespace, config: QuickConfig, settings: Settings, clock: Clock) -> int:
    from tfdash.cli.store_options import store_options

    now, zone = clock.now(), ZoneInfo(settings.time.zone)
    homes = {post.home for post in posts_of(settings.notify, config.path).values()}
    try:
        rows = read_outbox(store_options(settings, config.path).folder)
    except (OSError, sqlite3.Error) as error:
        narrate(f"{program()}: the queue of messages cannot be read: {safe(str(error))}")
        return UNKNOWN
    mine = [row for row in rows if row.home in homes]
    amiss = any(_amiss(row, now) for row in mine)
    shown = rows if args.all else [row for row in mine if row.open or _amiss(row, now)]
    code = FINDINGS if amiss else OK
    if args.format == "json":
        return deliver(json.dumps([_document(row) for row in shown], indent=2), code)
    if not shown:
        return deliver("nothing waits to be told", code)
    return deliver("\n".join(_row(row, now, zone) for row in _by_time(shown)), code)


def _amiss(row: QueuedMessage, now: float) -> bool:
    """It waits after a try, or was not told lately."""
    ended = row.ended_at is not None and row.state != DELIVERED and now - row.ended_at < _DAY
    return ended or (row.open and bool(row.sentence))


def _by_time(rows: Sequence[QueuedMessage]) -> list[QueuedMessage]:
    return sorted(rows, key=lambda row: (row.queued_at, row.id))


def _row(row: QueuedMessage, now: float, zone: ZoneInfo) -> str:
    tries = f", {row.attempts} tries" if row.attempts > 1 else ""
    why = f": {row.sentence}" if row.sentence and row.state != DELIVERED else ""
    state = "being sent" if row.state == "sending" else row.state
    return safe(f"{near(row.queued_at, now, zone)}  {row.channel}  {state}{tries}{why}  {row.subject}")


def _document(row: QueuedMessage) -> dict[str, Any]:
    keys = (
        "key",
        "channel",
        "template",
        "subject",
        "state",
        "attempts",
        "doubts",
        "sentence",
        "queued_at",
        "ended_at",
    )
    return {key: getattr(row, key) for key in keys}
