"""By what a server knows us: a header and the connections that show a certificate and impersonate, taken together."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, NamedTuple, Protocol

import httpx

from tfdash.connecting import proxy_of
from tfdash.process import in_thread


class AccessLike(Protocol):
    """What is needed of ``tfdash.sources.kubernetes.kubeconfig.Access``."""

    @property
    def server(self) -> str: ...
    @property
    def proxy(self) -> str: ...
    @property
    def tls_server_name(self) -> str: ...
    def impersonation(self) -> list[tuple[str, str]]: ...


class CredentialsLike(Protocol):
    """What is needed of ``tfdash.sources.kubernetes.credentials.Credentials``. Those that give something block."""

    @property
    def access(self) -> Any: ...
    @property
    def generation(self) -> int: ...
    def ssl_context(self) -> ssl.SSLContext: ...
    def authorization(self, *, renew: bool = False) -> str: ...
    def accepted(self) -> None: ...


class Way(NamedTuple):
    """What goes out by the same way is from the same person. Nothing of it ever changes."""

    authorization: str
    client: httpx.AsyncClient
    tls_server_name: str

    def same(self, other: Way | None) -> bool:
        return (
            other is not None
            and self.client is other.client
            and self.authorization == other.authorization
            and self.tls_server_name == other.tls_server_name
        )


class Ways:
    """The way to one API server as the credentials have it now."""

    def __init__(self, credentials: CredentialsLike) -> None:
        self.credentials = credentials
        self._made_for = -1  # the credentials' generation
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    @property
    def _access(self) -> AccessLike:
        """As the kubeconfig has it now."""
        access: AccessLike = self.credentials.access
        return access

    async def now(self, *, renew: bool = False) -> Way:
        """``renew``: the server refused the one before."""
        authorization = await in_thread(lambda: self.credentials.authorization(renew=renew))
        return Way(authorization, await self._open(), self._access.tls_server_name)

    async def _open(self) -> httpx.AsyncClient:
        """Made anew where the kubeconfig has changed; what is under way on the one before is not disturbed."""
        async with self._opening:
            if self._client is None or self._made_for != self.credentials.generation:
                made_for = self.credentials.generation
                self._client = await in_thread(self._make)
                self._made_for = made_for
        return self._client

    def _make(self) -> httpx.AsyncClient:
        access = self._access
        base = httpx.URL(access.server)
        tls = self.credentials.ssl_context() if base.scheme == "https" else False
        transport = httpx.AsyncHTTPTransport(
            verify=tls,
            retries=0,
            proxy=proxy_of(access.proxy, self.credentials.ssl_context),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=0),
        )
        headers = [
            ("User-Agent", "tfdash"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            *access.impersonation(),
        ]
        return httpx.AsyncClient(
            base_url=base, transport=transport, follow_redirects=False, trust_env=False, headers=headers
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None
