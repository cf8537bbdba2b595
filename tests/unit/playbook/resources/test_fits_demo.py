"""What the rule says fits is what the simulated platform's own quota admission and scheduler let in, pod for pod: random pods, quotas
and nodes that are partly taken."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from tests.unit.demo.worlds import NAMESPACE, Stage, deployment
from tests.unit.playbook.making import REF, picture
from tfdash.demo.apiserver.objects import dig
from tfdash.judging.judge import judge_all
from tfdash.model.kube import HorizontalPodAutoscaler, Object
from tfdash.model.subject import Subject
from tfdash.playbook.resources import fits
from tfdash.sources.kubernetes.codec import decoder_of

STORED = {
    "Deployment": "deployments.apps",
    "ReplicaSet": "replicasets.apps",
    "Pod": "pods",
    "Node": "nodes",
    "ResourceQuota": "resourcequotas",
}
MOST = 60


def seen(stage: Stage) -> list[Object]:
    """As tfdash reads them."""
    found = []
    for kind, storage in STORED.items():
        wire, read = decoder_of(kind)
        found += [
            read(msgspec.json.decode(msgspec.json.encode(o), type=wire)) for o in stage.store.all(storage)
        ]
    return found


def said(stage: Stage) -> int:
    scaler = HorizontalPodAutoscaler(
        namespace=NAMESPACE, name="web", target_kind="Deployment", target_name="web", max_replicas=MOST
    )
    told = judge_all(picture(*seen(stage), scaler), stage.time).verdicts
    [verdict] = [v for v in told[Subject(REF, "Deployment", NAMESPACE, "web")] if v.rule == fits.ID]
    assert verdict.measured is not None
    return int(verdict.measured)


def amounts(draw: random.Random) -> dict[str, str]:
    return {"cpu": f"{draw.randint(150, 2500)}m", "memory": f"{draw.randint(300, 5000)}Mi"}


def containers(draw: random.Random) -> dict[str, Any]:
    """The parts of a pod's spec that say what it asks for."""

    def one(name: str, **more: Any) -> dict[str, Any]:
        asked = amounts(draw)
        return {"name": name, "image": "web:1", "resources": {"requests": asked, "limits": asked}, **more}

    inits = [one("side", restartPolicy="Always")] if draw.random() < 0.4 else [one("prepare")]
    return {"containers": [one("main")], "initContainers": inits if draw.random() < 0.6 else []}


@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_what_fits_is_let_in(seed: int) -> None:
    draw = random.Random(seed)
    stage = Stage()
    body = deployment("web", 2)
    body["template"]["spec"] |= containers(draw)
    if seed % 2:  # else the nodes end first
        hard = {
            "requests.cpu": f"{draw.randint(6000, 30000)}m",
            "limits.memory": f"{draw.randint(10000, 90000)}Mi",
            "pods": str(draw.randint(5, 50)),
        }
        stage.put("resourcequotas", "team", spec={"hard": hard})
    stage.put("deployments.apps", "web", spec=body)
    stage.run(30)
    expected = said(stage)
    assert 2 < expected < MOST, "neither nothing nor everything fits"
    web = stage.get("deployments.apps", "web")
    stage.change("deployments.apps", {**web, "spec": {**web["spec"], "replicas": MOST}})
    stage.run(60)
    placed = [p for p in stage.pods("web") if dig(p, "spec", "nodeName")]
    assert len(placed) == expected
