"""What carries out the plans of each target. A further target is a module with an ``Executor`` and a line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.decision import Memory
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.executor import Executor
from tfdash.actions.core.plan_context import BoardReader
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import Ledger, PlanRefused, Writer, Writers
from tfdash.actions.evidence.executor import EvidenceExecutor
from tfdash.actions.kubernetes.executor import ClusterExecutor
from tfdash.actions.pipelines.executor import PipelineExecutor
from tfdash.actions.store.executor import StoreExecutor, one_allowed, who_approves
from tfdash.clock import Clock
from tfdash.model.action import Check, Plan
from tfdash.model.subject import ClusterRef


@dataclass(frozen=True)
class Parts:
    """What executors are made of. ``ledger`` None: there is no store."""

    board: BoardReader
    writers: Writers
    ledger: Ledger | None
    memory: Memory | None
    policy: ActionPolicy
    clock: Clock


@dataclass(frozen=True)
class ExecutorWork:
    """One plan to be carried out. ``again`` makes it once more; ``standing`` says how things stand for it now."""

    action: Action
    plan: Plan
    again: Callable[[], Awaitable[Plan]]
    standing: Callable[[], Standing]


def writer_of(writers: Writers, ref: ClusterRef) -> Writer:
    """Raises ``PlanRefused`` where the cluster is only read."""
    writer = writers.clusters.get(ref)
    if writer is None:
        raise PlanRefused(f"{ref.cluster} is only read")
    return writer


def _cluster(parts: Parts, work: ExecutorWork) -> Executor:
    writer = writer_of(parts.writers, work.plan.subject.cluster)
    pipeline = parts.policy.pipelines.get(work.action.id)
    if pipeline is not None:
        return PipelineExecutor(writer, parts.board, parts.policy, pipeline, parts.writers)
    posts = {p.id: p for p in work.action.posts}
    return ClusterExecutor(writer, parts.board, parts.policy, parts.writers.calls, posts)


def _store(parts: Parts, work: ExecutorWork) -> Executor:
    """As whoever the server of the cluster says that we are, or one of the environment's, or any of the platform's."""
    at, writers = work.plan.subject.cluster, parts.writers.clusters
    environment = at.environment
    writer = writers.get(at) or next(
        (w for ref, w in writers.items() if environment in ("", ref.environment)), None
    )
    if writer is None:
        raise PlanRefused(f"{environment or 'the platform'} is only read")
    return _deciding(parts, work, writer.identity)


def _archive(parts: Parts, work: ExecutorWork) -> Executor:
    if parts.writers.archives is None:
        raise PlanRefused("this terminal keeps no files")
    return EvidenceExecutor(writer_of(parts.writers, work.plan.subject.cluster), parts.writers.archives)


def _approvals(parts: Parts, work: ExecutorWork) -> Executor:
    """As whoever the server that stamps approvals says that we are."""
    ledger = parts.ledger
    if ledger is None:
        raise PlanRefused("there is no store")
    return _deciding(parts, work, lambda: who_approves(ledger))


def _deciding(
    parts: Parts, work: ExecutorWork, identity: Callable[[], Awaitable[tuple[str, tuple[str, ...]]]]
) -> Executor:
    if parts.ledger is None or work.action.record is None:
        raise PlanRefused("there is no store")

    async def rights(plan: Plan) -> Check:
        asks = work.action.asks
        asked = asks(plan, parts.board.picture) if asks is not None else ()
        return await one_allowed(
            asked, lambda r: parts.writers.clusters.get(r.subject.cluster) if r.subject is not None else None
        )

    return StoreExecutor(
        identity,
        work.action.record,
        parts.ledger,
        parts.memory or parts.ledger,
        parts.clock.now,
        work.again,
        work.standing,
        rights,
        parts.policy.zone,
    )


EXECUTORS: Mapping[Target, Callable[[Parts, ExecutorWork], Executor]] = {
    Target.CLUSTER: _cluster,
    Target.STORE: _store,
    Target.APPROVALS: _approvals,
    Target.ARCHIVE: _archive,
}


def executor_of(parts: Parts, work: ExecutorWork) -> Executor:
    """Raises ``PlanRefused`` where nothing here could carry it out."""
    return EXECUTORS[work.action.target](parts, work)
