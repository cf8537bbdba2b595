"""What is said of a kind in the table ``kinds``. Imports nothing heavy: the command line reads it for its help."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from urllib.parse import quote


class PrinterColumn(NamedTuple):
    """A column that shows one attribute of the decoded object as it is; what needs more is a view of its own in ``views.kinds``.

    ``width`` in terminal cells; ``printer``: the API server's own name of the column; ``priority``: the highest is dropped
    first, 0 never; ``tones``: (text, colour token), with "" as text for all others.
    """

    title: str
    attribute: str
    width: int = 16
    shows: Literal["text", "count", "age"] = "text"
    printer: str = ""
    priority: int = 2
    flexible: bool = False
    searched: bool = True
    tones: tuple[tuple[str, str], ...] = ()


class KindSpec(NamedTuple):
    """``api`` is "api/v1" or "apis/GROUP/VERSION"; ``resource`` its plural."""

    kind: str
    api: str
    resource: str
    decoder: str = ""  # module of sources.kubernetes.decoders
    noun: str = ""  # the plural in titles
    aliases: tuple[str, ...] = ()  # as kubectl and k9s have them, the usual one first
    namespaced: bool = True
    optional: bool = False  # it comes with a CRD that a cluster may lack, in a version of its own
    watched: bool = True  # the server tells of its changes
    served_by: str = ""  # who answers for it behind the API server, where a cluster may do without
    judged: bool = False  # the playbook reads it: kept current as long as the program runs
    logs: bool = False  # it has pods, or is one: logs are offered, and the way down to them
    revisions: str = ""  # the kind that holds its earlier ones
    why: bool = False  # the verdicts on it are explained
    columns: tuple[PrinterColumn, ...] = ()  # where it has no view of its own
    printed: tuple[str, ...] = ()  # the columns of the server's Table, newest servers first
    list_id: str = ""  # of its list, where that is not the resource
    screen: str = ""  # for --screen, where that is not the id of its list
    title: str = ""  # in the palette, where that is not made of the noun

    @property
    def listed(self) -> bool:
        """Decoded, watched where it is wanted, and shown as a list."""
        return bool(self.decoder)

    @property
    def id(self) -> str:
        return self.list_id or self.resource

    def path(self, namespace: str | None = None, name: str = "") -> str:
        """The path of a list (``namespace`` None: all) or of one object."""
        inside = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        tail = f"/{quote(name, safe='')}" if name else ""
        return f"/{self.api}{inside}/{self.resource}{tail}"

    @property
    def pattern(self) -> str:
        """``api`` as a regular expression; of an optional kind any version."""
        return rf"apis/{re.escape(self.group)}/[^/]+" if self.optional else re.escape(self.api)

    @property
    def group(self) -> str:
        return self.api.split("/")[1] if self.api.startswith("apis/") else ""

    @property
    def version(self) -> str:
        return self.api.rpartition("/")[2]

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As kubectl writes it: ``deployments.apps``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource
