"""Has a terminal keep its ring, and a recording where one is asked for; ``tfdash record``: a recording without a screen."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tfdash.cli.kept import kept_recording, ring_folder
from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import ERROR, OK, program
from tfdash.model.kinds import JUDGED, LISTED
from tfdash.sources.kept import KeptSource
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.anonymise.anonymiser import Anonymiser
    from tfdash.board.board import Board
    from tfdash.clock import Clock
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings
    from tfdash.recording.frames import RecordingHeader
    from tfdash.recording.places import OneFile
    from tfdash.recording.recorder import Recorder, WrittenTo

_SEGMENT = 120.0  # seconds of one segment of a ring, at most
_DURATION = 0.5  # seconds between two looks at the clock
RECORDED = tuple(dict.fromkeys((*JUDGED, *LISTED)))
"""Kinds that ``tfdash record`` wants. What is asked for singly alone never comes as a list: whatever waits for all that is wanted (metrics, the
verdict journal) would wait for good."""


def made_file(name: str, config: QuickConfig, anonymiser: Anonymiser | None = None) -> OneFile:
    """For ``--record``, at once: what is wrong with it is said before anything begins. Raises ``OSError``."""
    from tfdash.recording.places import OneFile

    found = OneFile(Path(name).expanduser(), _about(config), anonymiser=anonymiser)
    found.make()
    return found


def _about(config: QuickConfig) -> RecordingHeader:
    from tfdash.recording.frames import RecordingHeader
    from tfdash.store.opening import terminal_name

    return RecordingHeader(
        environment=config.environment.name,
        terminal=terminal_name(),
        zone=config.zone,
        speed=config.demo.speed if config.demo.enabled else 1.0,
    )


def keep_recording(
    board: Board,
    config: QuickConfig,
    settings: Settings,
    clock: Clock,
    file: OneFile | None = None,
    *,
    ring: bool = True,
    size: int = 0,
) -> list[Recorder]:
    """From now on, until each is told to ``stop``. ``file``: as ``made_file`` has made it, of at most ``size`` bytes (0: as configured)."""
    from tfdash.recording.places import Ring

    found: list[Recorder] = []
    if file is not None:
        file.most = size or settings.recording.file_size
        found.append(
            _begun(board, clock, "recording", file, lambda: str(file.path), anonymiser=file.anonymiser)
        )
    if ring and settings.recording.ring:
        kept, size = settings.recording.ring, settings.recording.size
        place = Ring(ring_folder(settings), _about(config), kept, size)
        found.append(
            _begun(
                board, clock, "ring", place, lambda: str(place.path or "nowhere yet"), min(_SEGMENT, kept / 6)
            )
        )
    return found


def _begun(
    board: Board,
    clock: Clock,
    name: str,
    place: WrittenTo,
    where: Callable[[], str],
    whole_every: float = 0.0,
    anonymiser: Anonymiser | None = None,
) -> Recorder:
    from tfdash.recording.recorder import WHOLE_EVERY, Recorder

    recorder = Recorder(
        place,
        clock,
        lambda: (board.picture, board.assessment),
        lambda problem: board.put_status(source.id, source.status),
        whole_every=whole_every or WHOLE_EVERY,
        anonymiser=anonymiser,
    )
    source = KeptSource(kept_recording(name, recorder, where), clock)
    board.add_source(source)
    board.record(recorder.taken)
    board.subscribe(recorder.update)
    recorder.start()
    return recorder


def default_name(environment: str, now: float) -> str:
    """``tfdash-production-20261130-0710.tfrec``, in UTC."""
    word = "".join(c if c.isalnum() or c in "-_" else "-" for c in environment) or "recording"
    return f"tfdash-{word}-{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M}.tfrec"


def next_name(name: str) -> str:
    """Where a terminal goes on that begins anew: ``a.tfrec``, ``a-2.tfrec``, ..."""
    from tfdash.recording.places import next_path

    return str(next_path(Path(name).expanduser()))


def why_not(name: str, error: OSError) -> str:
    """The sentence where ``--record`` cannot be written to."""
    if isinstance(error, FileExistsError):
        return f"{safe(name)} is there already; name another file, or remove it"
    return f"{safe(name)}: {error.strerror or error}"


def command(args: argparse.Namespace) -> int:
    """``tfdash record``: until the time is over, it is as large as it may be, or it is ended; 0 where all was written that was asked for."""
    from tfdash.cli.anonymising import anonymiser_of, environment_of, keep_table
    from tfdash.cli.compose import board_of, clock_of, scope_of
    from tfdash.cli.journal import keep_journal
    from tfdash.cli.store_options import store_options
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.durations import write_duration
    from tfdash.recording.settings import write_size

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    anonymiser = anonymiser_of(args, config)
    settings = load(config.path)
    clock = clock_of(config)
    board, sources = board_of(config, settings, clock, remembering=True, others=True)
    scope = scope_of(args, config.environment, sources)
    # once nothing else can be wrong: an empty file would be in the way of the next try
    of = environment_of(anonymiser, config.environment.name)
    name = args.file or default_name(of, clock.now())
    try:
        file = made_file(name, config, anonymiser)
    except OSError as error:
        narrate(f"{program()} record: {why_not(name, error)}")
        return ERROR
    board.want("record", dict.fromkeys(RECORDED, scope))
    keep_journal(board, config.environment.name, store_options(settings, config.path), clock, scope)
    [recorder] = keep_recording(board, config, settings, clock, file, ring=False, size=args.size)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    board.start()
    most = f"at {write_size(file.most)}, or with ctrl+c"
    ends = f"it ends after {write_duration(args.seconds)}, {most}" if args.seconds else f"it ends {most}"
    narrate(f"{program()}: recording {safe(of)} to {safe(name)}; {ends}")
    until = time.monotonic() + args.seconds if args.seconds else float("inf")
    told = ""
    while not ended.wait(_DURATION) and time.monotonic() < until and not recorder.full:
        if recorder.trouble != told:
            told = recorder.trouble
            narrate(f"{program()}: {safe(told) or 'it is recorded again'}")
    board.stop()
    recorder.stop()
    lacking = recorder.trouble or (f"{recorder.lost:,} changes were not recorded" if recorder.lost else "")
    if lacking:
        narrate(f"{program()}: {safe(lacking)}")
    as_asked = not lacking or (recorder.full and recorder.shows and not args.seconds)
    kept = keep_table(args, anonymiser)
    told = "\n".join(safe(str(path)) for path in file.paths)
    return deliver(told, OK if as_asked and kept else ERROR)
