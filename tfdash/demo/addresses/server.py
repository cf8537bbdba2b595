"""Where the simulated platform answers TLS: one port of this machine for each cluster, behind which a client is served by the name that it asks for.

Who keeps a Certificate in a Secret that pods mount serves what was in it when the pod began that runs longest; what no pod mounts is served by an
entrance that reads it again at once.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from tfdash.demo import tls
from tfdash.demo.addresses.issuing import Issues
from tfdash.demo.addresses.trusting import Trust
from tfdash.demo.apiserver.object_store import StoreKey
from tfdash.demo.apiserver.objects import deleting, dig, seconds
from tfdash.demo.backend import Backend
from tfdash.demo.cluster_state import ClusterState
from tfdash.demo.controllers.cert_manager.parts import CERTIFICATES
from tfdash.demo.scenarios.step import Step
from tfdash.demo.tls import Issued

_PATIENCE = 30.0  # real seconds that a client has


class Strange(NamedTuple):
    """What no Certificate is kept for: signed by a ClusterIssuer's authority ("": by itself), for these ``names``, at these times (epoch seconds)."""

    issuer: str
    names: tuple[str, ...]
    begins: float
    ends: float


class Addresses(Backend):
    """Told by the layout who answers to which name."""

    steps: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "trust": lambda addresses, step: addresses.bundles.add(step),
        "distrust": lambda addresses, step: addresses.bundles.remove(step),
        "sign-with": lambda addresses, step: addresses.bundles.sign_with(step),
    }

    def __init__(self, cluster: ClusterState) -> None:
        super().__init__(cluster)
        self.issues = Issues(cluster)
        self.bundles = Trust(cluster, self.issues, self._all_served)
        self._kept: dict[str, tuple[StoreKey, bool]] = {}
        self._strange: dict[str, Strange | Issued] = {}
        self._contexts: dict[int, ssl.SSLContext] = {}  # by serial
        self._server: asyncio.Server | None = None
        self._trust: Path | None = None
        self._trusted = 0

    def keeps(self, name: str, certificate: StoreKey, *, mounted: bool = False) -> None:
        """``name`` is answered with what is issued for a Certificate; ``mounted``: by pods that read it when they start."""
        self._kept[name] = (certificate, mounted)

    def is_strange(self, name: str, how: Strange) -> None:
        self._strange[name] = how

    @property
    def names(self) -> tuple[str, ...]:
        return (*self._kept, *self._strange)

    @property
    def port(self) -> int:
        """0 while it does not serve."""
        port: int = self._server.sockets[0].getsockname()[1] if self._server is not None else 0
        return port

    # -- what is served -----------------------------------------------------------------------------------------

    def served(self, name: str) -> Issued | None:
        """None where nobody answers to that name, or nothing of it runs."""
        if name in self._kept:
            key, mounted = self._kept[name]
            since = self._read_at(key) if mounted else self.cluster.agenda.now()
            dates = None if since is None else self.issues.at(key, since)
            return None if dates is None else self.issues.of(key, dates)
        found = self._strange.get(name)
        if isinstance(found, Strange):
            signer = self.issues.named(found.issuer) if found.issuer else None
            made = tls.issue(found.names[0], found.begins, found.ends, signer, names=found.names)
            found = self._strange[name] = made
        return found

    def _all_served(self) -> list[Issued]:
        return [one for name in self.names if (one := self.served(name)) is not None]

    def _read_at(self, certificate: StoreKey) -> float | None:
        """When the pod that runs longest of those that mount its Secret read it; None: none runs."""
        namespace = certificate[0]
        secret = dig(self.cluster.store.find(CERTIFICATES, *certificate) or {}, "spec", "secretName")
        mounting = [
            pod
            for pod in self.cluster.store.all("pods", namespace)
            if any(dig(v, "secret", "secretName") == secret for v in pod["spec"].get("volumes") or ())
        ]
        begun = [
            seconds(status["state"]["running"]["startedAt"]) or 0.0
            for pod in mounting
            for status in dig(pod, "status", "containerStatuses", default=())
            if status.get("ready") and "running" in status["state"] and not deleting(pod)
        ]
        return min(begun, default=None)

    # -- how ----------------------------------------------------------------------------------------------------

    async def start(self, folder: Path) -> None:
        if not self.names:
            return
        self._trust = folder / f"roots-{self.cluster.name}.pem"
        self._write_trust()
        base = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        base.sni_callback = self._asked
        self._server = await asyncio.start_server(
            self._answer, "127.0.0.1", 0, ssl=base, ssl_handshake_timeout=_PATIENCE
        )

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    def _write_trust(self) -> None:
        roots = self.issues.roots()
        if self._trust is not None and len(roots) != self._trusted:
            self._trusted = len(roots)
            self._trust.write_bytes(b"".join(root.pem for root in roots))

    def _asked(self, connection: ssl.SSLObject, name: str | None, base: ssl.SSLContext) -> int | None:
        """As of SNI: the context of who answers to that name, or an alert."""
        self._write_trust()  # as trust-manager brings a root that was renewed
        found = self.served(name or "")
        if found is None:
            return int(ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)
        connection.context = self._context(found)
        return None

    def _context(self, found: Issued) -> ssl.SSLContext:
        number = found.certificate.serial_number
        made = self._contexts.get(number)
        if made is None:
            made = self._contexts[number] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with tempfile.NamedTemporaryFile() as file:  # the library takes files alone
                file.write(found.pem + found.key_pem)
                file.flush()
                made.load_cert_chain(file.name)
        return made

    @staticmethod
    async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Nobody says anything behind the handshake."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await reader.read(1)
        except (TimeoutError, OSError):
            pass
        finally:
            writer.close()

    def settings(self, token: Path, ca: Path) -> list[str]:
        lines = []
        for name in self.names if self._server is not None else ():
            lines += [
                "[[certificates.endpoints]]",
                f"address = {json.dumps(f'127.0.0.1:{self.port}')}",
                f"server_name = {json.dumps(name)}",
                f"environment = {json.dumps(self.cluster.name)}",
                f"trust = {json.dumps(str(self._trust), ensure_ascii=False)}",
                "",
            ]
        return lines[:-1]
