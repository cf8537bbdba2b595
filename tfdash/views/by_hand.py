"""A plan as lines that can be copied: the same requests by kubectl, for whoever is without tfdash. Each line is whole and runs as it is;
what begins with ``#`` says when. They are the very requests: with the facts that they rest on, under the same field manager, so that
one that does not hold any more is refused here as there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode

from tfdash.model.action import KEEP, Request
from tfdash.model.kinds import KINDS
from tfdash.text import safe

_OBJECT = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>v[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<resource>[^/]+)/(?P<name>[^/]+?)(?:/(?P<sub>status|scale))?"
)
_PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}
_RAW = {"DELETE": "delete", "POST": "create", "PUT": "replace"}
_OURS = "{ours}"  # in a path: the place of our entry in managedFields, as it is by then
_MANAGER = "fieldManager"


def by_hand(requests: Iterable[Request], kubectl: Sequence[str] = ("kubectl",)) -> tuple[str, ...]:
    """``requests``: all of a plan, in order. ``kubectl``: its command with the options that choose the cluster."""
    lines: list[str] = []
    for request in requests:
        if request.after is not None:
            lines.append(f"# wait until this is so, else leave out what follows: {safe(request.after.text)}")
        if request.unless is not None:
            lines.append(f"# leave it out where this is so by then: {safe(request.unless.text)}")
        if request.method == KEEP:
            lines += _kept(request, tuple(kubectl))
        else:
            lines.append(_line(request, tuple(kubectl)))
    return tuple(lines)


def _line(request: Request, kubectl: tuple[str, ...]) -> str:
    if request.argv:
        return shlex.join(request.argv)
    if request.path.startswith(("http://", "https://")):
        header = ("-H", f"Content-Type: {request.content_type}") if request.body else ()
        data = ("--data", _ascii(request.body)) if request.body else ()
        words = ("curl", "-X", request.method, *header, *data, request.path)
        return f"{shlex.join(words)}  # with the credentials of this action's pipeline"
    if not request.path.startswith("/"):
        return f"# no other tool writes tfdash's own log: {safe(request.what)}"
    kind = _PATCHES.get(request.content_type)
    found = _OBJECT.fullmatch(request.path)
    if request.method == "PATCH" and kind and found:
        return _patch(request, kind, found, kubectl)
    if request.method in _RAW:
        query = f"?{urlencode(request.query)}" if request.query else ""
        path = quote(request.path, safe="/:@.~-_") + query
        words = (*kubectl, _RAW[request.method], "--raw", path, "-f", "-")
        return f"printf %s {shlex.quote(_ascii(request.body))} | {shlex.join(words)}"
    return f"# kubectl has no way to: {request.method} {safe(request.path)}"


def _kept(request: Request, kubectl: tuple[str, ...]) -> list[str]:
    """Each object, its events and each log into a file of its own, where the shell stands."""
    told = json.loads(request.body)
    space = told["objects"][0][1]
    lines = []
    for kind, namespace, name in told["objects"]:
        spec = KINDS[kind]
        resource = f"{spec.resource}.{spec.group}" if spec.group else spec.resource
        at = ("-n", namespace) if namespace else ()
        file = f"{kind.lower()}-{name}"
        lines.append(_into(f"{file}.yaml", *kubectl, "get", resource, name, *at, "-o", "yaml"))
        lines.append(_into(f"{file}.events", *kubectl, "events", *at, "--for", f"{kind}/{name}"))
    for pod in told["pods"]:
        for container in pod["containers"]:
            words = (*kubectl, "logs", pod["name"], "-n", space, "-c", container["name"], "--timestamps")
            file = f"{pod['name']}-{container['name']}"
            lines.append(_into(f"{file}.log", *words))
            if container["previous"]:
                lines.append(_into(f"{file}.previous.log", *words, "--previous"))
    return lines


def _into(file: str, *words: str) -> str:
    return f"{shlex.join(words)} > {shlex.quote(file)}"


def _patch(request: Request, kind: str, found: re.Match[str], kubectl: tuple[str, ...]) -> str:
    group = found["group"]
    resource = f"{found['resource']}.{found['version']}.{group}" if group else found["resource"]
    which = (resource, found["name"], *(("-n", found["namespace"]) if found["namespace"] else ()))
    words = [*kubectl, "patch", *which, f"--type={kind}"]
    words += [f"--subresource={found['sub']}"] if found["sub"] else []
    words += [f"--field-manager={value}" for name, value in request.query if name == _MANAGER]
    patch = f"{shlex.join(words)} -p "
    body = _ascii(request.body)
    if _OURS not in body:
        return f"{patch}{shlex.quote(body)}"
    place = shlex.join((*kubectl, "get", *which, "--show-managed-fields", "-o", _PLACE))
    placed = '"$ours"'.join(shlex.quote(part) for part in body.split(_OURS))
    rest = [one for one in json.loads(body) if _OURS not in one["path"]]
    without = any(one["op"] != "test" for one in rest)
    other = (
        f"{patch}{shlex.quote(_ascii(json.dumps(rest)))}" if without else ":"
    )  # nothing of it is ours by then
    return f'ours=$({place}); if [ -n "$ours" ]; then {patch}{placed}; else {other}; fi'


_PLACE = (
    'go-template={{range $i, $m := .metadata.managedFields}}{{if and (eq $m.manager "tfdash") (not $m.subresource)}}'
    "{{$i}}{{end}}{{end}}"
)


def _ascii(body: str) -> str:
    """The same JSON in ASCII alone: it goes through any terminal and any clipboard, and hides nothing."""
    return json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=True) if body else ""
