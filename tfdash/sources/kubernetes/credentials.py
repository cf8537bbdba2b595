"""What a request needs to be let in: a TLS context and an Authorization header; renewed when they expire."""

from __future__ import annotations

import base64
import json
import os
import shlex
import ssl
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

from tfdash.process import CommandFailed, run_command
from tfdash.sources.kubernetes.kubeconfig import Access, ExecPlugin
from tfdash.text import safe

_EARLY = 30.0  # renew so many seconds before the expiry
_REREAD = 60.0  # seconds for which a tokenFile is trusted, as client-go does


class LoginNeeded(Exception):
    """The credential cannot be had without a person; ``command`` is what they run."""

    def __init__(self, cause: str, command: list[str] | None = None) -> None:
        super().__init__(cause)
        self.command = command

    @property
    def remedy(self) -> str:
        if self.command is None:
            return "renew the credential in the kubeconfig"
        return f"run: {shlex.join(self.command)} (ctrl+l runs it)"


class Credentials:
    """Of one ``Access``. All methods block (files, commands): call them in a thread. Thread-safe."""

    def __init__(self, access: Access) -> None:
        self.access = access
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

    def authorization(self, *, renew: bool = False) -> str:
        """The Authorization header, or "" where a certificate speaks for us. Raises ``LoginNeeded``."""
        with self._lock:
            if renew or time.time() >= self._valid_until:
                before = self._header
                try:
                    self._header, self._valid_until = self._obtain()
                    self.changes += self._header != before
                except LoginNeeded as needed:
                    self.login = needed.command
                    raise
                self.login = None
            return self._header

    def _obtain(self) -> tuple[str, float]:
        access = self.access
        if access.secret:
            return f"Bearer {read_secret(access.secret)}", time.time() + _REREAD
        if access.plugin is not None:
            return self._run_plugin(access.plugin)
        if access.token_file:
            try:
                return f"Bearer {Path(access.token_file).read_text().strip()}", time.time() + _REREAD
            except OSError as error:
                raise LoginNeeded(f"tokenFile {access.token_file} cannot be read: {error.strerror}") from None
        if access.token:
            return f"Bearer {access.token}", float("inf")
        if access.basic is not None:
            raw = ":".join(access.basic).encode()
            return "Basic " + base64.b64encode(raw).decode(), float("inf")
        return "", float("inf")

    def _run_plugin(self, plugin: ExecPlugin) -> tuple[str, float]:
        argv = [plugin.command, *plugin.args]
        if plugin.interactive == "Always":
            raise LoginNeeded(f"{plugin.command} wants a person to log in", argv)
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
            done = run_command(argv, env=env, timeout=60.0)
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
            self._certificate = (str(certificate).encode(), str(key).encode())
            if self._context is not None:
                self._load_certificate(self._context, *self._certificate)
        elif not token:
            raise LoginNeeded(f"{plugin.command} printed neither a token nor a certificate", argv)
        return (f"Bearer {token}" if token else "", until)

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


def read_secret(reference: str) -> str:
    """The secret behind ``env:NAME``, ``file:PATH`` or ``command:PROGRAM ARG``. Raises ``LoginNeeded``."""
    kind, _, target = reference.partition(":")
    if kind == "env":
        value = os.environ.get(target, "")
        if not value:
            raise LoginNeeded(f"the environment variable {target} is not set")
        return value
    if kind == "file":
        try:
            return Path(target).expanduser().read_text().strip()
        except OSError as error:
            raise LoginNeeded(f"{target} cannot be read: {error.strerror}") from None
    argv = shlex.split(target)
    try:
        done = run_command(argv)
    except CommandFailed as failed:
        raise LoginNeeded(str(failed), argv) from None
    if done.returncode != 0:
        raise LoginNeeded(f"{argv[0]} ended with {done.returncode}", argv)
    return done.stdout.decode(errors="replace").strip()
