"""Running somebody else's command: time-outs, groups, caps. Real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.unit.cli.server import kubeconfig
from tests.waiting import until
from tfdash.process import CommandFailed, end_commands, how_ended, in_thread, run_command


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_and_code() -> None:
    done = run_command(python("import sys; print('hunter2'); print('err', file=sys.stderr); sys.exit(3)"))
    assert (done.returncode, done.stdout, done.stderr) == (3, b"hunter2\n", "err\n")
    assert "hunter2" not in repr(done)


@pytest.mark.parametrize(
    ("code", "told"), [(0, "ended with 0"), (-2, "was ended by SIGINT"), (-99, "was ended by signal 99")]
)
def test_how_it_ended_is_no_negative_number(code: int, told: str) -> None:
    assert how_ended(code) == told


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
    assert ends(int(pid.read_text())), "the child outlived its parent's time-out"


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def ends(pid: int) -> bool:
    return until(lambda: gone(pid), f"the end of {pid}")


def pids(file: Path) -> list[int]:
    """Of a command of two processes that write down who they are."""
    found = until(
        lambda: file.exists() and len(each := file.read_text().split()) == 2 and each, "the command"
    )
    assert found
    return [int(each) for each in found]


def two_that_wait(folder: Path) -> list[str]:
    return ["/bin/sh", "-c", f"(trap '' HUP; exec sleep 70) & echo $! $$ > {folder}/pids; exec sleep 70"]


def test_what_runs_as_we_leave_is_ended_with_its_children(tmp_path: Path) -> None:
    threading.Thread(target=run_command, args=(two_that_wait(tmp_path),), daemon=True).start()
    found = pids(tmp_path / "pids")
    end_commands()
    assert all(map(ends, found))


_AS_STARTED_BY_HAND = """import os, signal, sys
signal.signal(int(sys.argv[1]), signal.SIG_DFL)  # what runs in the background or under nohup was started with it ignored
os.execv(sys.executable, [sys.executable, "-m", "tfdash", *sys.argv[2:]])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_plug_in_ends_with_the_program(tmp_path: Path, number: signal.Signals) -> None:
    """It has a session of its own: neither its terminal nor our end reached it, and it went on for ever."""
    path = kubeconfig(tmp_path, "https://127.0.0.1:9")
    document = json.loads(path.read_text())
    command, *args = two_that_wait(tmp_path)
    version = "client.authentication.k8s.io/v1"
    document["users"][0]["user"] = {"exec": {"apiVersion": version, "command": command, "args": args}}
    path.write_text(json.dumps(document))
    program = subprocess.Popen(
        [sys.executable, "-c", _AS_STARTED_BY_HAND, str(int(number)), "snapshot", "--kubeconfig", str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = pids(tmp_path / "pids")
    program.send_signal(number)
    assert program.wait(60) in (-number, 130)
    assert all(map(ends, found))


def test_too_much_output_ends_it() -> None:
    with pytest.raises(CommandFailed, match="printed more than 1000 bytes"):
        run_command(python("while True: print('x' * 100)"), max_output=1000)


async def test_a_thread_gives_its_result_or_its_error() -> None:
    assert await in_thread(os.getpid) == os.getpid()
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0)
