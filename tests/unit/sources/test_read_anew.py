"""The kubeconfig, and the files that it names, are taken as they are now: a terminal runs for weeks, certificates for hours."""

from __future__ import annotations

import json
import shutil
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.cli.server import api_server, kubeconfig
from tests.unit.sources.test_credentials import Clock
from tests.unit.sources.test_tls import openssl
from tfdash.cli.compose import access_of
from tfdash.config.quick import Cluster
from tfdash.model.subject import ClusterRef
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import in_cluster, resolve
from tfdash.sources.kubernetes.login import LoginNeeded
from tfdash.sources.kubernetes.transport import Reader
from tfdash.writers.kubernetes import KubernetesWriter


def test_a_new_token_is_used_within_seconds(tmp_path: Path) -> None:
    path, clock = kubeconfig(tmp_path, "https://h", token="one"), Clock()
    credentials = Credentials(resolve(str(path)), clock)
    assert credentials.authorization() == "Bearer one"
    kubeconfig(tmp_path, "https://h", token="two")
    clock.now += 3
    assert credentials.authorization() == "Bearer two"
    kubeconfig(tmp_path, "https://h", token="three")
    assert credentials.authorization(renew=True) == "Bearer three", "refused: at once"


def test_another_context_that_became_the_current_one_is_not_followed(tmp_path: Path) -> None:
    path, clock = kubeconfig(tmp_path, "https://one", token="one"), Clock()
    other = kubeconfig(tmp_path, "https://two", "two", token="two")
    both = tmp_path / "both"
    both.write_text(path.read_text())
    access = access_of(Cluster(kubeconfig=str(both), impersonate="bob"))
    credentials = Credentials(access, clock)
    merged, added = json.loads(path.read_text()), json.loads(other.read_text())
    for section in ("clusters", "users", "contexts"):
        merged[section] += added[section] if section != "users" else []
    merged["current-context"] = "two"
    merged["users"][0]["user"]["token"] = "new"
    both.write_text(json.dumps(merged))
    clock.now += 3
    assert credentials.authorization() == "Bearer new"
    assert credentials.access.server == "https://one" and credentials.access.impersonate == "bob"


def test_a_half_written_file_takes_nothing_away_and_is_named_once_it_matters(tmp_path: Path) -> None:
    path, clock = kubeconfig(tmp_path, "https://h", token="one"), Clock()
    credentials = Credentials(resolve(str(path)), clock)
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    clock.now += 3
    assert credentials.authorization() == "Bearer one"
    with pytest.raises(LoginNeeded, match="not valid YAML"):
        credentials.authorization(renew=True)
    path.write_text(whole.replace('"one"}', '"two"}'))
    clock.now += 3
    assert credentials.authorization() == "Bearer two"


@pytest.mark.parametrize(
    "other", [{"as": "bob"}, {"client-certificate": "cert.pem", "client-key": "key.pem"}]
)
def test_who_we_are_is_asked_again_where_no_header_tells_that_it_became_another(
    tmp_path: Path, other: dict[str, str]
) -> None:
    """The header went on naming the user of before."""
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("pem")
    path, clock = kubeconfig(tmp_path, "https://h", token="one"), Clock()
    credentials = Credentials(resolve(str(path)), clock)
    credentials.authorization()
    before = credentials.changes
    document = json.loads(path.read_text())
    document["users"][0]["user"].update(other)
    path.write_text(json.dumps(document))
    clock.now += 3
    assert credentials.authorization() == "Bearer one" and credentials.changes > before


def test_a_service_accounts_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    (tmp_path / "ca.crt").write_bytes(b"ca")
    clock = Clock()
    access = in_cluster({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path)
    assert access is not None
    credentials = Credentials(access, clock)
    assert credentials.authorization() == "Bearer one"
    (tmp_path / "token").write_text("rotated")
    clock.now += 3
    assert credentials.authorization() == "Bearer rotated" and credentials.generation == 0
    (tmp_path / "ca.crt").write_bytes(b"another")
    clock.now += 3
    credentials.authorization()
    assert credentials.access.ca == b"another" and credentials.generation == 1


async def test_reader_and_writer_go_where_it_leads_now(tmp_path: Path) -> None:
    """A cluster that was made anew (kind, minikube) has another port."""
    clock = Clock()
    with api_server(tmp_path, name="one") as path:
        credentials = Credentials(resolve(str(path)), clock)
        reader = Reader(credentials)
        writer = KubernetesWriter(ClusterRef("a", "b"), credentials)
        assert b"v1.34.0" in await reader.get("/version")
        kubeconfig(tmp_path, "http://127.0.0.1:9", "one")
        clock.now += 3
        with pytest.raises(Exception, match="All connection attempts failed"):
            await reader.get("/version")
    with api_server(tmp_path, name="one"):
        clock.now += 3
        assert b"v1.34.0" in await reader.get("/version")
        client = (await writer._ways.now()).client
        assert str(client.base_url).rstrip("/") == credentials.access.server
    await reader.close()
    await writer.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
async def test_a_renewed_client_certificate_is_the_one_that_is_shown(tmp_path: Path) -> None:
    def certificate(name: str) -> None:
        key = str(tmp_path / "key.pem")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        openssl("req", "-x509", "-key", key, "-subj", f"/CN={name}", "-out", str(tmp_path / "cert.pem"),
                "-addext", "subjectAltName=IP:127.0.0.1")  # fmt: skip

    certificate("server")
    for name in ("cert", "key"):
        (tmp_path / f"{name}.pem").rename(tmp_path / f"server-{name}.pem")
    certificate("first")
    trusted = (tmp_path / "cert.pem").read_text()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server-cert.pem", tmp_path / "server-key.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(cadata=trusted)
    shown: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.connection.getpeercert()  # type: ignore[attr-defined]  # a TLS socket
            shown.append(dict(pair[0] for pair in found["subject"])["commonName"])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    path, clock = kubeconfig(tmp_path, f"https://127.0.0.1:{server.server_port}"), Clock()
    text = path.read_text().replace('"server"', '"certificate-authority": "server-cert.pem", "server"')
    path.write_text(
        text.replace('"user": {}', '"user": {"client-certificate": "cert.pem", "client-key": "key.pem"}')
    )
    reader = Reader(Credentials(resolve(str(path)), clock))
    await reader.get("/version")
    certificate("second")
    tls.load_verify_locations(cadata=(tmp_path / "cert.pem").read_text())
    clock.now += 3
    await reader.get("/version")
    await reader.close()
    server.shutdown()
    server.server_close()
    assert shown == ["first", "second"]
