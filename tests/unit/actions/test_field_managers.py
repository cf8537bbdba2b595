"""Whose fields are written, in the plan's words, and given back by what restores them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.actions.acting import Ledger
from tests.unit.actions.test_way_back import web
from tests.unit.actions.things import NOW, REF, Standing, subject
from tfdash.actions.core.action_service import ActingService
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import Writers
from tfdash.actions.kubernetes.field_managers import PLACE, last_other, managers_of, placed
from tfdash.clock import FixedClock
from tfdash.model.action import Plan

WEB = subject("Deployment", "web")
_IMAGE = {"f:template": {"f:spec": {"f:containers": {'k:{"name":"main"}': {".": {}, "f:image": {}}}}}}
_ANNOTATION = {"f:annotations": {"f:note~x/y": {}}}


def entry(manager: str, operation: str = "Apply", time: str = "10:00:00", **fields: Any) -> dict[str, Any]:
    told = {f"f:{name}": value for name, value in fields.items()}
    return {"manager": manager, "operation": operation, "time": f"2026-11-24T{time}Z", "fieldsV1": told}


HELM = entry("helm", spec=_IMAGE)
OURS = entry("tfdash", "Update", "11:00:00", spec=_IMAGE)
CONTROLLER = entry("kube-controller-manager", "Update", "12:00:00", spec={"f:template": {"f:metadata": {}}})


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/spec/template", ["helm"]),
        ("/spec", ["helm"]),
        ("/spec/template/spec/containers/0/image", ["helm"]),
        ("/spec/template/spec/terminationGracePeriodSeconds", []),
        ("/spec/replicas", []),
        ("/metadata/annotations/note~0x~1y", ["kubectl"]),
        ("/metadata/annotations/other", []),
    ],
)
def test_who_manages_what_is_below_or_above_a_pointer(pointer: str, found: list[str]) -> None:
    document = {"metadata": {"managedFields": [HELM, entry("kubectl", metadata=_ANNOTATION)]}}
    assert [m.manager for m in managers_of(document, (pointer,))] == found


def test_an_item_of_a_list_is_the_one_with_its_keys() -> None:
    containers = [{"name": "proxy"}, {"name": "main"}]
    document = {
        "metadata": {"managedFields": [HELM]},
        "spec": {"template": {"spec": {"containers": containers}}},
    }
    found = [managers_of(document, (f"/spec/template/spec/containers/{i}/image",)) for i in (0, 1)]
    assert [[m.manager for m in one] for one in found] == [[], ["helm"]]
    assert managers_of(document, ("/spec/template/spec/containers/1/resources/limits/cpu",)) == ()


def test_the_last_who_wrote_is_told_where_it_is_not_us() -> None:
    def of(*entries: dict[str, Any]) -> str:
        return last_other({"metadata": {"managedFields": list(entries)}}, ("/spec/template",))

    assert (of(), of(OURS), of(HELM, OURS)) == ("", "", "")
    assert of(entry("argocd", time="11:30:00", spec=_IMAGE), OURS) == "argocd (Apply)"
    assert of(entry("argocd", time="11:00:00", spec=_IMAGE), OURS) == ""  # in the same second: not known


async def plan(
    managed: list[dict[str, Any]], *sets: tuple[str, int, str], **given: str
) -> tuple[Plan, Standing]:
    documents = web(given.pop("tag", "2"), *sets)
    documents[0]["metadata"]["managedFields"] = managed
    board = Standing(documents)
    service = ActingService(
        board,
        Writers(clusters={REF: board.server}),
        Ledger(),
        ActionPolicy(),
        FixedClock(NOW),
        Mode(acts=True),
    )
    return (await service.plan("workload.rollback", WEB, given)).plan, board


async def test_a_plan_names_whose_fields_it_writes() -> None:
    found, _ = await plan([HELM, CONTROLLER], ("1", 1, ""), ("2", 2, ""))
    assert (
        "helm (Apply) manages spec.template: the next helm upgrade or server-side apply will conflict here"
        in found.notes
    )
    assert len(found.requests) == 1
    found, _ = await plan([CONTROLLER, OURS], ("1", 1, ""), ("2", 2, ""))
    assert not any("will conflict" in note for note in found.notes)


async def test_what_restores_gives_its_fields_back() -> None:
    found, board = await plan([HELM, OURS], ("1", 3, "1"), ("2", 2, ""), tag="1", revision="2")
    *_, back = found.requests
    assert back.what == "give its fields back: the entry of tfdash in managedFields goes"
    assert PLACE in back.body
    document = next(d for d in board.server.documents.values() if d["kind"] == "Deployment")
    document["metadata"]["managedFields"] = [HELM, CONTROLLER, OURS]  # as it stands when it is sent
    sent = placed(back, document)
    assert sent is not None
    assert json.loads(sent.body)[1:] == [
        {"op": "test", "path": "/metadata/managedFields/2/manager", "value": "tfdash"},
        {"op": "remove", "path": "/metadata/managedFields/2"},
    ]
    document["metadata"]["managedFields"] = [HELM]
    assert placed(back, document) is None
    none, _ = await plan([HELM], ("1", 3, "1"), ("2", 2, ""), tag="1", revision="2")
    assert len(none.requests) == 1
