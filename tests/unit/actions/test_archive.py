"""Evidence is kept whole, redacted, with what it lacks, before anything is deleted; and a restart knows whether it was."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.actions.acting import Ledger, confirmed
from tests.unit.actions.things import NOW, NS, REF, Standing, subject, world
from tfdash.actions.core.action_service import ActingService
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.plan_digest import requests_of
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import Writers
from tfdash.clock import FixedClock
from tfdash.model.action import Guarded, Progress, Result
from tfdash.model.kubecluster import Event
from tfdash.model.requests import Document, ReadFailed
from tfdash.model.store_state import Entry
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.views.by_hand import by_hand
from tfdash.writers.archives import ArchiveWriter

WEB = subject("Deployment", "web")
HOSTILE = "\x1b[2J\u202eevil"


class Case:
    """An acting service over a world in which web's pod was restarted once."""

    def __init__(self, folder: Path) -> None:
        self.board, self.ledger = Standing(world()), Ledger()
        self.pod = next(
            d
            for d in self.board.documents
            if d["kind"] == "Pod" and d["metadata"]["ownerReferences"][0]["name"].startswith("web-")
        )
        self.name = self.pod["metadata"]["name"]
        container = self.pod["spec"]["containers"][0]
        container["env"] = [{"name": "MODE", "value": "quite-private"}]
        self.container = container["name"]
        self.pod.setdefault("status", {})["containerStatuses"] = [{"name": self.container, "restartCount": 3}]
        at = WEB._replace(kind="Pod", name=self.name)
        self.board.events[at] = (
            Event(namespace=NS, name="e", uid="u", reason="BackOff", message=HOSTILE, last_seen=NOW),
        )
        self.board.logs = {
            (self.name, self.container, False): ["starts", "Authorization: Bearer abcdefghijklmnop"],
            (self.name, self.container, True): ["panic: no route"],
        }
        said = Verdict(level=Level.BREACH, rule="serving.down", subject=WEB, sentence="0 of 3 serve")
        self.board.say(verdicts={WEB: (said,)})
        self.archives = ArchiveWriter(self.board, folder, FixedClock(NOW))
        self.service = ActingService(
            self.board,
            Writers(clusters={REF: self.board.server}, archives=self.archives),
            self.ledger,
            ActionPolicy(),
            FixedClock(NOW),
            Mode(acts=True),
        )

    async def plan(self, at: Subject = WEB) -> Guarded:
        return await self.service.plan("workload.archive", at, {})

    async def act(self, guarded: Guarded) -> Progress:
        return await self.service.execute(guarded, confirmed(guarded), lambda p: None)


def members(path: str) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def digest_and_mode(path: str) -> tuple[str, int]:
    file = Path(path)
    return hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mode & 0o777


async def test_all_that_is_known_is_kept_and_its_digest_is_on_record(tmp_path: Path) -> None:
    case = Case(tmp_path / "evidence")
    done = await case.act(await case.plan())
    assert done.result is Result.APPLIED, done.sentence
    kept = dict(done.items)
    assert (kept["SHA-256"], 0o600) == digest_and_mode(kept["file"])
    outcome = json.loads(case.ledger.entries[-1].data)
    assert ["SHA-256", kept["SHA-256"]] in outcome["items"]
    found = members(kept["file"])
    log = f"logs/{case.name}/{case.container}"
    assert "panic: no route" in found[f"{log}.previous.log"] and "starts" in found[f"{log}.log"]
    assert f"objects/pod-{case.name}.yaml" in found and "objects/deployment-web.yaml" in found
    assert "0 of 3 serve" in found["verdicts.json"]
    assert "BackOff" in found[f"events/pod-{case.name}.txt"]
    assert case.board.server.sent == []
    whole = "".join(found.values())
    for secret in ("quite-private", "abcdefghijklmnop", "\x1b", "\u202e"):
        assert secret not in whole
    listed = {f["name"]: f["sha256"] for f in json.loads(found["manifest.json"])["files"]}
    assert listed == {
        n: hashlib.sha256(t.encode()).hexdigest() for n, t in found.items() if n != "manifest.json"
    }


async def test_what_cannot_be_had_is_said_and_holds_nothing_up(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.board.logs.pop((case.name, case.container, False))
    done = await case.act(await case.plan())
    assert done.result is Result.APPLIED and "no right to get pods/log" in done.sentence
    manifest = json.loads(members(dict(done.items)["file"])["manifest.json"])
    assert any(case.container in told for told in manifest["lacking"])


async def test_of_one_pod(tmp_path: Path) -> None:
    case = Case(tmp_path)
    done = await case.act(await case.plan(WEB._replace(kind="Pod", name=case.name)))
    assert f"logs/{case.name}/{case.container}.log" in members(dict(done.items)["file"])


async def test_a_folder_that_cannot_be_written_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    case = Case(tmp_path / "file" / "evidence")
    done = await case.act(await case.plan())
    assert done.result is Result.NOT_APPLIED and "could not be written" in done.sentence


@pytest.mark.parametrize("written", [True, False])
async def test_after_a_kill_the_file_itself_tells(tmp_path: Path, written: bool) -> None:
    """The intent is on record and no outcome: the file is there whole, or it is not there at all."""
    case = Case(tmp_path)
    guarded = await case.plan()
    if written:
        await case.act(guarded)
    else:

        async def killed(*_: Any) -> Any:
            raise KeyboardInterrupt

        case.archives.keep = killed  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            await case.service._run(
                guarded.plan, "act", case.service._made[guarded.plan.id], confirmed(guarded), print, still
            )
    intent: Entry = next(e for e in case.ledger.entries if e.kind == "intent")
    (found,) = await case.service.reconcile([msgspec.structs.replace(intent, at=NOW - 3600)])
    assert found.result is (Result.APPLIED if written else Result.NOT_APPLIED), found.sentence


async def still() -> str:
    return ""


async def test_the_same_by_hand(tmp_path: Path) -> None:
    case = Case(tmp_path)
    lines = [shlex.split(line) for line in by_hand(requests_of((await case.plan()).plan))]
    assert all(words[0] == "kubectl" and words[-2] == ">" for words in lines)
    assert [
        "kubectl",
        "get",
        "deployments.apps",
        "web",
        "-n",
        NS,
        "-o",
        "yaml",
        ">",
        "deployment-web.yaml",
    ] in lines
    logs = [words for words in lines if words[1] == "logs"]
    assert len(logs) == 2 and "--previous" in logs[1] and case.container in logs[0]


async def test_what_is_gone_meanwhile_is_another_object(tmp_path: Path) -> None:
    case = Case(tmp_path)
    guarded = await case.plan()
    case.board.server.documents = {}
    done = await case.act(guarded)
    assert done.result is Result.REFUSED and os.listdir(tmp_path) == []


async def test_one_that_cannot_be_read_is_lacking(tmp_path: Path) -> None:
    case = Case(tmp_path)
    guarded = await case.plan()
    real = case.board.read

    async def read(at: Subject) -> Document:
        if at.kind == "Pod":
            from tfdash.model.observation import Problem, ProblemKind

            raise ReadFailed(Problem(kind=ProblemKind.NOT_SERVED, cause="not found"))
        return await real(at)

    case.board.read = read  # type: ignore[method-assign]
    done = await case.act(guarded)
    assert done.result is Result.APPLIED and f"Pod {NS}/{case.name} as YAML: " in done.sentence
