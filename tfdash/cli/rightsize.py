"""``tfdash rightsize``: what each workload should ask for, by the history that Prometheus keeps."""

from __future__ import annotations

import argparse
import contextlib

from tfdash.cli.headless import no_namespace, settle
from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import FINDINGS, OK, UNKNOWN, program
from tfdash.model.kinds import JUDGED
from tfdash.text import safe

_FIRST = 20.0  # seconds for the namespaces


def command(args: argparse.Namespace) -> int:
    """Exit 0: all requests fit; 1: some do not by 0.25 cores or 250 MiB; 2: of some or all nothing is known."""
    from tfdash.actions.core.protocols import LedgerUnavailable
    from tfdash.cli.compose import board_of, clock_of, scope_of
    from tfdash.cli.recorded import chosen
    from tfdash.cli.store_options import store_options
    from tfdash.config.load import load
    from tfdash.playbook.resources.rightsizing import Gap
    from tfdash.report.rightsize import as_csv, as_kustomize, as_patches, sized_workloads, table
    from tfdash.sources.prometheus.usage.source import UsageHistorySource
    from tfdash.store.log.data_dir import prepare

    config = chosen(args)
    settings = load(config.path)
    board, sources = board_of(config, settings, clock_of(config), remembering=True, weeks=True, keeping=True)
    scope = scope_of(args, config.environment, sources)
    reading = [s for s in board.sources if isinstance(s, UsageHistorySource)]
    if not reading and config.recorded is None:
        narrate(
            f"{program()}: no Prometheus is configured that has a history; "
            'set [environments.NAME.prometheus] url = "http://host:9090", and [metrics.usage] enabled = true'
        )
        return UNKNOWN
    if reading:
        with contextlib.suppress(LedgerUnavailable):  # then days are held in memory, and read again next time
            prepare(store_options(settings, config.path).folder)
    for source in reading:
        source.only(scope.namespaces)

    def enough(settled: bool, took: float) -> bool:
        return settled and all(s.whole for s in reading)

    late = settle(board, dict.fromkeys(JUDGED, scope), args.wait, enough=enough)
    absent = no_namespace(board, scope, _FIRST) if args.namespace else ""
    board.stop()
    problems = [str(s.status.problem) for s in reading if s.status.problem is not None]
    if not all(s.whole for s in reading) and not problems:
        problems = [f"the history was not read within {args.wait:g} s; what was read is kept, ask again"]
    problems += [f"not settled: {', '.join(late)}"] if late else []
    problems = [absent] if absent else problems
    found = sized_workloads(board.picture, settings.policy.resources, scope.namespaces)
    if not found and not problems:
        there = ", ".join(scope.namespaces or ()) or "any namespace"
        problems = [f"there is no workload with a history in {there}, so that nothing is proposed"]
    for problem in problems:
        narrate(f"{program()}: {safe(problem)}")
    for source in reading:
        if source.status.value is not None:
            narrate(f"{safe(source.status.value.name)}: {safe(source.status.value.about)}")
    gaps = [s.gap for one in found for s in one.sized.sizings]
    code = FINDINGS if any(gap >= Gap.WARNING for gap in gaps) else OK
    if problems or not found:
        code = UNKNOWN
    written = {"kustomize": as_kustomize, "patch": as_patches, "csv": as_csv}.get(args.export, table)
    return deliver(written(found), code)
