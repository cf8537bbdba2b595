"""Two hundred addresses of every bad sort, held against ``openssl s_client``; and a server that does not read its file again."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.issuing import DAY, Issued, issue, listening, server_context, tls
from tests.openssl import s_client, serials, verify_code
from tests.unit.playbook.certificates.kept import certificate
from tests.unit.playbook.making import REF, picture, pod, replica_set, running
from tests.unit.sources.usage.test_source import FakeBoard
from tests.waiting import soon, until
from tfdash.clock import SystemClock
from tfdash.judging.judge import judge_all
from tfdash.model.certificates import Contact, ServedCertificate, Trust
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.certificates.served import ID
from tfdash.sources.certificates.endpoint import Endpoint
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.certificates.source import CertificatesSource

pytestmark = [
    pytest.mark.platform,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:ssl.TLSVersion"),
]
EACH = 10
HOST = "shop.example.com"
ROOT = issue("a root", ca=True, ends=900 * DAY)
MIDDLE = issue("an intermediate", ROOT, ca=True, ends=800 * DAY)
IMPOSTOR = issue("no authority", ROOT, ends=800 * DAY)
STRANGER = issue("another root", ca=True, ends=800 * DAY)
# it tells the last of several words, we the first of the lowest; dates are the rule's; another version has another word for one that may not sign
_ALIKE = {0: {0, 9, 10}, 20: {20, 21}, 79: {24, 26, 79}}
Serve = Callable[[socket.socket], None]


class Sort(NamedTuple):
    """``make`` gives what serves one; None: nobody listens. What is expected of it: the contact, whether it is trusted, the level."""

    make: Callable[[], Serve | None]
    contact: Contact
    trust: Trust = Trust.SURE
    level: Level = Level.OK
    version: str = ""  # s_client needs to be told


def plain(
    change: Callable[[ssl.SSLContext], None] | None = None, *, weak: bool = False, **over: Any
) -> Callable[[], Serve]:
    def make() -> Serve:
        given: dict[str, Any] = {"by": MIDDLE, "names": (HOST,)} | over
        made = server_context(issue(HOST, given.pop("by"), **given), weak=weak)
        if change is not None:
            change(made)
        return tls(made)

    return make


def served(issued: Callable[[], Issued]) -> Callable[[], Serve]:
    return lambda: tls(server_context(issued()))


def only(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext], None]:
    def change(made: ssl.SSLContext) -> None:
        made.minimum_version = made.maximum_version = version

    return change


def wants_ours(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext], None]:
    def change(made: ssl.SSLContext) -> None:
        only(version)(made)
        made.verify_mode = ssl.CERT_REQUIRED

    return change


def says(words: bytes, *, first: bool = False) -> Callable[[], Serve]:
    def serve(connection: socket.socket) -> None:
        if not first:
            connection.recv(4096)
        connection.sendall(words)
        connection.recv(4096)

    return lambda: serve


def _resets(connection: socket.socket) -> None:
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _is_silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


SORTS: dict[str, Sort] = {
    "good": Sort(plain(), Contact.SERVED),
    "TLS 1.2": Sort(plain(only(ssl.TLSVersion.TLSv1_2)), Contact.SERVED),
    "wrong name": Sort(plain(names=("other.example.com",)), Contact.SERVED, level=Level.WARN),
    "no name": Sort(plain(names=()), Contact.SERVED, level=Level.WARN),
    "ended": Sort(plain(begins=-20 * DAY, ends=-DAY), Contact.SERVED, level=Level.BREACH),
    "not begun": Sort(plain(begins=DAY), Contact.SERVED, level=Level.BREACH),
    "self-signed": Sort(plain(by=None), Contact.SERVED, Trust.SELF_SIGNED, Level.WARN),
    "incomplete": Sort(
        served(lambda: issue(HOST, MIDDLE, names=(HOST,))._replace(chain=())),
        Contact.SERVED,
        Trust.INCOMPLETE,
        Level.WARN,
    ),
    "unknown root": Sort(
        served(lambda: issue(HOST, STRANGER, names=(HOST,))._replace(chain=(STRANGER.certificate,))),
        Contact.SERVED,
        Trust.UNKNOWN_ROOT,
        Level.WARN,
    ),
    "no authority": Sort(
        served(lambda: issue(HOST, IMPOSTOR, names=(HOST,))._replace(chain=(IMPOSTOR.certificate,))),
        Contact.SERVED,
        Trust.NO_CA,
        Level.WARN,
    ),
    "weak key": Sort(
        plain(weak=True, key=rsa.generate_private_key(65537, 1024)), Contact.SERVED, Trust.WEAK, Level.WARN
    ),
    "TLS 1.0": Sort(
        plain(only(ssl.TLSVersion.TLSv1), weak=True), Contact.SERVED, level=Level.WARN, version="-tls1"
    ),
    "TLS 1.1": Sort(
        plain(only(ssl.TLSVersion.TLSv1_1), weak=True), Contact.SERVED, level=Level.WARN, version="-tls1_1"
    ),
    "wants ours, TLS 1.2": Sort(plain(wants_ours(ssl.TLSVersion.TLSv1_2)), Contact.SERVED),
    "wants ours, TLS 1.3": Sort(plain(wants_ours(ssl.TLSVersion.TLSv1_3)), Contact.SERVED),
    "nobody": Sort(lambda: None, Contact.REFUSED, level=Level.UNKNOWN),
    "HTTP": Sort(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Contact.NOT_TLS, level=Level.WARN),
    "SSH": Sort(says(b"SSH-2.0-OpenSSH_9.2\r\n", first=True), Contact.NOT_TLS, level=Level.WARN),
    "resets": Sort(lambda: _resets, Contact.RESET, level=Level.UNKNOWN),
    "silent": Sort(lambda: _is_silent, Contact.TIMEOUT, level=Level.UNKNOWN),
}


def an_endpoint(name: str, port: int) -> Endpoint:
    return Endpoint(REF, name, "127.0.0.1", port, HOST, lambda: ROOT.own_pem)


@pytest.fixture(scope="module")
def there() -> Iterator[dict[str, Endpoint]]:
    found = {}
    with ExitStack() as stack:
        for sort, told in SORTS.items():
            for number in range(EACH):
                serve = told.make()
                if serve is None:
                    held = stack.enter_context(socket.socket())  # nobody listens, and nobody else is given it
                    held.bind(("127.0.0.1", 0))
                    port = held.getsockname()[1]
                else:
                    port = stack.enter_context(listening(serve))
                name = f"{sort} {number}"
                found[name] = an_endpoint(name, port)
        yield found


async def looked(source: CertificatesSource) -> dict[str, ServedCertificate]:
    board = FakeBoard()
    task = asyncio.create_task(source.run(board))
    await soon(lambda: board.said, "each was looked at")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    value = board.picture.clusters[REF].kinds[ServedCertificate.KIND].value or {}
    return {key.name: one for key, one in value.items() if isinstance(one, ServedCertificate)}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_two_hundred_addresses_are_what_openssl_says(
    there: dict[str, Endpoint], tmp_path: Path
) -> None:
    settings = CertificatesSettings(timeout=8.0, at_once=16)
    seen = await looked(CertificatesSource((REF,), lambda: there.values(), settings, SystemClock()))
    assert len(seen) == len(there) == 200
    authorities = tmp_path / "root.pem"
    authorities.write_bytes(ROOT.own_pem)
    now = SystemClock().now()
    verdicts = {
        v.subject.name: v
        for several in judge_all(picture(*seen.values()), now).verdicts.values()
        for v in several
        if v.rule == ID
    }
    wrong = []
    for name, endpoint in there.items():
        told, one, verdict = SORTS[name.rpartition(" ")[0]], seen[name], verdicts[name]
        printed = s_client(endpoint.port, HOST, authorities, told.version, 30.0 if one.chain else 2.0)
        if (one.answer, one.trust, verdict.level) != (told.contact, told.trust, told.level):
            wrong.append(f"{name}: {one.answer}, {one.trust}, {verdict.sentence}")
        if [c.serial for c in one.chain] != serials(printed):
            wrong.append(f"{name}: {[c.serial for c in one.chain]} and not {serials(printed)}")
        if one.chain and not told.version:  # an old one is looked at with what is weak allowed
            code = verify_code(printed)
            if code not in _ALIKE.get(one.code, {one.code}):
                wrong.append(f"{name}: code {one.code} and not {code}")
        spoken = re.search(r"(?:New|Reused), (TLSv1[.\d]*)", printed)
        if one.chain and spoken is not None and not told.version and one.protocol != spoken[1]:
            wrong.append(f"{name}: {one.protocol} and not {spoken[1]}")
    assert not wrong


_SERVER = """
import socket, ssl, sys
made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
made.load_cert_chain(sys.argv[1])
with socket.create_server(("127.0.0.1", int(sys.argv[2]))) as listener:
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        try:
            with made.wrap_socket(connection, server_side=True) as spoken:
                spoken.recv(1)
        except OSError:
            pass
"""


class Server:
    """A process that reads its file when it starts, and never again."""

    def __init__(self, file: Path) -> None:
        self.file, self.port = file, 0
        self.start()

    def start(self) -> None:
        argv = [sys.executable, "-c", _SERVER, str(self.file), str(self.port)]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


async def test_what_was_renewed_and_is_served_old_is_found_until_the_restart(tmp_path: Path) -> None:
    file = tmp_path / "tls.pem"

    def keep(issued: Issued) -> None:
        file.write_bytes(issued.pem + issued.key_pem)

    old = issue(HOST, MIDDLE, names=(HOST,), begins=-60 * DAY, ends=30 * DAY)
    keep(old)
    server = Server(file)
    try:
        now = SystemClock().now()
        keep(new := issue(HOST, MIDDLE, names=(HOST,), begins=-DAY, ends=89 * DAY))
        began, ends = (
            moment.timestamp()
            for moment in (new.certificate.not_valid_before_utc, new.certificate.not_valid_after_utc)
        )
        kept = certificate(names=(HOST,), not_before=began, not_after=ends, renewal=ends - 30 * DAY)

        async def judged(since: float) -> Verdict:
            source = CertificatesSource(
                (REF,),
                lambda: [an_endpoint("shop", server.port)],
                CertificatesSettings(timeout=20.0),
                SystemClock(),
            )
            seen = await looked(source)
            mounts = pod("p", msgspec.structs.replace(running(), since=since), secrets=("shop-tls",))
            told = judge_all(picture(seen["shop"], kept, mounts, replica_set()), now).verdicts
            return told[Subject(REF, ServedCertificate.KIND, "", "shop")][0]

        before = await judged(now - 50 * DAY)
        assert before.level is Level.WARN
        assert (
            "restart Deployment a/checkout, which mounts its Secret and runs since before" in before.sentence
        )
        server.stop()
        server.start()
        until(lambda: server.process.poll() is None, "it runs again")
        after = await judged(now)
        assert after.level is Level.OK, after.sentence
    finally:
        server.stop()
