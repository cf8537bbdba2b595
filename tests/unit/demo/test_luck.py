"""What is added to the simulated world changes nobody else's luck: neither names and uids, nor how long what takes."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.demo.worlds import START, Stage, deployment
from tfdash.demo.apiserver.objects import Obj, labels_of, name_of
from tfdash.demo.controllers.cert_manager.parts import CERTIFICATES
from tfdash.demo.scenarios import ground
from tfdash.demo.scenarios.catalogue import catalogue


def _released(*before: str) -> list[Obj]:
    stage = Stage()
    for name in before:
        stage.put("deployments.apps", name, spec=deployment(name, 3))
        ref = {"name": "platform-ca", "kind": "ClusterIssuer"}
        stage.put(CERTIFICATES, name, spec={"secretName": name, "issuerRef": ref, "dnsNames": [name]})
    stage.put("deployments.apps", "shop", spec=deployment("shop", 3))
    stage.run(60)
    return stage.pods("shop")


def test_a_release_takes_the_same_names_and_times_beside_others() -> None:
    def told(pods: list[Obj]) -> list[tuple[str, str, Obj]]:
        kept = [(name_of(p), p["metadata"]["uid"], p["status"]["containerStatuses"][0]) for p in pods]
        assert len(kept) == 3 and all(status["ready"] for _, _, status in kept)
        return kept

    assert told(_released()) == told(_released("first", "second"))


def test_what_is_laid_down_before_leaves_the_rest_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = catalogue()
    web = next(s for s in plan.service if s.name == "web")
    more = msgspec.structs.replace(web, name="one-more", ingress="more", load_balancer=True)

    def laid() -> dict[tuple[str, str], tuple[str, str]]:
        stage = Stage()
        assert stage.time == START
        kinds = (
            "pods",
            "services",
            "configmaps",
            "persistentvolumeclaims",
            "endpointslices.discovery.k8s.io",
        )
        return {
            (kind, name_of(o)): (o["metadata"]["uid"], o["metadata"]["creationTimestamp"])
            for kind in kinds
            for o in stage.store.all(kind)
            if labels_of(o).get("app", "one-more") != "one-more"
        }

    before = laid()
    monkeypatch.setattr(
        ground, "catalogue", lambda: msgspec.structs.replace(plan, service=[more, *plan.service])
    )
    assert laid() == before
    assert len(before) > 50
