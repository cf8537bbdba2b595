"""What servers of pipelines answer of a run, and what that comes to: the truth tables of their documentation, and answers that others
took for a yes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.writers.pipeline_servers import GitHub, GitLab, Plain, Server
from tests.unit.writers.test_pipeline_places import WORK, place_of
from tfdash.procedures.protocols import WorkSeen, WorkState
from tfdash.writers.pipelines import how_it_stands

# Of a company's own server: the answer, where its state is, and whether that is a good end
ANSWERS = [
    ({"status": "inProgress", "result": "none"}, "/status", None),  # a build of Azure Pipelines
    ({"status": "completed", "result": "succeeded"}, "/status", True),
    ({"status": "completed", "result": "failed"}, "/status", False),
    ({"status": "completed", "result": "partiallySucceeded"}, "/status", False),
    ({"status": "completed", "result": "canceled"}, "/status", False),
    ({"run": {"state": "completed", "result": "failed"}}, "/run/state", False),
    ({"status": "completed", "conclusion": "failure"}, "/status", False),  # GitHub's
    ({"status": "completed", "conclusion": None}, "/status", None),
    ({"status": "completed"}, "/status", True),  # nothing else is said
    ({"building": True, "result": None}, "/result", None),  # Jenkins': none yet
    ({"building": False, "result": "FAILURE"}, "/result", False),
    ({"building": False, "result": "SUCCESS"}, "/result", True),
]
WORDS = {"good": ("success", "succeeded", "completed", "SUCCESS"), "bad": ("failed", "FAILURE")}


async def seen_of(server: Server, folder: Path, run: dict[str, Any], **over: Any) -> WorkSeen:
    async with server.serving() as url:
        place = place_of(server, url, folder / "w", **over)
        await place.start(WORK)
        server.runs[0] |= run
        return await place.look(WORK)


@pytest.mark.parametrize(("body", "pointer", "good"), ANSWERS)
async def test_that_it_is_over_says_not_that_it_went_well(
    tmp_path: Path, body: dict[str, Any], pointer: str, good: bool | None
) -> None:
    seen = await seen_of(Plain(), tmp_path, body, state=pointer, **WORDS)
    assert (seen.state, seen.good) == (WorkState.RUNNING if good is None else WorkState.ENDED, good)
    assert how_it_stands(body, pointer, **WORDS)[1] is good  # as actions that run a pipeline read it


async def test_an_answer_without_a_state_is_not_known(tmp_path: Path) -> None:
    assert (await seen_of(Plain(), tmp_path, {}, state="/result")).state is WorkState.UNKNOWN


# https://docs.github.com/en/rest/actions/workflow-runs: status and conclusion
GITHUB = [
    *(
        ("completed", word, False)
        for word in ("failure", "neutral", "cancelled", "skipped", "timed_out", "startup_failure", "stale")
    ),
    *((word, None, None) for word in ("requested", "queued", "pending", "in_progress", "waiting")),
    ("completed", "success", True),
    ("completed", "a new word", False),
    ("completed", None, None),  # how is not said yet
    ("completed", "action_required", None),  # it goes on once somebody lets it
    ("in_progress", "success", None),
]


@pytest.mark.parametrize(("status", "conclusion", "good"), GITHUB)
async def test_only_success_of_github_is_good(
    tmp_path: Path, status: str, conclusion: str | None, good: bool | None
) -> None:
    seen = await seen_of(GitHub(), tmp_path, {"status": status, "conclusion": conclusion})
    assert (seen.state, seen.good) == (WorkState.RUNNING if good is None else WorkState.ENDED, good)
    assert (conclusion or status) in seen.sentence
    assert ("somebody must let it go on" in seen.sentence) is (
        {"waiting", "action_required"} & {status, conclusion} != set()
    )


async def test_a_run_that_was_started_again_is_told_with_its_attempt(tmp_path: Path) -> None:
    """It has the same number: what it came to last is what it came to."""
    seen = await seen_of(GitHub(), tmp_path, {"status": "queued", "conclusion": None, "run_attempt": 2})
    assert seen.state is WorkState.RUNNING and seen.sentence.endswith("is queued, attempt 2")


# https://docs.gitlab.com/api/pipelines/#list-project-pipelines: status
GITLAB = {
    "success": True,
    **dict.fromkeys(("failed", "canceled", "skipped"), False),
    **dict.fromkeys(
        ("created", "waiting_for_resource", "preparing", "pending", "running", "canceling"), None
    ),
    **dict.fromkeys(("manual", "scheduled", "waiting_for_callback", "a new word"), None),
}


@pytest.mark.parametrize("status", GITLAB)
async def test_only_success_of_gitlab_is_good(tmp_path: Path, status: str) -> None:
    seen = await seen_of(GitLab(), tmp_path, {"status": status})
    assert seen.good is GITLAB[status]
    assert ("somebody must start a job" in seen.sentence) is (status == "manual")


def ended_well(jobs: list[dict[str, Any]], gitlab: bool) -> tuple[Server, dict[str, Any]]:
    server = GitLab() if gitlab else GitHub()
    server.jobs = jobs
    return server, {"status": "success"} if gitlab else {"status": "completed", "conclusion": "success"}


def job(name: str, state: str, gitlab: bool) -> dict[str, Any]:
    if gitlab:
        return {"name": name, "status": state}
    return {"name": name, "status": "completed", "conclusion": state}


# The state of the job "deploy (eu)" of a run that is a success, whether the run is one where "deploy*" is wanted
LEFT = [
    (True, "manual", None),  # when: manual, outside of rules: nobody has started it
    (True, "scheduled", None),
    (True, "failed", False),  # allow_failure
    (True, "skipped", False),
    (True, "canceled", False),
    (True, "success", True),
    (False, "skipped", False),  # its condition was not met
    (False, "failure", False),  # continue-on-error
    (False, "success", True),
]


@pytest.mark.parametrize(("gitlab", "state", "good"), LEFT)
async def test_a_success_in_which_a_job_did_not_run_says_so(
    tmp_path: Path, gitlab: bool, state: str, good: bool | None
) -> None:
    jobs = [job("build", "success", gitlab), job("deploy (eu)", state, gitlab)]
    server, run = ended_well(jobs, gitlab)
    seen = await seen_of(server, tmp_path, run)
    assert seen.good is True
    assert (f"not a success in it: deploy (eu) ({state})" in seen.sentence) is (good is not True)
    again, run = ended_well(jobs, gitlab)
    wanted = await seen_of(again, tmp_path / "wanted", run, jobs=("deploy*",))
    assert (wanted.state, wanted.good) == (WorkState.RUNNING if good is None else WorkState.ENDED, good)
    assert "deploy (eu): " + state in wanted.output


@pytest.mark.parametrize(
    ("downstream", "good"), [("success", True), ("failed", False), ("running", None), (None, True)]
)
async def test_a_pipeline_that_starts_another_is_what_that_comes_to(
    tmp_path: Path, downstream: str | None, good: bool | None
) -> None:
    """It is a success as soon as that began, where its job has no strategy: depend."""
    for folder, over in (("said", {}), ("wanted", {"jobs": ("deploy",)})):
        server = GitLab()
        began = {"id": 7, "status": downstream} if downstream else None
        server.bridges = [{"name": "deploy", "status": "success", "downstream_pipeline": began}]
        seen = await seen_of(server, tmp_path / folder, {"status": "success"}, **over)
        assert (f"deploy ({downstream})" in seen.sentence) is (good is not True)
        assert seen.good is (good if over else True)


@pytest.mark.parametrize("gitlab", [True, False])
async def test_a_job_that_is_wanted_and_not_there_is_no_success(tmp_path: Path, gitlab: bool) -> None:
    server, run = ended_well([job("build", "success", gitlab)], gitlab)
    seen = await seen_of(server, tmp_path, run, jobs=("deploy*",))
    assert seen.good is False and "no such job" in seen.sentence
    server, run = ended_well([job(f"test {i}", "success", gitlab) for i in range(100)], gitlab)
    seen = await seen_of(server, tmp_path / "many", run, jobs=("deploy*",))
    assert seen.state is WorkState.UNKNOWN and "first hundred" in seen.sentence
