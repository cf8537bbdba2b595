"""When a login ends that nothing renews: a token by its own ``exp`` claim (RFC 7519), a client certificate by its last day."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import msgspec

from tfdash.sources.kubernetes.kubeconfig import Access

_DAY = 86_400.0
EARLY = 7 * _DAY
"""Seconds before its end at which a login is told that somebody has to make anew."""


class LoginEnd(NamedTuple):
    """``at`` and ``since`` in epoch seconds, ``since`` None where it does not say. ``replaced``: it stands in a file that others write."""

    what: str
    at: float
    since: float | None
    replaced: bool

    def late(self, now: float) -> bool:
        """Whether somebody has to look after it: within ``EARLY`` of its end; a short-lived one that is replaced, as pods have it, only in the
        last tenth of its life: the kubelet does so after 80 % of it."""
        early = EARLY
        if self.replaced and self.since is not None and self.at - self.since < 2 * EARLY:
            early = (self.at - self.since) / 10
        return self.at - now < early


class _Claims(msgspec.Struct):
    exp: float | None = None
    iat: float | None = None


_CLAIMS = msgspec.json.Decoder(_Claims)


def token_end(access: Access, header: str) -> LoginEnd | None:
    """``header``: the Authorization header of the moment. None where a command prints the token, which is run again, and where it says no end."""
    if access.plugin is not None or access.secret.startswith("command:"):
        return None
    claims = _claims(header.removeprefix("Bearer "))
    if claims is None or claims.exp is None:
        return None
    of_file = access.token_file if not access.secret else access.secret.removeprefix("file:")
    replaced = access.secret.startswith("file:") or (bool(access.token_file) and not access.secret)
    return LoginEnd(f"the token in {of_file}" if replaced else "the token", claims.exp, claims.iat, replaced)


def _claims(token: str) -> _Claims | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        body = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return _CLAIMS.decode(body)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None
