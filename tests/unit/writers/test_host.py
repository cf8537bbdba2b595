"""Commands of another machine by ssh: begun there once for a key, going on though the connection is lost, and found again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.writers.ssh_server import SSHD, SshServer, serving
from tests.waiting import soon
from tfdash.actions.core.protocols import NotSent, OutcomeUnknown
from tfdash.playbook.procedures.settings import HostSettings
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.writers.places.host import HostPlace
from tfdash.writers.places.names import name_of

pytestmark = pytest.mark.skipif(SSHD is None, reason="there is no sshd on this machine")
KEY = "recovery-1.flush.1"


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with serving(tmp_path_factory.mktemp("ssh")) as found:
        yield found


@pytest.fixture
def server(sshd: SshServer) -> Iterator[SshServer]:
    """As if nothing had ever run there."""
    yield sshd
    if sshd.sshd is None:
        sshd.start()
    sshd.know()
    for name in ("broken", "lingers", "state"):
        (sshd.units / name).unlink(missing_ok=True)


@pytest.fixture
def place(server: SshServer) -> HostPlace:
    return host_of(server)


def host_of(server: SshServer, **over: object) -> HostPlace:
    given = {"address": server.address, "options": server.words, "patience": 20.0, **over}
    return HostPlace("db-1", HostSettings(**given))  # type: ignore[arg-type]


def sh(script: str, *words: str, key: str = KEY, timeout: float = 0.0) -> Work:
    return Work(key=key, argv=("sh", "-c", script, "sh", *words), timeout=timeout)


async def ended(place: HostPlace, work: Work) -> WorkSeen:
    async def there() -> WorkSeen | None:
        seen = await place.look(work)
        return seen if seen.state is WorkState.ENDED else None

    found = await soon(there, "its end", every=0.1)
    assert found is not None
    return found


async def test_it_runs_there_and_is_found_again(place: HostPlace, server: SshServer, tmp_path: Path) -> None:
    go = tmp_path / "go"
    work = sh(
        'echo "begun by $TFDASH_KEY"; until [ -e "$1" ]; do sleep 0.05; done; exit 3', str(go), key="a.b.1"
    )
    assert (await place.look(work)).state is WorkState.NOT_STARTED
    seen = await place.start(work)
    assert (seen.state, seen.sentence) == (WorkState.RUNNING, "it runs there, active")
    assert name_of("a.b.1") in seen.where and "systemctl status" in seen.line
    server.stop()  # and every connection with it
    lost = await host_of(server, patience=5.0).look(work)
    assert lost.state is WorkState.UNKNOWN and lost.good is None
    server.start()
    assert (await host_of(server).start(work)).state is WorkState.RUNNING  # the same
    go.touch()
    seen = await ended(host_of(server), work)
    assert (seen.good, seen.code, seen.sentence) == (False, 3, "it ended with 3")
    assert seen.output == "begun by a.b.1" and seen.started_at and seen.ended_at


async def test_asked_many_times_at_once_it_runs_once(place: HostPlace, tmp_path: Path) -> None:
    work = sh('echo x >> "$1"', str(tmp_path / "counter"), key="a.b.2")
    await asyncio.gather(*(place.start(work) for _ in range(4)))
    assert (await ended(place, work)).good
    await place.start(work)
    assert (tmp_path / "counter").read_text() == "x\n"


DOLLARS = ("$HOME", "${HOME}", "$NONE", "a${NONE}b", "$$", "$$HOME", "$1", "50$")


@pytest.mark.parametrize(
    "word", ["-rf", "a\nb", "$(id)", "'; exit 9 #", "", "@folder@x", "{x}", "a'\"b\\", *DOLLARS]
)
async def test_a_hostile_word_is_a_word(place: HostPlace, tmp_path: Path, word: str) -> None:
    out = tmp_path / "said"
    work = sh('printf %s "$2" > "$1"', str(out), word, key=f"a.hostile{word}.1")
    await place.start(work)
    assert (await ended(place, work)).good
    assert out.read_text() == word
    assert "\n" not in place.shown(work)


@pytest.mark.parametrize("word", ["a\0b", "x" * (1 << 20)])
async def test_what_no_shell_takes_was_not_begun(place: HostPlace, word: str) -> None:
    work = sh("true", word, key="a.b.3")
    with pytest.raises(NotSent):
        await place.start(work)
    assert (await place.look(work)).state is WorkState.NOT_STARTED


async def test_a_host_that_is_not_known_is_not_trusted(server: SshServer) -> None:
    server.know(False)
    work = sh("true", key="a.b.4")
    with pytest.raises(NotSent, match="db-1"):
        await host_of(server).start(work)
    seen = await host_of(server).look(work)
    assert seen.state is WorkState.UNKNOWN
    server.know()
    assert (await host_of(server).look(work)).state is WorkState.NOT_STARTED
    assert not (server.folder / "known").read_text().count("\n") > 1


async def test_where_nobody_listens_nothing_was_begun(server: SshServer) -> None:
    server.stop()
    with pytest.raises(NotSent, match="db-1"):
        await host_of(server).start(sh("true", key="a.b.5"))


async def test_where_systemd_does_not_take_it_it_may_be_tried_again(
    place: HostPlace, server: SshServer
) -> None:
    work = sh("true", key="a.b.6")
    (server.units / "broken").touch()
    with pytest.raises(NotSent, match="Failed to connect to bus"):
        await place.start(work)
    assert (await place.look(work)).state is WorkState.NOT_STARTED
    (server.units / "broken").unlink()
    await place.start(work)
    assert (await ended(place, work)).good


def cut_off(server: SshServer, path: Path, script: str) -> HostPlace:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return HostPlace("db-1", HostSettings(address=server.address, options=server.words), (str(path),))


async def test_a_connection_that_is_lost_while_it_begins_is_not_known_and_found_later(
    server: SshServer, tmp_path: Path
) -> None:
    counter = tmp_path / "counter"
    place = cut_off(server, tmp_path / "ssh", 'ssh "$@"; exit 255')
    work = sh('echo x >> "$1"', str(counter), key="a.b.7")
    with pytest.raises(OutcomeUnknown):
        await place.start(work)
    assert (await ended(host_of(server), work)).good
    assert (await host_of(server).start(work)).state is WorkState.ENDED
    assert counter.read_text() == "x\n"


async def test_where_our_word_did_not_arrive_it_was_not_begun_and_never_is_once_it_is_called_off(
    server: SshServer, tmp_path: Path
) -> None:
    counter = tmp_path / "counter"
    place = cut_off(server, tmp_path / "ssh", 'echo "tfdash: here"; read -r go; exit 255')
    work = sh('echo x >> "$1"', str(counter), key="a.b.13")
    with pytest.raises(OutcomeUnknown):
        await place.start(work)
    place = host_of(server)
    assert (await place.look(work)).state is WorkState.NOT_STARTED
    assert (await place.stop(work)).state is WorkState.NOT_STARTED
    await place.start(work)  # as the word that comes late
    assert (await place.look(work)).state is WorkState.NOT_STARTED
    assert not counter.exists()


async def test_where_the_other_side_was_never_there_it_was_not_begun(
    server: SshServer, tmp_path: Path
) -> None:
    place = cut_off(server, tmp_path / "ssh", "echo 'a log-in that says much'; exit 255")
    with pytest.raises(NotSent):
        await place.start(sh("true", key="a.b.14"))


async def test_it_is_stopped_and_what_is_called_off_never_begins(place: HostPlace, tmp_path: Path) -> None:
    work = sh("sleep 600", key="a.b.8")
    await place.start(work)
    seen = await place.stop(work)
    assert (seen.state, seen.good, seen.sentence) == (WorkState.ENDED, False, "it was stopped")
    counter = tmp_path / "counter"
    off = sh('echo x >> "$1"', str(counter), key="a.b.9")
    assert (await place.stop(off)).state is WorkState.NOT_STARTED
    assert (await place.start(off)).state is WorkState.NOT_STARTED
    assert not counter.exists()


async def test_it_is_ended_when_its_time_is_over(place: HostPlace) -> None:
    work = sh("sleep 600", key="a.b.10", timeout=1.0)
    await place.start(work)
    seen = await ended(place, work)
    assert (seen.good, seen.code) == (False, 124) and "took too long" in seen.sentence


async def test_what_has_ended_is_as_it_ended_whoever_stops_it(place: HostPlace) -> None:
    work = sh("true", key="a.b.15")
    await place.start(work)
    await ended(place, work)
    seen = await place.stop(work)
    assert (seen.state, seen.good) == (WorkState.ENDED, True)


async def test_what_was_killed_there_is_not_known(place: HostPlace, server: SshServer) -> None:
    """As by a power cut: nobody wrote down how it ended."""
    work = sh("sleep 600", key="a.b.11")
    await place.start(work)
    pid = int((server.units / f"{name_of('a.b.11')}.service" / "pid").read_text())
    os.killpg(pid, signal.SIGKILL)

    async def gone() -> bool:
        return (await place.look(work)).state is not WorkState.RUNNING

    await soon(gone, "its end", every=0.1)
    assert (await place.look(work)).state is WorkState.UNKNOWN
    assert (await place.start(work)).state is WorkState.UNKNOWN  # and is not begun again


async def test_where_nothing_can_be_written_there_nothing_is_begun(server: SshServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = host_of(server, folder=str(tmp_path / "file" / "work"))
    with pytest.raises(NotSent, match="nothing can be written down there"):
        await place.start(sh("true", key="a.b.12"))


# What people have in ~/.ssh/config for their own sessions, and what of it stops a command that is run beside one. "@busy@" is a port
# that is taken, as by a session of theirs; "@sock@" is a path of their own.
THEIRS = {
    "a forwarding whose port is taken": "LocalForward 127.0.0.1:@busy@ localhost:1\nExitOnForwardFailure yes\n",
    "one from there": "RemoteForward 127.0.0.1:@busy@ localhost:1\nExitOnForwardFailure yes\n",
    "a dynamic one": "DynamicForward 127.0.0.1:@busy@\nExitOnForwardFailure yes\n",
    "a command of theirs": "RemoteCommand tmux new -A -s work\nRequestTTY force\n",
    "a connection that stays": "ControlMaster auto\nControlPath @sock@\nControlPersist 60\n",
    "one that stays, and says much": "ControlMaster auto\nControlPath @sock@\nControlPersist 60\nLogLevel DEBUG\n",
    "a master that is gone": "ControlMaster auto\nControlPath @sock@-gone\n",
}


@pytest.mark.parametrize("theirs", THEIRS)
async def test_what_people_configure_for_their_sessions_stops_no_command(
    server: SshServer, tmp_path: Path, theirs: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        lines = THEIRS[theirs].replace("@busy@", str(busy.getsockname()[1]))
        with (server.folder / "ssh_config").open("a") as file:
            file.write(lines.replace("@sock@", str(tmp_path / "s")))
        (tmp_path / "s-gone").write_text("")  # what a master left that was killed
        place = host_of(server)
        work = sh("echo done", key=f"a.theirs {theirs}.1")
        await place.start(work)
        seen = await ended(place, work)
        assert (seen.good, seen.output) == (True, "done")
        assert not (tmp_path / "s").exists()  # no connection of ours stays behind


async def test_a_host_whose_key_changed_is_not_trusted_and_that_is_said(server: SshServer) -> None:
    known = (
        f"[127.0.0.1]:{server.port} {(server.folder / 'user.pub').read_text()}"  # another key than the host's
    )
    (server.folder / "known").write_text(known)
    work = sh("true", key="a.changed.1")
    with pytest.raises(NotSent, match="Host key verification failed"):
        await host_of(server).start(work)
    assert (server.folder / "known").read_text() == known


async def test_a_user_whose_manager_ends_with_the_log_in_runs_nothing(server: SshServer) -> None:
    """Else it is killed some seconds after we are gone, and nobody knows how it ended."""
    place = host_of(server, user_manager=True)
    work = sh("true", key="a.lingers.1")
    (server.units / "lingers").write_text("no")
    with pytest.raises(NotSent, match="loginctl enable-linger"):
        await place.start(work)
    assert (await place.look(work)).state is WorkState.NOT_STARTED
    (server.units / "lingers").write_text("yes")
    await place.start(work)
    assert (await ended(place, work)).good
    (server.units / "lingers").write_text("no")  # of the whole machine's manager nobody asks that
    await host_of(server).start(sh("true", key="a.lingers.2"))


# org.freedesktop.systemd1(5): ActiveState. Nothing was written down of its end
STATES = {
    **dict.fromkeys(
        ("active", "reloading", "refreshing", "activating", "deactivating", "maintenance"), "it runs there"
    ),
    **dict.fromkeys(("inactive", "failed"), "how it ended was not written down"),
    "": "its systemd does not answer",
}


@pytest.mark.parametrize("state", STATES)
async def test_each_state_of_a_unit_is_read(server: SshServer, place: HostPlace, state: str) -> None:
    work = sh("sleep 600", key=f"a.state {state}.1")
    await place.start(work)

    async def runs() -> bool:
        return "it runs there" in (await place.look(work)).sentence

    await soon(runs, "it to run there", every=0.1)
    (server.units / "state").write_text(state)
    seen = await place.look(work)
    assert STATES[state] in seen.sentence
    assert seen.state is (WorkState.RUNNING if "runs" in STATES[state] else WorkState.UNKNOWN)
    (server.units / "state").unlink()
    await place.stop(work)
