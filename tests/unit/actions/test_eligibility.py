"""Why an object is not capable of an action, by its state and by who owns it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.actions.things import NOW, REF, Standing, subject, world
from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import Writers
from tfdash.clock import FixedClock
from tfdash.model.kube import Owner
from tfdash.model.subject import Subject

DELETING = "it is being deleted already"
STATIC = "it is a static pod: its kubelet brings it back"
KUBECTL = {REF: ("kubectl",)}


def refusals(at: Subject, **changes: Any) -> dict[str, str]:
    """What is offered for the object, and why not, after ``changes`` to what the board has of it."""
    board = Standing(world())
    objects: Any = board.picture.clusters[REF].kinds[at.kind].value
    objects[at.key] = msgspec.structs.replace(objects[at.key], **changes)
    service = make_service(
        board,
        Writers(clusters={REF: board.server}),
        None,
        ActionPolicy(kubectl=KUBECTL),
        FixedClock(NOW),
        Mode(acts=True),
    )
    return {o.action.partition(".")[2]: o.refused for o in service.offers(at)}


@pytest.mark.parametrize(
    ("owner", "left", "isolated"),
    [
        ("ReplicaSet", "", ""),
        ("StatefulSet", "", "its StatefulSet cannot make another pod while this one's name is taken"),
        ("DaemonSet", "", "its DaemonSet would start another one beside it on the same node"),
        ("Job", "", "it belongs to a Job, which would count it as lost"),
        ("Node", STATIC, STATIC),
        ("", "", "nothing owns it: no other pod would take its place"),
    ],
)
def test_a_pod_by_its_owner(owner: str, left: str, isolated: str) -> None:
    owned = Owner(kind=owner, name="x", uid="u") if owner else None
    found = refusals(subject("Pod", "web-1-a"), owner=owned)
    assert found == {
        "delete": left,
        "evict": left,
        "isolate": isolated,
        "shell": "",
        "port-forward": "",
    }


def test_a_pod_that_is_on_its_way_out_or_does_not_run() -> None:
    found = refusals(subject("Pod", "web-1-a"), deleting=NOW)
    assert [found[a] for a in ("delete", "evict", "isolate", "shell")] == [DELETING, DELETING, DELETING, ""]
    found = refusals(subject("Pod", "web-1-a"), phase="Pending")
    assert found["shell"] == found["port-forward"] == "it is not running but Pending"
    assert refusals(subject("Pod", "web-1-a"), phase="")["shell"] == "it is not running but unknown"


@pytest.mark.parametrize(
    ("off", "cordon", "uncordon"),
    [(False, "", "it is not cordoned"), (True, "it is cordoned already", "")],
)
def test_a_node_by_whether_it_is_cordoned(off: bool, cordon: str, uncordon: str) -> None:
    found = refusals(subject("Node", "n1"), unschedulable=off)
    assert found == {"cordon": cordon, "uncordon": uncordon, "drain": ""}


@pytest.mark.parametrize(
    ("changes", "refused"),
    [({}, ""), ({"completed": NOW}, "it has ended"), ({"terminate": True}, "it has ended")],
)
def test_an_analysis_by_whether_it_has_ended(changes: dict[str, Any], refused: str) -> None:
    assert refusals(subject("AnalysisRun", "analysed-run"), **changes) == {"stop": refused}


def test_what_a_person_decides_has_commands_of_its_own() -> None:
    offered = refusals(subject("Rollout", "paused"))
    assert not [name for name in offered if "sign" in name or "decide" in name or "withdraw" in name]
