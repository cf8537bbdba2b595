"""``tfdash demo`` as somebody types it who has no terminal: README's first command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(300)  # a platform is started, too
def test_without_a_terminal_it_prints_a_snapshot(tmp_path: Path) -> None:
    homes = {f"XDG_{name}_HOME": str(tmp_path) for name in ("STATE", "CACHE", "CONFIG")}
    done = subprocess.run(
        [sys.executable, "-m", "tfdash", "demo", "--scenario", "calm", "-e", "staging"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **homes},
    )
    assert (done.returncode, done.stderr.count("\n")) == (0, 2), done.stderr
    assert "a text snapshot of the demo follows" in done.stderr
    assert done.stdout.startswith("staging demo-staging") and "Serving" in done.stdout
    assert not list(tmp_path.rglob("crash-*"))
