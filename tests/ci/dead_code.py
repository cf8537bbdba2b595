"""``python -m tests.ci.dead_code``: vulture as pyproject.toml has it, which also knows what the columns of the table of kinds name by text."""

from __future__ import annotations

import sys

from vulture.config import make_config
from vulture.core import Vulture

from tfdash.model.kinds import KINDS


def main() -> int:
    config = make_config([])
    shown = {column.attribute for spec in KINDS.values() for column in spec.columns}
    finder = Vulture(
        verbose=config["verbose"],
        ignore_names=[*config["ignore_names"], *sorted(shown)],
        ignore_decorators=config["ignore_decorators"],
    )
    finder.scavenge(config["paths"], exclude=config["exclude"])
    return int(finder.report(min_confidence=config["min_confidence"]))


if __name__ == "__main__":
    sys.exit(main())
