"""What ``:`` understands: names of lists as kubectl and k9s have them, and a few words of our own."""

from __future__ import annotations

from collections.abc import Mapping

LISTS: dict[str, str] = {
    "workloads": "workloads", "wl": "workloads", "deployments": "workloads", "deploy": "workloads", "dp": "workloads",
    "pods": "pods", "po": "pods", "pod": "pods", "nodes": "nodes", "no": "nodes", "node": "nodes",
    "statefulsets": "statefulsets", "sts": "statefulsets", "daemonsets": "daemonsets", "ds": "daemonsets",
    "replicasets": "replicasets", "rs": "replicasets", "jobs": "jobs", "job": "jobs", "cronjobs": "cronjobs",
    "cj": "cronjobs", "namespaces": "namespaces", "ns": "namespaces", "events": "events", "ev": "events",
    "horizontalpodautoscalers": "hpas", "hpa": "hpas", "hpas": "hpas", "poddisruptionbudgets": "pdbs", "pdb": "pdbs",
    "pdbs": "pdbs", "services": "services", "svc": "services", "endpointslices": "endpointslices",
    "endpoints": "endpointslices", "ep": "endpointslices", "eps": "endpointslices",
}  # fmt: skip
WORDS: dict[str, str] = {
    "overview": "overview", "pulse": "overview", "help": "help", "?": "help", "messages": "messages", "msg": "messages",
    "sources": "sources", "q": "quit", "quit": "quit", "q!": "quit", "exit": "quit", "environments": "environments",
    "env": "environments", "ctx": "environments", "context": "environments", "theme": "theme",
}  # fmt: skip


def meaning(text: str, aliases: Mapping[str, str]) -> tuple[str, str] | None:
    """``(target, argument)`` of what was typed (``po tf-production``), None where it means nothing."""
    head, _, rest = text.strip().partition(" ")
    word = head.lower()
    word = aliases.get(word, word).lower()
    target = LISTS.get(word) or WORDS.get(word)
    return None if target is None else (target, rest.strip())


def names(aliases: Mapping[str, str]) -> list[str]:
    """For completion: long names first, then short ones."""
    return sorted({*LISTS, *WORDS, *aliases}, key=lambda n: (-len(n) > -4, n))
