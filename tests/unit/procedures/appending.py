"""A kind of step that appends a line to a file: each line is one act, which nothing takes back."""

from __future__ import annotations

import os
from pathlib import Path

from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, Tell
from tfdash.procedures.protocols import Given


def append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


class Appending(KindOfStep):
    """Nothing tells afterwards what became of it."""

    kind = StepKind.COMMAND

    def __init__(self, path: Path) -> None:
        self._path = path

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd:
        await doing.begin("appends a line")
        await doing.holds()
        append(self._path, doing.tag)
        return StepEnd(kind=RunEventKind.DONE, sentence="appended")
