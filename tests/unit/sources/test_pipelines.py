"""What GitHub and GitLab say of a version, read from real HTTP that answers as documented, and what the probes make of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from tfdash.model.assessment import Assessment
from tfdash.model.commits import SeenCommit, commit_key
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture
from tfdash.model.procedure import Ask
from tfdash.model.run import Probed
from tfdash.model.subject import ClusterRef
from tfdash.model.traffic import Signals
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.sources.pipelines.hosts import CodeHost, GitHubHost, GitLabHost
from tfdash.sources.pipelines.reading import HostUnread

NOW = 1_790_000_000.0
SHA, HEAD = "a" * 40, "b" * 40
TOKEN = "a-token-of-nobody-at-all"
Answers = dict[str, Any]


def github(**over: Any) -> Answers:
    """By path; as https://docs.github.com/en/rest shows them, with what we read."""
    at = "/repos/acme/shop"
    return {
        f"{at}/commits/v2": {"sha": SHA, "commit": {"message": "x"}},
        f"{at}/commits/{SHA}/check-runs": {
            "total_count": 2,
            "check_runs": [
                {"name": "build", "status": "completed", "conclusion": "success"},
                {"name": "docs", "status": "completed", "conclusion": "skipped"},
            ],
        },
        f"{at}/commits/{SHA}/status": {
            "state": "success",
            "statuses": [{"context": "ci/old", "state": "success"}],
        },
        f"{at}/commits/{SHA}/pulls": [
            {"number": 7, "merged_at": None, "user": {"login": "eve"}, "head": {"sha": "c" * 40}},
            {
                "number": 5,
                "merged_at": "2026-09-21T14:00:00Z",
                "user": {"login": "ann"},
                "head": {"sha": HEAD},
            },
        ],
        f"{at}/pulls/5/reviews": [review("bob")],
        **{f"{at}{path}": answer for path, answer in over.items()},
    }


def review(who: str, state: str = "APPROVED", commit: str = HEAD) -> dict[str, Any]:
    return {
        "user": {"login": who},
        "state": state,
        "commit_id": commit,
        "submitted_at": "2026-09-21T13:00:00Z",
    }


def gitlab(**over: Any) -> Answers:
    at = "/api/v4/projects/acme%2Fshop"
    return {
        f"{at}/repository/commits/v2": {"id": SHA, "short_id": SHA[:8]},
        f"{at}/repository/commits/{SHA}/statuses": [
            {"name": "build", "status": "success", "allow_failure": False},
            {"name": "lint", "status": "failed", "allow_failure": True},
            {"name": "deploy", "status": "manual", "allow_failure": False},
        ],
        f"{at}/repository/commits/{SHA}/merge_requests": [
            {"iid": 5, "state": "merged", "author": {"username": "ann"}}
        ],
        f"{at}/merge_requests/5/approvals": {
            "approved_by": [{"user": {"username": "bob"}}],
            "approvals_left": 0,
        },
        **{f"{at}{path}": answer for path, answer in over.items()},
    }


@asynccontextmanager
async def serving(answers: Mapping[str, Any]) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        if TOKEN not in (request.headers.get("PRIVATE-TOKEN"), request.headers.get("Authorization", "")[7:]):
            return web.json_response({"message": "Bad credentials"}, status=401)
        found = answers.get(request.raw_path.partition("?")[0])
        if isinstance(found, int):
            return web.json_response({"message": "no"}, status=found)
        if isinstance(found, list):
            page, each = int(request.query.get("page", 1)), int(request.query.get("per_page", 30))
            found = found[(page - 1) * each : page * each]
        return web.json_response(
            found if found is not None else {"message": "Not Found"}, status=200 if found is not None else 404
        )

    app = web.Application()
    app.router.add_get("/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def host(kind: str, url: str, token: str = TOKEN, **over: Any) -> CodeHost:
    settings = PipelineSettings(
        kind=kind, url=url, repository="acme/shop", workflow="d.yml", token="env:T", patience=5.0, **over
    )
    return (GitHubHost if kind == "github" else GitLabHost)("deploy", settings, lambda reference: token)


async def seen_of(kind: str, answers: Answers, **over: Any) -> SeenCommit:
    async with serving(answers) as url:
        return await host(kind, url, **over).seen("v2")


def probed(id: str, seen: SeenCommit | None, age: float = 0.0) -> Probed:
    signals = Signals()
    if seen is not None:
        at = Observation(value=seen, observed_at=NOW - age, complete=True)
        signals = Signals(commits={commit_key("deploy", "v2"): at})
    case = ProbeCase(
        arguments={},
        cluster=ClusterRef("production", "eu-1"),
        picture=Picture(number=1, at=NOW, clusters={}, signals=signals),
        assessment=Assessment(number=1, at=NOW, verdicts={}, workloads={}),
        now=NOW,
    )
    return answered(Ask(probe=f"pipeline.{id}", arguments=(("pipeline", "deploy"), ("version", "v2"))), case)


BOTH = pytest.mark.parametrize(("kind", "answers"), [("github", github), ("gitlab", gitlab)])


@BOTH
async def test_a_version_that_was_tested_and_approved_passes(
    kind: str, answers: Callable[..., Answers]
) -> None:
    seen = await seen_of(kind, answers())
    assert (seen.commit, seen.author, seen.approved) == (SHA, "ann", ("bob",))
    assert probed("checks-passed", seen).passed is True
    said = probed("review-approved", seen)
    assert said.passed is True and "approved by bob" in said.sentence and said.line
    assert probed("scan-passed", seen).passed is None  # nobody said which check it is


@pytest.mark.parametrize(
    ("run", "passed"),
    [
        ({"status": "completed", "conclusion": "failure"}, False),
        ({"status": "completed", "conclusion": "timed_out"}, False),
        ({"status": "completed", "conclusion": "action_required"}, False),
        ({"status": "completed", "conclusion": "a new word"}, False),
        ({"status": "in_progress", "conclusion": None}, None),
        ({"status": "queued", "conclusion": None}, None),
        ({"status": "completed", "conclusion": "neutral"}, True),
    ],
)
async def test_one_check_that_did_not_pass_is_enough(run: dict[str, Any], passed: bool | None) -> None:
    path = f"/commits/{SHA}/check-runs"
    runs = [{"name": "build", "status": "completed", "conclusion": "success"}, {"name": "test", **run}]
    seen = await seen_of("github", github(**{path: {"total_count": 2, "check_runs": runs}}))
    assert probed("checks-passed", seen).passed is passed


@BOTH
async def test_a_check_that_is_named_must_have_run_and_passed(
    kind: str, answers: Callable[..., Answers]
) -> None:
    seen = await seen_of(kind, answers(), checks=("build",), scans=("trivy",))
    assert probed("checks-passed", seen).passed is True
    said = probed("scan-passed", seen)
    assert said.passed is None and "trivy did not run" in said.sentence
    skipped = await seen_of(kind, answers(), checks=("docs",), scans=("lint",))
    assert probed("checks-passed", skipped).passed is (False if kind == "github" else None)
    assert probed("scan-passed", skipped).passed is (None if kind == "github" else False)


async def test_without_any_check_nothing_passed() -> None:
    none = {f"/commits/{SHA}/check-runs": {"check_runs": []}, f"/commits/{SHA}/status": {"statuses": []}}
    assert probed("checks-passed", await seen_of("github", github(**none))).passed is None


@pytest.mark.parametrize(
    ("reviews", "words"),
    [
        ([], "0 of 1 approval"),
        ([review("ann")], "0 of 1 approval"),  # of its author
        ([review("bob", commit="c" * 40)], "bob approved what it was before"),
        ([review("bob"), review("bob", "DISMISSED")], "0 of 1 approval"),
        ([review("bob"), review("eve", "CHANGES_REQUESTED")], "eve asked for changes"),
        ([review("bob"), review("bob", "CHANGES_REQUESTED")], "bob asked for changes"),
        ([review("bob", "COMMENTED")], "0 of 1 approval"),
    ],
)
async def test_what_is_no_approval(reviews: list[dict[str, Any]], words: str) -> None:
    said = probed("review-approved", await seen_of("github", github(**{"/pulls/5/reviews": reviews})))
    assert said.passed is False and words in said.sentence


async def test_a_comment_after_it_takes_no_approval_back_and_two_are_two_people() -> None:
    reviews = [review("bob"), review("bob", "COMMENTED"), review("bob")]
    seen = await seen_of("github", github(**{"/pulls/5/reviews": reviews}))
    assert probed("review-approved", seen).passed is True
    seen = await seen_of("github", github(**{"/pulls/5/reviews": reviews}), reviews=2)
    assert probed("review-approved", seen).passed is False


@BOTH
async def test_a_commit_that_no_review_has_was_not_reviewed(
    kind: str, answers: Callable[..., Answers]
) -> None:
    path = f"/commits/{SHA}/pulls" if kind == "github" else f"/repository/commits/{SHA}/merge_requests"
    said = probed("review-approved", await seen_of(kind, answers(**{path: []})))
    assert said.passed is False and "no review has this commit" in said.sentence


@BOTH
@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_what_cannot_be_read_is_not_known(
    kind: str, answers: Callable[..., Answers], status: int
) -> None:
    path = "/commits/v2" if kind == "github" else "/repository/commits/v2"
    with pytest.raises(HostUnread, match=str(status)):
        await seen_of(kind, answers(**{path: status}))


async def test_a_wrong_token_is_said_and_not_shown() -> None:
    async with serving(github()) as url:
        with pytest.raises(HostUnread, match="401: Bad credentials") as told:
            await host("github", url, token="another-token-that-is-wrong").seen("v2")
    assert "another-token" not in str(told.value)


async def test_more_checks_than_a_page_are_read_and_more_than_are_read_are_not_known() -> None:
    def states(count: int) -> Answers:
        rows = [{"name": f"job {i}", "status": "success", "allow_failure": False} for i in range(count)]
        return gitlab(**{f"/repository/commits/{SHA}/statuses": rows})

    assert len((await seen_of("gitlab", states(250))).checks) == 250
    with pytest.raises(HostUnread, match="more than"):
        await seen_of("gitlab", states(600))


def test_what_was_not_read_or_is_old_is_not_known() -> None:
    assert probed("checks-passed", None).passed is None
    seen = SeenCommit(pipeline="deploy", version="v2", commit=SHA, review="pull request 5", approved=("bob",))
    assert probed("review-approved", seen).passed is True
    assert probed("review-approved", seen, age=3600.0).passed is None
