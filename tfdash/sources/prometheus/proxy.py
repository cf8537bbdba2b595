"""Reaching a Prometheus that only lives in a cluster: the API server's service proxy, for one service and for GETs.

``GET /api/v1/namespaces/NS/services/[https:]NAME:PORT/proxy/...`` needs the right to ``get services/proxy`` there.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.prometheus.failing import NoSuchRight
from tfdash.sources.prometheus.options import Connection

_ASK_AGAIN = 60.0


def right_to_proxy(credentials: Credentials, connection: Connection) -> Callable[[], Awaitable[None]]:
    """A check that raises ``NoSuchRight`` while the right is missing; asked once, and again where it was refused."""
    allowed = False
    refused: NoSuchRight | None = None
    asked = 0.0

    async def check() -> None:
        nonlocal allowed, refused, asked
        if allowed:
            return
        if refused is None or time.monotonic() - asked > _ASK_AGAIN:
            refused = await _review(credentials, connection)
            asked = time.monotonic()
        if refused is not None:
            raise refused
        allowed = True

    return check


async def _review(credentials: Credentials, connection: Connection) -> NoSuchRight | None:
    from tfdash.sources.kubernetes.transport import ApiError, Reader

    reader = Reader(credentials, read_timeout=10.0)
    attributes = {
        "verb": "get",
        "group": "",
        "resource": "services",
        "subresource": "proxy",
        "namespace": connection.namespace,
        "name": connection.service_name,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    try:
        answer = await reader.review("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
    except ApiError as error:
        if error.status in (401, 403):
            raise
        return None  # it cannot say: the proxy itself will
    finally:
        await reader.close()
    status = answer.get("status") or {}
    if status.get("allowed"):
        return None
    return NoSuchRight(
        f"you may not get services/proxy of {connection.service_name} in {connection.namespace}",
        f'ask for a Role with resources ["services/proxy"], resourceNames ["{connection.service_name}"], verbs ["get"]',
    )
