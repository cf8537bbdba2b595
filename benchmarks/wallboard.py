"""``python -m benchmarks.wallboard``: what a wall costs, whole process and on a pseudo-terminal of 200x60, against the demo.

Between polls nothing is read and nothing is judged: that share is of the seconds in which the board's thread did (almost) nothing, told by
its CPU time. The other figure is of all seconds, polls and judging among them.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from pathlib import Path

from tfdash.demo.options import DemoOptions
from tfdash.demo.process import start_process

_TICK = os.sysconf("SC_CLK_TCK")
_QUIET = (
    1  # ticks of a second that all threads but the screen's may have used, and still count as doing nothing
)


def _ticks(stat: Path) -> int:
    fields = stat.read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _started(config: Path) -> tuple[int, int]:
    argv = [sys.executable, "-m", "tfdash", "wallboard", "--config", str(config), "--rotate", "20s"]
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, {**os.environ, "TERM": "xterm-256color"})
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
    return pid, descriptor


def _second(descriptor: int) -> None:
    end = time.monotonic() + 1.0
    while (left := end - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            os.read(descriptor, 65536)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--scenario", default="calm")
    args = parser.parse_args()
    with start_process(DemoOptions(scenario=args.scenario, seed=1, speed=1.0)) as demo:
        pid, descriptor = _started(demo.config)
        folder = Path(f"/proc/{pid}")
        try:
            for _ in range(30):
                _second(descriptor)
            first = _ticks(folder / "stat")
            quiet: list[int] = []
            for _ in range(args.seconds):
                before = _ticks(folder / "stat"), _ticks(folder / "task" / str(pid) / "stat")
                _second(descriptor)
                whole = _ticks(folder / "stat") - before[0]
                screen = _ticks(folder / "task" / str(pid) / "stat") - before[1]
                if whole - screen <= _QUIET:
                    quiet.append(whole)
            share = (_ticks(folder / "stat") - first) / _TICK / args.seconds
            memory = next(x for x in (folder / "status").read_text().splitlines() if x.startswith("VmRSS"))
            print(
                f"between polls   {sum(quiet) / _TICK / max(len(quiet), 1):.2%} of a core ({len(quiet)} s of {args.seconds})"
            )
            print(f"all             {share:.2%} of a core")
            print(f"memory          {int(memory.split()[1]) // 1024} MB")
        finally:
            os.kill(pid, 15)
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
