"""Every type of the model that a picture or an assessment may hold comes back as it was."""

from __future__ import annotations

import types
from array import array
from collections.abc import Mapping, Sequence
from enum import Enum
from errno import ECONNREFUSED
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui import world
from tests.tui.recorded import REF
from tfdash.connecting import no_way
from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ServerInfo, SourceInfo
from tfdash.model.samples import Buckets, Point, Points, Scrapes
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Key
from tfdash.model.traffic import CounterSeries, HistogramSeries, Signals, Traffic
from tfdash.model.usage import Usage
from tfdash.model.usage_points import AskedSince, CoarseColumns, FineColumns, UsagePoint, UsagePoints
from tfdash.recording.codec import Encoder, decoder, object_types, schema, table_of
from tfdash.recording.series import WITH_SERIES, SeriesReader

LARGE = 2**80
"""Of each number: amounts of memory are beyond 64 bits."""


def sample(hint: Any, depth: int = 0, text: str = "é\x1b[0m") -> Any:
    """A value of that type in which nothing is the default, as far as it goes; ``text`` wherever there is one."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return sample(next(one for one in args if one is not type(None)), depth, text)
    if origin is tuple:
        return (
            (sample(args[0], depth + 1, text),)
            if args[-1] is Ellipsis
            else tuple(sample(one, depth + 1, text) for one in args)
        )
    if origin is frozenset:
        return frozenset({sample(args[0], depth + 1, text)})
    if origin in (dict, Mapping):
        return {sample(args[0], depth + 1, text): sample(args[1], depth + 1, text)}
    if origin is Sequence or origin is list:
        return (sample(args[0], depth + 1, text),)
    if origin is Observation:
        return Observation(
            value=sample(args[0], depth + 1, text), source="s", observed_at=1.5, note="n", hidden=("x",)
        )
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)[-1]
    if hint in (str, int, float, bool, type(None), Any):
        return {str: text, int: LARGE, float: 0.1 + depth, bool: True}.get(hint)
    if hasattr(hint, "__struct_fields__"):
        hints = get_type_hints(hint)
        deep = depth > 6
        names = (
            hint.__struct_fields__[: len(hint.__struct_fields__) - len(hint.__struct_defaults__)]
            if deep
            else None
        )
        return hint(
            **{
                name: sample(hints[name], depth + 1, text)
                for name in (names if names is not None else hint.__struct_fields__)
            }
        )
    if hasattr(hint, "_fields"):
        hints = get_type_hints(hint)
        return hint(*(sample(hints[name], depth + 1, text) for name in hint._fields))
    raise AssertionError(f"no sample of {hint}")


def again(value: Any, hint: Any) -> Any:
    encoder = Encoder()
    for _ in range(2):  # the second time it is known that it has large numbers
        made = decoder(hint).decode(encoder.value(value))
    return made


@pytest.mark.parametrize("name", sorted(object_types()))
def test_each_kind_of_object_comes_back(name: str) -> None:
    kind = object_types()[name]
    one = sample(kind)
    got = again(one, kind)
    for part in WITH_SERIES:
        if kind is part:  # samples that are no columns are as they were, and are put in their place
            WITH_SERIES[part](got, lambda placed: SeriesReader().view(placed, ()))
    assert got == one


@pytest.mark.parametrize(
    "kind", [ServerInfo, SourceInfo, StoreState, Assessment, Signals], ids=lambda kind: kind.__name__
)
def test_what_is_no_object_comes_back(kind: Any) -> None:
    for name, hint in get_type_hints(kind).items():
        value = sample(hint)
        got = again(value, hint)
        if kind is Signals and name == "traffic":
            for seen in got.values():
                WITH_SERIES[Traffic](seen.value, lambda placed: SeriesReader().view(placed, ()))
        assert got == value, name


def test_whatever_holds_samples_in_columns_is_known() -> None:
    """Of a sequence of no other types a placeholder is told from what it stands for."""
    holding = {
        name
        for name, kind in {
            **object_types(),
            "Traffic": Traffic,
            "Counter": CounterSeries,
            "Histogram": HistogramSeries,
        }.items()
        for hint in get_type_hints(kind).values()
        if get_origin(hint) is Sequence
    }
    assert holding == {"Usage", "Counter", "Histogram"}
    assert set(WITH_SERIES) == {Traffic, Usage}


def test_tables_are_told_by_their_types() -> None:
    assert table_of(Assessment, "verdicts") is not None
    assert table_of(Assessment, "maintenance") is not None
    assert table_of(Assessment, "calendar") is None
    assert {name for name in Signals.__struct_fields__ if table_of(Signals, name) is None} == set()
    assert {"Pod", "Observation", "Verdict", "StoreState", "ClusterRef"} <= set(schema())


class Growing:
    """Series as their owners keep them: arrays that grow, and are made anew now and then."""

    def __init__(self) -> None:
        self.bounds = (0.1, 1.0, float("inf"))
        self.renew(0)

    def renew(self, keep: int) -> None:
        self.ats = array("d", self.ats[-keep:] if keep else [])
        self.numbers = array("d", self.numbers[-keep:] if keep else [])
        self.counts = array("d", self.counts[-3 * keep :] if keep else [])
        self.sums = array("d", self.sums[-keep:] if keep else [])
        times = array("H", map(int, self.ats))
        self.fine = FineColumns(1000, times[:], array("f", self.numbers), array("f", self.sums))
        self.coarse = CoarseColumns(0, times[:], array("H", map(int, self.numbers)), times[:])

    ats = numbers = counts = sums = array("d")

    def add(self, value: float) -> None:
        at = (self.ats[-1] if self.ats else 1.0) + 1.0
        self.ats.append(at)
        self.numbers.append(value)
        self.counts.extend((value, value * 2, value * 3))
        self.sums.append(float("nan") if value > 50 else value)
        self.fine.at.append(int(at))
        self.fine.cpu.append(value)
        self.fine.memory.append(1.0)
        self.coarse.at.append(int(at))
        self.coarse.cpu.append(int(value))
        self.coarse.memory.append(7)

    def traffic(self, first: int) -> Traffic:
        many = len(self.ats)
        points = Points(self.ats, self.numbers, min(first, many), many)
        scrapes = Scrapes(self.ats, self.bounds, self.counts, self.sums, min(first, many), many)
        return Traffic(
            evaluated_at=1.0,
            since=0.0,
            requests=(
                CounterSeries(pod="a", points=points),
                CounterSeries(pod="b", points=(Point(1.0, 2.0),)),
            ),
            errors=(CounterSeries(pod="a", points=points),),
            latency=(
                HistogramSeries(pod="a", points=scrapes),
                HistogramSeries(points=(Buckets(1.0, (1.0,), (2.0,), 3.0),)),
            ),
        )

    def usage(self, first: int) -> Usage:
        many = len(self.ats)
        parts = [(columns, min(first, many), many) for columns in (self.coarse, self.fine)]
        points = UsagePoints.of(parts[0], parts[1], (AskedSince(0, 1.0, None),))  # type: ignore[arg-type]
        return Usage(
            namespace="a", name="x", of="Node", called="x", at=1.0, window=1.0, source="s",
            points=points, other_points=(UsagePoint(1.0, 2.0, 3.0),), used=(("memory", LARGE),),
        )  # fmt: skip


@given(
    st.lists(st.one_of(st.floats(1, 60_000), st.integers(0, 5), st.none()), min_size=1, max_size=25),
    st.data(),
)
def test_samples_in_columns_come_back_however_they_grow(
    steps: list[float | int | None], data: st.DataObject
) -> None:
    owner, encoder, reader = Growing(), Encoder(), SeriesReader()
    for step in steps:
        if isinstance(step, float):
            owner.add(step)
        elif step is None:
            encoder.series.reset()
        else:
            owner.renew(step)
        first = data.draw(st.integers(0, 3))
        for value in (owner.traffic(first), owner.usage(first)):
            raw = encoder.clean(value)
            chunks, views = encoder.series.take()
            for chunk in chunks:
                reader.grow(chunk)
            got = decoder(type(value)).decode(raw)
            WITH_SERIES[type(value)](got, lambda placed, views=views: reader.view(placed, views))  # type: ignore[misc]
            assert repr(plain(got)) == repr(plain(value))  # a NaN is itself by its name alone


def plain(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(one) for one in value]
    if hasattr(value, "__struct_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    return value


def test_a_world_of_objects_is_encoded_natively() -> None:
    encoder = Encoder()
    for objects in world.objects().values():
        for one in objects:
            assert decoder(type(one)).decode(encoder.value(one)) == one
    assert Key("a", "b") == msgspec.msgpack.decode(encoder.value(Key("a", "b")), type=Key)
    assert decoder(type(REF)).decode(encoder.value(REF)) == REF


def test_a_text_that_knows_more_of_itself_is_written_as_its_words() -> None:
    """Of a server that is away: a ring that stops then lacks what it is there for."""
    refused = no_way(ConnectionRefusedError(ECONNREFUSED, "x"), "eu-1")
    assert type(refused) is not str
    problem = Problem(kind=ProblemKind.UNREACHABLE, cause=refused, since=1.0)
    seen: Observation[ServerInfo] = Observation(problem=problem)
    assert decoder(Observation[ServerInfo]).decode(Encoder().clean(seen)) == seen
