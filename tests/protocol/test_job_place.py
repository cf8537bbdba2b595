"""Commands as Jobs: begun once for a key, found by its name from anywhere, never taken for begun where the server did not say so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.protocol.conftest import Target
from tests.waiting import soon
from tfdash.actions.core.protocols import NotSent
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.settings import AllowedCommand
from tfdash.procedures.protocols import Work, WorkState
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.writers.kubernetes import KubernetesWriter
from tfdash.writers.places.job import JobPlace
from tfdash.writers.places.memory import MemoryOfWork
from tfdash.writers.places.names import name_of

REF = ClusterRef("production", "eu-1")
ALLOWED = AllowedCommand(
    command=("flush",), places=("job",), image="registry.example.com/ops/tools:1", namespace="default"
)


def place(target: Target, folder: Path, *, server: str = "", allowed: AllowedCommand = ALLOWED) -> JobPlace:
    access = resolve(str(target.kubeconfig), target.context)
    access = replace(access, server=server) if server else access
    return JobPlace(KubernetesWriter(REF, Credentials(access)), MemoryOfWork(folder), allowed)


def work(target: Target, name: str, *words: str) -> Work:
    return Work(key=f"run-{target.name}.{name}.1", argv=("flush", *words), timeout=600.0)


def path(of: Work) -> str:
    return f"/apis/batch/v1/namespaces/default/jobs/{name_of(of.key, 52)}"


async def test_it_is_made_once_and_found_from_anywhere(target: Target, tmp_path: Path) -> None:
    asked = work(target, "once", "$(HOME)", "a\nb", "$$", "-rf")
    here = place(target, tmp_path / "here")
    assert (await here.look(asked)).state is WorkState.NOT_STARTED
    mark = await here.mark(asked)
    seen = await here.start(asked)
    assert seen.state is WorkState.RUNNING and "kubectl -n default logs" in seen.line
    await asyncio.gather(*(place(target, tmp_path / "here").start(asked) for _ in range(3)))
    theirs = Work(key=asked.key, argv=asked.argv, mark=mark)
    assert (await place(target, tmp_path / "there").start(theirs)).state is WorkState.RUNNING
    job = target.admin.get(path(asked)).raise_for_status().json()
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == [
        "flush",
        "$$(HOME)",
        "a\nb",
        "$$$$",
        "-rf",
    ]  # nothing is put in for "$(HOME)"
    assert (job["spec"]["backoffLimit"], job["spec"]["activeDeadlineSeconds"]) == (0, 600)


async def test_where_it_was_deleted_it_is_not_known_and_not_begun_again(
    target: Target, tmp_path: Path
) -> None:
    asked = work(target, "deleted")
    here = place(target, tmp_path)
    await here.start(asked)
    body = {"propagationPolicy": "Background"}
    target.admin.request("DELETE", path(asked), json=body).raise_for_status()
    assert (await here.look(asked)).state is WorkState.UNKNOWN
    assert (await here.start(asked)).state is WorkState.UNKNOWN


async def test_what_is_called_off_before_it_began_never_begins(target: Target, tmp_path: Path) -> None:
    asked = work(target, "off")
    here = place(target, tmp_path)
    assert (await here.stop(asked)).state is WorkState.NOT_STARTED
    seen = await place(target, tmp_path).start(asked)
    assert seen.state is WorkState.NOT_STARTED and "called off" in seen.sentence
    assert target.admin.get(path(asked)).status_code == 404


async def test_a_note_that_cannot_be_read_is_not_none(target: Target, tmp_path: Path) -> None:
    asked = work(target, "damaged")
    memory = MemoryOfWork(tmp_path)
    memory.claim(asked.key, {"job": "x"})
    memory.at(asked.key).with_suffix(".json").write_text("")
    for seen in (await place(target, tmp_path).look(asked), await place(target, tmp_path).stop(asked)):
        assert seen.state is WorkState.UNKNOWN and "cannot be read" in seen.sentence


@pytest.mark.parametrize("word", ["\udcff"])
async def test_what_no_text_holds_is_not_sent(target: Target, tmp_path: Path, word: str) -> None:
    asked = work(target, "no-text", word)
    with pytest.raises(NotSent):
        await place(target, tmp_path).start(asked)
    assert (await place(target, tmp_path).look(asked)).state is WorkState.NOT_STARTED


async def test_a_job_of_somebody_else_is_not_ours(target: Target, tmp_path: Path) -> None:
    asked = work(target, "theirs")
    await place(target, tmp_path / "a").start(asked)
    other = Work(
        key=f"{asked.key}x", argv=asked.argv, mark={"job": name_of(asked.key, 52), "memory": "another"}
    )
    assert (await place(target, tmp_path / "b").look(other)).state is WorkState.UNKNOWN


async def test_a_refusal_is_no_beginning(target: Target, tmp_path: Path) -> None:
    here = place(target, tmp_path, allowed=replace(ALLOWED, namespace="there-is-none"))
    asked = work(target, "refused")
    with pytest.raises(NotSent, match="404"):
        await here.start(asked)
    assert (await here.look(asked)).state is WorkState.NOT_STARTED


async def test_where_nobody_answers_nothing_was_begun(target: Target, tmp_path: Path) -> None:
    away = place(target, tmp_path, server="https://127.0.0.1:1")
    asked = work(target, "away")
    with pytest.raises(NotSent):
        await away.start(asked)
    assert (await away.look(asked)).state is WorkState.UNKNOWN
    assert (await place(target, tmp_path).look(asked)).state is WorkState.NOT_STARTED


@pytest.mark.parametrize("end", ["Complete", "Failed"])
async def test_how_it_ended_is_read(target: Target, tmp_path: Path, end: str) -> None:
    """By the controller where there is one: its pod has nobody who would run it there, so that it comes to no good end."""
    if not target.simulated and end == "Complete":
        pytest.skip("nothing runs the pods of the test platform to a good end")
    asked = work(target, f"end-{end.lower()}")
    here = place(target, tmp_path)
    await here.start(asked)
    if not target.simulated:
        await here.stop(asked)
    else:
        ended(target, path(asked), end)

    async def over() -> bool:
        return (await here.look(asked)).state is WorkState.ENDED

    await soon(over, "its end", every=0.2)
    seen = await here.look(asked)
    # beside other tests' nodes the stages of the test platform may have ended its pod well before it was stopped
    good = end == "Complete" if target.simulated else complete(target, path(asked))
    assert (seen.state, seen.good) == (WorkState.ENDED, good)


def complete(target: Target, at: str) -> bool:
    """By the server's own word."""
    told = target.admin.get(at).raise_for_status().json()["status"].get("conditions", [])
    return any((one["type"], one["status"]) == ("Complete", "True") for one in told)


_REASON = {
    "Complete": "CompletionsReached",
    "Failed": "DeadlineExceeded",
}  # whose pod its controller took away


def ended(target: Target, at: str, end: str) -> None:
    now = "2026-11-30T15:00:00Z"
    conditions = [
        {
            "type": name,
            "status": "True",
            "reason": _REASON[end],
            "message": "as a controller",
            "lastTransitionTime": now,
        }
        for name in (end,)
    ]
    status = {
        "conditions": conditions,
        "startTime": now,
        "active": 0,
        "succeeded": 1 if end == "Complete" else 0,
    }
    status |= {"completionTime": now} if end == "Complete" else {"failed": 1}
    patch = {"status": status}
    headers = {"Content-Type": "application/merge-patch+json"}
    target.admin.patch(f"{at}/status", json=patch, headers=headers).raise_for_status()
