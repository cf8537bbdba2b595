"""The table of the wall's pages, and what its face does with little room and odd text."""

from __future__ import annotations

import itertools
from zoneinfo import ZoneInfo

import msgspec
import pytest
from rich.cells import cell_len

from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Picture, ServerInfo
from tfdash.model.subject import ClusterRef
from tfdash.model.traffic import Signals
from tfdash.model.verdict import Level
from tfdash.playbook.registry import SECTIONS
from tfdash.views import state as states
from tfdash.views.pages import PAGES
from tfdash.views.table import TOKENS
from tfdash.views.wall.content import (
    EnvironmentMark,
    WallContent,
    WallEnvironment,
    WallRow,
    _old_sentence,
    as_of,
    old_data,
)
from tfdash.views.wall.face import OWN, face
from tfdash.views.wall.figures import Figure
from tfdash.views.wall.lines import WallLook
from tfdash.views.wall.names import OVERVIEW, WALL_IDS
from tfdash.views.wall.pages import WALL_PAGES
from tfdash.views.wall.warnings import WallWarning


def test_the_command_line_knows_the_pages_that_there_are() -> None:
    assert tuple(page.id for page in WALL_PAGES) == WALL_IDS
    assert set(WALL_IDS) <= {page.id for page in PAGES}


def test_every_section_of_the_playbook_stands_on_one_page_beside_the_overview() -> None:
    listed = [id for page in WALL_PAGES if page.id != OVERVIEW for id in page.sections]
    assert sorted(listed) == sorted(section.id for section in SECTIONS)


def shown(**over: object) -> WallContent:
    breach, warn = states.of_level(Level.BREACH), states.of_level(Level.WARN)
    given = {
        "environments": (
            EnvironmentMark("PRODUCTION", "production", breach, 2),
            EnvironmentMark("STAGING", "staging", warn, 1),
        ),
        "environment": 0,
        "title": "Overview",
        "place": "eu-1 · v1.37.2",
        "figures": (Figure("2", "breach", Level.BREACH), Figure("1234/1235", "serve", Level.WARN)),
        "changed": frozenset({"breach"}),
        "rows": tuple(
            WallRow(breach, f"checkout-{n}", "errors 3.1 % ≥ 1.32 % " * 20, n == 0) for n in range(30)
        ),
        "sections": (),
        "level": Level.BREACH,
        "loading": False,
        "breach": "checkout: errors 3.1 % ≥ 1.32 %",
        "breach_name": "checkout",
        "breaches": 2,
        "taken": False,
        "old": "",
        "as_of": "as of 09:15:00 EST",
        "current_at": 0.0,
        "calendar": "release CLOSED",
        "since": "09:10",
    }
    return WallContent(**(given | over))  # type: ignore[arg-type]


CASES: tuple[dict[str, object], ...] = (
    {},
    {"taken": True},
    {"rows": (), "level": Level.OK, "breach": ""},
    {"rows": (), "level": Level.IDLE, "breach": "", "sections": ((states.of_level(Level.IDLE), "x " * 99),)},
    {"loading": True, "figures": ()},
    {"old": "OLD DATA: nothing here is current, as it was at 09:10:00 EST, 5m ago: connection refused " * 3},
    *(
        {
            "warnings": tuple(
                WallWarning(f"PRODUCTION eu-{n}", "login can write", " (delete pods)" * 20) for n in range(9)
            ),
            "detailed": detailed,
        }
        for detailed in (False, True)
    ),
    {
        "environments": tuple(
            EnvironmentMark(f"ENVIRONMENT{n}", "neutral", states.LOADING, 0) for n in range(9)
        )
    },
    {"rows": (WallRow(states.of_level(Level.WARN), "日本語日本語日本語日本語", "日本語" * 60, True),)},
)


@pytest.mark.parametrize("case", range(len(CASES)))
@pytest.mark.parametrize("ascii", [False, True])
def test_every_line_is_as_wide_as_the_screen_at_any_size(case: int, ascii: bool) -> None:
    sizes = itertools.product((1, 20, 79, 80, 150, 200, 320), (1, 5, 23, 24, 44, 60, 90))
    for (width, height), shift in itertools.product(sizes, (0, 1)):
        lines = face(shown(**CASES[case]), WallLook(width, height, ascii, shift))
        assert len(lines) == height
        assert {cell_len("".join(text for text, _ in line)) for line in lines} == {width}
        assert {token for line in lines for _, token in line} <= {"", *TOKENS, *OWN}
        if ascii:
            assert all(text.isascii() for line in lines for text, _ in line)


def text_of(content: WallContent, look: WallLook) -> str:
    return "\n".join("".join(text for text, _ in line) for line in face(content, look))


def test_the_breach_and_old_data_stand_across_every_page_whatever_its_size() -> None:
    for look in (WallLook(80, 24), WallLook(200, 60), WallLook(80, 24, ascii=True)):
        text = text_of(shown(old="OLD DATA: nothing here is current"), look)
        assert "BREACH (+1)  checkout: errors 3.1 %" in text
        assert "OLD DATA: nothing here is current" in text
        assert "as of 09:15:00 EST" in text


def test_what_finds_no_room_is_counted() -> None:
    text = text_of(shown(), WallLook(80, 24))
    listed = text.count("checkout-")
    assert f"and {30 - listed} more" in text


def test_as_of_when_is_never_cut_and_warnings_are_counted_where_there_are_many() -> None:
    many = tuple(
        EnvironmentMark(f"DEMO ENVIRONMENT {n}", "neutral", states.of_level(Level.OK), 0) for n in range(5)
    )
    rights = " (patch deployments.apps, delete pods, create pods/exec, create pods/eviction, update secrets, 4 more)"
    warnings = tuple(WallWarning(f"ENVIRONMENT eu-{n}", "login can write", rights) for n in range(5))
    warnings += (
        WallWarning("ENVIRONMENT eu-1", "login ends in 3d", ": the token, and nothing here renews it"),
    )
    text = text_of(shown(environments=many, warnings=warnings), WallLook(80, 24))
    assert "  Overview" in text and "as of 09:15:00 EST" in text
    foot = text.splitlines()[-2]
    assert foot.split() == ["▲", "login", "can", "write", "(5)", "▲", "login", "ends", "in", "3d"]
    wide = text_of(shown(warnings=warnings), WallLook(120, 40)).splitlines()[-2]
    assert "▲ login can write: ENVIRONMENT eu-0 and 4 more   ▲ login ends in 3d: ENVIRONMENT eu-1" in wide
    whole = text_of(shown(environments=many, warnings=warnings, detailed=True), WallLook(80, 24))
    assert all(f"▲ ENVIRONMENT eu-{n}: login can write (patch" in whole for n in range(3))
    assert "4 more)" in whole and "and 3 more warnings" in whole


def test_a_warning_stands_on_every_page_in_words_that_are_whole_at_80_columns_and_is_no_louder_than_the_rest() -> (
    None
):
    one = WallWarning("PRODUCTION eu-1", "login can write", " (patch deployments.apps, create pods/exec)")
    lines = face(shown(warnings=(one,)), WallLook(80, 24))
    line = next(line for line in lines if any("login" in text for text, _ in line))
    assert "".join(text for text, _ in line).strip() == "▲ login can write: PRODUCTION eu-1"
    assert {token for text, token in line if "login" in text} == {"dim"}


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({}, "ALL WELL"),
        ({"environments": (EnvironmentMark("PROD", "production", states.of_level(Level.IDLE), 0),)}, "ALL WELL"),
        ({"old": "OLD DATA: 1 of 44 are not current"}, "NOTHING HERE"),
        *(
            ({"environments": (mark, EnvironmentMark("OTHER", "staging", state, 1))}, "NOTHING HERE")
            for mark in (EnvironmentMark("PROD", "production", states.of_level(Level.OK), 0),)
            for state in (states.LOADING, *(states.of_level(n) for n in Level if n >= Level.UNKNOWN))
        ),
    ],
)  # fmt: skip
def test_all_is_well_only_where_the_whole_wall_is(over: dict[str, object], said: str) -> None:
    well = {"environments": (EnvironmentMark("PROD", "production", states.of_level(Level.OK), 0),)}
    page = shown(**({"rows": (), "figures": (), "level": Level.OK, "breach": ""} | well | over))
    text = text_of(page, WallLook(40, 12))  # too narrow for letters of several rows
    assert said in text
    assert ("ALL WELL" in text) == (said == "ALL WELL")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_a_sentence_is_not_cut_while_lines_are_free(size: tuple[int, int]) -> None:
    sentence = " ".join(f"word{n}" for n in range(50))
    row = WallRow(states.of_level(Level.BREACH), "checkout", sentence, False)
    text = text_of(shown(rows=(row,), figures=()), WallLook(*size))
    assert text.split() != [] and "word49" in text
    many = text_of(shown(rows=(row,) * 9, figures=()), WallLook(*size))
    assert (
        "and " in many or many.count("checkout") >= 9
    )  # and then none is pushed out by the words of another


def test_a_clock_goes_on_where_data_is_old() -> None:
    zone = ZoneInfo("America/New_York")
    assert as_of(1_795_532_700.0, 1_795_532_700.0, zone).startswith("as of ")
    told = [as_of(1_795_532_700.0, 1_795_532_700.0 + n, zone) for n in (60, 61)]
    assert told[0] != told[1] and all(", now " in one for one in told)
    assert as_of(0.0, 1_795_532_700.0, zone).startswith("not read yet, now ")


def test_which_cluster_is_old_is_said_where_the_others_are_current() -> None:
    """Of three clusters one was gone with its Prometheus, and nobody could read on the wall which."""
    now = 1000.0
    lost = Problem(kind=ProblemKind.UNREACHABLE, cause="connection lost")

    def environment(*old: str) -> WallEnvironment:
        clusters = {}
        for name in ("eu-1", "eu-2", "us-1"):
            info = Observation(value=ServerInfo(), observed_at=now, problem=lost if name in old else None)
            if name in old:
                info = msgspec.structs.replace(info, observed_at=now - 300.0)
            ref = ClusterRef("production", name)
            clusters[ref] = ClusterPicture(ref=ref, info=info, kinds={})
        gone = [ref for ref in clusters if ref.cluster in old]
        signals = Signals(prometheus={r: Observation(observed_at=now - 300.0, problem=lost) for r in gone})
        picture = Picture(at=now, number=1, clusters=clusters, signals=signals)
        return WallEnvironment(
            word="PRODUCTION", colour="production", picture=picture, assessment=EMPTY_ASSESSMENT
        )

    def said(*old: str) -> tuple[str, ...]:
        found = old_data(environment(*old), now)
        return found.clusters if found is not None else ()

    assert (said(), said("eu-2"), said("us-1", "eu-2")) == ((), ("eu-2",), ("eu-2", "us-1"))
    assert said("eu-1", "eu-2", "us-1") == (), "it is true of all"
    found = old_data(environment("eu-2"), now)
    assert found is not None
    told = _old_sentence(found, now, ZoneInfo("UTC"))
    assert "2 of 4 (of eu-2) are not current, as it was" in told


def test_what_was_cut_reads_as_cut_without_the_signs_of_a_font_too() -> None:
    """``below 6.`` was ``below 60 %`` once."""
    long = "coredns: cpu 9 % of its request, below 60 %: 95th percentile 13 % over 7d"
    text = text_of(shown(breach=long), WallLook(60, 24, ascii=True))
    (line,) = (line for line in text.split("\n") if "coredns" in line)
    assert line.rstrip().endswith("~")
