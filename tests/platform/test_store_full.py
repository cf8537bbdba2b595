"""A disk that is really full (a small tmpfs in a mount namespace): the outcome of what was begun is recorded all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.platform
CHILD = r"""
import asyncio, json, os, sys
from pathlib import Path
from tests.unit.store.helpers import CHECKOUT, opened
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import EntryKind
from tfdash.store.log.reading import read_folder
from tfdash.store.log.verify import verify
folder = Path(sys.argv[1])
def fill(name):
    with open(folder / name, "ab", buffering=0) as filler:
        try:
            while True:
                filler.write(b"z" * 4096)
        except OSError as error:
            return error.errno
async def main():
    told = {}
    store = opened(folder / "store").store
    await store.reserve(3)
    intent = await store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT, data={"plan": "x" * 5000})
    told["errno"] = fill("filler")
    outcome = await store.append(EntryKind.OUTCOME, actor="ann", intent=intent.intent, data={"result": "applied", "a": "y" * 5000})
    told["outcome"] = outcome.sequence
    told["ballast"] = (folder / "store" / "terminal-0.ballast").stat().st_size
    try:
        for number in range(1000):
            await store.append(EntryKind.NOTE, actor="ann", data={"more": os.urandom(4000).hex()})
            fill(f"more")
    except LedgerUnavailable as error:
        told["refused"] = str(error)
    try:
        await store.reserve(3)
    except LedgerUnavailable as error:
        told["reserve"] = str(error)
    told["verify"] = verify(read_folder(folder / "store")).code
    (folder / "filler").unlink(); (folder / "more").unlink()
    await store.reserve(3)
    told["after"] = (await store.append(EntryKind.NOTE, actor="ann")).sequence
    told["verify after"] = verify(read_folder(folder / "store")).code
    print(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)
asyncio.run(main())
"""


def test_a_full_disk(tmp_path: Path) -> None:
    script = f'mount -t tmpfs -o size=4m tmpfs {tmp_path} && exec {sys.executable} -c "$CHILD" {tmp_path}'
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "CHILD": CHILD},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (
        told["errno"] == 28 and told["outcome"] == 2 and told["ballast"] >= 1 << 20
    )  # within the room in the file itself
    assert "the disk is full" in told["refused"] and "no room is left" in told["reserve"]
    assert told["verify"] == told["verify after"] == 0 and told["after"] > 2
