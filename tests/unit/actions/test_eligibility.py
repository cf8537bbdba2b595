"""Why an object is not capable of an action, by its state and by who owns it."""

from __future__ import annotations

from collections import Counter
from collections.abc import ItemsView
from typing import Any

import msgspec
import pytest

from tests.unit.actions.things import NOW, REF, Standing, subject, world
from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import Writers
from tfdash.clock import FixedClock
from tfdash.model.kube import Object, Owner
from tfdash.model.picture import Picture
from tfdash.model.subject import Key, Subject

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
        "archive": "",  # of what is broken more than of anything else
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


class Walked(dict[Key, Object]):
    """The objects of one kind. Who makes an index walks over all of them, with their keys: that is counted."""

    def __init__(self, kind: str, objects: Any, walks: Counter[str]) -> None:
        super().__init__(objects)
        self._kind, self._walks = kind, walks

    def items(self) -> ItemsView[Key, Object]:  # type: ignore[override]  # what a plain Mapping gives
        self._walks[self._kind] += 1
        return ItemsView(self)


def with_new(picture: Picture, walks: Counter[str], *kinds: str) -> Picture:
    """The next picture, in which the mappings of these kinds are others."""
    cluster = picture.clusters[REF]
    replaced = {
        kind: msgspec.structs.replace(cluster.kinds[kind], value=Walked(kind, cluster.objects(kind), walks))
        for kind in kinds
    }
    cluster = msgspec.structs.replace(cluster, kinds={**cluster.kinds, **replaced})
    return msgspec.structs.replace(picture, number=picture.number + 1, clusters={REF: cluster})


def test_looks_at_pictures_share_the_indexes_of_what_did_not_change() -> None:
    board, walks = Standing(world()), Counter[str]()
    board.picture = with_new(board.picture, walks, *board.picture.clusters[REF].kinds)
    marked = [subject("Deployment", name) for name in ("web", "held", "done", "lost-app")]
    service = make_service(
        board, Writers(clusters={REF: board.server}), None, ActionPolicy(), FixedClock(NOW), Mode(acts=True)
    )
    first = [service.offers(at) for at in marked * 2]
    assert all(first)
    assert walks == dict.fromkeys(("ReplicaSet", "Pod", "Rollout", "Canary"), 1)

    board.picture = with_new(board.picture, walks, "Pod")
    assert [service.offers(at) for at in marked * 2] == first
    assert walks == dict.fromkeys(("ReplicaSet", "Rollout", "Canary"), 1) | {"Pod": 2}


def test_what_is_offered_follows_the_newest_picture() -> None:
    board, web = Standing(world()), subject("Deployment", "web")
    service = make_service(
        board, Writers(clusters={REF: board.server}), None, ActionPolicy(), FixedClock(NOW), Mode(acts=True)
    )

    def rollback() -> str:
        return next(o.refused for o in service.offers(web) if o.action == "workload.rollback")

    assert rollback() == ""
    before = board.picture
    kept = {k: o for k, o in before.clusters[REF].objects("ReplicaSet").items() if o.name != "web-1"}
    cluster = before.clusters[REF]
    seen = msgspec.structs.replace(cluster.kinds["ReplicaSet"], value=kept)
    cluster = msgspec.structs.replace(cluster, kinds={**cluster.kinds, "ReplicaSet": seen})
    board.picture = msgspec.structs.replace(before, number=2, clusters={REF: cluster})
    assert rollback() == "no earlier revision is kept"
    board.picture = before
    assert rollback() == ""
