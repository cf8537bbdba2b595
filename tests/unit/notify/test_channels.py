"""Commands and the services of apprise as channels: real processes, and a real server for the address that apprise is given."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.notify.hook import CLOSE, HANG, Hook, answer, hook
from tfdash.notify.channel import Arrival, Outgoing, SendResult
from tfdash.notify.lacking import NO_APPRISE, lacks
from tfdash.notify.settings import ChannelSettings
from tfdash.sources.kubernetes.credentials import read_secret
from tfdash.writers.notify.apprise_channel import AppriseChannel
from tfdash.writers.notify.command import CommandChannel

OUT = Outgoing(
    key="r1.s1.1", template="waits", subject="-rf $(reboot) `x`", body="line 1\nline 2", environment="p"
)
D, N, R, U = Arrival.DELIVERED, Arrival.NOT_SENT, Arrival.REFUSED, Arrival.UNKNOWN


async def run(*command: str, timeout: float = 20.0) -> SendResult:
    return await CommandChannel(ChannelSettings(kind="command", command=command, timeout=timeout)).send(OUT)


async def test_a_command_gets_whole_words_and_the_body(tmp_path: Path) -> None:
    script = tmp_path / "told.py"
    script.write_text(
        f"import sys; open({str(tmp_path / 'got')!r}, 'w').write(repr(sys.argv[1:]) + sys.stdin.read())"
    )
    said = await run(sys.executable, str(script), "-s", "{subject}", "to-{environment}", "{key}")
    assert said.arrival is D
    words = ["-s", " -rf $(reboot) `x`", "to-p", "r1.s1.1"]  # no word begins with "-" that did not before
    assert (tmp_path / "got").read_text() == f"{words!r}line 1\nline 2\n"


@pytest.mark.parametrize(
    ("command", "arrival", "words"),
    [
        (("false",), N, "ended with 1"),
        (("sh", "-c", "echo no such list >&2; exit 67"), N, "no such list"),
        (("sh", "-c", "kill -9 $$"), U, "SIGKILL"),
        (("no-such-program-here",), N, "not installed"),
    ],
)
async def test_what_a_command_came_to(command: tuple[str, ...], arrival: Arrival, words: str) -> None:
    said = await run(*command)
    assert said.arrival is arrival and words in said.sentence


async def test_a_command_that_does_not_end_may_have_told() -> None:
    assert (await run("sleep", "600", timeout=1.0)).arrival is U


# -- apprise ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def there() -> Iterator[Hook]:
    with hook() as made:
        yield made


async def by_apprise(monkeypatch: pytest.MonkeyPatch, url: str, timeout: float = 5.0) -> SendResult:
    pytest.importorskip("apprise")
    monkeypatch.setenv("SERVICE", url)
    settings = ChannelSettings(kind="apprise", url="env:SERVICE", timeout=timeout)
    return await AppriseChannel(settings, read_secret).send(OUT)


def of(there: Hook, more: str = "") -> str:
    """A service of apprise that posts JSON to an address."""
    return f"{there.url.replace('http://', 'json://')}{more}"


async def test_apprise_tells(there: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    said = await by_apprise(monkeypatch, of(there))
    assert said.arrival is D and len(there.got) == 1
    assert (there.got[0]["title"], there.got[0]["message"]) == (OUT.subject, OUT.body)


@pytest.mark.parametrize(
    ("answered", "arrival", "wait"),
    [
        (answer(429, "", "Retry-After: 77"), N, 77.0),
        (answer(500), N, 0.0),
        (answer(403), R, 0.0),
        (answer(502), U, 0.0),
        (CLOSE, U, 0.0),
        (HANG, U, 0.0),
        ("HTTP nonsense\r\n\r\n", U, 0.0),
    ],
)
async def test_what_apprise_does_not_say_is_seen_beneath_it(
    there: Hook, monkeypatch: pytest.MonkeyPatch, answered: str, arrival: Arrival, wait: float
) -> None:
    there.say(answered)
    said = await by_apprise(monkeypatch, of(there, "?retry=5&wait=1"), timeout=2.0)
    assert (said.arrival, said.wait) == (arrival, wait)
    assert len(there.got) == 1  # an address cannot have it told again behind our back
    assert "T0AbCdEf99" not in said.sentence


async def test_where_nothing_listens_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await by_apprise(monkeypatch, "json://127.0.0.1:9/x")).arrival is N
    assert (
        await by_apprise(
            monkeypatch, "mailto://127.0.0.1:9/?from=a@example.com&to=b@example.com&mode=insecure"
        )
    ).arrival is N


async def test_an_address_that_is_none_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    said = await by_apprise(monkeypatch, "nosuch://s3cr3tsecret")
    assert said.arrival is R and "s3cr3t" not in said.sentence


@pytest.mark.parametrize(("last", "arrival"), [(b"250 taken\r\n", D), (b"554 refused\r\n", N), (b"", U)])
async def test_a_mail_is_told_once_its_server_took_it(
    monkeypatch: pytest.MonkeyPatch, last: bytes, arrival: Arrival
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=mail, args=(server, last), daemon=True).start()
        address = f"mailto://127.0.0.1:{port}/?from=a@example.com&to=b@example.com&mode=insecure"
        assert (await by_apprise(monkeypatch, address)).arrival is arrival


def mail(server: socket.socket, last: bytes) -> None:
    """As much of RFC 5321 as one mail needs; ``last``: the answer to its text, nothing: the connection is closed."""
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as lines:
        connection.sendall(b"220 here\r\n")
        for line in lines:
            verb = line[:4].upper()
            if verb == b"DATA":
                connection.sendall(b"354 go on\r\n")
                while lines.readline() != b".\r\n":
                    pass
                if not last:
                    return
                connection.sendall(last)
            elif verb == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"250 yes\r\n")


async def test_without_the_extra_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfdash.writers.notify.apprise_channel.find_spec", lambda name: None)
    monkeypatch.setattr("tfdash.notify.lacking.find_spec", lambda name: None)
    settings = ChannelSettings(kind="apprise", url="env:SERVICE")
    said = await AppriseChannel(settings, read_secret).send(OUT)
    assert (said.arrival, said.sentence) == (N, NO_APPRISE)
    assert lacks(settings, read_secret) == NO_APPRISE


def test_what_a_channel_lacks_is_known_without_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THERE", "http://x/y")
    assert lacks(ChannelSettings(kind="command", command=("sh",)), read_secret) == ""
    assert "nosuch is not installed" in lacks(
        ChannelSettings(kind="command", command=("nosuch",)), read_secret
    )
    assert lacks(ChannelSettings(url="env:THERE"), read_secret) == ""
    assert "NOT_THERE is not set" in lacks(ChannelSettings(url="env:NOT_THERE"), read_secret)
