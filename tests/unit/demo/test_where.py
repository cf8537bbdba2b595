"""Which demos run here, for another shell."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.issuing import listening, tls
from tfdash.demo.options import FOLDER, DemoOptions
from tfdash.demo.process import running, start_process
from tfdash.demo.tls import Certificates, make


def folder(under: Path, name: str, port: int) -> tuple[Path, Certificates]:
    made = under / f"{FOLDER}{name}"
    made.mkdir()
    server = f"https://127.0.0.1:{port}"
    (made / "kubeconfig").write_text(json.dumps({"clusters": [{"cluster": {"server": server}}]}))
    (made / "tfdash.toml").write_text("")
    return made / "tfdash.toml", make(made)


@contextmanager
def serving() -> Iterator[tuple[int, ssl.SSLContext]]:
    """A port, and the certificates that it serves with once they are put in."""
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with listening(tls(served)) as port:
        yield port, served


def test_those_that_answer_are_named_and_what_was_killed_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert running() == []
    with (
        serving() as (alive, served),
        serving() as (taken, others),
        socket.create_server(("127.0.0.1", 0)) as dying,
    ):
        first, own = folder(tmp_path, "a", alive)
        served.load_cert_chain(own.certificate, own.key)
        folder(tmp_path, "b", dying.getsockname()[1])
        folder(tmp_path, "c", taken)  # another program has its port since
        (tmp_path / "another").mkdir()
        its = make(tmp_path / "another")
        others.load_cert_chain(its.certificate, its.key)
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
