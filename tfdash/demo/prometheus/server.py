"""The simulated cluster's Prometheus over HTTP, on a path of the API server's own address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from tfdash.demo.apiserver.auth import ANONYMOUS, User
from tfdash.demo.apiserver.errors import ApiError, not_found
from tfdash.demo.traffic.history import History

if TYPE_CHECKING:
    from tfdash.demo.apiserver.request import Target
    from tfdash.demo.cluster import Cluster
    from tfdash.demo.prometheus.api import Api

PREFIX = "/prometheus"
SERVICE = ("platform", "prometheus")
_COMPRESSED = 2048  # bytes from which an answer is worth compressing


def concerns(path: str) -> bool:
    """Whether a request's path is this server's."""
    return path == PREFIX or path.startswith(PREFIX + "/")


class PrometheusServer:
    """Notes the cluster's traffic from its construction on; what answers is put together at the first request.

    ``down`` is the text with which a proxy says that it does not reach the server; "" while it is up.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.history = History(cluster)
        self.down = ""
        self._api: Api | None = None

    @property
    def api(self) -> Api:
        if self._api is None:
            from tfdash.demo.prometheus.api import Api
            from tfdash.demo.prometheus.rules import Rules, shipped
            from tfdash.demo.traffic.storage import Traffic

            rules = Rules(shipped(), Traffic(self.history))
            self._api = Api(rules.storage, self.history.now, rules)
        return self._api

    async def serve(self, request: web.Request, user: User) -> web.Response:
        """Answer a request of any identity of the run; 401 without one."""
        if user == ANONYMOUS:
            return web.Response(status=401, text="Unauthorized\n", headers={"WWW-Authenticate": "Bearer"})
        return await self._asked(request, request.path.removeprefix(PREFIX) or "/")

    async def proxied(self, request: web.Request, wanted: Target) -> web.Response:
        """The same through the API server's service proxy, ``services/[http:]prometheus:9090/proxy/...``."""
        name = wanted.name.removeprefix("http:").partition(":")[0]
        if (wanted.namespace, name) != SERVICE:
            found = self.history.cluster.store.find("services", wanted.namespace, name)
            if found is None:
                raise not_found("services", "", name)
            raise ApiError(
                503, "ServiceUnavailable", f'no endpoints available for service "{wanted.name}"', {}
            )
        if self.down:
            raise ApiError(503, "ServiceUnavailable", f"error trying to reach service: {self.down}", {})
        return await self._asked(request, "/" + request.path.partition("/proxy")[2].lstrip("/"))

    async def _asked(self, request: web.Request, path: str) -> web.Response:
        if self.down:
            return web.Response(status=503, text=self.down + "\n")
        given: dict[str, list[str]] = {}
        if request.method == "POST":
            for key, value in (await request.post()).items():
                if isinstance(value, str):
                    given.setdefault(key, []).append(value)
        for key, value in request.query.items():  # as Go does: the form's values come first
            given.setdefault(key, []).append(value)
        if path == "/":
            return web.Response(text="The Prometheus of the simulated platform; its API is under /api/v1.\n")
        reply = self.api.answer("GET" if request.method == "HEAD" else request.method, path, given)
        if isinstance(reply.document, str):
            return web.Response(status=reply.status, text=reply.document)
        body = msgspec.json.encode(reply.document)
        response = web.Response(status=reply.status, body=body, content_type="application/json")
        if len(body) >= _COMPRESSED:
            response.enable_compression()
        return response
