"""A terminal without a screen that keeps its ring and says what it judges, until it is killed: ``python -m ... CONFIG``."""

from __future__ import annotations

import json
import sys

from tfdash.cli.compose import board_of, clock_of
from tfdash.cli.recording import keep_recording
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.model.kinds import JUDGED
from tfdash.model.update import Update
from tfdash.sources.base import ALL


def said(update: Update) -> str:
    """One line of what was judged: all levels, and those of the sections."""
    verdicts = {
        f"{subject} {verdict.rule}": int(verdict.level)
        for subject, verdicts in update.assessment.verdicts.items()
        for verdict in verdicts
    }
    sections = {section.id: int(section.level) for section in update.assessment.sections}
    return json.dumps([update.assessment.at, update.assessment.number, verdicts, sections])


def main(path: str) -> None:
    config = load_quick(path)
    settings, clock = load(config.path), clock_of(config)
    board, _ = board_of(config, settings, clock, probing=True)
    keep_recording(board, config, settings, clock)
    board.want("child", dict.fromkeys(JUDGED, ALL))
    board.subscribe(lambda update: print(said(update), flush=True))
    board.start()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
