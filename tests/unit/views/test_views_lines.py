"""The small writers: layout by terminal cells, events, quantities, times, states, the header, the data sources."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.views.making import EU, HOSTILE, NOW, US, VISIBLE, cluster, picture, pod, seen
from tfdash.model.kubecluster import Event
from tfdash.model.mode import ModeNow, Posture
from tfdash.model.observation import ListProgress, Observation, Problem, ProblemKind
from tfdash.model.picture import ServerInfo
from tfdash.model.subject import Subject
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.model.workload import Cause, CauseCode, Release, Serving, WorkloadState
from tfdash.views import quantity, says, state
from tfdash.views.events import event_lines, event_text
from tfdash.views.header import header
from tfdash.views.kinds import VIEWS, view_named
from tfdash.views.layout import cells, columns, columns_within, cut, cut_apart, pad, pairs
from tfdash.views.sources import source_rows
from tfdash.views.times import clocks, iso, moment
from tfdash.views.why import why_lines

NEW_YORK = ZoneInfo("America/New_York")

# -- layout ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1), ("🚀", 2), ("✔ ok", 4)]
)
def test_wide_characters_count_two_and_combining_ones_none(text: str, width: int) -> None:
    assert cells(text) == width


@pytest.mark.parametrize(
    ("text", "width", "cut_to"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_cutting_never_halves_a_wide_character(text: str, width: int, cut_to: str) -> None:
    assert cut(text, width) == cut_to
    assert cells(cut(text, width)) <= width


def test_lines_that_differ_only_behind_the_edge_show_where() -> None:
    lines = ["checkout-api   Running   node-1", "checkout-api   Running   node-2", "other", "", ""]
    shown = cut_apart(lines, 20)
    assert max(map(cells, shown)) <= 20 and len(set(shown)) == 4 and shown[2:] == ["other", "", ""]
    assert "1" in shown[0] and "2" in shown[1]
    assert cut_apart(["short", "a line that is longer"], 10) == ["short", "a line th…"]


def test_columns_stand_under_each_other() -> None:
    assert columns([("A", "N"), ("日本", "5"), ("x", "100")], (False, True)) == [
        "A        N",
        "日本     5",
        "x      100",
    ]
    assert columns([("abcdef", "x")], widths=(4, 1), gap=1) == ["abc… x"]
    assert columns([]) == []
    assert pad("日", 4, right=True) == "  日"
    assert pairs([("A", "1"), ("Long", ["2", "3"]), ("None", [])], indent=1) == [
        " A:     1",
        " Long:  2",
        "        3",
        " None:  <none>",
    ]


# -- numbers and times ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "cores", "<unknown>"),
        (71.4, "%", "71%"),
        (0.05, "cores", "50m"),
        (2.0, "cores", "2"),
        (1.5, "cores", "1500m"),
        (2**28, "bytes", "256Mi"),
        (1000.0, "bytes", "1000"),
        (0.0, "bytes", "0"),
        (1000.0, "", "1k"),
        (1234.0, "", "1234"),
        (0.5, "", "500m"),
    ],
)
def test_quantities_as_the_api_writes_them(value: float | None, unit: str, text: str) -> None:
    assert quantity.quantity(value, unit) == text


def test_figures_of_a_column_have_one_precision() -> None:
    assert [quantity.cores(v) for v in (0.1, 12.345, None)] == ["0.10", "12.35", "-"]
    assert [quantity.size(v * 2**30) for v in (1, 0.25)] == ["1.0", "0.2"]
    assert (quantity.percent(78, 100), quantity.percent(1, 0)) == ("78 %", "-")


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (NOW, "09:15 EST  14:15Z"),
        (1_793_512_799.0, "01:59 EDT  05:59Z"),  # the hour that comes twice, before and after
        (1_793_512_800.0, "01:00 EST  06:00Z"),
        (1_772_953_199.0, "01:59 EST  06:59Z"),  # the hour that is left out
        (1_772_953_200.0, "03:00 EDT  07:00Z"),
    ],
)
def test_both_clocks_name_their_zone_on_the_days_of_change_too(at: float, text: str) -> None:
    assert clocks(at, NEW_YORK) == text


def test_moments() -> None:
    assert clocks(NOW, ZoneInfo("UTC")) == "14:15Z"
    assert moment(NOW, NEW_YORK) == "Mon 23 Nov 2026 09:15:00 EST"
    assert (moment(0.0, NEW_YORK), iso(0.0), iso(NOW)) == ("-", None, "2026-11-23T14:15:00Z")


# -- states ---------------------------------------------------------------------------------------------------------


def test_every_level_serving_and_release_has_glyph_word_and_token() -> None:
    for level in Level:
        assert state.of_level(level).level is level
    shown = [state.of_serving(s) for s in Serving] + [state.of_release(r) for r in Release]
    assert all(s.glyph and s.word and s.token and s.text == f"{s.glyph} {s.word}" for s in shown)
    assert {s.text for s in shown if s.word.isupper()} == {"✖ DOWN", "▲ STUCK"}
    assert {s.level for s in shown if s.token == "breach"} == {Level.BREACH}  # red means one thing
    assert state.of_serving(Serving.UNKNOWN).token != "ok" and state.of_release(Release.UNKNOWN).token != "ok"
    assert (state.worst([Level.OK, Level.WARN]), state.worst([])) == (Level.WARN, None)
    assert state.serving(None) == state.release(None) == state.LOADING


# -- events ---------------------------------------------------------------------------------------------------------


def event(name: str, **over: Any) -> Event:
    return Event(namespace="a", name=name, **over)


def test_events_come_oldest_first_and_repeated_ones_say_since_when() -> None:
    lines = event_lines(
        [
            event("b", reason="New", last_seen=NOW - 5, message="two\nlines"),
            event("a", reason="Old", type="Warning", last_seen=NOW - 300, first_seen=NOW - 720, count=4),
        ],
        NOW,
    )
    assert [(e.reason, e.age, e.message, e.warning) for e in lines] == [
        ("Old", "5m (x4 over 12m)", "", True),
        ("New", "5s", "two lines", False),
    ]


def test_no_events_is_said() -> None:
    assert event_text([], NOW) == ["none; the API server keeps events for about an hour"]
    assert VISIBLE in event_text([event("a", message=HOSTILE)], NOW)[1]


# -- what lists, the header and the sources say -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "total", "noun", "text"),
    [
        (2000, 2000, "pods", "2,000 pods"),
        (20, 2000, "pods", "20 of 2,000 pods"),
        (1, 1, "pods", "1 pod"),
        (0, 1, "pods", "0 of 1 pod"),
        (0, 0, "nodes", "0 nodes"),
    ],
)
def test_counts(shown: int, total: int, noun: str, text: str) -> None:
    assert says.count(shown, total, noun) == text


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("deploy", "deployments"),
        ("po", "pods"),
        ("Pod", "pods"),
        ("ns", "namespaces"),
        ("sts", "statefulsets"),
        ("HPA", "hpas"),
        ("horizontalpodautoscaler", "hpas"),
        ("svc", "services"),
        (" nodes ", "nodes"),
        ("wl", "workloads"),
    ],
)
def test_views_are_found_by_every_name_of_kubectl(name: str, view: str) -> None:
    assert view_named(name) is VIEWS[view]


def test_there_is_no_view_of_nothing() -> None:
    assert view_named("") is None and view_named("podz") is None


def test_the_header_tells_where_as_whom_and_how_fresh() -> None:
    info = ServerInfo(version="v1.37.2", user=HOSTILE, skew=12.0)
    stale = seen([pod("x")], observed_at=NOW - 300)
    shown = header(
        picture(cluster(info=info, Pod=stale), cluster(US, info=altered_info(info))),
        "production",
        NOW,
        NEW_YORK,
        colour="red",
        mode=ModeNow(Posture.ELEVATED, 252.4),
        demo=True,
    )
    assert (shown.environment, shown.colour, shown.mode.text, shown.demo) == (
        "PRODUCTION",
        "red",
        "ELEVATED 04:12",
        True,
    )
    assert shown.place == f"eu-1, us-1 · {VISIBLE} · v1.37.2"
    assert shown.freshness == ("? 5m old", "old", "") and shown.clocks == "09:15 EST  14:15Z"
    assert shown.notes == ("▲ clock of eu-1 is 12s ahead of ours",)


def test_one_forbidden_kind_takes_nothing_else_out_of_the_header() -> None:
    info = ServerInfo(version="v1.37.2", user="oncall")
    denied = Observation(problem=Problem(kind=ProblemKind.FORBIDDEN, cause="may not list secrets " * 9))
    shown = header(picture(cluster(info=info, Pod=seen([]), Secret=denied)), "production", NOW, NEW_YORK)
    assert shown.place == "eu-1 · oncall · v1.37.2" and shown.clocks == "09:15 EST  14:15Z"
    assert shown.freshness.text == "? 1 of 3 unread"
    assert shown.freshness.cause.startswith("may not list secrets"), "apart: it is the first that is left out"
    lost = seen([], observed_at=NOW - 12, problem=Problem(kind=ProblemKind.UNREACHABLE, cause="refused"))
    old = header(picture(cluster(info=info, Pod=lost)), "production", NOW, NEW_YORK)
    assert old.freshness[:2] == ("? 12s old", "dead"), "a lost connection is said at once"


def altered_info(info: ServerInfo) -> ServerInfo:
    return ServerInfo(version=info.version, user=info.user, skew=-1.0)


def test_the_header_of_another_environment_knows_nothing_of_this_one() -> None:
    shown = header(picture(cluster()), "staging", NOW, NEW_YORK)
    assert (shown.environment, shown.place, shown.freshness.text) == ("STAGING", "", "")


def test_sources_that_want_attention_come_first() -> None:
    problem = Problem(kind=ProblemKind.LOGIN_EXPIRED, cause=HOSTILE, remedy="run it", retry_at=NOW + 30)
    kinds: dict[str, Any] = {
        "Pod": seen([pod("x")], observed_at=NOW - 240, problem=problem, hidden=("b",)),
        "Node": Observation(progress=ListProgress(500, 2000)),
        "Event": seen([], observed_at=NOW - 300),
        "Service": seen([]),
    }
    rows = source_rows(picture(cluster(**kinds)), NOW)
    assert [(r.kind, r.state.text, r.objects, r.age_text) for r in rows] == [
        ("Pod", "? login expired", 1, "4m ago"),
        ("Node", "? loading", None, "never read"),
        ("Event", "? stale", 0, "5m ago"),
        ("", "✔ ok", None, "0s ago"),
        ("Service", "✔ ok", 0, "0s ago"),
    ]
    assert rows[0].detail == f"{VISIBLE}; run it · next try in 30s · 1 namespace hidden: b"
    assert rows[1].detail == "loading 500 of about 2,000" and rows[3].detail == "v1.37.2"


# -- why ------------------------------------------------------------------------------------------------------------


def test_what_is_not_judged_is_not_called_idle() -> None:
    """A use below its band of which no weeks are known: ``?`` and a word, in the colour of what asks for nobody."""
    idle = Verdict(level=Level.IDLE, rule="r", subject=Subject(EU, "Deployment", "a", "web"), sentence="")
    young = msgspec.structs.replace(idle, unknown=UnknownKind.TOO_LITTLE_HISTORY)
    shown = [state.of_verdict(v) for v in (idle, young)]
    assert [(s.text, s.token, s.level) for s in shown] == [
        ("· idle", "idle", Level.IDLE),
        ("? unknown", "idle", Level.IDLE),
    ]


def test_why_shows_the_arithmetic_and_the_objects_behind_it() -> None:
    who = Subject(EU, "Deployment", "a", "web")
    verdicts = [
        Verdict(level=Level.OK, rule="fine", subject=who, sentence="fine"),
        Verdict(
            level=Level.WARN,
            rule="serving",
            subject=who,
            sentence=HOSTILE,
            measured=1.0,
            limit=2.0,
            unit="pods",
            since=NOW - 120,
            unknown=UnknownKind.STALE,
            evidence=Evidence(query="available", sample=1200, window=600.0, objects=(who,)),
        ),
    ]
    told = WorkloadState(
        subject=who,
        serving=Serving.DEGRADED,
        release=Release.COMPLETE,
        message="rolled out",
        desired=2,
        available=1,
        cause=Cause(code=CauseCode.OOM_KILLED, sentence="OOM", others=("probe",)),
    )
    lines = why_lines(who, verdicts, told, NOW)
    assert lines[0] == f"▲ warn  {VISIBLE}"
    text = "\n".join(lines)
    for part in (
        "1 against 2 pods",
        "stale",
        "2m ago",
        "available",
        "1,200",
        "10m",
        "Deployment a/web",
        "▲ degraded, 1 of 2 available",
        "OOM killed: OOM",
        "probe",
        "rolled out",
    ):
        assert part in text, part
    assert text.index("▲ warn") < text.index("✔ ok  fine")


def test_why_of_what_was_not_judged_says_so() -> None:
    who = Subject(EU, "Deployment", "a", HOSTILE)
    assert why_lines(who, (), None, NOW)[0].startswith(f"? Nothing has been said of {VISIBLE} yet")


@pytest.mark.parametrize(
    ("band", "told"),
    [
        ((10.0, 20.0), "12 %, band 10-20"),
        ((None, 20.0), "12 %, band up to 20"),
        ((10.0, None), "12 %, at least 10"),
    ],
)
def test_a_band_may_lack_either_end(band: tuple[float | None, float | None], told: str) -> None:
    who = Subject(EU, "Deployment", "a", "web")
    verdict = Verdict(level=Level.OK, rule="r", subject=who, sentence="s", measured=12.0, band=band, unit="%")
    assert any(line.endswith(told) for line in why_lines(who, (verdict,), None, NOW))


@given(
    rows=st.lists(st.tuples(*[st.text("aé日.", max_size=60)] * 5), min_size=1, max_size=6),
    width=st.integers(16, 200),
)
def test_a_table_keeps_to_its_width_and_says_what_it_has_no_room_for(
    rows: list[tuple[str, ...]], width: int
) -> None:
    titles = ("ONE", "TWO", "THREE", "FOUR", "FIVE")
    shown = columns_within([titles, *rows], titles, width)
    assert all(cells(line) <= width for line in shown)
    assert width < 60 or not any(re.search(r"(^|  )…$", line) for line in shown), "a column of nothing"
    left = shown[-1].partition("no room here for ")[2]
    if width >= 60:
        assert all((title in shown[0]) is not (title in left) for title in titles)
    if sum(max(map(cells, column)) for column in zip(titles, *rows, strict=True)) + 12 <= width:
        assert shown == columns([titles, *rows])
