"""Credentials: tokens that are read again, plug-ins that are run, and what is said when a person is needed."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tfdash.sources.kubernetes.credentials import Credentials, ask_commands_again, read_header, read_secret
from tfdash.sources.kubernetes.kubeconfig import Access, ExecPlugin
from tfdash.sources.kubernetes.login import DidNotEnd, LoginNeeded, WaitsForPerson
from tfdash.sources.kubernetes.transport import problem_of


def plugin(path: Path, script: str, **fields: object) -> Credentials:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Credentials(Access(server="https://h", plugin=ExecPlugin(command=str(path), **fields)))


def credential(**status: str) -> str:
    return json.dumps({"kind": "ExecCredential", "status": status})


def test_a_token_file_is_read_again_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one\n")
    credentials = Credentials(Access(server="https://h", token_file=str(file)))
    assert credentials.authorization() == "Bearer one"
    file.write_text("two\n")
    assert credentials.authorization() == "Bearer one"
    assert credentials.authorization(renew=True) == "Bearer two"


def test_a_plug_in_is_run_once_until_it_expires(tmp_path: Path) -> None:
    count = tmp_path / "count"
    credentials = plugin(tmp_path / "p", f"echo x >> {count}; echo '{credential(token='t')}'")
    assert [credentials.authorization() for _ in range(3)] == ["Bearer t"] * 3
    assert count.read_text() == "x\n"
    credentials._valid_until = 0.0
    credentials.authorization()
    assert count.read_text() == "x\n" * 2


@pytest.mark.parametrize("expires", ["2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_what_is_over_as_it_is_printed_is_used_until_the_server_refuses_it(
    tmp_path: Path, expires: str
) -> None:
    """A clock that is wrong, or a plug-in that prints an old one, would have it run for every request."""
    credentials, clock, runs = counted(
        tmp_path, f"echo '{credential(token='t', expirationTimestamp=expires)}'"
    )
    assert [credentials.authorization() for _ in range(20)] == ["Bearer t"] * 20
    assert runs() == 1
    clock.now += 10.0
    assert credentials.authorization(renew=True) == "Bearer t"
    assert runs() == 2


@pytest.mark.parametrize("status", ['{"token": ["secret-abc"]}', '{"token": {"a": "secret-abc"}}', "[]"])
def test_what_is_no_credential_is_not_repeated(tmp_path: Path, status: str) -> None:
    printed = plugin(tmp_path / "p", f"echo '{{\"status\": {status}}}'")
    with pytest.raises(LoginNeeded, match="did not print an ExecCredential") as told:
        printed.authorization()
    assert "secret-abc" not in str(told.value)


def test_a_plug_in_gets_the_cluster_it_asked_for(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = f"printf %s \"$KUBERNETES_EXEC_INFO\" > {seen}; echo '{credential(token='t')}'"
    plugin(tmp_path / "p", script, provide_cluster_info=True).authorization()
    spec = json.loads(seen.read_text())["spec"]
    assert spec == {"interactive": False, "cluster": {"server": "https://h"}}


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'Please log in' >&2; exit 1", "Please log in"),
        ("echo nonsense", "did not print an ExecCredential"),
        ("echo '{\"status\": {}}'", "neither a token nor a certificate"),
    ],
)
def test_a_plug_in_that_fails_names_its_command(tmp_path: Path, script: str, told: str) -> None:
    with pytest.raises(LoginNeeded, match=told) as caught:
        plugin(tmp_path / "p", script).authorization()
    assert caught.value.remedy == f"run: {tmp_path / 'p'} (ctrl+l runs it)"


def test_of_a_secret_that_no_key_renews_none_is_spoken_of() -> None:
    """As the bearer of a Prometheus: ctrl+l is for the credentials of clusters."""
    with pytest.raises(LoginNeeded, match="ended with 1") as caught:
        read_secret("command:false")
    assert caught.value.remedy == "run: false"


def test_the_command_of_a_log_in_is_known_until_it_succeeded(tmp_path: Path) -> None:
    credentials = plugin(tmp_path / "p", "exit 1")
    with pytest.raises(LoginNeeded):
        credentials.authorization()
    assert credentials.login is not None and credentials.login.argv == [str(tmp_path / "p")]
    (tmp_path / "p").write_text(f"#!/bin/sh\necho '{credential(token='t')}'\n")
    credentials.ask_again()
    assert credentials.authorization() == "Bearer t"
    assert credentials.login is None


class Clock:
    """A monotonic clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def counted(
    tmp_path: Path, script: str, patience: float = 60.0
) -> tuple[Credentials, Clock, Callable[[], int]]:
    """A plug-in whose runs are counted."""
    count, clock = tmp_path / "count", Clock()
    made = plugin(tmp_path / "p", f"echo x >> {count}; {script}")
    return Credentials(made.access, clock, patience), clock, lambda: count.read_text().count("x")


def test_one_run_fails_for_all_and_the_next_waits_longer_each_time(tmp_path: Path) -> None:
    credentials, clock, runs = counted(tmp_path, "sleep 0.2; echo 'nobody logged in' >&2; exit 1")
    with ThreadPoolExecutor(20) as feeds:
        told = [feeds.submit(credentials.authorization).exception() for _ in range(20)]
    assert {str(t) for t in told} == {f"{tmp_path / 'p'} ended with 1: nobody logged in"}
    assert runs() == 1
    waits = []
    for number in range(2, 7):
        with pytest.raises(LoginNeeded) as caught:
            credentials.authorization()
        assert runs() == number - 1, "before its time it is not run again"
        waits.append(caught.value.retry_after)
        clock.now += waits[-1]
        with pytest.raises(LoginNeeded):
            credentials.authorization()
        assert runs() == number
    assert waits == [30.0, 120.0, 480.0, 1800.0, 1800.0]


def test_a_success_begins_the_waits_anew(tmp_path: Path) -> None:
    good = tmp_path / "good"
    credentials, clock, _ = counted(tmp_path, f"[ -e {good} ] || exit 1; echo '{credential(token='t')}'")

    def wait() -> float | None:
        with pytest.raises(LoginNeeded) as caught:
            credentials.authorization()
        clock.now += caught.value.retry_after or 0.0
        return caught.value.retry_after

    assert [wait(), wait()] == [30.0, 120.0]
    good.touch()
    assert credentials.authorization() == "Bearer t"
    good.unlink()
    credentials._valid_until = 0.0
    assert [wait(), wait()] == [30.0, 120.0]


def test_a_person_who_asks_is_not_kept_waiting(tmp_path: Path) -> None:
    credentials, _, runs = counted(tmp_path, "exit 1")
    for number in (1, 2, 3):
        credentials.ask_again()
        with pytest.raises(LoginNeeded) as caught:
            credentials.authorization()
        assert (runs(), caught.value.retry_after) == (number, 30.0)


def test_who_asks_again_does_not_wait_for_a_run(tmp_path: Path) -> None:
    """The board's loop asks: it must not stand while somebody's browser is waited for."""
    go = tmp_path / "go"
    credentials, _, runs = counted(tmp_path, f"while [ ! -e {go} ]; do sleep 0.05; done; exit 1", 60.0)
    with ThreadPoolExecutor(1) as feed:
        told = feed.submit(credentials.authorization)
        while not (tmp_path / "count").exists():
            assert not told.done()
        credentials.ask_again()
        credentials.accepted()
        assert not told.done()
        go.touch()
        assert isinstance(told.exception(), LoginNeeded)
    with pytest.raises(LoginNeeded):
        credentials.authorization()
    assert runs() == 1


def test_one_that_waited_for_a_person_is_not_run_again_unasked(tmp_path: Path) -> None:
    credentials, clock, runs = counted(tmp_path, "exec sleep 600", patience=2.0)
    for _ in range(3):
        with pytest.raises(WaitsForPerson, match="did not end within"):
            credentials.authorization()
        clock.now += 1e6
    assert runs() == 1


def test_one_that_never_asks_and_did_not_end_is_run_again_after_the_longest_wait(tmp_path: Path) -> None:
    credentials, clock, runs = counted(tmp_path, "exec sleep 600", patience=2.0)
    plugin = credentials.access.plugin
    assert plugin is not None
    credentials.access = replace(credentials.access, plugin=replace(plugin, interactive="Never"))
    for wanted, later in ((1, 1799.0), (1, 1.0), (2, 0.0)):
        with pytest.raises(DidNotEnd, match="did not end within"):
            credentials.authorization()
        assert runs() == wanted
        clock.now += later


@pytest.mark.parametrize(("interactive", "again"), [("IfAvailable", 1800.0), ("Never", 30.0)])
def test_where_nobody_sits_it_is_run_again_by_itself_and_no_key_is_spoken_of(
    tmp_path: Path, interactive: str, again: float
) -> None:
    """A wall: what waited for a person would wait for weeks."""
    credentials, clock, runs = counted(tmp_path, "exec sleep 600", patience=2.0)
    plugin = credentials.access.plugin
    assert plugin is not None
    credentials.access = replace(credentials.access, plugin=replace(plugin, interactive=interactive))
    credentials.unattended()
    for wanted, later in ((1, again - 1.0), (1, 1.0), (2, 0.0)):
        with pytest.raises(LoginNeeded, match="did not end within") as told:
            credentials.authorization()
        assert "ctrl" not in str(told.value) + told.value.remedy
        assert told.value.remedy.startswith("run: ")
        assert runs() == wanted
        clock.now += later


def test_a_refused_credential_is_renewed_once_for_all(tmp_path: Path) -> None:
    count = tmp_path / "count"
    credentials, clock, runs = counted(
        tmp_path, f'echo "{{\\"status\\": {{\\"token\\": \\"t$(wc -l < {count})\\"}}}}"'
    )
    assert credentials.authorization() == "Bearer t1"
    clock.now += 60
    assert [credentials.authorization(renew=True) for _ in range(20)] == ["Bearer t2"] * 20
    clock.now += 29  # the server accepts none of them
    assert credentials.authorization(renew=True) == "Bearer t2"
    clock.now += 1
    assert credentials.authorization(renew=True) == "Bearer t3"
    clock.now += 119
    assert credentials.authorization(renew=True) == "Bearer t3"
    credentials.accepted()
    clock.now += 5
    assert credentials.authorization(renew=True) == "Bearer t4"
    assert runs() == 4


def test_one_resource_refused_for_ever_has_the_credential_renewed_ever_more_seldom(tmp_path: Path) -> None:
    """The others are let in all the while, which proves the credential and not that resource."""
    credentials, clock, runs = counted(tmp_path, """echo '{"status": {"token": "t"}}'""")
    credentials.authorization()
    for _ in range(3600):
        clock.now += 1
        credentials.authorization()
        credentials.accepted("/api/v1/pods")
        credentials.authorization(renew=True, asker="/api/v1/secrets")
    assert runs() <= 1 + 5
    credentials.accepted("/api/v1/secrets")
    clock.now += 60
    before = runs()
    credentials.authorization(renew=True, asker="/api/v1/secrets")
    assert runs() == before + 1, "it was let in since: this is a new refusal"


def test_a_credential_that_expires_is_renewed_each_time_though_one_resource_is_always_refused(
    tmp_path: Path,
) -> None:
    credentials, clock, runs = counted(tmp_path, """echo '{"status": {"token": "t"}}'""")
    for hour in range(1, 6):
        clock.now += 3600
        credentials.authorization(renew=True, asker="/api/v1/pods")
        credentials.accepted("/api/v1/pods")
        for _ in range(3):
            clock.now += 1
            credentials.authorization(renew=True, asker="/api/v1/secrets")
        assert runs() == hour


ODD = "s3cret-line\nend"


@pytest.mark.parametrize("odd", [ODD, "s3cret-\x00", "s3cret-\xe9", "s3cret\x7f"])
def test_a_secret_that_no_header_can_carry_is_not_repeated(tmp_path: Path, odd: str) -> None:
    file = tmp_path / "token"
    file.write_text(odd)
    (tmp_path / "printed").write_text(credential(token=odd))
    for credentials in (
        Credentials(Access(server="https://h", token=odd)),
        Credentials(Access(server="https://h", token_file=str(file))),
        Credentials(Access(server="https://h", secret=f"file:{file}")),
        plugin(tmp_path / "p", f"cat {tmp_path / 'printed'}"),
    ):
        with pytest.raises(LoginNeeded, match="no header can carry") as caught:
            credentials.authorization()
        assert "s3cret" not in str(problem_of(caught.value, 0.0))
    with pytest.raises(LoginNeeded, match="no header can carry") as caught:
        read_header(f"file:{file}")
    assert "s3cret" not in str(caught.value)


def test_a_line_end_behind_a_token_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "printed").write_text(credential(token="t\r\n"))
    assert plugin(tmp_path / "p", f"cat {tmp_path / 'printed'}").authorization() == "Bearer t"
    assert Credentials(Access(server="https://h", token="t\n")).authorization() == "Bearer t"


def test_one_that_wants_a_person_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(LoginNeeded, match="wants a person"):
        plugin(tmp_path / "p", "touch ran", interactive="Always").authorization()


def test_secrets_by_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s").write_text("from-file\n")
    monkeypatch.setenv("TOKEN", "from-env")
    assert read_secret(f"file:{tmp_path / 's'}") == "from-file"
    assert read_secret("env:TOKEN") == "from-env"
    assert read_secret("command:printf from-command") == "from-command"
    with pytest.raises(LoginNeeded, match="NOWHERE is not set"):
        read_secret("env:NOWHERE")


def test_a_command_for_a_secret_fails_once_for_all_who_name_it(tmp_path: Path) -> None:
    """Journeys, headers and each new connection to Prometheus name it anew."""
    count, script = tmp_path / "count", tmp_path / "vault"
    script.write_text(f"#!/bin/sh\necho x >> {count}; exit 3\n")
    script.chmod(0o755)
    for _ in range(3):
        with pytest.raises(LoginNeeded, match="ended with 3"):
            read_secret(f"command:{script} read")
        with pytest.raises(LoginNeeded, match="ended with 3"):
            Credentials(Access(server="https://h", secret=f"command:{script} read")).authorization()
    assert count.read_text() == "x\n"
    ask_commands_again()
    with pytest.raises(LoginNeeded):
        read_secret(f"command:{script} read")
    assert count.read_text() == "x\nx\n"


def test_an_answer_that_no_header_can_carry_is_a_failure_for_all_until_the_next_run(tmp_path: Path) -> None:
    """As ``pass show`` prints: the secret, then a line of notes. For a cluster's token and for a header alike."""
    count = tmp_path / "count"
    script = tmp_path / "two-lines"
    script.write_text(f"#!/bin/sh\necho x >> {count}\nprintf 'first\\nsecond\\n'\n")
    script.chmod(0o755)
    credentials = Credentials(Access(server="https://h", secret=f"command:{script}"))
    for _ in range(20):
        with pytest.raises(LoginNeeded, match="no header can carry") as told:
            credentials.authorization()
        assert told.value.command == [str(script)] and "second" not in str(told.value)
        with pytest.raises(LoginNeeded, match="no header can carry"):
            read_header(f"command:{script}")
    assert count.read_text().count("x") == 1


def test_a_certificate_that_cannot_be_used_is_a_failure_like_others(tmp_path: Path) -> None:
    answer = '{"status": {"clientCertificateData": "nonsense", "clientKeyData": "nonsense"}}'
    credentials, _, runs = counted(tmp_path, f"echo '{answer}'")
    for _ in range(20):
        with pytest.raises(LoginNeeded, match="printed a certificate that cannot be used"):
            credentials.authorization()
    assert runs() == 1
