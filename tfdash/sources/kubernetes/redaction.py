"""What of a whole object leaves the source."""

from __future__ import annotations

from typing import Any

from tfdash.hidden import hidden_in_secret


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
