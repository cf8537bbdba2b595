"""The HTTP side of one cluster: who may connect at all, who asks, and which part answers."""

from __future__ import annotations

import asyncio
import logging
import secrets
import uuid
from email.utils import formatdate

from aiohttp import web

from tfdash.demo import control
from tfdash.demo.apiserver import discovery, openapi
from tfdash.demo.apiserver.auth import Attributes, User, impersonated
from tfdash.demo.apiserver.errors import ApiError, method_not_allowed, no_such_resource, not_found
from tfdash.demo.apiserver.faults import strike
from tfdash.demo.apiserver.logs import log
from tfdash.demo.apiserver.metrics import metrics
from tfdash.demo.apiserver.negotiate import decode_body, document, failure
from tfdash.demo.apiserver.paths import RequestTarget, target, verb_of, watching
from tfdash.demo.apiserver.reading import get, listing
from tfdash.demo.apiserver.request import Call, shape_of
from tfdash.demo.apiserver.reviews import review
from tfdash.demo.apiserver.scaling import read_scale
from tfdash.demo.apiserver.watching import watch
from tfdash.demo.apiserver.writing import write
from tfdash.demo.cluster import Cluster

log_of = logging.getLogger("tfdash.demo")
_LARGEST_BODY = 8 * 1024 * 1024
_REVIEWS = ("authentication.k8s.io", "authorization.k8s.io")
_CHECKS = ("ping", "log", "etcd", "informer-sync", "poststarthook/rbac/bootstrap-roles", "simulation")


class ApiServer:
    """Serves ``cluster``. ``control_token`` is the one that may use the switches under /_control."""

    def __init__(self, cluster: Cluster, platform: control.Switched, control_token: str) -> None:
        self.cluster = cluster
        self.platform = platform
        self._control_token = control_token
        self.app = web.Application(client_max_size=_LARGEST_BODY)
        self.app.router.add_route("*", "/{path:.*}", self._serve)
        self.app.on_response_prepare.append(self._stamp)

    async def _stamp(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(self.cluster.agenda.now(), usegmt=True)
        response.headers["Audit-Id"] = request.headers.get("Audit-ID") or str(uuid.uuid4())
        response.headers["Server"] = "tfdash-demo"
        response.headers["Cache-Control"] = "no-cache, private"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            self._refuse_browsers(request)
            if request.path.startswith("/_control/"):
                return await self._control(request)
            fault = self.cluster.faults.take(request)
            if fault is not None:
                struck = await strike(fault, request)
                if struck is not None:
                    return struck
            for backend in self.cluster.backends:
                if backend.concerns(request.path):
                    return await backend.serve(request, self._user(request))
            return await self._answer(request, self._user(request))
        except ApiError as error:
            return failure(error)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except web.HTTPException:
            raise
        except Exception:  # a defect of ours answers as the server's own would, and goes on
            log_of.exception("%s %s", request.method, request.path_qs)
            message = "Internal error occurred: a defect of the simulated platform; its log has the details"
            return failure(ApiError(500, "InternalError", message, {}))

    def _refuse_browsers(self, request: web.Request) -> None:
        """No page in a browser may drive this: not by its own origin, not by a name that it made point here."""
        host = request.host.rsplit(":", 1)[0].strip("[]").lower()
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise ApiError(
                421, "BadRequest", "the simulated platform answers to 127.0.0.1 and localhost only"
            )
        if "Origin" in request.headers:
            raise ApiError(
                403, "Forbidden", "the simulated platform answers no request that has an Origin", {}
            )

    def _user(self, request: web.Request) -> User:
        user = self.cluster.tokens.user(request.headers.get("Authorization"))
        groups = request.headers.getall("Impersonate-Group", [])
        return impersonated(user, request.headers, groups, self.cluster.authorizer)

    async def _control(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(given.encode(), self._control_token.encode()):
            raise ApiError(401, "Unauthorized", "Unauthorized")
        return await control.control(self.platform, self.cluster, request)

    # -- the API ------------------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request, user: User) -> web.StreamResponse:
        wanted = target(request.path)
        if wanted is None:
            return self._plain(request, user)
        verb = verb_of(request.method, wanted.name, watching(request))
        asked = Attributes(
            verb, wanted.group, wanted.plural, wanted.subresource, wanted.namespace, wanted.name
        )
        self.cluster.authorizer.demand(user, asked)
        if (wanted.plural, wanted.subresource) == ("services", "proxy"):
            return await self._proxied(request, wanted)
        resource = wanted.resource
        if resource is not None and resource.custom and not self.cluster.custom:
            raise no_such_resource()
        if resource is None or (wanted.subresource and wanted.subresource not in resource.subresources):
            raise no_such_resource()
        call = Call(
            request, self.cluster, user, resource, wanted.namespace, wanted.name, wanted.subresource, verb
        )
        return await self._dispatch(call)

    async def _proxied(self, request: web.Request, wanted: RequestTarget) -> web.StreamResponse:
        name = wanted.name.removeprefix("http:").partition(":")[0]
        for backend in self.cluster.backends:
            if backend.is_service(wanted.namespace, name):
                path = "/" + request.path.partition("/proxy")[2].lstrip("/")
                return await backend.proxied(request, path)
        if self.cluster.store.find("services", wanted.namespace, name) is None:
            raise not_found("services", "", name)
        raise ApiError(503, "ServiceUnavailable", f'no endpoints available for service "{wanted.name}"', {})

    async def _dispatch(self, call: Call) -> web.StreamResponse:
        resource, verb = call.resource, call.verb
        if resource.group in _REVIEWS:
            if verb != "create":
                raise method_not_allowed()
            body = decode_body(await call.request.read(), call.request.content_type, resource.kind)
            return document(review(call, body), 201)
        if resource.group == "metrics.k8s.io":
            return metrics(call)
        if call.subresource == "log" and verb == "get":
            return await log(call)
        allowed = resource.subresources[call.subresource]["verbs"] if call.subresource else resource.verbs
        if verb not in allowed:
            raise method_not_allowed()
        call.shape = shape_of(call.request)
        if verb == "watch":
            return await watch(call)
        if verb == "list":
            return await listing(call)
        if verb == "get":
            return read_scale(call) if call.subresource == "scale" else get(call)
        return await write(call)

    # -- everything that is no resource -------------------------------------------------------------------------

    def _plain(self, request: web.Request, user: User) -> web.Response:
        path = "/" + request.path.strip("/")
        verb = "get" if request.method in ("GET", "HEAD") else request.method.lower()
        self.cluster.authorizer.demand(user, Attributes(verb, path=path))
        parts = path.strip("/").split("/")
        if path == "/version":
            return document(discovery.version(self.cluster.kubernetes))
        if parts[0] in ("healthz", "livez", "readyz"):
            return self._health(request, parts[0])
        if parts[0] == "openapi":
            return openapi.answer(request, self.cluster.custom)
        found = None
        aggregated = "APIGroupDiscoveryList" in request.headers.get("Accept", "") and len(parts) == 1
        if aggregated and parts[0] in ("api", "apis"):
            body = document(discovery.aggregated(parts[0] == "api", self.cluster.custom))
            body.headers["Content-Type"] = discovery.AGGREGATED
            return body
        if path == "/api":
            found = discovery.api_versions(self.cluster.address)
        elif path == "/apis":
            found = discovery.group_list(self.cluster.custom)
        elif parts[0] == "api" and len(parts) == 2:
            found = discovery.resource_list("", parts[1])
        elif parts[0] == "apis" and len(parts) == 2:
            found = discovery.group(parts[1], self.cluster.custom)
        elif parts[0] == "apis" and len(parts) == 3 and discovery.group(parts[1], self.cluster.custom):
            found = discovery.resource_list(parts[1], parts[2])
        elif path == "/":
            paths = [
                "/api",
                "/api/v1",
                "/apis",
                "/healthz",
                "/livez",
                "/openapi/v2",
                "/openapi/v3",
                "/readyz",
                "/version",
            ]
            return document({"paths": paths})
        if found is None:
            return web.Response(text="404 page not found\n", status=404)
        return document(found)

    def _health(self, request: web.Request, name: str) -> web.Response:
        if "verbose" in request.query:
            lines = [f"[+]{check} ok" for check in _CHECKS]
            return web.Response(text="\n".join([*lines, f"{name} check passed", ""]))
        return web.Response(text="ok")
