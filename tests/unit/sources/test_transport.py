"""The reading client reads, and nothing else."""

from __future__ import annotations

import socket

import httpx
import pytest

from tests.unit.sources.scripted import Answer, scripted
from tfdash.connecting import asked_wait
from tfdash.model.kinds import KINDS
from tfdash.model.observation import ProblemKind
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.login import LoginNeeded
from tfdash.sources.kubernetes.reading_rule import Refused, check_allowed
from tfdash.sources.kubernetes.transport import (
    ApiError,
    ReadingTransport,
    Unreached,
    problem_of,
    resource_of,
)

ODD_WAITS = (b"\xb2", b"9" * 400, b"-1", b"1e9", b"inf", b"Fri, 31 Dec 1999 23:59:59 GMT", "٣".encode(), b"")
PODS = "/api/v1/namespaces/a/pods"


@pytest.mark.parametrize(
    "path", [k.path("a", "x") for k in KINDS.values()] + [PODS, f"{PODS}/x/log", "/version", "/apis"]
)
def test_reads_are_let_through(path: str) -> None:
    check_allowed("GET", path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((m, PODS) for m in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT")),
        ("GET", f"{PODS}/x/exec"),
        ("GET", f"{PODS}/x/attach"),
        ("GET", f"{PODS}/x/portforward"),
        ("GET", f"{PODS}/x/proxy/"),
        ("GET", f"{PODS}/x/log/../exec"),
        ("GET", "/api/v1/nodes/n/proxy/run"),
        ("GET", "/api/v1/watch/pods"),
        ("GET", "/api/v1/namespaces/a/serviceaccounts/b/token"),
        ("GET", "//api/v1/pods"),
        ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
        ("POST", f"{PODS}/x/eviction"),
    ],
)
def test_everything_else_is_refused(method: str, path: str) -> None:
    with pytest.raises(Refused):
        check_allowed(method, path)


async def test_the_refusal_is_before_anything_is_sent() -> None:
    class Never(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise AssertionError("sent")

    async with httpx.AsyncClient(
        transport=ReadingTransport(Never(), "/k8s"), base_url="https://h/k8s/"
    ) as client:
        with pytest.raises(Refused):
            await client.delete("api/v1/namespaces/a/pods/x")
        with pytest.raises(AssertionError, match="sent"):
            await client.get("api/v1/namespaces/a/pods/x")


def unconnected(beneath: Exception, proxy: str = "") -> Exception:
    """As httpx raises it: a library's words, and the operating system's beneath."""
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = OSError("All connection attempts failed")
    error.__cause__.__context__ = beneath
    told = Unreached(error, Access(server="https://api.example.com", context="blue", proxy=proxy))
    told.__cause__ = error
    return told


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (
            LoginNeeded("token expired", ["aws", "sso", "login"]),
            ProblemKind.LOGIN_EXPIRED,
            "login expired: token expired; run: aws sso login",
        ),
        (ApiError(401, "Unauthorized"), ProblemKind.LOGIN_EXPIRED, "login expired"),
        (ApiError(403, "pods is forbidden"), ProblemKind.FORBIDDEN, "pods is forbidden; ask for the right"),
        (ApiError(404, "x"), ProblemKind.NOT_SERVED, "does not serve"),
        (ApiError(429, "slow down", retry_after=3), ProblemKind.THROTTLED, "wait 3 s"),
        (ApiError(500, "etcd"), ProblemKind.SERVER_ERROR, "the server failed (500): etcd"),
        (unconnected(ConnectionRefusedError(111, "x")), ProblemKind.UNREACHABLE, "connection refused"),
        (
            unconnected(ExceptionGroup("one each", [OSError(113, "No route"), OSError(101, "x")])),
            ProblemKind.UNREACHABLE,
            "no network leads to api.example.com",
        ),
        (
            unconnected(socket.gaierror(socket.EAI_NONAME, "[Errno -2]")),
            ProblemKind.UNREACHABLE,
            'there is no host api.example.com; check server of context "blue" in the kubeconfig',
        ),
        (
            unconnected(socket.gaierror(socket.EAI_AGAIN, "[Errno -3]"), proxy="http://u:p@proxy.corp:3128"),
            ProblemKind.UNREACHABLE,
            "the name service does not answer for proxy.corp; check proxy-url in the kubeconfig, HTTPS_PROXY",
        ),
        (
            httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"),
            ProblemKind.CONFIG,
            "TLS is not spoken there; check server in the kubeconfig",
        ),
        (httpx.ConnectTimeout(""), ProblemKind.TIMEOUT, "connecting timed out"),
        (
            httpx.ConnectError(
                "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed (_ssl.c:1)"
            ),
            ProblemKind.CONFIG,
            "self-signed",
        ),
        (ApiError(500, "bad \x1b[31m"), ProblemKind.SERVER_ERROR, "bad ␛[31m"),
        (
            httpx.LocalProtocolError("Illegal header value b'Bearer s3cret\\n'"),
            ProblemKind.CONFIG,
            "the request cannot be made: a header holds a character that it may not; check",
        ),
        (ZeroDivisionError("x"), ProblemKind.INTERNAL, "ZeroDivisionError"),
    ],
)
def test_every_failure_has_a_kind_and_a_sentence(error: Exception, kind: ProblemKind, said: str) -> None:
    problem = problem_of(error, 1.0)
    assert problem.kind is kind
    assert said in str(problem)


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/api/v1/pods", "/api/v1/pods"),
        ("/api/v1/namespaces/a/pods/p/log", "/api/v1/pods"),
        ("/api/v1/namespaces/a", "/api/v1/namespaces"),
        ("/apis/apps/v1/namespaces/a/deployments/d", "/apis/apps/v1/deployments"),
        ("/apis/apps/v1/deployments", "/apis/apps/v1/deployments"),
        ("/version", "/version"),
    ],
)
def test_what_a_path_is_about(path: str, resource: str) -> None:
    assert resource_of(path) == resource


@pytest.mark.parametrize(
    ("said", "wait"), [(b"7", 7.0), (b"31536000", 31536000.0), *((odd, None) for odd in ODD_WAITS)]
)
def test_how_long_a_server_asks_to_wait(said: bytes, wait: float | None) -> None:
    answer = httpx.Response(429, headers=[(b"Retry-After", said)])
    assert asked_wait(answer.headers["Retry-After"], "") == wait


PAGE = b"Content-Type: text/html; charset=utf-8\r\n"
BEFORE = "; check the server's address and what stands before it"


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (302, b"Location: https://login.example.com/?a=1\r\n", f"HTTP 302: it leads elsewhere, to login.example.com{BEFORE}"),
        (302, b"", f"HTTP 302: it leads elsewhere{BEFORE}"),
        (200, PAGE, f"HTTP 200: a page for a browser (HTML), which no API server sends{BEFORE}"),
        (403, PAGE, "a page for a browser (HTML), which no API server sends; ask for the right"),
        (502, PAGE, "the server failed (502): a page for a browser (HTML), which no API server sends"),
    ],
)  # fmt: skip
async def test_what_no_api_server_says(status: int, headers: bytes, said: str) -> None:
    """A log-in page or a proxy stands before it."""
    async with scripted(lambda asked: Answer([b"<html>"], status, headers=headers)) as (reader, _):
        with pytest.raises(ApiError) as caught:
            await reader.get("/version")
    assert str(problem_of(caught.value, 1.0)) == said
