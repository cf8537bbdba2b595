"""An answer that was not delivered is no yes; one that was no stays one. Real processes, whose reader is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

OPEN = ("gate", "release", "--at", "2026-11-24 10:30", "--no-clock-check")
CLOSED = ("gate", "release", "--at", "2026-11-25 10:30", "--no-clock-check")
LONG = ("config", "schema")  # far more than a pipe's or a stream's buffer in one answer


@contextmanager
def gone() -> Iterator[int]:
    """A pipe whose reader has gone away."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@contextmanager
def full() -> Iterator[int]:
    """A file on a disk that is full."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


@contextmanager
def sound() -> Iterator[int]:
    descriptor = os.open(os.devnull, os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


def tfdash(folder: Path, argv: tuple[str, ...], stdout: int | None, stderr: int = subprocess.PIPE) -> int:
    """The exit code; ``stdout`` None: it is closed."""
    homes = {f"XDG_{name}_HOME": str(folder) for name in ("STATE", "CACHE", "CONFIG")}
    command = [sys.executable, "-m", "tfdash", *argv]
    if stdout is None:
        command = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    done = subprocess.run(command, stdout=stdout, stderr=stderr, env={**os.environ, **homes}, check=False)
    assert not list(folder.rglob("crash-*")), done.stderr
    return done.returncode


@contextmanager
def closed() -> Iterator[None]:
    yield


@pytest.mark.parametrize(
    ("argv", "broken", "code"),
    [
        (OPEN, gone, 3),
        (CLOSED, gone, 1),
        (LONG, gone, 3),
        (OPEN, full, 3),
        (OPEN, closed, 3),
        (CLOSED, closed, 1),
    ],
    ids=["yes", "no", "long", "full disk", "closed, yes", "closed, no"],
)
def test_without_a_reader_a_yes_becomes_an_error_and_a_no_stays(
    tmp_path: Path, argv: tuple[str, ...], broken: Callable[[], AbstractContextManager[int | None]], code: int
) -> None:
    with broken() as away:
        assert tfdash(tmp_path, argv, away) == code


@pytest.mark.parametrize(
    ("broken", "said"), [(gone, ""), (full, "No space left on device"), (closed, "it is closed")]
)
@pytest.mark.parametrize("argv", [OPEN, LONG, ("schema", "snapshot", "overview")])
def test_why_an_answer_could_not_be_written_is_told(
    tmp_path: Path,
    argv: tuple[str, ...],
    broken: Callable[[], AbstractContextManager[int | None]],
    said: str,
) -> None:
    """But to one who went away: he knows."""
    narration = tmp_path / "narration"
    with broken() as away, narration.open("wb") as err:
        assert tfdash(tmp_path, argv, away, err.fileno()) == 3
    told = [line for line in narration.read_text().splitlines() if "stdout" in line]
    assert told == ([f"tfdash: stdout could not be written, and the answer with it: {said}"] if said else [])


def test_nobody_reads_the_narration_and_the_answer_stands(tmp_path: Path) -> None:
    """A wrong question is still a wrong question: its sentence cannot be written, its code can."""
    with sound() as there, gone() as away:
        assert tfdash(tmp_path, ("gate", "release", "--at", "never"), there, away) == 64
        assert tfdash(tmp_path, ("config", "check"), there, away) == 0


def test_an_answer_goes_out_in_one_write(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfdash.cli import main

    written: list[str] = []
    write = sys.stdout.write

    def counted(text: str) -> int:
        written.append(text)
        return write(text)

    monkeypatch.setattr(sys.stdout, "write", counted)
    assert main(list(CLOSED)) == 1
    assert main([*CLOSED, "--format", "json"]) == 1
    assert len(written) == 2 and all(text.endswith("\n") for text in written)
