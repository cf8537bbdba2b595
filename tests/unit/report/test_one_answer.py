"""One release, one answer: badge, title, row, headline, report and gate say the same whatever carries it, in every phase and
with every outcome."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.reports import snapshot_of
from tests.tui import canaryworld as cw
from tests.unit.report.test_canary_report import world
from tests.unit.report.test_report import NEW_YORK
from tests.unit.views.making import NOW
from tfdash.cli.gates.canary import _code, found_in
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.release import Carrier, Phase, ReleaseState, Weight
from tfdash.model.verdict import Level
from tfdash.playbook.releases.answers import PHASES
from tfdash.views import canary
from tfdash.views import state as states
from tfdash.views.tabs import badges

pytestmark = pytest.mark.long

ADVICE = {
    Outcome.PASS: (Advice.PROMOTE, Advice.WAIT, Advice.HOLD, Advice.NOTHING),
    Outcome.BREACH: (Advice.ROLL_BACK,),
}
FLIGHT = (Phase.PROGRESSING, Phase.PAUSED, Phase.ANALYSING, Phase.STUCK)
NOBODY_MEASURES = msgspec.structs.replace(
    cw.judged(
        Outcome.NO_DATA,
        Advice.HOLD,
        "NO DATA: Error rate: no metrics are read",
        msgspec.structs.replace(cw.LOW, outcome=Outcome.NO_DATA, absent=True),
    )
)


def judgements() -> Iterator[CanaryJudgement | None]:
    yield None
    yield NOBODY_MEASURES
    for outcome in Outcome:
        for advice in ADVICE.get(outcome, (Advice.WAIT, Advice.HOLD)):
            yield cw.judged(outcome, advice, f"{outcome.value}: Error rate: so it is", cw.LOW)


CASES: list[tuple[ReleaseState, CanaryJudgement | None]] = [
    (cw.release(carrier=carrier, phase=phase, as_of=as_of, weight=Weight(wanted=20.0, actual=weight)), said)
    for carrier, phase, as_of, weight, said in product(
        Carrier, Phase, (None, NOW - 600), (0.0, 19.4), tuple(judgements())
    )
]


def _title(told: Any, level: Level) -> int:
    """How many the section's title counts at that level."""
    section = told.sections[0]
    word = {Level.BREACH: "must roll back", Level.UNKNOWN: "undecided"}[level]
    found = [part for part in section.sentence.split(", ") if part.endswith(word)]
    return int(found[0].split()[0]) if found else 0


@pytest.mark.parametrize("carrier", Carrier)
def test_all_readers_say_the_same(carrier: Carrier) -> None:
    shown = world()
    for release, said in CASES:
        if release.carrier is not carrier:
            continue
        told = cw.assessed((release, said))
        case = f"{release.phase}, as of {release.as_of}, {said.outcome if said else None}, {told.answer(release)}"
        answer, section = told.answer(release), told.sections[0]
        listed = canary.shown(told)
        row = canary.verdict(answer)
        assert row.level is answer.level, case
        assert canary.headline(release, said, answer, ZoneInfo("UTC")).state == row, case
        # the report prints that row, and its code is of what it prints
        text, code = snapshot_of(shown, told, "canary", None, "text", NOW, NEW_YORK)
        document = json.loads(snapshot_of(shown, told, "canary", None, "json", NOW, NEW_YORK)[0])
        assert [r["verdict"] for r in document["releases"]] == [row.word] * len(listed), case
        assert text.count(f"{row.text}  checkout") == len(listed), case
        worst = answer.level if listed else Level.IDLE
        assert code == (1 if worst >= Level.WARN else 2 if worst is Level.UNKNOWN else 0), case
        # badge and title count it
        badge = [glyph for glyph, _ in badges(told).get("canary", ())]
        expected = [f"{states.of_level(worst).glyph}1"] if worst >= Level.UNKNOWN else []
        assert badge == expected, case
        assert _title(told, Level.BREACH) == (worst is Level.BREACH), case
        assert _title(told, Level.UNKNOWN) == (worst is Level.UNKNOWN), case
        if worst >= Level.UNKNOWN:
            assert section.level is worst and section.subject == release.subject, case
        else:
            assert section.level < Level.UNKNOWN, case
        # the gate: no where it is red, yes only where it is green
        found = found_in(told, "checkout")
        gate = _code(found) if found else 2
        assert (gate == 1) == (worst >= Level.WARN), case
        assert gate != 0 or row.level is Level.OK, case


def test_a_yes_needs_a_pass_of_what_is_whole_and_fresh() -> None:
    for release, said in CASES:
        answer = cw.assessed((release, said)).answer(release)
        if answer.go_on:
            assert said is not None and said.outcome is Outcome.PASS and release.as_of is None
            assert said.advice is Advice.PROMOTE or release.phase is Phase.COMPLETE
            assert release.phase in (*FLIGHT, Phase.COMPLETE)
        if said is None or said.outcome is not Outcome.PASS:
            assert not answer.go_on


def test_a_finished_rolling_update_that_cannot_be_decided_is_not_well() -> None:
    finished = cw.release(carrier=Carrier.DEPLOYMENT, phase=Phase.COMPLETE)
    told = cw.assessed((finished, cw.LOW_TRAFFIC))
    assert (told.sections[0].level, told.sections[0].sentence) == (
        Level.UNKNOWN,
        "none in flight, 1 undecided",
    )
    assert badges(told)["canary"] == badges(told)["overview"] == (("?1", "unknown"),)
    # of what nothing measures there is nothing to decide: it is not green, and nobody is called
    told = cw.assessed((finished, NOBODY_MEASURES))
    assert canary.verdict(told.answer(finished)).text == "· not judged"
    assert (told.sections[0].level, badges(told).get("canary", ())) == (Level.OK, ())


def test_the_playbooks_levels_of_phases_are_the_screens() -> None:
    assert {phase: states.of_phase(phase).level for phase in Phase} == PHASES
