"""Whose series are wanted: the releases of the assessment and the configured services; and whose a series is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tfdash.model.kube import Pod
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects
from tfdash.model.release import Phase, ReleaseState
from tfdash.model.run import RunJournal
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.traffic import Traffic
from tfdash.moments import clock
from tfdash.playbook.procedures.holding import holdings
from tfdash.sources.base import SourceBoard
from tfdash.sources.prometheus.options import Options
from tfdash.sources.prometheus.selector import Matcher, fill, matches, values_of
from tfdash.sources.prometheus.template import MetricTemplate

HASH_LABELS = ("rollouts-pod-template-hash", "pod-template-hash", "controller-revision-hash")
STEP = 600.0  # seconds, by which what is asked of a release in flight grows
_RECENT = (
    7200.0  # seconds for which a finished release is looked at as one in flight: its verification goes on
)


@dataclass(frozen=True)
class QueryTarget:
    """One workload to be judged. ``names`` are its workloads' (two for a canary pair), ``since`` what is asked for."""

    subject: Subject
    names: tuple[str, ...]
    template: MetricTemplate
    values: tuple[tuple[str, str], ...] = ()
    horizon: float = 600.0
    sides: tuple[tuple[str, str], ...] = ()  # what "canary" and "stable" are now, by routes alone

    @property
    def namespace(self) -> str:
        return self.subject.namespace

    def places(self) -> dict[str, tuple[str, ...]]:
        """The values of the placeholders."""
        own = {name: (value,) for name, value in self.values}
        return {
            "namespace": (self.namespace,),
            "workload": self.names,
            "service": self.names,
            "pods": self.names,
            **own,
        }


def targets_now(ref: ClusterRef, board: SourceBoard, options: Options, now: float) -> tuple[QueryTarget, ...]:
    """Those of all that the board knows."""
    held = _recovered(ref, board.picture.store_state.runs)
    return targets_of(ref, board.assessment.releases, options, now, held)


def _recovered(ref: ClusterRef, runs: Mapping[str, RunJournal]) -> frozenset[Subject]:
    """The workloads that an open recovery is about."""
    subjects = (one for held in holdings(runs) if held.recovery for one in held.subjects())
    return frozenset(one for one in subjects if one.cluster == ref and one.namespace)


def targets_of(
    ref: ClusterRef,
    releases: Mapping[Subject, ReleaseState],
    options: Options,
    now: float,
    recovered: Set[Subject] = frozenset(),
) -> tuple[QueryTarget, ...]:
    """In flight or in recovery first, then the recent, the configured, the rest by name; at most ``max_workloads`` of them. Of what is
    ``recovered`` all is asked for that may be: since when it fails is looked for in it."""
    found: dict[tuple[str, str, str], tuple[int, QueryTarget]] = {}
    for subject in sorted(recovered - releases.keys()):
        if subject not in {one.workload for one in releases.values()}:
            found[subject.kind, subject.namespace, subject.name] = (
                0,
                _target(subject, (subject.name,), options, options.history),
            )
    for subject, release in releases.items():
        if subject.cluster != ref:
            continue
        ill = bool(recovered & {subject, release.workload})
        busy = ill or release.in_flight or release.phase is Phase.ABORTED
        recent = release.finished is not None and now - release.finished < _RECENT
        rank = 0 if busy else 1 if recent else 3
        horizon = _horizon(release, options, now) if rank < 2 else min(options.idle_horizon, options.horizon)
        horizon = max(horizon, options.history) if ill else horizon
        found[subject.kind, subject.namespace, subject.name] = (
            rank,
            _target(subject, _names(release), options, horizon, _sides(release)),
        )
    for rule in options.services:
        if rule.exact and rule.environment in ("", ref.environment):
            at = (rule.kind, rule.namespace, rule.workload)
            if at not in found:
                subject = Subject(ref, *at)
                found[at] = (
                    2,
                    _target(subject, (rule.workload,), options, min(options.idle_horizon, options.horizon)),
                )
            elif found[at][0] > 2:
                found[at] = (2, found[at][1])
    ordered = sorted(found.values(), key=lambda row: (row[0], row[1].namespace, row[1].subject.name))
    return tuple(target for _, target in ordered[: options.max_workloads])


def left_out(
    ref: ClusterRef, releases: Mapping[Subject, ReleaseState], targets: Iterable[QueryTarget]
) -> dict[Subject, Observation[Traffic]]:
    """What is released and is none of the ``targets``, of which there are as many as may be."""
    asked = {target.subject for target in targets}
    problem = Problem(
        kind=ProblemKind.CONFIG,
        cause=f"it is not among the {len(asked)} workloads that are asked for",
        remedy="raise [metrics] max_workloads",
        transient=False,
    )
    seen: Observation[Traffic] = Observation(problem=problem)
    return {
        subject: seen
        for subject, release in releases.items()
        if subject.cluster == ref
        and subject not in asked
        and (release.in_flight or release.phase is Phase.COMPLETE)
    }


def _horizon(release: ReleaseState, options: Options, now: float) -> float:
    """As far back as the windows before the release, in steps: a longer one is another target."""
    if release.started is None:
        return options.horizon
    whole = now - release.started + options.horizon
    return max(options.horizon, min(math.ceil(whole / STEP) * STEP, options.history))


def _names(release: ReleaseState) -> tuple[str, ...]:
    about = (release.subject, release.workload, release.partner)
    return tuple(dict.fromkeys(s.name for s in about if s is not None))


def _sides(release: ReleaseState) -> tuple[tuple[str, str], ...]:
    if not release.in_flight or release.canary is None or release.stable is None:
        return ()
    return ("canary", release.canary.hash), ("stable", release.stable.hash)


def _target(
    subject: Subject,
    names: tuple[str, ...],
    options: Options,
    horizon: float,
    sides: tuple[tuple[str, str], ...] = (),
) -> QueryTarget:
    rule = options.rule_for(subject.cluster.environment, subject.namespace, names[0])
    named = rule.template if rule is not None and rule.template else options.default_template
    template = options.families[named]
    values = rule.values if rule is not None else ()
    return QueryTarget(subject, names, template, values, horizon, sides if template.canary else ())


class Pods:
    """Whose a pod is and which version, from the API and remembered when it is gone."""

    def __init__(self) -> None:
        self._seen: Objects = {}
        self._hash: dict[Key, str] = {}

    def follow(self, pods: Objects) -> None:
        if pods is self._seen:
            return
        for key, pod in pods.items():
            if self._seen.get(key) is not pod and isinstance(pod, Pod):
                told = next((pod.labels[label] for label in HASH_LABELS if label in pod.labels), "")
                if told:
                    self._hash[key] = told
        self._seen = pods
        if len(self._hash) > 4 * len(pods) + 1000:  # long gone ones: their samples are past the horizon
            self._hash = {key: told for key, told in self._hash.items() if key in pods}

    def version(self, namespace: str, pod: str) -> str:
        """Its template hash; of a pod that was never seen, what its name says (NAME-HASH-XXXXX), or ""."""
        told = self._hash.get(Key(namespace, pod))
        if told is not None:
            return told
        return owner_and_hash(pod)[1]


_VOWELS = frozenset("aeiou")  # Kubernetes generates names without them
_LONGEST_BASE = 58  # of a generated name; what is longer is cut before the five random characters


def owner_and_hash(pod: str) -> tuple[str, str]:
    """What a pod's name says of its owner and of the template hash (NAME-HASH-XXXXX); ("", "") of another name."""
    parts = pod.rsplit("-", 2)
    if len(parts) != 3 or len(parts[2]) != 5:
        return "", ""
    made = any(c.isdigit() for c in parts[1]) or not _VOWELS & set(parts[1])
    return (parts[0], parts[1]) if made else ("", "")


def why_quiet(
    targets: Iterable[QueryTarget], pods: Observation[Objects] | None, newest: float, zone: ZoneInfo
) -> str:
    """Why the ``newest`` sample is old and the server is well: no pod of the ``targets`` is ready, so that there is nothing to
    scrape. "" where one is, or where pods are not known."""
    if pods is None or not pods.complete or pods.problem is not None:
        return ""
    names: dict[str, list[tuple[str, str]]] = {}
    for target in targets:
        names.setdefault(target.namespace, []).extend((name, target.subject.kind) for name in target.names)
    ready = any(
        isinstance(pod, Pod)
        and any(c.type == "Ready" and c.status == "True" for c in pod.conditions)
        and any(is_pod_of(key.name, *of) for of in names.get(key.namespace, ()))
        for key, pod in (pods.value or {}).items()
    )
    return "" if ready else f"newest sample {clock(newest, zone)}: no pod of what it measures is ready"


def is_pod_of(pod: str, name: str, kind: str) -> bool:
    """Whether a pod's name is one that the controller of ``name`` gives."""
    if len(pod) == _LONGEST_BASE + 5 and len(name) > _LONGEST_BASE - 12:  # the hash may be cut, or gone
        return f"{name}-".startswith(pod[:_LONGEST_BASE]) or pod.startswith(name + "-")
    if not pod.startswith(name + "-"):
        return False
    rest = pod[len(name) + 1 :].split("-")
    if kind == "StatefulSet":
        return len(rest) == 1 and rest[0].isdigit()
    if kind == "DaemonSet":
        return len(rest) == 1 and len(rest[0]) == 5
    return len(rest) == 2 and len(rest[1]) == 5


class Belonging:
    """Whose a series is, for the targets of one template."""

    def __init__(self, template: MetricTemplate, role: str, targets: Iterable[QueryTarget]) -> None:
        selector = template.requests if role == "requests" else template.latency
        assert selector is not None
        self._pods = next((m.label for m in selector.matchers if "pods" in m.places), "")
        self._exact: list[Matcher] = []
        self._loose: list[Matcher] = []
        for matcher in selector.matchers:
            if matcher.places and "pods" not in matcher.places:
                (self._exact if matcher.op == "=" else self._loose).append(matcher)
        self._by: dict[tuple[str, ...], list[QueryTarget]] = {}
        for target in targets:
            keys: list[tuple[str, ...]] = [()]
            for matcher in self._exact:
                keys = [(*k, v) for k in keys for v in values_of(matcher, target.places())]
            for key in keys:
                self._by.setdefault(key, []).append(target)

    def target(self, labels: Mapping[str, str]) -> QueryTarget | None:
        """The one that the series is of; of several that could be meant, the longest name."""
        near = self._by.get(tuple(labels.get(m.label, "") for m in self._exact), ())
        best: QueryTarget | None = None
        longest = -1
        for target in near:
            names = target.names
            if self._pods:
                pod = labels.get(self._pods, "")
                names = tuple(n for n in names if is_pod_of(pod, n, target.subject.kind))
            if not names or not matches((fill(m, [target.places()]) for m in self._loose), labels):
                continue
            if (size := max(map(len, names))) > longest:
                best, longest = target, size
        return best
