"""A pipeline that is a command: steps say ``place = "pipeline NAME"`` as of any other, and the allowed command runs where the pipeline has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tests.waiting import until
from tfdash.cli.places import places_of
from tfdash.clock import SystemClock
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import RunEventKind, StepStatus
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.policy import RecoveryPolicy
from tfdash.playbook.procedures.settings import (
    AllowedCommand,
    HostSettings,
    PipelineSettings,
    ProceduresSettings,
)
from tfdash.procedures.steps import command
from tfdash.procedures.words import place_of
from tfdash.sources.pipelines.source import PipelinesSource

STEP = step(
    "deploy",
    "command",
    command='"deploy"',
    place='"pipeline deploy"',
    needs='["pipeline deploy"]',
    by_hand='"Start it."',
)


def settings(at: str = "here", **of_command: Any) -> ProceduresSettings:
    return ProceduresSettings(
        commands={"deploy": AllowedCommand(places=("pipeline deploy",), **of_command)},
        pipelines={"deploy": PipelineSettings(kind="command", at=at)},
        hosts={"ci-1": HostSettings(address="ops@ci-1.example.com")},
    )


def test_the_shipped_way_of_a_deployment_runs_as_a_command_and_is_followed(
    terminal: Callable[..., Terminal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_SOON", 0.0)  # their clock stands: the place is asked with each look
    out = tmp_path / "out"
    allowed = settings(command=("sh", "-c", f'echo brought >> "{out}"; echo out'))
    known = Policies(recovery=RecoveryPolicy(pipelines=("deploy",)))
    one = terminal(
        {"p": HEAD + STEP},
        places=places_of(allowed, tmp_path / "store", {}),
        allowed=allowed,
        policies=lambda: known,
    )
    run = one.start("p").id
    assert one.prepare(run, "deploy").lines[-1] == "on this machine"
    assert "do" in one.prepare(run, "deploy").may
    one.do(run, "deploy")

    def ended() -> bool:
        one.looked()
        return one.step(run, "deploy").status is not StepStatus.RUNNING

    until(ended, lambda: one.step(run, "deploy"))
    assert one.step(run, "deploy").status is StepStatus.DONE and out.read_text() == "brought\n"
    begun = next(event for event in one.runs.events(run) if event.kind is RunEventKind.BEGUN)
    assert begun.data["mark"]["place"] == "here"  # whatever the pipeline is by the time somebody looks for it


@pytest.mark.parametrize("at", ["here", "host ci-1", "job", "job eu-1"])
def test_it_runs_where_its_pipeline_has_it(at: str) -> None:
    allowed = settings(at, command=("deploy.sh",), image="ops@sha256:0", namespace="ops")
    asked = Step(id="deploy", title="d", kind=StepKind.COMMAND, command="deploy", place="pipeline deploy")
    assert place_of(asked, allowed)[1] == at


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('[procedures.pipelines.p]\nkind = "command"\nat = "there"\n', 3, '"there" is no place'),
        ('[procedures.pipelines.p]\nkind = "command"\nat = "host db"\n', 3, '"db" is not one of [procedures.hosts]'),
        ('[procedures.pipelines.p]\nkind = "command"\ncode = "q"\n', 3, "no pipeline of GitHub or GitLab"),
        ('[procedures.pipelines.p]\nkind = "command"\n[procedures.commands.c]\nplaces = ["pipeline p"]\n', 3, "names no program"),
        ('[procedures.pipelines.p]\nkind = "command"\nat = "job"\n[procedures.commands.c]\ncommand = ["x"]\nplaces = ["pipeline p"]\n', 4, "a Job needs an image"),
        ('[procedures.pipelines.p]\nkind = "gitlab"\nrepository = "a/b"\ncode = "p"\n', 4, "its own repository"),
    ],
)  # fmt: skip
def test_what_cannot_be_one_is_said_where_it_stands(text: str, line: int, told: str) -> None:
    with pytest.raises(ConfigError) as found:
        parse(text, "tfdash.toml")
    assert told in str(found.value) and f"tfdash.toml:{line}" in str(found.value)


def test_the_release_checklist_asks_where_its_code_lies() -> None:
    told = parse(
        '[procedures.pipelines.deploy]\nkind = "command"\ncode = "tag"\n'
        '[procedures.pipelines.tag]\nkind = "github"\nrepository = "a/b"\nworkflow = "tag.yml"\n',
        "tfdash.toml",
    ).procedures
    source = PipelinesSource(told.pipelines, SystemClock(), lambda reference: "")
    assert source._hosts["deploy"] is source._hosts["tag"]
