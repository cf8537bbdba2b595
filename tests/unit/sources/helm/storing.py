"""Releases as Helm stores them, by the documented form."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

PLANTED = "hunter2-planted-hunter2"
"""Stands wherever a secret may stand in a release."""


def zipped(raw: bytes) -> bytes:
    """The same at any time."""
    return gzip.compress(raw, mtime=0)


def manifest_of(*objects: tuple[str, str, str]) -> str:
    """Of (apiVersion, kind, name)."""
    return "".join(
        f"---\n# Source: web/templates/{number}.yaml\napiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n"
        f"  labels:\n    apiVersion: {PLANTED}\nspec:\n  password: {PLANTED}\n"
        for number, (api, kind, name) in enumerate(objects)
    )


def packed(manifest: str, *, secret: bool = True, gzipped: bool = True, **more: Any) -> str:
    """What stands under the key "release"."""
    release = {
        "name": "web",
        "info": {"status": "deployed", "notes": PLANTED},
        "chart": {"templates": [{"name": "a", "data": base64.b64encode(PLANTED.encode()).decode()}]},
        "config": {"password": PLANTED},
        "manifest": manifest,
        "hooks": [{"manifest": f"apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\npassword: {PLANTED}"}],
        "version": 3,
        "namespace": "shop",
        **more,
    }
    raw = json.dumps(release).encode()
    text = base64.b64encode(zipped(raw) if gzipped else raw)
    return (base64.b64encode(text) if secret else text).decode()


def stored(
    release: str = "web",
    revision: int = 3,
    status: str = "deployed",
    namespace: str = "shop",
    as_of: str = "1",
    data: str | None = None,
) -> dict[str, Any]:
    """The object; of a list of metadata where ``data`` is None."""
    name = f"sh.helm.release.v1.{release}.v{revision}"
    meta = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid of {name}",
        "resourceVersion": as_of,
        "labels": {"name": release, "owner": "helm", "status": status, "version": str(revision)},
    }
    return {"metadata": meta} if data is None else {"metadata": meta, "data": {"release": data}}
