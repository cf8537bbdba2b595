"""Looks at each address now and then, and puts what it serves into the picture. An address that does not answer keeps what was seen of it,
beside why it does not."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import CERTIFICATE_PAGES, CertificateFacts, Contact, ServedCertificate
from tfdash.model.kube import Object
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects, Picture, SourceInfo
from tfdash.model.subject import ClusterRef, Key
from tfdash.nouns import counted
from tfdash.process import in_thread
from tfdash.sources.base import SourceBoard
from tfdash.sources.certificates.endpoint import Endpoint
from tfdash.sources.certificates.finding import NamingCluster, find
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.sources.certificates.handshake import Contexts, Handshake

log = logging.getLogger(__name__)
_AGAIN = 60.0  # seconds until the second look after a renewal, or at what nobody listened behind; then twice as long, and so on
_FIRST = 5.0  # seconds
_LOOK = 15.0  # seconds between two looks at the picture, for what was renewed
_UNSHAKEN = frozenset({Contact.NO_HOST, Contact.NO_WAY, Contact.REFUSED})  # no handshake came about


class _Turn:
    """When one is looked at again, by the machine's clock; ``tries``: looks since it was last as it should be."""

    def __init__(self) -> None:
        self.at, self.tries, self.since = 0.0, 0, 0.0

    def looked(self, now: float, interval: float, *, soon: bool) -> None:
        self.tries = self.tries + 1 if soon else 0
        wait = min(interval, _AGAIN * 2 ** min(self.tries - 1, 20)) if soon else interval
        self.at = now + wait


class CertificatesSource:
    """See ``tfdash.sources.base.Source``. ``endpoints`` is asked at each round: a kubeconfig may lead elsewhere by then. ``places``: the clusters
    whose own objects name more. ``later`` gives others once, in a thread, and may raise ``ValueError``, in words that are safe to show."""

    def __init__(
        self,
        refs: Sequence[ClusterRef],
        endpoints: Callable[[], Iterable[Endpoint]],
        settings: CertificatesSettings,
        clock: Clock,
        places: Sequence[NamingCluster] = (),
        later: Callable[[], Iterable[Endpoint]] = tuple,
    ) -> None:
        self._later, self._more = later, tuple[Endpoint, ...]()
        self._lacks: Problem | None = None
        self._places, self._found, self._find_at = tuple(places), tuple[Endpoint, ...](), 0.0
        self._problem: Problem | None = None
        self._refs, self._endpoints, self._settings, self._clock = tuple(refs), endpoints, settings, clock
        self._slots = asyncio.Semaphore(settings.at_once)
        self._turns: dict[tuple[ClusterRef, Key], _Turn] = {}
        self._seen: dict[ClusterRef, dict[Key, ServedCertificate]] = {ref: {} for ref in refs}
        self._contexts: dict[bytes | None, Contexts] = {}
        self._renewed: dict[ClusterRef, tuple[Objects, Mapping[str, float]]] = {}
        self._whole = False

    @property
    def id(self) -> str:
        return f"certificates {self._refs[0].environment}"

    @property
    def status(self) -> Observation[SourceInfo]:
        seen = [one for several in self._seen.values() for one in several.values()]
        served = sum(one.answer is Contact.SERVED for one in seen)
        about = f"{served} of {counted(len(seen), 'address')} answered" if seen else "no address is looked at"
        info = SourceInfo(
            name="served certificates", about=about, count=len(seen), only_for=CERTIFICATE_PAGES
        )
        return self._observation(info, seen)

    def _observation(self, value: object, seen: Iterable[ServedCertificate]) -> Observation:  # type: ignore[type-arg]
        problem = self._problem or self._lacks
        return Observation(
            value=value,
            source=self.id,
            problem=problem,
            unreadable=int(problem is not None),
            observed_at=min((s.looked_at for s in seen), default=self._clock.now()) if self._whole else None,
            complete=self._whole,
            interval=in_clock_seconds(self._clock, 2 * self._settings.interval + self._settings.timeout),
        )

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """Each is looked at once where somebody asks for certificates."""
        asked = any(Certificate.KIND in picture.clusters[ref].kinds for ref in self._refs)
        return () if self._whole or not asked else ("served certificates",)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        await board.until(lambda: self._whole, PATIENCE)
        return by_status(self.id, self.status)

    async def run(self, board: SourceBoard) -> None:
        await board.until(lambda: not board.unsettled(), _FIRST)  # the first lists go before what it imports
        try:
            self._more = await in_thread(lambda: tuple(self._later()))
        except ValueError as error:
            self._lacks = Problem(kind=ProblemKind.CONFIG, cause=str(error), since=self._clock.now())
        while True:
            now = time.monotonic()
            if self._settings.found_by and self._find_at <= now:
                await self._look_for(board, now)
            there = list(
                {(e.ref, e.key): e for e in (*self._found, *self._more, *self._endpoints())}.values()
            )
            self._forget(there)
            due = [e for e in there if self._turn(e).at <= now or self._is_due_by_renewal(board, e, now)]
            async with asyncio.TaskGroup() as group:
                for endpoint in due:
                    group.create_task(self._look(board, endpoint))
            if not self._whole:
                self._whole = True
                self._put(board, {(e.ref, e.key) for e in due})
            await self._rest(_LOOK)

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _look_for(self, board: SourceBoard, now: float) -> None:
        """What was found before is looked at on where it cannot be asked for."""
        reached = all(board.picture.clusters[ref].info.value is not None for ref in self._refs)
        found, problem = await find(board.picture, self._places, self._settings.found_by)
        self._find_at = now + (self._settings.interval if reached and problem is None else _AGAIN)
        most, before = self._settings.most_found, self._problem
        if problem is not None or not reached:
            found = tuple({(e.ref, e.name): e for e in (*self._found, *found)}.values())
        if problem is None and len(found) > most:
            cause = f"{len(found)} addresses are named by what is in the clusters, and {most} are looked at"
            remedy = "raise most_found under [certificates]"
            problem = Problem(kind=ProblemKind.CONFIG, cause=cause, remedy=remedy, since=self._clock.now())
        self._found, self._problem = found[:most], problem
        if before is not problem:
            self._whole = False  # it is to be put

    def _turn(self, endpoint: Endpoint) -> _Turn:
        return self._turns.setdefault((endpoint.ref, endpoint.key), _Turn())

    def _forget(self, there: Sequence[Endpoint]) -> None:
        """What is named no more is no finding any more."""
        named = {(e.ref, e.key) for e in there}
        for ref, several in self._seen.items():
            for key in [k for k in several if (ref, k) not in named]:
                del several[key]
                self._turns.pop((ref, key), None)
                self._whole = False  # it is to be put

    # -- one look -----------------------------------------------------------------------------------------------

    async def _look(self, board: SourceBoard, endpoint: Endpoint) -> None:
        before = self._seen[endpoint.ref].get(endpoint.key)
        async with self._slots:
            found = await self._asked(endpoint, before)
        after = _noted(endpoint, found, before, self._clock.now())
        self._seen[endpoint.ref][endpoint.key] = after
        soon = after.answer in _UNSHAKEN or self._behind(board, endpoint)
        self._turn(endpoint).looked(time.monotonic(), self._settings.interval, soon=soon)
        if self._whole:  # the others are known: no wait for the slowest of this round
            self._put(board, {(endpoint.ref, endpoint.key)})

    async def _asked(self, endpoint: Endpoint, before: ServedCertificate | None) -> Handshake:
        from tfdash.sources.certificates import handshake

        try:
            anchors = endpoint.anchors()
            contexts = self._contexts.setdefault(anchors, handshake.Contexts(anchors))
            return await handshake.look(
                endpoint.host,
                endpoint.port,
                endpoint.asked,
                contexts,
                self._settings.timeout,
                speaks=endpoint.speaks,
                old=before is not None and before.lowered,
            )
        except OSError as error:
            return handshake.Handshake(Contact.FAULT, _unread(error))
        except ValueError as error:
            return handshake.Handshake(
                Contact.FAULT, f"its file of authorities cannot be used: {safe(str(error))}"
            )
        except Exception as error:  # a bug of ours must not end the looks at others
            log.exception("an address was not looked at")
            return handshake.Handshake(
                Contact.FAULT, f"{type(error).__name__}, a fault of tfdash; its log has more"
            )

    # -- what was renewed ---------------------------------------------------------------------------------------

    def _behind(self, board: SourceBoard, endpoint: Endpoint) -> bool:
        """Whether a Certificate for its name began after what it serves did."""
        seen = self._seen[endpoint.ref].get(endpoint.key)
        leaf = seen.leaf if seen is not None else None
        return leaf is not None and leaf.not_before < self._newest(board, endpoint)

    def _is_due_by_renewal(self, board: SourceBoard, endpoint: Endpoint, now: float) -> bool:
        """Once for each renewal; what comes of that look says when the next one is."""
        turn = self._turn(endpoint)
        newest = self._newest(board, endpoint) if self._behind(board, endpoint) else 0.0
        if newest <= turn.since:
            return False
        turn.since, turn.tries = newest, 0
        return True

    def _newest(self, board: SourceBoard, endpoint: Endpoint) -> float:
        objects = board.picture.clusters[endpoint.ref].objects(Certificate.KIND)
        kept = self._renewed.get(endpoint.ref)
        if kept is None or kept[0] is not objects:
            kept = self._renewed[endpoint.ref] = (objects, _began(objects.values()))
        name = endpoint.asked.lower()
        star = f"*.{name.partition('.')[2]}"
        return max(kept[1].get(name, 0.0), kept[1].get(star, 0.0))

    # -- publishing ---------------------------------------------------------------------------------------------

    def _put(self, board: SourceBoard, looked: set[tuple[ClusterRef, Key]]) -> None:
        for ref, several in self._seen.items():
            changed = frozenset(key for at, key in looked if at == ref)
            known = board.picture.clusters[ref].kinds.get(ServedCertificate.KIND)
            if changed or known is None or not known.complete or len(known.value or ()) != len(several):
                same = known is not None and len(known.value or ()) == len(several)
                seen: Observation[Objects] = self._observation(dict(several), several.values())
                board.put_objects(ref, ServedCertificate.KIND, seen, changed if same else None)
        board.put_status(self.id, self.status)


def _unread(error: OSError) -> str:
    named = f" {safe(str(error.filename))}" if error.filename else ""
    return f"its file of authorities{named} cannot be read: {error.strerror or error}"


def _began(certificates: Iterable[Object]) -> Mapping[str, float]:
    """By name: when the newest Certificate for it began."""
    found: dict[str, float] = {}
    for one in certificates:
        if isinstance(one, Certificate) and one.not_before is not None:
            for name in one.names:
                found[name.lower()] = max(found.get(name.lower(), 0.0), one.not_before)
    return found


def _noted(
    endpoint: Endpoint, found: Handshake, before: ServedCertificate | None, now: float
) -> ServedCertificate:
    """What is known after a look: of one that does not answer what was seen before, and why it does not."""
    from tfdash.sources.certificates.handshake import fits

    if found.answer is not Contact.SERVED:
        kept = before or ServedCertificate(
            namespace="", name=endpoint.name, asked=endpoint.asked, of=endpoint.of
        )
        return msgspec.structs.replace(kept, answer=found.answer, said=found.said, looked_at=now)
    return ServedCertificate(
        namespace="",
        name=endpoint.name,
        asked=endpoint.asked,
        looked_at=now,
        seen_at=now,
        chain=found.chain,
        protocol=found.protocol,
        lowered=found.lowered,
        fits=not endpoint.asked or fits(endpoint.asked, found.chain[0].names),
        trust=found.trust,
        code=found.code,
        same_key=_same_key(found.chain[0], before),
        of=endpoint.of,
        beside=found.beside,
    )


def _same_key(leaf: CertificateFacts, before: ServedCertificate | None) -> bool:
    """Whether its key was kept when it was renewed, as far back as was looked."""
    last = before.leaf if before is not None else None
    if before is None or last is None or not leaf.key_id:
        return False
    return before.same_key if last.fingerprint == leaf.fingerprint else last.key_id == leaf.key_id
