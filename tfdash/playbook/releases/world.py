"""One cluster as the release adapters read it: what belongs to what, found without walking over every pod."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from tfdash.model.delivery import AnalysisRun, Application, Canary, Rollout
from tfdash.model.kube import Deployment, Object
from tfdash.model.subject import Key, Subject
from tfdash.model.workload import WorkloadState
from tfdash.playbook.policy import WorkloadPolicy, default_policy
from tfdash.playbook.seen import Look, Relation
from tfdash.playbook.serving.links import Links, links_of
from tfdash.playbook.staleness import NOT_ASKED

K = TypeVar("K", bound=Object)
_RUNS_OF = Relation(AnalysisRun, lambda r: () if r.owner is None else (r.owner.uid,))
_APPLICATIONS_NAMED = Relation(Application, lambda a: (a.name,))
_CANARIES_OF = Relation(Canary, lambda c: ((c.target_kind, c.namespace, c.target_name),))
_ROLLOUTS_OVER = Relation(
    Rollout, lambda r: ((r.workload_kind, r.namespace, r.workload_name),) if r.workload_name else ()
)


class World:
    """``settled``: seconds for which a finished release is COMPLETE before there is none. ``policy``: None for the default."""

    def __init__(
        self,
        look: Look,
        now: float,
        pairs: Sequence[tuple[str, str]] = (),
        settled: float = 3600.0,
        policy: WorkloadPolicy | None = None,
    ) -> None:
        self.look, self.ref, self.now = look, look.ref, now
        self.policy = policy or default_policy()
        self.pairs, self.settled = pairs, settled

    # -- objects ------------------------------------------------------------------------------------------------

    def get(self, kind: type[K], namespace: str, name: str) -> K | None:
        return self.look.maybe(kind, Key(namespace, name))

    def subject(self, obj: Object) -> Subject:
        return Subject(self.ref, obj.KIND, obj.namespace, obj.name)

    def workload(self, obj: Object) -> WorkloadState | None:
        """What the rule of workloads said of it, where it was judged."""
        return self.look.workload(self.subject(obj))

    def unread(self, *kinds: type[Object]) -> str:
        """Why the objects of the first of ``kinds`` that is not known are not, "" where all are."""
        return next((why.cause for kind in kinds if (why := self.look.unread(kind)) is not None), "")

    def unreadable(self, kind: type[Object]) -> str:
        """The same, but for a kind that was asked for: what nobody asks for is no fault."""
        why = self.look.unread(kind)
        return "" if why is None or why == NOT_ASKED else why.cause

    # -- what belongs to what -----------------------------------------------------------------------------------

    def links(self, obj: Object) -> Links:
        """Pods, ReplicaSets, events and autoscaler of a Deployment, Rollout or Canary."""
        return links_of(self.look, obj)

    def runs(self, rollout: Rollout) -> tuple[AnalysisRun, ...]:
        """The AnalysisRuns that a Rollout owns, oldest first."""
        runs = self.look.some(_RUNS_OF, rollout.uid)
        return tuple(sorted(runs, key=lambda r: (r.started or r.created, r.name)))

    def applications(self, name: str) -> tuple[Application, ...]:
        """The Argo CD Applications of that name, in whatever namespace they live."""
        return self.look.some(_APPLICATIONS_NAMED, name)

    def canary_of(self, kind: str, namespace: str, name: str) -> Canary | None:
        """The Flagger Canary whose target that is."""
        return next(iter(self.look.some(_CANARIES_OF, (kind, namespace, name))), None)

    def rollout_over(self, deployment: Deployment) -> Rollout | None:
        """The Rollout that takes its template from this Deployment."""
        at = ("Deployment", deployment.namespace, deployment.name)
        return next(iter(self.look.some(_ROLLOUTS_OVER, at)), None)

    # -- pairs --------------------------------------------------------------------------------------------------

    def canary_half(self, stable: Deployment) -> Deployment | None:
        """The other Deployment of a configured pair, where it is there."""
        for first, second in self.pairs:
            star = matched(first, stable.namespace, stable.name)
            if star is not None:
                found = self.get(Deployment, stable.namespace, filled(second, star))
                if found is not None and found.name != stable.name:
                    return found
        return None

    def stable_half(self, canary: Deployment) -> Deployment | None:
        """The stable Deployment of the pair whose canary this is."""
        for first, second in self.pairs:
            star = matched(second, canary.namespace, canary.name)
            if star is not None:
                name = filled(first, star)
                found = self.get(Deployment, canary.namespace, name)
                mine = matched(first, canary.namespace, name) is not None
                if found is not None and mine and name != canary.name:
                    return found
        return None


def matched(pattern: str, namespace: str, name: str) -> str | None:
    """What "*" stands for where ``pattern`` ("x", "*-canary", "namespace/x") means this object, else None."""
    where, slash, wanted = pattern.rpartition("/")
    if slash and where not in ("*", namespace):
        return None
    before, star, after = wanted.partition("*")
    if not star:
        return "" if wanted == name else None
    if len(name) > len(before) + len(after) and name.startswith(before) and name.endswith(after):
        return name[len(before) : len(name) - len(after)]
    return None


def filled(pattern: str, star: str) -> str:
    return pattern.rpartition("/")[2].replace("*", star, 1)
