"""What of a whole object leaves the source."""

from __future__ import annotations

from typing import Any

import msgspec

from tfdash.hidden import hidden_in_secret
from tfdash.model.kind_spec import KindSpec
from tfdash.model.subject import Subject


def as_asked(found: Any, subject: Subject, kind: KindSpec | None) -> dict[str, Any]:
    """``found`` where it is the object that was asked for: what hides a Secret goes by the answer's own kind, and what is done, by
    its name. Without a kind, as in a list, it gets the table's. Raises ``msgspec.ValidationError``."""
    if not isinstance(found, dict) or not isinstance(meta := found.get("metadata"), dict):
        raise msgspec.ValidationError("it is no object")
    if kind is not None and "kind" not in found:
        found.update(kind=kind.kind, apiVersion=kind.api_version)
    is_, asked = (
        (found.get("kind") if kind else None, meta.get("namespace") or "", meta.get("name")),
        (kind.kind if kind else None, subject.namespace, subject.name),
    )
    if is_ != asked:
        raise msgspec.ValidationError(f"it is {_said(*is_)}, and not {_said(*asked)}")
    return found


def _said(kind: Any, namespace: Any, name: Any) -> str:
    return f"{kind or 'the object'} {namespace}/{name}" if namespace else f"{kind or 'the object'} {name}"


def cleaned(found: Any, *, managers: bool = False) -> dict[str, Any]:
    """A Secret's values replaced by their sizes before they leave the source. Without managedFields, but where ``managers``
    are asked for: a plan names whose fields it writes. A Secret's are left out always, and so are its annotations."""
    if not isinstance(found, dict):
        return {}
    meta = found.get("metadata")
    if isinstance(meta, dict) and not (managers and found.get("kind") != "Secret"):
        meta.pop("managedFields", None)
    if found.get("kind") == "Secret":
        for table in ("data", "stringData"):
            if isinstance(found.get(table), dict):
                found[table] = {
                    k: hidden_in_secret(v, encoded=table == "data") for k, v in found[table].items()
                }
        if isinstance(meta, dict):
            meta.pop("annotations", None)  # whoever applied it may have left its values there
    return found
