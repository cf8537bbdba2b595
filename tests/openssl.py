"""What the openssl command says of an address: the judge of what our own handshake says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path


def s_client(port: int, name: str, authorities: Path, version: str = "", patience: float = 30.0) -> str:
    """``version``: its option for an old one. ``patience``: seconds after which an address is taken for one that says nothing."""
    argv = [
        "openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name, "-showcerts",
        "-CAfile", str(authorities), "-partial_chain", "-cipher", f"ALL:@SECLEVEL={0 if version else 2}", *filter(None, (version,)),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def serials(printed: str) -> list[str]:
    """Of the chain that it shows."""
    found = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", printed, re.DOTALL)
    told = []
    for pem in found:
        shown = subprocess.run(
            ["openssl", "x509", "-noout", "-serial"], input=pem, capture_output=True, text=True, check=True
        )
        told.append(shown.stdout.strip().removeprefix("serial="))
    return told


def verify_code(printed: str) -> int:
    """0: it verifies."""
    return int(re.findall(r"Verify return code: (\d+)", printed)[-1])
