"""A real Prometheus on loopback: started with a configuration, filled with samples of the past, scraping what we say."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.platform.harness.build import build_prometheus
from tests.platform.harness.processes import end, end_of, free_ports, spawn

_EMPTY = "global: {scrape_interval: 15s}\n"


def scrape_config(*addresses: str, interval: str = "1s", job: str = "test", more: str = "") -> str:
    """A configuration that scrapes ``addresses`` (host:port) as ``job``; ``more`` is YAML at the top level."""
    targets = ", ".join(f"'{address}'" for address in addresses)
    return (
        f"global: {{scrape_interval: {interval}, scrape_timeout: {interval}, evaluation_interval: {interval}}}\n"
        f"scrape_configs:\n- job_name: {job}\n  static_configs:\n  - targets: [{targets}]\n{more}"
    )


class Prometheus:
    """``with Prometheus(config) as server``: a serving one, or an error with the end of its log.

    ``openmetrics`` is text with time stamps (seconds; ``# EOF`` at its end) that it holds from the start. ``flags`` are
    further arguments, such as ``--enable-feature=native-histograms`` or ``--web.route-prefix=/prom``.
    """

    def __init__(
        self, config: str = _EMPTY, *, openmetrics: str = "", flags: tuple[str, ...] = (), prefix: str = ""
    ) -> None:
        self.binaries = build_prometheus()
        self.folder = Path(tempfile.mkdtemp(prefix="tfdash-prometheus-"))
        self.address = f"127.0.0.1:{free_ports(1)[0]}"
        self.url = f"http://{self.address}{prefix}"
        self._config = config
        self._openmetrics = openmetrics
        self._flags = (*flags, f"--web.route-prefix={prefix}") if prefix else flags
        self._process: subprocess.Popen[bytes] | None = None

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> Prometheus:
        """Start it (again, after ``stop`` with ``keep``) on its port and wait until it is ready."""
        try:
            (self.folder / "prometheus.yml").write_text(self._config)
            if self._openmetrics:
                back_fill(self._openmetrics, self.folder / "data")
                self._openmetrics = ""
            self._spawn()
            self._wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def _spawn(self) -> None:
        argv = [
            str(self.binaries / "prometheus"),
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self.folder}/data",
            f"--web.listen-address={self.address}",
            "--storage.tsdb.retention.time=10y",
            "--web.enable-lifecycle",
            "--log.level=warn",
            *self._flags,
        ]
        self._process = spawn(argv, self.folder, self.folder / "log")

    def _wait_ready(self, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                pass
            assert self._process is not None
            ended = self._process.poll()
            if ended is not None or time.monotonic() > deadline:
                why = "is not ready" if ended is None else f"ended with {ended}"
                raise RuntimeError(f"Prometheus {why}:\n  {end_of(self.folder / 'log')}")
            time.sleep(0.05)

    def stop(self, *, keep: bool = False) -> None:
        """End it; its data goes too unless ``keep``."""
        process, self._process = self._process, None
        end(process)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """Of the process that serves."""
        assert self._process is not None
        return self._process.pid

    def reload(self, config: str) -> None:
        """Have the running server read another configuration."""
        self._config = config
        (self.folder / "prometheus.yml").write_text(config)
        call = urllib.request.Request(f"{self.url}/-/reload", method="POST")
        with urllib.request.urlopen(call, timeout=10):
            pass

    def __enter__(self) -> Prometheus:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def back_fill(openmetrics: str, data: Path) -> None:
    """Write blocks with these samples into a data folder that no server uses now. Raises with promtool's words."""
    data.mkdir(parents=True, exist_ok=True)
    source = data.parent / f"{data.name}.openmetrics"
    source.write_text(openmetrics)
    tool = str(build_prometheus() / "promtool")
    argv = [tool, "tsdb", "create-blocks-from", "openmetrics", str(source), str(data)]
    done = subprocess.run(argv, capture_output=True, text=True)
    source.unlink()
    if done.returncode != 0:
        raise RuntimeError(f"promtool ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")


class Exposition:
    """``with Exposition(text) as target``: a scrape target on loopback; set ``text`` at any time, ``up`` to False to fail.

    ``content_type`` decides how the text is read; OpenMetrics needs its own and ``# EOF``. ``scrapes`` counts requests.
    """

    def __init__(self, text: str = "", content_type: str = "text/plain; version=0.0.4") -> None:
        self.text = text
        self.content_type = content_type
        self.up = True
        self.scrapes = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.scrapes += 1
                body = outer.text.encode() if outer.up else b"down\n"
                self.send_response(200 if outer.up else 503)
                self.send_header("Content-Type", outer.content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing on stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Exposition:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)
