"""``tfdash gate canary``: may a release go on? The windows are rebuilt from the history that Prometheus keeps."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.board import Board
from tfdash.cli.parser import FINDINGS, OK, UNKNOWN, USAGE, program
from tfdash.model.judgement import CanaryJudgement, Outcome
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.model.verdict import Assessment
from tfdash.text import safe

_FIRST = 20.0  # seconds for all sources to settle before anything is concluded


def gate_canary(args: argparse.Namespace) -> int:
    """Exit 0: every trigger passes; 1: one is breached; 2: not known, or nothing is in flight."""
    from tfdash.cli.compose import JUDGED_KINDS, board_of, clock_of, judge_of, scope_of
    from tfdash.config.durations import parse_duration
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.views.canarywhy import as_json, why_lines

    try:
        wait = parse_duration(args.wait) if args.wait else 0.0
    except ValueError as error:
        print(f"{program()}: --wait: {error}", file=sys.stderr)
        return USAGE
    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    load(config.path)
    clock = clock_of(config)
    board, sources = board_of(config.environment, config, clock, judge_of(config))
    metered = bool(board.feeders)
    news = threading.Condition()

    def listener(update: Update) -> None:
        with news:
            news.notify_all()

    board.subscribe(listener)
    board.want("gate", dict.fromkeys(JUDGED_KINDS, scope_of(args, config.environment, sources)))
    board.start()
    settle_by, give_up = time.monotonic() + _FIRST, time.monotonic() + max(_FIRST, wait)
    found: tuple[Subject, CanaryJudgement] | None = None
    try:
        with news:
            while True:
                now = time.monotonic()
                settled = not board.unsettled() and board.assessment.number >= board.picture.number
                found = _judgement(board.assessment, args.workload)
                known = settled and (found is None or not metered or _fed(board, found[0]))
                if found is not None and known and _decided(found[1]):
                    break
                if now >= give_up or (now >= settle_by and (not wait or found is None)):
                    break
                if known and not wait and found is not None and found[1].triggers:
                    break
                news.wait(0.2)
    finally:
        board.stop()
    if found is None:
        print(f"{program()}: no release of {safe(args.workload)!r} is in flight", file=sys.stderr)
        return UNKNOWN
    subject, judgement = found
    release = board.assessment.releases[subject]
    if args.format == "json":
        told: dict[str, Any] = {"schema_version": 1, **as_json(release, judgement)}
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print("\n".join(why_lines(release, judgement, ZoneInfo(config.zone))))
    return {Outcome.PASS: OK, Outcome.BREACH: FINDINGS}.get(judgement.outcome, UNKNOWN)


def _fed(board: Board, subject: Subject) -> bool:
    """Whether the samples of this release came, or its metric backend failed."""
    from tfdash.judging.releases import traffic_of

    backend = board.picture.signals.prometheus.get(subject.cluster)
    if backend is not None and backend.problem is not None:
        return True
    release = board.assessment.releases.get(subject)
    traffic = traffic_of(board.picture, release) if release is not None else None
    judged = board.assessment.canaries.get(subject)
    return traffic is not None and judged is not None and board.assessment.number >= board.picture.number


def _decided(judgement: CanaryJudgement) -> bool:
    return judgement.outcome in (Outcome.PASS, Outcome.BREACH)


def _judgement(assessment: Assessment, wanted: str) -> tuple[Subject, CanaryJudgement] | None:
    namespace, _, name = wanted.rpartition("/")
    hits = [
        (subject, judgement)
        for subject, judgement in assessment.canaries.items()
        if subject.name == name and namespace in ("", subject.namespace)
    ]
    return hits[0] if hits else None
