"""Remembers releases that were verified: by the rules for the set time, or signed by a person. Rollback goes back to these.

The whole pod template is kept, so that it can be restored even after its ReplicaSet was pruned, with the image digests
that its pods really run, and with the verdicts it was verified by.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import Any, Protocol

from tfdash.actions.core.plan_context import BoardReader
from tfdash.actions.core.protocols import LedgerUnavailable, PlanRefused
from tfdash.clock import Clock
from tfdash.model.judgement import Breach, CanaryJudgement, Outcome
from tfdash.model.kube import Pod
from tfdash.model.release import Phase, ReleaseState
from tfdash.model.requests import ReadFailed
from tfdash.model.store_state import StoreState, VerifiedGood
from tfdash.model.subject import Key, Subject
from tfdash.playbook.canary import latch

log = logging.getLogger(__name__)
_EVERY = 5.0  # seconds between two looks
_KEEP_EVERY = 300.0  # seconds between two frozen baselines of one release


class Remembers(Protocol):
    """Where it is remembered. Raises ``LedgerUnavailable``."""

    async def remember_verified(self, good: VerifiedGood) -> None: ...

    async def remember_baseline(
        self, subject: Subject, baseline: str, actor: str = "tfdash", version: str = ""
    ) -> None: ...

    async def remember_breach(
        self, subject: Subject, breach: Breach, state: str, text: str = "", actor: str = "tfdash"
    ) -> None: ...


class Verifier:
    """Looks at what the judge says and has the ledger remember what held."""

    def __init__(self, memory: Remembers, clock: Clock) -> None:
        self._memory, self._clock = memory, clock
        self._tried: dict[Subject, str] = {}
        self._kept: dict[tuple[Subject, tuple[str, str, str]], Breach] = {}
        self._froze: dict[Subject, tuple[float, str]] = {}  # when a baseline was kept last, and which

    async def run(self, board: Any) -> None:
        while True:
            try:
                await self.look(board)
            except LedgerUnavailable as error:
                log.warning("nothing can be remembered as verified: %s", error)
            await asyncio.sleep(_EVERY)

    async def look(self, board: BoardReader) -> None:
        """Remember what held, and the baselines of what is in flight. Raises ``LedgerUnavailable``."""
        for subject, judgement in tuple(board.assessment.canaries.items()):
            release = board.assessment.releases.get(subject)
            if release is not None and holds(release, judgement):
                await self._remember(board, release, judgement)
        await self._keep_baselines(board)
        await self._keep_breaches(board)

    async def _keep_breaches(self, board: BoardReader) -> None:
        """What was crossed first, and what ended, where the store does not say so yet."""
        for subject, several in tuple(board.assessment.breaches.items()):
            stored = {b.key: b for b in board.picture.store_state.breaches.get(subject._replace(uid=""), ())}
            for breach in several:
                known = stored.get(breach.key)
                if known is not None and known.stands == breach.stands and known.at <= breach.at:
                    continue
                if known is None and not breach.stands:
                    continue  # it came and went before it was remembered
                if self._kept.get((subject, breach.key)) == breach:
                    continue  # the store has not told yet
                state = "found" if breach.stands else "withdrawn" if breach.withdrawn else "ended"
                await self._memory.remember_breach(subject, breach, state, breach.ended)
                self._kept[subject, breach.key] = breach

    async def _keep_baselines(self, board: BoardReader) -> None:
        """Now and then while both versions serve, and once more when only one is left, so that a restart has it."""
        now, facts = self._clock.now(), board.picture.store_state
        for subject, baseline in tuple(board.assessment.baselines.items()):
            release = board.assessment.releases.get(subject)
            if release is None or facts.baselines.get(subject) == baseline:
                continue
            at, kept = self._froze.get(subject, (float("-inf"), ""))
            whole = release.phase is Phase.COMPLETE
            if kept == baseline or (now - at < _KEEP_EVERY and not whole):
                continue
            self._froze[subject] = (now, baseline)
            await self._memory.remember_baseline(subject, baseline, version=release.version)
        for subject in tuple(self._froze):
            if subject not in board.assessment.canaries:
                del self._froze[subject]  # what was remembered is about that version alone: it may stay

    async def _remember(self, board: BoardReader, release: ReleaseState, judgement: CanaryJudgement) -> None:
        at = release.workload or release.subject
        side = release.canary or release.stable
        if (
            side is None
            or self._tried.get(at) == side.hash
            or known(board.picture.store_state, at, side.hash)
        ):
            return
        try:
            good = await verified(board, release, self._clock.now(), "rules", said(judgement))
        except (ReadFailed, PlanRefused) as error:
            log.warning("%s: not remembered as verified: %s", at, error)
            return
        await self._memory.remember_verified(good)
        self._tried[at] = side.hash


def holds(release: ReleaseState, judgement: CanaryJudgement) -> bool:
    """Complete, every trigger passes, and the time for which they must is over."""
    return (
        release.phase is Phase.COMPLETE and judgement.outcome is Outcome.PASS and judgement.verified_in == 0
    )


def known(facts: StoreState, at: Subject, hash_: str) -> bool:
    """Whether the log has that version of ``at`` as its newest already; subjects are compared without their uid. What only
    a cluster says is no evidence of ours."""
    return any(
        g.template_hash == hash_ and g.where == "store"
        for s, g in facts.verified.items()
        if s._replace(uid="") == at._replace(uid="")
    )


def said(judgement: CanaryJudgement) -> tuple[str, ...]:
    return tuple(f"{t.title}: {t.sentence}" for t in judgement.triggers)


async def verified(
    board: BoardReader, release: ReleaseState, now: float, by: str, verdicts: tuple[str, ...]
) -> VerifiedGood:
    """The record of the version that serves now. Raises ``ReadFailed``, ``PlanRefused`` where it is another one already."""
    at = release.workload or release.subject
    for breach in standing_breaches(board, release):
        if not breach.overruled:
            raise PlanRefused(
                f"a BREACH of this version stands: {breach.title or breach.trigger}: {latch.short(breach)}"
            )
        verdicts = (*verdicts, f"{breach.title or breach.trigger}: BREACH overruled by {breach.overruled}")
    template = await _template(board, at)
    text = json.dumps(template, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    side = release.canary or release.stable
    images = tuple(str(c.get("image", "")) for c in template.get("spec", {}).get("containers", ()))
    if not images or (side is not None and side.images and not set(images) <= set(side.images)):
        raise PlanRefused(f"the template of {at} is not the one that was judged: it changed meanwhile")
    pods = board.picture.clusters[at.cluster].objects("Pod")
    mine = [pods.get(Key(at.namespace, name)) for name in (side.pods if side is not None else ())]
    digests = {
        s.image_id.rpartition("@")[2]
        for pod in mine
        if isinstance(pod, Pod)
        for s in pod.statuses
        if "@" in s.image_id
    }
    return VerifiedGood(
        subject=at,
        template=text,
        template_hash=side.hash
        if side is not None and side.hash
        else hashlib.sha256(text.encode()).hexdigest()[:16],
        images=images,
        digests=tuple(sorted(digests)),
        revision=side.revision if side is not None else "",
        at=now,
        by=by,
        verdicts=verdicts,
    )


def standing_breaches(board: BoardReader, release: ReleaseState) -> tuple[Breach, ...]:
    """What stands against this version, by this terminal or the store."""
    stored = board.picture.store_state.breaches.get(release.subject._replace(uid=""), ())
    own = board.assessment.breaches.get(release.subject, ())
    return latch.standing(latch.merged(stored, own), release)


async def _template(board: BoardReader, at: Subject) -> dict[str, Any]:
    """The pod template, also where a Rollout refers to a Deployment's. Raises ``ReadFailed``."""
    spec = (await board.read(at)).document.get("spec", {})
    reference = spec.get("workloadRef") if at.kind == "Rollout" else None
    if reference and not spec.get("template"):
        named = at._replace(kind=str(reference.get("kind", "")), name=str(reference.get("name", "")), uid="")
        if named.kind not in ("Deployment", "ReplicaSet"):
            return {}
        spec = (await board.read(named)).document.get("spec", {})
    template = spec.get("template", {})
    return template if isinstance(template, dict) else {}
