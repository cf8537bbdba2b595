"""What is said of releases that Helm stores, beside the table of removed API versions; and that table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.playbook.versions.making import DAY, NOW, PRODUCTION, at, policy, running
from tfdash.model.helm import StoredKind, StoredRelease
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.moment import Moment
from tfdash.playbook.staleness import NOT_ASKED, Unread
from tfdash.playbook.versions.policy import VersionsPolicy
from tfdash.playbook.versions.removed_apis import removals_of, shipped_removals
from tfdash.playbook.versions.running import judged
from tfdash.playbook.versions.stored import HELM, Stored

PDB = StoredKind("policy/v1beta1", "PodDisruptionBudget", "web")
CLAIM = StoredKind("resource.k8s.io/v1beta1", "ResourceClaimTemplate", "gpu", 2)  # removed in 1.38
CLASS = StoredKind("resource.k8s.io/v1beta2", "DeviceClass", "gpu")  # in 1.39
WELL = StoredKind("apps/v1", "Deployment", "web")


def release(*kinds: StoredKind, odd: str = "", called: str = "web", revision: int = 3) -> StoredRelease:
    return StoredRelease(
        namespace="shop",
        name=f"Secret/{called}",
        called=called,
        of="Secret",
        revision=revision,
        kinds=kinds,
        odd=odd,
    )


def verdicts(
    *releases: StoredRelease,
    control: str | tuple[str, ...] = "v1.37.2",
    why: Unread | None = None,
    rules: VersionsPolicy | None = None,
    now: float = NOW,
) -> list[Verdict]:
    of = running(control)._replace(stored=Stored(releases, why))
    return [v for v in judged(of, rules or policy(), Moment(now)) if v.rule == HELM]


def said(*releases: StoredRelease, control: str | tuple[str, ...] = "v1.37.2") -> list[tuple[Level, str]]:
    return [(v.level, v.sentence) for v in verdicts(*releases, control=control)]


@pytest.mark.parametrize(
    ("releases", "expected"),
    [
        ((), [(Level.OK, "no Helm release is stored in prod-1")]),
        ((release(WELL),), [(Level.OK, "1 of 1 stored Helm release has nothing that 1.38 does not serve")]),
        (
            (release(WELL), release(CLASS, called="gpu")),
            [(Level.OK, "2 of 2 stored Helm releases have nothing that 1.38 does not serve; 1 what a later one does not")],
        ),
        (
            (release(WELL, CLAIM, CLASS), release(WELL, called="api")),
            [
                (Level.WARN, "1.38 breaks upgrades of Helm release shop/web: its revision 3 has ResourceClaimTemplate gpu and 1 more of resource.k8s.io/v1beta1 (removed in 1.38; use resource.k8s.io/v1)"),
                (Level.OK, "1 of 2 stored Helm releases has nothing that 1.38 does not serve"),
            ],
        ),
        (
            (release(CLAIM, PDB),),
            [(Level.BREACH, "Helm cannot upgrade shop/web: its revision 3 has PodDisruptionBudget web of policy/v1beta1 (removed in 1.25; use policy/v1); 1.38 takes 1 more")],
        ),
        (
            (release(StoredKind("policy/v1beta1", "PodSecurityPolicy"), revision=0),),
            [(Level.BREACH, "Helm cannot upgrade shop/web: it has PodSecurityPolicy of policy/v1beta1 (removed in 1.25; nothing takes its place)")],
        ),
        (
            (release(WELL, odd="1 of 2 objects cannot be read"),),
            [(Level.UNKNOWN, "whether Helm can upgrade shop/web on 1.38 is not known: 1 of 2 objects cannot be read")],
        ),
        ((release(PDB, odd="1 of 2 objects cannot be read"),), [Level.BREACH]),  # the worst that is known
        ((release(StoredKind("policy/v1beta1", "Eviction")),), [Level.OK]),  # kind by kind
        ((release(StoredKind("mesh.example.com/v1beta1", "PodDisruptionBudget")),), [Level.OK]),
    ],
)  # fmt: skip
def test_what_is_said_of_releases(
    releases: tuple[StoredRelease, ...], expected: list[Level] | list[tuple[Level, str]]
) -> None:
    found = said(*releases)
    assert found == expected or [level for level, _ in found] == expected


@pytest.mark.parametrize(
    ("control", "level"),
    [
        ("v1.23.17", Level.OK),
        ("v1.24.17", Level.WARN),
        ("v1.25.0", Level.BREACH),
        (("v1.24.17", "v1.25.0"), Level.BREACH),  # an update goes on: the newer one answers some
        ("v1.33.1-eks-113cf36", Level.BREACH),
        ("v2.0.0", Level.BREACH),
    ],
)
def test_the_minor_that_is_the_next_is_that_of_the_api_server(
    control: str | tuple[str, ...], level: Level
) -> None:
    assert [found for found, _ in said(release(PDB), control=control)] == [level]


def test_without_a_version_of_the_server_and_where_nobody_looks_nothing_is_said() -> None:
    assert verdicts(release(PDB), control="nonsense") == [] == verdicts(release(PDB), control=())
    assert [v for v in judged(running(), policy(), Moment(NOW)) if v.rule == HELM] == []


def test_each_finding_is_of_its_release() -> None:
    [verdict] = verdicts(release(PDB))
    assert verdict.subject == Subject(PRODUCTION, "StoredRelease", "shop", "web")


def test_many_kinds_are_counted() -> None:
    kinds = [
        StoredKind("extensions/v1beta1", kind)
        for kind in ("Deployment", "DaemonSet", "ReplicaSet", "Ingress", "NetworkPolicy")
    ]
    [(_, text)] = said(release(*kinds))
    assert text.count("removed in 1.16") == 3 and text.endswith(", and 2 more")


def test_what_is_not_known_lately_is_not_well_and_bad_news_stays() -> None:
    why = Unread(UnknownKind.NO_PRIVILEGE, "Secrets: may not list")
    found = verdicts(release(PDB), release(WELL, called="api"), why=why)
    assert [(v.level, v.unknown) for v in found] == [
        (Level.BREACH, None),
        (Level.UNKNOWN, UnknownKind.NO_PRIVILEGE),
    ]
    assert found[1].sentence == "which stored Helm releases 1.38 breaks is not known: Secrets: may not list"
    of = running(unseen=NOT_ASKED)._replace(stored=Stored((release(PDB),), why))
    assert [v.level for v in judged(of, policy(), Moment(NOW))] == [Level.BREACH]


def test_by_an_old_table_nothing_is_well_and_what_was_removed_is() -> None:
    late = at("2026-11-30 00:00") + 200 * DAY
    [verdict] = verdicts(release(WELL), now=late)
    assert (verdict.level, verdict.unknown) == (Level.UNKNOWN, UnknownKind.STALE)
    assert verdict.sentence == (
        "1 of 1 stored Helm release has nothing that 1.38 does not serve (by a table of 30 Nov 2026, 200 d old): "
        "[versions] removals names a newer one"
    )
    assert [v.level for v in verdicts(release(WELL), now=late - 1)] == [Level.OK]
    [verdict] = verdicts(release(PDB), now=late)
    assert verdict.level is Level.BREACH and verdict.sentence.endswith(
        "(by a table of 30 Nov 2026, 200 d old)"
    )


# -- the table -----------------------------------------------------------------------------------------------------------

OWN = 'date = 2027-02-01\n[[removed]]\nin = "1.38"\napi = "shop/v1"\nkinds = ["Basket"]\nuse = "shop/v2"\n'


def test_the_shipped_table_holds_what_it_must() -> None:
    found = shipped_removals()
    assert (
        not found.problem
        and found.at == at("2026-11-30 00:00")
        and found.source.startswith("https://kubernetes.io/")
    )
    told = {(api, kind): (one.minor, one.use) for (api, kind), one in found.removals.items()}
    assert told["extensions/v1beta1", "Ingress"] == ("1.22", "networking.k8s.io/v1")
    assert told["extensions/v1beta1", "Deployment"] == ("1.16", "apps/v1")
    assert told["batch/v1beta1", "CronJob"] == ("1.25", "batch/v1")
    assert told["policy/v1beta1", "PodSecurityPolicy"] == ("1.25", "")
    assert told["autoscaling/v2beta2", "HorizontalPodAutoscaler"] == ("1.26", "autoscaling/v2")
    assert told["flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"] == (
        "1.32",
        "flowcontrol.apiserver.k8s.io/v1",
    )
    for (_, kind), one in found.removals.items():  # what takes its place stays longer
        then = found.removals.get((one.use, kind))
        assert then is None or then.at > one.at


def test_a_file_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "removed.toml"
    path.write_text(OWN)
    rules = replace(policy(), removals=removals_of(str(path)))
    basket = StoredKind("shop/v1", "Basket", "b")
    assert [v.level for v in verdicts(release(basket), release(PDB, called="api"), rules=rules)] == [
        Level.WARN,
        Level.OK,
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it needs a date such as date = 2026-11-30"),
        ("date = 2027-02-01", "it has no [[removed]]"),
        (OWN.replace("2027-02-01", "2027-02-01T00:00:00"), "it needs a date"),
        (OWN.replace("1.38", "soon"), '[[removed]] 1: in = "soon" is no minor; write it as "1.25"'),
        (OWN.replace('["Basket"]', "[]"), "[[removed]] 1: api and kinds name what was removed"),
        (OWN.replace('["Basket"]', "[7]"), "[[removed]] 1: api and kinds name what was removed"),
        (OWN.replace('["Basket"]', '["Basket", "Basket"]'), "shop/v1 Basket stands there twice"),
        (OWN.replace('use = "shop/v2"', ""), "[[removed]] 1: use is missing, or no text"),
        (OWN + "since = 1", "[[removed]] 1: there is no key since; one of in, api, kinds, use"),
        ("date = 2027-02-01\nremoved = [7]", "[[removed]] 1 is no table"),
        ("removed = " + "[" * 5000, "RecursionError"),
        ("#" * 1_000_001, "it has more than 1,000,000 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_nothing_is_well_by_it(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "removed.toml"
    path.write_text(text)
    found = removals_of(str(path))
    assert found.problem.startswith(
        f"the table of removed API versions {path} ([versions] removals) cannot be used: "
    )
    assert why in found.problem or why == "RecursionError"
    [verdict] = verdicts(release(WELL), rules=replace(policy(), removals=found))
    assert (verdict.level, verdict.unknown) == (Level.UNKNOWN, UnknownKind.QUERY_ERROR)
    assert removals_of("/nowhere").problem.endswith("cannot be used: No such file or directory")
