"""A run is begun: what it is refused for is asked first, then its start is recorded, then what proves the impact is looked for."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.run import RunEventKind, RunState
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.expansion import expanded
from tfdash.playbook.procedures.inputs import unfit_inputs, with_defaults
from tfdash.playbook.procedures.library import Library
from tfdash.playbook.procedures.started import run_id
from tfdash.playbook.procedures.starts import own_of
from tfdash.procedures.beginning import (
    UNSEEN,
    Starter,
    alone_on,
    not_itself,
    not_known,
    outer_of,
    starter,
    whole_inputs,
)
from tfdash.procedures.engine import Engine
from tfdash.procedures.kind import Means
from tfdash.procedures.protocols import Given, RunRefused, Told
from tfdash.procedures.proving import prove_impact, wants_proof
from tfdash.procedures.saying import reasoned
from tfdash.procedures.telling import previews


class StartsRuns:
    """What begins runs, and what all that changes one shares."""

    def __init__(self, means: Means, library: Callable[[], Library]) -> None:
        self.engine = Engine(means)
        self._means, self._library, self._journals = means, library, means.journals
        self._let_go = set[str]()  # runs whose claims nobody needs any more
        self._starting = asyncio.Lock()  # what is held is looked at, and held, by one start after the other

    async def start(
        self,
        procedure: str,
        inputs: Mapping[str, tuple[str, ...]],
        *,
        reason: str,
        cluster: ClusterRef,
        dry: bool = False,
        previewed: Sequence[str] = (),
    ) -> RunState:
        async def one_by_one() -> RunState:
            async with self._starting:
                return await self._start(procedure, inputs, reason, cluster, dry, previewed)

        return await self._changed(one_by_one())

    async def _start(
        self,
        id: str,
        inputs: Mapping[str, tuple[str, ...]],
        reason: str,
        cluster: ClusterRef,
        dry: bool,
        previewed: Sequence[str],
    ) -> RunState:
        refused = "" if dry and not self._journals.recorded else self._means.refused()
        if why := refused or self._journals.unread:
            raise RunRefused(why)
        found = self._library().procedures.get(id)
        if found is None:
            raise RunRefused(
                f"there is no procedure {id!r}", remedy="tfdash procedures list shows those that are"
            )
        if unfit := unfit_inputs(found, inputs):
            raise RunRefused("; ".join(why for _, why in unfit))
        reasoned(reason, f"why {found.title} is begun")
        chosen = whole_inputs(self._means, found, with_defaults(found, inputs), cluster)
        not_itself(found, chosen, cluster)
        unseen = not_known(self._means, found, chosen, cluster)
        nonce = secrets.token_hex(8)
        named = Starter(self._means.who(cluster)) if dry else await starter(self._means, found, cluster)
        terminal, where = self._journals.terminal, (cluster.environment, cluster.cluster)
        own = own_of("", cluster, self._means.clock.now())
        targets = expanded(found, chosen, own).holds
        outer = outer_of(self._means, found, targets, cluster, dry=dry)
        within = outer.at if outer is not None else ("", "")
        if not found.urgent:
            try:
                alone_on(self._means, found, targets, cluster, within=within[0])
            except RunRefused as other:
                if not dry:
                    raise
                unseen.append(f"in earnest it would be refused: {other}")
        run = run_id(found.id, found.digest, terminal, chosen, nonce, where=where, dry=dry, within=within)
        data = {
            "procedure": found.id,
            "text": found.text,
            "digest": found.digest,
            "file": found.file,
            "inputs": {name: list(values) for name, values in chosen.items()},
            "reason": reason.strip(),
            "dry": dry,
            "targets": list(targets),
            "environment": cluster.environment,
            "cluster": cluster.cluster,
            "nonce": nonce,
            **({UNSEEN: unseen} if unseen else {}),
            **({"unvouched": named.unvouched} if named.unvouched else {}),
            **({"within": {"run": within[0], "step": within[1]}} if outer is not None else {}),
            **({"previewed": list(previewed)} if previewed else {}),
        }
        await self._journals.record(
            run,
            RunEventKind.STARTED,
            by=named.by,
            sentence="; ".join(
                (
                    f"{'rehearses' if dry else 'starts'} {found.title}: {reason.strip()}",
                    *([f"as the step “{outer.step.title}” of {outer.run.id}"] if outer is not None else []),
                    *unseen,
                    *named.said(),
                )
            ),
            data=data,
            environment=cluster.environment,
            procedure=found.id,
        )
        state = self.engine.run_of(run, to_change=False)
        if state.unreadable:
            await self._said(state, RunEventKind.ABORTED, "", f"it cannot be carried out: {state.unreadable}")
            raise RunRefused(f"it cannot be carried out: {state.unreadable}")
        if wants_proof(state):
            with contextlib.suppress(LedgerUnavailable):  # it is begun all the same; who watches tries again
                await prove_impact(self._means, state, first=True)
        if outer is not None and not dry:  # where somebody else has that step it is theirs to wait for it
            with contextlib.suppress(RunRefused, LedgerUnavailable):
                await self.engine.carried_on(self.engine.do(*outer.at, Given(), lambda progress: None))
        return self.engine.run_of(run, to_change=False)

    async def previews(
        self, procedure: str, given: Mapping[str, str], cluster: ClusterRef
    ) -> Mapping[str, tuple[Told, ...]]:
        found = self._library().procedures[procedure]
        return await self._means.board.on_loop(previews(self._means, found, given, cluster))

    async def _changed(self, work: Coroutine[Any, Any, RunState]) -> RunState:
        """On the board's loop, once what is on record is known."""

        async def when_read() -> RunState:
            await self.engine.until_read()
            return await work

        return await self._means.board.on_loop(when_read())

    async def _said(
        self,
        run: RunState,
        kind: RunEventKind,
        step: str,
        sentence: str,
        data: Mapping[str, Any] | None = None,
    ) -> RunState:
        if why := self.engine.refused(run):
            raise RunRefused(why)
        await self._journals.record(
            run.id,
            kind,
            by=self._means.who(run.cluster),
            step=step,
            sentence=sentence,
            data=data,
            environment=run.cluster.environment,
            procedure=run.procedure.id,
        )
        return self.engine.run_of(run.id, to_change=False)
