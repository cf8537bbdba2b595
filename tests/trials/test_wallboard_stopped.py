"""A wall that stands still is begun anew: kill -STOP, under a supervisor that does what systemd does with the unit in
``examples/wallboard`` (READY and WATCHDOG by datagrams, SIGKILL when none came for WatchdogSec, a restart after RestartSec)."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from configparser import RawConfigParser
from pathlib import Path

import pytest

from tests.pseudoterminal import PseudoTerminal
from tests.unit.cli.test_wallboard import KUBECONFIG

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "examples/wallboard/tfdash-wall.service"
pytestmark = pytest.mark.timeout(300)


def unit() -> dict[str, str]:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return dict(parser["Service"])


class Supervisor:
    """Of one service. ``run`` until so many have said that they are ready; ``ready`` is when, by a monotonic clock."""

    def __init__(self, folder: Path, argv: list[str], environ: dict[str, str]) -> None:
        self.settings, self.argv = unit(), argv
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "notify"))
        self.limit = float(self.settings["WatchdogSec"])
        self.environ = {
            **environ,
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": str(int(self.limit * 1e6)),
        }
        self.ready: list[float] = []
        self.beats = 0
        self.started = 0
        self._begin()

    def _begin(self) -> None:
        self.terminal = PseudoTerminal(self.argv, self.environ)
        self.started += 1
        self.alive_at = time.monotonic() + float(self.settings["TimeoutStartSec"]) - self.limit

    def run(self, enough: Callable[[], bool], deadline: float) -> None:
        end = time.monotonic() + deadline
        while not enough():
            assert time.monotonic() < end, self.terminal.seen[-500:]
            there, _, _ = select.select([self.socket, self.terminal.descriptor], [], [], 0.1)
            if self.terminal.descriptor in there:
                self.terminal.seen += os.read(self.terminal.descriptor, 65536).decode(errors="replace")
            if self.socket in there:
                told = self.socket.recv(4096).decode()
                self.alive_at = time.monotonic()
                self.beats += 1
                if "READY=1" in told:
                    self.ready.append(self.alive_at)
            if time.monotonic() - self.alive_at > self.limit:
                os.kill(self.terminal.pid, signal.Signals[self.settings["WatchdogSignal"]])
                os.waitpid(self.terminal.pid, 0)
                self.terminal.close()
                time.sleep(float(self.settings["RestartSec"]))
                self._begin()


def test_a_wall_that_is_stopped_is_back_within_thirty_seconds(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    config = tmp_path / "wall.toml"
    config.write_text(
        f'[environments.production]\nkubeconfig = "{tmp_path / "kubeconfig"}"\n[store]\npath = "{tmp_path / "s"}"\n'
    )
    argv = [sys.executable, "-m", "tfdash", "wallboard", "--kiosk", "--config", str(config)]
    supervisor = Supervisor(tmp_path, argv, {"XDG_STATE_HOME": str(tmp_path), "TERM": "linux"})

    def drawn() -> bool:
        return len(supervisor.ready) == supervisor.started and "PRODUCTION" in supervisor.terminal.seen

    try:
        supervisor.run(drawn, 120)
        stopped = time.monotonic()
        supervisor.terminal.send(signal.SIGSTOP)
        supervisor.run(lambda: supervisor.started == 2, 60)
        supervisor.run(drawn, 60)
        took = time.monotonic() - stopped
        figure(f"back on the screen {took:.1f} s after SIGSTOP")
        assert took < 30
        supervisor.terminal.type("q\x03\x1a\x1c\x11")
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
            supervisor.terminal.send(number)
        beats = supervisor.beats
        supervisor.run(lambda: supervisor.beats >= beats + 3, 60)
        assert supervisor.started == 2  # no key and no signal of a terminal ends a kiosk, or stops it
        supervisor.terminal.send(signal.SIGTERM)
        assert supervisor.terminal.ended() == 0
    finally:
        supervisor.terminal.send(signal.SIGKILL) if _there(supervisor.terminal.pid) else None


def _there(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False
