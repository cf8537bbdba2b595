"""The simulated platform as a child process, which ends with its parent."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from tfdash.demo.options import FOLDER, DemoOptions

__all__ = ["DemoFailed", "DemoOptions", "DemoProcess", "running", "start_process"]
_ENDING = 3.0  # seconds between asking the child to end and ending it


class DemoFailed(Exception):
    """The child did not come up; the text says why."""


class DemoProcess:
    """A running child. ``kubeconfig`` and ``config`` exist while it runs (or as long as the folder it was given)."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any], *, own_folder: bool) -> None:
        self._process, self._own_folder = process, own_folder
        self.pid = process.pid
        self.port = int(str(ready["port"]))
        self.ports = {str(k): int(v) for k, v in dict(ready["ports"]).items()}
        self.kubeconfig = Path(str(ready["kubeconfig"]))
        self.config = Path(str(ready["config"]))
        self.token_file = Path(str(ready["token_file"]))
        self.ca = Path(str(ready["ca"]))
        self.control_url = str(ready["control_url"])

    def wait(self) -> int:
        """Until it ends; ctrl-c ends it."""
        try:
            return self._process.wait()
        except KeyboardInterrupt:
            self.stop()
            return 0

    def stop(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._own_folder:  # it removes it itself, where it is not killed, or writes into it meanwhile
            shutil.rmtree(self.config.parent, ignore_errors=True)

    def __enter__(self) -> DemoProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def arguments(options: DemoOptions) -> list[str]:
    """The child's command line."""
    argv = [
        "--scenario",
        options.scenario,
        "--seed",
        str(options.seed),
        "--speed",
        repr(options.speed),
        "--pods",
        str(options.pods),
        "--history",
        str(options.history),
        "--bookmark-seconds",
        repr(options.bookmark_seconds),
        "--ports",
        ",".join(map(str, options.ports)),
    ]
    if options.start is not None:
        argv += ["--start", repr(options.start)]
    if options.folder is not None:
        argv += ["--folder", str(options.folder)]
    return argv


def start_process(options: DemoOptions, timeout: float = 180.0) -> DemoProcess:
    """Start the child and wait until it serves. Raises ``DemoFailed`` with its last words."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tfdash.demo", "--with-parent", *arguments(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # ctrl-c in the terminal is the program's, not the platform's
    )
    said: list[str] = []
    errors = threading.Thread(target=_collect, args=(process, said), daemon=True)
    errors.start()
    timer = threading.Timer(timeout, process.kill)
    timer.daemon = True
    timer.start()
    assert process.stdout is not None
    line = process.stdout.readline()
    timer.cancel()
    try:
        ready = json.loads(line)
    except ValueError:
        process.kill()
        process.wait()
        errors.join(1.0)
        last = said[-1].strip() if said else f"it said nothing within {timeout:.0f} s"
        raise DemoFailed(f"the simulated platform did not start: {last}") from None
    return DemoProcess(process, ready, own_folder=options.folder is None)


def _collect(process: subprocess.Popen[str], said: list[str]) -> None:
    """Read the child's stderr so that it never blocks; keep its end."""
    assert process.stderr is not None
    for line in process.stderr:
        said.append(line)
        del said[:-50]


def running() -> list[Path]:
    """The configurations of this user's demos that answer, the newest first."""
    folders = Path(tempfile.gettempdir()).glob(f"{FOLDER}*")
    own = [folder / "tfdash.toml" for folder in folders if folder.stat().st_uid == os.getuid()]
    there = [config for config in own if config.exists() and _answers(config.with_name("kubeconfig"))]
    return sorted(there, key=lambda config: -config.with_name("ca.crt").stat().st_mtime)


def _answers(kubeconfig: Path) -> bool:
    """Whether that very run serves there: what was killed leaves its folder, and its port is another program's by and by."""
    try:
        cluster = json.loads(kubeconfig.read_text("utf-8"))["clusters"][0]["cluster"]
        host, _, port = cluster["server"].removeprefix("https://").rpartition(":")
        trust = ssl.create_default_context(cafile=str(kubeconfig.with_name("ca.crt")))
        with socket.create_connection((host, int(port)), timeout=5) as line:
            trust.wrap_socket(line, server_hostname=host).close()
    except (OSError, ValueError, KeyError):
        return False
    return True
