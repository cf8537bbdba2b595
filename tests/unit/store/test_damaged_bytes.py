"""A terminal's files in which other bytes stand: a reader says what is wrong with them, and takes none for a slow disk."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tests.unit.store.helpers import opened
from tfdash.model.store_state import EntryKind

SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "random": lambda data: random.Random(1).randbytes(len(data)),
    "zeros": lambda data: bytes(len(data)),
    "random behind its head": lambda data: data[:32] + random.Random(2).randbytes(len(data) - 32),
    "another head": lambda data: random.Random(3).randbytes(32) + data[32:],
    "cut": lambda data: data[:20],
}
FILES = ("terminal-0.db", "terminal-0.db-wal", "terminal-0.db-shm")
COMBINED = [which for which in product((True, False), repeat=len(FILES)) if any(which)]


def in_it(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


async def left_behind(folder: Path) -> dict[str, bytes]:
    """The files of a terminal that was killed: entries stand in its -wal."""
    made = opened(folder)
    for count in range(3):
        await made.store.append(EntryKind.NOTE, actor="ann", sentence=f"entry {count}")
    found = in_it(folder)
    made.store.close()
    assert set(FILES) <= set(found)
    return found


@pytest.mark.parametrize("how", SPOILT)
async def test_a_damaged_file_is_not_taken_for_a_slow_disk(tmp_path: Path, how: str) -> None:
    found = await left_behind(tmp_path / "made")
    for number, which in enumerate(COMBINED):
        folder = tmp_path / str(number)
        folder.mkdir(mode=0o700)
        spoilt = {name for name, wanted in zip(FILES, which, strict=True) if wanted}
        for name, data in found.items():
            (folder / name).write_bytes(SPOILT[how](data) if name in spoilt else data)
        made = opened(folder, acting=False)
        await made.source.load()
        said = made.store.health.unread
        made.store.close()
        assert "did not answer" not in said, (spoilt, said)
        if FILES[1] in spoilt:
            assert "terminal-0" in said, (spoilt, said)
