"""Pages as one file of HTML: it holds no script, loads nothing, and is read on a screen by day and by night as on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfdash.model.verdict import Level
from tfdash.report.charts import figures_of
from tfdash.report.gather import FINDINGS, OK
from tfdash.report.sealed import sealed
from tfdash.report.shown import (
    LinesPart,
    ReportPart,
    SentencesPart,
    Shown,
    TableField,
    TablePart,
    code_of_all,
    sources_part,
)
from tfdash.report.templates import Templates
from tfdash.report.toned import tone_of, toned
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.resources import gauge
from tfdash.views.times import clocks, iso, local

Plain = dict[str, Any]

_SHORT, _LONGEST = 24, 48  # letters that a cell holds in one line; that a word has before it is broken
_BARS = frozenset(gauge.FULL + gauge.EMPTY + gauge.POINT + gauge.BEYOND + gauge.CROSSED + gauge.BOUND)
_NAME = "snapshot.html"
_ANSWERS = {OK: (Level.OK, "nothing found"), FINDINGS: (Level.WARN, "findings")}
_NOT_KNOWN = (Level.UNKNOWN, "not all is known")


def write(shown: Sequence[Shown]) -> str:
    """``shown``: one page or several, of one moment."""
    first = shown[0]
    asked = first.asked
    places = sorted({f"{ref.environment} {ref.cluster}" for ref in asked.picture.clusters})
    where = safe(", ".join(places))
    title = first.title if len(shown) == 1 else "Platform report"
    at = local(asked.now, asked.zone)
    document = {
        "title": f"{title} · {where}" if where else title,
        "heading": title,
        "place": first.place,
        "namespace": asked.namespace or "",
        "as_of": f"{at:%a} {at.day} {at:%b %Y} {clocks(asked.now, asked.zone)}",
        "made": iso(asked.now),
        "zone": str(asked.zone),
        "answer": _answer(code_of_all(shown), _worst(shown)),
        "pages": [_page(one, n) for n, one in enumerate(shown, 1)],
        "sources": part_of(sources_part(shown), "sources"),
    }
    return sealed(Templates().render(_NAME, document))


def _worst(shown: Sequence[Shown]) -> Level:
    return max(
        (Level[name] for one in shown for name, many in one.counts.items() if many), default=Level.IDLE
    )


def _answer(code: int, worst: Level) -> Plain:
    """The exit code in words; of findings a breach is told as one."""
    level, words = _ANSWERS.get(code, _NOT_KNOWN)
    if code == FINDINGS and worst is Level.BREACH:
        level, words = Level.BREACH, "BREACH"
    state = states.of_level(level)
    return {"glyph": state.glyph, "token": state.token, "text": words, "code": code}


def _page(one: Shown, number: int) -> Plain:
    return {
        "id": f"page-{number}",
        "title": one.title,
        "answer": _answer(one.code, _worst([one])),
        "counts": [_count(name, many) for name, many in one.counts.items() if many],
        "unread": list(one.unread),
        "figures": figures_of(one),
        "parts": [part_of(part, f"part-{number}-{n}") for n, part in enumerate(one.parts(), 1)],
    }


def _count(name: str, many: int) -> Plain:
    state = states.of_level(Level[name])
    return {"token": state.token, "text": f"{state.glyph} {many:,} {state.word}"}


def part_of(part: ReportPart, id: str) -> Plain:
    """For the macros of ``parts.html``."""
    match part:
        case TablePart():
            rows = [part.cells(row) for row in part.rows]
            return _table(id, part.title, part.columns, rows, part.empty)
        case SentencesPart():
            said = [
                {
                    "token": states.of_level(one.level).token if one.level is not None else "",
                    "state": one.state,
                    "text": list(map(list, toned(one.text))),
                    "under": list(one.under),
                }
                for one in part.said
            ]
            return {"kind": "sentences", "id": id, "title": part.title, "said": said}
        case LinesPart():
            lines = [list(map(list, toned(line))) for line in part.lines]
            title = list(map(list, toned(part.title)))
            return {"kind": "lines", "id": id, "title": title, "lines": lines}


def _table(
    id: str,
    title: str,
    fields: Sequence[TableField],
    rows: Sequence[Sequence[str]],
    empty: str,
) -> Plain:
    """A cell is (text, classes); the first that names a thing is the head of its row."""
    bars = [_all_bars([row[n] for row in rows]) for n in range(len(fields))]
    right = ["right" if f.right else "bars" if bar else "" for f, bar in zip(fields, bars, strict=True)]
    named = next((n for n, field in enumerate(fields) if field.id in ("name", "source", "title")), -1)
    return {
        "kind": "table",
        "id": id,
        "title": title,
        "fields": [[field.title, side] for field, side in zip(fields, right, strict=True)],
        "named": named,
        "rows": [
            [
                [cell, f"{side} {tone_of(cell) or _length(cell)}".strip()]
                for cell, side in zip(row, right, strict=True)
            ]
            for row in rows
        ],
        "empty": empty or "none",
    }


def _all_bars(cells: Sequence[str]) -> bool:
    """Whether a column draws: its blanks mean something, and paper has the drawing instead."""
    return any(cells) and all(ch in _BARS for cell in cells for ch in cell)


def _length(cell: str) -> str:
    """Of what wraps only if its column is wide enough to be read; of a name that no blank lets wrap."""
    if len(cell) <= _SHORT:
        return ""
    return "long" if max(map(len, cell.split()), default=0) > _LONGEST else "words"
