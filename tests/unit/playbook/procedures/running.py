"""Runs as tests write them: a procedure in TOML, and its events in few words."""

from __future__ import annotations

from typing import Any

from tfdash.model.run import RunEvent, RunEventKind, RunJournal, RunState, StepState
from tfdash.playbook.procedures.reading import digest_of
from tfdash.playbook.procedures.started import run_id, within_of
from tfdash.playbook.procedures.state import run_state

AT = 1_795_539_600.0

TEXT = """
title = "bring it back"
recovery = true
rto = "30m"

[roles]
managers = "who may let traffic go"

[[steps]]
id = "seen"
title = "it is down"
kind = "check"
asks = [{ probe = "workload.down", workload = "Deployment shop/web" }]

[[steps]]
id = "how"
title = "how is it mended?"
kind = "decision"

[[steps.branches]]
id = "back"
title = "roll back"
steps = ["rollback"]

[[steps.branches]]
id = "forth"
title = "release a fix"
steps = ["fix"]

[[steps]]
id = "rollback"
title = "roll it back"
kind = "action"
action = "workload.rollback"
subject = "Deployment shop/web"
after = [{ probe = "workload.serving", workload = "Deployment shop/web" }]

[[steps.undo]]
id = "again"
title = "release it again"
kind = "manual"
text = "as it is written"

[[steps]]
id = "fix"
title = "the fix goes out"
kind = "manual"
text = "as it is written"
evidence = ["note"]

[[steps]]
id = "both"
title = "side by side"
kind = "group"
parallel = true
tier = 1

[[steps.steps]]
id = "scale"
title = "scale it"
kind = "command"
command = "scale"
by_hand = "kubectl scale"
target = "5m"

[[steps.steps]]
id = "tell"
title = "tell them"
kind = "notify"
on_failure = "continue"
message = "started"

[[steps]]
id = "may"
title = "may traffic go there?"
kind = "approval"
role = "managers"
count = 2
alone = "break-glass, reviewed the next day"

[[steps]]
id = "serves"
title = "it serves"
kind = "wait"
asks = [{ probe = "workload.serving", workload = "Deployment shop/web" }]

[[steps]]
id = "learned"
title = "what was missing here"
kind = "manual"
text = "as it is written"
"""


class Run:
    """Events of one run, each one more than all before it. ``terminal`` of the next ones: "ann" unless it is told."""

    def __init__(self, text: str = TEXT, *, terminal: str = "ann", **data: Any) -> None:
        digest = digest_of(text)
        where = data.get("environment", ""), data.get("cluster", "")
        chosen, nonce, dry = data.get("inputs", {}), data.get("nonce", "n"), data.get("dry") is True
        own = {"where": where, "dry": dry, "within": within_of(data)}
        self.id = run_id(data.get("procedure", "back"), digest, terminal, chosen, nonce, **own)
        self.events: list[RunEvent] = []
        told = {"procedure": "back", "text": text, "digest": digest, "inputs": {}, "nonce": "n"}
        self.add("started", terminal=terminal, **{**told, "targets": ["Deployment shop/web"], **data})

    def add(
        self,
        kind: str,
        step: str = "",
        *,
        terminal: str = "ann",
        by: str = "",
        attempt: int = 0,
        number: int = 0,
        at: float = 0.0,
        sentence: str = "",
        stamped: str = "",
        **data: Any,
    ) -> RunEvent:
        number = number or 1 + max((one.number for one in self.events), default=0)
        event = RunEvent(
            run=self.id,
            number=number,
            at=at or AT + 10 * number,
            kind=RunEventKind(kind),
            by=by or terminal,
            terminal=terminal,
            step=step,
            attempt=attempt,
            sentence=sentence,
            data=data,
            stamped=stamped,
        )
        self.events.append(event)
        return event

    def acted(self, step: str, fence: int = 1, *, terminal: str = "ann", end: str = "done") -> None:
        """Claimed, begun and, unless ``end`` is "", ended."""
        attempt = self.step(step).attempt + 1
        self.add("claimed", step, terminal=terminal, fence=fence)
        self.add("begun", step, terminal=terminal, attempt=attempt, fence=fence, mark={"uid": step})
        if end:
            self.add(end, step, terminal=terminal, attempt=attempt)

    @property
    def journal(self) -> RunJournal:
        ordered = sorted(self.events, key=lambda one: (one.number, one.terminal))
        return RunJournal(id=self.id, events=tuple(ordered))

    @property
    def state(self) -> RunState:
        return run_state(self.journal)

    def step(self, id: str) -> StepState:
        return next(one for one in self.state.steps if one.id == id)

    def statuses(self) -> dict[str, str]:
        return {one.id: one.status.value for one in self.state.steps}
