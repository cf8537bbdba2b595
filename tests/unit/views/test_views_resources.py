"""The gauge at its edges: what it writes, on which side of a bound it stands, when it tells a trend."""

from __future__ import annotations

import msgspec
import pytest

from tests.tui import resourceworld as rw
from tests.tui.recorded import INFO, REF
from tfdash.figures import percent
from tfdash.model.assessment import Assessment
from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import Condition, HorizontalPodAutoscaler
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.subject import Subject
from tfdash.model.usage import UsedAt, UseOverTime
from tfdash.model.usage_points import UsagePoint
from tfdash.model.verdict import Level, UnknownKind
from tfdash.quantities import amounts
from tfdash.views.kinds import view_of
from tfdash.views.kinds.base import Context
from tfdash.views.resources.columns import BY_ID, Room, finding_of
from tfdash.views.resources.detail import chart_points, chart_title
from tfdash.views.resources.facts import measured_text
from tfdash.views.resources.gauge import GLYPHS, NONE, WORDS, bar, gauge, of_replicas, recent, scale, trend
from tfdash.views.resources.head import RowCount, view_line
from tfdash.views.resources.rows import ResourceRow, name_of, sight
from tfdash.views.resources.source_lines import instead_line

BAND = (60.0, 80.0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (78, "━━━━━━━━━━━┿━●┆     "),
        (96, "━━━━━━━━━━━┿━━┿━━●  "),
        (12, "━━●        ┆  ┆     "),
        (0, "●          ┆  ┆     "),
        (100, "━━━━━━━━━━━┿━━┿━━━● "),
        (100.1, "━━━━━━━━━━━┿━━┿━━━━▶"),
        (990, "━━━━━━━━━━━┿━━┿━━━━▶"),
        (None, "           ┆  ┆     "),
    ],
)
def test_a_bar_ends_at_its_value_and_past_100_past_its_end(value: float | None, expected: str) -> None:
    assert bar(value, *BAND, 20) == expected


@pytest.mark.parametrize("value", [59.9, 60, 60.1, 79.9, 80, 80.1])
@pytest.mark.parametrize("width", [12, 20, 30])
def test_the_side_of_a_bound_is_seen(value: float, width: int) -> None:
    drawn = bar(value, *BAND, width)
    passed = drawn.count("┿")
    assert len(drawn) == width and passed == (value > 60) + (value > 80)


@pytest.mark.parametrize("width", range(9))
def test_a_bar_has_exactly_its_width(width: int) -> None:
    assert all(len(bar(value, *BAND, width)) == width for value in (None, 0, 50, 100, 200))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.04, "<0.1"), (0.2, "0.2"), (59.6, "59.6"), (59.4, "59"), (60.0, "60"), (60.4, "60.4"), (79.99, "79.99"), (81.6, "82"), (99.7, "99.7"), (1040, "1040")],
)  # fmt: skip
def test_a_gauge_and_a_sentence_write_the_same_never_onto_a_bound_that_was_not_reached(
    value: float, text: str
) -> None:
    verdict = rw.said("band.cpu", rw.of("Deployment", "x"), Level.WARN, "", value, BAND)
    assert gauge(verdict).percent == text == percent(value, *BAND, 100)


def test_a_gauge_of_replicas_is_a_share_of_the_maximum() -> None:
    hpa = rw.of("HorizontalPodAutoscaler", "x")
    said = rw.said("hpa", hpa, Level.WARN, "", 8.0, (4.0, 8.0), limit=8.0)
    assert of_replicas(said).bar(12) == ("━━━━━┿━━━━● ", "warn")
    assert of_replicas(msgspec.structs.replace(said, measured=4.0)).bar(12)[0] == "━━━━━●      "
    assert of_replicas(msgspec.structs.replace(said, measured=None)).value is None
    assert of_replicas(None) == NONE


@pytest.mark.parametrize(
    ("active", "desired", "text"),
    [
        ("True", 2, "2 of 1-4"),
        ("True", 3, "2 → 3 of 1-4"),
        ("False", 0, "2 of 1-4"),
        ("False", 3, "2 of 1-4"),
    ],
)
def test_an_autoscaler_that_does_not_see_goes_nowhere(active: str, desired: int, text: str) -> None:
    """As real ones have it: what it last wanted stays, 0 where it never saw."""
    said = (Condition("ScalingActive", active),)
    hpa = HorizontalPodAutoscaler(
        namespace="a", name="x", min_replicas=1, max_replicas=4, current=2, desired=desired, conditions=said
    )
    row = ResourceRow(rw.of("HorizontalPodAutoscaler", "x"), hpa.KIND, "x", "a", obj=hpa)
    [cell] = [part for part in BY_ID["hpas"].parts([row], Room(120)) if part.column.key == "replicas"]
    assert cell.write(row) == text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 1, 1], ""),
        ([1, 1, 1, 1], "→"),
        ([1.0, 1.0, 1.03, 1.05, 1.06, 1.08], "→"),
        ([1.0, 1.0, 1.1, 1.2, 1.3, 1.3], "↗"),
        ([2, 2, 1.5, 1.5, 1, 1], "↘"),
        ([0, 0, 0, 0], "→"),
        ([], ""),
    ],
)
def test_a_trend_is_the_last_third_against_the_first(values: list[float], expected: str) -> None:
    assert trend(values) == expected


def test_a_trend_looks_at_the_last_minutes_alone() -> None:
    points = [UsagePoint(rw.NOW - 60.0 * i, float(i), 2.0) for i in range(60)][::-1]
    assert recent(points, "cpu", rw.NOW) == [float(i) for i in range(15, -1, -1)]
    assert set(recent(points, "memory", rw.NOW)) == {2.0}


def test_words_stand_at_the_same_places_and_an_age_takes_the_trends() -> None:
    told = rw.said("band.cpu", rw.of("Deployment", "x"), Level.WARN, "", 96.0, BAND)
    breach = rw.said("band.cpu", rw.of("Deployment", "x"), Level.BREACH, "", 1040.0, BAND)
    many = [1.0, 1.0, 2.0, 2.0]
    assert gauge(told, many).cell() == ("▲ warn      96 ↗", "warn")
    assert gauge(told, many).cell(worded=False) == ("▲   96 ↗", "warn")
    assert gauge(told, many, "59m").cell() == ("▲ warn      96 59m", "warn")
    assert gauge(breach, many, "59m").words == "✖ BREACH  1040 59m"
    assert len(gauge(breach, many, "59m").words) == WORDS
    assert len(gauge(breach, many, "59m").cell(worded=False)[0]) == GLYPHS
    assert NONE.words == "·"


def test_the_head_of_bars_has_the_bounds_where_they_stand() -> None:
    assert scale(60, 80, 20) == "           60 80"
    assert scale(60, 80, 12) == "     60-80"
    assert scale(None, 80, 20) == "              80"
    assert scale(None, None, 20) == ""


def test_rows_are_named_by_what_they_are() -> None:
    assert name_of(rw.of("Deployment", "web", "shop")) == "shop/web"
    assert name_of(rw.of("Deployment", "web", "shop"), spaced=False) == "web"
    assert name_of(rw.under("NodePool/general")) == "pool general"
    assert name_of(rw.under("Cluster/")) == "cluster eu-1"


def test_where_what_is_used_is_not_known_both_gauges_say_so() -> None:
    web = rw.of("Deployment", "web", "shop")
    blind = rw.said(
        "band", web, Level.UNKNOWN, "web: amounts used are not known: timed out", unknown=UnknownKind.NO_DATA
    )
    row = ResourceRow(web, "Deployment", "web", "shop", verdicts=(blind,))
    assert [row.gauge(name).words for name in ("cpu", "memory")] == ["? unknown", "? unknown"]
    assert ResourceRow(web, "Deployment", "web", "shop").gauge("cpu").words == "·"


@pytest.mark.parametrize(
    ("count", "told"),
    [
        ((8, 1, 2), "[quotas ✖1 ▲2] "),
        ((8, 0, 2), "[quotas ▲2] "),
        ((8, 1, 0), "[quotas ✖1] "),
        ((8, 0, 0), "[quotas] "),
    ],
)
def test_a_view_says_how_many_of_its_rows_are_how_bad(count: RowCount, told: str) -> None:
    line = view_line("quotas", {"quotas": count}, 80)
    assert told in "".join(cell if isinstance(cell, str) else cell[0] for cell in line)


def _seen(requests: str = "800m") -> ResourceRow:
    used = rw.usage(
        "Deployment", "web", 0.5, 1.0, namespace="shop", requests=amounts({"cpu": requests}), measured=2
    )
    return ResourceRow(rw.of("Deployment", "web", "shop"), "Deployment", "web", "shop", usage=used)


def test_a_chart_begins_with_what_prometheus_has_and_ends_with_what_this_session_saw() -> None:
    row, now = _seen(), rw.NOW - 12
    line = UseOverTime(
        "prometheus here", 86_400.0, 300.0, (UsedAt(now - 900, 0.2, 1.0, 1), UsedAt(now - 600, None, 1.0, 0))
    )
    drawn = chart_points(row, "cpu", line)
    assert [(at - now, share) for at, share, *_ in drawn] == [
        (-900, 50.0),
        (-600, None),
        *((at, 62.5) for at in (-300, 0)),
    ]
    assert chart_title(row, "cpu", line) == "cpu, % of today's request, Prometheus 1d by 5m"
    assert len(chart_points(row, "cpu")) == 60
    assert chart_title(row, "cpu") == "cpu, % of request, seen this session for 14m"


def test_without_a_request_prometheus_line_has_no_share_and_the_session_stays() -> None:
    line = UseOverTime("prometheus here", 86_400.0, 300.0, (UsedAt(rw.NOW - 900, 0.2, 1.0, 1),))
    assert (
        "session" in chart_title(_seen(), "memory", line) and len(chart_points(_seen(), "memory", line)) == 60
    )


def test_what_was_never_measured_has_no_age() -> None:
    never = msgspec.structs.replace(_seen().usage, at=0.0, used=(), points=(), measured=0)
    row = _seen()._replace(usage=never, now=rw.NOW)
    assert measured_text(row) == "not measured, none of 3 pods"
    assert row.gauge("cpu").age == ""


@pytest.mark.parametrize(("ahead", "told"), [(0.0, "6m"), (1800.0, "6m"), (-1800.0, "36m")])
def test_what_is_stale_is_as_old_as_it_was_read_whatever_the_clock_that_measured_it(
    ahead: float, told: str
) -> None:
    """Measured by a clock that is half an hour ahead of ours it would be from now."""
    usage = msgspec.structs.replace(_seen().usage, at=rw.NOW - 400 + ahead)
    problem = Problem(kind=ProblemKind.TIMEOUT, cause="no answer in time", since=rw.NOW - 390)
    kinds = {
        "Usage": Observation(
            value={}, observed_at=rw.NOW - 400, complete=True, problem=problem, interval=30.0
        )
    }
    seen = Picture(at=rw.NOW, number=1, clusters={REF: ClusterPicture(ref=REF, info=INFO, kinds=kinds)})
    age = sight(seen, Assessment(at=rw.NOW, number=1, verdicts={}, workloads={}), None, rw.NOW).age(
        REF, usage
    )
    assert age == told
    row = _seen()._replace(usage=usage, now=rw.NOW, age=age)
    assert measured_text(row).startswith(f"metrics.k8s.io, {told} ago")


@pytest.mark.parametrize(
    ("measured", "level", "told"),
    [(47.0, Level.OK, ("✔ ━━━━● ┆   ", "47 % pods")), (99.8, Level.WARN, ("▲ ━━━━━━┿━● ", "99.8 % pods"))],
)
def test_a_list_of_quotas_draws_what_was_said_of_the_fullest(
    measured: float, level: Level, told: tuple[str, str]
) -> None:
    quota = ResourceQuota(
        namespace="shop",
        name="compute",
        uid="q",
        hard=amounts({"pods": 1000}),
        used=amounts({"pods": round(measured * 10)}),
    )
    subject = rw.of("ResourceQuota", "compute", "shop")
    worst = rw.said("quota", subject, level, "", measured, (None, 80.0))
    idle = rw.said("quota", subject, Level.OK, "", 1.0, (None, 80.0))
    said = Assessment(at=rw.NOW, number=1, verdicts={subject: (idle, worst)}, workloads={})
    context = Context(rw.NOW, subject.cluster, "ResourceQuota", said)
    fields = {field.id: field for field in view_of("ResourceQuota").fields}
    assert (fields["used"].text(quota, context), fields["fullest"].text(quota, context)) == told
    assert len(told[0]) <= fields["used"].width


def test_why_prometheus_speaks_is_said_beside_what_it_says() -> None:
    usage = msgspec.structs.replace(_seen().usage, source="prometheus")
    problem = Problem(
        kind=ProblemKind.FORBIDDEN, cause="may not list pods.metrics.k8s.io", since=rw.NOW - 400
    )
    metrics = Observation(value={}, observed_at=rw.NOW - 400, complete=True, problem=problem, interval=30.0)
    line = instead_line(usage, metrics, rw.NOW) or []
    told = "".join(cell if isinstance(cell, str) else cell[0] for cell in line)
    assert told.endswith("metrics.k8s.io not read for 6m: may not list pods.metrics.k8s.io")
    assert instead_line(_seen().usage, metrics, rw.NOW) is None
    assert instead_line(usage, msgspec.structs.replace(metrics, problem=None), rw.NOW) is None


@pytest.mark.parametrize(
    ("of", "subject", "sentence"),
    [
        ("Cluster", rw.under("Cluster/"), f"{REF.cluster}: cpu 12 %"),
        ("NodePool", rw.under("NodePool/c8"), "pool c8: cpu 12 %"),
        ("Namespace", rw.under("Namespace/shop"), "namespace shop: cpu 12 %"),
        ("Deployment", rw.of("Deployment", "web", "shop"), "web: cpu 12 %"),
        (
            "ClusterAutoscaler",
            rw.of("ClusterAutoscaler", "cluster-autoscaler-status", "kube-system"),
            "cluster-autoscaler: cpu 12 %",
        ),
    ],
)
def test_a_row_does_not_say_its_name_twice(of: str, subject: Subject, sentence: str) -> None:
    name = subject.name.partition("/")[2] if subject.kind == "Usage" else subject.name
    row = ResourceRow(subject, of, name, verdicts=(rw.said("band.cpu", subject, Level.WARN, sentence),))
    assert finding_of(row)[0] == "cpu 12 %"


@pytest.mark.parametrize(("share", "told"), [(99_999.0, "99999"), (100_000.0, ">99999"), (1e18, ">99999")])
def test_what_is_absurdly_much_is_not_cut_to_less(share: float, told: str) -> None:
    """Behind its column's end the digits would be missed."""
    shown = gauge(
        rw.said("band.cpu", rw.of("Deployment", "web"), Level.BREACH, "", share, BAND), [1, 1, 1, 1]
    )
    assert shown.percent == told
    assert len(shown.cell()[0]) <= WORDS and len(shown.cell(worded=False)[0]) <= GLYPHS
