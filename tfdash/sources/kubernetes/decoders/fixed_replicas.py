"""Who says in a manifest, and when it was said last, how many replicas there are to be, and when the spec was written last, as
far as the object itself tells it.

What a server-side apply says is in its managedFields, until another writes the field. The owner by any other operation tells
nothing: it owns the server's defaults, too. What was applied otherwise stands in kubectl's annotation, which Argo CD writes as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import seconds, share

_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_TRACKED = "argocd.argoproj.io/tracking-id"


class ManagedField(w.Wire):
    manager: str = ""
    operation: str = ""
    subresource: str = ""
    time: str = ""
    fields: msgspec.Raw = msgspec.field(name="fieldsV1", default=msgspec.Raw(b"{}"))


class SizedMeta(w.Meta):
    managed_fields: msgspec.Raw = msgspec.Raw(
        b"null"
    )  # read where somebody asks: of most ReplicaSets nobody does


class Written(NamedTuple):
    """``replicas_by``: the manager's name, "" where nobody is known to. Times in epoch seconds, 0.0 where nothing tells.

    ``replicas_at``: the last write of who owns the number, whoever it is and by which way (an HPA, Flagger); ``written_at``: of one
    of those who wrote the spec. Either may have been of other fields. Of what its scale subresource wrote a server keeps no time.
    """

    replicas_by: str
    replicas_at: float
    written_at: float


class _Fields(msgspec.Struct):
    spec: dict[str, msgspec.Raw] = msgspec.field(name="f:spec", default_factory=dict)


class _Spec(msgspec.Struct):
    replicas: Any = None


class _Applied(msgspec.Struct):
    spec: _Spec = msgspec.field(default_factory=_Spec)


_entries = msgspec.json.Decoder(list[ManagedField] | None)
_fields = msgspec.json.Decoder(_Fields)
_applied = msgspec.json.Decoder(_Applied)


def written(found: SizedMeta) -> Written:
    by, replicas_at, written_at = "", 0.0, 0.0
    try:
        entries = _entries.decode(found.managed_fields) or ()
    except msgspec.MsgspecError:
        entries = ()
    for one in entries:
        text = bytes(one.fields)
        if one.subresource == "status" or b'"f:spec"' not in text:
            continue
        at = seconds(one.time)
        written_at = max(written_at, at)
        if not _says(text):
            continue
        replicas_at = max(replicas_at, at)
        if one.operation == "Apply" and not one.subresource:
            by = by or share(one.manager)
    return Written(by or _by_annotation(found), replicas_at, written_at)


def _by_annotation(found: SizedMeta) -> str:
    notes = found.annotations or {}
    if '"replicas"' not in notes.get(_APPLIED, ""):
        return ""
    try:
        said = _applied.decode(notes[_APPLIED]).spec.replicas is not None
    except msgspec.MsgspecError:
        return ""
    return ("argocd" if _TRACKED in notes else "kubectl apply") if said else ""


def _says(fields: bytes) -> bool:
    if b'"f:replicas"' not in fields:
        return False
    try:
        return "f:replicas" in _fields.decode(fields).spec
    except msgspec.MsgspecError:
        return False
