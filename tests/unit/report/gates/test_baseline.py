"""A baseline excuses what it names, while that is no worse, and nothing else."""

from __future__ import annotations

import json
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfdash.model.section import SectionFinding
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.report.gates.answer import FINDINGS, OK, UNKNOWN, GateStanding
from tfdash.report.gates.baseline import Baseline, KnownFinding, baseline_text, compared, read_baseline
from tfdash.report.gates.judged import GateTerms, Judged, Suite, judged

AT = 1_800_000_000.0
HERE = ClusterRef("production", "eu-1")
WEB = Subject(HERE, "Deployment", "shop", "web")


def found(
    level: Level = Level.WARN, rule: str = "resources.limits", subject: Subject | None = WEB, **more: object
) -> SectionFinding:
    made = SectionFinding(level=level, sentence=f"{rule} is {level.name}", subject=subject, rule=rule)
    return msgspec.structs.replace(made, **more)


def suite(*findings: SectionFinding, id: str = "resources") -> Suite:
    return Suite(id, id.title(), "so it is", max((f.level for f in findings), default=Level.OK), findings)


def written(*suites: Suite, environment: str = "production") -> bytes:
    told = [(s.id, f) for s in suites for f in s.findings]
    return baseline_text(told, "all", environment, "", AT).encode()


def held(now: Suite, before: Suite, fail_on: str = "warn", namespace: str = "") -> Judged:
    baseline = read_baseline(written(before), "production", AT)
    return judged([now], GateTerms(fail_on, baseline, namespace=namespace))


def standings(result: Judged) -> list[GateStanding | None]:
    return [c.standing for c in result.cases if c.finding is not None]


IN, NEW = GateStanding.IN_BASELINE, GateStanding.FAILS


@pytest.mark.parametrize(
    ("before", "now", "said", "note"),
    [
        ([found()], [found()], [IN], ""),
        ([found()], [found(sentence="another figure", since=AT + 9)], [IN], ""),  # numbers change
        (
            [found(subject=WEB._replace(uid="a"))],
            [found(subject=WEB._replace(uid="b"))],
            [IN],
            "",
        ),  # made anew
        ([found()], [found(Level.BREACH)], [NEW], "WARN in the baseline"),
        ([found(Level.BREACH)], [found()], [IN], ""),  # it got better
        ([found()], [found(rule="resources.idle")], [NEW], ""),
        ([found()], [found(subject=WEB._replace(name="api"))], [NEW], ""),
        ([found()], [found(subject=WEB._replace(cluster=ClusterRef("production", "us-1")))], [NEW], ""),
        ([found()], [found(), found()], [IN, NEW], "told more often than in the baseline"),
        ([found(), found()], [found(), found()], [IN, IN], ""),
        # of two of one object the worse takes what covers it
        ([found(Level.BREACH), found()], [found(), found(Level.BREACH)], [IN, IN], ""),
        ([found(), found()], [found(), found(Level.BREACH)], [IN, NEW], "WARN in the baseline"),
        ([found(many=2)], [found(many=5)], [NEW], "of 2 in the baseline"),
        ([found(many=5)], [found(many=2)], [IN], ""),
        # whom a finding is about counts where no row of ours is
        ([found(subject=None, about=WEB)], [found(subject=None, about=WEB._replace(name="api"))], [NEW], ""),
        ([found(subject=None, about=WEB)], [found(subject=None, about=WEB)], [IN], ""),
    ],
)
def test_what_is_new(
    before: list[SectionFinding], now: list[SectionFinding], said: list[GateStanding], note: str
) -> None:
    result = held(suite(*now), suite(*before))
    assert standings(result) == said
    assert [c.note for c in result.cases if c.standing is NEW] == ([note] if NEW in said else [])
    assert result.code == (FINDINGS if NEW in said else OK)


@pytest.mark.parametrize("section", ["serving", "nodes"])
def test_trouble_that_began_after_the_baseline_is_another_where_that_is_known(section: str) -> None:
    again, still = found(since=AT + 1), found(since=AT - 1)
    result = held(suite(again, id=section), suite(found(), id=section))
    assert (standings(result), result.cases[0].note) == ([NEW], "it began after the baseline")
    assert standings(held(suite(still, id=section), suite(found(), id=section))) == [IN]
    assert standings(held(suite(again, id="jobs"), suite(found(), id="jobs"))) == [IN]  # each run begins anew


def test_what_a_release_does_is_in_no_baseline() -> None:
    bad = suite(found(Level.BREACH, "release.state"), id="releases")
    assert json.loads(written(bad))["findings"] == []
    assert judged([bad], GateTerms(writes=True)).code == FINDINGS
    by_hand = json.loads(written(suite(found())))
    by_hand["findings"][0]["section"] = "releases"
    with pytest.raises(ValueError, match="what a release does is never excused"):
        read_baseline(json.dumps(by_hand).encode(), "production", AT)


@pytest.mark.parametrize("fail_on", ["breach", "warn", "unknown"])
def test_what_is_not_known_is_never_a_yes(fail_on: str) -> None:
    blind = found(Level.UNKNOWN)
    assert json.loads(written(suite(blind)))["findings"] == []
    for before in (suite(), suite(found()), suite(found(Level.BREACH))):
        assert held(suite(blind), before, fail_on).code == (FINDINGS if fail_on == "unknown" else UNKNOWN)
    assert judged([suite()], GateTerms(fail_on), "not settled").code == (
        FINDINGS if fail_on == "unknown" else UNKNOWN
    )


def test_what_is_no_longer_there_is_told_and_what_cannot_be_seen_is_not_called_gone() -> None:
    other = found(subject=WEB._replace(name="api"))
    gone = held(suite(found()), suite(found(), other))
    assert gone.document["baseline"]["gone"][0]["subject"] == "Deployment shop/api in eu-1"
    assert any("1 finding of the baseline no longer there" in line for line in gone.lines) and gone.code == OK
    blind = held(suite(found(), found(Level.UNKNOWN, subject=None)), suite(found(), other))
    assert (blind.document["baseline"]["gone"], len(blind.document["baseline"]["not_known_now"])) == ([], 1)
    # what is spoken of is there: waived, or worse, or not known
    for now in (found(Level.PAUSED, waived=True), found(Level.BREACH), found(Level.UNKNOWN)):
        told = held(suite(now), suite(found())).document["baseline"]
        assert (told["gone"], told["not_known_now"]) == ([], [])
    # nor is what was not asked for
    elsewhere = held(suite(), suite(found()), namespace="blog").document["baseline"]
    assert elsewhere["gone"] == []
    assert (
        judged(
            [suite(id="jobs")], GateTerms(baseline=read_baseline(written(suite(found())), "production", AT))
        ).document["baseline"]["gone"]
        == []
    )


def test_waived_findings_are_counted_listed_and_no_fault() -> None:
    waived = found(Level.PAUSED, waived=True, sentence="waived by jo until 2027-01-31: ticket 42; no limit")
    result = judged([suite(waived, found())], GateTerms())
    assert result.document["standings"] == {
        "fails": 1,
        "not known": 0,
        "waived": 1,
        "in the baseline": 0,
        "told": 0,
    }
    assert result.lines == ("exit 1: 1 fails, 1 waived",)
    assert judged([suite(waived)], GateTerms("unknown")).code == OK


@pytest.mark.parametrize(("fail_on", "level"), list(product(("breach", "warn", "unknown"), Level)))
def test_which_level_fails(fail_on: str, level: Level) -> None:
    least = {"breach": Level.BREACH, "warn": Level.WARN, "unknown": Level.UNKNOWN}[fail_on]
    code = FINDINGS if level >= least else UNKNOWN if level is Level.UNKNOWN else OK
    assert judged([suite(found(level))], GateTerms(fail_on)).code == code


GOOD = json.loads(written(suite(found())))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"tfdash_baseline": 2}, "of format 2, of a newer tfdash"),
        ({"tfdash_baseline": "1"}, "no baseline"),
        ({"tfdash_baseline": True}, "no baseline"),
        ({"environment": "staging"}, "it is of staging, and not of production"),
        ({"environment": None}, "must stand in it"),
        ({"written_at": "yesterday"}, "must stand in it"),
        ({"written_at": "2026-11-30T10:00:00"}, "must stand in it"),  # in which zone?
        ({"written_at": "2999-01-01T00:00:00Z"}, "which lies ahead: write it anew"),
        ({"findings": None}, "must stand in it"),
        ({"findings": ["x"]}, "finding 1 is none"),
        ({"findings": [{**GOOD["findings"][0], "level": "OK"}]}, 'finding 1 is at level "OK"'),
        ({"findings": [{**GOOD["findings"][0], "level": "UNKNOWN"}]}, "WARN and BREACH can be known"),
        ({"findings": [{**GOOD["findings"][0], "cluster": None}]}, "names its object by halves"),
        ({"findings": [{**GOOD["findings"][0], "many": 0}]}, "no whole number"),
        ({"findings": [{**GOOD["findings"][0], "many": True}]}, "no whole number"),
        ({"findings": [{"section": "resources"}]}, "finding 1 has no rule"),
    ],
)
def test_a_file_that_says_something_else_is_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_baseline(json.dumps({**GOOD, **change}).encode(), "production", AT)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_baseline_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="it is no"):
        read_baseline(raw, "production", AT)


def test_the_clock_of_who_wrote_it_may_differ_a_little() -> None:
    assert read_baseline(written(suite(found())), "production", AT - 600).findings


@pytest.mark.parametrize(
    ("section", "now"),
    [("resources", found(Level.UNKNOWN)), ("releases", found()), ("resources", found(Level.IDLE))],
)
def test_what_never_stands_in_a_baseline_is_never_known_by_one(section: str, now: SectionFinding) -> None:
    """Whatever made it: reading one refuses such a finding before, and comparing does not rest on that."""
    there = KnownFinding(section, now.rule, WEB, Level.BREACH, 1, now.sentence)
    made = Baseline("production", AT, "9.9", (there,))
    assert not compared(made, [(section, now)], {section}, "", ()).known


def test_what_another_version_adds_is_passed_over() -> None:
    more = {
        **GOOD,
        "note": "by hand",
        "written_by": "9.9",
        "findings": [{**GOOD["findings"][0], "owner": "jo"}],
    }
    kept = read_baseline(json.dumps(more).encode(), "production", AT)
    assert kept == Baseline(
        "production", AT, "9.9", read_baseline(written(suite(found())), "production", AT).findings
    )


findings = st.lists(
    st.builds(
        found,
        st.sampled_from(Level),
        st.sampled_from(["a", "b"]),
        st.sampled_from([WEB, WEB._replace(name="api"), None]),
        many=st.integers(1, 3),
    ),
    max_size=6,
)


@given(findings, findings)
def test_no_baseline_makes_a_finding_better_than_it_was(
    before: list[SectionFinding], now: list[SectionFinding]
) -> None:
    """Of itself everything is known but what is not; of nothing nothing is; and as many are known at most as it has."""
    bare = judged([suite(*now)], GateTerms())
    itself = held(suite(*now), suite(*now))
    assert itself.code == (UNKNOWN if any(f.level is Level.UNKNOWN for f in now) else OK)
    assert held(suite(*now), suite()).code == bare.code
    result = held(suite(*now), suite(*before))
    known = standings(result).count(IN)
    assert known <= sum(f.level >= Level.WARN for f in before)
    assert result.code >= itself.code or result.code == FINDINGS
    left = len(result.document["baseline"]["gone"]) + len(result.document["baseline"]["not_known_now"])
    assert known + left <= sum(f.level >= Level.WARN for f in before)
