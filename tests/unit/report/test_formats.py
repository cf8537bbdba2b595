"""Each format of each page: what outsiders wrote does no harm in it, what was not read is no good news, and what takes it takes it."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbook.making import NOW, REF, deployment, picture, pod
from tests.unit.report.test_truth_table import SCENARIOS, SOURCES, STALE_AFTER, STATES, broken, whole
from tests.unit.views.making import HOSTILE, VISIBLE
from tfdash.changes.gather import RecentChanges
from tfdash.judging.judge import judge_all
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.picture import Picture
from tfdash.model.section import SectionFinding, SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.report.formats import FORMATS
from tfdash.report.formats.csv import cell
from tfdash.report.screens import EVERY, shown
from tfdash.report.shown import ReportAsked, SentencesPart, Shown, TablePart, code_of_all
from tfdash.views.layout import cells

UTC = ZoneInfo("UTC")
CLEAN = "\x1b\u202e\x00\u200b"


def pages(p: Picture, told: Assessment | None = None, *screens: str) -> list[Shown]:
    asked = ReportAsked(p, told or judge_all(p, NOW), "", NOW, UTC, changes=RecentChanges((), ()))
    return [shown(asked._replace(screen=screen)) for screen in screens or EVERY]


def text(format: str, *several: Shown) -> str:
    written = FORMATS[format].write(several)
    return written if isinstance(written, str) else written.decode()


WORLD = whole(SCENARIOS["stuck"])
HOSTILE_WORLD = whole((deployment(name=HOSTILE), pod(name=HOSTILE)))
HOSTILE_TOLD = Assessment(
    at=NOW,
    number=1,
    verdicts={
        (who := Subject(REF, "Deployment", "a", HOSTILE)): (
            Verdict(level=Level.BREACH, rule=HOSTILE, subject=who, sentence=HOSTILE),
        )
    },
    workloads={},
    sections=(
        SectionState(
            id="s",
            title="S",
            level=Level.BREACH,
            sentence=HOSTILE,
            detail=HOSTILE,
            findings=(SectionFinding(level=Level.BREACH, sentence=HOSTILE),),
        ),
    ),
)


@pytest.mark.parametrize("format", [name for name, one in FORMATS.items() if not one.binary])
def test_every_page_alone_and_all_together(format: str) -> None:
    several = pages(WORLD)
    for one in several:
        assert text(format, one)
    together = text(format, *several)
    assert code_of_all(several) == 1
    for one in several if format in ("text", "md") else ():
        assert one.title in together
    if format == "json":
        assert list(json.loads(together)["screens"]) == list(EVERY)


@pytest.mark.parametrize("format", [name for name, one in FORMATS.items() if not one.binary])
def test_what_others_wrote_carries_nothing_out(format: str) -> None:
    for one in pages(HOSTILE_WORLD, HOSTILE_TOLD):
        written = text(format, one)
        assert not any(c in written for c in CLEAN), one.screen
        if one.screen in ("overview", "deployments") and format not in ("prometheus", "md"):
            assert VISIBLE in html.unescape(written), one.screen


def levels_in(document: Any) -> Iterator[tuple[str, str]]:
    """Each sentence of a document that has a level beside it."""
    if isinstance(document, dict):
        if isinstance(document.get("level"), str) and isinstance(document.get("sentence"), str):
            yield document["sentence"], document["level"]
        document = list(document.values())
    if isinstance(document, list):
        for one in document:
            yield from levels_in(one)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_has_a_level_for_programs_has_it_in_a_spreadsheet(scenario: str) -> None:
    for one in pages(whole(SCENARIOS[scenario])):
        levels = dict(levels_in(json.loads(text("json", one))))
        for row in csv.DictReader(io.StringIO(text("csv", one), newline="")):
            said = next((level for level in levels if level and level in (row.get("sentence") or "")), None)
            assert said is None or row["level"], (one.screen, row)
            assert row.get("table") == "changes" or row["level"] or said is None, row
        for part in one.parts():
            if isinstance(part, SentencesPart):
                assert all(said.level is not None for said in part.said if judged(said.text, levels)), part


def judged(sentence: str, levels: dict[str, str]) -> bool:
    return any(told and told in sentence for told in levels)


def test_rows_have_what_their_columns_ask_for() -> None:
    for one in pages(WORLD):
        for part in one.parts():
            if isinstance(part, TablePart):
                wide = len(part.fields)
                assert all(len(row.cells) == len(row.values) == wide for row in part.rows), one.screen
                assert len({field.id for field in part.fields}) == wide, one.screen


# -- what was not read ------------------------------------------------------------------------------------------------


def words(written: str) -> str:
    """Without what a layout makes of blanks."""
    return " ".join(written.split())


def markdown(written: str) -> str:
    return re.sub(r"\\\|", "|", html.unescape(written).replace("`", ""))


READERS: dict[str, Callable[[str], str]] = {
    "csv": lambda written: "\n".join(" ".join(row) for row in csv.reader(io.StringIO(written, newline=""))),
    "html": lambda written: html.unescape(re.sub("<[^>]*>", "\n", written)),
    "md": markdown,
    "slack": lambda written: "\n".join(told for told, _ in messages(json.loads(written)["blocks"])),
    "svg": lambda written: html.unescape(written.partition("<desc>")[2].partition("</desc>")[0]),
}
"""A format as its reader shows it."""


def lacking(format: str, written: str, one: Shown) -> list[str]:
    """What of the page's doubts does not stand there: what was not read, and each source that is not as it should be."""
    doubtful = [row for row in one.sources if row.state.level >= Level.UNKNOWN]
    if format == "prometheus":
        found = samples(written)
        down = sum(not value for (name, _), value in found.items() if name == "tfdash_source_up")
        sure = found["tfdash_up", ""] == 1 and bool(doubtful or one.unread)
        return [f"{down} sources of {len(doubtful)}"] * (down != len(doubtful)) + ["up"] * sure
    if format == "json":
        document = json.loads(written)
        states = [source["state"] for source in document["sources"]]
        return [
            *{*one.unread}.difference(document["unread"]),
            *({r.state.word for r in doubtful}.difference(states)),
        ]
    there = words(READERS[format](written) if format in READERS else written)
    names = [*one.unread, *(row.name for row in doubtful), *(row.state.word for row in doubtful)]
    if format == "slack" and doubtful:  # it has little room: so many, and the first of them
        names = [*one.unread, doubtful[0].name, f"? {len(doubtful)} of {len(one.sources)} data sources"]
    told = [words(name.replace("`", "") if format == "md" else name) for name in names]
    return [name for name in told if name not in there]


NAMES = ("eu-1", "us-1|`<b>\\", '=a"b')
"""Of a cluster, as somebody may name it; what is not read is told with it."""


@pytest.mark.parametrize("format", [name for name, one in FORMATS.items() if not one.binary])
@pytest.mark.parametrize("state", STATES)
def test_each_format_says_what_was_not_read(format: str, state: str) -> None:
    """A page, a spreadsheet and a message without it are good news. (A picture of pixels is one of the vectors.)"""
    for source in SOURCES:
        for one in doubtful_pages(source, state):
            assert not lacking(format, text(format, one), one), (one.screen, source)


@cache
def doubtful_pages(source: str, state: str) -> list[Shown]:
    name = NAMES[(SOURCES.index(source) + list(STATES).index(state)) % len(NAMES)]
    p = broken(WORLD, source, STATES[state])
    here = p.clusters[REF]
    clusters = {ref: one for ref, one in p.clusters.items() if ref != REF}
    ref = REF._replace(cluster=name)
    clusters[ref] = msgspec.structs.replace(here, ref=ref)
    p = msgspec.structs.replace(p, clusters=clusters)
    return pages(p, judge_all(p, NOW, stale_after=STALE_AFTER))


@pytest.mark.parametrize("format", ["text", "md", "html", "svg"])
def test_for_people_each_source_stands_below_with_its_age(format: str) -> None:
    [one] = pages(WORLD, None, "overview")
    written = text(format, one)
    there = words(READERS[format](written) if format in READERS else written)
    assert one.sources
    for row in one.sources:
        assert all(told in there for told in (row.state.text, row.name, row.age_text, row.detail)), row


# -- rows for spreadsheets ------------------------------------------------------------------------------------------


def test_a_spreadsheet_reads_rows_of_one_width_and_numbers_as_numbers() -> None:
    written = text("csv", *pages(WORLD))
    assert written.count("\n") == written.count("\r\n") and written.endswith("\r\n")
    head, *rows = csv.reader(io.StringIO(written, newline=""), strict=True)
    assert head[:2] == ["screen", "table"] and len(set(head)) == len(head)
    assert rows and {len(row) for row in rows} == {len(head)}
    numbers = csv.reader(io.StringIO(written, newline=""), quoting=csv.QUOTE_NONNUMERIC)
    values = [dict(zip(head, row, strict=True)) for row in numbers][1:]
    counts = [row["count"] for row in values if (row["screen"], row["table"]) == ("overview", "sections")]
    assert counts and all(isinstance(count, float) for count in counts)
    judged = [row["level"] for row in values if (row["screen"], row["table"]) == ("resources", "workloads")]
    assert judged and all(judged), "a row says how grave it is"
    assert not any("\N{FULL BLOCK}" in str(value) for row in values for value in row.values()), "a bar"


@given(
    value=st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.integers(), max_size=2),
    first=st.sampled_from(
        ["", "=", "+", "-", "@", "\t", "\r", "＝", "＠", "  =", "\n=", "\ufeff@", "\u200b+", "\u3000="]
    ),
)
def test_no_cell_is_a_formula(value: Any, first: str) -> None:
    written = cell(f"{first}{value}" if first else value)
    if isinstance(written, str):
        assert not written or written[0] not in "=+-@\t\r＝＋－＠"
        assert written.lstrip(" \n\ufeff\u200b\u3000")[:1] not in tuple("=+-@＝＋－＠"), (
            "a spreadsheet takes blanks away first"
        )
    else:
        assert written == value and not isinstance(value, bool)
    assert cell(-3.5) == -3.5 and cell(None) == "" and cell(True) == "true"


# -- Slack ----------------------------------------------------------------------------------------------------------


def messages(blocks: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Each text and the most characters that it may have, by Slack's reference."""
    found = []
    for block in blocks:
        assert block["type"] in ("header", "section", "context", "divider")
        if block["type"] == "context":
            assert 1 <= len(block["elements"]) <= 10
            found += [(one, 2000) for one in block["elements"]]
        if "fields" in block:
            assert 1 <= len(block["fields"]) <= 10
            found += [(one, 2000) for one in block["fields"]]
        if "text" in block:
            found.append((block["text"], 150 if block["type"] == "header" else 3000))
    assert all(one["type"] == "plain_text" and one["emoji"] is False for one, _ in found)
    return [(one["text"], most) for one, most in found]


@pytest.mark.parametrize("screens", [("overview",), ("deployments",), EVERY])
@pytest.mark.parametrize("long", [1, 200, 4000])
def test_a_message_is_within_the_limits_and_says_what_it_left_out(
    screens: tuple[str, ...], long: int
) -> None:
    findings = tuple(
        SectionFinding(level=Level.WARN, sentence=f"{i} " + "😀<!channel>" * long) for i in range(200)
    )
    section = SectionState(id="s", title="S", level=Level.WARN, sentence="200 things", findings=findings)
    told = msgspec.structs.replace(judge_all(WORLD, NOW), sections=(section,))
    message = json.loads(text("slack", *pages(WORLD, told, *screens)))
    assert set(message) == {"text", "blocks"} and 1 <= len(message["blocks"]) <= 50
    assert "<" not in message["text"]
    texts = messages(message["blocks"])
    for one, most in texts:
        assert 0 < len(one.encode("utf-16-le")) // 2 <= most
    assert sum(len(one) for one, _ in texts) <= 13_000
    if "overview" in screens and long > 1:
        assert any(re.search(r"… and \d+ more: tfdash snapshot --screen overview$", one) for one, _ in texts)


# -- metrics --------------------------------------------------------------------------------------------------------

SAMPLE = re.compile(r'(tfdash_\w+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.e+]+)')


def samples(written: str) -> dict[tuple[str, str], float]:
    """By name and labels. Each family has its help and type before its samples, once; each series stands once; no time stamps."""
    found: dict[tuple[str, str], float] = {}
    family, about, done = "", "", set[str]()
    assert written.endswith("\n") and "\n\n" not in written
    for line in written.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in done
            done.add(family)
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {family} gauge"
        else:
            match = SAMPLE.fullmatch(line)
            assert match and match[1] == family, line
            about = about or match[2].partition(",version=")[0]
            assert 'environment="' in match[2] and 'snapshot="' in match[2], line
            labels = match[2].removeprefix(about).removeprefix(",")  # what differs from the head's
            assert (match[1], labels) not in found, line
            found[match[1], labels] = float(match[3])
    return found


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("state", STATES)
def test_of_what_was_not_read_there_is_no_zero(source: str, state: str) -> None:
    p = broken(WORLD, source, STATES[state])
    told = judge_all(p, NOW, stale_after=STALE_AFTER)
    no_news(samples(text("prometheus", *pages(p, told, "overview", "deployments"))))


def test_before_anything_was_judged_nothing_is_well() -> None:
    no_news(samples(text("prometheus", *pages(picture(), EMPTY_ASSESSMENT, *EVERY))))


def no_news(found: dict[tuple[str, str], float]) -> None:
    assert found["tfdash_up", ""] == 0 and found["tfdash_exit_code", ""] in (1, 2)
    for (name, labels), value in found.items():
        assert value or name in ("tfdash_up", "tfdash_section_state", "tfdash_source_up"), (name, labels)


def test_of_what_was_read_there_is_every_level() -> None:
    found = samples(text("prometheus", *pages(WORLD, None, "overview", "deployments")))
    assert found["tfdash_generated_timestamp_seconds", ""] == NOW
    assert found["tfdash_up", ""] == 1 and found["tfdash_exit_code", ""] == 1
    assert (
        found["tfdash_section_state", 'section="serving",level="WARN"']
        + found["tfdash_section_state", 'section="serving",level="BREACH"']
        == 1
    )
    pages_of = {labels for name, labels in found if name == "tfdash_page_subjects"}
    assert len(pages_of) == 2 * len(Level)


def test_no_two_snapshots_on_one_machine_have_a_series_in_common() -> None:
    """The exporter has one namespace for all files of its folder: of two equal series it drops one, and says nothing of it."""
    away = REF._replace(environment="staging")
    elsewhere = msgspec.structs.replace(
        WORLD, clusters={away: msgspec.structs.replace(WORLD.clusters[REF], ref=away)}
    )
    [overview] = pages(WORLD, None, "overview")
    narrow = overview._replace(asked=overview.asked._replace(namespace="shop"))
    others = [[overview], [narrow], pages(WORLD, None, "deployments"), pages(WORLD)]
    others.append(pages(elsewhere, None, "overview"))
    series = [
        line.rsplit(" ", 1)[0]
        for one in others
        for line in text("prometheus", *one).splitlines()
        if not line.startswith("#")
    ]
    assert [one for one, times in Counter(series).items() if times > 1] == []


def test_no_more_series_for_more_pods() -> None:
    few, many = (
        samples(text("prometheus", *pages(whole((deployment(), *(pod(name=f"p{i}") for i in range(count)))))))
        for count in (1, 200)
    )
    assert set(few) == set(many)


def test_a_label_is_written_as_the_format_has_it() -> None:
    found = samples(text("prometheus", *pages(HOSTILE_WORLD, HOSTILE_TOLD, "overview")))
    assert any(f'rule="{VISIBLE}"' in labels for _, labels in found)
    nasty = Verdict(level=Level.BREACH, rule='a"b\\c\nd', subject=who, sentence="")
    told = msgspec.structs.replace(HOSTILE_TOLD, verdicts={who: (nasty,)})
    written = text("prometheus", *pages(HOSTILE_WORLD, told, "overview"))
    assert any('rule="a\\"b\\\\c␊d"' in labels for _, labels in samples(written))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_no_page_has_a_column_of_nothing(width: int) -> None:
    long = whole((deployment(name="a-workload-of-a-very-long-name-" * 3), pod(name="another-" * 9)))
    for one in pages(long):
        narrow = shown(one.asked._replace(width=width))
        for format in ("text", "svg"):
            written = text(format, narrow)
            lines = READERS["svg"](written).splitlines() if format == "svg" else written.splitlines()
            assert lines and all(cells(line) <= width for line in lines), (one.screen, format)
            assert not any(re.search(r"  …$", line) for line in lines), (one.screen, format)
