"""What terminals write for later, as its source tells it: where to, why it is not written, and whether it could be."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tfdash.sources.kept import KeptRecord, why_unwritable

if TYPE_CHECKING:
    from tfdash.config.settings import Settings
    from tfdash.recording.recorder import Recorder
    from tfdash.store.journal.recorder import JournalRecorder
    from tfdash.store.journal.sharing import JournalSharing
    from tfdash.store.opening import StoreOptions

_REMEDY = "it is tried again; make room on that disk, or choose another"


def ring_folder(settings: Settings) -> Path:
    """Where the rings of this user's terminals lie."""
    from tfdash.store.opening import StoreOptions

    return StoreOptions(path=settings.store.path).folder / "ring"


def kept_recording(name: str, recorder: Recorder, where: Callable[[], str]) -> KeptRecord:
    """What is told of one that is taken; ``where`` says where to."""

    def about() -> str:
        lost = f", {recorder.lost:,} changes lost" if recorder.lost else ""
        return f"{recorder.written / 1e6:.1f} MB written{lost}: {where()}"

    def written() -> str | None:
        return recorder.trouble or ("" if recorder.written else None)

    return KeptRecord(name, written, about, lambda: "", _REMEDY, lambda: recorder.fault)


def kept_ring(settings: Settings) -> KeptRecord:
    """What ``doctor`` looks at: a ring that a terminal of this user would keep."""
    folder = ring_folder(settings)
    return KeptRecord("ring", lambda: None, lambda: str(folder), lambda: why_unwritable(folder), _REMEDY)


def kept_journal(
    options: StoreOptions, recorder: JournalRecorder | None = None, sharing: JournalSharing | None = None
) -> KeptRecord:
    """What is told of it, and what ``doctor`` looks at where nobody here writes one."""
    from tfdash.store.journal.reading import journal_folder
    from tfdash.store.journal.sharing import fetched

    folder = journal_folder(options.folder)

    def told(written: str, shared: str) -> str:
        causes = [f"it is not written: {written}"] if written else []
        return "; ".join([*causes, *([f"others cannot see it: {shared}"] if shared else [])])

    def written() -> str | None:
        shared = sharing.problem if sharing is not None else ""
        if recorder is None or not (recorder.begun or recorder.problem or shared):
            return None
        return told(recorder.problem, shared)

    def could() -> str:
        shared = fetched(options.url, options.deadline, time.time()).problem if options.url else ""
        return told(why_unwritable(folder), shared)

    return KeptRecord(
        "verdict journal",
        written,
        lambda: f"{folder}{' and the shared store' if options.url else ''}",
        could,
        "it is tried again; reports name this time as not watched",
    )
