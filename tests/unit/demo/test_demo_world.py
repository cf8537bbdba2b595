"""Pods, nodes, jobs, autoscalers and the rest of the simulated world, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.demo.worlds import START, Stage, conditions, deployment, template
from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.objects import Obj, deleting, labels_of, name_of, stamp, with_meta
from tfdash.demo.clock import SimulatedClock
from tfdash.demo.controllers.crash_backoff import BackOff
from tfdash.demo.scenarios.scenario import load
from tfdash.demo.scenarios.step import Step
from tfdash.demo.traffic import usage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def state(pod: Obj) -> Obj:
    found: Obj = pod["status"]["containerStatuses"][0]
    return found


def put_deployment(stage: Stage, name: str, replicas: int = 1, **more: object) -> None:
    stage.put("deployments.apps", name, spec=deployment(name, replicas, **more))


# -- pods ---------------------------------------------------------------------------------------------------------


def test_crashes_wait_at_once_then_ten_seconds_doubled_to_five_minutes() -> None:
    backoff = BackOff()
    assert [backoff.next() for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]
    backoff.reset()
    assert backoff.next() == 0


def test_a_crash_loop_has_its_states_and_words(stage: Stage) -> None:
    put_deployment(stage, "bad", behaviour="crash-after=2s exit-code=3")
    stage.run(60)
    (pod,) = stage.pods("bad")
    status = state(pod)
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status["restartCount"] >= 2
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert status["lastState"]["terminated"]["reason"] == "Error"
    wait = status["state"]["waiting"]["message"]
    assert wait.startswith("back-off ") and f"pod={name_of(pod)}_drill(" in wait
    assert any(
        m.startswith("Back-off restarting failed container main in pod") for m in stage.said("BackOff")
    )
    assert conditions(stage.get("deployments.apps", "bad"))["Available"][0] == "False"


def test_out_of_memory_is_137(stage: Stage) -> None:
    put_deployment(stage, "big", behaviour="crash-after=5s reason=OOMKilled")
    stage.run(12)
    last = state(stage.pods("big")[0])
    ended = last["lastState"].get("terminated") or last["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")


def test_a_missing_config_map_holds_the_container_until_it_is_there(stage: Stage) -> None:
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}]
    put_deployment(stage, "needy", container={"env": env})
    stage.run(20)
    waiting = state(stage.pods("needy")[0])["state"]["waiting"]
    assert (waiting["reason"], waiting["message"]) == (
        "CreateContainerConfigError",
        'configmap "settings" not found',
    )
    stage.put("configmaps", "settings", data={"b": "1"})
    stage.run(20)
    assert (
        "couldn't find key a in ConfigMap drill/settings"
        in state(stage.pods("needy")[0])["state"]["waiting"]["message"]
    )
    found = stage.get("configmaps", "settings")
    stage.change("configmaps", {**found, "data": {"a": "1"}})
    stage.run(30)
    assert "running" in state(stage.pods("needy")[0])["state"]


def test_init_containers_run_one_after_the_other(stage: Stage) -> None:
    spec = deployment("app", 1)
    spec["template"]["spec"]["initContainers"] = [
        {"name": "one", "image": "registry.example/one:1"},
        {"name": "side", "image": "registry.example/side:1", "restartPolicy": "Always"},
        {"name": "two", "image": "registry.example/two:1"},
    ]
    stage.put("deployments.apps", "app", spec=spec)
    stage.run(60)
    (pod,) = stage.pods("app")
    inits = {s["name"]: s["state"] for s in pod["status"]["initContainerStatuses"]}
    assert inits["one"]["terminated"]["reason"] == inits["two"]["terminated"]["reason"] == "Completed"
    assert "running" in inits["side"]
    assert inits["one"]["terminated"]["finishedAt"] <= inits["two"]["terminated"]["startedAt"]
    assert conditions(pod)["Ready"][0] == "True"


def test_a_probe_that_never_answers_keeps_a_pod_unready(stage: Stage) -> None:
    put_deployment(stage, "mute", behaviour="never-ready")
    stage.run(60)
    assert conditions(stage.pods("mute")[0])["Ready"] == ("False", "ContainersNotReady")
    assert stage.said("Unhealthy") == ["Readiness probe failed: HTTP probe failed with statuscode: 503"]


def test_a_stubborn_pod_takes_its_whole_grace_period(stage: Stage) -> None:
    put_deployment(stage, "slow", behaviour="stubborn")
    stage.run(60)
    found = stage.get("deployments.apps", "slow")
    stage.change("deployments.apps", {**found, "spec": {**found["spec"], "replicas": 0}})
    stage.run(25)
    assert [deleting(p) for p in stage.pods("slow")] == [True]
    stage.run(10)
    assert stage.pods("slow") == []


def end(stage: Stage, storage: str, name: str) -> None:
    """Delete it as a client does."""
    with stage.cluster.agenda.pretending(stage.time):
        remove(stage.store, storage, stage.get(storage, name))


@pytest.mark.parametrize(("behaviour", "phase", "code"), [("", "Succeeded", 0), ("stubborn", "Failed", 137)])
def test_a_pod_that_waits_for_a_finalizer_has_ended_all_the_same(
    stage: Stage, behaviour: str, phase: str, code: int
) -> None:
    put_deployment(stage, "lone", behaviour=behaviour)
    stage.run(60)
    name = name_of(stage.pods("lone")[0])
    with stage.cluster.agenda.pretending(stage.time):
        stage.store.update("pods", with_meta(stage.get("pods", name), finalizers=["example.com/never"]))
    end(stage, "pods", name)
    stage.run(120)
    found = stage.get("pods", name)
    assert (found["status"]["phase"], conditions(found)["Ready"][0]) == (phase, "False")
    assert state(found)["state"]["terminated"]["exitCode"] == code
    with stage.cluster.agenda.pretending(stage.time):
        stage.store.update("pods", with_meta(found, finalizers=None))
    stage.run(10)
    assert name not in [name_of(p) for p in stage.pods("lone")]


def test_what_is_deleted_and_waits_for_a_finalizer_only_counts(stage: Stage) -> None:
    """Deployment, its ReplicaSets and StatefulSet: the status is kept, nothing is made or taken away any more."""
    held = {"metadata": {"finalizers": ["example.com/never"]}}
    stage.put("deployments.apps", "web", spec=deployment("web", 2), **held)
    spec = {**deployment("db", 2), "serviceName": "db"}
    stage.put("statefulsets.apps", "db", spec=spec, **held)
    stage.run(90)
    for storage, name in (("deployments.apps", "web"), ("statefulsets.apps", "db")):
        end(stage, storage, name)
        found = stage.get(storage, name)
        stage.change(storage, {**found, "spec": {**found["spec"], "replicas": 5}})
        stage.run(30)
        found = stage.get(storage, name)
        assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
        assert len(stage.pods(name)) == found["status"]["readyReplicas"] == 2
        gone = stage.pods(name)[0]
        end(stage, "pods", gone["metadata"]["name"])
        stage.run(60)
    assert stage.get("statefulsets.apps", "db")["status"].get("readyReplicas") == 1


def test_without_a_deadline_no_progress_is_kept(stage: Stage) -> None:
    """deployment/progress.go: syncRolloutStatus removes the condition where there is no deadline."""
    stage.put("deployments.apps", "web", spec=deployment("web", 2, progressDeadlineSeconds=2**31 - 1))
    stage.put("deployments.apps", "timed", spec=deployment("timed", 2))
    stage.run(90)
    assert "Progressing" not in conditions(stage.get("deployments.apps", "web"))
    found = stage.get("deployments.apps", "timed")
    assert conditions(found)["Progressing"] == ("True", "NewReplicaSetAvailable")
    stage.change(
        "deployments.apps", {**found, "spec": {**found["spec"], "progressDeadlineSeconds": 2**31 - 1}}
    )
    stage.run(5)
    assert "Progressing" not in conditions(stage.get("deployments.apps", "timed"))


# -- scheduling and quota -----------------------------------------------------------------------------------------


def test_the_scheduler_counts_its_reasons(stage: Stage) -> None:
    huge = {"resources": {"requests": {"cpu": "100"}}}
    put_deployment(stage, "huge", container=huge)
    stage.run(5)
    message = conditions_message(stage.pods("huge")[0])
    assert message == (
        "0/14 nodes are available: 5 node(s) had untolerated taint(s), 9 Insufficient cpu. preemption: 0/14 nodes are "
        "available: 5 Preemption is not helpful for scheduling, 9 No preemption victims found for incoming pod."
    )
    assert stage.said("FailedScheduling") == [message]


def conditions_message(pod: Obj) -> str:
    return next(str(c["message"]) for c in pod["status"]["conditions"] if c["type"] == "PodScheduled")


def test_a_pod_that_waits_is_placed_when_room_appears(stage: Stage) -> None:
    spec = deployment("choosy", 1)
    spec["template"]["spec"]["nodeSelector"] = {"gpu": "yes"}
    stage.put("deployments.apps", "choosy", spec=spec)
    stage.run(5)
    assert stage.pods("choosy")[0]["spec"].get("nodeName") is None
    node = stage.get("nodes", "worker-01", "")
    with stage.cluster.agenda.pretending(stage.time):
        labels = {**labels_of(node), "gpu": "yes"}
        stage.store.update("nodes", {**node, "metadata": {**node["metadata"], "labels": labels}})
    stage.run(30)
    assert stage.pods("choosy")[0]["spec"]["nodeName"] == "worker-01"


def test_a_quota_refuses_in_the_servers_words(stage: Stage) -> None:
    stage.put("resourcequotas", "small", spec={"hard": {"pods": "2", "requests.cpu": "1"}}, status={})
    put_deployment(stage, "many", 3, container={"resources": {"requests": {"cpu": "100m"}}})
    stage.run(5)
    assert len(stage.pods("many")) == 2
    refused = stage.said("FailedCreate")[0]
    assert refused.startswith('Error creating: pods "many-')
    assert refused.endswith(
        "is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"
    )
    found = stage.get("deployments.apps", "many")
    assert conditions(found)["ReplicaFailure"] == ("True", "FailedCreate")
    assert stage.get("resourcequotas", "small")["status"]["used"] == {"pods": "2", "requests.cpu": "200m"}
    put_deployment(stage, "silent", 1)
    stage.run(2)
    assert any("must specify requests.cpu for: main" in m for m in stage.said("FailedCreate"))


# -- nodes --------------------------------------------------------------------------------------------------------


def test_a_lost_node_is_unknown_then_emptied_but_its_pods_hang(stage: Stage) -> None:
    put_deployment(stage, "web", 12)
    stage.run(60)
    lost = stage.pods("web")[0]["spec"]["nodeName"]
    stage.world.nodes.lose(lost)
    stage.run(55)
    node = stage.get("nodes", lost, "")
    assert conditions(node)["Ready"] == ("Unknown", "NodeStatusUnknown")
    assert {t["effect"] for t in node["spec"]["taints"]} == {"NoSchedule", "NoExecute"}
    there = [p for p in stage.pods("web") if p["spec"]["nodeName"] == lost]
    assert there
    assert {conditions(p)["Ready"][0] for p in there} == {"False"}
    stage.run(310)
    there = [p for p in stage.pods("web") if p["spec"]["nodeName"] == lost]
    assert all(deleting(p) for p in there)
    assert stage.get("deployments.apps", "web")["status"]["availableReplicas"] == 12
    stage.world.nodes.bring_back(lost)
    stage.run(30)
    assert conditions(stage.get("nodes", lost, ""))["Ready"] == ("True", "KubeletReady")
    assert not [p for p in stage.pods("web") if deleting(p)]


# -- stateful and daemon sets -------------------------------------------------------------------------------------


def stateful(stage: Stage, **spec: object) -> None:
    chosen = {"matchLabels": {"app": "db"}}
    stage.put(
        "statefulsets.apps",
        "db",
        spec={"replicas": 3, "serviceName": "db", "selector": chosen, "template": template("db"), **spec},
    )


def test_a_stateful_set_starts_in_order_and_updates_down_to_its_partition(stage: Stage) -> None:
    stateful(stage, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}})
    stage.run(60)
    assert [name_of(p) for p in stage.pods("db")] == ["db-0", "db-1", "db-2"]
    starts = [p["metadata"]["creationTimestamp"] for p in stage.pods("db")]
    assert starts == sorted(starts)
    found = stage.get("statefulsets.apps", "db")
    stage.change(
        "statefulsets.apps",
        {**found, "spec": {**found["spec"], "template": template("db", image="registry.example/db:2")}},
    )
    stage.run(120)
    images = [p["spec"]["containers"][0]["image"][-1] for p in stage.pods("db")]
    assert images == ["1", "2", "2"]
    status = stage.get("statefulsets.apps", "db")["status"]
    assert (status["updatedReplicas"], status["currentReplicas"]) == (2, 1)
    assert status["currentRevision"] != status["updateRevision"]


def test_on_delete_waits_for_a_person(stage: Stage) -> None:
    stateful(stage, updateStrategy={"type": "OnDelete"})
    stage.run(60)
    found = stage.get("statefulsets.apps", "db")
    stage.change(
        "statefulsets.apps",
        {**found, "spec": {**found["spec"], "template": template("db", image="registry.example/db:2")}},
    )
    stage.run(60)
    assert {p["spec"]["containers"][0]["image"][-1] for p in stage.pods("db")} == {"1"}
    with stage.cluster.agenda.pretending(stage.time):
        stage.store.delete("pods", "drill", "db-1")
    stage.run(60)
    assert [p["spec"]["containers"][0]["image"][-1] for p in stage.pods("db")] == ["1", "2", "1"]


def test_a_daemon_set_runs_where_its_taints_let_it(stage: Stage) -> None:
    stage.put(
        "daemonsets.apps",
        "agent",
        spec={"selector": {"matchLabels": {"app": "agent"}}, "template": template("agent")},
    )
    stage.run(60)
    assert sorted(p["spec"]["nodeName"] for p in stage.pods("agent")) == [
        f"worker-{i:02d}" for i in range(1, 10)
    ]
    status = stage.get("daemonsets.apps", "agent")["status"]
    assert status["numberReady"] == status["desiredNumberScheduled"] == 9


# -- jobs ---------------------------------------------------------------------------------------------------------


def job(stage: Stage, behaviour: str, **spec: object) -> None:
    given = template("job", behaviour=behaviour)
    given["spec"]["restartPolicy"] = "Never"
    stage.put("jobs.batch", "job", spec={"template": given, **spec}, status={})


def test_a_job_completes(stage: Stage) -> None:
    job(stage, "run-for=20s", completions=2, parallelism=2)
    stage.run(60)
    found = stage.get("jobs.batch", "job")
    assert conditions(found)["Complete"] == ("True", "CompletionsReached")
    assert found["status"]["succeeded"] == 2
    assert {p["status"]["phase"] for p in stage.pods("job")} == {"Succeeded"}


def test_a_job_fails_after_its_backoff_limit(stage: Stage) -> None:
    job(stage, "crash-after=1s exit-code=1", backoffLimit=2)
    stage.run(600)
    found = stage.get("jobs.batch", "job")
    assert conditions(found)["Failed"] == ("True", "BackoffLimitExceeded")
    assert found["status"]["failed"] == 3


def test_a_cron_job_runs_on_time_and_keeps_three(stage: Stage) -> None:
    given = template("tick", behaviour="run-for=20s")
    given["spec"]["restartPolicy"] = "Never"
    stage.put(
        "cronjobs.batch",
        "tick",
        spec={"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": given}}},
        status={},
    )
    stage.run(3600)
    jobs = list(stage.store.all("jobs.batch", "drill"))
    assert len(jobs) == 3
    assert {conditions(j)["Complete"][0] for j in jobs} == {"True"}
    assert all(int(name_of(j).rpartition("-")[2]) % 5 == 0 for j in jobs)


@pytest.mark.parametrize(("deadline", "made"), [(None, 1), (7200, 1), (60, 0)])
def test_the_newest_of_missed_runs_is_made_up_for_within_its_deadline(
    stage: Stage, deadline: int | None, made: int
) -> None:
    """As the real controller: however long ago, where no startingDeadlineSeconds ends it."""
    given = template("tick", behaviour="run-for=20s")
    given["spec"]["restartPolicy"] = "Never"
    hour_ago = datetime.fromtimestamp(START - 3600, UTC)
    spec = {
        "schedule": f"{hour_ago.minute} {hour_ago.hour} * * *",
        **({} if deadline is None else {"startingDeadlineSeconds": deadline}),
        "jobTemplate": {"spec": {"template": given}},
    }
    stage.put("cronjobs.batch", "tick", spec=spec, status={"lastScheduleTime": stamp(START - 90000)})
    stage.run(60)
    assert len(list(stage.store.all("jobs.batch", "drill"))) == made


# -- guards -------------------------------------------------------------------------------------------------------


def test_a_disruption_budget_follows_its_pods(stage: Stage) -> None:
    put_deployment(stage, "web", 4)
    stage.put(
        "poddisruptionbudgets.policy",
        "web",
        spec={"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}},
        status={},
    )
    stage.run(60)
    status = stage.get("poddisruptionbudgets.policy", "web")["status"]
    assert (
        status["expectedPods"],
        status["currentHealthy"],
        status["desiredHealthy"],
        status["disruptionsAllowed"],
    ) == (4, 4, 2, 2)


def test_an_autoscaler_follows_the_load_and_stops_at_its_bounds(stage: Stage) -> None:
    container = {"resources": {"requests": {"cpu": "100m"}}}
    put_deployment(stage, "api", 2, container=container)
    stage.cluster.demands["drill", "api"] = usage.Demand(cores=0.6, memory=1e8, swing=0.0)
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}
    stage.put(
        "horizontalpodautoscalers.autoscaling",
        "api",
        spec={"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 6, "metrics": [metric]},
        status={},
    )
    stage.run(400)
    found = stage.get("horizontalpodautoscalers.autoscaling", "api")
    assert found["status"]["desiredReplicas"] == 6
    assert conditions(found)["ScalingLimited"] == ("True", "TooManyReplicas")
    stage.cluster.demands["drill", "api"] = usage.Demand(cores=0.01, memory=1e8, swing=0.0)
    stage.run(200)
    assert (
        stage.get("deployments.apps", "api")["spec"]["replicas"] == 6
    )  # the highest wish of five minutes holds
    stage.run(400)
    assert stage.get("deployments.apps", "api")["spec"]["replicas"] == 2


def test_services_get_the_addresses_of_ready_pods(stage: Stage) -> None:
    stage.put(
        "services", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    )
    put_deployment(stage, "web", 2)
    stage.run(60)
    (found,) = stage.store.all("endpointslices.discovery.k8s.io", "drill")
    assert [e["conditions"]["ready"] for e in found["endpoints"]] == [True, True]
    assert found["ports"][0]["port"] == 8080
    assert {e["addresses"][0] for e in found["endpoints"]} == {
        p["status"]["podIP"] for p in stage.pods("web")
    }


def test_a_namespace_takes_what_is_in_it_along(stage: Stage) -> None:
    put_deployment(stage, "web", 2)
    stage.run(60)
    found = stage.get("namespaces", "drill", "")
    with stage.cluster.agenda.pretending(stage.time):
        from tfdash.demo.apiserver.deleting import remove

        remove(stage.store, "namespaces", found)
    stage.run(60)
    assert stage.store.find("namespaces", "", "drill") is None
    assert stage.pods("web") == []


# -- the whole ----------------------------------------------------------------------------------------------------


def fingerprint(stage: Stage) -> list[tuple[str, str, str]]:
    return [
        (p["metadata"]["name"], p["metadata"]["uid"], p["metadata"]["resourceVersion"])
        for p in stage.store.all("pods")
    ]


def test_the_same_seed_gives_the_same_world_however_time_is_cut() -> None:
    first, second, other = (Stage(load("busy"), seed=s) for s in (5, 5, 6))
    assert fingerprint(first) == fingerprint(second) != fingerprint(other)
    first.run(900)
    for _ in range(90):
        second.run(10)
    assert fingerprint(first) == fingerprint(second)
    assert first.store.version == second.store.version


@pytest.mark.parametrize("environment", ["production", "staging", "development"])
def test_the_calm_scenario_is_calm(environment: str) -> None:
    stage = Stage(load("calm"), environment=environment)
    stage.run(1200)
    for found in stage.store.all("deployments.apps"):
        assert found["status"]["availableReplicas"] == found["spec"]["replicas"], name_of(found)
    assert not [e for e in stage.store.all("events") if e["type"] == "Warning"]


def test_the_busy_scenario_shows_what_it_promises() -> None:
    production, staging = Stage(load("busy")), Stage(load("busy"), environment="staging")
    checkout = production.get("deployments.apps", "checkout", "tf-production")
    assert checkout["status"]["updatedReplicas"] > 0
    assert checkout["status"].get("unavailableReplicas", 0) > 0
    export = production.get("deployments.apps", "ledger-export", "tf-production")
    assert export["status"]["replicas"] == 2
    broken = [
        s
        for p in production.pods("ledger-export", "tf-production")
        for s in p["status"]["containerStatuses"]
        if s["lastState"]
    ]
    assert [s["lastState"]["terminated"]["reason"] for s in broken] == ["OOMKilled"]
    assert [p["status"]["phase"] for p in production.pods("revaluation", "tf-batch")] == ["Pending"]
    pulls = [
        s["state"]["waiting"]["reason"]
        for p in staging.pods("valuation", "tf-staging")
        for s in p["status"]["containerStatuses"]
        if "waiting" in s["state"]
    ]
    assert set(pulls) <= {"ErrImagePull", "ImagePullBackOff"} and pulls


def test_the_incident_shows_what_it_promises() -> None:
    stage = Stage(load("incident"))
    assert conditions(stage.get("nodes", "worker-03", ""))["Ready"][0] == "Unknown"
    failing = {
        "billing": "CrashLoopBackOff",
        "ledger": "Init",
    }
    waiting = [
        s["state"]["waiting"]["reason"]
        for p in stage.pods("billing", "tf-production")
        for s in p["status"]["containerStatuses"]
        if "waiting" in s["state"]
    ]
    assert failing["billing"] in waiting
    documents = stage.get("deployments.apps", "documents", "tf-production")
    assert conditions(documents)["ReplicaFailure"] == ("True", "FailedCreate")
    assert any("image is not signed" in m for m in stage.said("FailedCreate", "tf-production"))
    assert any("exceeded quota: compute" in m for m in stage.said("FailedCreate", "tf-batch"))


def test_a_service_failure_takes_all_of_one_service_and_a_rollback_mends_it() -> None:
    stage = Stage(load("service-failure"))
    search = stage.get("deployments.apps", "search", "tf-production")
    assert search["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":4.9.0")
    assert not search["status"].get("readyReplicas")
    waiting = {
        s["state"].get("waiting", {}).get("reason")
        for p in stage.pods("search", "tf-production")
        for s in p["status"]["containerStatuses"]
    }
    assert "CrashLoopBackOff" in waiting
    others = [
        d["metadata"]["name"]
        for d in stage.store.all("deployments.apps", "tf-production")
        if d["metadata"]["name"] != "search" and d["status"].get("readyReplicas") != d["spec"]["replicas"]
    ]
    assert others == []  # the platform around it is well
    stage.world.run(Step(do="undo", service="search"))
    stage.run(120)
    search = stage.get("deployments.apps", "search", "tf-production")
    assert search["status"]["readyReplicas"] == search["spec"]["replicas"]


def test_the_clock_scales_stops_and_jumps() -> None:
    clock = SimulatedClock(START, speed=1000.0)
    clock.set(running=False)
    stopped = clock.now()
    assert clock.now() == stopped
    assert clock.wall_delay(stopped + 10) is None
    clock.set(advance=60.0)
    assert clock.now() == stopped + 60.0
    clock.set(running=True, speed=2.0)
    delay = clock.wall_delay(clock.now() + 10.0)
    assert delay is not None and 4.9 < delay <= 5.0


def test_a_second_region_stands_by_and_the_first_answers_nothing() -> None:
    found = load("region-loss")
    assert found.region is not None
    names = {one.service for one in found.region.brings_up}
    west = Stage(found, cluster="west")
    places = ("deployments.apps", "statefulsets.apps")
    ours = [o for at in places for o in west.store.all(at) if name_of(o) in names]
    assert len(ours) == len(names) and not any(o["spec"]["replicas"] for o in ours)
    assert not [p for name in names for p in (*west.pods(name, "tf-production"), *west.pods(name, "tf-data"))]
    assert west.pods("coredns", "kube-system") and not west.cluster.faults.active
    assert not west.store.find("deployments.apps", "tf-production", "billing")
    first = Stage(found)
    assert [one.fault for one in first.cluster.faults.active] == ["reset"]
    for step in found.step:
        if step.name == "region-back":
            first.world.run(step)
            west.world.run(step)
    assert not first.cluster.faults.active and not west.cluster.faults.active
    first.run(120)
    assert not [
        p for name in names for p in (*first.pods(name, "tf-production"), *first.pods(name, "tf-data"))
    ]
