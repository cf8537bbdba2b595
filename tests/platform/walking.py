"""A person who walks through a run step by step on a real control plane, and what its API server has on record of that."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import REF, Terminal, terminal
from tests.unit.actions.acting import TestJudge, confirmed
from tests.waiting import until
from tfdash.cli import main
from tfdash.cli.compose import policies_of
from tfdash.config.load import load
from tfdash.judging.judge import Judge
from tfdash.model.run import RunState, StepState, StepStatus
from tfdash.model.subject import ClusterRef
from tfdash.procedures.kind import state_of
from tfdash.procedures.protocols import Given, Prepared, RunRefused

LONG = 60.0
LONGEST = 1800.0  # seconds: what was released is watched for a quarter of an hour
SIGNATURE = "a test's word: "
"""Before all that is signed: the evidence of these runs stands in the docs, and nobody saw what it says."""
OVER = (StepStatus.DONE, StepStatus.ALREADY, StepStatus.SKIPPED)


def walking_terminal(config: Path, kinds: tuple[str, ...]) -> AbstractContextManager[Terminal]:
    """Judging by the policies and the calendar of its configuration: what is proposed, when, and in which zone it is told."""
    return terminal(config, kinds=kinds, judge=Judged(policies=policies_of(load(config))))


class Judged(TestJudge):
    def assess(self, picture: Any, change: Any, now: float) -> Any:
        return Judge.assess(self, picture, change, now)


class Walk:
    """``at`` may be another terminal by the next step: what a run is stands in the store alone. ``cluster``: where it acts; ``user`` sits there."""

    def __init__(
        self, at: Terminal, run: str = "", cluster: ClusterRef = REF, user: str = "admin@corp"
    ) -> None:
        self.at, self.run, self.cluster = at, run, cluster
        journals = at.runs.engine.means.journals
        at.until(lambda: not journals.unread, "all that is on record to be read")
        who = at.runs.engine.means.who
        at.until(lambda: who(cluster) == user, "the API server's word on who is there")

    def start(self, procedure: str, inputs: Mapping[str, tuple[str, ...]], reason: str) -> None:
        """As the dialog does: what the run tells people by itself is shown beforehand."""
        runs, known = self.at.runs, {name: ", ".join(values) for name, values in inputs.items()}
        shown = self.at.run(runs.previews(procedure, known, self.cluster))
        begun = runs.start(procedure, inputs, reason=reason, cluster=self.cluster, previewed=tuple(shown))
        self.run = self.at.run(begun).id

    @property
    def state(self) -> RunState:
        found = self.at.runs.run(self.run)
        assert found is not None
        return found

    def step(self, id: str) -> StepState:
        found = state_of(self.state, id)
        assert found is not None, id
        return found

    def prepared(self, id: str) -> Prepared:
        return self.at.run(self.at.runs.prepare(self.run, id), 60.0)

    def ready(self, id: str, *words: str) -> Prepared:
        """Once one of ``words`` is among what may be done with it, and what it asks is read, where it is to be done."""
        shown: list[Prepared] = []

        def may() -> bool:
            with suppress(RunRefused):
                shown[:] = [self.prepared(id)]
            known = shown and ("do" not in words or all(one.passed is not None for one in shown[0].asks))
            return bool(known) and any(word in shown[0].may for word in words)

        until(
            may, lambda: f"{id}: {words}: {shown and (shown[0].may, shown[0].refused)}: {self.step(id)}", LONG
        )
        return shown[0]

    def do(self, id: str, *, fails: bool = False, **given: Any) -> StepState:
        """As the screen offers it: a plan is confirmed, what is already so is passed. Until it came to an end."""
        self.carried(self.ready(id, "do", "pass"), **given)
        return self.ended(id, *((StepStatus.FAILED,) if fails else OVER))

    def carried(self, shown: Prepared, **given: Any) -> None:
        """As it was shown, for as long as that takes: however it ends."""
        why = {"reason": given["reason"]} if "reason" in given else {}
        plan = {"confirmation": confirmed(shown.guarded, **why)} if shown.guarded is not None else {}
        self.at.run(self.at.runs.do(self.run, shown.step.id, Given(**{**plan, **given})), LONGEST)

    def ended(self, id: str, *statuses: StepStatus) -> StepState:
        wanted = statuses or OVER
        until(
            lambda: self.step(id).status in (*wanted, StepStatus.FAILED),
            lambda: f"{id}: {self.at.runs.probes(self.run, id)}: {self.step(id)}",
            LONGEST,
        )
        assert self.step(id).status in wanted, self.step(id)
        return self.step(id)

    def sign(
        self, id: str, *, link: str = "", note: str = "", file: str = "", no_return: bool = False
    ) -> StepState:
        """By hand: of a manual step, or where it is not known or not configured."""
        self.ready(id, "sign")
        note = f"{SIGNATURE}{note or 'nothing more'}"
        given = Given(worked=True, note=note, link=link, file=file, no_return=no_return)
        self.at.run(self.at.runs.do(self.run, id, given))
        return self.ended(id)

    def alone(self, id: str, reason: str) -> StepState:
        """An approval, where nobody else answers."""
        self.ready(id, "alone")
        self.at.run(self.at.runs.do(self.run, id, Given(alone=True, reason=f"{SIGNATURE}{reason}")))
        return self.ended(id)

    def approve(self, id: str, reason: str) -> None:
        """As one of the role, at a terminal of their own."""
        self.ready(id, "approve")
        self.at.run(self.at.runs.do(self.run, id, Given(reason=reason)))

    def decide(self, id: str, branch: str, reason: str) -> Prepared:
        shown = self.ready(id, "decide")
        self.at.run(self.at.runs.do(self.run, id, Given(branch=branch, reason=reason)))
        self.ended(id)
        return shown

    def note(self, id: str, text: str) -> None:
        self.at.run(self.at.runs.note(self.run, id, text))

    def skip(self, id: str, reason: str) -> StepState:
        self.ready(id, "skip")
        self.at.run(self.at.runs.skip(self.run, id, Given(reason=reason)))
        return self.ended(id)

    def close(self, note: str) -> RunState:
        self.at.run(self.at.runs.close(self.run, Given(note=note)))
        return self.state


def changes(cluster: Cluster, since: int, agent: str = "tfdash") -> Counter[tuple[str, str, str]]:
    """What our program (or another, by the first word of its user agent) changed, by the API server's own audit log behind its line ``since``: (verb, resource/subresource, name), each
    as often as it was accepted. No request is there twice."""
    found: Counter[tuple[str, str, str]] = Counter()
    ids: Counter[str] = Counter()
    text = cluster.audit_log.read_text()
    for row in text[: text.rfind("\n") + 1].splitlines()[since:]:  # the last may be half written
        told = json.loads(row)
        about = told.get("objectRef", {})
        mine = (
            told.get("userAgent", "").partition("/")[0] == agent and told.get("stage") == "ResponseComplete"
        )
        if not mine or told["verb"] in ("get", "list", "watch") or "dryRun" in told.get("requestURI", ""):
            continue
        ids[told["auditID"]] += 1
        if told.get("responseStatus", {}).get("code", 0) < 300:
            what = "/".join(filter(None, (about.get("resource", ""), about.get("subresource", ""))))
            found[told["verb"], what, about.get("name", "")] += 1
    assert all(count == 1 for count in ids.values()), ids
    return found


def exported(config: Path, run: str, name: str, folder: Path, *paths: Path) -> str:
    """The run by ``tfdash procedures export --run``, without the folders and the name of this machine. With TFDASH_EVIDENCE=FOLDER it is written
    there too, as docs/evidence-NAME.md is made: ``TFDASH_EVIDENCE=docs pytest --platform tests/platform/test_procedure_*.py``."""
    target = folder / "evidence.md"
    code = main(
        ["procedures", "export", "--run", run, "--format", "md", "-o", str(target), "--config", str(config)]
    )
    assert code == 0
    told = target.read_text()
    for path in paths:
        told = told.replace(str(path), "…")
    told = told.replace(f"{socket.gethostname()}-{getpass.getuser()}-", "terminal-")
    if where := os.environ.get("TFDASH_EVIDENCE"):
        (Path(where) / f"evidence-{name}.md").write_text(told)
    return told
