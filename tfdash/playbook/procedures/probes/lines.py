"""The same question in another tool, as a line for a POSIX shell. Values are quoted; the cluster is that of the current context, but for
what names another."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from tfdash.model.kinds import KINDS, PLAIN
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.subject_text import subject_in
from tfdash.text import safe

_NOWHERE = ClusterRef("", "")
_KUBECTL = re.compile(r"\bkubectl (?:argo rollouts )?")


def kubectl(*words: str) -> str:
    """``words`` are quoted where a shell needs it."""
    return safe(shlex.join(("kubectl", *words)))


def in_cluster(line: str, cluster: str) -> str:
    """``line`` for another cluster than that of the current context. Where kubectl knows no context of that name it refuses: it neither asks the
    wrong cluster nor changes it."""
    context = f"--context {shlex.quote(safe(cluster))} " if cluster else ""
    return _KUBECTL.sub(lambda found: f"{found[0]}{context}", line)


def of_object(arguments: Mapping[str, str], id: str, *more: str) -> str:
    """``kubectl get deployments.apps checkout -n shop``: of the object that an argument names, "" where it names none."""
    subject = subject_in(arguments.get(id, ""), _NOWHERE)
    if subject is None:
        return ""
    spec = KINDS.get(subject.kind, PLAIN)
    resource = spec.qualified if spec.resource else subject.kind.lower()
    where = ("-n", subject.namespace) if subject.namespace else ()
    return kubectl("get", resource, subject.name, *where, *more)


def of_namespace(arguments: Mapping[str, str], id: str) -> str:
    """The namespace of the object that an argument names; "" where it names none."""
    subject = subject_in(arguments.get(id, ""), _NOWHERE)
    return "" if subject is None else subject.namespace


def rollout_status(arguments: Mapping[str, str]) -> str:
    """Of a workload whose release kubectl knows to tell; of others the object."""
    subject = subject_in(arguments.get("workload", ""), _NOWHERE)
    if subject is None or subject.kind not in ("Deployment", "StatefulSet", "DaemonSet"):
        return of_object(arguments, "workload", "-o", "yaml")
    name = f"{subject.kind.lower()}/{subject.name}"
    return kubectl("rollout", "status", name, "-n", subject.namespace, "--watch=false")


def instant(expression: str) -> str:
    """Of a Prometheus whose address stands in $PROMETHEUS_URL: its credentials are nobody's to be written here."""
    return safe(f'promtool query instant "$PROMETHEUS_URL" {shlex.quote(expression)}')


def remark(line: str, text: str) -> str:
    """``line`` with what to hold its answer against; a line of words alone where there is no other."""
    words = " ".join(safe(text).split())
    return f"{line}  # {words}" if line else f"# {words}"
