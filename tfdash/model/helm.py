"""Helm releases as they are stored in a cluster: which kinds of objects their manifests have, and nothing else of them."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from tfdash.model.kube import Object


class StoredKind(NamedTuple):
    """One kind of object in a manifest: ``many`` of them, the first of which is called ``first`` ("shop/web", "" where that is no name)."""

    api_version: str
    kind: str
    first: str = ""
    many: int = 1


class StoredRelease(Object, frozen=True, gc=False, kw_only=True):
    """The revision of a release that Helm goes by when it upgrades; its key is (namespace, "KIND/name"), KIND being what it is stored in.

    ``called``: the release; ``kinds``: of its manifest, each once; ``odd``: why they are not known, or not all, "" where they are. Values,
    templates and the objects' fields are never in it: they are left out where the answer is decoded.
    """

    KIND: ClassVar[str] = "StoredRelease"

    called: str
    of: str
    revision: int = 0
    kinds: tuple[StoredKind, ...] = ()
    odd: str = ""
