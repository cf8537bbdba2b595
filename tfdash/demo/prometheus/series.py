"""What is stored: series of samples, and how a selector finds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

NAME = "__name__"
STALE = float("nan")  # a sample that says "the series ended here"; told from other NaNs by identity
Labels = dict[str, str]
LabelKey = tuple[tuple[str, str], ...]


def key_of(labels: Labels) -> LabelKey:
    """What makes two label sets one."""
    return tuple(sorted(labels.items()))


class QueryError(Exception):
    """A query that is refused; ``kind`` is the errorType of the API: bad_data, execution, not_found, internal."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Series:
    """``times`` in milliseconds, ascending; ``values`` beside them. Neither is changed by readers."""

    __slots__ = ("labels", "times", "values")

    def __init__(self, labels: Labels, times: Sequence[int], values: Sequence[float]) -> None:
        self.labels = labels
        self.times = times
        self.values = values


class Matcher:
    """One condition on one label: ``=``, ``!=``, ``=~``, ``!~``; a missing label is an empty one."""

    __slots__ = ("_pattern", "name", "op", "value")

    def __init__(self, name: str, op: str, value: str) -> None:
        self.name = name
        self.op = op
        self.value = value
        self._pattern: Any = None
        if op in ("=~", "!~"):
            import re2

            try:
                self._pattern = re2.compile(f"^(?s:{value})$")
            except re2.error as error:
                message = f"error parsing regexp: {error}"
                raise QueryError("bad_data", message) from None

    def accepts(self, value: str) -> bool:
        if self._pattern is None:
            return (value == self.value) == (self.op == "=")
        return (self._pattern.search(value) is not None) == (self.op == "=~")

    def __repr__(self) -> str:
        return f"{self.name}{self.op}{self.value!r}"


Matchers = tuple[Matcher, ...]


def matches(matchers: Iterable[Matcher], labels: Labels) -> bool:
    return all(m.accepts(labels.get(m.name, "")) for m in matchers)


class Storage(Protocol):
    """Where samples come from."""

    def select(self, matchers: Matchers, begin: int, end: int) -> list[Series]:
        """The series that match, with at least their samples in ``(begin, end]`` (milliseconds)."""

    def metadata(self) -> dict[str, tuple[str, str]]:
        """By metric name: its type and its help text."""


class HeldSeries:
    """A storage of samples held in memory: for tests, and for what rules produce."""

    def __init__(self, series: Iterable[Series] = ()) -> None:
        self.series = list(series)
        self.types: dict[str, tuple[str, str]] = {}

    def select(self, matchers: Matchers, begin: int, end: int) -> list[Series]:
        return [s for s in self.series if matches(matchers, s.labels)]

    def metadata(self) -> dict[str, tuple[str, str]]:
        return self.types
