"""Server-side apply: merge what one manager declares, keep what others own, name every conflict."""

from __future__ import annotations

import json
from typing import Any

from tfdash.demo.apiserver.errors import ApiError
from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.apiserver.patch.keys import ATOMIC_MAPS, DEFAULTS, is_set, key_of, keys_of
from tfdash.demo.apiserver.patch.ownership import Owners, Path, item_step, shown, table


def merged(value: Any, given: Any, field: str = "") -> Any:
    """``given`` laid over ``value``: maps and keyed lists merge, the rest is replaced."""
    if isinstance(given, dict) and isinstance(value, dict) and field not in ATOMIC_MAPS:
        result = dict(value)
        for key, inner in given.items():
            result[key] = merged(value.get(key), inner, key)
        return result
    if isinstance(given, list) and isinstance(value, list):
        if is_set(field):
            return value + [v for v in given if v not in value]
        keys = keys_of(field, [*given, *value])
        if keys:
            result_list = list(value)
            for item in given:
                at = next(
                    (i for i, v in enumerate(result_list) if key_of(v, keys) == key_of(item, keys)), None
                )
                if at is None:
                    result_list.append(item)
                else:
                    result_list[at] = merged(result_list[at], item)
            return result_list
    return given


def _removed(value: Any, path: Path, field: str = "") -> Any:
    """``value`` without what ``path`` names; None where nothing is left of it."""
    step, rest = path[0], path[1:]
    if step == ".":
        return value
    if step.startswith("f:") and isinstance(value, dict) and step[2:] in value:
        result = dict(value)
        inner = _removed(value[step[2:]], rest, step[2:]) if rest else None
        if inner is None:
            del result[step[2:]]
        else:
            result[step[2:]] = inner
        return result
    if step.startswith("k:") and isinstance(value, list):
        keys = keys_of(field, value)
        result_list = []
        for item in value:
            if keys and item_step(item, keys) == step:
                kept = None if rest == (".",) or not rest else _removed(item, rest)
                if kept is not None:
                    result_list.append(kept)
            else:
                result_list.append(item)
        return result_list or None
    if step.startswith("v:") and isinstance(value, list):
        return [v for v in value if json.dumps(v) != step[2:]] or None
    return value


def _filled(given: Any) -> Any:
    """``given`` with the defaults of list keys, so that identities agree."""
    if isinstance(given, dict):
        return {k: _filled(v) for k, v in given.items()}
    if isinstance(given, list):
        filled = []
        for item in given:
            if isinstance(item, dict) and (
                "containerPort" in item or ("port" in item and "targetPort" in item)
            ):
                item = {**DEFAULTS, **item}
            filled.append(_filled(item))
        return filled
    return given


def apply(
    live: Obj | None,
    given: Obj,
    *,
    manager: str,
    subresource: str,
    version: str,
    time: str,
    force: bool,
) -> tuple[Obj, list[Obj]]:
    """(the object as applied, its managedFields). Raises the 409 that names each conflict, unless ``force``."""
    given = _filled({k: v for k, v in given.items() if k not in ("kind", "apiVersion")})
    current = live or {"metadata": {}}
    declared, have = table(given), table(current)
    owners = Owners((current.get("metadata") or {}).get("managedFields"))
    at = owners.find(manager, "Apply", subresource)
    conflicts: list[tuple[str, str]] = []
    for path, value in declared.items():
        if path[-1] == "." or have.get(path, value) == value:
            continue
        for entry in owners.owners(path, at):
            extra = f' with subresource "{entry["subresource"]}"' if entry.get("subresource") else ""
            conflicts.append(
                (f'conflict with "{entry["manager"]}"{extra} using {entry["apiVersion"]}', shown(path))
            )
    if conflicts and not force:
        raise _refused(conflicts)
    wanted = set(declared)
    result = merged(current, given)
    dropped = (owners.sets[at] if at is not None else set()) - wanted
    for path in sorted(dropped, key=len, reverse=True):
        if not any(owners.owners(path, at)):
            result = _removed(result, path) or {}
    changed = {p for p, v in declared.items() if have.get(p, v) != v}
    owners.release(changed, at)
    owners.put(manager, "Apply", subresource, version, time, wanted)
    return result, owners.document()


def _refused(conflicts: list[tuple[str, str]]) -> ApiError:
    causes = [{"reason": "FieldManagerConflict", "message": who, "field": path} for who, path in conflicts]
    if len(conflicts) == 1:
        text = f"Apply failed with 1 conflict: {conflicts[0][0]}: {conflicts[0][1]}"
    else:
        lines, last = [], ""
        for who, path in sorted(conflicts):
            if who != last:
                lines.append(who.replace("conflict with", "conflicts with", 1) + ":")
                last = who
            lines.append(f"- {path}")
        text = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", text, {"causes": causes})
