"""Keeps a verified release in the cluster too, where we may, so that any terminal can restore it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from tfdash.actions.core.protocols import LedgerUnavailable, NotSent, OutcomeUnknown, Writer
from tfdash.actions.kubernetes.events import event_request, write_event
from tfdash.model.action import Plan
from tfdash.model.judgement import Breach
from tfdash.model.requests import ReadFailed
from tfdash.model.store_state import EntryKind, VerifiedGood
from tfdash.model.subject import ClusterRef, Subject
from tfdash.store.ledger import Store
from tfdash.store.peers.cluster_records import TooLarge, remember_in_cluster, verified_name
from tfdash.text import safe

log = logging.getLogger(__name__)
_TIMEOUT = 10.0  # seconds


class LastKnownGood:
    """What has the ledger remember a release, and the cluster as well. ``tfdash.actions.store.verified_releases.Remembers``."""

    def __init__(self, store: Store, writers: Mapping[ClusterRef, Writer]) -> None:
        self._store, self._writers = store, writers

    async def remember_verified(self, good: VerifiedGood) -> None:
        """Raises ``LedgerUnavailable``. The cluster's copy is best effort; what became of it is recorded."""
        await self._store.remember_verified(good)
        writer = self._writers.get(good.subject.cluster)
        if writer is None:
            return
        why = await keep(writer, good)
        name = f"ConfigMap {good.subject.namespace}/{verified_name(good.subject)}"
        sentence = f"not kept in the cluster: {why}" if why else f"kept in the cluster as {name}"
        try:
            await self._store.append(
                EntryKind.NOTE,
                actor="tfdash",
                subject=good.subject,
                action="release.keep",
                sentence=sentence,
                data={"template_hash": good.template_hash},
            )
        except LedgerUnavailable as error:
            log.warning("%s: %s, unrecorded: %s", good.subject, sentence, error)

    async def remember_manual(self, subject: Subject, actor: str, sentence: str, version: str = "") -> None:
        await self._store.remember_manual(subject, actor, sentence, version)

    async def remember_baseline(
        self, subject: Subject, baseline: str, actor: str = "tfdash", version: str = ""
    ) -> None:
        await self._store.remember_baseline(subject, baseline, actor, version)

    async def remember_breach(
        self, subject: Subject, breach: Breach, state: str, text: str = "", actor: str = "tfdash"
    ) -> None:
        await self._store.remember_breach(subject, breach, state, text, actor)

    async def announce(self, plan: Plan, actor: str, sentence: str, now: float) -> str:
        writer = self._writers.get(plan.subject.cluster)
        if writer is None:
            return ""
        request = event_request(plan, actor, sentence, self._store.terminal, now, warning=True)
        return await write_event(writer, request, "", _TIMEOUT)


async def keep(writer: Writer, good: VerifiedGood) -> str:
    """Write it, where the server says that we may; "" or why not."""
    try:
        request = remember_in_cluster(good)
        may = await writer.may(request)
        if may.allowed is not True:
            return safe(f"no right to {may.verb} {may.resource} in {may.namespace}")
        answer = await writer.send(request, audit_id="", timeout=_TIMEOUT)
    except (TooLarge, NotSent, OutcomeUnknown) as error:
        return safe(str(error))
    except ReadFailed as failed:
        return safe(str(failed.problem))
    return "" if answer.ok else safe(f"HTTP {answer.status}: {answer.message}")
