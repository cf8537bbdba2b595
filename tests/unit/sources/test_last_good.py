"""The file of the last-good picture: written whole, read by every terminal, never another cluster's, and whole after a kill at any time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF
from tests.unit.playbook.procedures.restoring import LOST, WELL, case, good, hpa, settings
from tests.unit.store.helpers import Clock
from tfdash.model.assessment import Assessment
from tfdash.model.last_good import LastGood
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture, SourceInfo
from tfdash.playbook.procedures.recovery_settings import LastGoodSettings, RecoverySettings
from tfdash.sources.last_good.kept import keep, path_in, recall
from tfdash.sources.last_good.source import LastGoodSource

PICTURE = LastGood(services=(good(images=("shop/checkout:1",)), good("ledger")))


def test_what_was_kept_is_what_is_recalled(tmp_path: Path) -> None:
    assert recall(tmp_path / "deep" / "er", LOST) is None
    keep(tmp_path / "deep" / "er", LOST, PICTURE)
    assert recall(tmp_path / "deep" / "er", LOST) == PICTURE
    assert path_in(tmp_path / "deep" / "er", LOST).stat().st_mode & 0o777 == 0o600
    assert recall(tmp_path / "deep" / "er", REF) is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"{}", b'{"version": 2}', b" " * (3 << 20)])
def test_what_is_none_is_said_and_taken_for_nothing(tmp_path: Path, data: bytes) -> None:
    path_in(tmp_path, LOST).write_bytes(data)
    with pytest.raises(ValueError, match=r"\w"):
        recall(tmp_path, LOST)


def test_the_file_of_another_cluster_is_none(tmp_path: Path) -> None:
    keep(tmp_path, LOST, PICTURE)
    path_in(tmp_path, LOST).rename(path_in(tmp_path, REF))
    with pytest.raises(ValueError, match="another cluster"):
        recall(tmp_path, REF)


def test_killed_while_it_writes_it_is_whole(tmp_path: Path) -> None:
    """In the middle of writing one picture after the other: it is always one of them."""
    writer = (
        "import sys, msgspec; from pathlib import Path\n"
        "from tests.unit.sources.test_last_good import PICTURE, LOST\n"
        "from tfdash.sources.last_good.kept import keep\n"
        "many = msgspec.structs.replace(PICTURE, services=PICTURE.services * 250)\n"
        "print('up', flush=True)\n"
        "while True: keep(Path(sys.argv[1]), LOST, many); keep(Path(sys.argv[1]), LOST, PICTURE); print('.', flush=True)\n"
    )
    seen = set()
    for turn in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", writer, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        ) as running:
            assert running.stdout is not None
            for _ in range(2 + turn):
                running.stdout.readline()
            os.kill(running.pid, signal.SIGKILL)
        found = recall(tmp_path, LOST)
        assert found is not None
        seen.add(len(found.services))
    assert seen <= {2, 500}


class _Board:
    """What a source looks at."""

    def __init__(self, picture: Picture, assessment: Assessment) -> None:
        self.picture, self.assessment = picture, assessment


def made(
    folder: Path, *, keeping: bool = True, good_for: float = 60.0, answers: float = 20.0
) -> tuple[LastGoodSource, Clock]:
    clock = Clock(NOW)
    own = RecoverySettings(
        last_good=LastGoodSettings(folder=str(folder), good_for=good_for), services=settings().services
    )
    return LastGoodSource([REF], own, clock, keeping=keeping, answers=answers), clock


async def looked(
    source: LastGoodSource, clock: Clock, seconds: float, *objects: object
) -> Observation[LastGood]:
    at = case(*objects, now=NOW + seconds)  # type: ignore[arg-type]
    clock.at = NOW + seconds
    source._seen[REF] = await source._look(_Board(at.picture, at.assessment), REF)  # type: ignore[arg-type]
    return source._seen[REF]


async def test_one_terminal_takes_it_and_another_that_may_not_reads_it(tmp_path: Path) -> None:
    source, clock = made(tmp_path)
    assert (await looked(source, clock, 0, WELL, hpa())).value == LastGood()
    written = path_in(tmp_path, REF)
    assert recall(tmp_path, REF) is None
    taken = await looked(source, clock, 60, WELL, hpa())
    assert taken.value is not None and [one.name for one in taken.value.services] == ["checkout"]
    data = written.read_bytes()
    await looked(source, clock, 90, WELL, hpa())
    assert written.read_bytes() == data  # nothing moved
    reader, its = made(tmp_path, keeping=False)
    assert (await looked(reader, its, 5000)).value == taken.value
    assert written.read_bytes() == data
    status: Observation[SourceInfo] = source.status
    assert status.complete and status.problem is None and status.value is not None and status.value.count == 1


async def test_what_fails_then_is_kept_as_it_was_good(tmp_path: Path) -> None:
    source, clock = made(tmp_path)
    for seconds in (0, 60):
        await looked(source, clock, seconds, WELL, hpa())
    gone = msgspec.structs.replace(WELL, desired=1, available=0, ready=0, unavailable=1)
    after = await looked(source, clock, 90, gone, hpa(min_replicas=1))
    assert after.value is not None
    assert (after.value.services[0].replicas, after.value.services[0].minimum) == (3, 2)


async def test_a_folder_that_is_gone_is_told_and_what_was_read_stays(tmp_path: Path) -> None:
    source, clock = made(tmp_path)
    for seconds in (0, 60):
        await looked(source, clock, seconds, WELL, hpa())
    path_in(tmp_path, REF).write_text("half")
    told = await looked(source, clock, 90, WELL, hpa())
    assert told.problem is not None and "last-good" in told.problem.cause
    assert told.value is not None and told.value.services
    assert source.status.problem is not None
    assert (
        json.loads('"half"') == path_in(tmp_path, REF).read_text()
    )  # it is not written over: somebody may look at it


async def test_what_another_terminal_declares_is_left_to_it(tmp_path: Path) -> None:
    """Two teams keep theirs in one folder."""
    theirs = msgspec.structs.replace(good("ledger"), name="theirs", at=NOW)
    keep(tmp_path, REF, LastGood(services=(theirs,)))
    source, clock = made(tmp_path)
    for seconds in (0, 60):
        seen = await looked(source, clock, seconds, WELL, hpa())
    assert seen.value is not None and [one.name for one in seen.value.services] == ["checkout"]
    kept = recall(tmp_path, REF)
    assert kept is not None and [one.name for one in kept.services] == ["checkout", "theirs"]
    keep(tmp_path, REF, LastGood(services=(msgspec.structs.replace(theirs, at=NOW - 31 * 86_400),)))
    await looked(source, clock, 90, WELL, hpa())
    kept = recall(tmp_path, REF)
    assert kept is not None and [one.name for one in kept.services] == ["checkout"]


async def test_what_was_taken_by_a_clock_that_ran_ahead_is_taken_anew(tmp_path: Path) -> None:
    year = NOW + 365 * 86_400
    keep(tmp_path, REF, LastGood(services=(good(replicas=1, at=year, since=year - 900),)))
    source, clock = made(tmp_path)
    for seconds in (0, 60):
        seen = await looked(source, clock, seconds, WELL, hpa())
    assert seen.value is not None and (seen.value.services[0].replicas, seen.value.services[0].at) == (
        3,
        NOW + 60,
    )
    kept = recall(tmp_path, REF)
    assert kept is not None and kept.services[0].replicas == 3


async def test_a_folder_that_hangs_is_told_and_no_second_thread_waits_for_it(tmp_path: Path) -> None:
    source, clock = made(tmp_path, answers=0.05)
    there, asked = threading.Event(), list[int]()

    def hangs() -> None:
        asked.append(1)
        there.wait(60)

    for _ in range(3):
        with pytest.raises(OSError, match="no answer within"):
            await source._disk(hangs)
    told = await looked(source, clock, 0, WELL, hpa())
    assert told.problem is not None and "no answer within" in told.problem.cause
    assert asked == [1]
    there.set()
    source._answers = 20.0
    await asyncio.wait_for(asyncio.shield(source._hangs), 60)  # type: ignore[arg-type]
    assert (await looked(source, clock, 30, WELL, hpa())).problem is None
