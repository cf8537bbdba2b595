"""What going back with a Rollout takes besides its template: the end of its hold, and a full promotion once its controller
has taken the template up. Until then the way back would be a canary of its own, at its first step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tfdash.actions.argo.postconditions import PROMOTED_TO, ROLLOUT_DONE, TAKEN_UP, WHOLE
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.kubernetes.patches import UID, Operation, conditional, patch_request, put, test
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.targets import RollbackTarget
from tfdash.model.action import Post, Request
from tfdash.model.subject import Subject
from tfdash.playbook.releases.history import Direction

_TAKEN_UP_WITHIN = 60.0


def is_held(document: Mapping[str, Any]) -> bool:
    return bool(document.get("spec", {}).get("paused"))


def back_slowly(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What to expect of the way back where the stable side was scaled down as traffic left it."""
    canary = document.get("spec", {}).get("strategy", {}).get("canary") or {}
    if not (canary.get("trafficRouting") and canary.get("dynamicStableScale")):
        return ()
    return ("dynamicStableScale: traffic goes back only as the stable pods come up, not at once",)


def rest_of_undo(
    context: PlanContext, own: dict[str, Any], holder: Subject, target: RollbackTarget
) -> tuple[list[Request], tuple[str, ...], tuple[str, ...], tuple[Post, ...]]:
    """What an undo needs besides the template: (requests, notes, skips, posts). A way back waits for no step: once its
    controller has taken the template up, the rest is promoted fully. What was left is released by its steps."""
    at = context.at
    subject, requests = context.found(own), list[Request]()
    if holder != at and is_held(own):
        requests.append(
            conditional(
                path_of(at, own),
                own,
                (UID, "/spec/paused"),
                put(own, "/spec/paused", False),
                "end the hold",
                subject,
            )
        )
    if target.direction is not Direction.BACK:
        post = ROLLOUT_DONE.post(value=at.name, text="it is in flight, or done", within=context.policy.follow)
        return requests, ("its steps run from the first",), (), (post,)
    done = WHOLE.post(
        value=f"{at.name}:{target.hash}",
        text="it is Healthy, every pod runs it",
        within=context.policy.follow,
    )
    if not target.hash and holder != at:
        again = "its steps run again from the first: its ReplicaSet is gone, so what to promote is not known before"
        return requests, (again,), (), (done,)
    known: Operation = (
        {"op": "test", "path": "/status/currentPodHash", "value": target.hash}
        if target.hash
        else {"op": "test", "path": "/spec/template", "value": target.template}
    )
    full = patch_request(
        path_of(at, own, "status"),
        [test(own, UID), known, *put(own, "/status/promoteFull", True)],
        "promote it fully",
        subject,
        dry_run=False,
    )
    old = str(own.get("status", {}).get("currentPodHash", ""))
    taken = TAKEN_UP.post(
        value=f"{at.name}:{target.hash}:{old}",
        text="its controller took the template up",
        within=_TAKEN_UP_WITHIN,
    )
    requests.append(msgspec.structs.replace(full, after=taken, unless=done_already(at.name, target.hash)))
    note = (
        "one run: the template, then, once its controller took it up, a full promotion; no step is waited for"
    )
    steps = own.get("spec", {}).get("strategy", {}).get("canary", {}).get("steps")
    notes = (note, *back_slowly(own))
    return requests, notes, ("every step, pause and analysis of its strategy",) if steps else (), (done,)


def done_already(name: str, digest: str) -> Post:
    """Of what needs no promotion: its controller went straight back to the stable version."""
    return PROMOTED_TO.post(value=f"{name}:{digest}", text="it is the stable version already")
