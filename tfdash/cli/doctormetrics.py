"""The part of ``tfdash doctor`` that looks at metrics; nothing where no Prometheus is configured."""

from __future__ import annotations

import argparse
import time
from typing import Any

from tfdash.board.board import Board
from tfdash.config.quick import ChosenEnvironment
from tfdash.model.kinds import JUDGED
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.sources.prometheus import PrometheusSource

_PATIENCE = 20.0  # seconds for the lists and for the first samples


def _feeders(board: Board) -> list[PrometheusSource]:
    return [f for f in board.sources if isinstance(f, PrometheusSource)]


def want_releases(
    board: Board, args: argparse.Namespace, environment: ChosenEnvironment, sources: list[KubernetesSource]
) -> None:
    """Ask for what releases are told by: metrics are examined for those that are known."""
    from tfdash.cli.compose import scope_of

    if _feeders(board):
        board.want("doctor", dict.fromkeys(JUDGED, scope_of(args, environment, sources)))


def examine_metrics(board: Board) -> list[dict[str, Any]]:
    """One report for each Prometheus as plain data, when its first samples are there or patience ends."""
    from tfdash.sources.prometheus.inspect import as_json, inspect_metrics

    sources = _feeders(board)
    until = time.monotonic() + _PATIENCE
    while sources and time.monotonic() < until and not all(_settled(board, f) for f in sources):
        time.sleep(0.1)
    picture, assessment = board.picture, board.assessment
    return [as_json(inspect_metrics(f, picture.signals, assessment.releases)) for f in sources]


def _settled(board: Board, source: PrometheusSource) -> bool:
    seen = board.picture.signals.prometheus.get(source.ref)
    if seen is None or seen.unasked:
        return False
    if seen.problem is not None:
        return True
    mine = [s for s in board.assessment.releases if s.cluster == source.ref]
    few = len(mine) <= source.options.max_workloads
    known = all(s in board.picture.signals.traffic for s in mine) if few else not source.behind
    return known and not board.unsettled() and board.assessment.number >= board.picture.number


def metrics_text(metrics: list[dict[str, Any]]) -> list[str]:
    """For people."""
    from tfdash.sources.prometheus.inspect import as_text

    return [line for report in metrics for line in as_text(report)]
