"""Flagger's load tester as far as its gates go: opened, closed and asked over HTTP through the API server's service proxy."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from tfdash.demo.backend import Backend
from tfdash.demo.cluster_state import ClusterState

SERVICE = "flagger-loadtester"


class Gates(Backend):
    """Closed until somebody opens them; "rollback" gates are others than the plain ones. A restart forgets them all."""

    def __init__(self, cluster: ClusterState) -> None:
        super().__init__(cluster)
        self._open: set[tuple[str, str, str]] = set()

    def is_open(self, kind: str, namespace: str, name: str) -> bool:
        return (kind, namespace, name) in self._open

    def set(self, kind: str, namespace: str, name: str, opened: bool) -> None:
        (self._open.add if opened else self._open.discard)((kind, namespace, name))

    def ask(self, path: str, namespace: str, name: str) -> bool:
        """Whether the hook at ``path`` passes, as its answer of 200 would say."""
        kind, _, verb = path.strip("/").partition("/")
        if kind == "gate" and verb in ("approve", "halt"):
            return verb == "approve"
        return verb == "check" and self.is_open(kind, namespace, name)

    def is_service(self, namespace: str, name: str) -> bool:
        return name == SERVICE

    async def proxied(self, request: web.Request, path: str) -> web.Response:
        """Answer what a person or Flagger posts to ``path``."""
        try:
            given: Any = json.loads(await request.read() or b"null")
            name, namespace = str(given["name"]), str(given["namespace"])
        except (ValueError, TypeError, KeyError):
            return web.Response(status=400)
        kind, _, verb = path.strip("/").partition("/")
        if kind not in ("gate", "rollback") or verb not in ("open", "close", "check", "approve", "halt"):
            return web.Response(status=404, text="404 page not found\n")
        if verb in ("open", "close"):
            self.set(kind, namespace, name, verb == "open")
            return web.Response(status=202)
        passed = self.ask(path, namespace, name)
        said = "Approved" if verb == "check" else "OK"
        return web.Response(status=200 if passed else 403, text=said if passed else "Forbidden")
