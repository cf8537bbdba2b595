"""The terminal is closed, or the program stopped and continued: it ends, or goes on; it never lingers without a screen."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.pseudoterminal import PseudoTerminal

ROUNDS = 6


def opened(folder: Path, *more: str) -> PseudoTerminal:
    """``tfdash`` with a server that refuses every connection."""
    config = folder / "kubeconfig"
    config.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "gone",
                "clusters": [{"name": "gone", "cluster": {"server": "http://127.0.0.1:9"}}],
                "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "gone"}}],
                "users": [{"name": "gone", "user": {"token": "t"}}],
            }
        )
    )
    homes = {f"XDG_{name}_HOME": str(folder) for name in ("STATE", "CACHE", "CONFIG")}
    return PseudoTerminal([sys.executable, "-m", "tfdash", "--kubeconfig", str(config), *more], homes)


@pytest.mark.parametrize("what", [r"\x1b\[\?1049h", "Overview", "refused"])
def test_a_terminal_that_is_closed_ends_it(tmp_path: Path, what: str) -> None:
    """In the alternate screen's first moment, at the first frame, and when the sources have spoken."""
    terminal = opened(tmp_path)
    terminal.until(what)
    terminal.close()  # the kernel sends SIGHUP and SIGCONT
    for _ in range(3):
        terminal.send(signal.SIGCONT)
    assert terminal.ended() in (0, -signal.SIGHUP)
    assert not list(tmp_path.rglob("crash-*"))


@pytest.mark.timeout(300)  # a platform is started, too
def test_under_another_leader_only_the_terminals_end_tells_and_the_platform_ends_too(tmp_path: Path) -> None:
    """As under make: a hang-up reaches the session's leader alone, which waits for us."""
    command = f"trap : HUP; {sys.executable} -m tfdash demo; true"
    homes = {f"XDG_{name}_HOME": str(tmp_path) for name in ("STATE", "CACHE", "CONFIG")}
    terminal = PseudoTerminal(["sh", "-c", command], {**homes, "TMPDIR": str(tmp_path)})
    terminal.until("Overview")
    assert list(tmp_path.glob("tfdash-demo-*"))
    terminal.close()
    assert terminal.ended() == 0
    assert not list(tmp_path.rglob("crash-*"))
    # the simulated platform removes its folder when it ends, and the program waits for that
    assert not list(tmp_path.glob("tfdash-demo-*"))


def test_stopped_and_continued_it_takes_the_screen_again_and_quits(tmp_path: Path) -> None:
    terminal = opened(tmp_path)
    terminal.until("refused")
    before = threads(terminal)
    for _ in range(ROUNDS):
        terminal.send(signal.SIGSTOP)
        os.waitpid(terminal.pid, os.WUNTRACED)
        terminal.seen = ""
        terminal.send(signal.SIGCONT)
        terminal.until(r"\x1b\[\?1049h")
        terminal.until("Overview")
    # The program's own pools may still grow by a few.
    assert threads(terminal) < before + 2 * ROUNDS, "each time a second pair of Textual's threads was started"
    terminal.seen = ""
    terminal.type("\x03")
    terminal.until(r"\x1b\[\?1049l")
    assert terminal.ended() == 0
    terminal.close()


def test_continued_while_it_still_takes_the_screen_it_reads_keys_once_and_quits(tmp_path: Path) -> None:
    """A second pair of threads would compete for the keys, and the one left without would hold the exit."""
    terminal = opened(tmp_path)
    terminal.until("refused")
    before = threads(terminal)
    for _ in range(ROUNDS):
        terminal.seen = ""
        for _ in range(ROUNDS):
            terminal.send(signal.SIGCONT)
        terminal.until(r"\x1b\[\?1049h")
    assert threads(terminal) < before + ROUNDS
    terminal.type("\x03")
    assert terminal.ended() == 0
    terminal.close()


def threads(terminal: PseudoTerminal) -> int:
    """How many it has; 0 where no /proc tells."""
    tasks = Path(f"/proc/{terminal.pid}/task")
    return len(list(tasks.iterdir())) if tasks.exists() else 0
