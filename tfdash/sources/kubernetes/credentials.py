"""What a request needs to be let in: a TLS context and an Authorization header; renewed when they expire."""

from __future__ import annotations

import base64
import os
import re
import shlex
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tfdash.process import CommandFailed, CommandTimedOut, LoginCommand, how_ended, run_command
from tfdash.sources.kubernetes.exec_plugin import environment_of, printed
from tfdash.sources.kubernetes.kubeconfig import Access, ExecPlugin, KubeconfigError, stamp
from tfdash.sources.kubernetes.login import (
    Attempts,
    DidNotEnd,
    LoginNeeded,
    Take,
    WaitsForPerson,
    all_of,
    wait_after,
)
from tfdash.sources.kubernetes.tls import Unusable, context_of, load_certificate
from tfdash.text import hold_secret, safe

_LOOK_EVERY = 2.0  # seconds between looks at the kubeconfig's files
_REREAD = 60.0  # seconds for which a tokenFile is trusted, as client-go does
_JUST_MADE = 5.0  # seconds: a refusal that comes within them was of the credential before
_commands: dict[str, Attempts] = {}  # of a process: what fails for one source fails for all
_IN_A_HEADER = re.compile(r"[\x20-\x7e]*")


class _Refused:
    """What one asker was refused since it was last let in: how often it had the credential renewed, when it may again."""

    __slots__ = ("renew_at", "times")

    def __init__(self) -> None:
        self.times, self.renew_at = 0, 0.0


class Credentials:
    """Of one ``Access``. What gives something blocks (files, commands): call it in a thread. Thread-safe.

    A credential that a command prints is had by one run for all who ask (``Attempts``); where the server refuses what it
    printed, the next run waits likewise. That is counted for each who asks: one resource that is refused for ever, while the
    others are let in, is a fault of the resource, and has the credential renewed ever more seldom. Files are read at every
    try. ``now`` is a monotonic clock in seconds, ``patience`` the seconds that a plug-in may run.
    """

    def __init__(
        self, access: Access, now: Callable[[], float] = time.monotonic, patience: float = 60.0
    ) -> None:
        self.access = access
        self._now, self._patience = now, patience
        self._runs = access.plugin is not None or access.secret.startswith("command:")
        self._attempts = Attempts(now)
        self._renew_at = 0.0  # on ``now``: no renewal before it
        self._renewals = 0  # since the server last accepted
        self._refused: dict[str, _Refused] = {}  # by who asks
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._certificate: tuple[bytes, bytes] | None = None
        self._header = ""
        self._valid_until = 0.0
        self._look_at = self._now() + _LOOK_EVERY
        self._unread = ""  # why what changed on the disk cannot be used
        self.generation = 0  # how often the server is reached in another way than before
        self.changes = 0  # how often what we show to the server became another
        self._login: list[str] | None = None  # what a person would run now to log in

    def shown_certificate(self) -> bytes | None:
        """PEM of what we show to the server, its key not with it; None where a token speaks for us."""
        return self.access.certificate if self._certificate is None else self._certificate[0]

    def ssl_context(self) -> ssl.SSLContext:
        """Built once: the default one costs 20 ms."""
        with self._lock:
            if self._context is None:
                self._context = self._build()
            return self._context

    def authorization(self, *, renew: bool = False, asker: str = "") -> str:
        """The Authorization header, or "" where a certificate speaks for us. Raises ``LoginNeeded``.

        ``renew``: the server refused the one before. Where that was just renewed to no avail, for all or for ``asker`` (what
        is asked for, such as a resource's path), it stays as it is.
        """
        with self._lock:
            self._look_again(now=renew)
            if not renew and time.time() < self._valid_until:
                return self._header
            if renew and self._unread:
                raise LoginNeeded(self._unread)
            if renew and self._runs:
                mine = self._refused.setdefault(asker, _Refused())
                if self._now() < max(self._renew_at, mine.renew_at):
                    return self._header
                mine.times += 1
                mine.renew_at = self._now() + wait_after(mine.times)
            before = self._header
            try:
                self._header, self._valid_until = self._obtain()
            except LoginNeeded as needed:
                self._login = needed.command
                needed.attended = self._attempts.attended
                raise
            self.changes += self._header != before
            self._login = None
            self._renewals += renew
            self._renew_at = self._now() + (wait_after(self._renewals) if self._renewals else _JUST_MADE)
            return self._header

    def accepted(self, asker: str = "") -> None:
        """The server took the credential: a later refusal is a new one. Never waits."""
        if self._refused:
            self._refused.pop(asker, None)
        if self._renewals:
            self._renewals, self._renew_at = 0, self._now() + _JUST_MADE

    def unattended(self) -> None:
        """Nobody sits here: what would wait for a person for ever is tried again, and no key is spoken of."""
        self._attempts.attended = False

    def ask_again(self) -> None:
        """A person asked, or logged in: the next who needs the credential tries at once. Never waits."""
        self._attempts.ask_again()
        self._renewals, self._renew_at = 0, 0.0
        self._refused = {}

    def _look_again(self, *, now: bool) -> None:
        """Take the kubeconfig and the files that it names as they are, where one of them has changed. Under the lock."""
        access = self.access
        if access.again is None or (self._now() < self._look_at and not now):
            return
        self._look_at = self._now() + _LOOK_EVERY
        if all(stamp(path) == seen for path, seen in access.files):
            return
        try:
            found = access.again()
        except KubeconfigError as error:  # perhaps half written: what we have serves until then
            self._unread = str(error)
            return
        self._unread = ""
        if found != access:
            self._attempts.ask_again()
            self._renewals, self._renew_at, self._refused = 0, 0.0, {}
            self._context = self._certificate = None
            self._runs = found.plugin is not None or found.secret.startswith("command:")
            self.generation += 1
            self.changes += 1  # a certificate, impersonation or another server: no header tells
        if found != access or not self._runs:
            self._valid_until = 0.0
        self.access = found

    def _obtain(self) -> tuple[str, float]:
        access = self.access
        if access.secret:
            return read_secret(
                access.secret, partial(_bearer, what="the bearer token")
            ), time.time() + _REREAD
        if access.plugin is not None:
            return self._attempts.run(partial(self._run_plugin, access.plugin))
        if access.token_file:
            try:
                token = Path(access.token_file).read_text(errors="replace")
            except OSError as error:
                raise LoginNeeded(f"tokenFile {access.token_file} cannot be read: {error.strerror}") from None
            return _bearer(token, what=f"the token in {access.token_file}"), time.time() + _REREAD
        if access.token:
            return _bearer(access.token, what="the kubeconfig's token"), float("inf")
        if access.basic is not None:
            hold_secret(access.basic[1])
            raw = ":".join(access.basic).encode()
            return "Basic " + hold_secret(base64.b64encode(raw).decode()), float("inf")
        return "", float("inf")

    def _run_plugin(self, plugin: ExecPlugin) -> tuple[str, float]:
        argv = [plugin.command, *plugin.args]
        if plugin.interactive == "Always":
            raise WaitsForPerson(f"{plugin.command} wants a person to log in", argv)
        env = environment_of(self.access, plugin, interactive=False)
        try:
            done = run_command(argv, env=env, timeout=self._patience)
        except CommandTimedOut as failed:
            if plugin.interactive == "Never":
                raise DidNotEnd(f"credential plug-in: {failed}", argv) from None
            asks = "it may have waited for you, and is not run again before you ask (ctrl+l)"
            if not self._attempts.attended:
                asks = "it may have waited for a person, and nobody can answer it here"
            raise WaitsForPerson(f"credential plug-in: {failed}; {asks}", argv) from None
        except CommandFailed as failed:
            hint = f" ({safe(plugin.install_hint)})" if plugin.install_hint else ""
            raise LoginNeeded(f"credential plug-in: {failed}{hint}", argv) from None
        if done.returncode != 0:
            told = safe(all_of(done.stderr)) or "no message"
            raise LoginNeeded(f"{plugin.command} {how_ended(done.returncode)}: {told}", argv)
        return self._taken(done.stdout, plugin, argv)

    def _taken(self, output: bytes, plugin: ExecPlugin, argv: list[str]) -> tuple[str, float]:
        found = printed(output, plugin, argv)
        if found.certificate is not None:
            try:
                load_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), *found.certificate)
            except Unusable:
                raise LoginNeeded(
                    f"{plugin.command} printed a certificate that cannot be used", argv
                ) from None
            if found.certificate != self._certificate:  # what is open goes on as whom it began
                self._certificate, self._context = found.certificate, None
                self.generation += 1
                self.changes += 1
        what = f"the token of {plugin.command}"
        return (_bearer(found.token, argv, what=what) if found.token else "", found.until)

    # -- a person logs in ---------------------------------------------------------------------------------------

    @property
    def login(self) -> LoginCommand | None:
        """What a person would run now to log in."""
        if self._login is None:
            return None
        plugin, env = self.access.plugin, None
        if plugin is not None and not self.access.secret:
            env = environment_of(self.access, plugin, interactive=plugin.interactive != "Never")
        return LoginCommand(self._login, env, self.keep)

    def keep(self, output: bytes) -> None:
        """What the log-in printed is the credential from now on. Raises ``LoginNeeded`` where it is none."""
        argv, plugin = self._login or [], self.access.plugin
        with self._lock:
            before = self._header
            if plugin is not None and not self.access.secret:
                self._header, self._valid_until = self._taken(output, plugin, argv)
            else:
                text = output.decode(errors="replace")
                self._header = _bearer(text, argv, what="the bearer token")
                self._valid_until = time.time() + _REREAD
            self.changes += self._header != before
            self._login = None
            self._attempts.ask_again()
            self._renewals, self._refused = 0, {}
            self._renew_at = self._now() + _JUST_MADE

    def _build(self) -> ssl.SSLContext:
        access = self.access
        context = context_of(access)
        pair = self._certificate
        if pair is None and access.certificate is not None and access.key is not None:
            pair = (access.certificate, access.key)
        if pair is not None:
            load_certificate(context, *pair)
        return context


def _bearer(value: str, command: list[str] | None = None, *, what: str) -> str:
    return f"Bearer {in_a_header(value, command, what=what)}"


def in_a_header(value: str, command: list[str] | None = None, *, what: str) -> str:
    """``value`` without blanks and line ends around it. Raises ``LoginNeeded`` where no header can carry it: the libraries
    would say so too, and print it."""
    value = value.strip()
    if not _IN_A_HEADER.fullmatch(value):
        raise LoginNeeded(f"{what} holds a character that no header can carry, such as a line end", command)
    for part in value.split():  # "Bearer TOKEN": what is repeated may be the token alone
        if len(part) >= 8:
            hold_secret(part)
    return hold_secret(value)


def read_header(reference: str) -> str:
    """As ``read_secret``, for the value of a header. Raises ``LoginNeeded``."""
    what = reference.partition(":")[2].partition(" ")[0]
    return read_secret(reference, partial(in_a_header, what=what))


def _as_it_is(value: str, command: list[str] | None = None) -> str:
    return hold_secret(value)


def read_secret(reference: str, take: Take = _as_it_is) -> str:
    """The secret behind ``env:NAME``, ``file:PATH`` or ``command:PROGRAM ARG``, as ``take`` has it. Raises ``LoginNeeded``.

    A command whose answer ``take`` refuses has failed, and is run again as late as any other that failed.
    """
    kind, _, target = reference.partition(":")
    if kind == "env":
        value = os.environ.get(target, "")
        if not value:
            raise LoginNeeded(f"the environment variable {target} is not set")
        return take(value)
    if kind == "file":
        try:
            value = Path(target).expanduser().read_text(errors="replace").strip()
        except OSError as error:
            raise LoginNeeded(f"{target} cannot be read: {error.strerror}") from None
        return take(value)
    return _commands.setdefault(target, Attempts()).run(partial(_printed, target, take))


def ask_commands_again() -> None:
    """As ``Credentials.ask_again``, for every command that is named as a secret's source."""
    for attempts in list(_commands.values()):
        attempts.ask_again()


def _printed(command: str, take: Take) -> str:
    try:
        argv = shlex.split(command)
    except ValueError as error:  # an environment variable may hold what no configuration can
        raise LoginNeeded(f"a secret's command cannot be read: {error}") from None
    try:
        done = run_command(argv)
    except CommandTimedOut as failed:
        raise DidNotEnd(str(failed), argv) from None
    except CommandFailed as failed:
        raise LoginNeeded(str(failed), argv) from None
    if done.returncode != 0:
        told = safe(all_of(done.stderr))
        raise LoginNeeded(f"{argv[0]} {how_ended(done.returncode)}{told and ': '}{told}", argv)
    return take(done.stdout.decode(errors="replace").strip(), argv)
