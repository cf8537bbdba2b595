"""Strategic merge patch: lists with merge keys merge by item; ``$patch``, ``$retainKeys``, ``$setElementOrder``,
``$deleteFromPrimitiveList`` are obeyed.
"""

from __future__ import annotations

from typing import Any

from tfdash.demo.apiserver.patch.keys import DEFAULTS, is_set, key_of, keys_of
from tfdash.demo.apiserver.patch.simple import PatchRefused

_PATCH, _RETAIN, _ORDER, _DELETE = "$patch", "$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/"


def strategic_merge(value: Any, patch: Any) -> Any:
    """``value`` with ``patch`` merged into it, as a new value."""
    if not isinstance(patch, dict):
        return patch
    patch = dict(patch)
    directive = patch.pop(_PATCH, None)
    if directive == "replace":
        return _clean(patch)
    if directive == "delete":
        return None
    if directive not in (None, "merge"):
        raise PatchRefused(f"Unknown patch type: {directive}", bad=True)
    result = dict(value) if isinstance(value, dict) else {}
    retained = patch.pop(_RETAIN, None)
    if retained is not None:
        result = {k: v for k, v in result.items() if k in retained}
    for key, change in patch.items():
        if key.startswith(_DELETE):
            field = key.removeprefix(_DELETE)
            result[field] = [v for v in result.get(field, []) if v not in change]
    for key, change in patch.items():
        if key.startswith((_ORDER, _DELETE)):
            continue
        if change is None:
            result.pop(key, None)
        elif isinstance(change, list):
            result[key] = _merge_list(key, result.get(key) or [], change, patch.get(_ORDER + key))
        elif isinstance(change, dict):
            merged = strategic_merge(result.get(key), change)
            if merged is None:
                result.pop(key, None)
            else:
                result[key] = merged
        else:
            result[key] = change
    for key, order in patch.items():
        field = key.removeprefix(_ORDER)
        if key.startswith(_ORDER) and field not in patch and isinstance(result.get(field), list):
            result[field] = _ordered(field, result[field], order)
    return result


def _clean(value: Any) -> Any:
    """Without directives and nulls, for what is put in whole."""
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items() if not k.startswith("$") and v is not None}
    if isinstance(value, list):
        return [_clean(v) for v in value]
    return value


def _merge_list(field: str, current: list[Any], change: list[Any], order: list[Any] | None) -> list[Any]:
    if is_set(field):
        merged = current + [v for v in change if v not in current]
        return _ordered(field, merged, order) if order else merged
    if any(isinstance(c, dict) and c.get(_PATCH) == "replace" and len(c) == 1 for c in change):
        return [_clean(c) for c in change if not (isinstance(c, dict) and c.get(_PATCH) == "replace")]
    keys = keys_of(field, [*change, *current])[:1]
    if not keys:
        return [_clean(c) for c in change]
    result = list(current)
    for item in change:
        if not isinstance(item, dict) or (keys[0] not in item and keys[0] not in DEFAULTS):
            raise PatchRefused(f"map: {item} does not contain declared merge key: {keys[0]}", bad=True)
        wanted = key_of(item, keys)
        at = next((i for i, have in enumerate(result) if key_of(have, keys) == wanted), None)
        if item.get(_PATCH) == "delete":
            if at is not None:
                del result[at]
        elif at is None:
            result.append(strategic_merge({}, item))
        else:
            result[at] = strategic_merge(result[at], item)
    return _ordered(field, result, order) if order else result


def _ordered(field: str, items: list[Any], order: list[Any]) -> list[Any]:
    """What ``order`` names stands in that order; the rest keeps its place behind what it stood behind."""
    keys = keys_of(field, [*items, *order])[:1]
    places = [key_of(o, keys) if isinstance(o, dict) else o for o in order]

    def identity(item: Any) -> Any:
        return key_of(item, keys) if isinstance(item, dict) else item

    known = sorted((i for i in items if identity(i) in places), key=lambda i: places.index(identity(i)))
    result: list[Any] = []
    for item in items:
        if identity(item) in places:
            result.append(known.pop(0))
        else:
            result.append(item)
    return result
