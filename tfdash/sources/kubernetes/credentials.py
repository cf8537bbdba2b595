"""What a request needs to be let in: a TLS context and an Authorization header; renewed when they expire."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from tfdash.process import CommandFailed, CommandTimedOut, run_command
from tfdash.sources.kubernetes.kubeconfig import Access, ExecPlugin
from tfdash.text import safe

_EARLY = 30.0  # renew so many seconds before the expiry
_REREAD = 60.0  # seconds for which a tokenFile is trusted, as client-go does
_AGAIN = (30.0, 120.0, 480.0, 1800.0)  # seconds until a command that failed, or was no help, is run again
_JUST_MADE = 5.0  # seconds: a refusal that comes within them was of the credential before
T = TypeVar("T")
_commands: dict[str, Attempts] = {}  # of a process: what fails for one source fails for all
_IN_A_HEADER = re.compile(r"[\x20-\x7e]*")


class LoginNeeded(Exception):
    """The credential cannot be had without a person; ``command`` is what they run.

    ``retry_after``: seconds until it is tried again; until then all who ask get this failure, and nothing is run.
    """

    def __init__(
        self, cause: str, command: list[str] | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(cause)
        self.command, self.retry_after = command, retry_after

    @property
    def remedy(self) -> str:
        if self.command is None:
            return "renew the credential in the kubeconfig"
        return f"run: {shlex.join(self.command)} (ctrl+l runs it)"


class Take(Protocol):
    """Makes of a secret what is wanted of it. Raises ``LoginNeeded``, with the command that printed it."""

    def __call__(self, value: str, command: list[str] | None = None) -> str: ...


class WaitsForPerson(LoginNeeded):
    """It says that it needs a terminal, or may have waited for somebody: it is not run again before a person asks."""


class DidNotEnd(LoginNeeded):
    """It did not end in its time, and says that it waits for nobody: it is run again after the longest wait."""


class Attempts:
    """At one command, by all who need what it prints: one run at a time, and a failure is everybody's until the next.

    The next run waits, longer each time: a run may open a browser or ring somebody's phone. One that did not end by itself,
    and may ask, waited for a person: it is not run again before one asks. ``now`` is a monotonic clock in seconds. Thread-safe.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failed: LoginNeeded | None = None
        self._failures = 0
        self._run_at = 0.0

    def run(self, command: Callable[[], T]) -> T:
        """What ``command`` gives. Raises its ``LoginNeeded``, or that of the last run while the next is not due."""
        with self._lock:
            if self._failed is None or self._now() >= self._run_at:
                try:
                    found = command()
                except LoginNeeded as needed:
                    self._failures += 1
                    if isinstance(needed, DidNotEnd):
                        self._failures = len(_AGAIN)
                    forever = isinstance(needed, WaitsForPerson)
                    self._run_at = float("inf") if forever else self._now() + _wait(self._failures)
                    self._failed = needed
                else:
                    self._failed, self._failures = None, 0
                    return found
            # a copy for each: an exception that many threads raise would carry all their frames
            left = self._run_at - self._now()
            failed = self._failed
            raise type(failed)(str(failed), failed.command, left if left < float("inf") else None)

    def ask_again(self) -> None:
        """A person asked, or logged in: the next who needs it runs it at once. Never waits: a run may last a minute, and
        who asks during it gets what it brings."""
        self._failures, self._run_at = 0, 0.0


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
        self.changes = 0  # how often what we show to the server became another
        self.login: list[str] | None = None  # what a person would run now to log in

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
            if not renew and time.time() < self._valid_until:
                return self._header
            if renew and self._runs:
                mine = self._refused.setdefault(asker, _Refused())
                if self._now() < max(self._renew_at, mine.renew_at):
                    return self._header
                mine.times += 1
                mine.renew_at = self._now() + _wait(mine.times)
            before = self._header
            try:
                self._header, self._valid_until = self._obtain()
            except LoginNeeded as needed:
                self.login = needed.command
                raise
            self.changes += self._header != before
            self.login = None
            self._renewals += renew
            self._renew_at = self._now() + (_wait(self._renewals) if self._renewals else _JUST_MADE)
            return self._header

    def accepted(self, asker: str = "") -> None:
        """The server took the credential: a later refusal is a new one. Never waits."""
        if self._refused:
            self._refused.pop(asker, None)
        if self._renewals:
            self._renewals, self._renew_at = 0, self._now() + _JUST_MADE

    def ask_again(self) -> None:
        """A person asked, or logged in: the next who needs the credential tries at once. Never waits."""
        self._attempts.ask_again()
        self._renewals, self._renew_at = 0, 0.0
        self._refused = {}

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
            raw = ":".join(access.basic).encode()
            return "Basic " + base64.b64encode(raw).decode(), float("inf")
        return "", float("inf")

    def _run_plugin(self, plugin: ExecPlugin) -> tuple[str, float]:
        argv = [plugin.command, *plugin.args]
        if plugin.interactive == "Always":
            raise WaitsForPerson(f"{plugin.command} wants a person to log in", argv)
        spec: dict[str, object] = {"interactive": False}
        if plugin.provide_cluster_info:
            cluster: dict[str, object] = {"server": self.access.server}
            if self.access.ca:
                cluster["certificate-authority-data"] = base64.b64encode(self.access.ca).decode()
            if self.access.tls_server_name:
                cluster["tls-server-name"] = self.access.tls_server_name
            if self.access.insecure:
                cluster["insecure-skip-tls-verify"] = True
            spec["cluster"] = cluster
        info = {"kind": "ExecCredential", "apiVersion": plugin.api_version, "spec": spec}
        env = {**os.environ, **dict(plugin.environment), "KUBERNETES_EXEC_INFO": json.dumps(info)}
        try:
            done = run_command(argv, env=env, timeout=self._patience)
        except CommandTimedOut as failed:
            if plugin.interactive == "Never":
                raise DidNotEnd(f"credential plug-in: {failed}", argv) from None
            asks = "it may have waited for you, and is not run again before you ask (ctrl+l)"
            raise WaitsForPerson(f"credential plug-in: {failed}; {asks}", argv) from None
        except CommandFailed as failed:
            hint = f" ({safe(plugin.install_hint)})" if plugin.install_hint else ""
            raise LoginNeeded(f"credential plug-in: {failed}{hint}", argv) from None
        if done.returncode != 0:
            last = safe(done.stderr.strip().splitlines()[-1]) if done.stderr.strip() else "no message"
            raise LoginNeeded(f"{plugin.command} ended with {done.returncode}: {last}", argv)
        try:
            status = json.loads(done.stdout)["status"]
            token = str(status.get("token") or "")
            certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
            expires = status.get("expirationTimestamp")
            until = datetime.fromisoformat(expires).timestamp() - _EARLY if expires else float("inf")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise LoginNeeded(f"{plugin.command} did not print an ExecCredential", argv) from None
        if certificate and key:
            pair = str(certificate).encode(), str(key).encode()
            try:
                self._load_certificate(self._context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), *pair)
            except (ssl.SSLError, ValueError):
                raise LoginNeeded(
                    f"{plugin.command} printed a certificate that cannot be used", argv
                ) from None
            self._certificate = pair
        elif not token:
            raise LoginNeeded(f"{plugin.command} printed neither a token nor a certificate", argv)
        return (_bearer(token, argv, what=f"the token of {plugin.command}") if token else "", until)

    def _build(self) -> ssl.SSLContext:
        access = self.access
        if access.insecure:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif access.ca is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cadata=access.ca.decode())
        else:
            context = ssl.create_default_context()
        pair = self._certificate
        if pair is None and access.certificate is not None and access.key is not None:
            pair = (access.certificate, access.key)
        if pair is not None:
            self._load_certificate(context, *pair)
        return context

    def _load_certificate(self, context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
        """The standard library takes files only: one that is readable to us alone, and gone at once."""
        with tempfile.NamedTemporaryFile(prefix="tfdash-") as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)


def _wait(failures: int) -> float:
    return _AGAIN[min(failures, len(_AGAIN)) - 1]


def _bearer(value: str, command: list[str] | None = None, *, what: str) -> str:
    return f"Bearer {in_a_header(value, command, what=what)}"


def in_a_header(value: str, command: list[str] | None = None, *, what: str) -> str:
    """``value`` without blanks and line ends around it. Raises ``LoginNeeded`` where no header can carry it: the libraries
    would say so too, and print it."""
    value = value.strip()
    if not _IN_A_HEADER.fullmatch(value):
        raise LoginNeeded(f"{what} holds a character that no header can carry, such as a line end", command)
    return value


def read_header(reference: str) -> str:
    """As ``read_secret``, for the value of a header. Raises ``LoginNeeded``."""
    what = reference.partition(":")[2].partition(" ")[0]
    return read_secret(reference, partial(in_a_header, what=what))


def _as_it_is(value: str, command: list[str] | None = None) -> str:
    return value


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
        raise LoginNeeded(f"{argv[0]} ended with {done.returncode}", argv)
    return take(done.stdout.decode(errors="replace").strip(), argv)
