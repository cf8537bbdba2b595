"""When the last report of a kind was, and what was open then: by the document of that report, or by the note that it left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.named_file import read_named
from tfdash.report.reports.findings import OpenFinding
from tfdash.report.reports.instants import parsed
from tfdash.text import safe

_LARGEST = 50_000_000  # bytes
_DECODER = msgspec.json.Decoder()


class NoReport(Exception):
    """A file is no report of that kind: one sentence."""


class Last(NamedTuple):
    """``until``: when it ended (epoch seconds). ``findings`` None: it did not know what was open."""

    until: float
    findings: tuple[OpenFinding, ...] | None


def last_in(path: Path, report: str, environment: str) -> Last:
    """Of the JSON of a report. Raises ``NoReport``."""
    try:
        told = _DECODER.decode(read_named(str(path), _LARGEST))
    except (OSError, ValueError, msgspec.DecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NoReport(safe(f"{path}: {why}")) from None
    if not isinstance(told, Mapping) or "report" not in told:
        raise NoReport(safe(f"{path}: it is no report of ours in JSON"))
    if told["report"] != report or (told.get("environment") or "") != safe(environment):
        whose = f"a {told['report']} report of {told.get('environment') or 'no environment'}"
        raise NoReport(
            safe(f"{path}: it is {whose}, not a {report} report of {environment or 'no environment'}")
        )
    until = parsed(str(told.get("until", "")))
    if until is None:
        raise NoReport(safe(f"{path}: it does not say until when it went"))
    found = told.get("findings")
    return Last(until, tuple(_findings(found)) if isinstance(found, list) else None)


def _findings(found: list[Any]) -> Any:
    for one in found:
        if not isinstance(one, Mapping) or not isinstance(one.get("subject"), Mapping):
            continue
        at = {
            key: str(one["subject"].get(key) or "")
            for key in ("environment", "cluster", "kind", "namespace", "name")
        }
        subject = Subject(
            ClusterRef(at["environment"], at["cluster"]), at["kind"], at["namespace"], at["name"]
        )
        if one.get("level") in Level.__members__:
            level = Level[one["level"]]
            yield OpenFinding(
                level,
                str(one.get("rule", "")),
                subject,
                str(one.get("sentence", "")),
                parsed(str(one.get("since") or "")),
            )
