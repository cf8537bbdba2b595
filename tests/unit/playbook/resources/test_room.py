"""Places in quotas and on nodes, at the edge: exactly, and a billionth less; counted as quotas' admission and the scheduler count."""

from __future__ import annotations

import pytest

from tests.kinds import resources
from tests.unit.playbook.making import (
    pod,
)
from tfdash.model.capacity import LimitRange, LimitRangeItem, ResourceQuota
from tfdash.model.kube import Container, Template
from tfdash.model.kubecluster import Taint
from tfdash.model.placement import NodeTerm, Placement, Requirement, Toleration
from tfdash.model.room import NodeRoom
from tfdash.playbook.resources.room import Size, counted, in_quota, kept_out, on_node, size_of
from tfdash.quantities import amounts

WEB = Container("main", "web:1", resources(cpu="500m", memory="1Gi", cpu_limit="1", memory_limit="1Gi"))
SIZE = size_of(Template(containers=(WEB,)), None, ())
PLAIN = Container("main", "web:1")


def quota(used: dict[str, str] | None = None, *scoped: Requirement, **hard: str) -> ResourceQuota:
    named = {name.replace("_", "."): value for name, value in hard.items()}
    return ResourceQuota(
        namespace="a", name="team", hard=amounts(named), used=amounts(used or {}), scoped=scoped
    )


# -- quotas ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hard", "used", "places", "ends"),
    [
        ({"requests_cpu": "4"}, {"requests.cpu": "2"}, 4, "requests.cpu"),
        ({"cpu": "4"}, {"cpu": "3500m"}, 1, "cpu"),
        ({"cpu": "4"}, {"cpu": "3500000001n"}, 0, "cpu"),
        ({"limits_cpu": "4"}, {"limits.cpu": "2"}, 2, "limits.cpu"),
        ({"memory": "10Gi"}, {"memory": "9Gi"}, 1, "memory"),
        ({"memory": "10Gi"}, {"memory": str(9 * 2**30 + 1)}, 0, "memory"),
        ({"pods": "10"}, {"pods": "7"}, 3, "pods"),
        ({"pods": "10"}, {}, 10, "pods"),  # not counted yet: nothing is used
        ({"count/pods": "10"}, {"count/pods": "12"}, 0, "count/pods"),
        ({"requests_cpu": "4", "limits_memory": "3Gi"}, {"limits.memory": "1Gi"}, 2, "limits.memory"),
    ],
)
def test_places_in_a_quota(hard: dict[str, str], used: dict[str, str], places: int, ends: str) -> None:
    assert in_quota(quota(used, **hard), SIZE) == (places, ends)


def test_what_a_quota_does_not_count_is_no_bound() -> None:
    assert in_quota(quota(services="2", persistentvolumeclaims="1"), SIZE) is None
    assert in_quota(quota(requests_ephemeral_storage="1Gi"), SIZE) is None


@pytest.mark.parametrize(
    ("hard", "containers", "said"),
    [
        ({"requests_cpu": "4"}, (WEB, PLAIN), "requests.cpu"),
        ({"memory": "4"}, (PLAIN,), "memory"),
        ({"limits_memory": "4Gi"}, (Container("m", "i", resources(memory="1Gi")),), "limits.memory"),
        ({"pods": "4"}, (PLAIN,), ""),
        ({"requests_ephemeral-storage": "4Gi"}, (PLAIN,), ""),
    ],
)
def test_a_quota_makes_containers_say_what_it_counts(
    hard: dict[str, str], containers: tuple[Container, ...], said: str
) -> None:
    bound = in_quota(quota(None, **hard), size_of(Template(containers=containers), None, ()))
    expected = (0, f"each container must say {said}") if said else None
    assert (bound if said else None) == expected


def sized(placement: Placement, *containers: Container) -> Size:
    return size_of(Template(containers=containers or (WEB,), placement=placement), None, ())


@pytest.mark.parametrize(
    ("scope", "placement", "best_effort", "counts"),
    [
        (("Terminating", "Exists", ()), Placement(ends=True), False, True),
        (("Terminating", "Exists", ()), Placement(), False, False),
        (("NotTerminating", "Exists", ()), Placement(), False, True),
        (("NotTerminating", "Exists", ()), Placement(ends=True), False, False),
        (("BestEffort", "Exists", ()), Placement(), True, True),
        (("BestEffort", "Exists", ()), Placement(), False, False),
        (("NotBestEffort", "Exists", ()), Placement(), False, True),
        (("NotBestEffort", "Exists", ()), Placement(), True, False),
        (("PriorityClass", "In", ("high",)), Placement(priority_class="high"), False, True),
        (("PriorityClass", "In", ("high",)), Placement(priority_class="low"), False, False),
        (("PriorityClass", "In", ("high",)), Placement(), False, False),
        (("PriorityClass", "NotIn", ("high",)), Placement(), False, True),
        (("PriorityClass", "Exists", ()), Placement(priority_class="x"), False, True),
        (("PriorityClass", "DoesNotExist", ()), Placement(priority_class="x"), False, False),
        (("CrossNamespacePodAffinity", "Exists", ()), Placement(near=True), False, True),
        (("CrossNamespacePodAffinity", "Exists", ()), Placement(), False, False),
        (("VolumeAttributesClass", "In", ("x",)), Placement(), False, False),
    ],
)
def test_scopes_are_respected(
    scope: Requirement, placement: Placement, best_effort: bool, counts: bool
) -> None:
    bound = in_quota(quota(None, scope, pods="1"), sized(placement, PLAIN if best_effort else WEB))
    assert (bound is not None) is counts


def test_all_scopes_of_a_quota_must_be_so() -> None:
    both = (("NotTerminating", "Exists", ()), ("BestEffort", "Exists", ()))
    assert in_quota(quota(None, *both, pods="1"), sized(Placement(), PLAIN)) == (1, "pods")
    assert in_quota(quota(None, *both, pods="1"), SIZE) is None


def test_what_is_counted_and_by_which_names() -> None:
    gpu = Container(
        "m", "i", resources(**{"cpu": "1", "nvidia.com/gpu": "2", "hugepages-2Mi": "4Mi", "cpu_limit": "2"})
    )
    assert counted(size_of(Template(containers=(gpu,)), None, ())) == dict(
        amounts(
            {
                "pods": 1,
                "count/pods": 1,
                "cpu": 1,
                "requests.cpu": 1,
                "limits.cpu": 2,
                "requests.nvidia.com/gpu": 2,
                "hugepages-2Mi": "4Mi",
                "requests.hugepages-2Mi": "4Mi",
            }
        )
    )


def test_the_next_pod_is_as_admission_makes_it() -> None:
    limits = LimitRange(
        namespace="a",
        name="defaults",
        items=(
            LimitRangeItem(
                "Container",
                default_request=amounts({"cpu": "100m"}),
                default_limit=amounts({"cpu": "1", "memory": "1Gi"}),
            ),
            LimitRangeItem("Pod", default_request=amounts({"memory": "7Gi"})),
        ),
    )
    half = Container("m", "i", resources(memory_limit="512Mi"))  # a limit alone is the request, too
    filled = size_of(Template(containers=(half, PLAIN)), None, (limits,))
    assert filled.requests == amounts({"cpu": "200m", "memory": "512Mi", "pods": 1})
    assert filled.limits == amounts({"cpu": "2", "memory": "1536Mi"})
    # a pod that is there tells better: overhead of its runtime, another admission
    there = pod(containers=(WEB,), overhead=amounts({"cpu": "50m", "memory": "8Mi"}))
    asked = size_of(Template(containers=(PLAIN,)), there, (limits,))
    assert asked.requests == amounts({"cpu": "550m", "memory": "1032Mi", "pods": 1})
    assert asked.limits == amounts({"cpu": "1050m", "memory": "1032Mi"})


# -- nodes -------------------------------------------------------------------------------------------------------------


def room(**free: str) -> NodeRoom:
    given = {"cpu": "10", "memory": "10Gi", "pods": "10"} | {k.replace("_", "-"): v for k, v in free.items()}
    return NodeRoom("n1", {"zone": "a", "cores": "8"}, (), False, amounts(given))


@pytest.mark.parametrize(
    ("free", "places", "ends"),
    [
        ({"cpu": "500m"}, 1, "insufficient cpu"),
        ({"cpu": "499999999n"}, 0, "insufficient cpu"),
        ({"memory": "2Gi"}, 2, "insufficient memory"),
        ({"memory": str(2**31 - 1)}, 1, "insufficient memory"),
        ({"pods": "0"}, 0, "too many pods"),
        ({"cpu": "-1"}, 0, "insufficient cpu"),
    ],
)
def test_places_on_a_node(free: dict[str, str], places: int, ends: str) -> None:
    assert on_node(room(**free), SIZE) == (places, ends)


def test_what_a_node_does_not_have_it_has_no_place_for() -> None:
    gpu = size_of(Template(containers=(Container("m", "i", resources(**{"nvidia.com/gpu": "1"})),)), None, ())
    assert on_node(room(), gpu) == (0, "insufficient nvidia.com/gpu")


def test_the_scheduler_counts_whole_millicores() -> None:
    fine = size_of(Template(containers=(Container("m", "i", resources(cpu="1500u")),)), None, ())
    assert on_node(room(cpu="3m"), fine).places == 1


BAD = Taint("gpu", "yes", "NoSchedule")


@pytest.mark.parametrize(
    ("taint", "toleration", "out"),
    [
        (BAD, Toleration("gpu", "Exists"), ""),
        (BAD, Toleration("gpu", "Equal", "yes"), ""),
        (BAD, Toleration("gpu", "Equal", "no"), "tainted"),
        (BAD, Toleration("gpu", "Exists", effect="NoExecute"), "tainted"),
        (BAD, Toleration("gpu", "Equal", "yes", "NoSchedule"), ""),
        (BAD, Toleration("", "Exists"), ""),
        (BAD, Toleration("", "Equal"), "tainted"),
        (BAD, Toleration("other", "Exists"), "tainted"),
        (BAD, Toleration("gpu", "Lt", "yes"), "tainted"),
        (Taint("gpu", "", "NoExecute"), Toleration(), "tainted"),
        (Taint("gpu", "", "PreferNoSchedule"), Toleration(), ""),
    ],
)
def test_taints(taint: Taint, toleration: Toleration, out: str) -> None:
    tainted = NodeRoom("n1", {}, (taint,), False, ())
    assert kept_out(tainted, Placement(tolerations=(toleration,))) == out


def test_a_cordoned_node_takes_only_who_tolerates_it() -> None:
    cordoned = NodeRoom("n1", {}, (), True, ())
    assert kept_out(cordoned, Placement()) == "cordoned"
    tolerant = Toleration("node.kubernetes.io/unschedulable", "Exists", effect="NoSchedule")
    assert kept_out(cordoned, Placement(tolerations=(tolerant,))) == ""


def term(*labels: Requirement, fields: tuple[Requirement, ...] = ()) -> NodeTerm:
    return NodeTerm(labels, fields)


@pytest.mark.parametrize(
    ("placement", "goes"),
    [
        (Placement(selector=(("zone", "a"),)), True),
        (Placement(selector=(("zone", "b"),)), False),
        (Placement(required=()), False),
        (Placement(required=(term(),)), False),
        (Placement(required=(term(("zone", "In", ("b",))), term(("zone", "In", ("a", "c"))))), True),
        (Placement(required=(term(("zone", "In", ("a",)), ("disk", "Exists", ())),)), False),
        (Placement(required=(term(("disk", "NotIn", ("ssd",))),)), True),
        (Placement(required=(term(("disk", "DoesNotExist", ())),)), True),
        (Placement(required=(term(("cores", "Gt", ("7",))),)), True),
        (Placement(required=(term(("cores", "Gt", ("8",))),)), False),
        (Placement(required=(term(("cores", "Lt", ("9",))),)), True),
        (Placement(required=(term(("zone", "Lt", ("9",))),)), False),
        (Placement(required=(term(("zone", "Like", ("a",))),)), False),
        (Placement(required=(term(fields=(("metadata.name", "In", ("n1",)),)),)), True),
        (Placement(required=(term(fields=(("metadata.name", "In", ("n2",)),)),)), False),
    ],
)
def test_selectors_and_affinity(placement: Placement, goes: bool) -> None:
    assert (kept_out(room(), placement) == "") is goes
