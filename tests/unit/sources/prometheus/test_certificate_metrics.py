"""What exporters tell of certificates: against the demo's Prometheus, which is held to the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tests import exporters
from tests.exporters import DAY, scraped
from tests.unit.sources.prometheus.server import REF, Board, Fake, Ticking
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.demo.prometheus.api import Api
from tfdash.demo.prometheus.series import HeldSeries, Series
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import Role, ToldCertificate
from tfdash.model.kube import Object
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.subject import Key
from tfdash.sources.prometheus.certificates.options import CertificateSeries
from tfdash.sources.prometheus.certificates.source import CertificateMetricsSource
from tfdash.sources.prometheus.connecting import certificate_metrics_for
from tfdash.sources.prometheus.options import Connection, Options

NOW, HOUR = 1_790_000_000.0, 3600.0
WHO = {"job": "x509", "instance": "10.0.0.9:9793"}


def times(begin: float, end: float) -> list[float]:
    return [begin + 30 * i for i in range(int((end - begin) / 30) + 1)]


class Putting(Board):
    def __init__(self, *objects: Object) -> None:
        super().__init__()
        self.kinds: dict[str, Observation[Any]] = {}
        self.show(*objects)
        self.put: Observation[Any] = Observation()

    def show(self, *objects: Object) -> None:
        for kind in {o.KIND for o in objects}:
            of = {Key(o.namespace, o.name): o for o in objects if kind == o.KIND}
            self.kinds[kind] = Observation(value=of, complete=True, observed_at=NOW)
        cluster = ClusterPicture(ref=REF, info=Observation(), kinds=self.kinds)
        self.picture = Picture(at=NOW, number=1, clusters={REF: cluster})

    def put_objects(self, ref: Any, kind: str, observation: Any, changed: Any) -> None:
        assert (ref, kind) == (REF, ToldCertificate.KIND)
        self.put = observation

    @property
    def told(self) -> dict[str, ToldCertificate]:
        return {one.where: one for one in self.put.value.values()}


@pytest.fixture
def server() -> Iterator[Fake]:
    with Fake() as running:
        yield running


def serve(server: Fake, series: list[Series], clock: Ticking) -> None:
    storage = HeldSeries()
    storage.series = series
    api = Api(storage, lambda: round(clock.now() * 1000))

    def answer(request: web.Request) -> web.StreamResponse:
        reply = api.answer("GET", request.path, {k: [v] for k, v in request.query.items()})
        return web.Response(status=reply.status, body=msgspec.json.encode({**reply.document, **server.more}))

    server.fail = answer


def source(server: Fake, clock: Ticking, **series: Any) -> CertificateMetricsSource:
    options = Options(certificates=CertificateSeries(**series))
    return certificate_metrics_for(
        REF, Connection(url=server.url), options, None, clock, asyncio.Semaphore(2)
    )


def everything(begin: float, end: float) -> list[Series]:
    at = times(begin, end)
    return [
        *scraped(exporters.x509(NOW), at, **WHO),
        *scraped(
            exporters.manager(NOW), at, job="cert-manager", instance="10.0.0.8:9402", namespace="cert-manager"
        ),
        *scraped(exporters.blackbox(NOW), at, job="blackbox", instance="https://probed.example.com/health"),
        *scraped(exporters.blackbox(NOW, trusted=False), at, job="blackbox", instance="odd.example.com:8443"),
        *scraped(exporters.kubelet(NOW), at, job="kubelet", instance="10.0.0.1:10250", node="n1"),
    ]


async def test_each_exporter_is_understood(server: Fake) -> None:
    clock = Ticking(NOW)
    serve(server, everything(NOW - 1200, NOW - 10), clock)
    board, one = Putting(), source(server, clock)
    await one.round(board)
    assert board.put.complete and board.put.problem is None
    told = board.told
    assert {
        where: (t.by, t.role, [round((c.not_after - NOW) / DAY) for c in t.bundle])
        for where, t in told.items()
    } == {
        "Secret shop/web-tls": (exporter := "x509-certificate-exporter", Role.SHOWN, [60, 400]),
        "Secret shop/web-tls/ca.crt": (exporter, Role.ANCHORS, [900]),
        "Secret shop/old-tls": (exporter, Role.SHOWN, [20]),
        "file /etc/kubernetes/pki/apiserver.crt on 10.0.0.9:9793": (exporter, Role.SHOWN, [300]),
        "file /etc/kubernetes/admin.conf on 10.0.0.9:9793/user/admin": (exporter, Role.SHOWN, [200]),
        "ConfigMap shop/roots/ca.pem": (exporter, Role.ANCHORS, [500]),
        "Certificate shop/web": ("cert-manager", Role.SHOWN, [60]),
        "Certificate shop/fails": ("cert-manager", Role.SHOWN, [2]),
        "Certificate shop/new": ("cert-manager", Role.SHOWN, []),
        "address probed.example.com:443": ("blackbox exporter", Role.SHOWN, [50]),
        "address odd.example.com:8443": ("blackbox exporter", Role.SHOWN, [40]),
        "kubelet n1/client certificate": ("kubelet", Role.SHOWN, [200]),
    }
    web = told["Secret shop/web-tls"]
    assert (web.bundle[0].subject, web.bundle[0].issuer, web.bundle[0].lifetime) == (
        "CN=web.example.com",
        "CN=R10",
        90 * DAY,
    )
    assert told["ConfigMap shop/roots/ca.pem"].bundle[0].not_before is None, "version 4 tells no beginning"
    assert told["ConfigMap shop/roots/ca.pem"].bundle[0].serial == "1E"
    assert {t.at for t in told.values()} == {NOW - 30.0}, "when it was scraped, not when it was asked for"
    assert (
        told["Certificate shop/fails"].ready == "False"
        and told["Certificate shop/web"].renews == NOW + 30 * DAY
    )
    assert (told["Certificate shop/new"].renews, told["Certificate shop/new"].ready) == (None, "Unknown")
    assert told["address probed.example.com:443"].bundle[0].subject == "CN=probed"
    assert told["kubelet n1/client certificate"].bundle[0].not_after == NOW - 30 + 200 * DAY
    assert (
        one.status.value is not None
        and one.status.value.about
        == "12 certificates of blackbox exporter, cert-manager, kubelet, x509-certificate-exporter"
    )


async def test_without_exporters_little_is_asked(server: Fake) -> None:
    clock = Ticking(NOW)
    serve(server, [], clock)
    board, one = Putting(), source(server, clock)
    await one.round(board)
    assert board.put.value == {} and board.put.complete
    assert len(server.asked) == 12, "what tells the end of each family, now and before"
    await one.round(board)
    assert len(server.asked) == 18
    assert one.status.value is not None and one.status.value.about == "no exporter tells of certificates"


async def test_one_of_which_nobody_tells_any_more_is_remembered(server: Fake) -> None:
    clock = Ticking(NOW)
    series = everything(NOW - 1200, NOW)
    serve(server, series, clock)
    board, one = Putting(), source(server, clock)
    await one.round(board)
    # one Secret is told of no more while the others are; cert-manager is silent
    left = [
        s
        for s in everything(NOW - 1200, NOW + 2 * HOUR)
        if s.labels.get("secret_name") != "old-tls" and s.labels["job"] != "cert-manager"
    ]
    serve(server, left, clock)
    clock.at = NOW + 600
    await one.round(board)
    old, web = board.told["Secret shop/old-tls"], board.told["Certificate shop/web"]
    assert old.current_until == web.current_until == NOW + 600 and old.at == NOW, "not known from now on"
    assert board.told["Secret shop/web-tls"].current_until > NOW + 600
    clock.at = NOW + HOUR
    await one.round(board)
    assert "Secret shop/old-tls" not in board.told, "its exporter goes on: it was deleted"
    assert "Certificate shop/web" in board.told
    board.show(Certificate(namespace="shop", name="fails"))
    await one.round(board)
    assert "Certificate shop/web" not in board.told, "the cluster says so"
    assert "Certificate shop/fails" in board.told
    clock.at = NOW + DAY
    await one.round(board)
    assert "Certificate shop/fails" not in board.told


async def test_who_looks_for_the_first_time_sees_what_was_told_of_before(server: Fake) -> None:
    clock = Ticking(NOW)
    serve(server, everything(NOW - 4 * HOUR, NOW - 2 * HOUR), clock)
    board, one = Putting(), source(server, clock)
    await one.round(board)
    assert len(board.told) == 12 and all(t.current_until < NOW for t in board.told.values())
    assert board.told["kubelet n1/client certificate"].bundle[0].not_after == pytest.approx(
        NOW - 2 * HOUR + 200 * DAY, abs=300
    )
    board, one = Putting(), source(server, clock, remembered=HOUR)
    await one.round(board)
    assert board.told == {}


async def test_a_node_that_went_and_an_exporter_that_moved_are_not_missed(server: Fake) -> None:
    clock = Ticking(NOW)
    serve(server, everything(NOW - 600, NOW), clock)
    board, one = Putting(), source(server, clock)
    await one.round(board)
    moved = scraped(exporters.x509(NOW), times(NOW + 300, NOW + 600), job="x509", instance="10.0.0.10:9793")
    serve(server, moved, clock)
    clock.at = NOW + 600
    board.show(Node(namespace="", name="n2", internal_ip="10.0.0.2"))
    await one.round(board)
    files = sorted(where for where in board.told if where.startswith(("file", "kubelet")))
    assert files == [
        "file /etc/kubernetes/admin.conf on 10.0.0.10:9793/user/admin",
        "file /etc/kubernetes/pki/apiserver.crt on 10.0.0.10:9793",
    ]


async def test_what_was_renewed_is_one_and_since_when_its_end_is_seen_is_known(server: Fake) -> None:
    clock = Ticking(NOW)
    serve(server, scraped(exporters.x509(NOW), times(NOW - 600, NOW), **WHO), clock)
    board, one = Putting(), source(server, clock)
    await one.round(board)
    clock.at = NOW + 300
    await one.round(board)
    assert board.told["Secret shop/web-tls"].since == NOW
    # two replicas: one was scraped after the renewal, the other before
    later = scraped(
        exporters.x509(NOW + 10 * DAY), times(NOW + 301, NOW + 600), **(WHO | {"instance": "10.0.0.10:9793"})
    )
    serve(server, [*scraped(exporters.x509(NOW), times(NOW - 600, NOW + 300), **WHO), *later], clock)
    clock.at = NOW + 590
    await one.round(board)
    web = board.told["Secret shop/web-tls"]
    assert [c.not_after for c in web.bundle] == [NOW + 70 * DAY, NOW + 410 * DAY] and web.since == NOW + 590


@pytest.mark.parametrize("first", [0, 5])
@pytest.mark.parametrize("family", ["x509", "blackbox", "manager"])
async def test_of_two_that_tell_of_one_place_the_worse_is_believed_whoever_looked_last(
    server: Fake, family: str, first: int
) -> None:
    """Two probers of one address, of which one sees a node that was not renewed; an exporter that tells of what is another's."""
    clock, made = Ticking(NOW), getattr(exporters, family)
    serve(server, scraped(made(NOW - 100 * DAY), times(NOW - 600, NOW - 10), **WHO), clock)
    board, one = Putting(), source(server, clock)
    await one.round(board)
    alone = {where: t.bundle[:1] for where, t in board.told.items()}
    ends = [
        (NOW - 100 * DAY, times(NOW - 600 + first, NOW - 10 + first)),
        (NOW, times(NOW - 605 + 2 * (5 - first), NOW - 15 + 2 * (5 - first))),
    ]
    series = [s for n, (when, at) in enumerate(ends) for s in scraped(made(when), at, **WHO, prober=str(n))]
    serve(server, series, clock)
    board, one = Putting(), source(server, clock)
    await one.round(board)
    worse = {where for where, t in board.told.items() if t.role is Role.SHOWN and t.bundle}
    assert worse
    for where in worse:
        assert [c.not_after for c in board.told[where].bundle[:1]] == [c.not_after for c in alone[where]]


@pytest.mark.parametrize("more", [{"warnings": ["no store answered for shop"]}, {"isPartial": True}])
async def test_an_answer_that_lacks_something_forgets_nothing(server: Fake, more: dict[str, Any]) -> None:
    """What a store that did not answer has is not told of no more: it was not asked."""
    clock = Ticking(NOW)
    serve(server, everything(NOW - 1200, NOW - 10), clock)
    board, one = Putting(), source(server, clock)
    await one.round(board)
    before = board.told
    some = [s for s in everything(NOW - 1200, NOW + 2 * HOUR) if s.labels.get("secret_name") != "web-tls"]
    for at in (NOW + 600, NOW + 2 * HOUR):
        clock.at, server.more = at, more
        serve(server, some, clock)
        await one.round(board)
        problem = board.put.problem
        assert problem is not None and problem.cause.startswith("the answer is incomplete: ")
        assert board.told == before
    server.more = {}
    await one.round(board)
    assert board.put.problem is None and "Secret shop/web-tls" not in board.told


async def test_a_server_that_fails_says_so_where_nothing_is_known_and_leaves_what_is(server: Fake) -> None:
    clock = Ticking(NOW)
    server.fail = lambda request: web.Response(status=503, text="down")
    board, one = Putting(), source(server, clock)
    board.kinds[Certificate.KIND] = Observation()
    assert one.unsettled(board.picture, EMPTY_ASSESSMENT) == ("eu-1 certificate metrics",)
    await one.round(board)
    assert one.unsettled(board.picture, EMPTY_ASSESSMENT) == ()
    [told] = board.told.values()
    assert told.why and board.put.problem is not None and not board.put.complete
    serve(server, everything(NOW - 600, NOW), clock)
    await one.round(board)
    assert len(board.told) == 12 and board.put.problem is None
    server.fail = lambda request: web.Response(status=503, text="down")
    await one.round(board)
    assert len(board.told) == 12 and board.put.problem is not None and board.put.complete


async def test_names_and_labels_of_a_shared_server_are_settings(server: Fake) -> None:
    clock = Ticking(NOW)
    text = exporters.x509(NOW).replace("x509_cert_not_after", "tls_end")
    serve(
        server,
        [
            *scraped(text, times(NOW - 60, NOW), cluster="eu-1", **WHO),
            *scraped(text, times(NOW - 60, NOW), cluster="eu-2"),
        ],
        clock,
    )
    settings = parse(
        '[metrics.certificates]\nexporter_not_after = "tls_end{secret_name!=\\"old-tls\\"}"\nprobe_earliest = ""\n',
        "x",
    )
    options = Options(certificates=settings.metrics.certificates)
    connection = Connection(url=server.url, match=(("cluster", "eu-1"),))
    one, board = (
        certificate_metrics_for(REF, connection, options, None, clock, asyncio.Semaphore(2)),
        Putting(),
    )
    await one.round(board)
    assert "Secret shop/web-tls" in board.told and "Secret shop/old-tls" not in board.told
    assert not any("eu-2" in query or "probe_" in query for query in server.queries())
    assert all('cluster="eu-1"' in query for query in server.queries())
    with pytest.raises(ConfigError, match="placeholder"):
        parse('[metrics.certificates]\nexporter_not_after = "a{b=\\"$c\\"}"\n', "x")


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e300", "-5"])
async def test_whatever_a_value_is_it_is_no_end(server: Fake, value: str) -> None:
    clock = Ticking(NOW)
    text = f'x509_cert_not_after{{secret_namespace="a",secret_name="b\x1b[2J",secret_key="tls.crt"}} {value}\nx509_cert_not_after{{}} 5.0\n'
    serve(server, scraped(text, times(NOW - 60, NOW)), clock)
    board, one = Putting(), source(server, clock)
    await one.round(board)
    assert list(board.told) == ["file  on ?"]
