"""A run as a file: for another terminal that reaches neither the store nor the cluster that this one writes to."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.finished_file import PRIVATE, finished
from tfdash.model.run import RunEvent, RunEventKind, RunJournal, RunState
from tfdash.named_file import read_named
from tfdash.nouns import counted
from tfdash.playbook.procedures.started import is_its_start
from tfdash.playbook.procedures.state import run_state
from tfdash.procedures.kind import Means
from tfdash.procedures.protocols import RunRefused
from tfdash.store.log.run_facts import unreadable
from tfdash.text import safe

FORMAT = "tfdash run 1"
LARGEST = 64 * 1024 * 1024
_MOST = 200_000


class RunFile(msgspec.Struct, frozen=True, kw_only=True):
    """``made_at`` in epoch seconds; ``by`` at ``terminal``."""

    format: str
    run: str
    made_at: float
    by: str
    terminal: str
    events: tuple[RunEvent, ...]


_BEGINS = f'{{"format":"{FORMAT}"'.encode()
_DECODER = msgspec.json.Decoder(RunFile)


async def hand_over(means: Means, run: RunState, path: str) -> str:
    """Write it; what it holds, in a sentence. The file is written also where that cannot be recorded."""
    by, journals = means.who(run.cluster), means.journals
    told = ""
    try:
        if not means.refused():
            await journals.record(
                run.id,
                RunEventKind.HANDED_OVER,
                by=by,
                sentence=f"handed over as a file, {Path(path).name}",
                environment=run.cluster.environment,
                procedure=run.procedure.id,
            )
    except LedgerUnavailable as error:
        told = f"; that it was handed over is not recorded: {error}"
    journal = journals.journal(run.id)
    events = journal.events if journal is not None else ()
    made = RunFile(
        format=FORMAT,
        run=run.id,
        made_at=means.clock.now(),
        by=by,
        terminal=journals.terminal,
        events=events,
    )

    def write() -> None:
        raw = msgspec.json.encode(made)
        file_of = Path(path).expanduser()
        if file_of.is_file() and not _is_a_run(file_of):
            raise RunRefused(f"{path} is there already, and is no run", remedy="give another name")
        with finished(file_of, PRIVATE) as file:
            file.write(raw)

    try:
        await asyncio.to_thread(write)
    except (OSError, RuntimeError) as error:
        raise RunRefused(f"{path} cannot be written: {error}") from None
    return f"{path} holds {run.id} with {counted(len(events), 'event')}{told}"


def _is_a_run(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_BEGINS)) == _BEGINS


async def read_run(path: str) -> RunState:
    """What a file holds. Raises ``RunRefused``."""
    return (await _read(path))[1]


async def _read(path: str) -> tuple[RunFile, RunState, str]:
    """The file, what it adds up to, and its SHA-256: megabytes that are decoded and folded beside the loop. Raises ``RunRefused``."""
    return await asyncio.to_thread(_taken_in, path)


def _taken_in(path: str) -> tuple[RunFile, RunState, str]:
    try:
        raw = read_named(path, LARGEST)
        found = _DECODER.decode(raw)
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise RunRefused(f"{path} cannot be taken up: {why}") from None
    if found.format != FORMAT or not found.events or any(event.run != found.run for event in found.events):
        raise RunRefused(f"{path} is no run that was handed over")
    if len(found.events) > _MOST:
        raise RunRefused(f"{path} holds more than {_MOST:,} events")
    events = tuple(sorted(found.events, key=lambda event: (event.number, event.terminal)))
    if why := unreadable(events):
        raise RunRefused(f"{path} is no run that can be taken up: {why}")
    if not any(event.kind is RunEventKind.STARTED and is_its_start(event) for event in events):
        raise RunRefused(f"{path} is no run that can be taken up: its start is not the one it was made of")
    state = run_state(RunJournal(id=found.run, events=events))
    if state.unreadable:
        raise RunRefused(f"{path} is no run that can be taken up: {state.unreadable}")
    return msgspec.structs.replace(found, events=events), state, hashlib.sha256(raw).hexdigest()


async def resume(means: Means, path: str) -> RunState:
    """Take its events into this terminal's own log, each once, as what the file says. Raises ``RunRefused``."""
    found, state, digest = await _read(path)
    journals = means.journals
    known = journals.journal(found.run)
    there = {(event.number, event.terminal) for event in known.events} if known is not None else set()
    news = [event for event in found.events if (event.number, event.terminal) not in there]
    home = next((e.terminal for e in news if e.terminal == journals.terminal or means.gone(e.terminal)), "")
    if home:  # they would go on by themselves here, as what this user began
        raise RunRefused(
            f"{path} is no run that can be taken up: it has events of {safe(home)}, a terminal of yours that never recorded them"
        )
    by = means.who(state.cluster)
    await journals.take(
        news, file=digest, by=by, environment=state.cluster.environment, procedure=state.procedure.id
    )
    await journals.record(
        found.run,
        RunEventKind.RESUMED,
        by=by,
        sentence=f"taken up from {Path(path).name} of {found.by} at {found.terminal}: {counted(len(news), 'event')} were new",
        data={"digest": digest, "new": len(news)},
        environment=state.cluster.environment,
        procedure=state.procedure.id,
    )
    resumed = journals.state(found.run)
    assert resumed is not None
    return resumed
