"""A real sshd on loopback that lets this user in by a key of its own, and stand-ins for systemd's programs as their manual pages have
them: no test machine of ours is booted by systemd."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.platform.harness.processes import free_ports
from tests.waiting import until

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")

# A unit is a folder: its process group, and its output. As --collect has it, one that ended is not there any more.
_RUN = r"""
import os, re, subprocess, sys
units = os.environ["UNITS"]
words = sys.argv[1:]
split = words.index("--")
options, command = words[:split], words[split + 1:]
if os.path.exists(units + "/broken"):
    sys.exit("Failed to connect to bus: No such file or directory")
name = next(w for w in options if w.startswith("--unit=")).partition("=")[2]
at = f"{units}/{name}.service"
try:
    os.mkdir(at)
except FileExistsError:
    sys.exit(f"Failed to start transient service unit: Unit {name}.service was already loaded or has a fragment file.")
env = dict(os.environ)
for word in options:
    if word.startswith("--setenv="):
        key, _, value = word.removeprefix("--setenv=").partition("=")
        env[key] = value
# systemd.service(5), "Command lines": "$$" is a dollar, "${NAME}" the variable, "$NAME" as a whole word none, one or several
def put(found):
    return "$" if found[0] == "$$" else env.get(found[1], "")
def words_of(word):
    whole = re.fullmatch(r"\$([A-Za-z_]\w*)", word)
    return env.get(whole[1], "").split() if whole else [re.sub(r"\$\$|\$\{([A-Za-z_]\w*)\}", put, word)]
command = [one for word in command for one in words_of(word)]
with open(f"{at}.out", "wb") as out:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True)
with open(f"{at}/pid", "w") as file:
    file.write(str(child.pid))
if os.fork() == 0:
    os.setsid()
    os.closerange(0, 3)
    while True:
        try:
            if not os.path.exists(f"/proc/{child.pid}/stat"):
                break
            with open(f"/proc/{child.pid}/stat") as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    break
        except OSError:
            break
        import time
        time.sleep(0.02)
    import shutil
    shutil.rmtree(at, ignore_errors=True)
    os._exit(0)
"""
_CTL = r"""
import os, signal, sys, time
units, words = os.environ["UNITS"], sys.argv[1:]
if os.path.exists(units + "/broken"):
    sys.exit("Failed to connect to bus: No such file or directory")
at = f"{units}/{words[-1]}"
words = [w for w in words if w != "--user"]
if words[0] == "show":
    said = units + "/state"
    print(open(said).read() if os.path.exists(said) else "active" if os.path.isdir(at) else "inactive")
elif words[0] == "stop" and os.path.isdir(at):
    os.killpg(int(open(f"{at}/pid").read()), signal.SIGTERM)
    while os.path.isdir(at):
        time.sleep(0.02)
"""
_JOURNAL = r"""
import os, sys
words = sys.argv[1:]
print(open(f"{os.environ['UNITS']}/{words[words.index('-u') + 1]}.out").read(), end="")
"""
_LOGIND = r"""
import os
at = os.environ["UNITS"] + "/lingers"
print(open(at).read() if os.path.exists(at) else "yes")
"""


class SshServer:
    """``words`` are what ssh is told to reach it. ``home``: of whoever logs in; ``units``: of the stand-in for systemd."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.units = folder, folder / "home", folder / "units"
        self.port = free_ports(1)[0]
        self.sshd: subprocess.Popen[bytes] | None = None
        for path in (self.home, self.units, folder / "bin"):
            path.mkdir(parents=True)
        for name in ("host", "user"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True)
        self.know()
        programs = {"systemd-run": _RUN, "systemctl": _CTL, "journalctl": _JOURNAL, "loginctl": _LOGIND}
        for name, text in programs.items():
            program = folder / "bin" / name
            program.write_text(f"#!/usr/bin/env python3\n{text}")
            program.chmod(0o755)
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {folder / 'user.pub'}\nStrictModes no\nPasswordAuthentication no\n"
            f"KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
            f"SetEnv PATH={path} HOME={self.home} UNITS={self.units}\n"
        )

    @property
    def words(self) -> tuple[str, ...]:
        return ("-F", str(self.folder / "ssh_config"))

    @property
    def address(self) -> str:
        return f"{getpass.getuser()}@127.0.0.1"

    def know(self, known: bool = True) -> None:
        key = (self.folder / "host.pub").read_text() if known else ""
        (self.folder / "known").write_text(f"[127.0.0.1]:{self.port} {key}" if known else "")
        (self.folder / "ssh_config").write_text(
            f"Port {self.port}\nIdentityFile {self.folder / 'user'}\nIdentitiesOnly yes\n"
            f"UserKnownHostsFile {self.folder / 'known'}\nGlobalKnownHostsFile /dev/null\n"
        )

    def start(self) -> None:
        assert SSHD is not None
        Path("/run/sshd").mkdir(parents=True, exist_ok=True)
        argv = [SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "log").open("wb") as log:
            self.sshd = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
        until(self._listens, lambda: (self.folder / "log").read_text())

    def _listens(self) -> bool:
        return "Server listening" in (self.folder / "log").read_text()

    def stop(self) -> None:
        """With the connections that it serves."""
        if self.sshd is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.sshd.pid, signal.SIGKILL)
            self.sshd.wait()
            self.sshd = None

    def end(self) -> None:
        self.stop()
        for pid in self.units.glob("*/pid"):
            with suppress(ProcessLookupError, ValueError, OSError):
                os.killpg(int(pid.read_text()), signal.SIGKILL)


@contextmanager
def serving(folder: Path) -> Iterator[SshServer]:
    server = SshServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.end()
