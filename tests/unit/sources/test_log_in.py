"""A person logs in (ctrl+l): the plug-in has the terminal and its environment, and what it prints is kept and not shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.pseudoterminal import PseudoTerminal
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import Access, ExecPlugin
from tfdash.sources.kubernetes.login import LoginNeeded, WaitsForPerson

TOKEN = "planted-token-x7Qz"
# As a cluster's plug-in is run: unasked without a terminal, by ctrl+l with one.
PROGRAM = """
import contextlib, sys
from screens.frame.login import log_in
from tfdash.model.subject import ClusterRef
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import Access, ExecPlugin
from tfdash.sources.kubernetes.login import LoginNeeded
plugin = ExecPlugin(sys.argv[1], environment=(("PROFILE", "ann"), ("WHERE", sys.argv[2])), interactive=sys.argv[3])
credentials = Credentials(Access("https://h", plugin=plugin))
class App:
    suspend = staticmethod(contextlib.nullcontext)
class Board:
    asked = 0
    def login_command(self):
        return (ClusterRef("production", "eu-1"), credentials.login) if credentials.login else None
    def retry_now(self):
        self.asked += 1
board = Board()
try:
    credentials.authorization()
except LoginNeeded as needed:
    print("NEEDED", needed, flush=True)
print("SAID", log_in(App(), board), flush=True)
try:
    header = credentials.authorization()
    print("KEPT", header == "Bearer " + "-".join(["planted", "token", "x7Qz"]), board.asked, flush=True)
except LoginNeeded as needed:
    print("AGAIN", needed, board.asked, flush=True)
"""


def plugin(tmp_path: Path, script: str) -> Path:
    path = tmp_path / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def credential(**status: str) -> str:
    return json.dumps({"kind": "ExecCredential", "status": status})


@pytest.mark.parametrize("mode", ["IfAvailable", "Always"])
def test_what_it_prints_is_kept_and_never_shown(tmp_path: Path, mode: str) -> None:
    """A device code, as exec-needs-env and exec-device-code: PROFILE from exec.env, a terminal, a code to type elsewhere."""
    script = (
        '[ -n "$PROFILE" ] || exit 7\n[ -t 0 ] && [ -t 2 ] || { echo "no session for $PROFILE" >&2; exit 5; }\n'
        'echo "$KUBERNETES_EXEC_INFO" > "$WHERE/info"; echo x >> "$WHERE/runs"\n'
        'echo "open https://login.example.com and enter ABCD-1234" >&2; read answer\n'
        f"echo '{credential(token=TOKEN)}'"
    )
    path = plugin(tmp_path, script)
    terminal = PseudoTerminal([sys.executable, "-c", PROGRAM, str(path), str(tmp_path), mode])
    terminal.until("ABCD-1234")
    terminal.type("done\n")
    terminal.until("KEPT True 1")
    assert "SAID logged in to eu-1; trying again" in terminal.seen and TOKEN not in terminal.seen
    assert ("no session for ann" if mode == "IfAvailable" else "wants a person to log in") in terminal.seen
    assert json.loads((tmp_path / "info").read_text())["spec"]["interactive"] is True
    assert (tmp_path / "runs").read_text() == "x\n", "the credential of that run is the one that is used"
    terminal.close()


def test_one_that_fails_is_read_by_whoever_ran_it_and_not_run_again(tmp_path: Path) -> None:
    script = f"echo x >> {tmp_path}/runs; echo 'the account is locked' >&2; exit 4"
    path = plugin(tmp_path, script)
    terminal = PseudoTerminal([sys.executable, "-c", PROGRAM, str(path), str(tmp_path), "IfAvailable"])
    terminal.until("it ended with 4; Enter goes back")
    terminal.type("\n")
    terminal.until("AGAIN")
    assert "ended with 4" in terminal.seen
    assert (tmp_path / "runs").read_text() == "x\nx\n"  # unasked once, asked once
    terminal.close()


def test_all_that_it_told_is_shown(tmp_path: Path) -> None:
    """exec-long-story: the cause stands first, the advice after it, a bracket last."""
    story = "the session is over:  cannot ask.\nTo get a new one, run:\n\n  $ cloud auth login\n)\n"
    path = plugin(tmp_path, f"printf '%s' '{story}' >&2; exit 1")
    with pytest.raises(LoginNeeded) as told:
        Credentials(Access("https://h", plugin=ExecPlugin(str(path)))).authorization()
    assert str(told.value) == (
        f"{path} ended with 1: the session is over: cannot ask. / To get a new one, run: / $ cloud auth login / )"
    )
    with pytest.raises(LoginNeeded, match="ended with 1: the session is over"):
        Credentials(Access("https://h", secret=f"command:{path}")).authorization()


def test_what_is_no_credential_is_not_repeated(tmp_path: Path) -> None:
    path = plugin(tmp_path, "exit 1")
    credentials = Credentials(Access("https://h", plugin=ExecPlugin(str(path), interactive="Always")))
    with pytest.raises(WaitsForPerson):
        credentials.authorization()
    for printed in (
        TOKEN.encode(),
        b"",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"status": {"token": f"{TOKEN}\n\n1"}}).encode(),
    ):
        assert credentials.login is not None and credentials.login.take is not None
        with pytest.raises(LoginNeeded) as told:
            credentials.login.take(printed)
        assert TOKEN not in str(told.value)


def test_the_token_of_a_command_is_kept_too(tmp_path: Path) -> None:
    path = plugin(tmp_path, "exit 1")
    credentials = Credentials(Access("https://h", secret=f"command:{path}"))
    with pytest.raises(LoginNeeded):
        credentials.authorization()
    assert credentials.login is not None and credentials.login.take is not None
    credentials.login.take(f"{TOKEN}\n".encode())
    assert credentials.authorization() == f"Bearer {TOKEN}" and credentials.login is None
