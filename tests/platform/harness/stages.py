"""KWOK's configuration: its own stages, and ours for pods that do not get well.

A pod labelled ``tfdash.test/case: NAME`` is left alone by KWOK's "ready" stage and given the status that a kubelet
would write for that case instead.
"""

from __future__ import annotations

from pathlib import Path

LABEL = "tfdash.test/case"

_CONDITIONS = """
      conditions:
      - {type: PodReadyToStartContainers, status: "True", lastTransitionTime: {{ $now | Quote }}}
      - {type: Initialized, status: %(initialized)s, lastTransitionTime: {{ $now | Quote }}%(init_why)s}
      - {type: Ready, status: "False", reason: ContainersNotReady, message: "containers with unready status: [main]", lastTransitionTime: {{ $now | Quote }}}
      - {type: ContainersReady, status: "False", reason: ContainersNotReady, message: "containers with unready status: [main]", lastTransitionTime: {{ $now | Quote }}}
      - {type: PodScheduled, status: "True", lastTransitionTime: {{ $now | Quote }}}
      phase: %(phase)s
      startTime: {{ $now | Quote }}
      podIP: 10.244.200.1
"""
_STAGE = """---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: case-%(name)s
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchLabels: {%(label)s: %(name)s}
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
    - {key: .spec.nodeName, operator: Exists}
    - {key: .status.startTime, operator: DoesNotExist}
  next:
    statusTemplate: |
      {{ $now := Now }}
%(statuses)s%(conditions)s"""


def _status(
    key: str, state: str, *, restarts: int = 0, last: str = "", ready: str = "false", name: str = "main"
) -> str:
    last_line = f"        lastState: {{terminated: {{{last}, startedAt: {{{{ $now | Quote }}}}, finishedAt: {{{{ $now | Quote }}}}}}}}\n"
    return (
        f"      {key}:\n"
        f"      - name: {name}\n"
        f"        image: {{{{ (index .spec.{'initContainers' if key.startswith('init') else 'containers'} 0).image | Quote }}}}\n"
        f"        ready: {ready}\n"
        f"        restartCount: {restarts}\n"
        f"        state: {{{state}}}\n"
    ) + (last_line if last else "")


_WAITING_MAIN = _status("containerStatuses", "waiting: {reason: PodInitializing}")
_PULL = (
    'waiting: {reason: ImagePullBackOff, message: \'Back-off pulling image "registry.invalid/checkout:2.14.0": ErrImagePull: '
    "rpc error: code = NotFound desc = failed to pull and unpack image: not found'}"
)
_CRASH = (
    "waiting: {reason: CrashLoopBackOff, message: 'back-off 5m0s restarting failed container=main pod=crash'}"
)

CASES: dict[str, tuple[str, bool, str]] = {
    # name: (container statuses, initialized, phase)
    "crash-loop": (
        _status("containerStatuses", _CRASH, restarts=7, last="exitCode: 3, reason: Error"),
        True,
        "Running",
    ),
    "oom-killed": (
        _status("containerStatuses", _CRASH, restarts=3, last="exitCode: 137, reason: OOMKilled"),
        True,
        "Running",
    ),
    "image-pull": (_status("containerStatuses", _PULL), True, "Pending"),
    "not-ready": (_status("containerStatuses", "running: {startedAt: {{ $now | Quote }}}"), True, "Running"),
    "init-crash": (
        _status("initContainerStatuses", _CRASH, restarts=4, last="exitCode: 1, reason: Error", name="init")
        + _WAITING_MAIN,
        False,
        "Pending",
    ),
    "config-error": (
        _status(
            "containerStatuses",
            "waiting: {reason: CreateContainerConfigError, message: 'configmap \"missing\" not found'}",
        ),
        True,
        "Pending",
    ),
    "failed": (
        _status(
            "containerStatuses",
            "terminated: {exitCode: 3, reason: Error, message: 'no such table', "
            "startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}",
        ),
        True,
        "Failed",
    ),
    "gate-closed": (
        _status("containerStatuses", "running: {startedAt: {{ $now | Quote }}}", ready="true"),
        True,
        "Running",
    ),
}
"""A label of another name is a pod that no kubelet takes up."""


# What stands behind `kubectl exec` and `kubectl port-forward` of every pod: a process of this machine, a port of it.
_ENTER = """---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterExec
metadata: {name: every-pod}
spec:
  execs:
  - local: {workDir: /tmp, envs: [{name: TFDASH_POD, value: "a pod of KWOK"}]}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterPortForward
metadata: {name: every-pod}
spec:
  forwards:
  - target: {address: 127.0.0.1, port: %d}
"""


def kwok_config(stages: Path, forwarded: int) -> str:
    """All stages in one YAML text: KWOK's, with pods of a case taken out of "ready", and ours. A pod's forwarded ports
    lead to the local port ``forwarded``, whichever is asked for."""
    parts = [_ENTER % forwarded]
    for path in sorted(stages.glob("*.yaml")):
        text = path.read_text()
        if path.name == "pod-ready.yaml":
            text = text.replace(
                "    matchExpressions:\n",
                f"    matchExpressions:\n    - key: '.metadata.labels[\"{LABEL}\"]'\n      operator: 'DoesNotExist'\n",
                1,
            )
        parts.append("---\n" + text)
    for name, (statuses, initialized, phase) in CASES.items():
        why = ', reason: ContainersNotInitialized, message: "containers with incomplete status: [init]"'
        conditions = _CONDITIONS % {
            "initialized": '"True"' if initialized else '"False"',
            "init_why": "" if initialized else why,
            "phase": phase,
        }
        parts.append(
            _STAGE
            % {"name": name, "label": LABEL, "statuses": statuses, "conditions": conditions.lstrip("\n")}
        )
    return "\n".join(parts)
