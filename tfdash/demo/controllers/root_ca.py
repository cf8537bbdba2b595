"""The authority that each namespace is given to know its API server by (``kube-root-ca.crt``)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def root_ca() -> str:
    """A root in PEM, of which nobody has the key."""
    return files("tfdash.demo").joinpath("data", "kube-root-ca.crt").read_text(encoding="utf-8")
