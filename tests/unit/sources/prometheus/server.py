"""A server on loopback that answers as Prometheus does; the shapes are those of Prometheus 2.42 and 3.16."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import re
import ssl
import threading
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from tfdash.demo.prometheus.api import Api
from tfdash.demo.prometheus.series import HeldSeries
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Picture, SourceInfo
from tfdash.model.subject import ClusterRef
from tfdash.model.traffic import NO_SIGNALS, Published, Signals, with_signals

_RANGE = re.compile(r"(.*)\[(\d+)s\]", re.DOTALL)
_LABEL = re.compile(r'([a-z_][a-z0-9_]*)(=~|=)"((?:[^"\\]|\\.)*)"')


class Fake:
    """``series``: (labels, [(time, text)]) or (labels, [], [(time, histogram)]). ``fail`` answers instead, once set."""

    def __init__(self, prefix: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.series: list[tuple[dict[str, str], list[tuple[float, str]], list[tuple[float, Any]]]] = []
        self.alerts: list[dict[str, Any]] | None = []
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.fail: Callable[[web.Request], web.StreamResponse | None] = lambda request: None
        self.warnings: list[str] = []
        self.more: dict[str, Any] = {}  # members of an answer that other dialects have
        self.delay = 0.0
        self._prefix, self._tls = prefix, tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{self._prefix}"

    def queries(self) -> list[str]:
        return [params["query"] for path, params, _ in self.asked if path.endswith("/query")]

    def add(self, name: str, values: list[tuple[float, str]], **labels: str) -> None:
        self.series.append(({"__name__": name, **labels}, values, []))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(self._prefix)
        self.asked.append((path, dict(request.query), dict(request.headers)))
        if self.delay:
            await asyncio.sleep(self.delay)
        failed = self.fail(request)
        if failed is not None:
            return failed
        if not request.path.startswith(self._prefix + "/api/v1/"):
            return web.Response(status=404, text="404 page not found\n")
        data: Any = {"version": "3.16.0"}
        if path.endswith("/alerts"):
            if self.alerts is None:
                return web.Response(status=404, text="404 page not found\n")
            data = {"alerts": self.alerts}
        elif path.endswith("/query"):
            data = self._query(request.query["query"], float(request.query["time"]))
        body: dict[str, Any] = {"status": "success", "data": data}
        if self.warnings:
            body["warnings"] = self.warnings
        body |= self.more
        raw, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            raw, headers["Content-Encoding"] = gzip.compress(raw), "gzip"
        return web.Response(body=raw, headers=headers)

    def _query(self, text: str, at: float) -> dict[str, Any]:
        hit = _RANGE.fullmatch(text)
        selector, reach = (hit.group(1), float(hit.group(2))) if hit else (text, 300.0)
        name = selector.partition("{")[0]
        wanted = _LABEL.findall(selector)
        if name:
            wanted.append(("__name__", "=", name))
        result = []
        for labels, values, histograms in self.series:
            if not all(
                re.fullmatch(v, labels.get(k, "")) if op == "=~" else labels.get(k, "") == v
                for k, op, v in wanted
            ):
                continue
            row: dict[str, Any] = {"metric": labels}
            inside = [[t, v] for t, v in values if at - reach < t <= at]
            native = [[t, h] for t, h in histograms if at - reach < t <= at]
            if inside and hit:
                row["values"] = inside
            elif inside:
                row["value"] = inside[-1]
            if native:
                row["histograms"] = native
            if len(row) > 1:
                result.append(row)
        return {"resultType": "matrix" if hit else "vector", "result": result}

    def __enter__(self) -> Fake:
        self._thread.start()

        async def start() -> None:
            app = web.Application()
            app.router.add_route("*", "/{tail:.*}", self._answer)
            self._runner = web.AppRunner(app, shutdown_timeout=0.05)
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
            self.port = self._runner.addresses[0][1]

        asyncio.run_coroutine_threadsafe(start(), self._loop).result(10)
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


REF = ClusterRef("production", "eu-1")


class Board:
    """What a source sees of the board."""

    def __init__(self) -> None:
        self.picture = Picture(at=0.0, number=0, clusters={})
        self.assessment = EMPTY_ASSESSMENT
        self.signals: Signals = NO_SIGNALS
        self.coming: tuple[tuple[ClusterRef, str], ...] = ()

    def unsettled(self) -> tuple[tuple[ClusterRef, str], ...]:
        return self.coming

    def put_signals(self, published: Published) -> None:
        self.signals, _ = with_signals(self.signals, published)

    def put_status(self, source: str, status: Observation[SourceInfo]) -> None:
        self.status = status

    def put_store_state(self, facts: Any) -> None:
        raise AssertionError("no facts of metrics")


__all__ = ["REF", "Board", "ClusterPicture", "Fake"]


class Ticking:
    """A clock that a test moves."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at


def serve_series(server: Fake, series: HeldSeries, now: float, longest: float = math.inf) -> None:
    """The demo's Prometheus over these series. ``longest``: seconds of a range; more are too many samples. ``server.more`` stands in its answers."""
    api = Api(series, lambda: round(now * 1000))

    def answer(request: web.Request) -> web.StreamResponse:
        given = {k: [v] for k, v in request.query.items()}
        if "start" in given and float(given["end"][0]) - float(given["start"][0]) > longest:
            words = "query processing would load too many samples into memory in query execution"
            document = {"status": "error", "errorType": "execution", "error": words}
            return web.Response(status=422, body=msgspec.json.encode(document))
        reply = api.answer("GET", request.path, given)
        return web.Response(status=reply.status, body=msgspec.json.encode({**reply.document, **server.more}))

    server.fail = answer
