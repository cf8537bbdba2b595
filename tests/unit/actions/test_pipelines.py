"""Actions by pipeline: exactly what was confirmed is started, once, correlated by the intent, and followed to its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.unit.actions.acting import Ledger, confirmed
from tests.unit.actions.things import NOW, REF, Standing, subject, world
from tfdash.actions.core.action_service import ActingService
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy, Pipeline
from tfdash.actions.core.protocols import NotSent, Writers
from tfdash.clock import FixedClock
from tfdash.model.action import Progress, Request, Result
from tfdash.text import scrubbed
from tfdash.writers.pipelines import CommandWriter, HttpWriter


async def act(
    pipeline: Pipeline, held: Mapping[str, str] = {}
) -> tuple[Progress, Ledger, Standing, list[str]]:
    """``held``: what references give; each other one its own name."""
    board, ledger = Standing(world()), Ledger()
    policy = ActionPolicy(pipelines={"workload.rollback": pipeline}, follow=0.0)
    writers = Writers(
        clusters={REF: board.server},
        commands=CommandWriter(),
        calls=HttpWriter(lambda ref: held.get(ref, f"secret of {ref}")),
    )
    actions = ActingService(board, writers, ledger, policy, FixedClock(NOW), Mode(acts=True))
    guarded = await actions.plan("workload.rollback", subject("Deployment", "web"), {})
    said: list[str] = []
    done = await actions.execute(guarded, confirmed(guarded), lambda p: said.append(p.sentence))
    return done, ledger, board, said


async def test_a_command_gets_what_was_confirmed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = f'echo "$@" > {out}; echo started; echo rolled back'
    pipeline = Pipeline(
        command=("sh", "-c", script, "ci", "{namespace}/{name}", "--to", "{revision}", "{intent}", "{other}")
    )
    done, ledger, board, _ = await act(pipeline)
    assert done.result is Result.APPLIED, done.sentence
    assert "sh ended with 0: started / rolled back" in done.sentence
    assert out.read_text().split() == ["shop/web", "--to", "1", "t1:1", "{other}"]
    assert board.server.sent == []
    assert ledger.kinds()[:3] == ["intent", "confirmation", "outcome"]
    assert any(line.startswith("+ ") for line in done.plan.diff)


@pytest.mark.parametrize(
    ("command", "result", "told"),
    [
        (("sh", "-c", "echo no >&2; exit 3"), Result.FAILED, "ended with 3: no"),
        (("/nowhere/ci",), Result.NOT_APPLIED, "not started: /nowhere/ci is not installed"),
        (("sleep", "9"), Result.UNKNOWN, "did not end within 0.2 s"),
    ],
)
async def test_a_command_that_fails(command: tuple[str, ...], result: Result, told: str) -> None:
    done, _, _, _ = await act(Pipeline(command=command, within=0.2 if command[0] == "sleep" else 5.0))
    assert done.result is result
    assert told in done.sentence


class Ci:
    """A pipeline's HTTP interface on loopback: remembers requests, answers from a list."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []
        self.states = ["running", "running", "success"]
        self.port, self.start_status = 0, 201

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        length = next((int(x.split(":")[1]) for x in lines if x.lower().startswith("content-length")), 0)
        body = (await reader.readexactly(length)).decode()
        token = next((x for x in lines if x.lower().startswith("authorization")), "")
        self.heard.append((lines[0].rsplit(" ", 1)[0], body, token))
        if lines[0].startswith("POST"):
            status, answer = self.start_status, {"run": {"id": 7}}
        else:
            status, answer = 200, {"run": {"state": self.states.pop(0)}}
        raw = json.dumps(answer).encode()
        writer.write(
            f"HTTP/1.1 {status} x\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n\r\n".encode() + raw
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def ci() -> AsyncIterator[Ci]:
    found = Ci()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


def by_http(port: int, **more: object) -> Pipeline:
    at = f"http://127.0.0.1:{port}"
    values = {
        "url": f"{at}/roll?to={{revision}}",
        "headers": {"Authorization": "env:CI"},
        "run": "/run/id",
        "body": '{"ref": "{name}", "id": "{intent}", "x": {"y": 1}}',
        "status_url": f"{at}/runs/{{run}}",
        "state": "/run/state",
        "every": 0.01,
        "within": 5.0,
        **more,
    }
    return Pipeline(**values)


async def test_a_run_is_started_once_and_followed() -> None:
    async with ci() as found:
        done, ledger, _, said = await act(by_http(found.port))
    assert done.result is Result.APPLIED, done.sentence
    assert "run 7 ended: success" in done.sentence
    first, *rest = found.heard
    assert first[0] == "POST /roll?to=1"
    assert json.loads(first[1]) == {"ref": "web", "id": "t1:1", "x": {"y": 1}}
    assert first[2] == "Authorization: secret of env:CI"
    assert [r[0] for r in rest] == ["GET /runs/7"] * 3
    assert "run 7: running" in said
    told = "".join(e.data + e.sentence for e in ledger.entries)
    assert "secret of" not in told


async def test_an_address_with_a_secret_in_it_is_given_by_reference() -> None:
    """It is fetched when it is called; what is shown and recorded is the reference."""
    async with ci() as found:
        at = f"http://127.0.0.1:{found.port}"
        held = {
            "env:CI_URL": f"{at}/roll?id={{intent}}&token=planted-in-a-query",
            "env:RUNS": f"{at}/runs/{{run}}?token=planted-in-a-query",
            "env:BODY": '{"password": "planted-in-a-body", "id": "{intent}"}',
        }
        how = by_http(found.port, url="env:CI_URL", status_url="env:RUNS", body="env:BODY")
        done, ledger, _, said = await act(how, held)
    assert done.result is Result.APPLIED, done.sentence
    assert [r[0] for r in found.heard][:2] == [
        "POST /roll?id=t1%3A1&token=planted-in-a-query",
        "GET /runs/7?token=planted-in-a-query",
    ]
    assert found.heard[0][1] == '{"password": "planted-in-a-body", "id": "t1:1"}'
    assert "planted" not in scrubbed("400: planted-in-a-body is wrong")
    told = "".join(e.data + e.sentence for e in ledger.entries) + repr(said) + repr(done)
    assert "planted" not in told and "calls POST env:CI_URL" in told
    assert "planted" not in scrubbed("401: the token planted-in-a-query is over")


@pytest.mark.parametrize(
    ("states", "start", "result"),
    [
        (["failed"], 201, Result.FAILED),
        (["success"], 403, Result.FAILED),
        (["success"], 502, Result.UNKNOWN),
        (["success"], 302, Result.FAILED),
        (["running"] * 500, 201, Result.UNKNOWN),
    ],
)
async def test_a_run_that_does_not_end_well(states: list[str], start: int, result: Result) -> None:
    async with ci() as found:
        found.states, found.start_status = states, start
        never = len(states) > 1  # only that one waits for the end of its time
        done, _, _, _ = await act(by_http(found.port, within=0.3 if never else 30.0))
    assert done.result is result, done.sentence
    assert sum(h[0].startswith("POST") for h in found.heard) == 1


async def test_nobody_there() -> None:
    request = Request(method="POST", path="http://127.0.0.1:1/x")
    with pytest.raises(NotSent):
        await HttpWriter(str).follow(request, how=by_http(1), names={}, tell=lambda s: None)
