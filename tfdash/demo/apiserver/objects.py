"""Small helpers over API objects, which the simulator keeps as plain JSON dicts and never changes once stored.

An object is stored without ``kind`` and ``apiVersion`` (one object may be served in several versions); a change is a
new dict that shares what did not change.
"""

from __future__ import annotations

import hashlib
import random
from calendar import timegm
from datetime import UTC, datetime
from typing import Any, TypeAlias

Obj: TypeAlias = dict[str, Any]

# The API server's alphabet for generated names and hashes: no vowels and nothing that looks like one.
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def stamp(at: float) -> str:
    """Epoch seconds as metav1.Time: RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(at: float) -> str:
    """Epoch seconds as metav1.MicroTime."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds(text: str | None) -> float | None:
    """A metav1.Time or MicroTime as epoch seconds; None for None or what is no time."""
    if not text:
        return None
    try:
        whole = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
        rest = text[19:].rstrip("Z")
        base = float(timegm(whole.timetuple()))
        if rest.startswith("."):
            digits = rest[1:].split("+")[0].split("-")[0]
            base += float(f"0.{digits}") if digits else 0.0
        if "+" in rest or "-" in rest:
            base = datetime.fromisoformat(text).timestamp()
        return base
    except ValueError:
        return None


def dig(obj: Any, *path: str, default: Any = None) -> Any:
    """``obj[path[0]][path[1]]...``, or ``default`` where a step is absent or None."""
    for step in path:
        if not isinstance(obj, dict):
            return default
        obj = obj.get(step)
    return default if obj is None else obj


def name_of(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def namespace_of(obj: Obj) -> str:
    return str(obj["metadata"].get("namespace", ""))


def uid_of(obj: Obj) -> str:
    return str(obj["metadata"]["uid"])


def labels_of(obj: Obj) -> dict[str, str]:
    labels: dict[str, str] = obj["metadata"].get("labels") or {}
    return labels


def annotations_of(obj: Obj) -> dict[str, str]:
    annotations: dict[str, str] = obj["metadata"].get("annotations") or {}
    return annotations


def created(obj: Obj) -> float:
    return seconds(obj["metadata"].get("creationTimestamp")) or 0.0


def deleting(obj: Obj) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: Obj) -> Obj | None:
    """The controlling ownerReference."""
    for ref in obj["metadata"].get("ownerReferences") or ():
        if ref.get("controller"):
            found: Obj = ref
            return found
    return None


def owner_reference(api_version: str, kind: str, owner: Obj) -> Obj:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def with_meta(obj: Obj, **fields: Any) -> Obj:
    """A copy with metadata fields set; None removes one."""
    meta = {**obj["metadata"], **fields}
    return {**obj, "metadata": {k: v for k, v in meta.items() if v is not None}}


def with_annotations(obj: Obj, **changes: str | None) -> Obj:
    """A copy with annotations set; None removes one. Keys are given as a dict: ``**{"a/b": "c"}``."""
    merged = {k: v for k, v in {**annotations_of(obj), **changes}.items() if v is not None}
    return with_meta(obj, annotations=merged or None)


def with_spec(obj: Obj, **fields: Any) -> Obj:
    spec = {**obj.get("spec", {}), **fields}
    return {**obj, "spec": {k: v for k, v in spec.items() if v is not None}}


def with_status(obj: Obj, **fields: Any) -> Obj:
    status = {**obj.get("status", {}), **fields}
    return {**obj, "status": {k: v for k, v in status.items() if v is not None}}


def condition(obj: Obj, kind: str) -> Obj | None:
    for found in dig(obj, "status", "conditions", default=()):
        if found.get("type") == kind:
            result: Obj = found
            return result
    return None


def condition_is(obj: Obj, kind: str, status: str = "True") -> bool:
    found = condition(obj, kind)
    return found is not None and found.get("status") == status


def suffix(rng: random.Random, length: int = 5) -> str:
    return "".join(rng.choice(ALPHABET) for _ in range(length))


def make_uid(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[int(digits[16], 16) % 4]}{digits[17:20]}-{digits[20:]}"


def hashed(value: Any, length: int = 10) -> str:
    """A stable hash of a JSON value in the API server's alphabet, as pod-template-hash has it (not its exact value)."""
    digest = hashlib.blake2b(_canonical(value), digest_size=16).digest()
    return "".join(ALPHABET[b % len(ALPHABET)] for b in digest[:length])


def _canonical(value: Any) -> bytes:
    if isinstance(value, dict):
        inner = b",".join(
            k.encode() + b":" + _canonical(value[k]) for k in sorted(value) if value[k] is not None
        )
        return b"{" + inner + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(_canonical(v) for v in value) + b"]"
    return repr(value).encode()


def matches(selector: Obj | None, labels: dict[str, str]) -> bool:
    """A metav1.LabelSelector against labels; an empty selector takes everything, None nothing."""
    if selector is None:
        return False
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions") or ():
        have, operator, values = labels.get(term["key"]), term["operator"], term.get("values") or ()
        if operator == "In" and (have is None or have not in values):
            return False
        if operator == "NotIn" and have is not None and have in values:
            return False
        if operator == "Exists" and have is None:
            return False
        if operator == "DoesNotExist" and have is not None:
            return False
    return True


def subset(wanted: dict[str, str], labels: dict[str, str]) -> bool:
    return all(labels.get(k) == v for k, v in wanted.items())
