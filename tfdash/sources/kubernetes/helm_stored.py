"""Which releases Helm stores where, by the labels of the objects in which it does; nothing of their content is asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import field
from msgspec.json import Decoder

from tfdash.model.subject import Key
from tfdash.sources.kubernetes.decoders.wire import Wire
from tfdash.sources.kubernetes.envelopes import ListMeta

OWNED = "owner=helm"
"""The label of all that Helm stores."""
TYPES = {"Secret": "type=helm.sh/release.v1", "ConfigMap": ""}
"""What a release is stored in, and the field selector of these."""


class StoredRevision(NamedTuple):
    """One revision of a release: the object that it is stored in, and what of its labels Helm goes by. ``as_of`` changes with its content."""

    at: Key
    release: str
    revision: int
    status: str
    as_of: tuple[str, str]  # uid and resourceVersion


class _Meta(Wire):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] | None = None


class _Item(Wire):
    metadata: _Meta = field(default_factory=_Meta)


class _Page(Wire):
    metadata: ListMeta
    items: list[_Item] | None = None


_page = Decoder(_Page).decode


def page(body: bytes) -> tuple[str, tuple[StoredRevision, ...]]:
    """One page of a list of metadata: (continue token, revisions). Raises what msgspec raises."""
    found = _page(body)
    return found.metadata.continue_, tuple(_revision(item.metadata) for item in found.items or ())


def _revision(meta: _Meta) -> StoredRevision:
    """Of an object without these labels, by its name ``sh.helm.release.v1.NAME.vN``; what nothing tells is revision 0."""
    labels = meta.labels or {}
    name, _, version = meta.name.removeprefix("sh.helm.release.v1.").rpartition(".v")
    number = labels.get("version", version)
    revision = int(number) if number.isdecimal() and len(number) < 10 else 0
    return StoredRevision(
        Key(meta.namespace, meta.name),
        labels.get("name") or name or meta.name,
        revision,
        labels.get("status", ""),
        (meta.uid, meta.resource_version),
    )


def upgraded_from(revisions: Iterable[StoredRevision]) -> dict[Key, StoredRevision]:
    """By namespace and release, the revision whose manifest Helm reads first when it upgrades: the last one that is deployed, else the last
    of all where that failed or was superseded. One that was uninstalled, or never came up, has none.

    As ``prepareUpgrade`` of Helm's pkg/action/upgrade.go.
    """
    of: dict[Key, list[StoredRevision]] = {}
    for one in revisions:
        of.setdefault(Key(one.at.namespace, one.release), []).append(one)
    found = {}
    for key, mine in of.items():
        mine.sort(key=lambda one: one.revision)
        deployed = [one for one in mine if one.status == "deployed"]
        if deployed:
            found[key] = deployed[-1]
        elif mine[-1].status in ("failed", "superseded", ""):  # "": nothing says that it is not
            found[key] = mine[-1]
    return found
