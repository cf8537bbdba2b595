"""``tfdash gate canary`` where no platform is needed: which releases are meant, and what they are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.tui.canaryworld import BREACH, PASS
from tests.tui.canaryworld import assessed as told
from tests.unit.cli.server import kubeconfig
from tfdash.cli import main
from tfdash.cli.gates.canary import _code, counted, found_in, unlooked, unremembered, unseen
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.kube import Object
from tfdash.model.observation import ALL_OTHERS, Observation, Problem, ProblemKind
from tfdash.model.picture import AbsentNamespace, ClusterPicture, Picture, ServerInfo
from tfdash.model.release import Carrier, Phase, ReleaseState, Side
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.traffic import CounterSeries, Signals, Traffic

HERE, THERE = ClusterRef("production", "here"), ClusterRef("production", "there")


def release(
    name: str = "x", namespace: str = "a", cluster: ClusterRef = HERE, **fields: object
) -> ReleaseState:
    given = {"carrier": Carrier.ROLLOUT, "phase": Phase.PAUSED, "message": "", **fields}
    return ReleaseState(subject=Subject(cluster, "Rollout", namespace, name), **given)


HELD = msgspec.structs.replace(PASS, advice=Advice.WAIT)
STOPS = msgspec.structs.replace(PASS, advice=Advice.HOLD)
LOW = msgspec.structs.replace(PASS, outcome=Outcome.LOW_TRAFFIC, advice=Advice.WAIT)
DONE = {"phase": Phase.COMPLETE}


@pytest.mark.parametrize(
    ("fields", "judgement", "code"),
    [
        ({}, PASS, 0),
        ({}, HELD, 2),
        ({}, STOPS, 2),
        ({}, LOW, 2),
        ({}, BREACH, 1),
        (DONE, HELD, 0),  # it serves everything, and is being verified
        (DONE, BREACH, 1),
        # a rollback that passes is no yes to the release that was left
        (DONE, msgspec.structs.replace(HELD, came_back=True), 2),
        ({}, msgspec.structs.replace(PASS, came_back=True), 2),
        ({"phase": Phase.STUCK}, HELD, 1),
        ({"phase": Phase.ABORTED}, None, 1),
    ],
)
def test_what_one_release_is_worth(
    fields: dict[str, object], judgement: CanaryJudgement | None, code: int
) -> None:
    assert _code(found_in(told((release(**fields), judgement)), "x")) == code


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in (Outcome.PASS, Outcome.BREACH)])
def test_what_is_unknown_is_never_a_yes(outcome: Outcome) -> None:
    for advice in Advice:
        judgement = msgspec.structs.replace(PASS, outcome=outcome, advice=advice)
        for phase in (Phase.PAUSED, Phase.COMPLETE):
            one = release(phase=phase)
            assert _code(found_in(told((one, judgement)), "x")) == 2


def test_the_same_workload_in_two_clusters_is_one_question() -> None:
    both = (release(), release(cluster=THERE))
    for judgements, code in (((PASS, PASS), 0), ((PASS, BREACH), 1), ((LOW, BREACH), 1), ((PASS, LOW), 2)):
        found = found_in(told(*zip(both, judgements, strict=True)), "a/x")
        assert len(found) == 2
        assert _code(found) == code
        counts = counted(found, code)
        assert sum(counts.values()) == 2
        assert code == (1 if counts["no"] else 2 if counts["unknown"] else 0)
    assert counted((), 2) == {"yes": 0, "no": 0, "unknown": 1}  # nothing is in flight, or nobody knows


def test_a_cluster_where_the_same_may_be_released_unseen_is_named() -> None:
    """A pass here says nothing of the cluster that nobody reached."""
    whole: Observation[dict[Key, Object]] = Observation(value={}, complete=True, observed_at=1.0)
    gone = msgspec.structs.replace(whole, problem=Problem(kind=ProblemKind.UNREACHABLE, cause="refused"))

    def picture(there: dict[str, Observation[dict[Key, Object]]]) -> Picture:
        kinds = {HERE: {"Rollout": whole}, THERE: there}
        info = Observation[ServerInfo](complete=True)
        clusters = {ref: ClusterPicture(ref=ref, info=info, kinds=k) for ref, k in kinds.items()}
        return Picture(at=1.0, number=1, clusters=clusters)

    found = found_in(told((release(), PASS)), "x")
    for there in ({}, {"Rollout": gone}, {"Deployment": whole}):
        assert unseen(found, picture(there)).endswith("not read: there/Rollout")
    assert unseen(found, picture({"Rollout": whole, "Deployment": gone})) == ""
    none = msgspec.structs.replace(whole, problem=Problem(kind=ProblemKind.NOT_SERVED, cause="no such kind"))
    assert unseen(found, picture({"Rollout": none})) == ""
    both = found_in(told((release(), PASS), (release(cluster=THERE), PASS)), "x")
    assert unseen(both, picture({"Rollout": gone})) == ""  # it is known there, and judged as it is
    assert unseen((), picture({})) == ""


def test_which_releases_are_meant() -> None:
    pair = release(
        "shop",
        workload=Subject(HERE, "Deployment", "a", "y"),
        partner=Subject(HERE, "Deployment", "a", "y-canary"),
    )
    calm = release("calm", phase=Phase.NONE)
    world = told((release(), PASS), (release(namespace="b"), PASS), (pair, PASS), (calm, None))

    def names(wanted: str) -> list[str]:
        return [f"{r.subject.namespace}/{r.subject.name}" for r, _, _ in found_in(world, wanted)]

    assert names("x") == ["a/x", "b/x"]
    assert names("b/x") == ["b/x"]
    assert names("y") == names("a/y-canary") == names("shop") == ["a/shop"]
    assert names("calm") == names("b/y") == names("") == names("/x/") == []


@pytest.mark.parametrize("wait", ["soon", "-3s", "3"])
def test_a_wait_that_is_none_is_wrong_usage(wait: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["gate", "canary", "--workload", "x", f"--wait={wait}"])
    assert left.value.code == 64
    said = capsys.readouterr()
    assert said.out == ""
    assert "--wait: " in said.err and len(said.err.splitlines()) == 1


def test_a_cluster_that_is_not_reached_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tfdash.toml"
    path.write_text("")
    server = str(kubeconfig(tmp_path, "http://127.0.0.1:9"))
    assert (
        main(["gate", "canary", "--workload", "x\x1b[2J", "--config", str(path), "--kubeconfig", server]) == 2
    )
    said = capsys.readouterr()
    assert "is released is not known; not read: one/Deployment" in said.err
    assert "\x1b" not in said.err
    assert main(["snapshot", "--screen", "canary", "--config", str(path), "--kubeconfig", server]) == 2
    assert "not read: one/Deployment" in capsys.readouterr().out


HIDDEN = Observation(value={}, complete=True, hidden=("b",))
MISSING = ServerInfo(missing=(AbsentNamespace("prodution", "production"),))


@pytest.mark.parametrize(
    ("info", "kinds", "wanted", "told"),
    [
        (ServerInfo(), {}, "x", ""),
        (MISSING, {}, "x", "there is no namespace prodution; the nearest is production"),
        (MISSING, {}, "a/x", ""),  # its own was read
        (
            ServerInfo(),
            {"Rollout": HIDDEN},
            "x",
            "whether x is released elsewhere too is not known; 1 namespace hidden: b",
        ),
        (
            ServerInfo(),
            {"Rollout": msgspec.structs.replace(HIDDEN, hidden=(ALL_OTHERS,))},
            "x",
            "whether x is released elsewhere too is not known; all other namespaces hidden",
        ),
        (ServerInfo(), {"Rollout": HIDDEN}, "a/x", ""),
        (ServerInfo(), {"Job": HIDDEN}, "x", ""),  # nothing is released by it
    ],
)
def test_a_name_without_its_namespace_is_no_yes_where_one_was_not_read(
    info: ServerInfo, kinds: dict[str, Observation[Any]], wanted: str, told: str
) -> None:
    seen = ClusterPicture(ref=HERE, info=Observation(value=info), kinds=kinds)
    said = unlooked(wanted, Picture(at=0, number=1, clusters={HERE: seen}))
    assert said.startswith(told)
    assert bool(said) == bool(told)


@pytest.mark.parametrize(
    ("judgement", "started", "since", "known"),
    [
        (PASS, 1000.0, 900.0, True),
        (PASS, 1000.0, 1000.0, True),
        (PASS, 1000.0, 1001.0, False),  # what a terminal saw crossed before stays crossed there
        (PASS, None, 1001.0, True),  # its start is told by nobody
        (BREACH, 1000.0, 1001.0, True),  # a no needs no more
        (LOW, 1000.0, 1001.0, True),  # it is not known as it is
    ],
)
def test_a_pass_by_samples_that_do_not_go_back_to_its_beginning_is_not_known(
    judgement: CanaryJudgement, started: float | None, since: float, known: bool
) -> None:
    flying = release(started=started)
    traffic = Observation(value=Traffic(evaluated_at=5000.0, since=since), complete=True, observed_at=5000.0)
    signals = Signals(traffic={flying.subject: traffic})
    said = unremembered(
        found_in(told((flying, judgement)), "x"),
        Picture(at=5000.0, number=1, clusters={}, signals=signals),
        ZoneInfo("UTC"),
    )
    assert (said == "") is known
    assert known or said.endswith("raise [metrics] history")


@pytest.mark.parametrize(
    ("stable", "oldest", "known"),
    [(True, 900.0, True), (True, 1200.0, True), (True, 1400.0, False), (False, 1400.0, True)],
)
def test_samples_that_are_gone_are_missed_where_something_served_before(
    stable: bool, oldest: float, known: bool
) -> None:
    flying = release(started=1000.0, stable=Side(hash="a") if stable else None)
    series = CounterSeries(version="a", points=((oldest, 1.0), (4000.0, 9.0)))
    traffic = Traffic(evaluated_at=5000.0, since=500.0, requests=(series,))
    signals = Signals(traffic={flying.subject: Observation(value=traffic, complete=True, observed_at=5000.0)})
    shown = Picture(at=5000.0, number=1, clusters={}, signals=signals)
    assert (unremembered(found_in(told((flying, PASS)), "x"), shown, ZoneInfo("UTC")) == "") is known
