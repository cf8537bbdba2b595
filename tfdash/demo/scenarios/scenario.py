"""Scenarios: what is preset in the world, and what happens in it at which simulated time. TOML, shipped or a file."""

from __future__ import annotations

import tomllib
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

from tfdash.demo.apiserver.quantity import parse
from tfdash.demo.controllers.behaviour import BehaviourRule, duration
from tfdash.demo.options import SCENARIOS
from tfdash.demo.scenarios.amiss import amiss
from tfdash.demo.scenarios.catalogue import Certificate, Issuer, catalogue
from tfdash.demo.scenarios.step import Step
from tfdash.demo.scenarios.steps import NAMES


class ScenarioError(Exception):
    """A scenario that cannot be read; the text names the file, the place and the remedy."""


class Bulk(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Many plain pods, as many as the option says, in so many namespaces."""

    namespaces: int = 20
    replicas: int = 20
    node_pods: int = 250


class Use(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a service uses instead of what data/world.toml says, now and in all its past: ``cores`` of all its pods at a usual hour
    and how much they ``swing`` over the day (0 to 1), ``memory`` of one pod; of its volumes how much is ``filled`` (in %) and comes
    to it ``a_day``."""

    service: str
    environment: str = "production"
    cores: float | None = None
    swing: float | None = None
    memory: str = ""
    filled: float | None = None
    a_day: str = ""


class Watched(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a terminal that records has left in the store: that it watched an environment from ``since`` to ``until`` ("-9d" from the
    demo's start), and what ran there."""

    environment: str
    versions: list[str]
    since: str
    until: str


class PlannedUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An update of production that stands in the configuration ([[versions.plan]]) and was announced then."""

    version: str
    date: str
    announced: str


class Otherwise(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What was not kept of a dated promise, so many times ``ago`` (0: the running one): "missed", "late", "waived"; "overdue": nothing
    since then."""

    item: str
    environment: str = ""
    what: Literal["missed", "late", "waived", "overdue"]
    ago: list[int]


class Dated(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Account of the dated promises was kept for so many months before the start, and all was done in time but ``otherwise``."""

    months: int = 24
    otherwise: list[Otherwise] = []


class Kept(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A certificate of data/world.toml that is otherwise than it is there: so much of its life is ``left`` when the world begins, its
    ``challenge`` fails for that reason, it is kept in the Secret of another (``shares``, its name), or cert-manager does not look at it
    (``asleep``). It lasts for so many ``days``, and a service of its namespace reads it when it starts (``mounted_by``). An issuer of that name: it has a ``problem``."""

    name: str
    environment: str = "production"
    left: str = ""
    challenge: str = ""
    shares: str = ""
    asleep: bool = False
    problem: str = ""
    days: float = 0.0
    mounted_by: str = ""


class Trusting(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A Bundle (with what it trusts written into it), or the ``key`` of a ConfigMap, that trusts these authorities (``of``, by name)."""

    name: str
    kind: Literal["Bundle", "ConfigMap"]
    namespace: str = ""
    key: str = ""
    of: list[str]


class Rotated(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What one environment keeps besides data/world.toml, so that an authority is rotated in it."""

    environment: str = "production"
    issuer: list[Issuer] = []
    certificate: list[Certificate] = []
    trusts: list[Trusting] = []


class Answers(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An address with which no Certificate has to do: what it serves to ``name`` is signed by a ClusterIssuer's authority ("": by itself), for
    these ``names`` (none: for its own), and lasts from ``begins`` to ``ends`` ("-9d" from the demo's start)."""

    name: str
    environment: str = "production"
    issuer: str = ""
    names: list[str] = []
    begins: str
    ends: str


class Recovered(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A service that a second region brings up, as [recovery.services] has it."""

    service: str
    tier: int
    owner: str = ""
    rests_on: list[str] = []
    comes_up: str = "scaled"


class Region(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A second region of an environment: a cluster of its own, in which these services stand scaled to nothing. What each was in the first one
    was kept so long ``ago``."""

    name: str
    environment: str = "production"
    ago: str = "10m"
    brings_up: list[Recovered]


class Scenario(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """``start`` is when it begins, unless the run says otherwise (RFC 3339, "2026-11-24T15:05:00Z"). ``argo`` = false
    leaves out all custom resources (of Argo, Flagger, cert-manager); ``rollouts``, ``canaries`` and ``applications`` name the services
    that Argo Rollouts, Flagger and Argo CD carry, as data/world.toml says. ``quotas``: what a namespace may ask for (by its
    role) instead of what stands there. ``prices``: what nodes cost, as tfdash's own configuration has it. ``kubernetes``: what an
    environment runs, "v1.36.4".
    """

    title: str = ""
    start: str = ""
    argo: bool = True
    rollouts: list[str] = []
    canaries: list[str] = []
    applications: list[str] = []
    quotas: dict[str, dict[str, str]] = {}
    prices: list[dict[str, Any]] = []
    usage: list[Use] = []
    certificate: list[Kept] = []
    address: list[Answers] = []
    behaviour: list[BehaviourRule] = []
    step: list[Step] = []
    bulk: Bulk | None = None
    kubernetes: dict[str, str] = {}
    watched: list[Watched] = []
    planned: list[PlannedUpdate] = []
    dated: Dated | None = None
    rotation: Rotated | None = None
    region: Region | None = None

    def rotated(self, environment: str) -> Rotated:
        """What there is besides in that environment."""
        found = self.rotation
        return found if found is not None and found.environment == environment else Rotated()

    @property
    def begins(self) -> float | None:
        """``start`` as epoch seconds. Raises ValueError."""
        if not self.start:
            return None
        try:
            at = datetime.fromisoformat(self.start)
        except ValueError:
            raise ValueError(f'start = "{self.start}" is no time; write 2026-11-24T15:05:00Z') from None
        if at.tzinfo is None:
            raise ValueError(f"start = {self.start!r} has no zone; write 2026-11-24T15:05:00Z")
        return at.timestamp()

    def names(self) -> list[str]:
        return list(dict.fromkeys(s.name for s in self.step if s.name))


def load(name: str) -> Scenario:
    """A shipped scenario by name, or a file by its path. Raises ``ScenarioError``."""
    if name.endswith(".toml"):
        where = name
        try:
            text = Path(name).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioError(
                f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}"
            ) from error
    else:
        if name not in SCENARIOS:
            raise ScenarioError(
                f"scenario {name!r} is unknown; one of {', '.join(SCENARIOS)}, or the path of a .toml file"
            )
        where = f"scenario {name}"
        text = files("tfdash.demo").joinpath("scenarios", f"{name}.toml").read_text(encoding="utf-8")
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{where} is no TOML: {error}") from error
    if wrong := amiss(Scenario, written):
        raise ScenarioError(f"{where}: {wrong}")
    found = msgspec.convert(written, Scenario)
    try:
        _ = found.begins
    except ValueError as error:
        raise ScenarioError(f"{where}: {error}") from error
    _check_services(where, found)
    for index, step in enumerate(found.step, 1):
        _check(where, index, step)
    return found


def _check_services(where: str, found: Scenario) -> None:
    """What only data/world.toml can know: a name that is not there would do nothing, silently."""
    plan = catalogue()
    services, roles = {service.name for service in plan.service}, set(plan.namespaces)
    for use in found.usage:
        if use.service not in services:
            raise ScenarioError(
                f"{where}: usage of service {use.service!r}, which is not there; one of {', '.join(sorted(services))}"
            )
        for name, text in (("memory", use.memory), ("a_day", use.a_day)):
            try:
                parse(text or "0")
            except ValueError as error:
                raise ScenarioError(f"{where}: usage of {use.service}: {name}: {error}") from error
    kept = {c.name for c in plan.certificate} | {i.name for i in plan.issuer}
    for one in found.certificate:
        if one.name not in kept:
            raise ScenarioError(
                f"{where}: certificate {one.name!r}, which is not there; one of {', '.join(sorted(kept))}"
            )
        try:
            duration(one.left or "0s")
        except ValueError as error:
            raise ScenarioError(f"{where}: certificate {one.name}: left: {error}") from error
        if one.mounted_by not in services | {""}:
            raise ScenarioError(
                f"{where}: certificate {one.name} is mounted by {one.mounted_by!r}, which is not there"
            )
    _check_rotation(where, found.rotation or Rotated())
    for address in found.address:
        if address.issuer not in {i.name for i in plan.issuer} | {""}:
            raise ScenarioError(
                f"{where}: address {address.name}: issuer {address.issuer!r}, which is not there"
            )
        try:
            duration(address.begins), duration(address.ends)
        except ValueError as error:
            raise ScenarioError(f"{where}: address {address.name}: {error}") from error
    for brought in found.region.brings_up if found.region is not None else ():
        if unknown := sorted({brought.service, *brought.rests_on} - services):
            raise ScenarioError(f"{where}: the region brings up {unknown[0]!r}, which is not there")
    for role in found.quotas.keys() - roles:
        raise ScenarioError(
            f"{where}: quotas of {role!r}, which is no namespace; one of {', '.join(sorted(roles))}"
        )


def _check_rotation(where: str, found: Rotated) -> None:
    plan = catalogue()
    issuers = {i.name for i in (*plan.issuer, *found.issuer)}
    services, made = {s.name for s in plan.service} | {""}, {c.name for c in found.certificate}
    for one in found.certificate:
        here = f"{where}: certificate {one.name} of the rotation"
        if one.issuer not in issuers:
            raise ScenarioError(f"{here} is issued by {one.issuer!r}, which is not there")
        if one.mounted_by not in services:
            raise ScenarioError(f"{here} is mounted by {one.mounted_by!r}, which is not there")
    for place in found.trusts:
        if unknown := sorted(set(place.of) - made):
            raise ScenarioError(
                f"{where}: {place.kind} {place.name} trusts {unknown[0]!r}, which is not there"
            )


def _check(where: str, index: int, step: Step) -> None:
    here = f"{where}: step {index} ({step.name or step.do})"
    if step.do not in NAMES:
        raise ScenarioError(f"{here}: do = {step.do!r} is unknown; one of {', '.join(NAMES)}")
    try:
        duration(step.over)
        duration(step.age)
        if step.at is not None:
            duration(step.at)
    except ValueError as error:
        raise ScenarioError(f"{here}: {error}") from error
    if step.at is None and not step.name:
        raise ScenarioError(f"{here}: needs at = or a name by which it can be called")
