"""[[journeys]]: a journey of users by somebody else's prober (``probe``) or by requests of our own (``url``)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from tfdash.addresses import wrong_with
from tfdash.setting import (
    Listed,
    Note,
    Pairs,
    Seconds,
    SettingsTable,
    Spelled,
    Unfit,
    check_address,
    check_body,
    check_header,
)
from tfdash.text import safe, scrubbed

READING = ("GET", "HEAD", "OPTIONS")
_METHODS = (*READING, "POST", "PUT", "PATCH", "DELETE")
_PORTS = {"http": 80, "https": 443}
_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_REFERENCE = ("env:", "file:", "command:")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _method(value: Any) -> str:
    method = value.upper() if isinstance(value, str) else value
    if method not in _METHODS:
        raise ValueError(f"{value} is none of {', '.join(_METHODS)}")
    return str(method)


def _pointers(value: Any) -> tuple[tuple[str, Any], ...]:
    plain = str | int | float | bool
    if not isinstance(value, Mapping) or not all(isinstance(v, plain) for v in value.values()):
        raise ValueError('must be a table such as { "/state" = "open" }')
    if any(key and not key.startswith("/") for key in value):
        raise ValueError('keys are JSON pointers such as "/state"')
    return tuple(sorted(value.items()))


def _workload(value: Any) -> str:
    if not isinstance(value, str) or (value and value.count("/") != 1):
        raise ValueError('write it as "namespace/name"')
    return value


@dataclass(frozen=True)
class JourneyStep(SettingsTable):
    """One request of a journey and what must be true of its answer."""

    name: Annotated[str, Note(sample='"cart"')] = ""
    method: Annotated[str, Spelled(_method, str)] = "GET"
    path: Annotated[str, Note("{name}: captured before", '"/cart/{user}"')] = "/"
    headers: Pairs = field(default=(), repr=False)
    body: Annotated[
        str, Note("one with a secret in it by reference: env:NAME, file:PATH or command:PROGRAM ARG")
    ] = field(default="", repr=False)
    status: Annotated[tuple[int, ...], Listed(), Note("[]: any status below 400", "[200]")] = ()
    contains: Annotated[str, Note(sample='"Total"')] = ""
    matches: Annotated[str, Note("RE2, anywhere in the body", r"'items: \d+'")] = ""
    json_values: Annotated[
        tuple[tuple[str, Any], ...],
        Spelled(_pointers, dict, "table"),
        Note("JSON pointers", '{ "/state" = "open" }'),
    ] = ()
    within: Annotated[Seconds | None, Note(sample='"800ms"')] = None
    capture: Annotated[
        Pairs,
        Note(
            sample="""{ user = "json:/id", token = 'regex:name="t" value="([^"]+)"', at = "header:Location" }"""
        ),
    ] = ()

    def __post_init__(self) -> None:
        _check_headers(self.headers)
        try:
            check_body(self.body)
        except ValueError as error:
            raise Unfit("body", str(error)) from None
        for variable, source in self.capture:
            kind, _, rest = source.partition(":")
            if kind not in ("json", "regex", "header") or not rest:
                raise Unfit(f"capture.{variable}", 'write "json:/pointer", "regex:..." or "header:Name"')
            if kind == "regex":
                _check_regex(f"capture.{variable}", rest)
        if self.matches:
            _check_regex("matches", self.matches)

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be captured before. A body or a text may hold braces of its own (JSON): a path and a header may not."""
        texts = (self.path, *(value for _, value in self.headers))
        return tuple(p for text in texts if not text.startswith(_REFERENCE) for p in _PLACE.findall(text))


@dataclass(frozen=True)
class JourneySettings(SettingsTable):
    """Journeys of users: by somebody else's prober, or by requests of our own, which one terminal at a time sends; the gate
    and the snapshot of the canary send those that only read, once or until they are decided."""

    name: Annotated[str, Note(sample='"sign in"')]
    probe: Annotated[
        str,
        Note(
            "instead of url: a metric, each sample is a run, 1 is success",
            """'probe_success{instance="https://shop.example.com/pay"}'""",
        ),
    ] = ""
    probe_duration: Annotated[
        str,
        Note("in seconds", """'probe_duration_seconds{instance="https://shop.example.com/pay"}'"""),
    ] = ""
    workload: Annotated[
        str, Spelled(_workload, str), Note('"": concerns every release', '"shop/checkout"')
    ] = ""
    kind: str = "Deployment"
    environment: Annotated[str, Note('"": all')] = ""
    cluster: Annotated[str, Note('of several in the environment; "": the first')] = ""
    critical: bool = True
    side: Annotated[
        Literal["canary", "stable", "mixed"],
        Note("canary | stable | mixed: which version it is sure to reach"),
    ] = "mixed"
    control: Annotated[bool, Note("a control probe: when it fails too, the others say nothing")] = False
    url: Annotated[str, Note("its origin: redirects and steps stay on it", '"https://shop.example.com"')] = ""
    dial: Annotated[
        str,
        Note(
            "connect there instead (the canary's Service); the name in url is still asked for",
            '"checkout-canary.shop.svc:443"',
        ),
    ] = ""
    every: Seconds = 30.0
    timeout: Annotated[Seconds, Note("of the whole journey")] = 10.0
    mutates: Annotated[
        bool,
        Note("true: methods other than GET, HEAD, OPTIONS; such ones run with read_only = false alone"),
    ] = False
    headers: Annotated[Pairs, Note(sample='{ X-Canary = "always", Authorization = "env:JOURNEY_TOKEN" }')] = (
        field(default=(), repr=False)
    )
    ca: str = ""
    steps: Annotated[tuple[JourneyStep, ...], Listed()] = ()

    def __post_init__(self) -> None:
        at = f'journey "{self.name}"'
        if not self.name:
            raise Unfit("name", "missing; every journey needs one")
        if bool(self.probe) is bool(self.url):
            raise ValueError(f"{at}: needs either a probe (a metric) or an url with steps")
        if self.url:
            self._check_requests()

    def _check_requests(self) -> None:
        _check_address("url", self.url)
        if wrong := wrong_with(self.url):
            raise Unfit("url", f'{wrong}; write it as "https://host" or "http://host:port"')
        url = self._split
        if self.steps and (url.path not in ("", "/") or url.query):
            raise Unfit("url", "names a path although there are steps; put it into the step")
        if self.dial and not all(_host_and_port(self.dial)):
            raise Unfit("dial", 'write it as "host:port"')
        if self.side == "canary" and not self.dial and not self.headers:
            raise Unfit(
                "side", '"canary" needs a way to the canary: its Service in dial, or a header in headers'
            )
        _check_headers(self.headers)
        captured: set[str] = set()
        for number, step in enumerate(self.steps):
            if not step.path.startswith("/") or step.path.startswith("//"):
                raise Unfit(f"steps.{number}.path", 'must begin with one "/"')
            _check_address(f"steps.{number}.path", step.path)
            if wrong := wrong_with(f"http://host{step.path}"):
                raise Unfit(f"steps.{number}.path", wrong)
            if step.method not in READING and not self.mutates:
                raise Unfit(
                    f"steps.{number}.method",
                    f"{step.method} changes things; set mutates = true for this journey",
                )
            for place in step.needs:
                if place not in captured:
                    raise Unfit(f"steps.{number}", f"{{{place}}}: no step before captures it")
            captured.update(variable for variable, _ in step.capture)

    @property
    def _split(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def scheme(self) -> str:
        return self._split.scheme

    @property
    def host(self) -> str:
        """The name that is asked for."""
        return self._split.hostname or ""

    @property
    def port(self) -> int:
        return self._split.port or _PORTS[self.scheme]

    @property
    def address(self) -> tuple[str, int]:
        """Where to connect: ``dial``, or the url's own host and port."""
        host, port = _host_and_port(self.dial)
        return (host, port) if host and port else (self.host, self.port)

    @property
    def requests(self) -> tuple[JourneyStep, ...]:
        """The steps, or the one request that the url is."""
        url = self._split
        return self.steps or (JourneyStep(path=(url.path or "/") + (f"?{url.query}" if url.query else "")),)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        plain = _PORTS[self.scheme] == self.port
        where = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{where}" + ("" if plain else f":{self.port}")


def by_curl(journey: JourneySettings) -> str:
    """Its requests as a person sends them. Headers and bodies are left out: secrets may stand in them."""
    lines = []
    for step in journey.requests:
        method = [] if step.method == "GET" else ["-X", step.method]
        lines.append(
            shlex.join(
                ["curl", "-sS", *method, "-w", "%{http_code} %{time_total}\\n", journey.origin + step.path]
            )
        )
    rest = any(step.headers or step.body for step in journey.requests)
    return safe(
        scrubbed(" && ".join(lines)) + ("  # with the headers and bodies of [[journeys]]" if rest else "")
    )


def filled(text: str, variables: Mapping[str, str], quote: Any = str) -> str:
    """``text`` with the captured values in the place of ``{name}``."""
    return _PLACE.sub(lambda m: quote(variables[m.group(1)]) if m.group(1) in variables else m.group(0), text)


def _check_headers(headers: tuple[tuple[str, str], ...]) -> None:
    for name, value in headers:
        if not _HEADER.fullmatch(name) or any(c in value for c in "\r\n\0"):
            raise Unfit("headers", "one of them is no header of HTTP")
        if name.lower() in ("host", "content-length", "transfer-encoding", "connection"):
            raise Unfit("headers", f"{name} is set by the request itself")
        try:
            check_header(name, value)
        except ValueError as error:
            raise Unfit("headers", f"{name}: {error}") from None


def _check_address(key: str, address: str) -> None:
    try:
        check_address(address, "use headers with a reference")
    except ValueError as error:
        raise Unfit(key, str(error)) from None


def _check_regex(key: str, text: str) -> None:
    import re2

    try:
        re2.compile(text)
    except re2.error as error:
        raise Unfit(key, f"is not a regular expression of RE2: {error}") from None


def _host_and_port(text: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(f"//{text}")
        return parts.hostname, parts.port
    except ValueError:
        return None, None
