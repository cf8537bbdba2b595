"""What is shown as rows by RFC 4180, UTF-8: each row says of which page and table it is, then come the columns of all of them.

Every text stands in quotes, so that no spreadsheet splits it at a separator of its own, and one that a spreadsheet would take for a
formula has an apostrophe before it. Numbers stand as they are; what is not known is empty.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from tfdash.model.verdict import Level
from tfdash.report.shown import SentencesPart, Shown, TablePart, sources_part

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_UNSEEN = " \v\f\0\x85\xa0\u1680\u180e\u2028\u2029\u202f\u205f\u3000\ufeff\t\r\n" + "".join(
    map(chr, range(0x2000, 0x2010))
)
"""What a spreadsheet may take away before it looks for a formula."""
_FIRST = ("screen", "table")


def write(shown: Sequence[Shown]) -> bytes:
    rows = [*(row for one in shown for row in _rows(one)), *_doubtful(sources_part(shown))]
    columns = dict.fromkeys((*_FIRST, *(name for row in rows for name in row)))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue().encode(errors="backslashreplace")


def _rows(shown: Shown) -> Iterator[Mapping[str, Any]]:
    for part in shown.parts():
        first = {"screen": shown.screen, "table": part.id}
        if isinstance(part, TablePart):
            for row in part.rows:
                told = zip(part.fields, row.values, strict=True)
                judged = {"level": row.level.name} if row.level is not None else {}
                yield first | judged | {field.id: value for field, value in told if field.programs}
        elif isinstance(part, SentencesPart):
            for said in part.said:
                level = said.level.name if said.level is not None else None
                yield first | {"level": level, "sentence": said.text}
    for name in shown.unread:  # rows that may be lacking are no good news
        yield {"screen": shown.screen, "table": "unread", "level": "UNKNOWN", "sentence": f"not read: {name}"}


def _doubtful(sources: TablePart) -> Iterator[Mapping[str, Any]]:
    """What was read and is old or not whole is no good news either."""
    for row in sources.rows:
        if row.level is not None and row.level >= Level.UNKNOWN:
            state, name, _, _, detail = row.values
            told = f"{name}: {state}{': ' if detail else ''}{detail}"
            yield {"screen": "", "table": sources.id, "level": row.level.name, "sentence": told}


def cell(value: Any) -> int | float | str:
    """A number as it is, "" for what is not known, anything else as a text that no spreadsheet runs."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    formula = text.startswith(_FORMULA) or text.lstrip(_UNSEEN).startswith(_FORMULA)
    return f"'{text}" if formula else text
