"""An action as a step of a run, on the simulated platform with the real store, by the composition of the program: shown, confirmed, sent
once, and settled by the audit log after a kill -9 at any point."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.harness.simulated import NS, Platform
from tests.platform.harness.terminals import REF, Terminal, terminal, write_config
from tests.unit.actions.acting import CLOSED, TestJudge, confirmed
from tests.unit.procedures.world import HEAD, step
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.action import Progress
from tfdash.model.run import RunState, StepState, StepStatus
from tfdash.procedures.kind import state_of
from tfdash.procedures.protocols import Claim, Given, Prepared, RunRefused
from tfdash.procedures.service import Runs
from tfdash.store.log.reading import entries_of, read_folder

KINDS = ("Deployment", "ReplicaSet", "Pod")


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="calm", speed=10.0)) as running:
        yield running


@pytest.fixture(scope="module")
def platform(demo: DemoProcess) -> Iterator[Platform]:
    found = Platform(demo)
    yield found
    found.client.close()


def config_of(folder: Path, platform: Platform, *steps: str) -> Path:
    """A terminal with one procedure of its own, "p"."""
    own = folder / "procedures"
    own.mkdir(parents=True)
    (own / "p.toml").write_text(HEAD + "".join(steps))
    more = f"[procedures]\nfolder = {json.dumps(str(own))}"
    return write_config(folder, platform.kubeconfig, "production", more=more)


def restart(platform: Platform, **more: object) -> str:
    return step(
        "act", "action", action='"workload.restart"', subject=f'"Deployment {NS}/{platform.name}"', **more
    )


class Person:
    """Somebody at the keys of a terminal."""

    def __init__(self, at: Terminal, runs: Runs | None = None) -> None:
        self.at, self.runs = at, runs or at.runs
        journals = self.runs.engine.means.journals
        at.until(lambda: not journals.unread, "all that is on record to be read")

    def start(self) -> RunState:
        return self.at.run(self.runs.start("p", {}, reason="a test", cluster=REF))

    def prepare(self, run: str, step: str = "act") -> Prepared:
        return self.at.run(self.runs.prepare(run, step))

    def do(self, run: str, prepared: Prepared, step: str = "act", **given: object) -> StepState:
        assert prepared.guarded is not None
        told = Given(confirmation=confirmed(prepared.guarded, **given))
        self.at.run(self.runs.do(run, step, told), 120)
        return self.step(run, step)

    def step(self, run: str, step: str = "act") -> StepState:
        state = self.runs.run(run)
        found = state_of(state, step) if state is not None else None
        assert found is not None
        return found


def intents(folder: Path) -> list[dict[str, object]]:
    return [json.loads(e.data) for e in entries_of(read_folder(folder)) if e.kind == "intent"]


def test_it_is_shown_confirmed_sent_once_and_on_record_for_its_step(
    platform: Platform, tmp_path: Path
) -> None:
    config = config_of(tmp_path, platform, restart(platform))
    with terminal(config, kinds=KINDS) as at:
        ann, before = Person(at), platform.generation()
        at.see(at.subject("Deployment", NS, platform.name))
        run = ann.start().id
        shown = ann.prepare(run)
        assert shown.guarded is not None and shown.guarded.allowed and shown.may[0] == "do"
        assert any("kubectl" in line and " patch deployments.v1.apps " in line for line in shown.lines)
        told: list[Progress] = []
        given = Given(confirmation=confirmed(shown.guarded))
        at.run(ann.runs.do(run, "act", given, told.append), 120)
        assert ann.step(run).status is StepStatus.DONE, ann.step(run).sentence
        assert platform.generation() == before + 1
        assert [p.stage for p in told][:2] == ["checking", "recording"]
        (intent,) = intents(at.folder)
        assert intent["run"] == f"{run}/act/1"
        with pytest.raises(RunRefused):
            ann.do(run, shown)
        assert platform.generation() == before + 1


def test_only_the_plan_that_was_shown_of_this_step(platform: Platform, tmp_path: Path) -> None:
    other = step("other", "action", action='"workload.archive"', subject=f'"Deployment {NS}/{platform.name}"')
    config = config_of(tmp_path, platform, restart(platform), other)
    with terminal(config, kinds=KINDS) as at:
        ann, before = Person(at), platform.generation()
        at.see(at.subject("Deployment", NS, platform.name))
        run = ann.start().id
        shown = ann.prepare(run)
        with pytest.raises(RunRefused, match="not confirmed"):
            at.run(ann.runs.do(run, "act", Given()))
        with pytest.raises(RunRefused, match="another plan"):
            ann.do(run, shown, plan_digest="00")
        assert platform.generation() == before
        assert ann.step(run).status is StepStatus.READY
        assert ann.do(run, shown).status is StepStatus.DONE
        kept = ann.do(run, ann.prepare(run, "other"), "other")
        assert kept.status is StepStatus.DONE and "evidence-" in kept.sentence


def test_done_once_for_each_time_until_what_is_asked_after_it_is_so(
    platform: Platform, tmp_path: Path
) -> None:
    """Each time its own plan, confirmation and entry; behind it nothing begins before the end. What was sent before a kill is not sent again."""
    never = [
        f'{{ probe = "workload.image", workload = "Deployment {NS}/{platform.name}", image = "of-tomorrow" }}'
    ]
    act = restart(platform, again="true", after=f"[{never[0]}]")
    config = config_of(tmp_path, platform, act, step("then", "manual"))
    with terminal(config, kinds=KINDS) as at:
        ann, before = Person(at), platform.generation()
        at.see(at.subject("Deployment", NS, platform.name))
        run = ann.start().id
        for attempt in (1, 2):
            shown = ann.prepare(run)
            found = ann.do(run, shown)
            assert (found.status, found.attempt, found.in_air) == (StepStatus.READY, attempt, ()), (
                found.sentence
            )
            assert "not of-tomorrow" in found.sentence
            assert platform.generation() == before + attempt
            with pytest.raises(RunRefused, match="another plan"):
                ann.do(run, shown)
        assert [one["run"] for one in intents(at.folder)] == [f"{run}/act/1", f"{run}/act/2"]
        assert ann.step(run, "then").status is StepStatus.WAITING


def test_what_the_gate_refuses_may_be_done_once_it_opens(platform: Platform, tmp_path: Path) -> None:
    """Refused when it is sent: the step is ready again, not failed, and nothing is in the air."""
    down = step(
        "act",
        "action",
        action='"workload.scale"',
        subject=f'"Deployment {NS}/{platform.name}"',
        arguments='{ replicas = "1" }',
    )
    platform.three()
    judge = TestJudge()
    with terminal(config_of(tmp_path, platform, down), kinds=KINDS, judge=judge) as at:
        ann, before = Person(at), platform.generation()
        subject = at.subject("Deployment", NS, platform.name)
        at.see(subject)
        at.until(
            lambda: at.board.picture.clusters[REF].objects("Deployment")[subject.key].desired == 3, "three"
        )
        run = ann.start().id
        shown = ann.prepare(run)
        opened, judge.calendar = judge.calendar, CLOSED
        at.until(lambda: at.board.assessment.calendar == CLOSED, "the calendar to close")
        refused = ann.do(run, shown)
        assert refused.status is StepStatus.READY and platform.generation() == before
        assert "closed" in ann.prepare(run).refused
        judge.calendar = opened
        at.until(lambda: at.board.assessment.calendar == opened, "the calendar to open")
        assert ann.do(run, ann.prepare(run)).status is StepStatus.DONE
        assert platform.generation() == before + 1


class TakenInBetween:
    """Claims of which ours is lost between the beginning and the sending."""

    def __init__(self, terminal: str) -> None:
        self.terminal = terminal

    async def claim(self, run: str, step: str, holder: str, *, over: int = 0, unseen: bool = False) -> Claim:
        return Claim(
            run=run, step=step, fence=over + 1, holder=holder, terminal=self.terminal, kept_by="store"
        )

    async def holds(self, claim: Claim) -> bool:
        return False

    async def let_go(self, claim: Claim, *, worked: bool) -> None: ...

    def coordinated(self, run: str = "") -> str:
        return ""


def test_who_was_fenced_out_sends_nothing(platform: Platform, tmp_path: Path) -> None:
    config = config_of(tmp_path, platform, restart(platform))
    with terminal(config, kinds=KINDS) as at:
        at.see(at.subject("Deployment", NS, platform.name))
        real = at.runs
        means = dataclasses.replace(real.engine.means, claims=TakenInBetween(at.store.terminal))
        ann, before = Person(at, Runs(means, real._library)), platform.generation()
        run = ann.start().id
        shown = ann.prepare(run)
        with pytest.raises(RunRefused, match="took the step over"):
            ann.do(run, shown)
        assert platform.generation() == before
        assert ann.step(run).status is StepStatus.READY and not ann.step(run).in_air


# -- kill -9 ----------------------------------------------------------------------------------------------------------

CHILD = r"""
import os, signal, sys
from pathlib import Path
config, at, name = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
points, counting = 0, False
def point(name):
    global points
    if counting:
        points += 1
        os.write(1, f"{points} {name}\n".encode())
        if points == at:
            os.kill(os.getpid(), signal.SIGKILL)
def around(kind, name, what):
    real = getattr(kind, name)
    async def call(self, *args, **kwargs):
        point("before " + what(args))
        done = await real(self, *args, **kwargs)
        point("after " + what(args))
        return done
    setattr(kind, name, call)
from tfdash.store.log.audit_recorder import AuditRecorder
from tfdash.writers.kubernetes import KubernetesWriter
around(KubernetesWriter, "_by", lambda a: a[1] + " " + a[2].rpartition("/")[2])
around(AuditRecorder, "record", lambda a: f"entry {a[0].kind} " + str(a[0].data.get("event", {}).get("kind", "")))
around(AuditRecorder, "reserve", lambda a: "reserve")
from tests.platform.harness.simulated import NS
from tests.platform.harness.terminals import terminal
from tests.unit.procedures.test_action_step import KINDS, Person
with terminal(config, kinds=KINDS) as found:
    ann = Person(found)
    found.see(found.subject("Deployment", NS, name))
    run = ann.start().id
    os.write(2, (run + "\n").encode())
    shown = ann.prepare(run)
    counting = True
    ended = ann.do(run, shown)
    counting = False
    assert ended.status == "done", ended
os._exit(0)
"""


def child(config: Path, at: int, name: str) -> tuple[list[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(config), str(at), name],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == (-9 if at else 0), done.stderr[-3000:]
    return done.stdout.splitlines(), done.stderr.splitlines()[0]


def after_the_kill(config: Path, platform: Platform, run: str, before: int, where: str) -> str:
    """The next program: nothing is sent by itself, what the log tells is settled, and a person goes on to the end: sent once in all."""
    now = platform.generation()
    assert now in (before, before + 1), where
    with terminal(config, kinds=KINDS) as at:
        ann = Person(at)
        at.see(at.subject("Deployment", NS, platform.name))
        at.until(lambda: at.board.picture.store_state.health.read, "the log to be read")
        over = (StepStatus.DONE, StepStatus.READY, StepStatus.CLAIMED)
        at.until(lambda: ann.step(run).status in over, f"{where}: the step to be settled", 60)
        status = ann.step(run).status
        assert platform.generation() == now, f"{where}: settling sent something"
        if status is not StepStatus.DONE:
            assert now == before, f"{where}: it was done, and is offered again"
            shown = ann.prepare(run)
            assert ann.do(run, shown).status is StepStatus.DONE, where
        assert platform.generation() == before + 1, where
    return "settled as done" if status is StepStatus.DONE else "nothing was sent"


@pytest.mark.long
def test_killed_at_every_point(platform: Platform, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    whole = config_of(tmp_path / "whole", platform, restart(platform))
    before = platform.generation()
    points, _ = child(whole, 0, platform.name)
    assert platform.generation() == before + 1
    every = list(range(1, len(points) + 1))
    if not request.config.getoption("--platform"):  # a process for each costs some seconds
        names = ("after entry note begun", "after entry intent", f"after PATCH {platform.name}")
        every = [max(i for i, p in enumerate(points, 1) if n in p) for n in names]
    ends = []
    for at in every:
        config = config_of(tmp_path / str(at), platform, restart(platform))
        before = platform.generation()
        reached, run = child(config, at, platform.name)
        ends.append(after_the_kill(config, platform, run, before, reached[-1]))
    assert {"settled as done", "nothing was sent"} <= set(ends)
