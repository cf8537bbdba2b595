"""Argo CD and Flux, stopped for a scale-down: what they were is remembered in them, and put back exactly behind all that comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.actions import things
from tests.unit.actions.test_scale_down import TRACKED, board, inside, planned
from tests.unit.actions.things import NIGHT, deployment, meta
from tfdash.actions.kubernetes.keepers import STOPPED
from tfdash.actions.kubernetes.patches import operations_of
from tfdash.model.action import Request

AUTOMATED = {"prune": True, "selfHeal": True, "allowEmpty": False}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "night", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
SWITCHES = {"Application": "/spec/syncPolicy/automated", "Kustomization": "/spec/suspend"}


@pytest.fixture(autouse=True)
def _kustomizations_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(things, "KINDS", (*things.KINDS, "Kustomization"))


def application(automated: Any, memory: Any = None) -> dict[str, Any]:
    spec = {"syncPolicy": {"syncOptions": ["X=true"], **({"automated": automated} if automated else {})}}
    return keeper("Application", "argoproj.io/v1alpha1", "argocd", spec, memory)


def kustomization(suspend: bool | None, memory: Any = None) -> dict[str, Any]:
    spec = {} if suspend is None else {"suspend": suspend}
    return keeper("Kustomization", "kustomize.toolkit.fluxcd.io/v1", "flux-system", spec, memory)


def keeper(kind: str, version: str, namespace: str, spec: dict[str, Any], memory: Any) -> dict[str, Any]:
    text = memory if isinstance(memory, str) else json.dumps(memory)
    notes = {} if memory is None else {"annotations": {STOPPED: text}}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": meta("night", namespace=namespace, **notes),
        "spec": spec,
    }


def healed(kept: dict[str, Any], **notes: str) -> list[dict[str, Any]]:
    (found,) = inside(deployment("healed"), **notes)
    if kept["kind"] == "Application":
        found["metadata"].setdefault("annotations", {}).update(TRACKED)
    else:
        found["metadata"]["labels"] = FLUX
    return [found, kept]


def changes(requests: tuple[Request, ...], kind: str) -> list[list[Any]]:
    """Of each request to one of ``kind``, what it changes: [last name of where, value, None where it goes]."""
    found = []
    for request in requests:
        if request.subject is not None and request.subject.kind == kind:
            told: dict[str, Any] = {
                o["path"].rpartition("/")[2]: o.get("value")
                for o in operations_of(request)
                if o["op"] != "test"
            }
            notes = told.pop("annotations", {})
            told |= {name.replace("~1", "/"): told.pop(name) for name in list(told) if "~1" in name} | notes
            if isinstance(told.get(STOPPED), str):
                told[STOPPED] = json.loads(told[STOPPED])
            found.append([[name, value] for name, value in sorted(told.items())])
    return found


def note(*spaces: str, was: Any) -> dict[str, Any]:
    return {"for": list(spaces), "was": was}


@pytest.mark.parametrize(
    ("kept", "wanted"),
    [
        (application(AUTOMATED), [["automated", None], [STOPPED, note(NIGHT, was=AUTOMATED)]]),
        (kustomization(None), [["suspend", True], [STOPPED, note(NIGHT, was=None)]]),
        (kustomization(False), [["suspend", True], [STOPPED, note(NIGHT, was=False)]]),
        # somebody switched it on since an earlier scale-down: what is so now is what comes back
        (application(AUTOMATED, note("other", was={})), [["automated", None], [STOPPED, note(NIGHT, was=AUTOMATED)]]),
    ],
)  # fmt: skip
async def test_what_it_was_stands_in_the_patch_that_stops_it(kept: dict[str, Any], wanted: list[Any]) -> None:
    plan = (await planned(board(*healed(kept)))).plan
    stop = next(c for c in plan.choices if c.id == "suspend-keeper")
    assert sorted(changes(stop.requests, kept["kind"])[0], key=str) == sorted(wanted, key=str)
    assert f"b on {NIGHT}" in stop.text
    tests = {o["path"] for o in operations_of(stop.requests[0]) if o["op"] == "test"}
    assert SWITCHES[kept["kind"]] in tests or "/spec" in tests


GONE = [STOPPED, None]
OURS = ["{ours}", None]


@pytest.mark.parametrize(
    ("kept", "wanted"),
    [
        (application(None, note(NIGHT, was=AUTOMATED)), [[["automated", AUTOMATED]], [GONE, OURS]]),
        (kustomization(True, note(NIGHT, was=None)), [[["suspend", None]], [GONE, OURS]]),
        (kustomization(True, note(NIGHT, was=False)), [[["suspend", False]], [GONE, OURS]]),
        (application({"prune": True}, note(NIGHT, was=AUTOMATED)), [[GONE, OURS]]),  # on since: as somebody wanted it
        (application(None, note("a", NIGHT, was=AUTOMATED)), [[[STOPPED, note("a", was=AUTOMATED)]]]),
        (application(None, note("a", was=AUTOMATED)), []),
        (application(None), []),  # stopped by hand, before
        (application(None, "["), []),
        (application(None, {"for": [NIGHT]}), []),
    ],
)  # fmt: skip
async def test_it_goes_on_as_it_was_behind_all_that_comes_back(
    kept: dict[str, Any], wanted: list[Any]
) -> None:
    plan = (await planned(board(*healed(kept)), "namespace.restore")).plan
    assert changes(plan.requests, kept["kind"]) == [sorted(one) for one in wanted]
    kinds = [r.subject.kind for r in plan.requests if r.subject is not None]
    assert kinds == sorted(kinds, key=lambda kind: kind == kept["kind"]) and all(
        r.alone for r in plan.requests
    )
    odd = kept["metadata"].get("annotations", {}).get(STOPPED, "") in ("[", '{"for": ["night"]}')
    assert any(f"{STOPPED} is odd" in s for s in plan.skips) is odd


async def test_one_that_is_stopped_for_another_namespace_stays_so_for_this_one_too() -> None:
    kept = application(None, note("a", was=AUTOMATED))
    plan = (await planned(board(*healed(kept)))).plan
    assert changes(plan.requests, "Application") == [[[STOPPED, note("a", NIGHT, was=AUTOMATED)]]]
    assert "Application night stays stopped for night too; it goes on once a, night are back" in plan.notes


async def test_one_that_somebody_switched_since_is_not_noted_as_stopped_by_us() -> None:
    """Off by ``enabled: false``, in the manner of Argo CD 3: with a switch in it that the way back would not put back."""
    kept = application({"enabled": False, **AUTOMATED}, note("a", was=AUTOMATED))
    plan = (await planned(board(*healed(kept)))).plan
    assert changes(plan.requests, "Application") == []
    assert not [one for one in plan.notes if "stays stopped" in one]


@pytest.mark.parametrize(("into", "said"), [("payments", True), (NIGHT, False), ("", False)])
async def test_one_that_deploys_elsewhere_is_told_before_it_is_stopped(into: str, said: bool) -> None:
    """Its name may stand in a label that a chart wrote for its own sake, or somebody with other things in mind."""
    kept = application(AUTOMATED)
    kept["spec"]["destination"] = {"namespace": into}
    (found,) = inside(deployment("healed"))
    found["metadata"]["labels"] = {"app.kubernetes.io/instance": "night"}
    stop = (await planned(board(found, kept))).plan.choices[0]
    assert ("Application night, which deploys into payments (spec" in stop.text) is said
