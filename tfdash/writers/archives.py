"""Keeps what is known of a workload in one file of this machine: a zip with a manifest, whole or not at all, for its user alone."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from tfdash.actions.core.protocols import KeptArchive
from tfdash.clock import Clock
from tfdash.model.action import Request
from tfdash.model.assessment import Assessment
from tfdash.model.kubecluster import Event
from tfdash.model.requests import Document, LogLine, LogRequest, ReadFailed
from tfdash.model.subject import Subject
from tfdash.recording.bundle import BundlePiece, Manifest, text_piece, write_bundle
from tfdash.text import safe, scrubbed
from tfdash.views.mask import for_a_report
from tfdash.views.yaml import yaml_lines

FOLDER = "evidence"
_LINES = 20_000  # newest ones of each log
_PATIENCE = 30.0  # seconds for one log
_AT_ONCE = 4  # reads


class EvidenceReader(Protocol):
    """What is asked of the board."""

    @property
    def assessment(self) -> Assessment: ...

    async def read(self, subject: Subject) -> Document: ...

    async def read_events(self, subject: Subject) -> tuple[Event, ...]: ...

    def stream_logs(
        self, request: LogRequest, deliver: Callable[[list[LogLine]], None]
    ) -> tuple[Awaitable[None], Callable[[], None]]: ...


class ArchiveWriter:
    """``tfdash.actions.core.protocols.Archives`` in ``folder``. On the board's loop."""

    def __init__(self, board: EvidenceReader, folder: Path, clock: Clock) -> None:
        self._board, self.folder, self._clock = board, folder, clock

    async def keep(self, request: Request, say: Callable[[str], None]) -> KeptArchive:
        """See the protocol."""
        at, told = request.subject, json.loads(request.body)
        assert at is not None
        path = self._path(request)
        if path.exists():
            raise OSError(f"{path} is there already")
        objects = [at._replace(kind=k, namespace=n, name=m, uid="") for k, n, m in told["objects"]]
        lacking: list[str] = []
        pieces = [self._verdicts(objects)]
        gathered = [piece async for piece in self._gathered(at, objects, told["pods"], lacking, say)]
        pieces += sorted(gathered)
        made = self._clock.now()
        manifest = Manifest(
            environment=at.cluster.environment, made=made, since=made, until=made, lacking=tuple(lacking)
        )
        await asyncio.to_thread(write_bundle, path, manifest, pieces)
        return KeptArchive(
            path=str(path),
            sha256=await asyncio.to_thread(_digest, path),
            lacking=tuple(lacking),
            pieces=len(pieces) + 1,
        )

    async def kept(self, request: Request) -> KeptArchive | None:
        path = self._path(request)
        try:
            return KeptArchive(path=str(path), sha256=await asyncio.to_thread(_digest, path))
        except FileNotFoundError:
            return None

    def _path(self, request: Request) -> Path:
        return self.folder / Path(request.path).name

    def _verdicts(self, objects: list[Subject]) -> BundlePiece:
        assessment = self._board.assessment
        told: dict[str, Any] = {"at": assessment.at}
        for subject in objects:
            state = assessment.workloads.get(subject)
            found = {
                "verdicts": msgspec.to_builtins(assessment.verdicts.get(subject, ()), enc_hook=repr),
                **({"state": msgspec.to_builtins(state, enc_hook=repr)} if state is not None else {}),
            }
            told[str(subject)] = found
        return text_piece("verdicts.json", "what was judged of them then", json.dumps(told, indent=2))

    async def _gathered(
        self,
        at: Subject,
        objects: list[Subject],
        pods: list[dict[str, Any]],
        lacking: list[str],
        say: Callable[[str], None],
    ) -> AsyncIterator[BundlePiece]:
        """What cannot be had is told in ``lacking`` and holds nothing up."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str, what: str, work: Awaitable[str]) -> BundlePiece | None:
            async with gate:
                try:
                    return text_piece(name, what, await work)
                except (ReadFailed, TimeoutError, KeyError, ValueError) as error:
                    lacking.append(safe(f"{what}: {error or 'no answer in time'}"))
                    return None

        wanted = []
        for subject in objects:
            name = f"{subject.kind.lower()}-{subject.name}"
            wanted.append(one(f"objects/{name}.yaml", f"{subject} as YAML", self._yaml(subject)))
            wanted.append(one(f"events/{name}.txt", f"events of {subject}", self._events(subject)))
        for pod in pods:
            subject = at._replace(kind="Pod", name=pod["name"], uid="")
            for container in pod["containers"]:
                for previous in (False, True) if container["previous"] else (False,):
                    tail = " before its last restart" if previous else ""
                    name = f"logs/{subject.name}/{container['name']}{'.previous' if previous else ''}.log"
                    what = f"log of {subject.name}/{container['name']}{tail}"
                    wanted.append(one(name, what, self._log(subject, container["name"], previous)))
        for number, done in enumerate(asyncio.as_completed(wanted), 1):
            piece = await done
            say(f"{number} of {len(wanted)} read")
            if piece is not None:
                yield piece

    async def _yaml(self, subject: Subject) -> str:
        document = (await self._board.read(subject)).document
        with for_a_report():
            lines = yaml_lines(document)
        return scrubbed("\n".join(lines) + "\n")

    async def _events(self, subject: Subject) -> str:
        found = await self._board.read_events(subject)
        lines = [
            f"{_time(e.last_seen)} {e.type} {e.reason} x{e.count} {e.source}: {e.message}" for e in found
        ]
        return "".join(f"{safe(scrubbed(line))}\n" for line in lines)

    async def _log(self, pod: Subject, container: str, previous: bool) -> str:
        lines: list[str] = []

        def take(batch: list[LogLine]) -> None:
            lines.extend(f"{_time(line.time) if line.time else '#'} {line.text}" for line in batch)

        request = LogRequest(pod=pod, container=container, previous=previous, follow=False, tail=_LINES)
        ended, cancel = self._board.stream_logs(request, take)
        try:
            async with asyncio.timeout(_PATIENCE):
                await ended
        finally:
            cancel()
        first = f"# its newest {_LINES:,} lines\n" if len(lines) >= _LINES else ""
        return await asyncio.to_thread(scrubbed, first + "".join(f"{line}\n" for line in lines))


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
