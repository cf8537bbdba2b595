"""An API server that says its version and its time, and nothing else, on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import time


@contextmanager
def api_server(folder: Path, skew: float | None = 0.0, name: str = "one") -> Iterator[Path]:
    """Its kubeconfig. ``skew``: seconds by which its clock is ahead; None: it sends no Date."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"gitVersion": "v1.34.0"}) if self.path == "/version" else "{}"
            self.send_response_only(200 if self.path == "/version" else 404)
            if skew is not None:
                self.send_header("Date", formatdate(time() + skew, usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield kubeconfig(folder, f"http://127.0.0.1:{server.server_port}", name)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def kubeconfig(folder: Path, server: str, name: str = "one", token: str = "") -> Path:
    path = folder / f"{name}.kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": name,
                "clusters": [{"name": name, "cluster": {"server": server}}],
                "users": [{"name": "ann", "user": {"token": token} if token else {}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": "ann"}}],
            }
        )
    )
    return path
