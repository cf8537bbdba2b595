"""Credentials: tokens that are read again, plug-ins that are run, and what is said when a person is needed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tfdash.sources.kubernetes.credentials import Credentials, LoginNeeded, read_secret
from tfdash.sources.kubernetes.kubeconfig import Access, ExecPlugin


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
    expired = credential(token="t", expirationTimestamp="2020-01-01T00:00:00Z")
    credentials = plugin(tmp_path / "p", f"echo x >> {count}; echo '{expired}'")
    credentials.authorization()
    credentials.authorization()
    assert count.read_text() == "x\n" * 3


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


def test_the_command_of_a_log_in_is_known_until_it_succeeded(tmp_path: Path) -> None:
    credentials = plugin(tmp_path / "p", "exit 1")
    with pytest.raises(LoginNeeded):
        credentials.authorization()
    assert credentials.login == [str(tmp_path / "p")]
    (tmp_path / "p").write_text(f"#!/bin/sh\necho '{credential(token='t')}'\n")
    assert credentials.authorization() == "Bearer t"
    assert credentials.login is None


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
