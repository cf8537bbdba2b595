"""An action as a line of kubectl for whoever is without tfdash, before there is a plan: by its name, its subject and its arguments.
What a plan would send exactly, with the facts that it rests on, is ``by_hand``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

from tfdash.text import safe

_ROLLOUTS = "kubectl argo rollouts"
_LINES: Mapping[str, str] = {
    "workload.rollback": "kubectl rollout undo {kind}/{name} -n {namespace}",
    "workload.restart": "kubectl rollout restart {kind}/{name} -n {namespace}",
    "workload.hold": "kubectl rollout pause {kind}/{name} -n {namespace}",
    "workload.release": "kubectl rollout resume {kind}/{name} -n {namespace}",
    "workload.scale": "kubectl scale {kind}/{name} -n {namespace} --replicas={replicas}",
    "workload.partition": "kubectl patch {kind}/{name} -n {namespace} --type=merge -p {partition_patch}",
    "autoscaler.bounds": "kubectl patch hpa/{name} -n {namespace} --type=merge -p {bounds_patch}",
    "rollout.promote": f"{_ROLLOUTS} promote {{name}} -n {{namespace}}",
    "rollout.promote-full": f"{_ROLLOUTS} promote {{name}} -n {{namespace}} --full",
    "rollout.abort": f"{_ROLLOUTS} abort {{name}} -n {{namespace}}",
    "rollout.retry": f"{_ROLLOUTS} retry rollout {{name}} -n {{namespace}}",
    "rollout.undo": f"{_ROLLOUTS} undo {{name}} -n {{namespace}}",
    "pod.delete": "kubectl delete pod {name} -n {namespace}",
    "pod.evict": "kubectl create --raw /api/v1/namespaces/{namespace}/pods/{name}/eviction -f -  # with an Eviction of policy/v1",
    "pod.isolate": "kubectl label pod {name} -n {namespace} LABEL-  # each label by which its Service and its ReplicaSet choose it",
    "node.cordon": "kubectl cordon {name}",
    "node.uncordon": "kubectl uncordon {name}",
    "node.drain": "kubectl drain {name} --ignore-daemonsets",
    "certificate.renew": "cmctl renew {name} -n {namespace}",
    "workload.archive": "kubectl get {kind}/{name} -n {namespace} -o yaml > {name}.yaml; kubectl get events -n {namespace} > events.txt; "
    "kubectl logs {kind}/{name} -n {namespace} --all-pods --all-containers --prefix > logs.txt",
}
_OF_ROLLOUTS: Mapping[str, str] = {
    "workload.rollback": _LINES["rollout.undo"],
    "workload.restart": f"{_ROLLOUTS} restart {{name}} -n {{namespace}}",
}
_STORE = ("release.", "environment.", "maintenance.", "intent.", "approval.")


def action_line(action: str, subject: str, arguments: Mapping[str, str]) -> str:
    """``subject``: "Deployment namespace/name". Always a line: where no other tool can do it, a remark that says so."""
    kind, _, where = subject.partition(" ")
    namespace, _, name = where.rpartition("/")
    lines = _OF_ROLLOUTS if kind == "Rollout" and action in _OF_ROLLOUTS else _LINES
    if action.startswith(_STORE):
        return "# stands in tfdash's own log: note who, when and why, and record it there later"
    if action not in lines:
        return f"# tfdash makes the requests of {safe(action)} from the live object: they stand in its plan"
    words = {key: shlex.quote(safe(text)) for key, text in arguments.items()}
    words |= {
        "kind": kind.lower(),
        "name": shlex.quote(safe(name)),
        "namespace": shlex.quote(safe(namespace)),
    }
    words |= _patches(arguments)
    return lines[action].format_map(_Words(words))


class _Words(dict[str, str]):
    """What was not given is a word in capitals, as in a usage."""

    def __missing__(self, key: str) -> str:
        return key.upper()


def _patches(arguments: Mapping[str, str]) -> dict[str, str]:
    bounds = {"minReplicas": arguments.get("minimum"), "maxReplicas": arguments.get("maximum")}
    partition = {"rollingUpdate": {"partition": _number(arguments.get("partition"))}}
    return {
        "bounds_patch": shlex.quote(json.dumps({"spec": {key: _number(n) for key, n in bounds.items()}})),
        "partition_patch": shlex.quote(json.dumps({"spec": {"updateStrategy": partition}})),
    }


def _number(text: str | None) -> int | str:
    return int(text) if text is not None and text.isdecimal() else text or "N"
