"""One kind of one cluster: the watches of its scope joined into one observation, with a way out where all is forbidden."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from tfdash.clock import Clock
from tfdash.model.kind_spec import KindSpec
from tfdash.model.observation import ALL_OTHERS, ListProgress, Observation, ProblemKind
from tfdash.model.picture import Objects
from tfdash.model.subject import ClusterRef, Key
from tfdash.sources.base import Scope, Sink
from tfdash.sources.kubernetes.listwatch import Gather, ListWatch, Publish, split_scope
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.sources.kubernetes.transport import Reader


class Feed:
    """``run`` watches ``scope``; where listing all namespaces is forbidden it falls back to ``fallback`` and says so.

    ``provisional`` gives rows that were prefetched: they stand until the first list is complete.
    """

    def __init__(
        self,
        reader: Reader,
        kind: KindSpec,
        scope: Scope,
        fallback: tuple[str, ...],
        publish: Publish,
        clock: Clock,
        tuning: KubernetesSettings,
        provisional: Callable[[], Objects | None],
        gather: Gather,
    ) -> None:
        self.kind, self.scope = kind, scope
        self._reader, self._fallback, self._clock, self._tuning = reader, fallback, clock, tuning
        self._publish, self._provisional, self._gather = publish, provisional, gather
        self._parts: dict[str | None, Observation[Objects]] = {}
        self._watches: list[ListWatch] = []
        self._value: Objects | None = None
        self._narrowed = asyncio.Event()
        self._hidden: tuple[str, ...] = ()

    def retry_now(self) -> None:
        for watch in self._watches:
            watch.retry_now()

    def relist(self) -> None:
        for watch in self._watches:
            watch.relist()

    async def run(self) -> None:
        namespaces = self.scope.namespaces
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._watch_all(namespaces))
            if namespaces is None and self.kind.namespaced and self._fallback:
                await self._narrowed.wait()
                task.cancel()
                self._parts.clear()
                self._hidden = (ALL_OTHERS,)
                group.create_task(self._watch_all(self._fallback))

    async def _watch_all(self, namespaces: tuple[str, ...] | None) -> None:
        self._watches = [self._watch(namespace) for namespace in split_scope(namespaces, self.kind)]
        async with asyncio.TaskGroup() as group:
            for watch in self._watches:
                group.create_task(watch.run())

    def _watch(self, namespace: str | None) -> ListWatch:
        def publish(seen: Observation[Objects], changed: frozenset[Key] | None) -> None:
            self._parts[namespace] = seen
            forbidden = seen.problem is not None and seen.problem.kind is ProblemKind.FORBIDDEN
            if (
                forbidden
                and namespace is None
                and self._fallback
                and self.kind.namespaced
                and not seen.complete
            ):
                self._narrowed.set()
                return
            self._join(namespace, changed)

        return ListWatch(self._reader, self.kind, namespace, publish, self._clock, self._tuning, self._gather)

    def _join(self, namespace: str | None, changed: frozenset[Key] | None) -> None:
        if None in self._parts:
            joined = self._parts[None]
            value = joined.value
        else:
            joined, value = self._joined(namespace, changed)
        provisional = False
        if value is None:
            value = self._provisional()
            provisional = value is not None
        if joined.complete:
            self._value = value
        hidden = (
            self._hidden if self._hidden else tuple(n for n, p in self._parts.items() if n and _is_hidden(p))
        )
        self._publish(
            msgspec.structs.replace(
                joined,
                value=value,
                provisional=provisional,
                hidden=hidden,
                partial=self.kind.namespaced and None not in self._parts,
            ),
            frozenset() if provisional else changed,
        )

    def _joined(
        self, namespace: str | None, changed: frozenset[Key] | None
    ) -> tuple[Observation[Objects], Objects | None]:
        """Several namespaces as one: the oldest age, any problem, the sum of the progress."""
        parts = list(self._parts.values())
        complete = len(parts) == len(self._watches) and all(p.complete or _is_hidden(p) for p in parts)
        value: Objects | None = None
        if complete:
            if changed and self._value is not None and namespace is not None:
                merged = dict(self._value)
                mine = self._parts[namespace].value or {}
                for key in changed:
                    if key in mine:
                        merged[key] = mine[key]
                    else:
                        merged.pop(key, None)
                value = merged
            elif changed is not None and not changed and self._value is not None:
                value = self._value
            else:
                value = {key: obj for p in parts for key, obj in (p.value or {}).items()}
        times = [p.observed_at for p in parts if p.observed_at is not None]
        problems = [p.problem for p in parts if p.problem is not None]
        loaded = sum(p.progress.loaded if p.progress else len(p.value or ()) for p in parts)
        return (
            Observation(
                source=self.kind.resource,
                observed_at=min(times) if times else None,
                problem=problems[0] if problems else None,
                complete=complete,
                unreadable=sum(p.unreadable for p in parts),
                progress=None if complete else ListProgress(loaded, None),
                interval=self._tuning.watch_silence,
            ),
            value,
        )


class KindPublisher:
    """Passes a feed's observations on, and forgets the prefetched rows once the objects are there."""

    def __init__(self, sink: Sink, ref: ClusterRef, kind: str) -> None:
        self._sink, self._ref, self._kind = sink, ref, kind
        self.complete = self.failed = False
        self.feed: Feed | None = None
        self.done: Callable[[], object] | None = None

    def publish(self, seen: Observation[Objects], changed: frozenset[Key] | None) -> None:
        if seen.complete and not self.complete:
            self.complete = True
            if self.done is not None:
                self.done()
        self.failed = seen.problem is not None and not seen.value
        self._sink.put_objects(self._ref, self._kind, seen, changed)


def _is_hidden(part: Observation[Objects]) -> bool:
    return part.problem is not None and part.problem.kind is ProblemKind.FORBIDDEN and not part.complete
