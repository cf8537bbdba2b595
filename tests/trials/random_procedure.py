"""Procedures of sixty steps of all kinds, drawn by chance, for the trials that kill who carries them out."""

from __future__ import annotations

from random import Random

LEAVES = 60
HEAD = 'title = "a run by chance"\npurpose = "carried out by terminals that are killed"\n'


class Drawn:
    """``text`` is the file. ``counted``: commands that append to the counter, with whether each may be done again by itself; ``nodes``: what
    action steps cordon, one each."""

    def __init__(self, seed: int, prefix: str) -> None:
        self._luck, self._prefix, self._left = Random(seed), prefix, LEAVES
        self.counted: dict[str, bool] = {}
        self.nodes: dict[str, str] = {}
        steps: list[str] = []
        while self._left > 0:
            steps.append(self._group() if self._luck.random() < 0.15 else self._leaf("steps"))
        self.text = HEAD + "\n".join(steps)

    def _leaf(self, table: str) -> str:
        number = LEAVES - self._left
        self._left -= 1
        kind = self._luck.choices(
            ("command", "action", "check", "manual", "decision", "wait", "notify", "gate"),
            (22, 14, 5, 6, 4, 4, 4, 2),
        )[0]
        id = f"{kind}-{number}"
        return f'[[{table}]]\nid = "{id}"\ntitle = "{id}"\nkind = "{kind}"\n' + getattr(self, f"_{kind}")(
            id, table
        )

    def _group(self) -> str:
        number = self._left
        parallel = str(self._luck.random() < 0.6).lower()
        head = f'[[steps]]\nid = "group-{number}"\ntitle = "several"\nkind = "group"\nparallel = {parallel}\n'
        return head + "\n".join(
            self._leaf("steps.steps") for _ in range(min(self._left, self._luck.randint(2, 5)))
        )

    def _command(self, id: str, table: str) -> str:
        again = self.counted[id] = self._luck.random() < 0.2
        takes = f"{self._luck.choice((0.0, 0.1, 0.5)):g}"
        return f'command = "count"\nwords = ["{id}", "{takes}"]\nidempotent = {str(again).lower()}\n'

    def _action(self, id: str, table: str) -> str:
        node = self.nodes[id] = f"{self._prefix}-{id.removeprefix('action-')}"
        return f'action = "node.cordon"\nsubject = "Node {node}"\n'

    def _check(self, id: str, table: str) -> str:
        return 'asks = [{ probe = "control-plane.answers" }]\n'

    _gate = _check

    def _manual(self, id: str, table: str) -> str:
        return 'text = "done by hand"\nevidence = ["note"]\n'

    def _decision(self, id: str, table: str) -> str:
        return (
            "\n".join(
                f'[[{table}.branches]]\nid = "{one}"\ntitle = "branch {one}"\nsteps = []'
                for one in ("one", "two")
            )
            + "\n"
        )

    def _wait(self, id: str, table: str) -> str:
        return f'lasts = "{self._luck.choice((1, 2))}s"\n'

    def _notify(self, id: str, table: str) -> str:
        return 'message = "status"\noptional = true\n'
