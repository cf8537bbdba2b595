"""One kind in one scope, kept current: list by pages, then watch with bookmarks, for ever.

What the screen shows never empties on a failure: a relist replaces the objects when it is complete. The age of the
data counts from the last byte of the watch, not from the last change: a quiet cluster is fresh, a dead connection is
not. Bookmarks alone do not tell the two apart: an API server sends none where its version is no newer than the one that
the watch began at (apiserver/pkg/storage/cacher/cache_watcher.go: process), and that of a quiet kind may stand for minutes.
So a watch that is silent is opened anew from where it was, which a server that lives answers at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterator

import httpx
import msgspec

from tfdash.clock import Clock
from tfdash.collector import quiet_collector
from tfdash.model.kind_spec import KindSpec
from tfdash.model.kube import Object
from tfdash.model.observation import ListProgress, Observation, Problem, ProblemKind
from tfdash.model.picture import Objects
from tfdash.model.subject import Key
from tfdash.pieces import in_pieces
from tfdash.sources.kubernetes import bodies, envelopes
from tfdash.sources.kubernetes.codec import Codec, event
from tfdash.sources.kubernetes.list_pages import ListPages
from tfdash.sources.kubernetes.login import WaitsForPerson
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.sources.kubernetes.tables import TableCodec
from tfdash.sources.kubernetes.transport import ApiError, EndsAtOnce, Reader, problem_of
from tfdash.sources.kubernetes.unserved import worded
from tfdash.text import safe

log = logging.getLogger(__name__)
_WATCH_FOR = 300  # seconds: the server ends a watch after so long
_STEADY = 5.0  # seconds that a watch must have lasted to count as recovered, which ends the back-off
_AT_ONCE = 1.0  # seconds: a watch that ended within them may do so for ever
_UNWATCHED = 15.0  # seconds between two lists of a kind that cannot be watched (metrics.k8s.io)
_PULSE = 15.0  # seconds between two publications of mere freshness
# of `watch_silence`, by chance: the server is asked then (past the bookmark of each minute), and the rest is its time to answer
_SILENT = (0.75, 0.83)
_OLDEST = 90.0  # seconds: however long a silence is borne, a kind is proven anew within the least stale_after


class Gone(Exception):
    """The resourceVersion is too old (410): list again."""


_MOST_ASKED = 300.0  # seconds: who asks to wait for a day is asked again before


class Backoff:
    """Full jitter: a uniform wait up to a bound that doubles. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/"""

    def __init__(self, first: float, longest: float, chance: Callable[[], float] = random.random) -> None:
        self._first, self._longest, self._chance = first, longest, chance
        self.failures = 0

    def reset(self) -> None:
        self.failures = 0

    def next(self, at_least: float | None = None) -> float:
        bound: float = min(self._longest, self._first * 2.0**self.failures)
        self.failures = min(self.failures + 1, 16)
        wait = max(0.05, bound * self._chance())
        return wait if at_least is None else min(at_least, _MOST_ASKED) + wait


Publish = Callable[[Observation[Objects], frozenset[Key] | None], None]
Gather = Callable[[Callable[[], None]], None]  # ``tfdash.sources.base.Gathering.gather``


def at_once(collect: Callable[[], None]) -> None:
    """For who gathers nothing: what came by one read of the connection is put together."""
    asyncio.get_running_loop().call_soon(collect)


class ListWatch:
    """See the module. ``publish`` is called on the loop that runs ``run``; ``gather`` says when changes are put together."""

    def __init__(
        self,
        reader: Reader,
        kind: KindSpec,
        namespace: str | None,
        publish: Publish,
        clock: Clock,
        tuning: KubernetesSettings,
        gather: Gather = at_once,
        chance: Callable[[], float] = random.random,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``chance``: of the waits between tries; ``now``: monotonic seconds, by which a watch has lasted."""
        self.kind, self.namespace, self._gather = kind, namespace, gather
        self._reader, self._publish, self._clock, self._tuning = reader, publish, clock, tuning
        self._codec: Codec | TableCodec = Codec(kind.kind) if kind.decoder else TableCodec(kind, clock.now)
        self._backoff = Backoff(tuning.backoff_first, tuning.backoff_longest, chance)
        self._now = now
        self._objects: dict[Key, Object] = {}
        self._version = ""
        self._complete = False
        self._problem: Problem | None = None
        self._failing_since = 0.0
        self._heard: float | None = None
        self._published = 0.0
        self._pending: dict[Key, Object | None] = {}
        self._wake = asyncio.Event()
        self._watching: asyncio.Timeout | None = None
        self._relisting = False
        shortest, longest = (min(tuning.watch_silence, _OLDEST) * share for share in _SILENT)
        self.asks_after = shortest + (longest - shortest) * chance()  # seconds of silence
        self._silent = False  # the watch before this one told nothing for so long

    @property
    def forbidden(self) -> bool:
        return self._problem is not None and self._problem.kind is ProblemKind.FORBIDDEN

    def retry_now(self) -> None:
        """End a wait between two tries."""
        self._wake.set()

    def relist(self) -> None:
        """List again at once, because a person asked for it; what is shown stays until that is complete."""
        self._relisting = True
        self._wake.set()
        if self._watching is not None and not self._watching.expired():
            self._watching.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    if not self._version or self._relisting:
                        self._relisting = False
                        await self._list()
                    if not self.kind.watched:
                        self._version = ""  # nobody tells of its changes: it is listed again
                        await self._pause(_UNWATCHED)
                        continue
                    async with asyncio.timeout(None) as self._watching:
                        at_once, told = await self._watch()
                    if at_once:
                        await self._again(EndsAtOnce(), told)
                except TimeoutError as error:
                    if not self._relisting:
                        await self._failed(error)
                except Gone:
                    log.debug("%s: 410, listing again", self.kind.resource)
                    self._version = ""
                    await self._again(ApiError(410, "each watch is refused as too old, right after its list"))
                except Exception as error:
                    await self._failed(error)
        finally:
            self._pending.clear()  # what is gathered later finds nothing

    # -- list ---------------------------------------------------------------------------------------------------

    async def _list(self) -> None:
        found: dict[Key, Object] = {}
        restarted = False
        twice = lacking = 0
        self._codec.begin()
        with quiet_collector(freeze=True):
            async with ListPages(self._page) as pages:
                while True:
                    try:
                        body = await pages.next()
                    except ApiError as error:
                        if error.status != 410 or restarted or not pages.begun:
                            raise
                        pages.restart()  # the continue token expired half way: once more from the start
                        found, restarted, twice = {}, True, 0
                        continue
                    if self.kind.watched or isinstance(self._codec, TableCodec):
                        # on the board's loop, which is not the screen's
                        meta, objects = self._codec.page(body)
                    else:  # not every server behind the API server knows pages
                        meta, objects = await in_pieces(self._codec.pieces(body, self._objects))
                    del body
                    before = len(found)
                    for obj in objects:
                        found[Key(obj.namespace, obj.name)] = obj
                    twice += before + len(objects) - len(found)
                    if not meta.continue_:
                        lacking = meta.remaining_item_count or 0
                        break
                    pages.goes_on(meta.continue_)
                    left = meta.remaining_item_count
                    if not self._complete:
                        total = None if left is None else len(found) + left
                        self._say(ListProgress(len(found), total), changed=frozenset())
        self._codec.not_whole(twice, max(0, lacking))
        self._objects, self._version, self._complete = found, meta.resource_version, True
        self._pending.clear()
        self._heard = self._clock.now()
        self._recovered(say=False)
        self._say(None, changed=None)

    async def _page(self, continues: str, sent: Callable[[], None]) -> bytes:
        params = {"limit": str(self._tuning.page_size), **self._codec.params}
        if continues:
            params["continue"] = continues
        path, accept = self.kind.path(self.namespace), self._codec.list_accept
        return await self._reader.get(path, params, accept=accept, sent=sent)

    # -- watch --------------------------------------------------------------------------------------------------

    async def _watch(self) -> tuple[bool, bool]:
        """Until the server ends it, or it is silent: whether that was at once, and whether something new was told until then."""
        before, silent, self._silent = self._version, self._silent, False
        params = {
            "watch": "1",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_FOR),
            **self._codec.params,
        }
        answer = await self._reader.open(
            self.kind.path(self.namespace),
            params,
            accept=self._codec.watch_accept,
            silence=self.asks_after,
            within=self._tuning.watch_silence - self.asks_after if silent else None,
        )
        opened = self._now()
        try:
            self._heard = self._clock.now()
            self._recovered()
            if silent:
                self._say(None, changed=frozenset())
            async for lines in bodies.lines(answer):
                self._heard = self._clock.now()
                for line in lines:
                    self._take(event(line))
                if self._heard - self._published > _PULSE and not self._pending:
                    self._say(None, changed=frozenset())
        except httpx.ReadTimeout:
            self._silent = True  # nothing is wrong yet
        finally:
            lasted = self._now() - opened
            if lasted > _STEADY:  # one that breaks at once again is not worth a fresh start
                self._backoff.reset()
                self._failing_since = 0.0
            await answer.aclose()
        return lasted < _AT_ONCE and not self._silent, self._version != before

    def _take(self, found: envelopes.WatchEvent) -> None:
        if found.type == "BOOKMARK":
            self._version = envelopes.bookmark(found.object).metadata.resource_version or self._version
            return
        if found.type == "ERROR":
            status = envelopes.status(found.object)
            if status.code == 410:
                raise Gone
            raise ApiError(status.code, status.message, status.reason)
        if found.type == "DELETED":
            key, obj = self._codec.gone(found.object), None
            meta = envelopes.bookmark(found.object).metadata
            self._version = meta.resource_version or self._version
        else:
            obj = self._codec.item(found.object)
            if obj is None:  # of whom it tells is not known: what is shown may be wrong of anybody
                raise msgspec.ValidationError("a change of an object without a name came")
            key = Key(obj.namespace, obj.name)
            self._version = obj.resource_version or self._version
        if key is not None:
            if not self._pending:
                self._gather(self._flush)
            self._pending[key] = obj

    def _flush(self) -> None:
        """Publish what changed, as one new mapping: the one that readers hold is never touched."""
        pending, self._pending = self._pending, {}
        if not pending:
            return
        objects = dict(self._objects)
        changed = set()
        for key, obj in pending.items():
            if obj is not None:
                objects[key] = obj
                changed.add(key)
            elif objects.pop(key, None) is not None:
                changed.add(key)
        self._objects = objects
        self._say(None, changed=frozenset(changed))

    # -- saying it ----------------------------------------------------------------------------------------------

    def _recovered(self, *, say: bool = True) -> None:
        """What is shown is current; that it stays so is not known yet, and the back-off goes on."""
        if self._problem is not None:
            self._problem = None
            if say:
                self._say(None, changed=frozenset())

    async def _again(self, error: Exception, told: bool = False) -> None:
        """An end that is no failure by itself: the first is followed up at once, one that comes again is waited for and said.
        Where something new was ``told`` the wait stays short, and nothing is wrong."""
        if told:
            self._backoff.reset()
            await self._pause(self._backoff.next())
        elif self._backoff.failures:
            await self._failed(error)
        else:
            self._backoff.next()

    async def _failed(self, error: Exception) -> None:
        now = self._clock.now()
        self._failing_since = self._failing_since or now
        self._flush()
        if isinstance(error, ApiError) and error.status == 410:
            self._version = ""
        if isinstance(error, msgspec.DecodeError | UnicodeDecodeError):
            self._version = ""  # what could not be read may have been a change: list again
        wait = self._backoff.next(getattr(error, "retry_after", None))
        if isinstance(error, ApiError) and error.status in (403, 404):
            wait = max(wait, self._tuning.backoff_longest)  # rights and CRDs do not change by the second
        unasked = None if isinstance(error, WaitsForPerson) else now + wait
        everywhere = self.namespace is None and self.kind.namespaced
        problem = problem_of(error, self._failing_since, unasked, everywhere=everywhere)
        self._problem = worded(problem, self.kind, getattr(error, "status", 0))
        log.debug("%s: %s; next try in %.1f s", self.kind.resource, self._problem.cause, wait)
        if self._problem.kind is ProblemKind.INTERNAL:
            log.warning("%s", self._problem.cause, exc_info=error)
        self._say(None, changed=frozenset())
        await self._pause(wait)

    async def _pause(self, wait: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(wait):
                await self._wake.wait()
        except TimeoutError:
            return

    def _say(self, progress: ListProgress | None, changed: frozenset[Key] | None) -> None:
        self._published = self._clock.now()
        problem = self._problem
        if problem is None and self._codec.unreadable:
            problem = Problem(kind=ProblemKind.BAD_ANSWER, since=self._published, cause=safe(self._odd()))
        self._publish(
            Observation(
                value=self._objects if self._complete else None,
                source=self.kind.resource,
                observed_at=self._heard,
                problem=problem,
                progress=progress,
                complete=self._complete,
                unreadable=self._codec.unreadable,
                interval=self._tuning.watch_silence,
            ),
            changed,
        )

    def _odd(self) -> str:
        """``odd values in a/web (spec.replicas: ...) and 2 more, 1 without a name``."""
        malformed, lost = self._codec.malformed, self._codec.lost
        told = []
        if malformed:
            key, why = next(reversed(malformed.items()))
            more = f" and {len(malformed) - 1} more" if len(malformed) > 1 else ""
            told.append(f"odd values in {'/'.join(filter(None, key))} ({why}){more}")
        if lost:
            told.append(f"{lost} without a name")
        told += self._codec.doubtful()
        return ", ".join(told)


def split_scope(namespaces: tuple[str, ...] | None, kind: KindSpec) -> Iterator[str | None]:
    """One watch for all, or one for each namespace; cluster-scoped kinds know no namespaces."""
    if namespaces is None or not kind.namespaced:
        yield None
    else:
        yield from namespaces
