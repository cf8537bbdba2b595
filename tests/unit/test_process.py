"""Running somebody else's command: time-outs, groups, caps. Real processes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tfdash.process import CommandFailed, in_thread, run_command


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_and_code() -> None:
    done = run_command(python("import sys; print('hunter2'); print('err', file=sys.stderr); sys.exit(3)"))
    assert (done.returncode, done.stdout, done.stderr) == (3, b"hunter2\n", "err\n")
    assert "hunter2" not in repr(done)


def test_a_missing_program_is_one_sentence() -> None:
    with pytest.raises(CommandFailed, match="no-such-program is not installed or not on PATH"):
        run_command(["no-such-program"])


def test_it_has_no_terminal_and_no_input() -> None:
    done = run_command(python("import os,sys; print(sys.stdin.read() == '', os.getsid(0) == os.getpid())"))
    assert done.stdout == b"True True\n"


def test_at_the_time_out_children_end_too(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    child = f"import os,time; open({str(pid)!r},'w').write(str(os.getpid())); time.sleep(60)"
    code = f"import subprocess,sys,time; subprocess.Popen([sys.executable,'-c',{child!r}]); time.sleep(60)"
    with pytest.raises(CommandFailed, match=r"did not end within 1 s"):
        run_command(python(code), timeout=1.0)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{int(pid.read_text())}/stat").read_text().split()[2]
        except FileNotFoundError:
            return
        if state == "Z":
            return
    pytest.fail("the child outlived its parent's time-out")


def test_too_much_output_ends_it() -> None:
    with pytest.raises(CommandFailed, match="printed more than 1000 bytes"):
        run_command(python("while True: print('x' * 100)"), max_output=1000)


async def test_a_thread_gives_its_result_or_its_error() -> None:
    assert await in_thread(os.getpid) == os.getpid()
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0)
