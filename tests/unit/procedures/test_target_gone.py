# ruff: noqa: F811 - fixtures of another module
"""What a step acts on is deleted while its run is open: it is said in words, nothing is done to what has its name since, and nobody is trapped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platform.harness.simulated import NS, Platform
from tests.platform.harness.terminals import REF, Terminal, terminal
from tests.unit.procedures.test_action_step import KINDS, Person, child, config_of, demo, platform, restart  # noqa: F401
from tests.unit.procedures.world import step
from tests.waiting import until
from tfdash.model.run import RunOutcome, RunState, StepStatus
from tfdash.model.subject import Key
from tfdash.procedures.protocols import Given, RunRefused

PATH = f"/apis/apps/v1/namespaces/{NS}/deployments"
_OF_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")


class Passing:
    """One of the platform's Deployments, which is deleted and made anew."""

    def __init__(self, at: Platform) -> None:
        self._client = at.client
        found = at.client.get(PATH).json()["items"]
        self.body = next(one for one in reversed(found) if one["metadata"]["name"] != at.name)
        self.name = self.body["metadata"]["name"]
        self.restart = step(
            "act", "action", action='"workload.restart"', subject=f'"Deployment {NS}/{self.name}"'
        )

    def now(self) -> dict[str, Any] | None:
        answer = self._client.get(f"{PATH}/{self.name}")
        return answer.json() if answer.is_success else None

    def make(self) -> None:
        meta = {key: value for key, value in self.body["metadata"].items() if key not in _OF_SERVER}
        body = {key: value for key, value in self.body.items() if key != "status"} | {"metadata": meta}
        answer = self._client.post(PATH, json=body)
        assert answer.is_success, answer.text

    def delete(self) -> None:
        answer = self._client.delete(f"{PATH}/{self.name}")
        assert answer.is_success, answer.text


@pytest.fixture
def passing(platform: Platform) -> Iterator[Passing]:
    found = Passing(platform)
    yield found
    if found.now() is None:
        found.make()


def seen(at: Terminal, name: str, *, there: bool) -> None:
    objects = lambda: at.board.picture.clusters[REF].objects("Deployment")  # noqa: E731
    at.until(lambda: (Key(NS, name) in objects()) is there, f"{name} to be {'there' if there else 'gone'}")


def skipped(ann: Person, run: str, id: str) -> StepStatus:
    ann.at.run(ann.runs.skip(run, id, Given(reason="it was deleted")))
    return ann.step(run, id).status


def closed(ann: Person, run: str) -> RunState:
    return ann.at.run(ann.runs.close(run, Given(reason="it was deleted")))


def test_what_is_gone_is_told_in_words_and_each_step_can_be_skipped(
    passing: Passing, platform: Platform, tmp_path: Path
) -> None:
    asks = f'[{{ probe = "workload.serving", workload = "Deployment {NS}/{passing.name}" }}]'
    config = config_of(
        tmp_path,
        platform,
        passing.restart,
        step("check", "check", asks=asks),
        step("gate", "gate", asks=asks),
        step("wait", "wait", asks=asks),
        step("then", "manual", before=asks),
    )
    with terminal(config, kinds=KINDS) as at:
        ann = Person(at)
        seen(at, passing.name, there=True)
        run = ann.start().id
        assert "do" in ann.prepare(run).may
        passing.delete()
        seen(at, passing.name, there=False)
        shown = ann.prepare(run)
        assert passing.name in shown.refused and "gone" in shown.refused and shown.may == ("skip",)
        with pytest.raises(RunRefused):
            at.run(ann.runs.do(run, "act", Given()))
        assert skipped(ann, run, "act") is StepStatus.SKIPPED
        for id in ("check", "gate"):
            at.run(ann.runs.do(run, id, Given()))
            assert (
                ann.step(run, id).status is StepStatus.FAILED and passing.name in ann.step(run, id).sentence
            )
            assert skipped(ann, run, id) is StepStatus.SKIPPED
        at.run(ann.runs.do(run, "wait", Given()))
        assert ann.step(run, "wait").status is StepStatus.RUNNING  # it may come back
        assert skipped(ann, run, "wait") is StepStatus.SKIPPED
        assert passing.name in ann.prepare(run, "then").refused
        assert skipped(ann, run, "then") is StepStatus.SKIPPED
        assert closed(ann, run).outcome is RunOutcome.SKIPPED


@pytest.mark.parametrize("anew", [False, True])
def test_deleted_after_it_was_confirmed_nothing_is_done_to_what_has_its_name(
    passing: Passing, platform: Platform, tmp_path: Path, anew: bool
) -> None:
    with terminal(config_of(tmp_path, platform, passing.restart), kinds=KINDS) as at:
        ann = Person(at)
        seen(at, passing.name, there=True)
        run = ann.start().id
        shown = ann.prepare(run)
        passing.delete()
        if anew:
            passing.make()
        with contextlib.suppress(RunRefused):
            ann.do(run, shown)
        told = ann.step(run)
        assert told.status in (StepStatus.READY, StepStatus.FAILED) and not told.in_air, told
        if anew:
            now = passing.now()
            assert now is not None
            assert "kubectl.kubernetes.io/restartedAt" not in str(now["spec"]["template"])
            until(lambda: "do" in ann.prepare(run).may, "the new one to be known")
            assert ann.do(run, ann.prepare(run)).status is StepStatus.DONE
        else:
            until(lambda: "gone" in ann.prepare(run).refused, "that it is gone")
            assert skipped(ann, run, "act") is StepStatus.SKIPPED


@pytest.mark.parametrize("point", ["after entry intent", "after PATCH {name}"])
def test_deleted_after_a_kill_it_is_never_done_by_itself_and_a_person_says(
    passing: Passing, platform: Platform, tmp_path: Path, point: str
) -> None:
    points, _ = child(config_of(tmp_path / "whole", platform, restart(platform)), 0, platform.name)
    kill = max(i for i, one in enumerate(points, 1) if point.format(name=platform.name) in one)
    config = config_of(tmp_path / "killed", platform, passing.restart)
    _, run = child(config, kill, passing.name)
    passing.delete()
    with terminal(config, kinds=KINDS) as at:
        ann = Person(at)
        seen(at, passing.name, there=False)
        at.until(lambda: ann.step(run).status is not StepStatus.RUNNING, "what becomes of it", 60)
        told = ann.step(run)
        assert told.status is StepStatus.UNKNOWN and told.sentence, told
        assert ann.prepare(run).may == ("settle", "skip")
        at.run(ann.runs.settle(run, "act", Given(worked=False, reason="it is not there any more")))
        assert skipped(ann, run, "act") is StepStatus.SKIPPED
        assert closed(ann, run).outcome is RunOutcome.SKIPPED
