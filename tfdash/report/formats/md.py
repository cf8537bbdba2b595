"""What is shown as Markdown for GitHub and GitLab.

A word that either of them could read as anything but itself (markup, HTML, a link, a mention, a reference to an issue, a merge
request, a commit or a label, an emoji) stands as code: there nothing is read. All others stand as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from tfdash.report.shown import ReportPart, SentencesPart, Shown, TablePart, sources_part
from tfdash.views.times import clocks

# Letters and digits of any script, and what means nothing inside a word; "%" and ":" only behind it.
_HARMLESS = re.compile(r"[\"'(]*(?:[^\W_]|[.,;()/+='\"-]|[^\x00-\x7f]|:(?=\d))*[%:?.,;)\"']*")
_READ = re.compile(  # although all its characters are harmless
    r"^[\"'(]*/|//|(?i:www\.|\b[0-9a-f]{7,}\b)|\b[A-Z][A-Z0-9]+-\d"  # a command to GitLab ("/close"), a link, a commit, a ticket
)
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "<=": "&lt;=", ">=": "&gt;="}
_BEGINS = re.compile(r"(?:[-+=]+|(?P<number>\d{1,9})(?P<end>[.)]))(?=\s|$)")  # a list, a line below a heading


def write(shown: Sequence[Shown]) -> str:
    sources = sources_part(shown)
    lines = [*(line for one in shown for line in _page(one)), *(_part(sources) if sources.rows else ())]
    return "\n".join(lines).rstrip("\n")


def _page(shown: Shown) -> Iterator[str]:
    asked = shown.asked
    within = f" in {asked.namespace}" if asked.namespace else ""
    yield f"# {inline(shown.title + within)}"
    yield ""
    yield inline(f"{shown.place}  {clocks(asked.now, asked.zone)}")
    yield ""
    told = ", ".join(f"{count} {level}" for level, count in shown.counts.items() if count)
    yield f"**{_CODES[shown.code]}**{': ' + told if told else ''}"
    yield ""
    for name in shown.unread:
        yield f"- ? not read: {inline(name)}"
    if shown.unread:
        yield ""
    for part in shown.parts():
        yield from _part(part)


def _part(part: ReportPart) -> Iterator[str]:
    if part.title:
        yield f"## {inline(part.title)}"
        yield ""
    if isinstance(part, TablePart):
        titles, right = [f.title for f in part.columns], [f.right for f in part.columns]
        yield from _table(titles, right, [part.cells(row) for row in part.rows], part.empty)
    elif isinstance(part, SentencesPart):
        for said in part.said:
            yield f"- {inline(' '.join(filter(None, (said.state, said.text))))}"
            yield from (f"  <br>{inline(line)}" for line in said.under)
        yield ""
    else:
        yield from fenced(part.lines)


_CODES = {0: "in order", 1: "findings", 2: "not all is known"}


def _table(
    titles: Sequence[str], right: Sequence[bool | int], rows: Sequence[Sequence[str]], empty: str = ""
) -> Iterator[str]:
    if not rows:
        yield inline(empty) or "nothing"
        yield ""
        return
    yield _cells(titles)
    yield f"| {' | '.join('---:' if one else '---' for one in right)} |"
    for row in rows:
        yield _cells(row)
    yield ""


def fenced(lines: Sequence[str]) -> Iterator[str]:
    """The lines as they are, behind a fence that none of them ends."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}text"
    yield from (
        f" {line}" if line.startswith("/") else line for line in lines
    )  # no command, whoever reads fences
    yield fence
    yield ""


def inline(text: str, *, table: bool = False) -> str:
    """``text`` (safe already) on one line, in a paragraph, a heading or a list, or in a cell of a ``table``; nothing of it is read."""
    first = _BEGINS.match(text := text.strip())
    if first is None:
        begin = ""
    elif first["number"]:
        begin = f"{first['number']}\\{first['end']}"
    else:
        begin = "".join(f"\\{sign}" for sign in first.group())
    return " ".join([begin] * bool(begin) + _words(text[first.end() if first else 0 :].split(), table))


@lru_cache(16_384)  # the same names and states stand in each row
def _plain(word: str) -> str | None:
    """The word where it is read as nothing but itself, None where it must be code."""
    return _ENTITIES.get(word, word if _HARMLESS.fullmatch(word) and not _READ.search(word) else None)


def _words(words: Sequence[str], table: bool) -> list[str]:
    """Neighbours that must be code are one span of it."""
    told: list[str] = []
    coded: list[str] = []
    for word in words:
        plain = _plain(word)
        if plain is None:
            core = word.rstrip(";,")  # a sentence goes on behind a path: what divides it is none of the path
            coded.append(core or word)
            if core and core != word:
                told += _code(coded, table)
                told[-1] += word[len(core) :]
                coded = []
            continue
        told += [*_code(coded, table), plain]
        coded = []
    return [*told, *_code(coded, table)]


def _code(words: Sequence[str], table: bool) -> Iterator[str]:
    """As a span of code. A table wants its bars escaped there, too, which a backslash before one would undo: then the bar begins a span."""
    text = " ".join(words)
    for piece in (re.split(r"(?<=\\)(?=\|)", text) if table else [text]) if text else ():
        ticks = "`" * (1 + max((len(run) for run in re.findall("`+", piece)), default=0))
        pad = " " if piece.startswith("`") or piece.endswith("`") else ""
        told = piece.replace("|", "\\|") if table else piece
        yield f"{ticks}{pad}{told}{pad}{ticks}"


def _cells(texts: Sequence[str]) -> str:
    return f"| {' | '.join(inline(text, table=True) for text in texts)} |"
