"""The simulated cluster's Prometheus over HTTP, on a path of the API server's own address."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from aiohttp import web

from tfdash.demo.apiserver.auth import ANONYMOUS, User
from tfdash.demo.apiserver.errors import ApiError
from tfdash.demo.backend import Backend
from tfdash.demo.cluster_state import ClusterState
from tfdash.demo.scenarios.step import Step
from tfdash.demo.traffic.history import History

if TYPE_CHECKING:
    from tfdash.demo.prometheus.api import Api

PREFIX = "/prometheus"
SERVICE = ("platform", "prometheus")
_COMPRESSED = 2048  # bytes from which an answer is worth compressing


class PrometheusServer(Backend):
    """Notes the cluster's traffic from its construction on; what answers is put together at the first request.

    ``down`` is the text with which a proxy says that it does not reach the server; "" while it is up.
    """

    prefix = PREFIX

    def __init__(self, cluster: ClusterState) -> None:
        super().__init__(cluster)
        self.history = History(cluster)
        self.down = ""
        self._api: Api | None = None

    @property
    def api(self) -> Api:
        if self._api is None:
            from tfdash.demo.prometheus.api import Api
            from tfdash.demo.prometheus.rules import Rules, Union, shipped
            from tfdash.demo.traffic.certificate_series import ExportedCertificates
            from tfdash.demo.traffic.storage import TrafficStorage
            from tfdash.demo.traffic.usage_series import UsageSeries
            from tfdash.demo.traffic.volume_series import VolumeSeries

            samples = Union(
                TrafficStorage(self.history),
                UsageSeries(self.history),
                VolumeSeries(self.history),
                ExportedCertificates(self.history),
            )
            rules = Rules(shipped(), samples)
            self._api = Api(rules.storage, self.history.now, rules)
        return self._api

    async def serve(self, request: web.Request, user: User) -> web.Response:
        """Answer a request of any identity of the run; 401 without one."""
        if user == ANONYMOUS:
            return web.Response(status=401, text="Unauthorized\n", headers={"WWW-Authenticate": "Bearer"})
        return await self._asked(request, request.path.removeprefix(PREFIX) or "/")

    def is_service(self, namespace: str, name: str) -> bool:
        return (namespace, name) == SERVICE

    async def proxied(self, request: web.Request, path: str) -> web.Response:
        """The same through the API server's service proxy, ``services/[http:]prometheus:9090/proxy/...``."""
        if self.down:
            raise ApiError(503, "ServiceUnavailable", f"error trying to reach service: {self.down}", {})
        return await self._asked(request, path)

    def settings(self, token: Path, ca: Path) -> list[str]:
        of = f"{self.cluster.environment}{'.clusters' if self.cluster.several else ''}"
        return [
            f"[environments.{of}.prometheus]",
            f"url = {json.dumps(f'https://{self.cluster.address}{PREFIX}')}",
            f"bearer = {json.dumps(f'file:{token}', ensure_ascii=False)}",
            f"ca = {json.dumps(str(ca), ensure_ascii=False)}",
        ]

    def _go_down(self, step: Step) -> None:
        self.down = step.reason or "upstream connect error: connection refused"

    def _come_up(self, step: Step) -> None:
        self.down = ""

    steps: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "prometheus-down": _go_down,
        "prometheus-up": _come_up,
    }

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
