"""All that was found, one by one: whose it is, once, and on which page it stands."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.views.making import EU, US
from tfdash.model.section import SectionFinding, SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.views.found import found_rows, gravest_first, where

WEB = Subject(EU, "Deployment", "shop", "web", "uid-1")
OTHER = WEB._replace(cluster=US, uid="uid-2")


def section(id: str, *findings: SectionFinding) -> SectionState:
    return SectionState(
        id=id, title=id, level=Level.WARN, sentence="", target=f"of {id}", findings=tuple(findings)
    )


def found(level: Level, subject: Subject | None, sentence: str = "", page: str = "") -> SectionFinding:
    return SectionFinding(level=level, sentence=sentence, subject=subject, page=page)


def test_of_an_object_the_worst_is_told_once_and_the_same_name_in_another_cluster_is_another_object() -> None:
    rows = found_rows(
        [
            section("a", found(Level.WARN, WEB, "slow"), found(Level.WARN, OTHER, "slow there"), found(Level.UNKNOWN, None, "not read")),
            section("b", found(Level.BREACH, WEB._replace(uid=""), "down"), found(Level.UNKNOWN, None, "not read")),
        ]
    )  # fmt: skip
    assert [(row.finding.sentence, row.section.id) for row in rows.values()] == [
        ("down", "b"),
        ("slow there", "a"),
        ("not read", "a"),
    ]


def test_what_only_costs_stands_behind_what_harms_of_whatever_section() -> None:
    waste = SectionFinding(level=Level.WARN, sentence="too much", subject=WEB, spare=True)
    late = found(Level.WARN, OTHER, "not renewed")
    costs, certificates = section("costs", waste), section("certificates", late)
    assert gravest_first([costs, certificates]) == [certificates, costs]
    assert [row.finding.sentence for row in found_rows([costs, certificates]).values()] == [
        "not renewed",
        "too much",
    ]
    both = section("both", found(Level.WARN, OTHER, "runs short"), waste)
    assert gravest_first([both, certificates]) == [both, certificates]  # one of its own harms, too
    breach = msgspec.structs.replace(costs, level=Level.BREACH, findings=(found(Level.BREACH, WEB),))
    assert gravest_first([certificates, breach])[0] is breach


def test_what_is_not_known_of_an_object_stands_beside_what_is_known() -> None:
    unknown = found(Level.UNKNOWN, WEB, "no metrics are read")
    rows = found_rows([section("a", unknown, found(Level.WARN, WEB, "slow")), section("b", unknown)])
    assert [row.finding.sentence for row in rows.values()] == ["slow", "no metrics are read"]
    assert list(found_rows([section("a", unknown)])) == [WEB._replace(uid="")]


def test_a_finding_stands_on_its_own_page_else_on_its_sections() -> None:
    rows = found_rows([section("a", found(Level.WARN, WEB, page="canary"), found(Level.WARN, OTHER))])
    assert [row.page for row in rows.values()] == ["canary", "of a"]


def test_the_next_key_is_said_of_what_is_under_the_cursor_and_not_of_the_sections_worst() -> None:
    worst, other = (
        SectionFinding(level=level, sentence="", subject=subject, since=since, page=page)
        for level, subject, since, page in ((Level.BREACH, WEB, 1.0, ""), (Level.WARN, OTHER, 2.0, "jobs"))
    )
    whole = SectionState(
        id="a", title="A", level=Level.BREACH, sentence="s", target="serving", subject=WEB, since=1.0, findings=(worst, other)
    )  # fmt: skip
    told = [row.as_section for row in found_rows([whole]).values()]
    assert [(t.id, t.level, t.subject, t.since, t.target) for t in told] == [
        ("a", Level.BREACH, WEB, 1.0, "serving"),
        ("a", Level.WARN, OTHER, 2.0, "jobs"),
    ]


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (WEB, "Deployment shop/web in eu-1"),
        (Subject(US, "Node", "", "n\x1b1"), "Node n␛1 in us-1"),
        (None, ""),
    ],
)
def test_where_it_is(subject: Subject | None, words: str) -> None:
    assert where(subject) == words
