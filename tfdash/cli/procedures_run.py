"""``tfdash procedures run ID --dry``: a rehearsal walked to its end, and ``tfdash procedures resume FILE``: a run that was handed over as a file."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tfdash.cli.headless import settle
from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import FINDINGS, OK, UNKNOWN, USAGE, program
from tfdash.cli.procedures_evidence import written
from tfdash.cli.procedures_export import inputs_of
from tfdash.model.kinds import JUDGED, KINDS
from tfdash.model.procedure import StepKind
from tfdash.playbook.procedures.answering import kinds_asked
from tfdash.playbook.procedures.existing import object_of
from tfdash.playbook.procedures.inputs import not_there
from tfdash.playbook.procedures.walk import all_steps
from tfdash.playbook.procedures.within import within_said
from tfdash.procedures.beginning import UNSEEN
from tfdash.procedures.handing_over import read_run
from tfdash.procedures.protocols import Given
from tfdash.report.runbooks.evidence import evidence
from tfdash.sources.base import ALL
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.model.procedure import Ask, Procedure, Step
    from tfdash.model.run import RunState
    from tfdash.model.subject import ClusterRef
    from tfdash.procedures.protocols import RunService
    from tfdash.store.ledger import Store

_FIRST = 20.0  # seconds for the clusters and what is on record
_MOST = 10_000  # steps of a rehearsal


def command(args: argparse.Namespace) -> int:
    """Exit 0: nothing would stand in its way; 1: something would; 2: that is not known, or nothing was recorded that was to be; 64: asked
    for wrongly."""
    from tfdash.actions.core.action_service import make_service
    from tfdash.actions.core.mode import Mode
    from tfdash.actions.core.protocols import LedgerUnavailable
    from tfdash.cli.acting import deciding
    from tfdash.cli.action_policy import policy_of
    from tfdash.cli.compose import board_of, clock_of
    from tfdash.cli.notifying import previews_of
    from tfdash.cli.runs import RunParts, runs_of
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.procedures.protocols import RunRefused
    from tfdash.procedures.shelf import library_of

    if args.what == "run" and not args.dry:
        narrate(
            f"{program()}: a run is walked on the page Recovery, step by step; --dry rehearses it here and does nothing"
        )
        return USAGE
    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    clock = clock_of(config)
    procedure = library_of(settings).procedures.get(args.id) if args.what == "run" else None
    asks = list(_asks(procedure.steps)) if procedure is not None else []
    board, sources = board_of(config, settings, clock, remembering=not args.act)
    store: Store | None = None
    mode = Mode(acts=True, lasts=settings.actions.elevation) if args.act else Mode()
    if args.act:
        actions, store = deciding(board, config, settings, sources, clock)
    else:
        actions = make_service(board, None, None, policy_of(settings, sources), clock, mode)
    runs, _ = runs_of(
        RunParts(
            board=board,
            settings=settings,
            clock=clock,
            mode=mode,
            actions=actions,
            store=store,
            notifier=previews_of(settings, config.path, config.environment.name, clock),
        )
    )
    try:
        kinds = {"Deployment", *kinds_asked(asks)}
        if procedure is not None and any(step.kind is StepKind.ACTION for step in all_steps(procedure.steps)):
            kinds |= set(JUDGED)  # what a plan reads beside its object
        if procedure is not None:
            kinds |= _kinds_of(procedure, inputs_of(args.input)) & KINDS.keys()
        settle(board, dict.fromkeys(sorted(kinds), ALL), _FIRST)
        if args.what == "resume":
            return asyncio.run(_resume(runs, args.file, record=args.act))
        inputs = inputs_of(args.input)
        there = [source.ref for source in board.cluster_sources]
        away = not_there(procedure, inputs) if procedure is not None else frozenset[str]()
        cluster = next((ref for ref in there if ref.cluster not in away), there[0])
        started = asyncio.run(_rehearse(runs, args.id, inputs, args.reason or "a rehearsal", cluster))
    except (RunRefused, LedgerUnavailable) as error:
        remedy = getattr(error, "remedy", "")
        narrate(f"{program()}: {safe(str(error))}" + (f"; {safe(remedy)}" if remedy else ""))
        return USAGE if isinstance(error, RunRefused) else UNKNOWN
    finally:
        board.stop()
        if store is not None:
            store.close()
    return _told(args, runs, started)


def _asks(steps: tuple[Step, ...]) -> Iterator[Ask]:
    for step in steps:
        yield from (*step.asks, *step.before, *step.after)
        yield from (ask for branch in step.branches for ask in branch.when)
        yield from _asks(step.steps)


def _kinds_of(procedure: Procedure, inputs: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Of the objects that were chosen: whether they exist is asked before anything is begun."""
    found = (object_of(one, value) for one in procedure.inputs for value in inputs.get(one.id, ()))
    return {named[0] for named in found if named is not None}


async def _rehearse(
    runs: RunService, procedure: str, inputs: Mapping[str, tuple[str, ...]], reason: str, cluster: ClusterRef
) -> RunState:
    """Every step of every branch, each only as far as nothing is done. Raises ``RunRefused``."""
    run = await runs.start(procedure, inputs, reason=reason, cluster=cluster, dry=True)
    for told in next(iter(runs.events(run.id))).data.get(UNSEEN, ()):
        narrate(f"{program()}: {safe(told)}")
    if within := within_said(runs.runs(), run):
        narrate(f"{program()}: it would be carried out {safe(within)}")
    for _ in range(_MOST):
        if not run.next:
            break
        run = await runs.do(run.id, run.next[0], Given())
    return await runs.close(run.id, Given())


def _told(args: argparse.Namespace, runs: RunService, run: RunState) -> int:
    events = runs.events(run.id)
    stops = [event for event in events if event.data.get("would_stop")]
    known = [
        event
        for event in stops
        if not event.data.get("probes") or any(one.get("passed") is False for one in event.data["probes"])
    ]
    if not args.act:
        narrate(f"{program()}: this rehearsal is not remembered; --act records it")
    waits = any(event.data.get("would_wait") for event in events)
    code = FINDINGS if known else UNKNOWN if stops or waits else OK
    return deliver(written(args.format, evidence(run, events)), code)


async def _resume(runs: RunService, path: str, *, record: bool) -> int:
    if not record:
        state = await read_run(path)
        narrate(f"{program()}: nothing was recorded; --act takes the run up")
        return deliver(f"{state.id}  {safe(state.procedure.title)}  {state.outcome.value}", UNKNOWN)
    state = await runs.resume(path)
    waits = ", ".join(state.next) or "nothing"
    return deliver(f"{state.id} is taken up: {safe(state.procedure.title)}; next: {safe(waits)}", OK)
