"""``python -m tests.ci.dead_code``: vulture as pyproject.toml has it, which also knows what the columns of the table of kinds name by text;
and what a module binds that nobody takes from there, or twice."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from vulture.config import make_config
from vulture.core import Vulture

from tests.ci.bindings import twice, unused
from tfdash.model.kinds import KINDS

OURS, THEIRS = ("tfdash", "screens", "widgets"), ("tests", "benchmarks", "docs")


def main() -> int:
    config = make_config([])
    shown = {column.attribute for spec in KINDS.values() for column in spec.columns}
    finder = Vulture(
        verbose=config["verbose"],
        ignore_names=[*config["ignore_names"], *sorted(shown)],
        ignore_decorators=config["ignore_decorators"],
    )
    finder.scavenge(config["paths"], exclude=config["exclude"])
    found = int(finder.report(min_confidence=config["min_confidence"]))
    trees = {}
    for path in (p for tree in (*OURS, *THEIRS) for p in Path(tree).rglob("*.py")):
        trees[".".join(path.with_suffix("").parts).removesuffix(".__init__")] = ast.parse(
            path.read_text("utf-8")
        )
    ours = sorted(name for name in trees if name.partition(".")[0] in OURS)
    odd = [*unused(trees, ours), *twice(trees, ours)]
    print(*odd, sep="\n", end="\n" if odd else "")
    return found or int(bool(odd))


if __name__ == "__main__":
    sys.exit(main())
