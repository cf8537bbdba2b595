"""What is said of the versions of one cluster: support, skew, patch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.playbook.versions.making import DAY, NOW, at, policy, running
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.model.versions import DeprecatedApi, DeprecatedApis
from tfdash.playbook.moment import Moment
from tfdash.playbook.staleness import NOT_ASKED
from tfdash.playbook.versions.end_of_life import shipped_tables, tables_of
from tfdash.playbook.versions.policy import VersionsPolicy
from tfdash.playbook.versions.running import PATCH, REMOVED, SKEW, SUPPORT, Running, judged
from tfdash.playbook.versions.version import Version, read


def said(
    of: Running, rule: str, rules: VersionsPolicy | None = None, now: float = NOW
) -> list[tuple[Level, str]]:
    return [(v.level, v.sentence) for v in _verdicts(of, rules, now) if v.rule == rule]


def _verdicts(of: Running, rules: VersionsPolicy | None = None, now: float = NOW) -> list[Verdict]:
    return judged(of, rules or policy(), Moment(now))


# -- versions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "version", "table"),
    [
        ("v1.37.2", Version(1, 37, 2), "upstream"),
        ("1.37.2", Version(1, 37, 2), "upstream"),
        ("v1.33.1-eks-113cf36", Version(1, 33, 1), "eks"),
        ("v1.33.1-eks-1-33-7", Version(1, 33, 1), ""),  # EKS Distro
        ("v1.35.7-gke.1222000", Version(1, 35, 7, build=1222000), "gke"),
        ("v1.36.4+k3s2", Version(1, 36, 4, build=2), "upstream"),
        ("v1.36.4+rke2r1", Version(1, 36, 4, build=1), "upstream"),
        ("v1.38.0-rc.1", Version(1, 38, 0, stage=-999), "upstream"),
        ("v1.38.0-alpha.3.45+0123abcd", Version(1, 38, 0, stage=-2997), ""),
        ("v1.31.6+a1b2c3d", Version(1, 31, 6), ""),
        ("v1.34.1-vmware.1", Version(1, 34, 1), ""),
        ("v1.37.2+demo", Version(1, 37, 2), "upstream"),  # by [versions] endings below
        ("v1.37.2+demo-gke.1", Version(1, 37, 2), "upstream"),
    ],
)
def test_the_ending_of_a_version_tells_whose_support_it_has(text: str, version: Version, table: str) -> None:
    told = read(text, {"+demo": "upstream"})
    assert told is not None and (told.version, told.table) == (version, table)


def test_what_is_no_version_is_none_and_one_without_an_ending_may_be_azures() -> None:
    for text in (
        "",
        "v1",
        "1.37",
        "kwok-v0.7.0",
        "fake",
        "v1.37.2\n",
        "v1.٣.2",
        "v99999.1.1",
        "v1.1.1-" + "x" * 500,
    ):
        assert read(text, {}) is None, text
    longest = read("v1.37.2+demo-two", {"+demo": "upstream", "+demo-two": "own", "+": "other"})
    assert longest is not None and longest.table == "own"
    azure = read("v1.35.2", {"": "aks"})
    assert azure is not None and azure.table == "aks"


def test_what_comes_before_a_release_is_before_it() -> None:
    order = [
        "v1.36.9",
        "v1.37.0-alpha.1",
        "v1.37.0-beta.0",
        "v1.37.0-rc.1",
        "v1.37.0",
        "v1.37.0+k3s1",
        "v1.37.1",
    ]
    told = [read(text, {}) for text in order]
    versions = [t.version for t in told if t is not None]
    assert len(versions) == len(order) and versions == sorted(versions)


# -- support -------------------------------------------------------------------------------------------------------------

WELL = "1.37 of the control plane and 1 node is supported until 28 Oct 2027"


@pytest.mark.parametrize(
    ("of", "now", "expected"),
    [
        (running(), NOW, [(Level.OK, WELL)]),
        (running("v1.36.4", ["v1.36.4"]), at("2027-04-28 23:59"), Level.UNKNOWN),  # the table is old by then
        (
            running("v1.35.9", ["v1.35.9"] * 2),
            at("2026-12-30 00:00"),
            [
                (
                    Level.WARN,
                    "1.35 of the control plane and 2 nodes is supported until 28 Feb 2027, for 60 d more",
                )
            ],
        ),
        (running("v1.35.9", ["v1.35.9"]), at("2026-12-29 23:59"), Level.OK),
        (
            running("v1.34.11", ["v1.34.11"]),
            at("2026-10-27 00:00"),
            [(Level.BREACH, "1.34 of the control plane and 1 node is no longer supported since 27 Oct 2026")],
        ),
        (running("v1.34.11", ["v1.34.11"]), at("2026-10-26 23:59"), Level.WARN),
        (
            running("v1.33.1-eks-1", ["v1.33.1-eks-2"]),
            NOW,
            [
                (
                    Level.WARN,
                    "1.33 of the control plane and 1 node: standard support ended on 29 Jul 2026; what is paid for further ends on 29 Jul 2027",
                )
            ],
        ),
        (
            running("v1.30.1-eks-1", ["v1.30.1-eks-1"]),
            NOW,
            [(Level.BREACH, "1.30 of the control plane and 1 node is no longer supported since 23 Jul 2026")],
        ),
        (
            running("v1.20.4", ["v1.20.4"]),
            NOW,
            [(Level.BREACH, "1.20 of the control plane and 1 node is older than all that is supported")],
        ),
        (
            running("v1.39.0", ["v1.39.0"]),
            NOW,
            [
                (
                    Level.UNKNOWN,
                    "how long 1.39 of the control plane and 1 node is supported is not known: upstream of 15 Sep 2026 does not have it",
                )
            ],
        ),
        (
            running("v1.37.2", ["v1.37.2", "v1.34.9", "v1.34.11"]),
            NOW,
            [(Level.OK, WELL), (Level.BREACH, "1.34 of n2 and n3 is no longer supported since 27 Oct 2026")],
        ),
    ],
)
def test_support(of: Running, now: float, expected: Level | list[tuple[Level, str]]) -> None:
    found = said(of, SUPPORT, now=now)
    assert ([level for level, _ in found] == [expected]) if isinstance(expected, Level) else found == expected


def test_an_ending_that_nobody_knows_is_not_comparable_and_says_where_to_say_so() -> None:
    [verdict] = [v for v in _verdicts(running("v1.31.6+a1b2c3d", ["v1.31.6+a1b2c3d"])) if v.rule == SUPPORT]
    assert (verdict.level, verdict.unknown) == (Level.UNKNOWN, UnknownKind.NOT_COMPARABLE)
    assert verdict.sentence == (
        "v1.31.6+a1b2c3d of the control plane and 1 node follows no table that is known: [versions] endings says which"
    )
    [(level, _)] = said(running("v1.37.2+own", []), SUPPORT, policy(endings=(("+own", "upstream"),)))
    assert level is Level.OK
    [(level, text)] = said(running("v1.37.2+own", []), SUPPORT, policy(endings=(("+own", "elsewhere"),)))
    assert level is Level.UNKNOWN and "has the table 'elsewhere', which is not there" in text


def test_a_kubelet_that_says_nothing_or_nonsense_is_named() -> None:
    found = said(running("v1.37.2", {"": ["n1"], "fake": ["n2"]}), SUPPORT)
    assert {text for level, text in found if level is Level.UNKNOWN} == {
        "n1: the kubelet does not say its version",
        "n2: 'fake' is no version of Kubernetes",
    }
    [(level, text)] = said(running((), []), SUPPORT)
    assert (level, text) == (Level.UNKNOWN, "the API server of prod-1 does not say its version")


def test_by_an_old_table_nothing_is_called_supported_and_what_ended_has() -> None:
    late = at("2026-09-15 00:00") + 200 * DAY
    [(level, text)] = said(running(), SUPPORT, now=late)
    assert level is Level.UNKNOWN
    assert text.endswith(
        "until 28 Oct 2027 (by a table of 15 Sep 2026, 200 d old): [versions] end_of_life names a newer one"
    )
    assert said(running(), SUPPORT, now=late - 1)[0][0] is Level.OK
    [(level, text)] = said(running("v1.34.11", []), SUPPORT, now=late)
    assert level is Level.BREACH and text.endswith("(by a table of 15 Sep 2026, 200 d old)")


def test_of_what_was_not_seen_lately_nothing_is_well_and_bad_news_stays() -> None:
    assert _verdicts(running(unseen=NOT_ASKED)) == []
    assert [v.level for v in _verdicts(running("v1.34.11", ["v1.34.11"], unseen=NOT_ASKED))] == [Level.BREACH]


# -- patch ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "now", "expected"),
    [
        (running("v1.37.1", ["v1.37.2"]), NOW, []),  # newer than the table knows
        (running("v1.37.0", ["v1.37.1"]), at("2026-10-15 23:59"), [Level.OK]),
        (running("v1.37.0", ["v1.37.1"]), at("2026-10-16 00:00"), [Level.WARN]),
        (running("v1.37.1", ["v1.37.1", "v1.37.0"]), at("2026-10-16 00:00"), [Level.WARN]),
        (running("v1.33.1", []), NOW, []),  # what is not supported has worse to tell
        (running("v1.35.1-eks-1", []), NOW, []),  # the table of that vendor has no patches
        (running("v1.37.1-rc.0", []), at("2026-10-16 00:00"), [Level.WARN]),
    ],
)
def test_a_newer_patch_is_told_after_a_month(of: Running, now: float, expected: list[Level]) -> None:
    assert [level for level, _ in said(of, PATCH, now=now)] == expected


def test_a_patch_that_is_lacking_is_told_with_its_arithmetic() -> None:
    [(_, text)] = said(running("v1.37.0", []), PATCH, now=at("2026-10-20 06:00"))
    assert (
        text == "1.37.0 of the control plane lacks 1.37.1, which is out since 15 Sep 2026: 35 d 6 h of 31 d"
    )


# -- skew ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("control", "nodes", "expected"),
    [
        ("v1.37.2", ["v1.37.2", "v1.34.1"], [(Level.OK, "2 nodes within 3 minors of 1.37.2")]),
        ("v1.37.2", ["v1.33.13"], [(Level.BREACH, "n1: kubelet 1.33.13 is 4 minors behind the API server, 1.37.2: at most 3 minors")]),
        ("v1.27.0", ["v1.24.17"], [(Level.BREACH, "n1: kubelet 1.24.17 is 3 minors behind the API server, 1.27.0: at most 2 minors")]),
        ("v1.26.0", ["v1.24.17"], [(Level.OK, "1 node within 3 minors of 1.26.0")]),
        ("v1.28.0", ["v1.25.0"], [(Level.OK, "1 node within 3 minors of 1.28.0")]),
        ("v1.36.4", ["v1.37.0"], [(Level.BREACH, "n1: kubelet 1.37.0 is newer than the API server, 1.36.4")]),
        ("v1.36.4", ["v1.36.5"], [(Level.OK, "1 node within 3 minors of 1.36.4")]),  # of the same minor it may
        ("v2.0.0", ["v1.37.2"], [(Level.BREACH, "n1: kubelet 1.37.2 is a major behind the API server, 2.0.0: at most 3 minors")]),
        ("v1.37.2", [], [(Level.OK, "0 nodes within 3 minors of 1.37.2")]),
        (("v1.37.2", "v1.36.4"), ["v1.36.4"], [(Level.MOVING, "API servers answer 1.36.4 and 1.37.2: an update goes on")]),
        # which narrows what a kubelet may be, at both its ends
        (("v1.37.2", "v1.36.4"), ["v1.37.2"], [(Level.BREACH, "n1: kubelet 1.37.2 is newer than the API server, 1.36.4")]),
        (("v1.37.2", "v1.36.4"), ["v1.33.1"], [(Level.BREACH, "n1: kubelet 1.33.1 is 4 minors behind the API server, 1.37.2: at most 3 minors")]),
        (("v1.37.2", "v1.35.9"), ["v1.35.9"], [(Level.BREACH, "API servers answer 1.35.9 and 1.37.2, 2 minors apart: at most 1")]),
        ("nonsense", ["v1.37.2"], []),
    ],
)  # fmt: skip
def test_skew(control: str | Sequence[str], nodes: list[str], expected: list[tuple[Level, str]]) -> None:
    assert said(running(control, nodes), SKEW) == expected


def test_many_nodes_are_counted_and_all_are_its_evidence() -> None:
    of = running("v1.37.2", {"v1.33.1": [f"n{n:02}" for n in range(30)]})
    [verdict] = [v for v in _verdicts(of) if v.rule == SKEW]
    assert verdict.sentence.startswith("30 nodes (n00, n01, n02, ...): kubelet 1.33.1 is 4 minors behind")
    assert verdict.evidence.sample == 30 and verdict.subject.kind == "Cluster"


# -- what an update takes away --------------------------------------------------------------------------------------------

POLICY = DeprecatedApi("policy", "v1beta1", "podsecuritypolicies", "1.38")
LATER = DeprecatedApi("", "v1", "things", "1.39")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((), (Level.OK, "nothing was asked for since an API server of prod-1 began, 3 d ago, that the next minor does not serve")),
        ((LATER,), (Level.OK, "nothing was asked for since an API server of prod-1 began, 3 d ago, that the next minor does not serve; 1 API version that a later one does not serve")),
        ((POLICY, LATER), (Level.WARN, "the next minor does not serve what was asked for since an API server of prod-1 began, 3 d ago: policy/v1beta1 podsecuritypolicies (removed in 1.38)")),
        ((POLICY._replace(removed="1.37"),), Level.WARN),
        ((POLICY._replace(removed="2.0"),), Level.OK),
        ((POLICY._replace(removed="soon"),), Level.OK),
        (tuple(POLICY._replace(resource=f"r{n}") for n in range(9)), Level.WARN),
    ],
)  # fmt: skip
def test_what_was_asked_for_and_the_next_minor_does_not_serve(
    asked: tuple[DeprecatedApi, ...], expected: Level | tuple[Level, str]
) -> None:
    of = running()._replace(deprecated=DeprecatedApis(asked=asked, since=NOW - 3 * DAY))
    [found] = said(of, REMOVED)
    assert found[0] is expected if isinstance(expected, Level) else found == expected
    assert ("and 6 more" in found[1]) is (len(asked) == 9)


def test_what_is_asked_for_is_not_known_where_it_cannot_be_read_and_nothing_is_said_where_nobody_wants_it() -> (
    None
):
    assert said(running(), REMOVED) == []
    for refused, unknown in ((True, UnknownKind.NO_PRIVILEGE), (False, UnknownKind.QUERY_ERROR)):
        of = running()._replace(deprecated=DeprecatedApis(problem="may not get /metrics", refused=refused))
        [verdict] = [v for v in _verdicts(of) if v.rule == REMOVED]
        assert (verdict.level, verdict.unknown) == (Level.UNKNOWN, unknown)
        assert verdict.sentence.endswith("is not known: may not get /metrics")


# -- the tables ----------------------------------------------------------------------------------------------------------


def test_the_shipped_tables_hold_what_they_must() -> None:
    """Minors follow each other, support ends later the newer they are, and what is paid for ends after what is not."""
    tables = shipped_tables().tables
    assert set(tables) == {"upstream", "eks", "gke", "aks"}
    for table in tables.values():
        assert table.source.startswith("https://") and table.at <= NOW
        rows = [(tuple(map(int, cycle.split("."))), s) for cycle, s in table.minors.items()]
        minors = [minor for (_, minor), _ in rows]
        assert minors == list(range(minors[0], minors[0] - len(minors), -1))
        ends = [s.end for _, s in rows]
        assert ends == sorted(ends, reverse=True)
        for (_, minor), support in rows:
            assert support.extended is None or support.extended > support.end
            patch = read(support.patch, {})
            assert (patch is None) is not bool(support.patch)
            assert patch is None or (patch.version.minor == minor and support.patched <= table.at)


GIVEN = '[upstream]\ndate = 2027-03-01\n[upstream.minors]\n"1.38" = { end = 2028-02-28 }\n'


def test_a_file_takes_the_place_of_the_tables_that_it_has(tmp_path: Path) -> None:
    path = tmp_path / "eol.toml"
    path.write_text(GIVEN)
    found = tables_of(str(path))
    assert not found.problem
    assert list(found.tables["upstream"].minors) == ["1.38"]
    assert found.tables["eks"] == shipped_tables().tables["eks"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file or directory"),
        ("", "it has no table; write [upstream] with a date and [upstream.minors]"),
        ("[upstream\n", "Expected"),
        ("[upstream]\ndate = 2027-03-01\n", "[upstream] needs a table [upstream.minors]"),
        ('[a]\n[a.minors]\n"1.38" = { end = 2028-02-28 }\n', "a.date needs a date such as 2027-10-28"),
        (GIVEN.replace("end = 2028-02-28", ""), "upstream.minors.1.38: end needs a date such as 2027-10-28"),
        (GIVEN.replace("2028-02-28", '"soon"'), "upstream.minors.1.38: end = 'soon' is no date"),
        (GIVEN.replace("end", "eol"), "upstream.minors.1.38: there is no key eol; one of released, end, extended, patch, patched"),
        (GIVEN.replace("28 }", '28, patch = "1.38.1" }'), "upstream.minors.1.38: patch and patched stand together"),
        (GIVEN.replace('"1.38"', '"latest"'), 'upstream.minors.latest is no minor; write it as "1.37"'),
        ("x = " + "[" * 9000, ""),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_why_and_nothing_is_supported(
    tmp_path: Path, text: str | None, why: str
) -> None:
    path = tmp_path / "eol.toml"
    if text is not None:
        path.write_text(text)
    found = tables_of(str(path))
    assert found.problem.startswith(
        f"the table of support {path} ([versions] end_of_life) cannot be used: {why}"
    )
    [(level, sentence)] = said(running(), SUPPORT, replace(policy(), tables=found))
    assert level is Level.UNKNOWN and found.problem in sentence


def test_a_file_without_an_end_is_not_read_to_its_end() -> None:
    assert "it is no file" in tables_of("/dev/zero").problem
