"""How the containers of the world behave: what pulls, starts, crashes, runs out of memory, and when.

Rules come from the scenario; a pod's annotation ``demo.tfdash/behaviour`` adds to them for drills with kubectl:
``crash-after=20s exit-code=1``, ``pull=missing``, ``never-ready``, ``run-for=40s``, ``stubborn``, ``errors=0.03``.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from tfdash.demo.apiserver.object_store import FIRST_VERSION, ObjectStore
from tfdash.demo.apiserver.objects import Obj, annotations_of, created, labels_of, name_of, namespace_of

ANNOTATION = "demo.tfdash/behaviour"
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m|h|d)$")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def duration(text: str | int | float) -> float:
    """``90``, ``"90s"``, ``"5m"``, ``"-10m"`` in seconds. Raises ValueError."""
    if isinstance(text, int | float):
        return float(text)
    sign = -1.0 if text.startswith("-") else 1.0
    total, rest = 0.0, text.lstrip("-+")
    for part in re.findall(r"\d+(?:\.\d+)?(?:ms|s|m|h|d)", rest):
        found = _DURATION.match(part)
        assert found is not None
        total += float(found.group(1)) * _UNITS[found.group(2)]
        rest = rest.replace(part, "", 1)
    if rest or not text:
        raise ValueError(f"{text!r} is no duration; write 90s, 5m or 1h30m")
    return sign * total


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds. ``crash_after`` counts from the container's start; ``run_for`` ends a job's container."""

    pull: str = "ok"  # "missing": no such image; "denied": no right to it
    pull_seconds: float | None = None
    start_seconds: float | None = None  # until ready
    crash_after: float | None = None
    exit_code: int = 1
    reason: str = "Error"  # or OOMKilled
    last_words: str = ""
    run_for: float | None = None
    never_ready: bool = False
    probe: str = "HTTP probe failed with statuscode: 503"
    stubborn: bool = False  # does not end before its grace period is over
    # How it answers its requests (``TRAFFIC``); None: as data/traffic.toml says of its service.
    errors: float | None = None  # the share answered with an error, 0..1
    error_code: str | None = None  # "500" or "503"
    latency_ms: float | None = None  # nine of ten requests are answered within it
    latency_spread: float | None = None  # the sigma of the latency's log-normal
    requests: float | None = None  # times the usual number of requests
    journey_errors: float | None = None  # the share of journeys' probes that fail here, 0..1
    after: float = 0.0  # only so long after the image came; for TRAFFIC alone


class BehaviourRule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which containers: globs on namespace, the label ``app``, image and container name."""

    environment: str = "*"
    namespace: str = "*"
    app: str = "*"
    image: str = "*"
    container: str = "*"
    pods: int = 0  # only so many of the app's pods, the oldest; 0: all
    does: dict[str, Any] = {}


class Refusal(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An admission webhook that refuses pods of a namespace and app (globs), in its own words."""

    webhook: str
    namespace: str = "*"
    app: str = "*"
    reason: str = "denied"

    def hits(self, pod: Obj) -> bool:
        labels = labels_of(pod)
        return fnmatch.fnmatchcase(namespace_of(pod), self.namespace) and fnmatch.fnmatchcase(
            labels.get("app", ""), self.app
        )

    @property
    def message(self) -> str:
        return f'admission webhook "{self.webhook}" denied the request: {self.reason}'


_TIMES = ("pull_seconds", "start_seconds", "crash_after", "run_for", "after")
TRAFFIC = ("errors", "error_code", "latency_ms", "latency_spread", "requests", "journey_errors")
_SHARES = ("errors", "journey_errors")


class Answering(NamedTuple):
    """What one rule says of a container's requests: from ``after`` seconds after its image came, or after ``since``
    (milliseconds) where the rule came later.
    """

    since: int
    after: float
    does: dict[str, Any]


def made(base: Behaviour, does: dict[str, Any]) -> Behaviour:
    """``base`` with changes from TOML or an annotation. Raises ValueError naming an unknown or wrong one."""
    changes: dict[str, Any] = {}
    for key, value in does.items():
        name = key.replace("-", "_")
        if name not in Behaviour.__struct_fields__:
            raise ValueError(f"behaviour {key!r} is unknown; one of {', '.join(Behaviour.__struct_fields__)}")
        if name in _TIMES:
            value = duration(value)
        elif name == "exit_code":
            value = int(value)
        elif name in ("never_ready", "stubborn"):
            value = value in (True, "true", "")
        elif name in TRAFFIC:
            value = _traffic(key, value)
        changes[name] = value
    if "after" in changes and not changes.keys() <= {"after", *TRAFFIC}:
        raise ValueError(
            f"behaviour after = works with {', '.join(TRAFFIC)} alone; put the others in a rule of their own"
        )
    return msgspec.structs.replace(base, **changes)


def _traffic(key: str, value: Any) -> Any:
    if key.replace("-", "_") == "error_code":
        if str(value) not in ("500", "503"):
            raise ValueError(f"behaviour {key} = {value!r}: one of 500, 503")
        return str(value)
    number = float(value)
    most = 1.0 if key.replace("-", "_") in _SHARES else 1e6
    if not 0 <= number <= most:
        raise ValueError(f"behaviour {key} = {value!r}: must be between 0 and {most:g}")
    return number


class Behaviours:
    """The rules in force in one cluster; the last that matches wins, key by key."""

    def __init__(self, environment: str, store: ObjectStore) -> None:
        self._environment = environment
        self._store = store
        self.rules: list[BehaviourRule] = []
        self.changed: Callable[[], None] = lambda: None  # told after each change of the rules
        self._since: dict[int, int] = {}  # by the rule's id: when it came (milliseconds)

    def add(self, rule: BehaviourRule) -> None:
        made(Behaviour(), rule.does)  # refuse a wrong one now, not when it first matches
        self.rules.append(rule)
        preset = self._store.version == FIRST_VERSION  # nothing is laid down yet: it holds from the beginning
        self._since[id(rule)] = 0 if preset else round(self._store.now() * 1000)
        self.changed()

    def remove(self, app: str) -> None:
        self.rules = [r for r in self.rules if r.app != app]
        self.changed()

    def _among(self, pod: Obj, app: str, count: int) -> bool:
        """Whether ``pod`` is one of the oldest ``count`` pods of its app."""
        alike = [p for p in self._store.all("pods", namespace_of(pod)) if labels_of(p).get("app") == app]
        oldest = sorted(alike, key=lambda p: (created(p), name_of(p)))[:count]
        return any(name_of(p) == name_of(pod) for p in oldest)

    def _matching(self, pod: Obj, container: Obj) -> list[BehaviourRule]:
        labels = labels_of(pod)
        app = labels.get("app") or labels.get("app.kubernetes.io/name") or ""
        return [
            rule
            for rule in self.rules
            if (
                fnmatch.fnmatchcase(self._environment, rule.environment)
                and fnmatch.fnmatchcase(namespace_of(pod), rule.namespace)
                and fnmatch.fnmatchcase(app, rule.app)
                and fnmatch.fnmatchcase(container.get("image", ""), rule.image)
                and fnmatch.fnmatchcase(container["name"], rule.container)
                and (not rule.pods or self._among(pod, app, rule.pods))
            )
        ]

    def of(self, pod: Obj, container: Obj) -> Behaviour:
        found = Behaviour()
        for rule in self._matching(pod, container):
            found = made(found, rule.does)
        noted = annotations_of(pod).get(ANNOTATION)
        if noted:
            try:
                found = made(found, dict(part.partition("=")[::2] for part in noted.split()))
            except ValueError:
                return found  # a drill's typing error is no reason to stop the world
        return found

    def traffic(self, pod: Obj, container: Obj) -> list[Answering]:
        """What the rules in force and the pod's own annotation say of its requests, the weightiest last."""
        found = []
        for rule in self._matching(pod, container):
            if any(name in TRAFFIC for name in (key.replace("-", "_") for key in rule.does)):
                found.append(_answering(rule.does, self._since[id(rule)]))
        noted = annotations_of(pod).get(ANNOTATION)
        if noted:
            try:
                does = dict(part.partition("=")[::2] for part in noted.split())
                made(Behaviour(), does)
                found.append(_answering(does, 0))
            except ValueError:
                return found
        return found


def _answering(does: dict[str, Any], since: int) -> Answering:
    told = made(Behaviour(), does)
    values = {name: getattr(told, name) for name in TRAFFIC if getattr(told, name) is not None}
    return Answering(since, told.after, values)
