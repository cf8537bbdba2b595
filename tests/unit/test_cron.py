"""Cron schedules, held to what robfig/cron v3.0.1, Kubernetes' own parser, says of each (``tests/fixtures/cron.tsv``).

The file was written by a program of ten lines that calls its ``ParseStandard`` and then ``Next`` four times.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tfdash.cron import Schedule

ROWS = (Path(__file__).parents[1] / "fixtures" / "cron.tsv").read_text().splitlines()


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_each_schedule_is_read_as_kubernetes_reads_it() -> None:
    wrong = []
    for text, *rest in (row.split("\t") for row in ROWS):
        try:
            schedule = Schedule(text)
        except ValueError:
            wrong += [] if rest == ["refused"] else [(text, "refused")]
            continue
        times: list[str] = []
        after: float | None = None if rest == ["refused"] else at(rest[0])
        while after is not None and len(times) < 4:
            after = schedule.next(after)
            times += [] if after is None else [f"{datetime.fromtimestamp(after, UTC):%Y-%m-%dT%H:%M:%SZ}"]
        if " ".join(times or ["never"]) != rest[-1]:
            wrong.append((text, *rest, *times))
    assert not wrong and len(ROWS) > 100


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("*/5 * * * *", 300),
        ("5 * * * *", 3600),
        ("0,10 * * * *", 3000),
        ("@every 90m", 5400),
        ("* 3 * * *", 0),
    ],
)
def test_the_longest_time_between_two_where_no_zone_matters(text: str, seconds: float) -> None:
    assert Schedule(text).hourly == seconds
