"""Proxies as kubectl takes them; the table is that of Go's httpproxy."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.unit.cli.server import api_server, kubeconfig
from tests.unit.sources.test_tls import openssl
from tfdash.connecting import proxy_of
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import Access, KubeconfigError, resolve
from tfdash.sources.kubernetes.proxies import NoProxy, is_excepted, proxy_for
from tfdash.sources.kubernetes.transport import Reader

PROXY = "http://ann:planted-password@proxy.example.com:3128"


@pytest.mark.parametrize(
    ("server", "environ", "found"),
    [
        ("https://api.example.com:6443", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://api.example.com:6443", {"https_proxy": PROXY}, PROXY),
        ("https://api.example.com:6443", {"HTTPS_PROXY": "one:1", "https_proxy": "two:2"}, "http://one:1"),
        ("https://api.example.com:6443", {"HTTP_PROXY": PROXY, "ALL_PROXY": PROXY}, ""),
        ("http://api.example.com", {"HTTP_PROXY": PROXY, "HTTPS_PROXY": "other:1"}, PROXY),
        ("http://api.example.com", {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, ""),
        ("https://api.example.com", {"HTTPS_PROXY": "socks5://h:1080"}, "socks5://h:1080"),
        ("https://api.example.com", {"HTTPS_PROXY": "socks5h://h:1080"}, "socks5://h:1080"),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": PROXY}, ""),
        ("https://127.8.0.1:6443", {"HTTPS_PROXY": PROXY}, ""),
        ("https://[::1]:6443", {"HTTPS_PROXY": PROXY}, ""),
        ("https://localhost:6443", {"HTTPS_PROXY": PROXY}, ""),
        ("https://10.1.2.3:6443", {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, ""),
        ("https://10.1.2.3:6443", {"HTTPS_PROXY": PROXY, "no_proxy": "x, 10.1.2.3 ,y"}, ""),
        ("https://api.example.com", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, ""),
    ],
)
def test_the_environment_names_it(server: str, environ: dict[str, str], found: str) -> None:
    assert proxy_for(server, "", environ) == found
    assert proxy_for(server, "http://given:1", {**environ, "NO_PROXY": "*"}) == "http://given:1"


@pytest.mark.parametrize(
    ("host", "port", "entry", "excepted"),
    [
        ("example.com", 443, "example.com", True),
        ("a.example.com", 443, "example.com", True),
        ("A.Example.COM", 443, "EXAMPLE.com", True),
        ("notexample.com", 443, "example.com", False),
        ("example.com", 443, ".example.com", False),
        ("a.example.com", 443, ".example.com", True),
        ("a.example.com", 443, "*.example.com", True),
        ("example.com", 443, "*.example.com", False),
        ("example.com", 6443, "example.com:6443", True),
        ("example.com", 443, "example.com:6443", False),
        ("10.1.2.3", 6443, "10.0.0.0/8", True),
        ("10.1.2.3", 6443, "10.1.2.3/32", True),
        ("11.1.2.3", 6443, "10.0.0.0/8", False),
        ("10.1.2.3", 6443, "10.1.2.3:6443", True),
        ("10.1.2.3", 443, "10.1.2.3:6443", False),
        ("fd00::1", 443, "fd00::/8", True),
        ("fd00::1", 443, "fd00::1", True),
        ("fd00::1", 6443, "[fd00::1]:6443", True),
        ("fd00::1", 443, "[fd00::1]:6443", False),
        ("::ffff:10.1.2.3", 443, "10.0.0.0/8", True),
        ("ten.example.com", 443, "10.0.0.0/8", False),
        ("example.com", 443, "nonsense/99, ,:80,example.org", False),
        ("example.com", 443, "x,*", True),
    ],
)
def test_no_proxy(host: str, port: int, entry: str, excepted: bool) -> None:
    assert is_excepted(host, port, entry) is excepted


@pytest.mark.parametrize(
    "bad",
    [
        "ftp://u:planted@h:1",
        "http://u:planted@",
        "http://u:planted@h:x",
        "http://u:planted@[",
        "socks4://planted",
    ],
)
def test_what_is_no_proxy_is_a_sentence_without_its_password(tmp_path: Path, bad: str) -> None:
    with pytest.raises(NoProxy, match="HTTPS_PROXY: not the address of a proxy") as told:
        proxy_for("https://h", "", {"HTTPS_PROXY": bad})
    assert "planted" not in str(told.value)
    path = kubeconfig(tmp_path, "https://h")
    path.write_text(path.read_text().replace('"server"', f'"proxy-url": "{bad}", "server"'))
    with pytest.raises(KubeconfigError, match="proxy-url: not the address") as refused:
        resolve(str(path))
    assert "planted" not in str(refused.value)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@contextmanager
def socks_server() -> Iterator[tuple[int, list[bytes]]]:
    """A SOCKS 5 proxy for one connection after the other: its port, and the targets that were asked for."""
    asked: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(client: socket.socket) -> None:
        stream = client.makefile("rb")
        stream.read(1)
        stream.read(stream.read(1)[0])
        client.sendall(b"\5\0")
        kind = stream.read(4)[3]
        host = socket.inet_ntoa(stream.read(4)).encode() if kind == 1 else stream.read(stream.read(1)[0])
        port = int.from_bytes(stream.read(2), "big")
        asked.append(host)
        server = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        threading.Thread(target=_copy, args=(server, client), daemon=True).start()
        _copy(client, server)

    def accept() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1], asked
    finally:
        listening.close()


async def test_a_cluster_behind_a_socks_proxy_is_read_and_its_name_resolved_there(tmp_path: Path) -> None:
    pytest.importorskip("socksio", reason="an environment made before httpx[socks]: make it anew")
    with api_server(tmp_path) as path, socks_server() as (port, asked):
        text = path.read_text().replace("127.0.0.1", "only-the-proxy-knows-it")
        path.write_text(text.replace('"server"', f'"proxy-url": "socks5://127.0.0.1:{port}", "server"'))
        reader = Reader(Credentials(resolve(str(path))))
        assert b"v1.34.0" in await reader.get("/version")
        await reader.close()
    assert asked == [b"only-the-proxy-knows-it"]


@asynccontextmanager
async def connect_proxy(folder: Path, *, tls_itself: bool = False) -> AsyncIterator[tuple[int, list[str]]]:
    """An HTTP proxy that leads every CONNECT to one TLS server, which calls itself api.internal, as it does itself where it speaks
    TLS too: its port, and what was asked for."""
    asked: list[str] = []
    named = (
        "-subj",
        "/CN=x",
        "-addext",
        "subjectAltName=DNS:api.internal",
        "-keyout",
        str(folder / "key.pem"),
    )
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", *named, "-out", str(folder / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "ca.pem", folder / "key.pem")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().split()[1])
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            await writer.start_tls(tls)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
        except (OSError, EOFError):
            pass
        writer.close()

    outside = tls if tls_itself else None
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=outside) as server:
        yield server.sockets[0].getsockname()[1], asked


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("insecure", [False, True])
async def test_tls_server_name_holds_behind_a_proxy_too(tmp_path: Path, insecure: bool) -> None:
    """kubectl takes it so; without it the server's certificate was held against the host that the proxy was asked for."""
    async with connect_proxy(tmp_path) as (port, asked):
        there = Access(
            server="https://api.example.com:6443",
            proxy=f"http://127.0.0.1:{port}",
            ca=(tmp_path / "ca.pem").read_bytes(),
            insecure=insecure,
        )
        reader = Reader(Credentials(replace(there, tls_server_name="api.internal")))
        assert await reader.get("/version") == b"{}"
        await reader.close()
        assert asked == ["api.example.com:6443"]
        for name in () if insecure else ("", "api.other"):
            refused = Reader(Credentials(replace(there, tls_server_name=name)))
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await refused.get("/version")
            await refused.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
async def test_a_proxy_that_speaks_tls_is_trusted_by_the_clusters_settings(tmp_path: Path) -> None:
    """As by kubectl, whose one TLS configuration is for both."""
    async with connect_proxy(tmp_path, tls_itself=True) as (port, asked):
        ca = (tmp_path / "ca.pem").read_bytes()
        there = Access(
            server="https://api.example.com:6443",
            proxy=f"https://127.0.0.1:{port}",
            ca=ca,
            tls_server_name="api.internal",
        )
        reader = Reader(Credentials(there))
        assert await reader.get("/version") == b"{}"
        await reader.close()
        assert asked == ["api.example.com:6443"]
        refused = Reader(Credentials(replace(there, ca=None)))  # by the system's authorities alone
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await refused.get("/version")
        await refused.close()


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("https://p:3129", True),
        ("HTTPS://p:3129", True),
        ("http://p:3128", False),
        ("socks5://p:1080", False),
    ],
)
def test_a_proxy_that_speaks_tls_is_trusted_by_the_cluster_s_own_settings(
    address: str, trusted: bool
) -> None:
    trust = ssl.create_default_context()
    proxy = proxy_of(proxy_for("https://api:6443", address, {}), lambda: trust)
    assert proxy is not None and (proxy.ssl_context is trust) is trusted
