"""What puts its own version back (Argo CD, Flux), stopped for a scale-down and put back with the restore, exactly as it was.

It remembers that in itself, in the patch that stops it: for which namespaces, and what it was. While one of them is down it stays
stopped, for it would undo that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.kubernetes.field_managers import given_back
from tfdash.actions.kubernetes.patches import UID, Operation, conditional, drop, map_changes, put, test
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import Request
from tfdash.model.release import ManagedBy
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import canonical, canonical_at, pointer_of, resolve
from tfdash.text import safe

STOPPED = "tfdash.io/stopped-for-scale-down"
"""The annotation: {"for": [namespaces], "was": what stood at its switch}; "was" is null where nothing did."""
_NOTE = pointer_of("metadata", "annotations", STOPPED)
_SWITCHES = {
    "Application": "/spec/syncPolicy/automated",
    "Kustomization": "/spec/suspend",
    "HelmRelease": "/spec/suspend",
}


class _Memory(NamedTuple):
    spaces: tuple[str, ...]
    was: Any


class Keepers(NamedTuple):
    """What a plan sends to those who reconcile, and what it says of them."""

    requests: tuple[Request, ...] = ()
    notes: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()


def stops(document: Mapping[str, Any], kind: str, namespace: str) -> tuple[tuple[str, ...], list[Operation]]:
    """What is tested and what is changed to stop one that reconciles now. ``namespace``: for whose scale-down it is remembered, ""
    where a person puts it back by hand."""
    switch = _SWITCHES[kind]
    off = drop(document, switch) if kind == "Application" else put(document, switch, True)
    if not namespace:
        return (UID, switch), off
    memory = _Memory((namespace,), _at(document, switch))
    return (UID, switch, _NOTE), [*_noted(document, memory), *off]


def _noted(document: Mapping[str, Any], memory: _Memory) -> list[Operation]:
    had = document.get("metadata", {}).get("annotations") or {}
    text = canonical({"for": sorted(memory.spaces), "was": memory.was})
    return map_changes(document, ("metadata", "annotations"), {**had, STOPPED: text})


def _memory(document: Mapping[str, Any]) -> _Memory | None:
    """None where nothing is remembered. Raises ``ValueError`` where that is odd."""
    text = (document.get("metadata", {}).get("annotations") or {}).get(STOPPED)
    if text is None:
        return None
    try:
        found = json.loads(str(text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    spaces = found.get("for") if isinstance(found, dict) else None
    if not isinstance(spaces, list) or not all(isinstance(s, str) for s in spaces) or "was" not in found:
        raise ValueError("it does not say for which namespaces, and what it was")
    return _Memory(tuple(spaces), found["was"])


def _at(document: Mapping[str, Any], pointer: str) -> Any:
    """None where nothing stands there."""
    return resolve(document, pointer) if canonical_at(document, pointer) else None


def _is_off(document: Mapping[str, Any], kind: str) -> bool:
    found = _at(document, _SWITCHES[kind])
    return found is None if kind == "Application" else found is True


async def _documents(
    context: PlanContext, managers: Iterable[ManagedBy | None]
) -> list[tuple[Subject, dict[str, Any] | str]]:
    """Those who may be stopped for us, as they are now, or why that cannot be read."""
    subjects = {m.subject for m in managers if m is not None and m.subject is not None}
    found: list[tuple[Subject, dict[str, Any] | str]] = []
    for subject in sorted(s for s in subjects if s.kind in _SWITCHES):
        try:
            found.append((subject, await context.document(subject)))
        except ReadFailed as failed:
            found.append((subject, failed.problem.cause))
    return found


async def joined(context: PlanContext, managers: Iterable[ManagedBy | None]) -> Keepers:
    """Those that another namespace's scale-down stopped stay so for this one too."""
    requests, notes = [], []
    for subject, document in await _documents(context, (m for m in managers if m and m.suspended)):
        if isinstance(document, str):
            continue
        try:
            memory = _memory(document)
        except ValueError:
            continue
        if memory is None or context.at.name in memory.spaces or not _is_off(document, subject.kind):
            continue
        more = memory._replace(spaces=(*memory.spaces, context.at.name))
        what = f"{subject.kind} {subject.name} stays stopped for {context.at.name} too"
        requests.append(
            _request(
                context,
                subject,
                document,
                (UID, _NOTE, _SWITCHES[subject.kind]),
                _noted(document, more),
                what,
            )
        )
        notes.append(f"{what}; it goes on once {', '.join(more.spaces)} are back")
    return Keepers(tuple(requests), tuple(map(safe, notes)))


async def put_back(context: PlanContext, managers: Iterable[ManagedBy | None]) -> Keepers:
    """Behind all that comes back: what was stopped for this namespace goes on as it was, unless it is stopped for others yet."""
    requests: list[Request] = []
    notes: list[str] = []
    skips: list[str] = []
    for subject, document in await _documents(context, managers):
        name = f"{subject.kind} {subject.name}"
        if isinstance(document, str):
            skips.append(
                f"{name} cannot be read: {document}; was it stopped for the scale-down, switch it on by hand"
            )
            continue
        try:
            memory = _memory(document)
        except ValueError as error:
            skips.append(f"{name} stays as it is: {STOPPED} is odd ({error})")
            continue
        if memory is None or context.at.name not in memory.spaces:
            continue
        switch = _SWITCHES[subject.kind]
        rest = tuple(s for s in memory.spaces if s != context.at.name)
        if rest:
            what = f"{name} stays stopped for {', '.join(rest)}"
            changes = _noted(document, memory._replace(spaces=rest))
            requests.append(_request(context, subject, document, (UID, _NOTE), changes, what))
            notes.append(what)
            continue
        off = _is_off(document, subject.kind)
        if off:
            changes = drop(document, switch) if memory.was is None else put(document, switch, memory.was)
            what = f"{name} goes on as before: {switch.rpartition('/')[2]} {_words(memory.was)}"
            requests.append(_request(context, subject, document, (UID, _NOTE, switch), changes, what))
            notes.append(what)
        else:
            notes.append(f"{name} was switched on since, and is left as it is")
        gone = [test(document, _NOTE), *drop(document, _NOTE)]
        requests += (
            msgspec.structs.replace(r, alone=True)
            for r in given_back(
                document, path_of(subject, document), context.found(document, subject), gone, off
            )
        )
    return Keepers(tuple(requests), tuple(map(safe, notes)), tuple(map(safe, skips)))


def _words(was: Any) -> str:
    return "as by default" if was is None else canonical(was)


def _request(
    context: PlanContext,
    subject: Subject,
    document: Mapping[str, Any],
    tested: tuple[str, ...],
    changes: list[Operation],
    what: str,
) -> Request:
    found = context.found(document, subject)
    request = conditional(path_of(subject, document), document, tested, changes, what, found)
    return msgspec.structs.replace(request, alone=True)
