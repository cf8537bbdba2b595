"""Two sources are held against each other only where both answer the same question."""

from __future__ import annotations

import msgspec
import pytest

from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.usage import Usage
from tfdash.model.usage_points import UsagePoint
from tfdash.usage_compared import usage_compared
from tfdash.views.resources.facts import measured_text
from tfdash.views.resources.rows import ResourceRow
from tfdash.views.resources.source_lines import compared_line

NOW = 1_800_000_000.0


def points(
    *cpu: float, step: float = 15.0, until: float = NOW, request: float | None = 1.0
) -> tuple[UsagePoint, ...]:
    """Memory is 100 bytes a core."""
    start = until - step * (len(cpu) - 1)
    return tuple(UsagePoint(start + step * i, c, 100 * c, request, request) for i, c in enumerate(cpu))


def usage(mine: tuple[UsagePoint, ...], other: tuple[UsagePoint, ...]) -> Usage:
    return Usage(
        namespace="a", name="Deployment/web", of="Deployment", called="web", at=NOW, window=15.0,
        source="metrics.k8s.io", points=mine, other_points=other,
    )  # fmt: skip


OTHER = points(1.0, until=NOW - 10)
STEADY = (1.0,) * 40


@pytest.mark.parametrize(
    ("resource", "mine", "other", "words"),
    [
        ("memory", points(*STEADY), OTHER, "agrees within 0 %"),
        ("memory", points(0.9), OTHER, "agrees within 10 %"),
        ("memory", points(0.89), OTHER, "differs by 11 %"),
        ("memory", points(5.0, 5.0, 1.0, until=NOW - 8), OTHER, "agrees within 0 %"),  # the working set of that time, not another
        ("memory", points(1.0, until=NOW - 100), OTHER, "NOT COMPARABLE: 90s apart"),
        ("memory", points(1.0, until=NOW + 60), OTHER, "NOT COMPARABLE: 70s apart"),
        ("memory", points(1.0, request=2.0), OTHER, "NOT COMPARABLE: other pods are measured"),
        ("memory", points(1.0, request=None), OTHER, "agrees within 0 %"),
        ("cpu", points(*STEADY), OTHER, "agrees within 0 %"),
        ("cpu", points(*STEADY, request=2.0), OTHER, "NOT COMPARABLE: other pods are measured"),
        ("cpu", points(1.0), OTHER, "NOT COMPARABLE: nothing was seen of metrics.k8s.io in the same 5m"),  # it came later
        ("cpu", points(*(1.0,) * 4), OTHER, "NOT COMPARABLE: metrics.k8s.io seen for 45s of the same 5m"),
        ("cpu", points(*(1.0,) * 19), OTHER, "agrees within 0 %"),  # 270 of the 300 seconds
        ("cpu", points(*(1.0,) * 18), OTHER, "NOT COMPARABLE: metrics.k8s.io seen for 255s of the same 5m"),
        # the mean of the same five minutes: what was before or came after is not in it
        ("cpu", points(*(9.0,) * 19, *(1.0,) * 21), OTHER, "agrees within 0 %"),
        ("cpu", points(*(1.0,) * 40, 9.0, until=NOW), OTHER, "agrees within 0 %"),
        ("cpu", points(*(0.0, 2.0) * 20, until=NOW - 10), OTHER, "agrees within 0 %"),
        ("cpu", points(*(2.0,) * 40), OTHER, "differs by 50 %"),
        ("cpu", points(*(0.0,) * 40), points(0.0, until=NOW - 10), "agrees within 0 %"),
    ],
)  # fmt: skip
def test_compared(
    resource: str, mine: tuple[UsagePoint, ...], other: tuple[UsagePoint, ...], words: str
) -> None:
    found = usage_compared(usage(mine, other), resource)
    assert found is not None and found.words == words


def test_one_source_alone_is_not_compared() -> None:
    assert usage_compared(usage(points(1.0), ()), "cpu") is None
    assert usage_compared(usage((), OTHER), "memory") is None
    assert compared_line(usage(points(1.0), ()), ("cpu", "memory"), NOW) is None


@pytest.mark.parametrize(
    ("source", "window", "words"),
    [
        ("metrics.k8s.io", 15.0, "metrics.k8s.io, 12s ago over 15s, 3 of 4 pods"),
        ("prometheus", 300.0, "Prometheus, 12s ago, cpu over 5m, 3 of 4 pods"),
    ],
)
def test_a_figure_says_its_source_and_age(source: str, window: float, words: str) -> None:
    one = msgspec.structs.replace(usage(points(1.0), ()), source=source, window=window, pods=4, measured=3)
    subject = Subject(ClusterRef("production", "eu-1"), "Deployment", "a", "web")
    row = ResourceRow(subject, "Deployment", "web", "a", one, now=NOW + 12)
    assert measured_text(row) == words


def test_what_differs_is_seen_in_its_line() -> None:
    line = compared_line(usage(points(*(2.0,) * 40), OTHER), ("cpu", "memory"), NOW)
    assert line is not None
    assert line[1] == "Prometheus, 10s ago: " and line[3] == ("cpu differs by 50 %", "warn")
