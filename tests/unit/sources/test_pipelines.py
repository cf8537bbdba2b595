"""What GitHub and GitLab say of a version, read from real HTTP that answers as documented, and what the probes make of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
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
        f"{at}/git/matching-refs/tags/v2": [
            {
                "ref": "refs/tags/v2",
                "object": {"type": "tag", "sha": "d" * 40},
            },  # annotated: an object of its own
            {"ref": "refs/tags/v2.1", "object": {"type": "commit", "sha": "e" * 40}},
        ],
        f"{at}/commits/tags/v2": {"sha": SHA, "commit": {"message": "x"}},
        f"{at}/commits/{SHA[:8]}": {"sha": SHA, "commit": {"message": "x"}},
        f"{at}/releases": [{"id": 3, "tag_name": "v2", "draft": True, "body": "what is new"}],
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
        f"{at}/repository/tags": [
            {"name": "v2.1", "target": "e" * 40, "commit": {"id": "e" * 40}},
            {"name": "v2", "target": "d" * 40, "commit": {"id": SHA}},
        ],
        f"{at}/repository/commits/{SHA}": {"id": SHA, "short_id": SHA[:8]},
        f"{at}/repository/commits/{SHA[:8]}": {"id": SHA, "short_id": SHA[:8]},
        f"{at}/releases": [{"tag_name": "v2", "description": "what is new", "upcoming_release": False}],
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


async def seen_of(kind: str, answers: Answers, commit: str = "", **over: Any) -> SeenCommit:
    async with serving(answers) as url:
        return await host(kind, url, **over).seen("v2", commit)


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


NO_TAG = {"github": {"/git/matching-refs/tags/v2": []}, "gitlab": {"/repository/tags": []}}
OTHER = {
    "github": {"/commits/tags/v2": {"sha": "f" * 40}},
    "gitlab": {"/repository/tags": [{"name": "v2", "commit": {"id": "f" * 40}}]},
}


@BOTH
async def test_what_is_not_tagged_yet_is_known_by_its_commit_and_else_not_at_all(
    kind: str, answers: Callable[..., Answers]
) -> None:
    none = answers(**NO_TAG[kind])
    seen = await seen_of(kind, none)
    for id in ("checks-passed", "review-approved", "scan-passed", "migrations-verified"):
        said = probed(id, seen)
        assert said.passed is None and "v2 is not tagged yet: name its commit" in said.sentence
    assert probed("tagged", seen).passed is False
    seen = await seen_of(kind, none, SHA[:8])
    assert (seen.commit, seen.tag) == (SHA, "")
    assert probed("checks-passed", seen).passed is True and probed("review-approved", seen).passed is True
    said = probed("tagged", seen)
    assert said.passed is False and said.sentence == "v2 is not tagged yet" and said.line


@BOTH
async def test_a_tag_of_another_commit_is_a_failure_of_all_that_was_asked(
    kind: str, answers: Callable[..., Answers]
) -> None:
    assert probed("tagged", await seen_of(kind, answers(), SHA[:8])).passed is True
    assert probed("tagged", await seen_of(kind, answers())).passed is True
    seen = await seen_of(kind, answers(**OTHER[kind]), SHA[:8])
    for id in ("tagged", "checks-passed", "review-approved"):
        said = probed(id, seen)
        assert said.passed is False and f"is of {'f' * 12}, not of {'a' * 12}" in said.sentence


@BOTH
async def test_a_host_that_answers_another_commit_than_was_named_is_not_believed(
    kind: str, answers: Callable[..., Answers]
) -> None:
    branch = {"sha": HEAD, "id": HEAD}  # a branch whose name looks like a commit
    at = "/commits/abcdef0" if kind == "github" else "/repository/commits/abcdef0"
    with pytest.raises(HostUnread, match="it tells of"):
        await seen_of(kind, answers(**{at: branch}), "abcdef0")


@BOTH
async def test_migrations_are_checks_that_are_named(kind: str, answers: Callable[..., Answers]) -> None:
    said = probed("migrations-verified", await seen_of(kind, answers()))
    assert said.passed is None and "add migrations to its [procedures.pipelines]" in said.sentence
    named = await seen_of(kind, answers(), migrations=("build",))
    assert probed("migrations-verified", named).passed is True
    missing = await seen_of(kind, answers(), migrations=("flyway",))
    assert probed("migrations-verified", missing).passed is None


@BOTH
@pytest.mark.parametrize(
    ("text", "passed"), [("what is new", True), ("", False), ("  \n", False), (None, False)]
)
async def test_notes_are_a_release_of_the_version_in_which_something_stands(
    kind: str, answers: Callable[..., Answers], text: str | None, passed: bool
) -> None:
    rows = [
        {"id": 1, "tag_name": "v1", "body": "old", "description": "old"},
        {"id": 3, "tag_name": "v2", "draft": True, "body": text, "description": text},
    ]
    said = probed("notes-written", await seen_of(kind, answers(**{"/releases": rows})))
    assert said.passed is passed and said.line


@BOTH
async def test_notes_that_are_not_seen_are_not_known_and_hide_nothing_else(
    kind: str, answers: Callable[..., Answers]
) -> None:
    none = await seen_of(kind, answers(**{"/releases": []}))
    assert probed("notes-written", none).passed is None
    refused = await seen_of(kind, answers(**{"/releases": 403}))
    said = probed("notes-written", refused)
    assert said.passed is None and "403" in said.sentence
    assert probed("checks-passed", refused).passed is True
    both = [{"tag_name": "v2", "body": "", "description": ""}, *answers()[_releases(kind)]]
    assert probed("notes-written", await seen_of(kind, answers(**{"/releases": both}))).passed is True


def _releases(kind: str) -> str:
    return "/repos/acme/shop/releases" if kind == "github" else "/api/v4/projects/acme%2Fshop/releases"


@BOTH
async def test_the_newest_commits_of_the_default_branch_are_there_to_choose(
    kind: str, answers: Callable[..., Answers]
) -> None:
    at = "2026-09-21T14:00:00Z"
    rows: dict[str, Any] = {
        "/commits": [
            {
                "sha": SHA,
                "commit": {"message": "one\n\nmore", "author": {"name": "ann"}, "committer": {"date": at}},
            }
        ],
        "/repository/commits": [
            {
                "id": SHA,
                "title": "one",
                "author_name": "ann",
                "committed_date": "2026-09-21T16:00:00.000+02:00",
            }
        ],
    }
    async with serving(answers(**rows)) as url:
        (one,) = await host(kind, url).newest()
    assert (one.commit, one.title, one.author) == (SHA, "one", "ann")
    assert one.at == datetime.fromisoformat(at).timestamp()


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
    path = "/git/matching-refs/tags/v2" if kind == "github" else "/repository/tags"
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
