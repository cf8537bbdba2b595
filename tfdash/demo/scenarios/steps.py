"""What a scenario's steps do: the acts of people and machines outside the cluster."""

from __future__ import annotations

from collections.abc import Callable

from tfdash.demo.apiserver.defaults import filled
from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.faults import Fault
from tfdash.demo.apiserver.objects import (
    Obj,
    annotations_of,
    controller_of,
    dig,
    labels_of,
    name_of,
    namespace_of,
    stamp,
    uid_of,
    with_annotations,
    with_meta,
    with_spec,
    with_status,
)
from tfdash.demo.apiserver.resources import by_kind
from tfdash.demo.apiserver.writing import GENERATED
from tfdash.demo.cluster import BACKENDS
from tfdash.demo.controllers.behaviour import BehaviourRule, Refusal, duration
from tfdash.demo.controllers.cert_manager.parts import CERTIFICATES, CLUSTER_ISSUERS, condition
from tfdash.demo.controllers.cronjob import make_job
from tfdash.demo.controllers.deployment import revision_of, template_of
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.kubelet import Kubelet
from tfdash.demo.controllers.nodes import Nodes
from tfdash.demo.controllers.replicaset import STORAGE as SETS
from tfdash.demo.scenarios.catalogue import catalogue
from tfdash.demo.scenarios.node_groups import status_of
from tfdash.demo.scenarios.step import Step
from tfdash.demo.traffic import usage
from tfdash.demo.traffic.demand import Demand

_WORKLOADS = ("deployments.apps", "rollouts.argoproj.io", "statefulsets.apps", "daemonsets.apps")
_CAUSE = "kubernetes.io/change-cause"
_WRITES_EVERY = 30.0  # seconds between two times that an autoscaler tells of itself


class Actions:
    def __init__(self, kernel: Kernel, nodes: Nodes, kubelet: Kubelet) -> None:
        self._k = kernel
        self._nodes = nodes
        self._kubelet = kubelet

    def run(self, step: Step) -> None:
        """Carry it out, or have the backend do so that it is about."""
        act = _DOES.get(step.do)
        if act is not None:
            act(self, step)
            return
        for backend in self._k.cluster.backends:
            if step.do in backend.steps:
                backend.steps[step.do](backend, step)

    def _namespace(self, step: Step) -> str:
        plan = catalogue()
        if step.namespace in plan.namespaces:
            return plan.namespace(step.namespace, self._k.cluster.environment)
        return step.namespace

    def _workload(self, step: Step) -> tuple[str, Obj] | None:
        for storage in _WORKLOADS:
            found = self._k.store.find(storage, self._namespace(step), step.service)
            if found is not None:
                return storage, found
        return None

    def _write(self, storage: str, obj: Obj, before: Obj) -> None:
        if obj.get("spec") != before.get("spec"):
            obj = with_meta(obj, generation=before["metadata"].get("generation", 0) + 1)
        self._k.update(storage, obj)

    # -- workloads ----------------------------------------------------------------------------------------------

    def _release(self, step: Step) -> None:
        """A new image version, and with it what else the step changes."""
        found = self._workload(step)
        if found is None:
            return
        storage, before = found
        template = before["spec"]["template"]
        main = template["spec"]["containers"][0]
        image = main["image"].rpartition(":")[0]
        changed = {**main, "image": f"{image}:{step.version}" if step.version else main["image"]}
        if step.env:
            names = [e for e in main.get("env") or () if e["name"] not in step.env]
            changed["env"] = [*names, *({"name": k, "value": v} for k, v in step.env.items())]
        resources = dict(main.get("resources") or {})
        if step.cpu:
            resources["requests"] = {**resources.get("requests", {}), "cpu": step.cpu}
        if step.memory_limit:
            resources["limits"] = {**resources.get("limits", {}), "memory": step.memory_limit}
        changed["resources"] = resources
        spec = {**template["spec"], "containers": [changed, *template["spec"]["containers"][1:]]}
        if step.version and spec.get("initContainers"):
            spec["initContainers"] = [
                {**c, "image": f"{image}:{step.version}"} if c["image"].startswith(f"{image}:") else c
                for c in spec["initContainers"]
            ]
        labels = {**(template["metadata"].get("labels") or {})}
        if step.version:
            labels["app.kubernetes.io/version"] = step.version
        template = {**template, "metadata": {**template["metadata"], "labels": labels}, "spec": spec}
        after = with_spec(before, template=template)
        cause = step.reason or f"release {step.version} by ci"
        application = self._k.cluster.repository.of(storage, namespace_of(before), step.service)
        if application is not None:  # what git deploys is released by a commit
            self._k.cluster.repository.commit(application, template, cause)
            return
        after = with_annotations(after, **{_CAUSE: cause})
        self._write(storage, after, before)

    def _undo(self, step: Step) -> None:
        found = self._workload(step)
        if found is None or found[0] != "deployments.apps":
            return
        sets = sorted(self._k.store.owned(SETS, found[1]), key=revision_of)
        if len(sets) > 1:
            after = with_spec(found[1], template=template_of(sets[-2]))
            cause = annotations_of(sets[-2]).get(_CAUSE, "roll back")
            self._write(found[0], with_annotations(after, **{_CAUSE: cause}), found[1])

    def _scale(self, step: Step) -> None:
        found = self._workload(step)
        if found is not None:
            self._write(found[0], with_spec(found[1], replicas=step.replicas), found[1])

    def _restart(self, step: Step) -> None:
        found = self._workload(step)
        if found is None:
            return
        template = found[1]["spec"]["template"]
        noted = {
            **(template["metadata"].get("annotations") or {}),
            "kubectl.kubernetes.io/restartedAt": stamp(self._k.now()),
        }
        template = {**template, "metadata": {**template["metadata"], "annotations": noted}}
        self._write(found[0], with_spec(found[1], template=template), found[1])

    def _paused(self, step: Step, paused: bool | None) -> None:
        found = self._workload(step)
        if found is not None:
            self._write(found[0], with_spec(found[1], paused=paused), found[1])

    def _delete_pod(self, step: Step) -> None:
        for pod in self._k.store.all("pods", self._namespace(step)):
            if labels_of(pod).get("app") == step.service and controller_of(pod) is not None:
                remove(self._k.store, "pods", pod)
                return

    def _fall(self, step: Step) -> None:
        """What runs of a service crashes now, where its behaviour has come to be that it crashes."""
        for pod in list(self._k.store.all("pods", self._namespace(step))):
            if labels_of(pod).get("app") == step.service:
                for container in pod["spec"]["containers"]:
                    self._kubelet.exit((namespace_of(pod), name_of(pod)), uid_of(pod), container["name"])

    # -- nodes --------------------------------------------------------------------------------------------------

    def _cordon(self, step: Step, cordoned: bool | None) -> None:
        node = self._k.store.find("nodes", "", step.node)
        if node is not None:
            self._k.update("nodes", with_spec(node, unschedulable=cordoned))

    def _label_node(self, step: Step) -> None:
        node = self._k.store.find("nodes", "", step.node)
        if node is not None:
            self._k.update("nodes", with_meta(node, labels={**labels_of(node), **step.labels}))

    def _node_group(self, step: Step) -> None:
        """A cluster-autoscaler that tells of one group, again and again from now on."""
        namespace, name = "kube-system", "cluster-autoscaler-status"
        data = {"status": status_of(self._k.now(), step.service, step.replicas, 1, step.most)}
        found = self._k.store.find("configmaps", namespace, name)
        if found is None:
            self._k.store.create(
                "configmaps", {"metadata": {"namespace": namespace, "name": name}, "data": data}
            )
        else:
            self._k.update("configmaps", {**found, "data": data})
        self._k.cluster.agenda.after(_WRITES_EVERY, self._node_group, step)

    def _update_node(self, step: Step) -> None:
        """Its kubelet comes up again in another version; every node's where none is named."""
        for node in self._k.store.all("nodes"):
            if step.node in ("", node["metadata"]["name"]):
                told = {**node["status"]["nodeInfo"], "kubeletVersion": step.kubernetes}
                self._k.update("nodes", {**node, "status": {**node["status"], "nodeInfo": told}})

    def _update_server(self, step: Step) -> None:
        self._k.cluster.kubernetes = step.kubernetes

    # -- how things behave --------------------------------------------------------------------------------------

    def _demand(self, step: Step) -> None:
        demand = self._k.cluster.demands.get((self._namespace(step), step.service))
        if demand is None:
            return
        now, over = self._k.now(), duration(step.over)
        current = usage.demand_factor(demand, now)
        # What was before stays as it was: the traffic of the past is computed when it is asked for.
        past = [
            (
                begins,
                min(ends, now),
                usage.demand_factor(Demand(1, 0, ramps=[(begins, ends, final)]), now),
            )
            for begins, ends, final in demand.ramps
        ]
        demand.ramps = [*past, (now, now + max(over, 0.001), step.factor / current)]

    def _behave(self, step: Step) -> None:
        rule = BehaviourRule(
            app=step.service or "*", image=step.image, namespace=self._namespace(step), does=step.does
        )
        self._k.behaviours.add(rule)

    def _refuse(self, step: Step) -> None:
        refusal = Refusal(
            webhook=step.webhook or "policy.demo.example",
            namespace=self._namespace(step),
            app=step.service or "*",
            reason=step.reason or "denied",
        )
        self._k.cluster.refusals.append(refusal)

    def _accept(self, step: Step) -> None:
        self._k.cluster.refusals.clear()

    def _metrics(self, away: bool) -> None:
        self._k.cluster.metrics_away = away

    def _dark(self, step: Step) -> None:
        """Nothing of it answers any more: neither its API server nor what lies behind the same address."""
        self._k.cluster.faults.add(Fault(fault="reset", streams=True))

    def _light(self, step: Step) -> None:
        self._k.cluster.faults.clear()

    # -- certificates -------------------------------------------------------------------------------------------

    def _prove(self, step: Step) -> None:
        """The challenges of a Certificate are met from now on."""
        self._k.cluster.unproven.pop((self._namespace(step), step.service), None)

    def _wake(self, step: Step) -> None:
        """cert-manager looks at a Certificate again, since something of it changes."""
        namespace = self._namespace(step)
        self._k.cluster.asleep.discard((namespace, step.service))
        found = self._k.store.find(CERTIFICATES, namespace, step.service)
        if found is not None:
            self._k.update(CERTIFICATES, with_annotations(found, **{_CAUSE: "looked at again"}))

    def _mend_issuer(self, step: Step) -> None:
        found = self._k.store.find(CLUSTER_ISSUERS, "", step.service)
        if found is not None:
            mended = condition("Ready", "True", "KeyPairVerified", "Signing CA verified", self._k.now())
            self._k.update(CLUSTER_ISSUERS, with_status(found, conditions=[mended]))

    # -- objects ------------------------------------------------------------------------------------------------

    def _create(self, step: Step) -> None:
        """Any object, as a manifest."""
        kind, version = step.manifest.get("kind", ""), step.manifest.get("apiVersion", "v1")
        group = version.partition("/")[0] if "/" in version else ""
        resource = by_kind()[group, kind]
        meta = dict(step.manifest.get("metadata") or {})
        if resource.namespaced:
            meta.setdefault("namespace", self._namespace(step))
        if resource.plural in GENERATED:
            meta.setdefault("generation", 1)
        body = {k: v for k, v in step.manifest.items() if k not in ("kind", "apiVersion")}
        if self._k.store.get(resource.storage, meta.get("namespace", ""), meta["name"]) is None:
            made = self._k.now() - duration(step.age)
            self._k.store.create(resource.storage, filled(resource.storage, {**body, "metadata": meta}), made)

    def _run_cronjob(self, step: Step) -> None:
        found = self._k.store.find("cronjobs.batch", self._namespace(step), step.service)
        if found is not None:
            name = f"{step.service}-manual-{int(self._k.now()) % 100_000}"
            self._k.store.create("jobs.batch", make_job(found, name, stamp(self._k.now())))

    def _edit_config(self, step: Step) -> None:
        found = self._k.store.find("configmaps", self._namespace(step), step.service)
        if found is not None:
            self._k.update("configmaps", {**found, "data": {**dig(found, "data", default={}), **step.data}})


_DOES: dict[str, Callable[[Actions, Step], None]] = {
    "release": Actions._release,
    "undo": Actions._undo,
    "scale": Actions._scale,
    "restart": Actions._restart,
    "pause": lambda a, s: a._paused(s, True),
    "resume": lambda a, s: a._paused(s, None),
    "delete-pod": Actions._delete_pod,
    "fall": Actions._fall,
    "lose-node": lambda a, s: a._nodes.lose(s.node),
    "restore-node": lambda a, s: a._nodes.bring_back(s.node),
    "cordon": lambda a, s: a._cordon(s, True),
    "uncordon": lambda a, s: a._cordon(s, None),
    "label-node": Actions._label_node,
    "node-group": Actions._node_group,
    "update-node": Actions._update_node,
    "update-server": Actions._update_server,
    "demand": Actions._demand,
    "behave": Actions._behave,
    "behave-well": lambda a, s: a._k.behaviours.remove(s.service),
    "refuse": Actions._refuse,
    "accept": Actions._accept,
    "metrics-server-down": lambda a, s: a._metrics(True),
    "metrics-server-up": lambda a, s: a._metrics(False),
    "lose-region": Actions._dark,
    "restore-region": Actions._light,
    "create": Actions._create,
    "run-cronjob": Actions._run_cronjob,
    "edit-config": Actions._edit_config,
    "prove": Actions._prove,
    "mend-issuer": Actions._mend_issuer,
    "wake": Actions._wake,
}
NAMES = (*_DOES, *(name for backend in BACKENDS for name in backend.steps))
"""What a step may be told to ``do``."""
