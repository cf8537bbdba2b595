"""Between confirmation and sending something changes: identity, calendar, clock. And break-glass over a suspend.

On the simulated platform with the real store, by the action service as it is composed; clocks are the test's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platform.harness.simulated import NS, Platform
from tests.platform.harness.terminals import Terminal, terminal, write_config
from tests.unit.actions.acting import CLOSED, OPEN, TestJudge
from tests.unit.actions.proxying import proxied
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.store.subjects import environment_subject
from tfdash.clock import SystemClock
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.action import Result
from tfdash.model.store_state import EntryKind
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.store.log.reading import entries_of, read_folder
from tfdash.store.log.verify import lines, verify
from tfdash.store.opening import open_store

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
KINDS = ("Deployment", "ReplicaSet", "Pod", "HorizontalPodAutoscaler")


class Clock(SystemClock):
    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="calm", speed=10.0)) as running:
        yield running


@pytest.fixture(scope="module")
def platform(demo: DemoProcess) -> Iterator[Platform]:
    found = Platform(demo)
    yield found
    found.client.close()


class At:
    """A terminal with its clocks and its calendar in the test's hand."""

    def __init__(
        self, found: Terminal, clock: Clock, boot: list[float], config: Path, judge: TestJudge
    ) -> None:
        self.found, self.clock, self.boot, self.config, self.judge = found, clock, boot, config, judge

    def calendar(self, state: Any) -> None:
        self.judge.calendar = state
        board = self.found.board
        board.put_store_state(board.picture.store_state)
        self.found.until(lambda: board.assessment.calendar is state, "the calendar")


@pytest.fixture
def at(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[At]:
    boot = [1000.0]
    monkeypatch.setattr(
        open_store, "__kwdefaults__", {**(open_store.__kwdefaults__ or {}), "boot": lambda: boot[0]}
    )
    clock, judge = Clock(), TestJudge()
    config = write_config(tmp_path / "one", platform.kubeconfig, "production")
    with terminal(config, clock=clock, judge=judge, kinds=KINDS) as found:
        yield At(found, clock, boot, config, judge)


def smaller(at: At, platform: Platform) -> Any:
    """A plan that a closed calendar freezes."""
    subject = at.found.subject("Deployment", NS, platform.name)
    at.found.see(subject)
    size = platform.client.get(f"/apis/apps/v1/namespaces/{NS}/deployments/{platform.name}").json()["spec"][
        "replicas"
    ]
    return at.found.plan("workload.scale", subject, replicas=size - 1)


def refused(at: At, guarded: Any, platform: Platform, told: str) -> None:
    before = platform.generation()
    done, _ = at.found.act(guarded)
    assert done.result is Result.REFUSED, done
    assert told in done.sentence
    assert platform.generation() == before
    sources = read_folder(at.found.folder)
    assert verify(sources).code == 0, lines(verify(sources))
    last = [e for e in entries_of(sources) if e.kind in (EntryKind.REFUSAL, EntryKind.INTENT)][-1]
    assert last.kind is EntryKind.REFUSAL and told in last.sentence


def break_the_glass(found: Terminal) -> None:
    guarded = found.plan("environment.break-glass", environment_subject("production"))
    done, _ = found.act(guarded, reason="an outage")
    assert done.result is Result.APPLIED, done.sentence


def test_a_freeze_that_begins_between_confirmation_and_sending(at: At, platform: Platform) -> None:
    guarded = smaller(at, platform)
    assert guarded.allowed, guarded.refused
    at.calendar(CLOSED)
    refused(at, guarded, platform, "closed: blackout")


def test_a_clock_that_steps_forward_or_back(at: At, platform: Platform) -> None:
    guarded = smaller(at, platform)
    at.clock.ahead = 61.0
    refused(at, guarded, platform, "the plan has expired")
    at.clock.ahead = (
        -7200.0
    )  # back: the plan seems younger than it is; it may expire late, and its facts decide
    again = at.found.run(at.found.actions.refresh(guarded.plan))
    assert again.plan.digest == guarded.plan.digest
    at.clock.ahead = 0.0
    refused(at, again, platform, "the plan has expired")


def over(at: At) -> bool:
    """What is over stays in the facts until somebody else has reviewed it."""
    return all(g.until <= at.clock.now() for g in at.found.board.picture.store_state.break_glass.values())


def who(found: Terminal) -> str:
    (cluster,) = found.board.picture.clusters.values()
    return cluster.info.value.user if cluster.info.value is not None else ""


def test_a_change_of_identity(platform: Platform, tmp_path: Path) -> None:
    """The kubeconfig's token file is replaced (another login) while the dialog is open."""
    token = tmp_path / "token"
    document = json.loads(platform.kubeconfig.read_text())
    tokens = {u["name"]: u["user"]["token"] for u in document["users"]}
    token.write_text(tokens["admin"])
    for user in document["users"]:
        if user["name"] == "admin":
            user["user"] = {"tokenFile": str(token)}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(document))
    clock, judge = Clock(), TestJudge()
    config = write_config(tmp_path / "one", kubeconfig, "production")
    with terminal(config, clock=clock, judge=judge, kinds=KINDS) as found:
        at = At(found, clock, [0.0], config, judge)
        guarded = smaller(at, platform)
        assert guarded.allowed, guarded.refused
        user = next(c.text for c in guarded.checks if c.id == "identity").rpartition(" ")[2]
        break_the_glass(found)
        found.until(lambda: "production" in found.board.picture.store_state.break_glass, "break-glass")
        token.write_text(tokens["oncall"])
        (source,) = found.board.cluster_sources
        assert isinstance(source, KubernetesSource)
        # The file is read again within a minute, or when the server refuses: until then everything is asked and sent with the
        # token of before (tests/unit/actions/test_one_identity.py).
        source.credentials.authorization(renew=True)
        refused(at, guarded, platform, f"the plan was made as {user}")
        found.until(lambda: who(found) != user, "the picture to know who we are", 60)
        found.until(lambda: over(at), "break-glass to end with it")
        told = [e.sentence for e in entries_of(read_folder(found.folder)) if e.kind is EntryKind.BREAK_GLASS]
        assert "the identity changed to" in told[-1]


def test_break_glass_counts_suspend(at: At, platform: Platform) -> None:
    """Ten minutes awake and an hour asleep are over, though the wall clock was set back."""
    at.calendar(CLOSED)
    assert smaller(at, platform).refused == "closed: blackout"
    found = at.found
    at_environment = environment_subject("production")
    without, _ = found.act(found.plan("environment.break-glass", at_environment), reason=" ")
    assert without.result is Result.REFUSED and "reason" in without.sentence
    break_the_glass(found)
    found.until(lambda: "production" in found.board.picture.store_state.break_glass, "break-glass")
    glass = found.board.picture.store_state.break_glass["production"]
    assert glass.until - glass.since == 3600
    waived = smaller(at, platform)
    assert waived.allowed, waived.refused
    assert any("waived by break-glass: an outage" in c.text for c in waived.checks)
    at.boot[0] += 3601.0  # the machine slept; the wall clock says that no time has passed
    found.until(lambda: over(at), "its end")
    refused(at, waived, platform, "closed: blackout")
    told = [e.sentence for e in entries_of(read_folder(found.folder)) if e.kind is EntryKind.BREAK_GLASS]
    assert told[0].startswith("break-glass begins") and "its time is over" in told[-1]


def test_break_glass_ends_with_a_restart_and_waits_for_a_review(at: At, platform: Platform) -> None:
    found = at.found
    break_the_glass(found)
    found.until(lambda: "production" in found.board.picture.store_state.break_glass, "break-glass")
    found.board.stop(5.0)
    found.store.close()
    judge = TestJudge()
    judge.calendar = CLOSED
    with terminal(at.config, clock=at.clock, judge=judge, kinds=KINDS) as again:
        now = At(again, at.clock, at.boot, at.config, judge)
        again.until(lambda: again.board.assessment.calendar is CLOSED, "the calendar")
        assert smaller(now, platform).refused == "closed: blackout"
        told = [e.sentence for e in entries_of(read_folder(again.folder)) if e.kind is EntryKind.BREAK_GLASS]
        assert "the terminal was started anew" in told[-1]
        with pytest.raises(PermissionError, match="somebody else must review"):
            again.loop(again.store.review_break_glass("production", "admin@corp", "fine"))
        again.loop(again.store.review_break_glass("production", "carol@corp", "looked at it"))
    assert OPEN.open


def test_an_answer_that_is_swallowed_and_applied_late_is_one_request_and_one_story(
    platform: Platform, tmp_path: Path
) -> None:
    """The whole chain: action service, writer, real store; the proxy gives no answer and applies it after the client gave up."""
    with proxied(platform.access.server, platform.access.ca) as proxy:
        document = json.loads(platform.kubeconfig.read_text())
        for cluster in document["clusters"]:
            if cluster["name"] == "production":
                cluster["cluster"] = {"server": f"http://127.0.0.1:{proxy.port}"}
        through = tmp_path / "kubeconfig"
        through.write_text(json.dumps(document))
        config = write_config(tmp_path / "one", through, "production")
        config.write_text(config.read_text().replace('server_timeout = "5s"', 'server_timeout = "1s"'))
        with terminal(config, kinds=KINDS) as found:
            subject = found.subject("Deployment", NS, platform.name)
            found.see(subject)
            guarded = found.plan("workload.restart", subject)
            before = platform.generation()
            sent, forward = [], proxy._forward

            async def noting(request: bytes) -> bytes:
                line = request.split(b"\r\n")[0].decode()
                if not line.startswith("GET") and f"/deployments/{platform.name}" in line:
                    sent.append(line)
                return await forward(request)

            proxy._forward = noting
            proxy.swallow, proxy.late = (
                True,
                6.5,
            )  # of every PATCH, that of the Lease which says who acts too: the client gives up after 1 s and the margin of 5
            done, told = found.act(guarded)
            assert done.result is Result.APPLIED, done.sentence
            assert any("UNKNOWN OUTCOME" in p.sentence for p in told)
            assert len([x for x in sent if "dryRun" not in x]) == 1, sent
            assert platform.generation() == before + 1
            kinds = [e.kind for e in entries_of(read_folder(found.folder)) if e.action == "workload.restart"]
            assert kinds == [
                EntryKind.INTENT,
                EntryKind.CONFIRMATION,
                EntryKind.OUTCOME,
                EntryKind.VERIFICATION,
            ]
            assert found.board.picture.store_state.unsettled == ()


def test_nothing_is_planned_for_what_is_not_there(at: At) -> None:
    with pytest.raises(PlanRefused, match="not known here"):
        at.found.plan("workload.restart", at.found.subject("Deployment", NS, "no-such"))
