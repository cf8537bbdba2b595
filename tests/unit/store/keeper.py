"""A server of the tests ends with the run that started it, by whatever end: Ctrl-C, SIGKILL."""

from __future__ import annotations

import subprocess
from pathlib import Path

# Reads until its parent has let go, by whatever end (Ctrl-C, kill -9), then ends the server of that folder and no other.
# A server still starting finds no folder and gives up.
KEEPER = """
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" && while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
for _ in 1 2 3 4 5; do rm -rf "$1" 2>/dev/null; [ -e "$1" ] || exit 0; sleep 1; done
"""


def kept(folder: Path) -> subprocess.Popen[bytes]:
    """The process that ends the PostgreSQL of that folder, and removes the folder, when its stdin is closed."""
    return subprocess.Popen(
        ["sh", "-c", KEEPER, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C is not for it
    )
