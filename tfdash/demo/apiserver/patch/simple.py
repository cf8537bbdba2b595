"""JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386)."""

from __future__ import annotations

from typing import Any


class PatchRefused(Exception):
    """It cannot be applied; the text is the reason. ``bad`` where the patch itself is malformed."""

    def __init__(self, reason: str, *, bad: bool = False) -> None:
        super().__init__(reason)
        self.bad = bad


def merge_patch(value: Any, patch: Any) -> Any:
    """RFC 7386: objects merge, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for key, change in patch.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), change)
    return result


def _pointer(text: Any) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise PatchRefused(f"jsonpatch path {text!r} is no JSON pointer", bad=True)
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def _index(step: str, length: int, *, adding: bool) -> int:
    if step == "-" and adding:
        return length
    try:
        index = int(step)
    except ValueError:
        raise PatchRefused(f"jsonpatch: {step!r} is no index of an array", bad=True) from None
    if index < 0 or index > length - (not adding):
        raise PatchRefused(f"Unable to access invalid index: {index}: invalid index referenced")
    return index


def _copied(value: Any, steps: list[str]) -> tuple[Any, Any]:
    """A copy of ``value`` along ``steps[:-1]``, and the copied container of the last step."""
    shown = "/" + "/".join(steps)
    root = current = value.copy() if isinstance(value, dict | list) else value
    for step in steps[:-1]:
        if isinstance(current, dict):
            if step not in current:
                raise PatchRefused(f"the path {shown} does not exist: missing value")
            key: Any = step
        elif isinstance(current, list):
            key = _index(step, len(current), adding=False)
        else:
            raise PatchRefused(f"the path {shown} does not exist: missing value")
        inner = current[key]
        current[key] = inner.copy() if isinstance(inner, dict | list) else inner
        current = current[key]
    if not isinstance(current, dict | list):
        raise PatchRefused(f"the path {shown} does not exist: missing value")
    return root, current


def _read(value: Any, path: str) -> Any:
    current = value
    for step in _pointer(path):
        if isinstance(current, list):
            current = current[_index(step, len(current), adding=False)]
        elif isinstance(current, dict) and step in current:
            current = current[step]
        else:
            raise PatchRefused(f"error in path {path}: missing value")
    return current


def _add(value: Any, path: str, new: Any) -> Any:
    steps = _pointer(path)
    if not steps:
        return new
    root, container = _copied(value, steps)
    if isinstance(container, list):
        container.insert(_index(steps[-1], len(container), adding=True), new)
    else:
        container[steps[-1]] = new
    return root


def _remove(value: Any, path: str) -> Any:
    steps = _pointer(path)
    if not steps:
        raise PatchRefused("jsonpatch remove operation: the whole document", bad=True)
    root, container = _copied(value, steps)
    if isinstance(container, list):
        del container[_index(steps[-1], len(container), adding=False)]
    elif steps[-1] not in container:
        raise PatchRefused(f"remove operation does not apply: doc is missing key: {path}: missing value")
    else:
        del container[steps[-1]]
    return root


def _replace(value: Any, path: str, new: Any) -> Any:
    steps = _pointer(path)
    if not steps:
        return new
    root, container = _copied(value, steps)
    if isinstance(container, list):
        container[_index(steps[-1], len(container), adding=False)] = new
    else:  # a missing member is added, as the API server's library does
        container[steps[-1]] = new
    return root


def json_patch(value: Any, operations: Any) -> Any:
    """RFC 6902, as a new value. Raises ``PatchRefused``, for a failed ``test`` too."""
    if not isinstance(operations, list):
        raise PatchRefused("a JSON patch is a list of operations", bad=True)
    for operation in operations:
        if not isinstance(operation, dict):
            raise PatchRefused("a JSON patch is a list of operations", bad=True)
        kind, path = operation.get("op"), operation.get("path")
        if not isinstance(path, str):
            raise PatchRefused(f"{kind} operation: path is missing", bad=True)
        if kind == "add":
            value = _add(value, path, operation.get("value"))
        elif kind == "remove":
            value = _remove(value, path)
        elif kind == "replace":
            value = _replace(value, path, operation.get("value"))
        elif kind == "test":
            try:
                holds = _read(value, path) == operation.get("value")
            except PatchRefused:
                if operation.get("value") is not None:
                    raise
                holds = True
            if not holds:
                raise PatchRefused(f"testing value {path} failed: test failed")
        elif kind in ("move", "copy"):
            source = str(operation.get("from"))
            moved = _read(value, source)
            value = _add(_remove(value, source) if kind == "move" else value, path, moved)
        else:
            raise PatchRefused(f"Unexpected kind: {kind}", bad=True)
    return value
