"""What a pipeline is to bring about: what the action would have written itself, however the pipeline writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.plan_digest import STAMP, Draft
from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts
from tfdash.actions.kubernetes.patches import operations_of
from tfdash.model.action import Post
from tfdash.playbook.releases.facts import canonical, canonical_at, resolve

_TEMPLATE = "/spec/template"


def reached(draft: Draft, within: float, text: str) -> Post:
    """For the requests of ``draft``, of which a pipeline takes the place. By the images where these are what changes, since
    whoever deploys writes a template of its own; by the exact values otherwise; a time stamp need only be another one."""
    facts = {f.pointer: f.value for f in draft.facts}
    stamp = dict(draft.arguments).get(STAMP, "")
    wanted: dict[str, Any] = {}
    for request in draft.requests:
        for change in operations_of(request) if request.subject == draft.subject else ():
            path, value = change["path"], change.get("value")
            if change["op"] == "test" or path.startswith("/metadata/annotations"):
                continue
            if stamp and stamp in canonical(value):
                wanted[path] = ["other", _sum(facts.get(path, ""))]
            elif path == _TEMPLATE and (images := _images(value)) != _images(_decoded(facts.get(path, ""))):
                wanted[path] = ["images", images]
            elif value is False:
                wanted[path] = ["off", ""]
            else:
                wanted[path] = ["is", _sum("" if change["op"] == "remove" else canonical(value))]
    return REACHED.post(value=canonical(wanted), text=text, within=within)


def _decoded(text: str) -> Any:
    return json.loads(text) if text else {}


def _images(template: Any) -> dict[str, str]:
    containers = ((template or {}).get("spec") or {}).get("containers") or ()
    return {str(c.get("name", "")): str(c.get("image", "")) for c in containers}


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _reached(seen: PostconditionFacts, value: str) -> bool:
    wanted: Mapping[str, Any] = json.loads(value)
    return seen.same and all(_holds(seen.document, path, *how) for path, how in wanted.items())


def _holds(document: Any, path: str, how: str, value: Any) -> bool:
    if how == "images":
        found = resolve(document, path)
        return bool(_images(found if isinstance(found, dict) else {}) == value)
    if how == "off":
        return canonical_at(document, path) in ("", "null", "false")
    same = _sum(canonical_at(document, path)) == value
    return not same if how == "other" else same


REACHED = Postcondition("reached", _reached, lasts=True)
