"""What ``tfdash doctor`` says of one source, and what most sources need to say it."""

from __future__ import annotations

from typing import Any

import msgspec

from tfdash.model.observation import Observation
from tfdash.model.picture import SourceInfo
from tfdash.text import safe

PATIENCE = 20.0  # seconds for the first lists, samples and runs


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """``group`` is the key of the report under which ``document`` stands; ``lines`` are for people. All texts are safe.

    ``reached`` False: nothing is known of it now. ``findings``: something is to be mended.
    """

    group: str
    document: dict[str, Any]
    lines: tuple[str, ...]
    reached: bool
    findings: bool = False


def by_status(id: str, status: Observation[SourceInfo]) -> Diagnosis:
    """Of a source that has nothing more to say than its status."""
    info = status.value
    name, about = (safe(info.name), safe(info.about)) if info is not None else (safe(id), "")
    problem = status.problem
    cause = (
        safe(problem.cause)
        if problem is not None
        else ""
        if status.observed_at is not None
        else "no answer yet"
    )
    remedy = safe(problem.remedy) if problem is not None else ""
    head = f"✖ {name}: {cause}" if cause else f"✔ {name}{f': {about}' if about else ''}"
    return Diagnosis(
        group="sources",
        document={"source": safe(id), "name": name, "about": about, "problem": cause, "remedy": remedy},
        lines=(head, *([f"    {remedy}"] if remedy else [])),
        reached=not cause,
    )
