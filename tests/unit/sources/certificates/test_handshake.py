"""One look at real servers of this machine, good and bad: what they serve, or a named state."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.issuing import DAY, Issued, issue, listening, server_context, tls
from tfdash.model.certificates import Contact, Trust
from tfdash.sources.certificates.handshake import Contexts, Handshake, fits, look

HOST = "shop.example.com"
ROOT = issue("a root", ca=True, ends=900 * DAY)
MIDDLE = issue("an intermediate", ROOT, ca=True)
LEAF = issue(HOST, MIDDLE, names=(HOST,))
TRUSTED = Contexts(ROOT.own_pem)


async def seen(issued: Issued, contexts: Contexts = TRUSTED, name: str = HOST) -> Handshake:
    with listening(tls(server_context(issued))) as port:
        return await look("127.0.0.1", port, name, contexts, 20.0)


async def test_a_chain_that_holds_is_seen_whole() -> None:
    asked: list[str | None] = []
    with listening(tls(server_context(LEAF), asked)) as port:
        told = await look("127.0.0.1", port, HOST, TRUSTED, 20.0)
    assert told.answer is Contact.SERVED
    assert [c.subject for c in told.chain] == [f"CN={HOST}", "CN=an intermediate"]
    assert told.chain[0].serial == LEAF.serial
    assert (told.protocol, told.trust, told.code, told.lowered) == ("TLSv1.3", Trust.SURE, 0, False)
    assert asked == [HOST]


async def test_an_address_is_asked_for_without_a_name() -> None:
    asked: list[str | None] = []
    with listening(tls(server_context(LEAF), asked)) as port:
        await look("127.0.0.1", port, "127.0.0.1", TRUSTED, 20.0)
    assert asked == [None]


WRONG = {
    "self-signed": (issue(HOST, names=(HOST,)), Trust.SELF_SIGNED, 18),
    "its intermediate is not sent": (LEAF._replace(chain=()), Trust.INCOMPLETE, 20),
    "a root that nobody knows is sent along": (
        issue(HOST, other := issue("another root", ca=True), names=(HOST,))._replace(
            chain=(other.certificate,)
        ),
        Trust.UNKNOWN_ROOT,
        19,
    ),
    "signed by what is no authority": (
        issue("x", issue("no authority", ROOT), names=(HOST,))._replace(
            chain=(issue("no authority", ROOT).certificate,)
        ),
        Trust.INCOMPLETE,
        20,
    ),
    "a weak key": (
        issue(HOST, ROOT, names=(HOST,), key=rsa.generate_private_key(65537, 1024)),
        Trust.WEAK,
        66,
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_with_a_chain_is_named(case: str) -> None:
    issued, trust, code = WRONG[case]
    with listening(tls(server_context(issued, weak=True))) as port:
        told = await look("127.0.0.1", port, HOST, TRUSTED, 20.0)
    assert (told.answer, told.trust, told.code) == (Contact.SERVED, trust, code)
    assert told.chain[0].serial == issued.serial


async def test_an_intermediate_that_no_authority_may_be_is_named() -> None:
    impostor = issue("no authority", ROOT)
    told = await seen(issue(HOST, impostor, names=(HOST,))._replace(chain=(impostor.certificate,)))
    assert told.trust is Trust.NO_CA


async def test_an_intermediate_alone_may_be_trusted() -> None:
    assert (await seen(LEAF, Contexts(MIDDLE.own_pem))).trust is Trust.SURE


@pytest.mark.parametrize(("begins", "ends"), [(-20 * DAY, -DAY), (DAY, 20 * DAY)])
async def test_dates_are_left_to_the_rules(begins: float, ends: float) -> None:
    told = await seen(issue(HOST, ROOT, names=(HOST,), begins=begins, ends=ends))
    assert (told.answer, told.trust, told.code) == (Contact.SERVED, Trust.SURE, 0)


async def test_what_is_sent_along_and_not_needed_is_told_apart() -> None:
    """The root that is trusted now, signed crosswise by one that has expired: the way of who knows the new one leads past it."""
    old = issue("an old root", ca=True, begins=-900 * DAY, ends=-1 * DAY)
    cross = issue("a root", old, ca=True, key=ROOT.key, begins=-900 * DAY, ends=-1 * DAY)
    both = LEAF._replace(chain=(MIDDLE.certificate, cross.certificate))
    new = await seen(both)
    assert new.trust is Trust.SURE
    assert [c.subject for c in new.chain if c.fingerprint in new.beside] == ["CN=a root"]
    for contexts in (Contexts(old.own_pem), Contexts(issue("nobody", ca=True).own_pem)):
        assert (await seen(both, contexts)).beside == ()
    assert (await seen(LEAF)).beside == ()


async def test_whom_the_system_trusts_is_taken_where_nobody_is_named() -> None:
    assert (await seen(LEAF, Contexts())).trust is Trust.INCOMPLETE


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_an_old_server_is_seen_by_a_second_look_and_then_by_the_first() -> None:
    made = server_context(LEAF, weak=True)
    made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1
    began = []

    def serve(connection: socket.socket) -> None:
        began.append(1)
        tls(made)(connection)

    with listening(serve) as port:
        told = await look("127.0.0.1", port, HOST, TRUSTED, 20.0)
        assert (told.answer, told.protocol, told.lowered) == (Contact.SERVED, "TLSv1", True)
        assert len(began) == 2
        told = await look("127.0.0.1", port, HOST, TRUSTED, 20.0, old=True)
        assert (told.answer, told.lowered, len(began)) == (Contact.SERVED, True, 3)


async def test_one_with_an_old_cipher_stays_found_at_each_look() -> None:
    made = server_context(LEAF, weak=True)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0")
    with listening(tls(made)) as port:
        for old in (False, True):
            told = await look("127.0.0.1", port, HOST, TRUSTED, 20.0, old=old)
            assert (told.answer, told.lowered) == (Contact.SERVED, True)


async def test_one_that_is_old_no_more_says_so() -> None:
    with listening(tls(server_context(LEAF))) as port:
        told = await look("127.0.0.1", port, HOST, TRUSTED, 20.0, old=True)
    assert (told.protocol, told.lowered) == ("TLSv1.3", False)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_one_that_wants_to_see_ours_has_shown_its_own(version: ssl.TLSVersion) -> None:
    made = server_context(LEAF)
    made.maximum_version = version
    made.verify_mode = ssl.CERT_REQUIRED
    with listening(tls(made)) as port:
        told = await look("127.0.0.1", port, HOST, TRUSTED, 20.0)
    assert (told.answer, told.trust) == (Contact.SERVED, Trust.SURE)
    assert told.chain[0].serial == LEAF.serial


def _http(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    connection.recv(1)


def _banner(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    connection.recv(4096)


def _reset(connection: socket.socket) -> None:
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def _closed(connection: socket.socket) -> None:
    connection.recv(4096)


def _endless(connection: socket.socket) -> None:
    handshake = b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"\x00" * 0x3FFC
    while True:
        connection.sendall(handshake)


def _no_cipher(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"\x15\x03\x03\x00\x02\x02\x28")  # the alert handshake_failure
    connection.recv(1)


@pytest.mark.parametrize(
    ("serve", "answer"),
    [
        (_http, Contact.NOT_TLS),
        (_banner, Contact.NOT_TLS),
        (_reset, Contact.RESET),
        (_closed, Contact.RESET),
        (_no_cipher, Contact.HANDSHAKE),
    ],
)
async def test_what_is_no_handshake_is_named(serve: Callable[[socket.socket], None], answer: Contact) -> None:
    with listening(serve) as port:
        told = await look("127.0.0.1", port, HOST, TRUSTED, 20.0)
    assert told.answer is answer
    assert told.chain == ()


@pytest.mark.parametrize("serve", [_silent, _endless])
async def test_no_server_holds_us(serve: Callable[[socket.socket], None]) -> None:
    with listening(serve) as port:
        told = await look("127.0.0.1", port, HOST, TRUSTED, 0.5)
    assert told.answer in (Contact.TIMEOUT, Contact.HANDSHAKE, Contact.NOT_TLS, Contact.RESET)


async def test_nobody_listens_and_no_such_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert (await look("127.0.0.1", port, HOST, TRUSTED, 20.0)).answer is Contact.REFUSED
    assert (await look("no-such-host.invalid", 443, HOST, TRUSTED, 20.0)).answer is Contact.NO_HOST
    assert (await look("a" * 70 + ".example.com", 443, HOST, TRUSTED, 20.0)).answer is Contact.NO_HOST


@pytest.mark.parametrize("host", ["a" * 70 + ".example.com", "a..b", "a\0b", "a b", "\ud800", "-", "[::1"])
async def test_what_is_no_name_of_a_host_has_no_address(host: str) -> None:
    told = await look(host, 443, host, TRUSTED, 20.0)
    assert told.answer in (Contact.NO_HOST, Contact.NO_WAY)
    assert "\0" not in told.said


async def test_a_clouds_metadata_is_never_asked() -> None:
    told = await look("169.254.169.254", 443, HOST, TRUSTED, 20.0)
    assert told.answer is Contact.NOT_ASKED
    assert "metadata" in told.said


async def test_postgres_is_asked_for_tls_first() -> None:
    def serve(connection: socket.socket, offers: bytes) -> None:
        assert connection.recv(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
        connection.sendall(offers)
        if offers == b"S":
            tls(server_context(LEAF))(connection)

    with listening(lambda connection: serve(connection, b"S")) as port:
        told = await look("127.0.0.1", port, HOST, TRUSTED, 20.0, speaks="postgres")
    assert told.chain[0].serial == LEAF.serial
    with listening(lambda connection: serve(connection, b"N")) as port:
        told = await look("127.0.0.1", port, HOST, TRUSTED, 20.0, speaks="postgres")
    assert (told.answer, told.said) == (Contact.NOT_TLS, "PostgreSQL offers no TLS there")


def test_anchors_that_hold_no_certificate_are_refused() -> None:
    with pytest.raises(ValueError, match="it holds no certificate in PEM"):
        Contexts(b"nothing").get()


@pytest.mark.parametrize(
    ("asked", "names", "so"),
    [
        ("shop.example.com", ("shop.example.com",), True),
        ("SHOP.example.com.", ("shop.example.com",), True),
        ("shop.example.com", ("*.example.com",), True),
        ("a.shop.example.com", ("*.example.com",), False),
        ("example.com", ("*.example.com",), False),
        ("example.com", ("*.com",), False),
        ("shop.example.com", ("sh*.example.com",), False),
        ("shop.example.com", (), False),
        ("192.0.2.7", ("192.0.2.7",), True),
        ("192.0.2.7", ("*.0.2.7",), False),
        ("[2001:DB8::1]", ("2001:db8::1",), True),
        ("bücher.example.com", ("xn--bcher-kva.example.com",), True),
    ],
)
def test_whom_a_certificate_speaks_for(asked: str, names: tuple[str, ...], so: bool) -> None:
    assert fits(asked, names) is so


@given(st.binary(max_size=300))
def test_whatever_a_server_says_is_a_named_state(answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    with listening(serve) as port:
        told = asyncio.run(look("127.0.0.1", port, HOST, TRUSTED, 20.0))
    assert told.answer in (Contact.NOT_TLS, Contact.RESET, Contact.HANDSHAKE)
