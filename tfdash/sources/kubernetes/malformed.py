"""Items that could not be read: each costs itself, not its list.

An item that has a name and an odd value becomes a row that says which; one without a name is counted.
"""

from __future__ import annotations

import re

import msgspec

from tfdash.model.kube import Unreadable
from tfdash.model.subject import Key

_AT = re.compile(r" - at `\$\.?(.*?)`$")


class Malformed:
    """What a codec keeps of one kind. ``malformed`` names the items that could not be read and why, newest last; ``lost`` counts
    those that do not even say who they are. ``begin`` forgets all: another list begins."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.malformed: dict[Key, str] = {}
        self.lost = 0
        self._twice = self._lacking = 0

    @property
    def unreadable(self) -> int:
        """How many items could not be read."""
        return len(self.malformed) + self.lost + self._twice + self._lacking

    def begin(self) -> None:
        self.malformed, self.lost = {}, 0
        self._twice = self._lacking = 0

    def not_whole(self, twice: int, lacking: int) -> None:
        """Of the list as a whole: how many items came that were there already, in the place of whom nobody knows, and of how many the server
        says that they come after its last page."""
        self._twice, self._lacking = twice, lacking

    def doubtful(self) -> list[str]:
        """The same in words."""
        told = [f"{self._twice} that came twice"] if self._twice else []
        return [*told, f"{self._lacking} more that no page of it has"] if self._lacking else told

    def is_read(self, key: Key) -> None:
        """What was odd before is as it should be now."""
        if self.malformed:
            self.malformed.pop(key, None)

    def odd(self, raw: msgspec.Raw, error: Exception) -> Unreadable | None:
        """The row of an item with an odd value; None where it has no name (it is ``lost``)."""
        told = named(raw)
        if told is None:
            self.lost += 1
            return None
        key, version = told
        why = why_odd(error)
        self.malformed.pop(key, None)
        self.malformed[key] = why
        return Unreadable(
            namespace=key.namespace,
            name=key.name,
            resource_version=version,
            kind=self.kind,
            cells=(),
            field=why,
        )


def why_odd(error: Exception) -> str:
    """``spec.replicas: Expected `int`, got `str```."""
    text = str(error) or type(error).__name__
    at = _AT.search(text)
    return f"{at[1] or 'the object'}: {text[: at.start()]}" if at else text


def named(raw: msgspec.Raw) -> tuple[Key, str] | None:
    """Key and resource version of an item of which nothing else may be as it should."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    meta = found.get("metadata") if isinstance(found, dict) else None
    if not isinstance(meta, dict):
        return None
    name, namespace, version = (meta.get(k, "") for k in ("name", "namespace", "resourceVersion"))
    if not isinstance(name, str) or not name or not isinstance(namespace, str):
        return None
    return Key(namespace, name), version if isinstance(version, str) else ""
