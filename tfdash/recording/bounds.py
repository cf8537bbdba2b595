"""What of a recording is no value that a terminal can have seen: a time that no calendar tells, a number that is none.

Those who observe make times of dates; who reads a recording is given numbers. Every number of the model is held to be a time or a span of it
unless it stands among ``AMOUNTS``: a new field is bounded from the day that it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from tfdash.moments import NEVER


class Odd(ValueError):
    """What was read is not what a recorder writes; the text says how."""


AMOUNTS = frozenset(
    {
        *(
            "band",
            "baseline",
            "bounds",
            "bucket",
            "count",
            "counts",
            "current",
            "events",
            "high",
            "interval",
            "limit",
            "low",
        ),
        *("measured", "needed_seconds", "progress", "sum", "target", "threshold", "value"),
        *("capacity", "cpu", "cpu_most", "cpu_p95", "cpu_request", "grows", "inodes", "inodes_used", "used"),
        *("memory", "memory_most", "memory_p95", "memory_request", "oom_limit"),
        *("starting_cpu", "starting_memory", "throttled"),
        *("points", "other_points"),  # series, which are placed behind this
    }
)
"""Fields that hold what may be as large as it likes, or without end."""

_Check = Callable[[Any], None]
_made: dict[type[Any], _Check | None] = {}


def bounded(value: Any) -> None:
    """Raises ``Odd``, with the field."""
    check = _of(type(value))
    if check is not None:
        check(value)


def within(times: Any) -> bool:
    """Whether each of these is a time."""
    return all(-NEVER < at < NEVER for at in times)


def _of(of: type[Any]) -> _Check | None:
    """What looks at one of that type; None where nothing in it can be a time."""
    try:
        return _made[of]
    except KeyError:
        made = _made[of] = _make(of)
        return made


def _make(of: type[Any]) -> _Check | None:
    names = getattr(of, "__struct_fields__", None) or getattr(of, "_fields", None)
    if names is None:
        return _each if issubclass(of, tuple | list | set | frozenset) else _values if _is_table(of) else None
    hints = get_type_hints(of)
    held = {name: hints.get(name, Any) for name in names if name not in AMOUNTS}
    plain = [
        name for name, hint in held.items() if _types(hint) <= {float, type(None)} and float in _types(hint)
    ]
    nested = [name for name, hint in held.items() if name not in plain and _may_hold(hint, frozenset())]
    return _checking(of.__name__, plain, nested) if plain or nested else None


def _checking(of: str, plain: list[str], nested: list[str]) -> _Check:
    # of a single name an attrgetter gives no tuple
    times = attrgetter(*plain, *plain[:1]) if plain else lambda _: ()
    parts = attrgetter(*nested, *nested[:1]) if nested else lambda _: ()

    def check(value: Any) -> None:
        for at in times(value):
            if at is not None and not -NEVER < at < NEVER:
                raise Odd(f"a {of} of a time that no calendar tells")
        for part in parts(value):
            if part:
                if type(part) is float:
                    _time(part)
                elif (inner := _of(type(part))) is not None:
                    inner(part)

    return check


def _time(at: float) -> None:
    if not -NEVER < at < NEVER:
        raise Odd("a time that no calendar tells")


def _each(values: Any) -> None:
    for one in values:
        if type(one) is float:
            _time(one)
        elif (inner := _of(type(one))) is not None:
            inner(one)


def _values(table: Mapping[Any, Any]) -> None:
    _each(table.values())


def _is_table(of: type) -> bool:
    return issubclass(of, Mapping)


def _types(hint: Any) -> set[Any]:
    """The types that a union is of; of a table or a list itself."""
    return set(get_args(hint)) if get_origin(hint) in (Union, UnionType) else {hint}


def _may_hold(hint: Any, above: frozenset[Any]) -> bool:
    """Whether a time may stand in what is so declared; of what is not known that it may."""
    if hint is float or hint is Any or hint is object:
        return True
    if hint in above:
        return False
    above |= {hint}
    if args := get_args(hint):
        return any(_may_hold(one, above) for one in args if one is not ...)
    names = getattr(hint, "__struct_fields__", None) or getattr(hint, "_fields", None) or ()
    hints = get_type_hints(hint) if names else {}
    return any(_may_hold(hints.get(name, Any), above) for name in names if name not in AMOUNTS)
