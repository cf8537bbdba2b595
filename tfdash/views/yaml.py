"""An API object as YAML: keys in kubectl's order, texts of several lines as blocks, nothing secret, nothing hostile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

from tfdash.hidden import hidden
from tfdash.text import safe_lines
from tfdash.views.mask import Hide, masked

if TYPE_CHECKING:
    from yaml import SafeDumper as _Base
else:  # the C library's, where PyYAML was built with it
    _Base = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Base):
    """Never writes anchors: an object of the API has no identity to keep."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Any, value: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def yaml_lines(document: Mapping[str, Any], hide: Hide = hidden) -> list[str]:
    """``document`` as lines of YAML, safe for a terminal; managedFields left out and secrets hidden by ``masked``."""
    text = yaml.dump(
        masked(document, hide), Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=1 << 30
    )
    return safe_lines(text.removesuffix("\n"))
