"""JUnit as the readers of CI take it, and Markdown that is no markup but ours."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cli.gated import gated
from tests.unit.report.gates.test_baseline import WEB, found
from tfdash.model.section import SectionState
from tfdash.model.verdict import Level
from tfdash.report.gates import junit, markdown
from tfdash.report.gates.answer import GateAnswer
from tfdash.report.gates.judged import GateTerms
from tfdash.text import safe

# of Apache Ant's schema and of Jenkins' own, what both allow: the children of an element in their order, and its attributes
ORDER = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase", "system-out", "system-err"],
    "testcase": ["skipped", "error", "failure"],
    **{key: [] for key in ("properties", "system-out", "system-err", "skipped", "error", "failure")},
}
ATTRIBUTES: dict[str, set[str]] = {
    "testsuites": set(),
    "testsuite": {
        "name",
        "timestamp",
        "hostname",
        "tests",
        "failures",
        "errors",
        "skipped",
        "time",
        "package",
        "id",
    },
    "testcase": {"name", "classname", "time"},
    **{key: {"message", "type"} for key in ("failure", "error")},
    "skipped": {"message"},
}


def conforms(element: ElementTree.Element) -> None:
    assert set(element.attrib) == ATTRIBUTES.get(element.tag, set()), element.tag
    tags = [child.tag for child in element]
    assert tags == sorted(tags, key=ORDER[element.tag].index), f"{element.tag}: {tags}"
    assert element.tag != "testcase" or len(tags) <= 1
    assert element.tag != "testsuite" or {"properties", "system-out", "system-err"} <= set(tags)
    for child in element:
        conforms(child)


def read(answer: GateAnswer) -> ElementTree.Element:
    root = ElementTree.fromstring(junit.write(answer, "all"))
    conforms(root)
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases) > 0
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[name]) == len(suite.findall(f"testcase/{tag}"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    return root


def totals(root: ElementTree.Element) -> tuple[int, int, int]:
    failures, errors, skipped = (len(root.findall(f".//{tag}")) for tag in ("failure", "error", "skipped"))
    return failures, errors, skipped


def section(*findings: object, level: Level = Level.OK, id: str = "resources") -> SectionState:
    return SectionState(id=id, title=id.title(), level=level, sentence="so it is", findings=findings)  # type: ignore[arg-type]


WAIVED = found(Level.PAUSED, waived=True, sentence="waived by jo until 2027-01-31: ticket 42; no limit")
BLIND = found(Level.UNKNOWN, sentence="nobody knows")


@pytest.mark.parametrize(
    ("sections", "asked", "reason", "code", "counts"),
    [
        ([section()], GateTerms(), "", 0, (0, 0, 0)),
        ([section(found(), WAIVED, level=Level.WARN)], GateTerms(), "", 1, (1, 0, 1)),
        ([section(found(), level=Level.WARN)], GateTerms("breach"), "", 0, (0, 0, 1)),
        ([section(BLIND, level=Level.UNKNOWN)], GateTerms("breach"), "", 2, (0, 1, 0)),
        ([section(BLIND, level=Level.UNKNOWN)], GateTerms("unknown"), "", 1, (1, 0, 0)),
        ([section(level=Level.UNKNOWN)], GateTerms(), "", 2, (0, 1, 0)),  # it tells nothing one by one
        ([section(level=Level.BREACH)], GateTerms(), "", 1, (1, 0, 0)),
        ([section()], GateTerms(), "not settled: eu-1", 2, (0, 1, 0)),
        ([section()], GateTerms("unknown"), "not settled: eu-1", 1, (1, 0, 0)),
        ([], GateTerms(), "", 2, (0, 1, 0)),
        ([section(found(), level=Level.WARN)], GateTerms(writes=True), "", 0, (0, 0, 1)),
    ],
)
def test_junit_says_what_the_exit_code_says(
    sections: list[SectionState], asked: GateTerms, reason: str, code: int, counts: tuple[int, int, int]
) -> None:
    answer = gated(sections, "all", asked, reason)
    assert (answer.code, answer.document["exit_code"], totals(read(answer))) == (code, code, counts)
    assert f"(exit {code})" in markdown.write(answer, "all")


def test_two_cases_never_share_a_name_and_no_name_has_a_figure_that_moves() -> None:
    one, two = found(sentence="cpu 81 %"), found(sentence="cpu 99 %")
    names = [c.attrib["name"] for c in read(gated([section(one, two, level=Level.WARN)])).iter("testcase")]
    assert names == [
        "resources.limits: Deployment shop/web in eu-1",
        "resources.limits: Deployment shop/web in eu-1 #2",
    ]


HOSTILE = (
    "a|b\\|c",
    "``` @everyone #1 <script>alert(1)</script> https://x.example <!-- [a](b)",
    "`", "a``b`", "\\", "|", "]]>&amp;\"'", "\x1b[2J\u202e\ufffe\uffff\ud800", "",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_shown_and_nothing_else(text: str) -> None:
    bad = found(sentence=text, subject=WEB._replace(name=text or "x"))
    answer = gated([section(bad, level=Level.WARN)], "all", explained=lambda f: (safe(text),))
    [failure] = read(answer).iter("failure")
    assert failure.attrib["message"] == safe(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    rows = [
        line for line in markdown.write(answer, "all").split("\n```")[0].splitlines() if line.startswith("|")
    ]
    assert len(rows) == 3
    cells = re.findall(r"(?:\\.|[^|\\])+", rows[2].strip("|"))
    assert len(cells) == 3, cells


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_every_text_is_xml_and_a_cell(text: str) -> None:
    answer = gated([section(found(sentence=text), level=Level.WARN)], "all")
    [failure] = read(answer).iter("failure")
    assert failure.attrib["message"] or not text.strip()
    row = markdown.write(answer, "all").splitlines()[6]
    assert len(re.findall(r"(?<!\\)\|", row)) == 4, row


def test_a_thousand_findings_are_all_in_json_and_bounded_in_words() -> None:
    many = tuple(found(subject=WEB._replace(name=f"w{n}")) for n in range(1000))
    answer = gated([section(*many, level=Level.WARN)])
    assert len(answer.document["findings"]) == totals(read(answer))[0] == 1000
    assert answer.lines[-1] == "  800 more of Resources: --format json has them all"
    assert "800 more: --format json has them all" in markdown.write(answer, "all")


def test_what_is_explained_stands_under_its_finding_in_every_format() -> None:
    answer = gated(
        [section(found(), level=Level.WARN)], explained=lambda f: ("  measured  3 against 4 pods",)
    )
    assert answer.lines[2] == "    measured  3 against 4 pods"
    assert answer.document["findings"][0]["explained"] == ["  measured  3 against 4 pods"]
    assert "measured  3 against 4 pods" in junit.write(answer, "all")
    assert "\n  measured  3 against 4 pods\n```" in markdown.write(answer, "all")
    assert msgspec.json.encode(answer.document)
