"""Claims in the cluster where a run acts: one Lease a run, with who works on which step in an annotation. Every write is conditional on what
was read (its resourceVersion), or that there was none; ``leaseTransitions`` is the highest fence.

No server stamps who wrote it: whoever may write Leases there can claim in any name, and hinders nobody by it but who does not take over.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from tfdash.actions.core.protocols import Answer, NotSent, OutcomeUnknown, Writer
from tfdash.model.action import Request
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import ClusterRef
from tfdash.store.claims.keeping import KeeperAway, KeptClaim
from tfdash.store.claims.words import kept_in, words_of
from tfdash.store.log.canonical import dump
from tfdash.store.peers.cluster_records import APPLY, MANAGER

_CLAIMS, _RUN = "tfdash.dev/claims", "tfdash.dev/run"
_TIMEOUT = 3.0  # seconds for one request
_RESTS = 5.0  # seconds for which a cluster that did not answer is not asked again
_REFUSED = 600.0  # the same of one that does not let us
_MOST_TRANSITIONS = 2**31 - 1
_NOWHERE = "no Lease can be written where the run acts"
_LARGEST = 200_000  # bytes of the annotation; the server takes 256 KiB of all together


class RunPlace(NamedTuple):
    """Where the Lease of a run lies."""

    cluster: ClusterRef
    namespace: str


class LeaseKeeper:
    """``tfdash.store.claims.keeping.ClaimKeeper``. ``place``: None of a run that acts nowhere, or is not known."""

    id, shared = "cluster", True

    def __init__(
        self,
        writers: Mapping[ClusterRef, Writer],
        place: Callable[[str], RunPlace | None],
        terminal: Callable[[], str],
    ) -> None:
        self._writers, self._place, self._terminal = writers, place, terminal
        self._failed: dict[ClusterRef, tuple[str, float]] = {}  # why, and until when it rests

    def problem(self, run: str = "") -> str:
        place = self._place(run) if run else None
        refs = [place.cluster] if place is not None else list(self._writers)
        why = [self._failed[ref][0] for ref in refs if ref in self._failed]
        if not any(ref in self._writers for ref in refs):
            return _NOWHERE
        return "; ".join(why) if len(why) == len(refs) else ""

    async def look(self, run: str, step: str) -> KeptClaim:
        _, writer, path = self._where(run)
        told, version = await self._read(writer, path, run)
        return kept_in(told, step, version)

    async def put(self, run: str, step: str, before: KeptClaim, after: KeptClaim) -> bool:
        place, writer, path = self._where(run)
        told, version = await self._read(writer, path, run)
        if kept_in(told, step, version) != before:
            return False
        claims = {**told, step: words_of(after)}
        answer = await self._ask(
            writer, writer.send(self._request(run, place, path, claims, version), **_SENT)
        )
        if answer.status == 409:
            return False
        self._must(writer, answer)
        return True

    async def forget(self, run: str) -> None:
        _, writer, path = self._where(run)
        found = await self._ask(writer, writer.read(path))
        meta = found.body.get("metadata") if found.ok else None
        if isinstance(meta, Mapping) and _is_ours(meta, run):
            await self._ask(writer, writer.send(_forgotten(path, meta), **_SENT))

    # -- requests -------------------------------------------------------------------------------------------------

    def _where(self, run: str) -> tuple[RunPlace, Writer, str]:
        place = self._place(run)
        writer = self._writers.get(place.cluster) if place is not None else None
        if place is None or writer is None:
            raise KeeperAway(_NOWHERE)
        return place, writer, lease_path(run, place.namespace)

    async def _read(self, writer: Writer, path: str, run: str) -> tuple[Mapping[str, Any], str]:
        """What the Lease has, by step, and its resourceVersion; "" of one that is not there."""
        answer = await self._ask(writer, writer.read(path))
        if answer.status == 404:
            return {}, ""
        self._must(writer, answer)
        meta = answer.body.get("metadata")
        notes = meta.get("annotations") if isinstance(meta, Mapping) else None
        version = str(meta.get("resourceVersion", "")) if isinstance(meta, Mapping) else ""
        try:
            told = json.loads(str((notes or {}).get(_CLAIMS, "{}"))) if isinstance(notes, Mapping) else {}
        except (ValueError, RecursionError):
            told = {}
        return (told if isinstance(told, Mapping) else {}), version

    def _request(
        self, run: str, place: RunPlace, path: str, claims: Mapping[str, Any], version: str
    ) -> Request:
        text = dump(dict(claims))
        if len(text) > _LARGEST:
            raise KeeperAway("the claims of this run do not fit into a Lease")
        meta: dict[str, Any] = {
            "name": lease_name(run),
            "namespace": place.namespace,
            "labels": {"app.kubernetes.io/managed-by": MANAGER},
            "annotations": {_RUN: run, _CLAIMS: text},
        }
        query = [("fieldManager", f"{MANAGER}-{self._terminal()}"[:128])]
        if version:
            meta["resourceVersion"] = version
            query.append(("force", "true"))
        fences = [kept_in(claims, step).fence for step in claims]
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": meta,
            "spec": {
                "holderIdentity": self._terminal(),
                "leaseTransitions": min(max(fences, default=0), _MOST_TRANSITIONS),
            },
        }
        return Request(
            method="PATCH",
            path=path,
            body=dump(body),
            content_type=APPLY,
            query=tuple(query),
            what=f"say who works on the run {run}",
        )

    async def _ask(self, writer: Writer, asked: Any) -> Answer:
        ref = writer.ref
        why, until = self._failed.get(ref, ("", 0.0))
        if until > time.monotonic():
            asked.close()
            raise KeeperAway(why)
        try:
            async with asyncio.timeout(_TIMEOUT):
                answer: Answer = await asked
        except (NotSent, OutcomeUnknown, ReadFailed, TimeoutError) as error:
            told = f"the API server of {ref.cluster}: {str(error) or 'no answer in time'}"
            self._failed[ref] = told, time.monotonic() + _RESTS
            raise KeeperAway(told) from None
        self._failed.pop(ref, None)
        return answer

    def _must(self, writer: Writer, answer: Answer) -> None:
        if not answer.ok:
            ref = writer.ref
            told = f"the API server of {ref.cluster} takes no Lease: {answer.message}"
            rests = _REFUSED if answer.status == 403 else _RESTS
            self._failed[ref] = told, time.monotonic() + rests
            raise KeeperAway(told)


_SENT: Any = {"audit_id": "", "timeout": _TIMEOUT}


def lease_name(run: str) -> str:
    plain = re.sub(r"[^a-z0-9-]+", "-", run.lower()).strip("-")[:200]
    tail = hashlib.sha256(run.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"tfdash-run-{plain}-{tail}"


def lease_path(run: str, namespace: str) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace, safe='')}/leases/{lease_name(run)}"


def _is_ours(meta: Mapping[str, Any], run: str) -> bool:
    notes = meta.get("annotations")
    return isinstance(notes, Mapping) and notes.get(_RUN) == run


def _forgotten(path: str, meta: Mapping[str, Any]) -> Request:
    conditions = {key: str(meta.get(key, "")) for key in ("uid", "resourceVersion")}
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": conditions}
    return Request(
        method="DELETE", path=path, body=dump(body), what="say that nobody works on a run any more"
    )
