"""Serve a run until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import json
import shutil
import signal
import ssl
import sys
import tempfile
from pathlib import Path

from aiohttp import web

from tfdash.demo import client_files, tls
from tfdash.demo.apiserver.server import ApiServer
from tfdash.demo.backend import Backend
from tfdash.demo.options import FOLDER, DemoOptions
from tfdash.demo.platform import Platform

_CLOSING = 0.5  # real seconds that open answers get at the end


class RunningDemo:
    """A serving platform and where it is."""

    def __init__(
        self, platform: Platform, folder: Path, ports: dict[str, int], written: client_files.Files
    ) -> None:
        self.platform = platform
        self.folder = folder
        self.ports = ports
        self.files = written

    @property
    def control_url(self) -> str:
        return f"https://127.0.0.1:{self.ports['production']}/_control/"

    def ready_line(self) -> str:
        """One JSON line: what a parent process wants to know."""
        return json.dumps(
            {
                "ready": True,
                "port": self.ports["production"],
                "ports": self.ports,
                "kubeconfig": str(self.files.kubeconfig),
                "config": str(self.files.config),
                "token_file": str(self.files.token),
                "ca": str(self.folder / "ca.crt"),
                "control_url": self.control_url,
            }
        )


class Served:
    """``async with Served(options) as running`` serves until the block ends."""

    def __init__(self, options: DemoOptions) -> None:
        self._options = options
        self._runners: list[web.AppRunner] = []
        self._own_folder = options.folder is None
        self._folder = options.folder or Path(tempfile.mkdtemp(prefix=FOLDER))
        self._life: asyncio.Task[None] | None = None
        self._platform: Platform | None = None

    async def __aenter__(self) -> RunningDemo:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        platform = self._platform = Platform(self._options)
        platform.prepare()
        certificates = tls.make(self._folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.certificate, certificates.key)
        ports: dict[str, int] = {}
        every = (
            *self._options.ports,
            *(0 for _ in platform.clusters),
        )  # a second region has any that is free
        for (name, cluster), port in zip(platform.clusters.items(), every, strict=False):
            server = ApiServer(cluster, platform, platform.tokens["admin"])
            runner = web.AppRunner(
                server.app,
                handle_signals=False,
                access_log=None,
                handler_cancellation=True,
                shutdown_timeout=_CLOSING,
                keepalive_timeout=120,
            )
            await runner.setup()
            self._runners.append(runner)
            site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context, reuse_address=True)
            await site.start()
            ports[name] = runner.addresses[0][1]
            cluster.address = f"127.0.0.1:{ports[name]}"
        for backend in self._backends():
            await backend.start(self._folder)
        written = client_files.write(platform, self._folder, ports, certificates)
        platform.changed = lambda: client_files.rewrite_config(platform, written)
        self._life = asyncio.create_task(platform.live())
        gc.collect()
        gc.freeze()
        return RunningDemo(platform, self._folder, ports, written)

    def _backends(self) -> list[Backend]:
        clusters = self._platform.clusters.values() if self._platform is not None else ()
        return [backend for cluster in clusters for backend in cluster.backends]

    async def __aexit__(self, *_: object) -> None:
        if self._life is not None:
            self._life.cancel()
        for runner in self._runners:
            await runner.cleanup()
        for backend in self._backends():
            await backend.stop()
        if self._own_folder:
            shutil.rmtree(self._folder, ignore_errors=True)


async def serve(options: DemoOptions, *, until_stdin_ends: bool = False) -> None:
    """Serve until SIGTERM or SIGINT (or the end of stdin); prints one ready line as JSON on stdout."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    # Kept: what waits for stdin is referred to by nothing else, and would be collected as garbage.
    watcher = await _watch_stdin(loop, over) if until_stdin_ends else None
    async with Served(options) as running:
        print(running.ready_line(), flush=True)
        await over.wait()
    if watcher is not None:
        watcher.cancel()


async def _watch_stdin(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> asyncio.Task[None]:
    """Set ``over`` when the parent's end of our stdin closes: it died, or wants us to."""
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def drain() -> None:
        while await reader.read(4096):
            pass
        over.set()

    task = loop.create_task(drain())
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task
