"""Commands of this machine: begun once for a key, kept by a process that outlives who asked, found again by whoever asks next."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.waiting import soon, until
from tfdash.actions.core.protocols import NotSent
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.writers.places import keeper
from tfdash.writers.places.here import HerePlace
from tfdash.writers.places.memory import MemoryOfWork, read_json

KEY = "release-1.smoke.1"
ASKED = """
import asyncio, sys
from pathlib import Path
from tfdash.procedures.protocols import Work
from tfdash.writers.places.here import HerePlace
from tfdash.writers.places.memory import MemoryOfWork
place = HerePlace(MemoryOfWork(Path(sys.argv[1])))
print("ready", flush=True); sys.stdin.readline()
print(asyncio.run(place.start(Work(key=sys.argv[2], argv=tuple(sys.argv[3:])))).state, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[MemoryOfWork]:
    found = MemoryOfWork(tmp_path / "work")
    yield found
    for about in found.folder.glob("*/begun"):
        began = read_json(about) or {}
        if began.get("pid") and keeper.start_of(began["pid"]) == began["start"]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(began["pid"], signal.SIGKILL)


@pytest.fixture
def here(memory: MemoryOfWork) -> HerePlace:
    return HerePlace(memory)


def sh(script: str, *words: str, key: str = KEY, timeout: float = 0.0) -> Work:
    return Work(key=key, argv=("sh", "-c", script, "sh", *words), timeout=timeout)


async def ended(here: HerePlace, work: Work) -> WorkSeen:
    async def there() -> WorkSeen | None:
        seen = await here.look(work)
        return seen if seen.state in (WorkState.ENDED, WorkState.UNKNOWN) else None

    found = await soon(there, "its end")
    assert found is not None
    return found


async def test_it_runs_and_says_how_it_ended(here: HerePlace, memory: MemoryOfWork) -> None:
    work = sh('echo "one: $1"; echo two >&2; exit 3', "a b")
    assert (await here.look(work)).state is WorkState.NOT_STARTED
    assert (await here.start(work)).state in (WorkState.RUNNING, WorkState.ENDED)
    seen = await ended(here, work)
    assert (seen.state, seen.good, seen.code, seen.sentence) == (WorkState.ENDED, False, 3, "it ended with 3")
    assert seen.output == "one: a b\ntwo"
    assert seen.started_at is not None and seen.ended_at is not None and seen.ended_at >= seen.started_at
    assert seen.where == str(memory.at(KEY)) and seen.line.startswith("tail ")


async def test_asked_ten_times_at_once_it_runs_once(here: HerePlace, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    work = sh('echo x >> "$1"; sleep 0.2', str(counter))
    await asyncio.gather(*(here.start(work) for _ in range(10)))
    assert (await ended(here, work)).good
    await asyncio.gather(*(here.start(work) for _ in range(3)))
    assert counter.read_text() == "x\n"


def test_asked_by_four_programs_at_once_it_runs_once(memory: MemoryOfWork, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    argv = ["sh", "-c", 'echo x >> "$1"; sleep 0.2', "sh", str(counter)]
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", ASKED, str(memory.folder), KEY, *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        for one in asked:
            assert one.stdout is not None and one.stdout.readline() == "ready\n"
        for one in asked:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        said = {one.stdout.readline().strip() for one in asked if one.stdout is not None}
    finally:
        for one in asked:
            one.kill()
            one.communicate()
    assert said <= {"running", "ended"}
    assert asyncio.run(ended(HerePlace(memory), Work(key=KEY, argv=tuple(argv)))).good
    assert counter.read_text() == "x\n"


async def test_another_command_under_the_same_key_is_refused(here: HerePlace) -> None:
    await here.start(sh("true"))
    with pytest.raises(NotSent, match="another command"):
        await here.start(sh("false"))


async def test_what_is_not_there_was_not_begun_and_may_be_tried_again(
    here: HerePlace, tmp_path: Path
) -> None:
    program = tmp_path / "flush"
    work = Work(key=KEY, argv=(str(program),))
    with pytest.raises(NotSent, match="is not installed"):
        await here.start(work)
    seen = await here.look(work)
    assert seen.state is WorkState.NOT_STARTED and "is not installed" in seen.sentence
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    await here.start(work)
    assert (await ended(here, work)).good


@pytest.mark.parametrize("word", ["-rf", "a\nb", "$(touch x)", "'; exit 9 #", "", "\u202e", "{x}", "\udcff"])
async def test_a_hostile_word_is_a_word(here: HerePlace, tmp_path: Path, word: str) -> None:
    out = tmp_path / "said"
    work = sh('printf %s "$2" > "$1"', str(out), word)
    await here.start(work)
    assert (await ended(here, work)).good
    assert out.read_bytes() == os.fsencode(word)
    assert "\n" not in here.shown(work) and "\u202e" not in here.shown(work)


@pytest.mark.parametrize("word", ["a\0b", "x" * (1 << 20)])
async def test_what_no_system_takes_was_not_begun(here: HerePlace, word: str) -> None:
    work = sh("true", word)
    with pytest.raises(NotSent):
        await here.start(work)
    assert (await here.look(work)).state is WorkState.NOT_STARTED


async def test_its_output_is_bounded_on_the_disk_and_its_end_is_shown(
    here: HerePlace, memory: MemoryOfWork
) -> None:
    work = sh(
        "i=0; while [ $i -lt 40 ]; do head -c 65536 /dev/zero | tr '\\0' x; i=$((i+1)); done; echo; echo last"
    )
    await here.start(work)
    seen = await ended(here, work)
    assert seen.output.endswith("last") and len(seen.output) <= 8000
    kept = sum(path.stat().st_size for path in memory.at(KEY).glob("out.*"))
    assert kept <= 4 * keeper.PIECE


def test_what_it_started_and_leaves_behind_does_not_hold_up_its_end(
    here: HerePlace, memory: MemoryOfWork
) -> None:
    """However much that says: here there is always more to be read."""
    here._claim(memory.at(KEY), sh("true"))
    with open("/dev/zero", "rb") as endless:
        child: Any = SimpleNamespace(stdout=endless, poll=lambda: 3, returncode=3)
        kept = keeper.Keeper(str(memory.at(KEY)), lambda words: None, keeper.ToldToEnd())
        assert kept.watch(child, keeper.Output(str(memory.at(KEY)))) == (3, "")


async def test_what_cannot_be_read_is_not_known(here: HerePlace, memory: MemoryOfWork) -> None:
    work = sh("true")
    await here.start(work)
    await ended(here, work)
    (memory.at(KEY) / "keeper").unlink()
    (memory.at(KEY) / "keeper").symlink_to("elsewhere")  # no lock of ours is a link
    seen = await here.look(work)
    assert seen.state is WorkState.UNKNOWN and "cannot be read" in seen.sentence
    assert (await here.stop(work)).state is WorkState.UNKNOWN


async def test_output_is_safe_to_show_and_has_no_secrets(here: HerePlace) -> None:
    work = sh("printf 'a\\033[2Jb\\n\\377\\npassword=hunter2-and-more\\n'")
    await here.start(work)
    output = (await ended(here, work)).output
    assert "\x1b" not in output and "hunter2" not in output


async def test_it_is_ended_when_its_time_is_over(here: HerePlace) -> None:
    work = sh("trap '' TERM; echo begun; while :; do sleep 0.1; done", timeout=0.5)
    await here.start(work)
    seen = await ended(here, work)
    assert (seen.good, seen.code) == (False, -signal.SIGKILL)
    assert seen.sentence.startswith("it took longer than 0.5 s")


async def test_a_time_out_is_never_good(here: HerePlace) -> None:
    work = sh("trap 'exit 0' TERM; while :; do sleep 0.1; done", timeout=0.3)
    await here.start(work)
    seen = await ended(here, work)
    assert (seen.good, seen.code) == (False, 0)


async def test_it_is_stopped(here: HerePlace) -> None:
    work = sh("sleep 600")
    await here.start(work)
    assert (await here.look(work)).state is WorkState.RUNNING
    await here.stop(work)
    seen = await ended(here, work)
    assert seen.good is False and seen.sentence.startswith("it was stopped")


@pytest.mark.parametrize("claimed", [True, False])
async def test_what_is_stopped_before_it_began_never_begins(
    here: HerePlace, memory: MemoryOfWork, tmp_path: Path, claimed: bool
) -> None:
    counter = tmp_path / "counter"
    work = sh('echo x >> "$1"', str(counter))
    if claimed:
        here._claim(memory.at(KEY), work)  # a program that was killed before it had a keeper
    assert (await here.look(work)).state is WorkState.NOT_STARTED
    assert (await here.stop(work)).state is WorkState.NOT_STARTED
    with pytest.raises(NotSent, match="stopped before it began"):
        await here.start(work)
    assert not counter.exists()


# -- what outlives whom -----------------------------------------------------------------------------------------------


def test_it_outlives_a_program_that_is_killed_and_is_found_by_the_next(
    memory: MemoryOfWork, tmp_path: Path
) -> None:
    go, argv = tmp_path / "go", ("sh", "-c", 'until [ -e "$1" ]; do sleep 0.05; done; echo done', "sh")
    argv = (*argv, str(go))
    asked = subprocess.Popen(
        [sys.executable, "-c", ASKED, str(memory.folder), KEY, *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert asked.stdin is not None and asked.stdout is not None
    assert asked.stdout.readline() == "ready\n"
    asked.stdin.write("go\n")
    asked.stdin.flush()
    assert asked.stdout.readline() == "running\n"
    os.killpg(asked.pid, signal.SIGKILL)
    asked.communicate()
    here, work = HerePlace(memory), Work(key=KEY, argv=argv)
    assert asyncio.run(here.look(work)).state is WorkState.RUNNING
    assert asyncio.run(here.start(work)).state is WorkState.RUNNING  # the same
    go.touch()
    seen = asyncio.run(ended(here, work))
    assert seen.good and seen.output == "done"


async def test_where_its_keeper_is_killed_it_runs_on_and_its_end_is_not_known(
    here: HerePlace, memory: MemoryOfWork, tmp_path: Path
) -> None:
    go, counter = tmp_path / "go", tmp_path / "counter"
    work = sh('echo x >> "$2"; until [ -e "$1" ]; do sleep 0.05; done', str(go), str(counter))
    await here.start(work)
    os.kill((read_json(memory.at(KEY) / "keeper") or {})["pid"], signal.SIGKILL)
    seen = await soon(lambda: _told(here, work, "keeper was ended"))
    assert seen is not None and seen.state is WorkState.RUNNING
    assert (await here.start(work)).state is WorkState.RUNNING
    go.touch()
    assert (await ended(here, work)).state is WorkState.UNKNOWN
    assert (await here.start(work)).state is WorkState.UNKNOWN  # never begun again
    assert counter.read_text() == "x\n"


async def test_where_its_keeper_is_killed_it_can_still_be_stopped(
    here: HerePlace, memory: MemoryOfWork
) -> None:
    work = sh("sleep 600")
    await here.start(work)
    os.kill((read_json(memory.at(KEY) / "keeper") or {})["pid"], signal.SIGKILL)
    await soon(lambda: _told(here, work, "keeper was ended"))
    await here.stop(work)
    assert (await ended(here, work)).state is WorkState.UNKNOWN


async def _told(here: HerePlace, work: Work, words: str) -> WorkSeen | None:
    seen = await here.look(work)
    return seen if words in seen.sentence else None


async def test_a_keeper_that_is_asked_to_end_ends_its_command_and_says_so(
    here: HerePlace, memory: MemoryOfWork
) -> None:
    work = sh("sleep 600")
    await here.start(work)
    os.kill((read_json(memory.at(KEY) / "keeper") or {})["pid"], signal.SIGTERM)
    seen = await ended(here, work)
    assert (seen.state, seen.good) == (WorkState.ENDED, False)


@pytest.mark.parametrize(
    ("left", "state"),
    [
        ({}, WorkState.NOT_STARTED),  # its folder alone
        ({"begun": ""}, WorkState.UNKNOWN),  # killed before the process had a number that was written down
        ({"begun": '{"pid": 1, "sta'}, WorkState.UNKNOWN),
        ({"begun": '{"pid": 1, "start": "0", "boot": "another"}'}, WorkState.UNKNOWN),
        ({"begun": "", "ended.json": '{"co'}, WorkState.UNKNOWN),
        ({"begun": "", "ended.json": '{"code": 0, "at": 5.0, "why": ""}'}, WorkState.ENDED),
    ],
)
async def test_what_a_killed_keeper_left_is_told_apart(
    here: HerePlace, memory: MemoryOfWork, left: dict[str, str], state: WorkState
) -> None:
    """The machine lost its power at each point of it."""
    work = sh("true")
    here._claim(memory.at(KEY), work)
    for name, text in left.items():
        (memory.at(KEY) / name).write_text(text)
    assert (await here.look(work)).state is state
    if state is WorkState.UNKNOWN:
        assert (await here.start(work)).state is state


async def test_a_process_of_the_same_number_is_another_one(here: HerePlace, memory: MemoryOfWork) -> None:
    work = sh("true")
    here._claim(memory.at(KEY), work)
    about = {"pid": os.getpid(), "start": "1", "boot": keeper.boot_of()}
    (memory.at(KEY) / "begun").write_text(json.dumps(about))
    assert (await here.look(work)).state is WorkState.UNKNOWN
    await here.stop(work)  # and is left alone


async def test_what_another_machine_began_is_not_known_here(here: HerePlace, tmp_path: Path) -> None:
    there = HerePlace(MemoryOfWork(tmp_path / "other"))
    work = sh("true")
    ours = Work(key=work.key, argv=work.argv, mark=await here.mark(work))
    theirs = Work(key=work.key, argv=work.argv, mark=await there.mark(work))
    assert (await here.look(ours)).state is WorkState.NOT_STARTED
    seen = await here.look(theirs)
    assert seen.state is WorkState.UNKNOWN and "look there" in seen.sentence
    assert (await here.start(theirs)).state is WorkState.UNKNOWN  # nor begun


# -- a disk that takes nothing ---------------------------------------------------------------------------------------


async def test_where_nothing_can_be_written_nothing_is_begun(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    here = HerePlace(MemoryOfWork(tmp_path / "file" / "work"))
    with pytest.raises(NotSent, match="nothing can be written down"):
        await here.start(sh("true"))


def full() -> None:
    """Files of this process can have no more than 8 KB from now on, as on a disk that is full."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


def test_how_it_ended_is_written_though_the_disk_takes_no_output(memory: MemoryOfWork) -> None:
    work = Work(key=KEY, argv=("sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x; exit 4"))
    here = HerePlace(memory)
    here._claim(memory.at(KEY), work)
    argv = [sys.executable, "-I", keeper.__file__, str(memory.at(KEY))]
    subprocess.run(argv, preexec_fn=full, check=True, timeout=60)
    seen = until(lambda: _ended_now(here, work), "its end")
    assert seen.code == 4
    assert max(path.stat().st_size for path in memory.at(KEY).glob("out.*")) <= 8192


def _ended_now(here: HerePlace, work: Work) -> WorkSeen | None:
    seen = asyncio.run(here.look(work))
    return seen if seen.state is WorkState.ENDED else None
