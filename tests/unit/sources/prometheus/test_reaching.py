"""Ways to a Prometheus: TLS, client certificates, the service proxy; and that the client reads and nothing else."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.configured import metrics_source
from tests.unit.sources.prometheus.server import REF, Board, Fake, Ticking
from tfdash.config.load import parse, table_of
from tfdash.config.problems import ConfigError
from tfdash.model.observation import Problem, ProblemKind
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.reading_rule import Refused, check_allowed
from tfdash.sources.prometheus.client import Client, NotARead
from tfdash.sources.prometheus.options import Connection

PROXY = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy"


USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class Authority:
    """A certificate authority of a test, and what it signs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
        self.ca = folder / "ca.crt"
        self.ca.write_bytes(
            self._sign(self._name, self._key, ca=True).public_bytes(serialization.Encoding.PEM)
        )

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if ca:
            usage = dict.fromkeys(USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
            builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
        return builder.sign(self._key, hashes.SHA256())

    def pair(self, name: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, ca=False)
        files = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secured(authority: Authority) -> Iterator[Fake]:
    """Wants a certificate of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.ca))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*map(str, authority.pair("server")))
    with Fake(tls=context) as running:
        yield running


async def problem(table: dict[str, Any], credentials: Credentials | None = None) -> Problem | None:
    made = metrics_source(REF, {}, table, credentials, Ticking(0.0))
    assert made is not None
    board = Board()
    await made.round(board)
    return board.signals.prometheus[REF].problem


async def test_mutual_tls(secured: Fake, authority: Authority) -> None:
    certificate, key = map(str, authority.pair("client"))
    table = {"url": secured.url, "ca": str(authority.ca)}
    assert await problem({**table, "certificate": certificate, "key": key}) is None
    without = await problem(table)
    assert without is not None and "client certificate" in str(
        without
    )  # by TLS' alert, or the connection ends before it


async def test_a_certificate_that_is_not_trusted_and_a_file_that_is_not_there(secured: Fake) -> None:
    untrusted = await problem({"url": secured.url})
    assert (
        untrusted is not None and "not trusted" in untrusted.cause and untrusted.remedy == "set prometheus.ca"
    )
    missing = await problem({"url": secured.url, "ca": "/no/such/ca.crt"})
    assert missing is not None and "/no/such/ca.crt cannot be read" in missing.cause


async def test_tls_spoken_to_one_that_has_none() -> None:
    with Fake() as server:
        told = await problem({"url": server.url.replace("http:", "https:")})
    assert told is not None and "does not speak TLS" in told.cause


def through(server: Fake) -> Credentials:
    return Credentials(
        Access(server=server.url, token="cluster-token", impersonate="ann", impersonate_groups=("a", "b"))
    )


def reviewing(allowed: bool) -> Any:
    def answer(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith("/selfsubjectaccessreviews"):
            return web.json_response({"status": {"allowed": allowed}}, status=201)
        if not request.path.startswith(PROXY):
            return web.json_response({"kind": "Status", "message": "not this"}, status=403)
        body: Any = {"version": "2.42.0"} if request.path.endswith("buildinfo") else {"alerts": []}
        if request.path.endswith("/query"):
            body = {"resultType": "matrix", "result": []}
        return web.json_response({"status": "success", "data": body})

    return answer


async def test_the_service_proxy_is_asked_with_the_clusters_credential() -> None:
    with Fake() as server:
        server.fail = reviewing(True)
        assert await problem({"service": "monitoring/prometheus:9090"}, through(server)) is None
        review, *reads = server.asked
        assert review[0].endswith("selfsubjectaccessreviews") and reads
        assert all(path.startswith(PROXY + "/api/v1/") for path, _, _ in reads)
        assert all(
            h["Authorization"] == "Bearer cluster-token" and h["Impersonate-User"] == "ann"
            for _, _, h in reads
        )


async def test_without_the_right_nothing_is_asked_and_the_role_is_named() -> None:
    with Fake() as server:
        server.fail = reviewing(False)
        told = await problem({"service": "monitoring/https:prometheus:9090"}, through(server))
        assert told is not None and told.kind is ProblemKind.FORBIDDEN
        assert 'resourceNames ["https:prometheus:9090"]' in told.remedy and len(server.asked) == 1


@pytest.mark.parametrize(
    "tail", ["/api/v1/query", "/api/v1/alerts", "/api/v1/status/buildinfo", "/api/v1/label/job/values"]
)
def test_the_one_service_is_allowed(tail: str) -> None:
    check_allowed("GET", PROXY + tail, proxied=PROXY)
    with pytest.raises(Refused):
        check_allowed("GET", PROXY + tail)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{PROXY}/api/v1/query"),
        ("DELETE", f"{PROXY}/api/v1/series"),
        ("GET", PROXY),
        ("GET", f"{PROXY}/"),
        ("GET", f"{PROXY}/-/quit"),
        ("GET", f"{PROXY}/api/v1/admin/tsdb/snapshot"),
        ("GET", f"{PROXY}/api/v1/../../x"),
        ("GET", f"{PROXY}x/api/v1/query"),
        ("GET", PROXY.replace("monitoring", "kube-system") + "/api/v1/query"),
        ("GET", PROXY.replace("prometheus", "other") + "/api/v1/query"),
        ("GET", f"{PROXY}/api/v1/query/../../../x"),
        ("GET", f"{PROXY}{PROXY}/api/v1/query"),
        ("GET", "/api/v1/query"),
    ],
)
def test_everything_beside_it_is_refused(method: str, path: str) -> None:
    with pytest.raises(Refused):
        check_allowed(method, path, proxied=PROXY)


@pytest.mark.parametrize(
    "service",
    [
        "monitoring/..:9090",
        "monitoring/a/b",
        "../x:1",
        "Monitoring/a:1",
        "monitoring/ftp:a:1",
        "monitoring/a:1%2f",
    ],
)
def test_services_that_are_none(service: str) -> None:
    with pytest.raises(ValueError, match="service"):
        Connection(service=service)


def test_a_path_prefix_cannot_climb() -> None:
    with pytest.raises(ConfigError, match="path_prefix"):
        table_of(Connection, {"service": "monitoring/a:1", "path_prefix": "../../secrets"})


def test_the_client_reads_and_nothing_else() -> None:
    client = Client(
        Connection(url="http://h/p"),
        "http://h/p",
        Credentials(Access(server="http://h/p")),
        timeout=1,
        largest=1,
    )
    for method, url in (
        ("POST", "http://h/p/api/v1/query"),
        ("PUT", "http://h/p/api/v1/query"),
        ("GET", "http://h/api/v1/query"),
        ("GET", "http://h/p/-/quit"),
        ("GET", "http://h/p/api/v1/admin/tsdb/clean_tombstones"),
        ("GET", "http://other/p/api/v1/query"),
    ):
        with pytest.raises(NotARead):
            client.session.request(method, url)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[environments.a.prometheus]\nurl = 'h:9090'",
            "url: does not begin with http:// or https://; write it as",
        ),
        ("[environments.a.prometheus]\nurl = 'http://h'\nservice = 'a/b:1'", "keep one of the two"),
        ("[environments.a.prometheus]\nservice = 'prometheus'", 'service: write it as "namespace/name:port"'),
        ("[environments.a.prometheus]\nurl = 'http://h'\nbearer = 'secret-itself'", "by reference only"),
        ("[environments.a.prometheus]\nurll = 'http://h'", 'did you mean "url"?'),
        ("[metrics]\ndefault_template = 'htpp'", 'there is no template "htpp"'),
        ("[metrics.templates.own]\nrequests = 'up'", "requests: holds no placeholder"),
        ("[[journeys]]\nname = 'j'", "needs either a probe (a metric) or an url"),
        ("[[journeys]]\nname = 'j'\nurl = 'http://h'\nworkload = 'x'", 'write it as "namespace/name"'),
        (
            "[[journeys]]\nname = 'j'\nurl = 'http://h'\n[[journeys.steps]]\nmethod = 'POST'",
            "set mutates = true",
        ),
        ("[[journeys]]\nname = 'j'\nurl = 'http://h'\nside = 'canary'", "needs a way to the canary"),
    ],
)
def test_settings_that_are_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "c.toml")
    assert told in str(caught.value) and "secret-itself" not in str(caught.value)


async def test_a_token_that_is_refused_is_not_fetched_anew_by_each_query_of_each_round(
    tmp_path: Path,
) -> None:
    count, vault = tmp_path / "count", tmp_path / "vault"
    vault.write_text(f"#!/bin/sh\necho x >> {count}; echo token\n")
    vault.chmod(0o755)
    with Fake() as server:
        server.fail = lambda request: web.Response(status=401)
        table = {"url": server.url, "bearer": f"command:{vault}"}
        made, board = metrics_source(REF, {}, table, None, Ticking(0.0)), Board()
        for _ in range(4):
            await made.round(board)
        assert len(server.asked) > 6
    told = board.signals.prometheus[REF].problem
    assert told is not None and told.kind is ProblemKind.LOGIN_EXPIRED
    assert count.read_text() == "x\n", "what was just fetched and refused is not fetched again at once"


async def test_a_secret_that_no_header_can_carry_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret\nsecond line")
    with Fake() as server:
        for table in ({"bearer": f"file:{file}"}, {"headers": {"X-Scope-OrgID": f"file:{file}"}}):
            told = await problem({"url": server.url, **table})
            assert told is not None and "no header can carry" in told.cause
            assert "s3cret" not in str(told)
        assert server.asked == []
