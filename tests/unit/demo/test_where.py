"""Which demos run here, for another shell."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from tfdash.demo.options import FOLDER, DemoOptions
from tfdash.demo.process import running, start_process


def folder(under: Path, name: str, server: str) -> Path:
    made = under / f"{FOLDER}{name}"
    made.mkdir()
    (made / "kubeconfig").write_text(json.dumps({"clusters": [{"cluster": {"server": server}}]}))
    (made / "tfdash.toml").write_text("")
    return made / "tfdash.toml"


def test_those_that_answer_are_named_and_what_was_killed_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert running() == []
    with socket.create_server(("127.0.0.1", 0)) as alive, socket.create_server(("127.0.0.1", 0)) as dying:
        first = folder(tmp_path, "a", f"https://127.0.0.1:{alive.getsockname()[1]}")
        folder(tmp_path, "b", f"https://127.0.0.1:{dying.getsockname()[1]}")
        (tmp_path / f"{FOLDER}empty").mkdir()
        dying.close()
        assert running() == [first]
        monkeypatch.setattr(os, "getuid", lambda: 4711)  # another user's
        assert running() == []


@pytest.mark.long
@pytest.mark.timeout(300)  # a platform is started, too
def test_one_that_has_to_be_killed_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a busy machine, where it does not end in time."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    demo = start_process(DemoOptions())
    assert list(tmp_path.glob(f"{FOLDER}*")) == [demo.config.parent]
    os.kill(demo.pid, signal.SIGSTOP)
    demo.stop()
    assert not list(tmp_path.glob(f"{FOLDER}*"))
