"""One page as a report holds it: what was asked, the answer's code, and its content as lines, as a document and as parts.

Every format is a reading of these. All texts are safe (``tfdash.text.safe``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.report.gather import FINDINGS, OK, UNKNOWN, WORKLOADS
from tfdash.text import safe
from tfdash.views.kinds import KindView
from tfdash.views.pages import PAGES
from tfdash.views.sections import next_command, state_of
from tfdash.views.sources import SourceRow
from tfdash.views.times import iso

if TYPE_CHECKING:
    from tfdash.anonymise.anonymiser import Anonymiser
    from tfdash.changes.gather import RecentChanges

SCHEMA_VERSION = 1
ALL = "all"  # the name of all pages together


class ReportAsked(NamedTuple):
    """``namespace`` None: all. ``width``: cells that the lines of a text have at most, None: as many as they need. ``late``: what was
    waited for in vain. ``view``: the list where no table of ours has it. ``changes``: what was read for the page of that name. ``judged_by``: of a recording by which policy, "" of what is now."""

    picture: Picture
    assessment: Assessment
    screen: str
    now: float
    zone: ZoneInfo
    namespace: str | None = None
    width: int | None = None
    late: tuple[str, ...] = ()
    view: KindView | None = None
    changes: RecentChanges | None = None
    judged_by: str = ""


def anonymised(asked: ReportAsked, anonymiser: Anonymiser) -> ReportAsked:
    """The same by other names: what every page and format is a reading of. A list of a kind that only a cluster knows has none."""
    with anonymiser.table.gathered():  # what changed may name what is gone, and sentences name that too
        anonymiser.learn_of(asked.picture, asked.assessment)
        anonymiser.learn(asked.changes)
    picture, assessment = anonymiser.shown(asked.picture, asked.assessment)
    return asked._replace(
        picture=picture,
        assessment=assessment,
        namespace=anonymiser.table.alias(asked.namespace, "namespace") if asked.namespace else None,
        late=tuple(map(anonymiser.text, asked.late)),
        changes=anonymiser.value(asked.changes),
        judged_by=anonymiser.text(asked.judged_by),
    )


class TableField(NamedTuple):
    """A column of a table; ``id`` is its name for programs. ``people`` and ``programs``: who has it. A bar is nothing for programs."""

    id: str
    title: str
    right: bool = False
    people: bool = True
    programs: bool = True


class TableRow(NamedTuple):
    """``cells`` are for people, ``values`` for programs (numbers stay numbers; JSON's types), one a column. ``level`` None: of a kind
    that is not judged."""

    level: Level | None
    cells: tuple[str, ...]
    values: tuple[Any, ...]


class TablePart(NamedTuple):
    """``empty`` is what stands there where it has no rows."""

    id: str
    title: str
    fields: tuple[TableField, ...]
    rows: tuple[TableRow, ...]
    empty: str = ""

    @property
    def columns(self) -> tuple[TableField, ...]:
        """Those for people."""
        return tuple(field for field in self.fields if field.people)

    def cells(self, row: TableRow) -> tuple[str, ...]:
        """One for each of ``columns``."""
        return tuple(cell for field, cell in zip(self.fields, row.cells, strict=True) if field.people)


class Sentence(NamedTuple):
    """One sentence. ``state`` is glyph and word, "" where it is no verdict; ``under`` stands below it, smaller."""

    text: str
    level: Level | None = None
    state: str = ""
    under: tuple[str, ...] = ()


class SentencesPart(NamedTuple):
    """Sentences under a title, "" for none."""

    id: str
    title: str
    said: tuple[Sentence, ...]


class LinesPart(NamedTuple):
    """Lines whose blanks mean something: for a fixed width font."""

    id: str
    title: str
    lines: tuple[str, ...]


ReportPart = TablePart | SentencesPart | LinesPart


def sentence_of(section: SectionState, *, named: bool = False) -> Sentence:
    """The line of a section, with its level; ``named``: and with its title."""
    told = "; ".join(dict.fromkeys(filter(None, (safe(section.sentence), safe(section.detail)))))
    title = f"{section.title}: " if named else ""
    return Sentence(f"{title}{told}", Level(section.level), state_of(section).text)


class Shown(NamedTuple):
    """One page. ``counts``: of what was judged, how many are at each level, by its name, worst first. ``place``: which clusters, their
    versions and who we are there. ``unread``: names of what was not read. ``lines`` are the page as the terminal has it, without its head, its
    sources and what was not read. What costs something is made when it is asked for."""

    asked: ReportAsked
    title: str
    place: str
    code: int
    counts: Mapping[str, int]
    sources: tuple[SourceRow, ...]
    unread: tuple[str, ...]
    document: Callable[[], dict[str, Any]]
    lines: Callable[[], list[str]]
    parts: Callable[[], Sequence[ReportPart]]

    @property
    def screen(self) -> str:
        return self.asked.screen


_SOURCES = (
    TableField("state", "STATE"),
    TableField("source", "SOURCE"),
    TableField("objects", "OBJECTS", right=True),
    TableField("age", "READ"),
    TableField("detail", "DETAIL"),
)


def sources_part(shown: Sequence[Shown]) -> TablePart:
    """The data sources of all pages, each once."""
    rows = []
    for row in dict.fromkeys(row for one in shown for row in one.sources):
        objects = "" if row.objects is None else f"{row.objects:,}"
        cells = (row.state.text, row.name, objects, row.age_text, row.detail)
        rows.append(
            TableRow(row.state.level, cells, (row.state.word, row.name, row.objects, row.age, row.detail))
        )
    return TablePart("sources", "Data sources", _SOURCES, tuple(rows), "none")


def code_of_all(shown: Sequence[Shown]) -> int:
    """1 if one has findings, else 2 if one is not known, else 0; 2 where there is none."""
    codes = {one.code for one in shown} or {UNKNOWN}
    return next((code for code in (FINDINGS, UNKNOWN) if code in codes), OK)


def plain_of(lines: Sequence[str], id: str, title: str = "") -> tuple[LinesPart, ...]:
    """The lines as a part, none where there are none."""
    return (LinesPart(id, title, tuple(lines)),) if lines else ()


def framed(
    asked: ReportAsked,
    code: int,
    counts: Mapping[str, int],
    sources: tuple[SourceRow, ...],
    unread: Sequence[str],
    content: Callable[[], dict[str, Any]],
    lines: Callable[[], list[str]],
    parts: Callable[[], Sequence[ReportPart]],
) -> Shown:
    """A page with what every document has around its own ``content``."""

    def document() -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "generated_at": iso(asked.now),
            "screen": asked.screen,
            "namespace": safe(asked.namespace) if asked.namespace else None,
            "exit_code": code,
            "judged_by": safe(asked.judged_by) or None,
            "counts": dict(counts),
            "sources": sources_json(sources),
            "unread": [safe(name) for name in unread],
            **content(),
        }

    title = _TITLES.get(asked.screen) or safe(asked.view.noun if asked.view is not None else asked.screen)
    by = f"recording, judged by {safe(asked.judged_by)}" if asked.judged_by else ""
    place = " · ".join(filter(None, (place_of(asked.picture), by)))
    return Shown(asked, title, place, code, counts, sources, tuple(map(safe, unread)), document, lines, parts)


_TITLES = {WORKLOADS if page.id == "workloads" else page.id: page.title for page in PAGES}


def place_of(picture: Picture) -> str:
    """Which clusters, their versions and who we are there."""
    names = []
    for ref, cluster in picture.clusters.items():
        info = cluster.info.value
        answered = any(seen.observed_at is not None for seen in cluster.kinds.values())
        none = (
            "not read yet"
            if cluster.info.problem is None
            else "version not read"
            if answered
            else "not reached"
        )
        about = " ".join(p for p in (info.version, info.user) if p) if info is not None else none
        names.append(safe(f"{ref.environment} {ref.cluster} {about}"))
    return " · ".join(names)


def sources_json(rows: Iterable[SourceRow]) -> list[dict[str, Any]]:
    """Each source with its state and age."""
    return [
        {
            "source": safe(row.source) or None,
            "cluster": row.cluster.cluster if row.cluster is not None else None,
            "environment": row.cluster.environment if row.cluster is not None else None,
            "kind": row.kind or None,
            "state": row.state.word,
            "objects": row.objects,
            "age_seconds": None if row.age is None else round(row.age, 3),
            "detail": row.detail,
        }
        for row in rows
    ]


def section_json(section: SectionState, asked: ReportAsked) -> dict[str, Any]:
    return {
        "id": section.id,
        "title": section.title,
        "level": Level(section.level).name,
        "sentence": safe(section.sentence),
        "detail": safe(section.detail),
        "count": section.count,
        "unknown": section.unknown,
        "loading": section.loading,
        "screen": section.target,
        "subject": subject_json(section.subject) if section.subject is not None else None,
        "since": iso(section.since),
        "next": next_command(section, asked.now, bool(asked.judged_by)) or None,
    }


def subject_json(subject: Subject) -> dict[str, str | None]:
    return {
        "cluster": subject.cluster.cluster,
        "kind": subject.kind,
        "namespace": safe(subject.namespace) or None,
        "name": safe(subject.name),
    }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "level": verdict.level.name,
        "rule": safe(verdict.rule),
        "subject": subject_json(verdict.subject),
        "sentence": safe(verdict.sentence),
        "measured": verdict.measured,
        "limit": verdict.limit,
        "unit": safe(verdict.unit) or None,
        "unknown": verdict.unknown.value if verdict.unknown else None,
        "since": iso(verdict.since),
        "evidence": [safe(str(o)) for o in verdict.evidence.objects],
    }
