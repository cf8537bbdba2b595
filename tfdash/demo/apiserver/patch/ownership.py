"""Field ownership: FieldsV1 sets, and what a write by one manager changes in ``managedFields``.

A set is FieldsV1's own nested form: ``f:name`` for a field, ``k:{...}`` for an item of a keyed list, ``v:...`` for a
member of a set, ``.`` for the thing itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.apiserver.patch.keys import ATOMIC_MAPS, DEFAULTS, FREE_MAPS, is_set, keys_of

Fields = dict[str, Any]
Path = tuple[str, ...]
_IGNORED_META = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "selfLink",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    }
)


def item_step(item: Any, keys: tuple[str, ...]) -> str:
    named = {k: item.get(k, DEFAULTS.get(k)) for k in keys}
    return "k:" + json.dumps({k: v for k, v in named.items() if v is not None}, separators=(",", ":"))


def leaves(
    value: Any, field: str = "", path: Path = (), *, items: list[Any] | None = None
) -> Iterator[tuple[Path, Any]]:
    """Each owned path with its value: scalars, atomic lists and maps; ``.`` for items of lists and free maps."""
    if isinstance(value, dict) and field not in ATOMIC_MAPS:
        if field in FREE_MAPS or field.startswith("k:") or (not value and path):
            yield (*path, "."), None
        for key, inner in value.items():
            if not (path == ("f:metadata",) and key in _IGNORED_META):
                yield from leaves(inner, key, (*path, f"f:{key}"))
        return
    if isinstance(value, list):
        if is_set(field):
            for member in value:
                yield (*path, f"v:{json.dumps(member)}"), member
            return
        keys = keys_of(field, value)
        if keys and value:
            for item in value:
                step = item_step(item, keys)
                yield from leaves(item, step, (*path, step))
            return
    yield path, value


def table(obj: Obj) -> dict[Path, Any]:
    """All owned paths of an object, without its kind, version, identity and what the server keeps itself."""
    given = {k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}
    return dict(leaves(given))


def nested(paths: Iterator[Path] | set[Path]) -> Fields:
    """A set of paths in FieldsV1's form."""
    result: Fields = {}
    for path in sorted(paths):
        current = result
        for step in path:
            current = current.setdefault(step, {})
    return result


def paths_of(fields: Fields, path: Path = ()) -> Iterator[Path]:
    """The paths of a FieldsV1 set."""
    if not fields:
        if path:
            yield path
        return
    for step, inner in fields.items():
        yield from paths_of(inner, (*path, step))


def shown(path: Path) -> str:
    """A path as a conflict names it: ``.spec.template.spec.containers[name="main"].image``."""
    text = ""
    for step in path:
        if step.startswith("f:"):
            text += f".{step[2:]}"
        elif step.startswith("k:"):
            named = json.loads(step[2:])
            text += "[" + ",".join(f"{k}={json.dumps(v)}" for k, v in named.items()) + "]"
        elif step.startswith("v:"):
            text += f"[={step[2:]}]"
    return text


class Owners:
    """The managedFields of one object, by (manager, operation, subresource)."""

    def __init__(self, entries: list[Obj] | None) -> None:
        self.entries: list[Obj] = [dict(e) for e in entries or ()]
        self.sets: list[set[Path]] = [set(paths_of(e.get("fieldsV1") or {})) for e in self.entries]

    def find(self, manager: str, operation: str, subresource: str) -> int | None:
        for index, entry in enumerate(self.entries):
            known = (entry.get("manager"), entry.get("operation"), entry.get("subresource", ""))
            if known == (manager, operation, subresource):
                return index
        return None

    def owners(self, path: Path, but: int | None) -> Iterator[Obj]:
        for index, owned in enumerate(self.sets):
            if index != but and path in owned:
                yield self.entries[index]

    def put(
        self, manager: str, operation: str, subresource: str, version: str, time: str, owned: set[Path]
    ) -> None:
        at = self.find(manager, operation, subresource)
        if at is None:
            entry = {
                "manager": manager,
                "operation": operation,
                "apiVersion": version,
                **self._at(subresource, time),
                "fieldsType": "FieldsV1",
            }
            if subresource:
                entry["subresource"] = subresource
            self.entries.append(entry)
            self.sets.append(owned)
        elif self.sets[at] != owned:
            self.sets[at] = owned
            self.entries[at] |= self._at(subresource, time)
            self.entries[at]["apiVersion"] = version

    @staticmethod
    def _at(subresource: str, time: str) -> dict[str, str]:
        """A real server keeps no time of what was written by way of a Scale (measured, v1.37)."""
        return {} if subresource == "scale" else {"time": time}

    def release(self, paths: set[Path], but: int | None) -> None:
        for index, owned in enumerate(self.sets):
            if index != but:
                owned -= paths

    def document(self) -> list[Obj]:
        """managedFields, with each set's fields in FieldsV1's form; managers that own nothing are gone."""
        return [
            {
                **{k: v for k, v in entry.items() if k not in ("fieldsV1", "subresource")},
                "fieldsV1": nested(owned),
                **({"subresource": entry["subresource"]} if entry.get("subresource") else {}),
            }
            for entry, owned in zip(self.entries, self.sets, strict=True)
            if owned
        ]


def after_update(
    before: Obj | None, after: Obj, manager: str, subresource: str, version: str, time: str
) -> list[Obj]:
    """managedFields after an ordinary write: what it changed becomes the writer's, what it removed nobody's. It may change
    managedFields itself, but not by a subresource; an empty list is taken for a client that knows nothing of them, and
    ``[{}]`` clears them (apimachinery managedfields/internal/fieldmanager.go, decodeLiveOrNew)."""
    old, new = table(before or {}), table(after)
    live = ((before or {}).get("metadata") or {}).get("managedFields")
    given = (after.get("metadata") or {}).get("managedFields")
    owners = Owners(live if subresource or not given else [e for e in given if e])
    changed = {p for p, v in new.items() if p not in old or old[p] != v}
    removed = set(old) - set(new)
    at = owners.find(manager, "Update", subresource)
    mine = (owners.sets[at] if at is not None else set()) | changed
    owners.release(changed | removed, at)
    owners.put(manager, "Update", subresource, version, time, mine - removed)
    return owners.document()
