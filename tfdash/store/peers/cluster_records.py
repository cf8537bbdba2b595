"""What is also kept in the cluster itself: verified releases as ConfigMaps, and who acts as Leases. Requests only; the
writer sends them, with server-side apply, so that one request makes or replaces.

A ConfigMap can be written by whoever may write ConfigMaps there: what is restored from it is believed as far as its digest
is the one in the audit log, and labelled as the cluster's own where no log knows it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tfdash.model.action import Request
from tfdash.model.store_state import RunningAction, VerifiedGood
from tfdash.model.subject import ClusterRef, Subject
from tfdash.store.log.canonical import dump

MANAGER = "tfdash"
_LABELS = {"app.kubernetes.io/managed-by": "tfdash"}
APPLY = "application/apply-patch+yaml"
LARGEST = 900_000  # bytes of a template; the server takes 1 MiB in all


class TooLarge(ValueError):
    """The template does not fit into a ConfigMap."""


def _name(prefix: str, kind: str, name: str) -> str:
    """A name of at most 253 characters that no other object has."""
    whole = f"{prefix}-{kind.lower()}-{name}"
    if len(whole) <= 253 and re.fullmatch(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", whole):
        return whole
    tail = hashlib.sha256(f"{kind}/{name}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return re.sub(r"[^a-z0-9.-]", "-", whole.lower())[:230].strip(".-") + f"-{tail}"


def verified_name(subject: Subject) -> str:
    return _name("tfdash-verified", subject.kind, subject.name)


def verified_path(subject: Subject) -> str:
    """Where the ConfigMap of a workload's last verified release lies: in the workload's own namespace."""
    return f"/api/v1/namespaces/{quote(subject.namespace, safe='')}/configmaps/{quote(verified_name(subject), safe='')}"


def remember_in_cluster(good: VerifiedGood) -> Request:
    """The request that keeps it there. Raises ``TooLarge``. Never sent for a template that the API server did not serve:
    its literal values stay in the namespace where they stand already."""
    if len(good.template.encode("utf-8", "surrogatepass")) > LARGEST:
        raise TooLarge(f"the template of {good.subject} does not fit into a ConfigMap")
    about = {
        "kind": good.subject.kind,
        "name": good.subject.name,
        "template_hash": good.template_hash,
        "images": good.images,
        "digests": good.digests,
        "revision": good.revision,
        "at": good.at,
        "by": good.by,
        "verdicts": good.verdicts,
    }
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": verified_name(good.subject),
            "namespace": good.subject.namespace,
            "labels": _LABELS,
            "annotations": {"tfdash.dev/digest": digest_of(good.template)},
        },
        "data": {"template.json": good.template, "about.json": dump(about)},
    }
    return Request(
        method="PATCH",
        path=verified_path(good.subject),
        body=dump(body),
        content_type=APPLY,
        query=(("fieldManager", MANAGER), ("force", "true")),
        what=f"keep {good.subject} as verified in the cluster",
    )


def digest_of(template: str) -> str:
    return hashlib.sha256(template.encode("utf-8", "surrogatepass")).hexdigest()


def verified_in_cluster(document: Mapping[str, Any], cluster: ClusterRef) -> VerifiedGood | None:
    """What such a ConfigMap says; None where it is not one, or its template is not what its digest says."""
    meta, data = document.get("metadata"), document.get("data")
    if not isinstance(meta, Mapping) or not isinstance(data, Mapping):
        return None
    template, notes = data.get("template.json"), meta.get("annotations")
    if (
        not isinstance(template, str)
        or not isinstance(notes, Mapping)
        or notes.get("tfdash.dev/digest") != digest_of(template)
    ):
        return None
    try:
        about, parsed = json.loads(str(data.get("about.json", ""))), json.loads(template)
        at = float(about.get("at", 0.0)) if isinstance(about, dict) else 0.0
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(about, dict) or not isinstance(parsed, dict):
        return None

    def texts(key: str) -> tuple[str, ...]:
        value = about.get(key)
        return tuple(str(v) for v in value) if isinstance(value, list) else ()

    subject = Subject(
        cluster, str(about.get("kind", "")), str(meta.get("namespace", "")), str(about.get("name", ""))
    )
    if meta.get("name") != verified_name(subject):
        return None
    return VerifiedGood(
        subject=subject,
        template=template,
        template_hash=str(about.get("template_hash", "")),
        images=texts("images"),
        digests=texts("digests"),
        revision=str(about.get("revision", "")),
        at=at,
        by=str(about.get("by", "")),
        verdicts=texts("verdicts"),
        where="cluster",
    )


# -- who acts ---------------------------------------------------------------------------------------------------


def lease_path(subject: Subject) -> str:
    namespace = quote(subject.namespace or "default", safe="")
    name = quote(_name("tfdash-acting", subject.kind, subject.name), safe="")
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"


def take_lease(
    acting: RunningAction, seconds: int, *, replaces: str = "", renewed: float | None = None
) -> Request:
    """Take the Lease on a subject. Another terminal that holds it makes the server answer 409 (a conflict of field managers).

    ``replaces``: the resourceVersion of one that has run out, which is taken over; if it changed meanwhile, 409 as well.
    ``renewed``: when it is renewed (epoch seconds); None: now that it begins.
    """
    stamp = _stamp(acting.since)
    meta: dict[str, Any] = {
        "name": _name("tfdash-acting", acting.subject.kind, acting.subject.name),
        "namespace": acting.subject.namespace or "default",
        "labels": _LABELS,
        "annotations": {
            "tfdash.dev/by": acting.by,
            "tfdash.dev/action": acting.action,
            "tfdash.dev/on": str(acting.subject),
            "tfdash.dev/kind": acting.subject.kind,
            "tfdash.dev/name": acting.subject.name,
            "tfdash.dev/namespace": acting.subject.namespace,
        },
    }
    if replaces:
        meta["resourceVersion"] = replaces
    body = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": meta,
        "spec": {
            "holderIdentity": acting.terminal,
            "leaseDurationSeconds": seconds,
            "acquireTime": stamp,
            "renewTime": stamp if renewed is None else _stamp(renewed),
        },
    }
    query = [("fieldManager", f"{MANAGER}-{acting.terminal}"[:128])]
    if replaces:
        query.append(("force", "true"))
    return Request(
        method="PATCH",
        path=lease_path(acting.subject),
        body=dump(body),
        content_type=APPLY,
        query=tuple(query),
        what=f"say that {acting.by} acts on {acting.subject}",
    )


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def release_lease(subject: Subject, uid: str, resource_version: str) -> Request:
    """Let it go: that very one, unchanged."""
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid, "resourceVersion": resource_version},
    }
    return Request(
        method="DELETE",
        path=lease_path(subject),
        body=dump(body),
        what=f"say that nobody acts on {subject} any more",
    )


def acting_in_cluster(document: Mapping[str, Any], subject: Subject, now: float) -> RunningAction | None:
    """Who holds the Lease now; None where it has run out or is none."""
    spec, meta = document.get("spec"), document.get("metadata")
    if not isinstance(spec, Mapping) or not isinstance(meta, Mapping) or not spec.get("holderIdentity"):
        return None
    notes = meta.get("annotations")
    notes = notes if isinstance(notes, Mapping) else {}
    try:
        since = datetime.fromisoformat(str(spec.get("acquireTime"))).timestamp()
        renewed = datetime.fromisoformat(str(spec.get("renewTime"))).timestamp()
        lasts = int(spec.get("leaseDurationSeconds", 0))
    except (TypeError, ValueError):
        return None
    if now >= renewed + lasts:
        return None
    return RunningAction(
        subject=subject,
        by=str(notes.get("tfdash.dev/by", "")),
        action=str(notes.get("tfdash.dev/action", "")),
        since=since,
        terminal=str(spec["holderIdentity"]),
    )


def lease_subject(document: Mapping[str, Any], cluster: ClusterRef) -> Subject | None:
    """What such a Lease is about: only what its own name and namespace stand for; None where it is none of ours."""
    meta = document.get("metadata")
    notes = meta.get("annotations") if isinstance(meta, Mapping) else None
    if not isinstance(meta, Mapping) or not isinstance(notes, Mapping):
        return None
    kind, name = str(notes.get("tfdash.dev/kind", "")), str(notes.get("tfdash.dev/name", ""))
    namespace, here = str(notes.get("tfdash.dev/namespace", "")), str(meta.get("namespace", ""))
    if not kind or not name or meta.get("name") != _name("tfdash-acting", kind, name):
        return None
    if (namespace or "default") != here:
        return None
    return Subject(cluster, kind, namespace, name)


def written_at(document: Mapping[str, Any]) -> tuple[float | None, tuple[str, ...]]:
    """When the server last took a write (its own stamp, epoch seconds), and the managers that say they wrote."""
    meta = document.get("metadata")
    entries = meta.get("managedFields") if isinstance(meta, Mapping) else None
    times: list[float] = []
    managers: dict[str, None] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping):
            managers[str(entry.get("manager", ""))[:80]] = None
            with contextlib.suppress(ValueError, TypeError):
                times.append(datetime.fromisoformat(str(entry.get("time"))).timestamp())
    return max(times, default=None), tuple(m for m in managers if m)
