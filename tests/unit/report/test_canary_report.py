"""The Canary screen without a screen: what it is worth, its schema, and texts that nobody may trust."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.reports import snapshot_of
from tests.tui.canaryworld import (
    AUTH,
    BREACH,
    CHECKOUT,
    CLOSED,
    FACTS,
    LOW_TRAFFIC,
    NS,
    PASS,
    REF,
    RUN,
    assessed,
    judged,
    release,
    signals,
)
from tests.tui.canaryworld import DOWN as DOWN_BACKEND
from tests.unit.report.test_report import NEW_YORK, check
from tests.unit.views.making import HOSTILE, NOW, VISIBLE, cluster, picture, seen
from tfdash.model.assessment import Assessment
from tfdash.model.calendar import Slot
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.release import Phase, ReleaseState
from tfdash.report.canary import KINDS
from tfdash.report.schemas import schema

CALENDAR = msgspec.structs.replace(
    CLOSED, next=tuple(Slot(start=NOW + 600, end=NOW + 900, text=s.text) for s in CLOSED.next)
)


def world(**kinds: Any) -> Picture:
    shown = picture(cluster(REF, **{kind: [] for kind in KINDS} | kinds))
    return msgspec.structs.replace(shown, signals=signals(), store_state=FACTS)


def said(*pairs: tuple[ReleaseState, CanaryJudgement | None]) -> Assessment:
    return assessed(*pairs, calendar=CALENDAR)


def document(shown: Picture, assessment: Assessment, namespace: str | None = None) -> dict[str, Any]:
    """The JSON, once text and JSON agree on the exit code."""
    text, code = snapshot_of(shown, assessment, "canary", namespace, "json", NOW, NEW_YORK)
    found: dict[str, Any] = json.loads(text)
    check(found, schema())
    assert (
        found["exit_code"]
        == code
        == snapshot_of(shown, assessment, "canary", namespace, "text", NOW, NEW_YORK)[1]
    )
    return found


def text(shown: Picture, assessment: Assessment, width: int | None = None) -> str:
    return snapshot_of(shown, assessment, "canary", None, "text", NOW, NEW_YORK, width)[0]


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ((), 0),
        (((release(), PASS),), 0),
        (((release(), BREACH),), 1),
        (((release(), LOW_TRAFFIC),), 2),
        (((release(), None),), 2),
        (((release(phase=Phase.STUCK), PASS),), 1),
        (((release(phase=Phase.ABORTED), None),), 1),
        (((release(), LOW_TRAFFIC), (release(AUTH), BREACH)), 1),
    ],
)
def test_what_it_is_worth(pairs: tuple[tuple[ReleaseState, CanaryJudgement | None], ...], code: int) -> None:
    found = document(world(), said(*pairs))
    assert found["exit_code"] == code
    assert len(found["releases"]) == len(pairs)


def test_the_worst_release_stands_first_in_both() -> None:
    assessment = said((release(), PASS), (release(AUTH), BREACH))
    assert [r["subject"]["name"] for r in document(world(), assessment)["releases"]] == ["auth", "checkout"]
    told = text(world(), assessment)
    assert told.index("✖ BREACH  auth") < told.index("✔ pass  checkout")


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_not_read_is_unknown_although_nothing_is_in_flight(kind: str) -> None:
    problem = Problem(kind=ProblemKind.FORBIDDEN, cause="you may not list it")
    found = document(world(**{kind: seen([], problem=problem)}), said())
    assert (found["exit_code"], found["unread"]) == (2, [f"{REF.cluster}/{kind}"])
    told = text(world(**{kind: seen([], problem=problem)}), said())
    assert f"? not read: {REF.cluster}/{kind}" in told
    assert "No release is in flight" not in told and "in flight is not known" in told


def test_one_namespace() -> None:
    assessment = said((release(), BREACH))
    assert len(document(world(), assessment, NS)["releases"]) == 1
    found = document(world(), assessment, "elsewhere")
    assert (found["exit_code"], found["releases"]) == (0, [])


def test_nothing_in_flight_says_what_was_verified_and_when_a_release_may_begin() -> None:
    told = text(world(), said())
    assert "No release is in flight." in told
    assert "last verified" in told
    assert CLOSED.text in told


def test_a_backend_that_is_down_stands_there() -> None:
    shown = msgspec.structs.replace(world(), signals=signals(DOWN_BACKEND))
    found = document(shown, said((release(), LOW_TRAFFIC)))
    assert found["metrics"][0]["problem"]
    assert "? Prometheus" in text(shown, said((release(), LOW_TRAFFIC)))


def test_the_screens_lines_and_the_whole_arithmetic() -> None:
    told = text(world(), said((release(analyses=(RUN,)), BREACH)))
    for wanted in (
        "-> roll back",
        "analysis  ",
        "journeys",
        "plain reading:",
        "second opinion:",
        "WINDOW",
        "query:",
    ):
        assert wanted in told, wanted
    assert max(map(len, text(world(), said((release(), BREACH)), 60).splitlines())) <= 60


def test_hostile_texts_are_shown_and_never_obeyed() -> None:
    subject = CHECKOUT._replace(name=HOSTILE, namespace=HOSTILE)
    triggers = [
        msgspec.structs.replace(
            t, sentence=HOSTILE, plain=HOSTILE, query=HOSTILE, flags=(HOSTILE,), baseline_label=HOSTILE
        )
        for t in BREACH.triggers
    ]
    one = release(subject, message=HOSTILE, skips=(HOSTILE,), problem=HOSTILE)
    assessment = said((one, judged(Outcome.BREACH, Advice.ROLL_BACK, HOSTILE, *triggers, subject=subject)))
    for told in (text(world(), assessment), json.dumps(document(world(), assessment), ensure_ascii=False)):
        assert VISIBLE in told
        assert not [c for c in "\x1b\u202e\x00\u200b" if c in told]
