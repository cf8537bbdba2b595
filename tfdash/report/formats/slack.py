"""What is shown as a message of Slack: ``{"text", "blocks"}``, as an incoming webhook or ``chat.postMessage`` takes it.

Limits by Slack's reference of Block Kit: 50 blocks a message, 150 characters of a header, 3000 of a section's text, 10 fields of 2000, 10
elements of a context. Characters are counted as UTF-16, which is never fewer. All that is not ours stands in ``plain_text`` with
``emoji`` off, which Slack reads nothing into. What wants attention comes first; how much was left out is said, and where it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tfdash.model.verdict import Level
from tfdash.report.shown import SentencesPart, Shown, TablePart, sources_part
from tfdash.views.times import clocks

_BLOCKS, _HEADER, _TEXT, _FIELDS, _FIELD = 50, 150, 3000, 10, 2000
_WHOLE = 12_000  # characters of a message: longer ones Slack refuses as a whole, and says no number
_NAMED = 10  # sources
_FRAME = 4  # blocks of a page beside its lines: header, context, fields, divider
_CODES = {0: "in order", 1: "findings", 2: "not all is known"}


def write(shown: Sequence[Shown]) -> str:
    pages = list(shown)[: _BLOCKS // (_FRAME + 1)]
    blocks, room = _BLOCKS // len(pages) - _FRAME, _WHOLE // len(pages)
    message = {
        "text": _escaped("; ".join(f"{one.title}: {_CODES[one.code]}" for one in shown)),
        "blocks": [block for one in pages for block in _page(one, blocks, room)][:_BLOCKS],
    }
    return json.dumps(message, ensure_ascii=False, indent=2)


def _page(shown: Shown, blocks: int, room: int) -> Iterator[dict[str, Any]]:
    asked = shown.asked
    within = f" in {asked.namespace}" if asked.namespace else ""
    yield {"type": "header", "text": _plain(f"{shown.title}{within}: {_CODES[shown.code]}", _HEADER)}
    head = f"{shown.place}  {clocks(asked.now, asked.zone)}"
    yield {"type": "context", "elements": [_plain(head, _FIELD)]}
    counts = [_plain(f"{count} {level}", _FIELD) for level, count in shown.counts.items() if count]
    if counts:
        yield {"type": "section", "fields": counts[:_FIELDS]}
    for text in _pieces(list(_lines(shown)), shown, blocks, room):
        yield {"type": "section", "text": _plain(text, _TEXT)}
    yield {"type": "divider"}


def _lines(shown: Shown) -> Iterator[str]:
    """What was not read, what is said, and of tables the rows that want attention."""
    for name in shown.unread:
        yield f"? not read: {name}"
    sources = sources_part([shown]).rows
    doubtful = [row for row in sources if row.level is not None and row.level >= Level.UNKNOWN]
    if doubtful:
        names = [f"{row.values[1]} ({row.values[0]})" for row in doubtful[:_NAMED]]
        names += [f"and {left} more"] if (left := len(doubtful) - _NAMED) > 0 else []
        yield f"? {len(doubtful)} of {len(sources)} data sources: {'; '.join(names)}"
    for part in shown.parts():
        if isinstance(part, SentencesPart):
            yield from (" ".join(filter(None, (said.state, said.text))) for said in part.said)
        elif isinstance(part, TablePart):
            bad = [row for row in part.rows if row.level is not None and row.level >= Level.UNKNOWN]
            for row in sorted(bad, key=lambda row: -(row.level or 0)):
                yield " · ".join(filter(None, part.cells(row)))
            if not bad:
                yield f"{part.title}: {len(part.rows)}, none wants attention" if part.rows else part.empty


def _pieces(lines: Sequence[str], shown: Shown, blocks: int, room: int) -> Iterator[str]:
    """The lines in texts of sections, as many as there is room for; the last says what is left."""
    lines = [_cut(line, _TEXT // 4) for line in lines if line]
    texts, told = [""], 0
    for line in lines:
        longer = f"{texts[-1]}\n{line}".lstrip("\n")
        if _length(longer) > _TEXT - _HEADER:
            if len(texts) == blocks:
                break
            texts.append(longer := line)
        if sum(map(_length, texts[:-1])) + _length(longer) > room - _HEADER:
            break
        texts[-1] = longer
        told += 1
    if left := len(lines) - told:
        texts[-1] = f"{texts[-1]}\n… and {left} more: tfdash snapshot --screen {shown.screen}".lstrip("\n")
    yield from filter(None, texts)


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(text, most) or "-", "emoji": False}


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, most: int) -> str:
    if _length(text) <= most:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * (most - 1)].decode("utf-16-le", "ignore") + "…"


def _escaped(text: str) -> str:
    """For the one text that Slack reads markup in."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
