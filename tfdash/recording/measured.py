"""What all pods use, poll after poll, in columns: of ten thousand objects that are alike only the numbers differ.

Who they are is written once (the roster, which only grows until the next picture that is written whole), and of each poll times, windows and
amounts. Who reads decodes a pod where it is asked for.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tfdash.model.kube import EMPTY_LABELS, Object
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.usage import PodMetrics
from tfdash.quantities import NANO
from tfdash.recording.bounds import Odd, within

Who = tuple[str, str, tuple[str, ...]]
"""Namespace and name of a pod, and the names of its containers."""
_UNSAID = -1  # in the place of an amount
_UNITS = (NANO, 1)  # of billionths: memory is in whole bytes, as a rule


class Roster(msgspec.Struct, frozen=True, array_like=True):
    """Who came to it behind place ``since``; at 0 it begins anew."""

    since: int
    pods: Annotated[list[Who], Meta(max_length=100_000)]


class MeasuredPods(msgspec.Struct, frozen=True, array_like=True):
    """In the place of as many objects: of the pods at ``places`` of the roster, b"" of those from ``start`` on. Columns hold the first byte of each number,
    then the second and so on, little-endian. Amounts in ``units`` of billionths, -1 where nothing is said; ``each``: CPU and memory of one container after
    the other, of pods that have several."""

    start: int
    places: bytes
    ats: bytes
    windows: bytes
    units: tuple[int, int, int]
    cpus: bytes
    memories: bytes
    each: bytes = b""


def _packed(letter: str, values: Sequence[Any]) -> bytes:
    """Raises ``OverflowError``."""
    column = array(letter, values)
    if sys.byteorder == "big":
        column.byteswap()
    data = column.tobytes()
    return b"".join([data[place :: column.itemsize] for place in range(column.itemsize)])


def _unpacked(letter: str, data: bytes) -> array[Any]:
    """Raises ``Odd``."""
    column: array[Any] = array(letter)
    size = column.itemsize
    if len(data) % size:
        raise Odd("a column that is cut")
    many, found = len(data) // size, bytearray(len(data))
    for place in range(size):
        found[place::size] = data[place * many : (place + 1) * many]
    column.frombytes(bytes(found))
    if sys.byteorder == "big":
        column.byteswap()
    return column


def _amounts(values: Sequence[int | None]) -> tuple[int, bytes]:
    """In which unit, and the column. Raises ``OverflowError`` for what no column holds."""
    if any(value is not None and value < 0 for value in values):
        raise OverflowError
    unit = next(u for u in _UNITS if u == 1 or not any(value is not None and value % u for value in values))
    return unit, _packed("q", [_UNSAID if value is None else value // unit for value in values])


class MeasuredWriter:
    """The rosters of one file."""

    def __init__(self) -> None:
        self._places: dict[tuple[ClusterRef, str], dict[Who, int]] = {}

    def reset(self) -> None:
        self._places.clear()

    def written(
        self, at: tuple[ClusterRef, str], keys: Sequence[Key], objects: Sequence[Object]
    ) -> tuple[Roster, MeasuredPods] | None:
        """None where these are no objects that columns can hold."""
        pods = [one for one in objects if type(one) is PodMetrics and _is_plain(one)]
        if not pods or len(pods) != len(objects):
            return None
        who: list[Who] = [(one.namespace, one.name, one.names) for one in pods]
        if any(key != one[:2] for key, one in zip(keys, who, strict=True)):
            return None
        try:
            cpu_unit, cpus = _amounts([one.cpu for one in pods])
            memory_unit, memories = _amounts([one.memory for one in pods])
            each_unit, each = _amounts([n for one in pods for n in one.each])
            ats, windows = _packed("d", [one.at for one in pods]), _packed("d", [one.window for one in pods])
        except OverflowError:
            return None
        known = self._places.setdefault(at, {})
        new = [one for one in who if one not in known]
        if any(type(text) is not str for one in new for text in (*one[:2], *one[2])):
            return None  # a text with more to it is for the codec
        roster = Roster(len(known), new)
        known.update(zip(new, range(len(known), len(known) + len(new)), strict=True))
        places = [known[one] for one in who]
        start = places[0]
        along = places == list(range(start, start + len(places)))
        return roster, MeasuredPods(
            start,
            b"" if along else _packed("I", places),
            ats,
            windows,
            (cpu_unit, memory_unit, each_unit),
            cpus,
            memories,
            each,
        )

    def forget(self, at: tuple[ClusterRef, str], roster: Roster) -> None:
        """The newest is not written after all."""
        for one in roster.pods:
            del self._places[at][one]


def _is_plain(one: PodMetrics) -> bool:
    """Nothing else is said of it than a measurement says."""
    several = len(one.names) > 1
    return not (
        one.uid
        or one.resource_version
        or one.generation
        or one.created
        or one.deleting is not None
        or one.finalizers
        or one.labels
        or one.owner is not None
    ) and len(one.each) == (2 * len(one.names) if several else 0)


Known = tuple[Key, tuple[str, ...]]
"""A pod of the roster as readers have it, with the names of its containers."""


def known(who: Who) -> Known:
    return Key(who[0], who[1]), who[2]


class MeasuredColumns:
    """``row`` as it is read. Raises ``Odd``."""

    def __init__(self, row: MeasuredPods, roster: Sequence[Known]) -> None:
        self._ats, self._windows = _unpacked("d", row.ats), _unpacked("d", row.windows)
        self._cpus, self._memories = _unpacked("q", row.cpus), _unpacked("q", row.memories)
        self._each, self._units = _unpacked("q", row.each), row.units
        many = len(self._ats)
        places: Sequence[int] = (
            _unpacked("I", row.places) if row.places else range(row.start, row.start + many)
        )
        columns = (places, self._windows, self._cpus, self._memories)
        if any(len(column) != many for column in columns):
            raise Odd("columns that differ in length")
        if many and not 0 <= min(places) <= max(places) < len(roster):
            raise Odd("a measurement of nobody")
        if not (within(self._ats) and within(self._windows)):
            raise Odd("a measurement of no time")
        self._who = [roster[place] for place in places]
        lengths = [2 * len(names) if len(names) > 1 else 0 for _, names in self._who]
        self._begins = list(accumulate(lengths, initial=0))
        if self._begins[-1] != len(self._each):
            raise Odd("containers that were not measured")

    def all(self) -> dict[Key, MeasuredAt]:
        """Nothing of it is made yet."""
        return {who[0]: (self, place) for place, who in enumerate(self._who)}

    def made(self, place: int) -> PodMetrics:
        key, names = self._who[place]
        cpu, memory, each = self._units
        used = self._each[self._begins[place] : self._begins[place + 1]]
        return PodMetrics(
            namespace=key.namespace,
            name=key.name,
            labels=EMPTY_LABELS,
            at=self._ats[place],
            window=self._windows[place],
            cpu=_said(self._cpus[place], cpu),
            memory=_said(self._memories[place], memory),
            names=names,
            each=tuple([_said(n, each) for n in used]),
        )


def _said(value: int, unit: int) -> int | None:
    return None if value < 0 else value * unit


MeasuredAt = tuple[MeasuredColumns, int]
"""An object that is not made yet: its columns, and its place in them. A plain tuple: there are ten thousand of them."""


class MeasuredObjects(Mapping[Key, Object]):
    """Objects by key, of which some are made where they are asked for. Whoever asks again has the same object."""

    __slots__ = ("_held",)

    def __init__(self, held: dict[Key, Any]) -> None:
        self._held = held

    def __getitem__(self, key: Key) -> Object:
        one = self._held[key]
        if type(one) is tuple:
            columns, place = one
            one = self._held[key] = columns.made(place)
        found: Object = one
        return found

    def __iter__(self) -> Iterator[Key]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: object) -> bool:
        return key in self._held
