"""``tfdash snapshot --screen certificates``: the inventory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfdash.model.observation import ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.verdict import Level
from tfdash.report.gather import code_of, counted, readable
from tfdash.report.shown import (
    ReportAsked,
    ReportPart,
    SentencesPart,
    Shown,
    TableField,
    TablePart,
    TableRow,
    framed,
    plain_of,
    sentence_of,
    verdict_json,
)
from tfdash.text import safe
from tfdash.views.certificates import CertificateRow, cells, certificate_rows, columns, nothing_text
from tfdash.views.layout import columns_within
from tfdash.views.rotation import as_json, of_one, rotations
from tfdash.views.sources import doubts, source_rows
from tfdash.views.table import Cell
from tfdash.views.times import iso

CERTIFICATES = "certificates"
_KINDS = ("Certificate", "Issuer", "ClusterIssuer")


def shown(asked: ReportAsked) -> Shown:
    picture, assessment, namespace = asked.picture, asked.assessment, asked.namespace
    names = (namespace,) if namespace else None
    rows = list(certificate_rows(picture, assessment, names).values())
    lacking = tuple(dict.fromkeys((*_unread(picture), *asked.late)))
    sources = source_rows(picture, asked.now, assessment.stale)
    sections = assessment.sections
    if names and sections:
        from tfdash.judging.narrowed import sections_within

        sections = sections_within(picture, assessment, names, (CERTIFICATES,))
    section = next((s for s in sections if s.id == CERTIFICATES), None)
    said = [Level(section.level)] if section is not None else []
    levels = [*(row.level for row in rows), *said, *doubts(sources, CERTIFICATES)]
    code = code_of(levels or (Level.UNKNOWN,), lacking)
    rotating = [one for one in rotations(assessment, names) if one.rotation.under_way]
    head = sentence_of(section) if section is not None else None

    def content() -> dict[str, Any]:
        return {"certificates": [_row(row) for row in rows], "rotations": [as_json(one) for one in rotating]}

    def lines() -> list[str]:
        told = [head.text, ""] if head is not None else []
        told += _table(rows, asked.now, asked.width) if rows else [nothing_text(picture)]
        return [*told, *(line for one in rotating for line in ("", *of_one(one)))]

    def parts() -> list[ReportPart]:
        told: list[ReportPart] = (
            [SentencesPart("section", "", (head,))] if head is not None and head.text else []
        )
        told.append(_part(rows, asked.now, nothing_text(picture)))
        return [*told, *(part for one in rotating for part in plain_of(of_one(one), "rotation", "Rotation"))]

    return framed(asked, code, counted(row.level for row in rows), sources, lacking, content, lines, parts)


def _part(rows: Sequence[CertificateRow], now: float, empty: str) -> TablePart:
    """Times are instants where programs read it."""
    parts = columns(lambda subject: subject.name)
    fields = tuple(TableField(part.key, part.title, part.align == "right") for part in parts)
    made = []
    for row in rows:
        texts = tuple(_text(cell) for cell in cells(row, now))
        exact = {"state": row.level.name, "ends": iso(row.ends), "renews": iso(row.renews)}
        values = (exact.get(part.key, text) for part, text in zip(parts, texts, strict=True))
        made.append(TableRow(row.level, texts, tuple(values)))
    return TablePart("certificates", "Certificates", fields, tuple(made), empty)


def _table(rows: Sequence[CertificateRow], now: float, width: int | None) -> list[str]:
    parts = columns(lambda subject: subject.name)
    table = [[part.title for part in parts], *([_text(cell) for cell in cells(row, now)] for row in rows)]
    return columns_within(table, table[0], width, [part.align == "right" for part in parts])


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
