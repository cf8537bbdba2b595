"""``snapshot --screen resources``: text, JSON and exit code are one reading of the same rows."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.reports import snapshot_of
from tests.tui import resourceworld as rw
from tfdash.judging.narrowed import sections_within
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects, Picture
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level

UTC = ZoneInfo("UTC")
PICTURE, TOLD = rw.picture(), rw.assessment()


def report(
    format: str, told: Assessment = TOLD, picture: Picture = PICTURE, namespace: str | None = None
) -> tuple[str, int]:
    return snapshot_of(picture, told, "resources", namespace, format, rw.NOW, UTC)


def without(level: Level) -> Assessment:
    """As if nothing had been said at that level or above."""
    verdicts = {s: tuple(v for v in told if v.level < level) for s, told in TOLD.verdicts.items()}
    sections = tuple(msgspec.structs.replace(s, level=min(s.level, level - 1)) for s in TOLD.sections)
    return msgspec.structs.replace(TOLD, verdicts=verdicts, sections=sections)


def test_text_says_each_view_with_its_gauges() -> None:
    text, code = report("text")
    assert code == 1
    assert "✖ BREACH  Resources  cpu 78 % of 60-80" in text
    assert "workloads 5" in text and "right-sizing 1" in text
    line = next(line for line in text.splitlines() if "checkout" in line)
    assert "▲ warn      99 ↗" in line and "✖ BREACH   102 ↗" in line and "━▶" in line


def test_json_has_numbers_and_their_bounds() -> None:
    document = json.loads(report("json")[0])
    assert document["exit_code"] == 1 and document["screen"] == "resources"
    row = next(r for r in document["views"]["workloads"] if r["name"] == "checkout")
    assert row["gauges"]["cpu"] == {"level": "WARN", "percent": 98.8, "low": 60.0, "high": 80.0, "trend": "↗"}
    assert row["usage"]["used"]["cpu"] == 0.79 and row["level"] == "BREACH"
    assert [s["id"] for s in document["sections"]] == ["resources", "quotas"]
    assert document["counts"]["BREACH"] == 2


@pytest.mark.parametrize(("least", "code"), [(Level.BREACH, 1), (Level.WARN, 2), (Level.UNKNOWN, 0)])
def test_the_code_is_that_of_the_worst_that_is_printed(least: Level, code: int) -> None:
    assert report("text", without(least))[1] == code
    assert json.loads(report("json", without(least))[0])["exit_code"] == code


def test_what_is_not_read_is_no_green() -> None:
    cluster = PICTURE.clusters[rw.REF]
    kinds = {kind: seen for kind, seen in cluster.kinds.items() if kind != "Usage"}
    blind = msgspec.structs.replace(PICTURE, clusters={rw.REF: msgspec.structs.replace(cluster, kinds=kinds)})
    text, code = report("text", without(Level.UNKNOWN), blind)
    assert code == 2 and "? not read: eu-1/Usage" in text


def test_a_namespace_has_its_own_rows_and_sections_alone() -> None:
    document = json.loads(report("json", namespace="tf-batch")[0])
    assert not document["views"]["workloads"]
    assert [r["name"] for r in document["views"]["namespaces"]] == ["tf-batch"]
    assert [r["name"] for r in document["views"]["quotas"]] == ["tf-batch"]


def test_what_is_said_of_another_namespace_is_not_a_namespaces_section() -> None:
    elsewhere = rw.said(
        "band.cpu",
        rw.under("Namespace/other"),
        Level.BREACH,
        "namespace other: cpu 130 %",
        130.0,
        (60.0, 80.0),
    )
    told = msgspec.structs.replace(
        TOLD, verdicts={elsewhere.subject: (elsewhere,)}, workloads={}, releases={}
    )
    levels = {
        names: next(s for s in sections_within(PICTURE, told, names) if s.id == "resources").level
        for names in (("other",), (rw.NS,))
    }
    assert levels[("other",)] is Level.BREACH and levels[(rw.NS,)] is not Level.BREACH
    gone = Subject(rw.REF, "Namespace", "", "other")
    missing = msgspec.structs.replace(elsewhere, subject=gone, rule="resources.quota")
    told = msgspec.structs.replace(told, verdicts={gone: (missing,)})
    quotas = next(s for s in sections_within(PICTURE, told, (rw.NS,)) if s.id == "quotas")
    assert quotas.level is not Level.BREACH


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (
            Observation[Objects](problem=Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused")),
            "? connection refused",
        ),
        (Observation[Objects](), "read now."),
    ],
)
def test_a_view_of_what_is_not_read_does_not_say_that_there_is_none(
    seen: Observation[Objects], told: str
) -> None:
    clusters = {
        ref: msgspec.structs.replace(one, kinds=dict.fromkeys([*one.kinds, "UsageHistory"], seen))
        for ref, one in PICTURE.clusters.items()
    }
    text, _ = report("text", EMPTY_ASSESSMENT, msgspec.structs.replace(PICTURE, clusters=clusters))
    assert text.count(told) == 6 and "  No " not in text
