"""Days that were read once, beside the store's files: a day that is over is asked for no more."""

from __future__ import annotations

import logging
import os
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tfdash.model.usage import PlaceDay
from tfdash.quantities import most
from tfdash.sources.prometheus.usage.piece import UsagePiece, decode, encode

_PLACES = "+places/noted.json"  # no namespace is called so
_of_places = msgspec.json.Decoder(dict[int, dict[str, PlaceDay]])
log = logging.getLogger(__name__)


class KeptDays:
    """By namespace and the day's first second. In files under ``folder`` (two levels below the store's), which only this user reads; in memory where there is no
    folder or it cannot be written, and where ``reading``: then nothing is made, written or thrown away. What cannot be read is asked for again. Not for two threads at a time."""

    def __init__(self, folder: Path | None, *, reading: bool = False) -> None:
        self._folder, self._writes = folder, not reading
        self._held: dict[tuple[str, int], bytes] = {}
        self._noted: dict[int, dict[str, PlaceDay]] = {}

    def get(self, namespace: str, day: float) -> UsagePiece | None:
        packed = self._held.get((namespace, int(day)))
        if packed is None and self._folder is not None:
            try:
                packed = self._file(self._folder, namespace, day).read_bytes()
            except OSError:
                return None
        if packed is None:
            return None
        try:
            return decode(zlib.decompress(packed))
        except (zlib.error, msgspec.DecodeError):
            return None

    def put(self, namespace: str, day: float, piece: UsagePiece) -> None:
        packed = zlib.compress(encode(piece), 6)
        if self._folder is not None and self._writes:
            try:
                self._write(self._file(self._folder, namespace, day), packed)
                return
            except OSError as error:
                log.info("the history of a day is held in memory: %s", error)
                self._folder = None
        self._held[namespace, int(day)] = packed

    def note(self, found: dict[str, PlaceDay], oldest: float) -> dict[int, dict[str, PlaceDay]]:
        """What pools and the cluster have and are asked for now: by day, from ``oldest`` on, the most that was noted."""
        before = self._places()
        known = {day: dict(places) for day, places in before.items() if day >= oldest}
        for name, place in found.items():
            of_day = known.setdefault(int(place.at), {})
            of_day[name] = place if name not in of_day else _larger(of_day[name], place)
        self._noted = known
        if self._folder is not None and self._writes and known != before:
            try:
                self._write(self._folder / _PLACES, msgspec.json.encode(known))
            except OSError as error:
                log.info("what pools had is held in memory: %s", error)
        return known

    def _places(self) -> dict[int, dict[str, PlaceDay]]:
        if self._folder is not None:
            try:
                return _of_places.decode((self._folder / _PLACES).read_bytes())
            except (OSError, msgspec.MsgspecError):
                pass  # nothing yet, or what cannot be read: it begins anew
        return self._noted

    def forget(self, before: float) -> None:
        """Days that begin before ``before``."""
        self._held = {k: v for k, v in self._held.items() if k[1] >= before}
        for path in self._files():
            if path.stem.isdigit() and int(path.stem) < before:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterable[Path]:
        return self._folder.glob("*/*.day") if self._folder is not None and self._writes else ()

    @staticmethod
    def _file(folder: Path, namespace: str, day: float) -> Path:
        return folder / namespace / f"{int(day)}.day"

    @staticmethod
    def _write(path: Path, packed: bytes) -> None:
        """Whole or not at all: terminals share it. The store's own folder is made by nobody but the store."""
        for folder in (path.parents[2], path.parents[1], path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(descriptor, "wb") as file:
            file.write(packed)
        os.replace(name, path)


def _larger(one: PlaceDay, other: PlaceDay) -> PlaceDay:
    return PlaceDay(
        one.at,
        max(one.nodes, other.nodes),
        most(one.allocatable, other.allocatable),
        most(one.asked, other.asked),
    )
