"""Who looks for names in files that should have none: every text in them, unpacked, and where a name still stands."""

from __future__ import annotations

import io
import json
import re
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

import tfdash.playbook.defaults
from tfdash.anonymise.words import KEPT, WORDS, plain
from tfdash.model.picture import Picture
from tfdash.recording.frames import MAGIC, begin_reading, frames, payload

_KNOWN = re.compile(
    r"[a-z0-9.-]*\b(?:cert-manager\.io|argoproj\.io|k8s\.io|kubernetes\.io)\b"
)  # groups that everybody has
_DEFAULTS = Path(tfdash.playbook.defaults.__path__[0]) / "maintenance.toml"
_PROMISES = frozenset(tomllib.loads(_DEFAULTS.read_text())["items"])  # what the program calls its own
_RUN = re.compile(r"[^\W_]+")


def texts(data: bytes, where: str) -> Iterator[tuple[str, str]]:
    """Of a recording all strings of all frames, of an archive those of all members and their names; else the text."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                yield f"{where}: name", info.filename
                yield from texts(archive.read(info), f"{where}/{info.filename}")
    elif data.startswith(MAGIC):
        header = json.loads(data[len(MAGIC) : data.index(b"\n", len(MAGIC))])
        del header["schema"]  # our own types and fields
        yield f"{where}: header", json.dumps(header, ensure_ascii=False)
        yield from _recorded(data, where)
    else:
        yield where, data.decode(errors="backslashreplace")


def _recorded(data: bytes, where: str) -> Iterator[tuple[str, str]]:
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        read, _, link = begin_reading(file)
        for number, (frame, _) in enumerate(frames(read, link)):
            raw = payload(read, frame)
            if raw:
                for text in _strings(msgspec.msgpack.decode(raw, strict=False)):
                    yield f"{where}: frame {number}", text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _strings(key)
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def names_in(picture: Picture) -> set[str]:
    """What objects, environments, clusters and people are called in it, and where they live."""
    found: set[str] = set()
    for ref, cluster in picture.clusters.items():
        info = cluster.info.value
        found.update((*ref, *((info.user, info.context) if info is not None else ())))
        for seen in cluster.kinds.values():
            for key, one in (seen.value or {}).items():
                found.update(part for name in (*key, one.name) for part in re.split(r"/| at |:\d+$", name))
                for field in (
                    "node",
                    "internal_ip",
                    "ip",
                    "called",
                    "hosts",
                    "names",
                    "service",
                    "secret",
                    "server",
                ):
                    told = getattr(one, field, ())
                    found.update([told] if isinstance(told, str) else [t for t in told if isinstance(t, str)])
    return {name for name in found if telling(name)}


def telling(name: str) -> bool:
    """Whether it would tell anything: no number, no name that everybody has, no word of a sentence."""
    return (
        bool(name)
        and name not in KEPT
        and not name.startswith("127.")
        and name.lower() not in WORDS
        and not plain_number(name)
    )


def plain_number(name: str) -> bool:
    return plain(name) and name.count(".") != 3


def leaks(found: Iterable[tuple[str, str]], names: Iterable[str]) -> dict[str, str]:
    """Each name that stands in a text as a word, in whatever case, and where."""
    by_first: dict[str, list[str]] = {}
    for name in names:
        runs = _RUN.findall(name.casefold())
        if runs:
            by_first.setdefault(runs[0], []).append(name)
    told: dict[str, str] = {}
    seen: set[str] = set()
    for where, text in found:
        if text in seen or text in _PROMISES:
            continue
        seen.add(text)
        folded = _KNOWN.sub("", text.casefold())
        for run in _RUN.finditer(folded):
            for name in by_first.get(run.group(), ()):
                if name not in told and _stands(folded, name.casefold(), run.start()):
                    told[name] = f"{where}: …{text[max(0, run.start() - 60) : run.start() + 80]}…"
    return told


def _stands(text: str, name: str, at: int) -> bool:
    first = _RUN.search(name)
    assert first is not None
    start = at - first.start()
    end = start + len(name)
    return text[max(0, start) : end] == name and not text[end : end + 1].isalnum()


def leaks_of(path: Path, names: Iterable[str]) -> dict[str, str]:
    return leaks([(path.name, path.name), *texts(path.read_bytes(), path.name)], names)
