"""Who asks for one section has only the rules run that it reads: it says the same as among all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from msgspec.structs import replace as replaced

from benchmarks.usage import T0, Bench, drained
from tests.tui import world
from tests.unit.playbook.making import deployment, picture, pod
from tests.unit.playbook.resources.test_bands import WELL, usage
from tests.unit.test_judging_usage import measured
from tfdash.cli.gates import GATES
from tfdash.cli.gates.sections import kinds_of
from tfdash.judging.judge import Judge, judge_all
from tfdash.judging.narrowed import sections_within
from tfdash.model.kinds import JUDGED
from tfdash.model.made import MADE
from tfdash.model.picture import Change, Picture
from tfdash.model.release import ReleaseState
from tfdash.model.room import NodeRoom
from tfdash.model.verdict import Level
from tfdash.model.workload import WorkloadState
from tfdash.playbook.registry import RULES, SECTIONS, rules_behind
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.section import Findings, Section

HEARD = {"workloads": WorkloadState, "releases": ReleaseState}
TOLD_BY_THE_RULE = {("quotas", "Namespace")}  # where quotas are required, and nowhere else


def pictures() -> Iterator[Picture]:
    yield picture()
    yield picture(*(obj for many in world.objects().values() for obj in many))
    bench, chance = Bench(11, 2, 3), random.Random(3)
    for number in range(16):
        bench._take(PodMetrics=measured(bench, T0 + 60 * number, chance))
        bench._take(Usage=drained(bench.maker.make(bench.cluster, 60.0, True)).objects)
    yield Picture(at=T0 + 900, number=1, clusters={bench.cluster.ref: bench.cluster})


def everything(seen: Picture) -> Change:
    keys = {(ref, kind): None for ref, cluster in seen.clusters.items() for kind in cluster.kinds}
    return Change(keys=keys, freshness=frozenset(keys), signals=None, store=None)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.id)
def test_alone_it_says_what_it_says_among_all(section: Section) -> None:
    rules = rules_behind((section,))
    assert set(rules) < set(RULES)
    for seen in pictures():
        judge = Judge(rules=rules, sections=(section,))
        (alone,) = judge.assess(seen, everything(seen), seen.at)[0].sections
        whole = next(s for s in judge_all(seen, seen.at).sections if s.id == section.id)
        assert alone == whole


@pytest.mark.parametrize(
    "what", [what for what, gate in GATES.items() if gate.sections and gate.ask == "sections"]
)
def test_a_gate_reads_all_that_its_sections_rest_on(what: str) -> None:
    """And no more than that, where nothing of it is made of something else."""
    ids = GATES[what].sections
    kinds, sections = set(kinds_of(ids)), tuple(s for s in SECTIONS if s.id in ids)
    assert kinds <= set(JUDGED) and kinds_of(()) == JUDGED
    for seen in pictures():
        clusters = {
            ref: replaced(
                cluster, kinds={k: o for k, o in cluster.kinds.items() if k in kinds or k not in JUDGED}
            )
            for ref, cluster in seen.clusters.items()
        }
        narrow = replaced(seen, clusters=clusters)
        judge = Judge(rules=rules_behind(sections), sections=sections)
        alone = judge.assess(narrow, everything(narrow), seen.at)[0].sections
        assert alone == tuple(s for s in judge_all(seen, seen.at).sections if s.id in ids)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.id)
def test_a_section_reads_only_what_it_names(section: Section) -> None:
    for seen in pictures():
        told = judge_all(seen, seen.at)
        findings = Findings(told.verdicts, told.workloads, told.releases, told.canaries, told.calendar)
        section.read(findings)
        assert findings.looked_at - Findings.NAMES <= set(section.rules)
        assert {HEARD[name] for name in findings.looked_at & HEARD.keys()} <= set(section.hears)


def test_each_verdict_that_a_section_reads_is_some_rules_own() -> None:
    for section in SECTIONS:
        for verdict in section.rules:
            assert any(rule.speaks(verdict) for rule in RULES), verdict


def test_who_is_heard_is_run_too() -> None:
    for rule in RULES:
        for state in rule.hears:
            assert state in {WorkloadState, ReleaseState, NodeRoom}
            assert any(other.tells is state for other in RULES[: RULES.index(rule)]), (
                "it stands behind whom it hears"
            )


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.id)
def test_what_its_rules_judge_is_not_well_unread(section: Section) -> None:
    """Of a kind that cannot be read no rule says a word, so that the section has to."""
    mine = [rule for rule in RULES if any(map(rule.speaks, section.rules))]
    judged = {kind.KIND for rule in mine for kind in rule.judges} - set(MADE)
    assert {kind for kind in judged if (section.id, kind) not in TOLD_BY_THE_RULE} <= section.kinds


def careless(rule: Rule) -> Rule:
    def judge(case: Case[object]) -> RuleResult | None:
        raise ValueError("no such label")

    return replace(rule, judge=judge)


@pytest.mark.parametrize("broken", RULES, ids=lambda r: r.id)
def test_a_rule_that_goes_wrong_is_the_fault_of_the_sections_that_rest_on_it(broken: Rule) -> None:
    """Alone, among all and of one namespace, of every section the same."""
    seen = picture(
        deployment(), usage(*WELL), pod(), *(obj for many in world.objects().values() for obj in many)
    )
    rules = tuple(careless(rule) if rule is broken else rule for rule in RULES)
    told = Judge(rules=rules).assess(seen, everything(seen), seen.at)[0]
    within = {s.id: s for s in sections_within(seen, told, {subject.namespace for subject in told.verdicts})}
    well = {s.id: s for s in judge_all(seen, seen.at).sections}
    for section, whole in zip(SECTIONS, told.sections, strict=True):
        some = rules_behind((section,), rules)
        (alone,) = Judge(rules=some, sections=(section,)).assess(seen, everything(seen), seen.at)[0].sections
        assert alone == whole
        assert within[section.id].level == whole.level
        if not any(rule.id == broken.id for rule in some):
            assert whole == well[section.id]


def test_a_band_that_nobody_could_judge_is_not_well_in_its_namespace() -> None:
    seen = picture(deployment(), usage(*WELL), pod())
    rules = tuple(careless(rule) if rule.id == "resources.band" else rule for rule in RULES)
    told = Judge(rules=rules).assess(seen, everything(seen), seen.at)[0]
    levels = {s.id: s.level for s in sections_within(seen, told, {"a"})}
    assert levels["resources"] is Level.UNKNOWN
