"""One look at what an address serves: a TLS handshake that takes any chain and sends nothing after it.

What OpenSSL has against the chain is noted, never required (``SSL_CTX_set_verify`` with a callback that goes on). The standard library
cannot do that: until Python 3.13 it has the chain in a private method alone (``_sslobj.get_unverified_chain``), and it never tells what a handshake
without verification would have been refused for. pyOpenSSL has both in its public API, and an OpenSSL that no system-wide setting restricts.

An old server refuses an ordinary client: a second look then allows TLS 1.0, weak keys and digests (``@SECLEVEL=0``) and renegotiation without
RFC 5746. Nothing is told to such a server and nothing believed; that it needed this is what is found.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

from OpenSSL import SSL, crypto

from tfdash.connecting import no_way
from tfdash.model.certificates import CertificateFacts, Contact, Trust
from tfdash.sources.certificates import x509
from tfdash.sources.journeys.address import AddressRefused, pin
from tfdash.text import safe

_PIECE = 65_536
_MOST = 1_000_000  # bytes of one handshake
_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT
_ASK_POSTGRES = struct.pack("!ii", 8, 80877103)  # SSLRequest of its protocol
_PARTIAL_CHAIN = (
    0x80000  # X509_V_FLAG_PARTIAL_CHAIN: what is trusted may be an intermediate, as for Go and Python
)
_DATES = frozenset({9, 10, 11, 12, 13, 14})  # X509_V_ERR_CERT_NOT_YET_VALID and its kin
# X509_V_ERR_..., as in OpenSSL's x509_vfy.h
_TRUST = {
    18: Trust.SELF_SIGNED,
    19: Trust.UNKNOWN_ROOT,
    2: Trust.INCOMPLETE,
    20: Trust.INCOMPLETE,
    21: Trust.INCOMPLETE,
    7: Trust.NO_SIGNATURE,
    24: Trust.NO_CA,
    79: Trust.NO_CA,
    26: Trust.WRONG_PURPOSE,
    66: Trust.WEAK,
    67: Trust.WEAK,
    68: Trust.WEAK,
}
_NOT_TLS = re.compile(
    r"wrong version number|http request|https proxy request|packet length too long|record too small|unexpected message|bad record type"
    r"|unsupported record"
)
_OLD = frozenset({"TLSv1", "TLSv1.1"})
_PLAIN = re.compile(r"[a-z0-9.-]+")


class Handshake(NamedTuple):
    """What came of one look. ``said``: words of the failure, safe to show. ``beside``: as ``ServedCertificate`` has it."""

    answer: Contact
    said: str = ""
    chain: tuple[CertificateFacts, ...] = ()
    protocol: str = ""
    lowered: bool = False
    trust: Trust = Trust.SURE
    code: int = 0
    beside: tuple[str, ...] = ()


class _Refused(Exception):
    """The handshake failed: ``answer`` and its words."""

    def __init__(self, answer: Contact, said: str = "") -> None:
        super().__init__(said)
        self.answer, self.said = answer, said


def context(anchors: bytes | None, *, lowered: bool = False) -> SSL.Context:
    """For any number of looks. ``anchors``: PEM of who is trusted, None: whom the system trusts (20 ms). Raises ``ValueError``."""
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    made.set_verify(SSL.VERIFY_PEER, _note)
    if anchors is None:
        made.set_default_verify_paths()
    else:
        store = made.get_cert_store()
        assert store is not None
        store.set_flags(_PARTIAL_CHAIN)
        for der in x509.ders_of(anchors):
            store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, der))
    if lowered:
        made.set_min_proto_version(SSL.TLS1_VERSION)
        made.set_cipher_list(b"ALL:@SECLEVEL=0")
        made.set_options(_LEGACY_SERVER_CONNECT)
    return made


def _note(connection: SSL.Connection, _: crypto.X509, code: int, depth: int, fine: int) -> bool:
    if not fine and code not in _DATES:
        noted: list[tuple[int, int]] = connection.get_app_data()
        noted.append((depth, code))
    return True


class Contexts:
    """Those of one set of anchors (PEM; None: the system's), made when first needed. ``get`` raises ``ValueError`` where nothing of them can be
    read."""

    def __init__(self, anchors: bytes | None = None) -> None:
        self._anchors = anchors
        self._made: dict[bool, SSL.Context] = {}

    def get(self, *, lowered: bool = False) -> SSL.Context:
        if lowered not in self._made:
            self._made[lowered] = context(self._anchors, lowered=lowered)
        return self._made[lowered]


async def look(
    host: str,
    port: int,
    name: str,
    contexts: Contexts,
    timeout: float,
    *,
    speaks: str = "tls",
    old: bool = False,
) -> Handshake:
    """What is served there, each handshake within ``timeout`` seconds. ``name``: what is asked for by SNI, none where it is an address.
    ``speaks`` "postgres": its own request for TLS comes first. ``old``: it needed the second look before, so that it comes first now. Raises
    nothing but ``ValueError``, as ``Contexts`` has it."""
    if old:
        found = await _look(host, port, name, contexts.get(lowered=True), timeout, speaks)
        if found.answer is not Contact.SERVED or found.protocol in _OLD:
            return found._replace(lowered=True)
    ordinary = await _look(host, port, name, contexts.get(), timeout, speaks)
    if ordinary.answer is not Contact.HANDSHAKE:
        return ordinary
    if not old:
        found = await _look(host, port, name, contexts.get(lowered=True), timeout, speaks)
    return found._replace(lowered=True) if found.answer is Contact.SERVED else ordinary


async def _look(host: str, port: int, name: str, made: SSL.Context, timeout: float, speaks: str) -> Handshake:
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(await pin(host, port), port)
            try:
                return await _shake(reader, writer, name, made, speaks)
            finally:
                writer.transport.abort()  # no wait for a peer that may be silent
    except TimeoutError:
        return Handshake(Contact.TIMEOUT)
    except AddressRefused as error:
        return Handshake(Contact.NOT_ASKED, safe(str(error)))
    except _Refused as error:
        return Handshake(error.answer, error.said)
    except (OSError, ValueError) as error:
        return _not_connected(error, host)


def _not_connected(error: Exception, host: str) -> Handshake:
    if isinstance(error, ValueError):  # no label may be empty or longer than 63, and no name has a zero in it
        return Handshake(Contact.NO_HOST, "it is no name of a host")
    if isinstance(error, ConnectionRefusedError):
        return Handshake(Contact.REFUSED)
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return Handshake(Contact.RESET)
    way = no_way(error, safe(host))
    return Handshake(Contact.NO_HOST if way.unknown else Contact.NO_WAY, way or safe(str(error)))


async def _shake(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str, made: SSL.Context, speaks: str
) -> Handshake:
    if speaks == "postgres":
        writer.write(_ASK_POSTGRES)
        if await reader.read(1) != b"S":
            raise _Refused(Contact.NOT_TLS, "PostgreSQL offers no TLS there")
    connection = SSL.Connection(made, None)
    noted: list[tuple[int, int]] = []
    connection.set_app_data(noted)
    connection.set_connect_state()
    if sent := sni_of(name):
        connection.set_tlsext_host_name(sent)
    failure: _Refused | None = None
    try:
        await _exchange(reader, writer, connection)
    except _Refused as error:  # one that wants to see our certificate may have shown its own
        failure = error
    sent_chain = connection.get_peer_cert_chain()
    if not sent_chain:
        raise failure or _Refused(Contact.UNREADABLE, "it shows none")
    chain = _facts(sent_chain)
    noted.sort(key=lambda word: word[0])
    code = noted[0][1] if noted else 0
    trust = _TRUST.get(code, Trust.OTHER) if code else Trust.SURE
    needed = _facts(connection.get_verified_chain() or ()) if trust is Trust.SURE else chain
    beside = {c.fingerprint for c in chain} - {c.fingerprint for c in needed} if needed else ()
    return Handshake(
        Contact.SERVED,
        chain=chain,
        protocol=connection.get_protocol_version_name(),
        trust=trust,
        code=code,
        beside=tuple(sorted(beside)),
    )


def sni_of(name: str) -> bytes:
    """As it is sent: no address, and nothing that is no name (RFC 6066)."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        ascii_name = plain(name)
        return ascii_name.encode() if _PLAIN.fullmatch(ascii_name) else b""
    return b""


def plain(name: str) -> str:
    """A host's name as certificates have it: lower case, without a dot at its end, with Punycode for what is beyond ASCII."""
    name = name.rstrip(".")
    try:
        return name.lower() if name.isascii() else name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return name.lower()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: SSL.Connection
) -> None:
    came = 0
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            pass
        except SSL.Error as error:
            await _flush(writer, connection)  # our own alert, so that they know why
            raise _words(error) from None
        else:
            await _flush(writer, connection)
            return
        await _flush(writer, connection)
        try:
            piece = await reader.read(_PIECE)
        except ConnectionError:
            piece = b""
        came += len(piece)
        if not piece:
            raise _Refused(Contact.RESET, "" if came else "it ends the connection before it says anything")
        if came > _MOST:
            raise _Refused(Contact.NOT_TLS, "it sends without end")
        connection.bio_write(piece)


async def _flush(writer: asyncio.StreamWriter, connection: SSL.Connection) -> None:
    while True:
        try:
            writer.write(connection.bio_read(_PIECE))
        except SSL.Error:  # nothing more to be sent
            return


def _words(error: SSL.Error) -> _Refused:
    stack: Any = error.args[0] if error.args else ()
    reasons = [str(entry[-1]) for entry in stack if entry] if isinstance(stack, Sequence) else []
    said = safe(reasons[0] if reasons else type(error).__name__)
    return _Refused(Contact.NOT_TLS if _NOT_TLS.search(said) else Contact.HANDSHAKE, said)


def _facts(chain: Sequence[crypto.X509]) -> tuple[CertificateFacts, ...]:
    """Its own certificate first. Of the rest, what cannot be read is left out: OpenSSL has judged it."""
    found = []
    for place, one in enumerate(chain):
        try:
            found.append(x509.facts_of(crypto.dump_certificate(crypto.FILETYPE_ASN1, one)))
        except (x509.NoCertificate, crypto.Error) as error:
            if place == 0:
                said = str(error) if isinstance(error, x509.NoCertificate) else ""
                raise _Refused(Contact.UNREADABLE, said) from None
    return tuple(found)


def fits(asked: str, names: Sequence[str]) -> bool:
    """Whether a certificate with these names speaks for ``asked`` (RFC 9525): an address as it is, a name letter by letter; a star stands for
    the whole of the first label and for no other."""
    try:
        address = ipaddress.ip_address(asked.strip("[]"))
    except ValueError:
        wanted = plain(asked)
        _, _, behind = wanted.partition(".")
        return wanted in names or bool("." in behind and f"*.{behind}" in names)
    return str(address) in names
