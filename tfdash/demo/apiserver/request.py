"""One request, understood: which resource, which verb, by whom, with which options."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from tfdash.demo.apiserver.auth import Attributes, User
from tfdash.demo.apiserver.errors import bad_request, invalid
from tfdash.demo.apiserver.negotiate import Shape, shape
from tfdash.demo.apiserver.paths import TRUE
from tfdash.demo.apiserver.resources import Resource
from tfdash.demo.cluster import Cluster


@dataclass
class Call:
    """``name`` and ``subresource`` are "" where the path names none; ``verb`` as authorization knows it."""

    request: web.Request
    cluster: Cluster
    user: User
    resource: Resource
    namespace: str
    name: str
    subresource: str
    verb: str
    shape: Shape = field(default_factory=Shape)

    @property
    def storage(self) -> str:
        return self.resource.storage

    def text(self, option: str) -> str:
        return self.request.query.get(option, "")

    def flag(self, option: str) -> bool:
        return option in self.request.query and self.request.query[option] in TRUE

    def number(self, option: str) -> int | None:
        """A whole number given as an option; 400 for what is none."""
        text = self.text(option)
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None

    @property
    def dry_run(self) -> bool:
        found = self.request.query.getall("dryRun", [])
        if any(value != "All" for value in found):
            kind = {"create": "CreateOptions", "patch": "PatchOptions", "update": "UpdateOptions"}.get(
                self.verb, "DeleteOptions"
            )
            shown = found[0]
            message = f'Unsupported value: "{shown}": supported values: "All"'
            raise invalid(kind, "meta.k8s.io", "", [("FieldValueNotSupported", message, "dryRun")])
        return bool(found)

    @property
    def manager(self) -> str:
        """The field manager: what the client says, else the first part of its User-Agent."""
        agent = self.request.headers.get("User-Agent", "unknown").split("/")[0]
        return self.text("fieldManager") or agent or "unknown"

    def attributes(self) -> Attributes:
        return Attributes(
            self.verb, self.resource.group, self.resource.plural, self.subresource, self.namespace, self.name
        )


def shape_of(request: web.Request) -> Shape:
    return shape(request.headers.get("Accept", "*/*"))
