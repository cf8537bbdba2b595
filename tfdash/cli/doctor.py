"""``tfdash doctor``: each source reached or not, as whom, how fast, with which rights, and what to fix."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from tfdash.board.board import Board
from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import FINDINGS, OK, UNKNOWN
from tfdash.model.subject import ClusterRef
from tfdash.text import safe

_SKEW = 30.0  # seconds of clock difference that an operator must know of


def command(args: argparse.Namespace) -> int:
    from tfdash.cli.compose import board_of, clock_of
    from tfdash.cli.doctormetrics import examine_metrics, metrics_text, want_releases
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    narrate(f"configuration: {config.path or 'none, the defaults hold'}")
    board, sources = board_of(config, settings, clock_of(config))
    want_releases(board, args, config.environment, sources)
    board.start()
    try:
        found = asyncio.run(_examine(board, config.environment.name))
        metrics = examine_metrics(board)
    finally:
        board.stop()
    code = FINDINGS if any(c["findings"] for c in [*found, *metrics]) else OK
    if any(not c["reached"] for c in found) or any(m["problem"] for m in metrics):
        code = UNKNOWN
    if args.format == "json":
        return deliver(
            json.dumps({"schema_version": 1, "clusters": found, "metrics": metrics}, indent=2), code
        )
    return deliver(
        "\n".join([*(line for cluster in found for line in _text(cluster)), *metrics_text(metrics)]), code
    )


async def _examine(board: Board, environment: str) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(_cluster(board, ref, environment) for ref in board.clusters)))


async def _cluster(board: Board, ref: ClusterRef, environment: str) -> dict[str, Any]:
    seen = await board.probe(ref)
    about: dict[str, Any] = {
        "environment": environment,
        "cluster": ref.cluster,
        "reached": seen.problem is None,
    }
    if seen.problem is not None or seen.value is None:
        problem = seen.problem
        about["findings"] = [safe(str(problem))] if problem is not None else ["no answer"]
        about["cause"] = safe(problem.cause) if problem is not None else ""
        about["remedy"] = safe(problem.remedy) if problem is not None else ""
        return about
    info = seen.value
    rights = await board.privileges(ref)
    # a right that is refused everywhere may still be there in single namespaces: those are asked singly
    lacking = [p for p in rights if p.allowed is False and not p.namespace]
    partly = {p.resource for p in rights if p.allowed and p.namespace}
    findings = [
        f"may not {p.verb} {p.resource} in all namespaces"
        + (
            f", only in {', '.join(sorted(q.namespace for q in rights if q.allowed and q.resource == p.resource))}"
            if p.resource in partly
            else ""
        )
        for p in lacking
    ]
    findings += [
        f"the server would not say whether we may {p.verb} {p.resource}: {safe(p.reason)}"
        for p in rights
        if p.allowed is None
    ]
    if info.skew is not None and abs(info.skew) > _SKEW:
        findings.append(f"the server's clock is {info.skew:+.0f} s from ours; check time synchronisation")
    about |= {
        "url": safe(info.url),
        "context": safe(info.context),
        "version": safe(info.version),
        "user": safe(info.user),
        "groups": [safe(g) for g in info.groups],
        "latency_seconds": info.latency,
        "skew_seconds": info.skew,
        "controllers": sorted(info.crds),
        "privileges": [
            {"verb": p.verb, "resource": p.resource, "namespace": p.namespace, "allowed": p.allowed}
            for p in rights
        ],
        "findings": findings,
    }
    return about


def _text(c: dict[str, Any]) -> list[str]:
    name = f"{c['environment']} {c['cluster']}" if c["environment"] != c["cluster"] else c["cluster"]
    if not c["reached"]:
        return [f"✖ {name}: {c['cause']}", *([f"    {c['remedy']}"] if c["remedy"] else [])]
    latency = f"{c['latency_seconds'] * 1000:.0f} ms" if c["latency_seconds"] is not None else "?"
    skew = f"{c['skew_seconds']:+.1f} s" if c["skew_seconds"] is not None else "?"
    allowed = sorted({p["resource"] for p in c["privileges"] if p["allowed"]})
    lines = [
        f"✔ {name}: reached {c['url']} ({c['version']})",
        f"    identity    {c['user']} ({', '.join(c['groups']) or 'no groups'})",
        f"    latency     {latency}, clock skew {skew}",
        f"    may read    {', '.join(allowed) or 'nothing'}",
        f"    rollouts    {', '.join(c['controllers']) or 'neither Argo Rollouts nor Flagger is installed'}",
    ]
    return lines + [f"  ▲ {finding}" for finding in c["findings"]]
