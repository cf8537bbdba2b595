"""The bundle of an incident, from the palette: the terminal is lent to ``tfdash incident-bundle``, which lists what it will hold and asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from textual.app import SuspendNotSupported

from screens.frame.terminal_handover import Terminal, hand_over
from tfdash.durations import parse_duration
from tfdash.process import how_ended
from tfdash.text import safe

ANONYMISE = "--anonymise"
_WRITTEN, _NOT_WHOLE, _NOT_WRITTEN = 0, 2, 3  # exit codes of ``tfdash incident-bundle``


class BundleTold(NamedTuple):
    """``level`` as ``Shell.tell`` has it."""

    text: str
    level: str = "warning"


def make_bundle(app: Terminal, argv: Sequence[str], asked: str, shown: float | None = None) -> BundleTold:
    """``argv`` makes it, of so much as ``asked`` says ("10m"; "" is what the command has by itself), by aliases where it says
    ``--anonymise``, of a recording to the moment that is ``shown``: who has jumped to it means what led to it. Returns where it is, or why
    it is not."""
    if not argv:
        return BundleTold("a bundle cannot be made here: tfdash incident-bundle makes it in another terminal")
    words = list(argv)
    for word in asked.split():
        if word == ANONYMISE:
            words.append(word)
            continue
        try:
            parse_duration(word)
        except ValueError as error:
            return BundleTold(f"{safe(str(error))}; as: :incident-bundle 10m {ANONYMISE}")
        words += ("--last", word)
    if shown is not None:
        moment = datetime.fromtimestamp(math.floor(shown * 1000) / 1000, UTC)  # never behind the end
        words += ("--at", moment.isoformat())
    printed = bytearray()
    try:
        # what it lacks was listed before somebody said yes
        code = hand_over(
            app,
            words,
            "what is known of the last minutes is gathered ...",
            None,
            printed,
            (_WRITTEN, _NOT_WHOLE),
        )
    except SuspendNotSupported:
        return BundleTold("this terminal cannot be lent out; run in another one: tfdash incident-bundle")
    except OSError as error:
        return BundleTold(f"tfdash incident-bundle cannot be run: {error.strerror}")
    name = bytes(printed).decode("utf-8", "backslashreplace").strip()
    if code in (_WRITTEN, _NOT_WHOLE) and name:
        lacking = "; it says what it lacks" if code else ""
        return BundleTold(f"the bundle is {safe(str(Path(name).absolute()))}{lacking}", "information")
    if code == _NOT_WRITTEN:
        return BundleTold("no bundle was written; why stood on the terminal")
    return BundleTold(f"no bundle was written: tfdash incident-bundle {how_ended(code)}")
