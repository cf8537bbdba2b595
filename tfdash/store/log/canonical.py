"""The bytes that an entry's hash covers, and the way back.

Version 1 is one ASCII header line and one line of JSON::

    tfdash-audit/1 TERMINAL SEQUENCE PREVIOUS MICROSECONDS KIND INTENT
    {"action":"...","actor":"...","cluster":"...","data":"{...}","environment":"...","sentence":"...","target":"..."}

``PREVIOUS`` is the hash of the entry before it in the same chain, 64 zeros for the first; ``INTENT`` is "-" where there is
none. The JSON has its keys sorted, no white space and only ASCII (everything else is escaped, so that no normalisation of
text can change it). The time is in whole microseconds; fractions in ``data`` are the shortest text that reads back as the
same, and nothing is ever encoded anew to be checked: the stored bytes are. The hash is SHA-256 over both lines, in hexadecimal. The header can be read without a JSON parser, so the shared
store checks the chain in SQL.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from tfdash.model.store_state import Entry, EntryKind

VERSION = 1
GENESIS = "0" * 64
_TOKEN = re.compile(r"[!-~]{1,200}\Z")
_MAGIC = re.compile(r"tfdash-audit/([1-9][0-9]{0,3})\Z")
_NUMBER = re.compile(r"[0-9]{1,18}\Z")
_EXACT = 2**53


class UnreadableEntry(ValueError):
    """Bytes that are no entry."""


class EntryHeader(msgspec.Struct, frozen=True):
    """What the first line says. Read of every version, for the chain is checked by it."""

    version: int
    terminal: str
    sequence: int
    previous: str
    micros: int
    kind: str
    intent: str


def plain(value: Any) -> Any:
    """``value`` with nothing in it but what canonical JSON can hold. Huge integers, NaN and infinities become text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return value if -_EXACT <= value <= _EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, frozenset | set):
        return sorted((plain(inner) for inner in value), key=dump)
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def dump(value: Any) -> str:
    """Canonical JSON of what ``plain`` gives."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, check_circular=True
    )


def encode(entry: Entry) -> bytes:
    """The canonical bytes of ``entry``; its ``hash`` is not looked at."""
    for token in (entry.terminal, entry.previous, entry.intent or "-"):
        if not _TOKEN.match(token):
            raise ValueError(f"{token!r} cannot stand in an entry's header: no spaces, only printable ASCII")
    header = (
        f"tfdash-audit/{entry.version} {entry.terminal} {entry.sequence} {entry.previous or GENESIS} "
        f"{round(entry.at * 1_000_000)} {entry.kind.value} {entry.intent or '-'}\n"
    )
    body = {
        "action": entry.action,
        "actor": entry.actor,
        "cluster": entry.cluster,
        "data": entry.data,
        "environment": entry.environment,
        "sentence": entry.sentence,
        "target": entry.target,
    }
    return header.encode("ascii") + dump(body).encode("ascii")


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def seal(entry: Entry) -> tuple[Entry, bytes]:
    """The entry with its hash, and the bytes that it covers."""
    raw = encode(entry)
    return msgspec.structs.replace(entry, hash=digest(raw)), raw


def read_header(raw: bytes) -> EntryHeader:
    """The first line. Raises ``UnreadableEntry``."""
    line, newline, _ = raw.partition(b"\n")
    parts = line.decode("ascii", "replace").split(" ")
    if not newline or len(parts) < 7:
        raise UnreadableEntry("no header line")
    magic = _MAGIC.match(parts[0])
    if magic is None or not _NUMBER.match(parts[2]) or not _NUMBER.match(parts[4].removeprefix("-")):
        raise UnreadableEntry("the header line is not that of an entry")
    intent = "" if parts[6] == "-" else parts[6]
    return EntryHeader(int(magic[1]), parts[1], int(parts[2]), parts[3], int(parts[4]), parts[5], intent)


def decode(raw: bytes, stored_hash: str) -> Entry:
    """The entry in ``raw``, with the hash that is stored beside it. Raises ``UnreadableEntry``.

    A newer version's entry is read as far as it is understood; an unknown kind of it becomes a note that says so.
    """
    return entry_of(read_header(raw), raw, stored_hash)


def entry_of(header: EntryHeader, raw: bytes, stored_hash: str) -> Entry:
    """``decode`` where the header was read already."""
    try:
        body = json.loads(raw.partition(b"\n")[2])
    except (ValueError, RecursionError):
        raise UnreadableEntry("the entry is not JSON") from None
    if not isinstance(body, dict):
        raise UnreadableEntry("the entry is not a JSON object")

    def text(name: str, missing: str = "") -> str:
        value = body.get(name, missing)
        return value if isinstance(value, str) else dump(value)

    try:
        kind, sentence = EntryKind(header.kind), text("sentence")
    except ValueError:
        kind, sentence = EntryKind.NOTE, f"({header.kind}, of a newer version) {text('sentence')}"
    return Entry(
        version=header.version,
        terminal=header.terminal,
        sequence=header.sequence,
        at=header.micros / 1_000_000,
        kind=kind,
        actor=text("actor"),
        environment=text("environment"),
        cluster=text("cluster"),
        target=text("target"),
        action=text("action"),
        intent=header.intent,
        sentence=sentence,
        data=text("data", "{}"),
        previous=header.previous,
        hash=stored_hash,
    )


def genuine(raw: bytes, stored_hash: str) -> list[Entry]:
    """The entry, where its bytes are what their hash says; ``verify`` names the others."""
    try:
        return [decode(raw, stored_hash)] if digest(raw) == stored_hash else []
    except UnreadableEntry:
        return []


def data_of(entry: Entry) -> dict[str, Any]:
    """``entry.data`` decoded; {} where it is no object."""
    try:
        value = json.loads(entry.data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def audit_id(entry: Entry, request: int = 0) -> str:
    """The ``Audit-ID`` header for the ``request``-th request of an intent: a UUID made from the intent's hash, so that the
    cluster's own audit log can be joined with ours by anybody who holds the entry."""
    if not entry.hash:
        raise ValueError("an entry has an Audit-ID once it is recorded")
    name = hashlib.sha256(f"tfdash Audit-ID {entry.hash} {request}".encode()).digest()[:16]
    return str(uuid.UUID(bytes=name, version=5))
