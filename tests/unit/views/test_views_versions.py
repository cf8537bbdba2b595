"""``:versions``: the soak with its gaps, what was seen, what is planned."""

from __future__ import annotations

import msgspec

from tests.unit.playbook.versions.making import DAY, HOUR, NOW, PRODUCTION, STAGING, running, seen, state
from tests.unit.playbook.versions.test_production import BEFORE, DEV, NEW, OLD, planned
from tfdash.model.subject import ClusterRef
from tfdash.model.versions import VersionMemory
from tfdash.views.versions import lines

ZONE = "America/New_York"


def test_gaps_are_shown_and_what_was_seen_by_whom() -> None:
    stored = (
        seen(STAGING, NOW - 9 * DAY, NOW - 4 * DAY, OLD),
        seen(STAGING, NOW - 4 * DAY, NOW - 2 * DAY, NEW),
        seen(STAGING, NOW - 2 * DAY + 6 * HOUR, NOW - HOUR, NEW),
    )
    mine = seen(STAGING, NOW - HOUR, NOW, NEW)
    told = state(running(NEW, [NEW], STAGING), sightings=[*stored, mine])
    told = type(told)(verdicts=told.verdicts, running=told.running, soak=told.soak, seen=(mine,))
    assert lines(told, VersionMemory(sightings=stored), ZONE) == [
        "v1.37.2",
        "",
        "◐ moving     1.37.2 in staging: soak 3 d 18 h of 7 d, 6 h not watched",
        "✔ ok         1.37 of the control plane and 1 node is supported until 28 Oct 2027",
        "✔ ok         1 node within 3 minors of 1.37.2",
        "",
        "1.37.2 here since Fri 20 Nov 10:00 EST: then the last older one was gone",
        "  nobody watched  Sun 22 Nov 10:00 EST to Sun 22 Nov 16:00 EST",
        "",
        "seen here staging/stag-1  Tue 24 Nov 09:00 EST to Tue 24 Nov 10:00 EST  v1.37.2",
        "recorded  staging/stag-1  Sun 22 Nov 16:00 EST to Tue 24 Nov 09:00 EST  v1.37.2",
        "recorded  staging/stag-1  Fri 20 Nov 10:00 EST to Sun 22 Nov 10:00 EST  v1.37.2",
        "recorded  staging/stag-1  Sun 15 Nov 10:00 EST to Fri 20 Nov 10:00 EST  v1.36.4",
    ]


def test_a_plan_says_since_when_it_is_known() -> None:
    for announced, words in (
        (NOW - 2 * DAY, "announced Sun 22 Nov 10:00 EST"),
        (None, "not announced yet: no terminal that records has seen it"),
    ):
        told = state(
            running(OLD, [OLD]),
            sightings=[seen(PRODUCTION, BEFORE, NOW, OLD), DEV],
            **planned("2026-12-05", announced),
        )
        assert f"planned  1.37 for production on 2026-12-05, {words}" in lines(told, VersionMemory(), ZONE)


def test_of_very_many_the_newest_are_listed_and_nothing_from_outside_is_control() -> None:
    hostile = ClusterRef("staging", "\x1b[31m[b]x")
    many = tuple(seen(hostile, NOW - n * DAY - 1, NOW - n * DAY, f"v1.37.\u202e{n}") for n in range(99))
    told = lines(state(running()), VersionMemory(sightings=many), ZONE)
    assert told[-1] == "and 59 before" and sum("recorded" in line for line in told) == 40
    assert not any(c in "".join(told) for c in "\x1b\u202e")


def test_rows_of_two_terminals_do_not_look_alike() -> None:
    """Within one minute, and with two names that are long: both are told."""
    stored = [
        msgspec.structs.replace(seen(STAGING, NOW - 60 + n, NOW - 50 + n, OLD), by=(f"terminal-{n}",))
        for n in (0, 20)
    ]
    told = lines(state(running()), VersionMemory(sightings=tuple(stored)), ZONE)
    rows = [line for line in told if line.startswith("recorded")]
    assert len(set(rows)) == 2 and all("by terminal-" in row for row in rows)
