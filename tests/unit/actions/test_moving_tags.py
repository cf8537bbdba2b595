"""A restart that may bring another image says so first, and is a release for the calendar; a pinned one is none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.actions.test_way_back import CLOSED, WEB, desk
from tests.unit.actions.things import Standing, deployment, pod, replica_set, rollout, subject
from tfdash.model.action import FreezeRule, Guarded

DIGEST = f"registry.example/web@sha256:{'a' * 64}"


async def restarted(image: str, policy: str, *image_ids: str) -> Guarded:
    web = deployment("web")
    main: dict[str, Any] = web["spec"]["template"]["spec"]["containers"][0]
    main |= {"image": image, "imagePullPolicy": policy}
    newest = replica_set(web, "2", 2)
    pods = []
    for at, image_id in enumerate(image_ids):
        one = pod(f"web-{at}", newest)
        one["spec"]["containers"] = [main]
        one.setdefault("status", {})["containerStatuses"] = [{"name": "main", "imageID": image_id}]
        pods.append(one)
    board = Standing([web, newest, *pods])
    board.say(calendar=CLOSED)
    guarded: Guarded = await desk(board).plan("workload.restart", WEB, {})
    return guarded


@pytest.mark.parametrize(
    ("image", "policy", "ids", "why"),
    [
        ("registry.example/web:latest", "Always", (), "is pulled anew and has no digest"),
        (
            "registry.example/web:2",
            "IfNotPresent",
            ("x@sha256:1", "x@sha256:2"),
            "pods run 2 different images",
        ),
    ],
)
async def test_another_image_is_said_first_and_frozen(
    image: str, policy: str, ids: tuple[str, ...], why: str
) -> None:
    guarded = await restarted(image, policy, *ids)
    assert guarded.plan.effect.startswith("may bring another image (")
    assert why in guarded.plan.effect
    assert guarded.plan.freeze is FreezeRule.FROZEN
    assert (guarded.allowed, guarded.refused) == (False, "closed: blackout")


@pytest.mark.parametrize(
    ("image", "policy", "ids"),
    [
        (DIGEST, "Always", ()),
        ("registry.example/web:2", "IfNotPresent", ("x@sha256:1", "x@sha256:1")),
        ("registry.example/web:2", "Never", ()),
    ],
)
async def test_what_is_pinned_or_kept_restarts_in_the_blackout(
    image: str, policy: str, ids: tuple[str, ...]
) -> None:
    guarded = await restarted(image, policy, *ids)
    assert guarded.plan.effect.startswith("Deployment web restarts")
    assert (guarded.allowed, guarded.plan.freeze) == (True, FreezeRule.EXEMPT)


@pytest.mark.parametrize("referred", [False, True])
@pytest.mark.parametrize("image", ["registry.example/checkout:latest", "registry.example:5000/checkout"])
async def test_a_rollout_has_no_defaults_and_its_pods_are_pulled_anew(image: str, referred: bool) -> None:
    """A custom resource says no imagePullPolicy; it may have its template elsewhere, too."""
    held = deployment("held")
    carrier = rollout("checkout", phase="Healthy")
    carrier["spec"].pop("paused", None)
    (held if referred else carrier)["spec"]["template"]["spec"]["containers"][0]["image"] = image
    if referred:
        carrier["spec"].pop("template", None)
        carrier["spec"]["workloadRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "held"}
    board = Standing([carrier, held])
    board.say(calendar=CLOSED)
    guarded = await desk(board).plan("workload.restart", subject("Rollout", "checkout"), {})
    assert f"may bring another image ({image} is pulled anew and has no digest)" in guarded.plan.effect
    assert (guarded.allowed, guarded.refused) == (False, "closed: blackout")
