"""What open runs ask of code hosts is read, and nothing else; a gate that rests on it waits for it, and never passes unread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tfdash.model.commits import CommitCheck, NewestCommit, SeenCommit, commit_key
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.run import StepStatus
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.policy import RecoveryPolicy
from tfdash.playbook.procedures.settings import AllowedCommand, PipelineSettings
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.procedures.words import work_of
from tfdash.sources.pipelines.reading import HostUnread
from tfdash.sources.pipelines.source import PipelinesSource

ASK = '[{ probe = "pipeline.checks-passed", pipeline = "deploy", version = "{version}" }]'
INPUT = '[[inputs]]\nid = "version"\ntitle = "the version"\ntype = "text"\n\n'
TEXT = HEAD + INPUT + step("tested", "check", asks=ASK)
KEY = commit_key("deploy", "v2")


class Host:
    """A code host that says what the test has it say."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.passed: bool | None = True
        self.away = False
        self.newest_asked = 0

    async def seen(self, version: str, commit: str = "") -> SeenCommit:
        self.asked.append(version)
        if self.away:
            raise HostUnread(Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused"))
        checks = (CommitCheck(name="build", passed=self.passed, word="as told"),)
        return SeenCommit(pipeline="deploy", version=version, commit="a" * 40, checks=checks)

    async def newest(self) -> tuple[NewestCommit, ...]:
        self.newest_asked += 1
        return (NewestCommit(commit="b" * 40, title="the newest"),)


@pytest.fixture
def host() -> Host:
    return Host()


def test_a_version_is_read_while_an_open_run_asks_for_it(
    terminal: Callable[..., Terminal], host: Host
) -> None:
    one = terminal({"p": TEXT})
    settings: Mapping[str, PipelineSettings] = {
        "deploy": PipelineSettings(kind="github", repository="acme/shop")
    }
    source = PipelinesSource(settings, one.clock, lambda reference: "")
    source._hosts = {"deploy": host}

    def round_(**change: Any) -> None:
        vars(host).update(change)

        async def go() -> None:
            source._wanted = source._asked(one.board.picture).versions
            await source._round(one.board)
            await asyncio.sleep(0)

        one.call(go())

    round_()
    assert host.asked == []
    run = one.start("p", version=("v2",)).id
    one.until(lambda: run in one.board.picture.store_state.runs)
    round_(passed=None)
    one.until(lambda: KEY in one.board.picture.signals.commits)
    one.do(run, "tested")
    assert one.step(run, "tested").status is not StepStatus.DONE  # not known is not passed
    round_(passed=True)
    one.until(lambda: one.prepare(run, "tested").asks[0].passed)
    round_(away=True)
    one.until(lambda: one.prepare(run, "tested").asks[0].passed is None)
    assert "connection refused" in one.prepare(run, "tested").asks[0].sentence
    round_(away=False)
    one.until(lambda: one.prepare(run, "tested").asks[0].passed)
    one.do(run, "tested")
    assert one.step(run, "tested").status is StepStatus.DONE
    one.call(one.runs.close(run, Given(note="well")))
    one.until(lambda: not source._asked(one.board.picture).versions)
    round_()
    one.until(lambda: KEY not in one.board.picture.signals.commits)
    assert set(host.asked) == {"v2"}


@pytest.mark.parametrize(
    ("configured", "sentence"), [((), "no pipeline deploy is configured"), (("deploy",), "nothing here asks")]
)
def test_a_pipeline_that_nothing_here_reads_is_not_said_to_be_none(
    terminal: Callable[..., Terminal], configured: tuple[str, ...], sentence: str
) -> None:
    known = Policies(recovery=RecoveryPolicy(pipelines=configured))
    one = terminal({"p": TEXT}, policies=lambda: known)
    run = one.start("p", version=("v2",)).id
    (told,) = one.prepare(run, "tested").asks
    assert told.passed is None and sentence in told.sentence


def test_the_newest_commits_are_read_once_for_a_repository(
    terminal: Callable[..., Terminal], host: Host
) -> None:
    one = terminal({"p": TEXT})
    same = PipelineSettings(kind="github", repository="acme/shop")
    settings = {"deploy": same, "tag": same, "by": PipelineSettings(kind="command", code="tag")}
    source = PipelinesSource(settings, one.clock, lambda reference: "")
    source._hosts = dict.fromkeys(settings, host)
    one.call(source._read_newest(one.board))
    one.until(lambda: len(one.board.picture.signals.newest) == 3)
    assert host.newest_asked == 1
    (newest,) = one.board.picture.signals.newest["by"].value or ()
    assert newest.title == "the newest"


def test_what_an_open_run_does_is_news_of_what_it_asks(terminal: Callable[..., Terminal]) -> None:
    """What a step did at the host is not told by half a minute later."""
    text = (
        HEAD
        + INPUT
        + step("tested", "check", asks=ASK)
        + step("m", "manual", text='"do"', evidence='["note"]')
    )
    one = terminal({"p": text})
    source = PipelinesSource(
        {"deploy": PipelineSettings(kind="github", repository="acme/shop")}, one.clock, lambda reference: ""
    )
    run = one.start("p", version=("v2",)).id
    one.until(lambda: run in one.board.picture.store_state.runs)
    before = source._asked(one.board.picture)
    one.do(run, "tested")
    one.until(lambda: source._asked(one.board.picture) != before)
    assert source._asked(one.board.picture).versions == before.versions == {("deploy", "v2", "")}


def test_an_input_that_was_left_out_is_none_of_a_pipeline_s(terminal: Callable[..., Terminal]) -> None:
    commit = '[[inputs]]\nid = "commit"\ntitle = "the commit"\ntype = "commit"\noptional = true\n\n'
    one = terminal({"p": HEAD + INPUT + commit + step("t", "command", command='"tag"')})
    allowed = AllowedCommand(
        places=("pipeline tag",), values=(("version", "{version}"), ("commit", "{commit}"), ("by", "{other}"))
    )
    shown = one.runs.run(one.start("p", version=("v2",)).id)
    assert shown is not None
    with pytest.raises(RunRefused, match=r"nothing is known for \{other\}"):
        work_of("k", shown.procedure.steps[0], shown, allowed, {})
    allowed = AllowedCommand(places=allowed.places, values=allowed.values[:2])
    assert work_of("k", shown.procedure.steps[0], shown, allowed, {}).values == {"version": "v2"}
    named = one.runs.run(one.start("p", version=("v2",), commit=("abcdef0",)).id)
    assert named is not None
    work = work_of("k", named.procedure.steps[0], named, allowed, {})
    assert work.values == {"version": "v2", "commit": "abcdef0"}
