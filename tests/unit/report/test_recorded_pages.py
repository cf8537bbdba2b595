"""Every page in every format of the recordings of real parts, at their begin, in the middle and at their end: nothing raises, and nothing
is green of what was not read."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.real_parts import NAMES, lived, opened, policy
from tfdash.changes.gather import RecentChanges
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.verdict import Level
from tfdash.playbook.registry import SECTIONS
from tfdash.playbook.staleness import unread
from tfdash.report.changes import CHANGES
from tfdash.report.formats import FORMATS
from tfdash.report.screens import EVERY, shown
from tfdash.report.shown import ReportAsked

UTC = ZoneInfo("UTC")
WHEN = ("begin", "middle", "end")
_OURS = (
    "recording",
    "release OPEN",
)  # what the recorder says of itself, and the calendar, which is configured
_PICTURES = "png"  # of the same lines as svg, and slow: one page of each

_KEYS = re.compile(r"(?m)(?:^|[ (\"])(?::[a-z]{3,}|[a-z]: [a-z]+;)|\bthen [a-z]+: |\bctrl\+|\benter: ")
"""Keys and commands of a terminal: nobody has them on paper, in a browser or in a chat."""


def moment(name: str, when: str) -> tuple[Picture, Assessment, float]:
    found = lived(name)
    step = found.steps[{"begin": 0, "middle": len(found.steps) // 2, "end": -1}[when]]
    return opened(name).picture_at(step.at), step.said, step.at


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("name", NAMES)
def test_every_page_in_every_format(name: str, when: str) -> None:
    picture, said, at = moment(name, when)
    for screen in EVERY:
        changes = RecentChanges((), ()) if screen == CHANGES else None
        told = shown(ReportAsked(picture, said, screen, at, UTC, changes=changes))
        assert told.code in (0, 1, 2)
        for format in FORMATS.values():
            if format.name == _PICTURES and (screen != "overview" or format.lacking()):
                continue
            written = format.write([told])
            assert written
            if format.name in ("text", "md", "json", "slack"):
                assert not (found := _KEYS.search(str(written))), f"{screen} as {format.name}: {found}"
            if when == "begin" and screen != CHANGES:
                assert told.code == 2, f"{screen}: nothing was read"
            if when == "begin" and format.name == "text":
                well = [line for line in str(written).splitlines() if "✔" in line]
                assert not [line for line in well if not any(word in line for word in _OURS)], (
                    f"{screen}: {well}"
                )


@pytest.mark.parametrize("name", NAMES)
def test_no_section_is_well_of_what_was_not_read_or_is_old(name: str) -> None:
    """At each step of each: of a kind that a section needs, on whichever cluster, all was read and proven current lately."""
    recording, patience = opened(name), policy().policy.workloads.stale_after
    needs = {section.id: section.needs for section in SECTIONS}
    for step in lived(name).steps:
        picture = recording.picture_at(step.at)
        for section in step.said.sections:
            if section.level >= Level.UNKNOWN:
                continue
            for cluster in picture.clusters.values():
                for kind in needs[section.id]:
                    seen: Any = cluster.kinds.get(kind.KIND)
                    why = unread(seen)
                    assert why is None or why.absent, f"{section.id} without {kind.KIND} at {step.at}: {why}"
                    old = max(patience, seen.interval)
                    assert step.at < (seen.observed_at or 0.0) + old, (
                        f"{section.id} by an old {kind.KIND} at {step.at}"
                    )
