"""A real Prometheus that scrapes what exporters of certificates say: understood as the demo's is, and one that falls silent is not fine."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests import exporters
from tests.exporters import DAY
from tests.platform.harness.prometheus import Prometheus
from tests.unit.playbook.making import picture
from tests.unit.sources.prometheus.server import REF, Board
from tests.waiting import until
from tfdash.clock import SystemClock
from tfdash.judging.judge import judge_all
from tfdash.model.certificates import ToldCertificate
from tfdash.model.kube import Object
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.verdict import Level
from tfdash.sources.prometheus.certificates.options import CertificateSeries
from tfdash.sources.prometheus.connecting import certificate_metrics_for
from tfdash.sources.prometheus.options import Connection, Options

pytestmark = [pytest.mark.platform, pytest.mark.timeout(300)]
Start = Callable[..., Prometheus]
NOW = float(round(time.time()))


class Exporters:
    """What is scraped under each path; a path that is missing is an exporter that does not answer."""

    def __init__(self) -> None:
        self.says = {
            "/x509": exporters.x509(NOW),
            "/manager": exporters.manager(NOW),
            "/probe": exporters.blackbox(NOW),
            "/kubelet": exporters.kubelet(NOW),
        }
        says = self.says

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = says.get(self.path.partition("?")[0])
                self.send_response(503 if text is None else 200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write((text or "").encode())

            def log_message(self, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def config(self) -> str:
        jobs = "".join(
            f"- job_name: {job}\n  metrics_path: {path}\n  static_configs:\n  - targets: ['{self.address}']\n    labels: {{{labels}}}\n"
            for job, path, labels in (
                ("x509", "/x509", ""),
                ("cert-manager", "/manager", "namespace: cert-manager"),
                ("blackbox", "/probe", "instance: 'https://probed.example.com/health'"),
                ("kubelet", "/kubelet", "instance: '10.0.0.1:10250', node: n1"),
            )
        )
        return f"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{jobs}"


@pytest.fixture(scope="module")
def there() -> Iterator[Exporters]:
    found = Exporters()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture(scope="module")
def server(prometheus: Start, there: Exporters) -> Prometheus:
    return prometheus(there.config())


class Putting(Board):
    def __init__(self) -> None:
        super().__init__()
        cluster = ClusterPicture(ref=REF, info=Observation(), kinds={})
        self.picture = Picture(at=NOW, number=1, clusters={REF: cluster})
        self.put: Observation[Any] = Observation()

    def put_objects(self, ref: Any, kind: str, observation: Any, changed: Any) -> None:
        self.put = observation

    @property
    def told(self) -> dict[str, ToldCertificate]:
        return {one.where: one for one in (self.put.value or {}).values()}


def rounds_until(board: Putting, source: Any, true: Callable[[], bool]) -> None:
    def so() -> bool:
        asyncio.run(source.round(board))
        return true()

    until(so, "what is told")


def test_a_real_prometheus_is_understood_and_silence_is_not_fine(
    server: Prometheus, there: Exporters
) -> None:
    board = Putting()
    options = Options(certificates=CertificateSeries(every=15.0))
    source = certificate_metrics_for(
        REF, Connection(url=server.url), options, None, SystemClock(), asyncio.Semaphore(2)
    )
    rounds_until(board, source, lambda: len(board.told) >= 11)
    assert board.put.problem is None
    assert {
        where: [round((c.not_after - NOW) / DAY) for c in one.bundle] for where, one in board.told.items()
    } == {
        "Secret shop/web-tls": [60, 400],
        "Secret shop/web-tls/ca.crt": [900],
        "Secret shop/old-tls": [20],
        f"file /etc/kubernetes/pki/apiserver.crt on {there.address}": [300],
        f"file /etc/kubernetes/admin.conf on {there.address}/user/admin": [200],
        "ConfigMap shop/roots/ca.pem": [500],
        "Certificate shop/web": [60],
        "Certificate shop/fails": [2],
        "Certificate shop/new": [],
        "address probed.example.com:443": [50],
        "kubelet n1/client certificate": [200],
    }
    assert all(NOW - 60 < one.at <= time.time() for one in board.told.values()), "by the scrape's own time"

    there.says.pop("/x509")
    there.says["/kubelet"] = exporters.kubelet(NOW, renews=3.0)
    rounds_until(
        board,
        source,
        lambda: (
            board.told["Secret shop/old-tls"].current_until < time.time()
            and board.told["kubelet n1/client certificate"].failed > 0
        ),
    )
    objects: list[Object] = list((board.put.value or {}).values())
    judged = judge_all(picture(*objects), time.time())
    said = {
        v.subject.name: v
        for several in judged.verdicts.values()
        for v in several
        if v.rule == "certificates.told"
    }
    assert said["Secret/old-tls"].level is Level.UNKNOWN, "nobody tells of it any more"
    assert said["kubelet/n1/client certificate"].level is Level.WARN
    assert said["Certificate/fails"].level is Level.WARN
    assert said["address/probed.example.com:443"].level is Level.OK
    # whoever looks now for the first time knows of it too
    fresh = Putting()
    rounds_until(
        fresh,
        certificate_metrics_for(
            REF, Connection(url=server.url), options, None, SystemClock(), asyncio.Semaphore(2)
        ),
        lambda: "Secret shop/old-tls" in fresh.told,
    )
    assert fresh.told["Secret shop/old-tls"].current_until < time.time()
    assert round((fresh.told["Secret shop/old-tls"].bundle[0].not_after - NOW) / DAY) == 20
