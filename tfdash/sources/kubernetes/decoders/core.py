"""From the wire to the model, kind by kind. Pure; raises only what msgspec raises for malformed JSON."""

from __future__ import annotations

from typing import Any

from tfdash.model import kube as m
from tfdash.model import kubecluster as mc
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders import wire_cluster as wc
from tfdash.sources.kubernetes.decoders.common import (
    conditions,
    containers,
    labels,
    meta,
    optional_seconds,
    ownership_notes,
    quantity,
    seconds,
    selector,
    share,
    template,
    text,
)

_REVISIONS = (
    "deployment.kubernetes.io/revision",
    "rollout.argoproj.io/revision",
)  # a ReplicaSet has one of them
_CAUSE = "kubernetes.io/change-cause"
_ROLE = "node-role.kubernetes.io/"
_NO_DEADLINE = 2**31 - 1


def _status(found: w.ContainerStatus, init: bool) -> m.ContainerStatus:
    state = found.state or w.ContainerState()
    last = (found.last_state or w.ContainerState()).terminated
    kind, reason, message, code, signal, since = "", "", "", None, None, 0.0
    if state.running is not None:
        kind, since = "running", seconds(state.running.started_at)
    elif state.waiting is not None:
        kind, reason, message = "waiting", share(state.waiting.reason), state.waiting.message
    elif state.terminated is not None:
        ended = state.terminated
        kind, reason, message = "terminated", share(ended.reason), ended.message
        code, signal, since = ended.exit_code, ended.signal, seconds(ended.finished_at)
    if last is None:
        return share(
            m.ContainerStatus(
                share(found.name),
                init,
                found.ready,
                bool(found.started),
                found.restart_count,
                kind,
                reason,
                message,
                code,
                signal,
                since,
                image_id=share(found.image_id),
            )
        )
    return m.ContainerStatus(
        share(found.name),
        init,
        found.ready,
        bool(found.started),
        found.restart_count,
        kind,
        reason,
        message,
        code,
        signal,
        since,
        share(last.reason),
        last.exit_code,
        last.signal,
        last.message,
        seconds(last.finished_at),
        share(found.image_id),
    )


def pod(found: w.Pod) -> m.Pod:
    spec, status = found.spec, found.status
    kept = [c for c in status.conditions or () if c.status != "True" or c.type == "Ready"]
    return m.Pod(
        **meta(found.metadata),
        node=share(spec.node_name),
        nominated_node=share(status.nominated_node_name),
        phase=share(status.phase),
        reason=share(status.reason),
        message=status.message,
        ip=status.pod_ip,
        qos=share(status.qos_class),
        priority=spec.priority,
        restart_policy=share(spec.restart_policy),
        service_account=share(spec.service_account_name),
        started=seconds(status.start_time),
        containers=containers(spec),
        statuses=share(
            tuple(
                [_status(s, True) for s in status.init_container_statuses or ()]
                + [_status(s, False) for s in status.container_statuses or ()]
            )
        ),
        conditions=share(conditions(kept)),
        claims=tuple(
            v.persistent_volume_claim.claim_name for v in spec.volumes or () if v.persistent_volume_claim
        ),
        readiness_gates=tuple(g.condition_type for g in spec.readiness_gates or ()),
        scheduling_gates=tuple(g.name for g in spec.scheduling_gates or ()),
    )


def _revision(found: w.Meta) -> int | None:
    notes = found.annotations or {}
    value = next((notes[name] for name in _REVISIONS if name in notes), "")
    return int(value) if value.isdigit() else None


def _rolling(found: w.Strategy | None) -> tuple[str, w.RollingUpdate]:
    if found is None:
        return "RollingUpdate", w.RollingUpdate()
    return found.type or "RollingUpdate", found.rolling_update or w.RollingUpdate()


def deployment(found: w.Workload) -> m.Deployment:
    spec, status = found.spec, found.status
    strategy, rolling = _rolling(spec.strategy)
    deadline = spec.progress_deadline_seconds
    return m.Deployment(
        **meta(found.metadata),
        observed_generation=status.observed_generation,
        desired=1 if spec.replicas is None else spec.replicas,
        replicas=status.replicas,
        updated=status.updated_replicas,
        ready=status.ready_replicas,
        available=status.available_replicas,
        unavailable=status.unavailable_replicas,
        terminating=status.terminating_replicas,
        paused=spec.paused,
        progress_deadline=None if deadline is None or deadline >= _NO_DEADLINE else deadline,
        strategy=strategy,
        max_surge=text(rolling.max_surge),
        max_unavailable=text(rolling.max_unavailable),
        selector=selector(spec.selector),
        template=template(spec.template),
        conditions=conditions(status.conditions),
        revision=_revision(found.metadata),
        change_cause=(found.metadata.annotations or {}).get(_CAUSE, ""),
        notes=ownership_notes(found.metadata.annotations),
    )


def replica_set(found: w.Workload) -> m.ReplicaSet:
    return m.ReplicaSet(
        **meta(found.metadata),
        observed_generation=found.status.observed_generation,
        desired=1 if found.spec.replicas is None else found.spec.replicas,
        replicas=found.status.replicas,
        ready=found.status.ready_replicas,
        available=found.status.available_replicas,
        selector=selector(found.spec.selector),
        template=template(found.spec.template),
        conditions=conditions(found.status.conditions),
        revision=_revision(found.metadata),
        change_cause=(found.metadata.annotations or {}).get(_CAUSE, ""),
    )


def stateful_set(found: w.Workload) -> m.StatefulSet:
    spec, status = found.spec, found.status
    strategy, rolling = _rolling(spec.update_strategy)
    claims = [
        c.get("metadata", {}).get("name", "")
        for c in spec.volume_claim_templates or ()
        if isinstance(c, dict)
    ]
    return m.StatefulSet(
        **meta(found.metadata),
        observed_generation=status.observed_generation,
        desired=1 if spec.replicas is None else spec.replicas,
        replicas=status.replicas,
        ready=status.ready_replicas,
        current=status.current_replicas,
        updated=status.updated_replicas,
        available=status.available_replicas,
        current_revision=status.current_revision,
        update_revision=status.update_revision,
        strategy=strategy,
        partition=rolling.partition or 0,
        max_unavailable=text(rolling.max_unavailable),
        selector=selector(spec.selector),
        template=template(spec.template),
        conditions=conditions(status.conditions),
        claims=tuple(claims),
        notes=ownership_notes(found.metadata.annotations),
    )


def daemon_set(found: w.Workload) -> m.DaemonSet:
    status = found.status
    strategy, rolling = _rolling(found.spec.update_strategy)
    return m.DaemonSet(
        **meta(found.metadata),
        observed_generation=status.observed_generation,
        desired=status.desired_number_scheduled,
        current=status.current_number_scheduled,
        ready=status.number_ready,
        updated=status.updated_number_scheduled,
        available=status.number_available,
        unavailable=status.number_unavailable,
        misscheduled=status.number_misscheduled,
        strategy=strategy,
        max_unavailable=text(rolling.max_unavailable),
        selector=selector(found.spec.selector),
        template=template(found.spec.template),
        conditions=conditions(status.conditions),
        notes=ownership_notes(found.metadata.annotations),
    )


def job(found: w.Job) -> m.Job:
    spec, status = found.spec, found.status
    return m.Job(
        **meta(found.metadata),
        parallelism=1 if spec.parallelism is None else spec.parallelism,
        completions=spec.completions,
        backoff_limit=6 if spec.backoff_limit is None else spec.backoff_limit,
        suspended=bool(spec.suspend),
        active=status.active,
        ready=status.ready or 0,
        succeeded=status.succeeded,
        failed=status.failed,
        started=optional_seconds(status.start_time),
        completed=optional_seconds(status.completion_time),
        selector=selector(spec.selector),
        template=template(spec.template),
        conditions=conditions(status.conditions),
    )


def cron_job(found: w.CronJob) -> m.CronJob:
    inner = found.spec.job_template.spec if found.spec.job_template else None
    return m.CronJob(
        **meta(found.metadata),
        schedule=found.spec.schedule,
        time_zone=found.spec.time_zone or "",
        suspended=bool(found.spec.suspend),
        concurrency=found.spec.concurrency_policy,
        active=tuple(a.name for a in found.status.active or ()),
        last_scheduled=optional_seconds(found.status.last_schedule_time),
        last_successful=optional_seconds(found.status.last_successful_time),
        template=template(inner.template if inner else None),
    )


def _metric(spec: dict[str, Any], status: dict[str, Any] | None) -> m.Metric:
    """One entry of spec.metrics with its entry of status.currentMetrics."""
    kind = str(spec.get("type", ""))
    body = spec.get(kind[:1].lower() + kind[1:]) or {}
    current = ((status or {}).get(kind[:1].lower() + kind[1:]) or {}).get("current") or {}
    target = body.get("target") or {}
    name = str(body.get("name") or (body.get("metric") or {}).get("name") or "")
    if target.get("type") == "Utilization":
        return m.Metric(
            kind,
            name,
            target.get("averageUtilization"),
            current.get("averageUtilization"),
            "%",
            str(body.get("container") or ""),
        )
    key = "averageValue" if target.get("averageValue") is not None else "value"
    unit = {"cpu": "cores", "memory": "bytes"}.get(name, "")
    return m.Metric(
        kind,
        name,
        quantity(target.get(key)),
        quantity(current.get(key)),
        unit,
        str(body.get("container") or ""),
    )


def hpa(found: w.Hpa) -> m.HorizontalPodAutoscaler:
    spec, status = found.spec, found.status
    wanted, current = spec.metrics or [], status.current_metrics or []
    return m.HorizontalPodAutoscaler(
        **meta(found.metadata),
        target_kind=spec.scale_target_ref.kind,
        target_name=spec.scale_target_ref.name,
        min_replicas=1 if spec.min_replicas is None else spec.min_replicas,
        max_replicas=spec.max_replicas,
        current=status.current_replicas,
        desired=status.desired_replicas,
        last_scaled=optional_seconds(status.last_scale_time),
        metrics=tuple(_metric(s, current[i] if i < len(current) else None) for i, s in enumerate(wanted)),
        conditions=conditions(status.conditions),
    )


def pdb(found: w.Pdb) -> m.PodDisruptionBudget:
    return m.PodDisruptionBudget(
        **meta(found.metadata),
        observed_generation=found.status.observed_generation,
        min_available=text(found.spec.min_available),
        max_unavailable=text(found.spec.max_unavailable),
        allowed=found.status.disruptions_allowed,
        healthy=found.status.current_healthy,
        desired_healthy=found.status.desired_healthy,
        expected=found.status.expected_pods,
        selector=selector(found.spec.selector),
        conditions=conditions(found.status.conditions),
    )


def node(found: wc.Node) -> mc.Node:
    room, capacity = found.status.allocatable or {}, found.status.capacity or {}
    info = found.status.node_info or wc.NodeInfo()
    known = found.metadata.labels or {}
    roles = {n.removeprefix(_ROLE) for n in known if n.startswith(_ROLE)}
    if known.get("kubernetes.io/role"):
        roles.add(known["kubernetes.io/role"])
    addresses = [a.address for a in found.status.addresses or () if a.type == "InternalIP"]
    return mc.Node(
        **meta(found.metadata),
        unschedulable=found.spec.unschedulable,
        taints=tuple(mc.Taint(t.key, t.value, t.effect) for t in found.spec.taints or ()),
        conditions=conditions(found.status.conditions),
        cpu=quantity(room.get("cpu")) or 0.0,
        memory=quantity(room.get("memory")) or 0.0,
        pods=int(quantity(room.get("pods")) or 0),
        cpu_capacity=quantity(capacity.get("cpu")) or 0.0,
        memory_capacity=quantity(capacity.get("memory")) or 0.0,
        pods_capacity=int(quantity(capacity.get("pods")) or 0),
        internal_ip=addresses[0] if addresses else "",
        kubelet_version=info.kubelet_version,
        os_image=info.os_image,
        kernel=info.kernel_version,
        runtime=info.container_runtime_version,
        architecture=info.architecture,
        roles=tuple(sorted(roles - {""})),
    )


def namespace(found: wc.Namespace) -> mc.Namespace:
    return mc.Namespace(
        **meta(found.metadata), phase=found.status.phase, conditions=conditions(found.status.conditions)
    )


def event(found: wc.Event) -> mc.Event:
    series = found.series or wc.EventSeries()
    times = (found.last_timestamp, series.last_observed_time, found.event_time, found.first_timestamp)
    last = max(seconds(t) for t in times) or seconds(found.metadata.creation_timestamp)
    first = seconds(found.first_timestamp) or seconds(found.event_time) or last
    source, about = found.source or wc.EventSource(), found.involved_object
    return mc.Event(
        **meta(found.metadata),
        type=share(found.type),
        reason=share(found.reason),
        message=found.message,
        count=max(found.count or 0, series.count, 1),
        first_seen=first,
        last_seen=last,
        source=share(source.component or found.reporting_component),
        involved_kind=share(about.kind),
        involved_namespace=share(about.namespace),
        involved_name=about.name,
        involved_uid=about.uid,
        involved_field=share(about.field_path),
    )


def service(found: wc.Service) -> mc.Service:
    spec = found.spec
    balancer = found.status.load_balancer or wc.LoadBalancer()
    external = [i.ip or i.hostname for i in balancer.ingress or ()] + list(spec.external_ips or ())
    if spec.external_name:
        external.append(spec.external_name)
    return mc.Service(
        **meta(found.metadata),
        type=spec.type,
        cluster_ip=spec.cluster_ip,
        external=tuple(external),
        ports=tuple(
            mc.ServicePort(p.name, p.port or 0, text(p.target_port), p.protocol, p.node_port or None)
            for p in spec.ports or ()
        ),
        selector=labels(spec.selector),
    )


def endpoint_slice(found: wc.EndpointSlice) -> mc.EndpointSlice:
    # a missing "ready" is to be read as true (discovery.k8s.io/v1 EndpointConditions)
    ready = [e.conditions is None or e.conditions.ready is not False for e in found.endpoints or ()]
    pods = tuple(
        (e.target_ref.name, r)
        for e, r in zip(found.endpoints or (), ready, strict=True)
        if e.target_ref is not None and e.target_ref.kind == "Pod"
    )
    return mc.EndpointSlice(
        **meta(found.metadata),
        service=(found.metadata.labels or {}).get("kubernetes.io/service-name", ""),
        address_type=found.address_type,
        ready=sum(ready),
        total=len(ready),
        pods=pods,
        ports=tuple(f"{p.port or '*'}/{p.protocol}" for p in found.ports or ()),
    )
