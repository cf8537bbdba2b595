"""The trials are run by hand, seldom: that each finds its fixtures is asked here, without running one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_trial_finds_its_fixtures() -> None:
    command = (sys.executable, "-m", "pytest", "--setup-plan", "-q", "--platform", "-p", "no:cacheprovider")
    done = subprocess.run((*command, "tests/trials"), cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 5), done.stdout[-3000:] + done.stderr[-2000:]
