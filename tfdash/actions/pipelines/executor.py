"""Has a pipeline do what an action would, and follows it to its end. Everything else is asked of the cluster."""

from __future__ import annotations

from tfdash.actions.core.executor import Sending, SendOutcome
from tfdash.actions.core.plan_digest import requests_of
from tfdash.actions.core.policy import ActionPolicy, Pipeline
from tfdash.actions.core.protocols import NotSent, OutcomeUnknown, Writer, Writers
from tfdash.actions.kubernetes.executor import ClusterExecutor, DocumentReader
from tfdash.model.action import Result
from tfdash.text import safe


class PipelineExecutor(ClusterExecutor):
    """``tfdash.actions.core.executor.Executor`` for an action that the configuration hands to ``pipeline``."""

    def __init__(
        self,
        writer: Writer,
        board: DocumentReader,
        policy: ActionPolicy,
        pipeline: Pipeline,
        writers: Writers,
    ) -> None:
        super().__init__(writer, board, policy)
        self._pipeline = pipeline
        self._runner = writers.commands if pipeline.command else writers.calls

    async def send(self, sending: Sending) -> SendOutcome:
        if self._runner is None:
            return SendOutcome(Result.NOT_APPLIED, "this terminal has nothing that could run it")
        first = requests_of(sending.plan)[0]
        names = {"intent": sending.intent}
        try:
            good, said = await self._runner.follow(first, how=self._pipeline, names=names, tell=sending.say)
        except NotSent as error:
            return SendOutcome(Result.NOT_APPLIED, safe(f"not started: {error}"))
        except OutcomeUnknown as error:
            return SendOutcome(Result.UNKNOWN, safe(str(error)))
        return SendOutcome(Result.APPLIED if good else Result.FAILED, safe(said))
