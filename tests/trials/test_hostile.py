"""Hostile bytes in every name and message that a platform can send: no command emits a control character.

A proxy before the simulated platform appends them to every string of every answer that a server would let through and to
many that it would not; Prometheus answers in errors. The commands are run as they are, their bytes are looked at.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.tui.widgets.hostile import HOSTILE
from tests.unit.store.helpers import note, opened
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.store_state import EntryKind
from tfdash.sources.kubernetes.kubeconfig import Access, resolve

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
BAD = "\x1b]0;owned\x07\x1b[2J\x9b2J\u202e\u200b\t\r\x7f[@click=app.quit]x[/]"
# what a terminal might obey or what would move text: C0 but the line's end, DEL, C1, bidi, zero width, separators. A zero
# width joiner holds emoji together.
CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
# strings that are numbers, times, versions or words of the protocol: another value would be no answer at all
KEPT = re.compile(
    r"(?i)(apiVersion|kind|uid|resourceVersion|continue|.*Timestamp|.*Time|phase|status|type|operator|.*IP|policy|protocol"
    r"|cpu|memory|pods|storage|ephemeral-storage|path|gitVersion|groupVersion|version|namespace|pod-template-hash|revision"
    r"|deployment.kubernetes.io/revision|app|username|.*port|preferredVersion)\Z"
)


def spoiled(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: spoiled(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [spoiled(v, key) for v in value]
    if not isinstance(value, str) or KEPT.match(key):
        return value
    return value + BAD + ("\x00" if key in ("message", "reason") else "")


@contextmanager
def spoiling(access: Access) -> Iterator[str]:
    """The address of a proxy that spoils every JSON answer. Watches stay silent."""
    tls = ssl.create_default_context(cadata=(access.ca or b"").decode())
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def _go(self) -> None:
            if "watch=" in self.path:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                over.wait(60)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            headers = {
                k: v
                for k, v in self.headers.items()
                if k.lower() in ("authorization", "content-type", "accept")
            }
            if "/api/v1/" in self.path and self.path.startswith("/prometheus"):
                answer = json.dumps(
                    {"status": "error", "errorType": f"bad_data{BAD}", "error": f"no{BAD}{HOSTILE}"}
                ).encode()
                self._say(422, answer)
                return
            with httpx.Client(base_url=access.server, verify=tls, trust_env=False, timeout=30) as client:
                got = client.request(self.command, self.path, content=body, headers=headers)
            try:
                answer = json.dumps(spoiled(got.json())).encode()
            except ValueError:
                answer = got.content
            self._say(got.status_code, answer)

        def _say(self, status: int, answer: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = _go

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="bad-canary", speed=30.0)) as running:
        yield running


@pytest.fixture(scope="module")
def config(demo: DemoProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("hostile")
    access = resolve(str(demo.kubeconfig), "production-oncall")
    with spoiling(access) as server:
        document = json.loads(demo.kubeconfig.read_text())
        for cluster in document["clusters"]:
            cluster["cluster"] = {"server": server}
        (folder / "kubeconfig").write_text(json.dumps(document))
        text = demo.config.read_text().replace(str(demo.kubeconfig), str(folder / "kubeconfig"))
        text = text.replace(f'"{access.server}/prometheus', f'"{server}/prometheus')
        lines = [x for x in text.splitlines() if not x.startswith("bearer") and not x.startswith("ca =")]
        kept, skip = [], False
        for line in lines:
            skip = line.startswith("[store]") if line.startswith("[") else skip
            if not skip:
                kept.append(line)
        kept += ["[store]", f"path = {json.dumps(str(folder / 'store'))}"]
        (folder / "config.toml").write_text("\n".join(kept) + "\n")
        yield folder / "config.toml"


def entries(folder: Path) -> None:
    """A log in which everything that could be said is hostile."""
    import asyncio

    store = opened(folder).store

    async def record() -> None:
        for text in (BAD, *HOSTILE):
            for kind in (EntryKind.INTENT, EntryKind.REFUSAL, EntryKind.NOTE):
                fields = {
                    "actor": text,
                    "environment": text,
                    "cluster": text,
                    "target": text,
                    "action": text,
                    "data": {text or "x": text},
                }
                await store.record(note(text, kind=kind, **fields))

    asyncio.run(record())
    store.close()


def emitted(*argv: str) -> tuple[str, str, int]:
    env = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-m", "tfdash", *argv], capture_output=True, timeout=240, env=env)
    out, err = done.stdout.decode("utf-8", "strict"), done.stderr.decode("utf-8", "strict")
    assert "Traceback" not in err, err
    return out, err, done.returncode


@pytest.mark.parametrize(
    "argv",
    [
        ("snapshot", "--screen", "canary"),
        ("snapshot", "--screen", "canary", "--format", "json"),
        ("snapshot", "--screen", "changes"),
        ("snapshot", "--screen", "overview"),
        ("snapshot", "--screen", "deployments", "--format", "json"),
        ("snapshot", "--screen", "pods"),
        ("snapshot", "--screen", "events"),
        ("gate", "canary", "--workload", "checkout"),
        ("gate", "canary", "--workload", f"tf-production/checkout{BAD}"),
        ("gate", "canary", "--workload", "checkout", "--format", "json"),
        ("doctor",),
    ],
)
def test_of_a_platform_that_is_hostile(config: Path, argv: tuple[str, ...]) -> None:
    wait = ("--wait", "12s") if argv[0] == "snapshot" else ()
    out, err, code = emitted(*argv, *wait, "--config", str(config))
    for name, text in (("stdout", out), ("stderr", err)):
        found = CONTROL.search(text)
        assert found is None, f"{name} of {argv}: {text[max(0, found.start() - 60) : found.end() + 20]!r}"
    assert (out or argv[0] == "gate") and code in (0, 1, 2, 3), (out, err, code)
    if argv[:3] in (("snapshot", "--screen", "deployments"), ("snapshot", "--screen", "pods")):
        assert "owned" in out  # it did come through, as text


@pytest.mark.parametrize(
    "argv",
    [
        ("audit", "tail", "-l", "200"),
        ("audit", "export"),
        ("audit", "export", "--format", "csv"),
        ("audit", "verify"),
        ("audit", "verify", "--format", "json"),
    ],
)
def test_of_a_log_that_is_hostile(config: Path, tmp_path: Path, argv: tuple[str, ...]) -> None:
    entries(tmp_path / "log")
    files = ("--file", str(tmp_path / "log" / "terminal-0.db"), "--local")
    began = time.monotonic()
    out, err, code = emitted(*argv, *files, "--config", str(config))
    assert time.monotonic() - began < 60
    for name, text in (("stdout", out), ("stderr", err)):
        found = CONTROL.search(text)
        assert found is None, f"{name} of {argv}: {text[max(0, found.start() - 60) : found.end() + 20]!r}"
    assert code in (0, 2), (out[-500:], err)
    assert argv[1] == "verify" or "owned" in out
