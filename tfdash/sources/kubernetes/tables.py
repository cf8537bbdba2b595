"""Lists and watches as the server prints them: Tables with the metadata of each object, for kinds without a decoder.

https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables. Of the metadata only what a row needs is
decoded: annotations and managedFields, which may repeat whole Secrets, go no further than the bytes that they came in. In a watch
the columns stand in the first event alone; an object that could not be made a row comes as it is; where a server knows no Tables
its objects come with their metadata alone, or whole. Then name and age are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw

from tfdash.model.kind_spec import KindSpec
from tfdash.model.kube import Object, PrintedRow, TableColumn
from tfdash.model.subject import Key
from tfdash.sources.kubernetes import envelopes
from tfdash.sources.kubernetes.decoders.common import labels, optional_seconds, seconds, share
from tfdash.sources.kubernetes.decoders.wire import Wire
from tfdash.sources.kubernetes.malformed import Malformed, named

_META = "g=meta.k8s.io;v=v1"
_AGES = frozenset(
    {"Age", "Last Seen", "First Seen", "Last Schedule"}
)  # of built-in kinds, where they are strings
_SKEW = 120.0  # seconds by which a printed age may differ from the creation and still be it
_WHOLE = 2**63  # numbers beyond are a server's nonsense, and no float may hold them
_DURATION = re.compile(r"(?:[0-9]{1,15}[ydhms]){1,5}")
_UNITS = {"y": 365 * 86400.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


class _Column(Wire):
    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0


class _RowMeta(Wire):
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None


class _Item(Wire):
    metadata: _RowMeta


class _Row(Wire):
    cells: list[Any]
    object: Raw = Raw()  # null: no object


class _Answer(Wire):
    """A Table or a list; in a watch a Table or an object."""

    kind: str = ""
    metadata: envelopes.ListMeta | None = None
    column_definitions: list[_Column] | None = None
    rows: list[Raw] | None = None
    items: list[Raw] | None = None


class _Kind(Wire):
    kind: str = ""


_read_answer = msgspec.json.Decoder(_Answer).decode
_read_kind = msgspec.json.Decoder(_Kind).decode
_read_row = msgspec.json.Decoder(_Row).decode
_read_item = msgspec.json.Decoder(_Item).decode


class TableCodec(Malformed):
    """As ``codec.Codec``, of one kind in one scope; ``now`` gives epoch seconds."""

    list_accept = f"application/json;as=Table;{_META},application/json;as=PartialObjectMetadataList;{_META},application/json"
    watch_accept = f"application/json;as=Table;{_META},application/json;as=PartialObjectMetadata;{_META},application/json"
    params: Mapping[str, str] = MappingProxyType({"includeObject": "Metadata"})

    def __init__(self, kind: KindSpec, now: Callable[[], float]) -> None:
        super().__init__(kind.kind)
        self._resource, self._now = kind.resource, now
        self._columns: tuple[TableColumn, ...] = ()
        self._name_at: int | None = None  # the place of the name's own column

    def page(self, body: bytes) -> tuple[envelopes.ListMeta, list[Object]]:
        """One page. Raises ``msgspec.ValidationError`` for what is no list."""
        told = _read_answer(body)
        meta = told.metadata or envelopes.ListMeta()
        if told.kind == "Table":
            self._take_columns(told.column_definitions)
            found = [self._row(raw) for raw in told.rows or ()]
        elif not told.kind.endswith("List"):
            raise msgspec.ValidationError(
                f"a {told.kind or 'document without a kind'} came where a list of {self._resource} was asked for"
            )
        elif told.items is None:
            raise msgspec.ValidationError("the list has no items, not even none: items is null or left out")
        else:
            found = [self._bare(raw) for raw in told.items]
        return meta, [obj for obj in found if obj is not None]

    def item(self, raw: Raw) -> Object | None:
        """What a watch tells of one object; None where that does not say whose."""
        if _read_kind(raw).kind != "Table":
            return self._bare(raw)
        row = self._only_row(raw)
        return None if row is None else self._row(row)

    def gone(self, raw: Raw) -> Key | None:
        """Who it is that is gone; None where that cannot be read."""
        about: Raw | None = raw
        if _read_kind(raw).kind == "Table":
            row = self._only_row(raw)
            about = None if row is None else _read_row(row).object
        told = None if about is None else named(about)
        if told is None:
            return None
        self.is_read(told[0])
        return told[0]

    def _only_row(self, raw: Raw) -> Raw | None:
        told = _read_answer(raw)
        self._take_columns(told.column_definitions)
        return told.rows[0] if told.rows else None

    def _take_columns(self, told: list[_Column] | None) -> None:
        if not told:  # a watch names them once
            return
        self._name_at = next((i for i, c in enumerate(told) if c.format == "name"), None)
        self._columns = share(
            tuple(
                TableColumn(share(c.name), share(c.type), c.priority, c.type == "date" or c.name in _AGES)
                for i, c in enumerate(told)
                if i != self._name_at
            )
        )

    def _row(self, raw: Raw) -> Object | None:
        about: Raw = Raw(b"null")
        try:
            row = _read_row(raw)
            about = row.object
            meta = _read_item(about).metadata
            values = [v for i, v in enumerate(row.cells) if i != self._name_at]
            at = self._name_at
            printed = row.cells[at] if at is not None and at < len(row.cells) else ""
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return self.odd(about, error)
        shown = printed if isinstance(printed, str) and printed != meta.name else ""
        return self._made(meta, self._columns, values, shown)

    def _bare(self, raw: Raw) -> Object | None:
        """An object that was made no row."""
        try:
            meta = _read_item(raw).metadata
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return self.odd(raw, error)
        return self._made(meta, (), [])

    def _made(
        self, meta: _RowMeta, columns: tuple[TableColumn, ...], values: list[Any], shown: str = ""
    ) -> Object | None:
        if not meta.name:
            self.lost += 1
            return None
        created, now = seconds(meta.creation_timestamp), self._now()
        values += [None] * (len(columns) - len(values))
        self.is_read(Key(meta.namespace, meta.name))
        return PrintedRow(
            namespace=share(meta.namespace),
            name=meta.name,
            uid=meta.uid,
            resource_version=meta.resource_version,
            created=created,
            deleting=optional_seconds(meta.deletion_timestamp),
            labels=labels(meta.labels),
            shown=shown,
            columns=columns,
            cells=tuple(
                _moment(value, created, now) if column.ages else _plain(value)
                for column, value in zip(columns, values, strict=False)
            ),
        )


def _plain(value: Any) -> str | int | float | None:
    """A cell as kubectl prints it, numbers as they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < _WHOLE):
        return value
    return share(value if isinstance(value, str) else json.dumps(value))


def _moment(value: Any, created: float, now: float) -> str | int | float | None:
    """When that was of which a cell says how long ago it is: as exactly as the cell, or the creation where that is meant."""
    text = value if isinstance(value, str) else ""
    if not _DURATION.fullmatch(text):
        return "" if value is None else str(_plain(value))
    parts = re.findall(r"(\d+)([ydhms])", text)
    age = sum(int(n) * _UNITS[unit] for n, unit in parts)
    exact = now - created
    if created and -_SKEW <= exact - age <= _UNITS[parts[-1][1]] + _SKEW:
        return created
    return now - age
