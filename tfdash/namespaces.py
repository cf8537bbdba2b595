"""What a Kubernetes namespace can be called. An API server lists one that cannot be as if it were empty."""

from __future__ import annotations

import re

LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


def check_namespace(name: str) -> str:
    """``name``. Raises ``ValueError`` in words."""
    if not LABEL.fullmatch(name):
        raise ValueError(
            f'"{name}" cannot be a namespace: its name is of a-z, 0-9 and "-", at most 63; see: kubectl get namespaces'
        )
    return name
