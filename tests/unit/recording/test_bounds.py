"""What a recording says is taken for what a terminal can have seen: each number that is a time lies within a calendar, and no frame holds more
than recorders write. Both hold of fields and of lists that come later, too."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from tests.tui import world
from tests.tui.recorded import REF
from tests.unit.recording.worlds import in_file, opened
from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation
from tfdash.model.picture import ServerInfo, SourceInfo
from tfdash.model.store_state import StoreState
from tfdash.model.traffic import Signals
from tfdash.recording.bounds import AMOUNTS, Odd, bounded
from tfdash.recording.codec import decoder, object_types
from tfdash.recording.entries import BODIES, Entries

NO_TIMES = (math.nan, math.inf, -math.inf, 1e300, -1e300, 2.0**63)


@cache
def hints_of(of: Any) -> dict[str, Any]:
    return get_type_hints(of)


def types_of_the_model() -> list[type[Any]]:
    left: list[Any] = [
        *object_types().values(),
        Signals,
        StoreState,
        Assessment,
        ServerInfo,
        SourceInfo,
        Observation,
    ]
    found: dict[Any, None] = {}
    while left:
        one = left.pop()
        if one in found or (not isinstance(one, type) and not get_args(one)):
            continue
        found[one] = None
        left += get_args(one)
        if getattr(one, "__struct_fields__", None) or getattr(one, "_fields", None):
            left += hints_of(one).values()
    return sorted((one for one in found if isinstance(one, type)), key=lambda one: one.__qualname__)


TIMED = [
    (of, name)
    for of in types_of_the_model()
    for name in (getattr(of, "__struct_fields__", None) or getattr(of, "_fields", ()))
    if name not in AMOUNTS and hints_of(of).get(name) in (float, float | None)
]


def test_there_are_such_fields() -> None:
    assert len(TIMED) > 150
    assert {("Pod", "started"), ("Condition", "since"), ("Verdict", "since")} <= {
        (of.__name__, n) for of, n in TIMED
    }


@pytest.mark.parametrize("number", NO_TIMES)
def test_each_field_that_is_a_time_is_bounded(number: float) -> None:
    for of, name in TIMED:
        made = bare(of, {name: number})
        assert refuses(made), f"{of.__name__}.{name} may be {number}"
        bounded(bare(of, {name: world.NOW}))


def refuses(made: Any) -> bool:
    try:
        bounded(made)
    except Odd:
        return True
    return False


def bare(of: type[Any], fields: dict[str, Any]) -> Any:
    """One of which nothing is said but that."""
    names = getattr(of, "__struct_fields__", None) or of._fields  # type: ignore[attr-defined]
    texts = {name: "" for name in names if hints_of(of).get(name) is str}
    return of(**{**dict.fromkeys(names), **texts, **fields})


def test_a_time_within_what_is_held_is_bounded_too() -> None:
    held = {"a": ((world.NOW, "x"), [{"b": math.nan}])}
    with pytest.raises(Odd):
        bounded(held)


def test_an_object_of_no_time_is_left_out_and_told(tmp_path: Path) -> None:
    """A pod that began at no time ended the views."""
    lived = in_file(tmp_path / "a")
    lived.turn()
    lived.world()
    kind = "Pod"
    seen = lived.fold.picture.clusters[REF].kinds[kind]
    assert seen.value
    key, one = next(iter(seen.value.items()))
    odd = msgspec.structs.replace(one, started=math.nan)
    lived.put(
        "put_objects",
        REF,
        kind,
        msgspec.structs.replace(seen, value={**seen.value, key: odd}),
        frozenset({key}),
    )
    lived.turn()
    lived.end()
    recording = opened(tmp_path / "a")
    shown = recording.picture_at(recording.end).clusters[REF].kinds[kind]
    assert shown.value is not None
    assert key not in shown.value
    assert shown.unreadable == seen.unreadable + 1
    assert len(shown.value) == len(seen.value) - 1


@pytest.mark.parametrize("of", [Entries, *sorted(set(BODIES.values()), key=lambda one: one.__name__)])
def test_no_list_of_a_frame_is_without_a_bound(of: Any) -> None:
    """Two million tables of no name took a gigabyte and half a minute, out of five megabytes."""
    lists = [of] if of is Entries else [hint for hint in get_type_hints(of, include_extras=True).values()]
    for hint in lists:
        if is_list(hint):
            assert any(getattr(one, "max_length", None) for one in getattr(hint, "__metadata__", ())), (
                of,
                hint,
            )


def is_list(hint: Any) -> bool:
    origin = getattr(getattr(hint, "__origin__", hint), "__origin__", None)
    return origin in (list, dict, tuple)


def test_many_of_nothing_are_refused_before_they_are_read() -> None:
    with pytest.raises(msgspec.ValidationError):
        decoder(Entries).decode(b"\xdd\x00\x1e\x84\x80" + b"\xc0" * 2_000_000)
