"""What ``tfdash doctor`` says of a cluster: reached or not, as whom, how fast, with which rights, and what to fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfdash.model.observation import Problem
from tfdash.model.picture import ServerInfo
from tfdash.model.requests import Privilege
from tfdash.model.subject import ClusterRef
from tfdash.sources.diagnosis import Diagnosis
from tfdash.text import safe

_SKEW = 30.0  # seconds of clock difference that an operator must know of


def not_reached(ref: ClusterRef, problem: Problem | None) -> Diagnosis:
    cause, remedy = (safe(problem.cause), safe(problem.remedy)) if problem is not None else ("", "")
    document = {
        "environment": ref.environment,
        "cluster": ref.cluster,
        "reached": False,
        "findings": [safe(str(problem))] if problem is not None else ["no answer"],
        "cause": cause,
        "remedy": remedy,
    }
    lines = (f"✖ {_name(ref)}: {cause}", *([f"    {remedy}"] if remedy else []))
    return Diagnosis(group="clusters", document=document, lines=lines, reached=False, findings=True)


def examined(ref: ClusterRef, info: ServerInfo, rights: Sequence[Privilege]) -> Diagnosis:
    findings = _findings(info, rights)
    document = {
        "environment": ref.environment,
        "cluster": ref.cluster,
        "reached": True,
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
    return Diagnosis(
        group="clusters",
        document=document,
        lines=tuple(_text(_name(ref), document)),
        reached=True,
        findings=bool(findings),
    )


def _findings(info: ServerInfo, rights: Sequence[Privilege]) -> list[str]:
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
        f"there is no namespace {safe(str(one))}: name one that is there, by namespaces under [environments.NAME]"
        for one in info.missing
        if one.configured
    ]
    findings += [
        f"the server would not say whether we may {p.verb} {p.resource}: {safe(p.reason)}"
        for p in rights
        if p.allowed is None
    ]
    if info.skew is not None and abs(info.skew) > _SKEW:
        findings.append(f"the server's clock is {info.skew:+.0f} s from ours; check time synchronisation")
    return findings


def _name(ref: ClusterRef) -> str:
    return f"{ref.environment} {ref.cluster}" if ref.environment != ref.cluster else ref.cluster


def _text(name: str, c: dict[str, Any]) -> list[str]:
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
