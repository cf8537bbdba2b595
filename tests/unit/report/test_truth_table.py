"""Level, sentence and exit code of every screen in every state of its sources: one table, kept beside this file.

``truth_table.txt`` is what is said; ``TFDASH_UPDATE_GOLDEN=1`` writes it. What must hold of each line is asserted apart, so that
a table that was written anew without a look cannot make it false.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.kinds import NOTHING_STORED
from tests.reports import snapshot_of
from tests.unit.playbook.making import NOW, REF, condition, deployment, picture, pod, replica_set, waiting
from tfdash.judging.judge import judge_all
from tfdash.model.assessment import Assessment
from tfdash.model.delivery import Rollout
from tfdash.model.kube import Object
from tfdash.model.kubecluster import Node
from tfdash.model.observation import ListProgress, Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Objects, Picture, SourceInfo
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.verdict import Level
from tfdash.report.canary import KINDS as CANARY_KINDS
from tfdash.report.gather import needs
from tfdash.views import state as states
from tfdash.views.sections import asked, next_command, next_line
from tfdash.views.tabs import badges

pytestmark = pytest.mark.long

TABLE = Path(__file__).with_name("truth_table.txt")
UTC = ZoneInfo("UTC")
STALE_AFTER = 120.0
SCREENS = ("overview", "deployments", "nodes", "pods", "rollouts", "canary")
GOOD = Node(namespace="", name="n1", conditions=(condition("Ready", "True"),), kubelet_version="v1.37.2")
LOST = Node(namespace="", name="n2", conditions=(condition("Ready", "Unknown"),), kubelet_version="v1.37.2")
STUCK = (
    deployment(updated=1, available=2),
    replica_set(),
    pod("p", waiting("CrashLoopBackOff", last_exit_code=1)),
)
ABORTED = Rollout(
    namespace="a",
    name="web",
    uid="w",
    desired=3,
    replicas=3,
    updated=0,
    ready=3,
    available=3,
    strategy="canary",
    stable_hash="one",
    current_hash="two",
    phase="Degraded",
    message="RolloutAborted: by a person",
    abort=True,
    aborted_at=NOW - 60,
)
SCENARIOS: dict[str, tuple[Object, ...]] = {
    "well": (deployment(), GOOD),
    "moving": (deployment(updated=1), GOOD),
    "stuck": (*STUCK, GOOD),
    "down": (deployment(available=0, created=NOW - 9000), GOOD),
    "aborted": (deployment(), ABORTED, GOOD),
    "node lost": (deployment(), GOOD, LOST),
}
SOURCES = ("Deployment", "Rollout", "Node", "Pod", "metrics", "all of another cluster")
OTHER = ClusterRef("production", "us-1")
State = Callable[[Observation[Objects]], Observation[Objects]]
DEAD = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused")
STATES: dict[str, State] = {
    "dead": lambda seen: Observation(problem=DEAD, source=seen.source),
    "lost just now": lambda seen: msgspec.structs.replace(seen, problem=DEAD),
    "slow": lambda seen: Observation(progress=ListProgress(1, 2), source=seen.source),
    "not asked yet": lambda seen: Observation(source=seen.source),
    "forbidden": lambda seen: Observation(
        problem=Problem(kind=ProblemKind.FORBIDDEN, cause="may not list"), source=seen.source
    ),
    "partial": lambda seen: msgspec.structs.replace(
        seen,
        unreadable=1,
        problem=Problem(kind=ProblemKind.BAD_ANSWER, cause="odd values in a/x (spec: ...)"),
    ),
    "stale": lambda seen: msgspec.structs.replace(seen, observed_at=NOW - STALE_AFTER - 1),
}


def whole(objects: tuple[Object, ...]) -> Picture:
    """Every kind that any of the screens needs was read."""
    p = picture(*objects)
    cluster = p.clusters[REF]
    every = {*CANARY_KINDS, *(kind for screen in SCREENS if screen != "canary" for kind in needs(screen))}
    nothing: Observation[Objects] = Observation(value={}, complete=True, observed_at=NOW)
    kinds = {**dict.fromkeys(every, nothing), **cluster.kinds}
    info = msgspec.structs.replace(cluster.info, complete=True)
    cluster = msgspec.structs.replace(cluster, kinds=kinds, info=info)
    metrics = Observation(value=SourceInfo(name="eu-1 metrics"), observed_at=NOW, complete=True)
    return msgspec.structs.replace(
        p, clusters={REF: cluster}, sources={"prometheus": metrics}, store_state=NOTHING_STORED
    )


def broken(p: Picture, source: str, state: State) -> Picture:
    if source == "metrics":
        return msgspec.structs.replace(p, sources={"prometheus": state(p.sources["prometheus"])})  # type: ignore[arg-type,dict-item]
    cluster = p.clusters[REF]
    if source.startswith("all"):
        info = state(cluster.info)  # type: ignore[arg-type]
        kinds = {k: state(seen) for k, seen in cluster.kinds.items()}
        empty = {
            k: msgspec.structs.replace(seen, value=None if seen.value is None else {})
            for k, seen in kinds.items()
        }
        other = ClusterPicture(ref=OTHER, info=info, kinds=empty)  # type: ignore[arg-type]
        return msgspec.structs.replace(p, clusters={REF: cluster, OTHER: other})
    kinds = {**cluster.kinds, source: state(cluster.kinds[source])}
    return msgspec.structs.replace(p, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})


def printed(p: Picture, told: Assessment, screen: str) -> tuple[str, int]:
    if screen == "canary":
        return snapshot_of(p, told, "canary", None, "text", NOW, UTC)
    text = snapshot_of(p, told, screen, None, "text", NOW, UTC)[0]
    return text, snapshot_of(p, told, screen, None, "text", NOW, UTC)[1]


_GLYPH = {level: re.compile(rf"(?:^|\s){re.escape(states.of_level(level).glyph)} \S") for level in Level}


def worst_printed(text: str) -> Level:
    return max((level for level, at in _GLYPH.items() if at.search(text)), default=Level.IDLE)


def cases() -> Iterator[tuple[str, str, str, Picture]]:
    for name, objects in SCENARIOS.items():
        p = whole(objects)
        yield name, "", "", p
        for source in SOURCES:
            for state, change in STATES.items():
                yield name, source, state, broken(p, source, change)


CASES = list(cases())
IDS = [f"{name}: {source} {state}".strip() for name, source, state, _ in CASES]


@cache
def said(case: int) -> tuple[Assessment, dict[str, tuple[str, int]]]:
    """What is judged of a case, and what each screen prints of it with which code."""
    p = CASES[case][3]
    told = judge_all(p, NOW, stale_after=STALE_AFTER)
    return told, {screen: printed(p, told, screen) for screen in SCREENS}


@pytest.mark.parametrize("case", range(len(CASES)), ids=IDS)
def test_the_code_is_of_what_is_printed_and_nothing_unread_is_well(case: int) -> None:
    name, source, state, _ = CASES[case]
    told, screens = said(case)
    for screen, (text, code) in screens.items():
        worst = worst_printed(text)
        expected = 1 if worst >= Level.WARN else 2 if worst is Level.UNKNOWN else 0
        assert code == expected, f"{screen}: {code}\n{text}"
        if source:
            assert code, f"{screen}: nothing is wrong although {source} is {state}"
    if not source:
        return
    plain = {s.id: s for s in said(IDS.index(f"{name}:"))[0].sections}
    tabs = badges(told)
    for section in told.sections:
        before = plain[section.id]
        gone = source in ("Deployment", "Rollout", "Node", "Pod") and state in (
            "dead",
            "slow",
            "not asked yet",
            "forbidden",
        )
        if before.level >= Level.WARN and not gone:
            assert section.level is before.level, "what is red stays red, whatever else is not known"
            assert section.count == before.count
        if section.level >= Level.UNKNOWN and not section.loading:
            assert any(glyph[0] == states.of_level(section.level).glyph for glyph, _ in tabs["overview"])
    touched = {s.id for s in told.sections if s != plain[s.id]}
    needed = {"Deployment": {"releases", "serving"}, "Rollout": {"releases", "serving"}, "Node": {"nodes"}}
    if state != "lost just now":
        for id in needed.get(source, {"releases", "serving", "nodes"} if source.startswith("all") else set()):
            assert id in touched, f"{id} says the same although {source} is {state}"
            assert next(s for s in told.sections if s.id == id).level >= Level.UNKNOWN


def twice(sentence: str) -> str:
    """Three words that a sentence says twice, "" for none."""
    words = re.findall(r"[a-z]+", sentence.lower())
    threes = [" ".join(words[i : i + 3]) for i in range(len(words) - 2)]
    return next((three for i, three in enumerate(threes) if three in threes[i + 3 :]), "")


def test_the_table() -> None:
    assert twice("pause until it is promoted: until it is promoted") == "until it is"
    lines = []
    for case, (name, source, state, _) in enumerate(CASES):
        told, screens = said(case)
        codes = " ".join(f"{screen} {code}" for screen, (_, code) in screens.items())
        lines.append(f"{name}{f', {source} {state}' if source else ''}  ({codes})")
        for s in told.sections:
            level = "loading" if s.loading else Level(s.level).name
            lines.append(f"    {s.title:<9} {level:<8} {s.sentence}")
            for text in (s.sentence, s.detail, *(f.sentence for f in s.findings)):
                assert not twice(text), f"{twice(text)!r} stands twice in: {text}"
    text = "\n".join(lines) + "\n"
    if os.environ.get("TFDASH_UPDATE_GOLDEN"):
        TABLE.write_text(text, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == text


def test_it_has_every_scenario_and_state() -> None:
    assert len(CASES) == len(SCENARIOS) * (1 + len(SOURCES) * len(STATES))
    assert {Key("a", "checkout")} <= set(CASES[0][3].clusters[REF].objects("Deployment"))


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_finding_names_its_object_since_when_and_the_next_key(name: str) -> None:
    p = whole(SCENARIOS[name])
    told = judge_all(p, NOW, stale_after=STALE_AFTER)
    text = printed(p, told, "overview")[0]
    red = [s for s in told.sections if s.level >= Level.WARN]
    assert bool(red) is (name not in ("well", "moving"))
    for section in red:
        assert section.subject is not None and section.since, section
        line = next_line(section, NOW)
        assert re.fullmatch(r"next: \d, then (?:\w|enter): .+ · since \d+\w+ · \w+ \S+ in eu-1", line), line
        # a report says it, too; of an object that two sections name, once
        first = next(s for s in sorted(red, key=lambda s: -s.level) if s.subject == section.subject)
        assert next_command(first, NOW) in text
        for finding in section.findings:
            if finding.level >= Level.WARN:
                assert finding.subject is not None and finding.since, finding
                assert asked(told, finding.subject, NOW, "w: why").startswith(" · since "), finding
    for subject, several in told.verdicts.items():
        for verdict in several:
            assert verdict.level < Level.WARN or verdict.since, verdict
            assert bool(asked(told, subject, NOW, "x")) >= (verdict.level >= Level.WARN)
