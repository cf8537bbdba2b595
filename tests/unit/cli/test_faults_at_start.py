"""A configuration that is refused: the first frame may stand, but nothing is judged by it, and every fault is told."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.pseudoterminal import PseudoTerminal
from tests.unit.cli.server import kubeconfig


def test_nothing_is_judged_before_the_configuration_is_validated(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[policy.canary]\nwindow = "2s"\n[calendar]\ndays = ["Tux"]\n')
    homes = {f"XDG_{name}_HOME": str(tmp_path) for name in ("STATE", "CACHE", "CONFIG")}
    told = tmp_path / "told"  # the frames go to the terminal all the same
    command = [
        "sh",
        "-c",
        f'exec "$@" 2>{told}',
        "sh",
        sys.executable,
        "-m",
        "tfdash",
        "--config",
        str(config),
    ]
    where = ["--kubeconfig", str(kubeconfig(tmp_path, "http://127.0.0.1:9"))]
    terminal = PseudoTerminal([*command, *where], homes)
    terminal.until("Overview")
    code = terminal.ended()
    assert (
        f"{config}:2: policy.canary.window: 2s is out of range; choose one from 5s to 1h" in told.read_text()
    )
    assert f"{config}:4: calendar.days: 'Tux' is no day of the week" in told.read_text()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.seen)
    assert re.search(r"release\s*(OPEN|CLOSED)", plain) is None  # the header's calendar
    assert code == 64
    assert not list(tmp_path.rglob("crash-*"))
