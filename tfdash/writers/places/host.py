"""Commands of another machine, by this system's ssh, as units of its systemd: they go on there though the connection is lost.

ssh is asked for nothing: BatchMode, hosts that known_hosts has, no terminal. What is to begin begins by a word of ours that is sent only
once the other side has said that it is there, so that a connection that was never made is told from one that was lost. There, a folder
of the key's name is made by one mkdir, which one of several that ask at once succeeds with; the unit makes another before the command,
so that no unit that comes late begins it again. It writes down how the command ended, so that this is known after a reboot, too.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tfdash.actions.core.protocols import NotSent, OutcomeUnknown
from tfdash.playbook.procedures.settings import HostSettings
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.process import CommandFailed, Completed, how_ended, in_thread, run_command
from tfdash.text import safe
from tfdash.writers.places.names import as_line, last_lines, name_of

_HERE = "tfdash: here"
_TOLD = "tfdash: "
_LONGEST = 100_000  # bytes of a command as a shell gets it: Linux takes no more than 128 KB of one word
_TIMED_OUT, _LATE = 124, ", which is what timeout(1) gives what took too long"
_WHY = {
    92: 'what its user runs ends with the log-in; run "loginctl enable-linger" there once',
    94: "it has no systemd-run",
    95: "nothing can be written down there",
}
_OVER = (
    "inactive",
    "failed",
)  # of systemd's states of a unit, org.freedesktop.systemd1(5): in every other it is there
_NOT_THERE = (*_OVER, "none", "unasked")
_FOLDER = "case $1 in /*) d=$1;; *) d=$HOME/$1;; esac; k=$d/$2; u=$2.service"

# A manager of a user ends with the user's last session, and ends what it runs, unless it lingers: loginctl(1)
_LINGERS = """
[ "$(loginctl show-user "$(id -un)" -p Linger --value 2>/dev/null)" = no ] && exit 92
""".strip()

# $1 the folder of all, $2 the name, then systemd-run with all its words. What it answers: 0 begun, 93 there already
_START = f"""
{_FOLDER}; shift 2
command -v systemd-run >/dev/null 2>&1 || exit 94
echo "{_HERE}"
read -r go && [ "$go" = go ] || exit 98
umask 077
mkdir -p "$d" || exit 95
if ! mkdir "$k" 2>/dev/null; then [ -d "$k" ] && exit 93; exit 95; fi
sync "$k" "$d" 2>/dev/null
n=$#; while [ "$n" -gt 0 ]; do w=$1; shift; [ "$w" = "@folder@" ] && w=$k; set -- "$@" "$w"; n=$((n-1)); done
"$@" </dev/null && exit 0
mv "$k" "$k.refused.$$" || exit 99
[ -d "$k.refused.$$/begun" ] && {{ mv "$k.refused.$$" "$k"; exit 0; }}
exit 96
""".strip()

# the unit: $1 its folder, then the command
_UNIT = """
k=$1; shift
mkdir "$k/begun" || exit 97
[ -e "$k/off" ] && { rmdir "$k/begun"; exit 97; }
"$@" </dev/null
c=$?
echo "$c $(date +%s)" >"$k/ended.part" && sync "$k/ended.part" 2>/dev/null
mv "$k/ended.part" "$k/ended"
exit "$c"
""".strip()

# $1, $2 likewise; then systemctl and what it needs. What comes first is looked at first, so that what comes meanwhile is taken for
# nothing else: a unit that finds itself called off has not begun, and one that has begun is active, or has written down its end
_LOOK = f"""
{_FOLDER}; shift 2
echo "{_HERE}"
[ -d "$k" ] || {{ echo "{_TOLD}none"; exit 0; }}
o=; [ -e "$k/off" ] && o=yes
b=; [ -d "$k/begun" ] && b=$(stat -c %Y "$k/begun" 2>/dev/null || echo 0)
a=$("$@" show -p ActiveState --value "$u" 2>/dev/null) || a=unasked
e=; [ -f "$k/ended" ] && e=$(cat "$k/ended")
echo "{_TOLD}kept active=${{a:-none}} begun=${{b:-no}} off=${{o:-no}} ended=${{e:-no}}"
""".strip()

_OUTPUT = f"""
{_FOLDER}; shift 2
"$@" -u "$u" -n 40 -o cat --no-pager -q 2>/dev/null
""".strip()

# What was not begun never will be, and what runs is ended; what has ended is as it ended
_STOP = f"""
{_FOLDER}; shift 2
umask 077
[ -f "$k/ended" ] && exit 0
mkdir -p "$k" && : >"$k/off" || exit 95
[ -d "$k/begun" ] && [ ! -f "$k/ended" ] && "$@" stop "$u"
exit 0
""".strip()


class HostPlace:
    """``tfdash.procedures.protocols.Place`` of one machine. ``ssh``: the program."""

    def __init__(self, name: str, settings: HostSettings, ssh: Sequence[str] = ("ssh",)) -> None:
        self._name, self._settings, self._ssh = name, settings, tuple(ssh)

    def shown(self, work: Work) -> str:
        return as_line(["ssh", self._settings.address, as_line(self._unit(work, name_of(work.key)))])

    async def mark(self, work: Work) -> Mapping[str, str]:
        """The machine itself remembers."""
        return {"host": self._name, "unit": f"{name_of(work.key)}.service"}

    async def start(self, work: Work) -> WorkSeen:
        return await in_thread(lambda: self._start(work))

    async def look(self, work: Work) -> WorkSeen:
        return await in_thread(lambda: self._look(work))

    async def stop(self, work: Work) -> WorkSeen:
        return await in_thread(lambda: self._stop(work))

    # -- in a thread ---------------------------------------------------------------------------------------------------

    def _manager(self, program: str) -> list[str]:
        user = ["--user"] if self._settings.user_manager else []
        return [*self._settings.become, program, *user]

    def _unit(self, work: Work, name: str) -> list[str]:
        limit = ["timeout", "--kill-after=10", f"{work.timeout:.0f}"] if work.timeout else []
        command = ["sh", "-c", _UNIT, "tfdash", "@folder@", *limit, *work.argv]
        return [
            *self._manager("systemd-run"),
            f"--unit={name}",
            "--quiet",
            "--collect",
            "--service-type=exec",
            f"--description=tfdash {work.key}",
            f"--setenv=TFDASH_KEY={work.key}",
            "--",
            # its manager would put variables in, and a word that is one "$NAME" would be none or several: systemd.service(5)
            *(word.replace("$", "$$") for word in command),
        ]

    def _start(self, work: Work) -> WorkSeen:
        name, sent = name_of(work.key), False

        def go(said: bytes) -> bytes:
            nonlocal sent
            if not sent and _HERE.encode() in said.splitlines():
                sent = True
                return b"go\n"
            return b""

        try:
            own = self._settings.user_manager and not self._settings.become
            script = f"{_LINGERS}\n{_START}" if own else _START
            done = self._run(script, name, self._unit(work, name), go)
        except CommandFailed as error:
            if not sent:
                raise NotSent(self._words(str(error))) from None
            raise OutcomeUnknown(self._words(f"the connection was lost while it began: {error}")) from None
        if done.returncode in (0, 93):
            return self._look(work)
        if not sent or done.returncode in (94, 95, 96):
            raise NotSent(self._refusal(done))
        raise OutcomeUnknown(self._words(f"the connection was lost while it began: {_last(done)}"))

    def _refusal(self, done: Completed) -> str:
        return self._words(_WHY.get(done.returncode, "") or _last(done))

    def _words(self, told: str) -> str:
        return safe(f"{self._name}: {told}")

    def _look(self, work: Work) -> WorkSeen:
        name = name_of(work.key)
        where = f"{name}.service on {safe(self._settings.address)}"
        line = as_line(
            [
                "ssh",
                self._settings.address,
                as_line([*self._manager("systemctl"), "status", f"{name}.service"]),
            ]
        )
        common: dict[str, Any] = {"where": where, "line": line}
        try:
            done = self._run(_LOOK, name, self._manager("systemctl"))
        except CommandFailed as error:
            return WorkSeen(state=WorkState.UNKNOWN, sentence=self._words(str(error)), **common)
        said = _told(done.stdout)
        if done.returncode != 0 or said is None:
            return WorkSeen(
                state=WorkState.UNKNOWN, sentence=self._words(f"it cannot be asked: {_last(done)}"), **common
            )
        if said == "none":
            return WorkSeen(state=WorkState.NOT_STARTED, sentence="it was not begun", **common)
        return self._kept(
            dict(part.partition("=")[::2] for part in said.split(" ", 4)[1:]),
            name,
            common,
            limited=work.timeout > 0,
        )

    def _kept(
        self, said: Mapping[str, str], name: str, common: Mapping[str, Any], *, limited: bool
    ) -> WorkSeen:
        began = _number(said.get("begun", ""))
        if said.get("begun") == "no":
            if said.get("off") == "yes":
                return WorkSeen(
                    state=WorkState.NOT_STARTED, sentence="it was called off before it began", **common
                )
            if said.get("active") not in _NOT_THERE:
                return WorkSeen(state=WorkState.RUNNING, sentence="it is about to begin there", **common)
            told = "it was asked for there, and whether it begins is not known yet"
            return WorkSeen(state=WorkState.UNKNOWN, sentence=told, **common)
        full = {**common, "started_at": began, "output": self._output(name)}
        code, _, at = said.get("ended", "no").partition(" ")
        if _number(code) is not None:
            ended = int(code)
            return WorkSeen(
                state=WorkState.ENDED,
                good=ended == 0 and said.get("off") != "yes",
                code=ended,
                sentence=f"it {how_ended(ended)}" + (_LATE if ended == _TIMED_OUT and limited else ""),
                ended_at=_number(at),
                **full,
            )
        active = said.get("active", "")
        if active not in _NOT_THERE:
            return WorkSeen(state=WorkState.RUNNING, sentence=f"it runs there, {active}", **full)
        if active not in _OVER:
            return WorkSeen(state=WorkState.UNKNOWN, sentence="its systemd does not answer", **full)
        if said.get("off") == "yes":
            return WorkSeen(state=WorkState.ENDED, good=False, sentence="it was stopped", **full)
        told = "it does not run any more, and how it ended was not written down"
        return WorkSeen(state=WorkState.UNKNOWN, sentence=told, **full)

    def _output(self, name: str) -> str:
        try:
            return last_lines(self._run(_OUTPUT, name, self._manager("journalctl")).stdout)
        except CommandFailed as error:
            return self._words(f"its output cannot be read: {error}")

    def _stop(self, work: Work) -> WorkSeen:
        try:
            done = self._run(_STOP, name_of(work.key), self._manager("systemctl"))
        except CommandFailed as error:
            return WorkSeen(state=WorkState.UNKNOWN, sentence=self._words(f"not stopped: {error}"))
        if done.returncode != 0:
            return WorkSeen(state=WorkState.UNKNOWN, sentence=self._words(f"not stopped: {_last(done)}"))
        return self._look(work)

    def _run(
        self, script: str, name: str, words: Sequence[str], answer: Callable[[bytes], bytes] | None = None
    ) -> Completed:
        """Raises ``CommandFailed``, also where what there is to say is too long for any shell."""
        there = shlex.join(["sh", "-c", script, "tfdash", self._settings.folder, name, *words])
        if "\0" in there or len(there.encode("utf-8", "surrogateescape")) > _LONGEST:
            raise CommandFailed("its words are too long, or hold what no word can have")
        patience = self._settings.patience
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": f"{max(1.0, patience / 2):.0f}",
            "ServerAliveInterval": "5",
            "ServerAliveCountMax": "2",
            "ForwardAgent": "no",
            "ForwardX11": "no",
            "PermitLocalCommand": "no",
            # of what people configure for their own sessions: forwardings, whose ports these have; a command; to stay behind
            "ClearAllForwardings": "yes",
            "RemoteCommand": "none",
            "ControlMaster": "no",
        }
        given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        argv = [*self._ssh, "-T", *given, *self._settings.options, "--", self._settings.address, there]
        return run_command(argv, timeout=patience, answer=answer)


def _told(stdout: bytes) -> str | None:
    """Ours of what stands there: a log-in may print what it likes."""
    lines = [line for line in stdout.decode(errors="replace").splitlines() if line.startswith(_TOLD)]
    return lines[-1].removeprefix(_TOLD) if len(lines) > 1 and lines[0] == _HERE else None


def _last(done: Completed) -> str:
    told = last_lines(done.stderr).splitlines() or [
        line for line in last_lines(done.stdout).splitlines() if line != _HERE
    ]
    return " / ".join(told[-3:]) or how_ended(done.returncode)


def _number(text: str) -> float | None:
    return float(text) if text.isdecimal() and len(text) < 15 else None
