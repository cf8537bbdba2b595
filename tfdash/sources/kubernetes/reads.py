"""What is asked of a cluster once, and not watched: objects, who wrote them, events, logs, and what we may read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec

from tfdash.clock import Clock
from tfdash.model.kind_spec import KindSpec
from tfdash.model.kinds import KINDS, LISTED
from tfdash.model.kubecluster import Event
from tfdash.model.requests import Document, LogLine, LogRequest, Managed, Privilege, ReadFailed
from tfdash.model.resources import Catalogue
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.sources.kubernetes import entrances, helm_stored, managed_fields, write_rights
from tfdash.sources.kubernetes.codec import Codec
from tfdash.sources.kubernetes.discovery import Discovery
from tfdash.sources.kubernetes.entrances import Entrance
from tfdash.sources.kubernetes.helm_release import ReleaseContents, contents
from tfdash.sources.kubernetes.helm_stored import StoredRevision
from tfdash.sources.kubernetes.logs import stream
from tfdash.sources.kubernetes.pem import PemPage, page, single
from tfdash.sources.kubernetes.reading_rule import METRICS
from tfdash.sources.kubernetes.redaction import as_asked, cleaned
from tfdash.sources.kubernetes.transport import ApiError, Reader, problem_of
from tfdash.sources.kubernetes.write_rights import WriteRight

_PAGE = {"CustomResourceDefinition": 25}  # objects of one page, of those that are large: whole schemas


class SingleReads:
    """The single reads of ``tfdash.sources.base.ClusterSource``. ``opened`` gives the reader, which may be closed in between.

    ``fallback`` are the namespaces that are asked about where all are forbidden.
    """

    def __init__(
        self,
        ref: ClusterRef,
        opened: Callable[[], Reader],
        discovery: Discovery,
        fallback: tuple[str, ...],
        clock: Clock,
    ) -> None:
        self._ref, self._open, self._discovery = ref, opened, discovery
        self._fallback, self._clock = fallback, clock

    async def read_catalogue(self, max_age: float) -> Catalogue:
        """Everything that the cluster serves; read anew where what we have is older than ``max_age`` seconds."""
        try:
            return await self._discovery.catalogue(self._open(), max_age)
        except Exception as error:
            raise self._failed(error) from None

    async def _spec(self, kind: str) -> KindSpec:
        if kind not in KINDS and self._discovery.where(kind) is None:
            await self.read_catalogue(0.0)
        found = self._discovery.where(kind) or KINDS.get(kind)
        if found is None:
            raise self._failed(ApiError(404, f"{kind} is not served"))
        return found

    async def read(self, subject: Subject) -> Document:
        kind = await self._spec(subject.kind)
        try:
            found = msgspec.json.decode(await self._open().get(kind.path(subject.namespace, subject.name)))
            found = as_asked(found, subject, KINDS.get(subject.kind))
        except Exception as error:
            raise self._failed(error) from None
        return Document(subject, cleaned(found, managers=True), self._clock.now())

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]:
        try:
            body = await self._open().get(KINDS[kind].path(subject.namespace))
            items = msgspec.json.decode(body).get("items") or []
        except Exception as error:
            raise self._failed(error) from None
        owned = []
        for item in items:
            meta = item.get("metadata", {})
            owners = meta.get("ownerReferences") or ()
            if any(o.get("kind") == subject.kind and o.get("name") == subject.name for o in owners):
                at = Subject(
                    subject.cluster, kind, subject.namespace, str(meta.get("name")), str(meta.get("uid"))
                )
                item.setdefault("kind", kind)
                item.setdefault("apiVersion", KINDS[kind].api_version)
                owned.append(Document(at, cleaned(item), self._clock.now()))
        return tuple(owned)

    async def read_managers(self, kind: str, namespace: str | None) -> tuple[Managed, ...]:
        served = self._discovery.where(kind) or KINDS[kind]
        if served.optional and self._discovery.where(kind) is None:
            return ()
        found: list[Managed] = []
        params = {"limit": "500"}
        try:
            while True:
                body = await self._open().get(served.path(namespace), params, managed_fields.PARTIAL)
                following, items = managed_fields.page(body, self._ref, kind)
                found += items
                if not following:
                    return tuple(found)
                params["continue"] = following
        except Exception as error:
            raise self._failed(error) from None

    async def read_labelled(
        self, kind: str, namespace: str | None, selector: str, *, metadata: bool = False
    ) -> tuple[Mapping[str, Any], ...]:
        params = {"labelSelector": selector, "resourceVersion": "0"}
        accept = managed_fields.PARTIAL if metadata else "application/json"
        try:
            body = await self._open().get(KINDS[kind].path(namespace), params, accept)
            found = msgspec.json.decode(body).get("items") or []
        except Exception as error:
            raise self._failed(error) from None
        return tuple(item for item in found if isinstance(item, dict))

    async def read_pem(self, kind: str, at: Key | None = None, fields: str = "") -> PemPage:
        """The certificates in the object ``at``, or in all of a kind (``fields``: a field selector), without anything else that
        stands there. Raises ``ReadFailed``."""
        spec, whole = KINDS[kind], PemPage()
        path = spec.path(None) if at is None else spec.path(at.namespace, at.name)
        params = {} if at is not None else {"limit": str(_PAGE.get(kind, 250))}
        if fields and at is None:
            params["fieldSelector"] = fields
        if fields.startswith("metadata.name="):  # few of very many: out of the server's cache
            params["resourceVersion"] = "0"
        try:
            while True:
                body = await self._open().get(path, params)
                got = page(kind, body) if at is None else single(kind, body)
                whole = PemPage(whole.found + got.found, "", whole.odd + got.odd)
                if not got.following:
                    return whole
                params["continue"] = got.following
        except Exception as error:
            raise self._failed(error) from None

    async def list_stored(self, kind: str) -> tuple[StoredRevision, ...]:
        """The revisions of releases that Helm stores in objects of a kind, by their metadata alone. Raises ``ReadFailed``."""
        found, params = tuple[StoredRevision, ...](), {"limit": "500", "labelSelector": helm_stored.OWNED}
        if of_type := helm_stored.TYPES[kind]:
            params["fieldSelector"] = of_type
        try:
            while True:
                body = await self._open().get(KINDS[kind].path(None), params, managed_fields.PARTIAL)
                following, more = helm_stored.page(body)
                found += more
                if not following:
                    return found
                params["continue"] = following
        except Exception as error:
            raise self._failed(error) from None

    async def read_stored(self, kind: str, at: Key) -> ReleaseContents:
        """What kinds of objects the release in one object has; it is unpacked off the loop, and nothing else of it is kept. Raises
        ``ReadFailed``."""
        try:
            body = await self._open().get(KINDS[kind].path(at.namespace, at.name))
            return await asyncio.to_thread(contents, body, secret=kind == "Secret")
        except Exception as error:
            raise self._failed(error) from None

    async def read_entrances(self, kind: str) -> tuple[Entrance, ...]:
        """Where the objects of a kind say that TLS is answered. Raises ``ReadFailed``."""
        found, params = tuple[Entrance, ...](), {"limit": "500"}
        try:
            while True:
                more, following = entrances.page(kind, await self._open().get(KINDS[kind].path(None), params))
                found += more
                if not following:
                    return found
                params["continue"] = following
        except Exception as error:
            raise self._failed(error) from None

    async def read_events(self, subject: Subject) -> tuple[Event, ...]:
        kind = (await self._spec(subject.kind)).kind
        selector = f"involvedObject.kind={kind},involvedObject.name={subject.name}"
        if subject.kind not in KINDS and subject.uid:  # two groups may have a kind of that name
            selector += f",involvedObject.uid={subject.uid}"
        # events about cluster-scoped objects live in "default"
        path = LISTED["Event"].path(subject.namespace or "default")
        try:
            _, found = Codec("Event").page(await self._open().get(path, {"fieldSelector": selector}))
        except Exception as error:
            raise self._failed(error) from None
        events = [e for e in found if isinstance(e, Event)]
        return tuple(sorted(events, key=lambda e: e.last_seen))

    def logs(self, request: LogRequest) -> AsyncIterator[list[LogLine]]:
        return stream(self._open(), request, self._clock)

    async def privileges(self) -> tuple[Privilege, ...]:
        """By SelfSubjectAccessReviews: list of each kind everywhere, else in each known namespace; and logs."""
        served = [spec for spec in map(self._discovery.where, LISTED) if spec is not None]
        asked: list[tuple[str, str, str]] = [(spec.group, spec.resource, "") for spec in served]
        asked.append(("", "pods/log", ""))
        cluster_wide = {spec.resource for spec in served if not spec.namespaced}
        everywhere = await asyncio.gather(*(self._privilege(*a) for a in asked))
        narrow = [
            (group, resource, namespace)
            for (group, resource, _), told in zip(asked, everywhere, strict=True)
            if told.allowed is False and resource not in cluster_wide
            for namespace in self._fallback
        ]
        told = (*everywhere, *(await asyncio.gather(*(self._privilege(*a) for a in narrow))))
        if not self._discovery.allowed.metrics:
            return told
        return (
            *told,
            await self._asked({"nonResourceAttributes": {"verb": "get", "path": METRICS}}, "get", METRICS),
        )

    async def rules(self, namespace: str) -> tuple[frozenset[WriteRight], bool]:
        """What this login may do there beyond reading, by the server's own list, and whether the list is whole."""
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        }
        try:
            answer = await self._open().review("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body)
            return write_rights.listed(answer.get("status") or {})
        except Exception as error:
            raise self._failed(error) from None

    async def writes(self) -> tuple[Privilege, ...]:
        """What of ``WRITES`` this login may do, in all namespaces, else in each known one; what the server would not say among it."""
        everywhere = await asyncio.gather(*(self._write(*write) for write in write_rights.WRITES))
        narrow = [
            self._write(verb, group, resource, namespace)
            for (verb, group, resource), told in zip(write_rights.WRITES, everywhere, strict=True)
            if told.allowed is False
            for namespace in self._fallback
        ]
        return tuple(p for p in (*everywhere, *await asyncio.gather(*narrow)) if p.allowed is not False)

    async def _write(self, verb: str, group: str, resource: str, namespace: str = "") -> Privilege:
        name, _, sub = resource.partition("/")
        attributes = {
            "verb": verb,
            "group": group,
            "resource": name,
            "subresource": sub,
            "namespace": namespace,
        }
        shown = f"{resource}.{group}" if group else resource
        return await self._asked({"resourceAttributes": attributes}, verb, shown, namespace)

    async def _privilege(self, group: str, resource: str, namespace: str) -> Privilege:
        name, _, sub = resource.partition("/")
        verb = "get" if sub else "list"
        attributes = {
            "verb": verb,
            "group": group,
            "resource": name,
            "subresource": sub,
            "namespace": namespace,
        }
        shown = f"{resource}.{group}" if group else resource
        return await self._asked({"resourceAttributes": attributes}, verb, shown, namespace)

    async def _asked(self, spec: dict[str, Any], verb: str, shown: str, namespace: str = "") -> Privilege:
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
        try:
            answer = await self._open().review("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
            status = answer.get("status", {})
            return Privilege(
                verb=verb,
                resource=shown,
                namespace=namespace,
                allowed=bool(status.get("allowed")),
                reason=str(status.get("reason") or ""),
            )
        except Exception as error:
            cause = problem_of(error, self._clock.now()).cause
            return Privilege(verb=verb, resource=shown, namespace=namespace, reason=cause)

    def _failed(self, error: Exception) -> ReadFailed:
        return ReadFailed(problem_of(error, self._clock.now()))
