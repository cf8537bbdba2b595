"""The demo's pipelines as the program itself uses them: by the configuration that the demo wrote, and by the places of commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.protocol.conftest import client
from tests.waiting import soon
from tfdash.cli import main
from tfdash.config.load import load
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.sources.kubernetes.credentials import read_secret
from tfdash.sources.pipelines.hosts import GitHubHost
from tfdash.sources.pipelines.reading import HostUnread
from tfdash.writers.places.github import GitHubPlace
from tfdash.writers.places.memory import MemoryOfWork

SERVICE = "Rollout tf-production/checkout"


@pytest.fixture(scope="module")
def day() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="release-day", speed=30.0)) as running:
        yield running


def place(day: DemoProcess, name: str, folder: Path) -> GitHubPlace:
    settings = load(day.config).procedures.pipelines[name]
    return GitHubPlace(name, settings, MemoryOfWork(folder), read_secret)


async def ended(at: GitHubPlace, work: Work) -> WorkSeen:
    """Once it is over; it is asked again and again, as the program does."""
    await at.start(work)

    async def over() -> WorkSeen | None:
        seen = await at.look(work)
        return seen if seen.state is WorkState.ENDED else None

    found = await soon(over, "the run", every=0.2)
    assert found is not None
    return found


async def test_the_pipeline_brings_a_version_out(day: DemoProcess, tmp_path: Path) -> None:
    work = Work(key="r1.deploy.1", values={"service": SERVICE, "version": "2.14.0"})
    at = place(day, "deploy", tmp_path)
    seen = await ended(at, work)
    assert seen.good is True and "apply to production" in seen.output
    with client(day.kubeconfig, "production") as api:
        found = api.get("/apis/argoproj.io/v1alpha1/namespaces/tf-production/rollouts/checkout").json()
    assert found["spec"]["template"]["spec"]["containers"][0]["image"].endswith("/checkout:2.14.0")
    again = await place(day, "deploy", tmp_path / "another").look(
        Work(key=work.key, values=work.values, mark={"memory": "of another", "machine": "another"})
    )
    assert again.state is WorkState.ENDED and again.where == seen.where  # found by our id


async def test_what_cannot_be_brought_out_fails_and_says_why(day: DemoProcess, tmp_path: Path) -> None:
    nowhere = Work(key="r2.deploy.1", values={"service": "Deployment tf-production/nosuch", "version": "1"})
    seen = await ended(place(day, "deploy", tmp_path), nowhere)
    assert seen.good is False and "there is no Deployment tf-production/nosuch" in seen.output
    tag = place(day, "tag-release", tmp_path)
    assert (await ended(tag, Work(key="r1.tag.1", values={"version": "9.9.9"}))).good is True
    seen = await ended(tag, Work(key="r1.tag.2", values={"version": "9.9.9"}))
    assert seen.good is False and "already exists" in seen.output
    smoke = Work(key="r1.smoke.1", values={"service": "Deployment tf-production/web"})
    assert (await ended(place(day, "smoke-tests", tmp_path), smoke)).good is True


async def test_a_version_is_known_there_once_it_is_tagged_and_its_commit_before(
    day: DemoProcess, tmp_path: Path
) -> None:
    settings = load(day.config).procedures.pipelines["deploy"]
    host = GitHubHost("deploy", settings, read_secret)
    newest = await host.newest()
    head, failed = newest[0].commit, newest[1].commit
    unknown = await host.seen("9.8.7")
    assert (unknown.commit, unknown.tag, unknown.checks, unknown.notes) == ("", "", (), None)
    seen = await host.seen("9.8.7", head[:10])
    assert (seen.commit, seen.tag) == (head, "")
    assert seen.approved == ("ada",) and seen.author == "grace" and seen.scans == ("CodeQL",)
    assert {one.name: one.passed for one in seen.checks} == {
        "CodeQL": True,
        "integration tests": True,
        "migrations": True,
        "unit tests": True,
    }
    assert [one.name for one in (await host.seen("9.8.7", failed)).checks if not one.passed] == [
        "integration tests"
    ]
    draft = (await host.seen("2.14.0")).notes
    assert draft is not None and draft.written and "draft" in draft.what
    work = Work(key="r8.tag.1", values={"version": "9.8.7", "commit": newest[2].commit})
    assert (await ended(place(day, "tag-release", tmp_path), work)).good is True
    tagged = await host.seen("9.8.7", head)
    assert (tagged.commit, tagged.tag) == (head, newest[2].commit)
    assert (await host.seen("9.8.7")).commit == newest[2].commit
    serves = await host.seen("2.13.4")  # what runs there was tagged once
    assert serves.tag and serves.commit == serves.tag
    with pytest.raises(HostUnread, match="422: No commit found"):
        await host.seen("2.14.0", "abcdef0123")


def test_nobody_without_the_token_is_heard(day: DemoProcess) -> None:
    settings = load(day.config).procedures.pipelines["deploy"]
    at = f"{settings.url}/repos/{settings.repository}/actions/workflows/{settings.workflow}/runs"
    assert httpx.get(at, trust_env=False).status_code == 401


def test_what_ships_is_right_there_and_its_team_is_told(
    day: DemoProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(day.config)
    assert main(["procedures", "check", "--config", config]) == 0
    assert main(["notify", "test", "team", "--act", "--config", config]) == 0
    told = (day.config.parent / "messages.txt").read_text("utf-8")
    assert told.startswith("*[production] a test of this channel*\n")
    token = (day.config.parent / "team-hook").read_text().strip()
    assert token not in "".join(capsys.readouterr())
