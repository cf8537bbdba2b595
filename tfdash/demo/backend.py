"""What answers in a simulated cluster beside the API server: each a module of its own, over the same world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import web

from tfdash.demo.apiserver.auth import User
from tfdash.demo.cluster_state import ClusterState
from tfdash.demo.scenarios.step import Step


class Backend:
    """Lives as long as its cluster, from before anything is laid down in it. What is not overridden is not offered.

    ``prefix``: its path on the cluster's own address. ``steps``: what a scenario's ``do`` may have happen to it.
    """

    prefix: ClassVar[str] = ""
    steps: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {}

    def __init__(self, cluster: ClusterState) -> None:
        self.cluster = cluster

    async def start(self, folder: Path) -> None:
        """Once, before its settings are asked for; ``folder`` is the run's own."""

    async def stop(self) -> None:
        """At the end of the run."""

    def concerns(self, path: str) -> bool:
        """Whether a request's path on the cluster's own address is this backend's."""
        return bool(self.prefix) and (path == self.prefix or path.startswith(self.prefix + "/"))

    async def serve(self, request: web.Request, user: User) -> web.StreamResponse:
        """Answer on the cluster's own address, whoever asks."""
        return web.Response(status=404)

    def is_service(self, namespace: str, name: str) -> bool:
        """Whether the API server's service proxy reaches it by that name."""
        return False

    async def proxied(self, request: web.Request, path: str) -> web.StreamResponse:
        """Answer what the service proxy hands on, for somebody who may use it. Raises ``ApiError`` as the proxy would."""
        return web.Response(status=404)

    def settings(self, token: Path, ca: Path) -> list[str]:
        """Lines of the environment's configuration by which tfdash finds it; a token file and the run's CA."""
        return []
