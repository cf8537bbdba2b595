"""Who wrote what last: metadata-only lists, and managedFields as paths.

https://kubernetes.io/docs/reference/using-api/server-side-apply/ and the FieldsV1 format of
sigs.k8s.io/structured-merge-diff: "f:NAME" is a field, 'k:{...}' an item of a list by its key, "v:..." one of a set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tfdash.model.requests import Managed
from tfdash.model.subject import ClusterRef, Subject
from tfdash.sources.kubernetes import envelopes
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import seconds

PARTIAL = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_MOST = 60  # paths kept of one write


class ManagedFieldsEntry(w.Wire):
    manager: str = ""
    operation: str = ""
    subresource: str = ""
    time: str | None = None
    fields_v1: dict[str, Any] | None = msgspec.field(name="fieldsV1", default=None)


class ManagedMeta(w.Wire):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None
    annotations: dict[str, str] | None = None
    managed_fields: list[ManagedFieldsEntry] | None = None


class Item(w.Wire):
    metadata: ManagedMeta


class Page(w.Wire):
    metadata: envelopes.ListMeta
    items: list[Item] | None = None


_read_page = msgspec.json.Decoder(Page).decode


def page(body: bytes, ref: ClusterRef, kind: str) -> tuple[str, list[Managed]]:
    """One page of a metadata list: (continue token, objects). Raises what msgspec raises."""
    found = _read_page(body)
    return found.metadata.continue_, [_managed(item.metadata, ref, kind) for item in found.items or ()]


def _managed(meta: ManagedMeta, ref: ClusterRef, kind: str) -> Managed:
    writes = [
        (e.manager, e.operation, e.subresource, seconds(e.time), tuple(_first(paths(e.fields_v1 or {}))))
        for e in meta.managed_fields or ()
    ]
    return Managed(
        subject=Subject(ref, kind, meta.namespace, meta.name, meta.uid),
        created=seconds(meta.creation_timestamp),
        resource_version=meta.resource_version,
        writes=tuple(sorted(writes, key=lambda e: -e[3])),
        applied="" if kind == "Secret" else (meta.annotations or {}).get(_APPLIED, ""),
    )


def _first(found: Iterator[str]) -> Iterator[str]:
    for _, path in zip(range(_MOST), found, strict=False):
        yield path


def paths(fields: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """The leaves of a FieldsV1 tree: ``spec.template.spec.containers[main].image``."""
    for key, below in fields.items():
        if key == ".":
            continue
        path = f"{before}{_part(key, before)}"
        inner = below if isinstance(below, Mapping) else {}
        if any(k != "." for k in inner):
            yield from paths(inner, path)
        else:
            yield path


def _part(key: str, before: str) -> str:
    sign, _, rest = key.partition(":")
    if sign == "f":
        return f".{rest}" if before else rest
    if sign == "k":
        try:
            names = json.loads(rest)
        except (ValueError, RecursionError):
            return f"[{rest}]"
        return (
            f"[{names.get('name') or ','.join(str(v) for v in names.values())}]"
            if isinstance(names, dict)
            else f"[{rest}]"
        )
    return f"[{rest}]"
