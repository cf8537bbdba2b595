"""Where a dated promise is to be kept, as it is called. Pure, for every layer."""

from __future__ import annotations

from tfdash.model.subject import Subject


def place_of(subject: Subject) -> str:
    """``production``, ``production/eu-1``, ``production main`` (a place of that name), ``platform``; not made safe."""
    ref = subject.cluster
    at = f"{ref.environment}/{ref.cluster}" if ref.cluster else ref.environment
    return " ".join(filter(None, (at, subject.namespace))) or "platform"
