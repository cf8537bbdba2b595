"""What the configuration says of journeys of our own: read without pydantic, refused in one sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tfdash.durations import parse_duration

READING = ("GET", "HEAD", "OPTIONS")
_METHODS = (*READING, "POST", "PUT", "PATCH", "DELETE")
_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_REFERENCE = ("env:", "file:", "command:")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class JourneyError(ValueError):
    """A journey that cannot be run; the message names it, the key and the remedy."""


@dataclass(frozen=True)
class Step:
    """One request and what must be true of its answer. ``capture``: variable -> where its value is."""

    path: str = "/"
    method: str = "GET"
    name: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: str = field(default="", repr=False)
    status: tuple[int, ...] = ()
    contains: str = ""
    matches: str = ""
    json_values: tuple[tuple[str, Any], ...] = ()
    within: float | None = None
    capture: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class HttpJourney:
    """``origin`` is scheme, host and port of the name that is asked for; ``dial`` where to connect instead. Seconds."""

    name: str
    scheme: str
    host: str
    port: int
    steps: tuple[Step, ...]
    dial: tuple[str, int] | None = None
    every: float = 30.0
    timeout: float = 10.0
    mutates: bool = False
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ca: str = ""
    environment: str = ""
    cluster: str = ""
    workload: str = ""
    kind: str = "Deployment"
    critical: bool = True
    side: str = "mixed"
    control: bool = False

    @property
    def origin(self) -> str:
        plain = {"http": 80, "https": 443}[self.scheme] == self.port
        where = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{where}" + ("" if plain else f":{self.port}")


def journeys_of(raw: Mapping[str, Any], environment: str) -> tuple[HttpJourney, ...]:
    """Those of ``[[journeys]]`` that are requests of our own, for one environment. Raises ``JourneyError``."""
    rows = raw.get("journeys")
    mine = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    found = tuple(journey_of(row) for row in mine if row.get("url"))
    return tuple(j for j in found if j.environment in ("", environment))


def journey_of(row: Mapping[str, Any]) -> HttpJourney:
    """From one table. Raises ``JourneyError``."""
    name = _text(row, "name")
    if not name:
        raise JourneyError("journeys: name: missing; every journey needs one")
    at = f'journey "{name}"'
    url = urlsplit(_text(row, "url"))
    try:
        port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    except ValueError:
        port = 0
    if url.scheme not in ("http", "https") or not url.hostname or not port:
        raise JourneyError(f'{at}: url: write it as "https://host" or "http://host:port"')
    if url.username is not None or url.password is not None:
        raise JourneyError(f"{at}: url: a secret does not belong there; use headers with a reference")
    mutates = row.get("mutates") is True
    steps = _steps(at, row, mutates)
    if not steps:
        steps = (Step(path=(url.path or "/") + (f"?{url.query}" if url.query else "")),)
    elif url.path not in ("", "/") or url.query:
        raise JourneyError(f"{at}: url: names a path although there are steps; put it into the step")
    headers = _pairs(row, "headers")
    dial = _dial(at, _text(row, "dial"))
    side = _text(row, "side") or "mixed"
    if side == "canary" and dial is None and not headers:
        raise JourneyError(
            f'{at}: side: "canary" needs a way to the canary: its Service in dial, or a header in headers'
        )
    _check_headers(at, headers)
    return HttpJourney(
        name=name,
        scheme=url.scheme,
        host=url.hostname,
        port=port,
        steps=steps,
        dial=dial,
        every=_seconds(at, row, "every", 30.0),
        timeout=_seconds(at, row, "timeout", 10.0),
        mutates=mutates,
        headers=headers,
        ca=_text(row, "ca"),
        environment=_text(row, "environment"),
        cluster=_text(row, "cluster"),
        workload=_text(row, "workload"),
        kind=_text(row, "kind") or "Deployment",
        critical=row.get("critical") is not False,
        side=side,
        control=row.get("control") is True,
    )


def _steps(at: str, row: Mapping[str, Any], mutates: bool) -> tuple[Step, ...]:
    rows = row.get("steps") or []
    if not isinstance(rows, list) or not all(isinstance(r, Mapping) for r in rows):
        raise JourneyError(f"{at}: steps: must be tables [[journeys.steps]]")
    known: set[str] = set()
    return tuple(_step(f"{at}: step {i}", table, mutates, known) for i, table in enumerate(rows, 1))


def _step(at: str, row: Mapping[str, Any], mutates: bool, known: set[str]) -> Step:
    method = (_text(row, "method") or "GET").upper()
    if method not in _METHODS:
        raise JourneyError(f"{at}: method: {method} is none of {', '.join(_METHODS)}")
    if method not in READING and not mutates:
        raise JourneyError(f"{at}: method: {method} changes things; set mutates = true for this journey")
    path = _text(row, "path") or "/"
    if not path.startswith("/") or path.startswith("//"):
        raise JourneyError(f'{at}: path: must begin with one "/"')
    headers = _pairs(row, "headers")
    _check_headers(at, headers)
    texts = (path, _text(row, "body"), _text(row, "contains"), *(v for _, v in headers))
    for place in (p for text in texts if not text.startswith(_REFERENCE) for p in _PLACE.findall(text)):
        if place not in known and text_needs(place, row):
            raise JourneyError(f"{at}: {{{place}}}: no step before captures it")
    capture = _pairs(row, "capture")
    for variable, source in capture:
        kind, _, rest = source.partition(":")
        if kind not in ("json", "regex", "header") or not rest:
            raise JourneyError(
                f'{at}: capture.{variable}: write "json:/pointer", "regex:..." or "header:Name"'
            )
        if kind == "regex":
            _check_regex(f"{at}: capture.{variable}", rest)
        known.add(variable)
    if _text(row, "matches"):
        _check_regex(f"{at}: matches", _text(row, "matches"))
    values = row.get("json_values") or {}
    if not isinstance(values, Mapping) or any(k and not k.startswith("/") for k in values):
        raise JourneyError(f'{at}: json_values: keys are JSON pointers such as "/state"')
    status = row.get("status") or []
    if not isinstance(status, list) or not all(isinstance(s, int) for s in status):
        raise JourneyError(f"{at}: status: must be a list of numbers such as [200]")
    return Step(
        path=path,
        method=method,
        name=_text(row, "name"),
        headers=headers,
        body=_text(row, "body"),
        status=tuple(status),
        contains=_text(row, "contains"),
        matches=_text(row, "matches"),
        json_values=tuple(sorted(values.items())),
        within=_seconds(at, row, "within", 0.0) or None,
        capture=capture,
    )


def text_needs(place: str, row: Mapping[str, Any]) -> bool:
    """A body or a text may hold braces of its own (JSON): only a path's and a header's must be captured before."""
    return f"{{{place}}}" in _text(row, "path") or any(f"{{{place}}}" in v for _, v in _pairs(row, "headers"))


def filled(text: str, variables: Mapping[str, str], quote: Any = str) -> str:
    """``text`` with the captured values in the place of ``{name}``."""
    return _PLACE.sub(lambda m: quote(variables[m.group(1)]) if m.group(1) in variables else m.group(0), text)


def _check_headers(at: str, headers: tuple[tuple[str, str], ...]) -> None:
    for name, value in headers:
        if not _HEADER.fullmatch(name) or any(c in value for c in "\r\n\0"):
            raise JourneyError(f"{at}: headers: one of them is no header of HTTP")
        if name.lower() in ("host", "content-length", "transfer-encoding", "connection"):
            raise JourneyError(f"{at}: headers: {name} is set by the request itself")
        if (
            name.lower() in ("authorization", "cookie")
            and not value.startswith(_REFERENCE)
            and "{" not in value
        ):
            raise JourneyError(
                f'{at}: headers: {name} is a secret and is given by reference; write "env:NAME", "file:PATH" '
                'or "command:PROGRAM ARG"'
            )


def _check_regex(at: str, text: str) -> None:
    import re2

    try:
        re2.compile(text)
    except re2.error as error:
        raise JourneyError(f"{at}: is not a regular expression of RE2: {error}") from None


def _dial(at: str, text: str) -> tuple[str, int] | None:
    if not text:
        return None
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise JourneyError(f'{at}: dial: write it as "host:port"')
    return host, port


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _pairs(row: Mapping[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    table = row.get(key)
    return tuple((k, v) for k, v in table.items() if isinstance(v, str)) if isinstance(table, Mapping) else ()


def _seconds(at: str, row: Mapping[str, Any], key: str, default: float) -> float:
    value = row.get(key)
    if value is None:
        return default
    if isinstance(value, float):  # validated already
        return value
    try:
        return parse_duration(value)
    except ValueError as error:
        raise JourneyError(f"{at}: {key}: {error}") from None
