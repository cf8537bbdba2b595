"""What the event says by which a run began, before anybody reads its procedure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfdash.model.run import RunEvent
from tfdash.playbook.procedures.told_in import text_in


def run_id(
    procedure: str,
    digest: str,
    terminal: str,
    inputs: Mapping[str, Sequence[str]],
    nonce: str,
    *,
    where: tuple[str, str] = ("", ""),
    dry: bool = False,
    within: tuple[str, str] = ("", ""),
) -> str:
    """The id of a run that ``terminal`` starts. It is made of what is started, so that a STARTED of another terminal, of another
    text, in another cluster, within another run, or in earnest instead of as a rehearsal, is told from it. ``nonce``: anything that no other run of the same has,
    kept in the event's ``data``. ``where``: environment and cluster; ``within``: run and step as which it is carried out."""
    chosen = {name: list(values) for name, values in inputs.items()}
    told = [procedure, digest, terminal, chosen, nonce, *where, dry, *(within if any(within) else ())]
    made = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return f"{procedure}-{hashlib.sha256(made.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def inputs_of(data: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The inputs that a STARTED has; what is no list of texts is none."""
    told = data.get("inputs")
    found: dict[str, tuple[str, ...]] = {}
    for name, values in told.items() if isinstance(told, Mapping) else ():
        if isinstance(values, list | tuple) and all(isinstance(one, str) for one in values):
            found[str(name)] = tuple(values)
    return found


def within_of(data: Mapping[str, Any]) -> tuple[str, str]:
    """The run and its step as which a STARTED says that it is carried out; two "" where it stands by itself."""
    told = data.get("within")
    found = told if isinstance(told, Mapping) else {}
    run, step = text_in(found.get("run")), text_in(found.get("step"))
    return (run, step) if run and step else ("", "")


def is_its_start(event: RunEvent) -> bool:
    """Whether the id of its run was made of it."""
    data = event.data
    return event.run == run_id(
        text_in(data.get("procedure")),
        text_in(data.get("digest")),
        event.terminal,
        inputs_of(data),
        text_in(data.get("nonce")),
        where=(text_in(data.get("environment")), text_in(data.get("cluster"))),
        dry=data.get("dry") is True,
        within=within_of(data),
    )
