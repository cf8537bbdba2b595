"""Credential plug-ins (client.authentication.k8s.io): what they are given, and what they print."""

from __future__ import annotations

import base64
import json
import os
import time
from datetime import datetime
from typing import NamedTuple

from tfdash.sources.kubernetes.kubeconfig import Access, ExecPlugin
from tfdash.sources.kubernetes.login import LoginNeeded

_EARLY = 30.0  # renew so many seconds before the expiry


class Printed(NamedTuple):
    """A credential. ``until``: epoch seconds until which it is used, infinity where it does not expire."""

    token: str
    certificate: tuple[bytes, bytes] | None
    until: float


def environment_of(access: Access, plugin: ExecPlugin, *, interactive: bool) -> dict[str, str]:
    """Ours, the kubeconfig's ``exec.env``, and what the protocol says of the cluster."""
    spec: dict[str, object] = {"interactive": interactive}
    if plugin.provide_cluster_info:
        cluster: dict[str, object] = {"server": access.server}
        if access.ca:
            cluster["certificate-authority-data"] = base64.b64encode(access.ca).decode()
        if access.tls_server_name:
            cluster["tls-server-name"] = access.tls_server_name
        if access.insecure:
            cluster["insecure-skip-tls-verify"] = True
        spec["cluster"] = cluster
    info = {"kind": "ExecCredential", "apiVersion": plugin.api_version, "spec": spec}
    return {**os.environ, **dict(plugin.environment), "KUBERNETES_EXEC_INFO": json.dumps(info)}


def printed(output: bytes, plugin: ExecPlugin, argv: list[str]) -> Printed:
    """What it printed. Raises ``LoginNeeded``, which repeats nothing of it."""
    try:
        status = json.loads(output)["status"]
        token = status.get("token") or ""
        certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
        expires = status.get("expirationTimestamp")
        until = _until(datetime.fromisoformat(expires).timestamp()) if expires else float("inf")
        if not isinstance(token, str):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise LoginNeeded(f"{plugin.command} did not print an ExecCredential", argv) from None
    if certificate and key:
        return Printed(token, (str(certificate).encode(), str(key).encode()), until)
    if not token:
        raise LoginNeeded(f"{plugin.command} printed neither a token nor a certificate", argv)
    return Printed(token, None, until)


def _until(expires: float) -> float:
    """One that is over as it is printed says nothing of when: a clock is wrong, or the plug-in's own cache. It is used until the
    server refuses it, instead of running the plug-in for every request."""
    now = time.time()
    if expires <= now:
        return float("inf")
    return expires - _EARLY if expires - _EARLY > now else expires
