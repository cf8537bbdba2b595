"""Live evidence of dated promises: what a source shows counts at once, is recorded once, and outlives the source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.certificates.kept import certificate, issuer
from tests.unit.playbook.making import REF, picture
from tests.unit.store.helpers import Clock, opened
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.model.assessment import Assessment
from tfdash.model.cert_manager import IssuerRef
from tfdash.model.kube import Object
from tfdash.model.maintenance import EvidenceKind, ItemStanding, ItemState, PeriodVerdict, item_subject
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Change, Picture, ServerInfo
from tfdash.model.store_state import StoreState
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Level
from tfdash.model.versions import VersionMemory, VersionSighting
from tfdash.playbook.maintenance.live import READERS, reading
from tfdash.playbook.maintenance.policy import MaintenanceRules, maintenance_in
from tfdash.playbook.policies import Policies
from tfdash.playbook.versions.policy import versions_in
from tfdash.setting import read
from tfdash.store.evidence_recorder import EvidenceRecorder

DAY, HOUR = 86_400.0, 3600.0
NOW = 1_795_539_600.0  # Tue 24 Nov 2026 17:00Z
CA = item_subject("ca", REF.environment)
EVERYTHING = Change(keys={}, freshness=frozenset(), store=None)
ROOT = issuer(name="self", by="selfSigned")


def authority(begun: float | None, **over: Any) -> Object:
    given = {"name": "root", "is_ca": True, "issuer": IssuerRef("self"), "not_before": begun}
    return certificate(**(given | over))


class Terminal:
    """The runner and the recorder over one real store, and a picture that the test makes."""

    def __init__(self, folder: Path, clock: Clock, live: str = "root-ca", start: str = "2026-09-01") -> None:
        self.clock, self.live, self.skew = clock, live, 0.0
        self.made = opened(folder, clock)
        item = {
            "when": "each month",
            "title": "CA",
            "evidence": "live",
            "live": live,
            "start": start,
            "grace": "1d",
        }
        rules = read(MaintenanceRules, {"look_back": 24, "start": "", "items": {"ca": item}})
        self.runner = MaintenanceRunner(Policies(maintenance=maintenance_in("UTC", rules)))
        self.picture = picture()
        self.assessment = Assessment(at=NOW, number=1, verdicts={}, workloads={})

    async def sees(
        self, *objects: Object, versions: VersionMemory | None = None, **kinds: Observation[Any]
    ) -> ItemState:
        """One look of the judge, and of what records."""
        found = picture(*objects)
        cluster = found.clusters[REF]
        now = self.clock.now()
        fresh = {k: msgspec.structs.replace(o, observed_at=now) for k, o in cluster.kinds.items()}
        server = msgspec.structs.replace(cluster.info.value or ServerInfo(), skew=self.skew)
        info = msgspec.structs.replace(cluster.info, value=server)
        cluster = msgspec.structs.replace(cluster, kinds={**fresh, **kinds}, info=info)
        facts = self.made.store.state()
        if versions is not None:
            facts = msgspec.structs.replace(facts, versions=versions)
        self.picture = msgspec.structs.replace(found, clusters={REF: cluster}, store_state=facts)
        self.runner.assess(self.picture, EVERYTHING, now)
        states = self.runner.states
        assert states is not None
        self.assessment = msgspec.structs.replace(self.assessment, maintenance=states)
        await EvidenceRecorder(self.made.store).look(self)  # type: ignore[arg-type]  # a board that stands still
        return states[CA]

    async def entries(self) -> list[str]:
        return [e.sentence for e in (await self.made.store.newest(100))[::-1]]


async def test_what_a_source_shows_counts_at_once_is_recorded_once_and_outlives_it(tmp_path: Path) -> None:
    at = Terminal(tmp_path, Clock(NOW))
    state = await at.sees(authority(NOW - 3 * DAY), ROOT)
    assert (state.standing, state.level) == (ItemStanding.DONE, Level.OK)
    assert state.periods[-1].verdict is PeriodVerdict.KEPT
    for _ in range(3):
        at.clock.at += 2 * HOUR
        state = await at.sees(authority(NOW - 3 * DAY), ROOT)
    assert await at.entries() == ["cert-manager shows CA as done"]
    assert state.last is not None
    assert (state.last.evidence, state.last.by, state.last.done_at) == (
        EvidenceKind.LIVE,
        "cert-manager",
        NOW - 3 * DAY,
    )
    gone = await at.sees(Certificate=Observation(problem=Problem(kind=ProblemKind.FORBIDDEN, cause="no")))
    assert gone.standing is ItemStanding.DONE and gone.last == state.last
    at.clock.at = NOW + DAY
    state = await at.sees(authority(NOW + DAY - HOUR), ROOT)
    assert len(await at.entries()) == 2  # done anew
    at.made.store.close()


async def test_that_nothing_was_done_is_recorded_once_before_the_period_closes(tmp_path: Path) -> None:
    at = Terminal(tmp_path, Clock(NOW))
    old = authority(NOW - 200 * DAY), ROOT
    assert (await at.sees(*old)).standing is ItemStanding.OVERDUE  # since September
    before = len(await at.entries())
    for hours in range(
        6 * 24 + 12, 8 * 24, 4
    ):  # the month ends in 6 days and 7 hours, and is closed a day later
        at.clock.at = NOW + hours * HOUR
        state = await at.sees(*old)
    said = (await at.entries())[before:]
    assert said == ["cert-manager was read: CA was last done 2026-05-08 17:00 UTC"]
    november = next(p for p in state.periods if p.label == "2026-11")
    assert november.verdict is PeriodVerdict.MISSED
    late = await at.sees(authority(NOW + 7 * DAY), ROOT)  # what is shown later changes no month that closed
    assert next(p for p in late.periods if p.label == "2026-11").verdict is PeriodVerdict.MISSED
    at.made.store.close()


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        (
            {"Certificate": Observation(problem=Problem(kind=ProblemKind.FORBIDDEN, cause="may not"))},
            "may not",
        ),
        (
            {"Certificate": Observation(problem=Problem(kind=ProblemKind.NOT_SERVED, cause="404"))},
            "no cert-manager",
        ),
        ({"Issuer": Observation()}, "Issuer is not read yet"),
        ({}, "keeps no root authority there"),
    ],
)
async def test_a_source_that_was_not_read_is_no_evidence_and_neither_due_nor_overdue(
    tmp_path: Path, kinds: dict[str, Observation[Any]], told: str
) -> None:
    at = Terminal(tmp_path, Clock(NOW))
    state = await at.sees(**kinds)
    assert (state.standing, state.level) == (ItemStanding.NO_EVIDENCE, Level.UNKNOWN)
    assert told in state.sentence and await at.entries() == []
    at.made.store.close()


async def test_a_clock_that_no_server_agrees_with_records_no_evidence(tmp_path: Path) -> None:
    at = Terminal(tmp_path, Clock(NOW))
    at.skew = -40 * DAY
    await at.sees(authority(NOW - 3 * DAY), ROOT)
    assert await at.entries() == []
    at.skew = 1.0
    await at.sees(authority(NOW - 3 * DAY), ROOT)
    assert await at.entries() == ["cert-manager shows CA as done"]
    at.made.store.close()


async def test_nothing_is_recorded_before_all_that_terminals_recorded_is_read(tmp_path: Path) -> None:
    """It may be on record already, and a sighting of a period that another terminal watched may be too late."""
    at, other = Terminal(tmp_path / "a", Clock(NOW)), opened(tmp_path / "b", Clock(NOW))
    await at.sees(authority(NOW - 3 * DAY), ROOT)
    whole = other.store.health
    for known, many in ((False, 0), (True, 1)):
        other.store.health = msgspec.structs.replace(whole, read=known)
        await EvidenceRecorder(other.store).look(at)  # type: ignore[arg-type]  # a board that stands still
        assert len(await other.store.newest(100)) == many
    at.made.store.close()
    other.store.close()


async def test_without_account_it_is_not_watched_whatever_the_source_lacks(tmp_path: Path) -> None:
    at = Terminal(tmp_path, Clock(NOW), start="")
    assert (await at.sees()).standing is ItemStanding.NOT_WATCHED
    at.made.store.close()


async def test_of_what_was_never_done_account_is_kept_from_the_first_look_on(tmp_path: Path) -> None:
    at = Terminal(tmp_path, Clock(NOW), live="kubernetes-minor", start="")
    for hours in (0, 5, 30):
        at.clock.at = NOW + hours * HOUR
        seen = (
            VersionSighting(REF, NOW - 9 * DAY, NOW - DAY, ("v1.34.0",)),
            VersionSighting(REF, NOW - DAY, at.clock.at, ("v1.34.0", "v1.35.0")),
        )
        memory = VersionMemory(sightings=seen)
        state = await at.sees(versions=memory)
        assert state.standing is ItemStanding.IN_PROGRESS and state.since == NOW - DAY
    assert await at.entries() == ["Kubernetes was read: CA was last done never"]
    (kept,) = at.made.store.projection.maintenance.sightings[CA]
    assert NOW - HOUR <= kept.seen <= NOW
    at.made.store.close()


def test_roots_and_intermediates_are_told_apart_and_the_oldest_counts() -> None:
    at, policy = item_subject("ca", REF.environment), Policies().versions
    kept = (
        authority(NOW - 5 * DAY),
        authority(NOW - 9 * DAY, name="root2"),
        authority(NOW - 2 * DAY, name="middle", issuer=IssuerRef("le")),
        certificate(),
        ROOT,
        issuer(by="ca"),
    )
    p = picture(*kept)
    assert reading("root-ca", p, at, policy).done_at == NOW - 9 * DAY
    assert reading("intermediate-ca", p, at, policy).done_at == NOW - 2 * DAY
    other = reading("root-ca", p, item_subject("ca", "elsewhere"), policy)
    assert other.problem == "elsewhere is not shown by this terminal" and other.done_at is None


def test_it_is_as_old_as_what_was_read_longest_ago() -> None:
    found = picture(authority(NOW - 5 * DAY), ROOT)
    [(ref, cluster)] = found.clusters.items()
    ages = {"Certificate": 0.0, "Issuer": 7 * HOUR, "ClusterIssuer": HOUR}
    kinds = {
        k: msgspec.structs.replace(o, observed_at=NOW - ages.get(k, 0.0)) for k, o in cluster.kinds.items()
    }
    assert ages.keys() <= kinds.keys()
    seen = msgspec.structs.replace(found, clusters={ref: msgspec.structs.replace(cluster, kinds=kinds)})
    assert (
        reading("root-ca", seen, item_subject("ca", REF.environment), Policies().versions).seen
        == NOW - 7 * HOUR
    )


def test_what_one_of_several_clusters_shows_is_not_of_the_environment() -> None:
    """A terminal that was pointed at one of them sees no other."""
    names = {REF.environment: (REF.cluster, "eu-2", "eu-3")}
    policy = versions_in(Policies().versions.rules, "UTC", names)
    p = picture(authority(NOW - 5 * DAY), ROOT)
    told = reading("root-ca", p, item_subject("ca", REF.environment), policy)
    assert told.problem == "not shown by this terminal: eu-2, eu-3" and told.done_at is None
    one = reading("root-ca", p, item_subject("ca", REF.environment, REF.cluster), policy)
    assert one.done_at == NOW - 5 * DAY


def runs(*spans: tuple[float, float, str], cluster: ClusterRef = REF) -> Picture:
    """(since, until, versions) in days."""
    seen = tuple(
        VersionSighting(cluster, NOW + since * DAY, NOW + until * DAY, tuple(versions.split()))
        for since, until, versions in spans
    )
    state = StoreState(versions=VersionMemory(sightings=seen))
    return msgspec.structs.replace(picture(), store_state=state)


@pytest.mark.parametrize(
    ("spans", "patch", "minor"),
    [
        ((), "nobody has recorded", "nobody has recorded"),
        (((-9, 0, "v1.34.1"),), "no patch update was watched", "no minor update was watched"),
        (((-9, -5, "v1.34.1"), (-5, 0, "v1.34.2")), -5, "no minor update was watched"),
        (((-9, -5, "v1.33.9"), (-5, -4, "v1.33.9 v1.34.0"), (-4, 0, "v1.34.0")), -4, -4),
        (((-9, -5, "v1.33.9"), (-4.5, 0, "v1.34.0")), -4.5, -4.5),
        # seen so after a time in which nobody watched: it may be of another month
        (((-99, -95, "v1.33.9"), (-3, 0, "v1.34.0")), "patch update was made between", "between 21 Aug 2026"),
        # an older node comes and goes, and it is put back and forth again: no update
        (((-9, -5, "v1.34.2"), (-5, -4, "v1.34.1 v1.34.2"), (-4, 0, "v1.34.2")), "no patch", "no minor"),
        (((-9, -5, "v1.35.2"), (-5, -4, "v1.34.1"), (-4, 0, "v1.35.2")), "no patch", "no minor"),
        (
            ((-9, -8, "v1.33.9"), (-8, -5, "v1.34.2"), (-5, -4, "v1.33.9 v1.34.2"), (-4, 0, "v1.34.2")),
            -8,
            -8,
        ),
        (((-9, -5, "v1.34.2"), (-5, 0, "v1.34.1")), "no patch update was watched", "no minor update"),  # back
        (((-9, -5, "v1.34.1"), (-5, -3, "v1.34.2"), (-3, 0, "v1.34.2 v1.35.0")), -5, None),  # goes on
        (((-9, 0, "what"),), "cannot be read", "cannot be read"),
    ],
)
def test_updates_of_kubernetes(
    spans: tuple[tuple[float, float, str], ...], patch: float | str, minor: float | str | None
) -> None:
    for name, wanted in (("kubernetes-patch", patch), ("kubernetes-minor", minor)):
        found = reading(name, runs(*spans), CA, Policies().versions)
        if isinstance(wanted, str):
            assert wanted in found.problem and found.done_at is None
        else:
            assert found.problem == "" and found.seen == NOW
            assert found.done_at == (None if wanted is None else NOW + wanted * DAY)
    if minor is None:
        assert found.since == NOW - 3 * DAY  # in progress


@pytest.mark.parametrize(
    ("given", "key", "told"),
    [
        ('live = "kubernets-patch"', "live", 'did you mean "kubernetes-patch"?'),
        ("", "live", 'evidence = "signed"'),
    ],
)
def test_what_cannot_be_live_is_a_fault_of_the_configuration(given: str, key: str, told: str) -> None:
    text = f'[maintenance.items.ca]\nwhen = "each month"\ntitle = "CA"\nevidence = "live"\n{given}\n'
    with pytest.raises(ConfigError) as fault:
        parse(text, "c.toml")
    assert f"maintenance.items.ca.{key}" in str(fault.value) and told in str(fault.value)


def test_every_promise_that_names_a_source_goes_live_by_one_key() -> None:
    shipped = parse("", "c.toml").maintenance.items
    named = [name for name, item in shipped.items() if item.live]
    assert set(READERS) == {shipped[name].live for name in named}
    text = "".join(f'[maintenance.items.{name}]\nevidence = "live"\n' for name in named)
    live = parse(text, "c.toml").maintenance.items
    assert {live[name].kept_per for name in named} == {"environment"}


def test_each_source_says_what_it_goes_by() -> None:
    assert all(one.told and (one.kinds or one.store) for one in READERS.values())
