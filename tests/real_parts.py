"""The recordings of real parts that are fixtures (``tests.platform.record_fixtures`` makes them), judged by the policy beside them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tfdash.cli.compose import judge_of
from tfdash.config.load import load
from tfdash.config.settings import Settings
from tfdash.judging.judge import Judge, Remembered
from tfdash.model.assessment import Assessment
from tfdash.model.release_answer import ReleaseAnswer
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.recording.changes import RELEASE
from tfdash.recording.reading import Recording
from tfdash.replay.walk import Walk
from tfdash.views.canary import judgement_of, verdict

FOLDER = Path(__file__).parent / "fixtures" / "recordings"
CONFIG = FOLDER / "tfdash.toml"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.tfrec")))


def file_of(name: str) -> Path:
    return FOLDER / f"{name}.tfrec"


@cache
def policy() -> Settings:
    return load(CONFIG)


def judge() -> Judge:
    return judge_of(policy())


def opened(name: str) -> Recording:
    return Recording.open(file_of(name))


class Step(NamedTuple):
    """What was said at a time, and what the judge who had seen all before it remembered."""

    at: float
    said: Assessment
    known: Remembered | None


class Told(NamedTuple):
    """``before`` and ``after``: None where nothing is said. ``whom``: a subject, or a section's id."""

    at: float
    whom: Subject | str
    rule: str
    before: Level | None
    after: Level | None
    sentence: str


class Lived(NamedTuple):
    recording: Recording
    steps: tuple[Step, ...]
    told: tuple[Told, ...]

    def first(self, rule: str, after: Level) -> float:
        """When the rule said that for the first time."""
        return next(one.at for one in self.told if (one.rule, one.after) == (rule, after))

    def levels(self, rule: str, kind: str) -> tuple[Level, ...]:
        """What the rule said of what is of that kind, one after the other."""
        of = (one for one in self.told if one.rule == rule and getattr(one.whom, "kind", "") == kind)
        return tuple(one.after for one in of if one.after is not None)


@cache
def lived(name: str) -> Lived:
    """Walked from its beginning to its end, as the program walks it behind a replay's screen."""
    recording = opened(name)
    walk = Walk(judge, recording.again())
    steps = tuple(Step(at, walk.told, walk.remembered(at)) for at in walk.steps())
    steps += (
        Step(walk.until, walk.told, walk.remembered(walk.until)),
    )  # what time alone made another at the end
    return Lived(recording, steps, tuple(_changes(steps)))


_AT_EASE = (None, Level.IDLE, Level.OK)


def _changes(steps: tuple[Step, ...]) -> Iterator[Told]:
    """Of one step in the order of names: sets have none. What begins or ends well is passed over."""
    before: dict[tuple[Subject | str, str], tuple[Level, str]] = {}
    for step in steps:
        now = dict(_levels(step.said))
        for whom, rule in sorted({*before, *now}, key=str):
            then, later = (of.get((whom, rule), (None, "")) for of in (before, now))
            if then[0] is not later[0] and not (
                None in (then[0], later[0]) and then[0] in _AT_EASE and later[0] in _AT_EASE
            ):
                yield Told(step.at, whom, rule, then[0], later[0], later[1])
        before = now


def _levels(said: Assessment) -> Iterator[tuple[tuple[Subject | str, str], tuple[Level, str]]]:
    """The worst that each rule says of each, and of each section."""
    for subject, verdicts in said.verdicts.items():
        for one in sorted(verdicts, key=lambda v: v.level):
            yield (subject._replace(uid=""), one.rule), (one.level, one.sentence)
    for subject, answer in said.answers.items():
        yield (subject._replace(uid=""), RELEASE), (answer.level, _of_release(said, answer))
    for section in said.sections:
        yield (
            (section.id, "section"),
            (section.level, " · ".join(filter(None, (section.sentence, section.detail)))),
        )


def _of_release(said: Assessment, answer: ReleaseAnswer) -> str:
    release = said.releases.get(answer.subject)
    judged = judgement_of(said, release) if release is not None else None
    return verdict(answer).word + (f": {judged.sentence}" if judged is not None else "")
