"""``tfdash snapshot --screen certificates``: the inventory, as text or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.observation import ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.verdict import Level
from tfdash.report.document import written
from tfdash.report.gather import code_of, counted, readable
from tfdash.report.snapshot import SCHEMA_VERSION, place, sources_json, sources_text, verdict_json
from tfdash.text import safe
from tfdash.views.certificates import CertificateRow, cells, certificate_rows, columns, nothing_text
from tfdash.views.layout import columns as laid_out
from tfdash.views.layout import cut_apart
from tfdash.views.rotation import as_json, of_one, rotations
from tfdash.views.sources import doubts, source_rows
from tfdash.views.table import Cell
from tfdash.views.times import clocks, iso

CERTIFICATES = "certificates"
_KINDS = ("Certificate", "Issuer", "ClusterIssuer")


def certificates_report(
    picture: Picture,
    assessment: Assessment,
    namespace: str | None,
    format: str,
    now: float,
    zone: ZoneInfo,
    width: int | None = None,
    late: Sequence[str] = (),
) -> tuple[str, int]:
    """The report and its exit code. ``width`` cuts a text's lines to so many cells; ``late`` names what was waited for in vain."""
    rows = list(certificate_rows(picture, assessment, (namespace,) if namespace else None).values())
    lacking = tuple(dict.fromkeys((*_unread(picture), *late)))
    sources = source_rows(picture, now, assessment.stale)
    section = next((s for s in assessment.sections if s.id == CERTIFICATES), None)
    said = [] if section is None or namespace else [Level(section.level)]
    doubtful = doubts(sources, CERTIFICATES)
    levels = [*(row.level for row in rows), *said, *doubtful]
    code = code_of(levels or (Level.UNKNOWN,), lacking)
    told = rotations(assessment, (namespace,) if namespace else None)
    if format == "json":
        document = {
            "schema_version": SCHEMA_VERSION,
            "generated_at": iso(now),
            "screen": CERTIFICATES,
            "namespace": safe(namespace) if namespace else None,
            "exit_code": code,
            "counts": counted(row.level for row in rows),
            "sources": sources_json(sources),
            "unread": [safe(name) for name in lacking],
            "certificates": [_row(row) for row in rows],
            "rotations": [as_json(one) for one in told if one.rotation.under_way],
        }
        return written(document), code
    lines = [f"{place(picture)}  {clocks(now, zone)}", ""]
    if section is not None:
        lines += ["; ".join(filter(None, (safe(section.sentence), safe(section.detail)))), ""]
    lines += _table(rows, now) if rows else [nothing_text(picture)]
    lines += [line for one in told if one.rotation.under_way for line in ("", *of_one(one))]
    lines += [f"? not read: {safe(name)}" for name in lacking]
    lines += ["", *sources_text(sources)]
    return "\n".join(cut_apart(lines, width) if width else lines), code


def _table(rows: Sequence[CertificateRow], now: float) -> list[str]:
    parts = columns(lambda subject: subject.name)
    table = [[part.title for part in parts], *([_text(cell) for cell in cells(row, now)] for row in rows)]
    return list(laid_out(table, right=[part.align == "right" for part in parts]))


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _row(row: CertificateRow) -> dict[str, Any]:
    return {
        "cluster": row.subject.cluster.cluster,
        "kind": row.subject.kind,
        "namespace": safe(row.subject.namespace) or None,
        "name": safe(row.subject.name),
        "level": row.level.name,
        "names": [safe(name) for name in row.names],
        "issuer": row.issuer or None,
        "ends": iso(row.ends),
        "renews": iso(row.renews),
        "renewed": row.kept,
        "source": f"{row.source} at {iso(row.seen_at)}" if row.seen_at is not None else row.source,
        "verdicts": [verdict_json(verdict) for verdict in row.verdicts],
    }


def _unread(picture: Picture) -> list[str]:
    """What a cluster does not serve it has none of."""
    found = []
    for cluster in picture.clusters.values():
        for kind in _KINDS:
            seen = cluster.kinds.get(kind)
            absent = (
                seen is not None and seen.problem is not None and seen.problem.kind is ProblemKind.NOT_SERVED
            )
            if not absent and not readable(seen):
                found.append(f"{cluster.ref.cluster}/{kind}")
    return found
