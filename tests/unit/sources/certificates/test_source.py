"""The source as the board has it: whom it looks at and when, what it keeps of one that does not answer, and what it says of itself."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.issuing import DAY, issue, listening, server_context, tls
from tests.unit.playbook.making import REF
from tests.unit.sources.usage.test_source import FakeBoard
from tests.waiting import soon
from tfdash.clock import FixedClock
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import Contact, ServedCertificate, Trust
from tfdash.model.subject import ClusterRef
from tfdash.setting import Unfit
from tfdash.sources.certificates import source as module
from tfdash.sources.certificates.endpoint import Endpoint, api_server, configured, databases
from tfdash.sources.certificates.settings import CertificatesSettings, EndpointSettings, place_of
from tfdash.sources.certificates.source import CertificatesSource
from tfdash.sources.kubernetes.kubeconfig import Access

NOW = 1_790_000_000.0
ROOT = issue("a root", ca=True, ends=900 * DAY)
LEAF = issue("localhost", ROOT, names=("localhost",))
OTHER = ClusterRef(REF.environment, "eu-2")


def an_endpoint(port: int, asked: str = "localhost", name: str = "") -> Endpoint:
    return Endpoint(REF, name or f"localhost:{port}", "127.0.0.1", port, asked, lambda: ROOT.own_pem)


def a_source(endpoints: Sequence[Endpoint]) -> CertificatesSource:
    return CertificatesSource((REF,), lambda: endpoints, CertificatesSettings(timeout=20.0), FixedClock(NOW))


def served(board: FakeBoard) -> dict[str, ServedCertificate]:
    value = board.picture.clusters[REF].kinds[ServedCertificate.KIND].value
    assert value is not None
    return {key.name: one for key, one in value.items() if isinstance(one, ServedCertificate)}


async def until_whole(source: CertificatesSource, board: FakeBoard) -> asyncio.Task[None]:
    task = asyncio.create_task(source.run(board))
    await soon(lambda: board.said, "the first word")
    return task


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_each_address_is_looked_at_once_and_the_bad_ones_are_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()[1]
    board = FakeBoard()
    with listening(tls(server_context(LEAF))) as port:
        source = a_source(
            [
                an_endpoint(port),
                an_endpoint(port, "shop.example.com", "shop"),
                an_endpoint(nobody, name="nobody"),
            ]
        )
        await ended(await until_whole(source, board))
    told = served(board)
    good, wrong, gone = told[f"localhost:{port}"], told["shop"], told["nobody"]
    assert (good.answer, good.trust, good.fits, good.seen_at) == (Contact.SERVED, Trust.SURE, True, NOW)
    assert good.leaf is not None and good.leaf.serial == LEAF.serial
    assert (wrong.answer, wrong.fits) == (Contact.SERVED, False)
    assert (gone.answer, gone.leaf, gone.seen_at, gone.looked_at) == (Contact.REFUSED, None, 0.0, NOW)
    value = source.status.value
    assert value is not None and value.about == "2 of 3 addresses answered"
    assert board.picture.clusters[REF].kinds[ServedCertificate.KIND].complete


async def test_where_nothing_is_named_that_is_said_and_waited_for_by_nobody() -> None:
    source, board = a_source([]), FakeBoard()
    assert not source.unsettled(board.picture, EMPTY_ASSESSMENT), "nobody asks for certificates"
    board.show(certificate())
    assert source.unsettled(board.picture, EMPTY_ASSESSMENT) == ("served certificates",)
    await ended(await until_whole(source, board))
    assert served(board) == {}
    assert not source.unsettled(board.picture, EMPTY_ASSESSMENT)
    value = source.status.value
    assert value is not None and value.about == "no address is looked at"


def certificate(began: float = 0.0, *names: str) -> Certificate:
    return Certificate(
        namespace="shop", name="web", names=names or ("localhost",), secret="web-tls", not_before=began
    )


class Machine:
    """The source's own time, which a test sets; asleep it waits until it is."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asleep = asyncio.Event()
        self.woken = asyncio.Event()

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, _: float) -> None:
        self.asleep.set()
        await self.woken.wait()
        self.woken.clear()

    async def goes_on(self, seconds: float) -> None:
        """So many seconds later it has done all that was due."""
        await self.asleep.wait()
        self.asleep.clear()
        self.now += seconds
        self.woken.set()
        await self.asleep.wait()


async def test_one_handshake_an_hour_and_more_only_after_a_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    monkeypatch.setattr(module.time, "monotonic", machine.monotonic)
    board, asked = FakeBoard(), list[str | None]()
    began = LEAF.certificate.not_valid_before_utc.timestamp()
    with listening(tls(server_context(LEAF), asked)) as port:
        source = a_source([an_endpoint(port)])
        monkeypatch.setattr(source, "_rest", machine.sleep)
        task = asyncio.create_task(source.run(board))
        for seconds, looks in ((0, 1), (60, 1), (3500, 1), (60, 2)):
            await machine.goes_on(seconds)
            assert len(asked) == looks, seconds
        board.show(certificate(began))
        await machine.goes_on(60)
        assert len(asked) == 2, "it serves what is kept"
        board.show(certificate(began + 5))
        for seconds, looks in ((15, 3), (15, 3), (60, 4), (60, 4), (60, 5)):
            await machine.goes_on(seconds)
            assert len(asked) == looks, seconds
        await ended(task)


@pytest.mark.parametrize(
    ("name", "looks"),
    [("shop.example.com", 2), ("*.example.com", 2), ("*.com", 1), ("*.shop.example.com", 1)],
)
async def test_whose_renewal_an_address_is_looked_at_for(
    monkeypatch: pytest.MonkeyPatch, name: str, looks: int
) -> None:
    machine = Machine()
    monkeypatch.setattr(module.time, "monotonic", machine.monotonic)
    board, asked = FakeBoard(), list[str | None]()
    began = LEAF.certificate.not_valid_before_utc.timestamp()
    with listening(tls(server_context(LEAF), asked)) as port:
        source = a_source([an_endpoint(port, "Shop.example.com")])
        monkeypatch.setattr(source, "_rest", machine.sleep)
        task = asyncio.create_task(source.run(board))
        await machine.goes_on(0)
        board.show(certificate(began + 5, name))
        await machine.goes_on(15)
        assert len(asked) == looks
        await ended(task)


async def test_what_was_seen_outlives_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, board = Machine(), FakeBoard()
    monkeypatch.setattr(module.time, "monotonic", machine.monotonic)
    with listening(tls(server_context(LEAF))) as port:
        source = a_source([an_endpoint(port)])
        monkeypatch.setattr(source, "_rest", machine.sleep)
        task = asyncio.create_task(source.run(board))
        await machine.goes_on(0)
    await machine.goes_on(3600)
    await ended(task)
    told = served(board)[f"localhost:{port}"]
    assert told.answer is Contact.REFUSED
    assert told.leaf is not None and told.leaf.serial == LEAF.serial


def test_the_addresses_of_an_environment() -> None:
    settings = CertificatesSettings(
        endpoints=(
            EndpointSettings("shop.example.com:8443"),
            EndpointSettings("192.0.2.7", server_name="shop.example.com"),
            EndpointSettings("[2001:db8::1]:5432", cluster="eu-2", speaks="postgres"),
            EndpointSettings("elsewhere.example.com", environment="elsewhere"),
            EndpointSettings("postgres://db.example.com"),
            EndpointSettings("postgresql://192.0.2.8:6432", server_name="db.example.com"),
            EndpointSettings("https://shop.example.com/"),
        )
    )
    told = configured(settings, (REF, OTHER))
    assert [(e.ref, e.name, e.host, e.port, e.asked, e.speaks) for e in told] == [
        (REF, "shop.example.com:8443", "shop.example.com", 8443, "shop.example.com", "tls"),
        (REF, "shop.example.com at 192.0.2.7:443", "192.0.2.7", 443, "shop.example.com", "tls"),
        (OTHER, "[2001:db8::1]:5432", "2001:db8::1", 5432, "2001:db8::1", "postgres"),
        (REF, "db.example.com:5432", "db.example.com", 5432, "db.example.com", "postgres"),
        (REF, "db.example.com at 192.0.2.8:6432", "192.0.2.8", 6432, "db.example.com", "postgres"),
        (REF, "shop.example.com:443", "shop.example.com", 443, "shop.example.com", "tls"),
    ]
    assert told[0].anchors() is None


async def test_what_is_asked_for_once_is_looked_at_with_the_others() -> None:
    board = FakeBoard()
    with listening(tls(server_context(LEAF))) as port:
        source = CertificatesSource(
            (REF,), tuple, CertificatesSettings(), FixedClock(NOW), later=lambda: (an_endpoint(port),)
        )
        await ended(await until_whole(source, board))
    assert served(board)[f"localhost:{port}"].answer is Contact.SERVED


async def test_why_what_is_asked_for_once_is_not_known_is_said() -> None:
    def later() -> tuple[Endpoint, ...]:
        raise ValueError("the address of the store: it is none")

    board = FakeBoard()
    source = CertificatesSource((REF,), tuple, CertificatesSettings(), FixedClock(NOW), later=later)
    await ended(await until_whole(source, board))
    problem = source.status.problem
    assert problem is not None and problem.cause == "the address of the store: it is none"


async def test_a_file_of_authorities_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "odd.pem").write_text("nothing")
    settings = CertificatesSettings(
        endpoints=(
            EndpointSettings("localhost:1", trust=str(tmp_path / "none.pem")),
            EndpointSettings("localhost:2", trust=str(tmp_path / "odd.pem")),
        )
    )
    board = FakeBoard()
    await ended(await until_whole(a_source(configured(settings, (REF,))), board))
    assert {name: (one.answer, one.said) for name, one in served(board).items()} == {
        "localhost:1": (
            Contact.FAULT,
            f"its file of authorities {tmp_path}/none.pem cannot be read: No such file or directory",
        ),
        "localhost:2": (
            Contact.FAULT,
            "its file of authorities cannot be used: it holds no certificate in PEM",
        ),
    }


def test_an_api_server_is_looked_at_where_a_handshake_leads_there() -> None:
    told = api_server(REF, Access("https://10.0.0.1:6443/prefix", ca=b"pem", tls_server_name="kubernetes"))
    assert told is not None
    assert (told.name, told.host, told.port, told.asked) == (
        "API server eu-1",
        "10.0.0.1",
        6443,
        "kubernetes",
    )
    assert told.anchors() == b"pem"
    assert api_server(REF, Access("http://10.0.0.1:8080")) is None
    assert api_server(REF, Access("https://10.0.0.1", proxy="http://proxy:3128")) is None
    assert api_server(REF, Access("https://10.0.0.1:99999")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":443",
        "http://shop",
        "tcp://shop:1",
        "https://shop/path",
        "postgres://shop/db",
        "postgres://me:word@shop",
        "shop:99999",
        "shop/path",
        "shop/",
        "user@shop",
        "[::1",
        "shop:0",
        "shop:port",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Unfit):
        EndpointSettings(text)


def test_a_host_alone_is_asked_behind_443() -> None:
    assert place_of("Shop.example.com") == ("shop.example.com", 443, "tls")
    told = parse('[certificates]\nendpoints = ["nohost"]\n', "x").certificates.endpoints
    assert [one.name for one in told] == ["nohost:443"]


@pytest.mark.parametrize(
    ("url", "there"),
    [
        (
            "postgresql://me:word@db.example.com/tfdash?sslmode=require",
            [("db.example.com:5432", "db.example.com", "postgres")],
        ),
        (
            "host=db.example.com port=6432 sslmode=verify-full",
            [("db.example.com:6432", "db.example.com", "postgres")],
        ),
        ("host=a,b port=1,2 sslmode=require", [("a:1", "a", "postgres"), ("b:2", "b", "postgres")]),
        ("host=a,b port=7 sslmode=require", [("a:7", "a", "postgres"), ("b:7", "b", "postgres")]),
        ("host=db hostaddr=192.0.2.7 sslmode=require", [("db at 192.0.2.7:5432", "db", "postgres")]),
        ("host=db sslnegotiation=direct sslmode=require", [("db:5432", "db", "tls")]),
        ("host=db sslmode=disable", []),
        ("host=db", []),
        ("host=/var/run/postgresql sslmode=require", []),
        ("dbname=tfdash sslmode=require", []),
    ],
)
def test_the_database_of_the_store(url: str, there: list[tuple[str, str, str]]) -> None:
    assert [(e.name, e.asked, e.speaks) for e in databases(url, REF)] == there


def test_of_a_store_s_connection_nothing_secret_is_kept(tmp_path: Path) -> None:
    root = tmp_path / "root.pem"
    root.write_bytes(b"pem")
    [one] = databases(f"postgresql://me:hush@db/x?sslmode=verify-full&sslrootcert={root}", REF)
    assert one.anchors() == b"pem" and one.of == "the store"
    assert "hush" not in repr(one)
    with pytest.raises(ValueError, match="no connection string") as told:
        databases("postgresql://me:hush@db:port:port/%", REF)
    assert "hush" not in str(told.value)


def test_one_that_stands_there_twice_is_refused() -> None:
    with pytest.raises(Unfit, match="twice"):
        CertificatesSettings(endpoints=(EndpointSettings("a"), EndpointSettings("a:443")))


def test_an_address_that_has_no_more_to_say_is_a_text() -> None:
    told = parse(
        '[certificates]\nendpoints = ["shop:443", { address = "192.0.2.7", server_name = "shop" }]\n', "x"
    )
    assert told.certificates.endpoints == (
        EndpointSettings("shop:443"),
        EndpointSettings("192.0.2.7", server_name="shop"),
    )
    for wrong in ('"shop:x"', "7", '{ adress = "shop" }', '{ address = "shop", environment = "none" }'):
        with pytest.raises(ConfigError, match=r"certificates\.endpoints"):
            parse(f"[environments.production]\n[certificates]\nendpoints = [{wrong}]\n", "x")


@pytest.mark.parametrize("kept", [True, False])
async def test_whether_the_key_was_kept_is_seen_at_a_renewal(
    monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    machine, board = Machine(), FakeBoard()
    monkeypatch.setattr(module.time, "monotonic", machine.monotonic)
    again = issue("localhost", ROOT, names=("localhost",), key=LEAF.key if kept else None)
    contexts = [server_context(LEAF), server_context(again)]
    with listening(lambda connection: tls(contexts[0])(connection)) as port:
        source = a_source([an_endpoint(port)])
        monkeypatch.setattr(source, "_rest", machine.sleep)
        task = asyncio.create_task(source.run(board))
        await machine.goes_on(0)
        assert not served(board)[f"localhost:{port}"].same_key
        del contexts[0]
        for _ in range(2):
            await machine.goes_on(3600)
            assert served(board)[f"localhost:{port}"].same_key is kept
        await ended(task)
