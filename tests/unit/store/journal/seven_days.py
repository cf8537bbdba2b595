"""Seven days with twenty planted breaches, two watchers who overlap, and two gaps: what was, and the files that terminals left of it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

from tests.unit.store.journal.journals import subject
from tests.unit.store.journal.terminals import SetClock, Terminal
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.store.journal.intervals import union

DAY, POLL = 86400.0, 15.0


class SevenDays(NamedTuple):
    """``planted``: begin, end and subject of each breach; ``seen``: when anybody watched; ``gaps``: when nobody did, and whom that was after."""

    begin: float
    end: float
    planted: tuple[tuple[float, float, Subject], ...]
    seen: list[tuple[float, float]]
    gaps: tuple[tuple[float, float, str], ...]


def seven_days(folder: Path, begin: float) -> SevenDays:
    """The journals of it, in ``folder``, written by the terminals that lived then."""
    luck = random.Random(13)
    clock = SetClock(begin)
    end = begin + 7 * DAY
    planted: list[tuple[float, float, Subject]] = []
    for number in range(20):
        at = begin + luck.uniform(0.0, 7 * DAY - 3 * 3600)
        planted.append((at, at + luck.uniform(60.0, 3 * 3600), subject(f"shop-{number}")))
    first = (begin, begin + 3 * DAY + 1000)  # is killed
    second = (begin + 2 * DAY, begin + 4 * DAY)  # overlaps, and ends by itself
    third = (begin + 4 * DAY + 4 * 3600, begin + 6 * DAY)  # after the first gap
    fourth = (begin + 6 * DAY + 2 * 3600, end)  # after the second
    desks = [(first, "wall-1"), (second, "ops-anna"), (third, "wall-1"), (fourth, "ops-anna")]
    moments = sorted(
        {
            *(begin + POLL * n for n in range(int(7 * DAY / POLL) + 1)),
            *(at for b, e, _ in planted for at in (b, e)),
        }
    )
    running: dict[int, Terminal] = {}
    for at in moments:
        clock.pass_by(at - clock.at)
        said = {one: Level.BREACH for b, e, one in planted if b <= at < e}
        for number, ((since, until), name) in enumerate(desks):
            if since <= at < until:
                if number not in running:
                    running[number] = Terminal(folder, clock, name)
                    running[number].shows(said)
                terminal = running[number]
                if set(terminal.assessment.verdicts) != set(said):
                    terminal.shows(said)
                if (at - begin) % POLL == 0:
                    terminal.look()
            elif number in running:
                terminal = running.pop(number)
                terminal.killed() if number == 0 else terminal.ends()
    for terminal in running.values():
        terminal.ends()
    gaps = ((second[1], third[0], "ops-anna"), (third[1], fourth[0], "wall-1"))
    return SevenDays(begin, end, tuple(planted), list(union([first, second, third, fourth])), gaps)
