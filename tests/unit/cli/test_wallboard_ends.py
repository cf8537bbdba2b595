"""How a wall ends, as a process on a terminal: by a signal, by its own fault, and how it leaves the terminal."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.pseudoterminal import PseudoTerminal
from tests.unit.cli.test_wallboard import KUBECONFIG

NO_BLANKING = "\x1b[9;0]\x1b[14;0]"
FAULTY = """
import sys
from screens.wall.app import WallApp

def broken(self):
    raise RuntimeError("a secret value")

WallApp.look = broken
from tfdash.cli import main
sys.exit(main(sys.argv[1:]))
"""


def begun(
    folder: Path, *more: str, term: str = "xterm-256color", program: tuple[str, ...] = ("-m", "tfdash")
) -> PseudoTerminal:
    (folder / "kubeconfig").write_text(KUBECONFIG)
    config = folder / "wall.toml"
    config.write_text(
        f'[environments.production]\nkubeconfig = "{folder / "kubeconfig"}"\n[store]\npath = "{folder / "store"}"\n'
    )
    argv = [sys.executable, *program, "wallboard", "--config", str(config), *more]
    return PseudoTerminal(argv, {"XDG_STATE_HOME": str(folder), "TERM": term})


@pytest.mark.parametrize("kiosk", [(), ("--kiosk",)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_and_sighup_end_it_in_order_and_the_terminal_is_as_it_was(
    tmp_path: Path, number: signal.Signals, kiosk: tuple[str, ...]
) -> None:
    terminal = begun(tmp_path, *kiosk)
    terminal.until("PRODUCTION")
    terminal.send(number)
    assert terminal.ended() == 0
    for on, off in (
        ("\x1b[?1049h", "\x1b[?1049l"),
        ("\x1b[?25l", "\x1b[?25h"),
        ("\x1b[?2004h", "\x1b[?2004l"),
    ):
        assert terminal.seen.rfind(off) > terminal.seen.rfind(on) >= 0, (on, off)
    for mouse in ("?1000h", "?1003h", "?1006h", "?1015h"):
        assert mouse not in terminal.seen
    assert NO_BLANKING not in terminal.seen


def test_a_linux_console_is_told_not_to_blank_and_no_other_terminal(tmp_path: Path) -> None:
    terminal = begun(tmp_path, term="linux")
    terminal.until("PRODUCTION")
    assert terminal.seen.count(NO_BLANKING) == 1
    drawn = terminal.seen[terminal.seen.index("PRODUCTION") :]
    assert drawn.isascii()
    terminal.send(signal.SIGTERM)
    assert terminal.ended() == 0
    assert terminal.seen.rfind("\x1b[?25h") > terminal.seen.rfind("\x1b[?25l")


def test_a_wall_that_fails_says_so_by_its_exit_code_and_without_what_variables_held(tmp_path: Path) -> None:
    terminal = begun(tmp_path, program=("-c", FAULTY))
    assert terminal.ended() == 3
    assert "\x1b[?25h" in terminal.seen
    assert "RuntimeError" in terminal.seen
    assert "Traceback" not in terminal.seen


def test_a_terminal_that_cannot_place_text_gets_words_and_no_sequence_in_ascii_too(tmp_path: Path) -> None:
    terminal = begun(tmp_path, "--ascii", term="dumb")
    assert terminal.ended() == 3
    assert "TERM=dumb" in terminal.seen and "\x1b" not in terminal.seen
