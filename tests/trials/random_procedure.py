"""Procedures of sixty steps of all kinds, drawn by chance, for the trials that kill who carries them out."""

from __future__ import annotations

import json
from random import Random

from tfdash.model.procedure import StepKind

LEAVES = 60
ROLE = "trial"
HEAD = f"""title = "a run by chance"
purpose = "carried out by terminals that are killed"
[roles]
{ROLE} = "whom the database knows as one of the people"
"""
_OFTEN = {
    StepKind.COMMAND: 18,
    StepKind.ACTION: 12,
    StepKind.CHECK: 4,
    StepKind.MANUAL: 5,
    StepKind.APPROVAL: 5,
    StepKind.DECISION: 3,
    StepKind.WAIT: 4,
    StepKind.NOTIFY: 4,
    StepKind.GATE: 3,
    StepKind.PROCEDURE: 2,
}
"""Of the 60 at least: each kind is in every procedure."""
_GROUPED = 0.15
_NEEDS = ("cluster", "store", "shared")


class Drawn:
    """``text`` is the file, ``inner`` that of the procedure which some of its steps begin; ``inner_counted``: that one's commands. ``counted``: commands that append to the counter, with whether each may be done again by itself; ``nodes``: the node of
    each action step; ``backs``: the step that takes another back, of those that have one."""

    def __init__(self, seed: int, prefix: str) -> None:
        self._luck, self._prefix = Random(seed), prefix
        self.counted: dict[str, bool] = {}
        self.nodes: dict[str, str] = {}
        self.backs: dict[str, str] = {}
        self._kinds = [kind for kind, count in _OFTEN.items() for _ in range(count)]
        self._luck.shuffle(self._kinds)
        self._sure: list[str] = []  # nodes that are cordoned before what comes next can begin
        self._nested = self._hangs = self._beside = False
        steps = [self._group()]
        while self._kinds:
            steps.append(self._group() if self._luck.random() < _GROUPED else self._leaf("steps"))
        head = HEAD.replace("[roles]", f"{_holds(prefix)}[roles]")
        self.text = head + "\n".join(steps)
        self.inner, self.inner_counted = _inner(prefix)

    def _chance(self, of_one: float) -> bool:
        return self._luck.random() < of_one

    def _leaf(self, table: str) -> str:
        number = LEAVES - len(self._kinds)
        kind = self._kinds.pop(self._fitting()[-1])
        id = f"{kind}-{number}"
        head = f'[[{table}]]\nid = "{id}"\ntitle = "{id}"\nkind = "{kind}"\n{self._common()}'
        own: str = getattr(self, f"_{kind}")(id, table)
        return head + own

    def _fitting(self) -> list[int]:
        """Which of what is left may come next: what hangs on a decision decides nothing."""
        return [i for i, kind in enumerate(self._kinds) if not self._hangs or kind is not StepKind.DECISION]

    def _common(self) -> str:
        """What a step of any kind may want before it begins."""
        found = ""
        if self._sure and self._chance(0.2):
            found += f"before = [{_cordoned(self._luck.choice(self._sure))}]\n"
        if self._chance(0.1):
            found += f'needs = ["{self._luck.choice(_NEEDS)}"]\n'
        return found

    def _group(self) -> str:
        number, parallel = len(self._kinds), self._chance(0.6)
        head = f'[[steps]]\nid = "group-{number}"\ntitle = "several"\nkind = "group"\nparallel = {_flag(parallel)}\n'
        self._nested, self._beside = True, parallel
        inside = [self._leaf("steps.steps") for _ in range(self._luck.randint(2, 5)) if self._kinds]
        self._nested = self._beside = False
        return head + "\n".join(inside)

    # -- kinds ----------------------------------------------------------------------------------------------------

    def _command(self, id: str, table: str) -> str:
        again = self.counted[id] = self._chance(0.3)
        takes, fails = f"{self._luck.choice((0.0, 0.1, 0.5)):g}", 0
        more = ""
        if self._chance(0.25):  # one that may be done again ends well some time
            fails = self._luck.choice((1, 2)) if again else 1
            more += f'on_failure = "{self._luck.choice(("stop", "continue", "ask"))}"\n'
        if again and (fails or self._chance(0.3)):
            more += f'retries = {self._luck.choice((1, 2))}\nretry_after = "1s"\n'
        elif not self._nested and self._chance(0.1):
            more += 'no_return = "what it counted stays counted"\n'
        return _counts(id, takes, fails, again) + more + self._undone(id, table)

    def _undone(self, id: str, table: str) -> str:
        """What takes a command back: a counter of its own."""
        if not self._chance(0.4):
            return ""
        back = self.backs[id] = f"back-{id}"
        again = self.counted[back] = self._chance(0.2)
        return _back(back, table, "command") + _counts(back, "0.1", 0, again)

    def _action(self, id: str, table: str) -> str:
        node = self.nodes[id] = f"{self._prefix}-{id.removeprefix('action-')}"
        own = f'action = "node.cordon"\nsubject = "Node {node}"\n'
        if self._chance(0.5):
            own += f"after = [{_cordoned(node)}]\n"
        if self._chance(0.2):
            own += "idempotent = true\nretries = 1\n"
        if not self._hangs and not self._beside:
            self._sure.append(node)
        if self._chance(0.5):
            back = self.backs[id] = f"back-{id}"
            own += _back(back, table, "action") + f'action = "node.uncordon"\nsubject = "Node {node}"\n'
        return own

    def _check(self, id: str, table: str) -> str:
        return self._asks() + ("retries = 1\n" if self._chance(0.5) else "")

    def _gate(self, id: str, table: str) -> str:
        return self._asks()

    def _asks(self) -> str:
        so = _cordoned(self._luck.choice(self._sure)) if self._sure and self._chance(0.5) else ""
        return f"asks = [{so or _ANSWERS}]\n"

    def _manual(self, id: str, table: str) -> str:
        return 'text = "done by hand"\nevidence = ["note"]\n' + self._undone(id, table)

    def _approval(self, id: str, table: str) -> str:
        own = f'role = "{ROLE}"\n'
        own += self._luck.choice(("", "others = true\n", "count = 2\n"))
        return own + ('alone = "who is alone goes on, and says why"\n' if self._chance(0.4) else "")

    def _decision(self, id: str, table: str) -> str:
        """What hangs on each branch stands behind it."""
        self._hangs = True
        behind = [self._leaf(table) for _ in range(2) if self._fitting()]
        self._hangs = False
        ids = [one.split('"', 2)[1] for one in behind]
        branches = [
            f'[[{table}.branches]]\nid = "{one}"\ntitle = "{one}"\nsteps = {json.dumps(ids[at : at + 1])}'
            for at, one in enumerate(("one", "two"))
        ]
        return "\n".join((*branches, *behind))

    def _wait(self, id: str, table: str) -> str:
        return (self._asks() if self._chance(0.4) else "") + f'lasts = "{self._luck.choice((1, 2))}s"\n'

    def _procedure(self, id: str, table: str) -> str:
        return f'begins = ["{inner_of(self._prefix)}"]\n'

    def _notify(self, id: str, table: str) -> str:
        return 'message = "status"\noptional = true\n'


def inner_of(procedure: str) -> str:
    """The procedure that its steps begin."""
    return f"{procedure}-inner"


def _inner(prefix: str) -> tuple[str, tuple[str, ...]]:
    ids = ("inner-1", "inner-2")
    counts = [
        f'[[steps]]\nid = "{id}"\ntitle = "{id}"\nkind = "command"\n{_counts(id, "0.1", 0, False)}'
        for id in ids
    ]
    manual = '[[steps]]\nid = "by-hand"\ntitle = "by hand"\nkind = "manual"\ntext = "done by hand"\n'
    title = f'title = "begun by a step"\npurpose = "as a step of a run by chance"\n{_holds(prefix)}'
    return "\n".join((title, counts[0], manual, counts[1])), ids


def _holds(prefix: str) -> str:
    """The same target: else it would be no step of it."""
    return f'holds = ["Node {prefix}-held"]\n'


def branch_of(decision: str) -> str:
    """What everybody decides there."""
    return ("one", "two")[int(decision.rpartition("-")[2]) % 2]


_ANSWERS = '{ probe = "control-plane.answers" }'


def _cordoned(node: str) -> str:
    return f'{{ probe = "node.cordoned", node = "{node}" }}'


def _counts(id: str, takes: str, fails: int, again: bool) -> str:
    words = json.dumps([id, takes, str(fails)])
    return f'command = "count"\nwords = {words}\nidempotent = {_flag(again)}\n'


def _back(id: str, table: str, kind: str) -> str:
    return f'[[{table}.undo]]\nid = "{id}"\ntitle = "{id}"\nkind = "{kind}"\n'


def _flag(value: bool) -> str:
    return str(value).lower()
