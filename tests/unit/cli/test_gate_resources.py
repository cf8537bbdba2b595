"""``gate resources``: its code, its lines and its counts, of sections as they are judged."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import msgspec
import pytest

from tests.unit.cli.gated import gated
from tests.unit.playbook.making import NOW, REF, deployment, picture, pod
from tests.unit.playbook.resources.test_bands import LOW, WELL, usage
from tests.unit.playbook.resources.test_volume import RUNS, claim
from tests.unit.report.test_report import check
from tfdash.cli.gates.baseline_file import with_baseline_written
from tfdash.cli.gates.sections import sections_of, why_in_doubt
from tfdash.cli.parser import parse
from tfdash.judging.judge import judge_all
from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import Object
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects
from tfdash.model.section import MOST, SectionFinding, SectionState
from tfdash.model.verdict import Level
from tfdash.quantities import amounts
from tfdash.report.gates.answer import GateAnswer
from tfdash.report.gates.judged import GateTerms
from tfdash.report.schemas import schema

FULL = ResourceQuota(
    namespace="a",
    name="compute",
    wanted=amounts({"services": "10"}),
    hard=amounts({"services": "10"}),
    used=amounts({"services": "10"}),
    hard_text=(("services", "10"),),
    used_text=(("services", "10"),),
)
HOT = usage(*(90.0,) * 61)
SPACE = usage(*(90.0,) * 61, of="Namespace", namespace="", name="a")
PARTLY = usage(
    70.0, of="Cluster", namespace="", name="", used=(), measured=0,
    nodes_used=amounts({"cpu": "1", "memory": "1"}), allocatable=amounts({"cpu": "9", "memory": "9"}),
)  # fmt: skip
IDS = ("resources", "quotas")
GREEN = ["Resources: ✔ ok  2 of 2 in order", "Quotas: ✔ ok  no quotas"]


@pytest.mark.parametrize(
    ("objects", "namespace", "code", "told"),
    [
        ((deployment(), usage(*WELL)), "", 0, GREEN),
        (
            (deployment(), HOT, FULL),
            "",
            1,
            [
                "Resources: ▲ warn  0 of 2 in order",
                "  ▲ warn  checkout: cpu 90 % of its request, above 80 % for 15m of the last 15m  (Deployment a/checkout in eu-1)",
                "  ▲ warn  checkout: memory 90 % of its request, above 85 % for 15m of the last 15m  (Deployment a/checkout in eu-1)",
                "Quotas: ▲ warn  highest 100 % (a services)",
                "  ▲ warn  compute: services full, 10 of 10: nothing more is admitted  (ResourceQuota a/compute in eu-1)",
            ],
        ),
        ((deployment(), HOT, FULL), "b", 0, ["Resources: · idle  nothing is measured", "Quotas: ✔ ok  no quotas"]),
        (
            (deployment(), usage(70.0)),
            "",
            2,
            [
                "Resources: ? unknown  0 of 2 in order",
                "  ? unknown  checkout: memory 70 % of its request, seen for 15s of 15m  (Deployment a/checkout in eu-1)",
                "Quotas: ✔ ok  no quotas",
            ],
        ),
        # what no Prometheus is configured for is not watched: that is said, and is no answer that is lacking
        (
            (deployment(), usage(*WELL), claim(), RUNS),
            "",
            0,
            ["Resources: ✔ ok  3 of 3 in order; 1 volume not watched", "Quotas: ✔ ok  no quotas"],
        ),
        (
            (deployment(), usage(*LOW)),
            "",
            0,
            ["Resources: ✔ ok  2 of 2 in order; below is not judged of 1: too little history", "Quotas: ✔ ok  no quotas"],
        ),
        # of one namespace that is read alone the first line is its own, not the cluster's, of which nothing is known
        (
            (SPACE, PARTLY),
            "a",
            1,
            [
                "Resources: ▲ warn  cpu 90 % of 60-80 in a · memory 90 % of 70-85 in a",
                "  ▲ warn  namespace a: cpu 90 % of its request, above 80 % for 15m of the last 15m  (Namespace a in eu-1)",
                "  ▲ warn  namespace a: memory 90 % of its request, above 85 % for 15m of the last 15m  (Namespace a in eu-1)",
                "Quotas: ✔ ok  no quotas",
            ],
        ),
    ],
)  # fmt: skip
def test_what_it_says(objects: tuple[Object, ...], namespace: str, code: int, told: list[str]) -> None:
    seen = picture(*objects, pod())
    if namespace:  # no other is read
        kinds = {k: msgspec.structs.replace(v, partial=True) for k, v in seen.clusters[REF].kinds.items()}
        read = msgspec.structs.replace(seen.clusters[REF], kinds=kinds)
        seen = msgspec.structs.replace(seen, clusters={REF: read})
    answer = gated(sections_of(seen, judge_all(seen, NOW), namespace, IDS))
    assert (answer.code, answer.lines) == (code, told)
    document = answer.document
    check(json.loads(json.dumps(document)), schema("gate findings"))
    levels = [f["level"] for f in document["findings"]]
    assert sum(document["counts"].values()) == len(levels) == sum(line.startswith("  ") for line in told)
    assert document["exit_code"] == code


def test_what_nobody_judged_or_read_is_not_known() -> None:
    seen = picture(deployment())
    assert gated(()).code == 2
    cluster = seen.clusters[REF]
    kinds = {k: v for k, v in cluster.kinds.items() if k != "Usage"}
    bare = msgspec.structs.replace(seen, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})
    assert gated(sections_of(bare, judge_all(bare, NOW), "", IDS)).code == 2


def test_the_command() -> None:
    args = parse(["gate", "resources", "-n", "shop", "--wait", "4m", "--format", "json"])
    assert (args.what, args.namespace, args.wait, args.format) == ("resources", "shop", 240.0, "json")


def test_what_somebody_answers_for_is_told_and_no_fault() -> None:
    kept = SectionFinding(level=Level.PAUSED, sentence="a is kept up until Wed by bob: a load test")
    well = SectionFinding(level=Level.MOVING, sentence="its pod has just begun")
    section = SectionState(
        id="resources",
        title="Resources",
        level=Level.PAUSED,
        sentence="1 of 1",
        target="",
        findings=(kept, well),
    )
    answer = gated((section,))
    assert answer.code == 0
    assert answer.lines[1:] == ["  ‖ paused  a is kept up until Wed by bob: a load test"]
    document = answer.document
    assert [f["level"] for f in document["findings"]] == ["PAUSED"] and document["counts"]["PAUSED"] == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Observation(), "how full it is is not known: still loading"),
        (
            Observation(problem=Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused")),
            "how full it is is not known: connection refused",
        ),
    ],
)
def test_a_prometheus_that_is_asked_and_does_not_answer_is_not_one_that_nobody_asks(
    asked: Observation[Objects], words: str
) -> None:
    seen = picture(deployment(), usage(*WELL), claim(), RUNS, pod())
    cluster = seen.clusters[REF]
    kinds = {**cluster.kinds, "VolumeUsage": asked}
    seen = msgspec.structs.replace(seen, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})
    told = judge_all(seen, NOW)
    assert words in {v.sentence.partition(": ")[2] for several in told.verdicts.values() for v in several}
    found = sections_of(seen, told, "", IDS)
    assert gated(found).code == 2 and not any("not watched" in s.sentence for s in found)


def test_volumes_that_are_watched_are_not_counted_among_those_that_are_not() -> None:
    other = msgspec.structs.replace(claim(), name="idle", volume_mode="Block")  # nobody can tell of it
    seen = picture(deployment(), usage(*WELL), claim(), other, RUNS, pod())
    (resources, _) = sections_of(seen, judge_all(seen, NOW), "", IDS)
    assert resources.sentence == "4 of 4 in order; 1 volume not watched"


def test_where_the_judge_cut_nothing_no_section_is_read_anew() -> None:
    seen = picture(deployment(), usage(*WELL), FULL, RUNS, pod())
    told = judge_all(seen, NOW)
    assert all(any(s is own for own in told.sections) for s in sections_of(seen, told, "", IDS))


def test_where_nothing_was_judged_there_is_no_yes() -> None:
    for fail_on, code in (("breach", 2), ("warn", 2), ("unknown", 1)):
        answer = gated((), asked=GateTerms(fail_on))
        assert (answer.code, answer.reason) == (code, "nothing was judged")
    assert why_in_doubt((), ["eu-1/Pod"]) == "not settled: eu-1/Pod"


def test_of_days_that_were_not_read_no_baseline_is_made(tmp_path: Path) -> None:
    """Whatever else was found: the next gate would call new what only was not looked for."""
    file = tmp_path / "known.json"
    args = argparse.Namespace(write_baseline=str(file), what="all")
    terms = GateTerms("breach", writes=True)
    answer = with_baseline_written(
        gated((), asked=terms)._replace(reason=""), args, (), "p", terms, "days lack"
    )
    assert (
        not file.exists() and isinstance(answer, GateAnswer) and answer.told[-1] == "no baseline was written"
    )


def test_a_gate_has_every_finding_where_the_judge_tells_two_hundred() -> None:
    """What a baseline did not have would be new, and what it has would be gone."""
    quotas = [msgspec.structs.replace(FULL, name=f"q{n:03}") for n in range(MOST + 50)]
    seen = picture(*quotas, pod())
    told = judge_all(seen, NOW)
    assert len(next(s for s in told.sections if s.id == "quotas").findings) == MOST + 1
    answer = gated(sections_of(seen, told, "", IDS))
    assert len([f for f in answer.document["findings"] if f["section"] == "quotas"]) == MOST + 50
    assert answer.lines[-1] == "  50 more of Quotas: --format json has them all"
