"""Who says in a manifest, and when it was said last, how many replicas there are to be, and when the spec was written last, as
far as the object itself tells it.

What a server-side apply says is in its managedFields, until another writes the field. The owner by any other operation tells
nothing: it owns the server's defaults, too. What was applied otherwise stands in kubectl's annotation, which Argo CD writes as well.
"""

from __future__ import annotations

from typing import Any

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
    managed_fields: list[ManagedField] | None = None


class _Fields(msgspec.Struct):
    spec: dict[str, msgspec.Raw] = msgspec.field(name="f:spec", default_factory=dict)


class _Spec(msgspec.Struct):
    replicas: Any = None


class _Applied(msgspec.Struct):
    spec: _Spec = msgspec.field(default_factory=_Spec)


_fields = msgspec.json.Decoder(_Fields)
_applied = msgspec.json.Decoder(_Applied)


def replicas_by(found: SizedMeta) -> str:
    """The manager's name; "" where nobody is known to."""
    for one in found.managed_fields or ():
        if one.operation == "Apply" and not one.subresource and _says(one):
            return share(one.manager)
    notes = found.annotations or {}
    if '"replicas"' not in notes.get(_APPLIED, ""):
        return ""
    try:
        said = _applied.decode(notes[_APPLIED]).spec.replicas is not None
    except msgspec.MsgspecError:
        return ""
    return ("argocd" if _TRACKED in notes else "kubectl apply") if said else ""


def replicas_at(found: SizedMeta) -> float:
    """Epoch seconds of the last write of who owns the number, whoever it is and by which way (kubectl scale, an HPA, Flagger);
    0.0 where nothing tells. It may have written other fields then."""
    said = (one for one in found.managed_fields or () if one.subresource != "status" and _says(one))
    return max((seconds(one.time) for one in said), default=0.0)


def written_at(found: SizedMeta) -> float:
    """Epoch seconds of the last write of one of those who wrote the spec; 0.0 where nothing tells. It may have been of other fields."""
    wrote = (
        one
        for one in found.managed_fields or ()
        if one.subresource != "status" and b'"f:spec"' in bytes(one.fields)
    )
    return max((seconds(one.time) for one in wrote), default=0.0)


def _says(one: ManagedField) -> bool:
    if b'"f:replicas"' not in bytes(one.fields):
        return False
    try:
        return "f:replicas" in _fields.decode(one.fields).spec
    except msgspec.MsgspecError:
        return False
