"""Pipelines of GitHub and GitLab, and plain ones: begun once for a key, and found again though an answer, or we, were lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.writers.pipeline_servers import TOKEN, GitHub, GitLab, Plain, Server
from tfdash.actions.core.protocols import NotSent, OutcomeUnknown
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.procedures.protocols import Work, WorkState
from tfdash.writers.places.github import GitHubPlace
from tfdash.writers.places.gitlab import GitLabPlace
from tfdash.writers.places.http import HttpPlace
from tfdash.writers.places.memory import MemoryOfWork
from tfdash.writers.places.pipeline import PipelinePlace

WORK = Work(key="release-1.deploy.1", values={"version": "v2"})
SORTS = {
    "github": lambda: GitHub(),
    "github, older": lambda: GitHub(details=422),
    "github, older still": lambda: GitHub(details=400),
    "gitlab": lambda: GitLab(),
    "http": lambda: Plain(),
}


def place_of(server: Server, url: str, folder: Path, **over: Any) -> PipelinePlace:
    memory = MemoryOfWork(folder)

    def secret(reference: str) -> str:
        return TOKEN if reference == "env:CI" else "another"

    common = {"token": "env:CI", "id_input": "tfdash", "patience": 5.0, **over}
    if isinstance(server, GitHub):
        common = {"repository": "acme/shop", "workflow": "deploy.yml", **common}
        return GitHubPlace("deploy", PipelineSettings(kind="github", url=url, **common), memory, secret)
    if isinstance(server, GitLab):
        common = {"repository": "acme/shop", **common}
        return GitLabPlace("deploy", PipelineSettings(kind="gitlab", url=url, **common), memory, secret)
    common = {
        "url": f"{url}/start",
        "status_url": f"{url}/runs/{{key}}",
        "body": '{"id": "{key}", "version": "{version}"}',
        **common,
    }
    return HttpPlace("deploy", PipelineSettings(kind="http", **common), memory, secret)


class Case:
    def __init__(self, server: Server, url: str, folder: Path) -> None:
        self.server, self.url, self.folder = server, url, folder
        self.place = place_of(server, url, folder)

    def again(self, folder: str = "", **over: Any) -> PipelinePlace:
        """Of the next program, or of another machine's."""
        return place_of(
            self.server, self.url, self.folder.with_name(folder) if folder else self.folder, **over
        )


@pytest.fixture(params=SORTS)
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    server = SORTS[request.param]()
    async with server.serving() as url:
        yield Case(server, url, tmp_path / "here")


def finish(server: Server, good: bool) -> None:
    run = server.runs[0]
    if isinstance(server, GitHub):
        run |= {"status": "completed", "conclusion": "success" if good else "failure"}
        server.jobs = [{"name": "build", "status": "completed", "conclusion": "success"}]
    else:
        run["status"] = "success" if good else "failed"


@pytest.mark.parametrize("good", [True, False])
async def test_it_is_begun_once_and_followed_to_its_end(case: Case, good: bool) -> None:
    assert (await case.place.look(WORK)).state is WorkState.NOT_STARTED
    assert (await case.place.start(WORK)).state is WorkState.RUNNING
    assert (await case.place.start(WORK)).state is WorkState.RUNNING
    assert (await case.again().start(WORK)).state is WorkState.RUNNING
    finish(case.server, good)
    seen = await case.again().look(WORK)
    assert (seen.state, seen.good) == (WorkState.ENDED, good)
    assert len(case.server.begun) == 1 and "v2" in str(case.server.begun[0])
    assert str(case.server.runs[0].get("id")) in seen.sentence


async def test_asked_twice_at_once_it_is_begun_once(case: Case) -> None:
    await asyncio.gather(*(case.again().start(WORK) for _ in range(5)))
    assert len(case.server.begun) == 1


async def test_where_the_answer_was_lost_it_is_found_by_our_id(case: Case) -> None:
    case.server.fault = "after"
    with pytest.raises(OutcomeUnknown):
        await case.place.start(WORK)
    assert (await case.again().look(WORK)).state is WorkState.RUNNING
    assert (await case.again().start(WORK)).state is WorkState.RUNNING
    assert len(case.server.begun) == 1


async def test_where_it_did_not_arrive_nobody_knows_and_it_is_not_asked_again(case: Case) -> None:
    case.server.fault = "before"
    with pytest.raises(OutcomeUnknown):
        await case.place.start(WORK)
    assert (await case.again().look(WORK)).state is WorkState.UNKNOWN
    assert (await case.again().start(WORK)).state is WorkState.UNKNOWN
    assert not case.server.begun


async def test_what_is_not_shown_yet_is_not_known_and_found_later(case: Case) -> None:
    if isinstance(case.server, Plain):
        pytest.skip("it knows its runs at once")
    case.server.fault, case.server.late = "after", True
    with pytest.raises(OutcomeUnknown):
        await case.place.start(WORK)
    assert (await case.place.look(WORK)).state is WorkState.UNKNOWN
    case.server.late = False
    assert (await case.place.look(WORK)).state is WorkState.RUNNING


async def test_another_machine_finds_it_by_our_id(case: Case) -> None:
    mark = await case.place.mark(WORK)
    await case.place.start(WORK)
    elsewhere, theirs = case.again("there"), Work(key=WORK.key, values=WORK.values, mark=mark)
    assert (await elsewhere.look(theirs)).state is WorkState.RUNNING
    assert (await case.again("there too").start(theirs)).state is WorkState.RUNNING
    assert len(case.server.begun) == 1


async def test_another_machine_does_not_take_its_own_silence_for_an_answer(case: Case) -> None:
    mark = await case.place.mark(WORK)
    theirs = Work(key=WORK.key, values=WORK.values, mark=mark)
    assert (await case.place.look(theirs)).state is WorkState.NOT_STARTED  # its own memory says so
    assert (await case.again("there").look(theirs)).state is WorkState.UNKNOWN


async def test_a_copy_of_a_memory_knows_nothing_of_what_came_later(case: Case) -> None:
    """A machine was cloned, or a home put back, before the other one began: by its silence it would be begun a second time."""
    (mark := dict(await case.place.mark(WORK)))["machine"] += "-before"
    theirs = Work(key=WORK.key, values=WORK.values, mark=mark)
    for seen in (
        await case.place.look(theirs),
        await case.place.stop(theirs),
        await case.place.start(theirs),
    ):
        assert seen.state is WorkState.UNKNOWN
    assert not case.server.begun


async def test_where_nobody_answers_nothing_was_begun_or_it_is_not_known(case: Case) -> None:
    await case.place.start(WORK)
    case.server.away = True
    seen = await case.place.look(WORK)
    assert seen.state is WorkState.UNKNOWN and "cannot be read" in seen.sentence
    unreached = place_of(case.server, "http://127.0.0.1:1", case.folder.with_name("other"))
    with pytest.raises(NotSent):
        await unreached.start(WORK)
    assert (await unreached.look(WORK)).state is WorkState.NOT_STARTED


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 307])
async def test_a_refusal_is_no_beginning_and_may_be_tried_again(case: Case, status: int) -> None:
    case.server.fault, case.server.headers = status, {"Retry-After": "30"}
    with pytest.raises(NotSent, match=f"it answered {status}") as refused:
        await case.place.start(WORK)
    assert ("wait 30 s" in str(refused.value)) is (status in (403, 429))
    assert (await case.place.look(WORK)).state is WorkState.NOT_STARTED
    assert (await case.again().start(WORK)).state is WorkState.RUNNING


@pytest.mark.parametrize("status", [403, 429])
async def test_who_asks_to_be_left_alone_is(case: Case, status: int) -> None:
    """A limit of a rate, as GitHub has it: who goes on asking is shut out."""
    case.server.fault, case.server.headers = status, {"Retry-After": "30"}
    with pytest.raises(NotSent, match="wait 30 s"):
        await case.place.start(WORK)
    asked = len(case.server.asked)
    with pytest.raises(NotSent, match="left alone"):
        await case.place.start(WORK)
    await case.again().start(WORK)  # by another program
    begun = len(case.server.asked)
    assert begun > asked
    seen = await case.place.look(WORK)
    assert seen.state is WorkState.UNKNOWN and "left alone" in seen.sentence
    assert len(case.server.asked) == begun


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_fault_of_the_server_is_no_answer(case: Case, status: int) -> None:
    case.server.fault = status
    with pytest.raises(OutcomeUnknown):
        await case.place.start(WORK)
    assert (await case.place.look(WORK)).state is WorkState.UNKNOWN


@pytest.mark.parametrize("value", ["-rf", "a\nb", '"}, {"', "{key}", "\u202e", "$(id)", "x" * 60000])
async def test_a_hostile_value_arrives_as_it_is(case: Case, value: str) -> None:
    work = Work(key="release-1.deploy.2", values={"version": value})
    await case.place.start(work)
    sent = case.server.begun[0]
    pairs = {one["key"]: one["value"] for one in sent["variables"]} if "variables" in sent else sent
    assert pairs.get("inputs", pairs)["version"] == value
    assert "\n" not in case.place.shown(work) and "\u202e" not in case.place.shown(work)


@pytest.mark.parametrize("value", ["a\0b", "x" * (1 << 20), "\udcff"])
async def test_what_is_no_text_or_too_long_is_not_sent(case: Case, value: str) -> None:
    work = Work(key="release-1.deploy.2", values={"version": value})
    with pytest.raises(NotSent):
        await case.place.start(work)
    assert not case.server.begun and (await case.place.look(work)).state is WorkState.NOT_STARTED
    assert case.place.shown(work).isprintable()


async def test_where_the_disk_takes_nothing_nothing_is_asked_for(case: Case, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = place_of(case.server, case.url, tmp_path / "file" / "work")
    with pytest.raises(NotSent, match="nothing can be written down"):
        await place.start(WORK)
    assert not case.server.asked


async def test_its_token_is_in_nothing_that_is_shown(case: Case) -> None:
    if isinstance(case.server, Plain):
        pytest.skip("it asks for none")
    place = case.again("wrong", token="env:OTHER")
    with pytest.raises(NotSent, match="401") as refused:
        await place.start(WORK)
    assert "another" not in str(refused.value) and "another" not in place.shown(WORK)


async def test_it_is_stopped(case: Case) -> None:
    await case.place.start(WORK)
    seen = await case.place.stop(WORK)
    if isinstance(case.server, Plain):
        assert seen.state is WorkState.RUNNING and "stop it there" in seen.sentence
    else:
        assert (seen.state, seen.good) == (WorkState.ENDED, False)


async def test_what_is_called_off_before_it_began_never_begins(case: Case) -> None:
    """As whoever claimed its step too late finds it, before it is said that nothing was sent and another attempt is made."""
    assert (await case.place.stop(WORK)).state is WorkState.NOT_STARTED
    seen = await case.again().start(WORK)
    assert seen.state is WorkState.NOT_STARTED and "called off" in seen.sentence
    assert (await case.again().stop(WORK)).state is WorkState.NOT_STARTED
    assert not case.server.begun
    await case.place.start(Work(key="release-1.deploy.2", values=WORK.values))
    assert len(case.server.begun) == 1


@pytest.mark.parametrize("text", ["", '{"asked_a', "[]"])
async def test_a_note_that_cannot_be_read_is_not_none(case: Case, text: str) -> None:
    await case.place.start(WORK)
    memory = MemoryOfWork(case.folder)
    memory.at(WORK.key).with_suffix(".json").write_text(text)
    for seen in (await case.place.look(WORK), await case.place.start(WORK), await case.place.stop(WORK)):
        assert seen.state is WorkState.UNKNOWN and "cannot be read" in seen.sentence
    assert len(case.server.begun) == 1


async def test_a_run_that_was_deleted_is_not_known(case: Case) -> None:
    await case.place.start(WORK)
    case.server.runs.clear()
    seen = await case.place.look(WORK)
    assert seen.state is WorkState.UNKNOWN and "not there any more" in seen.sentence


# -- of one sort ------------------------------------------------------------------------------------------------------


async def test_an_older_github_whose_runs_do_not_show_our_id_leaves_it_unknown(tmp_path: Path) -> None:
    server = GitHub(details=422, run_name=False)
    async with server.serving() as url:
        place = place_of(server, url, tmp_path / "w")
        assert (await place.start(WORK)).state is WorkState.UNKNOWN
        plain = place_of(server, url, tmp_path / "v", id_input="")
        seen = await plain.start(Work(key="other.key.1", values={"version": "v2"}))
        assert seen.state is WorkState.UNKNOWN and "add id_input" in seen.sentence
    assert len(server.begun) == 2


async def test_our_id_is_found_behind_a_hundred_others_and_never_a_part_of_it(tmp_path: Path) -> None:
    server = GitHub(details=422)
    async with server.serving() as url:
        place = place_of(server, url, tmp_path / "w")
        server.fault = "after"
        with pytest.raises(OutcomeUnknown):
            await place.start(WORK)
        ours = server.runs[0]
        for i in range(150):
            other = {**ours, "id": 5000 + i, "display_title": f"{ours['display_title']}{i}"}
            server.runs.insert(0, other)
        ours["conclusion"], ours["status"] = "success", "completed"
        assert (await place.look(WORK)).good


async def test_where_gitlab_shows_no_variables_it_is_not_known_and_said_why(tmp_path: Path) -> None:
    server = GitLab(shows_variables=False)
    async with server.serving() as url:
        place = place_of(server, url, tmp_path / "w")
        server.fault = "after"
        with pytest.raises(OutcomeUnknown):
            await place.start(WORK)
        seen = await place.look(WORK)
        assert seen.state is WorkState.UNKNOWN and "403" in seen.sentence
        server.runs[0]["name"] = f"deploy {place.id_of(WORK)}"  # shown by workflow:name
        assert (await place.look(WORK)).state is WorkState.RUNNING
    assert len(server.begun) == 1


async def test_a_plain_one_without_our_id_is_known_by_what_it_answered(tmp_path: Path) -> None:
    server = Plain()
    async with server.serving() as url:
        over = {"status_url": f"{url}/runs/{{run}}", "run": "/id", "id_input": ""}
        place = place_of(server, url, tmp_path / "w", **over)
        assert (await place.start(WORK)).state is WorkState.RUNNING
        server.fault = "after"
        with pytest.raises(OutcomeUnknown):
            await place.start(Work(key="other.key.1", values={"version": "v2"}))
        lost = Work(key="other.key.1", values={"version": "v2"})
        assert (await place.look(lost)).state is WorkState.UNKNOWN
